//! Linux cooked captures, versions 1 and 2 (`LINKTYPE_LINUX_SLL`, `LINKTYPE_LINUX_SLL2`).

use crate::{EtherType, Reason};

/// A version 1 header.
#[derive(Clone, Copy, Debug)]
pub struct Sll<'a> {
    header: &'a [u8; 16],
}

impl<'a> Sll<'a> {
    /// Views the header at the front of `bytes`.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Reason> {
        match bytes.first_chunk() {
            Some(header) => Ok(Self { header }),
            None => Err(Reason::Truncated),
        }
    }

    /// To us, broadcast, multicast, to others, from us: 0 to 4.
    pub fn packet_type(&self) -> u16 {
        u16::from_be_bytes([self.header[0], self.header[1]])
    }

    /// Linux's number for the kind of device.
    pub fn hardware(&self) -> Hardware {
        Hardware(u16::from_be_bytes([self.header[2], self.header[3]]))
    }

    /// Length of the sender's link address.
    pub fn address_len(&self) -> u16 {
        u16::from_be_bytes([self.header[4], self.header[5]])
    }

    /// What follows; see [`Hardware`] for when it is no `EtherType`.
    pub fn protocol(&self) -> EtherType {
        EtherType(u16::from_be_bytes([self.header[14], self.header[15]]))
    }

    /// Protocol of frames that begin with an LLC header, in both versions.
    pub const PROTOCOL_LLC: EtherType = EtherType(4);
    /// Length of the header.
    pub const LEN: usize = 16;
    /// Where the sender's link address is.
    pub const ADDRESS_AT: usize = 6;
}

/// A version 2 header.
#[derive(Clone, Copy, Debug)]
pub struct Sll2<'a> {
    header: &'a [u8; 20],
}

impl<'a> Sll2<'a> {
    /// Views the header at the front of `bytes`.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Reason> {
        match bytes.first_chunk() {
            Some(header) => Ok(Self { header }),
            None => Err(Reason::Truncated),
        }
    }

    /// What follows; see [`Hardware`] for when it is no `EtherType`.
    pub fn protocol(&self) -> EtherType {
        EtherType(u16::from_be_bytes([self.header[0], self.header[1]]))
    }

    /// Index of the interface on the machine that captured.
    pub fn interface_index(&self) -> u32 {
        u32::from_be_bytes([self.header[4], self.header[5], self.header[6], self.header[7]])
    }

    /// Linux's number for the kind of device.
    pub fn hardware(&self) -> Hardware {
        Hardware(u16::from_be_bytes([self.header[8], self.header[9]]))
    }

    /// To us, broadcast, multicast, to others, from us: 0 to 4.
    pub fn packet_type(&self) -> u8 {
        self.header[10]
    }

    /// Length of the sender's link address.
    pub fn address_len(&self) -> u16 {
        self.header[11].into()
    }

    /// Length of the header.
    pub const LEN: usize = 20;
    /// Where the sender's link address is.
    pub const ADDRESS_AT: usize = 12;
}

/// Linux's number for a kind of device (`ARPHRD_...`); some change what the protocol field means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hardware(pub u16);

impl Hardware {
    /// Ethernet.
    pub const ETHERNET: Self = Self(1);
    /// 802.11 with a radiotap header; the protocol field says nothing.
    pub const RADIOTAP: Self = Self(803);
    /// Netlink; the protocol field is a netlink family.
    pub const NETLINK: Self = Self(824);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_1() {
        let bytes = [0, 4, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 0x86, 0xdd];
        let sll = Sll::parse(&bytes).unwrap();
        assert_eq!((sll.packet_type(), sll.hardware()), (4, Hardware::ETHERNET));
        assert_eq!((sll.address_len(), sll.protocol()), (6, EtherType::IPV6));
        for len in 0..Sll::LEN {
            assert_eq!(Sll::parse(&bytes[..len]).unwrap_err(), Reason::Truncated);
        }
    }

    #[test]
    fn version_2() {
        let bytes = [8, 0, 0, 0, 0, 0, 0, 3, 3, 0x38, 4, 6, 2, 0, 0, 0, 0, 1, 0, 0];
        let sll = Sll2::parse(&bytes).unwrap();
        assert_eq!((sll.protocol(), sll.interface_index()), (EtherType::IPV4, 3));
        assert_eq!((sll.hardware(), sll.packet_type()), (Hardware::NETLINK, 4));
        assert_eq!(sll.address_len(), 6);
        for len in 0..Sll2::LEN {
            assert_eq!(Sll2::parse(&bytes[..len]).unwrap_err(), Reason::Truncated);
        }
    }
}
