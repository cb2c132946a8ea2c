//! A buffer of captured bytes and the frames in it.

use flowloom_schema::{LinkType, Timestamp};

/// Some consecutive frames of an input.
#[derive(Clone, Debug, Default)]
pub struct Block {
    /// Number of the first frame in the input, counted from 1.
    pub first: u64,
    /// The frames, in the order of the input.
    pub frames: Vec<Frame>,
    /// What was read: the frames' bytes, with the record headers of the format between them.
    pub bytes: Vec<u8>,
}

/// One captured frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// When it was captured.
    pub time: Timestamp,
    /// Where its first byte is in the block's `bytes`.
    pub start: u32,
    /// Bytes that were captured.
    pub captured: u32,
    /// Bytes it had on the wire; never less than `captured`.
    pub original: u32,
    /// What it begins with.
    pub link: LinkType,
    /// Index of its interface in the capture's interfaces.
    pub interface: u16,
}

impl Block {
    /// The captured bytes of a frame of this block.
    #[inline]
    pub fn data(&self, frame: &Frame) -> &[u8] {
        let start = frame.start as usize;
        self.bytes.get(start..start + frame.captured as usize).unwrap_or(&[])
    }

    /// Empties the block, keeping its memory.
    pub fn clear(&mut self) {
        self.frames.clear();
        self.bytes.clear();
    }
}
