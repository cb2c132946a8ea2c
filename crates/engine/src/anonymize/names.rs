//! What stands for a name: label by label, of the same length, depending on the key alone.
//!
//! So equal names stay equal, names with equal endings keep equal endings, and no length or offset
//! in a message changes. A label of letters and digits becomes another by a network of Feistel's
//! over the labels of its length, so different ones stay different. Which label it is says nothing
//! of where it stands: a name of the DNS may point into another (RFC 1035, section 4.1.4).

use aes::cipher::{Array, BlockCipherEncrypt, KeyInit};
use aes::{Aes128, Block};

/// Labels of one key.
#[derive(Debug)]
pub(super) struct Names(Aes128);

impl Names {
    /// With a key that has no other use.
    pub(super) fn new(key: [u8; 16]) -> Self {
        Self(Aes128::new(&Array::from(key)))
    }

    /// What stands for a label. Case is none of it: letters stay large where they were.
    pub(super) fn label(&self, real: &[u8]) -> Vec<u8> {
        if stays(real) {
            return real.to_vec();
        }
        let folded = real.iter().map(u8::to_ascii_lowercase).collect::<Vec<_>>();
        let mut symbols = folded.iter().map(|&byte| symbol(byte)).collect::<Vec<_>>();
        // Of bytes that are no symbols it depends which and where they are.
        let others = |&byte: &u8| if byte.is_ascii_alphanumeric() { 0 } else { byte };
        let others = folded.iter().map(others).collect::<Vec<_>>();
        // No name may become one that stays as it is.
        for _ in 0..WALK_MAX {
            self.permute(&mut symbols, &others);
            if !stays(
                &symbols.iter().map(|&symbol| ALPHABET[usize::from(symbol)]).collect::<Vec<_>>(),
            ) {
                break;
            }
        }
        let shown = symbols.iter().map(|&symbol| ALPHABET[usize::from(symbol)]);
        let as_large = |(own, real): (u8, &u8)| {
            if real.is_ascii_uppercase() { own.to_ascii_uppercase() } else { own }
        };
        shown.zip(real).map(as_large).collect()
    }

    fn permute(&self, symbols: &mut [u8], others: &[u8]) {
        let (left, right) = symbols.split_at_mut(symbols.len() / 2);
        for round in 0..ROUNDS {
            let (target, source) =
                if round % 2 == 0 { (&mut *left, &*right) } else { (&mut *right, &*left) };
            let added = self.function(round, source, others, target.len());
            for (symbol, added) in target.iter_mut().zip(added) {
                *symbol = ((u16::from(*symbol) + u16::from(added)) % RADIX) as u8;
            }
        }
    }

    /// So many bytes that depend on all that is given: a message authentication code (CBC-MAC, of
    /// messages whose lengths come first), made long.
    fn function(&self, round: u8, source: &[u8], others: &[u8], len: usize) -> Vec<u8> {
        let mut state = Block::default();
        let lengths = [round, source.len() as u8, others.len() as u8];
        let blocks = [&lengths[..], source, others].into_iter().flat_map(|part| part.chunks(16));
        for block in blocks {
            state.iter_mut().zip(block).for_each(|(state, byte)| *state ^= byte);
            self.0.encrypt_block(&mut state);
        }
        let counted = (1..=u8::MAX).flat_map(|counter| {
            let mut block = state;
            block[0] ^= counter;
            self.0.encrypt_block(&mut block);
            block.to_vec()
        });
        counted.take(len).collect()
    }
}

/// Whether a label names nobody.
fn stays(label: &[u8]) -> bool {
    label.is_empty() || COMMON.iter().any(|common| common.as_bytes().eq_ignore_ascii_case(label))
}

fn symbol(byte: u8) -> u8 {
    match byte {
        b'a'..=b'z' => byte - b'a',
        b'0'..=b'9' => byte - b'0' + 26,
        other => other % RADIX as u8,
    }
}

/// Ends of names that belong to no one's organisation or country, and what services are found by
/// (RFC 6763). Others with an underscore may tell machines apart.
const COMMON: &[&str] = &[
    "com",
    "net",
    "org",
    "edu",
    "gov",
    "mil",
    "int",
    "arpa",
    "in-addr",
    "ip6",
    "local",
    "_tcp",
    "_udp",
    "_sub",
    "_services",
    "_dns-sd",
    "_http",
    "_https",
];
const ALPHABET: &[u8; RADIX as usize] = b"abcdefghijklmnopqrstuvwxyz0123456789";
const RADIX: u16 = 36;
const ROUNDS: u8 = 10;
/// It is not two times in a thousand that the first does not do.
const WALK_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::Names;

    fn shown_by(key: u8, name: &str) -> String {
        let names = Names::new([key; 16]);
        let labels = name.split('.').map(|label| names.label(label.as_bytes()));
        String::from_utf8(labels.collect::<Vec<_>>().join(&b'.')).unwrap()
    }

    fn shown(name: &str) -> String {
        shown_by(7, name)
    }

    #[test]
    fn names_keep_lengths_and_equal_endings_and_nothing_else() {
        let (a, b) = (shown("www.example.com"), shown("mail.example.com"));
        assert_eq!(a.len(), "www.example.com".len());
        assert!(a.ends_with(&b[4..]) && a.split('.').next_back() == Some("com"), "{a} {b}");
        assert!(!a.contains("www") && !a.contains("example"), "{a}");
        assert_eq!(shown("WWW.eXample.com").to_ascii_lowercase(), a);
        assert_ne!(shown_by(8, "www.example.com"), a);
        assert_eq!(shown("_http._tcp.local"), "_http._tcp.local");
        assert_eq!(shown(""), "");
        let accented = shown("bücher-2.example.com");
        assert!(accented.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.'), "{accented}");
    }

    #[test]
    fn different_labels_stay_different() {
        let alphabet = "abcdefghijklmnopqrstuvwxyz0123456789";
        let mut all = alphabet.chars().map(|a| shown(&a.to_string())).collect::<BTreeSet<_>>();
        assert_eq!(all.len(), 36);
        for a in alphabet.chars() {
            for b in alphabet.chars() {
                for c in "abz09".chars() {
                    all.insert(shown(&format!("{a}{b}{c}")));
                }
            }
        }
        // `com` and others stay, and no other label becomes one of them.
        assert_eq!(all.len(), 36 + 36 * 36 * 5);
    }

    #[test]
    fn labels_of_any_length_and_bytes_are_replaced() {
        for len in 4..=63_u8 {
            let label = (0..len).map(|at| at.wrapping_mul(37) ^ len).collect::<Vec<_>>();
            let own = Names::new([7; 16]).label(&label);
            assert_eq!(own.len(), label.len());
            assert!(own.iter().all(u8::is_ascii_alphanumeric));
            assert_ne!(own, Names::new([7; 16]).label(&label[1..]));
        }
    }
}
