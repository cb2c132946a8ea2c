//! Where and why decoding stopped. Small and `Copy`: bad packets come by the million.

use std::fmt;

use crate::Layer;

/// Which layer could not be read, at which byte of the frame, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecodeError {
    /// The layer whose header is at fault.
    pub layer: Layer,
    /// Why.
    pub reason: Reason,
    /// Byte offset in the frame at which that layer begins; past the captured bytes if the frame
    /// was cut before it.
    pub offset: u32,
}

/// Why a header could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The frame, or the layer around it, ends inside the header.
    Truncated,
    /// A length field contradicts the header or what is around it.
    BadLength,
    /// A version field has a value the layer does not have.
    BadVersion,
    /// A limit was reached: headers nested deeper than we follow.
    TooDeep,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = match self.reason {
            Reason::Truncated => "the header is cut short",
            Reason::BadLength => "a length field contradicts the bytes around it",
            Reason::BadVersion => "the version is not one this layer has",
            Reason::TooDeep => "headers are nested deeper than the limit",
        };
        write!(f, "{} at byte {}: {why}", self.layer.name(), self.offset)
    }
}

impl std::error::Error for DecodeError {}
