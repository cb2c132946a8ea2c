//! A block of frames and what the stages have made of it.

use std::collections::HashMap;
use std::ops::Range;

use flowloom_capture::{Block, Frame};
use flowloom_filter::{FrameView, PacketTest};
use flowloom_flow::{Arrival, Clocks, Coming, PARTITIONS, Place, RecordPlace, Runs};
use flowloom_wire::{Layer, LayerStack, Marks, decode, link_is_known};

use super::around::Around;
use super::{IpDatagram, Plan};
use crate::account::DecodeCounts;

/// A block on its way through the stages. Used again and again, so that its memory is made once.
#[derive(Default)]
pub(crate) struct Work {
    /// The frames.
    pub(crate) block: Block,
    /// The time of the frame after them, where it matters.
    pub(crate) next_time: Option<i64>,
    /// The packets: those before `live` are of this block.
    arrivals: Vec<Arrival>,
    live: usize,
    /// Where each of them belongs.
    places: Vec<Place>,
    /// Which of them are of one flow.
    runs: Runs,
    /// The clock at each frame.
    pub(crate) clocks: Vec<i64>,
    /// Positions of the packets that are IP fragments: the serial stage decides what they become.
    pub(crate) fragments: Vec<u32>,
    /// What datagrams held that were put together from fragments, by the frames and index at which
    /// they are handled.
    datagrams: Vec<((u64, u32), Vec<u8>)>,
    /// Datagrams that were put together, where somebody wants them.
    pub(crate) joined: Vec<IpDatagram>,
    /// The frames of fragments that are handled in this block, by that of their packet.
    pub(crate) records: HashMap<u64, Vec<RecordPlace>>,
    /// The headers around packets that were put together and came through a tunnel, by their frames.
    pub(crate) around: HashMap<u64, Around>,
    /// Indices of the frames that make no flow.
    others: Vec<u32>,
    /// What was counted.
    pub(crate) counts: DecodeCounts,
    /// Whether it is the block without frames that follows the others.
    pub(crate) is_last: bool,
}

impl Work {
    /// Decodes the frames: everything that needs nothing but the frame itself.
    pub(crate) fn decode(&mut self, plan: &Plan<'_>) {
        let block = std::mem::take(&mut self.block);
        self.begin(&block);
        match plan.config.filter.as_ref().and_then(|filter| filter.packet()) {
            None => self.decode_all(&block, plan),
            Some(test) => self.decode_filtered(&block, plan, test),
        }
        self.block = block;
        self.counts.ip = self.live as u64;
        // Fragments become something else first.
        if self.fragments.is_empty() {
            self.arrange(0..self.live as u32);
        }
    }

    /// Forgets the block before, and makes room for the packets of this one.
    fn begin(&mut self, block: &Block) {
        self.live = 0;
        self.datagrams.clear();
        self.fragments.clear();
        self.records.clear();
        self.around.clear();
        self.others.clear();
        self.counts.clear();
        self.is_last = false;
        let room = self.arrivals.len().max(block.frames.len());
        self.arrivals.resize(room, Arrival::default());
        self.places.resize(room, Place::default());
        self.counts.frames = block.frames.len() as u64;
        for frame in &block.frames {
            self.counts.captured_bytes += u64::from(frame.captured);
            self.counts.wire_bytes += u64::from(frame.original);
        }
    }

    fn decode_all(&mut self, block: &Block, plan: &Plan<'_>) {
        let options = plan.config.wire;
        for (index, frame) in block.frames.iter().enumerate() {
            if !plan.config.window.has(frame.time.0) {
                self.counts.outside_window += 1;
                continue;
            }
            let (data, packet) = (block.data(frame), &mut self.arrivals[self.live].packet);
            decode(frame.link, data, frame.original, &options, &mut (), packet);
            self.take(index, frame, block.first, plan);
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
                self.take(index, frame, block.first, plan);
            } else {
                self.counts.filtered += 1;
            }
        }
    }

    /// Keeps the packet that was just decoded, if it makes a flow.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "once per frame; the call is a fifth of it")]
    fn take(&mut self, index: usize, frame: &Frame, first: u64, plan: &Plan<'_>) {
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
            self.others.push(index as u32);
            return;
        }
        arrival.time = frame.time.0;
        arrival.frame = first + index as u64;
        arrival.wire_len = frame.original;
        arrival.index = index as u32;
        if packet.marks.has(Marks::FRAGMENT) {
            self.fragments.push(self.live as u32);
        }
        self.places[self.live] = plan.place(packet);
        self.live += 1;
    }

    /// The packets of this block and where they belong.
    pub(crate) fn packets(&self) -> (&[Arrival], &[Place]) {
        (&self.arrivals[..self.live], &self.places[..self.live])
    }

    /// The packet at a position.
    pub(crate) fn arrival(&self, position: u32) -> &Arrival {
        &self.arrivals[position as usize]
    }

    /// Where a frame of this block is.
    #[inline]
    pub(crate) fn record(&self, index: u32) -> Option<RecordPlace> {
        let frame = self.block.frames.get(index as usize)?;
        let offset = self.block.record_at(frame);
        Some(RecordPlace { frame: self.block.first + u64::from(index), offset })
    }

    /// The frames of this block that make no flow.
    pub(crate) fn others(&self) -> impl Iterator<Item = RecordPlace> {
        self.others.iter().filter_map(|index| self.record(*index))
    }

    /// The packets, as they go to their flows.
    pub(crate) fn coming(&self) -> Coming<'_> {
        let (arrivals, places) = self.packets();
        let (runs, clocks) = (&self.runs, self.clocks());
        let joined = self.datagrams.iter().map(|(_, payload)| payload.len()).sum::<usize>();
        let bytes = self.counts.captured_bytes as usize + joined;
        Coming { arrivals, places, runs, clocks, bytes }
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

    /// The captured bytes that a packet's offsets count in.
    pub(crate) fn bytes(&self, arrival: &Arrival) -> Option<&[u8]> {
        if arrival.packet.marks.has(Marks::FRAGMENT) {
            let at = (arrival.frame, arrival.index);
            let datagram = self.datagrams.iter().find(|(whose, _)| *whose == at);
            return datagram.map(|(_, payload)| payload.as_slice());
        }
        self.frame_of(arrival).map(|frame| self.block.data(frame))
    }

    /// Keeps what a datagram held until the block is done.
    pub(crate) fn keep(&mut self, arrival: &Arrival, payload: Vec<u8>) {
        self.datagrams.push(((arrival.frame, arrival.index), payload));
    }

    /// Begins the block without frames that follows the others.
    pub(crate) fn begin_last(&mut self, first: u64, clock: i64) {
        self.block.clear();
        self.block.first = first;
        self.begin(&Block::default());
        self.is_last = true;
        self.clocks.clear();
        self.clocks.push(clock);
    }

    /// Adds a packet that was put together from fragments; gives its position.
    pub(crate) fn add(&mut self, arrival: Arrival, plan: &Plan<'_>) -> u32 {
        self.arrivals.truncate(self.live);
        self.places.truncate(self.live);
        self.places.push(plan.place(&arrival.packet));
        self.arrivals.push(arrival);
        self.live += 1;
        self.live as u32 - 1
    }

    /// These packets are handled, in this order.
    pub(crate) fn arrange(&mut self, positions: impl Iterator<Item = u32>) {
        self.runs.arrange(&self.places, positions);
    }
}

/// The share of the partitions that group `index` of `groups` has.
pub(crate) fn share(index: usize, groups: usize) -> Range<usize> {
    index * PARTITIONS / groups..(index + 1) * PARTITIONS / groups
}
