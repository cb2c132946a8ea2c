//! UDP (RFC 768) and UDP-Lite (RFC 3828), which share a header but for what its length counts.

use crate::Reason;

/// A UDP or UDP-Lite header.
#[derive(Clone, Copy, Debug)]
pub struct Udp<'a> {
    header: &'a [u8; HEADER_LEN],
}

impl<'a> Udp<'a> {
    /// Views the header at the front of `bytes`.
    #[inline]
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Reason> {
        let Some(header) = bytes.first_chunk() else {
            return Err(Reason::Truncated);
        };
        let udp = Self { header };
        if (1..HEADER_LEN).contains(&udp.length()) { Err(Reason::BadLength) } else { Ok(udp) }
    }

    /// Source port.
    #[inline]
    pub fn src_port(&self) -> u16 {
        u16::from_be_bytes([self.header[0], self.header[1]])
    }

    /// Destination port.
    #[inline]
    pub fn dst_port(&self) -> u16 {
        u16::from_be_bytes([self.header[2], self.header[3]])
    }

    /// UDP: length of header and payload, 0 for "up to the end" in jumbograms. UDP-Lite: how much of the datagram the checksum covers, 0 for all.
    #[inline]
    pub fn length(&self) -> usize {
        usize::from(u16::from_be_bytes([self.header[4], self.header[5]]))
    }

    /// Checksum as sent; 0 for none.
    #[inline]
    pub fn checksum(&self) -> u16 {
        u16::from_be_bytes([self.header[6], self.header[7]])
    }

    /// Length of the header.
    pub const LEN: usize = HEADER_LEN;
}

const HEADER_LEN: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: [u8; 8] = [0xd4, 0x31, 0, 53, 0, 29, 0xab, 0xcd];

    #[test]
    fn fields() {
        let udp = Udp::parse(&HEADER).unwrap();
        assert_eq!((udp.src_port(), udp.dst_port()), (54321, 53));
        assert_eq!((udp.length(), udp.checksum()), (29, 0xabcd));
        for len in 0..Udp::LEN {
            assert_eq!(Udp::parse(&HEADER[..len]).unwrap_err(), Reason::Truncated);
        }
    }

    #[test]
    fn a_length_below_the_header_is_refused_but_for_zero() {
        for length in 0..9 {
            let mut bytes = HEADER;
            bytes[5] = length;
            assert_eq!(Udp::parse(&bytes).is_ok(), length == 0 || length == 8);
        }
    }
}
