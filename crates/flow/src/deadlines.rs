//! When the flows of a partition are due: a calendar whose present page is in order.
//!
//! A packet moves its flow's deadline without coming here. An entry whose time has come is held
//! against its flow then, and goes back with the true deadline if that is later: so a flow costs an
//! entry per timeout, not per packet. Entries of later days wait unsorted, which is cheap to add to,
//! and to go through where memory is far away.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

/// The entries of a partition.
#[derive(Debug)]
pub(crate) struct Deadlines {
    /// Those of the present day and before.
    near: BinaryHeap<Reverse<Entry>>,
    /// Those of later days.
    far: BTreeMap<i64, Vec<Entry>>,
    /// The present day.
    today: i64,
    /// The first of the later days that has entries.
    next_day: i64,
    len: usize,
}

/// When a flow is due if it gets no more packets. Ordered by deadline, then flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Entry {
    /// The flow ends when the clock is past this.
    pub(crate) deadline: i64,
    /// The flow's first frame.
    pub(crate) id: u64,
    /// The clock when it began.
    pub(crate) begun: i64,
    /// Where it is in the partition.
    pub(crate) slot: u32,
    /// Whether packets can move the deadline.
    pub(crate) is_final: bool,
}

impl Deadlines {
    pub(crate) fn new() -> Self {
        let (near, far) = (BinaryHeap::new(), BTreeMap::new());
        Self { near, far, today: i64::MIN, next_day: i64::MAX, len: 0 }
    }

    /// Nothing is due at `now`: a quick answer for most blocks.
    #[inline]
    pub(crate) fn is_quiet(&self, now: i64) -> bool {
        day(now) < self.next_day && self.first().is_none_or(|entry| entry.deadline >= now)
    }

    pub(crate) fn push(&mut self, entry: Entry) {
        self.len += 1;
        let day = day(entry.deadline);
        if day <= self.today {
            self.near.push(Reverse(entry));
        } else {
            self.far.entry(day).or_default().push(entry);
            self.next_day = self.next_day.min(day);
        }
    }

    /// Turns to the next day that has entries, if that is not after `now`; gives them, unsorted.
    pub(crate) fn turn(&mut self, now: i64) -> Vec<Entry> {
        if day(now) < self.next_day {
            return Vec::new();
        }
        let Some((day, entries)) = self.far.pop_first() else { return Vec::new() };
        self.today = day;
        self.find_next_day();
        self.len -= entries.len();
        entries
    }

    /// The first entry of the present day.
    #[inline]
    pub(crate) fn first(&self) -> Option<Entry> {
        self.near.peek().map(|Reverse(entry)| *entry)
    }

    /// That entry and others that are among the first.
    #[inline]
    pub(crate) fn first_few(&self) -> impl Iterator<Item = &Entry> {
        self.near.as_slice().iter().take(FEW).map(|Reverse(entry)| entry)
    }

    /// Takes that entry out.
    pub(crate) fn pop(&mut self) {
        self.len -= usize::from(self.near.pop().is_some());
    }

    /// All entries, those of flows that ended before their time included.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Forgets the entries that no longer count.
    pub(crate) fn retain(&mut self, mut counts: impl FnMut(&Entry) -> bool) {
        self.near.retain(|Reverse(entry)| counts(entry));
        for entries in self.far.values_mut() {
            entries.retain(&mut counts);
        }
        self.far.retain(|_, entries| !entries.is_empty());
        self.find_next_day();
        self.len = self.near.len() + self.far.values().map(Vec::len).sum::<usize>();
    }

    fn find_next_day(&mut self) {
        self.next_day = self.far.first_key_value().map_or(i64::MAX, |(day, _)| *day);
    }
}

/// A day is of 2^34 nanoseconds, 17 seconds: a few for each timeout, some flows for each.
fn day(time: i64) -> i64 {
    time >> 34
}

/// The first three entries of a heap are the first and one or both of those that follow it.
const FEW: usize = 3;
