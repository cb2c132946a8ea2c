//! A share of the keys with their live flows: finding, ending, evicting.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hint::black_box;

use flowloom_wire::{Marks, Packet, Transport};
use hashbrown::HashTable;

use crate::flow::First;
use crate::key::is_icmp_reply;
use crate::tcp::{ACK, SYN};
use crate::{
    Arrival, Clocks, EndReason, Ended, Flow, FlowKey, Initiator, InitiatorBy, Keep, KeyHasher,
    Origin, Settings,
};

/// Partitions of the key space: fixed, so that nothing depends on the number of threads.
pub const PARTITIONS: usize = 256;

/// The live flows of one partition.
///
/// Packets come in the order of the input. Deadlines wait in a heap that is corrected lazily: a
/// packet moves its flow's deadline without touching the heap, and an entry that comes up too early
/// goes back with the flow's true deadline. Each live flow has one entry that counts, the one with
/// the deadline in `Flow::queued`, and that is never late.
pub struct Partition<K: Keep> {
    table: HashTable<Box<Flow<K>>>,
    hasher: KeyHasher,
    /// How often flows came or went: as long as it stays the same, each is where it was found.
    changes: u64,
    /// Deadline, first frame and hash of a flow.
    queue: BinaryHeap<Reverse<(i64, u64, u64)>>,
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

/// Where a packet belongs.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    key: FlowKey,
    hash: u64,
    /// Where in the table the flow was, [`NOWHERE`] if it was not.
    bucket: usize,
    /// The changes of the partition until then.
    changes: u64,
    /// Whether the packet goes from endpoint B of the key to A.
    reversed: bool,
}

/// A packet with the time and place it is handled at.
#[derive(Clone, Copy)]
struct Now<'a> {
    arrival: &'a Arrival,
    /// Whether it goes from endpoint B of its key to A.
    reversed: bool,
    clock: i64,
    clocks: Clocks<'a>,
}

impl<K: Keep> Partition<K> {
    /// An empty partition with its share of the limits.
    ///
    /// `hasher` is keyed anew in each run, against captures made to collide; nothing that comes
    /// out depends on it.
    pub fn new(settings: &Settings, hasher: KeyHasher, shared: K::Shared) -> Self {
        Self {
            table: HashTable::new(),
            hasher,
            changes: 0,
            queue: BinaryHeap::new(),
            flows_max: (settings.limits.flows_max / PARTITIONS).max(1),
            settings: settings.clone(),
            shared,
            counts: PartitionCounts::default(),
        }
    }

    /// Where a packet belongs: what can be told without looking into the table.
    #[inline]
    pub fn place(&self, arrival: &Arrival) -> Place {
        let (key, reversed) = FlowKey::of(&arrival.packet, self.settings.key_ignore);
        let hash = self.hasher.hash(&key);
        Place { key, hash, bucket: NOWHERE, changes: 0, reversed }
    }

    /// Finds the flow at a place, and has the processor fetch what a packet will change there.
    ///
    /// Done for some packets ahead of [`Self::packet`], and with as few instructions as can be, so
    /// that their waits for memory overlap.
    #[inline]
    pub fn find(&self, place: &mut Place) {
        place.bucket = self.bucket_of(place.hash, &place.key);
        place.changes = self.changes;
        if let Some(flow) = self.table.get_bucket(place.bucket) {
            let side = &flow.sides[usize::from(place.reversed != flow.initiator_is_b)];
            black_box(side.sequence.last_hole());
        }
    }

    /// Takes a packet into its flow, opening one if there is none, ending it if its time is over.
    ///
    /// `origin` is asked for the packet's frame when the packet opens a flow or is a SYN.
    #[inline]
    pub fn packet(
        &mut self,
        arrival: &Arrival,
        place: &Place,
        clocks: Clocks<'_>,
        origin: &impl Origin,
        ended: &mut Vec<Ended<K>>,
    ) {
        let clock = clocks.at.get(arrival.index as usize).copied().unwrap_or(arrival.time);
        let now = Now { arrival, reversed: place.reversed, clock, clocks };
        // What a flow may keep must not depend on others whose time is over, and on where blocks end.
        if K::is_short(&self.shared) {
            self.expire_until(clock, clocks, ended);
        }
        // The packets between may have moved the flow, opened it, or ended it.
        let bucket = if place.changes == self.changes {
            place.bucket
        } else {
            self.bucket_of(place.hash, &place.key)
        };
        if let Some(flow) = self.table.get_bucket_mut(bucket) {
            match verdict(flow, now, &self.settings) {
                None => {
                    take(flow, now, origin, &self.settings, &mut self.queue, &mut self.shared);
                    return;
                }
                Some((reason, frame)) => {
                    self.end(place.hash, |flow| flow.key == place.key, reason, frame, ended);
                }
            }
        }
        self.open(place, now, origin, ended);
    }

    /// Opens a flow with its first packet.
    #[inline(never)]
    fn open(
        &mut self,
        place: &Place,
        now: Now<'_>,
        origin: &impl Origin,
        ended: &mut Vec<Ended<K>>,
    ) {
        let Place { key, hash, .. } = *place;
        self.make_room(now, ended);
        let (first, initiator_is_b) = first(now, origin, &key, self.settings.initiator);
        let mut flow = Box::new(Flow::new(key, hash, first, initiator_is_b));
        enqueue(&mut flow, &self.settings, &mut self.queue);
        take(&mut flow, now, origin, &self.settings, &mut self.queue, &mut self.shared);
        self.table.insert_unique(hash, flow, |flow| flow.hash);
        self.changes += 1;
        self.counts.flows_peak = self.counts.flows_peak.max(self.table.len());
    }

    /// Where in the table the flow of a key is, if it is.
    #[inline]
    fn bucket_of(&self, hash: u64, key: &FlowKey) -> usize {
        self.table.find_bucket_index(hash, |flow| flow.key == *key).unwrap_or(NOWHERE)
    }

    /// Ends the flows whose deadline the block's last frame is past.
    pub fn expire(&mut self, clocks: Clocks<'_>, ended: &mut Vec<Ended<K>>) {
        if let Some(now) = clocks.last() {
            self.expire_until(now, clocks, ended);
        }
    }

    /// Ends all flows: the input is over.
    pub fn drain(&mut self, ended: &mut Vec<Ended<K>>) {
        self.queue.clear();
        for mut flow in self.table.drain() {
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

    /// Before a flow is opened: when the table is full, ends what is due, else what is due next.
    #[inline]
    fn make_room(&mut self, now: Now<'_>, ended: &mut Vec<Ended<K>>) {
        if self.table.len() < self.flows_max {
            return;
        }
        self.expire_until(now.clock, now.clocks, ended);
        if self.table.len() >= self.flows_max
            && let Some((_, id, hash)) = self.next_due(i64::MAX)
        {
            self.counts.evicted += 1;
            let is_it = |flow: &Flow<K>| flow.first.frame == id;
            self.end(hash, is_it, EndReason::Evicted, now.frame(), ended);
        }
    }

    fn expire_until(&mut self, now: i64, clocks: Clocks<'_>, ended: &mut Vec<Ended<K>>) {
        if self.settings.no_split {
            return;
        }
        while let Some((due, id, hash)) = self.next_due(now) {
            let is_it = |flow: &Flow<K>| flow.first.frame == id;
            let Some(flow) = self.table.find(hash, |flow| is_it(flow)) else { continue };
            let reason = deadline(flow, &self.settings).1;
            self.end(hash, is_it, reason, clocks.frame_past(due), ended);
        }
    }

    /// Deadline, first frame and hash of the flow whose deadline comes first, if before `now`.
    fn next_due(&mut self, now: i64) -> Option<(i64, u64, u64)> {
        loop {
            let Reverse((queued, id, hash)) = *self.queue.peek()?;
            if queued >= now {
                return None;
            }
            let counts = |flow: &Flow<K>| flow.first.frame == id && flow.queued == queued;
            let Some(flow) = self.table.find_mut(hash, |flow| counts(flow)) else {
                self.queue.pop();
                continue;
            };
            if deadline(flow, &self.settings).0 <= queued {
                return Some((queued, id, hash));
            }
            self.queue.pop();
            enqueue(flow, &self.settings, &mut self.queue);
        }
    }

    fn end(
        &mut self,
        hash: u64,
        is_it: impl Fn(&Flow<K>) -> bool,
        reason: EndReason,
        frame: u64,
        ended: &mut Vec<Ended<K>>,
    ) {
        if let Ok(entry) = self.table.find_entry(hash, |flow| is_it(flow)) {
            let (mut flow, _) = entry.remove();
            self.changes += 1;
            flow.keep.ended(&mut self.shared);
            ended.push(Ended { flow, reason, frame });
            if self.queue.len() > 2 * self.table.len() + SPARE_ENTRIES {
                self.forget_entries();
            }
        }
    }

    /// Takes out of the queue what no longer counts: flows that end before their time leave entries
    /// behind that would wait for it.
    #[cold]
    fn forget_entries(&mut self) {
        let table = &self.table;
        self.queue.retain(|Reverse((queued, id, hash))| {
            let counts = |flow: &Flow<K>| flow.first.frame == *id && flow.queued == *queued;
            table.find(*hash, |flow| counts(flow)).is_some()
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
    // No deadline can have passed before the one the queue knows of.
    if settings.no_split || (now.clock <= flow.queued && !syn) {
        return None;
    }
    let (deadline, reason) = deadline(flow, settings);
    if now.clock > deadline {
        return Some((reason, now.clocks.frame_past(deadline)));
    }
    let silent = now.clock.saturating_sub(flow.clock_last) >= settings.timeouts.reopen;
    let side = &flow.sides[usize::from(now.reversed != flow.initiator_is_b)];
    let opens = syn && side.sequence.is_new_connection(now.arrival.packet.seq);
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
    queue: &mut BinaryHeap<Reverse<(i64, u64, u64)>>,
    shared: &mut K::Shared,
) {
    let holes_max = settings.limits.tcp_holes_max;
    let seen = flow.take(now.arrival, now.reversed, now.clock, origin, holes_max);
    flow.keep.packet(now.arrival, seen, shared);
    if (flow.closed || flow.reset) && flow.over().is_none() {
        flow.over = now.clock;
        enqueue(flow, settings, queue);
    }
}

/// When a flow ends if nothing more comes, and why.
fn deadline<K: Keep>(flow: &Flow<K>, settings: &Settings) -> (i64, EndReason) {
    let timeouts = &settings.timeouts;
    if let Some(over) = flow.over() {
        return (over.saturating_add(timeouts.linger), over_reason(flow));
    }
    let tcp = flow.key.protocol() == PROTOCOL_TCP;
    let idle = if tcp { timeouts.tcp_idle } else { timeouts.other_idle };
    let idle = flow.clock_last.saturating_add(idle);
    let active = flow.first.clock.saturating_add(timeouts.active);
    if active < idle { (active, EndReason::Active) } else { (idle, EndReason::Idle) }
}

/// Queues a flow with its true deadline; the entry it had no longer counts.
fn enqueue<K: Keep>(
    flow: &mut Flow<K>,
    settings: &Settings,
    queue: &mut BinaryHeap<Reverse<(i64, u64, u64)>>,
) {
    flow.queued = deadline(flow, settings).0;
    queue.push(Reverse((flow.queued, flow.first.frame, flow.hash)));
}

fn over_reason<K: Keep>(flow: &Flow<K>) -> EndReason {
    if flow.reset { EndReason::Rst } else { EndReason::Fin }
}

/// What is kept of a first packet, and whether the initiator is endpoint B.
fn first(now: Now<'_>, origin: &impl Origin, key: &FlowKey, rule: Initiator) -> (First, bool) {
    let Now { arrival, reversed, clock, .. } = now;
    let packet = &arrival.packet;
    let (initiator_is_b, initiator_by) = initiator(packet, key, reversed, rule);
    let data = origin.frame(arrival);
    let mac = |plus_one: u16| {
        let at = usize::from(plus_one).checked_sub(1)?;
        data.get(at..)?.first_chunk().copied()
    };
    let (src, dst) = (mac(packet.mac_src_plus_one), mac(packet.mac_dst_plus_one));
    let macs = if reversed == initiator_is_b { [src, dst] } else { [dst, src] };
    let tunneled = packet.marks.has(Marks::TUNNELED);
    let tunnel = if tunneled { origin.tunnel(arrival) } else { None };
    let (frame, time) = (arrival.frame, arrival.time);
    (First { frame, time, clock, tunnel, initiator_by, macs }, initiator_is_b)
}

/// Whether the initiator is endpoint B, and which rule says so.
fn initiator(
    packet: &Packet,
    key: &FlowKey,
    reversed: bool,
    rule: Initiator,
) -> (bool, InitiatorBy) {
    if let Initiator::Client(network) = rule {
        match (network.contains(key.a()), network.contains(key.b())) {
            (true, false) => return (false, InitiatorBy::ClientNetwork),
            (false, true) => return (true, InitiatorBy::ClientNetwork),
            _ => {}
        }
    }
    let tcp = packet.transport == Transport::Tcp;
    match packet.tcp_flags & (SYN | ACK) {
        _ if rule == Initiator::FirstPacket => (reversed, InitiatorBy::FirstPacket),
        SYN if tcp => (reversed, InitiatorBy::Syn),
        SYN_ACK if tcp => (!reversed, InitiatorBy::SynAck),
        _ if is_icmp_reply(packet) => (!reversed, InitiatorBy::IcmpReply),
        _ => (reversed, InitiatorBy::FirstPacket),
    }
}

/// A bucket that no table has.
const NOWHERE: usize = usize::MAX;
/// Entries of the queue beyond two for each flow that are not worth looking through.
const SPARE_ENTRIES: usize = 64;
const PROTOCOL_TCP: u8 = 6;
const SYN_ACK: u8 = SYN | ACK;
