//! IPv4 (RFC 791).

use std::net::Ipv4Addr;

use crate::Reason;

/// An IPv4 header, and as much of its packet as was captured.
#[derive(Clone, Copy, Debug)]
pub struct Ipv4<'a> {
    header: &'a [u8; HEADER_LEN],
    bytes: &'a [u8],
}

impl<'a> Ipv4<'a> {
    /// Views the header at the front of `bytes`.
    ///
    /// Options that were cut by the snap length are no error, a total length that does not
    /// hold the header is; a total length of 0 is left to the caller ([`Ipv4::total_len`]).
    #[inline]
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Reason> {
        let Some(header) = bytes.first_chunk() else {
            return Err(Reason::Truncated);
        };
        let ip = Self { header, bytes };
        if header[0] >> 4 != 4 {
            return Err(Reason::BadVersion);
        }
        let header_len = ip.header_len();
        if header_len < HEADER_LEN || (ip.total_len() < header_len && ip.total_len() != 0) {
            return Err(Reason::BadLength);
        }
        Ok(ip)
    }

    /// Length of the header with its options.
    #[inline]
    pub fn header_len(&self) -> usize {
        usize::from(self.header[0] & 0x0f) * 4
    }

    /// Type of service: six bits DSCP, two bits ECN.
    #[inline]
    pub fn tos(&self) -> u8 {
        self.header[1]
    }

    /// Length of the packet as it claims; 0 when the capture point sits before segmentation
    /// offload (or the packet is longer than the field can say).
    #[inline]
    pub fn total_len(&self) -> usize {
        usize::from(u16::from_be_bytes([self.header[2], self.header[3]]))
    }

    /// What the fragments of one datagram have in common.
    #[inline]
    pub fn identification(&self) -> u16 {
        u16::from_be_bytes([self.header[4], self.header[5]])
    }

    /// Whether the packet must not be fragmented on its way.
    pub fn dont_fragment(&self) -> bool {
        self.header[6] & 0x40 != 0
    }

    /// Whether fragments of the datagram follow this one.
    #[inline]
    pub fn more_fragments(&self) -> bool {
        self.header[6] & 0x20 != 0
    }

    /// Where the payload belongs in its datagram, in bytes.
    #[inline]
    pub fn fragment_offset(&self) -> usize {
        usize::from(u16::from_be_bytes([self.header[6] & 0x1f, self.header[7]])) * 8
    }

    /// Whether this is not all of its datagram.
    #[inline]
    pub fn is_fragment(&self) -> bool {
        u16::from_be_bytes([self.header[6], self.header[7]]) & 0x3fff != 0
    }

    /// Time to live.
    #[inline]
    pub fn ttl(&self) -> u8 {
        self.header[8]
    }

    /// What the payload is.
    #[inline]
    pub fn protocol(&self) -> u8 {
        self.header[9]
    }

    /// Checksum of the header as sent.
    pub fn checksum(&self) -> u16 {
        u16::from_be_bytes([self.header[10], self.header[11]])
    }

    /// Source address.
    #[inline]
    pub fn src(&self) -> Ipv4Addr {
        Ipv4Addr::from([self.header[12], self.header[13], self.header[14], self.header[15]])
    }

    /// Destination address.
    #[inline]
    pub fn dst(&self) -> Ipv4Addr {
        Ipv4Addr::from([self.header[16], self.header[17], self.header[18], self.header[19]])
    }

    /// The header with its options; `None` when the snap length cut it.
    pub fn header(&self) -> Option<&'a [u8]> {
        self.bytes.get(..self.header_len())
    }

    /// As much of the payload as was captured, not beyond the total length.
    pub fn payload(&self) -> &'a [u8] {
        let end = match self.total_len() {
            0 => self.bytes.len(),
            len => len.min(self.bytes.len()),
        };
        self.bytes.get(self.header_len()..end).unwrap_or(&[])
    }

    /// Length of a header without options.
    pub const LEN_MIN: usize = HEADER_LEN;
}

const HEADER_LEN: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    /// A header with a router alert option, and two bytes of payload.
    const PACKET: [u8; 26] = [
        0x46, 0xb8, 0, 26, 0x12, 0x34, 0x60, 0x03, 64, 17, 0xab, 0xcd, 10, 0, 0, 1, 10, 0, 0, 2,
        0x94, 4, 0, 0, 0xaa, 0xbb,
    ];

    #[test]
    fn fields() {
        let ip = Ipv4::parse(&PACKET).unwrap();
        assert_eq!((ip.header_len(), ip.total_len(), ip.tos()), (24, 26, 0xb8));
        assert_eq!((ip.identification(), ip.fragment_offset()), (0x1234, 24));
        assert!(ip.dont_fragment() && ip.more_fragments() && ip.is_fragment());
        assert_eq!((ip.ttl(), ip.protocol(), ip.checksum()), (64, 17, 0xabcd));
        assert_eq!((ip.src(), ip.dst()), ([10, 0, 0, 1].into(), [10, 0, 0, 2].into()));
        assert_eq!(ip.header(), Some(&PACKET[..24]));
        assert_eq!(ip.payload(), [0xaa, 0xbb]);
    }

    #[test]
    fn cut_options_are_no_error() {
        for len in 0..20 {
            assert_eq!(Ipv4::parse(&PACKET[..len]).unwrap_err(), Reason::Truncated);
        }
        for len in 20..24 {
            let ip = Ipv4::parse(&PACKET[..len]).unwrap();
            assert_eq!((ip.header(), ip.payload()), (None, &[][..]));
        }
    }

    #[test]
    fn padding_is_no_payload() {
        let mut bytes = PACKET;
        bytes[3] = 25;
        assert_eq!(Ipv4::parse(&bytes).unwrap().payload(), [0xaa]);
        bytes[3] = 0;
        assert_eq!(Ipv4::parse(&bytes).unwrap().payload(), [0xaa, 0xbb]);
    }

    #[test]
    fn one_broken_field_at_a_time() {
        for (at, value, reason) in [
            (0, 0x66, Reason::BadVersion),
            (0, 0x44, Reason::BadLength),
            (3, 23, Reason::BadLength),
        ] {
            let mut bytes = PACKET;
            bytes[at] = value;
            assert_eq!(Ipv4::parse(&bytes).unwrap_err(), reason);
        }
    }

    #[test]
    fn dont_fragment_alone_is_no_fragment() {
        let mut bytes = PACKET;
        bytes[6..8].copy_from_slice(&[0x40, 0]);
        assert!(!Ipv4::parse(&bytes).unwrap().is_fragment());
        bytes[6] = 0x20;
        assert!(Ipv4::parse(&bytes).unwrap().is_fragment());
    }
}
