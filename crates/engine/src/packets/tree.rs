//! A packet for people: each layer, and each field with its value, meaning and bytes.

use std::fmt::Write as _;

use flowloom_dissect::{Dissection, Field, FrameInput, Kind, Origin, Value};

use super::line::make_safe;

pub(super) fn write(frame: &FrameInput<'_>, dissection: &Dissection, out: &mut String) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "Frame {}", frame.number);
    for (at, layer) in dissection.layers().iter().enumerate() {
        let origin = match layer.origin() {
            Origin::Frame => "",
            Origin::Datagram => " of the reassembled datagram",
            Origin::Message => " of the reassembled message",
            Origin::Decrypted => " of what was decrypted",
        };
        let _ = write!(out, "  {}", layer.info.name);
        if layer.len > 0 {
            let _ = write!(out, "  bytes {}-{}{origin}", layer.start, layer.start + layer.len - 1);
        }
        out.push('\n');
        let source = dissection.source(layer, frame.bytes);
        for field in dissection.fields_of(at) {
            line(field, dissection, source, out);
        }
    }
    out.push('\n');
}

fn line(field: &Field, dissection: &Dissection, source: &[u8], out: &mut String) {
    for _ in 0..field.depth + 2 {
        out.push_str("  ");
    }
    out.push_str(field.info.name);
    if field.value != Value::None {
        out.push_str(": ");
        let start = out.len();
        field.write(dissection, source, out);
        make_safe(out, start);
        if field.info.kind == Kind::Bytes && out.len() - start > 2 * BYTES_SHOWN {
            out.truncate(out.floor_char_boundary(start + 2 * BYTES_SHOWN));
            out.push('…');
        }
    }
    if let Some(meaning) = field.meaning {
        let _ = write!(out, " ({meaning})");
    }
    match field.len {
        0 => {}
        1 => drop(write!(out, "  [{}]", field.start)),
        len => drop(write!(out, "  [{}-{}]", field.start, field.start + len - 1)),
    }
    out.push('\n');
}

/// Of longer values of bytes, only so many are shown: more than a line or two nobody reads.
const BYTES_SHOWN: usize = 64;
