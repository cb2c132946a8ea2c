//! Partitions of flows, in groups that one thread at a time works on.

use flowloom_features::{FirstBytesShared, FramesShared, Kept, KeptShared, LogShared, TraceShared};
use flowloom_flow::{Arrival, Ended, Origin, PARTITIONS, Partition, RecordPlace};
use flowloom_protocols::{Lesson, Shared as TalkShared, TranscriptShared};
use flowloom_wire::{Options, tunnel_path};

use super::work::{Work, share};
use super::{IpDatagram, Plan, Taken};
use crate::Account;
use crate::account::FRAMES_BYTES;

/// Some of the partitions.
pub(crate) struct Group {
    /// The number of its first partition.
    first: usize,
    partitions: Vec<Partition<Kept>>,
}

impl Group {
    /// All partitions in `groups` groups.
    pub(crate) fn all(plan: &Plan<'_>, groups: usize) -> Vec<Self> {
        let needs = plan.needs();
        let (limits, population) = (plan.config.log, plan.flow().population);
        let partition = |_| {
            let (sequences, statistics) = (needs.sequences, needs.statistics);
            let log = LogShared::new(sequences, statistics, limits, population, PARTITIONS);
            let frames = FramesShared::new(needs.frames, limits.frames_bytes_max, PARTITIONS);
            let first = needs.bytes.then(|| FirstBytesShared::new(&limits, population, PARTITIONS));
            let (talk, transcript) = (talk(plan), transcript(plan));
            let trace = plan.takes.packets.then(|| TraceShared::new(population));
            Partition::new(plan.flow(), KeptShared { log, frames, first, talk, transcript, trace })
        };
        (0..groups)
            .map(|index| share(index, groups))
            .map(|share| Self { first: share.start, partitions: share.map(partition).collect() })
            .collect()
    }

    /// Takes a block in; blocks come in order. Gives the flows that ended, with the last block all.
    pub(crate) fn take(&mut self, work: &Work, plan: &Plan<'_>) -> Harvest {
        let mut harvest = Harvest::default();
        let clocks = work.clocks();
        let origin = Frames { work, options: &plan.config.wire };
        work.coming().go_to(&mut self.partitions, self.first, &origin, &mut harvest.ended);
        for partition in &self.partitions {
            partition.fetch_due(clocks);
        }
        for partition in &mut self.partitions {
            partition.expire(clocks, &mut harvest.ended);
            if work.is_last {
                partition.drain(&mut harvest.ended);
            }
            harvest.gather(partition.shared_mut());
        }
        harvest
    }

    pub(crate) fn add_to(&self, account: &mut Account) {
        for partition in &self.partitions {
            let counts = partition.counts();
            account.reach("flows", counts.evicted);
            account.reach("tcp_holes", counts.holes_forgotten);
            let KeptShared { log, frames, first, talk, transcript, .. } = partition.shared();
            account.reach(FRAMES_BYTES, frames.dropped());
            account.reach("first_bytes", first.as_ref().map_or(0, FirstBytesShared::starved));
            account.reach("log_bytes", log.starved());
            account.reach("gap_medians", log.medians_given_up());
            if let Some(counts) = talk.as_ref().map(TalkShared::counts) {
                account.reach("conversation_bytes", counts.starved);
                account.reach("message_bytes", counts.messages_too_long);
                account.reach("messages", counts.messages_dropped);
                account.stream_bytes_lost += counts.bytes_lost;
            }
            let starved = transcript.as_ref().map_or(0, TranscriptShared::starved);
            account.reach("stream_bytes", starved);
        }
    }
}

/// What the conversations of a partition share, if anything of what they say is wanted.
fn talk(plan: &Plan<'_>) -> Option<TalkShared> {
    let wants = plan.wants();
    let limits = plan.config.said;
    (!wants.is_none())
        .then(|| TalkShared::new(plan.config.registry.clone(), wants, limits, PARTITIONS))
}

/// What the transcripts of a partition share, if they are wanted.
fn transcript(plan: &Plan<'_>) -> Option<TranscriptShared> {
    let only = plan.takes.transcripts.clone()?;
    Some(TranscriptShared::new(plan.config.said, only, PARTITIONS))
}

/// What a block gave.
#[derive(Default)]
pub(crate) struct Harvest {
    /// The flows that ended.
    pub(crate) ended: Vec<Ended<Kept>>,
    /// What flows taught about others.
    pub(crate) lessons: Vec<Lesson>,
    /// What flows said.
    pub(crate) taken: Taken,
}

impl Harvest {
    /// What the serial stage gave.
    pub(crate) fn of_datagrams(datagrams: Vec<IpDatagram>) -> Self {
        let mut harvest = Self::default();
        harvest.taken.add_datagrams(datagrams);
        harvest
    }

    pub(crate) fn extend(&mut self, other: Self) {
        self.ended.extend(other.ended);
        self.lessons.extend(other.lessons);
        self.taken.extend(other.taken);
    }

    /// Takes away what waits in a partition.
    fn gather(&mut self, shared: &mut KeptShared) {
        if let Some(talk) = &mut shared.talk {
            self.lessons.append(&mut talk.lessons);
            self.taken.add_bodies(std::mem::take(&mut talk.bodies));
        }
        if let Some(transcript) = &mut shared.transcript {
            self.taken.add(std::mem::take(&mut transcript.pieces));
        }
        if let Some(trace) = &mut shared.trace {
            self.taken.add_packets(&mut trace.packets);
        }
    }
}

/// The frames of a block.
struct Frames<'a> {
    work: &'a Work,
    options: &'a Options,
}

impl Origin for Frames<'_> {
    fn frame(&self, arrival: &Arrival) -> &[u8] {
        if let Some(around) = self.work.around.get(&arrival.frame) {
            return around.bytes();
        }
        self.work.frame_of(arrival).map_or(&[], |frame| self.work.block.data(frame))
    }

    fn bytes(&self, arrival: &Arrival) -> &[u8] {
        self.work.bytes(arrival).unwrap_or(&[])
    }

    fn tunnel(&self, arrival: &Arrival) -> Option<String> {
        if let Some(around) = self.work.around.get(&arrival.frame) {
            return Some(around.tunnel());
        }
        let frame = self.work.frame_of(arrival)?;
        let data = self.work.block.data(frame);
        Some(tunnel_path(frame.link, data, frame.original, self.options).to_string())
    }

    fn records(&self, arrival: &Arrival, take: &mut dyn FnMut(RecordPlace)) {
        match self.work.records.get(&arrival.frame) {
            Some(records) => records.iter().copied().for_each(take),
            None => self.work.record(arrival.index).into_iter().for_each(take),
        }
    }
}
