//! What is left of a frame at some header: the bytes, and how many there were on the wire.

/// The bytes from some header on.
///
/// Two ends are kept apart. `extent` ends where the bytes end by the claims of the headers around
/// them and the original length of the frame; `bytes` may end before that, where the snap length
/// cut. Neither goes beyond the claims, so padding is never read as a header.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rest<'a> {
    /// What was captured.
    pub(crate) bytes: &'a [u8],
    /// What there was.
    pub(crate) extent: Extent,
}

/// A part of a frame on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Extent {
    /// Where its first byte is in the frame.
    pub(crate) offset: u32,
    /// Its length.
    pub(crate) len: u32,
}

impl<'a> Rest<'a> {
    /// A whole frame that had `original` bytes on the wire.
    #[inline]
    pub(crate) fn new(bytes: &'a [u8], original: u32) -> Self {
        Self { bytes, extent: Extent { offset: 0, len: original.max(bytes.len() as u32) } }
    }

    /// Where the first byte is in the frame.
    #[inline]
    pub(crate) fn offset(self) -> u32 {
        self.extent.offset
    }

    /// Bytes there were on the wire; never less than were captured.
    #[inline]
    pub(crate) fn len(self) -> usize {
        self.extent.len as usize
    }

    /// What is after the first `n` bytes: nothing, if there are fewer.
    #[inline]
    pub(crate) fn skip(self, n: usize) -> Self {
        let extent = Extent {
            offset: self.extent.offset + n as u32,
            len: self.extent.len.saturating_sub(n as u32),
        };
        Self { bytes: self.bytes.get(n..).unwrap_or(&[]), extent }
    }

    /// At most the first `len` bytes.
    #[inline]
    pub(crate) fn limit(self, len: usize) -> Self {
        if len >= self.len() {
            return self;
        }
        let extent = Extent { len: len as u32, ..self.extent };
        Self { bytes: self.bytes.get(..len).unwrap_or(self.bytes), extent }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wire_end_and_the_captured_end_are_kept_apart() {
        let rest = Rest::new(&[1, 2, 3, 4], 10).skip(1);
        assert_eq!((rest.bytes, rest.offset(), rest.len()), (&[2, 3, 4][..], 1, 9));
        let limited = rest.limit(5);
        assert_eq!((limited.bytes, limited.len()), (&[2, 3, 4][..], 5));
        let limited = rest.limit(2);
        assert_eq!((limited.bytes, limited.len()), (&[2, 3][..], 2));
        let beyond = rest.skip(6);
        assert_eq!((beyond.bytes, beyond.offset(), beyond.len()), (&[][..], 7, 3));
        assert_eq!(rest.skip(20).len(), 0);
        assert_eq!(rest.limit(usize::MAX).len(), 9);
    }

    #[test]
    fn an_original_length_below_the_captured_one_is_not_believed() {
        assert_eq!(Rest::new(&[0; 8], 3).len(), 8);
    }
}
