//! A share of the keys with their live flows: finding, ending, evicting.

use std::hint::black_box;

use hashbrown::HashTable;

use crate::deadlines::{Deadlines, Entry};
use crate::slab::Slab;
use crate::tcp::{ACK, SYN};
use crate::{
    Arrival, Clocks, EndReason, Ended, First, Flow, Keep, Known, Origin, Place, Settings, Timeouts,
};

/// Partitions of the key space: fixed, so that nothing depends on the number of threads.
pub const PARTITIONS: usize = 64;

/// The live flows of one partition.
///
/// Packets come in the order of the input. Each live flow has one entry among the deadlines that
/// counts, the one with the deadline in `Flow::queued`, and that is never late.
pub struct Partition<K: Keep> {
    /// Where in `flows` the flow of a key is.
    index: HashTable<u32>,
    flows: Slab<K>,
    deadlines: Deadlines,
    settings: Settings,
    flows_max: usize,
    shared: K::Shared,
    counts: PartitionCounts,
}

/// What a partition counted.
#[derive(Clone, Copy, Debug, Default)]
pub struct PartitionCounts {
    /// Flows evicted because the table was full.
    pub evicted: u64,
    /// Live flows at the most.
    pub flows_peak: usize,
}

/// A packet with the time and place it is handled at.
#[derive(Clone, Copy)]
struct Now<'a> {
    arrival: &'a Arrival,
    place: &'a Place,
    clock: i64,
    clocks: Clocks<'a>,
}

impl<K: Keep> Partition<K> {
    /// An empty partition with its share of the limits.
    pub fn new(settings: &Settings, shared: K::Shared) -> Self {
        Self {
            index: HashTable::new(),
            flows: Slab::new(),
            deadlines: Deadlines::new(),
            flows_max: (settings.limits.flows_max / PARTITIONS).max(1),
            settings: settings.clone(),
            shared,
            counts: PartitionCounts::default(),
        }
    }

    /// Takes packets into their flows: opens those that are new, ends those whose time is over.
    ///
    /// `order` says which of `arrivals` belong to this partition, and in which order they come;
    /// `places` is where each of `arrivals` belongs. `origin` is asked for a packet's frame when the
    /// packet opens a flow or is a SYN.
    pub fn packets(
        &mut self,
        (arrivals, places): (&[Arrival], &[Place]),
        order: &[u32],
        clocks: Clocks<'_>,
        origin: &impl Origin,
        ended: &mut Vec<Ended<K>>,
    ) {
        let mut slots = [NOWHERE; LOOK_AHEAD];
        for order in order.chunks(LOOK_AHEAD) {
            self.look_ahead(places, order, &mut slots);
            for (slot, position) in slots.iter().zip(order) {
                let place = &places[*position as usize];
                let arrival = &arrivals[*position as usize];
                let clock = clocks.at.get(arrival.index as usize).copied();
                let now = Now { arrival, place, clock: clock.unwrap_or(arrival.time), clocks };
                // What a flow may keep must not depend on others whose time is over, and on where
                // blocks end.
                if K::is_short(&self.shared) {
                    self.expire_until(now.clock, clocks, ended);
                }
                // The packets before may have opened the flow, or ended it.
                let is_there = self.flows.get(*slot).is_some_and(|flow| flow.key == place.key);
                let slot = if is_there { *slot } else { self.slot_of(place) };
                self.packet(slot, now, origin, ended);
            }
        }
    }

    /// Where the flows of some packets are, as likely as a few bits of their hashes make it.
    ///
    /// This has the processor fetch what the packets will change, one step for all of them before
    /// the next: steps that do not depend on one another wait for memory together.
    #[inline]
    fn look_ahead(&self, places: &[Place], order: &[u32], slots: &mut [u32; LOOK_AHEAD]) {
        for (slot, position) in slots.iter_mut().zip(order) {
            let found = self.index.find(places[*position as usize].hash, |_| true);
            *slot = found.copied().unwrap_or(NOWHERE);
        }
        let flows = || slots.iter().zip(order).map(|(slot, at)| (self.flows.get(*slot), *at));
        for (flow, _) in flows() {
            black_box(flow.map(|flow| (flow.clock_last, flow.initiator_is_b)));
        }
        for (flow, position) in flows() {
            let reversed = places[position as usize].reversed;
            black_box(flow.map(|flow| flow.side(reversed).packets));
        }
    }

    /// Where the flow of a packet is, [`NOWHERE`] if there is none.
    #[inline]
    fn slot_of(&self, place: &Place) -> u32 {
        let is_it = |slot: &u32| self.flows.get(*slot).is_some_and(|flow| flow.key == place.key);
        self.index.find(place.hash, is_it).copied().unwrap_or(NOWHERE)
    }

    /// Takes a packet into its flow, opening one if there is none, ending it if its time is over.
    #[inline]
    fn packet(&mut self, slot: u32, now: Now<'_>, origin: &impl Origin, ended: &mut Vec<Ended<K>>) {
        if let Some(flow) = self.flows.get_mut(slot) {
            match verdict(flow, now, &self.settings) {
                None => {
                    let before = flow.over;
                    take(flow, now, origin, &self.settings, &mut self.shared);
                    if flow.over != before {
                        enqueue(flow, slot, &self.settings.timeouts, &mut self.deadlines);
                    }
                    return;
                }
                Some((reason, frame)) => self.end(slot, reason, frame, ended),
            }
        }
        self.open(now, origin, ended);
    }

    /// Opens a flow with its first packet.
    #[inline(never)]
    fn open(&mut self, now: Now<'_>, origin: &impl Origin, ended: &mut Vec<Ended<K>>) {
        self.make_room(now, ended);
        let Now { arrival, place, clock, .. } = now;
        let (first, initiator_is_b) =
            First::of(arrival, clock, origin, place, self.settings.initiator);
        let flow = Box::new(Flow::new(place.key, place.hash, first, initiator_is_b));
        let (slot, flow) = self.flows.insert(flow);
        take(flow, now, origin, &self.settings, &mut self.shared);
        enqueue(flow, slot, &self.settings.timeouts, &mut self.deadlines);
        let flows = &self.flows;
        let hash_of = |slot: &u32| flows.get(*slot).map_or(0, |flow| flow.hash);
        self.index.insert_unique(place.hash, slot, hash_of);
        self.counts.flows_peak = self.counts.flows_peak.max(self.index.len());
    }

    /// Ends the flows whose deadline the block's last frame is past.
    #[inline]
    pub fn expire(&mut self, clocks: Clocks<'_>, ended: &mut Vec<Ended<K>>) {
        if let Some(now) = clocks.last()
            && !self.deadlines.is_quiet(now)
        {
            self.expire_until(now, clocks, ended);
        }
    }

    /// Ends all flows: the input is over.
    pub fn drain(&mut self, ended: &mut Vec<Ended<K>>) {
        self.deadlines = Deadlines::new();
        self.index.clear();
        for mut flow in self.flows.drain() {
            let over = flow.over().is_some() && !self.settings.no_split;
            let reason = if over { over_reason(&flow) } else { EndReason::EndOfInput };
            flow.keep.ended(&mut self.shared);
            ended.push(Ended { flow, reason, frame: u64::MAX });
        }
    }

    /// What was counted.
    pub fn counts(&self) -> PartitionCounts {
        self.counts
    }

    /// What the flows' families share.
    pub fn shared(&self) -> &K::Shared {
        &self.shared
    }

    /// What the flows' families share.
    pub fn shared_mut(&mut self) -> &mut K::Shared {
        &mut self.shared
    }

    /// Before a flow is opened: when the table is full, ends what is due, else what is due next.
    #[inline]
    fn make_room(&mut self, now: Now<'_>, ended: &mut Vec<Ended<K>>) {
        if self.index.len() < self.flows_max {
            return;
        }
        self.expire_until(now.clock, now.clocks, ended);
        if self.index.len() >= self.flows_max
            && let Some(entry) = self.next_due(i64::MAX)
        {
            self.counts.evicted += 1;
            self.end(entry.slot, EndReason::Evicted, now.frame(), ended);
        }
    }

    fn expire_until(&mut self, now: i64, clocks: Clocks<'_>, ended: &mut Vec<Ended<K>>) {
        if self.settings.no_split {
            return;
        }
        while let Some(entry) = self.next_due(now) {
            let Some(flow) = self.flows.get(entry.slot) else { continue };
            let reason = deadline(flow, &self.settings.timeouts).1;
            self.end(entry.slot, reason, clocks.frame_past(entry.deadline), ended);
        }
    }

    /// The entry of the flow whose deadline comes first, if that is before `now`; takes it out.
    fn next_due(&mut self, now: i64) -> Option<Entry> {
        loop {
            self.turn_to(now);
            let entry = self.deadlines.first()?;
            if entry.deadline >= now {
                return None;
            }
            self.deadlines.pop();
            match self.due(&entry) {
                Some(due) if due <= entry.deadline => return Some(entry),
                Some(due) => self.put_back(entry, due),
                None => {}
            }
        }
    }

    /// Holds the entries of the days up to `now` against their flows: most are due on later days.
    fn turn_to(&mut self, now: i64) {
        while self.deadlines.first().is_none() {
            let entries = self.deadlines.turn(now);
            if entries.is_empty() {
                return;
            }
            for entry in entries {
                if let Some(due) = self.due(&entry) {
                    self.put_back(entry, due);
                }
            }
        }
    }

    /// When the flow of an entry is due; nothing if the entry no longer counts.
    #[inline]
    fn due(&self, entry: &Entry) -> Option<i64> {
        let flow = self.flows.get(entry.slot)?;
        // Another flow may have come to the place.
        if flow.queued != entry.deadline || flow.first.frame != entry.id {
            return None;
        }
        if entry.is_final {
            return Some(entry.deadline);
        }
        let timeouts = &self.settings.timeouts;
        Some(idle_until(flow, timeouts).min(entry.begun.saturating_add(timeouts.active)))
    }

    fn put_back(&mut self, entry: Entry, due: i64) {
        if let Some(flow) = self.flows.get_mut(entry.slot) {
            flow.queued = due;
            self.deadlines.push(Entry { deadline: due, ..entry });
        }
    }

    fn end(&mut self, slot: u32, reason: EndReason, frame: u64, ended: &mut Vec<Ended<K>>) {
        let Some(mut flow) = self.flows.remove(slot) else { return };
        if let Ok(entry) = self.index.find_entry(flow.hash, |at| *at == slot) {
            entry.remove();
        }
        flow.keep.ended(&mut self.shared);
        ended.push(Ended { flow, reason, frame });
        if self.deadlines.len() > 2 * self.index.len() + SPARE_ENTRIES {
            self.forget_entries();
        }
    }

    /// Forgets the entries that no longer count: flows that end before their time leave entries
    /// behind that would wait for it.
    #[cold]
    fn forget_entries(&mut self) {
        let flows = &self.flows;
        self.deadlines.retain(|entry| {
            flows
                .get(entry.slot)
                .is_some_and(|flow| flow.first.frame == entry.id && flow.queued == entry.deadline)
        });
    }
}

impl Now<'_> {
    /// The frame at which the packet is handled.
    fn frame(&self) -> u64 {
        self.clocks.first + u64::from(self.arrival.index)
    }
}

/// Why and at which frame a flow has ended that a packet was found for; none when it goes on.
#[inline]
fn verdict<K: Keep>(flow: &Flow<K>, now: Now<'_>, settings: &Settings) -> Option<(EndReason, u64)> {
    let syn = now.arrival.packet.tcp_flags & (SYN | ACK) == SYN;
    // No deadline can have passed before the one its entry has.
    if settings.no_split || (now.clock <= flow.queued && !syn) {
        return None;
    }
    let (deadline, reason) = deadline(flow, &settings.timeouts);
    if now.clock > deadline {
        return Some((reason, now.clocks.frame_past(deadline)));
    }
    let silent = now.clock.saturating_sub(flow.clock_last) >= settings.timeouts.reopen;
    let opens =
        syn && flow.side(now.place.reversed).sequence.is_new_connection(now.arrival.packet.seq);
    match flow.over() {
        Some(_) if opens => Some((over_reason(flow), now.frame())),
        None if opens && silent => Some((EndReason::Reopened, now.frame())),
        _ => None,
    }
}

/// The flow and its families take the packet.
#[inline]
fn take<K: Keep>(
    flow: &mut Flow<K>,
    now: Now<'_>,
    origin: &impl Origin,
    settings: &Settings,
    shared: &mut K::Shared,
) {
    let holes_max = settings.limits.tcp_holes_max;
    let seen = flow.take(now.arrival, now.place.reversed, now.clock, origin, holes_max);
    let known = Known { first: &flow.first, sides: &flow.sides };
    flow.keep.packet(now.arrival, seen, known, origin, shared);
    if (flow.closed || flow.reset) && flow.over().is_none() && !settings.ignore_tcp_ends {
        flow.over = now.clock;
    }
}

/// When a flow ends if nothing more comes, and why.
fn deadline<K: Keep>(flow: &Flow<K>, timeouts: &Timeouts) -> (i64, EndReason) {
    if let Some(over) = flow.over() {
        return (over.saturating_add(timeouts.linger), over_reason(flow));
    }
    let idle = idle_until(flow, timeouts);
    let active = flow.first.clock.saturating_add(timeouts.active);
    if active < idle { (active, EndReason::Active) } else { (idle, EndReason::Idle) }
}

/// When a flow that is not over has been silent for too long.
#[inline]
fn idle_until<K: Keep>(flow: &Flow<K>, timeouts: &Timeouts) -> i64 {
    let tcp = flow.key.protocol() == PROTOCOL_TCP;
    let idle = if tcp { timeouts.tcp_idle } else { timeouts.other_idle };
    flow.clock_last.saturating_add(idle)
}

/// Gives a flow an entry with its true deadline; the entry it had no longer counts.
fn enqueue<K: Keep>(flow: &mut Flow<K>, slot: u32, timeouts: &Timeouts, deadlines: &mut Deadlines) {
    flow.queued = deadline(flow, timeouts).0;
    deadlines.push(Entry {
        deadline: flow.queued,
        id: flow.first.frame,
        begun: flow.first.clock,
        slot,
        is_final: flow.over().is_some(),
    });
}

fn over_reason<K: Keep>(flow: &Flow<K>) -> EndReason {
    if flow.reset { EndReason::Rst } else { EndReason::Fin }
}

/// A slot that no flow has.
const NOWHERE: u32 = u32::MAX;
/// Packets whose flows are looked up before the first of them is handled.
const LOOK_AHEAD: usize = 16;
/// Entries beyond two for each flow that are not worth looking through.
const SPARE_ENTRIES: usize = 64;
const PROTOCOL_TCP: u8 = 6;
