//! What the two sides of a flow say, byte for byte: TCP payload in order, UDP datagrams as they
//! came, and what is missing. No parser is asked; nothing is kept but what waits for a hole.

use std::sync::Arc;

use flowloom_flow::{Delivery, Direction, Stream, StreamSegment};
use flowloom_wire::tcp_flags::{ACK, FIN, RST, SYN};

use crate::context::Limits;
use crate::{Payload, Stamp, Transport};

/// The bytes of a flow on their way out.
#[derive(Debug)]
pub struct Transcript {
    sides: [Side; 2],
    /// Bytes that wait, as they are accounted for in [`TranscriptShared`].
    held: usize,
    last: Stamp,
}

/// What the transcripts of a partition share.
#[derive(Debug)]
pub struct TranscriptShared {
    /// How much may wait.
    pub limits: Limits,
    /// What came out and was not yet taken away.
    pub pieces: Pieces,
    /// The flows that are wanted, by their first frames, in order; all if there are none.
    only: Arc<[u64]>,
    bytes_max: usize,
    bytes: usize,
    starved: u64,
}

/// Pieces of some flows; those of one flow are in order.
#[derive(Clone, Debug, Default)]
pub struct Pieces {
    heads: Vec<PieceHead>,
    /// The bytes of the pieces, one after another.
    bytes: Vec<u8>,
}

/// What is known of a piece of what a side said: the payload of one packet, or a hole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PieceHead {
    /// The first frame of its flow.
    pub flow_id: u64,
    /// Which side said it.
    pub direction: Direction,
    /// The packet that brought it; of a hole, the one at which it was given up.
    pub stamp: Stamp,
    /// Which message of its side it is of, from 1: of TCP, what was sent without having heard
    /// anything new from the other side; a datagram.
    pub message: u32,
    /// Bytes.
    pub len: u64,
    /// Whether those bytes were never captured.
    pub is_lost: bool,
}

#[derive(Debug)]
struct Side {
    stream: Stream<Brought>,
    turns: Turns,
    /// What the other side has acknowledged although there is a hole before it, and since when.
    acknowledged: Option<(u32, i64)>,
}

/// Where the messages of a side end.
#[derive(Clone, Copy, Debug, Default)]
struct Turns {
    message: u32,
    /// How far the last message had heard the other side.
    heard: Option<u32>,
}

/// Where deliveries go: the pieces of one side.
struct Out<'a> {
    flow_id: u64,
    direction: Direction,
    /// The packet that is taken in.
    now: Stamp,
    turns: &'a mut Turns,
    pieces: &'a mut Pieces,
}

/// What is remembered of a packet while its bytes wait.
#[derive(Clone, Copy, Debug)]
struct Brought {
    stamp: Stamp,
    /// The acknowledgement number, if it has one.
    ack: Option<u32>,
}

impl Transcript {
    /// Of a flow whose sides begin at these sequence numbers, as far as SYNs told.
    pub fn begun(first_bytes: [Option<u32>; 2], limits: &Limits) -> Self {
        let side = |first_byte: Option<u32>| {
            let mut stream = Stream::new(limits.overlap);
            if let Some(first_byte) = first_byte {
                stream.begin(first_byte);
            }
            Side { stream, turns: Turns::default(), acknowledged: None }
        };
        Self { sides: first_bytes.map(side), held: 0, last: Stamp::default() }
    }

    /// Takes a packet in: one with payload, or any of TCP, whose flags and acknowledgement matter.
    pub fn packet(&mut self, payload: &Payload<'_>, ack: u32, shared: &mut TranscriptShared) {
        self.last = payload.stamp;
        match payload.transport {
            Transport::Udp => self.datagram(payload, shared),
            Transport::Tcp => self.segment(payload, ack, shared),
        }
    }

    /// The flow has ended: what waits comes out.
    pub fn end(&mut self, flow_id: u64, shared: &mut TranscriptShared) {
        self.give_up_holes(flow_id, shared);
        for direction in [Direction::Up, Direction::Down] {
            let Side { stream, turns, .. } = &mut self.sides[direction.index()];
            let pieces = &mut shared.pieces;
            let mut out = Out { flow_id, direction, now: self.last, turns, pieces };
            out.take(Delivery::Lost(stream.missing_at_end()));
        }
        self.account(shared);
    }

    fn datagram(&mut self, payload: &Payload<'_>, shared: &mut TranscriptShared) {
        let Payload { direction, stamp, bytes, .. } = *payload;
        let Side { turns, .. } = &mut self.sides[direction.index()];
        turns.message = turns.message.saturating_add(1);
        let flow_id = payload.ends.flow_id;
        let mut out = Out { flow_id, direction, now: stamp, turns, pieces: &mut shared.pieces };
        out.take(Delivery::Bytes(bytes, Brought { stamp, ack: None }));
        out.take(Delivery::Lost(u64::from(payload.len).saturating_sub(bytes.len() as u64)));
    }

    fn segment(&mut self, payload: &Payload<'_>, ack: u32, shared: &mut TranscriptShared) {
        let Payload { direction, stamp: now, tcp_flags, .. } = *payload;
        // What a RST brings is no part of the stream (RFC 9293, section 3.5.3).
        if tcp_flags & RST != 0 {
            return;
        }
        let flow_id = payload.ends.flow_id;
        let ack = (tcp_flags & ACK != 0).then_some(ack);
        let (own, other) = match (&mut self.sides, direction) {
            ([up, down], Direction::Up) => (up, down),
            ([up, down], Direction::Down) => (down, up),
        };
        // What is acknowledged was said before this.
        if let Some(ack) = ack
            && other.stream.held() > 0
        {
            other.acknowledged(ack, (flow_id, direction.other()), now, &mut shared.pieces);
        }
        // To have heard a FIN is to have heard nothing more.
        let heard = other.stream.last().filter(|last| ack == Some(last.wrapping_add(1))).or(ack);
        let segment = StreamSegment {
            seq: payload.seq,
            syn: tcp_flags & SYN != 0,
            fin: tcp_flags & FIN != 0,
            len: payload.len,
            bytes: payload.bytes,
            stamp: Brought { stamp: now, ack: heard },
        };
        let Side { stream, turns, .. } = own;
        let mut out = Out { flow_id, direction, now, turns, pieces: &mut shared.pieces };
        stream.segment(&segment, shared.limits.stream_bytes_max, &mut |d| out.take(d));
        self.account(shared);
        if self.held > 0 && shared.bytes > shared.bytes_max {
            shared.starved += 1;
            self.give_up_holes(flow_id, shared);
            self.account(shared);
        }
    }

    fn give_up_holes(&mut self, flow_id: u64, shared: &mut TranscriptShared) {
        for direction in [Direction::Up, Direction::Down] {
            let Side { stream, turns, .. } = &mut self.sides[direction.index()];
            let pieces = &mut shared.pieces;
            let mut out = Out { flow_id, direction, now: self.last, turns, pieces };
            stream.finish(&mut |delivery| out.take(delivery));
        }
    }

    fn account(&mut self, shared: &mut TranscriptShared) {
        let held = self.sides.iter().map(|side| side.stream.held()).sum::<usize>();
        shared.bytes = shared.bytes + held - self.held;
        self.held = held;
    }
}

impl Side {
    /// The other side says what it has of this one.
    fn acknowledged(
        &mut self,
        ack: u32,
        (flow_id, direction): (u64, Direction),
        now: Stamp,
        pieces: &mut Pieces,
    ) {
        let Self { stream, turns, acknowledged } = self;
        match *acknowledged {
            None if stream.waits_before(ack) => *acknowledged = Some((ack, now.time)),
            Some((ack, since)) if now.time.saturating_sub(since) > ACK_PATIENCE => {
                *acknowledged = None;
                let mut out = Out { flow_id, direction, now, turns, pieces };
                stream.acknowledged(ack, &mut |delivery| out.take(delivery));
            }
            None | Some(_) => {}
        }
    }
}

impl Out<'_> {
    fn take(&mut self, delivery: Delivery<'_, Brought>) {
        let Self { flow_id, direction, .. } = *self;
        let (bytes, len, stamp): (&[u8], u64, Stamp) = match delivery {
            Delivery::Bytes([], _) | Delivery::Lost(0) => return,
            Delivery::Bytes(bytes, brought) => {
                self.turns.take(brought.ack);
                (bytes, bytes.len() as u64, brought.stamp)
            }
            Delivery::Lost(len) => (&[], len, self.now),
        };
        let is_lost = bytes.is_empty();
        let message = self.turns.message.max(1);
        let head = PieceHead { flow_id, direction, stamp, message, len, is_lost };
        self.pieces.heads.push(head);
        self.pieces.bytes.extend_from_slice(bytes);
    }
}

impl Turns {
    /// A message ends where its sender has heard more from the other side. A number that is not
    /// ahead is that of a segment sent again, or that came late.
    fn take(&mut self, ack: Option<u32>) {
        let Some(ack) = ack else { return };
        if self.heard.is_none_or(|heard| ack.wrapping_sub(heard) as i32 > 0) {
            self.heard = Some(ack);
            self.message = self.message.saturating_add(1);
        }
    }
}

impl TranscriptShared {
    /// What the transcripts of one of `partitions` partitions share; `only` are the flows that are
    /// wanted, by their first frames, in order.
    pub fn new(limits: Limits, only: Arc<[u64]>, partitions: usize) -> Self {
        let bytes_max = limits.conversation_bytes_max / partitions;
        Self { limits, pieces: Pieces::default(), only, bytes_max, bytes: 0, starved: 0 }
    }

    /// Whether a flow is wanted.
    #[inline]
    pub fn wants(&self, flow_id: u64) -> bool {
        self.only.is_empty() || self.only.binary_search(&flow_id).is_ok()
    }

    /// Whether packets that carry so many bytes may find that the memory is used up.
    #[inline]
    pub fn is_short(&self, bytes: usize) -> bool {
        self.bytes + bytes > self.bytes_max / 2
    }

    /// How often holes were given up because the memory of all was used up.
    pub fn starved(&self) -> u64 {
        self.starved
    }
}

impl Pieces {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.heads.is_empty()
    }

    /// Memory in use.
    pub fn held(&self) -> usize {
        self.bytes.len() + self.heads.len() * size_of::<PieceHead>()
    }

    /// All of them, with their bytes; none of a hole.
    pub fn iter(&self) -> impl Iterator<Item = (&PieceHead, &[u8])> {
        let mut rest = &self.bytes[..];
        self.heads.iter().map(move |head| {
            let len = if head.is_lost { 0 } else { head.len as usize };
            let (bytes, after) = rest.split_at_checked(len).unwrap_or((rest, &[]));
            rest = after;
            (head, bytes)
        })
    }
}

/// How long after it was acknowledged a hole may still be filled, in nanoseconds: captures of two
/// directions are not always in order.
const ACK_PATIENCE: i64 = 100_000_000;

#[cfg(test)]
mod tests {
    use flowloom_flow::Direction;
    use proptest::prelude::*;

    use super::{Pieces, Transcript, TranscriptShared};
    use crate::context::{Ends, Limits};
    use crate::{Payload, Stamp, Transport};

    proptest! {
        /// Whatever comes, memory is accounted for and no more than allowed, nothing that came is
        /// shown twice, and all is over at the end.
        #[test]
        fn any_segments_are_bounded(
            segments in prop::collection::vec(
                (any::<bool>(), prop_oneof![0..400_u32, any::<u32>()], 0..60_usize, 0..70_u32,
                    any::<u8>(), any::<u32>(), 0..1_000_000_000_i64),
                0..80,
            ),
            is_begun: bool,
        ) {
            let limits = Limits {
                stream_bytes_max: 1_000,
                conversation_bytes_max: 1_500,
                ..Limits::default()
            };
            let mut shared = TranscriptShared::new(limits, [].into(), 1);
            let mut transcript = Transcript::begun([is_begun.then_some(7), None], &limits);
            let (mut came, mut frame) = (0, 0);
            for (is_up, seq, bytes, beyond, tcp_flags, ack, time) in segments {
                frame += 1;
                let bytes = vec![frame as u8; bytes];
                came += bytes.len() as u64;
                let payload = Payload {
                    transport: Transport::Tcp,
                    direction: if is_up { Direction::Up } else { Direction::Down },
                    seq,
                    tcp_flags,
                    len: bytes.len() as u32 + beyond.saturating_sub(60),
                    bytes: &bytes,
                    stamp: Stamp { frame, time },
                    ends: Ends::default(),
                };
                transcript.packet(&payload, ack, &mut shared);
                prop_assert!(shared.bytes <= 1_500);
            }
            transcript.end(0, &mut shared);
            prop_assert_eq!(shared.bytes, 0);
            let pieces: &Pieces = &shared.pieces;
            let mut shown = 0;
            for (head, bytes) in pieces.iter() {
                prop_assert_eq!(bytes.len() as u64, if head.is_lost { 0 } else { head.len });
                prop_assert!(head.len > 0 && bytes.iter().all(|byte| *byte == head.stamp.frame as u8));
                shown += bytes.len() as u64;
            }
            prop_assert!(shown <= came);
        }
    }
}
