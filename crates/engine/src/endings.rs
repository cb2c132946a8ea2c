//! The endings of names of captures.

use std::path::Path;

use flowloom_schema::Compression;

/// Whether a name ends as names of captures do, a compression's ending put aside: also that of one
/// which is not undone, so that whoever opens the file is told.
pub fn looks_like_capture(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let ending = path.extension().unwrap_or_default();
    let is_foreign = FOREIGN.iter().any(|foreign| ending.eq_ignore_ascii_case(foreign));
    let name = if is_foreign { &name[..name.len() - ending.len() - 1] } else { &name };
    split_endings(name).1.format > 0
}

/// Bytes of the endings of a file's name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Endings {
    pub(crate) format: usize,
    pub(crate) compression: usize,
}

/// A file's name without the endings of captures and of compressions, and how long those are.
pub(crate) fn split_endings(name: &str) -> (&str, Endings) {
    let ends_in = |name: &str, endings: &[&str]| {
        let end_of = |ending: &&str| name.get(name.len().checked_sub(ending.len())?..);
        let is_end =
            |ending: &&&str| end_of(ending).is_some_and(|e| e.eq_ignore_ascii_case(ending));
        endings.iter().find(is_end).map_or(0, |ending| ending.len())
    };
    let compression = match Compression::of_name(Path::new(name)) {
        Compression::None => 0,
        compression => compression.ending().len() + 1,
    };
    let plain = &name[..name.len() - compression];
    // tcpdump -C and -G number files: trace.pcap1, trace.pcap02.
    let unnumbered = plain.trim_end_matches(|c: char| c.is_ascii_digit());
    match ends_in(unnumbered, &ENDINGS) {
        0 => (plain, Endings { format: 0, compression }),
        ending => {
            let format = ending + plain.len() - unnumbered.len();
            (&plain[..plain.len() - format], Endings { format, compression })
        }
    }
}

/// Of formats of captures.
pub(crate) const ENDINGS: [&str; 6] = [".pcap", ".pcapng", ".cap", ".ntar", ".snoop", ".dmp"];
/// Of compressions that are not undone.
const FOREIGN: [&str; 2] = ["xz", "bz2"];

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Endings, looks_like_capture, split_endings};

    #[test]
    fn captures_are_known_by_their_endings() {
        for name in
            ["a.pcap", "a.PCAPNG", "a.cap.gz", "x.pcap03", "a.pcap.zst", "b.snoop", "a.pcap.XZ"]
        {
            assert!(looks_like_capture(Path::new(name)), "{name}");
        }
        for name in ["a.txt", "pcap", "a.xz", "a.json.gz", "a.facts.tsv", "é"] {
            assert!(!looks_like_capture(Path::new(name)), "{name}");
        }
    }

    #[test]
    fn endings_come_off() {
        let cases = [
            ("a.pcap", "a", 5, 0),
            ("a.b.PCAPNG.GZ", "a.b", 7, 3),
            ("x.pcap03.zst", "x", 7, 4),
            ("2024.pcap", "2024", 5, 0),
            ("7", "7", 0, 0),
            ("a.gz", "a", 0, 3),
        ];
        for (name, stem, format, compression) in cases {
            assert_eq!(split_endings(name), (stem, Endings { format, compression }), "{name}");
        }
    }
}
