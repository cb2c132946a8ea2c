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

/// The headers of the records of a little-endian pcap file: seconds, microseconds, captured and
/// original length.
pub(crate) fn records(path: &Path) -> Vec<[u32; 4]> {
    let bytes = fs::read(path).unwrap();
    assert_eq!(word(&bytes, 0, false), 0xa1b2_c3d4, "a pcap file of microseconds");
    let mut records = Vec::new();
    let mut at = 24;
    while at + 16 <= bytes.len() {
        let header = [0, 4, 8, 12].map(|field| word(&bytes, at + field, false));
        records.push(header);
        at += 16 + header[2] as usize;
    }
    records
}

fn word(bytes: &[u8], at: usize, is_big: bool) -> u32 {
    let word = *bytes[at..].first_chunk().unwrap();
    if is_big { u32::from_be_bytes(word) } else { u32::from_le_bytes(word) }
}

const SECTION: u32 = 0x0a0d_0d0a;
