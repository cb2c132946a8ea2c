//! JSON whose texts do nothing to a terminal, and objects that are not closed yet.

use std::io;

use flowloom_export::is_invisible;
use serde::Serialize;
use serde_json::ser::Formatter;

/// An object without its closing brace.
pub(crate) fn object_begun(value: &impl Serialize) -> String {
    let mut text = object(value);
    text.pop();
    text
}

/// An object on one line, without its end.
pub(crate) fn object(value: &impl Serialize) -> String {
    let mut bytes = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, Harmless);
    // Neither numbers and texts nor memory fail.
    drop(value.serialize(&mut serializer));
    String::from_utf8(bytes).unwrap_or_default()
}

/// Escapes more than JSON asks for (RFC 8259, section 7): whatever changes how a terminal shows the
/// rest.
struct Harmless;

impl Formatter for Harmless {
    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut units = [0; 2];
        for part in fragment.split_inclusive(acts) {
            let acting = part.chars().next_back().filter(|c| acts(*c));
            let len = part.len() - acting.map_or(0, char::len_utf8);
            writer.write_all(part.get(..len).unwrap_or(part).as_bytes())?;
            for unit in acting.iter().flat_map(|c| c.encode_utf16(&mut units).to_vec()) {
                write!(writer, "\\u{unit:04x}")?;
            }
        }
        Ok(())
    }
}

fn acts(c: char) -> bool {
    c.is_control() || is_invisible(c)
}

#[cfg(test)]
mod tests {
    use super::object;

    #[test]
    fn texts_read_back_and_hide_nothing() {
        for text in ["", "plain", "a\u{1b}[2J\u{9b}\u{7f}b", "\u{202e}\u{e0041}é\"\\\n", "\u{7f}"]
        {
            let shown = object(&[text]);
            assert_eq!(serde_json::from_str::<Vec<String>>(&shown).unwrap(), [text]);
            assert!(!shown.contains(super::acts), "{shown:?}");
        }
    }
}
