//! What a parser of a protocol is: bytes in order, or datagrams, in; findings out.

use std::fmt::Debug;

use flowloom_flow::Direction;

use crate::Context;

/// When and in which frame something came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamp {
    /// Number of the frame in the input, from 1.
    pub frame: u64,
    /// Capture time in nanoseconds since the epoch.
    pub time: i64,
}

/// What one side of a connection has sent and its parser has not consumed yet.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// Which side sent it.
    pub direction: Direction,
    /// The bytes, in order, without holes.
    pub bytes: &'a [u8],
    /// How far the packets reach that brought them, and when they came: in order, the last one
    /// reaches the end.
    pub(crate) stamps: &'a [(usize, Stamp)],
    /// Where `bytes` begins in what the stamps count.
    pub(crate) base: usize,
}

impl Input<'_> {
    /// When the byte at `offset` came; for one past the end, when the last one came.
    pub fn stamp_at(&self, offset: usize) -> Stamp {
        let at = self.stamps.partition_point(|(end, _)| *end <= self.base + offset);
        self.stamps.get(at).or(self.stamps.last()).map_or(Stamp::default(), |(_, stamp)| *stamp)
    }

    /// How many of the bytes are of the packet that brought the first.
    pub fn packet_len(&self) -> usize {
        let at = self.stamps.partition_point(|(end, _)| *end <= self.base);
        let end = self.stamps.get(at).map(|(end, _)| *end);
        end.map_or(self.bytes.len(), |end| (end - self.base).min(self.bytes.len()))
    }

    /// When all of the first `len` bytes had come.
    pub fn stamp_of(&self, len: usize) -> Stamp {
        self.stamp_at(len.saturating_sub(1))
    }
}

/// What a stream parser did with its input.
#[derive(Debug)]
pub enum Step {
    /// So many bytes are done with, at least one; more of them than there are means that those to
    /// come are passed over unseen, lost ones included. The parser is called again with the rest.
    Consumed(usize),
    /// Nothing can be done before there are so many bytes (from the front of this input). Who does
    /// not know how many asks for one more than there are, and is called with each packet, or less
    /// often where that would be much work.
    Need(usize),
    /// This direction has nothing more to tell, as long as the other one does not say that it becomes
    /// another protocol.
    Stop,
    /// So many bytes are done with, and what both sides send from here on is another protocol: that
    /// of the parser, or one to be found.
    Become(usize, Option<Box<dyn StreamParser>>),
}

/// Parses a protocol that runs over TCP. One parser sees both directions.
pub trait StreamParser: Debug + Send {
    /// Reads from the front of the input. Called until it needs more than there is, stops or becomes
    /// another.
    fn read(&mut self, input: &Input<'_>, context: &mut Context<'_>) -> Step;

    /// Bytes of a direction were lost that the parser had not passed over; what follows begins at
    /// the start of a packet. Gives whether the parser goes on reading this direction.
    fn lost(&mut self, direction: Direction, len: u64, context: &mut Context<'_>) -> bool {
        let _ = (direction, len, context);
        false
    }

    /// A direction has ended, or the flow has, or nothing more is read of either, with these bytes not
    /// consumed. Called once for each direction of a parser that did not become another.
    fn end(&mut self, input: &Input<'_>, context: &mut Context<'_>) {
        let _ = (input, context);
    }
}

/// The payload of a UDP datagram.
#[derive(Clone, Copy, Debug)]
pub struct Datagram<'a> {
    /// Which side sent it.
    pub direction: Direction,
    /// The payload, as much of it as was captured.
    pub bytes: &'a [u8],
    /// Its length on the wire.
    pub len: usize,
    /// When it came.
    pub stamp: Stamp,
}

/// What a datagram parser says of a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It was taken in; others are wanted.
    More,
    /// Nothing more is wanted of this flow.
    Stop,
    /// It is of another protocol.
    NotMine,
}

/// Parses a protocol that runs over UDP. One parser sees both directions.
pub trait DatagramParser: Debug + Send {
    /// Reads a datagram.
    fn read(&mut self, datagram: &Datagram<'_>, context: &mut Context<'_>) -> Verdict;

    /// The flow has ended.
    fn end(&mut self, context: &mut Context<'_>) {
        let _ = context;
    }
}
