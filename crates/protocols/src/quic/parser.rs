//! The datagrams of a flow: whose packets they hold, and the handshake in them.

use flowloom_flow::Direction;

use super::crypto::{self, CryptoStream};
use super::header::{self, ID_MAX, Long};
use super::initial::Initials;
use super::keys::Opened;
use super::version::PacketKind;
use super::{LongPacket, NAME, Quic, TransportParameters, gquic};
use crate::tls::{Carrier, Handshake};
use crate::{Context, Datagram, DatagramParser, Lesson, Stamp, Verdict, Want};

/// Parses the datagrams of a flow.
#[derive(Debug)]
pub(super) struct QuicParser {
    initials: Initials,
    /// What each side said, by direction.
    streams: [CryptoStream; 2],
    handshake: Handshake,
    /// When the last piece of the handshake came.
    said: Stamp,
    /// The connection ids that each side chose and others were told of.
    ids: [Vec<Box<[u8]>>; 2],
    has_client_hello: bool,
    has_server_hello: bool,
    /// Whether it is Google's, with public headers.
    is_google: bool,
}

impl DatagramParser for QuicParser {
    fn read(&mut self, datagram: &Datagram<'_>, context: &mut Context<'_>) -> Verdict {
        let Some(first) = datagram.bytes.first() else { return Verdict::More };
        let taken = if first & header::LONG != 0 {
            self.long_packets(datagram, context)
        } else if first & header::FIXED != 0 {
            short_packet(datagram, context);
            true
        } else {
            self.google_packet(datagram, context)
        };
        if !taken {
            Verdict::NotMine
        } else if self.is_done(context) {
            Verdict::Stop
        } else {
            Verdict::More
        }
    }

    fn end(&mut self, context: &mut Context<'_>) {
        let client = self.initials.client().unwrap_or(Direction::Up);
        if !self.has_client_hello && self.handshake.is_waiting(client) {
            self.handshake.end(client, self.said, context);
            note_parameters(context);
        }
    }
}

impl QuicParser {
    /// A parser that has seen nothing.
    pub(super) fn new() -> Self {
        Self {
            initials: Initials::default(),
            streams: <_>::default(),
            handshake: Handshake::new(Carrier::Quic),
            said: Stamp::default(),
            ids: <_>::default(),
            has_client_hello: false,
            has_server_hello: false,
            is_google: false,
        }
    }

    fn is_done(&self, context: &Context<'_>) -> bool {
        let has_hellos = self.has_client_hello && self.has_server_hello;
        let may_learn_more = !has_hellos && !self.initials.is_exhausted();
        !context.wants.has(Want::Quic) && !may_learn_more
    }

    /// Reads the packets in a datagram that begins with a long header. Gives whether there were any.
    fn long_packets(&mut self, datagram: &Datagram<'_>, context: &mut Context<'_>) -> bool {
        let (mut bytes, mut len) = (datagram.bytes, datagram.len);
        let mut count = 0;
        let is_known = context.findings.quic.as_ref().is_some_and(|quic| quic.dcid.is_some());
        let long = if is_known { header::long_of_known } else { header::long };
        while let Some(packet) = long(bytes, len) {
            if count > 0 && packet.kind == PacketKind::Unknown || packet.len == 0 {
                break;
            }
            if packet.kind == PacketKind::Unknown && !self.is_plausible(&packet, context) {
                break;
            }
            self.long_packet(&packet, datagram, context);
            count += 1;
            (bytes, len) = (bytes.get(packet.len..).unwrap_or_default(), len - packet.len);
        }
        if count > 0 && !is_known {
            context.findings.confirm(NAME);
        }
        count > 0
    }

    /// Whether a packet of a version that is not known is of this connection.
    fn is_plausible(&self, packet: &Long<'_>, context: &Context<'_>) -> bool {
        let known = context.findings.quic.as_ref().and_then(|quic| quic.client_version);
        known.is_none_or(|known| known == packet.version) && !self.has_client_hello
    }

    fn long_packet(
        &mut self,
        packet: &Long<'_>,
        datagram: &Datagram<'_>,
        context: &mut Context<'_>,
    ) {
        self.learn_id(packet, datagram, context);
        let was_known = self.initials.client().is_some();
        let opened = self.opened(packet, datagram);
        let client = self.initials.client().unwrap_or(Direction::Up);
        if !was_known
            && client == Direction::Down
            && let Some(quic) = &mut context.findings.quic
        {
            turn_around(quic);
        }
        let from_client = datagram.direction == client;
        note(packet, from_client, datagram, context);
        let quic = context.findings.quic.get_or_insert_default();
        match packet.kind {
            PacketKind::Initial if packet.version.0 == super::version::Q046 => {
                self.google_hello(packet.bytes.get(packet.number_at..), context);
            }
            PacketKind::Initial => {
                if from_client {
                    quic.token_len = quic.token_len.max(Some(packet.token.len()));
                }
                if let Some(opened) = opened {
                    self.initial(packet, &opened, datagram, context);
                }
            }
            PacketKind::ZeroRtt => quic.zero_rtt = true,
            PacketKind::Retry => quic.retry = true,
            PacketKind::VersionNegotiation => {
                note_offer(quic, packet);
                // The client begins again, with another hello.
                self.has_client_hello = false;
                self.begin_again();
            }
            PacketKind::Handshake | PacketKind::Unknown => {}
        }
    }

    /// Tells other flows of the connection id that the sender chose for itself.
    fn learn_id(&mut self, packet: &Long<'_>, datagram: &Datagram<'_>, context: &mut Context<'_>) {
        let ids = &mut self.ids[datagram.direction.index()];
        if packet.scid.is_empty()
            // A version negotiation and a packet that came back name an id of the other side.
            || packet.kind == PacketKind::VersionNegotiation
            || ids.len() == IDS_MAX
            || ids.iter().any(|id| **id == *packet.scid)
        {
            return;
        }
        ids.push(packet.scid.into());
        if context.wants.has(Want::Quic) {
            let frame = datagram.stamp.frame;
            let flow_id = context.ends.flow_id;
            context.lessons.push(Lesson::ConnectionId { frame, flow_id, id: packet.scid.into() });
        }
    }

    /// What an Initial holds, if it can be opened and more is to be learned from it.
    fn opened(&mut self, packet: &Long<'_>, datagram: &Datagram<'_>) -> Option<Opened> {
        let is_over = self.has_client_hello && self.has_server_hello;
        if packet.kind != PacketKind::Initial || is_over {
            return None;
        }
        let (opened, is_first) = self.initials.open(packet, datagram.direction)?;
        if is_first && !self.has_client_hello {
            // After a Retry the hello is sent again from its start.
            self.begin_again();
        }
        Some(opened)
    }

    fn initial(
        &mut self,
        packet: &Long<'_>,
        opened: &Opened,
        datagram: &Datagram<'_>,
        context: &mut Context<'_>,
    ) {
        let direction = datagram.direction;
        if packet.version.is_google_crypto() {
            self.google_hello(Some(&opened.payload), context);
            return;
        }
        let is_cut = packet.bytes.len() < packet.len;
        let stream = &mut self.streams[direction.index()];
        let mut insert = |offset, bytes: &[u8]| stream.insert(offset, bytes);
        if packet.version.has_google_frames() {
            gquic::frames(&opened.payload, is_cut, &mut insert);
        } else {
            crypto::frames(&opened.payload, is_cut, &mut insert);
        }
        self.hand_over(direction, datagram.stamp, context);
    }

    /// Forgets what was said.
    fn begin_again(&mut self) {
        self.streams = <_>::default();
        self.handshake = Handshake::new(Carrier::Quic);
    }

    /// Hands what came in order to the TLS handshake.
    fn hand_over(&mut self, direction: Direction, stamp: Stamp, context: &mut Context<'_>) {
        let bytes = self.streams[direction.index()].take();
        if bytes.is_empty() {
            return;
        }
        let hellos = |context: &Context<'_>| {
            context.findings.tls.as_ref().map_or(0, |tls| tls.client_hello_count)
        };
        let before = hellos(context);
        self.said = stamp;
        self.handshake.bytes(direction, &bytes, stamp, context);
        if hellos(context) > before {
            self.has_client_hello = true;
            note_parameters(context);
        }
        // After a retry there are other hellos.
        let tls = context.findings.tls.as_ref();
        let last = tls.and_then(|tls| tls.server_hellos.last());
        self.has_server_hello = last.is_some_and(|hello| !hello.is_retry);
        if self.has_client_hello && self.has_server_hello {
            self.initials.close();
        }
    }

    /// Reads a packet that may have a public header. Gives whether it has.
    fn google_packet(&mut self, datagram: &Datagram<'_>, context: &mut Context<'_>) -> bool {
        if let Some((version, id)) = gquic::public_header(datagram.bytes) {
            self.is_google = true;
            let quic = context.findings.quic.get_or_insert_default();
            if quic.version.is_none() {
                quic.version = Some(version);
                quic.client_version = Some(version);
                quic.dcid = Some(id.into());
            }
            self.google_hello(datagram.bytes.get(PUBLIC_HEADER_LEN..), context);
        }
        self.is_google
    }

    fn google_hello(&mut self, payload: Option<&[u8]>, context: &mut Context<'_>) {
        let quic = context.findings.quic.get_or_insert_default();
        if let Some(chlo) = payload.and_then(gquic::chlo) {
            self.has_client_hello = true;
            quic.server_name = quic.server_name.take().or(chlo.server_name);
            quic.user_agent = quic.user_agent.take().or(chlo.user_agent);
        }
    }
}

fn short_packet(datagram: &Datagram<'_>, context: &mut Context<'_>) {
    if context.findings.quic.is_none() {
        let quic = context.findings.quic.get_or_insert_default();
        let id = datagram.bytes.get(1..).unwrap_or_default();
        quic.first_short_dcid = Some(id.get(..ID_MAX).unwrap_or(id).into());
    }
}

/// Notes what can be seen of a packet.
fn note(packet: &Long<'_>, from_client: bool, datagram: &Datagram<'_>, context: &mut Context<'_>) {
    let quic = context.findings.quic.get_or_insert_default();
    if packet.kind != PacketKind::VersionNegotiation {
        note_ends(quic, packet, from_client);
    }
    if !context.wants.has(Want::Quic) {
        return;
    }
    if quic.packets.len() < context.limits.messages_max {
        quic.packets.push(LongPacket {
            stamp: datagram.stamp,
            direction: datagram.direction,
            kind: packet.kind,
            version: packet.version,
            dcid: packet.dcid.into(),
            scid: packet.scid.into(),
        });
    } else {
        context.findings.messages_dropped += 1;
    }
}

fn note_ends(quic: &mut Quic, packet: &Long<'_>, from_client: bool) {
    if from_client {
        if quic.client_version.is_none() {
            quic.client_version = Some(packet.version);
            quic.dcid = Some(packet.dcid.into());
            quic.scid = Some(packet.scid.into());
        }
        if quic.server_scid.is_none() {
            quic.version = Some(packet.version);
        }
    } else if packet.kind != PacketKind::Retry {
        quic.version = Some(packet.version);
        if quic.server_scid.is_none() {
            quic.server_scid = Some(packet.scid.into());
        }
    }
}

/// Notes the transport parameters in the last hello of the client.
fn note_parameters(context: &mut Context<'_>) {
    let hello = context.findings.tls.as_ref().and_then(|tls| tls.client_hellos.last());
    if let Some(bytes) = hello.and_then(|hello| hello.quic_parameters.as_deref()) {
        let quic = context.findings.quic.get_or_insert_default();
        quic.parameters = Some(TransportParameters::parse(bytes));
    }
}

fn note_offer(quic: &mut Quic, packet: &Long<'_>) {
    for version in header::offered(packet) {
        if quic.offered_versions.len() < VERSIONS_MAX && !quic.offered_versions.contains(&version) {
            quic.offered_versions.push(version);
        }
    }
}

/// The packets so far were taken for the client's, and were the server's.
fn turn_around(quic: &mut Quic) {
    quic.server_scid = quic.scid.take();
    quic.client_version = None;
    quic.dcid = None;
}

/// Flags, connection id and version of gQUIC.
const PUBLIC_HEADER_LEN: usize = 13;
/// Connection ids of a side that are told.
const IDS_MAX: usize = 16;
/// Offered versions that are remembered.
const VERSIONS_MAX: usize = 64;
