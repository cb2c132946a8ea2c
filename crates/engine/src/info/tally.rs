//! Frames as they pass by on their way into the pipeline: times, lengths, interfaces, headers.

use flowloom_capture::{Block, Facts, Frame, ReadError, Source};
use flowloom_wire::{LayerStack, Options, Packet, decode};
use serde::Serialize;

use super::protocols::Protocols;
use super::time;

/// Times, lengths and rates of the frames of a capture. Rates are null when no time passed.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct FrameStatistics {
    /// The earliest time of a frame.
    pub first_time: Option<String>,
    /// The latest.
    pub last_time: Option<String>,
    /// Seconds between them.
    pub duration: Option<f64>,
    /// Whether no frame is earlier than the one before it.
    pub in_time_order: bool,
    /// Frames that are.
    pub frames_back_in_time: u64,
    /// Bytes of a frame on the wire, on average.
    pub frame_bytes_mean: Option<f64>,
    /// Bytes of the shortest frame on the wire.
    pub frame_bytes_min: Option<u32>,
    /// Bytes of the longest.
    pub frame_bytes_max: Option<u32>,
    /// Frames in a second, on average.
    pub frames_per_second: Option<f64>,
    /// Bytes on the wire in a second, on average.
    pub bytes_per_second: Option<f64>,
    /// Bits on the wire in a second, on average.
    pub bits_per_second: Option<f64>,
    /// Frames of which the capture does not hold all.
    pub frames_clipped: u64,
}

/// What frames were captured on, and how many.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct InterfaceInfo {
    /// The section that describes it, counted from 0.
    pub section: u64,
    /// Its number in that section, counted from 0.
    pub id: u32,
    /// Such as `eth0`.
    pub name: Option<String>,
    /// What the operating system calls it.
    pub description: Option<String>,
    /// What its frames begin with, by the name in the registry of link types.
    pub link_type: String,
    /// The same as a number.
    pub link_number: u16,
    /// Bytes kept of a frame at most; null when not limited.
    pub snap_length: Option<u32>,
    /// What a tick of its timestamps is.
    pub time_resolution: String,
    /// The capture filter.
    pub filter: Option<String>,
    /// The operating system of the capturing machine.
    pub os: Option<String>,
    /// Frames in the capture.
    pub frames: u64,
    /// Bytes of them that were captured.
    pub captured_bytes: u64,
    /// Bytes they had on the wire.
    pub wire_bytes: u64,
    /// Frames the interface received, as the capturing program reports.
    pub reported_received: Option<u64>,
    /// Frames the interface dropped, as the capturing program reports.
    pub reported_dropped: Option<u64>,
    /// Frames the operating system dropped, as the capturing program reports.
    pub reported_dropped_by_os: Option<u64>,
}

/// A source that is looked at while it is read.
pub(super) struct Observed {
    source: Box<dyn Source>,
    options: Options,
    layers: LayerStack,
    packet: Packet,
    tally: Tally,
}

/// What was seen of the frames.
#[derive(Debug, Default)]
pub(super) struct Tally {
    all: Count,
    of_interfaces: Vec<Count>,
    first: Option<i64>,
    last: Option<i64>,
    previous: Option<i64>,
    back_in_time: u64,
    clipped: u64,
    shortest: Option<u32>,
    longest: Option<u32>,
    pub(super) protocols: Protocols,
}

#[derive(Clone, Copy, Debug, Default)]
struct Count {
    frames: u64,
    captured: u64,
    wire: u64,
}

impl Observed {
    pub(super) fn new(source: Box<dyn Source>, options: Options) -> Self {
        let (layers, packet) = (LayerStack::new(), Packet::default());
        Self { source, options, layers, packet, tally: Tally::default() }
    }

    pub(super) fn into_parts(self) -> (Box<dyn Source>, Tally) {
        (self.source, self.tally)
    }
}

impl Source for Observed {
    fn read(&mut self, block: &mut Block) -> Result<bool, ReadError> {
        let more = self.source.read(block)?;
        for frame in &block.frames {
            let (layers, packet) = (&mut self.layers, &mut self.packet);
            layers.clear();
            let data = block.data(frame);
            decode(frame.link, data, frame.original, &self.options, layers, packet);
            let headers = layers.spans().iter().map(|(layer, _)| *layer);
            self.tally.protocols.add(headers, frame.original.into());
            self.tally.add(frame);
        }
        Ok(more)
    }

    fn facts(&self) -> &Facts {
        self.source.facts()
    }
}

impl Tally {
    fn add(&mut self, frame: &Frame) {
        let interface = usize::from(frame.interface);
        if interface >= self.of_interfaces.len() {
            self.of_interfaces.resize(interface + 1, Count::default());
        }
        for count in [&mut self.all, &mut self.of_interfaces[interface]] {
            count.frames += 1;
            count.captured += u64::from(frame.captured);
            count.wire += u64::from(frame.original);
        }
        let time = frame.time.0;
        self.back_in_time += u64::from(self.previous.is_some_and(|previous| time < previous));
        self.previous = Some(time);
        self.first = Some(self.first.map_or(time, |first| first.min(time)));
        self.last = Some(self.last.map_or(time, |last| last.max(time)));
        self.clipped += u64::from(frame.captured < frame.original);
        self.shortest = Some(self.shortest.map_or(frame.original, |len| len.min(frame.original)));
        self.longest = self.longest.max(Some(frame.original));
    }

    pub(super) fn statistics(&self) -> FrameStatistics {
        let Count { frames, wire, .. } = self.all;
        let span = self.first.zip(self.last).map(|(first, last)| last.saturating_sub(first));
        let duration = span.map(|nanos| nanos as f64 / 1e9);
        let per_second = |count: u64| {
            duration.filter(|duration| *duration > 0.0).map(|duration| count as f64 / duration)
        };
        FrameStatistics {
            first_time: self.first.map(time),
            last_time: self.last.map(time),
            duration,
            in_time_order: self.back_in_time == 0,
            frames_back_in_time: self.back_in_time,
            frame_bytes_mean: (frames > 0).then(|| wire as f64 / frames as f64),
            frame_bytes_min: self.shortest,
            frame_bytes_max: self.longest,
            frames_per_second: per_second(frames),
            bytes_per_second: per_second(wire),
            bits_per_second: per_second(wire).map(|bytes| 8.0 * bytes),
            frames_clipped: self.clipped,
        }
    }

    /// The interfaces a capture describes, with what was counted of each.
    pub(super) fn interfaces(&self, facts: &Facts) -> Vec<InterfaceInfo> {
        let counts = self.of_interfaces.iter().copied().chain(std::iter::repeat(Count::default()));
        let interface = |(interface, count): (&flowloom_capture::Interface, Count)| {
            let reported = interface.statistics.clone().unwrap_or_default();
            InterfaceInfo {
                section: interface.section,
                id: interface.id,
                name: interface.name.clone(),
                description: interface.description.clone(),
                link_type: interface.link.to_string(),
                link_number: interface.link.0,
                snap_length: (interface.snap_len > 0).then_some(interface.snap_len),
                time_resolution: interface.resolution.to_string(),
                filter: interface.filter.clone(),
                os: interface.os.clone(),
                frames: count.frames,
                captured_bytes: count.captured,
                wire_bytes: count.wire,
                reported_received: reported.received,
                reported_dropped: reported.dropped,
                reported_dropped_by_os: reported.dropped_by_os,
            }
        };
        facts.interfaces.iter().zip(counts).map(interface).collect()
    }
}
