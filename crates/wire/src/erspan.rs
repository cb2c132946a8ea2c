//! ERSPAN types II and III: mirrored Ethernet frames in GRE (draft-foschiano-erspan).
//!
//! Type I has no header of its own: it is type II's GRE protocol without a sequence number.

use crate::Reason;

/// An ERSPAN header.
#[derive(Clone, Copy, Debug)]
pub struct Erspan<'a> {
    header: &'a [u8; TYPE_II_LEN],
    header_len: usize,
}

impl<'a> Erspan<'a> {
    /// Views the header at the front of `bytes`.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Reason> {
        let header: &[u8; TYPE_II_LEN] = bytes.first_chunk().ok_or(Reason::Truncated)?;
        let header_len = match header[0] >> 4 {
            1 => TYPE_II_LEN,
            2 => match bytes.get(TYPE_III_LEN - 1) {
                None => return Err(Reason::Truncated),
                Some(last) if last & 1 == 1 => TYPE_III_LEN + PLATFORM_LEN,
                Some(_) => TYPE_III_LEN,
            },
            _ => return Err(Reason::BadVersion),
        };
        if header_len > bytes.len() {
            return Err(Reason::Truncated);
        }
        Ok(Self { header, header_len })
    }

    /// Which mirroring session.
    pub fn session(&self) -> u16 {
        u16::from_be_bytes([self.header[2], self.header[3]]) & 0x03ff
    }

    /// Length of the header.
    pub fn header_len(&self) -> usize {
        self.header_len
    }
}

const TYPE_II_LEN: usize = 8;
const TYPE_III_LEN: usize = 12;
const PLATFORM_LEN: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_lengths() {
        let mut bytes = [0; 20];
        bytes[..4].copy_from_slice(&[0x10, 0x0a, 0x0a, 0x9a]);
        let erspan = Erspan::parse(&bytes).unwrap();
        assert_eq!((erspan.session(), erspan.header_len()), (0x29a, 8));
        bytes[0] = 0x20;
        assert_eq!(Erspan::parse(&bytes).unwrap().header_len(), 12);
        bytes[11] = 1;
        assert_eq!(Erspan::parse(&bytes).unwrap().header_len(), 20);
        for len in 0..20 {
            assert_eq!(Erspan::parse(&bytes[..len]).unwrap_err(), Reason::Truncated);
        }
        bytes[0] = 0x30;
        assert_eq!(Erspan::parse(&bytes).unwrap_err(), Reason::BadVersion);
    }
}
