//! Compressed streams: whole, cut, broken, slow and failing.

use std::io::Write;

use flowloom_schema::Compression;

use super::{Fill, Stream};
use crate::testing::{Slow, drain, pcap, read, sample};
use crate::{Capture, Limits, ReadError, Source};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ::zstd::Encoder::new(Vec::new(), 1).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn lz4(bytes: &[u8]) -> Vec<u8> {
    let info = lz4_flex::frame::FrameInfo::new()
        .block_size(lz4_flex::frame::BlockSize::Max64KB)
        .content_checksum(true);
    let mut encoder = lz4_flex::frame::FrameEncoder::with_frame_info(info, Vec::new());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

type Compress = fn(&[u8]) -> Vec<u8>;

const ALL: [(Compression, Compress); 3] =
    [(Compression::Gzip, gzip), (Compression::Zstd, zstd), (Compression::Lz4, lz4)];

/// All bytes of a stream, and whether it ended well.
fn bytes_of(compressed: &[u8]) -> (Vec<u8>, bool) {
    let reader = Slow { bytes: std::io::Cursor::new(compressed.to_vec()), step: 1000, error: None };
    let mut stream = Stream::new(Box::new(reader)).unwrap();
    let mut bytes = Buffer::default();
    loop {
        match stream.fill(&mut bytes, 3000) {
            Fill::Some => {}
            Fill::End => return (bytes, true),
            Fill::Damaged(_) => return (bytes, false),
            Fill::Failed(cause) => panic!("{cause}"),
        }
    }
}

/// Bytes that compress well, and some that do not.
fn payload(len: u32) -> Vec<u8> {
    (0..len).flat_map(|i| (i.wrapping_mul(2_654_435_761) >> (i / 512 % 32)).to_le_bytes()).collect()
}

#[test]
fn compressed_captures_give_the_frames_of_the_plain_one() {
    let frames = sample(500);
    let plain = pcap(&frames);
    for (compression, compress) in ALL {
        let compressed = compress(&plain);
        let (read, facts) = read(&compressed);
        assert_eq!(read, frames);
        assert_eq!(facts.damage, None);
        assert_eq!(facts.compression, compression);
        assert_eq!(facts.bytes_read, compressed.len() as u64);
    }
}

#[test]
fn members_and_frames_that_follow_one_another_are_one_stream() {
    let frames = sample(100);
    let plain = pcap(&frames);
    for (compression, compress) in ALL {
        let parts = plain.chunks(700).map(compress);
        let with_empty: Vec<u8> = parts.flat_map(|part| [compress(b""), part].concat()).collect();
        let (read, facts) = read(&with_empty);
        assert_eq!(read, frames, "{compression:?}");
        assert_eq!(facts.damage, None);
    }
}

#[test]
fn zeros_after_gzip_are_padding_and_other_bytes_are_damage() {
    let compressed = gzip(&payload(100));
    let padded = [&compressed[..], &[0; 5000]].concat();
    assert_eq!(bytes_of(&padded), (payload(100), true));
    let followed = [&compressed[..], b"garbage....."].concat();
    assert_eq!(bytes_of(&followed), (payload(100), false));
}

#[test]
fn gzip_headers_may_have_all_their_parts() {
    let member = gzip(b"hello");
    let header = b"\x1f\x8b\x08\x1e\0\0\0\0\0\0\x03\0abcname\0comment\0\x12\x34";
    assert_eq!(bytes_of(&[header, &member[10..]].concat()), (b"hello".to_vec(), true));
}

/// The oracle of a cut stream is the decompressor of the same prefix that is asked for one byte at
/// a time, and can lose none.
#[test]
fn every_prefix_of_a_gzip_gives_all_that_can_be_decompressed() {
    use std::io::Read;
    let payload = payload(3000);
    let compressed = gzip(&payload);
    for len in (4..compressed.len()).step_by(7) {
        let mut expected = Vec::new();
        let mut decoder = flate2::bufread::GzDecoder::new(&compressed[..len]);
        let mut byte = [0];
        while let Ok(1) = decoder.read(&mut byte) {
            expected.extend(byte);
        }
        assert_eq!(bytes_of(&compressed[..len]), (expected, false), "{len} bytes");
    }
}

#[test]
fn a_prefix_gives_a_prefix_and_is_damaged() {
    let payload = payload(200_000);
    for (compression, compress) in ALL {
        let compressed = compress(&payload);
        let mut longest = 0;
        for len in (4..compressed.len()).step_by(3571).chain([compressed.len() - 1]) {
            let (bytes, is_whole) = bytes_of(&compressed[..len]);
            assert!(!is_whole, "{compression:?}, {len} bytes");
            assert!(payload.starts_with(&bytes), "{compression:?}, {len} bytes");
            assert!(bytes.len() >= longest, "no fewer than from a shorter prefix");
            longest = bytes.len();
        }
        assert_eq!(longest, payload.len(), "{compression:?}: only the checksum was cut");
    }
}

/// Bytes before the damage come first. The inflater gives its reason only once, and another one
/// when it was in a hurry.
#[test]
fn the_reason_for_damage_in_a_gzip_does_not_depend_on_the_sizes_of_reads() {
    let gzip_header = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    let stored_block = b"\0\x08\0\xf7\xffflowloom";
    let unknown_block = [7; 20];
    // In fixed codes: three bytes from 33 before, which is before the first.
    let too_far_back = [0x03, 0x2a, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    for damage in [unknown_block, too_far_back] {
        let damaged = [&gzip_header, &stored_block[..], &damage, &[0; 300]].concat();
        for step in [1, 1000] {
            let bytes = std::io::Cursor::new(damaged.clone());
            let mut stream = Stream::new(Box::new(Slow { bytes, step, error: None })).unwrap();
            let mut bytes = Buffer::default();
            assert!(matches!(stream.fill(&mut bytes, 300), Fill::Some));
            assert!(bytes.starts_with(b"flowloom"));
            let Fill::Damaged(cause) = stream.fill(&mut bytes, 300) else { panic!("not damaged") };
            assert_eq!(cause.to_string(), "gzip: the deflate stream is damaged");
        }
    }
}

/// The decoder asks for a block and the header of the next together, and puts out neither if the
/// header is damaged.
#[test]
fn a_zstd_block_before_a_damaged_block_header_is_delivered() {
    let magic_and_frame_header = [0x28, 0xb5, 0x2f, 0xfd, 0, 0];
    let raw_block = b"\x40\0\0flowloom";
    let reserved_block_type = [6, 0, 0];
    let stream = [&magic_and_frame_header, &raw_block[..], &reserved_block_type, &[0; 9]].concat();
    assert_eq!(bytes_of(&stream), (b"flowloom".to_vec(), false));
}

#[test]
fn what_a_zstd_of_the_wrong_length_gives_does_not_depend_on_the_sizes_of_reads() {
    // One segment that should have 9 bytes, in a last raw block of 8.
    let stream = [&[0x28, 0xb5, 0x2f, 0xfd, 0x20, 9], &b"\x41\0\0flowloom"[..]].concat();
    let [bytewise, whole] = [1, 1000].map(|step| {
        let bytes = std::io::Cursor::new(stream.clone());
        let mut stream = Stream::new(Box::new(Slow { bytes, step, error: None })).unwrap();
        let mut bytes = Buffer::default();
        while let Fill::Some = stream.fill(&mut bytes, 100) {}
        bytes
    });
    assert_eq!(bytewise, whole);
    assert!(b"flowloom".starts_with(&whole));
}

#[test]
fn a_zstd_that_ends_where_a_read_ends_is_not_cut() {
    // Without a checksum, nothing follows the last byte.
    let payload = &payload(1500)[..];
    for len in [3000, 6000] {
        let compressed = ::zstd::encode_all(&payload[..len], 1).unwrap();
        assert_eq!(bytes_of(&compressed), (payload[..len].to_vec(), true), "{len}");
    }
}

#[test]
fn a_zstd_frame_to_be_skipped_may_be_long() {
    let mut skipped = [[0x50, 0x2a, 0x4d, 0x18], 1_000_000_u32.to_le_bytes()].concat();
    skipped.resize(8 + 1_000_000, 7);
    let payload = payload(1000);
    let stream = [&zstd(&payload), &skipped, &zstd(&payload)].map(Vec::as_slice).concat();
    assert_eq!(bytes_of(&stream), ([&payload[..], &payload].concat(), true));
    assert_eq!(bytes_of(&stream[..stream.len() / 2]), (payload, false));
}

/// The magic numbers of such frames are those of both formats.
#[test]
fn what_follows_a_frame_to_be_skipped_tells_zstd_from_lz4() {
    let payload = payload(1000);
    let skipped = |len: u32| {
        let frame = [&[0x53, 0x2a, 0x4d, 0x18][..], &len.to_le_bytes()].concat();
        [frame, vec![4; len as usize]].concat()
    };
    let both: [(Compression, Compress); 2] = [(Compression::Zstd, zstd), (Compression::Lz4, lz4)];
    for (compression, compress) in both {
        for before in [skipped(0), skipped(7), [skipped(9), skipped(60_000)].concat()] {
            let bytes = [before, compress(&payload)].concat();
            let reader = Slow { bytes: std::io::Cursor::new(bytes.clone()), step: 1, error: None };
            let stream = Stream::new(Box::new(reader)).unwrap();
            assert_eq!(stream.compression(), compression);
            assert_eq!(bytes_of(&bytes), (payload.clone(), true), "{compression:?}");
        }
    }
    for unknown in [skipped(3), skipped(3)[..9].to_vec(), skipped(3)[..5].to_vec()] {
        assert_eq!(Stream::new(Box::new(&*unknown.leak())).unwrap().compression(), Compression::Zstd);
    }
}

#[test]
fn data_after_a_gzip_are_told_however_short() {
    for behind in [&b"x"[..], b"\x1f\x8c", b"garbage behind it"] {
        let bytes = [&gzip(b"flowloom"), behind].concat();
        let mut stream = Stream::new(Box::new(std::io::Cursor::new(bytes))).unwrap();
        let mut read = Buffer::default();
        assert!(matches!(stream.fill(&mut read, 100), Fill::Some));
        assert_eq!(&read[..], b"flowloom");
        let Fill::Damaged(cause) = stream.fill(&mut read, 100) else { panic!("not damaged") };
        assert_eq!(cause.to_string(), "gzip: no member, but other data after member 1");
    }
}

#[test]
fn lz4_frames_that_are_to_be_skipped_are_skipped() {
    let skipped = |len: u32| [&[0x5a, 0x2a, 0x4d, 0x18][..], &len.to_le_bytes()].concat();
    let whole = [lz4(b"one"), skipped(5), vec![0xff; 5], lz4(b"two"), skipped(0)].concat();
    let mut text = Vec::new();
    super::lz4::Lz4::new(&whole[..]).read_to_end(&mut text).unwrap();
    assert_eq!(text, b"onetwo");
    let cut = [lz4(b"one"), skipped(5), vec![0xff; 4]].concat();
    let error = super::lz4::Lz4::new(&cut[..]).read_to_end(&mut text).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof);
}

#[test]
fn an_lz4_cut_between_blocks_is_cut() {
    let payload = payload(100_000);
    let compressed = lz4(&payload);
    // Without its end mark and checksum, a frame ends where a block could begin.
    let (bytes, is_whole) = bytes_of(&compressed[..compressed.len() - 8]);
    assert_eq!(bytes, payload);
    assert!(!is_whole);
}

#[test]
fn a_wrong_checksum_is_damage_after_all_frames() {
    let frames = sample(200);
    for (compression, compress) in ALL {
        let mut compressed = compress(&pcap(&frames));
        // Gzip ends with checksum and length.
        let from_end = if compression == Compression::Gzip { 8 } else { 4 };
        let at = compressed.len() - from_end;
        compressed[at] ^= 1;
        let (read, facts) = read(&compressed);
        assert_eq!(read, frames, "{compression:?}");
        let damage = facts.damage.unwrap();
        assert_eq!(damage.frame, 201);
        assert_eq!(damage.offset, pcap(&frames).len() as u64);
        assert!(damage.text.starts_with(compression.name()), "{damage}");
    }
}

#[test]
fn a_broken_byte_loses_nothing_before_it() {
    let payload = payload(200_000);
    for (compression, compress) in ALL {
        let compressed = compress(&payload);
        let mut losses = 0;
        for at in (100..compressed.len()).step_by(compressed.len() / 40) {
            let mut broken = compressed.clone();
            broken[at] ^= 0x55;
            let (bytes, is_whole) = bytes_of(&broken);
            let (before, _) = bytes_of(&compressed[..at]);
            assert!(!is_whole, "{compression:?} {at}");
            assert!(bytes.len() >= before.len(), "{compression:?} {at}");
            assert_eq!(bytes[..before.len()], before, "{compression:?} {at}");
            losses += usize::from(bytes != payload);
        }
        assert!(losses > 10, "the test breaks streams");
    }
}

#[test]
fn inputs_of_any_pace_give_the_same() {
    let frames = sample(60);
    let plain = pcap(&frames);
    let all = ALL.into_iter().map(|(_, compress)| compress(&plain)).chain([plain.clone()]);
    for bytes in all {
        for step in [1, 2, 3, 7, 1000] {
            let bytes = std::io::Cursor::new(bytes.clone());
            let slow = Slow { bytes, step, error: None };
            let mut capture = Capture::from_reader("s", Box::new(slow), Limits::default()).unwrap();
            assert_eq!(drain(&mut capture).0, frames);
            assert_eq!(capture.facts().damage, None);
        }
    }
}

#[test]
fn a_failing_input_gives_what_was_read_and_then_the_error() {
    let frames = sample(10_000);
    let plain = pcap(&frames);
    let all = ALL.into_iter().map(|(_, compress)| compress(&plain)).chain([plain.clone()]);
    for bytes in all {
        let cut = bytes.len() - 40;
        let bytes = std::io::Cursor::new(bytes[..cut].to_vec());
        let slow = Slow { bytes, step: 100, error: Some(std::io::ErrorKind::TimedOut) };
        let mut capture = Capture::from_reader("s", Box::new(slow), Limits::default()).unwrap();
        let (read, end) = drain(&mut capture);
        assert!(read.len() > 1000);
        assert_eq!(read, frames[..read.len()]);
        let Err(ReadError::Read { frame, cause, .. }) = end else { panic!("{end:?}") };
        assert_eq!(frame, read.len() as u64 + 1);
        assert_eq!(cause.kind(), std::io::ErrorKind::TimedOut);
        assert_eq!(capture.facts().damage, None);
        assert!(matches!(drain(&mut capture), (none, Ok(())) if none.is_empty()));
    }
}
