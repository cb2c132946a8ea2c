//! Zstandard (RFC 8878): frames one after the other.
//!
//! The decoder is given the bytes of one block at a time, and none while it has output left: a call
//! that meets damage does not say what else it put out, so there must be nothing. All of what it
//! wants is gathered first, so that nothing depends on the sizes in which bytes arrive.

use std::io::{self, BufRead, Read};

use ::zstd::stream::raw::{Decoder, InBuffer, Operation, OutBuffer};

use super::{cut, invalid};

/// The decompressed bytes of all frames.
pub(super) struct Zstd<R> {
    reader: R,
    decoder: Decoder<'static>,
    /// Bytes for the decoder.
    input: Vec<u8>,
    /// How many of them it wants next.
    wanted: usize,
    /// The decoder may have more output than there was room for.
    is_pending: bool,
    is_in_frame: bool,
}

impl<R: BufRead> Zstd<R> {
    pub(super) fn new(reader: R) -> io::Result<Self> {
        Ok(Self {
            reader,
            decoder: Decoder::new()?,
            input: Vec::new(),
            wanted: 1,
            is_pending: false,
            is_in_frame: false,
        })
    }
}

impl<R: BufRead> Zstd<R> {
    /// Reads until there are so many bytes for the decoder; `false` if the stream ends before.
    fn gather(&mut self, wanted: usize) -> io::Result<bool> {
        while self.input.len() < wanted {
            let read = self.reader.fill_buf()?;
            if read.is_empty() {
                return Ok(false);
            }
            let len = read.len().min(wanted - self.input.len());
            self.input.extend(read.iter().take(len));
            self.reader.consume(len);
        }
        Ok(true)
    }
}

impl<R: BufRead> Read for Zstd<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            let wanted = if self.is_pending { 0 } else { self.wanted };
            let is_end = !self.gather(wanted)?;
            if is_end && self.input.is_empty() && !self.is_in_frame {
                return Ok(0);
            }
            let mut input = InBuffer::around(self.input.get(..wanted).unwrap_or(&self.input));
            let mut output = OutBuffer::around(&mut *buffer);
            let hint = self
                .decoder
                .run(&mut input, &mut output)
                .map_err(|cause| invalid(format!("zstd: {cause}")))?;
            let (consumed, produced) = (input.pos(), output.pos());
            self.input.drain(..consumed);
            self.is_in_frame = hint > 0;
            // It asks for the header of the next block together with a block, and would put out
            // the one while it reads the other.
            let block = hint.saturating_sub(BLOCK_HEADER_LEN).min(BLOCK_LEN_MAX);
            self.wanted = if block > 0 { block } else { hint.max(1) };
            // Asked again after a frame, it would begin another.
            self.is_pending = self.is_in_frame && produced == buffer.len();
            if produced > 0 {
                return Ok(produced);
            }
            if is_end && self.is_in_frame {
                return Err(cut("zstd"));
            }
        }
    }
}

/// RFC 8878, 3.1.1.2.
const BLOCK_HEADER_LEN: usize = 3;
/// RFC 8878, 3.1.1.2.4. Frames to be skipped are longer, and skipped in pieces.
const BLOCK_LEN_MAX: usize = 128 << 10;
