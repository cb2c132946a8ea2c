//! Checksums that are no sums: of SCTP, and at the end of frames.
//!
//! They are computed anew where they were right; one that was wrong stays wrong.

use std::ops::Range;

use flowloom_wire::Layer;

use super::Payload;
use super::frame::Rewriting;

impl Rewriting<'_, '_> {
    /// SCTP's, in a packet that is whole.
    pub(super) fn crc(&mut self, at: usize, end: usize) {
        let (Some(old), Some(new)) = (self.old.get(at..end), self.new.get(at..end)) else { return };
        if old.get(8..12) == Some(&crc32c(old, 8)) {
            let crc = crc32c(new, 8);
            self.write(at + 8, &crc);
        } else if old.get(8..12) == Some(&adler32(old)) {
            let sum = adler32(new);
            self.write(at + 8, &sum);
        }
    }

    /// SCTP's, in the first fragment of a packet whose other fragments become zeros.
    ///
    /// How many those are is not known here, nor whether the checksum is right. So the last four
    /// bytes, which are lost anyway, become those after which the remainder is zero: zeros do
    /// not change that, and the checksum of any such packet is the same.
    pub(super) fn crc_of_first_fragment(&mut self, at: usize, end: usize) {
        let is_lost = self.payload != Payload::Keep && self.written + 4 <= end;
        if !is_lost || self.payload == Payload::Cut || end > self.old.len() || at + 12 > end {
            return;
        }
        let checksum = u32::MAX.to_le_bytes();
        self.write(at + 8, &[0; 4]);
        let before = remainder(&CRC32C, u32::MAX, &self.new[at..end - 4]);
        self.write(end - 4, &before.to_le_bytes());
        self.write(at + 8, &checksum);
    }

    /// That of Ethernet and 802.11, behind all that belongs to the packet. Not every capture says
    /// whether it has them; a right one is known by its value.
    pub(super) fn frame_check(&mut self, headers: &[(Layer, usize)], whole: Range<usize>) {
        let is_framed =
            |&&(layer, _): &&(Layer, usize)| matches!(layer, Layer::Ethernet | Layer::Ieee80211);
        // In tunnels there is none.
        let Some(&(_, at)) = headers.iter().take(OUTERMOST).find(is_framed) else { return };
        let Some(sent_at) = whole.end.checked_sub(4).filter(|sent| *sent > at) else { return };
        if self.payload == Payload::Cut {
            return;
        }
        let (Some(old), Some(sent)) = (self.old.get(at..sent_at), self.old.get(sent_at..whole.end))
        else {
            return;
        };
        if sent == (!remainder(&CRC32, u32::MAX, old)).to_le_bytes() {
            let own = !remainder(&CRC32, u32::MAX, &self.new[at..sent_at]);
            self.write(sent_at, &own.to_le_bytes());
        }
    }
}

/// `CRC32c` (RFC 9260, appendix A), with its own field as zeros: least significant byte first.
pub(super) fn crc32c(bytes: &[u8], field: usize) -> [u8; 4] {
    let (front, rest) = bytes.split_at(field.min(bytes.len()));
    let rest = rest.get(4..).unwrap_or_default();
    let crc = remainder(&CRC32C, remainder(&CRC32C, u32::MAX, front), &[0; 4]);
    (!remainder(&CRC32C, crc, rest)).to_le_bytes()
}

/// The checksum of SCTP before 2002 (RFC 2960, appendix B), with its own field as zeros.
fn adler32(bytes: &[u8]) -> [u8; 4] {
    let (mut a, mut b) = (1_u32, 0_u32);
    for (at, &byte) in bytes.iter().enumerate() {
        a = (a + if (8..12).contains(&at) { 0 } else { u32::from(byte) }) % 65_521;
        b = (b + a) % 65_521;
    }
    (b << 16 | a).to_be_bytes()
}

/// The remainder after more bytes.
fn remainder(table: &[u32; 256], before: u32, bytes: &[u8]) -> u32 {
    bytes.iter().fold(before, |crc, &byte| table[usize::from(crc as u8 ^ byte)] ^ crc >> 8)
}

/// What each byte does to a remainder; the polynomial has its highest power in the lowest bit.
const fn table(polynomial: u32) -> [u32; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 0 { crc >> 1 } else { crc >> 1 ^ polynomial };
            bit += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
}

/// Castagnoli's.
const CRC32C: [u32; 256] = table(0x82f6_3b78);
/// IEEE 802.3's.
const CRC32: [u32; 256] = table(0xedb8_8320);
/// A frame of 802.11 has a header of the radio before it.
const OUTERMOST: usize = 2;

#[cfg(test)]
mod tests {
    use super::{CRC32, crc32c, remainder};

    #[test]
    fn the_check_values_of_both_polynomials() {
        assert_eq!(!remainder(&CRC32, u32::MAX, b"123456789"), 0xcbf4_3926);
        let mut bytes = *b"123456789____";
        let with_zeros = crc32c(b"123456789\0\0\0\0", 9);
        bytes[9..].copy_from_slice(&with_zeros);
        assert_eq!(crc32c(&bytes, 9), with_zeros);
        assert_eq!(!remainder(&super::CRC32C, u32::MAX, b"123456789"), 0xe306_9283);
    }
}
