//! Frames that repeat an earlier one byte for byte: a tap that sees both sides of a switch.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};

/// The frames of the last while, by a keyed hash of their bytes.
pub(crate) struct Dedup {
    window: i64,
    hasher: RandomState,
    /// Time of the last frame with a hash.
    seen: HashMap<u64, i64>,
    order: VecDeque<(i64, u64)>,
    forgotten: u64,
}

impl Dedup {
    pub(crate) fn new(window: i64) -> Self {
        Self {
            window,
            hasher: RandomState::new(),
            seen: HashMap::new(),
            order: VecDeque::new(),
            forgotten: 0,
        }
    }

    /// Whether a frame has the bytes of one that came at most the window before it, and as many as that
    /// had on the wire: of those that a snap length has cut, the rest may differ.
    pub(crate) fn is_repeated(&mut self, time: i64, original: u32, bytes: &[u8]) -> bool {
        while self.order.front().is_some_and(|(then, _)| time.saturating_sub(*then) > self.window) {
            self.forget();
        }
        let hash = self.hasher.hash_one((original, bytes));
        let is_near = |then: &i64| time.abs_diff(*then) <= self.window.unsigned_abs();
        let repeated = self.seen.get(&hash).copied().filter(is_near);
        // What is dropped may be repeated, too.
        let last = repeated.map_or(time, |then| then.max(time));
        if self.seen.insert(hash, last) != Some(last) {
            self.order.push_back((last, hash));
        }
        if self.order.len() > FRAMES_MAX {
            self.forgotten += u64::from(self.forget());
        }
        repeated.is_some()
    }

    /// Frames forgotten before their time, because there were too many.
    pub(crate) fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// Forgets the oldest entry; whether a frame with it, which was not repeated since.
    fn forget(&mut self) -> bool {
        let oldest = self.order.pop_front();
        let is_last = oldest.is_some_and(|(then, hash)| self.seen.get(&hash) == Some(&then));
        if let (Some((_, hash)), true) = (oldest, is_last) {
            self.seen.remove(&hash);
        }
        is_last
    }
}

/// What the limit on frames that are remembered is called in accounts.
pub(crate) const DEDUP_FRAMES: &str = "dedup_frames";

/// Frames remembered at most.
const FRAMES_MAX: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::{Dedup, FRAMES_MAX};

    #[test]
    fn only_repetitions_within_the_window_are_dropped() {
        let mut dedup = Dedup::new(10);
        let frames: [(i64, &[u8], bool); 8] = [
            (0, b"a", false),
            (5, b"a", true),
            (10, b"b", false),
            (15, b"a", true),
            (26, b"a", false),
            (21, b"b", false),
            // Where times go back, what came later is not forgotten.
            (18, b"a", true),
            (36, b"a", true),
        ];
        for (time, bytes, repeated) in frames {
            assert_eq!(dedup.is_repeated(time, 1, bytes), repeated, "{bytes:?} at {time}");
        }
    }

    #[test]
    fn frames_of_other_lengths_are_others() {
        let mut dedup = Dedup::new(10);
        let lengths = [60, 61, 60].map(|original| dedup.is_repeated(0, original, b"cut"));
        assert_eq!(lengths, [false, false, true]);
    }

    #[test]
    fn frames_are_remembered_up_to_a_limit() {
        let mut dedup = Dedup::new(i64::MAX);
        for i in 0..FRAMES_MAX as u64 + 5 {
            dedup.is_repeated(0, 8, &i.to_be_bytes());
        }
        assert_eq!((dedup.seen.len(), dedup.forgotten()), (FRAMES_MAX, 5));
        assert!(!dedup.is_repeated(0, 8, &0_u64.to_be_bytes()));
        // One that is repeated without end is one.
        let mut dedup = Dedup::new(i64::MAX);
        let mut repeated =
            (0..FRAMES_MAX as i64 + 5).map(|time| dedup.is_repeated(time / 2, 1, b"a"));
        assert!(!repeated.next().unwrap() && repeated.all(|is_repeated| is_repeated));
        assert_eq!((dedup.seen.len(), dedup.forgotten()), (1, 0));
    }
}
