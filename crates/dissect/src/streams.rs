//! TCP payload in the order of the stream, as far as a message needs it.
//!
//! Each direction keeps the bytes of a message that is not complete, and those that came early. What comes
//! twice is passed over; after a hole that nobody fills the direction begins anew with what is there.
//! Everything is bounded: flows, and bytes of each direction.

use std::collections::{HashMap, VecDeque};
use std::ops::Range;

use flowloom_flow::{Delivery, StreamSegment};
use flowloom_wire::tcp_flags::{ACK, SYN};
use flowloom_wire::{Address, Packet};

use crate::declared::Speaker;
use crate::layers::{http, http2, tls};

/// The directions of TCP connections.
#[derive(Debug, Default)]
pub(crate) struct Streams {
    sides: HashMap<Side, Stream>,
    /// Bytes that wait in all of them.
    held: usize,
}

/// Sender and receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Side {
    ends: [(Address, u16); 2],
}

impl Side {
    /// Those of a packet.
    pub(crate) fn of(packet: &Packet) -> Self {
        Self { ends: [(packet.src, packet.src_port), (packet.dst, packet.dst_port)] }
    }

    /// Those of its answers.
    fn other(packet: &Packet) -> Self {
        Self { ends: [(packet.dst, packet.dst_port), (packet.src, packet.src_port)] }
    }
}

/// What comes next in a direction.
#[derive(Debug)]
pub(crate) enum Piece {
    /// Bytes of the segment itself.
    Own(Range<usize>),
    /// Bytes of earlier segments, which have waited for those before them, and where each ends.
    Held(Vec<u8>, Vec<usize>),
    /// Bytes that were not captured.
    Lost,
}

/// The other direction of a packet, if there is room for it.
fn other<'s>(sides: &'s mut HashMap<Side, Stream>, packet: &Packet) -> Option<&'s mut Stream> {
    let side = Side::other(packet);
    let has_room = sides.len() < STREAMS_MAX || sides.contains_key(&side);
    has_room.then(|| sides.entry(side).or_default())
}

/// Takes what comes next; what is of the segment with these bytes is told by its place.
fn take(delivery: Delivery<'_, ()>, bytes: &[u8], pieces: &mut Vec<Piece>) {
    let Delivery::Bytes(next, ()) = delivery else { return pieces.push(Piece::Lost) };
    let start = next.as_ptr().addr().wrapping_sub(bytes.as_ptr().addr());
    match pieces.last_mut() {
        _ if start < bytes.len() => pieces.push(Piece::Own(start..start + next.len())),
        Some(Piece::Held(held, ends)) => {
            held.extend_from_slice(next);
            ends.push(held.len());
        }
        _ => pieces.push(Piece::Held(next.to_vec(), vec![next.len()])),
    }
}

/// One direction of a connection.
#[derive(Debug, Default)]
pub(crate) struct Stream {
    /// Its bytes in order, and what came early.
    order: flowloom_flow::Stream<()>,
    /// Up to where the other side has everything, if bytes before that were not captured.
    acknowledged: Option<u32>,
    /// The beginning of a message that is not complete.
    pub(crate) pending: Vec<u8>,
    /// How far the end of a head was searched for in it.
    pub(crate) searched: usize,
    /// What the direction speaks, once it is known.
    pub(crate) speaks: Option<Speaks>,
    /// Whether bytes are missing before what comes next.
    pub(crate) has_hole: bool,
    /// What is still to come of a body of HTTP/1.
    pub(crate) body: Option<http::Body>,
    /// Requests of the other direction that were not answered yet.
    pub(crate) asked: VecDeque<http::Asked>,
    /// Requests that the last segment has brought.
    pub(crate) asks: Vec<http::Asked>,
    /// What was said in HTTP/2.
    pub(crate) http2: Option<Box<http2::Said>>,
    /// What was said of handshakes of TLS.
    pub(crate) handshakes: tls::Handshakes,
}

/// A protocol over TCP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Speaks {
    Dns,
    Http,
    Http2,
    /// SSH, up to its banner.
    Ssh,
    /// SSH behind its banner.
    SshPackets,
    /// SSH behind the message that new keys are taken.
    SshEncrypted,
    Tls,
    /// A protocol that is declared.
    Declared(Speaker),
}

impl Streams {
    /// The direction of a segment, which had `len` bytes of payload on the wire; `pieces` is filled with what
    /// comes next in it now.
    pub(crate) fn segment(
        &mut self,
        packet: &Packet,
        bytes: &[u8],
        len: usize,
        pieces: &mut Vec<Piece>,
    ) -> &mut Stream {
        pieces.clear();
        self.acknowledge(packet);
        let side = Side::of(packet);
        if self.sides.len() >= STREAMS_MAX && !self.sides.contains_key(&side) {
            // Rare, and cheaper than to know which is the oldest: what is waited for is lost.
            self.sides.clear();
            self.held = 0;
        }
        let stream = self.sides.entry(side).or_default();
        self.held -= stream.held();
        let syn = packet.tcp_flags & SYN != 0;
        if syn {
            *stream = Stream::default();
        }
        let mut sink = |delivery: Delivery<'_, ()>| take(delivery, bytes, pieces);
        if let Some(ack) = stream.acknowledged.take() {
            stream.order.acknowledged(ack, &mut sink);
        }
        let (seq, len) = (packet.seq, len as u32);
        let segment = StreamSegment { seq, syn, fin: false, len, bytes, stamp: () };
        stream.order.segment(&segment, PENDING_MAX, &mut sink);
        self.held += stream.held();
        stream
    }

    /// What the other side has and we do not was never captured: nobody sends it again. What waits behind
    /// that comes with the next segment of its direction.
    fn acknowledge(&mut self, packet: &Packet) {
        if self.held == 0 || packet.tcp_flags & ACK == 0 {
            return;
        }
        let other = self.sides.get_mut(&Side::other(packet));
        if let Some(other) = other.filter(|other| other.order.waits_before(packet.ack)) {
            other.acknowledged = Some(packet.ack);
        }
    }

    /// Notes what the other direction of a packet speaks. A declared protocol is believed where nothing
    /// else was recognised.
    pub(crate) fn answers_are(&mut self, packet: &Packet, speaks: Speaks) {
        let Some(stream) = other(&mut self.sides, packet) else { return };
        let is_known = matches!(speaks, Speaks::Declared(_)) && stream.speaks.is_some();
        if stream.speaks != Some(speaks) && !is_known {
            self.held -= stream.held();
            stream.lose();
            self.held += stream.held();
            stream.speaks = Some(speaks);
        }
    }

    /// Notes what the other direction of a packet is to answer.
    pub(crate) fn asked(&mut self, packet: &Packet, asks: Vec<http::Asked>) {
        let Some(stream) = other(&mut self.sides, packet) else { return };
        stream.asked.extend(asks);
        let too_many = stream.asked.len().saturating_sub(ASKED_MAX);
        stream.asked.drain(..too_many);
    }

    /// Notes that a direction that held `before` bytes holds `after` now. If all hold too many,
    /// what is waited for is lost.
    pub(crate) fn note(&mut self, before: usize, after: usize) {
        self.held = self.held + after - before;
        if self.held > HELD_MAX {
            for side in self.sides.values_mut().filter(|side| side.held() > 0) {
                side.lose();
                side.order = flowloom_flow::Stream::default();
            }
            self.held = 0;
        }
    }
}

impl Stream {
    /// Bytes that are kept for what is still to come.
    pub(crate) fn held(&self) -> usize {
        let http2 = self.http2.as_ref().map_or(0, |said| said.held());
        self.order.held() + self.pending.len() + http2 + self.handshakes.held()
    }

    /// Keeps bytes until there are more; gives them up if there are too many.
    pub(crate) fn keep(&mut self, bytes: &[u8]) {
        if self.pending.len() + bytes.len() > PENDING_MAX {
            self.lose();
        } else {
            self.pending.extend_from_slice(bytes);
        }
    }

    /// What was waited for does not come: some bytes are missing.
    pub(crate) fn lose(&mut self) {
        self.pending = Vec::new();
        self.has_hole = true;
        self.body = None;
        self.asked.clear();
        if let Some(said) = &mut self.http2 {
            said.lose();
        }
        self.handshakes.lose();
    }
}

/// Directions of connections that are known at a time.
const STREAMS_MAX: usize = 1 << 16;
/// Requests of a direction that wait for their responses.
const ASKED_MAX: usize = 64;
/// Bytes that wait for the rest of a message, of each direction: a DNS message or a record of TLS.
const PENDING_MAX: usize = (64 << 10) + 2;
/// Bytes that wait for the rest of a message, and header fields that HPACK may refer to, of all directions
/// together.
const HELD_MAX: usize = 64 << 20;
