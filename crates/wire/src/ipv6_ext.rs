//! IPv6 extension headers (RFC 8200 section 4) and the authentication header (RFC 4302).

use crate::Reason;

/// A header of the shape most extension headers share: what follows, length, data.
#[derive(Clone, Copy, Debug)]
pub struct Extension<'a> {
    header: &'a [u8; 2],
    bytes: &'a [u8],
}

impl<'a> Extension<'a> {
    /// Views the header at the front of `bytes`.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Reason> {
        let header = bytes.first_chunk().ok_or(Reason::Truncated)?;
        Ok(Self { header, bytes })
    }

    /// What follows this header.
    pub fn next_header(&self) -> u8 {
        self.header[0]
    }

    /// Length of the header: in units of 8 bytes, the first not counted.
    pub fn header_len(&self) -> usize {
        (usize::from(self.header[1]) + 1) * 8
    }

    /// What is after the two fields, as far as it was captured.
    pub fn data(&self) -> &'a [u8] {
        let end = self.header_len().min(self.bytes.len());
        self.bytes.get(2..end).unwrap_or(&[])
    }

    /// For a hop-by-hop header: the length a jumbogram claims for all that follows the IPv6
    /// header (RFC 2675 section 2).
    pub fn jumbo_payload_len(&self) -> Option<u32> {
        let mut options = self.data();
        loop {
            match *options {
                [OPTION_PAD1, ref rest @ ..] => options = rest,
                [OPTION_JUMBO, 4, a, b, c, d, ..] => return Some(u32::from_be_bytes([a, b, c, d])),
                [_, len, ref rest @ ..] => options = rest.get(usize::from(len)..)?,
                _ => return None,
            }
        }
    }

    /// For a routing header: the address the packet is on its way to in the end, which is the one
    /// transport checksums are about; `None` when that is the address in the IPv6 header.
    ///
    /// Types 0 and 2 (RFC 8200, RFC 6275) list the addresses in order, type 4 (RFC 8754) backwards.
    pub fn final_destination(&self) -> Option<[u8; 16]> {
        let [kind, segments_left, _, _, _, _, ref addresses @ ..] = *self.data() else {
            return None;
        };
        if segments_left == 0 {
            return None;
        }
        match kind {
            0 | 2 => addresses.last_chunk().copied(),
            4 => addresses.first_chunk().copied(),
            _ => None,
        }
    }
}

/// A fragment header (RFC 8200 section 4.5).
#[derive(Clone, Copy, Debug)]
pub struct FragmentHeader<'a> {
    header: &'a [u8; 8],
}

impl<'a> FragmentHeader<'a> {
    /// Views the header at the front of `bytes`.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Reason> {
        match bytes.first_chunk() {
            Some(header) => Ok(Self { header }),
            None => Err(Reason::Truncated),
        }
    }

    /// What the datagram's data begins with.
    pub fn next_header(&self) -> u8 {
        self.header[0]
    }

    /// Where the data belongs in its datagram, in bytes.
    pub fn fragment_offset(&self) -> usize {
        usize::from(u16::from_be_bytes([self.header[2], self.header[3]]) & 0xfff8)
    }

    /// Whether fragments of the datagram follow this one.
    pub fn more_fragments(&self) -> bool {
        self.header[3] & 1 != 0
    }

    /// Whether this is all of its datagram (RFC 6946).
    pub fn is_atomic(&self) -> bool {
        self.fragment_offset() == 0 && !self.more_fragments()
    }

    /// What the fragments of one datagram have in common.
    pub fn identification(&self) -> u32 {
        u32::from_be_bytes([self.header[4], self.header[5], self.header[6], self.header[7]])
    }

    /// Length of the header.
    pub const LEN: usize = 8;
}

/// An authentication header (RFC 4302).
#[derive(Clone, Copy, Debug)]
pub struct Ah<'a> {
    header: &'a [u8; 12],
}

impl<'a> Ah<'a> {
    /// Views the header at the front of `bytes`.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Reason> {
        let ah = Self { header: bytes.first_chunk().ok_or(Reason::Truncated)? };
        if ah.header_len() < 12 { Err(Reason::BadLength) } else { Ok(ah) }
    }

    /// What follows this header.
    pub fn next_header(&self) -> u8 {
        self.header[0]
    }

    /// Length of the header: in units of 4 bytes, two of them not counted.
    pub fn header_len(&self) -> usize {
        (usize::from(self.header[1]) + 2) * 4
    }

    /// Security parameters index.
    pub fn spi(&self) -> u32 {
        u32::from_be_bytes([self.header[4], self.header[5], self.header[6], self.header[7]])
    }
}

const OPTION_PAD1: u8 = 0;
const OPTION_JUMBO: u8 = 0xc2;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jumbo_length_after_padding() {
        let header = [6, 1, 1, 2, 0, 0, 0, 0xc2, 4, 0, 1, 0, 0, 0, 0, 0];
        let options = Extension::parse(&header).unwrap();
        assert_eq!((options.next_header(), options.header_len()), (6, 16));
        assert_eq!(options.jumbo_payload_len(), Some(0x0001_0000));
        for len in 0..13 {
            let cut = Extension::parse(&header[..len]).ok();
            assert_eq!(cut.and_then(|options| options.jumbo_payload_len()), None);
        }
    }

    #[test]
    fn no_option_reaches_beyond_the_header() {
        let header = [6, 0, 0, 0, 0, 0, 0, 0xc2, 4, 0, 1, 0, 0];
        assert_eq!(Extension::parse(&header).unwrap().jumbo_payload_len(), None);
    }

    #[test]
    fn where_a_routing_header_leads_in_the_end() {
        let mut header = [0; 8 + 32];
        header[..4].copy_from_slice(&[6, 4, 0, 1]);
        header[8] = 1;
        header[24] = 2;
        let destination = |header: &[u8]| Extension::parse(header).unwrap().final_destination();
        assert_eq!(destination(&header).map(|address| address[0]), Some(2));
        header[2] = 4;
        assert_eq!(destination(&header).map(|address| address[0]), Some(1));
        header[3] = 0;
        assert_eq!(destination(&header), None);
    }

    #[test]
    fn a_fragment_header() {
        let bytes = [17, 0, 0x05, 0xa9, 0xde, 0xad, 0xbe, 0xef];
        let fragment = FragmentHeader::parse(&bytes).unwrap();
        assert_eq!((fragment.next_header(), fragment.fragment_offset()), (17, 1448));
        assert_eq!((fragment.more_fragments(), fragment.is_atomic()), (true, false));
        assert_eq!(fragment.identification(), 0xdead_beef);
        assert!(FragmentHeader::parse(&[17, 0, 0, 6, 0, 0, 0, 0]).unwrap().is_atomic());
        for len in 0..FragmentHeader::LEN {
            assert_eq!(FragmentHeader::parse(&bytes[..len]).unwrap_err(), Reason::Truncated);
        }
    }

    #[test]
    fn an_authentication_header_counts_in_units_of_four() {
        let mut bytes = [6, 4, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];
        let ah = Ah::parse(&bytes).unwrap();
        assert_eq!((ah.next_header(), ah.header_len(), ah.spi()), (6, 24, 256));
        for len in 0..12 {
            assert_eq!(Ah::parse(&bytes[..len]).unwrap_err(), Reason::Truncated);
        }
        bytes[1] = 0;
        assert_eq!(Ah::parse(&bytes).unwrap_err(), Reason::BadLength);
    }
}
