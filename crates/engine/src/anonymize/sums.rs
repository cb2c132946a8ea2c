//! Checksums that stay as right or as wrong as they were.
//!
//! A checksum is mended by what its bytes have changed (RFC 1624), not computed anew: so one that
//! was wrong stays wrong, and one about bytes that were not captured, or that are in other
//! fragments, stays right.

use std::ops::Range;

/// A checksum of 16 bits in one's complement arithmetic (RFC 1071), to be mended.
#[derive(Debug)]
pub(super) struct Sum {
    /// Where it is.
    pub(super) field: usize,
    /// The bytes it is about, itself among them.
    pub(super) region: Range<usize>,
    /// Where the addresses of its pseudo header are, if it has one: the first pair by which the
    /// checksum is right counts, or else the first.
    pub(super) ends: Vec<[Range<usize>; 2]>,
    /// What else is in the pseudo header: protocol and length.
    pub(super) pseudo: u64,
    /// UDP's: 0 means that there is none, so that a sum of 0 is written as all ones.
    pub(super) may_be_absent: bool,
}

impl Sum {
    /// Whether it is right without a pseudo header.
    pub(super) fn is_right(&self, bytes: &[u8]) -> bool {
        sum(bytes, &self.region).is_multiple_of(MODULUS)
    }

    /// Mends the checksum: `old` are the bytes as they were, `new` as they are but for it.
    pub(super) fn mend(&self, old: &[u8], new: &mut [u8]) {
        let Some(&sent) = old.get(self.field..).and_then(<[u8]>::first_chunk) else { return };
        let sent = u64::from(u16::from_be_bytes(sent));
        if self.may_be_absent && sent == 0 {
            return;
        }
        let of = |bytes: &[u8], ends: &[Range<usize>; 2]| {
            let ends = ends.iter().map(|end| sum(bytes, end));
            ends.sum::<u64>()
        };
        let region = sum(old, &self.region);
        let is_right = |ends: &&[Range<usize>; 2]| {
            (region + of(old, ends) + self.pseudo).is_multiple_of(MODULUS)
        };
        let is_partial =
            |ends: &&[Range<usize>; 2]| (of(old, ends) + self.pseudo) % MODULUS == sent % MODULUS;
        let right = self.ends.iter().find(is_right);
        // The sum of the pseudo header alone, for the network card to complete: not inverted.
        let partial = self.ends.iter().find(is_partial).filter(|_| right.is_none());
        let mended = if let Some(ends) = partial {
            sent + of(new, ends) % MODULUS + MODULUS - of(old, ends) % MODULUS
        } else {
            let ends = right.or(self.ends.first());
            let before = region + ends.map_or(0, |ends| of(old, ends));
            let after = sum(new, &self.region) + ends.map_or(0, |ends| of(new, ends));
            if before % MODULUS == after % MODULUS {
                return;
            }
            sent + before % MODULUS + MODULUS - after % MODULUS
        };
        // There are two zeros. The sum of zeros alone is the one, of anything else the other.
        let ends = right.or(self.ends.first()).map_or(0, |ends| of(new, ends));
        let is_all_zeros = sum(new, &self.region) + ends + self.pseudo == sent;
        let mended = match mended % MODULUS {
            0 if self.may_be_absent || is_all_zeros => MODULUS,
            mended => mended,
        };
        if let Some(field) = new.get_mut(self.field..self.field + 2) {
            field.copy_from_slice(&(mended as u16).to_be_bytes());
        }
    }
}

/// The sum of the 16-bit words of a part of `bytes`, as much of it as there is.
pub(super) fn sum(bytes: &[u8], part: &Range<usize>) -> u64 {
    let end = part.end.min(bytes.len());
    let (words, last) = bytes.get(part.start..end).unwrap_or_default().as_chunks::<2>();
    let last = last.first().map_or(0, |&last| u64::from(last) << 8);
    words.iter().map(|&word| u64::from(u16::from_be_bytes(word))).sum::<u64>() + last
}

/// One's complement arithmetic counts modulo this.
const MODULUS: u64 = 0xffff;

#[cfg(test)]
mod tests {
    use super::{Sum, sum};

    fn fold(bytes: &[u8]) -> u64 {
        sum(bytes, &(0..bytes.len())) % 0xffff
    }

    /// The example of RFC 1624, section 4: in it 0x5555 becomes 0x3285, and a checksum of 0xdd2f
    /// becomes 0x0000, where an earlier method came to 0xffff.
    #[test]
    fn the_example_of_the_standard() {
        let old = [0x55, 0x55, 0xcd, 0x7a, 0xdd, 0x2f];
        assert_eq!(fold(&old), 0, "it is right");
        let mut new = old;
        new[..2].copy_from_slice(&[0x32, 0x85]);
        let mend = |may_be_absent| {
            let mut new = new;
            let whole = Sum { field: 4, region: 0..6, ends: vec![], pseudo: 0, may_be_absent };
            whole.mend(&old, &mut new);
            [new[4], new[5]]
        };
        assert_eq!(mend(false), [0, 0]);
        assert_eq!(mend(true), [0xff, 0xff]);
    }
}
