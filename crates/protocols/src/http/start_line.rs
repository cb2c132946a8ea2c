//! The first lines of HTTP/1 messages (RFC 9112, 3 and 4).

use crate::WireText;

/// The first line of a message.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum StartLine {
    Request { method: WireText, target: WireText, version: WireText },
    Status { version: WireText, status: u16, reason: Option<WireText> },
}

impl StartLine {
    /// Reads a line without its end.
    pub(super) fn parse(line: &[u8]) -> Option<Self> {
        match line.strip_prefix(b"HTTP/") {
            Some(rest) => Self::status(rest),
            None => Self::request(line),
        }
    }

    /// Reads what there is of a line that the capture cut: method and target of a request.
    pub(super) fn parse_cut(line: &[u8]) -> Option<Self> {
        let (method, rest) = split(line)?;
        let target = rest.split(|byte| *byte == b' ').next().filter(|target| !target.is_empty())?;
        is_method(method).then(|| Self::Request {
            method: WireText::new(method),
            target: WireText::new(target),
            version: WireText::default(),
        })
    }

    fn status(rest: &[u8]) -> Option<Self> {
        let (version, rest) = split(rest)?;
        let rest = rest.trim_ascii_start();
        let (digits, reason) = rest.split_first_chunk::<3>()?;
        let is_version = version.first().is_some_and(u8::is_ascii_digit) && version.len() <= 3;
        if !is_version || !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let status = digits.iter().fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0'));
        let reason = reason.trim_ascii();
        Some(Self::Status {
            version: WireText::new(version),
            status,
            reason: (!reason.is_empty()).then(|| WireText::new(reason)),
        })
    }

    /// A target can hold spaces that should not be there: what counts is the last one.
    fn request(line: &[u8]) -> Option<Self> {
        let (method, rest) = split(line)?;
        if !is_method(method) {
            return None;
        }
        let rest = rest.trim_ascii();
        let last = rest.iter().rposition(|byte| *byte == b' ').map_or(0, |at| at + 1);
        let (target, version) = rest.split_at_checked(last)?;
        let (target, version) = match version.strip_prefix(b"HTTP/") {
            Some(version) => (target.trim_ascii(), version),
            // HTTP/0.9 (RFC 1945, 4.1) had one method and named no version.
            None if last == 0 && method == b"GET" && rest.starts_with(b"/") => (rest, &b"0.9"[..]),
            None => return None,
        };
        Some(Self::Request {
            method: WireText::new(method),
            target: WireText::new(target),
            version: WireText::new(version),
        })
    }
}

/// Whether a name can be that of a method: a token (RFC 9110, 9.1), of the characters that words
/// are made of. Those that exist have capitals; others are sent as well, and refused.
pub(super) fn is_method(name: &[u8]) -> bool {
    (2..=METHOD_LEN_MAX).contains(&name.len()) && name.iter().copied().all(is_method_byte)
}

pub(super) fn is_method_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

/// What comes before the first space, and what after.
pub(super) fn split(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = line.iter().position(|byte| *byte == b' ')?;
    Some((line.get(..at)?, line.get(at + 1..)?))
}

/// The longest name of a method.
pub(super) const METHOD_LEN_MAX: usize = 24;

#[cfg(test)]
mod tests {
    use super::StartLine;
    use crate::WireText;

    fn request(line: &str) -> Option<[String; 3]> {
        match StartLine::parse(line.as_bytes())? {
            StartLine::Request { method, target, version } => {
                Some([method, target, version].map(|text| text.as_str().to_owned()))
            }
            StartLine::Status { .. } => None,
        }
    }

    #[test]
    fn requests_are_read_with_spaces_in_the_target_and_without_a_version() {
        let cases = [
            ("GET / HTTP/1.1", ["GET", "/", "1.1"]),
            ("M-SEARCH * HTTP/1.1", ["M-SEARCH", "*", "1.1"]),
            ("GET /a b  HTTP/1.0", ["GET", "/a b", "1.0"]),
            ("GET /old", ["GET", "/old", "0.9"]),
            ("get / HTTP/1.1", ["get", "/", "1.1"]),
            ("X-Custom1 / HTTP/1.1", ["X-Custom1", "/", "1.1"]),
        ];
        for (line, wanted) in cases {
            assert_eq!(request(line).unwrap(), wanted);
        }
        for line in ["GET", "G:T / HTTP/1.1", "INVITE sip:a@b SIP/2.0", "POST /old", "G / HTTP/1.1"]
        {
            assert_eq!(request(line), None, "{line}");
        }
    }

    #[test]
    fn status_lines_are_read_without_a_reason() {
        let status = |line: &[u8]| match StartLine::parse(line)? {
            StartLine::Status { version, status, reason } => Some((version, status, reason)),
            StartLine::Request { .. } => None,
        };
        let (version, code, reason) = status(b"HTTP/1.1 404 Not Found").unwrap();
        assert_eq!((version.as_str(), code), ("1.1", 404));
        assert_eq!(reason.as_ref().map(WireText::as_str), Some("Not Found"));
        assert_eq!(status(b"HTTP/1.0 200").unwrap().2, None);
        for line in [&b"HTTP/1.1 20"[..], b"HTTP/1.1foobar 200 OK", b"HTTP/1.1 abc", b"HTTP/ 200 x"]
        {
            assert_eq!(status(line), None);
        }
    }
}
