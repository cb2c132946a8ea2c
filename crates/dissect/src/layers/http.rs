//! Heads of HTTP/1 messages (RFC 9112), and SSDP with them.

mod body;

use crate::field::{FieldInfo, LayerInfo, layer};
use crate::writer::Writer;

pub(crate) use body::{Asked, Body, is_interim};

layer! {
    HTTP "http" "http" "The head of an HTTP/1 message (RFC 9112).";
    METHOD Text "http.request.method" "Method of a request.";
    URI Text "http.request.uri" "Target of a request.";
    REQUEST_VERSION Text "http.request.version" "Version of a request.";
    RESPONSE_VERSION Text "http.response.version" "Version of a response.";
    CODE Uint "http.response.code" "Status of a response.";
    PHRASE Text "http.response.phrase" "Status of a response, in words.";
    HOST Text "http.host" "The server.";
    USER_AGENT Text "http.user_agent" "The client's program.";
    SERVER Text "http.server" "The server's program.";
    CONTENT_TYPE Text "http.content_type" "What the body is.";
    CONTENT_LENGTH Text "http.content_length_header" "Bytes of the body, as sent.";
    CONTENT_ENCODING Text "http.content_encoding" "How the body is packed.";
    TRANSFER_ENCODING Text "http.transfer_encoding" "How the body is cut.";
    CONNECTION Text "http.connection" "What becomes of the connection.";
    LOCATION Text "http.location" "Where to go instead.";
    REFERER Text "http.referer" "Where the link was.";
    COOKIE Text "http.cookie" "What the client remembers.";
    SET_COOKIE Text "http.set_cookie" "What the client should remember.";
    ACCEPT Text "http.accept" "What the client takes.";
    DATE Text "http.date" "When the message was made.";
    UPGRADE Text "http.upgrade" "The protocol to go on with.";
}

layer! {
    SSDP "ssdp" "http" "Service discovery of UPnP, with the fields of HTTP.";
}

/// Whether bytes can begin a message: a method and a space, or a version.
pub(crate) fn is_start(bytes: &[u8]) -> bool {
    METHODS.iter().any(|method| bytes.starts_with(method))
        || bytes.starts_with(b"HTTP/1.")
        || is_request_line(bytes)
}

/// Whether so few bytes can begin a message.
pub(crate) fn may_begin(bytes: &[u8]) -> bool {
    METHODS.iter().any(|method| method.starts_with(bytes)) || b"HTTP/1.".starts_with(bytes)
}

/// Whether there is a whole line with a method that is not common.
fn is_request_line(bytes: &[u8]) -> bool {
    let is_method_byte = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let method = bytes.iter().take_while(is_method_byte).count();
    if method < 2 || bytes.get(method) != Some(&b' ') {
        return false;
    }
    let line = bytes
        .iter()
        .take(LINE_MAX)
        .position(|byte| *byte == b'\n')
        .and_then(|end| bytes.get(..end));
    line.is_some_and(|line| line.trim_ascii_end().ends_with(b" HTTP/1.1"))
}

/// Bytes of the head at the front, its empty line included, if it is all there; its end is not
/// before `from`.
pub(crate) fn head_len(bytes: &[u8], from: usize) -> Option<usize> {
    let from = from.saturating_sub(3);
    let searched = bytes.get(from..bytes.len().min(HEAD_MAX)).unwrap_or_default();
    let at = from
        + searched.windows(2).position(|pair| {
            // An empty line ends the head: LF LF, or LF CR LF.
            pair == b"\n\n" || pair == b"\n\r"
        })?;
    let end = if bytes.get(at + 1) == Some(&b'\r') { at + 3 } else { at + 2 };
    (end <= bytes.len()).then_some(end)
}

/// Whether the body comes in chunks.
fn is_chunked(head: &[u8]) -> bool {
    let last = value_of(head, b"transfer-encoding:")
        .and_then(|value| value.rsplit(|byte| *byte == b',').next());
    last.is_some_and(|coding| coding.trim_ascii().eq_ignore_ascii_case(b"chunked"))
}

/// Bytes of the body, as its head says.
fn content_length(head: &[u8]) -> Option<usize> {
    str::from_utf8(value_of(head, b"content-length:")?.trim_ascii()).ok()?.parse().ok()
}

/// The value of the first field with this name, which comes with its colon.
fn value_of<'h>(head: &'h [u8], name: &[u8]) -> Option<&'h [u8]> {
    head.split(|byte| *byte == b'\n').find_map(|line| {
        let (found, value) = line.split_at_checked(name.len())?;
        found.eq_ignore_ascii_case(name).then_some(value)
    })
}

/// A head from `at` to `end`.
pub(crate) fn head(w: &mut Writer<'_>, layer: &'static LayerInfo, at: usize, end: usize) {
    w.layer(layer, at);
    w.layer_end(end);
    let mut line = at;
    while let Some(bytes) = w.get(line, end - line).filter(|bytes| !bytes.is_empty()) {
        // The last line can be cut.
        let len = if line == at { first_line_len(bytes) } else { field_line_len(bytes) };
        let text = bytes.get(..len).unwrap_or_default();
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        if line == at {
            start_line(w, line, text);
        } else {
            header(w, line, text);
        }
        line = (line + len + 1).min(end);
    }
}

/// Bytes of the line at the front, without its end.
fn first_line_len(bytes: &[u8]) -> usize {
    bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len())
}

/// The same of a field, with the lines behind it that go on with it (RFC 9112, section 5.2).
fn field_line_len(bytes: &[u8]) -> usize {
    let is_end = |at: &usize| !matches!(bytes.get(at + 1), Some(b' ' | b'\t'));
    let mut ends = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at);
    ends.find(is_end).unwrap_or(bytes.len())
}

fn start_line(w: &mut Writer<'_>, at: usize, line: &[u8]) {
    let mut words = line.splitn(3, |byte| *byte == b' ').map(<[u8]>::len);
    let lens = [words.next(), words.next(), words.next()].map(|len| len.unwrap_or(0));
    let second = at + lens[0] + 1;
    let third = second + lens[1] + 1;
    if line.starts_with(b"HTTP/") {
        w.text(&RESPONSE_VERSION, at, lens[0]);
        let digits = w.get(second, lens[1]).and_then(|bytes| std::str::from_utf8(bytes).ok());
        if let Some(code) = digits.and_then(|digits| digits.parse().ok()) {
            w.computed(&CODE, second, lens[1], code);
        }
        if lens[2] > 0 {
            w.text(&PHRASE, third, lens[2]);
        }
    } else {
        w.text(&METHOD, at, lens[0]);
        w.text(&URI, second, lens[1]);
        if lens[2] > 0 {
            w.text(&REQUEST_VERSION, third, lens[2]);
        }
    }
}

fn header(w: &mut Writer<'_>, at: usize, line: &[u8]) {
    let Some(colon) = line.iter().position(|byte| *byte == b':') else { return };
    let (name, value) = line.split_at(colon);
    let known = HEADERS.iter().find(|(known, _)| name.eq_ignore_ascii_case(known.as_bytes()));
    let Some((_, field)) = known else { return };
    let value = value.get(1..).unwrap_or_default();
    let trimmed = value.trim_ascii();
    if trimmed.is_empty() {
        return;
    }
    let start = at + colon + 1 + value.len() - value.trim_ascii_start().len();
    w.text(field, start, trimmed.len());
}

/// Whether a head says that HTTP/2 follows (RFC 7540, section 3.2).
pub(crate) fn is_upgrade_to_http2(head: &[u8]) -> bool {
    let is_upgrade = |line: &[u8]| {
        let colon = line.iter().position(|byte| *byte == b':');
        let (name, value) = line.split_at(colon.unwrap_or(0));
        let value = value.get(1..).unwrap_or_default().trim_ascii();
        name.eq_ignore_ascii_case(b"upgrade") && value.eq_ignore_ascii_case(b"h2c")
    };
    head.get(8..12) == Some(b" 101") && head.split(|byte| *byte == b'\n').any(is_upgrade)
}

static HEADERS: [(&str, &FieldInfo); 15] = [
    ("host", &HOST),
    ("user-agent", &USER_AGENT),
    ("server", &SERVER),
    ("content-type", &CONTENT_TYPE),
    ("content-length", &CONTENT_LENGTH),
    ("content-encoding", &CONTENT_ENCODING),
    ("transfer-encoding", &TRANSFER_ENCODING),
    ("connection", &CONNECTION),
    ("location", &LOCATION),
    ("referer", &REFERER),
    ("cookie", &COOKIE),
    ("set-cookie", &SET_COOKIE),
    ("accept", &ACCEPT),
    ("upgrade", &UPGRADE),
    ("date", &DATE),
];
const METHODS: [&[u8]; 12] = [
    b"GET ",
    b"POST ",
    b"HEAD ",
    b"PUT ",
    b"DELETE ",
    b"OPTIONS ",
    b"CONNECT ",
    b"TRACE ",
    b"PATCH ",
    b"NOTIFY ",
    b"M-SEARCH ",
    b"PROPFIND ",
];
/// Bytes of a first line at most, of methods that are not common.
const LINE_MAX: usize = 2048;
/// Bytes of a head at most.
const HEAD_MAX: usize = 64 << 10;
