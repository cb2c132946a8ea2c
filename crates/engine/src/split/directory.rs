//! A directory that has its name only when all files in it are whole.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use flowloom_export::{Destination, SinkError};
use tempfile::TempDir;

use crate::new_directory::check_no_file;

/// A directory in the making. Dropped without [`Directory::finish`], nothing of it is left.
pub(crate) struct Directory {
    target: PathBuf,
    /// Whether there is a directory of that name, to which the files are added at the end.
    exists: bool,
    hidden: TempDir,
    /// Directories made below it.
    made: HashSet<PathBuf>,
}

impl Directory {
    /// Begins a directory. One that exists must be empty, or `force` says that files of the same
    /// names are to be replaced.
    pub(crate) fn create(target: &Path, force: bool) -> Result<Self, SinkError> {
        let failed = |source| SinkError::Create { path: target.to_owned(), source };
        check_no_file(target)?;
        let exists = match fs::read_dir(target) {
            Ok(mut entries) => {
                if !force && entries.next().is_some() {
                    let text = "it exists and is not empty; --force writes into it all the same";
                    return Err(failed(io::Error::new(ErrorKind::DirectoryNotEmpty, text)));
                }
                true
            }
            Err(error) if error.kind() == ErrorKind::NotFound => false,
            Err(error) => return Err(failed(error)),
        };
        let beside = if exists { target } else { parent(target) };
        let hidden = hidden(beside, target).map_err(failed)?;
        Ok(Self { target: target.to_owned(), exists, hidden, made: HashSet::new() })
    }

    /// A hidden directory beside a file, for what is to become the file.
    pub(crate) fn beside(file: &Path) -> Result<Self, SinkError> {
        let failed = |source| SinkError::Create { path: file.to_owned(), source };
        let hidden = hidden(parent(file), file).map_err(failed)?;
        let target = parent(file).to_owned();
        Ok(Self { target, exists: true, hidden, made: HashSet::new() })
    }

    /// Where files wait to be named, and temporary files may be made.
    pub(crate) fn path(&self) -> &Path {
        self.hidden.path()
    }

    /// Where a file will be.
    pub(crate) fn target(&self, name: &str) -> PathBuf {
        self.target.join(name)
    }

    /// Makes a file, and the directories its name has.
    pub(crate) fn file(&mut self, name: &str) -> Result<File, SinkError> {
        let path = self.hidden.path().join(name);
        let failed = |source| SinkError::Create { path: self.target.join(name), source };
        if let Some(parent) = path.parent()
            && name.contains('/')
            && !self.made.contains(parent)
        {
            fs::create_dir_all(parent).map_err(failed)?;
            self.made.insert(parent.to_owned());
        }
        File::create_new(&path).map_err(failed)
    }

    /// Gives the directory its name; with `partial` after it if the run was interrupted.
    pub(crate) fn finish(self, is_whole: bool) -> Result<PathBuf, SinkError> {
        let target = match (is_whole, self.exists) {
            (true, _) => self.target,
            (false, true) => self.target.join("partial"),
            (false, false) => {
                let mut name = self.target.file_name().unwrap_or_default().to_owned();
                name.push(".partial");
                self.target.with_file_name(name)
            }
        };
        let failed = |source| SinkError::Rename { path: target.clone(), source };
        readable(self.hidden.path()).map_err(failed)?;
        let hidden = self.hidden.keep();
        let moved = match (is_whole, self.exists) {
            (true, true) => add(&hidden, &target)
                .and_then(|()| fs::remove_dir_all(&hidden))
                .map(|()| target.clone()),
            (true, false) => fs::rename(&hidden, &target).map(|()| target.clone()),
            (false, _) => rename_beside(&hidden, &target),
        };
        moved.map_err(|source| {
            // There is nothing else to be done about what is left.
            drop(fs::remove_dir_all(&hidden));
            failed(source)
        })
    }
}

/// A temporary directory for something of a name.
fn hidden(parent: &Path, target: &Path) -> io::Result<TempDir> {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let prefix = format!(".{name}.");
    let hidden = tempfile::Builder::new().prefix(&prefix).suffix(".tmp").tempdir_in(parent);
    // What went wrong, without the name of a temporary directory that nobody asked for.
    hidden.map_err(|error| error.kind().into())
}

/// Why writing a file failed.
pub(crate) fn write_failed(path: PathBuf, source: io::Error) -> SinkError {
    SinkError::Write { to: Destination::File(path), source }
}

/// Temporary directories are for their owner alone; this one is to be as any other.
#[cfg(unix)]
fn readable(hidden: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    // A directory made in the usual way has the permissions that the user wants.
    let sample = hidden.join(".usual");
    fs::create_dir(&sample)?;
    let mode = fs::metadata(&sample)?.permissions().mode();
    fs::remove_dir(&sample)?;
    fs::set_permissions(hidden, fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn readable(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Renames a directory, with a number where an earlier interrupted run has left one of the name.
fn rename_beside(hidden: &Path, target: &Path) -> io::Result<PathBuf> {
    for number in 1..PARTIAL_MAX {
        let mut name = target.as_os_str().to_owned();
        if number > 1 {
            name.push(format!("-{number}"));
        }
        let name = PathBuf::from(name);
        match fs::rename(hidden, &name) {
            Err(error) if is_there(error.kind()) => {}
            result => return result.map(|()| name),
        }
    }
    Err(ErrorKind::AlreadyExists.into())
}

fn is_there(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::DirectoryNotEmpty | ErrorKind::AlreadyExists | ErrorKind::NotADirectory
    )
}

/// Moves what is in a directory into another, over files of the same names.
fn add(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            match fs::create_dir(&target) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                made => made?,
            }
            add(&entry.path(), &target)?;
        } else {
            fs::rename(entry.path(), target)?;
        }
    }
    Ok(())
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Directories of interrupted runs beside one another, at most.
const PARTIAL_MAX: u32 = 1_000;
