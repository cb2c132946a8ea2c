//! Zstandard (RFC 8878): frames one after the other.
//!
//! The decoder is given the bytes of one block at a time, as it asks for them: a call that meets
//! damage says nothing of the blocks before it in the same call, and there must be none.

use std::io::{self, BufRead, Read};

use ::zstd::stream::raw::{Decoder, InBuffer, Operation, OutBuffer};

use super::{cut, invalid};

/// The decompressed bytes of all frames.
pub(super) struct Zstd<R> {
    reader: R,
    decoder: Decoder<'static>,
    /// Bytes the decoder wants next.
    wanted: usize,
    is_in_frame: bool,
}

impl<R: BufRead> Zstd<R> {
    pub(super) fn new(reader: R) -> io::Result<Self> {
        Ok(Self { reader, decoder: Decoder::new()?, wanted: 1, is_in_frame: false })
    }
}

impl<R: BufRead> Read for Zstd<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            let input = self.reader.fill_buf()?;
            let is_end = input.is_empty();
            if is_end && !self.is_in_frame {
                return Ok(0);
            }
            let input = input.get(..self.wanted).unwrap_or(input);
            let mut input = InBuffer::around(input);
            let mut output = OutBuffer::around(&mut *buffer);
            let hint = self
                .decoder
                .run(&mut input, &mut output)
                .map_err(|cause| invalid(format!("zstd: {cause}")))?;
            let (consumed, produced) = (input.pos(), output.pos());
            self.reader.consume(consumed);
            self.is_in_frame = hint > 0;
            self.wanted = hint.max(1);
            if produced > 0 {
                return Ok(produced);
            }
            if is_end && self.is_in_frame {
                return Err(cut("zstd"));
            }
        }
    }
}
