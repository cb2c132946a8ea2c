//! What needs all frames in their order, and nothing more: clock, repetitions, fragments.

use std::collections::HashMap;

use flowloom_flow::{Arrival, Clock, Datagram, Defrag, RecordPlace};
use flowloom_wire::{LayerStack, Marks, decode_beginning};

use super::around::{Around, has_ip};
use super::work::Work;
use super::{IpDatagram, Plan};
use crate::Account;
use crate::dedup::{DEDUP_FRAMES, Dedup};

/// The serial stage of a run.
pub(crate) struct Serial {
    clock: Clock,
    now: i64,
    defrag: Defrag,
    dedup: Option<Dedup>,
    duplicates: u64,
    resolved: Vec<Datagram>,
    /// The frames of fragments that wait, by that of their packet; empty where nobody asks.
    waiting: HashMap<u64, Vec<RecordPlace>>,
    /// The headers around the packets of tunnels that were put together, and around fragments that
    /// such packets are and that wait, by their frames.
    around: HashMap<u64, Around>,
    lists_frames: bool,
    /// Positions of a block's packets as they are handled; memory that is used again and again.
    handled: Vec<u32>,
}

impl Serial {
    pub(crate) fn new(plan: &Plan<'_>) -> Self {
        let flow = plan.flow();
        Self {
            clock: Clock::new(flow.timeouts.clock_jump_max),
            now: 0,
            defrag: Defrag::new(&flow.limits, flow.timeouts.fragment)
                .telling_incomplete(plan.takes.datagrams),
            dedup: plan.config.dedup.map(Dedup::new),
            duplicates: 0,
            resolved: Vec::new(),
            waiting: HashMap::new(),
            around: HashMap::new(),
            lists_frames: plan.families.needs().frames,
            handled: Vec::new(),
        }
    }

    /// Sets the clock at each frame and puts datagrams in the place of fragments.
    pub(crate) fn pass(&mut self, work: &mut Work, plan: &Plan<'_>) {
        if let Some(take) = plan.others {
            work.others().for_each(take);
        }
        let window = plan.config.window;
        work.clocks.clear();
        let (clock, mut now) = (&mut self.clock, self.now);
        let (frames, next_time) = (&work.block.frames, work.next_time);
        work.clocks.extend(frames.iter().enumerate().map(|(at, frame)| {
            if window.has(frame.time.0) {
                let next = || frames.get(at + 1).map_or(next_time, |next| Some(next.time.0));
                now = clock.advance(frame.time.0, next);
            }
            now
        }));
        self.now = now;
        let is_due = self.defrag.deadline().is_some_and(|deadline| deadline < now);
        if self.dedup.is_none() && work.fragments.is_empty() && !is_due {
            return;
        }
        let mut coming = (0..work.packets().0.len() as u32).collect::<Vec<_>>();
        if self.dedup.is_some() {
            self.drop_duplicates(work, &mut coming);
        }
        if work.fragments.is_empty() && !is_due {
            work.arrange(coming.into_iter());
        } else {
            self.defragment(work, &coming, plan);
            work.arrange(self.handled.iter().copied());
        }
    }

    /// After the last block: what waits for fragments comes as it is. Makes a block of no frames.
    pub(crate) fn finish(&mut self, work: &mut Work, plan: &Plan<'_>) {
        work.begin_last(work.block.first, self.now);
        self.handled.clear();
        self.defrag.drain(0, &mut self.resolved);
        self.decode_resolved(self.now, plan, work);
        self.handled.sort_by_key(|position| work.arrival(*position).frame);
        work.arrange(self.handled.iter().copied());
    }

    pub(crate) fn add_to(&self, account: &mut Account) {
        account.add_defrag(self.defrag.counts());
        account.frames_duplicate += self.duplicates;
        account.clock_jumps_refused += self.clock.jumps_refused();
        if let Some(dedup) = &self.dedup {
            account.reach(DEDUP_FRAMES, dedup.forgotten());
        }
    }

    /// Only packets are asked for: a frame that is in no flow anyway is counted as what it is.
    fn drop_duplicates(&mut self, work: &mut Work, coming: &mut Vec<u32>) {
        let Some(dedup) = &mut self.dedup else { return };
        let packets = coming.len();
        coming.retain(|position| {
            let frame = &work.block.frames[work.arrival(*position).index as usize];
            !dedup.is_repeated(frame.time.0, frame.original, work.block.data(frame))
        });
        let duplicates = (packets - coming.len()) as u64;
        self.duplicates += duplicates;
        work.counts.ip -= duplicates;
        work.fragments.retain(|position| coming.binary_search(position).is_ok());
    }

    /// Goes from one frame where fragments come or are given up to the next, and puts datagrams
    /// between the packets that come, in the place of their fragments.
    fn defragment(&mut self, work: &mut Work, coming: &[u32], plan: &Plan<'_>) {
        self.handled.clear();
        let fragments = std::mem::take(&mut work.fragments);
        let mut waiting = fragments.iter().copied().peekable();
        let mut done = 0;
        while let Some(index) = self.next_event(work, waiting.peek().copied()) {
            let clock = work.clocks[index];
            self.defrag.expire(clock, index as u32, &mut self.resolved);
            let before = |position: &u32| (work.arrival(*position).index as usize) < index;
            let until = done + coming[done..].partition_point(before);
            self.handled.extend_from_slice(&coming[done..until]);
            done = until;
            // A frame has one packet at most; where one was only due to be given up, it may have none.
            let is_here = |position: &u32| work.arrival(*position).index as usize == index;
            if let Some(position) = waiting.next_if(is_here) {
                done += 1;
                let data = work.block.data(&work.block.frames[index]);
                let arrival = work.arrival(position);
                if self.lists_frames {
                    self.waiting
                        .insert(arrival.frame, work.record(arrival.index).into_iter().collect());
                }
                self.defrag.fragment(arrival, data, clock, &mut self.resolved);
            }
            let after = |position: &u32| work.arrival(*position).index as usize <= index;
            let until = done + coming[done..].partition_point(after);
            self.handled.extend_from_slice(&coming[done..until]);
            done = until;
            self.decode_resolved(clock, plan, work);
        }
        self.handled.extend_from_slice(&coming[done..]);
        work.fragments = fragments;
    }

    /// The first frame at which there is something to do: that of the next fragment, or the one
    /// past the next deadline.
    fn next_event(&self, work: &Work, fragment: Option<u32>) -> Option<usize> {
        let past = |deadline: i64| work.clocks.partition_point(|clock| *clock <= deadline);
        let due = self.defrag.deadline().map(past).filter(|index| *index < work.clocks.len());
        let fragment = fragment.map(|position| work.arrival(position).index as usize);
        due.into_iter().chain(fragment).min()
    }

    /// Decodes the datagrams that were put together; a fragment found inside one goes round again.
    fn decode_resolved(&mut self, clock: i64, plan: &Plan<'_>, work: &mut Work) {
        while !self.resolved.is_empty() {
            for datagram in std::mem::take(&mut self.resolved) {
                self.decode_one(datagram, clock, plan, work);
            }
        }
    }

    fn decode_one(&mut self, datagram: Datagram, clock: i64, plan: &Plan<'_>, work: &mut Work) {
        match datagram {
            Datagram::Unresolved(arrival) => self.handle(arrival, None, plan, work),
            Datagram::Beginning { mut arrival, protocol, payload, len } => {
                self.look_into(&mut arrival, &payload, (protocol, len), plan, work);
                arrival.packet.marks.set(Marks::FRAGMENT);
                self.handle(arrival, Some(payload), plan, work);
            }
            Datagram::Incomplete { arrival, protocol, payload, holes, is_open, origin } => {
                let mut own = IpDatagram::of(&arrival, protocol, payload, origin);
                (own.holes, own.is_open) = (holes, is_open);
                work.joined.push(own);
            }
            Datagram::Whole { mut arrival, protocol, payload, origin } => {
                if self.lists_frames {
                    let frames = origin.frames.iter();
                    let of_all = frames.filter_map(|frame| self.waiting.remove(frame));
                    let records = of_all.flatten().collect();
                    self.waiting.insert(arrival.frame, records);
                }
                for frame in origin.frames.iter().filter(|frame| **frame != arrival.frame) {
                    self.around.remove(frame);
                }
                if plan.takes.datagrams {
                    let payload = payload.clone();
                    work.joined.push(IpDatagram::of(&arrival, Some(protocol), payload, origin));
                }
                self.look_into(&mut arrival, &payload, (protocol, 0), plan, work);
                if arrival.packet.marks.has(Marks::FRAGMENT) {
                    self.defrag.fragment(&arrival, &payload, clock, &mut self.resolved);
                } else {
                    arrival.packet.marks.set(Marks::FRAGMENT);
                    self.handle(arrival, Some(payload), plan, work);
                }
            }
        }
    }

    /// Decodes what a datagram holds, of which `len` bytes are claimed. Of a tunnel's packet the
    /// headers around it are kept, and its hardware addresses are told as in these.
    fn look_into(
        &mut self,
        arrival: &mut Arrival,
        payload: &[u8],
        (protocol, len): (u8, u32),
        plan: &Plan<'_>,
        work: &Work,
    ) {
        let (handled, packet) = (*arrival, &mut arrival.packet);
        (packet.mac_src_plus_one, packet.mac_dst_plus_one) = (0, 0);
        let mut layers = LayerStack::new();
        decode_beginning(payload, len, protocol, &plan.config.wire, &mut layers, packet);
        let (mut src, mut dst) = (packet.mac_src_plus_one, packet.mac_dst_plus_one);
        let of_frame = || {
            let frame = work.frame_of(&handled)?;
            Some(Around::frame(frame, work.block.data(frame), plan.config.wire))
        };
        if has_ip(&layers)
            && let Some(mut around) = self.around.remove(&handled.frame).or_else(of_frame)
        {
            let begin = around.len() as u64;
            let moved =
                |at: u16| if at == 0 { 0 } else { (begin + u64::from(at)).try_into().unwrap_or(0) };
            (src, dst) = (moved(src), moved(dst));
            around.add(payload, &layers, packet.trans_offset);
            self.around.insert(handled.frame, around);
        }
        if (src, dst) == (0, 0) {
            (src, dst) = (handled.packet.mac_src_plus_one, handled.packet.mac_dst_plus_one);
        }
        (packet.mac_src_plus_one, packet.mac_dst_plus_one) = (src, dst);
    }

    /// A packet that was, or is of, fragments comes next, with what its datagram held if that is known.
    fn handle(
        &mut self,
        arrival: Arrival,
        payload: Option<Vec<u8>>,
        plan: &Plan<'_>,
        work: &mut Work,
    ) {
        if let Some(records) = self.waiting.remove(&arrival.frame) {
            work.records.insert(arrival.frame, records);
        }
        if let Some(around) = self.around.remove(&arrival.frame) {
            work.around.insert(arrival.frame, around);
        }
        if let Some(payload) = payload
            && plan.reads_payload()
        {
            work.keep(&arrival, payload);
        }
        self.handled.push(work.add(arrival, plan));
    }
}
