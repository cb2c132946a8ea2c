//! What the user named as captures, found: files, directories, globs, standard input.

use std::collections::HashSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

use flowloom_capture::Input;

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
    find_each(names).map(|found| found.into_iter().flatten().collect())
}

/// The same, those of each name apart.
pub fn find_each(names: &[String]) -> Result<Vec<Vec<InputFile>>, ConfigError> {
    let titles = titles(names);
    let titles = titles.iter().map(PathBuf::as_path);
    names.iter().zip(titles).map(|(name, title)| find(name, title)).collect()
}

/// What the names of captures below each directory begin with: nothing if there is one directory, else
/// as much of the end of its name as tells them apart.
fn titles(names: &[String]) -> Vec<PathBuf> {
    let directory = |name: &String| {
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
fn find(name: &String, title: &Path) -> Result<Vec<InputFile>, ConfigError> {
    let mut found = Vec::new();
    let path = Path::new(name);
    if name == "-" {
        found.push(InputFile { input: Input::Stdin, name: "-".into() });
    } else if path.is_dir() {
        let before = found.len();
        below((path, title), path, &mut found)?;
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
    Ok(found)
}

fn below(
    (root, title): (&Path, &Path),
    directory: &Path,
    found: &mut Vec<InputFile>,
) -> Result<(), ConfigError> {
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
            below((root, title), &path, found)?;
        } else if path.is_file() && looks_like_capture(&path) {
            found.push(file(&path, &title.join(path.strip_prefix(root).unwrap_or(&path))));
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
