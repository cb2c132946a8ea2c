//! Why a capture cannot be opened, or not be read on.

use std::{error, fmt, io};

/// Why a capture cannot be opened, or not be read on. Damage is not an error: see
/// [`Facts::damage`](crate::Facts).
#[derive(Debug)]
pub enum ReadError {
    /// The operating system does not open it.
    Open {
        /// Path, or what the input is called.
        input: String,
        /// What the operating system says.
        cause: io::Error,
    },
    /// A path that is a directory.
    Directory {
        /// The path.
        input: String,
    },
    /// Standard input is a terminal, on which nobody types a capture.
    Terminal,
    /// No byte in it.
    Empty {
        /// Path, or what the input is called.
        input: String,
    },
    /// It begins like no capture.
    NotACapture {
        /// Path, or what the input is called.
        input: String,
        /// What it is instead, as far as we can tell, and the way out.
        found: String,
    },
    /// Reading failed on the way. All frames before it were delivered.
    Read {
        /// Path, or what the input is called.
        input: String,
        /// Number of the frame that could not be read.
        frame: u64,
        /// What the operating system says.
        cause: io::Error,
    },
}

impl ReadError {
    /// The same, with another name of the input.
    #[must_use]
    pub fn renamed(mut self, name: impl FnOnce(&str) -> String) -> Self {
        match &mut self {
            Self::Open { input, .. }
            | Self::Directory { input }
            | Self::Empty { input }
            | Self::NotACapture { input, .. }
            | Self::Read { input, .. } => *input = name(input),
            Self::Terminal => {}
        }
        self
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open { input, cause } => {
                write!(f, "cannot open {input}: {cause}")?;
                match cause.kind() {
                    io::ErrorKind::NotFound => {
                        f.write_str("; hint: check the path, or read standard input with `-`")
                    }
                    io::ErrorKind::PermissionDenied => {
                        f.write_str("; hint: read it as a user who may")
                    }
                    _ => Ok(()),
                }
            }
            Self::Directory { input } => {
                write!(f, "{input} is a directory; hint: name the captures in it")
            }
            Self::Terminal => f.write_str(
                "standard input is a terminal; hint: pipe a capture into it, or name a file",
            ),
            Self::Empty { input } => {
                write!(f, "{input} is empty: 0 bytes, not even the header of a capture")
            }
            Self::NotACapture { input, found } => write!(f, "{input} is not a capture: {found}"),
            Self::Read { input, frame, cause } => write!(f, "{input}, frame {frame}: {cause}"),
        }
    }
}

impl error::Error for ReadError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Open { cause, .. } | Self::Read { cause, .. } => Some(cause),
            _ => None,
        }
    }
}
