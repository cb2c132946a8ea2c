//! Flows by number.

use crate::Flow;

/// Where the live flows of a partition are.
///
/// Each has memory of its own, which it takes along when it ends: what is moved is where it is.
pub(crate) struct Slab<K> {
    flows: Vec<Option<Box<Flow<K>>>>,
    /// Slots without a flow.
    free: Vec<u32>,
}

impl<K> Slab<K> {
    pub(crate) fn new() -> Self {
        Self { flows: Vec::new(), free: Vec::new() }
    }

    #[inline]
    pub(crate) fn get(&self, slot: u32) -> Option<&Flow<K>> {
        self.flows.get(slot as usize)?.as_deref()
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, slot: u32) -> Option<&mut Flow<K>> {
        self.flows.get_mut(slot as usize)?.as_deref_mut()
    }

    /// Gives a flow a slot.
    pub(crate) fn insert(&mut self, flow: Box<Flow<K>>) -> (u32, &mut Flow<K>) {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.flows.push(None);
            self.flows.len() as u32 - 1
        });
        (slot, self.flows[slot as usize].insert(flow))
    }

    /// Takes a flow out; its slot is free again.
    pub(crate) fn remove(&mut self, slot: u32) -> Option<Box<Flow<K>>> {
        let flow = self.flows.get_mut(slot as usize)?.take();
        if flow.is_some() {
            self.free.push(slot);
        }
        flow
    }

    /// Takes all flows out.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = Box<Flow<K>>> {
        self.free.clear();
        std::mem::take(&mut self.flows).into_iter().flatten()
    }
}
