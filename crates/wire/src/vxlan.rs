//! VXLAN (RFC 7348), with its group policy and generic protocol extensions.

use crate::Reason;

/// A VXLAN header.
#[derive(Clone, Copy, Debug)]
pub struct Vxlan<'a> {
    header: &'a [u8; HEADER_LEN],
}

impl<'a> Vxlan<'a> {
    /// Views the header at the front of `bytes`; one without a network identifier is none.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Reason> {
        let header: &[u8; HEADER_LEN] = bytes.first_chunk().ok_or(Reason::Truncated)?;
        let is_known = header[0] & FLAG_VNI != 0 && header[0] & FLAGS_RESERVED == 0;
        if is_known { Ok(Self { header }) } else { Err(Reason::BadVersion) }
    }

    /// Network identifier.
    pub fn vni(&self) -> u32 {
        u32::from_be_bytes([0, self.header[4], self.header[5], self.header[6]])
    }

    /// Whether the header is an extended one, which says what follows. Not all senders to the
    /// port of the extension set the flag.
    pub fn is_extended(&self) -> bool {
        self.header[0] & FLAG_NEXT_PROTOCOL != 0
    }

    /// What follows if the header is extended; else it is an Ethernet frame.
    pub fn next(&self) -> VxlanNext {
        match self.header[3] {
            1 => VxlanNext::Ipv4,
            2 => VxlanNext::Ipv6,
            3 => VxlanNext::Ethernet,
            4 => VxlanNext::Nsh,
            _ => VxlanNext::Other,
        }
    }

    /// Length of the header.
    pub const LEN: usize = HEADER_LEN;
}

/// What follows a VXLAN header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VxlanNext {
    /// An Ethernet frame.
    Ethernet,
    /// IPv4.
    Ipv4,
    /// IPv6.
    Ipv6,
    /// A network service header.
    Nsh,
    /// Something we do not look into.
    Other,
}

const HEADER_LEN: usize = 8;
const FLAG_VNI: u8 = 0x08;
const FLAG_NEXT_PROTOCOL: u8 = 0x04;
/// Neither those above nor that of a group policy (0x80): versions and operation bits.
const FLAGS_RESERVED: u8 = 0x73;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields() {
        let mut bytes = [0x08, 0, 0, 1, 0x12, 0x34, 0x56, 0];
        let vxlan = Vxlan::parse(&bytes).unwrap();
        assert_eq!((vxlan.vni(), vxlan.is_extended()), (0x12_3456, false));
        for len in 0..Vxlan::LEN {
            assert_eq!(Vxlan::parse(&bytes[..len]).unwrap_err(), Reason::Truncated);
        }
        bytes[0] = 0x0c;
        let vxlan = Vxlan::parse(&bytes).unwrap();
        assert_eq!((vxlan.is_extended(), vxlan.next()), (true, VxlanNext::Ipv4));
        bytes[0] = 0x00;
        assert_eq!(Vxlan::parse(&bytes).unwrap_err(), Reason::BadVersion);
    }
}
