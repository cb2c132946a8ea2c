//! BSD loopback captures (`LINKTYPE_NULL`, `LINKTYPE_LOOP`).

use crate::{EtherType, Reason};

/// The header: an address family of the machine that captured.
#[derive(Clone, Copy, Debug)]
pub struct Loopback<'a> {
    header: &'a [u8; HEADER_LEN],
}

impl<'a> Loopback<'a> {
    /// Views the header at the front of `bytes`.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Reason> {
        match bytes.first_chunk() {
            Some(header) => Ok(Self { header }),
            None => Err(Reason::Truncated),
        }
    }

    /// The family, in whichever byte order makes it a small number: `LINKTYPE_NULL` has that of
    /// the machine that captured, which need not be that of the file.
    pub fn family(&self) -> u32 {
        let family = u32::from_be_bytes(*self.header);
        if family > 0xffff { family.swap_bytes() } else { family }
    }

    /// What follows, as an `EtherType`. Every system has its own number for IPv6; some
    /// programs write an `EtherType` instead.
    pub fn protocol(&self) -> Option<EtherType> {
        match self.family() {
            2 => Some(EtherType::IPV4),
            10 | 23 | 24 | 28 | 30 => Some(EtherType::IPV6),
            other => u16::try_from(other).ok().filter(|&t| t >= 0x600).map(EtherType),
        }
    }

    /// Length of the header.
    pub const LEN: usize = HEADER_LEN;
}

const HEADER_LEN: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_in_both_byte_orders() {
        let protocol = |bytes: [u8; 4]| Loopback::parse(&bytes).unwrap().protocol();
        assert_eq!(protocol([2, 0, 0, 0]), Some(EtherType::IPV4));
        assert_eq!(protocol([0, 0, 0, 2]), Some(EtherType::IPV4));
        for family in [10, 23, 24, 28, 30] {
            assert_eq!(protocol([family, 0, 0, 0]), Some(EtherType::IPV6));
            assert_eq!(protocol([0, 0, 0, family]), Some(EtherType::IPV6));
        }
        assert_eq!(protocol([0, 0, 8, 0]), Some(EtherType::IPV4));
        assert_eq!(protocol([7, 0, 0, 0]), None);
        for len in 0..Loopback::LEN {
            assert_eq!(Loopback::parse(&[2, 0, 0, 0][..len]).unwrap_err(), Reason::Truncated);
        }
    }
}
