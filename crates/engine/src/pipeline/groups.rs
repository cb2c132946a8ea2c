//! Partitions of flows, in groups that one thread at a time works on.

use flowloom_features::{LogShared, PacketLog};
use flowloom_flow::{Arrival, Ended, Origin, PARTITIONS, Partition};
use flowloom_wire::{Options, tunnel_path};

use super::Plan;
use super::work::{Work, share};
use crate::Account;

/// Some of the partitions.
pub(crate) struct Group {
    /// The number of its first partition.
    first: usize,
    partitions: Vec<Partition<PacketLog>>,
}

impl Group {
    /// All partitions in `groups` groups.
    pub(crate) fn all(plan: &Plan<'_>, groups: usize) -> Vec<Self> {
        let needs = plan.families.needs();
        let (limits, population) = (plan.config.log, plan.flow().population);
        let partition = |_| {
            let (sequences, statistics) = (needs.sequences, needs.statistics);
            let shared = LogShared::new(sequences, statistics, limits, population, PARTITIONS);
            Partition::new(plan.flow(), shared)
        };
        (0..groups)
            .map(|index| share(index, groups))
            .map(|share| Self { first: share.start, partitions: share.map(partition).collect() })
            .collect()
    }

    /// Takes a block in; blocks come in order. Gives the flows that ended.
    pub(crate) fn take(&mut self, work: &Work, plan: &Plan<'_>) -> Vec<Ended<PacketLog>> {
        let mut ended = Vec::new();
        let clocks = work.clocks();
        let origin = Frames { work, options: &plan.config.wire };
        for (number, partition) in (self.first..).zip(&mut self.partitions) {
            let order = work.of_partition(number);
            if !order.is_empty() {
                partition.packets(work.packets(), order, clocks, &origin, &mut ended);
            }
            partition.expire(clocks, &mut ended);
        }
        ended
    }

    /// Ends all flows: the input is over.
    pub(crate) fn drain(&mut self) -> Vec<Ended<PacketLog>> {
        let mut ended = Vec::new();
        for partition in &mut self.partitions {
            partition.drain(&mut ended);
        }
        ended
    }

    pub(crate) fn add_to(&self, account: &mut Account) {
        for partition in &self.partitions {
            account.reach("flows", partition.counts().evicted);
            account.reach("log_bytes", partition.shared().starved());
            account.reach("gap_medians", partition.shared().medians_given_up());
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
        self.work.frame_of(arrival).map_or(&[], |frame| self.work.block.data(frame))
    }

    fn tunnel(&self, arrival: &Arrival) -> Option<String> {
        let frame = self.work.frame_of(arrival)?;
        let data = self.work.block.data(frame);
        Some(tunnel_path(frame.link, data, frame.original, self.options).to_string())
    }
}
