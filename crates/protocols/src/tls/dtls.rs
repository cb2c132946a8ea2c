//! DTLS 1.0 to 1.3 (RFC 6347, RFC 9147): records in datagrams, handshake messages in fragments.

use std::collections::VecDeque;

use flowloom_flow::Direction;

use super::found::{Alert, Carrier, Record, Tls};
use super::handshake::Handshake;
use super::records::{
    ALERT, APPLICATION_DATA, CHANGE_CIPHER_SPEC, HANDSHAKE, is_tls13, note_alert,
};
use crate::{
    Context, Cursor, Datagram, DatagramParser, Match, Opening, Protocol, Stamp, Transport, Verdict,
    Want, Wants,
};

/// DTLS over UDP, on any port.
#[derive(Debug)]
pub struct DtlsProtocol;

impl Protocol for DtlsProtocol {
    fn name(&self) -> &'static str {
        "dtls"
    }

    fn ports(&self, transport: Transport) -> &[u16] {
        match transport {
            Transport::Tcp => &[],
            Transport::Udp => &[853, 2221, 3391, 4740, 5246, 5247, 5349, 5684, 8883],
        }
    }

    fn probe(&self, opening: &Opening<'_>) -> Match {
        let bytes = without_preamble(opening.bytes);
        let preamble_len = opening.bytes.len() - bytes.len();
        let mut cursor = Cursor::new(bytes);
        match (opening.transport, Header::of(&mut cursor)) {
            // The first record's length has to fit the datagram.
            (Transport::Udp, Some(header))
                if preamble_len + Header::LEN + header.len <= opening.len =>
            {
                Match::Yes
            }
            _ => Match::No,
        }
    }

    fn datagrams(&self, wants: Wants) -> Option<Box<dyn DatagramParser>> {
        wants.has_any(&super::WANTS).then(|| Box::new(DtlsParser::new()) as _)
    }
}

/// Reads both sides of an association.
#[derive(Debug)]
pub(super) struct DtlsParser {
    handshake: Handshake,
    sides: [Side; 2],
    /// Datagrams that were read.
    datagrams: u32,
}

#[derive(Debug, Default)]
struct Side {
    /// Messages of which fragments are missing, in the order in which they were begun.
    partial: VecDeque<Message>,
    /// Messages whose fragments were given up for those of others.
    given_up: u32,
    /// The hash of what hellos had, and their numbers: retransmissions count once.
    seen: VecDeque<(u16, u8, usize)>,
    is_protected: bool,
}

/// A handshake message whose fragments come in any order.
#[derive(Debug)]
struct Message {
    kind: u8,
    number: u16,
    body: Vec<u8>,
    /// Ranges that came, in order, not touching.
    ranges: Vec<(usize, usize)>,
}

impl DtlsParser {
    fn new() -> Self {
        let handshake = Handshake::new(Carrier::Dtls);
        Self { handshake, sides: Default::default(), datagrams: 0 }
    }
}

impl DatagramParser for DtlsParser {
    fn read(&mut self, datagram: &Datagram<'_>, context: &mut Context<'_>) -> Verdict {
        let mut cursor = Cursor::new(without_preamble(datagram.bytes));
        let from = datagram.direction;
        let mut is_mine = false;
        while let Some(header) = Header::of(&mut cursor) {
            is_mine = true;
            let body = cursor.take(header.len.min(cursor.len())).unwrap_or_default();
            Self::note(&header, datagram.stamp, from, context);
            self.record(&header, body, datagram.stamp, from, context);
        }
        // Ciphertext of DTLS 1.3 has a header of its own (RFC 9147, section 4).
        if !is_mine && Self::is_unified(datagram.bytes, context) {
            is_mine = true;
            self.protect(from, datagram.stamp, context);
        }
        if !is_mine {
            return Verdict::NotMine;
        }
        self.datagrams += 1;
        if self.is_done(context) { Verdict::Stop } else { Verdict::More }
    }
}

impl DtlsParser {
    fn record(
        &mut self,
        header: &Header,
        body: &[u8],
        stamp: Stamp,
        from: Direction,
        context: &mut Context<'_>,
    ) {
        match header.kind {
            _ if header.epoch > 0 => {
                if header.kind == APPLICATION_DATA {
                    tls(context).data[from.index()].get_or_insert(stamp);
                }
                self.protect(from, stamp, context);
            }
            HANDSHAKE => self.fragments(body, stamp, from, context),
            CHANGE_CIPHER_SPEC => {
                tls(context).protected[from.index()].get_or_insert(stamp);
            }
            ALERT => {
                if let &[level @ 1..=2, description] = body {
                    note_alert(Alert { stamp, from, level, description }, Carrier::Dtls, context);
                }
            }
            _ => {}
        }
    }

    fn protect(&mut self, from: Direction, stamp: Stamp, context: &mut Context<'_>) {
        tls(context).protected[from.index()].get_or_insert(stamp);
        self.sides[from.index()].is_protected = true;
    }

    /// Handshake messages, or fragments of them, one after the other.
    fn fragments(&mut self, body: &[u8], stamp: Stamp, from: Direction, context: &mut Context<'_>) {
        let mut cursor = Cursor::new(body);
        while let Some(fragment) = Fragment::of(&mut cursor) {
            let side = &mut self.sides[from.index()];
            if let Some(body) = side.add(&fragment)
                && side.is_new(&fragment, &body)
            {
                self.handshake.message(from, fragment.kind, &body, stamp, context);
            }
        }
    }

    fn is_unified(bytes: &[u8], context: &Context<'_>) -> bool {
        let hello = context.findings.tls.as_ref().and_then(|tls| tls.server_hello());
        let is_13 = hello.is_some_and(|hello| is_tls13(hello.version()));
        is_13 && bytes.first().is_some_and(|byte| byte & 0xe0 == 0x20)
    }

    fn note(header: &Header, stamp: Stamp, from: Direction, context: &mut Context<'_>) {
        if !context.wants.has(Want::TlsRecords) {
            return;
        }
        let max = context.limits.messages_max;
        let records = &mut tls(context).records;
        if records.len() < max {
            let Header { kind, version, epoch, sequence, len } = *header;
            let number = Some((epoch, sequence));
            records.push(Record { stamp, from, kind, version, len: len as u16, number });
        } else {
            context.findings.messages_dropped += 1;
        }
    }

    /// Whether nothing more is to be learned: both sides speak in cipher.
    fn is_done(&self, context: &Context<'_>) -> bool {
        if context.wants.has(Want::TlsRecords) {
            return false;
        }
        if !context.wants.has_any(&[Want::Tls, Want::Certificates]) {
            let tls = context.findings.tls.as_ref();
            return tls.is_some_and(|tls| tls.client_hello().is_some());
        }
        let are_protected = self.sides.iter().all(|side| side.is_protected);
        are_protected && self.datagrams > DATAGRAMS_MIN
    }
}

impl Side {
    /// Takes a fragment; gives the body of the message if that made it whole.
    fn add(&mut self, fragment: &Fragment<'_>) -> Option<Vec<u8>> {
        if fragment.bytes.len() == fragment.len {
            return Some(fragment.bytes.to_vec());
        }
        if fragment.len > MESSAGE_BYTES_MAX {
            return None;
        }
        let is_of = |message: &Message| {
            message.number == fragment.number
                && message.kind == fragment.kind
                && message.body.len() == fragment.len
        };
        let known = self.partial.iter().position(is_of);
        if known.is_none() {
            if self.partial.len() == PARTIAL_MAX {
                // Room for a message takes longer to make than a fragment to send.
                if self.given_up == GIVEN_UP_MAX {
                    return None;
                }
                self.given_up += 1;
                self.partial.pop_front();
            }
            let (kind, number) = (fragment.kind, fragment.number);
            let body = vec![0; fragment.len];
            self.partial.push_back(Message { kind, number, body, ranges: Vec::new() });
        }
        let at = known.unwrap_or(self.partial.len() - 1);
        let message = self.partial.get_mut(at)?;
        message.add(fragment.offset, fragment.bytes);
        let is_whole = message.ranges == [(0, fragment.len)];
        if is_whole { self.partial.remove(at).map(|message| message.body) } else { None }
    }

    /// Whether a message did not come before: what is lost is sent again, the rest with it.
    fn is_new(&mut self, fragment: &Fragment<'_>, body: &[u8]) -> bool {
        // The random of a hello is enough to tell it from that of another handshake.
        let sum = body
            .iter()
            .take(HASHED_MAX)
            .fold(0_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(usize::from(*byte)));
        let seen = (fragment.number, fragment.kind, sum);
        if self.seen.contains(&seen) {
            return false;
        }
        if self.seen.len() == SEEN_MAX {
            self.seen.pop_front();
        }
        self.seen.push_back(seen);
        true
    }
}

impl Message {
    fn add(&mut self, offset: usize, bytes: &[u8]) {
        let end = offset + bytes.len();
        let Some(place) = self.body.get_mut(offset..end) else { return };
        place.copy_from_slice(bytes);
        let first = self.ranges.partition_point(|(_, other_end)| *other_end < offset);
        let last = self.ranges.partition_point(|(other_start, _)| *other_start <= end);
        let joined = self.ranges.get(first..last).unwrap_or_default().iter();
        let range =
            joined.fold((offset, end), |range, other| (range.0.min(other.0), range.1.max(other.1)));
        if first < last || self.ranges.len() < FRAGMENTS_MAX {
            self.ranges.splice(first..last.max(first), [range]);
        }
    }
}

/// The header of a record.
#[derive(Clone, Copy, Debug)]
struct Header {
    kind: u8,
    version: u16,
    epoch: u16,
    sequence: u64,
    len: usize,
}

impl Header {
    const LEN: usize = 13;

    /// Versions are DTLS 1.0, 1.2, and that of `OpenSSL` before there was a standard.
    fn of(cursor: &mut Cursor<'_>) -> Option<Self> {
        let mut ahead = *cursor;
        let kind = ahead.u8().filter(|kind| (20..=26).contains(kind))?;
        let version = ahead.u16().filter(|version| matches!(version, 0xfefd..=0xfeff | 0x0100))?;
        let (epoch, high, low) = (ahead.u16()?, ahead.u16()?, ahead.u32()?);
        let sequence = u64::from(high) << 32 | u64::from(low);
        let len = usize::from(ahead.u16().filter(|len| *len <= RECORD_BYTES_MAX)?);
        *cursor = ahead;
        Some(Self { kind, version, epoch, sequence, len })
    }
}

/// A fragment of a handshake message (RFC 6347, section 4.2.2).
#[derive(Clone, Copy, Debug)]
struct Fragment<'a> {
    kind: u8,
    /// Bytes of the whole message.
    len: usize,
    number: u16,
    offset: usize,
    bytes: &'a [u8],
}

impl<'a> Fragment<'a> {
    fn of(cursor: &mut Cursor<'a>) -> Option<Self> {
        let kind = cursor.u8()?;
        let len = cursor.u24()? as usize;
        let number = cursor.u16()?;
        let offset = cursor.u24()? as usize;
        let bytes = cursor.sub_u24()?.rest();
        (offset + bytes.len() <= len).then_some(Self { kind, len, number, offset, bytes })
    }
}

/// What follows the preamble that CAPWAP has before DTLS (RFC 5415, section 4.2).
fn without_preamble(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(&[1, 0, 0, 0]).unwrap_or(bytes)
}

fn tls<'c>(context: &'c mut Context<'_>) -> &'c mut Tls {
    let tls = context.findings.tls.get_or_insert_default();
    tls.carrier = Carrier::Dtls;
    tls
}

/// RFC 6347, section 4.1.1 with what encryption adds.
const RECORD_BYTES_MAX: u16 = (1 << 14) + 2_048;
/// A message that is put together from fragments.
const MESSAGE_BYTES_MAX: usize = 32 << 10;
/// Messages that wait for fragments.
const PARTIAL_MAX: usize = 4;
/// Messages whose fragments may be given up for those of others; after that, those that wait stay.
const GIVEN_UP_MAX: u32 = 64;
/// Ranges of a message that do not touch.
const FRAGMENTS_MAX: usize = 256;
/// Messages that are remembered to know them when they come again.
const SEEN_MAX: usize = 16;
/// Bytes by which a message is known again.
const HASHED_MAX: usize = 512;
/// Datagrams before an association is taken for settled: other sides may have said hello again.
const DATAGRAMS_MIN: u32 = 4;
