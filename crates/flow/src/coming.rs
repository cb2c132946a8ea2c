//! Packets of a block on their way into flows: flow by flow, and the next flows are fetched meanwhile.

use crate::runs::Run;
use crate::{
    Arrival, Clocks, Ended, Keep, Load, NOWHERE, Origin, PARTITIONS, Partition, Place, Runs,
};

/// The packets of a block.
#[derive(Clone, Copy, Debug)]
pub struct Coming<'a> {
    /// The packets.
    pub arrivals: &'a [Arrival],
    /// Where each of them belongs.
    pub places: &'a [Place],
    /// Which of them are of one flow.
    pub runs: &'a Runs,
    /// The clock at each frame.
    pub clocks: Clocks<'a>,
    /// Bytes that packets carry, at most.
    pub bytes: usize,
}

impl<'a> Coming<'a> {
    /// Takes the packets of some partitions, the first of which has number `first`, into their flows:
    /// opens those that are new, ends those whose time is over.
    ///
    /// What comes of a flow depends on its packets alone, so they are taken flow by flow. Only where a
    /// limit may be reached, the packets of a partition come in their order.
    pub fn go_to<K: Keep>(
        &self,
        partitions: &mut [Partition<K>],
        first: usize,
        origin: &impl Origin,
        ended: &mut Vec<Ended<K>>,
    ) {
        const { assert!(PARTITIONS <= u64::BITS as usize, "one bit for each") };
        let mut limited = 0_u64;
        for (partition, number) in partitions.iter().zip(first..) {
            let load = Load { packets: self.runs.packets(number), bytes: self.bytes };
            limited |= u64::from(partition.may_reach_a_limit(load)) << number;
        }
        let mine = first..first + partitions.len();
        let free = |run: &&Run| {
            mine.contains(&usize::from(run.partition)) && limited >> run.partition & 1 == 0
        };
        let mut runs = self.runs.iter().filter(free);
        let mut near = [(Run::default(), NOWHERE); RUNS_AHEAD];
        loop {
            let mut count = 0;
            for (near, run) in near.iter_mut().zip(&mut runs) {
                let partition = &partitions[usize::from(run.partition) - first];
                *near = (*run, partition.look_up(&self.places[run.first as usize]));
                count += 1;
            }
            let near = &near[..count];
            for (run, slot) in near {
                partitions[usize::from(run.partition) - first].fetch(*slot);
            }
            for (run, slot) in near {
                let reversed = self.places[run.first as usize].reversed;
                partitions[usize::from(run.partition) - first].fetch_more(*slot, reversed);
            }
            for (run, slot) in near {
                partitions[usize::from(run.partition) - first].fetch_last(*slot);
            }
            for (run, slot) in near {
                let partition = &mut partitions[usize::from(run.partition) - first];
                partition.take(*slot, self.packets(run), self.clocks, origin, ended);
            }
            if count < RUNS_AHEAD {
                break;
            }
        }
        if limited != 0 {
            self.go_in_order(partitions, first, limited, origin, ended);
        }
    }

    /// Takes the packets of some of the partitions in their order.
    #[cold]
    fn go_in_order<K: Keep>(
        &self,
        partitions: &mut [Partition<K>],
        first: usize,
        limited: u64,
        origin: &impl Origin,
        ended: &mut Vec<Ended<K>>,
    ) {
        let mut positions = Vec::new();
        for (partition, number) in partitions.iter_mut().zip(first..) {
            if limited >> number & 1 == 0 {
                continue;
            }
            positions.clear();
            let runs = self.runs.iter().filter(|run| usize::from(run.partition) == number);
            positions.extend(runs.flat_map(|run| self.runs.positions(run)));
            // Of one frame, datagrams that were put together come after the packet.
            positions.sort_unstable_by_key(|position| (self.arrivals[*position].index, *position));
            for position in &positions {
                let (arrival, place) = (&self.arrivals[*position], &self.places[*position]);
                partition.packet(arrival, place, self.clocks, origin, ended);
            }
        }
    }

    #[inline]
    fn packets(&self, run: &Run) -> impl Iterator<Item = (&'a Arrival, &'a Place)> {
        let (arrivals, places) = (self.arrivals, self.places);
        self.runs.positions(run).map(move |position| (&arrivals[position], &places[position]))
    }
}

/// Flows that are fetched before the first of them takes its packets.
const RUNS_AHEAD: usize = 32;

#[cfg(test)]
mod tests;
