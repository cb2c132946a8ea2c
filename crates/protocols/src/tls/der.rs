//! Reading DER (X.690): elements one after the other, and the few values that certificates have.
//!
//! Only as strict as reading needs: certificates on the wire are not all well made.

use crate::{Cursor, WireText};

/// An element: tag, length and body.
#[derive(Clone, Copy, Debug)]
pub(super) struct Element<'a> {
    /// The identifier byte.
    pub(super) tag: u8,
    pub(super) body: &'a [u8],
}

impl<'a> Element<'a> {
    /// The body, if the tag is this.
    pub(super) fn with_tag(&self, tag: u8) -> Option<&'a [u8]> {
        (self.tag == tag).then_some(self.body)
    }

    /// The elements inside, if the tag is this.
    pub(super) fn inside(&self, tag: u8) -> Option<Elements<'a>> {
        self.with_tag(tag).map(elements)
    }
}

/// Elements one after the other, as far as they are whole.
#[derive(Clone, Debug)]
pub(super) struct Elements<'a> {
    cursor: Cursor<'a>,
}

/// The elements in some bytes.
pub(super) fn elements(bytes: &[u8]) -> Elements<'_> {
    Elements { cursor: Cursor::new(bytes) }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Element<'a>;

    fn next(&mut self) -> Option<Element<'a>> {
        let tag = self.cursor.u8()?;
        // Tags of more than one byte are not in certificates.
        let len = match self.cursor.u8()? {
            len @ 0..=0x7f => usize::from(len),
            0x81 => usize::from(self.cursor.u8()?),
            0x82 => usize::from(self.cursor.u16()?),
            0x83 => self.cursor.u24()? as usize,
            0x84 => self.cursor.u32()? as usize,
            _ => return None,
        };
        Some(Element { tag, body: self.cursor.take(len)? })
    }
}

/// A string of any of the kinds there are.
pub(super) fn text(element: &Element<'_>) -> WireText {
    match element.tag {
        // Two bytes a letter, most significant first.
        BMP_STRING => {
            let units =
                element.body.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
            let text = char::decode_utf16(units)
                .map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER))
                .collect::<String>();
            WireText::new(text.as_bytes())
        }
        // Latin-1 in practice, unless it is UTF-8.
        TELETEX_STRING if std::str::from_utf8(element.body).is_err() => {
            let text = element.body.iter().map(|byte| char::from(*byte)).collect::<String>();
            WireText::new(text.as_bytes())
        }
        _ => WireText::new(element.body),
    }
}

/// A point in time, in seconds since the epoch: `YYMMDDHHMM[SS]Z`, or with four digits of the year
/// (RFC 5280, section 4.1.2.5).
pub(super) fn time(element: &Element<'_>) -> Option<i64> {
    let text = std::str::from_utf8(element.body).ok()?;
    let (year_len, century) = match element.tag {
        UTC_TIME => (2, true),
        GENERALIZED_TIME => (4, false),
        _ => return None,
    };
    let number = |from: usize, len: usize| -> Option<i64> {
        let digits = text.get(from..from + len)?;
        digits.bytes().all(|digit| digit.is_ascii_digit()).then(|| digits.parse().ok())?
    };
    let year = match number(0, year_len)? {
        year if !century => year,
        year @ 0..50 => 2000 + year,
        year => 1900 + year,
    };
    let (month, day) = (number(year_len, 2)?, number(year_len + 2, 2)?);
    let (hour, minute) = (number(year_len + 4, 2)?, number(year_len + 6, 2)?);
    let second = number(year_len + 8, 2).unwrap_or(0);
    let is_date = (1..=12).contains(&month) && (1..=31).contains(&day);
    let is_time = hour < 24 && minute < 60 && second < 61;
    (is_date && is_time).then(|| ((days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second)
}

/// Days from the epoch to a day of the Gregorian calendar. Years are counted from March, so that
/// the day that some have more is their last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month > 2 { year } else { year - 1 };
    let month = (month + 9) % 12;
    let leaps = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    year * 365 + leaps + (month * 306 + 5) / 10 + day - 1 - DAYS_TO_EPOCH
}

/// Bits of a positive integer.
pub(super) fn bits(element: &Element<'_>) -> Option<u32> {
    let bytes = element.with_tag(INTEGER)?;
    let first = bytes.iter().position(|byte| *byte != 0)?;
    Some((bytes.len() - first) as u32 * 8 - bytes.get(first)?.leading_zeros())
}

/// An object identifier in digits and dots.
pub(super) fn oid_text(oid: &[u8]) -> String {
    let mut text = String::new();
    let mut value = 0_u64;
    for byte in oid {
        value = value << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 != 0 {
            continue;
        }
        if text.is_empty() {
            let first = (value / 40).min(2);
            text = format!("{first}.{}", value - first * 40);
        } else {
            text.push('.');
            text.push_str(&value.to_string());
        }
        value = 0;
    }
    text
}

/// The tag of an element whose meaning its place gives, with elements inside.
pub(super) fn context(number: u8) -> u8 {
    0xa0 | number
}

pub(super) const BOOLEAN: u8 = 1;
pub(super) const INTEGER: u8 = 2;
pub(super) const BIT_STRING: u8 = 3;
pub(super) const OCTET_STRING: u8 = 4;
pub(super) const OID: u8 = 6;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;
const TELETEX_STRING: u8 = 20;
const UTC_TIME: u8 = 23;
const GENERALIZED_TIME: u8 = 24;
const BMP_STRING: u8 = 30;
/// From the first of March of the year 0 to the first of January 1970.
const DAYS_TO_EPOCH: i64 = 719_468;

#[cfg(test)]
mod tests {
    use super::{Element, GENERALIZED_TIME, UTC_TIME, bits, elements, oid_text, text, time};

    fn time_of(tag: u8, text: &str) -> Option<i64> {
        time(&Element { tag, body: text.as_bytes() })
    }

    #[test]
    fn times_are_seconds_since_the_epoch() {
        assert_eq!(time_of(UTC_TIME, "700101000000Z"), Some(0));
        assert_eq!(time_of(UTC_TIME, "130610000000Z"), Some(1_370_822_400));
        assert_eq!(time_of(UTC_TIME, "500101000000Z"), Some(-631_152_000));
        assert_eq!(time_of(UTC_TIME, "491231235959Z"), Some(2_524_607_999));
        assert_eq!(time_of(GENERALIZED_TIME, "20240229120000Z"), Some(1_709_208_000));
        assert_eq!(time_of(GENERALIZED_TIME, "99991231235959Z"), Some(253_402_300_799));
        assert_eq!(time_of(UTC_TIME, "1306100000Z"), Some(1_370_822_400));
        assert_eq!(time_of(UTC_TIME, "131310000000Z"), None);
        assert_eq!(time_of(UTC_TIME, "13+610000000Z"), None);
        assert_eq!(time_of(UTC_TIME, "1306"), None);
        assert_eq!(time_of(4, "130610000000Z"), None);
    }

    #[test]
    fn integers_have_bits_without_leading_zeros() {
        let of = |body: &[u8]| bits(&Element { tag: 2, body });
        assert_eq!((of(&[0, 0x80]), of(&[1]), of(&[0])), (Some(8), Some(1), None));
    }

    #[test]
    fn identifiers_are_digits_and_dots() {
        assert_eq!(oid_text(&[0x55, 4, 3]), "2.5.4.3");
        assert_eq!(
            oid_text(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1]),
            "1.2.840.113549.1.1.1"
        );
        assert_eq!(oid_text(&[0xff; 30]), "");
    }

    #[test]
    fn strings_of_all_kinds_are_text() {
        let of = |tag, body: &[u8]| text(&Element { tag, body }).as_str().to_owned();
        assert_eq!(of(30, &[0, b'a', 0x20, 0xac]), "a€");
        assert_eq!(of(20, b"caf\xe9"), "café");
        assert_eq!(of(20, "café".as_bytes()), "café");
        assert_eq!(of(12, b"a\xff"), "a\u{fffd}");
    }

    #[test]
    fn elements_end_where_the_bytes_do() {
        assert_eq!(elements(&[2, 1, 5, 4, 2, 9]).count(), 1);
        assert_eq!(elements(&[2, 0x81, 1, 7, 5, 0]).count(), 2);
        assert_eq!(elements(&[2, 0x80, 0, 0]).count(), 0);
    }
}
