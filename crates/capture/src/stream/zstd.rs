//! Zstandard (RFC 8878): frames one after the other.
//!
//! The decoder is given the bytes of one block at a time, and none while it has output left: a call
//! that meets damage does not say what else it put out, so there must be nothing.

use std::io::{self, BufRead, Read};

use ::zstd::stream::raw::{Decoder, InBuffer, Operation, OutBuffer};

use super::{cut, invalid};

/// The decompressed bytes of all frames.
pub(super) struct Zstd<R> {
    reader: R,
    decoder: Decoder<'static>,
    /// Bytes the decoder wants next.
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
            wanted: 1,
            is_pending: false,
            is_in_frame: false,
        })
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
            let wanted = if self.is_pending { 0 } else { self.wanted };
            let input = input.get(..wanted).unwrap_or(input);
            let mut input = InBuffer::around(input);
            let mut output = OutBuffer::around(&mut *buffer);
            let hint = self
                .decoder
                .run(&mut input, &mut output)
                .map_err(|cause| invalid(format!("zstd: {cause}")))?;
            let (consumed, produced) = (input.pos(), output.pos());
            self.reader.consume(consumed);
            self.is_in_frame = hint > 0;
            // It asks for the header of the next block together with a block, and would put out
            // the one while it reads the other.
            self.wanted =
                if hint > BLOCK_HEADER_LEN { hint - BLOCK_HEADER_LEN } else { hint.max(1) };
            self.is_pending = produced == buffer.len();
            if produced > 0 {
                return Ok(produced);
            }
            if is_end && self.is_in_frame && wanted > 0 {
                return Err(cut("zstd"));
            }
        }
    }
}

/// RFC 8878, 3.1.1.2.
const BLOCK_HEADER_LEN: usize = 3;
