//! Frames of a capture, read again: one by one at places that a flow tells, or many in one reading.

use std::fs::File;
use std::io;
use std::path::Path;

use flowloom_capture::{Block, Capture, Frame, Input, Limits, ReadError, Source, Span};
use flowloom_schema::{Compression, LinkType, Timestamp};

use super::original::{Layout, Original};

/// A frame with its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredFrame {
    /// When it was captured.
    pub time: Timestamp,
    /// What it begins with.
    pub link: LinkType,
    /// Bytes it had on the wire.
    pub original: u32,
    /// The bytes that were captured.
    pub bytes: Vec<u8>,
}

/// A plain capture whose frames are read at the places that the column `frame_offsets` tells.
#[derive(Debug)]
pub struct FrameFile {
    name: String,
    original: Original,
    /// The header of the file, if it has one for all records.
    header: Span,
}

impl FrameFile {
    /// Opens a capture. One of pcapng is read once, for what it says of its interfaces.
    pub fn open(path: &Path) -> Result<Self, ReadError> {
        let name = path.display().to_string();
        let failed = |cause| ReadError::Open { input: name.clone(), cause };
        let mut capture = Capture::open(&Input::File(path.to_owned()), Limits::default())?;
        if capture.facts().compression != Compression::None {
            let text = "its frames cannot be read one by one, because it is compressed";
            return Err(failed(io::Error::other(text)));
        }
        let file = File::open(path).map_err(failed)?;
        let mut original = Original::open(file, Limits::default()).map_err(failed)?;
        let len = match original.layout() {
            Layout::Pcap(_) => PCAP_HEADER_LEN,
            Layout::Snoop => SNOOP_HEADER_LEN,
            Layout::Pcapng => {
                let mut block = Block::default();
                while capture.read(&mut block)? {}
                original.note(&capture.facts().interfaces).map_err(failed)?;
                0
            }
        };
        Ok(Self { original, header: Span { offset: 0, len }, name })
    }

    /// The frame whose record begins at an offset.
    pub fn frame(&mut self, offset: u64) -> Result<StoredFrame, ReadError> {
        let failed = |cause| ReadError::Open { input: self.name.clone(), cause };
        let (record, section) = self
            .original
            .record(offset)
            .map(|record| (record.bytes.to_vec(), record.section))
            .map_err(failed)?;
        let mut bytes = self.original.span(self.header).map_err(failed)?;
        if let Some(section) = self.original.section(section) {
            bytes.extend(self.original.span(section.header).map_err(failed)?);
            for interface in &section.interfaces {
                bytes.extend(self.original.span(interface.at).map_err(failed)?);
            }
        }
        bytes.extend(record);
        // Alone behind its headers, the record is a capture of one frame.
        let reader = Box::new(io::Cursor::new(bytes));
        let mut capture = Capture::from_reader(self.name.clone(), reader, Limits::default())?;
        let mut block = Block::default();
        capture.read(&mut block)?;
        let frame = block.frames.first().copied();
        let frame = frame.ok_or_else(|| failed(io::Error::other("there is no frame there")))?;
        Ok(stored(&block, &frame))
    }
}

/// The frames of these numbers, which rise, from one reading of a capture of any kind.
pub fn stored_frames(input: &Input, numbers: &[u64]) -> Result<Vec<StoredFrame>, ReadError> {
    let mut capture = Capture::open(input, Limits::default())?;
    let mut block = Block::default();
    let mut found = Vec::with_capacity(numbers.len());
    let mut wanted = numbers.iter().copied().peekable();
    while wanted.peek().is_some() && capture.read(&mut block)? {
        let end = block.first + block.frames.len() as u64;
        while let Some(number) = wanted.next_if(|number| *number < end) {
            let place = number.checked_sub(block.first).and_then(|at| usize::try_from(at).ok());
            if let Some(frame) = place.and_then(|at| block.frames.get(at)) {
                found.push(stored(&block, frame));
            }
        }
    }
    Ok(found)
}

fn stored(block: &Block, frame: &Frame) -> StoredFrame {
    let Frame { time, link, original, .. } = *frame;
    StoredFrame { time, link, original, bytes: block.data(frame).to_vec() }
}

const PCAP_HEADER_LEN: u32 = 24;
const SNOOP_HEADER_LEN: u32 = 16;
