//! Values as text: what CSV, JSON and JSON Lines have in common.

use std::io::Write as _;

use flowloom_schema::{Series, Timestamp, Values};

/// Appends value `row` of a series as JSON.
pub(crate) fn json_value(series: &Series, row: usize, out: &mut Vec<u8>) {
    if !series.validity.is_valid(row) {
        return out.extend_from_slice(b"null");
    }
    match &series.values {
        Values::Text(v) => json_text(v.get(row), out),
        Values::Binary(v) => {
            out.push(b'"');
            hex(v.get(row), out);
            out.push(b'"');
        }
        Values::Time(v) => {
            out.push(b'"');
            time(v[row], out);
            out.push(b'"');
        }
        Values::F64(v) if !v[row].is_finite() => out.extend_from_slice(b"null"),
        Values::List(v) => {
            out.push(b'[');
            for (i, item) in v.range(row).enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                json_value(&v.items, item, out);
            }
            out.push(b']');
        }
        Values::Struct(v) => {
            out.push(b'{');
            for (i, (field, series)) in v.fields.iter().zip(&v.series).enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                json_text(&field.name, out);
                out.push(b':');
                json_value(series, row, out);
            }
            out.push(b'}');
        }
        _ => plain(&series.values, row, out),
    }
}

/// Appends a text as a JSON string.
///
/// Escaped is more than JSON asks for (RFC 8259, section 7): whatever can change how a terminal
/// shows the rest, none of which is lost by it.
pub fn json_text(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    if text.bytes().all(|b| matches!(b, b' '..=b'~') && b != b'"' && b != b'\\') {
        out.extend_from_slice(text.as_bytes());
    } else {
        text.chars().for_each(|c| json_char(c, out));
    }
    out.push(b'"');
}

fn json_char(c: char, out: &mut Vec<u8>) {
    match c {
        '"' => out.extend_from_slice(b"\\\""),
        '\\' => out.extend_from_slice(b"\\\\"),
        '\n' => out.extend_from_slice(b"\\n"),
        '\r' => out.extend_from_slice(b"\\r"),
        '\t' => out.extend_from_slice(b"\\t"),
        c if c.is_control() || is_invisible(c) => escaped(c, out),
        c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
    }
}

/// JSON of another's making, in which what could act on a terminal or hide in it is escaped. What JSON
/// itself escapes, or has between its values, stays.
pub fn harmless_json(json: &str) -> String {
    let mut out = Vec::with_capacity(json.len());
    for c in json.chars() {
        if c != '\n' && (c.is_control() || is_invisible(c)) {
            escaped(c, &mut out);
        } else {
            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Appends a character as JSON escapes it: `\u001b`.
pub(crate) fn escaped(c: char, out: &mut Vec<u8>) {
    for unit in c.encode_utf16(&mut [0; 2]) {
        // Writing to memory does not fail.
        let _ = write!(out, "\\u{unit:04x}");
    }
}

/// Appends a number or a boolean; nothing for the types that are not one.
pub(crate) fn plain(values: &Values, row: usize, out: &mut Vec<u8>) {
    let mut integers = itoa::Buffer::new();
    let text = match values {
        Values::Bool(v) => {
            if v[row] {
                "true"
            } else {
                "false"
            }
        }
        Values::I8(v) => integers.format(v[row]),
        Values::U8(v) => integers.format(v[row]),
        Values::U16(v) => integers.format(v[row]),
        Values::I32(v) => integers.format(v[row]),
        Values::I64(v) => integers.format(v[row]),
        Values::F64(v) if v[row].is_finite() => {
            return out.extend_from_slice(ryu::Buffer::new().format_finite(v[row]).as_bytes());
        }
        Values::F64(_)
        | Values::Time(_)
        | Values::Text(_)
        | Values::Binary(_)
        | Values::List(_)
        | Values::Struct(_) => "",
    };
    out.extend_from_slice(text.as_bytes());
}

/// Appends bytes as pairs of hexadecimal digits.
pub(crate) fn hex(bytes: &[u8], out: &mut Vec<u8>) {
    let digit = |half: u8| b"0123456789abcdef"[usize::from(half)];
    out.extend(bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]));
}

/// Appends a time (RFC 3339, nine digits).
pub(crate) fn time(nanos: i64, out: &mut Vec<u8>) {
    // Writing to memory does not fail.
    let _ = write!(out, "{}", Timestamp(nanos));
}

/// Whether a character that is no control character still acts on the text around it, unseen:
/// zero-width characters, direction marks and overrides (Unicode TR 36), line and paragraph
/// separators, tags.
pub fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::json_text;

    #[test]
    fn json_strings_read_back_and_hide_nothing() {
        let texts = [
            "",
            "plain",
            "\"\\/\u{8}\u{c}\n\r\t",
            "\u{1b}[2J\u{9b}2J\u{7f}\0",
            "é漢😀",
            "a\u{202e}b\u{2066}\u{200b}\u{e0041}",
        ];
        for text in texts {
            let mut out = Vec::new();
            json_text(text, &mut out);
            assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
            let shown = String::from_utf8(out).unwrap();
            assert!(
                !shown.contains(|c: char| c.is_control() || super::is_invisible(c)),
                "{shown:?}"
            );
        }
    }

    /// Each character on its own, so that none is left out of the table above.
    #[test]
    fn every_character_reads_back() {
        for c in '\0'..=char::MAX {
            let mut out = Vec::new();
            json_text(c.encode_utf8(&mut [0; 4]), &mut out);
            let read: String = serde_json::from_slice(&out).unwrap();
            assert_eq!(read.chars().collect::<Vec<_>>(), [c]);
        }
    }
}
