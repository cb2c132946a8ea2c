//! The bytes of an input: counted as they are stored, and decompressed.
//!
//! Whether and how an input is compressed is seen from its first bytes, never from its name.
//! Decompressors deliver all they can before they say that their input is damaged.

mod gzip;
mod lz4;
mod zstd;

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use flowloom_schema::Compression;

use crate::buffer::Buffer;

/// A compressed or plain stream of bytes.
pub(crate) struct Stream {
    reader: Box<dyn Read + Send>,
    compression: Compression,
    tally: Arc<Tally>,
    /// An error that came after bytes which had to be handed over first.
    failure: Option<io::Error>,
    /// The file whose reading goes on when more is asked for.
    closed: Option<PathBuf>,
    /// What is handed over is written here, too.
    copy: Option<Box<dyn Write + Send>>,
}

/// How asking for bytes ended.
#[derive(Debug)]
pub(crate) enum Fill {
    /// With some bytes.
    Some,
    /// With none: the end.
    End,
    /// With none: the compressed stream is damaged.
    Damaged(io::Error),
    /// With none: reading the input failed.
    Failed(io::Error),
}

/// What the end of the chain of readers that touches the input has seen.
#[derive(Debug, Default)]
struct Tally {
    bytes: AtomicU64,
    failed: AtomicBool,
}

/// Only for what is then decompressed: no reader of ours can hand on the reading into spare
/// capacity, which plain inputs need to be fast.
struct Counted<R> {
    reader: R,
    tally: Arc<Tally>,
}

impl Stream {
    /// A stream over a reader, decompressed if it begins like something compressed.
    pub(crate) fn new(mut reader: Box<dyn Read + Send>) -> io::Result<Self> {
        let mut first = Vec::new();
        let (compression, failure) = match compression_of(&mut reader, &mut first) {
            Err(cause) if first.is_empty() => return Err(cause),
            Err(cause) => (compression_by(&first), Some(cause)),
            Ok(compression) => (compression, None),
        };
        let tally = Arc::new(Tally::default());
        let all = Cursor::new(first).chain(reader);
        let counted = |reader| {
            let counted = Counted { reader, tally: Arc::clone(&tally) };
            BufReader::with_capacity(COMPRESSED_BUFFER_BYTES, counted)
        };
        let reader: Box<dyn Read + Send> = match compression {
            Compression::None => Box::new(all),
            Compression::Gzip => Box::new(gzip::Gzip::new(counted(all))),
            Compression::Zstd => Box::new(zstd::Zstd::new(counted(all))?),
            Compression::Lz4 => Box::new(lz4::Lz4::new(counted(all))),
        };
        Ok(Self { reader, compression, tally, failure, closed: None, copy: None })
    }

    /// Gives up the reader of what has been read to its end.
    pub(crate) fn end(&mut self) {
        self.reader = Box::new(io::empty());
    }

    /// Closes the file that is read until more of it is asked for. Only of plain ones, which can
    /// be opened again at a place.
    pub(crate) fn close(&mut self, path: &Path) {
        if self.compression == Compression::None && self.closed.is_none() {
            self.reader = Box::new(io::empty());
            self.closed = Some(path.to_owned());
        }
    }

    fn reopen(&mut self) -> io::Result<()> {
        if let Some(path) = &self.closed {
            let mut file = File::open(path)?;
            file.seek(SeekFrom::Start(self.bytes_read()))?;
            self.reader = Box::new(file);
            self.closed = None;
        }
        Ok(())
    }

    /// The same, which writes down in `copy` all it hands over.
    pub(crate) fn copied_to(self, copy: Box<dyn Write + Send>) -> Self {
        Self { copy: Some(copy), ..self }
    }

    pub(crate) fn compression(&self) -> Compression {
        self.compression
    }

    /// Bytes read from the input, as they are stored.
    pub(crate) fn bytes_read(&self) -> u64 {
        self.tally.bytes.load(Ordering::Relaxed)
    }

    /// Appends `len` bytes to `buffer`; fewer only at the end of the stream or before an error,
    /// which the next call reports.
    ///
    /// The buffer grows as bytes arrive: a length that a damaged file claims allocates nothing.
    pub(crate) fn fill(&mut self, buffer: &mut Buffer, len: usize) -> Fill {
        if let Some(failure) = self.failure.take() {
            return self.failed(failure);
        }
        let before = buffer.len();
        let result = self.reopen().and_then(|()| self.read_into(buffer, len));
        if let Some(copy) = &mut self.copy
            && let Err(cause) = copy.write_all(&buffer[before..])
        {
            let text = format!("what is read cannot be kept: {cause}");
            buffer.truncate(before);
            return Fill::Failed(io::Error::new(cause.kind(), text));
        }
        if self.compression == Compression::None {
            self.tally.bytes.fetch_add((buffer.len() - before) as u64, Ordering::Relaxed);
        }
        match result {
            Err(failure) if buffer.len() == before => self.failed(failure),
            Err(failure) => {
                self.failure = Some(failure);
                Fill::Some
            }
            Ok(()) if buffer.len() == before => Fill::End,
            Ok(()) => Fill::Some,
        }
    }

    /// In few large reads: a call of the system costs as much as copying some thousand bytes.
    fn read_into(&mut self, buffer: &mut Buffer, len: usize) -> io::Result<()> {
        let end = buffer.len() + len;
        while buffer.len() < end {
            match self.reader.read(buffer.room(READ_BYTES_MIN, end - buffer.len())) {
                Ok(0) => return Ok(()),
                Ok(len) => buffer.filled(len),
                Err(failure) if failure.kind() == io::ErrorKind::Interrupted => {}
                Err(failure) => return Err(failure),
            }
        }
        Ok(())
    }

    fn failed(&self, failure: io::Error) -> Fill {
        if self.compression == Compression::None || self.tally.failed.load(Ordering::Relaxed) {
            Fill::Failed(failure)
        } else {
            Fill::Damaged(failure)
        }
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let result = self.reader.read(buffer);
        match &result {
            Ok(len) => _ = self.tally.bytes.fetch_add(*len as u64, Ordering::Relaxed),
            Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => self.tally.failed.store(true, Ordering::Relaxed),
        }
        result
    }
}

/// The stream is not what its format allows.
fn invalid(text: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, text)
}

/// The stream ends where its format has more.
fn cut(format: &str) -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, format!("{format}: the compressed stream is cut"))
}

/// How what a reader gives is compressed; what was looked at for it is in `first` then.
///
/// Frames to be skipped are the same in zstd and lz4 (RFC 8878, 3.1.2): what follows them tells. If
/// that is too far away, or nothing, it is taken for zstd.
fn compression_of(reader: &mut impl Read, first: &mut Vec<u8>) -> io::Result<Compression> {
    let mut at = 0;
    loop {
        look(reader, first, at + MAGIC_LEN)?;
        let magic = first.get(at..).unwrap_or_default();
        if !is_skipped(magic) {
            let compression = compression_by(magic);
            let is_told = at == 0 || compression == Compression::Lz4;
            return Ok(if is_told { compression } else { Compression::Zstd });
        }
        look(reader, first, at + MAGIC_LEN + SKIPPED_SIZE_LEN)?;
        let size = first.get(at + MAGIC_LEN..).and_then(<[u8]>::first_chunk);
        let size = size.map_or(usize::MAX, |size| u32::from_le_bytes(*size) as usize);
        at = at.saturating_add(size).saturating_add(MAGIC_LEN + SKIPPED_SIZE_LEN);
        if at > LOOK_AT_MAX {
            return Ok(Compression::Zstd);
        }
    }
}

/// Reads until `first` has `len` bytes, or fewer if there are no more.
fn look(reader: &mut impl Read, first: &mut Vec<u8>, len: usize) -> io::Result<()> {
    let missing = len.saturating_sub(first.len());
    reader.take(missing as u64).read_to_end(first).map(|_| ())
}

fn is_skipped(magic: &[u8]) -> bool {
    matches!(magic, [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..])
}

fn compression_by(magic: &[u8]) -> Compression {
    match *magic {
        // The third byte is the method, and there has never been another than deflate.
        [0x1f, 0x8b, 8, ..] => Compression::Gzip,
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Compression::Zstd,
        [0x04, 0x22, 0x4d, 0x18, ..] => Compression::Lz4,
        _ if is_skipped(magic) => Compression::Zstd,
        _ => Compression::None,
    }
}

const MAGIC_LEN: usize = 4;
const SKIPPED_SIZE_LEN: usize = 4;

/// Bytes of frames to be skipped that are looked at for what follows them.
const LOOK_AT_MAX: usize = 64 << 10;

/// Compressed bytes that are read at once.
const COMPRESSED_BUFFER_BYTES: usize = 64 << 10;

/// Read at once at least, if that much is wanted.
const READ_BYTES_MIN: usize = 16 << 10;
