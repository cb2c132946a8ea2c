//! TLS records (RFC 8446, section 5) and SSL 2.0 hellos, in order from TCP.

use flowloom_flow::Direction;

use super::found::{Alert, Carrier, Record, Tls};
use super::handshake::Handshake;
use super::sslv2;
use crate::{Context, Input, Match, Stamp, Step, StreamParser, Want};

/// Reads both sides of a connection.
#[derive(Debug)]
pub(super) struct RecordParser {
    handshake: Handshake,
    sides: [Side; 2],
}

#[derive(Debug, Default)]
struct Side {
    /// Whether handshake and alerts are encrypted from here on.
    is_protected: bool,
    /// Whether bytes were lost, and the next packet may begin with a record or not.
    is_lost: bool,
    /// Packets that did not, one after the other.
    misses: u32,
    /// Whether records have come.
    has_begun: bool,
}

impl RecordParser {
    pub(super) fn new() -> Self {
        Self { handshake: Handshake::new(Carrier::Tcp), sides: Default::default() }
    }
}

/// Whether a side begins with a record, or with a hello of SSL 2.0.
pub(super) fn probe(bytes: &[u8]) -> Match {
    if sslv2::message_len(bytes).is_some() {
        return Match::Yes;
    }
    let Some(header) = Header::of(bytes) else {
        let is_begun = matches!(bytes, [20..=23] | [20..=23, 3] | [20..=23, 3, 0..=4, ..]);
        let is_sslv2 =
            matches!(bytes, [0x80..=0xff] | [0x80..=0xff, _] | [0x80..=0xff, _, 1 | 4, ..]);
        return if is_begun || is_sslv2 { Match::NeedMore } else { Match::No };
    };
    if !header.is_plausible() || header.len == 0 || header.version > 0x0304 {
        let is_sslv2 =
            matches!(bytes, [0x80..=0xff, _, 1 | 4, ..]) && bytes.len() < sslv2::PREFIX_LEN;
        return if is_sslv2 { Match::NeedMore } else { Match::No };
    }
    match (header.kind, header.len, bytes.get(Header::LEN..).unwrap_or_default()) {
        (CHANGE_CIPHER_SPEC | ALERT | HANDSHAKE, _, [])
        | (HANDSHAKE, _, [1 | 2])
        | (ALERT, 2, [1 | 2]) => Match::NeedMore,
        // Of application data, as in the middle of a connection, the header is all there is to see.
        (HANDSHAKE, _, [1 | 2, 0..=1, ..])
        | (CHANGE_CIPHER_SPEC, 1, [1, ..])
        | (ALERT, 2, [1 | 2, _, ..])
        | (APPLICATION_DATA, 24.., _) => Match::Yes,
        (ALERT | HANDSHAKE, _, _) => Match::Maybe,
        _ => Match::No,
    }
}

impl StreamParser for RecordParser {
    fn read(&mut self, input: &Input<'_>, context: &mut Context<'_>) -> Step {
        let from = input.direction;
        let side = &mut self.sides[from.index()];
        let Some(header) = Header::of(input.bytes) else {
            return if side.is_lost { Step::Consumed(input.bytes.len()) } else { Step::Need(5) };
        };
        if !header.is_plausible() {
            return self.no_record(input, context);
        }
        *side = Side { has_begun: true, is_lost: false, misses: 0, ..*side };
        if header.kind == HANDSHAKE && (side.is_protected || self.handshake.is_closed(from)) {
            match header.begins_hello(input.bytes) {
                None => return Step::Need(Header::HELLO_LEN),
                Some(false) => {}
                Some(true) => {
                    // After what was lost, or a change of ciphers in the middle of a handshake of TLS 1.3.
                    side.is_protected = false;
                    self.handshake.reopen(from);
                }
            }
        }
        let len = Header::LEN + usize::from(header.len);
        // What is encrypted need not come to be passed over.
        let is_read = !side.is_protected && header.kind != APPLICATION_DATA;
        if is_read && input.bytes.len() < len {
            return Step::Need(len);
        }
        Self::note(header, input.stamp_at(0), from, context);
        let body = input.bytes.get(Header::LEN..len).unwrap_or_default();
        if is_read {
            self.body(header, body, input.stamp_of(len), from, context);
        } else if header.kind == APPLICATION_DATA {
            self.data(input.stamp_at(0), from, context);
        }
        if self.is_done(from, context) { Step::Stop } else { Step::Consumed(len) }
    }

    fn lost(&mut self, direction: Direction, _: u64, _: &mut Context<'_>) -> bool {
        self.handshake.close(direction);
        self.sides[direction.index()].is_lost = true;
        true
    }

    fn end(&mut self, input: &Input<'_>, context: &mut Context<'_>) {
        let from = input.direction;
        let Some(header) = Header::of(input.bytes).filter(|header| header.is_plausible()) else {
            return;
        };
        // The capture ends within a record: of a hello, what is there is taken.
        let stamp = input.stamp_of(input.bytes.len());
        let side = &self.sides[from.index()];
        if header.kind == HANDSHAKE && !side.is_protected && !side.is_lost {
            Self::note(header, input.stamp_at(0), from, context);
            let body = input.bytes.get(Header::LEN..).unwrap_or_default();
            self.handshake.bytes(from, body, stamp, context);
        }
        self.handshake.end(from, stamp, context);
    }
}

impl RecordParser {
    /// What is there is no record: a hello of SSL 2.0, the middle of a record whose beginning was
    /// lost, or something else altogether.
    fn no_record(&mut self, input: &Input<'_>, context: &mut Context<'_>) -> Step {
        let from = input.direction;
        let side = &mut self.sides[from.index()];
        if side.is_lost && side.misses < MISSES_MAX {
            side.misses += 1;
            return Step::Consumed(input.bytes.len());
        }
        if side.has_begun {
            return Step::Stop;
        }
        side.has_begun = true;
        match sslv2::read(input.bytes) {
            sslv2::Hello::Client(len, mut hello) => {
                (hello.from, hello.stamp) = (Some(from), input.stamp_of(len));
                let tls = tls(context);
                tls.client_hello_count += 1;
                tls.client_hellos.push(*hello);
                Step::Consumed(len)
            }
            sslv2::Hello::Server(mut hello, certificate) => {
                let stamp = input.stamp_of(input.bytes.len());
                (hello.from, hello.stamp) = (Some(from), stamp);
                let tls = tls(context);
                tls.server_hellos.push(*hello);
                if let Some(mut certificate) = certificate {
                    (certificate.from, certificate.stamp) = (Some(from), stamp);
                    tls.certificates.push(*certificate);
                }
                Step::Stop
            }
            sslv2::Hello::NeedMore(len) => {
                side.has_begun = false;
                Step::Need(len)
            }
            sslv2::Hello::None => Step::Stop,
        }
    }

    fn note(header: Header, stamp: Stamp, from: Direction, context: &mut Context<'_>) {
        if !context.wants.has(Want::TlsRecords) {
            return;
        }
        let max = context.limits.messages_max;
        let records = &mut tls(context).records;
        if records.len() < max {
            let Header { kind, version, len } = header;
            records.push(Record { stamp, from, kind, version, len, number: None });
        } else {
            context.findings.messages_dropped += 1;
        }
    }

    fn body(
        &mut self,
        header: Header,
        body: &[u8],
        stamp: Stamp,
        from: Direction,
        context: &mut Context<'_>,
    ) {
        match header.kind {
            HANDSHAKE => self.handshake.bytes(from, body, stamp, context),
            CHANGE_CIPHER_SPEC => self.change_cipher_spec(stamp, from, context),
            // An encrypted alert is longer.
            ALERT => {
                if let &[level @ 1..=2, description] = body {
                    note_alert(Alert { stamp, from, level, description }, Carrier::Tcp, context);
                }
            }
            _ => {}
        }
    }

    /// Up to TLS 1.2 all that follows is encrypted; in TLS 1.3 it says nothing (RFC 8446,
    /// appendix D.4).
    fn change_cipher_spec(&mut self, stamp: Stamp, from: Direction, context: &mut Context<'_>) {
        let tls = tls(context);
        // A client of TLS 1.3 may say it before the server has chosen, and before a second
        // ClientHello in the clear.
        let chosen = tls.server_hello().map(|hello| hello.is_retry || is_tls13(hello.version()));
        let may_be_13 = chosen.unwrap_or_else(|| {
            let offered = tls.client_hello().map(|hello| &hello.supported_versions);
            offered.is_some_and(|versions| versions.iter().any(|version| is_tls13(*version)))
        });
        if !may_be_13 {
            tls.protected[from.index()].get_or_insert(stamp);
            self.protect(from);
        }
    }

    fn data(&mut self, stamp: Stamp, from: Direction, context: &mut Context<'_>) {
        let tls = tls(context);
        if tls.server_hello().is_some_and(|hello| is_tls13(hello.version()) && !hello.is_retry) {
            tls.protected[from.index()].get_or_insert(stamp);
        }
        tls.data[from.index()].get_or_insert(stamp);
        // Early data comes before the server has spoken, and a second ClientHello may follow it.
        if tls.server_hello().is_none_or(|hello| !hello.is_retry) && tls.server_hello().is_some() {
            self.protect(from);
        }
    }

    fn protect(&mut self, from: Direction) {
        self.sides[from.index()].is_protected = true;
        self.handshake.close(from);
    }

    /// Whether a side has nothing more to tell that is wanted.
    fn is_done(&self, from: Direction, context: &mut Context<'_>) -> bool {
        let wants = context.wants;
        if wants.has(Want::TlsRecords) || self.handshake.is_waiting(from) {
            return false;
        }
        let tls = tls(context);
        if !wants.has_any(&[Want::Tls, Want::Certificates]) {
            return tls.client_hello().is_some();
        }
        // A side that sends application data has done with its handshake; early data is no sign
        // before the server has answered.
        tls.data[from.index()].is_some() && tls.data[from.other().index()].is_some()
            || tls.data[from.index()].is_some() && self.sides[from.index()].is_protected
    }
}

/// The header of a record.
#[derive(Clone, Copy, Debug)]
struct Header {
    kind: u8,
    version: u16,
    len: u16,
}

impl Header {
    const LEN: usize = 5;

    fn of(bytes: &[u8]) -> Option<Self> {
        let [kind, major, minor, high, low] = *bytes.first_chunk()?;
        let (version, len) = (u16::from_be_bytes([major, minor]), u16::from_be_bytes([high, low]));
        Some(Self { kind, version, len })
    }

    /// Bytes of a record by which a hello in the clear is known: up to its version.
    const HELLO_LEN: usize = Self::LEN + 6;

    /// Whether the record that is there begins with a hello in the clear, if enough of it has come.
    fn begins_hello(self, bytes: &[u8]) -> Option<bool> {
        if Self::LEN + usize::from(self.len) < Self::HELLO_LEN {
            return Some(false);
        }
        let begin = bytes.get(Self::LEN..Self::HELLO_LEN)?;
        Some(matches!(begin, [1 | 2, 0..=1, _, _, 3, 0..=4]))
    }

    /// Versions from SSL 3.0 to TLS 1.3, and those of its drafts; as long as a record may be with
    /// what encryption adds (RFC 5246, section 6.2.3).
    fn is_plausible(self) -> bool {
        let is_version = matches!(self.version, 0x0300..=0x0304 | 0x7f00..=0x7fff);
        (20..=24).contains(&self.kind) && is_version && self.len <= RECORD_BYTES_MAX
    }
}

/// Keeps an alert, if there is room.
pub(super) fn note_alert(alert: Alert, carrier: Carrier, context: &mut Context<'_>) {
    let tls = context.findings.tls.get_or_insert_default();
    tls.carrier = carrier;
    if tls.alerts.len() < ALERTS_MAX {
        tls.alerts.push(alert);
    } else {
        context.findings.messages_dropped += 1;
    }
}

pub(super) fn is_tls13(version: u16) -> bool {
    // Drafts, Facebook's among them.
    matches!(version, 0x0304 | 0xfefc | 0x7f00..=0x7fff | 0xfb00..=0xfbff)
}

fn tls<'c>(context: &'c mut Context<'_>) -> &'c mut Tls {
    context.findings.tls.get_or_insert_default()
}

pub(super) const CHANGE_CIPHER_SPEC: u8 = 20;
pub(super) const ALERT: u8 = 21;
pub(super) const HANDSHAKE: u8 = 22;
pub(super) const APPLICATION_DATA: u8 = 23;
/// RFC 5246, section 6.2.3.
pub(super) const RECORD_BYTES_MAX: u16 = (1 << 14) + 2_048;
/// Alerts that are kept.
const ALERTS_MAX: usize = 32;
/// Packets after lost bytes that do not begin with a record before a side is given up.
const MISSES_MAX: u32 = 1_000;
