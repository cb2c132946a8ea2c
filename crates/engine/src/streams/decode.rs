//! Content encodings undone (RFC 9110, section 8.4.1), up to a limit: a small body can stand for any
//! number of bytes.

use std::io::{self, BufReader, Read};

use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

/// Undoes a list of encodings, the last first; `None` if one of them is not known.
pub(crate) fn decoder<'r>(
    encodings: &str,
    body: impl Read + 'r,
) -> Option<io::Result<Box<dyn Read + 'r>>> {
    let mut reader: Box<dyn Read + 'r> = Box::new(body);
    let encodings = encodings.split(',').map(str::trim).filter(|name| !name.is_empty());
    for name in encodings.rev().take(LAYERS_MAX) {
        let decoded = one(&name.to_ascii_lowercase(), reader)?;
        reader = match decoded {
            Ok(decoded) => decoded,
            Err(error) => return Some(Err(error)),
        };
    }
    Some(Ok(reader))
}

fn one<'r>(name: &str, body: Box<dyn Read + 'r>) -> Option<io::Result<Box<dyn Read + 'r>>> {
    Some(Ok(match name {
        "identity" => body,
        "gzip" | "x-gzip" => Box::new(MultiGzDecoder::new(body)),
        "deflate" => return Some(deflate(body)),
        "br" => Box::new(brotli_decompressor::Decompressor::new(body, BUFFER_BYTES)),
        "zstd" => {
            let decoder = zstd::stream::read::Decoder::new(body).and_then(|mut decoder| {
                decoder.window_log_max(WINDOW_LOG_MAX)?;
                Ok(Box::new(decoder) as Box<dyn Read + 'r>)
            });
            return Some(decoder);
        }
        _ => return None,
    }))
}

/// Deflate is in zlib's format; some senders leave that away (RFC 9110, section 8.4.1.2).
fn deflate<'r>(body: Box<dyn Read + 'r>) -> io::Result<Box<dyn Read + 'r>> {
    let mut body = BufReader::with_capacity(BUFFER_BYTES, body);
    let start = io::BufRead::fill_buf(&mut body)?;
    // The method is 8, and both bytes together a multiple of 31 (RFC 1950, section 2.2).
    let is_zlib = matches!(start, [method, flags, ..]
        if method & 15 == 8 && u16::from_be_bytes([*method, *flags]).is_multiple_of(31));
    Ok(if is_zlib { Box::new(ZlibDecoder::new(body)) } else { Box::new(DeflateDecoder::new(body)) })
}

/// Encodings of one body, one around the other.
const LAYERS_MAX: usize = 4;
const BUFFER_BYTES: usize = 16 << 10;
/// 8 MiB, as all decoders have to bear (RFC 9659).
const WINDOW_LOG_MAX: u32 = 23;

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use super::decoder;

    fn decoded(encodings: &str, body: &[u8]) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        decoder(encodings, body)?.and_then(|mut reader| reader.read_to_end(&mut out)).ok()?;
        Some(out)
    }

    #[test]
    fn encodings_are_undone_in_turn() {
        let level = flate2::Compression::default();
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), level);
        gzip.write_all(b"hello").unwrap();
        let gzip = gzip.finish().unwrap();
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), level);
        zlib.write_all(&gzip).unwrap();
        let zlib = zlib.finish().unwrap();
        let mut raw = flate2::write::DeflateEncoder::new(Vec::new(), level);
        raw.write_all(b"hello").unwrap();
        let raw = raw.finish().unwrap();
        let zstd = zstd::encode_all(&b"hello"[..], 3).unwrap();
        // A stored meta-block and the last, empty one (RFC 7932, section 9.2).
        let brotli = [&[0x0b, 0x02, 0x80][..], b"hello", &[0x03]].concat();
        for (encodings, body) in [
            ("gzip", &gzip[..]),
            ("X-GZIP , identity", &gzip),
            ("gzip, deflate", &zlib),
            ("deflate", &raw),
            ("zstd", &zstd),
            ("br", &brotli),
            ("", b"hello"),
        ] {
            assert_eq!(decoded(encodings, body).as_deref(), Some(&b"hello"[..]), "{encodings}");
        }
        assert_eq!(decoded("compress", b"hello"), None);
        assert_eq!(decoded("gzip", &gzip[..gzip.len() - 9]), None);
    }
}
