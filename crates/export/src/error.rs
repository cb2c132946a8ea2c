//! Why an output failed, for the person at the keyboard.

use std::error::Error;
use std::fmt;
use std::io::{self, ErrorKind};
use std::path::PathBuf;

use crate::Destination;

/// Why an output failed.
#[derive(Debug)]
#[non_exhaustive]
pub enum SinkError {
    /// Whoever read our standard output has closed it, as `head` does. No mistake of anyone.
    ReaderGone,
    /// The output could not be created.
    Create {
        /// The file asked for.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Bytes could not be written.
    Write {
        /// Where to.
        to: Destination,
        /// What the system said.
        source: io::Error,
    },
    /// The finished file could not be given its name.
    Rename {
        /// The name.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another failure, of a run that had finished files before.
    After {
        /// How many files have their names, and are whole.
        files: u64,
        /// The failure.
        source: Box<SinkError>,
    },
    /// Rows set aside for sorting, or what flows said, could not be written or read back.
    Spill {
        /// The directory of the temporary files.
        directory: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The format has no place for what is in a column.
    Column {
        /// Its name.
        column: String,
        /// What does not fit.
        reason: String,
    },
    /// A batch is not what the columns promised. A mistake in flowloom.
    Batch {
        /// What does not fit.
        reason: String,
    },
}

impl SinkError {
    /// Writing failed; a reader that left is told from a real failure.
    pub fn write(to: &Destination, source: io::Error) -> Self {
        if source.kind() == ErrorKind::BrokenPipe {
            return Self::ReaderGone;
        }
        Self::Write { to: to.clone(), source }
    }

    /// The failure of a run that has finished so many files, which stay.
    #[must_use]
    pub fn after(self, files: u64) -> Self {
        match self {
            Self::ReaderGone | Self::After { .. } => self,
            error if files == 0 => error,
            error => Self::After { files, source: Box::new(error) },
        }
    }

    /// An encoder failed: because of the system, if there is such an error inside.
    pub(crate) fn encode(to: &Destination, error: Box<dyn Error + Send + Sync + 'static>) -> Self {
        match system_error(error) {
            Ok(source) => Self::write(to, source),
            Err(reason) => Self::Batch { reason },
        }
    }

    /// The same for files of rows set aside.
    pub(crate) fn spill(directory: PathBuf, error: Box<dyn Error + Send + Sync + 'static>) -> Self {
        match system_error(error) {
            Ok(source) => Self::Spill { directory, source },
            Err(reason) => Self::Batch { reason },
        }
    }
}

impl fmt::Display for SinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ReaderGone => f.write_str("the reader of standard output has closed it"),
            Self::Create { path, source } => {
                if is_there(source) {
                    let hint = way_out(source);
                    return write!(
                        f,
                        "cannot create {}: it is there already{hint}",
                        path.display()
                    );
                }
                write!(f, "cannot create {}: {source}", path.display())?;
                f.write_str(way_out(source))
            }
            Self::Write { to, source } => {
                write!(f, "cannot write to {to}: {source}")?;
                f.write_str(way_out(source))
            }
            Self::Rename { path, source } => {
                write!(f, "cannot name the finished file {}: {source}", path.display())?;
                f.write_str(way_out(source))
            }
            Self::After { files: 1, source } => {
                write!(f, "{source}\n  1 file was finished before: it is whole, and stays")
            }
            Self::After { files, source } => {
                write!(
                    f,
                    "{source}\n  {files} files were finished before: they are whole, and stay"
                )
            }
            Self::Spill { directory, source } => {
                let directory = directory.display();
                write!(f, "cannot set data aside in {directory}: {source}")?;
                f.write_str(way_out(source))
            }
            Self::Column { column, reason } => {
                write!(f, "the column {column} cannot be written: {reason}")
            }
            Self::Batch { reason } => write!(f, "a batch does not fit its columns: {reason}"),
        }
    }
}

impl Error for SinkError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::ReaderGone | Self::Column { .. } | Self::Batch { .. } => None,
            Self::After { source, .. } => Some(source),
            Self::Create { source, .. }
            | Self::Write { source, .. }
            | Self::Rename { source, .. }
            | Self::Spill { source, .. } => Some(source),
        }
    }
}

/// Whether that is all there is to say, and not in words of our own, which name their way out.
fn is_there(error: &io::Error) -> bool {
    error.kind() == ErrorKind::AlreadyExists && error.get_ref().is_none()
}

fn way_out(error: &io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::AlreadyExists if !is_there(error) => "",
        ErrorKind::NotFound => "; hint: create its directory first",
        ErrorKind::PermissionDenied => "; hint: choose a directory you may write in",
        ErrorKind::ReadOnlyFilesystem => "; hint: choose a place that is not read-only",
        ErrorKind::AlreadyExists => "; hint: name another file, or replace it with --force",
        ErrorKind::IsADirectory => "; hint: name a file in it",
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            "; hint: free some space, or choose another disk"
        }
        _ => "",
    }
}

/// The error of the system behind an encoder's, or what the encoder itself objects to.
///
/// Arrow and Parquet wrap what a writer returns in errors of their own, some of them twice.
fn system_error(error: Box<dyn Error + Send + Sync + 'static>) -> Result<io::Error, String> {
    use ::parquet::errors::ParquetError;
    use arrow_schema::ArrowError;
    let error = match error.downcast::<ArrowError>() {
        Ok(arrow) => match *arrow {
            ArrowError::IoError(_, source) => return Ok(source),
            ArrowError::ExternalError(inner) => return system_error(inner),
            other => return Err(other.to_string()),
        },
        Err(error) => error,
    };
    let error = match error.downcast::<ParquetError>() {
        Ok(parquet) => match *parquet {
            ParquetError::External(inner) => return system_error(inner),
            other => return Err(other.to_string()),
        },
        Err(error) => error,
    };
    error.downcast::<io::Error>().map(|e| *e).map_err(|e| e.to_string())
}
