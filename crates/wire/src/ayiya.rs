//! AYIYA: IPv6 in UDP, signed (draft-massar-v6ops-ayiya-02, section 4).

use crate::Reason;

/// An AYIYA header with its identity and signature.
#[derive(Clone, Copy, Debug)]
pub struct Ayiya<'a> {
    fixed: &'a [u8; FIXED_LEN],
}

impl<'a> Ayiya<'a> {
    /// Views the header at the front of `bytes`.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Reason> {
        let ayiya = Self { fixed: bytes.first_chunk().ok_or(Reason::Truncated)? };
        if ayiya.header_len() > bytes.len() { Err(Reason::Truncated) } else { Ok(ayiya) }
    }

    /// Whether a packet is forwarded, rather than an echo asked for or the like.
    pub fn is_forwarded(&self) -> bool {
        self.fixed[2] & 0x0f == OPERATION_FORWARD
    }

    /// Protocol number of what follows.
    pub fn next_header(&self) -> u8 {
        self.fixed[3]
    }

    /// Length of the header: the identity's is a power of two, the signature's in words.
    pub fn header_len(&self) -> usize {
        let identity = 1 << (self.fixed[0] >> 4);
        let signature = usize::from(self.fixed[1] >> 4) * 4;
        FIXED_LEN + identity + signature
    }
}

/// Lengths and kinds, operation, next header, and the time of day.
const FIXED_LEN: usize = 8;
const OPERATION_FORWARD: u8 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields() {
        // An integer of 16 bytes, a SHA-1 of 20, a shared secret, forward, IPv6.
        let mut bytes = [0; 44];
        bytes[..4].copy_from_slice(&[0x41, 0x52, 0x11, 41]);
        let ayiya = Ayiya::parse(&bytes).unwrap();
        assert_eq!((ayiya.header_len(), ayiya.next_header()), (44, 41));
        assert!(ayiya.is_forwarded());
        for len in 0..bytes.len() {
            assert_eq!(Ayiya::parse(&bytes[..len]).unwrap_err(), Reason::Truncated);
        }
        bytes[2] = 0x10;
        assert!(!Ayiya::parse(&bytes).unwrap().is_forwarded());
    }
}
