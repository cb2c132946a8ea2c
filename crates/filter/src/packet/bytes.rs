//! Reading a frame's bytes, where each read may fail.

/// The captured bytes of a frame. Offsets are 32-bit and wrap around, as in tcpdump's machine:
/// `ip[-1]` is the byte before the IP header.
#[derive(Clone, Copy)]
pub(super) struct Bytes<'a>(pub(super) &'a [u8]);

impl Bytes<'_> {
    #[inline]
    pub(super) fn u8(self, at: u32) -> Option<u8> {
        self.0.get(at as usize).copied()
    }

    #[inline]
    pub(super) fn u16(self, at: u32) -> Option<u16> {
        self.array(at).map(u16::from_be_bytes)
    }

    #[inline]
    pub(super) fn u32(self, at: u32) -> Option<u32> {
        self.array(at).map(u32::from_be_bytes)
    }

    #[inline]
    pub(super) fn u128(self, at: u32) -> Option<u128> {
        self.array(at).map(u128::from_be_bytes)
    }

    #[inline]
    pub(super) fn array<const N: usize>(self, at: u32) -> Option<[u8; N]> {
        self.0.get(at as usize..)?.first_chunk().copied()
    }
}
