//! The packets of a block, put together flow by flow.

use crate::{PARTITIONS, Place};

/// Which packets of a block are of one flow.
///
/// A flow is far away in memory: so it is looked for once for all its packets of a block. What comes
/// of them does not depend on how many of them a block has.
#[derive(Debug)]
pub struct Runs {
    /// In the order of their first packets.
    all: Vec<Run>,
    /// The packet that comes after each in its run.
    next: Vec<u32>,
    /// The newest run of those whose hashes begin alike.
    newest: Box<[u32]>,
    /// Packets of each partition.
    packets: Box<[u32]>,
}

/// Packets of one key, in the order they are handled in.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Run {
    pub(crate) first: u32,
    pub(crate) len: u32,
    pub(crate) partition: u8,
    last: u32,
    /// The run before whose hash begins alike.
    older: u32,
}

impl Runs {
    /// Puts packets together: those at `positions` of `places`, in the order they are handled in.
    pub fn arrange(&mut self, places: &[Place], positions: impl Iterator<Item = u32>) {
        self.all.clear();
        self.newest.fill(NONE);
        self.packets.fill(0);
        self.next.resize(places.len().max(self.next.len()), NONE);
        for position in positions {
            let place = &places[position as usize];
            self.packets[usize::from(place.partition) % PARTITIONS] += 1;
            let newest = &mut self.newest[(place.hash >> HASH_SHIFT) as usize % CHAINS];
            let mut at = *newest;
            loop {
                let Some(run) = self.all.get_mut(at as usize) else {
                    let (first, partition) = (position, place.partition);
                    let older = std::mem::replace(newest, self.all.len() as u32);
                    self.all.push(Run { first, len: 1, partition, last: position, older });
                    break;
                };
                if places[run.first as usize].key == place.key {
                    self.next[run.last as usize] = position;
                    run.last = position;
                    run.len += 1;
                    break;
                }
                at = run.older;
            }
        }
    }

    /// Packets of a partition.
    pub(crate) fn packets(&self, partition: usize) -> usize {
        self.packets.get(partition).map_or(0, |packets| *packets as usize)
    }

    /// The runs, in the order of their first packets.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Run> {
        self.all.iter()
    }

    /// Positions of the packets of a run, in the order they are handled in.
    #[inline]
    pub(crate) fn positions(&self, run: &Run) -> impl Iterator<Item = usize> {
        let mut next = run.first as usize;
        (0..run.len).map(move |_| {
            let position = next;
            next = self.next[position] as usize;
            position
        })
    }
}

impl Default for Runs {
    fn default() -> Self {
        let newest = vec![NONE; CHAINS].into_boxed_slice();
        let packets = vec![0; PARTITIONS].into_boxed_slice();
        Self { all: Vec::new(), next: Vec::new(), newest, packets }
    }
}

/// No run, no packet.
const NONE: u32 = u32::MAX;
/// Some for each flow of a block.
const CHAINS: usize = 1 << 10;
/// The upper bits of a hash say where to look.
const HASH_SHIFT: u32 = u32::BITS - CHAINS.ilog2();
