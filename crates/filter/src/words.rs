//! The flow words: what a filter may ask of a finished flow beyond its key.
//!
//! Which there are is not known here: whoever parses a filter gives the table, and the check for
//! misspelt words and the evaluation follow from it.

use std::borrow::Cow;

/// A word that is decided on the finished flow: `tls`, `dns.name = "example.org"`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Word {
    /// As it is written in expressions: letters, digits, and `.`, `_` or `-` inside.
    pub name: Cow<'static, str>,
    /// What it can be compared with.
    pub kind: WordKind,
    /// The texts that it can be, where they are known: equal to any other it never is.
    pub texts: Vec<Cow<'static, str>>,
}

/// What a flow word stands for. A word with a list of values is of the kind of its items.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WordKind {
    /// Only whether it is there.
    Presence,
    /// `true` or `false`; alone, the word asks whether it is true.
    Bool,
    /// A whole number.
    Number,
    /// A number with a fraction.
    Float,
    /// Text, compared byte for byte: `A` is not `a`.
    Text,
    /// An IP address, which the flow has as text.
    Address,
}

/// What a flow says a word is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// It is there, and that is all.
    Present,
    /// For [`WordKind::Bool`].
    Bool(bool),
    /// For [`WordKind::Number`].
    Number(i64),
    /// For [`WordKind::Float`].
    Float(f64),
    /// For [`WordKind::Text`] and [`WordKind::Address`].
    Text(&'a [u8]),
}
