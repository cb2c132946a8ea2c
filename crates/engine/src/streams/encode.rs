//! Bytes from the wire as text that can be read, or read back, and does nothing to a terminal.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flowloom_export::is_invisible;
use flowloom_protocols::push_hex;

/// How bytes are shown where text is expected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Data {
    /// In JSON base64; on a terminal text or a hex dump, whichever fits.
    #[default]
    Auto,
    /// As text: in JSON ASCII with a dot for every other byte, on a terminal UTF-8 with escapes.
    Ascii,
    /// Two digits a byte; on a terminal as a dump.
    Hex,
    /// Base64 (RFC 4648, section 4).
    Base64,
}

/// Puts bytes into JSON strings, piece by piece.
#[derive(Debug)]
pub(crate) struct JsonBytes {
    data: Data,
    /// What base64 still needs others for.
    carry: Vec<u8>,
}

impl JsonBytes {
    pub(crate) fn new(data: Data) -> Self {
        Self { data, carry: Vec::new() }
    }

    /// Appends bytes to a string that is open.
    pub(crate) fn put(&mut self, bytes: &[u8], out: &mut String) {
        match self.data {
            Data::Auto | Data::Base64 => {
                self.carry.extend_from_slice(bytes);
                let whole = self.carry.len() / 3 * 3;
                STANDARD.encode_string(self.carry.get(..whole).unwrap_or(&[]), out);
                self.carry.drain(..whole);
            }
            Data::Hex => bytes.iter().for_each(|byte| push_hex(out, *byte)),
            Data::Ascii => bytes.iter().for_each(|byte| match byte {
                b'"' => out.push_str("\\\""),
                b'\\' => out.push_str("\\\\"),
                b'\n' => out.push_str("\\n"),
                b'\r' => out.push_str("\\r"),
                b'\t' => out.push_str("\\t"),
                b' '..=b'~' => out.push(char::from(*byte)),
                _ => out.push('.'),
            }),
        }
    }

    /// Appends what is left: the string ends here.
    pub(crate) fn end(&mut self, out: &mut String) {
        STANDARD.encode_string(&self.carry, out);
        self.carry.clear();
    }
}

/// Appends bytes as people read them, in whole lines. `offset` is where a dump begins to count.
pub(crate) fn readable(bytes: &[u8], offset: u64, data: Data, out: &mut String) {
    match data {
        Data::Auto if is_mostly_text(bytes) => text(bytes, out),
        Data::Ascii => text(bytes, out),
        Data::Auto | Data::Hex => dump(bytes, offset, out),
        Data::Base64 => {
            STANDARD.encode_string(bytes, out);
            out.push('\n');
        }
    }
}

fn is_mostly_text(bytes: &[u8]) -> bool {
    let sample = bytes.get(..SAMPLE_LEN).unwrap_or(bytes);
    let is_text = |byte: &&u8| matches!(byte, b' '..=b'~' | b'\n' | b'\r' | b'\t');
    let ascii = sample.iter().filter(is_text).count();
    let others: usize = sample
        .utf8_chunks()
        .flat_map(|chunk| chunk.valid().chars())
        .filter(|c| !c.is_ascii() && is_harmless(*c))
        .map(char::len_utf8)
        .sum();
    (ascii + others) * 10 >= sample.len() * 9
}

fn text(bytes: &[u8], out: &mut String) {
    for chunk in bytes.utf8_chunks() {
        let mut chars = chunk.valid().chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '\r' if chars.peek() == Some(&'\n') => {}
                '\n' | '\t' => out.push(c),
                c if is_harmless(c) => out.push(c),
                c if c.is_ascii() => byte(c as u8, out),
                c => {
                    // Writing to memory does not fail.
                    let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
                }
            }
        }
        chunk.invalid().iter().for_each(|wrong| byte(*wrong, out));
    }
    if !out.ends_with('\n') {
        out.push('\n');
    }
}

fn is_harmless(c: char) -> bool {
    !c.is_control() && !is_invisible(c)
}

fn byte(byte: u8, out: &mut String) {
    out.push_str("\\x");
    push_hex(out, byte);
}

fn dump(bytes: &[u8], offset: u64, out: &mut String) {
    for (at, line) in (offset..).step_by(DUMP_WIDTH).zip(bytes.chunks(DUMP_WIDTH)) {
        // Writing to memory does not fail.
        let _ = write!(out, "{at:08x} ");
        for (i, byte) in line.iter().enumerate() {
            out.push_str(if i % 8 == 0 { "  " } else { " " });
            push_hex(out, *byte);
        }
        let spaces = 3 * (DUMP_WIDTH - line.len()) + usize::from(line.len() <= DUMP_WIDTH / 2) + 2;
        out.extend(std::iter::repeat_n(' ', spaces));
        out.push('|');
        let shown = |byte: &u8| if matches!(byte, b' '..=b'~') { char::from(*byte) } else { '.' };
        out.extend(line.iter().map(shown));
        out.push_str("|\n");
    }
}

/// Bytes that decide whether something is text.
const SAMPLE_LEN: usize = 1 << 10;
/// Bytes in a line of a dump.
const DUMP_WIDTH: usize = 16;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Data, JsonBytes, readable};

    fn shown(bytes: &[u8], data: Data) -> String {
        let mut out = String::new();
        readable(bytes, 16, data, &mut out);
        out
    }

    #[test]
    fn text_is_shown_as_text_and_the_rest_as_a_dump() {
        assert_eq!(shown(b"GET / HTTP/1.1\r\n\r\n", Data::Auto), "GET / HTTP/1.1\n\n");
        assert_eq!(shown("Grüße\t\\".as_bytes(), Data::Auto), "Grüße\t\\\n");
        assert_eq!(
            shown(b"\x16\x03\x01ab", Data::Auto),
            "00000010   16 03 01 61 62                                    |...ab|\n"
        );
        assert_eq!(
            shown(b"0123456789abcdef", Data::Hex),
            "00000010   30 31 32 33 34 35 36 37  38 39 61 62 63 64 65 66  |0123456789abcdef|\n"
        );
        assert_eq!(shown(b"\xff\x00", Data::Base64), "/wA=\n");
    }

    #[test]
    fn nothing_acts_on_a_terminal() {
        let hostile = "\u{1b}[2J\rover\u{7}\u{9b}2J\u{202e}x\u{0}".as_bytes();
        let text = shown(&[hostile, b"\xff\x9b"].concat(), Data::Ascii);
        assert_eq!(text, "\\x1b[2J\\x0dover\\x07\\u{9b}2J\\u{202e}x\\x00\\xff\\x9b\n");
    }

    proptest! {
        /// However it is cut, JSON reads back as the bytes.
        #[test]
        fn json_reads_back(parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..9), 0..9)) {
            use base64::Engine as _;
            let whole = parts.concat();
            for data in [Data::Auto, Data::Hex, Data::Ascii] {
                let mut out = String::from("\"");
                let mut json = JsonBytes::new(data);
                for part in &parts {
                    json.put(part, &mut out);
                }
                json.end(&mut out);
                out.push('"');
                let text = serde_json::from_str::<String>(&out).unwrap();
                match data {
                    Data::Hex => prop_assert_eq!(text, flowloom_protocols::hex(&whole)),
                    Data::Ascii => prop_assert_eq!(text.len(), whole.len()),
                    _ => prop_assert_eq!(
                        base64::engine::general_purpose::STANDARD.decode(text).unwrap(), whole.clone()
                    ),
                }
            }
        }

        #[test]
        fn no_bytes_act_on_a_terminal(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            for data in [Data::Auto, Data::Ascii, Data::Hex] {
                let text = shown(&bytes, data);
                let acts = |c: char| c.is_control() && c != '\n' && c != '\t';
                prop_assert!(!text.contains(acts), "{text:?}");
            }
        }
    }
}
