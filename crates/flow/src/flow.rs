//! A flow: what is kept of the packets of one key while it lives.

use std::hint::black_box;

use flowloom_wire::tcp_flags::{ACK, FIN, PSH, RST, SYN};
use flowloom_wire::{Tcp, TcpOption, Transport};

use crate::tcp::{Segment, Sequence};
use crate::{Arrival, Direction, First, FlowKey, Origin, PacketMarks};

/// What a feature family keeps of a flow's packets; hangs on the flow.
pub trait Keep: Default {
    /// What all flows of a partition share: settings, budgets, counters.
    type Shared;

    /// Takes a packet of the flow, after the flow itself has taken it.
    fn packet(
        &mut self,
        arrival: &Arrival,
        seen: Seen,
        known: Known<'_>,
        origin: &impl Origin,
        shared: &mut Self::Shared,
    );

    /// Whether so many packets may find that what all flows share is used up.
    fn is_short(shared: &Self::Shared, load: Load) -> bool;

    /// The flow has ended and leaves its partition.
    fn ended(&mut self, shared: &mut Self::Shared);

    /// Has the processor fetch what the next packet will change.
    fn fetch(&self);

    /// The same of what is found once the first is there.
    fn fetch_more(&self);
}

/// Packets that are about to come.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// How many they are.
    pub packets: usize,
    /// Bytes that they carry, at most.
    pub bytes: usize,
}

/// What is known of a flow when it takes a packet.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// Its first packet.
    pub first: &'a First,
    /// What each side sent, this packet included.
    pub sides: &'a [Side; 2],
}

/// What a packet was found to be within its flow.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    /// Which way it went.
    pub direction: Direction,
    /// What it is.
    pub marks: PacketMarks,
}

/// The packets of one key, from the first to the end of the flow.
///
/// Laid out by cache lines: each packet touches the first two and that of its side, and with
/// hundreds of thousands of flows each line touched is a wait for memory. Its size is one that the
/// allocator has at the beginning of lines; to demand that would cost more room and time.
#[derive(Clone, Debug)]
#[repr(C)]
pub struct Flow<K> {
    /// Protocol, endpoints, networks.
    pub key: FlowKey,
    /// The packet clock at the last packet.
    pub(crate) clock_last: i64,
    /// The deadline of the flow's entry in the partition: the true one, or an earlier one.
    pub(crate) queued: i64,
    // Second line.
    /// The time of the last packet in the order of the input.
    pub end_time: i64,
    /// The last frame that has a packet of the flow.
    pub last_frame: u64,
    /// What the feature families keep.
    pub keep: K,
    /// Packets with each of the eight TCP flags, FIN first.
    pub flag_counts: [u32; 8],
    /// All TCP flags seen from the initiator and from the other side, OR-ed.
    pub flags: [u8; 2],
    /// Whether the initiator is endpoint B of the key.
    pub initiator_is_b: bool,
    handshake: Handshake,
    /// Which way the SYN went.
    opener: Direction,
    pub(crate) reset: bool,
    pub(crate) closed: bool,
    // Third and fourth line.
    /// What each side sent: the initiator's first.
    pub sides: [Side; 2],
    // What is touched at the beginning, at the end, or on rare events.
    /// The first packet, as it was when the flow began.
    pub first: First,
    /// What each side's first packets told of it.
    pub introductions: [Introduction; 2],
    /// What went wrong on each side.
    pub troubles: [Troubles; 2],
    pub(crate) handshake_times: HandshakeTimes,
    /// The clock when the connection was closed or reset; [`Self::NOT_OVER`] while it was not.
    pub(crate) over: i64,
}

/// What one side of a flow sent.
#[derive(Clone, Debug, Default)]
#[repr(C)]
pub struct Side {
    /// Packets.
    pub packets: u64,
    /// Bytes on the wire.
    pub bytes: u64,
    /// Bytes by the IP headers.
    pub ip_bytes: u64,
    /// Transport payload bytes, retransmissions counted again.
    pub payload_bytes: u64,
    pub(crate) sequence: Sequence,
}

impl Side {
    /// The sequence number of the first byte, if the SYN was seen.
    pub fn first_byte(&self) -> Option<u32> {
        self.sequence.first_byte()
    }

    /// Of a TCP stream, its bytes by the sequence numbers, and how many of them were not seen. Beyond
    /// 4 GiB, the number of times that the numbers began again is told by what was sent; nothing
    /// where a stream of more than 1 GiB was not seen from its beginning.
    pub fn stream_bytes(&self) -> Option<(u64, u64)> {
        let (span, missing) = self.sequence.span()?;
        let span = u64::from(span);
        let again = (self.payload_bytes + missing).saturating_sub(span) >> 32;
        Some((span + (again << 32), missing))
    }
}

/// What the first packets of a side told.
#[derive(Clone, Copy, Debug, Default)]
pub struct Introduction {
    /// Maximum segment size of the SYN, when it had the option.
    pub mss: Option<u16>,
    /// Window scale of the SYN, when it had the option.
    pub window_scale: Option<u8>,
    /// TTL or hop limit of the first packet.
    pub ttl: u8,
    /// Type of service or traffic class of the first packet.
    pub tos: u8,
}

/// What went wrong on a side, in TCP packets.
#[derive(Clone, Copy, Debug, Default)]
pub struct Troubles {
    /// Packets that were wholly seen before.
    pub retransmissions: u32,
    /// Packets that filled a hole or came before the first byte seen.
    pub out_of_order: u32,
    /// Packets that announced a window of zero.
    pub zero_windows: u32,
}

/// How far the TCP handshake was seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
enum Handshake {
    #[default]
    None,
    Syn,
    SynAck,
    Done,
}

/// How long the parts of a TCP handshake took, in nanoseconds; nothing of what was not seen.
#[derive(Clone, Copy, Debug)]
pub struct RoundTrips {
    /// From the last SYN before its answer to the ACK.
    pub whole: Option<i64>,
    /// From that SYN to the first SYN+ACK.
    pub server: Option<i64>,
    /// From the last SYN+ACK before the ACK to it.
    pub client: Option<i64>,
}

/// The same while it is measured: until the ACK, `whole` and `client` are the times they count from. For both
/// there is no room in a flow.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HandshakeTimes {
    whole: i64,
    server: i64,
    client: i64,
}

impl HandshakeTimes {
    fn answered(&mut self, time: i64) {
        (self.server, self.client) = (Self::between(self.whole, time), time);
    }

    fn completed(&mut self, time: i64) {
        self.whole = Self::between(self.whole, time);
        self.client = Self::between(self.client, time);
    }

    fn between(from: i64, to: i64) -> i64 {
        if from == Self::NEVER { Self::NEVER } else { to.saturating_sub(from) }
    }

    fn seen(value: i64) -> Option<i64> {
        (value != Self::NEVER).then_some(value)
    }

    /// A time no capture can have; options would take twice the room in each flow.
    const NEVER: i64 = i64::MIN;
}

impl Default for HandshakeTimes {
    fn default() -> Self {
        Self { whole: Self::NEVER, server: Self::NEVER, client: Self::NEVER }
    }
}

/// Which rule told the initiator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InitiatorBy {
    /// The first packet was a SYN: its sender.
    Syn,
    /// The first packet was a SYN+ACK: its receiver.
    SynAck,
    /// The first packet was an ICMP reply: its receiver.
    IcmpReply,
    /// The sender of the first packet.
    FirstPacket,
    /// The endpoint inside the client network.
    ClientNetwork,
}

/// What a TCP connection had come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TcpState {
    /// Only SYNs.
    SynSent,
    /// A SYN+ACK, and nothing that completes the handshake.
    SynReceived,
    /// The handshake was completed, or the capture began after it.
    Established,
    /// One side has sent FIN.
    FinWait,
    /// Both sides have sent FIN, not both were acknowledged.
    Closing,
    /// Both FINs were acknowledged.
    Closed,
    /// An acceptable RST was seen.
    Reset,
}

/// Why a flow ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EndReason {
    /// Both FINs were acknowledged.
    Fin,
    /// An acceptable RST.
    Rst,
    /// A SYN opened another connection on the same key.
    Reopened,
    /// Silence for longer than the idle timeout.
    Idle,
    /// Age beyond the active timeout.
    Active,
    /// The table was full.
    Evicted,
    /// The input ended.
    EndOfInput,
}

/// A flow that has ended.
#[derive(Clone, Debug)]
pub struct Ended<K> {
    /// The flow.
    pub flow: Box<Flow<K>>,
    /// Why it ended.
    pub reason: EndReason,
    /// The frame at which that was decided; `u64::MAX` at the end of the input.
    pub frame: u64,
}

impl EndReason {
    /// All reasons.
    pub const ALL: [Self; 7] = [
        Self::Fin,
        Self::Rst,
        Self::Reopened,
        Self::Idle,
        Self::Active,
        Self::Evicted,
        Self::EndOfInput,
    ];

    /// The word in the column `end_reason`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fin => "fin",
            Self::Rst => "rst",
            Self::Reopened => "reopened",
            Self::Idle => "idle",
            Self::Active => "active",
            Self::Evicted => "evicted",
            Self::EndOfInput => "end_of_input",
        }
    }
}

impl InitiatorBy {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Syn, Self::SynAck, Self::IcmpReply, Self::FirstPacket, Self::ClientNetwork];

    /// The word in the column `initiator_by`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Syn => "syn",
            Self::SynAck => "syn_ack",
            Self::IcmpReply => "icmp_reply",
            Self::FirstPacket => "first_packet",
            Self::ClientNetwork => "client_network",
        }
    }
}

impl TcpState {
    /// All states.
    pub const ALL: [Self; 7] = [
        Self::SynSent,
        Self::SynReceived,
        Self::Established,
        Self::FinWait,
        Self::Closing,
        Self::Closed,
        Self::Reset,
    ];

    /// The word in the column `tcp_state`.
    pub fn name(self) -> &'static str {
        match self {
            Self::SynSent => "syn_sent",
            Self::SynReceived => "syn_received",
            Self::Established => "established",
            Self::FinWait => "fin_wait",
            Self::Closing => "closing",
            Self::Closed => "closed",
            Self::Reset => "reset",
        }
    }
}

impl<K> Flow<K> {
    pub(crate) const NOT_OVER: i64 = i64::MAX;
}

impl<K: Keep> Flow<K> {
    /// A flow that is about to take its first packet.
    #[inline]
    pub(crate) fn new(key: FlowKey, first: First, initiator_is_b: bool) -> Self {
        Self {
            key,
            clock_last: first.clock,
            queued: i64::MAX,
            end_time: first.time,
            last_frame: first.frame,
            keep: K::default(),
            flag_counts: [0; 8],
            flags: [0; 2],
            initiator_is_b,
            over: Self::NOT_OVER,
            handshake: Handshake::None,
            opener: Direction::Up,
            reset: false,
            closed: false,
            sides: [Side::default(), Side::default()],
            first,
            introductions: [Introduction::default(); 2],
            troubles: [Troubles::default(); 2],
            handshake_times: HandshakeTimes::default(),
        }
    }

    /// What the sender of a packet sent; `reversed` when it goes from endpoint B to A.
    #[inline]
    pub(crate) fn side(&self, reversed: bool) -> &Side {
        &self.sides[usize::from(reversed != self.initiator_is_b)]
    }

    /// Takes a packet in; `reversed` when it goes from endpoint B to A.
    #[inline]
    pub(crate) fn take(
        &mut self,
        arrival: &Arrival,
        reversed: bool,
        clock: i64,
        origin: &impl Origin,
        tcp_holes_max: usize,
    ) -> Seen {
        let direction =
            if reversed == self.initiator_is_b { Direction::Up } else { Direction::Down };
        let packet = &arrival.packet;
        self.clock_last = clock;
        self.end_time = arrival.time;
        self.last_frame = self.last_frame.max(arrival.frame);
        let side = &mut self.sides[direction.index()];
        if side.packets == 0 {
            let introduction = &mut self.introductions[direction.index()];
            (introduction.ttl, introduction.tos) = (packet.ttl, packet.tos);
        }
        side.packets += 1;
        side.bytes += u64::from(arrival.wire_len);
        side.ip_bytes += u64::from(packet.ip_len);
        side.payload_bytes += u64::from(packet.app_len);
        let mut marks = PacketMarks::from_wire(packet.marks);
        if packet.transport == Transport::Tcp && packet.stop.is_some() {
            // A broken header tells no number and no window.
            self.flags[direction.index()] |= packet.tcp_flags;
            self.count_rare_flags(packet.tcp_flags);
        } else if packet.transport == Transport::Tcp {
            self.take_tcp(arrival, direction, tcp_holes_max, &mut marks);
            if self.handshake != Handshake::Done || packet.tcp_flags & SYN != 0 {
                self.take_handshake(arrival, direction, origin, &mut marks);
            }
        }
        Seen { direction, marks }
    }

    /// Whether its connection was reset before it was answered.
    pub(crate) fn is_refused(&self) -> bool {
        self.reset && self.handshake == Handshake::Syn
    }

    /// Forgets that its connection was refused.
    pub(crate) fn begin_again(&mut self) {
        (self.reset, self.over) = (false, Self::NOT_OVER);
    }

    /// Holes of the sequence spaces that were forgotten.
    pub(crate) fn holes_forgotten(&self) -> u64 {
        self.sides.iter().map(|side| side.sequence.holes_forgotten()).sum()
    }

    #[inline]
    fn take_tcp(
        &mut self,
        arrival: &Arrival,
        direction: Direction,
        holes_max: usize,
        marks: &mut PacketMarks,
    ) {
        let packet = &arrival.packet;
        let flags = packet.tcp_flags;
        // Most packets have no other flags than these.
        self.flag_counts[3] += u32::from(flags >> 3 & 1);
        self.flag_counts[4] += u32::from(flags >> 4 & 1);
        if flags & !(PSH | ACK) != 0 {
            self.count_rare_flags(flags & !(PSH | ACK));
        }
        let (own, other) = match &mut self.sides {
            [up, down] if direction == Direction::Up => (up, down),
            [up, down] => (down, up),
        };
        self.flags[direction.index()] |= flags;
        let segment = Segment { seq: packet.seq, len: packet.app_len, flags };
        // What comes after both FINs were acknowledged is late, and resets nothing.
        if flags & RST != 0 && !self.reset && !self.closed {
            // Of a side that has sent nothing else, only the acknowledgement tells what it refuses.
            let answers =
                own.sequence.is_known() || flags & ACK == 0 || other.sequence.was_sent(packet.ack);
            self.reset = answers && own.sequence.accepts_reset(packet.seq, RESET_WINDOW);
        }
        let found = own.sequence.judge(segment, holes_max);
        marks.set(found);
        if packet.window == 0 && flags & (SYN | RST) == 0 {
            marks.set(PacketMarks::ZERO_WINDOW);
        }
        if marks.0 & Troubles::MARKS != 0 {
            self.troubles[direction.index()].count(*marks);
        }
        if flags & ACK != 0 {
            own.sequence.give(packet.ack);
        }
        // The other side's line of the flow is touched only when there is something to acknowledge.
        if flags & (ACK | FIN) != 0 && self.flags[1 - direction.index()] & FIN != 0 {
            if flags & ACK != 0 {
                other.sequence.acknowledge(packet.ack);
            }
            // Taps can show an acknowledgement before what it acknowledges.
            own.sequence.was_acknowledged(&other.sequence);
            self.closed = self.closed || (own.sequence.is_closed() && other.sequence.is_closed());
        }
    }

    #[cold]
    fn count_rare_flags(&mut self, mut flags: u8) {
        // One by one: to add to all eight counts at once, a processor would have to wait for what was
        // written to one of them just before.
        while flags != 0 {
            self.flag_counts[flags.trailing_zeros() as usize] += 1;
            flags &= flags - 1;
        }
    }

    /// The packets of the handshake, their options and times.
    #[cold]
    fn take_handshake(
        &mut self,
        arrival: &Arrival,
        direction: Direction,
        origin: &impl Origin,
        marks: &mut PacketMarks,
    ) {
        let flags = arrival.packet.tcp_flags;
        if flags & SYN != 0 {
            marks.set(PacketMarks::HANDSHAKE);
            let introduction = &mut self.introductions[direction.index()];
            // Of those after the handshake, the one that comes late counts: none was before it. The
            // frame that completes a datagram need not hold its header.
            let counts = self.handshake != Handshake::Done || introduction.mss.is_none();
            if counts && !marks.has(PacketMarks::FRAGMENT) {
                introduction.take_options(arrival, origin.frame(arrival));
            }
        }
        let times = &mut self.handshake_times;
        let of_opener = direction == self.opener;
        match (self.handshake, flags & (SYN | RST | ACK)) {
            (Handshake::None, SYN) => {
                (self.handshake, self.opener) = (Handshake::Syn, direction);
                times.whole = arrival.time;
            }
            (Handshake::Syn, SYN) if of_opener => times.whole = arrival.time,
            (Handshake::None, SYN_ACK) => {
                (self.handshake, self.opener) = (Handshake::SynAck, direction.other());
                times.answered(arrival.time);
            }
            (Handshake::Syn, SYN_ACK) if !of_opener => {
                self.handshake = Handshake::SynAck;
                times.answered(arrival.time);
            }
            (Handshake::SynAck, SYN_ACK) if !of_opener => times.client = arrival.time,
            (Handshake::SynAck, ACK) if of_opener => {
                times.completed(arrival.time);
                marks.set(PacketMarks::HANDSHAKE);
                self.handshake = Handshake::Done;
            }
            // The capture began after the handshake: nothing more is to be learned.
            (Handshake::None, 0 | ACK) => self.handshake = Handshake::Done,
            _ => {}
        }
    }

    /// The clock when the connection was closed or reset, if it was.
    #[inline]
    pub(crate) fn over(&self) -> Option<i64> {
        let may_be = self.closed || self.reset;
        (may_be && self.over != Self::NOT_OVER).then_some(self.over)
    }

    /// Has the processor fetch all of it.
    #[inline]
    pub fn fetch_all(&self) {
        let [up, down] = &self.sides;
        black_box((self.clock_last, self.end_time, up.packets, down.packets));
        black_box((self.first.frame, self.over));
    }

    /// Packets of both sides.
    pub fn packets(&self) -> u64 {
        self.sides[0].packets + self.sides[1].packets
    }

    /// Whether the packets had TCP headers; unresolved fragments have none.
    pub fn is_tcp(&self) -> bool {
        self.key.protocol() == 6 && self.key.ports().is_some()
    }

    /// How long the TCP handshake took.
    pub fn round_trips(&self) -> RoundTrips {
        let HandshakeTimes { whole, server, client } = self.handshake_times;
        let of_all =
            |value| HandshakeTimes::seen(value).filter(|_| self.handshake == Handshake::Done);
        RoundTrips {
            whole: of_all(whole),
            server: HandshakeTimes::seen(server),
            client: of_all(client),
        }
    }

    /// What the TCP connection has come to; nothing for other protocols.
    pub fn tcp_state(&self) -> Option<TcpState> {
        if !self.is_tcp() {
            return None;
        }
        let finished = self.sides.iter().filter(|side| side.sequence.is_finished()).count();
        Some(match (self.handshake, finished) {
            _ if self.reset => TcpState::Reset,
            _ if self.closed => TcpState::Closed,
            (_, 2) => TcpState::Closing,
            (_, 1) => TcpState::FinWait,
            (Handshake::Syn, _) => TcpState::SynSent,
            (Handshake::SynAck, _) => TcpState::SynReceived,
            _ => TcpState::Established,
        })
    }
}

impl Troubles {
    const MARKS: u16 =
        PacketMarks::RETRANSMISSION.0 | PacketMarks::OUT_OF_ORDER.0 | PacketMarks::ZERO_WINDOW.0;

    #[cold]
    fn count(&mut self, marks: PacketMarks) {
        self.retransmissions += u32::from(marks.has(PacketMarks::RETRANSMISSION));
        self.out_of_order += u32::from(marks.has(PacketMarks::OUT_OF_ORDER));
        self.zero_windows += u32::from(marks.has(PacketMarks::ZERO_WINDOW));
    }
}

impl Introduction {
    /// The options of a SYN.
    fn take_options(&mut self, arrival: &Arrival, data: &[u8]) {
        let header = data.get(arrival.packet.trans_offset as usize..).unwrap_or(&[]);
        let Ok(tcp) = Tcp::parse(header) else { return };
        for option in tcp.options() {
            match option {
                TcpOption::MaxSegmentSize(size) => self.mss = Some(size),
                TcpOption::WindowScale(shift) => self.window_scale = Some(shift),
                _ => {}
            }
        }
    }
}

const SYN_ACK: u8 = SYN | ACK;

/// How far beyond the expected number a RST can be.
const RESET_WINDOW: u32 = 65_535;

#[cfg(test)]
mod tests {
    use super::{Flow, Side};

    #[test]
    fn the_fields_each_packet_touches_fill_whole_cache_lines() {
        assert_eq!(size_of::<Side>(), 64);
        assert_eq!(std::mem::offset_of!(Flow<Option<Box<()>>>, sides), 128);
        assert_eq!(size_of::<Flow<Option<Box<()>>>>(), 376);
    }
}
