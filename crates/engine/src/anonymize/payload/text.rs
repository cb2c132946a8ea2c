//! Addresses that are text: others of the same length in their place.
//!
//! No length of anything may change, so where what stands for an address is longer, zeros stand
//! there; where it is shorter, zeros come before its numbers.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::super::mapping::Mapping;

/// Replaces IPv4 addresses (also with commas, as FTP has them), IPv6 addresses, hardware addresses,
/// and reversed addresses in names of the DNS, as text or as labels.
pub(in crate::anonymize) fn replace(bytes: &mut [u8], map: &mut Mapping<'_>) {
    let mut at = 0;
    while at < bytes.len() {
        if !bytes[at].is_ascii_hexdigit() && bytes[at] != b':' {
            at += 1;
            continue;
        }
        let is_in = |byte: &u8| byte.is_ascii_hexdigit() || b":.,-".contains(byte);
        let len = bytes[at..].iter().position(|byte| !is_in(byte)).unwrap_or(bytes.len() - at);
        let is_in_word = at > 0 && bytes[at - 1].is_ascii_alphanumeric();
        word(&mut bytes[at..at + len], is_in_word, map);
        at += len;
    }
    replace_labels(bytes, map);
}

/// Hexadecimal digits with colons, points, commas or hyphens between them.
fn word(word: &mut [u8], is_in_word: bool, map: &mut Mapping<'_>) {
    if word.len() < SHORTEST {
        return;
    }
    let mut at = 0;
    while at < word.len() {
        let rest = &mut word[at..];
        let len = hardware(rest, map)
            .or_else(|| v6(rest, is_in_word && at == 0, map))
            .or_else(|| v4(rest, map));
        at += match len {
            Some(len) => len,
            // To the end of this number.
            None => rest
                .iter()
                .position(|byte| !byte.is_ascii_hexdigit())
                .map_or(rest.len(), |end| end + 1),
        };
    }
}

/// `00:11:22:33:44:55`, or with hyphens.
fn hardware(bytes: &mut [u8], map: &mut Mapping<'_>) -> Option<usize> {
    let text = bytes.get_mut(..17)?;
    let between = text[2];
    if !b":-".contains(&between) {
        return None;
    }
    let mut address = [0; 6];
    for (octet, digits) in address.iter_mut().zip(text.chunks(3)) {
        if digits.get(2).is_some_and(|&byte| byte != between) {
            return None;
        }
        *octet = u8::from_str_radix(std::str::from_utf8(&digits[..2]).ok()?, 16).ok()?;
    }
    if bytes.get(17).is_some_and(|byte| byte.is_ascii_hexdigit() || *byte == between) {
        return None;
    }
    for (octet, digits) in map.mac(address).into_iter().zip(bytes[..17].chunks_mut(3)) {
        digits[..2].copy_from_slice(format!("{octet:02x}").as_bytes());
    }
    Some(17)
}

/// After a letter, short ones are names of programs: `std::fa`.
fn v6(bytes: &mut [u8], is_in_word: bool, map: &mut Mapping<'_>) -> Option<usize> {
    let is_in = |byte: &u8| byte.is_ascii_hexdigit() || b":.".contains(byte);
    // One more than there can be: what is longer is none.
    let front = &bytes[..bytes.len().min(LONGEST + 1)];
    let len = front.iter().position(|byte| !is_in(byte)).unwrap_or(front.len());
    // A full stop ends a sentence.
    let len = bytes[..len].iter().rposition(|&byte| byte != b'.')? + 1;
    if is_in_word && len < NAMES_LONGEST {
        return None;
    }
    let text = std::str::from_utf8(&bytes[..len]).ok()?;
    let address = text.parse::<Ipv6Addr>().ok()?.octets();
    let own = map.v6(address);
    if own != address {
        fill(&mut bytes[..len], &Ipv6Addr::from(own).to_string(), |_| None);
    }
    Some(len)
}

/// Four numbers with the same character between them: a point, or commas with two more numbers.
fn v4(bytes: &mut [u8], map: &mut Mapping<'_>) -> Option<usize> {
    let (address, len, between) = four_numbers(bytes)?;
    let own = map.v4(address);
    if own != address {
        let text = Ipv4Addr::from(own)
            .to_string()
            .replace('.', char::from(between).encode_utf8(&mut [0; 4]));
        fill(&mut bytes[..len], &text, |missing| Some(padded(own, missing, between)));
    }
    Some(len)
}

fn four_numbers(bytes: &[u8]) -> Option<([u8; 4], usize, u8)> {
    let (mut address, mut at, mut between) = ([0; 4], 0, b'.');
    for (i, octet) in address.iter_mut().enumerate() {
        let rest = &bytes[at..];
        let len = rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len());
        *octet = std::str::from_utf8(rest.get(..len)?).ok()?.parse().ok()?;
        at += len;
        if i == 0 {
            between = *bytes.get(at).filter(|byte| b".,".contains(byte))?;
        }
        if i < 3 {
            if bytes.get(at) != Some(&between) {
                return None;
            }
            at += 1;
        }
    }
    if bytes.get(at).is_some_and(u8::is_ascii_hexdigit) {
        return None;
    }
    // Numbers with commas alone are numbers.
    let is_followed = || {
        let commas = bytes[at..].iter().take(8).filter(|&&byte| byte == b',').count();
        commas >= 2
    };
    (between == b'.' || is_followed()).then_some((address, at, between))
}

/// Writes a text in the place of another; if it is longer, zeros instead of digits; if it is
/// shorter, what `padded` makes of it for so many more characters.
fn fill(place: &mut [u8], text: &str, padded: impl FnOnce(usize) -> Option<String>) {
    let text = match place.len().checked_sub(text.len()) {
        Some(0) => Some(text.to_string()),
        Some(missing) => padded(missing),
        None => None,
    };
    match text.filter(|text| text.len() == place.len()) {
        Some(text) => place.copy_from_slice(text.as_bytes()),
        None => zeros(place),
    }
}

fn zeros(place: &mut [u8]) {
    place.iter_mut().filter(|byte| byte.is_ascii_hexdigit()).for_each(|byte| *byte = b'0');
}

/// An address with zeros before its numbers, so many more.
fn padded(address: [u8; 4], mut missing: usize, between: u8) -> String {
    let mut text = String::new();
    for (i, octet) in address.into_iter().enumerate() {
        if i > 0 {
            text.push(char::from(between));
        }
        let number = octet.to_string();
        let zeros = missing.min(3 - number.len());
        missing -= zeros;
        text.push_str(&"0".repeat(zeros));
        text.push_str(&number);
    }
    text
}

/// Reversed addresses in the labels of `in-addr.arpa` and `ip6.arpa`, and those as text.
pub(in crate::anonymize) fn replace_labels(bytes: &mut [u8], map: &mut Mapping<'_>) {
    for at in 0..bytes.len() {
        if bytes[at..].starts_with(IN_ADDR) || bytes[at..].starts_with(&IN_ADDR[1..]) {
            let _ = reversed_v4(&mut bytes[..at], map);
        } else if bytes[at..].starts_with(IP6) {
            let _ = reversed_v6(&mut bytes[..at], map);
        }
    }
}

/// Four numbers before the end, the last first, each after its length or before a point.
fn reversed_v4(bytes: &mut [u8], map: &mut Mapping<'_>) -> Option<()> {
    let mut places = Vec::new();
    let mut address = [0; 4];
    let mut end = bytes.len();
    for octet in &mut address {
        if bytes.get(end.checked_sub(1)?) == Some(&b'.') {
            end -= 1;
        }
        let digits = bytes[..end].iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
        let start = end.checked_sub(digits.clamp(1, 3))?;
        *octet = std::str::from_utf8(&bytes[start..end]).ok()?.parse().ok()?;
        places.push(start..end);
        // The length of the label, if there is one.
        let has_length = start > 0 && usize::from(bytes[start - 1]) == end - start;
        end = if has_length { start - 1 } else { start };
    }
    for (octet, place) in map.v4(address).into_iter().zip(places) {
        fill(&mut bytes[place.clone()], &octet.to_string(), |missing| {
            Some("0".repeat(missing) + &octet.to_string())
        });
    }
    Some(())
}

/// Thirty-two digits, the last first, each after its length.
fn reversed_v6(bytes: &mut [u8], map: &mut Mapping<'_>) -> Option<()> {
    let start = bytes.len().checked_sub(64)?;
    let digits = bytes[start..].as_chunks_mut::<2>().0;
    let mut address = 0;
    for &[len, digit] in digits.iter().rev() {
        if len != 1 {
            return None;
        }
        address = address << 4 | u128::from(char::from(digit).to_digit(16)?);
    }
    let mut own = u128::from_be_bytes(map.v6(address.to_be_bytes()));
    for [_, digit] in digits {
        *digit = b"0123456789abcdef"[(own & 15) as usize];
        own >>= 4;
    }
    Some(())
}

/// Of what could be a name, beginning with an address.
const NAMES_LONGEST: usize = 8;
/// `::1`.
const SHORTEST: usize = 3;
/// Eight groups of four digits, the last two as an IPv4 address.
const LONGEST: usize = 45;
/// The label after the address.
const IN_ADDR: &[u8] = b"\x07in-addr";
const IP6: &[u8] = b"\x03ip6\x04arpa";
