//! Packet records to distributions: what statistics are computed from.

use super::{Summary, extent, moments_of_gaps};
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
    lengths: Vec<[u32; LENGTHS]>,
    values: Vec<u32>,
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
        scratch
            .lengths
            .extend(of_side.map(|record| {
                [record.packet_len, record.ip_len, record.trans_len, record.app_len]
            }));
        // The four lengths of packets mostly rise together: sorted by one, the others nearly are.
        scratch.lengths.sort_unstable();
        for (i, sequence) in self.lengths.iter_mut().enumerate() {
            scratch.values.clear();
            scratch.values.extend(scratch.lengths.iter().map(|lengths| lengths[i]));
            if !scratch.values.is_sorted() {
                scratch.values.sort_unstable();
            }
            count_sorted(&scratch.values, &mut sequence[side], &mut scratch.merged);
        }
    }
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
        self.moments = self.moments.join(moments_of_gaps(&self.values));
        self.extent = match (self.extent, extent(&self.values)) {
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

/// Adds sorted values to a list of values and how often each occurs.
fn count_sorted(values: &[u32], counted: &mut Vec<(u32, u64)>, merged: &mut Vec<(u32, u64)>) {
    let runs = values.chunk_by(|a, b| a == b).map(|run| (run[0], run.len() as u64));
    if counted.is_empty() {
        counted.extend(runs);
    } else if values.len() < FEW {
        // Without memory for records, packets come one by one: the list is not to be copied for
        // each of them.
        for (value, times) in runs {
            match counted.binary_search_by_key(&value, |(value, _)| *value) {
                Ok(at) => counted[at].1 += times,
                Err(at) => counted.insert(at, (value, times)),
            }
        }
    } else {
        merge(counted.iter().copied(), runs, merged);
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
    while let Some((left, right)) = a.peek().copied().zip(b.peek().copied()) {
        let times = if left.0 <= right.0 { left.1 } else { 0 }
            + if right.0 <= left.0 { right.1 } else { 0 };
        merged.push((left.0.min(right.0), times));
        if left.0 <= right.0 {
            a.next();
        }
        if right.0 <= left.0 {
            b.next();
        }
    }
    merged.extend(a.chain(b));
}
