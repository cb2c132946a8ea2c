//! ICMP (RFC 792) and `ICMPv6` (RFC 4443).

use crate::Reason;

/// The header of an ICMP or `ICMPv6` message: type, code, checksum, and four bytes that depend on
/// the type.
#[derive(Clone, Copy, Debug)]
pub struct Icmp<'a> {
    header: &'a [u8; HEADER_LEN],
}

impl<'a> Icmp<'a> {
    /// Views the header at the front of `bytes`.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Reason> {
        Ok(Self { header: bytes.first_chunk().ok_or(Reason::Truncated)? })
    }

    /// Type.
    pub fn kind(&self) -> u8 {
        self.header[0]
    }

    /// Code.
    pub fn code(&self) -> u8 {
        self.header[1]
    }

    /// Checksum as sent.
    pub fn checksum(&self) -> u16 {
        u16::from_be_bytes([self.header[2], self.header[3]])
    }

    /// Identifier of an ICMP request or reply: echo, timestamp, information, address mask.
    pub fn identifier(&self) -> Option<u16> {
        matches!(self.kind(), 0 | 8 | 13..=18).then(|| self.first_field())
    }

    /// Identifier of an `ICMPv6` echo request or reply.
    pub fn identifier6(&self) -> Option<u16> {
        matches!(self.kind(), 128 | 129).then(|| self.first_field())
    }

    fn first_field(self) -> u16 {
        u16::from_be_bytes([self.header[4], self.header[5]])
    }

    /// Length of the header.
    pub const LEN: usize = HEADER_LEN;
}

const HEADER_LEN: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields() {
        let bytes = [8, 0, 0xab, 0xcd, 0x12, 0x34, 0, 1];
        let icmp = Icmp::parse(&bytes).unwrap();
        assert_eq!((icmp.kind(), icmp.code(), icmp.checksum()), (8, 0, 0xabcd));
        assert_eq!((icmp.identifier(), icmp.identifier6()), (Some(0x1234), None));
        for len in 0..Icmp::LEN {
            assert_eq!(Icmp::parse(&bytes[..len]).unwrap_err(), Reason::Truncated);
        }
    }

    #[test]
    fn which_types_have_an_identifier() {
        let message = |kind| [kind, 0, 0, 0, 0, 0, 0, 0];
        let kinds = || 0..=255_u8;
        let with: Vec<u8> = kinds()
            .filter(|&kind| Icmp::parse(&message(kind)).unwrap().identifier().is_some())
            .collect();
        assert_eq!(with, [0, 8, 13, 14, 15, 16, 17, 18]);
        let with: Vec<u8> = kinds()
            .filter(|&kind| Icmp::parse(&message(kind)).unwrap().identifier6().is_some())
            .collect();
        assert_eq!(with, [128, 129]);
    }
}
