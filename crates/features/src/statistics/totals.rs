//! Packet records to distributions: what statistics are computed from.

use super::{Summary, moments_of_gaps};
use crate::kept::PacketRecord;
use crate::moments::Moments;

/// The distributions of a flow's lengths and gaps.
///
/// Lengths are kept as how often each occurs, which is exact for any number of packets; gaps as
/// they are up to [`GAPS_MAX`] of a kind, and as moments beyond.
#[derive(Clone, Debug, Default)]
pub(crate) struct Totals {
    /// For each of the four length sequences: what went up, what went down.
    pub(super) lengths: [[Vec<(u32, u64)>; 2]; LENGTHS],
    /// Gaps between all packets, between those up, between those down.
    pub(super) gaps: [Gaps; 3],
}

/// The gaps of one kind.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gaps {
    last: Option<i64>,
    values: Vec<i64>,
    /// Whether there were more values than are kept; then they are in `moments`.
    overflowed: bool,
    moments: Moments,
    /// The smallest and the largest of them.
    extent: Option<(i64, i64)>,
}

/// Lists that are filled anew for each flow.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    /// The four lengths of each packet, in one number: these are compared at once.
    lengths: Vec<u128>,
    /// The lengths that packets have, and how many have them.
    runs: Vec<([u32; LENGTHS], u64)>,
    values: Vec<(u32, u64)>,
    merged: Vec<(u32, u64)>,
}

/// Length sequences: frames, IP, transport, payload.
pub(crate) const LENGTHS: usize = 4;
/// Gaps of a kind whose median is still told.
pub(crate) const GAPS_MAX: usize = 65_536;
/// Values that are put into a list one by one.
const FEW: usize = 16;

impl Totals {
    /// Empties the totals, keeping their memory.
    pub(crate) fn clear(&mut self) {
        self.lengths.iter_mut().flatten().for_each(Vec::clear);
        for gaps in &mut self.gaps {
            let mut values = std::mem::take(&mut gaps.values);
            values.clear();
            *gaps = Gaps { values, ..Gaps::default() };
        }
    }

    /// Takes further records in; without `median`, gaps are not kept one by one.
    pub(crate) fn add(&mut self, records: &[PacketRecord], median: bool, scratch: &mut Scratch) {
        for (side, up) in [(0, true), (1, false)] {
            self.add_lengths(records, side, up, scratch);
        }
        for record in records {
            self.gaps[0].add(record.time);
            self.gaps[if record.is_up() { 1 } else { 2 }].add(record.time);
        }
        for gaps in &mut self.gaps {
            gaps.bound(median);
        }
    }

    /// Gives the single gaps up, and with them their medians.
    pub(crate) fn give_up_medians(&mut self) {
        for gaps in &mut self.gaps {
            gaps.bound(false);
        }
    }

    /// Kinds of gaps there are too many of for a median.
    pub(crate) fn medians_given_up(&self) -> u64 {
        self.gaps.iter().filter(|gaps| gaps.overflowed).count() as u64
    }

    /// Memory that is held.
    pub(crate) fn bytes(&self) -> usize {
        let lengths = self.lengths.iter().flatten().map(Vec::capacity).sum::<usize>();
        let gaps = self.gaps.iter().map(|gaps| gaps.values.capacity()).sum::<usize>();
        size_of::<Self>() + lengths * size_of::<(u32, u64)>() + gaps * size_of::<i64>()
    }

    fn add_lengths(
        &mut self,
        records: &[PacketRecord],
        side: usize,
        up: bool,
        scratch: &mut Scratch,
    ) {
        scratch.lengths.clear();
        let of_side = records.iter().filter(|record| record.is_up() == up);
        scratch.lengths.extend(of_side.map(|record| {
            pack([record.packet_len, record.ip_len, record.trans_len, record.app_len])
        }));
        scratch.lengths.sort_unstable();
        scratch.runs.clear();
        let runs = scratch.lengths.chunk_by(|a, b| a == b);
        scratch.runs.extend(runs.map(|run| (unpack(run[0]), run.len() as u64)));
        for (i, sequence) in self.lengths.iter_mut().enumerate() {
            let (counted, merged) = (&mut sequence[side], &mut scratch.merged);
            let values = scratch.runs.iter().map(|(lengths, times)| (lengths[i], *times));
            // The four lengths of packets mostly rise together: sorted by one, the others are.
            if scratch.runs.is_sorted_by_key(|(lengths, _)| lengths[i]) {
                count_sorted(values, counted, merged);
            } else {
                scratch.values.clear();
                scratch.values.extend(values);
                scratch.values.sort_unstable();
                count_sorted(scratch.values.iter().copied(), counted, merged);
            }
        }
    }
}

/// Lengths in one number that is larger where the first that differs is.
fn pack([packet, ip, trans, app]: [u32; LENGTHS]) -> u128 {
    let both = |high: u32, low: u32| u64::from(high) << 32 | u64::from(low);
    u128::from(both(packet, ip)) << 64 | u128::from(both(trans, app))
}

/// The lengths of such a number.
fn unpack(packed: u128) -> [u32; LENGTHS] {
    [packed >> 96, packed >> 64, packed >> 32, packed].map(|length| length as u32)
}

impl Gaps {
    #[inline]
    fn add(&mut self, time: i64) {
        if let Some(last) = self.last.replace(time) {
            self.values.push(time.saturating_sub(last));
        }
    }

    /// Moves the values into moments when there are more of them than are kept.
    fn bound(&mut self, keep: bool) {
        if !self.overflowed && keep && self.values.len() <= GAPS_MAX {
            return;
        }
        self.overflowed = true;
        let (moments, extent) = moments_of_gaps(&self.values);
        self.moments = self.moments.join(moments);
        self.extent = match (self.extent, extent) {
            (Some((min, max)), Some((low, high))) => Some((min.min(low), max.max(high))),
            (before, more) => before.or(more),
        };
        self.values = Vec::new();
    }

    /// The statistics; the values may come out in another order.
    pub(super) fn summary(&mut self) -> Summary<f64> {
        if !self.overflowed {
            return Summary::of_gaps(&mut self.values);
        }
        self.bound(false);
        Summary::of_moments(self.moments, self.extent, || None)
    }
}

/// Adds values and how often each occurs, in rising order but perhaps more than once, to a list of
/// such.
fn count_sorted(
    values: impl ExactSizeIterator<Item = (u32, u64)>,
    counted: &mut Vec<(u32, u64)>,
    merged: &mut Vec<(u32, u64)>,
) {
    if counted.is_empty() {
        counted.reserve(values.len());
        for counts in values {
            push(counted, counts);
        }
    } else if values.len() < FEW {
        // Without memory for records, packets come one by one: the list is not to be copied for
        // each of them.
        for (value, times) in values {
            match counted.binary_search_by_key(&value, |(value, _)| *value) {
                Ok(at) => counted[at].1 += times,
                Err(at) => counted.insert(at, (value, times)),
            }
        }
    } else {
        merge(counted.iter().copied(), values, merged);
        counted.clear();
        counted.extend_from_slice(merged);
    }
}

/// Joins two lists of values and how often each occurs, both in rising order.
pub(super) fn merge(
    a: impl Iterator<Item = (u32, u64)>,
    b: impl Iterator<Item = (u32, u64)>,
    merged: &mut Vec<(u32, u64)>,
) {
    merged.clear();
    let (mut a, mut b) = (a.peekable(), b.peekable());
    while let Some((left, right)) = a.peek().zip(b.peek()) {
        let next = if left.0 <= right.0 { a.next() } else { b.next() };
        if let Some(counts) = next {
            push(merged, counts);
        }
    }
    for counts in a.chain(b) {
        push(merged, counts);
    }
}

/// Appends a value, and how often it occurs, that is no smaller than the last.
#[inline]
fn push(counted: &mut Vec<(u32, u64)>, (value, times): (u32, u64)) {
    match counted.last_mut() {
        Some(last) if last.0 == value => last.1 += times,
        _ => counted.push((value, times)),
    }
}
