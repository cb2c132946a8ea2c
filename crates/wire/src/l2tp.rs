//! L2TP version 2 (RFC 2661): data messages.

use crate::Reason;

/// An L2TP version 2 header.
#[derive(Clone, Copy, Debug)]
pub struct L2tp<'a> {
    bytes: &'a [u8],
    flags: u16,
    header_len: usize,
}

impl<'a> L2tp<'a> {
    /// Views the header at the front of `bytes`.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Reason> {
        let flags = u16::from_be_bytes(*bytes.first_chunk().ok_or(Reason::Truncated)?);
        if flags & (VERSION | FLAGS_RESERVED) != 2 {
            return Err(Reason::BadVersion);
        }
        let mut l2tp = Self { bytes, flags, header_len: 0 };
        l2tp.header_len = l2tp.ids_at() + 4;
        if l2tp.has(FLAG_SEQUENCE) {
            l2tp.header_len += 4;
        }
        if l2tp.has(FLAG_OFFSET) {
            let padding = l2tp.number_at(l2tp.header_len).ok_or(Reason::Truncated)?;
            l2tp.header_len += 2 + usize::from(padding);
        }
        if l2tp.header_len > bytes.len() { Err(Reason::Truncated) } else { Ok(l2tp) }
    }

    /// Whether this is a control message, with no packet in it.
    pub fn is_control(&self) -> bool {
        self.has(FLAG_CONTROL)
    }

    /// Length from the front of the header to the end of the payload, if it is said.
    pub fn total_len(&self) -> Option<usize> {
        self.number_at(2).filter(|_| self.has(FLAG_LENGTH)).map(usize::from)
    }

    /// Which tunnel of the receiver.
    pub fn tunnel(&self) -> u16 {
        self.number_at(self.ids_at()).unwrap_or(0)
    }

    /// Which session of the tunnel.
    pub fn session(&self) -> u16 {
        self.number_at(self.ids_at() + 2).unwrap_or(0)
    }

    /// Length of the header with its optional fields and padding.
    pub fn header_len(&self) -> usize {
        self.header_len
    }

    fn has(&self, flag: u16) -> bool {
        self.flags & flag != 0
    }

    fn ids_at(&self) -> usize {
        if self.has(FLAG_LENGTH) { 4 } else { 2 }
    }

    fn number_at(&self, at: usize) -> Option<u16> {
        self.bytes.get(at..)?.first_chunk().map(|number| u16::from_be_bytes(*number))
    }
}

const VERSION: u16 = 0x000f;
const FLAG_CONTROL: u16 = 0x8000;
const FLAG_LENGTH: u16 = 0x4000;
const FLAG_SEQUENCE: u16 = 0x0800;
const FLAG_OFFSET: u16 = 0x0200;
const FLAGS_RESERVED: u16 = 0x34f0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_optional_fields() {
        let bytes = [0x4a, 0x02, 0, 20, 0, 7, 0, 9, 0, 1, 0, 2, 0, 2, 0, 0];
        let l2tp = L2tp::parse(&bytes).unwrap();
        assert_eq!((l2tp.tunnel(), l2tp.session()), (7, 9));
        assert_eq!((l2tp.total_len(), l2tp.header_len()), (Some(20), 16));
        assert!(!l2tp.is_control());
        for len in 0..bytes.len() {
            assert_eq!(L2tp::parse(&bytes[..len]).unwrap_err(), Reason::Truncated);
        }
    }

    #[test]
    fn the_shortest_header() {
        let l2tp = L2tp::parse(&[0, 2, 0, 7, 0, 9]).unwrap();
        assert_eq!((l2tp.tunnel(), l2tp.session(), l2tp.total_len()), (7, 9, None));
        assert_eq!(L2tp::parse(&[0, 3, 0, 7, 0, 9]).unwrap_err(), Reason::BadVersion);
    }
}
