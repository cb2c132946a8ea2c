//! ICMP (RFC 792) and ICMPv6 (RFC 4443).

use crate::Reason;

/// An ICMP or ICMPv6 message.
#[derive(Clone, Copy, Debug)]
pub struct Icmp<'a> {
    header: &'a [u8; 4],
    bytes: &'a [u8],
}

impl<'a> Icmp<'a> {
    /// Views the message at the front of `bytes`.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Reason> {
        match bytes.first_chunk() {
            Some(header) => Ok(Self { header, bytes }),
            None => Err(Reason::Truncated),
        }
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
        matches!(self.kind(), 0 | 8 | 13..=18).then(|| self.first_field())?
    }

    /// Identifier of an ICMPv6 echo request or reply.
    pub fn identifier6(&self) -> Option<u16> {
        matches!(self.kind(), 128 | 129).then(|| self.first_field())?
    }

    fn first_field(&self) -> Option<u16> {
        match *self.bytes {
            [_, _, _, _, a, b, ..] => Some(u16::from_be_bytes([a, b])),
            _ => None,
        }
    }

    /// Length of the header all messages have but a few of IGMP's kin: type, code, checksum and
    /// four bytes that depend on the type.
    pub const LEN: usize = 8;
}
