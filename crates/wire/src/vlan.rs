//! VLAN tags (IEEE 802.1Q and 802.1ad).

use crate::{EtherType, Reason, Vlan};

/// A VLAN tag, from its control information on; the type before it said that it is one.
#[derive(Clone, Copy, Debug)]
pub struct VlanTag<'a> {
    header: &'a [u8; HEADER_LEN],
}

impl<'a> VlanTag<'a> {
    /// Views the tag at the front of `bytes`.
    #[inline]
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Reason> {
        match bytes.first_chunk() {
            Some(header) => Ok(Self { header }),
            None => Err(Reason::Truncated),
        }
    }

    /// The identifier.
    #[inline]
    pub fn vlan(&self) -> Vlan {
        Vlan::from_tci(u16::from_be_bytes([self.header[0], self.header[1]]))
    }

    /// Priority code point.
    pub fn priority(&self) -> u8 {
        self.header[0] >> 5
    }

    /// What follows the tag.
    #[inline]
    pub fn ether_type(&self) -> EtherType {
        EtherType(u16::from_be_bytes([self.header[2], self.header[3]]))
    }

    /// Length of the tag.
    pub const LEN: usize = HEADER_LEN;
}

const HEADER_LEN: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    const TAG: [u8; 4] = [0xaf, 0xfe, 0x08, 0x00];

    #[test]
    fn fields() {
        let tag = VlanTag::parse(&TAG).unwrap();
        assert_eq!(tag.priority(), 5);
        assert_eq!(tag.vlan().id(), Some(0xffe));
        assert_eq!(tag.ether_type(), EtherType::IPV4);
        for len in 0..VlanTag::LEN {
            assert_eq!(VlanTag::parse(&TAG[..len]).unwrap_err(), Reason::Truncated);
        }
    }
}
