//! Packets of QUIC (RFC 8999, RFC 9000): their headers, and what is in Initials, whose keys follow
//! from what is on the wire. All else stays encrypted.

use flowloom_flow::Direction;
use flowloom_protocols::quic::{CryptoStream, Initial};
use flowloom_wire::Packet;

use crate::connections::{Connection, Connections, Side};
use crate::dissection::{Origin, Value};
use crate::field::{FieldInfo, layer};
use crate::layers::tls;
use crate::writer::Writer;

layer! {
    QUIC "quic" "quic" "The header of a QUIC packet (RFC 9000).";
    FORM Uint "quic.header_form" "Whether the header is long.";
    FIXED Bool "quic.fixed_bit" "Always set.";
    TYPE Uint "quic.long.packet_type" "Kind of packet with a long header.";
    TYPE2 Uint "quic.long.packet_type_v2" "The same, of version 2.";
    VERSION Hex(8) "quic.version" "Version.";
    DCIL Uint "quic.dcil" "Bytes of the destination's connection identifier.";
    DCID Bytes "quic.dcid" "The destination's connection identifier.";
    SCIL Uint "quic.scil" "Bytes of the source's connection identifier.";
    SCID Bytes "quic.scid" "The source's connection identifier.";
    SUPPORTED Hex(8) "quic.supported_version" "A version the server knows.";
    TOKEN_LENGTH Uint "quic.token_length" "Bytes of the token.";
    TOKEN Bytes "quic.token" "What the server gave the client before.";
    LENGTH Uint "quic.length" "Bytes of packet number and payload.";
    SPIN Bool "quic.spin_bit" "For measuring the round trip.";
    RETRY_TOKEN Bytes "quic.retry_token" "What the client is to send with its next Initial.";
    RETRY_TAG Bytes "quic.retry_integrity_tag" "What makes sure that a Retry is of the server.";
    REMAINING Bytes "quic.remaining_payload" "What is encrypted, with what is needed to decrypt it.";
    NUMBER Uint "quic.packet_number" "Packet number, where it could be opened.";
    PAYLOAD Bytes "quic.payload" "What is encrypted, where it could be opened.";
    FRAME Uint "quic.frame_type" "Kind of a frame.";
    PADDING_LENGTH Uint "quic.padding_length" "Bytes of padding.";
    CRYPTO_OFFSET Uint "quic.crypto.offset" "Handshake: where a piece belongs.";
    CRYPTO_LENGTH Uint "quic.crypto.length" "Handshake: bytes of a piece.";
    ACK_LARGEST Uint "quic.ack.largest_acknowledged" "Acknowledgement: the largest packet number.";
    ACK_DELAY Uint "quic.ack.ack_delay" "Acknowledgement: how long it waited.";
    ACK_RANGES Uint "quic.ack.ack_range_count" "Acknowledgement: ranges after the first.";
    ACK_FIRST Uint "quic.ack.first_ack_range" "Acknowledgement: packets before the largest.";
    ACK_GAP Uint "quic.ack.gap" "Acknowledgement: packets that did not come, less one.";
    ACK_RANGE Uint "quic.ack.ack_range" "Acknowledgement: packets that came, less one.";
    ACK_ECT0 Uint "quic.ack.ect0_count" "Acknowledgement: packets marked ECT(0).";
    ACK_ECT1 Uint "quic.ack.ect1_count" "Acknowledgement: packets marked ECT(1).";
    ACK_CE Uint "quic.ack.ecn_ce_count" "Acknowledgement: packets that met congestion.";
    CLOSE_ERROR Uint "quic.cc.error_code" "End: why.";
    CLOSE_FRAME Uint "quic.cc.frame_type" "End: the frame that led to it.";
    CLOSE_REASON_LENGTH Uint "quic.cc.reason_phrase.length" "End: bytes of the reason.";
    CLOSE_REASON Text "quic.cc.reason_phrase" "End: the reason, in words.";
}

/// Whether there is a packet with a long header of a version that is known. Of a connection that is known
/// too, its second bit may be anything (RFC 9287).
pub(crate) fn is_long(
    w: &Writer<'_>,
    packet: &Packet,
    connections: &Connections,
    at: usize,
) -> bool {
    has_long_header(w, at, FORM_BIT | FIXED_BIT)
        || has_long_header(w, at, FORM_BIT) && connections.find(packet).is_some()
}

/// The same, with these bits set.
fn has_long_header(w: &Writer<'_>, at: usize, bits: u64) -> bool {
    let [first, version] = [w.number(at, 1), w.number(at + 1, 4)].map(|n| n.unwrap_or(0));
    let is_known =
        matches!(version, 1 | V2 | T050 | T051 | DRAFT_1..=DRAFT_34) || version >> 8 == FACEBOOK;
    let lengths = w.number(at + 5, 1).filter(|len| *len <= ID_MAX);
    (first & bits == bits && is_known || first & FORM_BIT != 0 && version == 0) && lengths.is_some()
}

/// The packets of a datagram, which begins with a long header, and what those say that can be
/// opened.
pub(crate) fn long(w: &mut Writer<'_>, packet: &Packet, connections: &mut Connections, at: usize) {
    let bits = if connections.find(packet).is_some() { FORM_BIT } else { FORM_BIT | FIXED_BIT };
    let (connection, direction) = connections.of(packet);
    let mut next = at;
    while has_long_header(w, next, bits) {
        w.layer(&QUIC, next);
        let header = header(w, next);
        let end = header.end.filter(|end| *end <= w.end).unwrap_or(w.end);
        w.layer_end(end);
        let side = connection.side(direction);
        side.id_len = header.sender_id_len.or(side.id_len);
        let opened = match (header.is_initial, w.bytes.get(next..end)) {
            (true, Some(bytes)) => connection.open(bytes, w.claim - next, direction),
            _ => None,
        };
        if let Some(initial) = opened {
            initial_packet(w, next, end, &initial, connection, direction);
        } else if header.end.is_some() {
            w.bytes(&REMAINING, header.payload, end - header.payload);
        }
        next = end;
    }
    // What is neither is padding.
    if w.number(next, 1).is_some_and(|first| first & (FORM_BIT | FIXED_BIT) == FIXED_BIT) {
        short_header(w, next, connection.id_len(direction));
    }
    handshake(w, connection, direction);
}

/// A packet with a short header; whether there is one: the endpoints speak QUIC.
pub(crate) fn short(
    w: &mut Writer<'_>,
    packet: &Packet,
    connections: &mut Connections,
    at: usize,
) -> bool {
    // The second bit may be anything if both have agreed to that (RFC 9287).
    if w.number(at, 1).is_none_or(|first| first & FORM_BIT != 0) {
        return false;
    }
    let Some((connection, direction)) = connections.find(packet) else { return false };
    short_header(w, at, connection.id_len(direction));
    true
}

fn short_header(w: &mut Writer<'_>, at: usize, id_len: usize) {
    w.layer(&QUIC, at);
    w.bits(&FORM, at, 1, 7, 1);
    w.flags(at, 1, &[(&FIXED, 6), (&SPIN, 5)]);
    w.bytes(&DCID, at + 1, id_len);
    let rest = at + 1 + id_len;
    w.bytes(&REMAINING, rest, w.end.saturating_sub(rest));
}

/// What was read of a long header.
#[derive(Default)]
struct Header {
    is_initial: bool,
    /// Bytes of the identifier that the sender chose for itself.
    sender_id_len: Option<u8>,
    /// Where packet number and payload begin, and where they end.
    payload: usize,
    end: Option<usize>,
}

fn header(w: &mut Writer<'_>, at: usize) -> Header {
    let mut read = Header::default();
    let _ = header_fields(w, at, &mut read);
    read
}

fn header_fields(w: &mut Writer<'_>, at: usize, read: &mut Header) -> Option<()> {
    w.bits(&FORM, at, 1, 7, 1);
    let version = w.number(at + 1, 4)?;
    let bits = w.number(at, 1)? >> 4 & 3;
    // RFC 9369, section 3.2: everything moved up by one.
    let kind = if version == V2 { bits.checked_sub(1).unwrap_or(3) } else { bits };
    if version != 0 {
        if kind != RETRY {
            w.bits(&FIXED, at, 1, 6, 1);
        }
        let field = if version == V2 { &TYPE2 } else { &TYPE };
        w.add_named(field, at, 1, Value::Uint(bits), type_name(kind));
    }
    w.uint(&VERSION, at + 1, 4);
    let dcil = w.uint(&DCIL, at + 5, 1) as usize;
    w.bytes(&DCID, at + 6, dcil);
    let source = at + 6 + dcil;
    let scil = w.number(source, 1)?;
    w.uint(&SCIL, source, 1);
    w.bytes(&SCID, source + 1, scil as usize);
    let mut next = source + 1 + scil as usize;
    if version == 0 {
        (next..w.end).step_by(4).for_each(|at| {
            w.uint(&SUPPORTED, at, 4);
        });
        return None;
    }
    read.sender_id_len = u8::try_from(scil).ok();
    if kind == RETRY {
        let tag = w.end.saturating_sub(RETRY_TAG_LEN).max(next);
        w.bytes(&RETRY_TOKEN, next, tag - next);
        w.bytes(&RETRY_TAG, tag, w.end.saturating_sub(tag));
        return None;
    }
    if kind == INITIAL {
        read.is_initial = true;
        let (len, bytes) = varint(w, next)?;
        w.computed(&TOKEN_LENGTH, next, bytes, len);
        w.bytes(&TOKEN, next + bytes, len as usize);
        next += bytes + len as usize;
    }
    let (len, bytes) = varint(w, next)?;
    w.computed(&LENGTH, next, bytes, len);
    read.payload = next + bytes;
    read.end = Some(read.payload + len as usize);
    Some(())
}

/// An Initial that was opened. What was encrypted stands where it stood before, so fields have
/// their range in the frame.
fn initial_packet(
    w: &mut Writer<'_>,
    at: usize,
    end: usize,
    initial: &Initial,
    connection: &mut Connection,
    direction: Direction,
) {
    let Initial { number_at, payload_at, .. } = *initial;
    w.computed(&NUMBER, at + number_at, payload_at - number_at, initial.number);
    w.bytes(&PAYLOAD, at + payload_at, end.saturating_sub(at + payload_at));
    if initial.is_first {
        connection.begin_again();
    }
    if initial.has_frames {
        let stream = &mut connection.side(direction).stream;
        let mut plain = Plain { bytes: &initial.payload, next: 0, base: at + payload_at };
        while plain.frame(w, stream).is_some() {}
    }
}

/// The handshake messages that are whole now.
fn handshake(w: &mut Writer<'_>, connection: &mut Connection, direction: Direction) {
    let Side { stream, pending, .. } = connection.side(direction);
    pending.extend_from_slice(&stream.take());
    let end = tls::handshakes_len(pending);
    if end == 0 {
        return;
    }
    let rest = pending.split_off(end);
    let said = std::mem::replace(pending, rest);
    let Some(source) = w.out.new_source(Origin::Decrypted) else { return };
    tls::alone(&mut Writer::joined(&said, source, w.out));
    w.out.fill_source(source, said);
}

/// Frames in the payload of a packet, decrypted.
struct Plain<'p> {
    bytes: &'p [u8],
    next: usize,
    /// Where in the frame the payload begins.
    base: usize,
}

impl Plain<'_> {
    /// Writes the next frame; none if there is none, or one that an Initial cannot have
    /// (RFC 9000, section 12.4).
    fn frame(&mut self, w: &mut Writer<'_>, stream: &mut CryptoStream) -> Option<()> {
        let start = self.next;
        let kind = self.bytes.get(start).copied()?;
        let name = FRAMES.iter().find(|(known, _)| *known == kind)?.1;
        w.add_named(&FRAME, self.base + start, 1, Value::Uint(u64::from(kind)), Some(name));
        self.next += 1;
        if kind == PADDING {
            let rest = self.bytes.get(start..)?;
            let len = rest.iter().take_while(|byte| **byte == PADDING).count();
            self.next = start + len;
            w.below(|w| w.computed(&PADDING_LENGTH, self.base + start, len, len as u64));
            return Some(());
        }
        w.below(|w| match kind {
            ACK | ACK_ECN => self.ack(w, kind == ACK_ECN),
            CRYPTO => self.crypto(w, stream),
            CLOSE => self.close(w),
            _ => Some(()),
        })
    }

    fn ack(&mut self, w: &mut Writer<'_>, has_ecn: bool) -> Option<()> {
        self.number(w, &ACK_LARGEST)?;
        self.number(w, &ACK_DELAY)?;
        let ranges = self.number(w, &ACK_RANGES)?;
        self.number(w, &ACK_FIRST)?;
        for _ in 0..ranges {
            self.number(w, &ACK_GAP)?;
            self.number(w, &ACK_RANGE)?;
        }
        if has_ecn {
            for field in [&ACK_ECT0, &ACK_ECT1, &ACK_CE] {
                self.number(w, field)?;
            }
        }
        Some(())
    }

    fn crypto(&mut self, w: &mut Writer<'_>, stream: &mut CryptoStream) -> Option<()> {
        let offset = self.number(w, &CRYPTO_OFFSET)?;
        let len = self.number(w, &CRYPTO_LENGTH)? as usize;
        // The end may not have been captured.
        let bytes = self.bytes.get(self.next..)?;
        stream.insert(offset, bytes.get(..len).unwrap_or(bytes));
        self.next = self.next.checked_add(len)?;
        Some(())
    }

    fn close(&mut self, w: &mut Writer<'_>) -> Option<()> {
        self.number(w, &CLOSE_ERROR)?;
        self.number(w, &CLOSE_FRAME)?;
        let len = self.number(w, &CLOSE_REASON_LENGTH)? as usize;
        let end = self.next.checked_add(len)?;
        let reason = String::from_utf8_lossy(self.bytes.get(self.next..end)?);
        w.said(&CLOSE_REASON, self.base + self.next, len, reason);
        self.next = end;
        Some(())
    }

    /// A number of variable length.
    fn number(&mut self, w: &mut Writer<'_>, field: &'static FieldInfo) -> Option<u64> {
        let start = self.next;
        let len = 1 << (self.bytes.get(start)? >> 6);
        let bytes = self.bytes.get(start..start + len)?;
        let number = bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
        let number = number & (u64::MAX >> (66 - 8 * len));
        self.next += len;
        w.computed(field, self.base + start, len, number);
        Some(number)
    }
}

/// A number of variable length and how many bytes it has (RFC 9000, section 16).
fn varint(w: &Writer<'_>, at: usize) -> Option<(u64, usize)> {
    let len = 1 << (w.number(at, 1)? >> 6);
    let number = w.number(at, len)? & (u64::MAX >> (66 - 8 * len));
    // No packet is longer than a datagram.
    u16::try_from(number).is_ok().then_some((number, len))
}

fn type_name(kind: u64) -> Option<&'static str> {
    ["initial", "0-RTT", "handshake", "retry"].get(kind as usize).copied()
}

static FRAMES: [(u8, &str); 6] = [
    (PADDING, "padding"),
    (1, "ping"),
    (ACK, "acknowledgement"),
    (ACK_ECN, "acknowledgement with ECN"),
    (CRYPTO, "handshake"),
    (CLOSE, "end of the connection"),
];
/// Set in a long header.
const FORM_BIT: u64 = 0x80;
/// Set in every header, where nothing else was agreed on.
const FIXED_BIT: u64 = 0x40;
const PADDING: u8 = 0;
const ACK: u8 = 2;
const ACK_ECN: u8 = 3;
const CRYPTO: u8 = 6;
const CLOSE: u8 = 0x1c;
const INITIAL: u64 = 0;
const RETRY: u64 = 3;
const RETRY_TAG_LEN: usize = 16;
const V2: u64 = 0x6b33_43cf;
/// Google's versions with TLS.
const T050: u64 = 0x5430_3530;
const T051: u64 = 0x5430_3531;
const DRAFT_1: u64 = 0xff00_0001;
const DRAFT_34: u64 = 0xff00_0022;
/// What Facebook's versions begin with.
const FACEBOOK: u64 = 0x00fa_ceb0;
/// Bytes of a connection identifier at most.
const ID_MAX: u64 = 20;
