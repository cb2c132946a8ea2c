//! Readers: the same frames whatever the sizes of blocks and of reads, and frames inside blocks.

use std::io::{self, Cursor, Read, Write};

use flowloom_capture::{Block, Capture, Facts, Frame, Limits, Source};
use flowloom_schema::LinkType;

/// A pcap file, of any byte order and resolution.
pub fn pcap(data: &[u8]) {
    const MAGICS: [[u8; 4]; 4] = [
        [0xd4, 0xc3, 0xb2, 0xa1],
        [0xa1, 0xb2, 0xc3, 0xd4],
        [0x4d, 0x3c, 0xb2, 0xa1],
        [0x34, 0xcd, 0xb2, 0xa1],
    ];
    read(data);
    if let Some((choice, rest)) = data.split_first() {
        let magic = MAGICS[usize::from(*choice) % MAGICS.len()];
        read(&[&magic[..], rest].concat());
    }
}

/// A pcapng file.
pub fn pcapng(data: &[u8]) {
    if data.starts_with(&[0x0a, 0x0d, 0x0d, 0x0a]) {
        read(data);
    } else {
        // A section header without options, then any blocks.
        let mut bytes =
            vec![0x0a, 0x0d, 0x0d, 0x0a, 28, 0, 0, 0, 0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0];
        bytes.extend([0xff; 8]);
        bytes.extend([28, 0, 0, 0]);
        bytes.extend(data);
        read(&bytes);
    }
}

/// A snoop file.
pub fn snoop(data: &[u8]) {
    if data.starts_with(b"snoop\0") {
        read(data);
    } else {
        read(&[b"snoop\0\0\0\0\0\0\x02\0\0\0\x04", data].concat());
    }
}

/// A compressed capture: the first byte says by what. Below 128, what follows is a stream; from 128
/// on it is compressed, and one byte of the stream is changed.
pub fn compressed(data: &[u8]) {
    let Some(([choice, place @ .., change], rest)) = data.split_first_chunk::<4>() else { return };
    let kind = usize::from(*choice) % MAGICS.len();
    let mut stream = if *choice < 128 {
        [MAGICS[kind], rest].concat()
    } else {
        match kind {
            0 => gzip(rest),
            1 => zstd::encode_all(rest, 1),
            _ => lz4(rest),
        }
        .expect("memory can be written to")
    };
    if *choice >= 128 {
        let place = usize::from(u16::from_le_bytes(*place)) % stream.len();
        stream[place] ^= change;
    }
    read(&stream);
}

fn gzip(data: &[u8]) -> io::Result<Vec<u8>> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    writer.write_all(data)?;
    writer.finish()
}

fn lz4(data: &[u8]) -> io::Result<Vec<u8>> {
    let mut writer = lz4_flex::frame::FrameEncoder::new(Vec::new());
    writer.write_all(data)?;
    Ok(writer.finish()?)
}

/// Reads a capture twice, in large and in small pieces.
fn read(data: &[u8]) {
    let large = Limits { record_bytes_max: 1 << 20, ..Limits::default() };
    let small = Limits { block_frames: 3, block_bytes: 100, ..large };
    let whole = frames(Cursor::new(data.to_vec()), large);
    let pieces = frames(Dribble { bytes: data.to_vec(), at: 0, size: 1 }, small);
    assert_eq!(whole, pieces, "large blocks and small ones");
}

type Frames = Result<(Vec<(Frame, Vec<u8>)>, Facts), String>;

/// All frames with their bytes, and what the capture says of itself; `start` is set to 0.
fn frames(reader: impl Read + Send + 'static, limits: Limits) -> Frames {
    let mut capture =
        Capture::from_reader("any", Box::new(reader), limits).map_err(|why| why.to_string())?;
    let mut block = Block::default();
    let mut frames = Vec::new();
    while capture.read(&mut block).map_err(|why| why.to_string())? {
        assert!(!block.frames.is_empty() && block.frames.len() <= limits.block_frames);
        assert_eq!(block.first, frames.len() as u64 + 1);
        for frame in &block.frames {
            let end = u64::from(frame.start) + u64::from(frame.captured);
            assert!(end <= block.bytes.len() as u64, "a frame is inside its block");
            let interfaces = &capture.facts().interfaces;
            assert_eq!(interfaces[usize::from(frame.interface)].link, frame.link);
            frames.push((Frame { start: 0, ..*frame }, block.data(frame).to_vec()));
        }
    }
    assert!(!capture.read(&mut block).map_err(|why| why.to_string())?, "the end is the end");
    // How far was read ahead of damage depends on the sizes.
    Ok((frames, Facts { bytes_read: 0, ..capture.facts().clone() }))
}

/// Link type, length on the wire and bytes of the first frames of a capture.
pub(crate) fn first_frames(data: &[u8], count: usize) -> Vec<(LinkType, u32, Vec<u8>)> {
    let frames = frames(Cursor::new(data.to_vec()), Limits::default()).unwrap_or_default().0;
    let first = frames.into_iter().take(count);
    first.map(|(frame, bytes)| (frame.link, frame.original, bytes)).collect()
}

/// Hands over its bytes in pieces of 1, 2, 3 ... bytes.
struct Dribble {
    bytes: Vec<u8>,
    at: usize,
    size: usize,
}

impl Read for Dribble {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let rest = &self.bytes[self.at..];
        let len = self.size.min(rest.len()).min(buffer.len());
        buffer[..len].copy_from_slice(&rest[..len]);
        self.at += len;
        self.size += 1;
        Ok(len)
    }
}

/// What streams of gzip, zstd and lz4 begin with.
const MAGICS: [&[u8]; 3] = [&[0x1f, 0x8b, 8], &[0x28, 0xb5, 0x2f, 0xfd], &[0x04, 0x22, 0x4d, 0x18]];
