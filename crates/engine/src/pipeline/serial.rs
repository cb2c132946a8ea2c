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
    /// Memory for the packets of a block, used again and again.
    spare: Vec<Arrival>,
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
            spare: Vec::new(),
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
        let is_due = self.defrag.deadline().is_some_and(|deadline| deadline < now);
        if !work.fragments.is_empty() || is_due {
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
            work.find_fragments();
        }
    }

    /// Copies the packets, goes from one frame where fragments come or are given up to the next.
    fn defragment(&mut self, work: &mut Work, plan: &Plan<'_>) {
        let mut arrivals = std::mem::take(&mut self.spare);
        arrivals.clear();
        let coming = work.arrivals();
        let mut fragments = work.fragments.iter().map(|position| *position as usize).peekable();
        let mut done = 0;
        while let Some(index) = self.next_event(work, fragments.peek().copied()) {
            let clock = work.clocks[index];
            self.defrag.expire(clock, index as u32, &mut self.resolved);
            let is_here = |position: &usize| coming[*position].index as usize == index;
            while let Some(position) = fragments.next_if(is_here) {
                arrivals.extend_from_slice(&coming[done..position]);
                done = position + 1;
                let data = work.block.data(&work.block.frames[index]);
                self.defrag.fragment(&coming[position], data, clock, &mut self.resolved);
            }
            let after = |arrival: &Arrival| arrival.index as usize <= index;
            let until = done + coming[done..].partition_point(after);
            arrivals.extend_from_slice(&coming[done..until]);
            done = until;
            self.decode_resolved(clock, plan, &mut arrivals);
        }
        arrivals.extend_from_slice(&coming[done..]);
        self.spare = work.replace(arrivals);
    }

    /// The first frame at which there is something to do: that of the next fragment, or the one
    /// past the next deadline.
    fn next_event(&self, work: &Work, fragment: Option<usize>) -> Option<usize> {
        let past = |deadline: i64| work.clocks.partition_point(|clock| *clock <= deadline);
        let due = self.defrag.deadline().map(past).filter(|index| *index < work.clocks.len());
        let fragment = fragment.map(|position| work.arrivals()[position].index as usize);
        due.into_iter().chain(fragment).min()
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
