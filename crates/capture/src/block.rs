//! A buffer of captured bytes and the frames in it.

use flowloom_schema::{LinkType, Timestamp};

use crate::buffer::Buffer;
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
    pub bytes: Buffer,
    /// Where the options of frames are, of those few that have any.
    pub(crate) options: Vec<OptionsAt>,
    /// The timestamps of frames as the file has them, by index, of those that say more than `time`.
    pub(crate) ticks: Vec<(u32, u64)>,
    /// The index from which on frames are of which input, of several that are read as one.
    pub(crate) inputs: Vec<(u32, u32)>,
    /// Where the frames' records are.
    pub(crate) records: Records,
}

/// Where the records of a block's frames begin.
#[derive(Clone, Debug, Default)]
pub(crate) struct Records {
    /// Where the block's bytes begin in the (uncompressed) input; none if they are not all from
    /// one.
    pub(crate) base: Option<u64>,
    /// Bytes of a record before the frame's.
    pub(crate) header_len: u32,
    /// Where the frames begin that have only [`SIMPLE_HEADER_LEN`] bytes before them.
    pub(crate) simple: Vec<u32>,
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

    /// The timestamp of a frame as the file has it, if that says more than its `time`.
    pub(crate) fn ticks(&self, frame: usize) -> Option<u64> {
        let found = self.ticks.binary_search_by_key(&frame, |&(at, _)| at as usize).ok()?;
        self.ticks.get(found).map(|&(_, ticks)| ticks)
    }

    pub(crate) fn options_at(&self, frame: usize) -> Option<OptionsAt> {
        let found = self.options.binary_search_by_key(&frame, |at| at.frame as usize).ok()?;
        self.options.get(found).copied()
    }

    /// Where the record of a frame of this block begins in the (uncompressed) input; unknown where
    /// several captures are put together.
    #[inline]
    pub fn record_at(&self, frame: &Frame) -> Option<u64> {
        let Records { base, header_len, simple } = &self.records;
        let is_simple = !simple.is_empty() && simple.binary_search(&frame.start).is_ok();
        let header_len = if is_simple { SIMPLE_HEADER_LEN } else { *header_len };
        Some(base.as_ref()? + u64::from(frame.start) - u64::from(header_len))
    }

    /// Empties the block, keeping its memory.
    pub fn clear(&mut self) {
        self.frames.clear();
        self.bytes.clear();
        self.options.clear();
        self.ticks.clear();
        self.inputs.clear();
        self.records.base = None;
        self.records.simple.clear();
    }
}

/// Bytes of a simple packet block of pcapng before the frame's.
pub(crate) const SIMPLE_HEADER_LEN: u32 = 12;
