//! PKTAP, of Apple's tcpdump: a header that names the process, before a frame of a link type that
//! it names.

use flowloom_schema::LinkType;

use crate::Reason;

/// A PKTAP header.
#[derive(Clone, Copy, Debug)]
pub struct Pktap<'a> {
    fixed: &'a [u8; FIXED_LEN],
}

impl<'a> Pktap<'a> {
    /// Views the header at the front of `bytes`.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Reason> {
        let pktap = Self { fixed: bytes.first_chunk().ok_or(Reason::Truncated)? };
        if pktap.header_len() < LEN_MIN {
            return Err(Reason::BadLength);
        }
        if pktap.header_len() > bytes.len() { Err(Reason::Truncated) } else { Ok(pktap) }
    }

    /// Length of the header.
    pub fn header_len(&self) -> usize {
        self.word(0) as usize
    }

    /// What follows, if it is a packet.
    pub fn link(&self) -> Option<LinkType> {
        let link = u16::try_from(self.word(8)).ok().map(LinkType);
        link.filter(|_| self.word(4) == RECORD_PACKET)
    }

    /// All machines that write this have the least significant byte first.
    fn word(self, at: usize) -> u32 {
        let bytes = self.fixed.get(at..).and_then(<[u8]>::first_chunk);
        bytes.map_or(0, |word| u32::from_le_bytes(*word))
    }
}

/// Length, kind of record, link type.
const FIXED_LEN: usize = 12;
/// Without the names and numbers of the effective process, which later versions added.
const LEN_MIN: usize = 60;
const RECORD_PACKET: u32 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields() {
        let mut bytes = [0; 108];
        bytes[..12].copy_from_slice(&[108, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0]);
        let pktap = Pktap::parse(&bytes).unwrap();
        assert_eq!((pktap.header_len(), pktap.link()), (108, Some(LinkType::ETHERNET)));
        for len in 0..bytes.len() {
            assert_eq!(Pktap::parse(&bytes[..len]).unwrap_err(), Reason::Truncated);
        }
        bytes[4] = 0;
        assert_eq!(Pktap::parse(&bytes).unwrap().link(), None);
        bytes[0] = 20;
        assert_eq!(Pktap::parse(&bytes).unwrap_err(), Reason::BadLength);
    }
}
