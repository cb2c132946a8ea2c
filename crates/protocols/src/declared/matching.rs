//! Whether some bytes can be a protocol: conditions on bytes at fixed places.

use crate::Match;

/// How a protocol is recognised: the first rule that fits decides.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) conditions: Conditions,
    /// Whether bytes that fit are of the protocol wherever they are found.
    pub(super) certain: bool,
}

/// What must hold of some bytes.
#[derive(Debug)]
pub(super) struct Conditions {
    pub(super) min_length: usize,
    pub(super) max_length: usize,
    pub(super) all: Vec<Condition>,
}

#[derive(Debug)]
pub(super) struct Condition {
    pub(super) offset: usize,
    pub(super) test: Test,
}

#[derive(Debug)]
pub(super) enum Test {
    /// The byte under a mask is one of these: a bit each.
    Byte { mask: u8, values: [u64; 4] },
    /// One of these begins there.
    Prefix(Vec<Box<[u8]>>),
    /// A number of so many bytes, and something added, is the length of the message.
    Length { size: usize, little_endian: bool, plus: i64 },
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fit {
    Fits,
    Short,
    Fails,
}

/// Whether bytes that are `len` long, of which not all need be here, fit one of the rules.
///
/// `is_whole` says that no more will come: what is too short fails.
pub(super) fn probe(rules: &[Rule], bytes: &[u8], len: usize, is_whole: bool) -> Match {
    let mut is_short = false;
    for rule in rules {
        match rule.conditions.fit(bytes, len, is_whole) {
            Fit::Fits if rule.certain => return Match::Yes,
            Fit::Fits => return Match::Maybe,
            Fit::Short => is_short = true,
            Fit::Fails => {}
        }
    }
    if is_short && !is_whole { Match::NeedMore } else { Match::No }
}

impl Conditions {
    /// Whether all hold of a message that is here.
    pub(super) fn hold(&self, bytes: &[u8]) -> bool {
        self.fit(bytes, bytes.len(), true) == Fit::Fits
    }

    fn fit(&self, bytes: &[u8], len: usize, is_whole: bool) -> Fit {
        if is_whole && !(self.min_length..=self.max_length).contains(&len) {
            return Fit::Fails;
        }
        let mut worst = if len < self.min_length { Fit::Short } else { Fit::Fits };
        for condition in &self.all {
            match condition.fit(bytes, len, is_whole) {
                Fit::Fits => {}
                Fit::Short => worst = Fit::Short,
                Fit::Fails => return Fit::Fails,
            }
        }
        worst
    }
}

impl Condition {
    fn fit(&self, bytes: &[u8], len: usize, is_whole: bool) -> Fit {
        let Some(bytes) = bytes.get(self.offset..) else { return Fit::Short };
        match &self.test {
            Test::Byte { mask, values } => {
                let Some(byte) = bytes.first().map(|byte| byte & mask) else { return Fit::Short };
                if values[usize::from(byte >> 6)] >> (byte & 63) & 1 == 1 {
                    Fit::Fits
                } else {
                    Fit::Fails
                }
            }
            Test::Prefix(prefixes) => {
                let mut fit = Fit::Fails;
                for prefix in prefixes {
                    if bytes.starts_with(prefix) {
                        return Fit::Fits;
                    }
                    if prefix.starts_with(bytes) {
                        fit = Fit::Short;
                    }
                }
                fit
            }
            Test::Length { size, little_endian, plus } => {
                let Some(bytes) = bytes.get(..*size) else { return Fit::Short };
                let said = number(bytes, *little_endian) as i64 + plus;
                // Of a stream more may follow the message, and more may come.
                let fits = if is_whole { said == len as i64 } else { said > 0 };
                if fits { Fit::Fits } else { Fit::Fails }
            }
        }
    }
}

/// A number of up to eight bytes.
pub(super) fn number(bytes: &[u8], little_endian: bool) -> u64 {
    let add = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
    if little_endian { bytes.iter().rev().fold(0, add) } else { bytes.iter().fold(0, add) }
}
