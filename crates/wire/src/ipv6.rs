//! IPv6 (RFC 8200).

use std::net::Ipv6Addr;

use crate::Reason;

/// An IPv6 header.
#[derive(Clone, Copy, Debug)]
pub struct Ipv6<'a> {
    fixed: &'a [u8; 8],
    src: &'a [u8; 16],
    dst: &'a [u8; 16],
}

impl<'a> Ipv6<'a> {
    /// Views the header at the front of `bytes`.
    #[inline]
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Reason> {
        // One check of the length; the others are known to hold then.
        let bytes: &[u8; HEADER_LEN] = bytes.first_chunk().ok_or(Reason::Truncated)?;
        let (fixed, rest) = bytes.split_first_chunk().ok_or(Reason::Truncated)?;
        let (src, rest) = rest.split_first_chunk().ok_or(Reason::Truncated)?;
        let dst = rest.first_chunk().ok_or(Reason::Truncated)?;
        let ip = Self { fixed, src, dst };
        if ip.fixed[0] >> 4 == 6 { Ok(ip) } else { Err(Reason::BadVersion) }
    }

    /// Traffic class: six bits DSCP, two bits ECN.
    #[inline]
    pub fn traffic_class(&self) -> u8 {
        self.fixed[0] << 4 | self.fixed[1] >> 4
    }

    /// Flow label.
    pub fn flow_label(&self) -> u32 {
        u32::from_be_bytes([0, self.fixed[1] & 0x0f, self.fixed[2], self.fixed[3]])
    }

    /// Length after this header as it claims; 0 for a jumbogram, or before segmentation offload.
    #[inline]
    pub fn payload_len(&self) -> usize {
        usize::from(u16::from_be_bytes([self.fixed[4], self.fixed[5]]))
    }

    /// What follows this header.
    #[inline]
    pub fn next_header(&self) -> u8 {
        self.fixed[6]
    }

    /// Hop limit.
    #[inline]
    pub fn hop_limit(&self) -> u8 {
        self.fixed[7]
    }

    /// Source address.
    #[inline]
    pub fn src(&self) -> Ipv6Addr {
        Ipv6Addr::from(*self.src)
    }

    /// Destination address.
    #[inline]
    pub fn dst(&self) -> Ipv6Addr {
        Ipv6Addr::from(*self.dst)
    }

    /// Length of the header.
    pub const LEN: usize = HEADER_LEN;
}

const HEADER_LEN: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: [u8; 40] = [
        0x6a, 0xb1, 0x23, 0x45, 0x00, 0x14, 0x06, 0x40, // fixed part
        0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, // source
        0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, // destination
    ];

    #[test]
    fn fields() {
        let ip = Ipv6::parse(&HEADER).unwrap();
        assert_eq!(ip.traffic_class(), 0xab);
        assert_eq!(ip.flow_label(), 0x1_2345);
        assert_eq!(ip.payload_len(), 20);
        assert_eq!(ip.next_header(), 6);
        assert_eq!(ip.hop_limit(), 64);
        assert_eq!(ip.src().to_string(), "2001:db8::1");
        assert_eq!(ip.dst().to_string(), "2001:db8::2");
    }

    #[test]
    fn every_truncated_prefix_is_refused() {
        for len in 0..Ipv6::LEN {
            assert_eq!(Ipv6::parse(&HEADER[..len]).unwrap_err(), Reason::Truncated);
        }
    }

    #[test]
    fn another_version_is_refused() {
        let mut bytes = HEADER;
        bytes[0] = 0x4a;
        assert_eq!(Ipv6::parse(&bytes).unwrap_err(), Reason::BadVersion);
    }
}
