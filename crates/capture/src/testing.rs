//! Captures for tests, written byte by byte, and reading them whole.

use std::io::{self, Cursor, Read};

use flowloom_schema::{LinkType, Timestamp};

use crate::{Block, Capture, Facts, Limits, ReadError, Source};

/// A frame with its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) time: i64,
    pub(crate) original: u32,
    pub(crate) link: LinkType,
    pub(crate) interface: u16,
    pub(crate) data: Vec<u8>,
}

/// A frame of an Ethernet capture.
pub(crate) fn frame(time: i64, original: u32, data: &[u8]) -> Seen {
    Seen { time, original, link: LinkType::ETHERNET, interface: 0, data: data.to_vec() }
}

/// All frames of a source, and what the reading ended with. Checks what holds for every block.
pub(crate) fn drain(source: &mut dyn Source) -> (Vec<Seen>, Result<(), ReadError>) {
    let mut frames = Vec::new();
    let mut block = Block::default();
    loop {
        match source.read(&mut block) {
            Ok(false) => return (frames, Ok(())),
            Err(cause) => return (frames, Err(cause)),
            Ok(true) => {}
        }
        assert_eq!(block.first, frames.len() as u64 + 1);
        assert!(!block.frames.is_empty());
        for frame in &block.frames {
            let data = block.data(frame);
            assert_eq!(data.len(), frame.captured as usize, "a frame is inside its block");
            frames.push(Seen {
                time: frame.time.0,
                original: frame.original,
                link: frame.link,
                interface: frame.interface,
                data: data.to_vec(),
            });
        }
    }
}

pub(crate) fn open(bytes: &[u8], limits: Limits) -> Result<Capture, ReadError> {
    Capture::from_reader("test", Box::new(Cursor::new(bytes.to_vec())), limits)
}

/// Frames and facts of a capture that can be opened and read.
pub(crate) fn read_with(bytes: &[u8], limits: Limits) -> (Vec<Seen>, Facts) {
    let mut capture = open(bytes, limits).unwrap();
    let (frames, end) = drain(&mut capture);
    end.unwrap();
    (frames, capture.facts().clone())
}

pub(crate) fn read(bytes: &[u8]) -> (Vec<Seen>, Facts) {
    read_with(bytes, Limits::default())
}

/// Frames of a capture that must be whole.
pub(crate) fn read_whole(bytes: &[u8]) -> Vec<Seen> {
    let (frames, facts) = read(bytes);
    assert_eq!(facts.damage, None);
    frames
}

/// Hands over at most `step` bytes at a time, then an error if there is one.
pub(crate) struct Slow {
    pub(crate) bytes: Cursor<Vec<u8>>,
    pub(crate) step: usize,
    pub(crate) error: Option<io::ErrorKind>,
}

impl Read for Slow {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let len = buffer.len().min(self.step);
        let read = self.bytes.read(&mut buffer[..len])?;
        match self.error {
            Some(kind) if read == 0 && len > 0 => Err(kind.into()),
            _ => Ok(read),
        }
    }
}

/// Writes integers in a byte order.
#[derive(Clone, Debug)]
pub(crate) struct Writer {
    pub(crate) bytes: Vec<u8>,
    pub(crate) big: bool,
}

impl Writer {
    pub(crate) fn new(big: bool) -> Self {
        Self { bytes: Vec::new(), big }
    }

    pub(crate) fn u16(mut self, value: u16) -> Self {
        let bytes = if self.big { value.to_be_bytes() } else { value.to_le_bytes() };
        self.bytes.extend(bytes);
        self
    }

    pub(crate) fn u32(mut self, value: u32) -> Self {
        let bytes = if self.big { value.to_be_bytes() } else { value.to_le_bytes() };
        self.bytes.extend(bytes);
        self
    }

    pub(crate) fn u64(mut self, value: u64) -> Self {
        let bytes = if self.big { value.to_be_bytes() } else { value.to_le_bytes() };
        self.bytes.extend(bytes);
        self
    }

    pub(crate) fn raw(mut self, bytes: &[u8]) -> Self {
        self.bytes.extend(bytes);
        self
    }

    pub(crate) fn padded(self, bytes: &[u8]) -> Self {
        let zeros = bytes.len().next_multiple_of(4) - bytes.len();
        self.raw(bytes).raw(&[0; 4][..zeros])
    }

    /// A pcapng option, or a record of a name resolution block.
    pub(crate) fn option(self, code: u16, value: &[u8]) -> Self {
        self.u16(code).u16(value.len() as u16).padded(value)
    }
}

pub(crate) const MICROS: u32 = 0xa1b2_c3d4;
pub(crate) const NANOS: u32 = 0xa1b2_3c4d;
pub(crate) const MODIFIED: u32 = 0xa1b2_cd34;

/// The file header of a pcap.
pub(crate) fn pcap_header(big: bool, magic: u32, version: (u16, u16), link: u32) -> Vec<u8> {
    let header = Writer::new(big).u32(magic).u16(version.0).u16(version.1);
    header.u32(0).u32(0).u32(65_535).u32(link).bytes
}

/// A record of a pcap, with whole seconds and ticks of the file's resolution.
pub(crate) fn pcap_record(big: bool, time: (u32, u32), original: u32, data: &[u8]) -> Vec<u8> {
    let record = Writer::new(big).u32(time.0).u32(time.1);
    record.u32(data.len() as u32).u32(original).raw(data).bytes
}

/// A little-endian pcap of Ethernet frames, in nanoseconds.
pub(crate) fn pcap(frames: &[Seen]) -> Vec<u8> {
    let mut bytes = pcap_header(false, NANOS, (2, 4), 1);
    for frame in frames {
        let seconds = (frame.time / 1_000_000_000) as u32;
        let nanos = (frame.time % 1_000_000_000) as u32;
        bytes.extend(pcap_record(false, (seconds, nanos), frame.original, &frame.data));
    }
    bytes
}

/// A pcapng block.
pub(crate) fn block(big: bool, kind: u32, body: &[u8]) -> Vec<u8> {
    let len = body.len() as u32 + 12;
    Writer::new(big).u32(kind).u32(len).raw(body).u32(len).bytes
}

pub(crate) fn section(big: bool, options: &[u8]) -> Vec<u8> {
    let body = Writer::new(big).u32(0x1a2b_3c4d).u16(1).u16(0).u64(u64::MAX).raw(options);
    block(big, 0x0a0d_0d0a, &body.bytes)
}

pub(crate) fn interface(big: bool, link: u16, snap_len: u32, options: &[u8]) -> Vec<u8> {
    let body = Writer::new(big).u16(link).u16(0).u32(snap_len).raw(options);
    block(big, 1, &body.bytes)
}

pub(crate) fn enhanced(
    big: bool,
    interface: u32,
    ticks: u64,
    original: u32,
    data: &[u8],
    options: &[u8],
) -> Vec<u8> {
    let body = Writer::new(big).u32(interface).u32((ticks >> 32) as u32).u32(ticks as u32);
    let body = body.u32(data.len() as u32).u32(original).padded(data).raw(options);
    block(big, 6, &body.bytes)
}

/// The same capture as [`pcap`] makes, as pcapng.
pub(crate) fn pcapng(frames: &[Seen]) -> Vec<u8> {
    let nanoseconds = Writer::new(false).option(9, &[9]).option(0, &[]);
    let mut bytes = section(false, &[]);
    bytes.extend(interface(false, 1, 65_535, &nanoseconds.bytes));
    for frame in frames {
        bytes.extend(enhanced(false, 0, frame.time as u64, frame.original, &frame.data, &[]));
    }
    bytes
}

/// A snoop file.
pub(crate) fn snoop(link: u32, frames: &[Seen]) -> Vec<u8> {
    let mut bytes = Writer::new(true).raw(b"snoop\0\0\0").u32(2).u32(link).bytes;
    for frame in frames {
        let padded = frame.data.len().next_multiple_of(4) as u32;
        let time = Timestamp(frame.time).0;
        let record = Writer::new(true).u32(frame.original).u32(frame.data.len() as u32);
        let record = record.u32(24 + padded).u32(0).u32((time / 1_000_000_000) as u32);
        let record = record.u32((time % 1_000_000_000 / 1_000) as u32).padded(&frame.data);
        bytes.extend(record.bytes);
    }
    bytes
}

/// A few frames of various lengths; times are whole microseconds.
pub(crate) fn sample(count: usize) -> Vec<Seen> {
    (0..count)
        .map(|i| {
            let data: Vec<u8> = (0..i * 7 % 61).map(|byte| (byte * 3 + i) as u8).collect();
            frame(1_700_000_000_000_000_000 + i as i64 * 1_000_001_000, 60 + i as u32, &data)
        })
        .collect()
}
