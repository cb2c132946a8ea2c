//! Reading a frame's bytes, where each read may fail.

/// Where a byte is, from the start of the frame. There is nothing at negative offsets.
pub(super) type Offset = isize;

/// The captured bytes of a frame.
#[derive(Clone, Copy)]
pub(super) struct Bytes<'a>(pub(super) &'a [u8]);

impl Bytes<'_> {
    #[inline]
    pub(super) fn u8(self, at: Offset) -> Option<u8> {
        self.0.get(at as usize).copied()
    }

    #[inline]
    pub(super) fn u16(self, at: Offset) -> Option<u16> {
        self.array(at).map(u16::from_be_bytes)
    }

    #[inline]
    pub(super) fn u32(self, at: Offset) -> Option<u32> {
        self.array(at).map(u32::from_be_bytes)
    }

    #[inline]
    pub(super) fn array<const N: usize>(self, at: Offset) -> Option<[u8; N]> {
        self.0.get(at as usize..)?.first_chunk().copied()
    }
}
