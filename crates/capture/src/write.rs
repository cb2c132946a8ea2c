//! Frames to captures: pcap and pcapng.
//!
//! [`Encoder`] turns frames into bytes and is all that must be kept of a file in order to go on
//! with it later; [`CaptureWriter`] is one with its output. What a frame's file said of it stays as
//! it was: time at the resolution of its interface, original length, interface, comments, flags.

mod error;
mod pcap;
mod pcapng;

use std::io::Write;

use flowloom_schema::Timestamp;

pub use error::WriteError;

use crate::block::Block;
use crate::clock::Resolution;
use crate::facts::Facts;
use crate::options::FrameOptions;

/// A format in which captures are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum WriteFormat {
    /// The classic format of libpcap: one link type, no comments, no interfaces.
    Pcap,
    /// The next generation.
    #[default]
    Pcapng,
}

/// How a capture is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WriteSettings {
    /// The format.
    pub format: WriteFormat,
    /// What a tick of all timestamps is; none for that of each interface (in pcap, microseconds
    /// or nanoseconds, as the first needs). Times between two ticks become the earlier one.
    pub resolution: Option<Resolution>,
    /// How much is written of what an input says besides its frames.
    pub scope: Scope,
}

/// How much a pcapng file says of what is known besides its frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// All: the output stands for the whole input.
    #[default]
    Whole,
    /// All but the counts of the capturing program, which are true of the whole input only.
    Part,
    /// Interfaces that frames are of, and neither names nor secrets: for files so many that
    /// repeating it all would be more than the frames.
    Few,
}

/// A frame to be written.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// When it was captured.
    pub time: Timestamp,
    /// The same in ticks of its interface, if that says more: beyond the year 2262, or between
    /// two nanoseconds.
    pub ticks: Option<u64>,
    /// Bytes it had on the wire.
    pub original: u32,
    /// The bytes that were captured.
    pub data: &'a [u8],
    /// Index of its interface in the interfaces of the facts that are given with it.
    pub interface: u16,
    /// What else is said of it.
    pub options: FrameOptions<'a>,
    /// A comment besides those.
    pub comment: Option<&'a str>,
}

impl Block {
    /// A frame as it is to be written, by its index in `frames`.
    pub fn record(&self, frame: usize) -> Option<Record<'_>> {
        let (options, ticks) = (self.options(frame), self.ticks(frame));
        let frame = self.frames.get(frame)?;
        Some(Record {
            time: frame.time,
            ticks,
            original: frame.original,
            data: self.data(frame),
            interface: frame.interface,
            options,
            comment: None,
        })
    }
}

/// Turns frames into the bytes of a capture, headers before the first.
///
/// All frames of one encoder are of one input, or of inputs that are read as one, so that their
/// interfaces are numbered alike.
#[derive(Clone, Debug)]
pub struct Encoder {
    format: FormatEncoder,
}

#[derive(Clone, Debug)]
enum FormatEncoder {
    Pcap(pcap::Encoder),
    Pcapng(Box<pcapng::Encoder>),
}

impl Encoder {
    /// One that has not written anything.
    pub fn new(settings: WriteSettings) -> Self {
        let format = match settings.format {
            WriteFormat::Pcap => FormatEncoder::Pcap(pcap::Encoder::new(settings.resolution)),
            WriteFormat::Pcapng => FormatEncoder::Pcapng(Box::new(pcapng::Encoder::new(settings))),
        };
        Self { format }
    }

    /// Appends a frame to `out`, and before it what must come first: headers, interfaces, names.
    /// `facts` are those of its input, as known by now. After an error, `out` is as it was before.
    pub fn frame(
        &mut self,
        facts: &Facts,
        record: &Record<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), WriteError> {
        match &mut self.format {
            FormatEncoder::Pcap(pcap) => pcap.frame(facts, record, out),
            FormatEncoder::Pcapng(pcapng) => pcapng.frame(facts, record, out),
        }
    }

    /// Appends what comes after the last frame: counts of interfaces; and the headers of a capture
    /// without frames.
    pub fn finish(&mut self, facts: &Facts, out: &mut Vec<u8>) -> Result<(), WriteError> {
        match &mut self.format {
            FormatEncoder::Pcap(pcap) => pcap.finish(facts, out),
            FormatEncoder::Pcapng(pcapng) => {
                pcapng.finish(facts, out);
                Ok(())
            }
        }
    }
}

/// A capture on its way to an output.
#[derive(Debug)]
pub struct CaptureWriter<W> {
    encoder: Encoder,
    out: W,
    waiting: Vec<u8>,
    /// That were handed to the output.
    bytes: u64,
}

impl<W: Write> CaptureWriter<W> {
    /// A capture that begins. Writes nothing before the first frame.
    pub fn new(out: W, settings: WriteSettings) -> Self {
        Self { encoder: Encoder::new(settings), out, waiting: Vec::new(), bytes: 0 }
    }

    /// Writes a frame; `facts` are those of its input, as known by now.
    pub fn write(&mut self, facts: &Facts, record: &Record<'_>) -> Result<(), WriteError> {
        self.encoder.frame(facts, record, &mut self.waiting)?;
        if self.waiting.len() >= BUFFER_BYTES { self.pass_on() } else { Ok(()) }
    }

    /// Bytes of the capture so far.
    pub fn bytes(&self) -> u64 {
        self.bytes + self.waiting.len() as u64
    }

    /// The output; what it was not handed yet waits here.
    pub fn out_mut(&mut self) -> &mut W {
        &mut self.out
    }

    /// Hands what was written to the output.
    pub fn pass_on(&mut self) -> Result<(), WriteError> {
        self.out.write_all(&self.waiting).map_err(WriteError::Io)?;
        self.bytes += self.waiting.len() as u64;
        self.waiting.clear();
        Ok(())
    }

    /// Writes what comes after the last frame, and gives back the output.
    pub fn finish(mut self, facts: &Facts) -> Result<W, WriteError> {
        self.encoder.finish(facts, &mut self.waiting)?;
        self.pass_on()?;
        Ok(self.out)
    }
}

/// Enough that a call of the output costs little.
const BUFFER_BYTES: usize = 64 << 10;

#[cfg(test)]
mod tests;
