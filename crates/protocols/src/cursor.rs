//! Reading bytes from the front, with nested lengths.

/// Bytes that are read from the front. Every method gives `None` when there are too few.
#[derive(Clone, Copy, Debug)]
pub struct Cursor<'a> {
    bytes: &'a [u8],
}

impl<'a> Cursor<'a> {
    /// Reads `bytes` from the front.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// What has not been read.
    pub fn rest(&self) -> &'a [u8] {
        self.bytes
    }

    /// Bytes that have not been read.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether everything was read.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The next `len` bytes.
    pub fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(len)?;
        self.bytes = rest;
        Some(taken)
    }

    /// The next `N` bytes.
    pub fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.bytes.split_first_chunk()?;
        self.bytes = rest;
        Some(*taken)
    }

    /// One byte.
    pub fn u8(&mut self) -> Option<u8> {
        self.array().map(|[byte]| byte)
    }

    /// Two bytes, most significant first.
    pub fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    /// Three bytes, most significant first.
    pub fn u24(&mut self) -> Option<u32> {
        self.array().map(|[a, b, c]| u32::from_be_bytes([0, a, b, c]))
    }

    /// Four bytes, most significant first.
    pub fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    /// Eight bytes, most significant first.
    pub fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_be_bytes)
    }

    /// A cursor over the next `len` bytes.
    pub fn sub(&mut self, len: usize) -> Option<Self> {
        self.take(len).map(Self::new)
    }

    /// What follows a length of one byte.
    pub fn sub_u8(&mut self) -> Option<Self> {
        let len = self.u8()?;
        self.sub(len.into())
    }

    /// What follows a length of two bytes.
    pub fn sub_u16(&mut self) -> Option<Self> {
        let len = self.u16()?;
        self.sub(len.into())
    }

    /// What follows a length of three bytes.
    pub fn sub_u24(&mut self) -> Option<Self> {
        let len = self.u24()?;
        self.sub(len as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::Cursor;

    #[test]
    fn what_is_not_there_is_none_and_reads_nothing() {
        let mut cursor = Cursor::new(&[1, 2, 3]);
        assert_eq!(cursor.u32(), None);
        assert_eq!(cursor.u24(), Some(0x01_0203));
        assert!(cursor.is_empty() && cursor.u8().is_none());
    }

    #[test]
    fn nested_lengths_end_where_they_say() {
        let mut cursor = Cursor::new(&[0, 3, 1, 9, 7, 5]);
        let mut inner = cursor.sub_u16().unwrap();
        assert_eq!(inner.sub_u8().unwrap().rest(), [9]);
        assert_eq!((inner.rest(), cursor.rest()), (&[7][..], &[5][..]));
        assert!(cursor.sub_u8().is_none());
    }
}
