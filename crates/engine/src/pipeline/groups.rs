//! Partitions of flows, in groups that one thread at a time works on.

use flowloom_features::{LogShared, PacketLog};
use flowloom_flow::{Ended, PARTITIONS, Partition};
use flowloom_wire::{Marks, tunnel_path};
use foldhash::fast::RandomState;

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
        let hasher = RandomState::default();
        let needs = plan.families.needs();
        let (limits, population) = (plan.config.log, plan.flow().population);
        let partition = |_| {
            let (sequences, statistics) = (needs.sequences, needs.statistics);
            let shared = LogShared::new(sequences, statistics, limits, population, PARTITIONS);
            Partition::new(plan.flow(), hasher.clone(), shared)
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
        for (i, partition) in self.partitions.iter_mut().enumerate() {
            for arrival in work.of_partition(self.first + i) {
                let frame = work.frame_of(arrival);
                let data = frame.map_or(&[][..], |frame| work.block.data(frame));
                let tunnel = || {
                    let frame = frame.filter(|_| arrival.packet.marks.has(Marks::TUNNELED))?;
                    let options = &plan.config.wire;
                    Some(tunnel_path(frame.link, data, frame.original, options).to_string().into())
                };
                partition.packet(arrival, data, clocks, tunnel, &mut ended);
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
