//! FDDI (ISO 9314-2). Hardware addresses are not read: whether their bits are swapped depends on
//! the machine that captured.

use crate::Reason;

/// An FDDI header.
#[derive(Clone, Copy, Debug)]
pub struct Fddi<'a> {
    header: &'a [u8; HEADER_LEN],
}

impl<'a> Fddi<'a> {
    /// Views the header at the front of `bytes`.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Reason> {
        Ok(Self { header: bytes.first_chunk().ok_or(Reason::Truncated)? })
    }

    /// Whether an LLC header follows.
    pub fn is_llc(&self) -> bool {
        self.header[0] & 0xf0 == 0x50
    }

    /// Length of the header: frame control and two addresses.
    pub const LEN: usize = HEADER_LEN;
}

const HEADER_LEN: usize = 13;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields() {
        let mut bytes = [0x54, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
        assert!(Fddi::parse(&bytes).unwrap().is_llc());
        for len in 0..Fddi::LEN {
            assert_eq!(Fddi::parse(&bytes[..len]).unwrap_err(), Reason::Truncated);
        }
        bytes[0] = 0x4f;
        assert!(!Fddi::parse(&bytes).unwrap().is_llc());
    }
}
