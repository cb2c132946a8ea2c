//! MPLS labels (RFC 3032).

use crate::Reason;

/// One entry of a label stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MplsLabel(u32);

impl MplsLabel {
    /// Reads the entry at the front of `bytes`.
    pub fn parse(bytes: &[u8]) -> Result<Self, Reason> {
        Ok(Self(u32::from_be_bytes(*bytes.first_chunk().ok_or(Reason::Truncated)?)))
    }

    /// The label.
    pub fn label(self) -> u32 {
        self.0 >> 12
    }

    /// Whether this is the last entry of the stack.
    pub fn is_bottom(self) -> bool {
        self.0 & 0x100 != 0
    }

    /// Time to live.
    pub fn ttl(self) -> u8 {
        self.0 as u8
    }

    /// Length of an entry.
    pub const LEN: usize = 4;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields() {
        let bytes = [0x01, 0x00, 0x31, 0xff];
        let label = MplsLabel::parse(&bytes).unwrap();
        assert_eq!((label.label(), label.is_bottom(), label.ttl()), (0x1003, true, 255));
        for len in 0..MplsLabel::LEN {
            assert_eq!(MplsLabel::parse(&bytes[..len]), Err(Reason::Truncated));
        }
    }
}
