//! Reading a message, and the names in it: labels, compression, and how they are written as text.

use std::fmt::Write;

use super::App;

/// Reads a message from some place on. Names can point to any place of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a> {
    message: &'a [u8],
    at: usize,
    end: usize,
    app: App,
}

impl<'a> Reader<'a> {
    /// Reads a message from its first byte.
    pub(super) fn new(message: &'a [u8], app: App) -> Self {
        Self { message, at: 0, end: message.len(), app }
    }

    /// Whose names these are.
    pub(super) fn app(&self) -> App {
        self.app
    }

    /// Bytes that have not been read.
    pub(super) fn len(&self) -> usize {
        self.end - self.at
    }

    /// Whether everything was read.
    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The next `len` bytes.
    pub(super) fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let taken = self.message.get(self.at..self.end)?.get(..len)?;
        self.at += len;
        Some(taken)
    }

    /// All that was not read.
    pub(super) fn rest(&mut self) -> &'a [u8] {
        self.take(self.len()).unwrap_or_default()
    }

    /// The next `N` bytes.
    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.first_chunk().copied()
    }

    /// One byte.
    pub(super) fn u8(&mut self) -> Option<u8> {
        self.array().map(|[byte]| byte)
    }

    /// Two bytes.
    pub(super) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    /// Four bytes.
    pub(super) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    /// A reader of the next `len` bytes of the same message.
    pub(super) fn sub(&mut self, len: usize) -> Option<Self> {
        let start = self.at;
        self.take(len)?;
        Some(Self { at: start, end: self.at, ..*self })
    }

    /// Passes over a name without following pointers.
    pub(super) fn skip_name(&mut self) -> Option<()> {
        loop {
            match self.u8()? {
                0 => return Some(()),
                len @ 1..=63 => {
                    self.take(len.into())?;
                }
                192.. => return self.u8().map(|_| ()),
                // RFC 6891 section 5: the extended label types are not used.
                64..=191 => return None,
            }
        }
    }

    /// A name as text: labels with dots between them, `.` for the root.
    ///
    /// The work is bounded by the length a name can have (RFC 1035 section 2.3.4) and by the number
    /// of pointers followed.
    pub(super) fn name(&mut self) -> Option<String> {
        let mut text = String::with_capacity(NAME_ROOM);
        let mut octets = 0;
        let mut jumps = 0;
        let mut here = Self { end: self.end, ..*self };
        let mut after = None;
        loop {
            match here.u8()? {
                0 => break,
                len @ 1..=63 => {
                    octets += usize::from(len) + 1;
                    if octets > NAME_MAX {
                        return None;
                    }
                    let label = here.take(len.into())?;
                    if !text.is_empty() {
                        text.push('.');
                    }
                    let netbios = (self.app == App::Nbns && octets == 33).then(|| netbios(label));
                    match netbios.flatten() {
                        Some(name) => text.push_str(&name),
                        None => push_label(&mut text, label),
                    }
                }
                high @ 192.. => {
                    let low = here.u8()?;
                    after.get_or_insert(here.at);
                    jumps += 1;
                    if jumps > JUMPS_MAX {
                        return None;
                    }
                    let at = usize::from(u16::from_be_bytes([high & 0x3f, low]));
                    if at >= self.message.len() {
                        return None;
                    }
                    here = Self { at, end: self.message.len(), ..*self };
                }
                64..=191 => return None,
            }
        }
        self.at = after.unwrap_or(here.at);
        if text.is_empty() {
            text.push('.');
        }
        Some(text)
    }
}

/// Appends a label. What is not printable is written as `\DDD` (RFC 4343 section 2.1), a dot or
/// backslash with a backslash before it; characters beyond ASCII stand for themselves where the
/// label is UTF-8, as mDNS and LLMNR have it (RFC 6762 section 16).
fn push_label(text: &mut String, label: &[u8]) {
    push_escaped(text, label, |c| matches!(c, '.' | '\\'), |c| c == ' ');
}

/// Appends a character string of a record: like a label, with quotes escaped instead of dots, and
/// blanks as they are.
pub(super) fn push_string(text: &mut String, bytes: &[u8]) {
    push_escaped(text, bytes, |c| matches!(c, '"' | '\\'), |_| false);
}

fn push_escaped(
    text: &mut String,
    bytes: &[u8],
    is_special: impl Fn(char) -> bool,
    is_coded: impl Fn(char) -> bool,
) {
    let is_plain = |byte: &u8| {
        byte.is_ascii_graphic() && !is_special(char::from(*byte)) && !is_coded(char::from(*byte))
    };
    if let (true, Ok(plain)) = (bytes.iter().all(is_plain), std::str::from_utf8(bytes)) {
        text.push_str(plain);
        return;
    }
    let code = |text: &mut String, byte: u8| {
        text.push('\\');
        text.extend([100, 10, 1].map(|place| char::from(b'0' + byte / place % 10)));
    };
    let is_utf8 = std::str::from_utf8(bytes).is_ok();
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if c.is_control() || is_coded(c) || !is_utf8 && !c.is_ascii() {
                c.encode_utf8(&mut [0; 4]).bytes().for_each(|byte| code(text, byte));
                continue;
            }
            if is_special(c) {
                text.push('\\');
            }
            text.push(c);
        }
        chunk.invalid().iter().for_each(|byte| code(text, *byte));
    }
}

/// A `NetBIOS` name of 16 bytes, each of which was sent as two letters (RFC 1001 section 14.1): the
/// padding left out, and the last byte, which says what kind of name it is, as `<20>`.
fn netbios(label: &[u8]) -> Option<String> {
    let (pairs, []) = label.as_chunks::<2>() else { return None };
    let nibble = |letter: u8| letter.checked_sub(b'A').filter(|nibble| *nibble < 16);
    let bytes: Vec<u8> = pairs
        .iter()
        .map(|[high, low]| Some(nibble(*high)? << 4 | nibble(*low)?))
        .collect::<Option<_>>()?;
    netbios_text(&bytes)
}

/// The text of a `NetBIOS` name of 16 bytes: the last of them as in `<20>`.
pub fn netbios_text(bytes: &[u8]) -> Option<String> {
    let (kind, name) = bytes.split_last()?;
    let padding = name.iter().rev().take_while(|byte| matches!(byte, b' ' | 0)).count();
    let mut text = String::new();
    // It is no label: dots and blanks are parts of it.
    push_escaped(&mut text, &name[..name.len() - padding], |c| c == '\\', |_| false);
    let _ = write!(text, "<{kind:02x}>");
    Some(text)
}

/// Room for most names.
const NAME_ROOM: usize = 32;
/// Octets of a name, with the lengths of its labels.
const NAME_MAX: usize = 254;
/// Pointers that are followed within a name: one before each of the most labels there can be.
const JUMPS_MAX: usize = 128;

#[cfg(test)]
mod tests {
    use super::{App, Reader, push_string};

    fn name(message: &[u8], at: usize) -> Option<(String, usize)> {
        let mut reader = Reader::new(message, App::Dns);
        reader.take(at)?;
        let name = reader.name()?;
        Some((name, reader.at))
    }

    #[test]
    fn labels_are_joined_and_pointers_followed() {
        let message = b"\x03www\x07example\x03org\x00\x04mail\xc0\x04\xc0\x11";
        assert_eq!(name(message, 0), Some(("www.example.org".into(), 17)));
        assert_eq!(name(message, 17), Some(("mail.example.org".into(), 24)));
        // A pointer back to labels that end in a pointer.
        assert_eq!(name(message, 24), Some(("mail.example.org".into(), 26)));
        assert_eq!(name(&[0], 0), Some((".".into(), 1)));
    }

    #[test]
    fn what_is_not_printable_is_written_in_decimal() {
        assert_eq!(name(b"\x05a.\\\x07 \x02\xff\xc3\0", 0).unwrap().0, r"a\.\\\007\032.\255\195");
        let umlaut = "\x04f\u{fc}r\0".as_bytes();
        assert_eq!(name(umlaut, 0).unwrap().0, "f\u{fc}r");
        // Characters beyond ASCII beside bytes that are none are bytes too.
        assert_eq!(name(b"\x03\xc3\xbc\xff\0", 0).unwrap().0, r"\195\188\255");
        let mut text = String::new();
        push_string(&mut text, b"v=1 \"x.y\"\x00");
        assert_eq!(text, r#"v=1 \"x.y\"\000"#);
    }

    #[test]
    fn names_without_end_are_none() {
        for message in [&[0xc0, 0][..], &[0xc0, 2, 0xc0, 0], &[1, b'a', 0xc0, 0], &[0xc0, 9]] {
            assert_eq!(name(message, 0), None, "{message:?}");
        }
        for message in [&[0x40, 0][..], &[0x80, 0], &[3, b'a', b'b'], &[1, b'a'], &[0xc0]] {
            assert_eq!(name(message, 0), None, "{message:?}");
        }
    }

    #[test]
    fn names_are_as_long_as_names_can_be() {
        let label = [&[63][..], &[b'x'; 63]].concat();
        let mut longest = [label.repeat(3), [&[61][..], &[b'y'; 61], &[0]].concat()].concat();
        assert_eq!(longest.len(), 255);
        assert_eq!(name(&longest, 0).unwrap().0.len(), 253);
        longest[192] = 62;
        longest.insert(193, b'y');
        assert_eq!(name(&longest, 0), None);
        // As many labels as there can be, with a pointer before each.
        let labels: Vec<u8> =
            (0..127_u8).flat_map(|i| [1, b'a', 0xc0, (i + 1) * 4]).take(63 * 4).collect();
        let hops = [&labels[..], &[0]].concat();
        assert_eq!(name(&hops, 0).unwrap().0.len(), 125);
    }

    #[test]
    fn netbios_names_are_decoded() {
        let mut reader = Reader::new(b"\x20EJFDEBFEEBFACACACACACACACACACAAA\0", App::Nbns);
        assert_eq!(reader.name().unwrap(), "ISATAP<00>");
        let mut reader = Reader::new(b"\x20CKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\x05scope\0", App::Nbns);
        assert_eq!(reader.name().unwrap(), "*<00>.scope");
        let mut reader = Reader::new(b"\x20CKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAz\0", App::Nbns);
        assert_eq!(reader.name().unwrap(), "CKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAz");
    }
}
