//! What is kept of a flow's packets: their records, and what they say.

mod first_bytes;
mod frame_list;
mod log;
mod packets;
mod record;

use std::hint::black_box;

use flowloom_flow::{Arrival, Keep, Known, Load, Origin, PacketMarks, Seen, Side};
use flowloom_protocols::{
    Conversation, Ends, Findings, Limits, Payload, Shared as TalkShared, Stamp, Transcript,
    TranscriptShared, Transport, Want,
};
use flowloom_wire::tcp_flags::{FIN, SYN};
use flowloom_wire::{Transport as WireTransport, protocol};

pub(crate) use self::first_bytes::FirstBytes;
pub use self::first_bytes::FirstBytesShared;
pub use self::frame_list::{FrameList, FramesShared};
#[cfg(test)]
pub(crate) use self::log::FOLD_AT;
pub use self::log::{Log, LogLimits, LogShared};
pub use self::packets::{TracePacket, TraceShared};
pub use self::record::PacketRecord;

/// What the families keep of a flow's packets; apart from the flow, for many runs have no need of it.
#[derive(Debug, Default)]
pub struct Kept(Option<Box<Inner>>);

#[derive(Debug)]
struct Inner {
    /// A record of each packet.
    log: Log,
    /// Where their frames are.
    frames: FrameList,
    /// What the first packets hold; none where nobody asked for that.
    first: Option<Box<FirstBytes>>,
    /// What the packets say; none where nothing is said or wanted.
    talk: Option<Box<Talk>>,
    /// What they say, byte for byte; none where nobody asked for that.
    transcript: Option<Box<(u64, Transcript)>>,
}

impl Inner {
    const EMPTY: Self = Self {
        log: Log::EMPTY,
        frames: FrameList::EMPTY,
        first: None,
        talk: None,
        transcript: None,
    };
}

/// What all flows of a partition share.
#[derive(Debug)]
pub struct KeptShared {
    /// For the records.
    pub log: LogShared,
    /// For the lists of frames.
    pub frames: FramesShared,
    /// For what the first packets hold; none where it is not wanted.
    pub first: Option<FirstBytesShared>,
    /// For what is said; none where nothing of it is wanted.
    pub talk: Option<TalkShared>,
    /// For what is said, byte for byte; none where it is not wanted.
    pub transcript: Option<TranscriptShared>,
    /// For the packets of traces; none where they are not wanted.
    pub trace: Option<TraceShared>,
}

#[derive(Debug, Default)]
struct Talk {
    conversation: Conversation,
    ends: Ends,
}

impl Keep for Kept {
    type Shared = KeptShared;

    #[inline]
    fn packet(
        &mut self,
        arrival: &Arrival,
        seen: Seen,
        known: Known<'_>,
        origin: &impl Origin,
        shared: &mut KeptShared,
    ) {
        if shared.log.is_wanted() {
            self.inner().log.packet(arrival, seen, &mut shared.log);
        }
        if shared.frames.is_wanted() {
            self.inner().frames.packet(arrival, origin, &mut shared.frames);
        }
        if let Some(shared) = &mut shared.first {
            self.inner().first.get_or_insert_default().packet(arrival, seen, origin, shared);
        }
        if let Some(shared) = &mut shared.talk {
            #[cfg(feature = "ja4plus")]
            self.open_with_syn(arrival, known, shared);
            self.listen(arrival, seen, known, origin, shared);
            #[cfg(feature = "ja4plus")]
            self.fingerprint(arrival, seen, origin, shared);
        }
        if let Some(shared) = &mut shared.transcript {
            self.transcribe(arrival, seen, known, origin, shared);
        }
        if let Some(shared) = &mut shared.trace {
            shared.packet(arrival, seen, known);
        }
    }

    #[inline]
    fn is_short(shared: &KeptShared, load: Load) -> bool {
        shared.log.is_short(load.packets)
            || shared.frames.is_short(load.packets)
            || shared.first.as_ref().is_some_and(|first| first.is_short(load.packets))
            || shared.talk.as_ref().is_some_and(|talk| talk.is_short(load.bytes))
            || shared.transcript.as_ref().is_some_and(|said| said.is_short(load.bytes))
    }

    #[inline]
    fn fetch(&self) {
        if let Some(inner) = &self.0 {
            inner.log.fetch();
        }
    }

    #[inline]
    fn fetch_more(&self) {
        if let Some(inner) = &self.0 {
            inner.log.fetch_more();
        }
    }

    fn ended(&mut self, shared: &mut KeptShared) {
        let Some(inner) = &mut self.0 else { return };
        inner.log.ended(&mut shared.log);
        inner.frames.ended(&mut shared.frames);
        if let (Some(first), Some(shared)) = (&mut inner.first, &mut shared.first) {
            first.ended(shared);
        }
        if let (Some(talk), Some(shared)) = (&mut inner.talk, &mut shared.talk) {
            talk.conversation.end(talk.ends, shared);
        }
        if let (Some(own), Some(shared)) = (&mut inner.transcript, &mut shared.transcript) {
            let (flow_id, transcript) = &mut **own;
            transcript.end(*flow_id, shared);
            inner.transcript = None;
        }
    }
}

impl Kept {
    /// Has the processor fetch what rows are made of, once the first of it is there.
    #[inline]
    pub(crate) fn fetch_rest(&self) {
        if let Some(inner) = &self.0 {
            inner.log.fetch_records();
        }
        black_box(self.findings().map(|findings| findings.tls.is_some()));
    }

    /// The records of the packets.
    pub fn log(&self) -> &Log {
        static NOTHING: Log = Log::EMPTY;
        self.0.as_deref().map_or(&NOTHING, |inner| &inner.log)
    }

    /// Where the frames are.
    pub fn frames(&self) -> &FrameList {
        static NOTHING: FrameList = FrameList::EMPTY;
        self.0.as_deref().map_or(&NOTHING, |inner| &inner.frames)
    }

    /// What the first packets hold, if that is wanted.
    pub(crate) fn first_bytes(&self) -> Option<&FirstBytes> {
        self.0.as_ref()?.first.as_deref()
    }

    /// What was found in what the flow says.
    pub fn findings(&self) -> Option<&Findings> {
        self.talk().map(|talk| talk.conversation.findings())
    }

    /// The same, to add what other flows taught.
    pub fn findings_mut(&mut self) -> &mut Findings {
        self.inner().talk.get_or_insert_default().conversation.findings_mut()
    }

    /// How much there is of it, in packet records, frames and messages.
    pub fn weight(&self) -> usize {
        let bytes = self.first_bytes().map_or(0, FirstBytes::size);
        self.log().kept()
            + self.frames().len()
            + bytes / size_of::<PacketRecord>()
            + self.findings().map_or(0, Findings::messages)
    }

    fn talk(&self) -> Option<&Talk> {
        self.0.as_ref()?.talk.as_deref()
    }

    #[inline]
    fn inner(&mut self) -> &mut Inner {
        self.0.get_or_insert_with(|| Box::new(Inner::EMPTY))
    }

    #[inline]
    fn listen(
        &mut self,
        arrival: &Arrival,
        seen: Seen,
        known: Known<'_>,
        origin: &impl Origin,
        shared: &mut TalkShared,
    ) {
        let packet = &arrival.packet;
        let Some(transport) = transport(arrival) else {
            if matches!(packet.protocol, protocol::ICMP | protocol::IGMP | protocol::ICMP6) {
                self.message(arrival, origin, shared);
            }
            return;
        };
        let is_control = self.talk().is_some() && packet.tcp_flags & (SYN | FIN) != 0;
        if packet.app_len == 0 && !is_control {
            return;
        }
        let first = || Box::new(Talk::new(transport, known.sides, &shared.limits));
        let talk = self.inner().talk.get_or_insert_with(first);
        if talk.conversation.is_over() {
            return;
        }
        talk.ends = ends(arrival, seen, known);
        let payload = payload(arrival, transport, seen, talk.ends, origin);
        talk.conversation.packet(&payload, shared);
    }

    /// Takes down what a packet says.
    fn transcribe(
        &mut self,
        arrival: &Arrival,
        seen: Seen,
        known: Known<'_>,
        origin: &impl Origin,
        shared: &mut TranscriptShared,
    ) {
        let packet = &arrival.packet;
        let Some(transport) = transport(arrival) else { return };
        let is_begun = self.0.as_ref().is_some_and(|inner| inner.transcript.is_some());
        // The byte of a keep-alive is none of the stream (RFC 9293, section 3.8.4).
        let says = packet.app_len > 0 && !seen.marks.has(PacketMarks::KEEP_ALIVE);
        let matters = says || is_begun && transport == Transport::Tcp;
        if !matters || !shared.wants(known.first.frame) {
            return;
        }
        let first = || {
            let first_bytes = [known.sides[0].first_byte(), known.sides[1].first_byte()];
            Box::new((known.first.frame, Transcript::begun(first_bytes, &shared.limits)))
        };
        let (_, transcript) = &mut **self.inner().transcript.get_or_insert_with(first);
        let payload = payload(arrival, transport, seen, ends(arrival, seen, known), origin);
        transcript.packet(&payload, packet.ack, shared);
    }

    /// Has findings from a SYN on, which is to be told of.
    #[cfg(feature = "ja4plus")]
    fn open_with_syn(&mut self, arrival: &Arrival, known: Known<'_>, shared: &TalkShared) {
        let packet = &arrival.packet;
        let is_tcp = packet.transport == WireTransport::Tcp;
        if is_tcp && packet.tcp_flags & SYN != 0 && shared.wants.has(Want::Ja4Plus) {
            let first = || Box::new(Talk::new(Transport::Tcp, known.sides, &shared.limits));
            self.inner().talk.get_or_insert_with(first);
        }
    }

    /// What the TCP header tells.
    #[cfg(feature = "ja4plus")]
    fn fingerprint(
        &mut self,
        arrival: &Arrival,
        seen: Seen,
        origin: &impl Origin,
        shared: &TalkShared,
    ) {
        let packet = &arrival.packet;
        if packet.transport != WireTransport::Tcp || !shared.wants.has(Want::Ja4Plus) {
            return;
        }
        let Some(findings) = self.findings() else { return };
        let is_ssh = findings.ssh.is_some();
        let may_be_ssh = is_ssh || findings.applications.is_empty();
        if !may_be_ssh && packet.tcp_flags & SYN == 0 {
            return;
        }
        let header = captured(origin.bytes(arrival), packet.trans_offset, packet.trans_len);
        if let Ok(tcp) = flowloom_wire::Tcp::parse(header) {
            let plus = self.findings_mut().ja4plus.get_or_insert_default();
            plus.segment(seen.direction, &tcp, packet.app_len, is_ssh);
        }
    }

    /// A message of ICMP or IGMP, which has no conversation behind it.
    #[cold]
    fn message(&mut self, arrival: &Arrival, origin: &impl Origin, shared: &TalkShared) {
        let packet = &arrival.packet;
        // The data of a fragment without the others begins anywhere.
        let is_whole = packet.transport == WireTransport::Icmp || packet.protocol == protocol::IGMP;
        if shared.wants.has(Want::Icmp) && is_whole {
            let bytes = captured(origin.bytes(arrival), packet.trans_offset, packet.trans_len);
            let icmp = self.findings_mut().icmp.get_or_insert_default();
            icmp.packet(packet.protocol, bytes, stamp(arrival));
        }
    }
}

impl Talk {
    fn new(transport: Transport, sides: &[Side; 2], limits: &Limits) -> Self {
        let conversation = match transport {
            Transport::Tcp => {
                Conversation::begun([sides[0].first_byte(), sides[1].first_byte()], limits)
            }
            Transport::Udp => Conversation::default(),
        };
        Self { conversation, ends: Ends::default() }
    }
}

/// What carries a conversation, if this packet is of one.
fn transport(arrival: &Arrival) -> Option<Transport> {
    match arrival.packet.transport {
        // Of a broken header nobody knows where its payload is.
        WireTransport::Tcp if arrival.packet.stop.is_none() => Some(Transport::Tcp),
        WireTransport::Udp => Some(Transport::Udp),
        _ => None,
    }
}

#[inline]
fn payload<'o>(
    arrival: &'o Arrival,
    transport: Transport,
    seen: Seen,
    ends: Ends,
    origin: &'o impl Origin,
) -> Payload<'o> {
    let packet = &arrival.packet;
    Payload {
        transport,
        direction: seen.direction,
        seq: packet.seq,
        tcp_flags: packet.tcp_flags,
        len: packet.app_len,
        bytes: captured(origin.bytes(arrival), packet.app_offset, packet.app_len),
        stamp: stamp(arrival),
        ends,
    }
}

fn ends(arrival: &Arrival, seen: Seen, known: Known<'_>) -> Ends {
    let packet = &arrival.packet;
    let mut ends = Ends {
        addresses: [packet.src, packet.dst],
        ports: [packet.src_port, packet.dst_port],
        ip_version: packet.ip_version,
        flow_id: known.first.frame,
    };
    if seen.direction.index() == 1 {
        ends.addresses.reverse();
        ends.ports.reverse();
    }
    ends
}

fn stamp(arrival: &Arrival) -> Stamp {
    Stamp { frame: arrival.frame, time: arrival.time }
}

/// What was captured of `len` bytes at an offset.
fn captured(bytes: &[u8], offset: u32, len: u32) -> &[u8] {
    let rest = bytes.get(offset as usize..).unwrap_or(&[]);
    rest.get(..len as usize).unwrap_or(rest)
}
