//! Captures to frames: pcap, pcapng and snoop files, compressed or not, from a file or a pipe.
//!
//! All inputs fill [`Block`]s: one buffer of raw bytes, and where the frames in it are. A block is
//! filled again when its frames are done with, so a run of any length uses a few of them.
//! What the frames hold is left to `wire`.

mod block;

pub use block::{Block, Frame};
