//! What is known of a frame besides its bytes, and the bytes nobody knows.

use flowloom_wire::{DecodeError, link_is_known};

use crate::dissection::Value;
use crate::dissector::FrameInput;
use crate::field::layer;
use crate::writer::Writer;

layer! {
    FRAME "frame" "frame" "The frame as it was captured.";
    NUMBER Uint "frame.number" "Number of the frame in the capture, from 1.";
    TIME Time "frame.time_epoch" "When it was captured: date and time in UTC, where tshark has seconds since 1970.";
    RELATIVE Duration "frame.time_relative" "Seconds since the first frame of the capture.";
    DELTA Duration "frame.time_delta" "Seconds since the frame before it in the capture, whether that one is shown or not.";
    LEN Uint "frame.len" "Bytes it had on the wire.";
    CAP_LEN Uint "frame.cap_len" "Bytes that were captured.";
    INTERFACE Uint "frame.interface_id" "The interface it was captured on, from 0.";
    LINK Uint "frame.link_type" "The link type, if it is one that is not decoded.";
}

layer! {
    DATA "data" "data" "Bytes that no layer here knows.";
    BYTES Bytes "data.data" "The bytes.";
    DATA_LEN Uint "data.len" "How many there are.";
}

layer! {
    MALFORMED "_ws.malformed" "_ws.malformed" "A header that cannot be read, and all behind it.";
    WHY Text "_ws.malformed.reason" "Why it cannot be read.";
    REST Bytes "_ws.malformed.data" "The bytes.";
}

pub(crate) fn frame(w: &mut Writer<'_>, frame: &FrameInput<'_>) {
    w.layer(&FRAME, 0);
    w.computed(&NUMBER, 0, 0, frame.number);
    w.time(&TIME, 0, 0, frame.time);
    if let Some(since) = frame.since {
        w.add(&RELATIVE, 0, 0, Value::Duration(since.first));
        w.add(&DELTA, 0, 0, Value::Duration(since.previous));
    }
    w.computed(&LEN, 0, 0, u64::from(frame.original));
    w.computed(&CAP_LEN, 0, 0, frame.bytes.len() as u64);
    w.computed(&INTERFACE, 0, 0, u64::from(frame.interface));
    if !link_is_known(frame.link) {
        w.add_named(&LINK, 0, 0, Value::Uint(u64::from(frame.link.0)), frame.link.name());
    }
}

/// So many bytes from `at` on, as far as there are any.
pub(crate) fn data(w: &mut Writer<'_>, at: usize, len: usize) {
    let len = w.rest(at).len().min(len);
    if len > 0 && !w.is_shown {
        w.layer(&DATA, at);
        w.layer_end(at + len);
        w.bytes(&BYTES, at, len);
        w.computed(&DATA_LEN, at, len, len as u64);
    }
}

/// A header that cannot be read.
pub(crate) fn malformed(w: &mut Writer<'_>, error: DecodeError) {
    let at = (error.offset as usize).min(w.end);
    let len = w.rest(at).len();
    w.layer(&MALFORMED, at);
    w.said(&WHY, at, 0, error);
    w.bytes(&REST, at, len);
}
