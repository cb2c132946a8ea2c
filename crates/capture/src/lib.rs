//! Captures to frames: pcap, pcapng and snoop files, compressed or not, from a file or a pipe.
//!
//! All inputs fill [`Block`]s: one buffer of raw bytes, and where the frames in it are. A block is
//! filled again when its frames are done with, so a run of any length uses a few of them.
//! What the frames hold is left to `wire`.

mod block;
mod buffer;
mod bytes;
mod capture;
mod clock;
mod error;
mod facts;
mod limits;
mod notebook;
mod options;
mod pcap;
mod pcapng;
mod rotated;
mod signature;
mod snoop;
mod source;
mod stream;
#[cfg(test)]
mod testing;
mod walk;
mod write;

pub use block::{Block, Frame};
pub use buffer::Buffer;
pub use capture::Capture;
pub use clock::Resolution;
pub use error::ReadError;
pub use facts::{
    Comment, Facts, Format, Interface, Name, Secret, Section, Span, Statistics, Warning,
};
pub use limits::Limits;
pub use options::{FrameOptions, RawOption};
pub use rotated::{Rotated, Sequence};
pub use source::{Input, Source};
pub use write::{CaptureWriter, Encoder, Record, Scope, WriteError, WriteFormat, WriteSettings};
