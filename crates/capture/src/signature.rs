//! Telling captures, and what is not one, by their first bytes.

use crate::pcap;
use crate::pcapng::SECTION_HEADER;
use crate::snoop;

/// A format of captures, told by its magic number.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Signature {
    Pcap(pcap::Variant),
    Pcapng,
    Snoop,
}

impl Signature {
    /// What a file that begins with `prefix` is, if it is a capture that we read.
    pub(crate) fn of(prefix: &[u8]) -> Option<Self> {
        if prefix.starts_with(&snoop::MAGIC) {
            return Some(Self::Snoop);
        }
        let magic = *prefix.first_chunk()?;
        if magic == SECTION_HEADER.to_be_bytes() {
            return Some(Self::Pcapng);
        }
        pcap::Variant::of(magic).map(Self::Pcap)
    }
}

/// What a file that is no capture seems to be, and the way out: the end of a sentence.
pub(crate) fn describe(prefix: &[u8]) -> String {
    if prefix.is_empty() {
        return "is empty".into();
    }
    let shown: Vec<String> =
        prefix.iter().take(SHOWN_BYTES).map(|byte| format!("{byte:02x}")).collect();
    let begins = format!("begins with {}", shown.join(" "));
    let is_it = |(magic, ..): &&(&[u8], _, _)| prefix.starts_with(magic);
    if let Some((_, what, hint)) = FOREIGN.iter().find(is_it) {
        return format!("{begins}, as {what}; hint: {hint}");
    }
    let text = first_words(prefix).map(|words| format!(", as text: `{words}`"));
    let hint = "pcap, pcapng and snoop files are read, also as gzip, zstd or lz4";
    format!("{begins}{}; hint: {hint}", text.unwrap_or_default())
}

/// How a file of text begins, if it seems to be one.
fn first_words(prefix: &[u8]) -> Option<String> {
    let line = prefix.split(|byte| matches!(byte, b'\r' | b'\n')).next()?;
    let line = line.get(..SHOWN_TEXT).unwrap_or(line);
    let is_text = |byte: &u8| byte.is_ascii_graphic() || *byte == b' ';
    let is_line = line.len() >= SHOWN_TEXT_LEAST && line.iter().all(is_text);
    is_line.then(|| String::from_utf8_lossy(line).into_owned())
}

/// First bytes, what begins so, and what to do with it.
const FOREIGN: &[(&[u8], &str, &str)] = &[
    (b"\x1f\x8b", "a gzip file", UNPACK),
    (b"\x28\xb5\x2f\xfd", "a zstd file", UNPACK),
    (b"\x04\x22\x4d\x18", "an lz4 file", UNPACK),
    (b"\x02\x21\x4c\x18", "an lz4 file of the legacy format", UNPACK),
    (b"\xfd7zXZ\0", "an xz file", UNPACK),
    (b"BZh", "a bzip2 file", UNPACK),
    (b"\x1f\x9d", "a file of `compress`", UNPACK),
    (b"PK\x03\x04", "a zip archive", UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", UNPACK),
    (b"GMBU", "a Network Monitor capture", CONVERT),
    (b"RTSS", "a Network Monitor capture", CONVERT),
    (b"TRSNIFF data", "a Sniffer capture", CONVERT),
    (b"XCP\0", "a NetXRay capture", CONVERT),
    (b"\x1c\x00\x01\xac", "an IXIA capture", CONVERT),
    (b"PAR1", "a Parquet file", OTHER),
    (b"ARROW1", "an Arrow file", OTHER),
    (b"SQLite format 3", "an SQLite database", OTHER),
    (b"%PDF", "a PDF document", OTHER),
    (b"\x7fELF", "a program", OTHER),
    (b"#!", "a script", OTHER),
    (b"<", "HTML or XML text, such as an error page in place of a download", OTHER),
    (b"{", "JSON text", OTHER),
];
const UNPACK: &str = "unpack it first; gzip, zstd and lz4 are read as they are, in one layer";
const CONVERT: &str = "convert it first: `editcap -F pcapng IN OUT`";
const OTHER: &str = "name the capture instead";
const SHOWN_BYTES: usize = 8;
const SHOWN_TEXT: usize = 24;
const SHOWN_TEXT_LEAST: usize = 4;
