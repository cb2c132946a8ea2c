//! Opening, damage, and blocks of any size.

use std::io::{self, Cursor};
use std::path::PathBuf;

use proptest::prelude::*;

use super::Capture;
use crate::testing::{
    Slow, drain, frame, open, pcap, pcapng, read, read_whole, read_with, sample, snoop,
};
use crate::{Block, Input, Limits, ReadError, Source};

fn message(bytes: &[u8]) -> String {
    open(bytes, Limits::default()).err().unwrap().to_string()
}

#[test]
fn what_is_no_capture_is_refused_with_a_way_out() {
    assert_eq!(message(b""), "test is empty: 0 bytes, not even the header of a capture");
    assert_eq!(
        message(b"PK\x03\x04rest"),
        "test is not a capture: it begins with 50 4b 03 04 72 65 73 74, as a zip archive; \
         hint: unpack it first; gzip, zstd and lz4 are read as they are, in one layer"
    );
    assert_eq!(
        message(b"\x01\x02\x03"),
        "test is not a capture: it begins with 01 02 03; \
         hint: pcap, pcapng and snoop files are read, also as gzip, zstd or lz4"
    );
    assert!(
        message(b"# Samples\nof text")
            .contains("begins with 23 20 53 61 6d 70 6c 65, as text: `# Samples`;")
    );
    assert!(message(b"text\0\x01").contains("begins with 74 65 78 74 00 01; hint"));
}

#[test]
fn what_is_no_capture_inside_a_compressed_file_is_refused_too() {
    let gzip = |bytes: &[u8]| {
        let mut gzip = Vec::new();
        let mut encoder = flate2::bufread::GzEncoder::new(bytes, flate2::Compression::fast());
        io::copy(&mut encoder, &mut gzip).unwrap();
        gzip
    };
    assert_eq!(
        message(&gzip(b"")),
        "test is not a capture: it is a gzip file, whose content is empty"
    );
    assert!(message(&gzip(b"{}")).starts_with(
        "test is not a capture: it is a gzip file, whose content begins with 7b 7d, as JSON text"
    ));
    assert!(message(&gzip(&gzip(b""))).contains("as a gzip file; hint: unpack it first"));
    assert_eq!(message(&gzip(b"")[..12]), "cannot open test: gzip: the compressed stream is cut");
}

#[test]
fn paths_that_cannot_be_read_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let error = |path: PathBuf| Capture::open(&Input::File(path), Limits::default()).err().unwrap();
    let missing = folder.path().join("missing.pcap");
    let text = error(missing.clone()).to_string();
    assert!(text.starts_with(&format!("cannot open {}: ", missing.display())), "{text}");
    assert!(text.ends_with("; hint: check the path, or read standard input with `-`"), "{text}");
    assert!(matches!(error(folder.path().into()), ReadError::Directory { .. }));
}

#[test]
fn a_file_has_a_size_and_what_was_read_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pcap");
    let bytes = pcap(&sample(10));
    std::fs::write(&path, &bytes).unwrap();
    let mut capture = Capture::open(&Input::File(path), Limits::default()).unwrap();
    assert_eq!(drain(&mut capture).0, sample(10));
    assert_eq!(capture.facts().size, Some(bytes.len() as u64));
    assert_eq!(capture.facts().bytes_read, bytes.len() as u64);
}

#[cfg(unix)]
#[test]
fn a_pipe_gives_the_frames_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    let frames = sample(20_000);
    let bytes = pcapng(&frames);
    let to = path.clone();
    let writer = std::thread::spawn(move || std::fs::write(to, bytes));
    let mut capture = Capture::open(&Input::File(path), Limits::default()).unwrap();
    assert_eq!(capture.facts().size, None);
    assert_eq!(drain(&mut capture).0, frames);
    writer.join().unwrap().unwrap();
}

#[test]
fn blocks_are_as_long_as_the_limits_say_whatever_the_pace() {
    let frames = sample(300);
    let limits = Limits { block_frames: 40, block_bytes: 1000, ..Limits::default() };
    let shapes = |step| {
        let slow = Slow { bytes: Cursor::new(pcap(&frames)), step, error: None };
        let mut capture = Capture::from_reader("s", Box::new(slow), limits).unwrap();
        let mut block = Block::default();
        let mut shapes = Vec::new();
        while capture.read(&mut block).unwrap() {
            assert!(block.frames.len() <= 40);
            assert!(block.bytes.len() <= 1000);
            shapes.push((block.frames.len(), block.bytes.len()));
        }
        shapes
    };
    let expected = shapes(1 << 20);
    assert!(expected.len() > 10);
    for step in [1, 5, 64, 999] {
        assert_eq!(shapes(step), expected, "{step} bytes at a time");
    }
}

#[test]
fn blocks_of_any_size_give_the_same_frames() {
    let frames = sample(100);
    for bytes in [pcap(&frames), pcapng(&frames), snoop(4, &frames)] {
        for block_frames in [0, 1, 2, 7, 1000] {
            for block_bytes in [0, 1, 50, 333, 1 << 20] {
                let limits = Limits { block_frames, block_bytes, ..Limits::default() };
                let (read, facts) = read_with(&bytes, limits);
                assert_eq!(read, frames, "{block_frames} {block_bytes}");
                assert_eq!(facts.damage, None);
            }
        }
    }
}

#[test]
fn a_frame_longer_than_a_block_gets_a_block_of_its_own() {
    let long: Vec<u8> = (0..200_000_u32).map(|i| (i / 7) as u8).collect();
    let frames = [frame(1, 60, b"a"), frame(2, 200_000, &long), frame(3, 60, b"c")];
    let limits = Limits { block_bytes: 4096, ..Limits::default() };
    assert_eq!(read_with(&pcap(&frames), limits).0, frames);
    assert_eq!(read_with(&pcapng(&frames), limits).0, frames);
}

#[test]
fn notes_longer_than_a_block_do_not_pile_up() {
    use crate::testing::{block, enhanced, interface, section};
    let note = block(false, 0xbad, &[7; 1000]);
    let frame = enhanced(false, 0, 1, 4, b"last", &[]);
    let bytes =
        [&section(false, &[])[..], &interface(false, 1, 0, &[]), &note.repeat(2000), &frame];
    let limits = Limits { block_bytes: 5000, ..Limits::default() };
    let mut capture = open(&bytes.concat(), limits).unwrap();
    let mut block = Block::default();
    assert!(capture.read(&mut block).unwrap());
    assert_eq!(block.data(&block.frames[0]), b"last");
    assert!(block.bytes.capacity() < 20_000, "{}", block.bytes.capacity());
    assert_eq!(capture.facts().blocks_skipped, 2000);
}

#[test]
fn a_capture_without_frames_is_no_error() {
    for bytes in [pcap(&[]), pcapng(&[]), snoop(4, &[])] {
        assert_eq!(read_whole(&bytes), []);
    }
}

#[test]
fn a_cut_file_header_is_damage() {
    let (frames, facts) = read(&pcap(&[])[..23]);
    assert_eq!(frames, []);
    assert_eq!(
        facts.damage.unwrap().to_string(),
        "test, frame 1 at byte 0: the input is cut: the file header needs 24 bytes, 23 are left"
    );
    assert!(read(&snoop(4, &[])[..15]).1.damage.unwrap().text.contains("needs 16 bytes"));
}

proptest! {
    #[test]
    fn no_input_makes_reading_panic(
        format in 0..4_usize,
        changes in prop::collection::vec((0.0..1.0, any::<u8>()), 0..6),
        garbage in prop::collection::vec(any::<u8>(), 0..80),
        block_frames in 1..20_usize,
        block_bytes in 1..2000_usize,
    ) {
        let frames = sample(12);
        let mut bytes = match format {
            0 => pcap(&frames),
            1 => pcapng(&frames),
            2 => snoop(4, &frames),
            _ => garbage.clone(),
        };
        let magic = bytes.len().min(8);
        for (at, value) in changes {
            let at = magic + ((bytes.len() - magic) as f64 * at) as usize;
            if let Some(byte) = bytes.get_mut(at) {
                *byte = value;
            }
        }
        bytes.extend(garbage);
        let limits = Limits { block_frames, block_bytes, ..Limits::default() };
        let Ok(mut capture) = open(&bytes, limits) else { return Ok(()) };
        let (read, end) = drain(&mut capture);
        prop_assert!(end.is_ok());
        // The same frames, however they are cut into blocks.
        prop_assert_eq!(&read, &read_with(&bytes, Limits::default()).0);
        if let Some(damage) = &capture.facts().damage {
            prop_assert_eq!(damage.frame, read.len() as u64 + 1);
            prop_assert!(damage.offset <= bytes.len() as u64);
        }
    }
}
