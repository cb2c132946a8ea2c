//! IGMP (RFC 2236, RFC 3376).

use crate::Reason;

/// An IGMP message.
#[derive(Clone, Copy, Debug)]
pub struct Igmp<'a> {
    header: &'a [u8; 8],
}

impl<'a> Igmp<'a> {
    /// Views the message at the front of `bytes`.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Reason> {
        Ok(Self { header: bytes.first_chunk().ok_or(Reason::Truncated)? })
    }

    /// Type.
    pub fn kind(&self) -> u8 {
        self.header[0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report() {
        let bytes = [0x22, 0, 0xf9, 0x02, 0, 0, 0, 1];
        assert_eq!(Igmp::parse(&bytes).unwrap().kind(), 0x22);
        for len in 0..8 {
            assert_eq!(Igmp::parse(&bytes[..len]).unwrap_err(), Reason::Truncated);
        }
    }
}
