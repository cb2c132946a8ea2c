//! DCCP (RFC 4340): the generic header.

use crate::Reason;

/// A DCCP generic header.
#[derive(Clone, Copy, Debug)]
pub struct Dccp<'a> {
    header: &'a [u8; HEADER_LEN],
}

impl<'a> Dccp<'a> {
    /// Views the header at the front of `bytes`.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Reason> {
        let dccp = Self { header: bytes.first_chunk().ok_or(Reason::Truncated)? };
        if dccp.header_len() < HEADER_LEN { Err(Reason::BadLength) } else { Ok(dccp) }
    }

    /// Source port.
    pub fn src_port(&self) -> u16 {
        u16::from_be_bytes([self.header[0], self.header[1]])
    }

    /// Destination port.
    pub fn dst_port(&self) -> u16 {
        u16::from_be_bytes([self.header[2], self.header[3]])
    }

    /// Where the payload begins, after the header of the packet's type and the options.
    pub fn header_len(&self) -> usize {
        usize::from(self.header[4]) * 4
    }

    /// Packet type: request, response, data, ...
    pub fn kind(&self) -> u8 {
        self.header[8] >> 1 & 0x0f
    }
}

const HEADER_LEN: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields() {
        let mut bytes = [0x80, 0x01, 0x13, 0x8c, 4, 0, 0, 0, 0x05, 0, 0, 1, 0, 0, 0, 0];
        let dccp = Dccp::parse(&bytes).unwrap();
        assert_eq!((dccp.src_port(), dccp.dst_port()), (32769, 5004));
        assert_eq!((dccp.header_len(), dccp.kind()), (16, 2));
        for len in 0..12 {
            assert_eq!(Dccp::parse(&bytes[..len]).unwrap_err(), Reason::Truncated);
        }
        bytes[4] = 2;
        assert_eq!(Dccp::parse(&bytes).unwrap_err(), Reason::BadLength);
    }
}
