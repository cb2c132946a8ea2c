//! DTLS records and handshakes (RFC 6347).

use crate::field::layer;
use crate::layers::tls::{self, HelloFields};
use crate::writer::Writer;

layer! {
    DTLS "dtls" "dtls" "DTLS records (RFC 6347).";
    RECORD_TYPE Uint "dtls.record.content_type" "What a record holds.";
    RECORD_VERSION Hex(4) "dtls.record.version" "Version of a record.";
    EPOCH Uint "dtls.record.epoch" "How often keys were changed.";
    SEQUENCE Uint "dtls.record.sequence_number" "Number of the record in its epoch.";
    RECORD_LENGTH Uint "dtls.record.length" "Bytes of a record.";
    HANDSHAKE Uint "dtls.handshake.type" "Kind of handshake message.";
    HANDSHAKE_LENGTH Uint "dtls.handshake.length" "Bytes of a handshake message.";
    MESSAGE_SEQUENCE Uint "dtls.handshake.message_seq" "Number of a handshake message.";
    FRAGMENT_OFFSET Uint "dtls.handshake.fragment_offset" "Where a piece of a message belongs.";
    FRAGMENT_LENGTH Uint "dtls.handshake.fragment_length" "Bytes of a piece of a message.";
    VERSION Hex(4) "dtls.handshake.version" "Version of a hello.";
    RANDOM Bytes "dtls.handshake.random" "Random bytes of a hello.";
    SESSION_ID_LENGTH Uint "dtls.handshake.session_id_length" "Bytes of the session identifier.";
    SESSION_ID Bytes "dtls.handshake.session_id" "Session identifier.";
    COOKIE_LENGTH Uint "dtls.handshake.cookie_length" "Bytes of the cookie.";
    COOKIE Bytes "dtls.handshake.cookie" "What shows that the client has its address.";
    CIPHERS_LENGTH Uint "dtls.handshake.cipher_suites_length" "Bytes of the list of cipher suites.";
    CIPHER Hex(4) "dtls.handshake.ciphersuite" "A cipher suite that is offered or chosen.";
    EXTENSIONS_LENGTH Uint "dtls.handshake.extensions_length" "Bytes of all extensions.";
    EXTENSION Uint "dtls.handshake.extension.type" "Kind of an extension.";
    EXTENSION_LENGTH Uint "dtls.handshake.extension.len" "Bytes of an extension.";
    SNI Text "dtls.handshake.extensions_server_name" "The server's name.";
    ALERT_LEVEL Uint "dtls.alert_message.level" "Warning or fatal.";
    ALERT Uint "dtls.alert_message.desc" "What is wrong.";
    ENCRYPTED Bytes "dtls.app_data" "What is encrypted.";
}

/// Whether there are records from `at` on. What DTLS was before RFC 4347 is told by more than its version.
pub(crate) fn is_dtls(w: &Writer<'_>, at: usize) -> bool {
    let is_old = w.number(at + 1, 2) == Some(OLD_VERSION);
    let mut ends = std::iter::successors(record_end(w, at), |end| record_end(w, *end));
    if is_old { ends.any(|end| end == w.end) } else { ends.next().is_some() }
}

/// The records from `at` on.
pub(crate) fn dtls(w: &mut Writer<'_>, at: usize) {
    w.layer(&DTLS, at);
    let mut next = at;
    while let Some(end) = record_end(w, next) {
        record(w, next, end);
        next = end;
    }
    w.layer_end(next);
    super::data(w, next, usize::MAX);
}

/// The end of the record at `at`, if there is one and all of it.
fn record_end(w: &Writer<'_>, at: usize) -> Option<usize> {
    let is_start = matches!(w.get(at, 3)?, [20..=23, 0xfe, 0xff | 0xfd] | [20..=23, 1, 0]);
    let len = w.number(at + 11, 2).filter(|len| is_start && *len > 0)? as usize;
    let end = at + HEADER_LEN + len;
    (end <= w.end).then_some(end)
}

fn record(w: &mut Writer<'_>, at: usize, end: usize) {
    let kind = w.named(&RECORD_TYPE, at, 1, tls::content_name);
    w.named(&RECORD_VERSION, at + 1, 2, version_name);
    let epoch = w.uint(&EPOCH, at + 3, 2);
    w.uint(&SEQUENCE, at + 5, 6);
    w.uint(&RECORD_LENGTH, at + 11, 2);
    let data = at + HEADER_LEN;
    w.below(|w| match kind {
        21 if epoch == 0 && end == data + 2 => {
            w.uint(&ALERT_LEVEL, data, 1);
            w.named(&ALERT, data + 1, 1, tls::alert_name);
        }
        22 if epoch == 0 => handshakes(w, data, end),
        23 => w.bytes(&ENCRYPTED, data, end - data),
        _ => {}
    });
}

/// Handshake messages, or pieces of them.
fn handshakes(w: &mut Writer<'_>, mut at: usize, end: usize) {
    while at + 12 <= end {
        let kind = w.named(&HANDSHAKE, at, 1, tls::handshake_name);
        let whole = w.uint(&HANDSHAKE_LENGTH, at + 1, 3);
        w.uint(&MESSAGE_SEQUENCE, at + 4, 2);
        w.uint(&FRAGMENT_OFFSET, at + 6, 3);
        let len = w.uint(&FRAGMENT_LENGTH, at + 9, 3);
        let (data, next) = (at + 12, at + 12 + len as usize);
        if next > end {
            return;
        }
        if len == whole {
            w.below(|w| match kind {
                1 | 2 => {
                    hello(w, data, next, kind == 1);
                }
                3 => {
                    w.named(&VERSION, data, 2, version_name);
                    cookie(w, data + 2);
                }
                _ => {}
            });
        }
        at = next;
    }
}

fn hello(w: &mut Writer<'_>, at: usize, end: usize, is_client: bool) -> Option<()> {
    let mut next = HELLO.start(w, at)?;
    if is_client {
        next = cookie(w, next)?;
        next = HELLO.ciphers(w, next, end);
        next += 1 + w.number(next, 1)? as usize;
    } else {
        w.uint(&CIPHER, next, 2);
        next += 3;
    }
    HELLO.extensions(w, next, end, |w, kind, at, end| {
        if kind == 0 {
            tls::server_name(w, &SNI, at, end);
        }
    })
}

static HELLO: HelloFields = HelloFields {
    version: &VERSION,
    version_name,
    random: &RANDOM,
    session_id_length: &SESSION_ID_LENGTH,
    session_id: &SESSION_ID,
    ciphers_length: &CIPHERS_LENGTH,
    cipher: &CIPHER,
    extensions_length: &EXTENSIONS_LENGTH,
    extension: &EXTENSION,
    extension_length: &EXTENSION_LENGTH,
};

/// A cookie; gives its end.
fn cookie(w: &mut Writer<'_>, at: usize) -> Option<usize> {
    let len = w.number(at, 1)? as usize;
    w.uint(&COOKIE_LENGTH, at, 1);
    w.bytes(&COOKIE, at + 1, len);
    Some(at + 1 + len)
}

fn version_name(version: u64) -> Option<&'static str> {
    match version {
        0xfeff => Some("DTLS 1.0"),
        0xfefd => Some("DTLS 1.2"),
        _ => None,
    }
}

/// Of OpenSSL before 0.9.8f, which a client of Cisco's still says.
const OLD_VERSION: u64 = 0x0100;
const HEADER_LEN: usize = 13;
