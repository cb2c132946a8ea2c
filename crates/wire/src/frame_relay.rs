//! Frame relay with multiprotocol encapsulation (ITU-T Q.922, RFC 2427), or an `EtherType` in its
//! place, as Cisco has it.

use crate::{EtherType, Reason};

/// A frame relay header, up to what it says follows.
#[derive(Clone, Copy, Debug)]
pub struct FrameRelay<'a> {
    bytes: &'a [u8],
    address_len: usize,
}

impl<'a> FrameRelay<'a> {
    /// Views the header at the front of `bytes`. The last byte of the address has its lowest bit
    /// set.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Reason> {
        let is_last = |byte: &u8| byte & 1 != 0;
        let address_len = match bytes.iter().position(is_last) {
            Some(last @ 1..=3) => last + 1,
            None if bytes.len() < 4 => return Err(Reason::Truncated),
            _ => return Err(Reason::BadLength),
        };
        // The control byte and the protocol's number, or an EtherType.
        if bytes.len() < address_len + 2 {
            return Err(Reason::Truncated);
        }
        Ok(Self { bytes, address_len })
    }

    /// What follows, and where.
    pub fn payload(&self) -> Option<(FrameRelayPayload, usize)> {
        let at = self.address_len;
        match *self.bytes.get(at..)? {
            // A byte of padding makes what follows begin at an even place.
            [CONTROL, 0, NLPID_SNAP, ..] => Some((FrameRelayPayload::Snap, at + 3)),
            [CONTROL, NLPID_SNAP, ..] => Some((FrameRelayPayload::Snap, at + 2)),
            [CONTROL, NLPID_IPV4, ..] => {
                Some((FrameRelayPayload::EtherType(EtherType::IPV4), at + 2))
            }
            [CONTROL, NLPID_IPV6, ..] => {
                Some((FrameRelayPayload::EtherType(EtherType::IPV6), at + 2))
            }
            [CONTROL, ..] => None,
            [high, low, ..] => {
                let ether_type = EtherType(u16::from_be_bytes([high, low]));
                Some((FrameRelayPayload::EtherType(ether_type), at + 2))
            }
            _ => None,
        }
    }
}

/// What a frame relay header says follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameRelayPayload {
    /// A SNAP header.
    Snap,
    /// A packet of this type.
    EtherType(EtherType),
}

/// Unnumbered information.
const CONTROL: u8 = 0x03;
const NLPID_SNAP: u8 = 0x80;
const NLPID_IPV6: u8 = 0x8e;
const NLPID_IPV4: u8 = 0xcc;

#[cfg(test)]
mod tests {
    use super::*;

    fn payload(bytes: &[u8]) -> Option<(FrameRelayPayload, usize)> {
        FrameRelay::parse(bytes).unwrap().payload()
    }

    #[test]
    fn numbers_of_protocols_and_types() {
        use FrameRelayPayload::{EtherType as Type, Snap};
        assert_eq!(payload(&[0x48, 0xe1, 0x86, 0xdd]), Some((Type(EtherType::IPV6), 4)));
        assert_eq!(payload(&[0x18, 0x41, 3, 0xcc]), Some((Type(EtherType::IPV4), 4)));
        assert_eq!(payload(&[0x18, 0x40, 0, 1, 3, 0x8e]), Some((Type(EtherType::IPV6), 6)));
        assert_eq!(payload(&[0x18, 0x41, 3, 0, 0x80]), Some((Snap, 5)));
        assert_eq!(payload(&[0x18, 0x41, 3, 0x80]), Some((Snap, 4)));
        assert_eq!(payload(&[0x18, 0x41, 3, 0x81]), None);
    }

    #[test]
    fn short_and_endless_addresses_are_refused() {
        let bytes = [0x48, 0xe1, 0x86, 0xdd];
        for len in 0..bytes.len() {
            assert_eq!(FrameRelay::parse(&bytes[..len]).unwrap_err(), Reason::Truncated);
        }
        assert_eq!(FrameRelay::parse(&[0; 8]).unwrap_err(), Reason::BadLength);
        assert_eq!(FrameRelay::parse(&[1; 8]).unwrap_err(), Reason::BadLength);
    }
}
