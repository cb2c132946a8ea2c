//! A block of frames and what the stages have made of it.

use std::ops::Range;

use flowloom_capture::{Block, Frame};
use flowloom_filter::{FrameView, PacketTest};
use flowloom_flow::{Arrival, Clocks, PARTITIONS, partition_of};
use flowloom_wire::{Layer, LayerStack, Marks, decode, link_is_known};

use super::Plan;
use crate::account::DecodeCounts;

/// A block on its way through the stages. Used again and again, so that its memory is made once.
#[derive(Default)]
pub(crate) struct Work {
    /// The frames.
    pub(crate) block: Block,
    /// The packets: those before `live` are of this block.
    arrivals: Vec<Arrival>,
    live: usize,
    /// The partition of each packet.
    partitions: Vec<u8>,
    /// The packets of each partition, in order, one partition after the other.
    order: Vec<u32>,
    ends: Vec<u32>,
    /// The clock at each frame.
    pub(crate) clocks: Vec<i64>,
    /// Positions of the packets that are IP fragments: the serial stage decides what they become.
    pub(crate) fragments: Vec<u32>,
    /// What was counted.
    pub(crate) counts: DecodeCounts,
}

impl Work {
    /// Decodes the frames: everything that needs nothing but the frame itself.
    pub(crate) fn decode(&mut self, plan: &Plan<'_>) {
        self.live = 0;
        self.partitions.clear();
        self.fragments.clear();
        self.counts.clear();
        self.arrivals.resize(self.arrivals.len().max(self.block.frames.len()), Arrival::default());
        let block = std::mem::take(&mut self.block);
        self.count(&block);
        match plan.config.filter.as_ref().and_then(|filter| filter.packet()) {
            None => self.decode_all(&block, plan),
            Some(test) => self.decode_filtered(&block, plan, test),
        }
        self.block = block;
        self.counts.ip = self.live as u64;
        // Fragments are replaced, and then all packets are sorted.
        if self.fragments.is_empty() {
            self.sort();
        }
    }

    fn decode_all(&mut self, block: &Block, plan: &Plan<'_>) {
        for (index, frame) in block.frames.iter().enumerate() {
            let data = block.data(frame);
            if !plan.config.window.has(frame.time.0) {
                self.counts.outside_window += 1;
                continue;
            }
            let arrival = &mut self.arrivals[self.live];
            let options = &plan.config.wire;
            decode(frame.link, data, frame.original, options, &mut (), &mut arrival.packet);
            self.take(index, frame, block.first);
        }
    }

    fn decode_filtered(&mut self, block: &Block, plan: &Plan<'_>, test: &PacketTest) {
        let mut layers = LayerStack::new();
        for (index, frame) in block.frames.iter().enumerate() {
            let bytes = block.data(frame);
            if !plan.config.window.has(frame.time.0) {
                self.counts.outside_window += 1;
                continue;
            }
            layers.clear();
            let arrival = &mut self.arrivals[self.live];
            let (link, original) = (frame.link, frame.original);
            decode(link, bytes, original, &plan.config.wire, &mut layers, &mut arrival.packet);
            if test.matches(&FrameView { link, bytes, original, layers: &layers }) {
                self.take(index, frame, block.first);
            } else {
                self.counts.filtered += 1;
            }
        }
    }

    fn count(&mut self, block: &Block) {
        self.counts.frames = block.frames.len() as u64;
        for frame in &block.frames {
            self.counts.captured_bytes += u64::from(frame.captured);
            self.counts.wire_bytes += u64::from(frame.original);
        }
    }

    /// Keeps the packet that was just decoded, if it makes a flow.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "once per frame; the call is a fifth of it")]
    fn take(&mut self, index: usize, frame: &Frame, first: u64) {
        let arrival = &mut self.arrivals[self.live];
        let packet = &arrival.packet;
        if let Some(stop) = packet.stop {
            self.counts.add_malformed(stop.layer);
        }
        if packet.ip_version == 0 {
            let unknown = packet.last == Layer::Unknown && !link_is_known(frame.link);
            if unknown {
                self.counts.add_unknown_link(frame.link);
            } else {
                self.counts.add_not_ip(packet.last);
            }
            return;
        }
        arrival.time = frame.time.0;
        arrival.frame = first + index as u64;
        arrival.wire_len = frame.original;
        arrival.index = index as u32;
        if packet.marks.has(Marks::FRAGMENT) {
            self.fragments.push(self.live as u32);
        }
        self.partitions.push(partition_of(packet));
        self.live += 1;
    }

    /// The packets of this block, in order.
    pub(crate) fn arrivals(&self) -> &[Arrival] {
        &self.arrivals[..self.live]
    }

    /// The positions of the packets of some partitions, one partition after the other.
    pub(crate) fn of_partitions(&self, partitions: Range<usize>) -> &[u32] {
        let bound = |partition: usize| match partition {
            0 => 0,
            after => self.ends[after - 1] as usize,
        };
        &self.order[bound(partitions.start)..bound(partitions.end)]
    }

    /// The packet at a position, with its partition.
    #[inline]
    pub(crate) fn arrival(&self, position: u32) -> (usize, &Arrival) {
        let position = position as usize;
        (usize::from(self.partitions[position]), &self.arrivals[position])
    }

    /// The clock over the block.
    pub(crate) fn clocks(&self) -> Clocks<'_> {
        Clocks { first: self.block.first, at: &self.clocks }
    }

    /// The frame a packet came in, if that is where it is handled. A fragment that has waited has
    /// none, be it in this block or in an earlier one: nothing may depend on where blocks end.
    #[inline]
    pub(crate) fn frame_of(&self, arrival: &Arrival) -> Option<&Frame> {
        let handled = self.block.first + u64::from(arrival.index);
        let frame = self.block.frames.get(arrival.index as usize);
        frame.filter(|_| arrival.frame == handled)
    }

    /// Replaces the packets by others, in the order of their frames in the block; gives the memory
    /// of those that were.
    pub(crate) fn replace(&mut self, arrivals: Vec<Arrival>) -> Vec<Arrival> {
        self.live = arrivals.len();
        let before = std::mem::replace(&mut self.arrivals, arrivals);
        self.partitions.clear();
        let partitions = self.arrivals.iter().map(|arrival| partition_of(&arrival.packet));
        self.partitions.extend(partitions);
        self.sort();
        before
    }

    /// Looks for fragments among packets that were replaced.
    pub(crate) fn find_fragments(&mut self) {
        let arrivals = (0..).zip(&self.arrivals[..self.live]);
        let fragments = arrivals.filter(|(_, arrival)| arrival.packet.marks.has(Marks::FRAGMENT));
        self.fragments.clear();
        self.fragments.extend(fragments.map(|(position, _)| position));
    }

    /// Counting sort of the packets by partition; stable.
    fn sort(&mut self) {
        let mut next = [0_u32; PARTITIONS + 1];
        for partition in &self.partitions {
            next[usize::from(*partition) + 1] += 1;
        }
        for i in 0..PARTITIONS {
            next[i + 1] += next[i];
        }
        self.ends.clear();
        self.ends.extend(&next[1..]);
        self.order.resize(self.live, 0);
        for (position, partition) in self.partitions.iter().enumerate() {
            let at = &mut next[usize::from(*partition)];
            self.order[*at as usize] = position as u32;
            *at += 1;
        }
    }
}

/// The share of the partitions that group `index` of `groups` has.
pub(crate) fn share(index: usize, groups: usize) -> Range<usize> {
    index * PARTITIONS / groups..(index + 1) * PARTITIONS / groups
}
