//! The two directions of a TCP connection to a parser.

use flowloom_flow::{Delivery, Direction, Stream, StreamSegment};

use super::inbox::Inbox;
use super::{Desk, Payload, Recognition};
use crate::{Input, Opening, Stamp, Step, StreamParser, Transport};

/// A TCP connection.
#[derive(Debug, Default)]
pub(super) struct Streams {
    streams: [Stream<Stamp>; 2],
    reader: Reader,
}

/// Bytes in order to a parser, once one is found.
#[derive(Debug, Default)]
struct Reader {
    sides: [Side; 2],
    parser: Option<Box<dyn StreamParser>>,
    is_over: bool,
}

#[derive(Debug, Default)]
struct Side {
    inbox: Inbox,
    /// Bytes to come that are passed over.
    pass_over: u64,
    /// Bytes without which there is nothing to be read.
    need: usize,
    /// Whether this direction has nothing more to tell.
    is_over: bool,
    /// Whether its first bytes are of no known protocol.
    is_unknown: bool,
}

impl Streams {
    /// Says at which number a direction begins.
    pub(super) fn begin(&mut self, direction: Direction, first_byte: u32) {
        self.streams[direction.index()].begin(first_byte);
    }

    /// Takes a segment; whether more is wanted.
    pub(super) fn packet(&mut self, payload: &Payload<'_>, desk: &mut Desk<'_>) -> bool {
        let Self { streams, reader } = self;
        let direction = payload.direction;
        let segment = StreamSegment {
            seq: payload.seq,
            syn: payload.tcp_flags & SYN != 0,
            fin: payload.tcp_flags & FIN != 0,
            len: payload.len,
            bytes: payload.bytes,
            stamp: payload.stamp,
        };
        let held_max = desk.context.limits.stream_bytes_max;
        streams[direction.index()].segment(&segment, held_max, &mut |delivery| {
            reader.take(direction, delivery, desk);
        });
        !reader.is_over
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

    pub(super) fn held(&self) -> usize {
        let early = self.streams.iter().map(Stream::held).sum::<usize>();
        early + self.reader.sides.iter().map(|side| side.inbox.held()).sum::<usize>()
    }
}

impl Reader {
    fn take(&mut self, direction: Direction, delivery: Delivery<'_, Stamp>, desk: &mut Desk<'_>) {
        if self.is_over || self.sides[direction.index()].is_over {
            return;
        }
        match delivery {
            Delivery::Bytes(bytes, stamp) => self.bytes(direction, bytes, stamp, desk),
            Delivery::Lost(len) => self.lost(direction, len, desk),
        }
        self.is_over = self.is_over || self.sides.iter().all(|side| side.is_over);
    }

    fn bytes(&mut self, direction: Direction, bytes: &[u8], stamp: Stamp, desk: &mut Desk<'_>) {
        let side = &mut self.sides[direction.index()];
        let passed = side.pass_over.min(bytes.len() as u64);
        side.pass_over -= passed;
        let bytes = &bytes[passed as usize..];
        if bytes.is_empty() {
            return;
        }
        // Most messages come whole: those are read where they are.
        let mut used = 0;
        if side.inbox.is_empty() && bytes.len() >= side.need {
            used = self.read(direction, bytes, &[(bytes.len(), stamp)], 0, desk);
        }
        let side = &mut self.sides[direction.index()];
        if side.is_over || used >= bytes.len() {
            return;
        }
        let was_empty = side.inbox.is_empty();
        side.inbox.push(&bytes[used..], stamp);
        if !was_empty && side.inbox.len() >= side.need {
            self.read_inbox(direction, desk);
        }
    }

    fn read_inbox(&mut self, direction: Direction, desk: &mut Desk<'_>) {
        let mut inbox = std::mem::take(&mut self.sides[direction.index()].inbox);
        let (bytes, stamps, base) = inbox.view();
        let used = self.read(direction, bytes, stamps, base, desk);
        inbox.consume(used);
        let side = &mut self.sides[direction.index()];
        if side.is_over {
            inbox.clear();
        }
        side.inbox = inbox;
    }

    /// Reads from the front of `bytes`; gives how many were done with.
    fn read(
        &mut self,
        direction: Direction,
        bytes: &[u8],
        stamps: &[(usize, Stamp)],
        base: usize,
        desk: &mut Desk<'_>,
    ) -> usize {
        let mut at = 0;
        while at < bytes.len() {
            let rest = &bytes[at..];
            let Some(parser) = &mut self.parser else {
                if self.find_parser(direction, rest, desk) {
                    continue;
                }
                break;
            };
            let input = Input { direction, bytes: rest, stamps, base: base + at };
            let step = parser.read(&input, &mut desk.context);
            let side = &mut self.sides[direction.index()];
            side.need = 0;
            match step {
                Step::Consumed(len) if len > 0 => {
                    side.pass_over = (len as u64).saturating_sub(rest.len() as u64);
                    at += len.min(rest.len());
                }
                Step::Need(len) if len > rest.len() => {
                    side.need = len;
                    if len > desk.context.limits.message_bytes_max {
                        desk.counts.messages_too_long += 1;
                        side.is_over = true;
                    }
                    break;
                }
                Step::Become(len, parser) => {
                    at += len.min(rest.len());
                    self.turn_into(parser, direction, desk);
                }
                Step::Consumed(_) | Step::Need(_) | Step::Stop => {
                    side.is_over = true;
                    break;
                }
            }
        }
        at
    }

    /// From here on the connection is another protocol's.
    fn turn_into(
        &mut self,
        parser: Option<Box<dyn StreamParser>>,
        direction: Direction,
        desk: &mut Desk<'_>,
    ) {
        self.parser = parser;
        for side in &mut self.sides {
            (side.need, side.is_over, side.is_unknown) = (0, false, false);
        }
        let other = direction.other();
        if !self.sides[other.index()].inbox.is_empty() {
            self.read_inbox(other, desk);
        }
    }

    /// Finds what a direction begins with; whether there is a parser now.
    fn find_parser(&mut self, direction: Direction, bytes: &[u8], desk: &mut Desk<'_>) -> bool {
        let opening = Opening {
            transport: Transport::Tcp,
            direction,
            bytes,
            len: bytes.len(),
            ports: desk.context.ends.ports,
        };
        let probe_bytes_max = desk.context.limits.probe_bytes_max;
        match desk.recognise(&opening) {
            Recognition::Found(protocol) => {
                self.parser = protocol.stream(desk.context.wants);
                self.is_over = self.parser.is_none();
                // What the other side said before waits for the parser.
                let other = direction.other();
                if self.parser.is_some() && !self.sides[other.index()].inbox.is_empty() {
                    self.read_inbox(other, desk);
                }
                return self.parser.is_some();
            }
            Recognition::Undecided if bytes.len() < probe_bytes_max => {}
            Recognition::Undecided | Recognition::Unknown => {
                let side = &mut self.sides[direction.index()];
                side.is_unknown = true;
                // The other side may still say what it is; the parser sees what fits.
                side.is_over = bytes.len() >= probe_bytes_max;
                if self.sides.iter().all(|side| side.is_unknown) {
                    desk.guess(Transport::Tcp);
                    self.is_over = true;
                }
            }
        }
        false
    }

    fn lost(&mut self, direction: Direction, len: u64, desk: &mut Desk<'_>) {
        let side = &mut self.sides[direction.index()];
        let passed = side.pass_over.min(len);
        side.pass_over -= passed;
        let len = len - passed;
        if len == 0 {
            return;
        }
        side.inbox.clear();
        side.need = 0;
        let Some(parser) = &mut self.parser else { return };
        desk.counts.bytes_lost += len;
        side.is_over = !parser.lost(direction, len, &mut desk.context);
    }

    fn finish(&mut self, desk: &mut Desk<'_>) {
        if self.is_over {
            return;
        }
        let Some(parser) = &mut self.parser else {
            if self.sides.iter().any(|side| side.is_unknown || !side.inbox.is_empty()) {
                desk.guess(Transport::Tcp);
            }
            return;
        };
        for direction in [Direction::Up, Direction::Down] {
            let (bytes, stamps, base) = self.sides[direction.index()].inbox.view();
            parser.end(&Input { direction, bytes, stamps, base }, &mut desk.context);
        }
    }
}

const FIN: u8 = 1;
const SYN: u8 = 2;
