//! Memory for what is read, used again and again.

use std::ops::Deref;

/// Bytes that were read.
///
/// A `Vec` would have to be zeroed before each read: this remembers how much of its memory has been
/// written at some time.
#[derive(Clone, Debug, Default)]
pub struct Buffer {
    /// Everything that was ever in use; what is beyond `len` is left over.
    memory: Vec<u8>,
    len: usize,
}

impl Buffer {
    /// Forgets the bytes, keeping the memory.
    pub(crate) fn clear(&mut self) {
        self.len = 0;
    }

    /// Forgets all but the first `len` bytes.
    pub(crate) fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    /// Forgets the first `count` bytes.
    pub(crate) fn forget_first(&mut self, count: usize) {
        self.memory.copy_within(count..self.len, 0);
        self.len -= count;
    }

    pub(crate) fn extend_from_slice(&mut self, bytes: &[u8]) {
        self.room(bytes.len(), bytes.len()).copy_from_slice(bytes);
        self.filled(bytes.len());
    }

    /// Room behind the bytes: as much as there is memory for or `len_min`, but `len_max` at most.
    pub(crate) fn room(&mut self, len_min: usize, len_max: usize) -> &mut [u8] {
        let free = self.memory.capacity() - self.len;
        let end = self.len + free.max(len_min).min(len_max);
        if self.memory.len() < end {
            self.memory.resize(end, 0);
        }
        &mut self.memory[self.len..end]
    }

    /// The memory it has.
    #[cfg(test)]
    pub(crate) fn capacity(&self) -> usize {
        self.memory.capacity()
    }

    /// The first `count` bytes of the room were written.
    pub(crate) fn filled(&mut self, count: usize) {
        self.len += count;
    }
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.memory[..self.len]
    }
}

#[cfg(test)]
mod tests {
    use super::Buffer;

    #[test]
    fn what_is_left_over_is_never_seen() {
        let mut buffer = Buffer::default();
        buffer.room(8, 8).fill(7);
        assert!(buffer.is_empty());
        buffer.filled(5);
        buffer.forget_first(3);
        assert_eq!(*buffer, [7, 7]);
        buffer.extend_from_slice(&[1]);
        assert_eq!(*buffer, [7, 7, 1]);
        buffer.truncate(1);
        buffer.extend_from_slice(&[2]);
        assert_eq!(*buffer, [7, 2]);
        assert_eq!((buffer.room(1, 3).len(), buffer.len()), (3, 2));
        buffer.clear();
        assert!(buffer.is_empty() && buffer.room(20, 10).len() == 10);
    }
}
