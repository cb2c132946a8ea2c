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
