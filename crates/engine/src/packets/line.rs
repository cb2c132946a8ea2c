//! A packet in a line: number, time since the capture's first, who to whom, what is said.

use std::fmt::Write as _;

use flowloom_dissect::{Dissection, FrameInput, summary};
use flowloom_export::is_invisible;
use flowloom_schema::Timestamp;

pub(super) fn write(frame: &FrameInput<'_>, dissection: &Dissection, out: &mut String) {
    let since = frame.since.unwrap_or_default();
    let (sign, seconds, nanos) = Timestamp(since.first).decimal();
    let micros = nanos / 1_000;
    // Writing to a string cannot fail.
    let _ = write!(out, "{:>6} {sign}{seconds}.{micros:06} ", frame.number);
    let start = out.len();
    summary(dissection, frame.bytes, out);
    make_safe(out, start);
    out.push('\n');
}

/// Which capture the packets below are of, as `head` and `tail` name files.
pub(super) fn heading(capture: &str, is_first: bool, out: &mut String) {
    if !is_first {
        out.push('\n');
    }
    let start = out.len();
    out.push_str(capture);
    make_safe(out, start);
    out.insert_str(start, "==> ");
    out.push_str(" <==\n");
}

/// Nothing that came with a packet acts on the terminal.
pub(super) fn make_safe(out: &mut String, start: usize) {
    let is_unsafe = |c: char| c.is_control() || is_invisible(c);
    if out[start..].contains(is_unsafe) {
        let safe = out[start..].replace(is_unsafe, "\u{fffd}");
        out.truncate(start);
        out.push_str(&safe);
    }
}
