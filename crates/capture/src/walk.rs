//! What the readers of all formats have in common: they walk over the records in a block.

use crate::block::{Frame, OptionsAt};
use crate::notebook::Notebook;

/// A block that is being filled.
#[derive(Debug)]
pub(crate) struct Filling<'a> {
    /// What was read so far.
    pub(crate) bytes: &'a [u8],
    /// Where the next record begins in `bytes`.
    pub(crate) at: usize,
    /// The frames before it.
    pub(crate) frames: &'a mut Vec<Frame>,
    /// Where the options of those frames are that have some.
    pub(crate) options: &'a mut Vec<OptionsAt>,
    /// Those of them that are in simple packet blocks, by where they begin.
    pub(crate) simple: &'a mut Vec<u32>,
    /// Timestamps of frames that say more than their times.
    pub(crate) ticks: &'a mut Vec<(u32, u64)>,
    /// Number of the block's first frame.
    pub(crate) first: u64,
    /// Where `bytes` begins in the input.
    pub(crate) offset: u64,
    /// What is known besides.
    pub(crate) notebook: &'a mut Notebook,
}

/// Why a walk stopped at [`Filling::at`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The block has all the frames it may have.
    Full,
    /// The next record has at least that many bytes, more than there are.
    Needs(usize),
    /// The next record is impossible, for that reason.
    Damaged(String),
}

impl<'a> Filling<'a> {
    /// What comes next.
    #[inline]
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    pub(crate) fn is_full(&self) -> bool {
        self.frames.len() >= self.notebook.limits.block_frames
    }

    /// Number of the frame that is read next.
    pub(crate) fn next_frame(&self) -> u64 {
        self.first + self.frames.len() as u64
    }

    /// Notes something odd about the next record.
    pub(crate) fn warn(&mut self, text: String) {
        self.notebook.warn(self.next_frame(), self.offset + self.at as u64, text);
    }
}

/// Why a frame cannot have that many bytes.
pub(crate) fn too_long(captured: u32, frame_bytes_max: u32) -> Stop {
    Stop::Damaged(format!(
        "the record claims {captured} captured bytes, more than the {frame_bytes_max} a frame can have"
    ))
}
