//! Flows by number, in chunks that never move.

use crate::Flow;

/// Where the live flows of a partition are.
///
/// One list would be copied as it grows, into memory that is twice as large as what is needed.
pub(crate) struct Slab<K> {
    chunks: Vec<Box<[Option<Flow<K>>]>>,
    /// Slots without a flow.
    free: Vec<u32>,
}

impl<K> Slab<K> {
    pub(crate) fn new() -> Self {
        Self { chunks: Vec::new(), free: Vec::new() }
    }

    #[inline]
    pub(crate) fn get(&self, slot: u32) -> Option<&Flow<K>> {
        self.chunks.get(slot as usize / CHUNK)?[slot as usize % CHUNK].as_ref()
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, slot: u32) -> Option<&mut Flow<K>> {
        self.chunks.get_mut(slot as usize / CHUNK)?[slot as usize % CHUNK].as_mut()
    }

    /// Gives a flow a slot.
    pub(crate) fn insert(&mut self, flow: Flow<K>) -> (u32, &mut Flow<K>) {
        if self.free.is_empty() {
            let first = (self.chunks.len() * CHUNK) as u32;
            self.chunks.push((0..CHUNK).map(|_| None).collect());
            self.free.extend((first..first + CHUNK as u32).rev());
        }
        let slot = self.free.pop().unwrap_or_default();
        let place = &mut self.chunks[slot as usize / CHUNK][slot as usize % CHUNK];
        (slot, place.insert(flow))
    }

    /// Takes a flow out; its slot is free again.
    pub(crate) fn remove(&mut self, slot: u32) -> Option<Flow<K>> {
        let flow = self.chunks.get_mut(slot as usize / CHUNK)?[slot as usize % CHUNK].take();
        if flow.is_some() {
            self.free.push(slot);
        }
        flow
    }

    /// Takes all flows out.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = Flow<K>> {
        self.free.clear();
        std::mem::take(&mut self.chunks).into_iter().flatten().flatten()
    }
}

/// Flows of a chunk.
const CHUNK: usize = 64;
