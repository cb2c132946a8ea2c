//! Compressing what is written.

use std::io::{self, Write};

use flate2::write::GzEncoder;
use flowloom_schema::Compression;
use lz4_flex::frame::FrameEncoder;

/// An output that compresses what it is given, or does not.
pub(crate) enum Compressed<W: Write> {
    /// As it is.
    None(W),
    /// Gzip.
    Gzip(Box<GzEncoder<W>>),
    /// Zstandard.
    Zstd(Box<zstd::stream::write::Encoder<'static, W>>),
    /// LZ4 frame format.
    Lz4(Box<FrameEncoder<W>>),
}

impl<W: Write> Compressed<W> {
    /// Over an output.
    pub(crate) fn new(out: W, compression: Compression) -> io::Result<Self> {
        Ok(match compression {
            Compression::None => Self::None(out),
            Compression::Gzip => {
                Self::Gzip(Box::new(GzEncoder::new(out, flate2::Compression::default())))
            }
            Compression::Zstd => {
                let mut encoder =
                    zstd::stream::write::Encoder::new(out, zstd::DEFAULT_COMPRESSION_LEVEL)?;
                encoder.include_checksum(true)?;
                Self::Zstd(Box::new(encoder))
            }
            Compression::Lz4 => Self::Lz4(Box::new(FrameEncoder::new(out))),
        })
    }

    /// Writes the end of the compressed stream, and gives back the output.
    pub(crate) fn finish(self) -> io::Result<W> {
        match self {
            Self::None(out) => Ok(out),
            Self::Gzip(encoder) => encoder.finish(),
            Self::Zstd(encoder) => encoder.finish(),
            Self::Lz4(encoder) => encoder.finish().map_err(io::Error::from),
        }
    }
}

impl<W: Write> Write for Compressed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::None(out) => out.write(bytes),
            Self::Gzip(encoder) => encoder.write(bytes),
            Self::Zstd(encoder) => encoder.write(bytes),
            Self::Lz4(encoder) => encoder.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::None(out) => out.flush(),
            Self::Gzip(encoder) => encoder.flush(),
            Self::Zstd(encoder) => encoder.flush(),
            Self::Lz4(encoder) => encoder.flush(),
        }
    }
}
