//! What the beginnings of messages look like.

use super::start_line::{METHOD_LEN_MAX, is_method, is_method_byte};
use crate::Match;

/// Whether bytes of a stream or a datagram are the beginning of an HTTP/1 message.
pub(super) fn message(bytes: &[u8]) -> Match {
    if bytes.first() == Some(&b'H') && status(bytes) != Match::No {
        return status(bytes);
    }
    request(bytes)
}

/// `HTTP/1.1 200`: version and status tell it from ICY, RTSP and SIP, which are written alike.
fn status(bytes: &[u8]) -> Match {
    let fits = |(at, byte): (usize, &u8)| match STATUS[at] {
        b'0' => byte.is_ascii_digit(),
        wanted => *byte == wanted,
    };
    if !bytes.iter().take(STATUS.len()).enumerate().all(fits) {
        return Match::No;
    }
    if bytes.len() < STATUS.len() { Match::NeedMore } else { Match::Yes }
}

/// A method, a target, and `HTTP/1.` before the line ends.
fn request(bytes: &[u8]) -> Match {
    let start = bytes.get(..=METHOD_LEN_MAX).unwrap_or(bytes);
    let Some(space) = start.iter().position(|byte| *byte == b' ') else {
        let is_begun = bytes.len() <= METHOD_LEN_MAX && bytes.iter().copied().all(is_method_byte);
        return if is_begun { Match::NeedMore } else { Match::No };
    };
    let (method, rest) = bytes.split_at(space);
    if !is_method(method) {
        return Match::No;
    }
    let line_len = rest.iter().position(|byte| *byte == b'\n');
    let line = rest.get(..line_len.unwrap_or(rest.len())).unwrap_or(rest);
    if line.iter().any(|byte| *byte < b' ' && !matches!(byte, b'\r' | b'\t')) {
        return Match::No;
    }
    let is_known = METHODS.contains(&method);
    let has_path = line.starts_with(b" /") || line.starts_with(b" http://");
    match line_len {
        Some(_) if ends_in_version(line) || is_simple(method, line) => Match::Yes,
        Some(_) => Match::No,
        None if is_known && has_path && line.len() >= TARGET_LEN_SURE => Match::Yes,
        None => Match::NeedMore,
    }
}

/// A request of HTTP/0.9 (RFC 1945, 4.1): nothing but a path.
fn is_simple(method: &[u8], line: &[u8]) -> bool {
    let path = line.trim_ascii();
    method == b"GET" && path.starts_with(b"/") && !path.contains(&b' ')
}

fn ends_in_version(line: &[u8]) -> bool {
    let line = line.trim_ascii_end();
    let version = line.len().checked_sub(b" HTTP/1.1".len()).and_then(|at| line.get(at..));
    version
        .is_some_and(|version| version.starts_with(b" HTTP/1.") || version.starts_with(b" HTTP/0."))
}

/// Whether a packet begins with a message: where reading goes on after lost bytes.
pub(super) fn begins_message(bytes: &[u8]) -> bool {
    let mut head = bytes.get(..=METHOD_LEN_MAX).unwrap_or(bytes).splitn(2, |byte| *byte == b' ');
    bytes.starts_with(b"HTTP/1.")
        || head.next().is_some_and(|method| METHODS.contains(&method)) && head.next().is_some()
}

/// A status line; 0 stands for any digit.
const STATUS: &[u8] = b"HTTP/1.0 000";
/// Bytes of a line without an end that begins as a request does after which it is one.
const TARGET_LEN_SURE: usize = 16;
/// Methods in use: RFC 9110, WebDAV (RFC 4918, RFC 3253), UPnP, and RPC over HTTP.
const METHODS: &[&[u8]] = &[
    b"GET",
    b"HEAD",
    b"POST",
    b"PUT",
    b"DELETE",
    b"CONNECT",
    b"OPTIONS",
    b"TRACE",
    b"PATCH",
    b"PROPFIND",
    b"PROPPATCH",
    b"MKCOL",
    b"COPY",
    b"MOVE",
    b"LOCK",
    b"UNLOCK",
    b"SEARCH",
    b"REPORT",
    b"CHECKOUT",
    b"MERGE",
    b"NOTIFY",
    b"SUBSCRIBE",
    b"UNSUBSCRIBE",
    b"M-SEARCH",
    b"PURGE",
    b"SOURCE",
    b"BITS_POST",
    b"CCM_POST",
    b"RPC_IN_DATA",
    b"RPC_OUT_DATA",
    b"RDG_IN_DATA",
    b"RDG_OUT_DATA",
];

#[cfg(test)]
mod tests {
    use super::{begins_message, message};
    use crate::Match;

    #[test]
    fn messages_are_told_from_what_is_written_alike() {
        for line in [
            "GET / HTTP/1.1\r\n",
            "HTTP/1.0 200 OK",
            "FOO-BAR a b HTTP/1.0\n",
            "get / HTTP/1.1\r\n",
            "GET /old\r\n",
        ] {
            assert_eq!(message(line.as_bytes()), Match::Yes, "{line}");
        }
        for line in [
            "OPTIONS rtsp://a/b RTSP/1.0\r\n",
            "INVITE sip:a@b SIP/2.0\r\n",
            "RTSP/1.0 200 OK\r\n",
            "SIP/2.0 200 OK\r\n",
            "ICY 200 OK\r\n",
            "PRI * HTTP/2.0\r\n",
            "HTTP/1.x 200 OK\r\n",
            "\x16\x03\x01",
            "POST /old\r\n",
            "GET key\r\n",
            "GET /old RTSP/1.0\r\n",
            "user / bob\r\n",
            "GET /\x01 HTTP/1.1",
        ] {
            assert_eq!(message(line.as_bytes()), Match::No, "{line:?}");
        }
    }

    #[test]
    fn the_beginning_of_a_message_asks_for_more() {
        for whole in ["GET /a HTTP/1.1\r\n", "HTTP/1.1 200", "ABC /a/long/target HTTP/1.1\n"] {
            for len in 1..whole.len() {
                assert_eq!(message(&whole.as_bytes()[..len]), Match::NeedMore, "{len} {whole}");
            }
        }
        let long = format!("GET /{}", "a".repeat(100));
        assert_eq!(message(long.as_bytes()), Match::Yes);
        assert!(begins_message(b"POST /") && begins_message(b"HTTP/1.1"));
        assert!(!begins_message(b"POST") && !begins_message(b"ABC /") && !begins_message(b""));
    }
}
