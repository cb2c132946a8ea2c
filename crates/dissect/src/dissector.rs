//! The way down a frame: the headers `wire` finds, each written by its layer, and what they carry.

use flowloom_schema::{LinkType, Timestamp};
use flowloom_wire::{Layer, Layers, Marks, Options, Packet, decode};

use crate::dissection::Dissection;
use crate::field::LayerInfo;
use crate::layers;
use crate::streams::{Associations, Streams};
use crate::writer::Writer;

/// A frame to be dissected.
#[derive(Clone, Copy, Debug)]
pub struct FrameInput<'a> {
    /// Its number in the capture, from 1.
    pub number: u64,
    /// When it was captured.
    pub time: Timestamp,
    /// What it begins with.
    pub link: LinkType,
    /// The interface it was captured on.
    pub interface: u16,
    /// Bytes it had on the wire.
    pub original: u32,
    /// The bytes that were captured.
    pub bytes: &'a [u8],
}

/// Dissects frames, in their order.
#[derive(Debug, Default)]
pub struct Dissector {
    options: Options,
    depth: Depth,
    found: Found,
    streams: Streams,
    associations: Associations,
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

impl Dissector {
    /// One that has seen nothing yet.
    pub fn new(options: Options, depth: Depth) -> Self {
        Self {
            options,
            depth,
            found: Found::default(),
            streams: Streams::default(),
            associations: Associations::default(),
        }
    }

    /// Fills `out` with what is in a frame.
    pub fn dissect(&mut self, frame: &FrameInput<'_>, out: &mut Dissection) {
        out.clear();
        let mut w = Writer::new(frame.bytes, frame.original as usize, out);
        layers::frame(&mut w, frame);
        self.headers(&mut w, frame.link, 0, frame.original, QUOTES_MAX);
    }

    /// The headers from `start` on, and what they carry.
    fn headers(
        &mut self,
        w: &mut Writer<'_>,
        link: LinkType,
        start: usize,
        original: u32,
        quotes: u8,
    ) {
        let mut packet = Packet::default();
        self.found.0.clear();
        decode(link, w.rest(start), original, &self.options, &mut self.found, &mut packet);
        let mut next = start;
        let mut last = (Layer::Unknown, start);
        for &(layer, offset) in &self.found.0 {
            if self.depth.level.is_some_and(|level| layers::level(layer) > level) {
                return layers::data(w, next, usize::MAX);
            }
            last = (layer, start + offset as usize);
            next = layers::write(w, layer, last.1);
            if self.depth.is_reached(w.out) {
                return layers::data(w, next, usize::MAX);
            }
        }
        if let Some(error) = packet.stop {
            let error = flowloom_wire::DecodeError { offset: error.offset + start as u32, ..error };
            w.out.stop = Some(error);
            layers::malformed(w, error);
            return;
        }
        let is_v6 = last.0 == Layer::Icmp6;
        if (is_v6 || last.0 == Layer::Icmp)
            && quotes > 0
            && let Some(at) = layers::quoted_at(is_v6, w.bytes, last.1)
        {
            // What is quoted is mostly cut.
            w.claim = usize::MAX;
            return self.headers(w, LinkType::RAW, at, 0, quotes - 1);
        }
        self.payload(w, &packet, last.0, next, quotes < QUOTES_MAX);
    }
}

impl Dissector {
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
        // A quoted packet is mostly cut; a fragment is none of a message.
        let is_whole = !is_quoted && !packet.marks.has(Marks::FRAGMENT);
        match last {
            Layer::Udp if is_wanted && (is_whole || is_quoted) => {
                layers::app::datagram(w, packet, &mut self.associations, at);
            }
            Layer::Tcp if is_wanted && is_whole => {
                let len = w.rest(at).len();
                match self.streams.segment(packet, len) {
                    Some((stream, known)) => {
                        layers::data(w, at, known);
                        layers::app::segment(w, packet, stream, at + known);
                    }
                    None => layers::data(w, at, usize::MAX),
                }
            }
            _ => layers::data(w, at, usize::MAX),
        }
    }
}

impl Depth {
    /// Whether the last layer is the last that is wanted.
    fn is_reached(self, dissection: &Dissection) -> bool {
        let last = dissection.layers().last();
        last.zip(self.until).is_some_and(|(last, until)| std::ptr::eq(last.info, until))
    }
}

/// Errors that quote errors that quote packets are followed so far.
const QUOTES_MAX: u8 = 2;
