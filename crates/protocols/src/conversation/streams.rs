//! A TCP connection: two streams in order, to one reader.

use flowloom_flow::{Direction, Overlap, Stream, StreamSegment};
use flowloom_wire::tcp_flags::{FIN, RST, SYN};

use super::reader::Reader;
use super::{Desk, Payload};
use crate::Stamp;

/// A TCP connection.
#[derive(Debug)]
pub(super) struct Streams {
    streams: [Stream<Stamp>; 2],
    reader: Reader,
}

impl Streams {
    pub(super) fn new(overlap: Overlap) -> Self {
        let streams = [Stream::new(overlap), Stream::new(overlap)];
        Self { streams, reader: Reader::default() }
    }

    /// Says at which number a direction begins.
    pub(super) fn begin(&mut self, direction: Direction, first_byte: u32) {
        self.streams[direction.index()].begin(first_byte);
    }

    /// Takes a segment; whether more is wanted.
    pub(super) fn packet(&mut self, payload: &Payload<'_>, desk: &mut Desk<'_>) -> bool {
        let Self { streams, reader } = self;
        let direction = payload.direction;
        // What a RST brings is no part of the stream (RFC 9293, section 3.5.3).
        if payload.tcp_flags & RST != 0 {
            return true;
        }
        let segment = StreamSegment {
            seq: payload.seq,
            syn: payload.tcp_flags & SYN != 0,
            fin: payload.tcp_flags & FIN != 0,
            len: payload.len,
            bytes: payload.bytes,
            stamp: payload.stamp,
        };
        let stream = &mut streams[direction.index()];
        // Nobody reads on: the place in the stream is still kept, in case the protocol changes.
        let held_max =
            if reader.is_deaf(direction) { 0 } else { desk.context.limits.stream_bytes_max };
        stream.segment(&segment, held_max, &mut |delivery| reader.take(direction, delivery, desk));
        if stream.is_over() {
            reader.ended(direction, desk);
        }
        if reader.is_over() {
            reader.finish(desk);
        }
        !reader.is_over()
    }

    /// The connection is over: what is left goes to the parser, holes given up.
    pub(super) fn finish(&mut self, desk: &mut Desk<'_>) {
        let Self { streams, reader } = self;
        for direction in [Direction::Up, Direction::Down] {
            streams[direction.index()].finish(&mut |delivery| {
                reader.take(direction, delivery, desk);
            });
        }
        reader.finish(desk);
    }

    /// Memory in use for bytes that wait.
    pub(super) fn held(&self) -> usize {
        self.streams.iter().map(Stream::held).sum::<usize>() + self.reader.held()
    }
}
