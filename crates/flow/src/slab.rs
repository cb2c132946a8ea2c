//! Flows by number.

use crate::Flow;

/// Where the live flows of a partition are.
///
/// Each has memory of its own, which it takes along when it ends: what is moved is where it is.
pub(crate) struct Slab<K> {
    slots: Vec<Slot<K>>,
    /// Slots without a flow.
    free: Vec<u32>,
}

/// What is to be known of a flow without going to it.
struct Slot<K> {
    flow: Option<Box<Flow<K>>>,
    hash: u32,
    /// Of its first frame.
    low_bits: u32,
}

impl<K> Slab<K> {
    pub(crate) fn new() -> Self {
        Self { slots: Vec::new(), free: Vec::new() }
    }

    #[inline]
    pub(crate) fn get(&self, slot: u32) -> Option<&Flow<K>> {
        self.slots.get(slot as usize)?.flow.as_deref()
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, slot: u32) -> Option<&mut Flow<K>> {
        self.slots.get_mut(slot as usize)?.flow.as_deref_mut()
    }

    /// The flow, if it is the one with that first frame. Its lower bits tell it from those that had
    /// the slot before, for as long as anybody remembers them.
    #[inline]
    pub(crate) fn that_began_at(&self, slot: u32, frame: u64) -> Option<&Flow<K>> {
        let slot = self.slots.get(slot as usize)?;
        slot.flow.as_deref().filter(|_| slot.low_bits == frame as u32)
    }

    /// The hash of the flow's key.
    #[inline]
    pub(crate) fn hash(&self, slot: u32) -> u32 {
        self.slots.get(slot as usize).map_or(0, |slot| slot.hash)
    }

    /// Gives a flow a slot.
    pub(crate) fn insert(&mut self, flow: Box<Flow<K>>, hash: u32) -> (u32, &mut Flow<K>) {
        let number = self.free.pop().unwrap_or(self.slots.len() as u32);
        if number as usize == self.slots.len() {
            self.slots.push(Slot { flow: None, hash, low_bits: 0 });
        }
        let slot = &mut self.slots[number as usize];
        (slot.hash, slot.low_bits) = (hash, flow.first.frame as u32);
        (number, slot.flow.insert(flow))
    }

    /// Takes a flow out; its slot is free again.
    pub(crate) fn remove(&mut self, slot: u32) -> Option<Box<Flow<K>>> {
        let flow = self.slots.get_mut(slot as usize)?.flow.take();
        if flow.is_some() {
            self.free.push(slot);
        }
        flow
    }

    /// Takes all flows out.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = Box<Flow<K>>> {
        self.free.clear();
        std::mem::take(&mut self.slots).into_iter().filter_map(|slot| slot.flow)
    }
}
