//! What packet filters and `IPsec` of the BSDs put before a packet: `LINKTYPE_PFLOG` and
//! `LINKTYPE_ENC`.

use crate::Reason;

/// The header of a packet that `pf` logged.
#[derive(Clone, Copy, Debug)]
pub struct Pflog<'a> {
    fixed: &'a [u8; FIXED_LEN],
}

impl<'a> Pflog<'a> {
    /// Views the header at the front of `bytes`.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Reason> {
        let pflog = Self { fixed: bytes.first_chunk().ok_or(Reason::Truncated)? };
        if usize::from(pflog.fixed[0]) < LEN_MIN {
            return Err(Reason::BadLength);
        }
        if pflog.header_len() > bytes.len() { Err(Reason::Truncated) } else { Ok(pflog) }
    }

    /// Length of the header with the padding that its own length does not count.
    pub fn header_len(&self) -> usize {
        usize::from(self.fixed[0]).next_multiple_of(4)
    }
}

/// Length of the header before a packet that `IPsec` took in or out: address family, security
/// parameters index, flags.
pub const ENC_LEN: usize = 12;

const FIXED_LEN: usize = 2;
/// Up to the direction, which all versions have.
const LEN_MIN: usize = 48;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pflog() {
        let mut bytes = [0; 64];
        bytes[..2].copy_from_slice(&[61, 2]);
        assert_eq!(Pflog::parse(&bytes).unwrap().header_len(), 64);
        for len in 0..bytes.len() {
            assert_eq!(Pflog::parse(&bytes[..len]).unwrap_err(), Reason::Truncated);
        }
        bytes[0] = 12;
        assert_eq!(Pflog::parse(&bytes).unwrap_err(), Reason::BadLength);
    }
}
