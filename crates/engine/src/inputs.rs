//! What the user named as captures, found: files, directories, globs, standard input.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::str::Utf8Chunk;

use flowloom_capture::Input;
use glob::{MatchOptions, Pattern};

use crate::endings::{ENDINGS, looks_like_capture};
use crate::labels::LabelValues;
use crate::{Config, ConfigError};

/// A capture to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputFile {
    /// Where it is.
    pub input: Input,
    /// What it is called in the output: as it was named; below a directory, relative to it, and where
    /// several directories were named, after the name of its own.
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
    /// Whether the same file was read before.
    pub(crate) is_again: bool,
}

impl<'i> Reading<'i> {
    /// Captures that are read as one.
    pub(crate) fn together(files: &'i [InputFile]) -> Self {
        let name = match files {
            [] => String::new(),
            [only] => only.name.clone(),
            [first, more @ ..] => format!("{} and {} more", first.name, more.len()),
        };
        Self { name, files, labels: LabelValues::new(), is_again: false }
    }

    /// What a run has to read: each capture by itself, or all as one.
    pub(crate) fn all(config: &'i Config) -> Result<Vec<Self>, ConfigError> {
        let files = &config.inputs;
        if config.rotated && !files.is_empty() {
            let labels = config.labels.of_all(files)?;
            return Ok(vec![Self { labels, ..Self::together(files) }]);
        }
        let mut seen = HashSet::new();
        let each = files.iter().zip(files.chunks(1)).enumerate();
        Ok(each
            .map(|(i, (file, files))| Self {
                name: file.name.clone(),
                files,
                labels: config.labels.of(i),
                is_again: matches!(file.input, Input::File(_)) && !seen.insert(&file.input),
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
pub fn find_inputs(names: &[impl AsRef<OsStr>]) -> Result<Vec<InputFile>, ConfigError> {
    find_each(names).map(|found| found.into_iter().flatten().collect())
}

/// The same, those of each name apart.
pub fn find_each(names: &[impl AsRef<OsStr>]) -> Result<Vec<Vec<InputFile>>, ConfigError> {
    let names = names.iter().map(AsRef::as_ref).collect::<Vec<_>>();
    if names.iter().filter(|name| **name == "-").count() > 1 {
        return Err(ConfigError("standard input can be read once: name `-` once".into()));
    }
    let titles = titles(&names);
    let titles = titles.iter().map(PathBuf::as_path);
    names.iter().zip(titles).map(|(name, title)| find(name, title)).collect()
}

/// What the names of captures below each directory begin with: nothing if there is one directory, else
/// as much of the end of its name as tells them apart.
fn titles(names: &[&OsStr]) -> Vec<PathBuf> {
    let directory = |name: &&OsStr| {
        let path = PathBuf::from(name);
        let is_named = path.file_name().is_some();
        path.is_dir().then(|| if is_named { path } else { path.canonicalize().unwrap_or(path) })
    };
    let directories = names.iter().map(directory).collect::<Vec<_>>();
    let different = directories.iter().flatten().collect::<HashSet<_>>();
    let depths = different.iter().map(|path| path.components().count());
    let depth = (usize::from(different.len() > 1)..=depths.max().unwrap_or(0)).find(|depth| {
        let titles = different.iter().map(|path| ending(path, *depth)).collect::<HashSet<_>>();
        titles.len() == different.len()
    });
    let title = |path: &PathBuf| ending(path, depth.unwrap_or(1));
    directories.iter().map(|path| path.as_ref().map(title).unwrap_or_default()).collect()
}

/// The last parts of a path, such as are names.
fn ending(path: &Path, parts: usize) -> PathBuf {
    let names = path.components().filter(|part| matches!(part, Component::Normal(_)));
    let names = names.collect::<Vec<_>>();
    names[names.len().saturating_sub(parts)..].iter().collect()
}

/// The captures that a name stands for; below a directory, they are called by its title, then their path.
fn find(name: &OsStr, title: &Path) -> Result<Vec<InputFile>, ConfigError> {
    let mut found = Vec::new();
    let path = Path::new(name);
    if name.is_empty() {
        return Err(ConfigError("a capture has no name: the name is empty".into()));
    }
    if name == "-" {
        found.push(InputFile { input: Input::Stdin, name: "-".into() });
    } else if path.is_dir() {
        let before = found.len();
        walk(path, &|_| true, &mut |below| {
            if looks_like_capture(below) {
                found.push(file(below, &title.join(below.strip_prefix(path).unwrap_or(below))));
            }
        })?;
        if found.len() == before {
            let text = format!(
                "no capture in the directory {}; looked for names that end in {}",
                path.display(),
                ENDINGS.join(" ")
            );
            return Err(ConfigError(text));
        }
    } else if let Some(pattern) = name.to_str().filter(|name| name.contains(WILD))
        && !path.exists()
    {
        matching(pattern, &mut found)?;
    } else {
        found.push(file(path, path));
    }
    Ok(found)
}

fn matching(pattern: &str, found: &mut Vec<InputFile>) -> Result<(), ConfigError> {
    // Without `//` and `/./`, which no path that is found has.
    let parts = Path::new(pattern).components().collect::<Vec<_>>();
    let whole = parts.iter().collect::<PathBuf>();
    let matches = Pattern::new(&whole.to_string_lossy())
        .map_err(|error| ConfigError(format!("`{pattern}` is not a pattern: {error}")))?;
    let is_plain = |part: &&Component<'_>| !part.as_os_str().to_string_lossy().contains(WILD);
    let root = parts.iter().take_while(is_plain).collect::<PathBuf>();
    let before = found.len();
    let options = MatchOptions { require_literal_separator: true, ..MatchOptions::new() };
    let enter = |directory: &Path| {
        let depth = directory.components().count();
        let above = parts.iter().take(depth).collect::<PathBuf>().to_string_lossy().into_owned();
        let is_above =
            |pattern: Pattern| pattern.matches_with(&directory.to_string_lossy(), options);
        above.contains("**") || depth < parts.len() && Pattern::new(&above).is_ok_and(is_above)
    };
    walk(&root, &enter, &mut |path| {
        if matches.matches_with(&path.to_string_lossy(), options) {
            found.push(file(path, path));
        }
    })?;
    if found.len() == before {
        return Err(ConfigError(format!("no file matches `{pattern}`")));
    }
    Ok(())
}

/// Files in a directory, and in those below it that are to be entered.
fn walk(
    directory: &Path,
    enter: &dyn Fn(&Path) -> bool,
    take: &mut dyn FnMut(&Path),
) -> Result<(), ConfigError> {
    let here = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
    let failed = |error| ConfigError(format!("cannot list {}: {error}", here.display()));
    let mut names = Vec::new();
    for entry in fs::read_dir(here).map_err(failed)? {
        names.push(entry.map_err(failed)?.file_name());
    }
    names.sort();
    for path in names.iter().map(|name| directory.join(name)) {
        if path.is_dir() {
            if enter(&path) && !leads_back(&path) {
                walk(&path, enter, take)?;
            }
        } else if may_be_read(&path) {
            take(&path);
        }
    }
    Ok(())
}

/// Whether it is a file, or a link to what is gone, which is told when it is opened; pipes are read when they
/// are named.
fn may_be_read(path: &Path) -> bool {
    path.is_file() || !path.exists()
}

/// Whether this is a link to a directory above it.
fn leads_back(path: &Path) -> bool {
    let is_link = path.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink());
    let Some(target) = is_link.then(|| path.canonicalize().ok()).flatten() else { return false };
    let above = |directory: &Path| {
        let here = Path::new(".");
        let named = if directory.as_os_str().is_empty() { here } else { directory };
        named.canonicalize().is_ok_and(|directory| directory == target)
    };
    path.ancestors().skip(1).any(above)
}

/// What makes a name a pattern.
const WILD: [char; 3] = ['*', '?', '['];

fn file(path: &Path, name: &Path) -> InputFile {
    InputFile { input: Input::File(PathBuf::from(path)), name: told(name) }
}

/// A name as text; bytes that are none in UTF-8 as in `\xff`, so that different names stay different.
fn told(name: &Path) -> String {
    let chunks = name.as_os_str().as_encoded_bytes().utf8_chunks();
    let told = |chunk: Utf8Chunk<'_>| {
        let bytes = chunk.invalid().iter().map(|byte| format!("\\x{byte:02x}"));
        chunk.valid().to_owned() + &bytes.collect::<String>()
    };
    chunks.map(told).collect()
}
