//! A buffer of captured bytes and the frames in it.

use flowloom_schema::{LinkType, Timestamp};

use crate::bytes::ByteOrder;
use crate::options::FrameOptions;

/// Some consecutive frames of an input.
#[derive(Clone, Debug, Default)]
pub struct Block {
    /// Number of the first frame in the input, counted from 1.
    pub first: u64,
    /// The frames, in the order of the input.
    pub frames: Vec<Frame>,
    /// What was read: the frames' bytes, with the record headers of the format between them.
    pub bytes: Vec<u8>,
    /// Where the options of frames are, of those few that have any.
    pub(crate) options: Vec<OptionsAt>,
    /// The index from which on frames are of which input, of several that are read as one.
    pub(crate) inputs: Vec<(u32, u32)>,
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

/// The options of a frame in the bytes of its block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OptionsAt {
    /// Index of the frame in its block.
    pub(crate) frame: u32,
    pub(crate) start: u32,
    pub(crate) len: u32,
    pub(crate) order: ByteOrder,
}

impl Block {
    /// The captured bytes of a frame of this block.
    #[inline]
    pub fn data(&self, frame: &Frame) -> &[u8] {
        let start = frame.start as usize;
        self.bytes.get(start..start + frame.captured as usize).unwrap_or(&[])
    }

    /// What the file says of a frame besides, by its index in `frames`: comments, flags.
    pub fn options(&self, frame: usize) -> FrameOptions<'_> {
        let at = self.options_at(frame);
        at.map_or_else(FrameOptions::default, |at| {
            let start = at.start as usize;
            let bytes = self.bytes.get(start..start + at.len as usize).unwrap_or(&[]);
            FrameOptions::new(at.order, bytes)
        })
    }

    /// Which of several inputs that are read as one a frame is of, counted from 0.
    pub fn input(&self, frame: usize) -> usize {
        let run = self.inputs.partition_point(|&(first, _)| first as usize <= frame);
        let run = run.checked_sub(1).and_then(|run| self.inputs.get(run));
        run.map_or(0, |&(_, input)| input as usize)
    }

    pub(crate) fn options_at(&self, frame: usize) -> Option<OptionsAt> {
        let found = self.options.binary_search_by_key(&frame, |at| at.frame as usize).ok()?;
        self.options.get(found).copied()
    }

    /// Empties the block, keeping its memory.
    pub fn clear(&mut self) {
        self.frames.clear();
        self.bytes.clear();
        self.options.clear();
        self.inputs.clear();
    }
}
