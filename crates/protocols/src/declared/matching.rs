//! Whether some bytes can be a protocol: conditions on bytes at fixed places.

use crate::Match;

/// How a protocol is recognised: the first rule that fits decides.
#[derive(Debug)]
pub(super) struct Rules {
    all: Vec<Rule>,
    /// The bytes with which something that fits can begin: a bit each. Most of what is looked at is
    /// told by it.
    first: ByteSet,
}

/// One way to recognise it.
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
    Byte { mask: u8, values: ByteSet },
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

impl Rules {
    pub(super) fn new(all: Vec<Rule>) -> Self {
        let can_begin = |byte: u8| {
            let fits = |condition: &Condition| {
                condition.offset > 0 || condition.fit(&[byte], 1, false) != Fit::Fails
            };
            all.iter().any(|rule| rule.conditions.all.iter().all(fits))
        };
        let first = ByteSet::of((0..=u8::MAX).filter(|byte| can_begin(*byte)));
        Self { all, first }
    }

    /// Whether bytes that are `len` long, of which not all need be here, fit one of the rules;
    /// what has no rules may be anything.
    ///
    /// `is_whole` says that no more will come: what is too short fails.
    pub(super) fn probe(&self, bytes: &[u8], len: usize, is_whole: bool) -> Match {
        if self.all.is_empty() {
            return Match::Maybe;
        }
        if bytes.first().is_some_and(|first| !self.first.has(*first)) {
            return Match::No;
        }
        let mut is_short = false;
        for rule in &self.all {
            match rule.conditions.fit(bytes, len, is_whole) {
                Fit::Fits if rule.certain => return Match::Yes,
                Fit::Fits => return Match::Maybe,
                Fit::Short => is_short = true,
                Fit::Fails => {}
            }
        }
        if is_short && !is_whole { Match::NeedMore } else { Match::No }
    }
}

/// Some of all bytes: a bit each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ByteSet([u64; 4]);

impl ByteSet {
    pub(super) fn of(bytes: impl Iterator<Item = u8>) -> Self {
        let mut set = [0; 4];
        for byte in bytes {
            set[usize::from(byte >> 6)] |= 1 << (byte & 63);
        }
        Self(set)
    }

    fn has(&self, byte: u8) -> bool {
        self.0[usize::from(byte >> 6)] >> (byte & 63) & 1 == 1
    }
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
                if values.has(byte) { Fit::Fits } else { Fit::Fails }
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
