//! Captures made by tests: frames with their times, written as pcap or pcapng.

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use flowloom_capture::{Block, Capture, Limits, Source};

/// Frames of one link type.
#[derive(Clone, Debug)]
pub(crate) struct Frames {
    pub(crate) link: u16,
    pub(crate) frames: Vec<Frame>,
}

/// A frame as it was captured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    /// Nanoseconds since the epoch.
    pub(crate) time: i64,
    /// Bytes it had on the wire.
    pub(crate) original: u32,
    pub(crate) bytes: Vec<u8>,
}

impl Frames {
    /// Ethernet frames with their times in nanoseconds after [`BEGIN`].
    pub(crate) fn ethernet(frames: impl IntoIterator<Item = (i64, Vec<u8>)>) -> Self {
        let frames = frames.into_iter().map(|(time, bytes)| Frame {
            time: BEGIN + time,
            original: bytes.len() as u32,
            bytes,
        });
        Self { link: ETHERNET, frames: frames.collect() }
    }

    /// The frames of a capture; none if their link types differ or it has none.
    pub(crate) fn read(path: &Path) -> Option<Self> {
        let bytes = Box::new(Cursor::new(fs::read(path).unwrap()));
        let mut capture = Capture::from_reader("test", bytes, Limits::default()).ok()?;
        let mut block = Block::default();
        let (mut link, mut frames) = (None, Vec::new());
        while capture.read(&mut block).ok()? {
            for frame in &block.frames {
                if *link.get_or_insert(frame.link) != frame.link {
                    return None;
                }
                let bytes = block.data(frame).to_vec();
                frames.push(Frame { time: frame.time.0, original: frame.original, bytes });
            }
        }
        Some(Self { link: link?.0, frames })
    }

    /// A pcap file with nanoseconds, in little-endian order.
    pub(crate) fn pcap(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put32(&mut out, &[0xa1b2_3c4d, 4 << 16 | 2, 0, 0, 262_144, u32::from(self.link)]);
        for frame in &self.frames {
            let (seconds, nanos) = (frame.time / SECOND, frame.time % SECOND);
            let len = frame.bytes.len() as u32;
            put32(&mut out, &[seconds as u32, nanos as u32, len, frame.original]);
            out.extend(&frame.bytes);
        }
        out
    }

    /// A pcapng file of one section and one interface, with nanoseconds.
    pub(crate) fn pcapng(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put32(&mut out, &[0x0a0d_0d0a, 28, 0x1a2b_3c4d, 1, u32::MAX, u32::MAX, 28]);
        // Option 9 is if_tsresol: ten to the minus ninth; option 0 ends the options.
        put32(&mut out, &[1, 32, u32::from(self.link), 262_144, 1 << 16 | 9, 9, 0, 32]);
        for frame in &self.frames {
            let (time, len) = (frame.time as u64, frame.bytes.len() as u32);
            let padded = len.next_multiple_of(4);
            let (high, low) = ((time >> 32) as u32, time as u32);
            put32(&mut out, &[6, 32 + padded, 0, high, low, len, frame.original]);
            out.extend(&frame.bytes);
            out.resize(out.len() + (padded - len) as usize, 0);
            put32(&mut out, &[32 + padded]);
        }
        out
    }

    /// Writes a pcap file.
    pub(crate) fn write(&self, directory: &Path) -> PathBuf {
        let path = directory.join("made.pcap");
        fs::write(&path, self.pcap()).unwrap();
        path
    }
}

fn put32(out: &mut Vec<u8>, words: &[u32]) {
    out.extend(words.iter().flat_map(|word| word.to_le_bytes()));
}

pub(crate) const SECOND: i64 = 1_000_000_000;
/// 2023-11-14, 22:13:20 UTC.
pub(crate) const BEGIN: i64 = 1_700_000_000 * SECOND;
const ETHERNET: u16 = 1;
