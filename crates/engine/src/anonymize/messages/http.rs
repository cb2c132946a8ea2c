//! Heads of HTTP/1 messages (RFC 9112): what frames them and the names of common fields, with
//! another host; of all else, how long it is.

use std::ops::Range;

use crate::anonymize::frame::Rewriting;

impl Rewriting<'_, '_> {
    /// A head, up to its end or that of the last line that is whole. Bodies are not known.
    pub(super) fn http(&mut self, at: usize, end: usize) {
        let Some(first) = self.line(at, end).and_then(first_line) else { return };
        self.write(at, &first);
        let mut next = at + first.len();
        while let Some(field) = self.line(next, end) {
            let own = shown(field);
            let host = host(field).map(|[host, port]| {
                [next + host.start..next + host.end, next + port.start..next + port.end]
            });
            let is_end = field.trim_ascii().is_empty();
            self.write(next, &own);
            if let Some([host, port]) = host {
                self.host(host.start, host.end);
                self.keep(port);
            }
            if is_end {
                return;
            }
            next += own.len();
        }
    }

    /// The line that begins at a place, with its end.
    fn line(&self, at: usize, end: usize) -> Option<&[u8]> {
        let rest = self.old.get(at..end)?;
        let len = rest.iter().take(LINE_MAX).position(|&byte| byte == b'\n')? + 1;
        Some(&rest[..len])
    }
}

/// A request's or a response's first line, without where and why.
fn first_line(line: &[u8]) -> Option<Vec<u8>> {
    let text = line.trim_ascii_end();
    let mut own = line.to_vec();
    if text.starts_with(b"HTTP/1.") && text.get(9..12)?.iter().all(u8::is_ascii_digit) {
        blank(&mut own[12..text.len()]);
        return Some(own);
    }
    let method = METHODS.iter().find(|method| text.starts_with(method.as_bytes()))?;
    let version = text.len().checked_sub(VERSION_LEN)?;
    if !text[version..].starts_with(b" HTTP/1.") || version < method.len() {
        return None;
    }
    let target = &mut own[method.len()..version];
    let slash = usize::from(target.starts_with(b"/"));
    blank(&mut target[slash..]);
    Some(own)
}

/// A field without its value, unless that frames the message.
fn shown(field: &[u8]) -> Vec<u8> {
    let mut own = field.to_vec();
    let len = field.trim_ascii_end().len();
    let Some(colon) = field[..len].iter().position(|&byte| byte == b':') else {
        blank(&mut own[..len]);
        return own;
    };
    let name = field[..colon].to_ascii_lowercase();
    let value = field[colon + 1..len].trim_ascii().to_ascii_lowercase();
    let is_count = name == b"content-length" && value.iter().all(u8::is_ascii_digit);
    let frames = FRAMING.iter().any(|known| known.as_bytes() == name)
        && TOKENS.iter().any(|known| known.as_bytes() == value);
    if !is_count && !frames {
        blank(&mut own[colon + 1..len]);
    }
    if !is_count && !FRAMING.iter().chain(FIELDS).any(|known| known.as_bytes() == name) {
        blank(&mut own[..colon]);
    }
    own
}

/// Where the host is in a field that names it, and its port with the colon before it.
fn host(field: &[u8]) -> Option<[Range<usize>; 2]> {
    let (name, rest) = field.split_at_checked(5)?;
    if !name.eq_ignore_ascii_case(b"host:") {
        return None;
    }
    let value = rest.trim_ascii();
    let end = field.trim_ascii_end().len();
    let start = end - value.len();
    let is_port = |text: &[u8]| text.len() <= 5 && text.iter().all(u8::is_ascii_digit);
    let colon = value.iter().rposition(|&byte| byte == b':');
    let port = start + colon.filter(|at| is_port(&value[at + 1..])).unwrap_or(value.len());
    Some([start..port, port..end])
}

/// Says of a text how long it is, and nothing else.
fn blank(text: &mut [u8]) {
    let spaces = text.iter().take_while(|&&byte| byte == b' ').count();
    text[spaces..].fill(b'x');
}

const METHODS: &[&str] =
    &["GET ", "POST ", "HEAD ", "PUT ", "DELETE ", "OPTIONS ", "PATCH ", "CONNECT ", "TRACE "];
/// Of ` HTTP/1.1`.
const VERSION_LEN: usize = 9;
/// What says where a body ends, and what comes after it.
const FRAMING: &[&str] = &["transfer-encoding", "content-encoding", "connection", "upgrade"];
const TOKENS: &[&str] = &[
    "chunked",
    "gzip",
    "deflate",
    "br",
    "zstd",
    "identity",
    "close",
    "keep-alive",
    "upgrade",
    "websocket",
    "h2c",
];
/// Others whose names tell nobody from others.
const FIELDS: &[&str] = &[
    "host",
    "user-agent",
    "accept",
    "accept-language",
    "accept-encoding",
    "accept-ranges",
    "cookie",
    "set-cookie",
    "referer",
    "origin",
    "content-type",
    "content-language",
    "content-disposition",
    "content-range",
    "server",
    "date",
    "location",
    "last-modified",
    "etag",
    "expires",
    "cache-control",
    "pragma",
    "vary",
    "age",
    "via",
    "authorization",
    "if-modified-since",
    "if-none-match",
    "range",
    "keep-alive",
    "te",
    "trailer",
    "expect",
];
/// Of a longer line nothing stays, nor of what follows it.
const LINE_MAX: usize = 8_192;
