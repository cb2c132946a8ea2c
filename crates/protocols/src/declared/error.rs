//! Why definitions were refused.

use std::fmt;

/// Why definitions were refused: the file, the line, and the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadError {
    file: Box<str>,
    line: u64,
    reason: Box<str>,
}

impl LoadError {
    pub(super) fn new(file: &str, line: u64, reason: impl Into<Box<str>>) -> Self {
        Self { file: file.into(), line, reason: reason.into() }
    }

    /// The file, as it was named.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The line, from 1; 0 if the file as a whole is wrong.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// What is wrong.
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(out, "{}: {}", self.file, self.reason),
            line => write!(out, "{}, line {line}: {}", self.file, self.reason),
        }
    }
}

impl std::error::Error for LoadError {}
