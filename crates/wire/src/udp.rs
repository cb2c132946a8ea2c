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

    /// UDP: length of header and payload, 0 for "up to the end" (jumbograms, segmentation
    /// offload). UDP-Lite: how much of the datagram the checksum covers, 0 for all.
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
