//! HTTP/2 frames (RFC 9113, 4 and 6), without state.

use crate::Cursor;

/// The header of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameHeader {
    /// Length of the payload.
    pub len: usize,
    /// Type of the frame.
    pub kind: u8,
    /// Flags, whose meaning depends on the type.
    pub flags: u8,
    /// The stream it is of; 0 if of the connection.
    pub stream: u32,
}

impl FrameHeader {
    /// The header at the front.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let mut cursor = Cursor::new(bytes);
        Some(Self {
            len: cursor.u24()? as usize,
            kind: cursor.u8()?,
            flags: cursor.u8()?,
            stream: cursor.u32()? & !RESERVED_BIT,
        })
    }

    /// Whether a flag is set.
    pub fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// Whether a packet can begin with this: no more than anybody sends, and no flags that nobody has
    /// given a meaning.
    pub fn is_plausible(&self) -> bool {
        let is_on_stream = self.stream != 0;
        let (flags, fits) = match self.kind {
            DATA => (END_STREAM | PADDED, is_on_stream),
            HEADERS => (END_STREAM | END_HEADERS | PADDED | PRIORITY_FLAG, is_on_stream),
            PRIORITY => (0, is_on_stream && self.len == 5),
            RST_STREAM => (0, is_on_stream && self.len == 4),
            SETTINGS => (ACK, !is_on_stream && self.len.is_multiple_of(6)),
            PUSH_PROMISE => (END_HEADERS | PADDED, is_on_stream),
            PING => (ACK, !is_on_stream && self.len == 8),
            GOAWAY => (0, !is_on_stream && self.len >= 8),
            WINDOW_UPDATE => (0, self.len == 4),
            CONTINUATION => (END_HEADERS, is_on_stream),
            _ => return false,
        };
        fits && self.flags & !flags == 0 && self.len <= PLAUSIBLE_LEN_MAX
    }

    /// The payload without padding (RFC 9113, 6.1).
    pub(super) fn unpadded<'a>(&self, payload: &'a [u8]) -> Option<Cursor<'a>> {
        let mut cursor = Cursor::new(payload);
        let padding = if self.has(PADDED) { cursor.u8()?.into() } else { 0 };
        let len = cursor.len().checked_sub(padding)?;
        cursor.sub(len)
    }
}

/// Whether these are the first bytes of a server: SETTINGS with a setting that there is
/// (RFC 9113, 6.5; RFC 8441; RFC 9218).
pub fn is_first_settings(bytes: &[u8]) -> bool {
    let header = FrameHeader::parse(bytes);
    let is_settings = header.is_some_and(|header| {
        header.kind == SETTINGS && header.flags == 0 && header.is_plausible() && header.len > 0
    });
    let reserved = bytes.get(5).is_some_and(|byte| byte & 0x80 != 0);
    is_settings && !reserved && matches!(bytes.get(HEADER_LEN..), Some([0, 1..=9, ..]))
}

/// Bytes of the header of a frame.
pub const HEADER_LEN: usize = 9;

/// Type: data of a message.
pub const DATA: u8 = 0;
/// Type: the header of a message.
pub const HEADERS: u8 = 1;
/// Type: what a stream depends on.
pub const PRIORITY: u8 = 2;
/// Type: end of a stream.
pub const RST_STREAM: u8 = 3;
/// Type: settings of the sender.
pub const SETTINGS: u8 = 4;
/// Type: the request of an answer that nobody asked for.
pub const PUSH_PROMISE: u8 = 5;
/// Type: a sign of life.
pub const PING: u8 = 6;
/// Type: end of the connection.
pub const GOAWAY: u8 = 7;
/// Type: more may be sent.
pub const WINDOW_UPDATE: u8 = 8;
/// Type: more of a header.
pub const CONTINUATION: u8 = 9;

/// Flag: the answer to a ping or to settings.
pub const ACK: u8 = 0x1;
/// Flag: the last of the stream.
pub const END_STREAM: u8 = 0x1;
/// Flag: the last of the header.
pub const END_HEADERS: u8 = 0x4;
/// Flag: there is padding.
pub const PADDED: u8 = 0x8;
/// Flag: there is a priority.
pub const PRIORITY_FLAG: u8 = 0x20;

const RESERVED_BIT: u32 = 1 << 31;
/// Payload that anybody sends: the default allows a quarter of it.
const PLAUSIBLE_LEN_MAX: usize = 64 << 10;
