//! Handshake messages out of an ordered byte stream, and into what was found.

use flowloom_flow::Direction;

use super::certificate;
use super::found::{Carrier, ClientHello, Tls};
use super::{InnerDns, hello};
use crate::lists::push_sparing;
use crate::{Context, Cursor, Stamp, Want};

/// A handshake: TLS over TCP gives it the bodies of handshake records, QUIC its CRYPTO data, DTLS
/// whole messages.
#[derive(Debug, Default)]
pub(crate) struct Handshake {
    carrier: Carrier,
    sides: [Side; 2],
    /// Bytes of the hellos that were kept.
    hello_bytes: usize,
    /// Bytes of the certificates that were kept.
    certificate_bytes: usize,
}

#[derive(Debug, Default)]
struct Side {
    /// A message that is not whole, with its header.
    partial: Vec<u8>,
    /// Bytes to come of a message that is passed over.
    pass_over: usize,
    /// Whether what comes can no longer be read.
    is_closed: bool,
}

impl Handshake {
    /// A handshake that has not begun.
    pub(crate) fn new(carrier: Carrier) -> Self {
        Self { carrier, ..Self::default() }
    }

    /// Takes the next bytes of a side's handshake; messages may begin and end anywhere.
    pub(crate) fn bytes(
        &mut self,
        from: Direction,
        mut bytes: &[u8],
        stamp: Stamp,
        context: &mut Context<'_>,
    ) {
        while !bytes.is_empty() && !self.sides[from.index()].is_closed {
            let side = &mut self.sides[from.index()];
            let passed = side.pass_over.min(bytes.len());
            side.pass_over -= passed;
            bytes = &bytes[passed..];
            if side.partial.is_empty()
                && let Some((kind, body, rest)) = whole_message(bytes)
            {
                bytes = rest;
                self.message(from, kind, body, stamp, context);
                continue;
            }
            // Of a message in parts, no more is taken than belongs to it.
            let wanted = match message_len(&side.partial) {
                Some(len) => len - side.partial.len(),
                None => HEADER_LEN - side.partial.len(),
            };
            let (taken, rest) = bytes.split_at(wanted.min(bytes.len()));
            side.partial.extend_from_slice(taken);
            bytes = rest;
            if let Some(len) = message_len(&side.partial) {
                if !is_known(side.partial[0]) {
                    self.close(from);
                } else if len > MESSAGE_BYTES_MAX {
                    side.pass_over = len - side.partial.len();
                    side.partial = Vec::new();
                } else if len == side.partial.len() {
                    let message = std::mem::take(&mut side.partial);
                    if let Some((kind, body, _)) = whole_message(&message) {
                        self.message(from, kind, body, stamp, context);
                    }
                }
            }
        }
    }

    /// What comes from a side can no longer be read: it is encrypted, or bytes were lost.
    pub(crate) fn close(&mut self, from: Direction) {
        self.sides[from.index()] = Side { is_closed: true, ..Side::default() };
    }

    /// Whether what comes from a side can no longer be read.
    pub(crate) fn is_closed(&self, from: Direction) -> bool {
        self.sides[from.index()].is_closed
    }

    /// What comes from a side now is a message in the clear.
    pub(crate) fn reopen(&mut self, from: Direction) {
        self.sides[from.index()] = Side::default();
    }

    /// The side's flow ends: of a hello that is not whole, what is there is taken.
    pub(crate) fn end(&mut self, from: Direction, stamp: Stamp, context: &mut Context<'_>) {
        let partial = std::mem::take(&mut self.sides[from.index()].partial);
        if let Some((header, body)) = partial.split_first_chunk::<HEADER_LEN>()
            && matches!(header[0], CLIENT_HELLO | SERVER_HELLO)
        {
            self.message(from, header[0], body, stamp, context);
        }
        self.close(from);
    }

    /// Whether a message of a side has begun and is not whole.
    pub(crate) fn is_waiting(&self, from: Direction) -> bool {
        let side = &self.sides[from.index()];
        !side.partial.is_empty() || side.pass_over > 0
    }

    /// Takes a whole message: its type, and what follows its header.
    pub(crate) fn message(
        &mut self,
        from: Direction,
        kind: u8,
        body: &[u8],
        stamp: Stamp,
        context: &mut Context<'_>,
    ) {
        match kind {
            CLIENT_HELLO => self.client_hello(from, body, stamp, context),
            SERVER_HELLO => self.server_hello(from, body, stamp, context),
            HELLO_VERIFY_REQUEST => self.tls(context).verify_request_count += 1,
            CERTIFICATE if context.wants.has_any(&[Want::Tls, Want::Certificates]) => {
                self.certificates(from, body, stamp, context);
            }
            SERVER_KEY_EXCHANGE => {
                // A curve by name and a point (RFC 8422, section 5.4). A prime of 6144 bits begins
                // with 3 as well, but no point is as long as its next bytes would say.
                if let Some((&[3, high, low, 32..=133], _)) = body.split_first_chunk() {
                    self.tls(context).server_group = Some(u16::from_be_bytes([high, low]));
                }
            }
            CERTIFICATE_REQUEST => self.tls(context).certificate_requested = true,
            NEW_SESSION_TICKET => {
                self.tls(context).ticket_lifetime = Cursor::new(body).u32();
            }
            _ => {}
        }
    }

    fn client_hello(
        &mut self,
        from: Direction,
        body: &[u8],
        stamp: Stamp,
        context: &mut Context<'_>,
    ) {
        let is_dtls = self.carrier == Carrier::Dtls;
        let Some(mut hello) = hello::client_hello(body, is_dtls) else { return };
        let mut inner_dns = None;
        if context.wants.has_any(&[Want::Tls, Want::Quic]) {
            inner_dns = InnerDns::of(&hello, self.carrier, context.ends.ports);
        } else {
            hello = ClientHello { sni: hello.sni, ..ClientHello::default() };
        }
        (hello.from, hello.stamp) = (Some(from), stamp);
        let has_room = self.hello_bytes + body.len() <= HELLOS_BYTES_MAX;
        let tls = self.tls(context);
        tls.client_hello_count += 1;
        tls.inner_dns = tls.inner_dns.or(inner_dns);
        if tls.client_hellos.len() < HELLOS_MAX && has_room {
            push_sparing(&mut tls.client_hellos, hello);
            self.hello_bytes += body.len();
        } else {
            context.findings.messages_dropped += 1;
        }
    }

    fn server_hello(
        &mut self,
        from: Direction,
        body: &[u8],
        stamp: Stamp,
        context: &mut Context<'_>,
    ) {
        let Some(mut hello) = hello::server_hello(body) else { return };
        (hello.from, hello.stamp) = (Some(from), stamp);
        let has_room = self.hello_bytes + body.len() <= HELLOS_BYTES_MAX;
        let tls = self.tls(context);
        if tls.server_hellos.len() < HELLOS_MAX && has_room {
            push_sparing(&mut tls.server_hellos, hello);
            self.hello_bytes += body.len();
        } else {
            context.findings.messages_dropped += 1;
        }
    }

    fn certificates(
        &mut self,
        from: Direction,
        body: &[u8],
        stamp: Stamp,
        context: &mut Context<'_>,
    ) {
        let mut bytes = self.certificate_bytes;
        let tls = self.tls(context);
        let mut dropped = 0;
        let Some(mut chain) = Cursor::new(body).sub_u24() else { return };
        let mut position = 0;
        while let Some(der) = chain.sub_u24() {
            let has_room = bytes + der.len() <= CERTIFICATES_BYTES_MAX;
            if tls.certificates.len() < CERTIFICATES_MAX && has_room {
                bytes += der.len();
                let mut certificate = certificate::read(der.rest());
                certificate.from = Some(from);
                (certificate.stamp, certificate.position) = (stamp, position);
                push_sparing(&mut tls.certificates, certificate);
            } else {
                dropped += 1;
            }
            position += 1;
        }
        self.certificate_bytes = bytes;
        context.findings.messages_dropped += dropped;
    }

    fn tls<'c>(&self, context: &'c mut Context<'_>) -> &'c mut Tls {
        let tls = context.findings.tls.get_or_insert_default();
        tls.carrier = self.carrier;
        tls
    }
}

/// Type and body of the message that `bytes` begins with, and what follows.
fn whole_message(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let mut cursor = Cursor::new(bytes);
    let kind = cursor.u8().filter(|kind| is_known(*kind))?;
    let body = cursor.sub_u24()?.rest();
    Some((kind, body, cursor.rest()))
}

/// Length of a message with its header, once the header is there.
fn message_len(bytes: &[u8]) -> Option<usize> {
    let [_, a, b, c] = *bytes.first_chunk()?;
    Some(HEADER_LEN + u32::from_be_bytes([0, a, b, c]) as usize)
}

/// Whether there are messages of that type: what is encrypted hardly looks like one.
fn is_known(kind: u8) -> bool {
    matches!(kind, 0..=6 | 8 | 11..=16 | 20..=25 | 67 | 254)
}

const HEADER_LEN: usize = 4;
/// A message that is put together; one that is longer is passed over. Chains of certificates come
/// to some ten thousand bytes, a `ClientHello` with post-quantum keys to two thousand.
const MESSAGE_BYTES_MAX: usize = 128 << 10;
/// Hellos of a kind that are kept.
const HELLOS_MAX: usize = 16;
/// Bytes of the hellos that are kept. An empty name in a list is one byte there and forty here.
const HELLOS_BYTES_MAX: usize = 256 << 10;
/// Certificates that are kept.
const CERTIFICATES_MAX: usize = 64;
/// Bytes of the certificates that are kept. An empty name is two bytes there and forty here.
const CERTIFICATES_BYTES_MAX: usize = 512 << 10;

const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 2;
const HELLO_VERIFY_REQUEST: u8 = 3;
const NEW_SESSION_TICKET: u8 = 4;
const CERTIFICATE: u8 = 11;
const SERVER_KEY_EXCHANGE: u8 = 12;
const CERTIFICATE_REQUEST: u8 = 13;
