//! Bodies of HTTP/1 messages (RFC 9112, sections 6 and 7): how far they go, so that nothing in them
//! is taken for a head.

use super::{content_length, is_chunked};

/// What is still to come of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    /// So many bytes.
    Length(u64),
    Chunks(Chunk),
    /// All until the connection ends.
    UntilClose,
}

/// Where in a body in chunks the next byte is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Chunk {
    /// In the line of a size: that so far, and whether its digits are over.
    Size(u64, bool),
    /// So many bytes before the end of a chunk.
    Data(u64),
    /// In the end of line after it.
    End,
    /// In a line of the trailer, which is empty so far or not.
    Trailer(bool),
}

/// What a request is, as far as it says whether its response has a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    Head,
    Connect,
    Other,
}

impl Asked {
    /// The request with this head; none if it is that of a response.
    pub(crate) fn of(head: &[u8]) -> Option<Self> {
        match head {
            [b'H', b'T', b'T', b'P', b'/', ..] => None,
            [b'H', b'E', b'A', b'D', b' ', ..] => Some(Self::Head),
            [b'C', b'O', b'N', b'N', b'E', b'C', b'T', b' ', ..] => Some(Self::Connect),
            _ => Some(Self::Other),
        }
    }
}

/// Whether a response with this head is followed by another to the same request.
pub(crate) fn is_interim(head: &[u8]) -> bool {
    matches!(status(head), Some([b'1', second, third]) if (second, third) != (b'0', b'1'))
}

impl Body {
    /// The body behind a head with nothing between; of a response, the request that it answers says
    /// more, if it was seen.
    pub(crate) fn behind(head: &[u8], asked: Option<Asked>) -> Option<Self> {
        let status = status(head);
        let has_none = match (status, asked) {
            (Some([b'1', ..] | [b'2' | b'3', b'0', b'4']), _) | (Some(_), Some(Asked::Head)) => {
                true
            }
            (Some([success, ..]), Some(Asked::Connect)) => success == b'2',
            _ => false,
        };
        if has_none {
            return None;
        }
        if is_chunked(head) {
            return Some(Self::Chunks(Chunk::Size(0, false)));
        }
        match content_length(head) {
            Some(len) => Some(Self::Length(len as u64)).filter(|_| len > 0),
            None => (status.is_some() && asked.is_some()).then_some(Self::UntilClose),
        }
    }

    /// Passes over what there is of it: so many bytes, and what is still to come.
    pub(crate) fn pass(self, bytes: &[u8]) -> (usize, Option<Self>) {
        let (mut at, mut body) = (0, Some(self));
        while let Some(rest @ [first, ..]) = bytes.get(at..) {
            match body {
                Some(Self::UntilClose) => return (bytes.len(), body),
                Some(Self::Length(left)) => {
                    let passed = left.min(rest.len() as u64);
                    at += passed as usize;
                    return (at, (passed < left).then_some(Self::Length(left - passed)));
                }
                Some(Self::Chunks(Chunk::Data(left))) => {
                    let passed = left.min(rest.len() as u64);
                    at += passed as usize;
                    let data = Chunk::Data(left - passed);
                    body = Some(Self::Chunks(if passed < left { data } else { Chunk::End }));
                }
                Some(Self::Chunks(chunk)) => {
                    body = chunk.byte(*first).map(Self::Chunks);
                    at += 1;
                }
                None => break,
            }
        }
        (at, body)
    }
}

impl Chunk {
    /// What comes behind a byte of a line; none behind the last, and behind what cannot be.
    fn byte(self, byte: u8) -> Option<Self> {
        match self {
            Self::Size(0, _) if byte == b'\n' => Some(Self::Trailer(true)),
            Self::Size(size, _) if byte == b'\n' => Some(Self::Data(size)),
            Self::Size(size, false) => match char::from(byte).to_digit(16) {
                Some(digit) => {
                    let size = size.checked_mul(16)?.checked_add(digit.into())?;
                    Some(Self::Size(size, false))
                }
                None => {
                    matches!(byte, b' ' | b'\t' | b'\r' | b';').then_some(Self::Size(size, true))
                }
            },
            Self::Size(_, true) => Some(self),
            Self::Data(_) => None,
            Self::End if byte == b'\n' => Some(Self::Size(0, false)),
            Self::End => (byte == b'\r').then_some(self),
            Self::Trailer(is_empty) => match byte {
                b'\n' => (!is_empty).then_some(Self::Trailer(true)),
                b'\r' => Some(self),
                _ => Some(Self::Trailer(false)),
            },
        }
    }
}

/// The digits of a response's status.
fn status(head: &[u8]) -> Option<[u8; 3]> {
    let line = head.strip_prefix(b"HTTP/")?;
    let space = line.iter().position(|byte| *byte == b' ')?;
    line.get(space + 1..)?.first_chunk().copied()
}
