//! Bytes of a direction that its parser has not consumed, and the packets that brought them.

use std::collections::VecDeque;

use crate::Stamp;

/// Bytes that wait for those after them.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    bytes: Vec<u8>,
    /// How far each packet reaches, counted from the first byte there ever was.
    stamps: VecDeque<(usize, Stamp)>,
    /// Bytes that were consumed, counted likewise.
    consumed: usize,
}

impl Inbox {
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Memory in use.
    pub(super) fn held(&self) -> usize {
        self.bytes.capacity()
    }

    pub(super) fn push(&mut self, bytes: &[u8], stamp: Stamp) {
        if !bytes.is_empty() {
            self.bytes.extend_from_slice(bytes);
            self.stamps.push_back((self.consumed + self.bytes.len(), stamp));
        }
    }

    /// The bytes, the packets that brought them, and what the packets' reach is counted from.
    pub(super) fn view(&mut self) -> (&[u8], &[(usize, Stamp)], usize) {
        (&self.bytes, self.stamps.make_contiguous(), self.consumed)
    }

    /// Forgets the first bytes.
    pub(super) fn consume(&mut self, len: usize) {
        self.consumed += len;
        self.bytes.drain(..len);
        while self.stamps.front().is_some_and(|(end, _)| *end <= self.consumed) {
            self.stamps.pop_front();
        }
        if self.bytes.is_empty() {
            // A large message does not come twice to most flows.
            self.bytes = Vec::new();
        }
    }

    pub(super) fn clear(&mut self) {
        self.consume(self.bytes.len());
    }
}
