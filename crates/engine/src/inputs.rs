//! What the user named as captures, found: files, directories, globs, standard input.

use std::fs;
use std::path::{Path, PathBuf};

use flowloom_capture::Input;

use crate::ConfigError;

/// A capture to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputFile {
    /// Where it is.
    pub input: Input,
    /// What it is called in the output: as it was named; below a directory, relative to it.
    pub name: String,
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
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let compressions = [".gz", ".zst", ".lz4"];
    let plain = compressions.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(&name);
    // tcpdump -C and -G number files: trace.pcap1, trace.pcap02.
    let plain = plain.trim_end_matches(|c: char| c.is_ascii_digit());
    ENDINGS.iter().any(|ending| plain.ends_with(ending))
}

const ENDINGS: [&str; 6] = [".pcap", ".pcapng", ".cap", ".ntar", ".snoop", ".dmp"];

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::looks_like_capture;

    #[test]
    fn captures_are_known_by_their_endings() {
        for name in ["a.pcap", "a.PCAPNG", "a.cap.gz", "x.pcap03", "a.pcap.zst", "b.snoop"] {
            assert!(looks_like_capture(Path::new(name)), "{name}");
        }
        for name in ["a.txt", "pcap", "a.json.gz", "a.facts.tsv"] {
            assert!(!looks_like_capture(Path::new(name)), "{name}");
        }
    }
}
