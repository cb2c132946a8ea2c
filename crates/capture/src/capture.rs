//! One capture: opened, told apart by its first bytes, and read block by block.

use std::fs::File;
use std::io::{self, IsTerminal, Read, Write};
use std::sync::Arc;

use flowloom_schema::Compression;

use crate::block::Block;
use crate::buffer::Buffer;
use crate::error::ReadError;
use crate::facts::{Facts, Format, Warning};
use crate::limits::Limits;
use crate::notebook::Notebook;
use crate::pcap::{self, Pcap};
use crate::pcapng::{self, Pcapng};
use crate::signature::{self, Signature};
use crate::snoop::{self, Snoop};
use crate::source::{Input, Source};
use crate::stream::{Fill, Stream};
use crate::walk::{Filling, Stop};

/// A capture that is being read.
///
/// A damaged or cut one gives all frames before the first record that is impossible, and then
/// says in [`Facts::damage`] where and why it ended. If reading itself fails, the frames read
/// until then come first, and [`ReadError::Read`] from the call after them.
pub struct Capture {
    stream: Stream,
    reader: Reader,
    notebook: Notebook,
    /// Read, but not yet walked over.
    tail: Buffer,
    /// Where `tail` begins in the uncompressed input.
    offset: u64,
    /// Number of the next frame.
    next: u64,
    /// Bytes of a record, as lately seen.
    record_bytes: usize,
    state: State,
}

/// A reader of the records of a format.
#[derive(Debug)]
enum Reader {
    Pcap(Pcap),
    Pcapng(Pcapng),
    Snoop(Snoop),
    /// Of a file whose header, of that length, is cut: there are no records.
    Nothing(usize),
}

#[derive(Debug)]
enum State {
    Reading,
    Failed(io::Error),
    Ended,
}

impl Capture {
    /// Opens a capture.
    pub fn open(input: &Input, limits: Limits) -> Result<Self, ReadError> {
        let name = input.to_string();
        match input {
            Input::Stdin if io::stdin().is_terminal() => Err(ReadError::Terminal),
            Input::Stdin => Self::from_reader(name, Box::new(io::stdin()), limits),
            Input::Bytes(bytes) => {
                let mut capture =
                    Self::from_reader(name, Box::new(io::Cursor::new(Arc::clone(bytes))), limits)?;
                capture.notebook.facts.size = Some(bytes.len() as u64);
                Ok(capture)
            }
            Input::File(path) => {
                let opened = File::open(path).and_then(|file| Ok((file.metadata()?, file)));
                let (metadata, file) =
                    opened.map_err(|cause| ReadError::Open { input: name.clone(), cause })?;
                if metadata.is_dir() {
                    return Err(ReadError::Directory { input: name });
                }
                let mut capture = Self::from_reader(name, Box::new(file), limits)?;
                capture.notebook.facts.size = metadata.is_file().then_some(metadata.len());
                Ok(capture)
            }
        }
    }

    /// Reads a capture from a reader; `input` is what messages call it.
    pub fn from_reader(
        input: impl Into<String>,
        reader: Box<dyn Read + Send>,
        limits: Limits,
    ) -> Result<Self, ReadError> {
        Self::from_stream(input.into(), Stream::new(reader), limits)
    }

    /// The same, which writes down in `copy` what it reads, uncompressed.
    pub fn copying(
        input: impl Into<String>,
        reader: Box<dyn Read + Send>,
        limits: Limits,
        copy: Box<dyn Write + Send>,
    ) -> Result<Self, ReadError> {
        let stream = Stream::new(reader).map(|stream| stream.copied_to(copy));
        Self::from_stream(input.into(), stream, limits)
    }

    fn from_stream(
        input: String,
        stream: io::Result<Stream>,
        limits: Limits,
    ) -> Result<Self, ReadError> {
        let stream = stream.map_err(|cause| ReadError::Open { input: input.clone(), cause })?;
        let mut capture = Self {
            stream,
            reader: Reader::Nothing(pcap::HEADER_LEN),
            notebook: Notebook::new(input, limits.honoured()),
            tail: Buffer::default(),
            offset: 0,
            next: 1,
            record_bytes: RECORD_BYTES_GUESS,
            state: State::Reading,
        };
        capture.begin()?;
        Ok(capture)
    }

    /// Closes the file of `input`, which this one reads, until the next block is read. A pipe and
    /// a compressed file stay open.
    pub(crate) fn close(&mut self, input: &Input) {
        if let (State::Reading, Input::File(path), Some(_)) =
            (&self.state, input, self.notebook.facts.size)
        {
            self.stream.close(path);
        }
    }

    /// Reads the file header.
    fn begin(&mut self) -> Result<(), ReadError> {
        let fill = self.stream.fill(&mut self.tail, pcap::HEADER_LEN);
        self.notebook.facts.compression = self.stream.compression();
        self.notebook.facts.bytes_read = self.stream.bytes_read();
        if let Fill::Failed(cause) | Fill::Damaged(cause) = fill {
            let input = self.notebook.input.clone();
            return Err(ReadError::Open { input, cause });
        }
        let Some(signature) = Signature::of(&self.tail) else {
            return Err(self.no_capture());
        };
        let limits = self.notebook.limits;
        let (header_len, format) = match signature {
            Signature::Pcap(variant) => (pcap::HEADER_LEN, variant.format),
            Signature::Pcapng => (0, Format::Pcapng),
            Signature::Snoop => (snoop::HEADER_LEN, Format::Snoop),
        };
        self.notebook.facts.format = format;
        let (reader, interface) = match signature {
            Signature::Pcap(variant) => match self.tail.first_chunk() {
                Some(header) => {
                    let (pcap, interface) = Pcap::open(variant, header, &mut self.notebook);
                    (Reader::Pcap(pcap), Some(interface))
                }
                None => (Reader::Nothing(header_len), None),
            },
            Signature::Snoop => match self.tail.first_chunk() {
                Some(header) => {
                    let (snoop, interface) =
                        Snoop::open(header, &limits).map_err(|found| self.not_a_capture(found))?;
                    (Reader::Snoop(snoop), Some(interface))
                }
                None => (Reader::Nothing(header_len), None),
            },
            Signature::Pcapng => (Reader::Pcapng(Pcapng::new()), None),
        };
        self.reader = reader;
        if let Some(interface) = interface {
            self.notebook.interface(interface);
            self.tail.forget_first(header_len);
            self.offset = header_len as u64;
        }
        Ok(())
    }

    fn no_capture(&self) -> ReadError {
        let compression = self.stream.compression();
        let is_plain = compression == Compression::None;
        if is_plain && self.tail.is_empty() {
            return ReadError::Empty { input: self.notebook.input.clone() };
        }
        let what = signature::describe(&self.tail);
        self.not_a_capture(if is_plain {
            format!("it {what}")
        } else {
            format!("it is a {} file, whose content {what}", compression.name())
        })
    }

    fn not_a_capture(&self, found: String) -> ReadError {
        ReadError::NotACapture { input: self.notebook.input.clone(), found }
    }

    /// Walks over records and reads more of them until the block is as full as it may be.
    fn fill(&mut self, block: &mut Block) {
        let limits = self.notebook.limits;
        let mut at = 0;
        loop {
            let mut filling = Filling {
                bytes: &block.bytes,
                at,
                frames: &mut block.frames,
                options: &mut block.options,
                simple: &mut block.records.simple,
                ticks: &mut block.ticks,
                first: block.first,
                offset: self.offset,
                notebook: &mut self.notebook,
            };
            let stop = match &mut self.reader {
                Reader::Pcap(pcap) => pcap.walk(&mut filling),
                Reader::Pcapng(pcapng) => pcapng.walk(&mut filling),
                Reader::Snoop(snoop) => snoop.walk(&mut filling),
                Reader::Nothing(header_len) => Stop::Needs(*header_len),
            };
            at = filling.at;
            let record_len = match stop {
                Stop::Full => break,
                Stop::Damaged(reason) => {
                    self.end_damaged(block, at, reason);
                    break;
                }
                Stop::Needs(len) => len,
            };
            if at > 0 && at + record_len > limits.block_bytes {
                if !block.frames.is_empty() {
                    break;
                }
                // Nothing but notes so far.
                block.bytes.forget_first(at);
                self.offset += at as u64;
                at = 0;
            }
            let wanted = self.wanted(block, at, record_len);
            match self.stream.fill(&mut block.bytes, wanted) {
                Fill::Some => {}
                Fill::End => {
                    self.end(block, at, record_len);
                    break;
                }
                Fill::Damaged(cause) => {
                    self.end_damaged(block, at, cause.to_string());
                    break;
                }
                Fill::Failed(cause) => {
                    self.state = State::Failed(cause);
                    break;
                }
            }
        }
        self.tail.extend_from_slice(block.bytes.get(at..).unwrap_or_default());
        block.bytes.truncate(at);
        block.records.base = Some(self.offset);
        block.records.header_len = match &self.reader {
            Reader::Pcap(pcap) => pcap.record_header_len as u32,
            Reader::Pcapng(_) => pcapng::PACKET_HEADER_LEN,
            Reader::Snoop(_) => snoop::RECORD_HEADER_LEN as u32,
            Reader::Nothing(_) => 0,
        };
        self.offset += at as u64;
    }

    /// Bytes to read now: as many as the frames that are missing will need, so that little is
    /// carried over to the next block; at least the next record, at most the block's limit.
    fn wanted(&mut self, block: &Block, at: usize, record_len: usize) -> usize {
        let limits = self.notebook.limits;
        if let Some(record_bytes) = at.checked_div(block.frames.len()) {
            self.record_bytes = record_bytes + record_bytes / 16 + 1;
        }
        let missing = limits.block_frames - block.frames.len();
        let estimate = missing.saturating_mul(self.record_bytes).max(READ_BYTES_MIN);
        let end = at.saturating_add(estimate).min(limits.block_bytes).max(at + record_len);
        end - block.bytes.len()
    }

    /// The stream has ended, and so have the records, unless the last is cut.
    fn end(&mut self, block: &Block, at: usize, record_len: usize) {
        let left = block.bytes.len() - at;
        if left > 0 {
            let what = match self.reader {
                Reader::Nothing(_) => "the file header",
                _ => "the record",
            };
            let reason =
                format!("the input is cut: {what} needs {record_len} bytes, {left} are left");
            self.end_damaged(block, at, reason);
        } else {
            self.state = State::Ended;
        }
    }

    fn end_damaged(&mut self, block: &Block, at: usize, text: String) {
        self.notebook.facts.damage = Some(Warning {
            input: self.notebook.input.clone(),
            frame: block.first + block.frames.len() as u64,
            offset: self.offset + at as u64,
            text,
        });
        self.state = State::Ended;
    }
}

impl Source for Capture {
    fn read(&mut self, block: &mut Block) -> Result<bool, ReadError> {
        block.clear();
        block.first = self.next;
        match std::mem::replace(&mut self.state, State::Ended) {
            State::Reading => self.state = State::Reading,
            State::Ended => return Ok(false),
            State::Failed(cause) => return Err(self.failed(cause)),
        }
        block.frames.reserve(self.notebook.limits.block_frames.min(FRAMES_RESERVED_MAX));
        block.bytes.extend_from_slice(&self.tail);
        self.tail.clear();
        self.fill(block);
        if matches!(self.state, State::Ended) {
            self.stream.end();
        }
        self.notebook.facts.bytes_read = self.stream.bytes_read();
        self.next += block.frames.len() as u64;
        if !block.frames.is_empty() {
            return Ok(true);
        }
        match std::mem::replace(&mut self.state, State::Ended) {
            State::Failed(cause) => Err(self.failed(cause)),
            _ => Ok(false),
        }
    }

    fn facts(&self) -> &Facts {
        &self.notebook.facts
    }
}

impl Capture {
    fn failed(&self, cause: io::Error) -> ReadError {
        ReadError::Read { input: self.notebook.input.clone(), frame: self.next, cause }
    }
}

/// Of a record, before one was seen.
const RECORD_BYTES_GUESS: usize = 128;
/// Smaller reads cost more than they spare.
const READ_BYTES_MIN: usize = 16 << 10;
const FRAMES_RESERVED_MAX: usize = 1 << 16;

#[cfg(test)]
mod tests;
