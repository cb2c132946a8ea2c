//! The Huffman code of HPACK and QPACK (RFC 7541, 5.2 and appendix B).
//!
//! It is canonical: symbols in the order of their lengths, then of their values, have ascending codes,
//! so the lengths say it all.

/// Decodes text; `None` if the bytes are no such text.
pub(super) fn decode(bytes: &[u8]) -> Option<Vec<u8>> {
    // The shortest code has five bits.
    let mut text = Vec::with_capacity(bytes.len() * 8 / 5);
    // Bits that were not decoded yet, from the most significant on.
    let (mut bits, mut count) = (0_u64, 0);
    let mut bytes = bytes.iter();
    loop {
        while count <= 56
            && let Some(byte) = bytes.next()
        {
            bits |= u64::from(*byte) << (56 - count);
            count += 8;
        }
        let Some((symbol, len)) = symbol(bits).filter(|(_, len)| *len <= count) else { break };
        text.push(u8::try_from(symbol).ok()?);
        bits <<= len;
        count -= len;
    }
    // What is left is the beginning of the longest code, shorter than a byte.
    let is_padding = count < 8 && bits == !(u64::MAX.checked_shr(count).unwrap_or(0));
    is_padding.then_some(text)
}

/// The symbol that some bits begin with, and how many it has.
fn symbol(bits: u64) -> Option<(u16, u32)> {
    let code = (bits >> (64 - LEN_MAX)) as u32;
    let len = (LEN_MIN..=LEN_MAX).find(|len| code < CODE.ends[*len])?;
    let nth = (code - CODE.ends[len - 1]) >> (LEN_MAX - len);
    let symbol = CODE.symbols.get(CODE.before[len] + nth as usize)?;
    Some((*symbol, len as u32))
}

struct Code {
    /// All symbols in the order of their codes.
    symbols: [u16; SYMBOLS],
    /// How many of them have shorter codes than the index says.
    before: [usize; LEN_MAX + 1],
    /// The first code that is longer than the index says, at the front of [`LEN_MAX`] bits.
    ends: [u32; LEN_MAX + 1],
}

impl Code {
    const fn new() -> Self {
        let mut code =
            Self { symbols: [0; SYMBOLS], before: [0; LEN_MAX + 1], ends: [0; LEN_MAX + 1] };
        let (mut count, mut end, mut len) = (0, 0, 1);
        while len <= LEN_MAX {
            code.before[len] = count;
            let mut symbol = 0;
            while symbol < SYMBOLS {
                if LENGTHS[symbol] as usize == len {
                    code.symbols[count] = symbol as u16;
                    count += 1;
                    end += 1 << (LEN_MAX - len);
                }
                symbol += 1;
            }
            code.ends[len] = end;
            len += 1;
        }
        code
    }
}

/// The bytes, and the end of the text, which is not to be in it.
const SYMBOLS: usize = 257;
/// Bits of the shortest code.
const LEN_MIN: usize = 5;
/// Bits of the longest code.
const LEN_MAX: usize = 30;
static CODE: Code = Code::new();
/// Bits of each symbol's code (RFC 7541, appendix B).
#[rustfmt::skip]
const LENGTHS: [u8; SYMBOLS] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
    28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
    6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
    5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
    13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
    7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
    15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
    6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
    20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
    24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
    21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
    19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
    20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
    26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
    30,
];

#[cfg(test)]
mod tests {
    use super::decode;
    use crate::http::two::tests::unhex;

    fn text(hex: &str) -> Option<String> {
        decode(&unhex(hex)).map(|text| String::from_utf8(text).unwrap())
    }

    #[test]
    fn the_texts_of_the_rfc_are_read() {
        for (hex, wanted) in [
            ("f1e3c2e5f23a6ba0ab90f4ff", "www.example.com"),
            ("a8eb10649cbf", "no-cache"),
            ("25a849e95ba97d7f", "custom-key"),
            ("25a849e95bb8e8b4bf", "custom-value"),
            ("6402", "302"),
            ("aec3771a4b", "private"),
            ("d07abe941054d444a8200595040b8166e082a62d1bff", "Mon, 21 Oct 2013 20:13:21 GMT"),
            ("9d29ad171863c78f0b97c8e9ae82ae43d3", "https://www.example.com"),
            ("", ""),
        ] {
            assert_eq!(text(hex).as_deref(), Some(wanted));
        }
    }

    #[test]
    fn padding_is_short_and_all_ones() {
        // `0` is 00000.
        assert_eq!(text("07").as_deref(), Some("0"));
        assert_eq!(text("00"), None, "padding of zeros");
        assert_eq!(text("07ff"), None, "padding of a byte and more");
        assert_eq!(text("ffffffff"), None, "the end of the text, in it");
        assert_eq!(text("fffffffc"), None);
    }
}
