//! LZ4 frame format: frames one after the other, those among them that are to be skipped, too.
//!
//! `lz4_flex` reads a frame at a time, and takes a stream that is cut before the length of a block
//! for one that has ended. What it reads is watched, to tell one from the other.

use std::io::{self, BufRead, Read};

use lz4_flex::frame::{Error, FrameDecoder};

use super::cut;

/// The decompressed bytes of all frames.
pub(super) struct Lz4<R: Read> {
    decoder: FrameDecoder<Watched<R>>,
    /// Where the last whole frame ended.
    frame_end: u64,
}

struct Watched<R> {
    reader: R,
    bytes: u64,
    is_end: bool,
}

impl<R: BufRead> Lz4<R> {
    pub(super) fn new(reader: R) -> Self {
        let watched = Watched { reader, bytes: 0, is_end: false };
        Self { decoder: FrameDecoder::new(watched), frame_end: 0 }
    }
}

impl<R: BufRead> Read for Lz4<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            let result = self.decoder.read(buffer);
            let &Watched { bytes, is_end, .. } = self.decoder.get_ref();
            match result {
                Ok(0) if is_end && bytes == self.frame_end => return Ok(0),
                Ok(0) | Err(_) if is_end => return Err(cut("lz4")),
                Ok(0) => self.frame_end = bytes,
                Ok(len) => return Ok(len),
                Err(cause) if let Some(len) = skippable(&cause) => {
                    let watched = self.decoder.get_mut();
                    let skipped = io::copy(&mut watched.take(len.into()), &mut io::sink())?;
                    if skipped < len.into() {
                        return Err(cut("lz4"));
                    }
                    self.frame_end = watched.bytes;
                }
                Err(cause) => return Err(io::Error::new(cause.kind(), format!("lz4: {cause}"))),
            }
        }
    }
}

/// The length of a frame that is to be skipped, of which the header was read.
fn skippable(cause: &io::Error) -> Option<u32> {
    match cause.get_ref()?.downcast_ref()? {
        Error::SkippableFrame(len) => Some(*len),
        _ => None,
    }
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let len = self.reader.read(buffer)?;
        self.bytes += len as u64;
        self.is_end |= len == 0 && !buffer.is_empty();
        Ok(len)
    }
}
