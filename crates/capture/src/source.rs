//! Where frames come from.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use crate::{Block, Facts, ReadError};

/// Something that can be opened as a capture.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Input {
    /// A file, a named pipe, or anything else with a path.
    File(PathBuf),
    /// Standard input.
    Stdin,
    /// Bytes in memory.
    Bytes(Arc<[u8]>),
}

/// The path, or `standard input` or `bytes in memory`.
impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Stdin => f.write_str("standard input"),
            Self::Bytes(_) => f.write_str("bytes in memory"),
        }
    }
}

/// Frames in blocks, in the order of the input.
pub trait Source: Send {
    /// Fills `block`, which is cleared first, with the next frames; `false` when there are none.
    ///
    /// A block holds as many frames as [`Limits`](crate::Limits) let it, whatever the sizes in
    /// which the input hands over its bytes. After an error there are no more frames.
    fn read(&mut self, block: &mut Block) -> Result<bool, ReadError>;

    /// What is known of the input so far; complete when `read` has said that there is no more.
    fn facts(&self) -> &Facts;
}
