//! Text from the wire, which can be anything.

/// Text as it came: as UTF-8 for showing, and byte for byte where it was none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WireText {
    text: String,
    raw: Option<Box<[u8]>>,
}

impl WireText {
    /// The text of some bytes, the first [`TEXT_MAX`](Self::TEXT_MAX) of them.
    pub fn new(bytes: &[u8]) -> Self {
        let bytes = bytes.get(..Self::TEXT_MAX).unwrap_or(bytes);
        match std::str::from_utf8(bytes) {
            Ok(text) => Self { text: text.to_owned(), raw: None },
            Err(_) => {
                Self { text: String::from_utf8_lossy(bytes).into_owned(), raw: Some(bytes.into()) }
            }
        }
    }

    /// The text; what was not UTF-8 is replaced by U+FFFD.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The bytes in hexadecimal, if they were not UTF-8.
    pub fn raw_hex(&self) -> Option<String> {
        self.raw.as_deref().map(hex)
    }

    /// Memory in use beside itself.
    pub(crate) fn held(&self) -> usize {
        self.text.capacity() + self.raw.as_ref().map_or(0, |raw| raw.len())
    }

    /// Bytes that are kept of a text.
    pub const TEXT_MAX: usize = 4_096;
}

impl From<&[u8]> for WireText {
    fn from(bytes: &[u8]) -> Self {
        Self::new(bytes)
    }
}

/// Bytes in lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        push_hex(&mut text, *byte);
    }
    text
}

/// Appends a byte in lower-case hexadecimal.
pub fn push_hex(text: &mut String, byte: u8) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    text.push(char::from(DIGITS[usize::from(byte >> 4)]));
    text.push(char::from(DIGITS[usize::from(byte & 15)]));
}

#[cfg(test)]
mod tests {
    use super::WireText;

    #[test]
    fn what_is_no_utf8_is_kept_byte_for_byte() {
        let text = WireText::new(b"caf\xe9.example");
        assert_eq!(text.as_str(), "caf\u{fffd}.example");
        assert_eq!(text.raw_hex().as_deref(), Some("636166e92e6578616d706c65"));
        assert_eq!(WireText::new("café".as_bytes()).raw_hex(), None);
    }
}
