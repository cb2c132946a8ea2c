//! A directory that a run makes for its files: it goes again if nothing came to be in it.

use std::fs;
use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};

use flowloom_export::SinkError;

/// Removes, when it is dropped, a directory that was not there before and is empty.
#[derive(Debug)]
pub(crate) struct NewDirectory(Option<PathBuf>);

impl NewDirectory {
    /// For a directory that is about to be made.
    pub(crate) fn at(path: &Path) -> Self {
        Self((!path.exists()).then(|| path.to_owned()))
    }
}

impl Drop for NewDirectory {
    fn drop(&mut self) {
        // One that has files stays.
        if let Some(path) = &self.0 {
            drop(fs::remove_dir(path));
        }
    }
}

/// Refuses a file in the place of a directory.
pub(crate) fn check_no_file(path: &Path) -> Result<(), SinkError> {
    if path.exists() && !path.is_dir() {
        let source = Error::new(ErrorKind::NotADirectory, "it is a file; a directory is needed");
        return Err(SinkError::Create { path: path.to_owned(), source });
    }
    Ok(())
}
