//! Gzip (RFC 1952): members one after the other, each a deflate stream with a checksum.
//!
//! flate2's own reader of members drops what it decompressed in the call that meets damage; this
//! one hands it over first.

use std::io::{self, BufRead, Read};

use flate2::{Crc, Decompress, FlushDecompress, Status};

use super::{cut, invalid};

/// The decompressed bytes of all members.
pub(super) struct Gzip<R> {
    reader: R,
    inflate: Decompress,
    crc: Crc,
    state: State,
    members: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Header,
    Body,
    Trailer,
    End,
}

impl<R: BufRead> Gzip<R> {
    pub(super) fn new(reader: R) -> Self {
        let inflate = Decompress::new(false);
        Self { reader, inflate, crc: Crc::new(), state: State::Header, members: 0 }
    }

    /// Reads a member's header; `false` when there is no further member.
    ///
    /// Zeros after the last member are padding, as from a tape or a block device.
    fn header(&mut self) -> io::Result<bool> {
        if self.members > 0 && !self.skip_zeros()? {
            return Ok(false);
        }
        // One by one: what is no header may be shorter than one.
        for expected in MAGIC {
            if self.take()? != [expected] {
                return Err(invalid(format!(
                    "gzip: no member, but other data after member {}",
                    self.members
                )));
            }
        }
        let [flags, ..] = self.take::<7>()?;
        if flags & FLAG_EXTRA != 0 {
            let len = u16::from_le_bytes(self.take()?);
            for _ in 0..len {
                self.take::<1>()?;
            }
        }
        for flag in [FLAG_NAME, FLAG_COMMENT] {
            if flags & flag != 0 {
                while self.take()? != [0] {}
            }
        }
        if flags & FLAG_HEADER_CRC != 0 {
            self.take::<2>()?;
        }
        self.inflate.reset(false);
        self.crc.reset();
        Ok(true)
    }

    /// Decompresses some of the member's body; nothing when it has ended.
    fn body(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let input = self.reader.fill_buf()?;
            let is_end = input.is_empty();
            let before = (self.inflate.total_in(), self.inflate.total_out());
            let status = self.inflate.decompress(input, buffer, FlushDecompress::None);
            let consumed = (self.inflate.total_in() - before.0) as usize;
            let produced = (self.inflate.total_out() - before.1) as usize;
            self.reader.consume(consumed);
            if let Some(produced) = buffer.get(..produced) {
                self.crc.update(produced);
            }
            if let Ok(Status::StreamEnd) = status {
                self.state = State::Trailer;
            }
            // An error stays with the inflater, and comes again without bytes.
            if produced > 0 || self.state == State::Trailer {
                return Ok(produced);
            }
            if status.is_err() {
                // What the inflater says of the reason depends on how it was handed the bytes.
                return Err(invalid("gzip: the deflate stream is damaged".into()));
            }
            if is_end {
                return Err(cut("gzip"));
            }
        }
    }

    /// Compares the member's checksum and length.
    fn trailer(&mut self) -> io::Result<()> {
        let sum = u32::from_le_bytes(self.take()?);
        let len = u32::from_le_bytes(self.take()?);
        self.members += 1;
        if (sum, len) != (self.crc.sum(), self.crc.amount()) {
            return Err(invalid(format!(
                "gzip: member {} has checksum {:08x} and length {}, but should have {sum:08x} and {len}",
                self.members,
                self.crc.sum(),
                self.crc.amount()
            )));
        }
        Ok(())
    }

    /// Goes to the next byte that is not zero; `false` when there is none.
    fn skip_zeros(&mut self) -> io::Result<bool> {
        loop {
            let input = self.reader.fill_buf()?;
            let zeros = input.iter().take_while(|&&byte| byte == 0).count();
            let is_end = input.is_empty();
            let is_found = zeros < input.len();
            self.reader.consume(zeros);
            if is_end || is_found {
                return Ok(is_found);
            }
        }
    }

    fn take<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.reader.read_exact(&mut bytes).map_err(|cause| match cause.kind() {
            io::ErrorKind::UnexpectedEof => cut("gzip"),
            _ => cause,
        })?;
        Ok(bytes)
    }
}

impl<R: BufRead> Read for Gzip<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            match self.state {
                State::Header => {
                    self.state = if self.header()? { State::Body } else { State::End };
                }
                State::Body => {
                    let produced = self.body(buffer)?;
                    if produced > 0 {
                        return Ok(produced);
                    }
                }
                State::Trailer => {
                    self.trailer()?;
                    self.state = State::Header;
                }
                State::End => return Ok(0),
            }
        }
    }
}

/// With the method, of which there is one.
const MAGIC: [u8; 3] = [0x1f, 0x8b, 8];
const FLAG_HEADER_CRC: u8 = 1 << 1;
const FLAG_EXTRA: u8 = 1 << 2;
const FLAG_NAME: u8 = 1 << 3;
const FLAG_COMMENT: u8 = 1 << 4;
