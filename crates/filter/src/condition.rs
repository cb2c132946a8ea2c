//! What is asked of a flow word, and whether a flow has it.

use std::fmt;
use std::net::IpAddr;

use flowloom_wire::Address;
use regex::bytes::{Regex, RegexBuilder};

use crate::flow_view::FlowView;
use crate::parts::{Network, Relation};
use crate::words::{Value, Word};

/// A flow word and what is asked of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WordTest {
    pub(crate) word: Word,
    pub(crate) condition: Condition,
}

/// What is asked of a flow word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Condition {
    Present,
    Bool(bool),
    Number(Relation, Number),
    /// Ranges, both ends included.
    NumberIn(Vec<(Number, Number)>),
    Text(TextRelation, String),
    /// In ascending order.
    TextIn(Vec<String>),
    Matches(Pattern),
    Address {
        equal: bool,
        address: Network,
    },
    AddressIn(Vec<Network>),
}

/// A number in an expression; a fraction is finite.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub(crate) enum Number {
    /// For words of kind `Number`.
    Whole(i64),
    /// For words of kind `Float`.
    Real(f64),
}

impl Eq for Number {}

/// The comparisons of texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TextRelation {
    Equal,
    NotEqual,
    Contains,
    StartsWith,
    EndsWith,
}

/// A regular expression.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    /// As it is written between slashes.
    source: String,
    ignore_case: bool,
    regex: Regex,
}

impl Pattern {
    /// Compiles what is written between slashes; else says why it cannot be.
    pub(crate) fn new(source: &str, ignore_case: bool) -> Result<Self, regex::Error> {
        let regex = RegexBuilder::new(source)
            .case_insensitive(ignore_case)
            .size_limit(PATTERN_BYTES_MAX)
            .dfa_size_limit(PATTERN_BYTES_MAX)
            .build()?;
        Ok(Self { source: source.to_owned(), ignore_case, regex })
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        (&self.source, self.ignore_case) == (&other.source, other.ignore_case)
    }
}

impl Eq for Pattern {}

impl WordTest {
    /// Whether what the flow has is as asked for. What it does not have is neither equal nor
    /// unequal to anything; a list is unequal to what none of its items is equal to, and any other
    /// condition holds if it does for one item.
    pub(crate) fn holds(&self, flow: &impl FlowView) -> bool {
        let mut found = false;
        let some = flow.any(&self.word, &mut |value| {
            found = true;
            self.condition.admits(value)
        });
        if self.condition.is_unequal() { found && !some } else { some }
    }
}

impl Condition {
    fn is_unequal(&self) -> bool {
        matches!(
            self,
            Self::Number(Relation::NotEqual, _)
                | Self::Text(TextRelation::NotEqual, _)
                | Self::Address { equal: false, .. }
        )
    }

    /// Whether one value is as asked for; for `!=`, whether it is equal.
    fn admits(&self, value: Value<'_>) -> bool {
        match (self, value) {
            (Self::Present, _) => true,
            (Self::Bool(wanted), Value::Bool(found)) => found == *wanted,
            (Self::Number(Relation::NotEqual, wanted), _) => wanted.holds(Relation::Equal, value),
            (Self::Number(relation, wanted), _) => wanted.holds(*relation, value),
            (Self::NumberIn(ranges), _) => ranges.iter().any(|(low, high)| {
                low.holds(Relation::GreaterOrEqual, value)
                    && high.holds(Relation::LessOrEqual, value)
            }),
            (Self::Text(relation, wanted), Value::Text(found)) => {
                relation.holds(found, wanted.as_bytes())
            }
            (Self::TextIn(texts), Value::Text(found)) => {
                texts.binary_search_by(|text| text.as_bytes().cmp(found)).is_ok()
            }
            (Self::Matches(pattern), Value::Text(found)) => pattern.regex.is_match(found),
            (Self::Address { address, .. }, Value::Text(found)) => is_in(found, &[*address]),
            (Self::AddressIn(networks), Value::Text(found)) => is_in(found, networks),
            _ => false,
        }
    }
}

impl Number {
    /// Whether a value is a number that compares with this one as asked for.
    fn holds(self, relation: Relation, value: Value<'_>) -> bool {
        match (value, self) {
            (Value::Number(found), Self::Whole(wanted)) => relation.holds(found, wanted),
            (Value::Float(found), Self::Real(wanted)) => relation.holds(found, wanted),
            _ => false,
        }
    }
}

/// Whether a text is an address of one of the networks.
fn is_in(text: &[u8], networks: &[Network]) -> bool {
    let Some(address) = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok()) else {
        return false;
    };
    let (version, address) = match address {
        IpAddr::V4(address) => (4, Address::v4(address.octets())),
        IpAddr::V6(address) => (6, Address::v6(address.octets())),
    };
    networks.iter().any(|network| network.has(version, address))
}

impl TextRelation {
    /// Whether it holds; for `!=`, whether the texts are equal.
    fn holds(self, found: &[u8], wanted: &[u8]) -> bool {
        match self {
            Self::Equal | Self::NotEqual => found == wanted,
            Self::Contains => {
                wanted.is_empty() || found.windows(wanted.len()).any(|part| part == wanted)
            }
            Self::StartsWith => found.starts_with(wanted),
            Self::EndsWith => found.ends_with(wanted),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Contains => "contains",
            Self::StartsWith => "startswith",
            Self::EndsWith => "endswith",
        }
    }
}

impl fmt::Display for WordTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.word.name;
        match &self.condition {
            Condition::Present | Condition::Bool(true) => f.write_str(name),
            Condition::Bool(false) => write!(f, "{name} = false"),
            Condition::Number(relation, number) => write!(f, "{name} {relation} {number}"),
            Condition::NumberIn(ranges) => set(f, name, ranges, |(low, high)| {
                if low == high { low.to_string() } else { format!("{low}-{high}") }
            }),
            Condition::Text(relation, text) => {
                write!(f, "{name} {} {}", relation.name(), quoted(text))
            }
            Condition::TextIn(texts) => set(f, name, texts, |text| quoted(text)),
            Condition::Matches(Pattern { source, ignore_case, .. }) => {
                write!(f, "{name} matches /{source}/{}", if *ignore_case { "i" } else { "" })
            }
            Condition::Address { equal, address } => {
                write!(f, "{name} {} {}", if *equal { "=" } else { "!=" }, address.prefixed())
            }
            Condition::AddressIn(networks) => set(f, name, networks, |network| network.prefixed()),
        }
    }
}

fn set<T>(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    items: &[T],
    shown: impl FnMut(&T) -> String,
) -> fmt::Result {
    let items: Vec<String> = items.iter().map(shown).collect();
    write!(f, "{name} in {{{}}}", items.join(", "))
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(number) => number.fmt(f),
            Self::Real(number) => number.fmt(f),
        }
    }
}

/// Bytes a compiled regular expression may take, and as many again while it is run.
const PATTERN_BYTES_MAX: usize = 1 << 20;
