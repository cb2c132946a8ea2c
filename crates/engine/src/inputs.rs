//! What the user named as captures, found: files, directories, globs, standard input.

use std::fs;
use std::path::{Path, PathBuf};

use flowloom_capture::{Compression, Input};

use crate::labels::LabelValues;
use crate::{Config, ConfigError};

/// A capture to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputFile {
    /// Where it is.
    pub input: Input,
    /// What it is called in the output: as it was named; below a directory, relative to it.
    pub name: String,
}

/// Captures that are read as one input.
#[derive(Clone, Debug)]
pub(crate) struct Reading<'i> {
    /// What it is called in the output.
    pub(crate) name: String,
    /// Its files: one, or the pieces of a rotated capture.
    pub(crate) files: &'i [InputFile],
    /// What is known of it, in the order of the labels' names.
    pub(crate) labels: LabelValues,
}

impl<'i> Reading<'i> {
    /// Captures that are read as one.
    pub(crate) fn together(files: &'i [InputFile]) -> Self {
        let name = match files {
            [] => String::new(),
            [only] => only.name.clone(),
            [first, more @ ..] => format!("{} and {} more", first.name, more.len()),
        };
        Self { name, files, labels: LabelValues::new() }
    }

    /// What a run has to read: each capture by itself, or all as one.
    pub(crate) fn all(config: &'i Config) -> Result<Vec<Self>, ConfigError> {
        let files = &config.inputs;
        if config.rotated && !files.is_empty() {
            let labels = config.labels.of_all(files)?;
            return Ok(vec![Self { labels, ..Self::together(files) }]);
        }
        let each = files.iter().zip(files.chunks(1)).enumerate();
        Ok(each
            .map(|(i, (file, files))| Self {
                name: file.name.clone(),
                files,
                labels: config.labels.of(i),
            })
            .collect())
    }

    /// What one of its files is called in the output, where messages of the reader have its path:
    /// results do not depend on where captures are.
    pub(crate) fn name_of(&self, input: &str) -> String {
        let is_it = |file: &&InputFile| {
            matches!(file.input, Input::File(_)) && file.input.to_string() == input
        };
        self.files.iter().find(is_it).map_or(input, |file| &file.name).to_owned()
    }
}

/// Finds the captures that `names` stand for: files, `-`, directories with all that is below them
/// and looks like a capture by its name, and globs the shell has left alone.
pub fn find_inputs(names: &[String]) -> Result<Vec<InputFile>, ConfigError> {
    let mut found = Vec::new();
    for name in names {
        let path = Path::new(name);
        if name == "-" {
            found.push(InputFile { input: Input::Stdin, name: "-".into() });
        } else if path.is_dir() {
            let before = found.len();
            below(path, path, &mut found)?;
            if found.len() == before {
                let text = format!(
                    "no capture in the directory {name}; looked for names that end in {}",
                    ENDINGS.join(" ")
                );
                return Err(ConfigError(text));
            }
        } else if !path.exists() && name.contains(['*', '?', '[']) {
            matching(name, &mut found)?;
        } else {
            found.push(file(path, path));
        }
    }
    Ok(found)
}

fn below(root: &Path, directory: &Path, found: &mut Vec<InputFile>) -> Result<(), ConfigError> {
    let failed = |error| ConfigError(format!("cannot list {}: {error}", directory.display()));
    let entries = fs::read_dir(directory).map_err(failed)?;
    let mut paths = Vec::new();
    for entry in entries {
        paths.push(entry.map_err(failed)?.path());
    }
    paths.sort();
    for path in paths {
        // A link to a directory could lead back here.
        let is_link = path.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink());
        if path.is_dir() && !is_link {
            below(root, &path, found)?;
        } else if path.is_file() && looks_like_capture(&path) {
            found.push(file(&path, path.strip_prefix(root).unwrap_or(&path)));
        }
    }
    Ok(())
}

fn matching(pattern: &str, found: &mut Vec<InputFile>) -> Result<(), ConfigError> {
    let paths = glob::glob(pattern)
        .map_err(|error| ConfigError(format!("`{pattern}` is not a pattern: {error}")))?;
    let before = found.len();
    for path in paths {
        let path = path.map_err(|error| ConfigError(error.to_string()))?;
        if path.is_file() {
            found.push(file(&path, &path));
        }
    }
    if found.len() == before {
        return Err(ConfigError(format!("no file matches `{pattern}`")));
    }
    Ok(())
}

fn file(path: &Path, name: &Path) -> InputFile {
    let input = Input::File(PathBuf::from(path));
    InputFile { input, name: name.to_string_lossy().into_owned() }
}

/// Whether a name ends as names of captures do, a compression's ending put aside.
fn looks_like_capture(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    split_endings(&name).1.format > 0
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
    let compression = ends_in(name, &COMPRESSIONS);
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

/// The compression that the end of a name stands for.
pub(crate) fn compression_of(path: &Path) -> Compression {
    let ending = path.extension().unwrap_or_default().to_ascii_lowercase();
    match ending.to_str() {
        Some("gz") => Compression::Gzip,
        Some("zst") => Compression::Zstd,
        Some("lz4") => Compression::Lz4,
        _ => Compression::None,
    }
}

const ENDINGS: [&str; 6] = [".pcap", ".pcapng", ".cap", ".ntar", ".snoop", ".dmp"];
const COMPRESSIONS: [&str; 3] = [".gz", ".zst", ".lz4"];

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Endings, looks_like_capture, split_endings};

    #[test]
    fn captures_are_known_by_their_endings() {
        for name in ["a.pcap", "a.PCAPNG", "a.cap.gz", "x.pcap03", "a.pcap.zst", "b.snoop"] {
            assert!(looks_like_capture(Path::new(name)), "{name}");
        }
        for name in ["a.txt", "pcap", "a.json.gz", "a.facts.tsv", "é"] {
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
