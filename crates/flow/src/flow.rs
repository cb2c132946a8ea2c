//! A flow: what is kept of the packets of one key while it lives.

use flowloom_wire::{Tcp, TcpOption, Transport};

use crate::tcp::{ACK, RST, SYN, Segment, Sequence};
use crate::{Arrival, Direction, FlowKey, PacketMarks};

/// What a feature family keeps of a flow's packets; hangs on the flow.
pub trait Keep: Default {
    /// What all flows of a partition share: settings, budgets, counters.
    type Shared;

    /// Takes a packet of the flow, after the flow itself has taken it.
    fn packet(&mut self, arrival: &Arrival, seen: Seen, shared: &mut Self::Shared);

    /// The flow has ended and leaves its partition.
    fn ended(&mut self, shared: &mut Self::Shared);
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
#[derive(Clone, Debug)]
pub struct Flow<K> {
    /// Protocol, endpoints, networks.
    pub key: FlowKey,
    /// Hash of the key in the partition's table.
    pub(crate) hash: u64,
    /// The packet clock at the last packet.
    pub(crate) clock_last: i64,
    /// The deadline the partition's queue knows of, or an earlier one.
    pub(crate) queued: i64,
    /// The clock when the connection was closed or reset.
    pub(crate) over: Option<i64>,
    /// The latest of all packets' times.
    pub end_time: i64,
    /// The last frame that has a packet of the flow.
    pub last_frame: u64,
    /// Packets with each of the eight TCP flags, FIN first.
    pub flag_counts: [u32; 8],
    /// What each side sent: the initiator's first.
    pub sides: [Side; 2],
    /// Whether the initiator is endpoint B of the key.
    pub initiator_is_b: bool,
    handshake: Handshake,
    pub(crate) reset: bool,
    pub(crate) closed: bool,
    /// The first packet, as it was when the flow began.
    pub first: First,
    /// When the TCP handshake's packets came.
    pub handshake_times: HandshakeTimes,
    /// What the feature families keep.
    pub keep: K,
}

/// What is kept of a flow's first packet.
#[derive(Clone, Debug)]
pub struct First {
    /// The frame: also the flow's identifier.
    pub frame: u64,
    /// Its time: the flow's start.
    pub time: i64,
    pub(crate) clock: i64,
    /// How the initiator was told.
    pub initiator_by: InitiatorBy,
    /// Whether the packet was inside a tunnel: the tunnels, outermost first.
    pub tunnel: Option<Box<str>>,
    /// Hardware addresses of the initiator and of the other side, where the link has them.
    pub macs: [Option<[u8; 6]>; 2],
}

/// What one side of a flow sent.
#[derive(Clone, Debug, Default)]
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
    /// Packets that were wholly seen before.
    pub retransmissions: u32,
    /// Packets that filled a hole or came before the first byte seen.
    pub out_of_order: u32,
    /// Packets that announced a window of zero.
    pub zero_windows: u32,
    /// All TCP flags seen, OR-ed.
    pub flags: u8,
    /// TTL or hop limit of the first packet.
    pub ttl: u8,
    /// Type of service or traffic class of the first packet.
    pub tos: u8,
    /// Window scale of the SYN, when it had the option.
    pub window_scale: Option<u8>,
    /// Maximum segment size of the SYN, when it had the option.
    pub mss: Option<u16>,
}

/// How far the TCP handshake was seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Handshake {
    #[default]
    None,
    Syn,
    SynAck,
    Done,
}

/// When the packets of the handshake came, in nanoseconds since the epoch.
#[derive(Clone, Copy, Debug, Default)]
pub struct HandshakeTimes {
    /// The last SYN before the SYN+ACK.
    pub syn: Option<i64>,
    /// The SYN+ACK, the last one before the ACK.
    pub syn_ack: Option<i64>,
    /// The ACK that completed it.
    pub ack: Option<i64>,
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
    /// Only SYNs of the initiator.
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

impl<K: Keep> Flow<K> {
    /// A flow that is about to take its first packet.
    pub(crate) fn new(key: FlowKey, hash: u64, first: First, initiator_is_b: bool) -> Self {
        Self {
            key,
            hash,
            clock_last: first.clock,
            queued: i64::MAX,
            end_time: first.time,
            last_frame: first.frame,
            flag_counts: [0; 8],
            sides: [Side::default(), Side::default()],
            initiator_is_b,
            over: None,
            handshake: Handshake::None,
            reset: false,
            closed: false,
            first,
            handshake_times: HandshakeTimes::default(),
            keep: K::default(),
        }
    }

    /// Takes a packet in; `reversed` when it goes from endpoint B to A.
    #[inline]
    pub(crate) fn take(
        &mut self,
        arrival: &Arrival,
        reversed: bool,
        clock: i64,
        data: &[u8],
        tcp_holes_max: usize,
    ) -> Seen {
        let direction =
            if reversed == self.initiator_is_b { Direction::Up } else { Direction::Down };
        let packet = &arrival.packet;
        self.clock_last = clock;
        self.end_time = self.end_time.max(arrival.time);
        self.last_frame = self.last_frame.max(arrival.frame);
        let side = &mut self.sides[direction.index()];
        if side.packets == 0 {
            (side.ttl, side.tos) = (packet.ttl, packet.tos);
        }
        side.packets += 1;
        side.bytes += u64::from(arrival.wire_len);
        side.ip_bytes += u64::from(packet.ip_len);
        side.payload_bytes += u64::from(packet.app_len);
        let mut marks = PacketMarks::from_wire(packet.marks);
        if packet.transport == Transport::Tcp {
            self.take_tcp(arrival, direction, tcp_holes_max, &mut marks);
            if self.handshake != Handshake::Done {
                self.take_handshake(arrival, direction, data, &mut marks);
            }
        }
        Seen { direction, marks }
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
        for (bit, count) in self.flag_counts.iter_mut().enumerate() {
            *count += u32::from(flags >> bit & 1);
        }
        let (own, other) = match &mut self.sides {
            [up, down] if direction == Direction::Up => (up, down),
            [up, down] => (down, up),
        };
        own.flags |= flags;
        let segment = Segment { seq: packet.seq, len: packet.app_len, flags };
        if flags & RST != 0 && !self.reset {
            let window = u32::from(packet.window).max(RESET_WINDOW_MIN);
            let answers = flags & ACK == 0 || other.sequence.was_sent(packet.ack);
            self.reset = answers && own.sequence.accepts_reset(packet.seq, window);
        }
        let found = own.sequence.judge(segment, holes_max);
        own.retransmissions += u32::from(found.has(PacketMarks::RETRANSMISSION));
        own.out_of_order += u32::from(found.has(PacketMarks::OUT_OF_ORDER));
        marks.set(found);
        if packet.window == 0 && flags & (SYN | RST) == 0 {
            own.zero_windows += 1;
            marks.set(PacketMarks::ZERO_WINDOW);
        }
        if flags & ACK != 0 && other.sequence.is_finished() {
            other.sequence.acknowledge(packet.ack);
        }
        self.closed = self.closed || (own.sequence.is_closed() && other.sequence.is_closed());
    }

    /// The packets of the handshake, their options and times.
    #[cold]
    fn take_handshake(
        &mut self,
        arrival: &Arrival,
        direction: Direction,
        data: &[u8],
        marks: &mut PacketMarks,
    ) {
        let flags = arrival.packet.tcp_flags;
        if flags & SYN != 0 {
            marks.set(PacketMarks::HANDSHAKE);
            self.sides[direction.index()].take_options(arrival, data);
        }
        let times = &mut self.handshake_times;
        match (self.handshake, direction) {
            (Handshake::None | Handshake::Syn, Direction::Up) if flags & (SYN | ACK) == SYN => {
                times.syn = Some(arrival.time);
                self.handshake = Handshake::Syn;
            }
            (_, Direction::Down) if flags & (SYN | ACK) == SYN | ACK => {
                times.syn_ack = Some(arrival.time);
                self.handshake = Handshake::SynAck;
            }
            (Handshake::SynAck, Direction::Up) if flags & (SYN | RST | ACK) == ACK => {
                times.ack = Some(arrival.time);
                marks.set(PacketMarks::HANDSHAKE);
                self.handshake = Handshake::Done;
            }
            // The capture began after the handshake: nothing more is to be learned.
            (Handshake::None, _) if flags & (SYN | RST) == 0 => self.handshake = Handshake::Done,
            _ => {}
        }
    }

    /// Packets of both sides.
    pub fn packets(&self) -> u64 {
        self.sides[0].packets + self.sides[1].packets
    }

    /// Whether the packets had TCP headers; unresolved fragments have none.
    pub fn is_tcp(&self) -> bool {
        self.key.protocol() == 6 && self.key.ports().is_some()
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

impl Side {
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

/// A RST often announces no window of its own: this much is allowed beyond the expected number.
const RESET_WINDOW_MIN: u32 = 65_535;
