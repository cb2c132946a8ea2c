//! The flow words: what a filter may ask of a finished flow beyond its key.
//!
//! This is the one table. A protocol that brings fields to filter by adds its lines to [`WORDS`];
//! the parser, the check for misspelt words and the evaluation follow from them.

/// A word that is decided on the finished flow: `tls`, `dns.name = example.org`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word {
    /// As it is written in expressions.
    pub name: &'static str,
    /// What it can be compared with.
    pub kind: WordKind,
}

/// What a flow word stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WordKind {
    /// Only whether it is there.
    Presence,
    /// A number: `=`, `!=`, `<`, `<=`, `>`, `>=`.
    Number,
    /// Text: `=`, `!=`, byte for byte.
    Text,
}

/// What a flow says a word is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// It is there, and that is all.
    Present,
    /// A number.
    Number(u64),
    /// Text, as it was on the wire.
    Text(&'a [u8]),
}

/// All flow words.
pub const WORDS: &[Word] = &[];
