//! TLS records and handshakes (RFC 8446, RFC 5246).

use crate::dissection::Origin;
use crate::field::{FieldInfo, layer};
use crate::writer::Writer;

layer! {
    TLS "tls" "tls" "TLS records (RFC 8446).";
    RECORD_TYPE Uint "tls.record.content_type" "What a record holds.";
    RECORD_VERSION Hex(4) "tls.record.version" "Version of a record.";
    RECORD_LENGTH Uint "tls.record.length" "Bytes of a record.";
    ALERT_LEVEL Uint "tls.alert_message.level" "Warning or fatal.";
    ALERT Uint "tls.alert_message.desc" "What is wrong.";
    HANDSHAKE Uint "tls.handshake.type" "Kind of handshake message.";
    HANDSHAKE_LENGTH Uint "tls.handshake.length" "Bytes of a handshake message.";
    VERSION Hex(4) "tls.handshake.version" "Version of a hello.";
    RANDOM Bytes "tls.handshake.random" "Random bytes of a hello.";
    SESSION_ID_LENGTH Uint "tls.handshake.session_id_length" "Bytes of the session identifier.";
    SESSION_ID Bytes "tls.handshake.session_id" "Session identifier.";
    CIPHERS_LENGTH Uint "tls.handshake.cipher_suites_length" "Bytes of the list of cipher suites.";
    CIPHER Hex(4) "tls.handshake.ciphersuite" "A cipher suite that is offered or chosen.";
    EXTENSIONS_LENGTH Uint "tls.handshake.extensions_length" "Bytes of all extensions.";
    EXTENSION Uint "tls.handshake.extension.type" "Kind of an extension.";
    EXTENSION_LENGTH Uint "tls.handshake.extension.len" "Bytes of an extension.";
    SNI Text "tls.handshake.extensions_server_name" "The server's name.";
    ALPN Text "tls.handshake.extensions_alpn_str" "A protocol that is offered or chosen.";
    SUPPORTED_VERSION Hex(4) "tls.handshake.extensions.supported_version" "A version that is offered or chosen.";
    GROUP Hex(4) "tls.handshake.extensions_supported_group" "A group that is offered.";
    SIGNATURE Hex(4) "tls.handshake.sig_hash_alg" "A signature algorithm that is offered.";
    KEY_SHARE Uint "tls.handshake.extensions_key_share_group" "A group for which there is a key.";
    CERTIFICATES_LENGTH Uint "tls.handshake.certificates_length" "Bytes of all certificates.";
    CERTIFICATE_LENGTH Uint "tls.handshake.certificate_length" "Bytes of a certificate.";
    CERTIFICATE Bytes "tls.handshake.certificate" "A certificate.";
    ENCRYPTED Bytes "tls.app_data" "What is encrypted.";
}

/// Bytes of the record at `at`, its header included, if there can be one.
pub(crate) fn record_len(bytes: &[u8]) -> Option<usize> {
    match *bytes {
        [20..=23, 3, 0..=4, high, low, ..] => {
            let len = usize::from(u16::from_be_bytes([high, low]));
            (len > 0 && len <= RECORD_MAX).then_some(RECORD_HEADER_LEN + len)
        }
        _ => None,
    }
}

/// What a direction has said of handshake messages that go over several records (RFC 8446, section 5.1).
#[derive(Debug, Default)]
pub(crate) struct Handshakes {
    /// The beginning of one.
    pending: Vec<u8>,
    /// Whether what follows is encrypted: it is none, however it looks.
    is_encrypted: bool,
}

impl Handshakes {
    /// Bytes that are kept for what is still to come.
    pub(crate) fn held(&self) -> usize {
        self.pending.len()
    }

    /// Some bytes are missing.
    pub(crate) fn lose(&mut self) {
        self.pending = Vec::new();
    }

    /// Goes on with what a record holds; gives the messages that are whole now.
    fn go_on(&mut self, record: &[u8]) -> Option<Vec<u8>> {
        self.pending.extend_from_slice(record);
        let len = handshakes_len(&self.pending);
        if len > 0 {
            let rest = self.pending.split_off(len);
            let whole = std::mem::replace(&mut self.pending, rest);
            self.keep_what_may_begin();
            return Some(whole);
        }
        self.keep_what_may_begin();
        None
    }

    /// Forgets what is no beginning of a message, or of one that is too long.
    fn keep_what_may_begin(&mut self) {
        let may_begin = match *self.pending {
            [] => true,
            [kind, ref len @ ..] => {
                let too_long = matches!(*len, [high, ..] if high > 0);
                kind != 0 && handshake_name(u64::from(kind)).is_some() && !too_long
            }
        };
        if !may_begin {
            self.lose();
        }
    }
}

/// The records from `at` on that are all there, and handshake messages that end in them; gives the end of the
/// last.
pub(crate) fn tls(w: &mut Writer<'_>, said: &mut Handshakes, at: usize) -> usize {
    let has_record =
        |w: &Writer<'_>, at: usize| record_len(w.rest(at)).filter(|len| w.get(at, *len).is_some());
    w.layer(&TLS, at);
    let mut next = at;
    while let Some(len) = has_record(w, next) {
        let whole = record(w, said, next, len);
        next += len;
        if let Some(whole) = whole
            && let Some(source) = w.out.new_source(Origin::Message)
        {
            w.layer_end(next);
            alone(&mut Writer::joined(&whole, source, w.out));
            w.out.fill_source(source, whole);
            if has_record(w, next).is_none() {
                return next;
            }
            w.layer(&TLS, next);
        }
    }
    w.layer_end(next);
    next
}

/// The header of a record of which the rest was not captured; gives where it ends.
pub(crate) fn cut(w: &mut Writer<'_>, at: usize) -> usize {
    if record_len(w.rest(at)).is_none() {
        return at;
    }
    let end = at + RECORD_HEADER_LEN;
    w.layer(&TLS, at);
    record_header(w, at);
    w.layer_end(end);
    end
}

/// Bytes of the handshake messages at the front that are all there.
pub(crate) fn handshakes_len(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some(&[_, high, middle, low]) = bytes.get(at..at + 4) {
        let end = at + 4 + u32::from_be_bytes([0, high, middle, low]) as usize;
        if end > bytes.len() {
            break;
        }
        at = end;
    }
    at
}

/// Handshake messages without records, as QUIC carries them (RFC 9001, section 4), or put together.
pub(crate) fn alone(w: &mut Writer<'_>) {
    w.layer(&TLS, 0);
    handshakes(w, 0, w.end);
}

/// A record; gives the handshake messages that began in those before it and are whole now.
fn record(w: &mut Writer<'_>, said: &mut Handshakes, at: usize, len: usize) -> Option<Vec<u8>> {
    let kind = record_header(w, at);
    let (data, end) = (at + RECORD_HEADER_LEN, at + len);
    let holds_handshakes = kind == HANDSHAKES && !said.is_encrypted;
    if holds_handshakes && said.held() > 0 {
        return said.go_on(w.get(data, end - data).unwrap_or_default());
    }
    said.is_encrypted |= kind == CHANGE_CIPHER_SPEC;
    let mut whole = end;
    w.below(|w| match kind {
        21 if len == RECORD_HEADER_LEN + 2 => {
            w.named(&ALERT_LEVEL, data, 1, |level| {
                ["warning", "fatal"].get((level as usize).wrapping_sub(1)).copied()
            });
            w.named(&ALERT, data + 1, 1, alert_name);
        }
        HANDSHAKES => whole = handshakes(w, data, end),
        23 => w.bytes(&ENCRYPTED, data, end - data),
        _ => {}
    });
    if holds_handshakes {
        said.go_on(w.get(whole, end - whole).unwrap_or_default());
    }
    None
}

/// The header of a record; gives its kind.
fn record_header(w: &mut Writer<'_>, at: usize) -> u64 {
    let kind = w.named(&RECORD_TYPE, at, 1, content_name);
    w.named(&RECORD_VERSION, at + 1, 2, version_name);
    w.uint(&RECORD_LENGTH, at + 3, 2);
    kind
}

/// Handshake messages, if they are that and not encrypted ones; gives the end of the last that is whole.
fn handshakes(w: &mut Writer<'_>, mut at: usize, end: usize) -> usize {
    while at + 4 <= end {
        let (kind, len) = (w.number(at, 1).unwrap_or(0), w.number(at + 1, 3).unwrap_or(0) as usize);
        let is_alone = at + 4 == end;
        if handshake_name(kind).is_none() || at + 4 + len > end || (kind == 0 && !is_alone) {
            break;
        }
        w.named(&HANDSHAKE, at, 1, handshake_name);
        w.uint(&HANDSHAKE_LENGTH, at + 1, 3);
        let (data, next) = (at + 4, at + 4 + len);
        w.below(|w| match kind {
            1 => {
                client_hello(w, data, next);
            }
            2 => {
                server_hello(w, data, next);
            }
            11 => certificates(w, data, next),
            12 => {
                key_exchange(w, data, next);
            }
            13 => {
                certificate_request(w, data, next);
            }
            15 if is_signed(w, data, next) => {
                w.uint(&SIGNATURE, data, 2);
            }
            _ => {}
        });
        at = next;
    }
    at
}

fn client_hello(w: &mut Writer<'_>, at: usize, end: usize) -> Option<()> {
    let next = HELLO.start(w, at)?;
    let next = HELLO.ciphers(w, next, end);
    let next = next + 1 + w.number(next, 1)? as usize;
    HELLO.extensions(w, next, end, |w, kind, at, end| extension(w, kind, at, end, true))
}

fn server_hello(w: &mut Writer<'_>, at: usize, end: usize) -> Option<()> {
    let extension = |w: &mut Writer<'_>, kind, at, end| extension(w, kind, at, end, false);
    // Drafts of TLS 1.3 before the 22nd had neither session nor compression.
    if w.number(at, 2).is_some_and(|version| (0x7f00..0x7f16).contains(&version)) {
        w.named(&VERSION, at, 2, version_name);
        w.bytes(&RANDOM, at + 2, 32);
        w.uint(&CIPHER, at + 34, 2);
        return HELLO.extensions(w, at + 36, end, extension);
    }
    let next = HELLO.start(w, at)?;
    w.uint(&CIPHER, next, 2);
    HELLO.extensions(w, next + 3, end, extension)
}

/// The fields that a hello has in TLS and in DTLS.
pub(super) struct HelloFields {
    pub(super) version: &'static FieldInfo,
    pub(super) version_name: fn(u64) -> Option<&'static str>,
    pub(super) random: &'static FieldInfo,
    pub(super) session_id_length: &'static FieldInfo,
    pub(super) session_id: &'static FieldInfo,
    pub(super) ciphers_length: &'static FieldInfo,
    pub(super) cipher: &'static FieldInfo,
    pub(super) extensions_length: &'static FieldInfo,
    pub(super) extension: &'static FieldInfo,
    pub(super) extension_length: &'static FieldInfo,
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

impl HelloFields {
    /// Version, random bytes, session identifier.
    pub(super) fn start(&self, w: &mut Writer<'_>, at: usize) -> Option<usize> {
        w.named(self.version, at, 2, self.version_name);
        w.bytes(self.random, at + 2, 32);
        let session = w.number(at + 34, 1)? as usize;
        w.uint(self.session_id_length, at + 34, 1);
        w.bytes(self.session_id, at + 35, session);
        Some(at + 35 + session)
    }

    /// The list of cipher suites; gives its end.
    pub(super) fn ciphers(&self, w: &mut Writer<'_>, at: usize, end: usize) -> usize {
        let len = w.uint(self.ciphers_length, at, 2) as usize;
        for cipher in (at + 2..(at + 2 + len).min(end)).step_by(2) {
            w.uint(self.cipher, cipher, 2);
        }
        at + 2 + len
    }

    /// Extensions: `write` writes what is in one of a kind, from one place to another.
    pub(super) fn extensions(
        &self,
        w: &mut Writer<'_>,
        at: usize,
        end: usize,
        write: impl Fn(&mut Writer<'_>, u64, usize, usize),
    ) -> Option<()> {
        if at + 2 > end {
            return None;
        }
        let end = end.min(at + 2 + w.uint(self.extensions_length, at, 2) as usize);
        let mut at = at + 2;
        while at + 4 <= end {
            let len = w.number(at + 2, 2)? as usize;
            let kind = w.named(self.extension, at, 2, extension_name);
            w.below(|w| {
                w.uint(self.extension_length, at + 2, 2);
                write(w, kind, at + 4, (at + 4 + len).min(end));
            });
            at += 4 + len;
        }
        Some(())
    }
}

fn extension(w: &mut Writer<'_>, kind: u64, at: usize, end: usize, is_client: bool) {
    let pairs = |w: &mut Writer<'_>, from: usize, field: &'static FieldInfo| {
        (from..end).step_by(2).filter(|at| at + 2 <= end).for_each(|at| {
            w.uint(field, at, 2);
        });
    };
    match kind {
        0 => server_name(w, &SNI, at, end),
        10 => pairs(w, at + 2, &GROUP),
        // Delegated credentials and certificates have lists of their own.
        13 | 34 | 50 => pairs(w, at + 2, &SIGNATURE),
        16 => {
            let mut next = at + 2;
            while next < end {
                let len = w.number(next, 1).unwrap_or(0) as usize;
                w.text(&ALPN, next + 1, len.min(end.saturating_sub(next + 1)));
                next += 1 + len;
            }
        }
        43 if is_client => pairs(w, at + 1, &SUPPORTED_VERSION),
        43 => pairs(w, at, &SUPPORTED_VERSION),
        KEY_SHARE_OF_DRAFTS | 51 if is_client => {
            let mut next = at + 2;
            while next + 4 <= end {
                w.uint(&KEY_SHARE, next, 2);
                next += 4 + w.number(next + 2, 2).unwrap_or(0) as usize;
            }
        }
        KEY_SHARE_OF_DRAFTS | 51 if end - at > 2 => {
            w.uint(&KEY_SHARE, at, 2);
        }
        ENCRYPTED_NAME if is_client => {
            w.uint(&KEY_SHARE, at + 2, 2);
        }
        _ => {}
    }
}

/// The name in the extension for it (RFC 6066, section 3).
pub(super) fn server_name(w: &mut Writer<'_>, field: &'static FieldInfo, at: usize, end: usize) {
    if at < end {
        let len = w.number(at + 3, 2).unwrap_or(0) as usize;
        w.text(field, at + 5, len.min(end.saturating_sub(at + 5)));
    }
}

/// The key exchange of a server (RFC 8422, section 5.4; RFC 5246, section 7.4.3): only TLS 1.2 says
/// how it is signed, and what it is follows from the cipher suite, or from its lengths.
fn key_exchange(w: &mut Writer<'_>, at: usize, end: usize) -> Option<()> {
    let is_curve = w.number(at, 1)? == NAMED_CURVE;
    let signed = if is_curve { at + 4 + w.number(at + 3, 1)? as usize } else { at };
    if is_curve && is_signed(w, signed, end) {
        w.uint(&SIGNATURE, signed, 2);
        return Some(());
    }
    let mut next = at;
    // Prime, generator, public value.
    for _ in 0..3 {
        next += 2 + w.number(next, 2)? as usize;
    }
    if is_signed(w, next, end) {
        w.uint(&SIGNATURE, next, 2);
    }
    Some(())
}

/// Whether a signature and its algorithm are all that is left.
fn is_signed(w: &Writer<'_>, at: usize, end: usize) -> bool {
    w.number(at + 2, 2).is_some_and(|len| at + 4 + len as usize == end)
}

/// What a client's certificate must be (RFC 5246, section 7.4.4).
fn certificate_request(w: &mut Writer<'_>, at: usize, end: usize) -> Option<()> {
    let list = at + 1 + w.number(at, 1)? as usize;
    let first = list + 2;
    let names = first + w.number(list, 2)? as usize;
    // Before TLS 1.2 the names come first.
    if names + 2 + w.number(names, 2)? as usize == end {
        (first..names).step_by(2).for_each(|at| {
            w.uint(&SIGNATURE, at, 2);
        });
    }
    Some(())
}

/// The certificates of TLS up to 1.2; those of 1.3 are encrypted.
fn certificates(w: &mut Writer<'_>, at: usize, end: usize) {
    w.uint(&CERTIFICATES_LENGTH, at, 3);
    let mut next = at + 3;
    while next + 3 <= end {
        let len = w.uint(&CERTIFICATE_LENGTH, next, 3) as usize;
        if next + 3 + len > end {
            return;
        }
        w.bytes(&CERTIFICATE, next + 3, len);
        next += 3 + len;
    }
}

pub(super) fn content_name(kind: u64) -> Option<&'static str> {
    let names = ["change cipher spec", "alert", "handshake", "application data"];
    names.get((kind as usize).checked_sub(20)?).copied()
}

fn version_name(version: u64) -> Option<&'static str> {
    Some(match version {
        0x0300 => "SSL 3.0",
        0x0301 => "TLS 1.0",
        0x0302 => "TLS 1.1",
        0x0303 => "TLS 1.2",
        0x0304 => "TLS 1.3",
        _ => return None,
    })
}

pub(super) fn handshake_name(kind: u64) -> Option<&'static str> {
    Some(match kind {
        0 => "hello request",
        1 => "client hello",
        2 => "server hello",
        4 => "new session ticket",
        5 => "end of early data",
        8 => "encrypted extensions",
        11 => "certificate",
        12 => "server key exchange",
        13 => "certificate request",
        14 => "server hello done",
        15 => "certificate verify",
        16 => "client key exchange",
        20 => "finished",
        22 => "certificate status",
        24 => "key update",
        _ => return None,
    })
}

pub(super) fn extension_name(kind: u64) -> Option<&'static str> {
    Some(match kind {
        0 => "server name",
        5 => "status request",
        10 => "supported groups",
        11 => "point formats",
        13 => "signature algorithms",
        16 => "application protocols",
        18 => "signed certificate timestamp",
        21 => "padding",
        22 => "encrypt then MAC",
        23 => "extended master secret",
        27 => "compressed certificate",
        35 => "session ticket",
        41 => "pre-shared key",
        42 => "early data",
        43 => "supported versions",
        44 => "cookie",
        45 => "key exchange modes",
        50 => "signature algorithms of certificates",
        51 => "key share",
        57 => "QUIC transport parameters",
        0xfe0d => "encrypted client hello",
        0xff01 => "renegotiation",
        _ => return None,
    })
}

pub(super) fn alert_name(alert: u64) -> Option<&'static str> {
    Some(match alert {
        0 => "close notify",
        10 => "unexpected message",
        20 => "bad record MAC",
        40 => "handshake failure",
        42 => "bad certificate",
        43 => "unsupported certificate",
        44 => "certificate revoked",
        45 => "certificate expired",
        46 => "certificate unknown",
        47 => "illegal parameter",
        48 => "unknown authority",
        49 => "access denied",
        50 => "decode error",
        51 => "decrypt error",
        70 => "protocol version",
        71 => "insufficient security",
        80 => "internal error",
        86 => "inappropriate fallback",
        90 => "user canceled",
        109 => "missing extension",
        112 => "unrecognized name",
        116 => "certificate required",
        120 => "no application protocol",
        _ => return None,
    })
}

const CHANGE_CIPHER_SPEC: u64 = 20;
const HANDSHAKES: u64 = 22;
const RECORD_HEADER_LEN: usize = 5;
const NAMED_CURVE: u64 = 3;
/// The extension of key shares before draft 23 of TLS 1.3.
const KEY_SHARE_OF_DRAFTS: u64 = 40;
/// The extension of an encrypted server name, in drafts.
const ENCRYPTED_NAME: u64 = 0xffce;
/// Bytes of a record at most (RFC 8446, section 5.2), and some for those who do not keep to it.
const RECORD_MAX: usize = (1 << 14) + 2048;
