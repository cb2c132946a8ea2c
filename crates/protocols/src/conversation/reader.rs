//! Bytes in order to a parser, once one is found.

use flowloom_flow::{Delivery, Direction};

use super::inbox::Inbox;
use super::{Desk, Recognition};
use crate::{Input, Opening, Protocol, Stamp, Step, StreamParser, Transport};

/// What reads both directions of a connection.
#[derive(Debug, Default)]
pub(super) struct Reader {
    sides: [Side; 2],
    parser: Option<Box<dyn StreamParser>>,
    /// How often the connection has become another protocol's.
    turns: u32,
    /// Whether anything was said, captured or not.
    has_spoken: bool,
    is_over: bool,
}

#[derive(Debug, Default)]
struct Side {
    inbox: Inbox,
    /// Bytes to come that are passed over.
    pass_over: u64,
    /// Bytes without which there is nothing to be read.
    need: usize,
    /// Bytes that came to be read.
    came: u64,
    /// Bytes that were read and have to be read again with those after them.
    read_in_vain: u64,
    /// Whether this direction has nothing more to tell.
    is_over: bool,
    /// Whether its first bytes are of no known protocol.
    is_unknown: bool,
    /// Packets that are still looked at, each for itself, after the first bytes were of no known
    /// protocol: a capture may begin in the middle of a long message, after which another begins.
    looks_left: u32,
    /// Bytes that were dropped unread since it is looked at so.
    dropped: u64,
    /// Whether the parser knows that this direction has ended.
    has_ended: bool,
}

impl Reader {
    /// Whether nothing more is wanted of either direction.
    pub(super) fn is_over(&self) -> bool {
        self.is_over
    }

    /// Whether nothing more is wanted of a direction as long as the protocol stays the same.
    pub(super) fn is_deaf(&self, direction: Direction) -> bool {
        self.is_over || self.sides[direction.index()].is_over
    }

    pub(super) fn held(&self) -> usize {
        self.sides.iter().map(|side| side.inbox.held()).sum()
    }

    /// Takes what comes next in a direction.
    pub(super) fn take(
        &mut self,
        direction: Direction,
        delivery: Delivery<'_, Stamp>,
        desk: &mut Desk<'_>,
    ) {
        self.has_spoken = true;
        if self.is_deaf(direction) {
            return;
        }
        match delivery {
            Delivery::Bytes(bytes, stamp) => self.bytes(direction, bytes, stamp, desk),
            Delivery::Lost(len) => self.lost(direction, len, desk),
        }
        self.settle();
    }

    /// A direction has ended. Before there is a parser that means nothing: the other side may still
    /// tell what was spoken.
    pub(super) fn ended(&mut self, direction: Direction, desk: &mut Desk<'_>) {
        if self.is_over || self.parser.is_none() {
            return;
        }
        self.end(direction, desk);
        self.settle();
    }

    /// The connection is over, or nothing more is wanted of it.
    pub(super) fn finish(&mut self, desk: &mut Desk<'_>) {
        for direction in [Direction::Up, Direction::Down] {
            self.end(direction, desk);
        }
        if self.has_spoken {
            desk.guess(Transport::Tcp);
        }
        self.is_over = true;
    }

    /// Tells the parser, once, that a direction has ended.
    fn end(&mut self, direction: Direction, desk: &mut Desk<'_>) {
        let side = &self.sides[direction.index()];
        if side.has_ended {
            return;
        }
        // Read in vain too often, and put off since.
        if !self.is_deaf(direction) && side.need <= side.inbox.len() {
            self.read_inbox(direction, desk);
        }
        let side = &mut self.sides[direction.index()];
        if let Some(parser) = &mut self.parser {
            let (bytes, stamps, base) = side.inbox.view();
            parser.end(&Input { direction, bytes, stamps, base }, &mut desk.context);
        }
        (side.has_ended, side.is_over) = (true, true);
        side.inbox.clear();
    }

    fn bytes(&mut self, direction: Direction, bytes: &[u8], stamp: Stamp, desk: &mut Desk<'_>) {
        let side = &mut self.sides[direction.index()];
        let passed = side.pass_over.min(bytes.len() as u64);
        side.pass_over -= passed;
        let bytes = &bytes[passed as usize..];
        if bytes.is_empty() {
            return;
        }
        side.came += bytes.len() as u64;
        if side.looks_left > 0 && self.parser.is_none() && !self.look(direction, bytes, desk) {
            return;
        }
        let side = &mut self.sides[direction.index()];
        if side.inbox.is_empty() {
            // Most messages come whole: those are read where they are.
            let mut used = 0;
            if side.is_ready(bytes.len()) {
                used = self.read(direction, bytes, &[(bytes.len(), stamp)], 0, desk);
            }
            if !self.is_deaf(direction) {
                self.sides[direction.index()].inbox.push(&bytes[used..], stamp);
            }
        } else {
            side.inbox.push(bytes, stamp);
            if side.is_ready(side.inbox.len()) {
                self.read_inbox(direction, desk);
            }
        }
        let side = &mut self.sides[direction.index()];
        if side.is_unknown && side.inbox.len() >= desk.context.limits.probe_bytes_max {
            side.look_at_packets();
        }
    }

    fn read_inbox(&mut self, direction: Direction, desk: &mut Desk<'_>) {
        let mut inbox = std::mem::take(&mut self.sides[direction.index()].inbox);
        let (bytes, stamps, base) = inbox.view();
        let used = self.read(direction, bytes, stamps, base, desk);
        inbox.consume(used);
        if !self.is_deaf(direction) {
            self.sides[direction.index()].inbox = inbox;
        }
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
        while at < bytes.len() && !self.is_deaf(direction) {
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
            match step {
                Step::Consumed(len) if len > 0 => at += side.consume(len, rest.len()),
                Step::Need(len) if len > desk.context.limits.message_bytes_max => {
                    desk.counts.messages_too_long += 1;
                    side.give_up();
                }
                Step::Need(len) if len > rest.len() => {
                    side.wait(len, rest.len());
                    break;
                }
                Step::Become(len, parser) => {
                    at += side.consume(len, rest.len());
                    self.turn_into(parser, direction, desk);
                }
                Step::Consumed(_) | Step::Need(_) | Step::Stop => side.give_up(),
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
        self.turns += 1;
        if self.turns > TURNS_MAX {
            self.is_over = true;
            return;
        }
        for side in &mut self.sides {
            (side.need, side.is_unknown, side.is_over) = (0, false, side.has_ended);
        }
        self.catch_up(direction.other(), desk);
    }

    /// Looks whether a packet amid unknown bytes begins a message of a known protocol; whether there
    /// is a parser now, to read it.
    fn look(&mut self, direction: Direction, bytes: &[u8], desk: &mut Desk<'_>) -> bool {
        self.sides[direction.index()].drop_unread();
        if let Some(protocol) = desk.recognise_surely(&opening(direction, bytes, desk)) {
            return self.found(&*protocol, direction, desk);
        }
        let side = &mut self.sides[direction.index()];
        side.looks_left -= 1;
        side.dropped += bytes.len() as u64;
        if side.looks_left == 0 {
            side.give_up();
        }
        false
    }

    /// Finds what a direction begins with; whether there is a parser now.
    fn find_parser(&mut self, direction: Direction, bytes: &[u8], desk: &mut Desk<'_>) -> bool {
        let opening = opening(direction, bytes, desk);
        let is_enough = bytes.len() >= desk.context.limits.probe_bytes_max;
        match desk.recognise(&opening) {
            Recognition::Found(protocol) => return self.found(&*protocol, direction, desk),
            Recognition::Undecided if !is_enough => {
                self.sides[direction.index()].wait(bytes.len() + 1, bytes.len());
            }
            Recognition::Undecided | Recognition::Possible(_) | Recognition::Unknown => {
                let side = &mut self.sides[direction.index()];
                // The other side may still say what it is; the parser sees what fits.
                (side.is_unknown, side.need) = (true, usize::MAX);
                if is_enough {
                    side.look_at_packets();
                }
                self.is_over = self.sides.iter().all(|side| side.is_unknown);
            }
        }
        false
    }

    /// What a direction says is of this protocol; whether that has a parser.
    fn found(
        &mut self,
        protocol: &dyn Protocol,
        direction: Direction,
        desk: &mut Desk<'_>,
    ) -> bool {
        self.parser = protocol.stream(desk.context.wants);
        self.is_over = self.parser.is_none();
        let other = direction.other();
        // The beginning of the other direction may be gone: for the parser it is lost.
        let dropped = self.sides[other.index()].drop_unread();
        for side in &mut self.sides {
            (side.need, side.is_unknown, side.looks_left, side.dropped) = (0, false, 0, 0);
        }
        if let Some(parser) = self.parser.as_mut().filter(|_| dropped > 0)
            && !parser.lost(other, dropped, &mut desk.context)
        {
            self.sides[other.index()].give_up();
        }
        self.catch_up(other, desk);
        !self.is_over
    }

    /// Reads what a direction said before there was this parser.
    fn catch_up(&mut self, direction: Direction, desk: &mut Desk<'_>) {
        if !self.is_deaf(direction) && !self.sides[direction.index()].inbox.is_empty() {
            self.read_inbox(direction, desk);
        }
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
        if !side.is_unknown {
            side.need = 0;
        }
        let Some(parser) = &mut self.parser else { return };
        desk.counts.bytes_lost += len;
        if !parser.lost(direction, len, &mut desk.context) {
            side.give_up();
        }
    }

    fn settle(&mut self) {
        self.is_over = self.is_over || self.sides.iter().all(|side| side.is_over);
    }
}

impl Side {
    /// Whether it is worth while to read so many bytes.
    fn is_ready(&self, len: usize) -> bool {
        let credit = self.came.saturating_mul(READ_IN_VAIN_FACTOR) + READ_IN_VAIN_FREE;
        len >= self.need && self.read_in_vain <= credit
    }

    /// Waits until there are `need` bytes; those there are, `len`, are read again then.
    fn wait(&mut self, need: usize, len: usize) {
        self.need = need;
        self.read_in_vain += len as u64;
    }

    /// Is done with so many bytes; gives how many of them are among the `there` ones.
    fn consume(&mut self, len: usize, there: usize) -> usize {
        self.need = 0;
        self.pass_over = len.saturating_sub(there) as u64;
        len.min(there)
    }

    fn give_up(&mut self) {
        self.is_over = true;
        self.inbox.clear();
    }

    /// Its first bytes are of no known protocol: a later packet may begin a message all the same.
    fn look_at_packets(&mut self) {
        (self.is_unknown, self.looks_left) = (true, LOOKS_MAX);
        self.drop_unread();
    }

    /// Drops what waits, if packets are looked at; gives what was dropped so far.
    fn drop_unread(&mut self) -> u64 {
        if self.looks_left > 0 {
            self.dropped += self.inbox.len() as u64;
            self.inbox.clear();
        }
        self.dropped
    }
}

fn opening<'a>(direction: Direction, bytes: &'a [u8], desk: &Desk<'_>) -> Opening<'a> {
    let ports = desk.context.ends.ports;
    Opening { transport: Transport::Tcp, direction, bytes, len: bytes.len(), ports }
}

/// Packets of a direction that are looked at after its first bytes were of no known protocol: 700 kB
/// in segments as they usually are, for bodies of pictures and pieces of video.
pub(super) const LOOKS_MAX: u32 = 512;

/// How often a connection may become another protocol's.
const TURNS_MAX: u32 = 8;
/// Bytes of a direction that may be read in vain for each that comes: a parser that waits for the
/// end of a line looks at it again with each packet. Beyond it, packets are waited for, so that
/// lines cut into bytes take no more than linear work.
const READ_IN_VAIN_FACTOR: u64 = 16;
/// What any direction has to begin with: many long lines, in packets as they usually are.
const READ_IN_VAIN_FREE: u64 = 1 << 20;
