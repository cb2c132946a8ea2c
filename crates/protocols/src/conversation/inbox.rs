//! Bytes of a direction that its parser has not consumed, and the packets that brought them.

use crate::Stamp;

/// Bytes that wait for those after them. Consuming costs as much as what is consumed, over all.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    /// Bytes, the first `consumed` of them done with.
    bytes: Vec<u8>,
    consumed: usize,
    /// How far each packet reaches in `bytes`, the first `passed` of them done with.
    stamps: Vec<(usize, Stamp)>,
    passed: usize,
}

impl Inbox {
    pub(crate) fn len(&self) -> usize {
        self.bytes.len() - self.consumed
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Memory in use.
    pub(crate) fn held(&self) -> usize {
        self.bytes.capacity() + self.stamps.capacity() * size_of::<(usize, Stamp)>()
    }

    pub(crate) fn push(&mut self, bytes: &[u8], stamp: Stamp) {
        if !bytes.is_empty() {
            self.tidy();
            self.bytes.extend_from_slice(bytes);
            self.stamps.push((self.bytes.len(), stamp));
        }
    }

    /// The bytes, the packets that brought them, and what the packets' reach is counted from.
    pub(crate) fn view(&self) -> (&[u8], &[(usize, Stamp)], usize) {
        (&self.bytes[self.consumed..], &self.stamps[self.passed..], self.consumed)
    }

    /// Forgets the first bytes.
    pub(crate) fn consume(&mut self, len: usize) {
        self.consumed += len;
        if self.is_empty() {
            // A large message does not come twice to most flows.
            *self = Self::default();
            return;
        }
        while self.stamps.get(self.passed).is_some_and(|(end, _)| *end <= self.consumed) {
            self.passed += 1;
        }
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Moves what is left to the front, once that is no more than what was consumed.
    fn tidy(&mut self) {
        if self.consumed > 0 && self.len() <= self.consumed {
            self.bytes.drain(..self.consumed);
            self.stamps.drain(..self.passed);
            for (end, _) in &mut self.stamps {
                *end -= self.consumed;
            }
            (self.consumed, self.passed) = (0, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Inbox;
    use crate::Stamp;

    proptest! {
        /// Bytes and stamps are those that were pushed and not consumed; what was is not kept.
        #[test]
        fn what_was_not_consumed_is_there(steps in prop::collection::vec((0_usize..50, 0_usize..60), 1..60)) {
            let (mut inbox, mut model) = (Inbox::default(), Vec::new());
            let mut peak = 0;
            for ((push, consume), frame) in steps.into_iter().zip(1..) {
                let stamp = Stamp { frame, time: 0 };
                inbox.push(&vec![frame as u8; push], stamp);
                model.extend(std::iter::repeat_n(frame, push));
                peak = peak.max(model.len());
                let consume = consume.min(model.len());
                inbox.consume(consume);
                model.drain(..consume);
                let (bytes, stamps, base) = inbox.view();
                prop_assert_eq!(bytes, model.iter().map(|frame| *frame as u8).collect::<Vec<_>>());
                for (at, frame) in model.iter().enumerate() {
                    let brought = stamps.partition_point(|(end, _)| *end <= base + at);
                    prop_assert_eq!(stamps[brought].1.frame, *frame);
                }
                prop_assert!(inbox.bytes.capacity() <= 4 * peak + 64, "{}", inbox.bytes.capacity());
            }
        }
    }
}
