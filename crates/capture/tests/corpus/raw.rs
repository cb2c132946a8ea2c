//! Blocks and records of captures, read as simply as can be: what the rules go by where tshark says
//! nothing.

use std::fs;
use std::path::Path;

/// The kind and the whole length of each block of a pcapng file.
pub(crate) fn blocks(path: &Path) -> Vec<(u32, u32)> {
    let bytes = fs::read(path).unwrap();
    let mut blocks = Vec::new();
    let (mut at, mut is_big) = (0, false);
    while at + 12 <= bytes.len() {
        // The same in both byte orders; the magic number that tells them is after the length.
        if word(&bytes, at, false) == SECTION {
            is_big = bytes[at + 8..at + 12] == [0x1a, 0x2b, 0x3c, 0x4d];
        }
        let (kind, len) = (word(&bytes, at, is_big), word(&bytes, at + 4, is_big));
        blocks.push((kind, len));
        at += len.max(12) as usize;
    }
    blocks
}

/// Time in nanoseconds, captured and original length of each record of a little-endian pcap file.
pub(crate) fn records(path: &Path) -> Vec<(i64, u64, u64)> {
    let bytes = fs::read(path).unwrap();
    assert_eq!(word(&bytes, 0, false), 0xa1b2_c3d4, "a pcap file of microseconds");
    let mut records = Vec::new();
    let mut at = 24;
    while at < bytes.len() {
        let field = |index: usize| i64::from(word(&bytes, at + 4 * index, false));
        let time = field(0) * 1_000_000_000 + field(1) * 1_000;
        records.push((time, field(2) as u64, field(3) as u64));
        at += 16 + field(2) as usize;
    }
    records
}

fn word(bytes: &[u8], at: usize, is_big: bool) -> u32 {
    let word = *bytes[at..].first_chunk().unwrap();
    if is_big { u32::from_be_bytes(word) } else { u32::from_le_bytes(word) }
}

const SECTION: u32 = 0x0a0d_0d0a;
