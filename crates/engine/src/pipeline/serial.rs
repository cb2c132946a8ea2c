//! What needs all frames in their order, and nothing more: clock, repetitions, fragments.

use flowloom_flow::{Arrival, Clock, Datagram, Defrag};
use flowloom_wire::{Marks, decode_payload};

use super::Plan;
use super::dedup::Dedup;
use super::work::Work;
use crate::Account;

/// The serial stage of a run.
pub(crate) struct Serial {
    clock: Clock,
    now: i64,
    defrag: Defrag,
    dedup: Option<Dedup>,
    duplicates: u64,
    resolved: Vec<Datagram>,
}

impl Serial {
    pub(crate) fn new(plan: &Plan<'_>) -> Self {
        let flow = plan.flow();
        Self {
            clock: Clock::new(flow.timeouts.clock_jump_max),
            now: 0,
            defrag: Defrag::new(&flow.limits, flow.timeouts.fragment),
            dedup: plan.config.dedup.map(Dedup::new),
            duplicates: 0,
            resolved: Vec::new(),
        }
    }

    /// Sets the clock at each frame and puts datagrams in the place of fragments.
    pub(crate) fn pass(&mut self, work: &mut Work, plan: &Plan<'_>) {
        let window = plan.config.window;
        work.clocks.clear();
        let (clock, mut now) = (&mut self.clock, self.now);
        work.clocks.extend(work.block.frames.iter().map(|frame| {
            if window.has(frame.time.0) {
                now = clock.advance(frame.time.0);
            }
            now
        }));
        self.now = now;
        if self.dedup.is_some() {
            self.drop_duplicates(work);
        }
        if !work.fragments.is_empty() || !self.defrag.is_idle() {
            self.defragment(work, plan);
        }
    }

    /// After the last block: what waits for fragments comes as it is. Makes a block of no frames.
    pub(crate) fn finish(&mut self, work: &mut Work, plan: &Plan<'_>) {
        work.counts.clear();
        work.clocks.clear();
        work.clocks.push(self.now);
        let mut arrivals = Vec::new();
        self.defrag.drain(0, &mut self.resolved);
        self.decode_resolved(self.now, plan, &mut arrivals);
        arrivals.sort_by_key(|arrival| arrival.frame);
        work.replace(arrivals);
    }

    pub(crate) fn add_to(&self, account: &mut Account) {
        account.add_defrag(self.defrag.counts());
        account.frames_duplicate += self.duplicates;
        account.clock_jumps_refused += self.clock.jumps_refused();
        if let Some(dedup) = &self.dedup {
            account.reach("dedup_frames", dedup.forgotten());
        }
    }

    /// Only packets are asked for: a frame that is in no flow anyway is counted as what it is.
    fn drop_duplicates(&mut self, work: &mut Work) {
        let Some(dedup) = &mut self.dedup else { return };
        let block = &work.block;
        let is_new = |arrival: &&Arrival| {
            let frame = &block.frames[arrival.index as usize];
            !dedup.is_repeated(frame.time.0, block.data(frame))
        };
        let packets = work.arrivals().len();
        let arrivals = work.arrivals().iter().filter(is_new).copied().collect::<Vec<_>>();
        let duplicates = (packets - arrivals.len()) as u64;
        if duplicates > 0 {
            self.duplicates += duplicates;
            work.counts.ip -= duplicates;
            work.replace(arrivals);
        }
    }

    fn defragment(&mut self, work: &mut Work, plan: &Plan<'_>) {
        let mut arrivals = Vec::with_capacity(work.arrivals().len());
        let mut coming = work.arrivals().iter().peekable();
        for (index, clock) in work.clocks.iter().enumerate() {
            let index = index as u32;
            self.defrag.expire(*clock, index, &mut self.resolved);
            while let Some(arrival) = coming.next_if(|arrival| arrival.index == index) {
                if !arrival.packet.marks.has(Marks::FRAGMENT) {
                    arrivals.push(*arrival);
                    continue;
                }
                let frame = &work.block.frames[index as usize];
                let data = work.block.data(frame);
                self.defrag.fragment(arrival, data, *clock, &mut self.resolved);
            }
            self.decode_resolved(*clock, plan, &mut arrivals);
        }
        work.replace(arrivals);
    }

    /// Decodes the datagrams that were put together; a fragment found inside one goes round again.
    fn decode_resolved(&mut self, clock: i64, plan: &Plan<'_>, arrivals: &mut Vec<Arrival>) {
        while !self.resolved.is_empty() {
            for datagram in std::mem::take(&mut self.resolved) {
                self.decode_one(datagram, clock, plan, arrivals);
            }
        }
    }

    fn decode_one(
        &mut self,
        datagram: Datagram,
        clock: i64,
        plan: &Plan<'_>,
        arrivals: &mut Vec<Arrival>,
    ) {
        match datagram {
            Datagram::Unresolved(arrival) => arrivals.push(arrival),
            Datagram::Whole { mut arrival, protocol, payload } => {
                let packet = &mut arrival.packet;
                decode_payload(&payload, protocol, &plan.config.wire, &mut (), packet);
                if packet.marks.has(Marks::FRAGMENT) {
                    self.defrag.fragment(&arrival, &payload, clock, &mut self.resolved);
                } else {
                    packet.marks.set(Marks::FRAGMENT);
                    arrivals.push(arrival);
                }
            }
        }
    }
}
