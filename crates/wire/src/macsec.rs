//! `MACsec` (IEEE 802.1AE, clause 9): the tag before what it protects, encrypted or not.

use crate::Reason;

/// A security tag.
#[derive(Clone, Copy, Debug)]
pub struct Macsec<'a> {
    fixed: &'a [u8; FIXED_LEN],
}

impl<'a> Macsec<'a> {
    /// Views the tag at the front of `bytes`.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Reason> {
        let tag = Self { fixed: bytes.first_chunk().ok_or(Reason::Truncated)? };
        if tag.fixed[0] & FLAG_VERSION != 0 {
            return Err(Reason::BadVersion);
        }
        if tag.header_len() > bytes.len() { Err(Reason::Truncated) } else { Ok(tag) }
    }

    /// Length of the tag, with the channel's identifier if there is one.
    pub fn header_len(&self) -> usize {
        if self.fixed[0] & FLAG_CHANNEL == 0 { FIXED_LEN } else { FIXED_LEN + CHANNEL_LEN }
    }

    /// Whether what follows was sent as it is: an `EtherType` and its payload.
    pub fn is_plain(&self) -> bool {
        self.fixed[0] & (FLAG_ENCRYPTED | FLAG_CHANGED) == 0
    }

    /// Length of what is protected, of `rest_len` bytes after the tag: short frames say it, of
    /// others the integrity check value is at the end.
    pub fn payload_len(&self, rest_len: usize) -> usize {
        match usize::from(self.fixed[1] & 0x3f) {
            0 => rest_len.saturating_sub(CHECK_LEN),
            len => len,
        }
    }
}

/// Flags, short length, packet number.
const FIXED_LEN: usize = 6;
const CHANNEL_LEN: usize = 8;
/// Of all cipher suites that the standard has.
const CHECK_LEN: usize = 16;
const FLAG_VERSION: u8 = 0x80;
const FLAG_CHANNEL: u8 = 0x20;
const FLAG_ENCRYPTED: u8 = 0x08;
const FLAG_CHANGED: u8 = 0x04;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields() {
        // Of tcpdump's macsec-short-longer.pcap.
        let mut bytes = [0x20, 34, 0, 0, 0, 66, 0xca, 0xf9, 0xdf, 0x4f, 0x50, 0x9a, 0, 100];
        let tag = Macsec::parse(&bytes).unwrap();
        assert_eq!((tag.header_len(), tag.payload_len(56)), (14, 34));
        assert!(tag.is_plain());
        for len in 0..bytes.len() {
            assert_eq!(Macsec::parse(&bytes[..len]).unwrap_err(), Reason::Truncated);
        }
        bytes[..2].copy_from_slice(&[0x0c, 0]);
        let tag = Macsec::parse(&bytes).unwrap();
        assert_eq!((tag.header_len(), tag.payload_len(100)), (6, 84));
        assert!(!tag.is_plain());
        bytes[0] = 0x80;
        assert_eq!(Macsec::parse(&bytes).unwrap_err(), Reason::BadVersion);
    }
}
