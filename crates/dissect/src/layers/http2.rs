//! Frames of HTTP/2 in the clear (RFC 9113), with the fields that HPACK packs (RFC 7541).

use std::ops::Range;

use flowloom_protocols::http::two::PREFACE;
use flowloom_protocols::http::two::frame::{
    self, ACK, END_HEADERS, FrameHeader, HEADER_LEN, PADDED, PRIORITY_FLAG, is_first_settings,
};
use flowloom_protocols::http::two::hpack::{Decoder, Form, HeaderField};

use crate::dissection::Value;
use crate::field::{FieldInfo, layer};
use crate::writer::Writer;

layer! {
    HTTP2 "http2" "http2" "Frames of HTTP/2 (RFC 9113).";
    MAGIC Text "http2.magic" "What a client says first.";
    STREAM Group "http2.stream" "A frame.";
    LENGTH Uint "http2.length" "Bytes after the header of the frame.";
    TYPE Uint "http2.type" "Kind of frame.";
    FLAGS Hex(2) "http2.flags" "Flags.";
    ENDS_STREAM Bool "http2.flags.end_stream" "The last of the stream.";
    ENDS_HEADERS Bool "http2.flags.eh" "The last of the header.";
    IS_PADDED Bool "http2.flags.padded" "There is padding.";
    HAS_PRIORITY Bool "http2.flags.priority" "There is a priority.";
    IS_PONG Bool "http2.flags.ack.ping" "The answer to a ping.";
    ARE_TAKEN Bool "http2.flags.ack.settings" "The other side's settings are taken.";
    RESERVED Hex(1) "http2.r" "Reserved.";
    STREAM_ID Uint "http2.streamid" "The stream it is of; 0 if of the connection.";
    PADDING Hex(2) "http2.padding" "Bytes of padding, as sent.";
    PADDING_LENGTH Uint "http2.pad_length" "Bytes of padding; 0 if none are announced.";
    EXCLUSIVE Bool "http2.exclusive" "The stream takes the place of all that depend on the same.";
    DEPENDENCY Uint "http2.stream_dependency" "The stream it depends on.";
    WEIGHT Uint "http2.headers.weight" "Share among those that depend on the same, as sent.";
    WEIGHT_REAL Uint "http2.headers.weight_real" "The same, counted from 1.";
    DATA Bytes "http2.data.data" "Data of a message.";
    DATA_PADDING Bytes "http2.data.padding" "Padding behind data.";
    BLOCK Bytes "http2.headers" "Header fields as sent.";
    BLOCK_PADDING Bytes "http2.headers.padding" "Padding behind header fields.";
    CONTINUED Text "http2.continuation.header" "More header fields, as sent.";
    PROMISE_RESERVED Hex(1) "http2.push_promise.r" "Promise: reserved.";
    PROMISED Uint "http2.push_promise.promised_stream_id" "Promise: the stream of the answer.";
    PROMISE_BLOCK Bytes "http2.push_promise.header" "Promise: header fields as sent.";
    PROMISE_PADDING Bytes "http2.push_promise.padding" "Promise: padding.";
    COUNT Uint "http2.header.count" "Header fields of a message.";
    HEADER Group "http2.header" "A header field.";
    NAME_LENGTH Uint "http2.header.name.length" "Bytes of its name.";
    NAME Text "http2.header.name" "Its name.";
    VALUE_LENGTH Uint "http2.header.value.length" "Bytes of its value.";
    VALUE Text "http2.header.value" "Its value.";
    FORM Text "http2.header.repr" "How it is written.";
    INDEX Uint "http2.header.index" "The entry of the tables that it refers to.";
    RESET_ERROR Uint "http2.rst_stream.error" "Why the stream ends.";
    SETTING Group "http2.settings" "A setting.";
    SETTING_ID Uint "http2.settings.id" "Which it is.";
    TABLE_SIZE Uint "http2.settings.header_table_size" "Bytes of the table of header fields.";
    ENABLE_PUSH Uint "http2.settings.enable_push" "Whether answers may come that nobody asked for.";
    STREAMS_MAX Uint "http2.settings.max_concurrent_streams" "Streams at a time.";
    WINDOW Uint "http2.settings.initial_window_size" "Bytes of a stream that may be on their way.";
    FRAME_MAX Uint "http2.settings.max_frame_size" "Bytes of a frame at most.";
    LIST_MAX Uint "http2.settings.max_header_list_size" "Bytes of a header at most.";
    EXTENDED_CONNECT Uint "http2.settings.extended_connect" "Whether CONNECT takes a protocol.";
    UNKNOWN_SETTING Uint "http2.settings.unknown" "A setting that is not known.";
    PING Bytes "http2.ping" "What the answer is to bring back.";
    PONG Bytes "http2.pong" "What the ping brought.";
    LAST_STREAM Uint "http2.goaway.last_stream_id" "End: the last stream that was seen to.";
    GOAWAY_ERROR Uint "http2.goaway.error" "End: why.";
    GOAWAY_DATA Bytes "http2.goaway.addata" "End: more about it.";
    WINDOW_RESERVED Hex(1) "http2.window_update.r" "Window: reserved.";
    INCREMENT Uint "http2.window_update.window_size_increment" "Window: bytes more that may be sent.";
    METHOD Text "http2.headers.method" "Header `:method`.";
    SCHEME Text "http2.headers.scheme" "Header `:scheme`.";
    AUTHORITY Text "http2.headers.authority" "Header `:authority`.";
    PATH Text "http2.headers.path" "Header `:path`.";
    STATUS Uint "http2.headers.status" "Header `:status`.";
    ACCEPT Text "http2.headers.accept" "Header `accept`.";
    ACCEPT_ENCODING Text "http2.headers.accept_encoding" "Header `accept-encoding`.";
    ACCEPT_LANGUAGE Text "http2.headers.accept_language" "Header `accept-language`.";
    AUTHORIZATION Text "http2.headers.authorization" "Header `authorization`.";
    CACHE_CONTROL Text "http2.headers.cache_control" "Header `cache-control`.";
    CONTENT_ENCODING Text "http2.headers.content_encoding" "Header `content-encoding`.";
    CONTENT_LENGTH Uint "http2.headers.content_length" "Header `content-length`.";
    CONTENT_TYPE Text "http2.headers.content_type" "Header `content-type`.";
    COOKIE Text "http2.headers.cookie" "Header `cookie`.";
    DATE Text "http2.headers.date" "Header `date`.";
    ETAG Text "http2.headers.etag" "Header `etag`.";
    LAST_MODIFIED Text "http2.headers.last_modified" "Header `last-modified`.";
    LOCATION Text "http2.headers.location" "Header `location`.";
    REFERER Text "http2.headers.referer" "Header `referer`.";
    SERVER Text "http2.headers.server" "Header `server`.";
    SET_COOKIE Text "http2.headers.set_cookie" "Header `set-cookie`.";
    USER_AGENT Text "http2.headers.user_agent" "Header `user-agent`.";
    VARY Text "http2.headers.vary" "Header `vary`.";
    VIA Text "http2.headers.via" "Header `via`.";
}

/// What a direction of a connection said before.
#[derive(Debug, Default)]
pub(crate) struct Said {
    decoder: Decoder,
    /// The beginning of a header whose end is still to come.
    block: Option<Vec<u8>>,
}

impl Said {
    /// Bytes that are kept for what is still to come.
    pub(crate) fn held(&self) -> usize {
        self.decoder.table_size() + self.block.as_ref().map_or(0, Vec::len)
    }

    /// Bytes were lost, and perhaps a header among them.
    pub(crate) fn lose(&mut self) {
        self.decoder.forget();
        self.block = None;
    }
}

/// Whether a direction speaks HTTP/2, by its first bytes.
pub(crate) fn is_start(bytes: &[u8]) -> bool {
    bytes.starts_with(PREFACE) || is_first_settings(bytes)
}

/// Whether so few bytes can begin what a client says.
pub(crate) fn may_begin(bytes: &[u8]) -> bool {
    PREFACE.starts_with(bytes)
}

/// Whether a frame can begin with these bytes, where some before were lost.
pub(crate) fn is_frame(bytes: &[u8]) -> bool {
    is_start(bytes) || FrameHeader::parse(bytes).is_some_and(|header| header.is_plausible())
}

/// Bytes of the frame at the front, or of what a client says before any.
pub(crate) fn frame_len(bytes: &[u8]) -> Option<usize> {
    if bytes.starts_with(PREFACE) {
        return Some(PREFACE.len());
    }
    FrameHeader::parse(bytes).map(|header| HEADER_LEN + header.len)
}

/// The frames from `at` on that are all there; gives the end of the last.
pub(crate) fn http2(w: &mut Writer<'_>, said: &mut Said, at: usize) -> usize {
    w.layer(&HTTP2, at);
    let mut next = at;
    while let Some(len) = frame_len(w.rest(next)).filter(|len| w.get(next, *len).is_some()) {
        w.group(&STREAM, next, len, |w| {
            if w.rest(next).starts_with(PREFACE) {
                w.text(&MAGIC, next, len);
            } else if let Some(header) = FrameHeader::parse(w.rest(next)) {
                frame_header(w, &header, next);
                let payload = next + HEADER_LEN..next + len;
                // What is wrong with a frame is that it ends too early.
                let _ = self::payload(w, &header, payload, said);
            }
        });
        next += len;
    }
    w.layer_end(next);
    next
}

fn frame_header(w: &mut Writer<'_>, header: &FrameHeader, at: usize) {
    w.uint(&LENGTH, at, 3);
    w.named(&TYPE, at + 3, 1, type_name);
    w.uint(&FLAGS, at + 4, 1);
    let flags: &[(&FieldInfo, u32)] = match header.kind {
        frame::DATA => &[(&IS_PADDED, 3), (&ENDS_STREAM, 0)],
        frame::HEADERS => {
            &[(&HAS_PRIORITY, 5), (&IS_PADDED, 3), (&ENDS_HEADERS, 2), (&ENDS_STREAM, 0)]
        }
        frame::PUSH_PROMISE => &[(&IS_PADDED, 3), (&ENDS_HEADERS, 2)],
        frame::CONTINUATION => &[(&ENDS_HEADERS, 2)],
        frame::SETTINGS => &[(&ARE_TAKEN, 0)],
        frame::PING => &[(&IS_PONG, 0)],
        _ => &[],
    };
    w.below(|w| w.flags(at + 4, 1, flags));
    w.bits(&RESERVED, at + 5, 4, 31, 1);
    w.bits(&STREAM_ID, at + 5, 4, 0, 31);
}

/// The payload of a frame; none if it ends too early.
fn payload(
    w: &mut Writer<'_>,
    header: &FrameHeader,
    range: Range<usize>,
    said: &mut Said,
) -> Option<()> {
    let (at, len) = (range.start, range.len());
    match header.kind {
        frame::DATA => {
            let data = unpadded(w, header, range, &DATA_PADDING)?;
            w.bytes(&DATA, data.start, data.len());
        }
        frame::HEADERS | frame::PUSH_PROMISE | frame::CONTINUATION => {
            let read = header_frame(w, header, range, said);
            if read.is_none() {
                said.lose();
            }
            return read;
        }
        frame::PRIORITY => priority(w, at),
        frame::RST_STREAM => {
            w.named(&RESET_ERROR, at, 4, error_name);
        }
        frame::SETTINGS => (at..range.end).step_by(SETTING_LEN).for_each(|at| setting(w, at)),
        frame::PING => w.bytes(if header.has(ACK) { &PONG } else { &PING }, at, len),
        frame::GOAWAY => {
            w.bits(&LAST_STREAM, at, 4, 0, 31);
            w.named(&GOAWAY_ERROR, at + 4, 4, error_name);
            w.bytes(&GOAWAY_DATA, at + 8, len.checked_sub(8)?);
        }
        frame::WINDOW_UPDATE => {
            w.bits(&WINDOW_RESERVED, at, 4, 31, 1);
            w.bits(&INCREMENT, at, 4, 0, 31);
        }
        _ => {}
    }
    Some(())
}

/// What is left of a payload without its padding (RFC 9113, section 6.1).
fn unpadded(
    w: &mut Writer<'_>,
    header: &FrameHeader,
    range: Range<usize>,
    field: &'static FieldInfo,
) -> Option<Range<usize>> {
    if !header.has(PADDED) {
        w.computed(&PADDING_LENGTH, range.start, 0, 0);
        return Some(range);
    }
    let padding = w.uint(&PADDING, range.start, 1) as usize;
    let start = range.start + 1;
    let end = range.end.checked_sub(padding).filter(|end| *end >= start)?;
    w.computed(&PADDING_LENGTH, range.start, 1, padding as u64);
    w.bytes(field, end, padding);
    Some(start..end)
}

fn priority(w: &mut Writer<'_>, at: usize) {
    w.bits(&EXCLUSIVE, at, 4, 31, 1);
    w.bits(&DEPENDENCY, at, 4, 0, 31);
    let weight = w.uint(&WEIGHT, at + 4, 1);
    w.computed(&WEIGHT_REAL, at + 4, 1, weight + 1);
}

fn setting(w: &mut Writer<'_>, at: usize) {
    w.group(&SETTING, at, SETTING_LEN, |w| {
        let field = match w.named(&SETTING_ID, at, 2, setting_name) {
            1 => &TABLE_SIZE,
            2 => &ENABLE_PUSH,
            3 => &STREAMS_MAX,
            4 => &WINDOW,
            5 => &FRAME_MAX,
            6 => &LIST_MAX,
            8 => &EXTENDED_CONNECT,
            _ => &UNKNOWN_SETTING,
        };
        w.uint(field, at + 2, 4);
    });
}

/// A frame with header fields, or with a part of them.
fn header_frame(
    w: &mut Writer<'_>,
    header: &FrameHeader,
    range: Range<usize>,
    said: &mut Said,
) -> Option<()> {
    let fragment = match header.kind {
        frame::HEADERS => {
            let mut rest = unpadded(w, header, range, &BLOCK_PADDING)?;
            if header.has(PRIORITY_FLAG) {
                priority(w, rest.start);
                rest.start += PRIORITY_LEN;
            }
            w.bytes(&BLOCK, rest.start, rest.len());
            rest
        }
        frame::PUSH_PROMISE => {
            let mut rest = unpadded(w, header, range, &PROMISE_PADDING)?;
            w.bits(&PROMISE_RESERVED, rest.start, 4, 31, 1);
            w.bits(&PROMISED, rest.start, 4, 0, 31);
            rest.start += 4;
            w.bytes(&PROMISE_BLOCK, rest.start, rest.len());
            rest
        }
        _ => {
            w.text(&CONTINUED, range.start, range.len());
            range
        }
    };
    let bytes = w.get(fragment.start, fragment.end.checked_sub(fragment.start)?)?;
    let mut block = match (header.kind, said.block.take()) {
        (frame::CONTINUATION, begun) => begun?,
        // Nothing may come between the frames of a header (RFC 9113, section 6.10).
        (_, Some(_)) => return None,
        (_, None) => Vec::new(),
    };
    if block.len() + bytes.len() > BLOCK_MAX {
        return None;
    }
    let before = block.len();
    block.extend_from_slice(bytes);
    if !header.has(END_HEADERS) {
        said.block = Some(block);
        return Some(());
    }
    let mut count = 0;
    let decoded = said.decoder.each(&block, &mut |field| {
        count += 1;
        // What was sent in frames before has no place in this one.
        let place = |at: usize| fragment.start + at.saturating_sub(before);
        header_field(w, field, place(field.range.start)..place(field.range.end));
    });
    w.computed(&COUNT, fragment.start, fragment.len(), count);
    decoded.ok()
}

fn header_field(w: &mut Writer<'_>, field: &HeaderField<'_>, range: Range<usize>) {
    let (at, len) = (range.start, range.len());
    // A byte can stand for a value of the size of the table.
    let is_shown = w.out.text.len() < TEXT_MAX;
    w.group(&HEADER, at, len, |w| {
        if let (Some(name), Some(value), true) = (field.name, field.value, is_shown) {
            w.computed(&NAME_LENGTH, at, len, name.len() as u64);
            w.said(&NAME, at, len, String::from_utf8_lossy(name));
            w.computed(&VALUE_LENGTH, at, len, value.len() as u64);
            let text = String::from_utf8_lossy(value);
            w.said(&VALUE, at, len, &text);
            let known = HEADERS.iter().find(|(known, _)| known.as_bytes() == name);
            match known.map(|(_, info)| (*info, info.kind)) {
                Some((info, crate::field::Kind::Uint)) => {
                    if let Ok(number) = text.parse() {
                        w.computed(info, at, len, number);
                    }
                }
                Some((info, _)) => w.said(info, at, len, &text),
                None => {}
            }
        }
        w.said(&FORM, at, len, form_name(field));
        if field.index > 0 {
            w.add(&INDEX, at, len, Value::Uint(field.index as u64));
        }
    });
}

/// The titles of RFC 7541, section 6.
fn form_name(field: &HeaderField<'_>) -> &'static str {
    match (field.form, field.index > 0) {
        (Form::Indexed, _) => "Indexed Header Field",
        (Form::Added, true) => "Literal Header Field with Incremental Indexing - Indexed Name",
        (Form::Added, false) => "Literal Header Field with Incremental Indexing - New Name",
        (Form::Plain, true) => "Literal Header Field without Indexing - Indexed Name",
        (Form::Plain, false) => "Literal Header Field without Indexing - New Name",
        (Form::Never, true) => "Literal Header Field never Indexed - Indexed Name",
        (Form::Never, false) => "Literal Header Field never Indexed - New Name",
    }
}

fn type_name(kind: u64) -> Option<&'static str> {
    let names = [
        "data",
        "headers",
        "priority",
        "reset of a stream",
        "settings",
        "push promise",
        "ping",
        "end of the connection",
        "window update",
        "continuation",
    ];
    names.get(kind as usize).copied()
}

fn setting_name(id: u64) -> Option<&'static str> {
    Some(match id {
        1 => "table size",
        2 => "push",
        3 => "concurrent streams",
        4 => "initial window",
        5 => "frame size",
        6 => "header size",
        8 => "extended CONNECT",
        9 => "no priorities of RFC 7540",
        _ => return None,
    })
}

/// What an error is called (RFC 9113, section 7).
fn error_name(code: u64) -> Option<&'static str> {
    let names = [
        "no error",
        "protocol error",
        "internal error",
        "flow control error",
        "settings timeout",
        "stream closed",
        "frame size error",
        "refused stream",
        "cancelled",
        "compression error",
        "connect error",
        "enhance your calm",
        "inadequate security",
        "HTTP/1.1 required",
    ];
    names.get(code as usize).copied()
}

static HEADERS: [(&str, &FieldInfo); 24] = [
    (":method", &METHOD),
    (":scheme", &SCHEME),
    (":authority", &AUTHORITY),
    (":path", &PATH),
    (":status", &STATUS),
    ("accept", &ACCEPT),
    ("accept-encoding", &ACCEPT_ENCODING),
    ("accept-language", &ACCEPT_LANGUAGE),
    ("authorization", &AUTHORIZATION),
    ("cache-control", &CACHE_CONTROL),
    ("content-encoding", &CONTENT_ENCODING),
    ("content-length", &CONTENT_LENGTH),
    ("content-type", &CONTENT_TYPE),
    ("cookie", &COOKIE),
    ("date", &DATE),
    ("etag", &ETAG),
    ("last-modified", &LAST_MODIFIED),
    ("location", &LOCATION),
    ("referer", &REFERER),
    ("server", &SERVER),
    ("set-cookie", &SET_COOKIE),
    ("user-agent", &USER_AGENT),
    ("vary", &VARY),
    ("via", &VIA),
];
const SETTING_LEN: usize = 6;
/// Length of the fields that a flag adds to a header.
const PRIORITY_LEN: usize = 5;
/// Bytes of a header in all its frames.
const BLOCK_MAX: usize = 64 << 10;
/// Bytes of text of a frame after which header fields are shown without name and value.
const TEXT_MAX: usize = 256 << 10;
