//! A packet's bytes, sixteen to a line, each layer in a colour of its own and its fields in turn
//! bright and plain; and below, which bytes are which layer.

use std::fmt::Write as _;

use flowloom_dissect::{Dissection, FrameInput, Origin};

pub(super) fn write(
    frame: &FrameInput<'_>,
    dissection: &Dissection,
    color: bool,
    out: &mut String,
) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "Frame {}", frame.number);
    let styles = if color { styles(dissection, frame.bytes.len()) } else { Vec::new() };
    for (row, bytes) in frame.bytes.chunks(ROW).enumerate() {
        let _ = write!(out, "{:04x}  ", row * ROW);
        let style = |at: usize| styles.get(row * ROW + at).copied().unwrap_or_default();
        for (at, byte) in bytes.iter().enumerate() {
            styled(style(at), out, |out| {
                let _ = write!(out, "{byte:02x}");
            });
            out.push(' ');
        }
        for _ in bytes.len()..ROW {
            out.push_str("   ");
        }
        out.push(' ');
        for (at, byte) in bytes.iter().enumerate() {
            let shown = if matches!(byte, b' '..=b'~') { char::from(*byte) } else { '.' };
            styled(style(at), out, |out| out.push(shown));
        }
        out.push('\n');
    }
    for (at, layer) in dissection.layers().iter().enumerate().skip(1) {
        if layer.len > 0 && layer.origin() == Origin::Frame {
            let style = if color { Style::of(at, false) } else { Style::default() };
            let (first, last) = (layer.start, layer.start + layer.len - 1);
            let _ = write!(out, "{first:04x}-{last:04x}  ");
            styled(style, out, |out| out.push_str(layer.info.name));
            out.push('\n');
        }
    }
    out.push('\n');
}

/// How a byte is shown: a colour of a terminal, 0 for none.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Style(u8);

impl Style {
    fn of(layer: usize, is_bright: bool) -> Self {
        Self((layer % COLORS) as u8 + if is_bright { 91 } else { 31 })
    }
}

/// Of each byte of the frame.
fn styles(dissection: &Dissection, len: usize) -> Vec<Style> {
    let mut styles = vec![Style::default(); len];
    let mut paint = |start: u32, bytes: u32, style: Style| {
        let (start, end) = (start as usize, (start + bytes) as usize);
        if let Some(styles) = styles.get_mut(start..end.min(len)) {
            styles.fill(style);
        }
    };
    for (at, layer) in dissection.layers().iter().enumerate().skip(1) {
        if layer.origin() != Origin::Frame {
            continue;
        }
        paint(layer.start, layer.len, Style::of(at, false));
        let fields = dissection.fields_of(at).iter().filter(|field| field.depth == 0);
        for (turn, field) in fields.filter(|field| field.len > 0).enumerate() {
            paint(field.start, field.len, Style::of(at, turn % 2 == 1));
        }
    }
    styles
}

fn styled(style: Style, out: &mut String, write: impl FnOnce(&mut String)) {
    if style == Style::default() {
        return write(out);
    }
    let _ = write!(out, "\u{1b}[{}m", style.0);
    write(out);
    out.push_str("\u{1b}[0m");
}

const ROW: usize = 16;
const COLORS: usize = 6;
