//! SCTP (RFC 9260): the common header.

use crate::Reason;

/// An SCTP common header.
#[derive(Clone, Copy, Debug)]
pub struct Sctp<'a> {
    header: &'a [u8; HEADER_LEN],
}

impl<'a> Sctp<'a> {
    /// Views the header at the front of `bytes`.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Reason> {
        Ok(Self { header: bytes.first_chunk().ok_or(Reason::Truncated)? })
    }

    /// Source port.
    pub fn src_port(&self) -> u16 {
        u16::from_be_bytes([self.header[0], self.header[1]])
    }

    /// Destination port.
    pub fn dst_port(&self) -> u16 {
        u16::from_be_bytes([self.header[2], self.header[3]])
    }

    /// Tag of the association, for the direction of the packet.
    pub fn verification_tag(&self) -> u32 {
        u32::from_be_bytes([self.header[4], self.header[5], self.header[6], self.header[7]])
    }

    /// Length of the header.
    pub const LEN: usize = HEADER_LEN;
}

const HEADER_LEN: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields() {
        let bytes = [0x0b, 0x59, 0x0b, 0x5a, 0, 1, 2, 3, 9, 9, 9, 9];
        let sctp = Sctp::parse(&bytes).unwrap();
        assert_eq!((sctp.src_port(), sctp.dst_port()), (2905, 2906));
        assert_eq!(sctp.verification_tag(), 0x0001_0203);
        for len in 0..Sctp::LEN {
            assert_eq!(Sctp::parse(&bytes[..len]).unwrap_err(), Reason::Truncated);
        }
    }
}
