//! What is kept of a flow's packets: one small record each, while sequences or medians need it.

use std::hint::black_box;

use flowloom_flow::{Arrival, Population, Seen};

use super::first_bytes::HEADERS_MAX;
use super::record::{PacketRecord, is_counted};
use crate::statistics::{GAPS_MAX, Scratch, Totals};

/// The counted packets of a flow.
///
/// The first records stay for the sequences. With statistics, later records wait in the same list
/// until there are [`FOLD_AT`] of them, and are then folded into totals.
#[derive(Clone, Debug)]
pub struct Log {
    /// Time of the flow's first packet, counted or not.
    start: Option<i64>,
    /// The kept records; the first `sequence_len` of them are the sequences.
    pub(crate) records: Vec<PacketRecord>,
    /// Records that are part of the sequences.
    pub(crate) sequence_len: usize,
    /// Whether a limit has ended the sequences.
    sequence_ended: bool,
    /// Bytes on the wire of the packets in the sequences.
    sequence_bytes: u64,
    /// Counted packets.
    pub(crate) counted: u64,
    /// Records already in `totals`, counted from the start of `records`.
    pub(crate) folded: usize,
    /// What was folded.
    pub(crate) totals: Option<Box<Totals>>,
    /// Whether records were given up because the partition's share of memory was used up.
    pub(crate) starved: bool,
}

/// How much is kept.
#[derive(Clone, Copy, Debug)]
pub struct LogLimits {
    /// Packets per sequence: 65,536 by default.
    pub sequence_max: usize,
    /// Nanoseconds per sequence, from the flow's first packet.
    pub sequence_nanos_max: Option<i64>,
    /// Bytes on the wire per sequence.
    pub sequence_bytes_max: Option<u64>,
    /// Bytes of records and of what is folded from them at a time, over all flows; beyond it,
    /// sequences are cut and medians of gaps null.
    pub log_bytes_max: usize,
    /// Bytes of lists of frames, over all flows; beyond it, frames are in no list.
    pub frames_bytes_max: usize,
    /// Packets of a flow whose bytes are kept, if any are: 10 by default.
    pub bytes_packets_max: usize,
    /// Bytes of payload that are kept of such a packet: 256 by default.
    pub bytes_payload_max: u32,
    /// Bytes of all such packets, over all flows; beyond it, flows have those of fewer packets.
    pub first_bytes_max: usize,
}

/// What the logs of a partition share.
#[derive(Debug)]
pub struct LogShared {
    /// Whether sequences are kept.
    pub sequences: bool,
    /// Whether statistics are kept.
    pub statistics: bool,
    /// How much is kept.
    pub limits: LogLimits,
    /// Which packets are counted.
    pub population: Population,
    /// Share of `log_bytes_max`.
    bytes_max: usize,
    /// Bytes in use.
    bytes: usize,
    /// Flows whose records were given up for want of memory.
    starved: u64,
    /// Medians of gaps that were given up because there were too many gaps.
    medians_given_up: u64,
    scratch: Scratch,
}

impl LogLimits {
    /// Lists of bytes: how many items they have, and how many bytes an item, at most.
    pub fn lists_of_bytes(&self) -> Vec<(&'static str, [usize; 2])> {
        let packets = self.bytes_packets_max;
        let payload = self.bytes_payload_max as usize;
        vec![
            ("header_bytes", [packets, HEADERS_MAX as usize]),
            ("payload_bytes", [packets, payload]),
        ]
    }
}

impl Default for LogLimits {
    fn default() -> Self {
        Self {
            sequence_max: 65_536,
            sequence_nanos_max: None,
            sequence_bytes_max: None,
            log_bytes_max: 2 << 30,
            frames_bytes_max: 2 << 30,
            bytes_packets_max: 10,
            bytes_payload_max: 256,
            first_bytes_max: 2 << 30,
        }
    }
}

impl Log {
    /// A log of no packets.
    pub(crate) const EMPTY: Self = Self {
        start: None,
        records: Vec::new(),
        sequence_len: 0,
        sequence_ended: false,
        sequence_bytes: 0,
        counted: 0,
        folded: 0,
        totals: None,
        starved: false,
    };

    /// Takes a packet of the flow.
    #[inline]
    pub(crate) fn packet(&mut self, arrival: &Arrival, seen: Seen, shared: &mut LogShared) {
        self.start.get_or_insert(arrival.time);
        if is_counted(arrival, seen, shared.population) {
            self.add(PacketRecord::of(arrival, seen), shared);
        }
    }

    /// Has the processor fetch what the next packet will change.
    #[inline]
    pub(crate) fn fetch(&self) {
        // The first field and the last: there are two cache lines of them.
        black_box((self.start, self.starved));
    }

    /// The same of what is found once the first is there.
    #[inline]
    pub(crate) fn fetch_more(&self) {
        black_box(self.records.last().map(|record| record.time));
    }

    /// The same of the first records.
    #[inline]
    pub(crate) fn fetch_records(&self) {
        for record in self.records.iter().take(RECORDS_NEAR).step_by(2) {
            black_box(record.time);
        }
    }

    /// The flow has ended.
    pub(crate) fn ended(&mut self, shared: &mut LogShared) {
        if shared.statistics && self.counted > GAPS_MAX as u64 {
            self.fold(None, shared);
            let given_up = self.totals.as_ref().map_or(0, |totals| totals.medians_given_up());
            shared.medians_given_up += if self.starved { 0 } else { given_up };
        }
        shared.bytes -= self.records.capacity() * RECORD_BYTES + self.totals_bytes();
    }

    /// Packets that were counted.
    pub fn counted(&self) -> u64 {
        self.counted
    }

    /// Records in memory.
    pub fn kept(&self) -> usize {
        self.records.len()
    }

    /// Those of them that are in the sequences.
    pub fn sequence(&self) -> &[PacketRecord] {
        &self.records[..self.sequence_len]
    }

    #[inline]
    fn add(&mut self, record: PacketRecord, shared: &mut LogShared) {
        self.counted += 1;
        let in_sequence = shared.sequences && self.extends_sequence(&record, &shared.limits);
        if !in_sequence && !shared.statistics {
            return;
        }
        if self.records.len() == self.records.capacity() && !self.grow(shared) {
            self.starve(record, shared);
            return;
        }
        self.records.push(record);
        if in_sequence {
            self.sequence_len += 1;
            self.sequence_bytes += u64::from(record.packet_len);
        }
    }

    /// Whether a packet is still within the limits of the sequences.
    #[inline]
    fn extends_sequence(&mut self, record: &PacketRecord, limits: &LogLimits) -> bool {
        if self.sequence_ended {
            return false;
        }
        let start = self.start.unwrap_or(record.time);
        let bytes = self.sequence_bytes + u64::from(record.packet_len);
        self.sequence_ended = self.sequence_len >= limits.sequence_max
            || limits.sequence_nanos_max.is_some_and(|max| record.time.saturating_sub(start) > max)
            || limits.sequence_bytes_max.is_some_and(|max| bytes > max);
        !self.sequence_ended
    }

    /// Makes room for another record; whether there is.
    #[cold]
    fn grow(&mut self, shared: &mut LogShared) -> bool {
        if shared.statistics && self.records.len() - self.folded >= FOLD_AT {
            self.fold(None, shared);
            if self.records.len() < self.records.capacity() {
                return true;
            }
        }
        let before = self.records.capacity();
        // By doubling, and by a quarter when the sequences alone are longer than what is folded.
        let more = before.clamp(FIRST_RECORDS, FOLD_AT.max(before / 4));
        if shared.bytes + more * RECORD_BYTES > shared.bytes_max {
            return false;
        }
        self.records.reserve_exact(more);
        shared.bytes += (self.records.capacity() - before) * RECORD_BYTES;
        true
    }

    /// There is no memory for another record: the statistics take it in at once.
    #[cold]
    fn starve(&mut self, record: PacketRecord, shared: &mut LogShared) {
        self.give_up(shared);
        if shared.statistics {
            self.fold(Some(record), shared);
        }
    }

    /// Memory is used up: sequences end here, medians of gaps are given up.
    fn give_up(&mut self, shared: &mut LogShared) {
        shared.starved += u64::from(!self.starved);
        self.starved = true;
        self.sequence_ended = true;
        shared.bytes -= self.totals_bytes();
        if let Some(totals) = &mut self.totals {
            totals.give_up_medians();
        }
        shared.bytes += self.totals_bytes();
    }

    /// Moves the records that have not been folded into the totals, then `last`, and forgets those
    /// that the sequences do not need.
    fn fold(&mut self, last: Option<PacketRecord>, shared: &mut LogShared) {
        shared.bytes -= self.totals_bytes();
        let totals = self.totals.get_or_insert_default();
        for records in [&self.records[self.folded..], last.as_slice()] {
            totals.add(records, !self.starved, &mut shared.scratch);
        }
        self.records.truncate(self.sequence_len);
        self.folded = self.records.len();
        shared.bytes += self.totals_bytes();
        if shared.bytes > shared.bytes_max && !self.starved {
            self.give_up(shared);
        }
    }

    fn totals_bytes(&self) -> usize {
        self.totals.as_ref().map_or(0, |totals| totals.bytes())
    }
}

impl LogShared {
    /// What the logs of one of `partitions` partitions share.
    pub fn new(
        sequences: bool,
        statistics: bool,
        limits: LogLimits,
        population: Population,
        partitions: usize,
    ) -> Self {
        let bytes_max = limits.log_bytes_max / partitions;
        let scratch = Scratch::default();
        Self {
            sequences,
            statistics,
            limits,
            population,
            bytes_max,
            bytes: 0,
            starved: 0,
            medians_given_up: 0,
            scratch,
        }
    }

    /// Whether anything is kept at all.
    #[inline]
    pub(crate) fn is_wanted(&self) -> bool {
        self.sequences || self.statistics
    }

    /// Whether so many packets may find that the memory is used up.
    ///
    /// They double the lists at most, and each list that is long enough may be folded.
    #[inline]
    pub(crate) fn is_short(&self, packets: usize) -> bool {
        let lists = 2 * self.bytes + packets * PACKET_BYTES_MAX;
        let folds = packets.min(1 + lists / (FOLD_AT * RECORD_BYTES));
        self.is_wanted() && lists + folds * STEP_BYTES_MAX > self.bytes_max
    }

    /// Flows whose records were given up for want of memory.
    pub fn starved(&self) -> u64 {
        self.starved
    }

    /// Medians that are null because there were more gaps of a kind than are kept; those of flows
    /// that were given up for want of memory are not among them.
    pub fn medians_given_up(&self) -> u64 {
        self.medians_given_up
    }
}

/// What folding a list of records into totals takes at once at most.
const STEP_BYTES_MAX: usize = 2 << 20;
const RECORD_BYTES: usize = size_of::<PacketRecord>();
/// What a packet adds to the lists at most, beside doubling one: a list begins with it.
const PACKET_BYTES_MAX: usize = (FIRST_RECORDS + 2) * RECORD_BYTES;
/// Records a flow's list begins with.
const FIRST_RECORDS: usize = 4;
/// Records that wait to be folded.
pub(crate) const FOLD_AT: usize = 4_096;

/// Records of a flow that are fetched at once.
const RECORDS_NEAR: usize = 16;

#[cfg(test)]
mod tests;
