//! The bodies of HTTP/1 messages (RFC 9112, 6 and 7): where they end, and how long they are.

use super::next_line;
use crate::http::bodies::{Bodies, Whose};
use crate::http::exchange::{Half, Http};
use crate::http::fields::{Fields, Transfer};
use crate::http::probe;
use crate::{Context, Input, Stamp, Step};

/// A body that is being counted.
#[derive(Debug)]
pub(super) struct Body {
    framing: Framing,
    half: Half,
    /// Where its exchange is kept.
    place: Option<usize>,
}

/// What says where a body ends.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// So many bytes are to come.
    Length(u64),
    Chunks(Chunks),
    /// The connection ends with it.
    UntilClose,
}

/// Where in a chunked body (RFC 9112, 7.1) the next byte is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Chunks {
    Size,
    /// So many bytes of a chunk are to come.
    Data(u64),
    /// The end of line after a chunk.
    DataEnd,
    Trailers,
}

impl Framing {
    /// How the body of a request is framed, if there can be one.
    pub(super) fn of_request(fields: &Fields) -> Option<Self> {
        match (fields.transfer, fields.content_length) {
            (Some(Transfer::Chunked), _) => Some(Self::Chunks(Chunks::Size)),
            (_, Some(len)) => (len > 0).then_some(Self::Length(len)),
            _ => None,
        }
    }

    /// How the body of a response is framed, if there can be one.
    pub(super) fn of_response(fields: &Fields, status: u16) -> Option<Self> {
        if matches!(status, 100..200 | 204 | 304) {
            return None;
        }
        match (fields.transfer, fields.content_length) {
            (Some(Transfer::Chunked), _) => Some(Self::Chunks(Chunks::Size)),
            (None, Some(len)) => (len > 0).then_some(Self::Length(len)),
            (Some(Transfer::Other), _) | (None, None) => Some(Self::UntilClose),
        }
    }
}

impl Body {
    pub(super) fn new(framing: Framing, half: Half, place: Option<usize>) -> Self {
        Self { framing, half, place }
    }

    pub(super) fn is_over(&self) -> bool {
        self.framing == Framing::Length(0)
    }

    /// Whether the next message may begin here although nothing says that the body is over: some
    /// servers say neither how long one is nor close after it.
    pub(super) fn may_be_over(&self, bytes: &[u8], is_answer_due: bool) -> bool {
        self.framing == Framing::UntilClose
            && match self.half {
                Half::Request => probe::begins_message(bytes),
                Half::Response => is_answer_due && bytes.starts_with(b"HTTP/1."),
            }
    }

    /// Takes in what there is of it.
    pub(super) fn read(&mut self, input: &Input<'_>, context: &mut Context<'_>) -> Step {
        let here = input.bytes.len() as u64;
        match &mut self.framing {
            Framing::Length(left) | Framing::Chunks(Chunks::Data(left)) => {
                let len = here.min(*left);
                *left -= len;
                self.count(len, input, context);
                if self.framing == Framing::Chunks(Chunks::Data(0)) {
                    self.framing = Framing::Chunks(Chunks::DataEnd);
                }
                Step::Consumed(len as usize)
            }
            Framing::UntilClose => {
                self.count(here, input, context);
                Step::Consumed(input.bytes.len())
            }
            Framing::Chunks(_) => match self.line(input) {
                Some(step) => step,
                None => self.read(input, context),
            },
        }
    }

    /// Bytes were lost; whether it is known what follows.
    pub(super) fn pass_lost(&mut self, len: u64, context: &mut Context<'_>) -> bool {
        let is_known = match &mut self.framing {
            Framing::UntilClose => true,
            Framing::Length(left) | Framing::Chunks(Chunks::Data(left)) if *left >= len => {
                *left -= len;
                if self.framing == Framing::Chunks(Chunks::Data(0)) {
                    self.framing = Framing::Chunks(Chunks::DataEnd);
                }
                true
            }
            Framing::Length(_) | Framing::Chunks(_) => false,
        };
        if is_known {
            Bodies::lost(self.whose(Stamp::default()), len, context);
        }
        is_known
    }

    fn count(&self, len: u64, input: &Input<'_>, context: &mut Context<'_>) {
        let stamp = input.stamp_of(len as usize);
        Http::body_came(self.half, self.place, len, stamp.time, context);
        let bytes = input.bytes.get(..len as usize).unwrap_or(input.bytes);
        Bodies::came(self.whose(stamp), bytes, context);
    }

    /// All of it came.
    pub(super) fn ended(&self, stamp: Stamp, context: &mut Context<'_>) {
        Bodies::ended(self.whose(stamp), context);
    }

    /// The direction has ended: so has the body, if nothing else says where it does.
    pub(super) fn closed(&self, stamp: Stamp, context: &mut Context<'_>) {
        if self.framing == Framing::UntilClose {
            self.ended(stamp, context);
        }
    }

    fn whose(&self, stamp: Stamp) -> Whose {
        Whose { half: self.half, place: self.place, stamp }
    }

    /// Reads a line between chunks or after them; `None` if what should be one is not, and the body
    /// is not in chunks any more: of a response, all the rest is its body.
    fn line(&mut self, input: &Input<'_>) -> Option<Step> {
        let Some((line, len)) = next_line(input.bytes, 0) else {
            if input.bytes.len() < LINE_LEN_MAX {
                return Some(Step::Need(input.bytes.len() + 1));
            }
            self.framing = Framing::UntilClose;
            return None;
        };
        let next = match (&self.framing, line.is_empty()) {
            (Framing::Chunks(Chunks::Size), false) => chunk_size(line).map(|size| match size {
                0 => Framing::Chunks(Chunks::Trailers),
                size => Framing::Chunks(Chunks::Data(size)),
            }),
            (Framing::Chunks(Chunks::DataEnd), true) => Some(Framing::Chunks(Chunks::Size)),
            (Framing::Chunks(Chunks::Trailers), false) => Some(Framing::Chunks(Chunks::Trailers)),
            (Framing::Chunks(Chunks::Trailers), true) => Some(Framing::Length(0)),
            _ => None,
        };
        let is_line = next.is_some();
        self.framing = next.unwrap_or(Framing::UntilClose);
        is_line.then_some(Step::Consumed(len))
    }
}

/// The size of a chunk, of which extensions are no part.
fn chunk_size(line: &[u8]) -> Option<u64> {
    let line = line.trim_ascii_start();
    let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    let (digits, rest) = line.split_at_checked(digits)?;
    if !matches!(rest.trim_ascii().first(), None | Some(b';')) {
        return None;
    }
    u64::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()
}

/// Bytes of a line between chunks or of a trailer.
const LINE_LEN_MAX: usize = 4 << 10;
