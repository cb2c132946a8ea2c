//! A share of the keys with their live flows: finding, ending, evicting.

use std::hint::black_box;

use flowloom_wire::protocol;
use flowloom_wire::tcp_flags::{ACK, SYN};
use hashbrown::HashTable;

use crate::deadlines::{Deadlines, Entry};
use crate::hash::in_table;
use crate::slab::Slab;
use crate::{
    Arrival, Clocks, EndReason, Ended, First, Flow, Keep, Known, Load, Origin, Place, Settings,
    Timeouts,
};

/// Partitions of the key space: fixed, so that nothing depends on the number of threads.
pub const PARTITIONS: usize = 64;

/// The live flows of one partition.
///
/// The packets of a flow come in the order of the input. Each live flow has one entry among the deadlines that
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
    /// Holes of TCP streams that were forgotten, because a stream had too many.
    pub holes_forgotten: u64,
}

/// A packet with the time and place it is handled at.
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

    /// Takes a packet into its flow, in the order of the input: opens the flow if it is new, ends those
    /// whose time is over.
    ///
    /// `origin` is asked for a packet's frame when the packet opens a flow or is a SYN.
    pub fn packet(
        &mut self,
        arrival: &Arrival,
        place: &Place,
        clocks: Clocks<'_>,
        origin: &impl Origin,
        ended: &mut Vec<Ended<K>>,
    ) {
        // What a flow may keep must not depend on others whose time is over, and on where blocks end.
        if K::is_short(&self.shared, Load { packets: 1, bytes: arrival.wire_len as usize }) {
            self.expire_until(Now::of(arrival, place, clocks).clock, clocks, ended);
        }
        self.take(NOWHERE, std::iter::once((arrival, place)), clocks, origin, ended);
    }

    /// Whether so many packets may come upon a limit: then it matters which comes first.
    #[inline]
    pub(crate) fn may_reach_a_limit(&self, load: Load) -> bool {
        self.index.len() + load.packets > self.flows_max || K::is_short(&self.shared, load)
    }

    /// Takes packets of one key, of which the flow is at `slot` if its key is theirs.
    #[inline]
    pub(crate) fn take<'a>(
        &mut self,
        slot: u32,
        packets: impl Iterator<Item = (&'a Arrival, &'a Place)>,
        clocks: Clocks<'a>,
        origin: &impl Origin,
        ended: &mut Vec<Ended<K>>,
    ) {
        let mut known = None;
        for (arrival, place) in packets {
            let slot = known.unwrap_or_else(|| {
                let is_there = self.flows.get(slot).is_some_and(|flow| flow.key == place.key);
                if is_there { slot } else { self.slot_of(place) }
            });
            known = Some(self.take_one(slot, &Now::of(arrival, place, clocks), origin, ended));
        }
    }

    /// Where the flow of a packet is, as likely as a few bits of its hash make it.
    #[inline]
    pub(crate) fn look_up(&self, place: &Place) -> u32 {
        self.index.find(in_table(place.hash), |_| true).copied().unwrap_or(NOWHERE)
    }

    /// Has the processor fetch what packets of a flow will change: steps that do not depend on one
    /// another wait for memory together.
    #[inline]
    pub(crate) fn fetch(&self, slot: u32) {
        black_box(self.flows.get(slot).map(|flow| (flow.clock_last, flow.initiator_is_b)));
    }

    /// The same of what is found once the first is there.
    #[inline]
    pub(crate) fn fetch_more(&self, slot: u32, reversed: bool) {
        if let Some(flow) = self.flows.get(slot) {
            black_box(flow.side(reversed).packets);
            flow.keep.fetch();
        }
    }

    /// The same of what is found then.
    #[inline]
    pub(crate) fn fetch_last(&self, slot: u32) {
        if let Some(flow) = self.flows.get(slot) {
            flow.keep.fetch_more();
        }
    }

    /// The same of the flows that end next.
    #[inline]
    pub fn fetch_due(&self, clocks: Clocks<'_>) {
        let is_due = |entry: &&Entry| clocks.last().is_some_and(|now| entry.deadline < now);
        for entry in self.deadlines.first_few().filter(is_due) {
            self.fetch(entry.slot);
            black_box(self.index.find(in_table(self.flows.hash(entry.slot)), |_| true));
        }
    }

    /// Where the flow of a packet is, [`NOWHERE`] if there is none.
    #[inline]
    fn slot_of(&self, place: &Place) -> u32 {
        let is_it = |slot: &u32| self.flows.get(*slot).is_some_and(|flow| flow.key == place.key);
        self.index.find(in_table(place.hash), is_it).copied().unwrap_or(NOWHERE)
    }

    /// Takes a packet into its flow, opening one if there is none, ending it if its time is over.
    /// Gives where the flow is now.
    #[inline]
    fn take_one(
        &mut self,
        slot: u32,
        now: &Now<'_>,
        origin: &impl Origin,
        ended: &mut Vec<Ended<K>>,
    ) -> u32 {
        if let Some(flow) = self.flows.get_mut(slot) {
            match verdict(flow, now, &self.settings) {
                Verdict::GoesOn => {
                    let is_over_now = take(flow, now, origin, &self.settings, &mut self.shared);
                    if is_over_now {
                        enqueue(flow, slot, &self.settings.timeouts, &mut self.deadlines);
                    }
                    return slot;
                }
                Verdict::BeginsAgain => {
                    flow.begin_again();
                    take(flow, now, origin, &self.settings, &mut self.shared);
                    enqueue(flow, slot, &self.settings.timeouts, &mut self.deadlines);
                    return slot;
                }
                Verdict::Ends(reason, frame) => self.end(slot, reason, frame, ended),
            }
        }
        self.open(now, origin, ended)
    }

    /// Opens a flow with its first packet; gives where it is.
    #[inline(never)]
    fn open(&mut self, now: &Now<'_>, origin: &impl Origin, ended: &mut Vec<Ended<K>>) -> u32 {
        self.make_room(now, ended);
        let Now { arrival, place, clock, .. } = *now;
        let (first, initiator_is_b) =
            First::of(arrival, clock, origin, place, self.settings.initiator);
        // Made where it will be: to move what was just written would wait for it.
        let flow = Box::write(Box::new_uninit(), Flow::new(place.key, first, initiator_is_b));
        let (slot, flow) = self.flows.insert(flow, place.hash);
        take(flow, now, origin, &self.settings, &mut self.shared);
        enqueue(flow, slot, &self.settings.timeouts, &mut self.deadlines);
        let flows = &self.flows;
        let hash_of = |slot: &u32| in_table(flows.hash(*slot));
        self.index.insert_unique(in_table(place.hash), slot, hash_of);
        self.counts.flows_peak = self.counts.flows_peak.max(self.index.len());
        slot
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
            self.counts.holes_forgotten += flow.holes_forgotten();
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
    fn make_room(&mut self, now: &Now<'_>, ended: &mut Vec<Ended<K>>) {
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
            let reason = reason(flow, &entry, &self.settings.timeouts);
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
            // All of them wait for memory together.
            for entry in &entries {
                black_box(self.due(entry));
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
        let flow = flow_of(&self.flows, entry)?;
        if entry.is_final {
            return Some(entry.deadline);
        }
        let timeouts = &self.settings.timeouts;
        Some(idle_until(flow, timeouts).min(active_until(entry.begun, timeouts)))
    }

    fn put_back(&mut self, entry: Entry, due: i64) {
        if let Some(flow) = self.flows.get_mut(entry.slot) {
            flow.queued = due;
            self.deadlines.push(Entry { deadline: due, ..entry });
        }
    }

    fn end(&mut self, slot: u32, reason: EndReason, frame: u64, ended: &mut Vec<Ended<K>>) {
        let hash = in_table(self.flows.hash(slot));
        let Some(mut flow) = self.flows.remove(slot) else { return };
        if let Ok(entry) = self.index.find_entry(hash, |at| *at == slot) {
            entry.remove();
        }
        self.counts.holes_forgotten += flow.holes_forgotten();
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
        self.deadlines.retain(|entry| flow_of(flows, entry).is_some());
    }
}

impl<'a> Now<'a> {
    #[inline]
    fn of(arrival: &'a Arrival, place: &'a Place, clocks: Clocks<'a>) -> Self {
        let clock = clocks.at.get(arrival.index as usize).copied();
        Self { arrival, place, clock: clock.unwrap_or(arrival.time), clocks }
    }

    /// The frame at which the packet is handled.
    fn frame(&self) -> u64 {
        self.clocks.first + u64::from(self.arrival.index)
    }
}

/// What a packet finds of its flow.
enum Verdict {
    GoesOn,
    /// It was refused, and is asked for again with the same number.
    BeginsAgain,
    /// It has ended, why, and at which frame.
    Ends(EndReason, u64),
}

#[inline]
fn verdict<K: Keep>(flow: &Flow<K>, now: &Now<'_>, settings: &Settings) -> Verdict {
    let syn = now.arrival.packet.tcp_flags & (SYN | ACK) == SYN;
    // No deadline can have passed before the one its entry has.
    if settings.no_split || (now.clock <= flow.queued && !syn) {
        return Verdict::GoesOn;
    }
    let (deadline, reason) = deadline(flow, &settings.timeouts);
    if now.clock > deadline {
        return Verdict::Ends(reason, now.clocks.frame_past(deadline));
    }
    if !syn {
        return Verdict::GoesOn;
    }
    let silent = now.clock.saturating_sub(flow.clock_last) >= settings.timeouts.reopen;
    let opens = flow.side(now.place.reversed).sequence.is_new_connection(now.arrival.packet.seq);
    match flow.over() {
        Some(_) if opens => Verdict::Ends(over_reason(flow), now.frame()),
        Some(_) if flow.is_refused() => Verdict::BeginsAgain,
        None if opens && silent => Verdict::Ends(EndReason::Reopened, now.frame()),
        _ => Verdict::GoesOn,
    }
}

/// The flow and its families take the packet; whether the flow is over with it.
#[inline]
fn take<K: Keep>(
    flow: &mut Flow<K>,
    now: &Now<'_>,
    origin: &impl Origin,
    settings: &Settings,
    shared: &mut K::Shared,
) -> bool {
    let holes_max = settings.limits.tcp_holes_max;
    let seen = flow.take(now.arrival, now.place.reversed, now.clock, origin, holes_max);
    let known = Known { first: &flow.first, sides: &flow.sides };
    flow.keep.packet(now.arrival, seen, known, origin, shared);
    let is_over_now =
        (flow.closed || flow.reset) && flow.over().is_none() && !settings.ignore_tcp_ends;
    if is_over_now {
        flow.over = now.clock;
    }
    is_over_now
}

/// The flow that an entry is of, if the entry counts: another flow may have come to the slot, and a
/// flow that is over has had another entry before, which may happen to have the same deadline.
#[inline]
fn flow_of<'f, K: Keep>(flows: &'f Slab<K>, entry: &Entry) -> Option<&'f Flow<K>> {
    let flow = flows.that_began_at(entry.slot, entry.id)?;
    let counts = flow.queued == entry.deadline && flow.over().is_some() == entry.is_final;
    counts.then_some(flow)
}

/// When a flow ends if nothing more comes, and why.
fn deadline<K: Keep>(flow: &Flow<K>, timeouts: &Timeouts) -> (i64, EndReason) {
    if let Some(over) = flow.over() {
        return (over.saturating_add(timeouts.linger), over_reason(flow));
    }
    let idle = idle_until(flow, timeouts);
    let active = active_until(flow.first.clock, timeouts);
    if active < idle { (active, EndReason::Active) } else { (idle, EndReason::Idle) }
}

/// Why a flow ends whose entry is due.
fn reason<K: Keep>(flow: &Flow<K>, entry: &Entry, timeouts: &Timeouts) -> EndReason {
    if entry.is_final {
        over_reason(flow)
    } else if active_until(entry.begun, timeouts) < idle_until(flow, timeouts) {
        EndReason::Active
    } else {
        EndReason::Idle
    }
}

/// When a flow is too old.
#[inline]
fn active_until(begun: i64, timeouts: &Timeouts) -> i64 {
    begun.saturating_add(timeouts.active)
}

/// When a flow that is not over has been silent for too long.
#[inline]
fn idle_until<K: Keep>(flow: &Flow<K>, timeouts: &Timeouts) -> i64 {
    let tcp = flow.key.protocol() == protocol::TCP;
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
pub(crate) const NOWHERE: u32 = u32::MAX;
/// Entries beyond two for each flow that are not worth looking through.
const SPARE_ENTRIES: usize = 64;
