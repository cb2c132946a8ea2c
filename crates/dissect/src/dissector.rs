//! The way down a frame: the headers `wire` finds, each written by its layer, and what they carry.

use flowloom_flow::{Arrival, Clock, Datagram, Defrag, Limits, Timeouts};
use flowloom_schema::{LinkType, Timestamp};
use flowloom_wire::{Layer, Layers, Marks, Options, Packet, decode, decode_payload};

use crate::connections::Connections;
use crate::declared::KnownLayers;
use crate::dissection::{Dissection, Origin};
use crate::field::LayerInfo;
use crate::layers;
use crate::rtp::RtpRuns;
use crate::streams::{Piece, Speaks, Streams};
use crate::writer::Writer;

/// A frame to be dissected.
#[derive(Clone, Copy, Debug)]
pub struct FrameInput<'a> {
    /// Its number in the capture, from 1.
    pub number: u64,
    /// When it was captured.
    pub time: Timestamp,
    /// How long after others of the capture, if it is not alone.
    pub since: Option<Since>,
    /// What it begins with.
    pub link: LinkType,
    /// The interface it was captured on.
    pub interface: u16,
    /// Bytes it had on the wire.
    pub original: u32,
    /// The bytes that were captured.
    pub bytes: &'a [u8],
}

/// Nanoseconds between a frame and others of its capture; negative where times go back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Since {
    /// After the first frame.
    pub first: i64,
    /// After the frame before it.
    pub previous: i64,
}

/// The times of a capture's frames, all of which pass here in their order.
#[derive(Clone, Copy, Debug, Default)]
pub struct Times {
    first: Option<Timestamp>,
    previous: Option<Timestamp>,
}

impl Times {
    /// How long the next frame came after others.
    pub fn pass(&mut self, time: Timestamp) -> Since {
        let first = *self.first.get_or_insert(time);
        let previous = self.previous.replace(time).unwrap_or(time);
        Since { first: time.since(first), previous: time.since(previous) }
    }
}

/// Dissects frames, in their order.
#[derive(Debug)]
pub struct Dissector {
    options: Options,
    depth: Depth,
    known: KnownLayers,
    found: Found,
    streams: Streams,
    /// Memory that is used again and again.
    pieces: Vec<Piece>,
    connections: Connections,
    runs: RtpRuns,
    clock: Clock,
    defrag: Defrag,
    /// What became of fragments.
    resolved: Vec<Datagram>,
}

/// How far down frames are dissected; what is below is a layer `data`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Depth {
    /// The last level.
    pub level: Option<Level>,
    /// The last protocol, where it is found.
    pub until: Option<&'static LayerInfo>,
}

/// A level of protocols, as the Internet's model has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Nothing but the frame.
    Frame,
    /// What is below IP.
    Link,
    /// IP and what belongs to it.
    Internet,
    /// TCP, UDP and their like.
    Transport,
    /// What they carry.
    Application,
}

/// The headers of a frame.
#[derive(Debug, Default)]
struct Found(Vec<(Layer, u32)>);

impl Layers for Found {
    fn layer(&mut self, layer: Layer, offset: usize) {
        self.0.push((layer, offset as u32));
    }
}

impl Default for Dissector {
    fn default() -> Self {
        Self::new(Options::default(), Depth::default(), KnownLayers::shipped().clone())
    }
}

impl Dissector {
    /// One that has seen nothing yet.
    pub fn new(options: Options, depth: Depth, known: KnownLayers) -> Self {
        let Timeouts { fragment, clock_jump_max, .. } = Timeouts::default();
        Self {
            options,
            depth,
            known,
            found: Found::default(),
            streams: Streams::default(),
            pieces: Vec::new(),
            connections: Connections::default(),
            runs: RtpRuns::default(),
            clock: Clock::new(clock_jump_max),
            defrag: Defrag::new(&Limits::default(), fragment),
            resolved: Vec::new(),
        }
    }

    /// Fills `out` with what is in a frame.
    pub fn dissect(&mut self, frame: &FrameInput<'_>, out: &mut Dissection) {
        out.clear();
        let clock = self.clock.advance(frame.time.0, || None);
        self.defrag.expire(clock, 0, &mut self.resolved);
        self.resolved.clear();
        let mut w = Writer::new(frame.bytes, frame.original as usize, out);
        layers::frame(&mut w, frame);
        let arrival = Arrival { time: frame.time.0, frame: frame.number, ..Arrival::default() };
        let way = Way { arrival, clock, quotes: 0, datagrams: 0 };
        self.headers(&mut w, frame.link, 0, frame.original, way);
    }

    /// The headers from `start` on, and what they carry.
    fn headers(
        &mut self,
        w: &mut Writer<'_>,
        link: LinkType,
        start: usize,
        original: u32,
        way: Way,
    ) {
        let mut packet = Packet::default();
        self.found.0.clear();
        decode(link, w.rest(start), original, &self.options, &mut self.found, &mut packet);
        self.found_headers(w, start, &packet, way);
    }

    /// The headers that were found from `start` on, and what they carry.
    fn found_headers(&mut self, w: &mut Writer<'_>, start: usize, packet: &Packet, way: Way) {
        let fragment = way.fragment(packet, w.rest(start).len()).map(|at| start + at);
        let mut next = start;
        let mut last = (Layer::Unknown, start);
        for &(layer, offset) in &self.found.0 {
            let at = start + offset as usize;
            if fragment.is_some_and(|fragment| at >= fragment) {
                break;
            }
            if self.depth.level.is_some_and(|level| layers::level(layer) > level) {
                return layers::data(w, next, usize::MAX);
            }
            last = (layer, at);
            next = layers::write(w, layer, at);
            if self.depth.is_reached(w.out) {
                return layers::data(w, next, usize::MAX);
            }
        }
        if let Some(at) = fragment {
            return self.fragment(w, start, packet, at, way);
        }
        if let Some(error) = packet.stop {
            let error = flowloom_wire::DecodeError { offset: error.offset + start as u32, ..error };
            if way.quotes > 0 && error.layer == Layer::Tcp && layers::quoted_tcp(w, next) {
                return;
            }
            w.out.stop = Some(error);
            layers::malformed(w, error);
            return;
        }
        let is_v6 = last.0 == Layer::Icmp6;
        if (is_v6 || last.0 == Layer::Icmp)
            && way.quotes < QUOTES_MAX
            && let Some(at) = layers::quoted_at(is_v6, w.bytes, last.1)
        {
            // What is quoted is mostly cut.
            w.claim = usize::MAX;
            let way = Way { quotes: way.quotes + 1, ..way };
            return self.headers(w, LinkType::RAW, at, 0, way);
        }
        self.payload(w, packet, last.0, next, way.quotes > 0);
    }

    /// A fragment whose data is at `at`, of a packet at `start`: the datagram, if it is the last.
    fn fragment(&mut self, w: &mut Writer<'_>, start: usize, packet: &Packet, at: usize, way: Way) {
        let arrival = Arrival { packet: *packet, ..way.arrival };
        self.defrag.fragment(&arrival, w.rest(start), way.clock, &mut self.resolved);
        let whole = self.resolved.drain(..).find_map(|datagram| match datagram {
            Datagram::Whole { protocol, payload, origin, .. } => Some((protocol, payload, origin)),
            _ => None,
        });
        let Some((protocol, payload, origin)) = whole else {
            return layers::data(w, at, usize::MAX);
        };
        let Some(source) = w.out.new_source(Origin::Datagram) else { return };
        layers::reassembled(w, packet.ip_version == 6, &origin, payload.len());
        let mut packet = *packet;
        self.found.0.clear();
        decode_payload(&payload, protocol, &self.options, &mut self.found, &mut packet);
        let mut inner = Writer::joined(&payload, source, w.out);
        let way = Way { datagrams: way.datagrams + 1, ..way };
        self.found_headers(&mut inner, 0, &packet, way);
        w.out.fill_source(source, payload);
    }

    /// What the innermost header carries.
    fn payload(
        &mut self,
        w: &mut Writer<'_>,
        packet: &Packet,
        last: Layer,
        at: usize,
        is_quoted: bool,
    ) {
        let is_wanted = self.depth.level.is_none_or(|level| level >= Level::Application);
        let is_fragment = packet.marks.has(Marks::FRAGMENT);
        match last {
            // Of a quoted datagram, the front may tell something.
            Layer::Udp if is_wanted && (is_quoted || !is_fragment) => {
                let Self { known, connections, runs, .. } = self;
                let is_known = layers::app::datagram(w, packet, known, connections, at)
                    || !is_quoted && layers::app::rtp(w, packet, known, runs, at);
                if !is_known {
                    layers::data(w, at, usize::MAX);
                }
            }
            // A quoted segment was in the stream before.
            Layer::Tcp if is_wanted && !is_quoted && !is_fragment => {
                let Self { streams, known, pieces, .. } = self;
                let (bytes, len) = (w.rest(at), w.claim.saturating_sub(at));
                let stream = streams.segment(packet, bytes, len, pieces);
                let (before, spoken) = (stream.held(), stream.speaks);
                layers::app::segment(w, packet, known, stream, at, pieces);
                let after = stream.held();
                let begun = stream.speaks.filter(|speaks| spoken != Some(*speaks));
                let asks = std::mem::take(&mut stream.asks);
                streams.note(before, after);
                if !asks.is_empty() {
                    streams.asked(packet, asks);
                }
                // An answer alone may look like anything.
                if let Some(begun @ (Speaks::Http2 | Speaks::Declared(_))) = begun {
                    streams.answers_are(packet, begun);
                }
            }
            _ => layers::data(w, at, usize::MAX),
        }
    }
}

/// How headers were come to.
#[derive(Clone, Copy, Debug)]
struct Way {
    /// The frame they are in.
    arrival: Arrival,
    /// The packet clock.
    clock: i64,
    /// Errors that quote them.
    quotes: u8,
    /// Datagrams put together from fragments that they are in.
    datagrams: u8,
}

impl Way {
    /// Where the data of a fragment begins that is to be put together with others: not of one that
    /// is quoted, or was not captured whole.
    fn fragment(self, packet: &Packet, len: usize) -> Option<usize> {
        let end = packet.trans_offset as usize + packet.trans_len as usize;
        let is_taken = packet.marks.has(Marks::FRAGMENT)
            && self.quotes == 0
            && self.datagrams < DATAGRAMS_MAX
            && end <= len;
        is_taken.then_some(packet.trans_offset as usize)
    }
}

impl Depth {
    /// Whether the last layer is the last that is wanted.
    fn is_reached(self, dissection: &Dissection) -> bool {
        let last = dissection.layers().last();
        last.zip(self.until).is_some_and(|(last, until)| last.info.name == until.name)
    }
}

/// Errors that quote errors that quote packets are followed so far.
const QUOTES_MAX: u8 = 2;
/// Datagrams in fragments of datagrams in fragments are put together so far.
const DATAGRAMS_MAX: u8 = 4;
