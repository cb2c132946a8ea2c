//! Flow words: alone, compared, searched in, one of a set.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::condition::{Condition, Number, Pattern, TextRelation, WordTest};
use crate::error::{Complaint, Span};
use crate::lex::{self, Token};
use crate::names;
use crate::parts::{Network, Relation};
use crate::primitive::Primitive;
use crate::words::{Word, WordKind};

use super::sum::relation;
use super::{Parser, Part, shown};

impl Parser<'_> {
    /// A flow word, which is the next token, and what is asked of it.
    pub(super) fn flow_word(&mut self, word: Word) -> Result<Part, Complaint> {
        let start = self.span();
        self.next();
        let condition = self.condition(&word)?;
        let span = start.to(self.last_span());
        Ok(self.test(Primitive::Word(WordTest { word, condition }), span))
    }

    fn condition(&mut self, word: &Word) -> Result<Condition, Complaint> {
        if let Some(relation) = relation(self.peek()) {
            return self.compared(word, relation);
        }
        let relation = match *self.peek() {
            Token::Word("contains") => TextRelation::Contains,
            Token::Word("startswith") => TextRelation::StartsWith,
            Token::Word("endswith") => TextRelation::EndsWith,
            Token::Word("matches") => return self.matches(word),
            Token::Word("in") => return self.one_of(word),
            Token::Word(other) => return Err(self.no_operator(other)),
            _ if word.kind == WordKind::Bool => return Ok(Condition::Bool(true)),
            _ => return Ok(Condition::Present),
        };
        self.fits(word, word.kind == WordKind::Text)?;
        self.next();
        Ok(Condition::Text(relation, self.text()?))
    }

    /// `=`, `<` and the like, which is the next token, and what is behind it.
    fn compared(&mut self, word: &Word, relation: Relation) -> Result<Condition, Complaint> {
        let equal = relation == Relation::Equal;
        let equality = equal || relation == Relation::NotEqual;
        self.fits(word, equality || matches!(word.kind, WordKind::Number | WordKind::Float))?;
        self.next();
        Ok(match word.kind {
            // Refused above.
            WordKind::Presence => Condition::Present,
            WordKind::Bool => Condition::Bool(self.truth()? == equal),
            WordKind::Number => Condition::Number(relation, self.signed(whole, WHOLE)?),
            WordKind::Float => Condition::Number(relation, self.signed(real, REAL)?),
            WordKind::Text if equal => Condition::Text(TextRelation::Equal, self.text_of(word)?),
            WordKind::Text => Condition::Text(TextRelation::NotEqual, self.text_of(word)?),
            WordKind::Address => {
                let start = self.span();
                let address = self.ip_network()?;
                if !address.is_host() {
                    let span = start.to(self.last_span());
                    return Err(Complaint::new(span, "this is a network, not an address")
                        .hint(format!("write `{} in {}`", word.name, address.prefixed())));
                }
                Condition::Address { equal, address }
            }
        })
    }

    /// An error about the operator that is the next token if it is not one for the word.
    fn fits(&self, word: &Word, fits: bool) -> Result<(), Complaint> {
        let name = &word.name;
        let (operators, kind) = match word.kind {
            WordKind::Presence => {
                let message = format!("`{name}` has no value to compare");
                return Err(Complaint::new(self.span(), message).hint(format!("write `{name}`")));
            }
            WordKind::Bool => ("`=` or `!=`", "word that is true or false"),
            WordKind::Number | WordKind::Float => {
                ("`=`, `!=`, `<`, `<=`, `>`, `>=` or `in`", "number")
            }
            WordKind::Text => {
                let operators =
                    "`=`, `!=`, `in`, `contains`, `startswith`, `endswith` or `matches`";
                (operators, "text")
            }
            WordKind::Address => ("`=`, `!=` or `in`", "address"),
        };
        if fits {
            return Ok(());
        }
        Err(self.unexpected(&format!("{operators} after the {kind} `{name}`")))
    }

    /// A word behind a flow word that is no operator.
    fn no_operator(&self, other: &str) -> Complaint {
        let complaint = self.unexpected("`and`, `or`, the end, or an operator");
        match names::nearest(&other.to_ascii_lowercase(), OPERATORS.iter().copied()) {
            Some(near) => complaint.hint(format!("did you mean `{near}`?")),
            None => complaint,
        }
    }

    /// `matches /.../`, of which the first is the next token.
    fn matches(&mut self, word: &Word) -> Result<Condition, Complaint> {
        self.fits(word, word.kind == WordKind::Text)?;
        self.next();
        let Token::Regex { source, ignore_case } = *self.peek() else {
            return Err(
                self.unexpected("a regular expression between slashes, such as /^www[0-9]/")
            );
        };
        let span = self.span();
        if self.patterns == PATTERNS_MAX {
            let message = format!("more than {PATTERNS_MAX} regular expressions");
            return Err(Complaint::new(span, message));
        }
        self.patterns += 1;
        let pattern = Pattern::new(source, ignore_case).map_err(|error| {
            let message = match error {
                regex::Error::CompiledTooBig(_) => "this regular expression takes too much memory",
                _ => "this is no regular expression",
            };
            let complaint = Complaint::new(span, message);
            // The last line says why, those before it show where.
            match error.to_string().lines().last().and_then(|line| line.strip_prefix("error: ")) {
                Some(reason) => complaint.hint(reason),
                None => complaint,
            }
        })?;
        self.next();
        Ok(Condition::Matches(pattern))
    }

    /// `in {...}`, of which the first is the next token.
    fn one_of(&mut self, word: &Word) -> Result<Condition, Complaint> {
        self.fits(word, word.kind != WordKind::Bool)?;
        self.next();
        Ok(match word.kind {
            WordKind::Number => Condition::NumberIn(self.set(|it| it.range(whole, WHOLE))?),
            WordKind::Float => Condition::NumberIn(self.set(|it| it.range(real, REAL))?),
            WordKind::Address if self.peek() != &Token::OpenBrace => {
                Condition::AddressIn(vec![self.ip_network()?])
            }
            WordKind::Address => Condition::AddressIn(self.set(Self::ip_network)?),
            _ => {
                let mut texts = self.set(|it| it.text_of(word))?;
                texts.sort_unstable();
                texts.dedup();
                Condition::TextIn(texts)
            }
        })
    }

    /// What is between braces, with commas between.
    fn set<T>(
        &mut self,
        mut item: impl FnMut(&mut Self) -> Result<T, Complaint>,
    ) -> Result<Vec<T>, Complaint> {
        self.expect(&Token::OpenBrace, "`{`")?;
        let mut items = Vec::new();
        loop {
            items.push(item(self)?);
            if !self.take(&Token::Comma) {
                self.expect(&Token::CloseBrace, "`,` or `}`")?;
                return Ok(items);
            }
        }
    }

    /// A text that the word can be.
    fn text_of(&mut self, word: &Word) -> Result<String, Complaint> {
        let span = self.span();
        let text = self.text()?;
        if word.texts.is_empty() || word.texts.iter().any(|known| *known == text) {
            return Ok(text);
        }
        let complaint =
            Complaint::new(span, format!("`{}` is never `{}`", word.name, shown(&text)));
        let known = || word.texts.iter().map(AsRef::as_ref);
        Err(match names::nearest(&text.to_ascii_lowercase(), known()) {
            Some(near) => complaint.hint(format!("did you mean `{near}`?")),
            None if word.texts.len() <= TEXTS_LISTED => {
                complaint.hint(format!("it is one of {}", known().collect::<Vec<_>>().join(", ")))
            }
            None => complaint,
        })
    }

    /// A text, which needs quotes unless it is one word, number or address.
    fn text(&mut self) -> Result<String, Complaint> {
        let text = match self.peek() {
            Token::Quoted(text) => text.clone(),
            Token::Word(_)
            | Token::Escaped(_)
            | Token::Dotted(_)
            | Token::Number(_)
            | Token::BadNumber(_)
            | Token::Ipv6(_)
            | Token::Mac(_) => {
                let text = self.raw(self.span());
                text.strip_prefix('\\').unwrap_or(text).to_owned()
            }
            _ => return Err(self.unexpected("a text, in quotes if it has blanks or signs")),
        };
        self.next();
        Ok(text)
    }

    fn truth(&mut self) -> Result<bool, Complaint> {
        let truth = match self.peek() {
            Token::Word("true") => true,
            Token::Word("false") => false,
            _ => return Err(self.unexpected("`true` or `false`")),
        };
        self.next();
        Ok(truth)
    }

    /// A number, with or without a minus sign.
    fn signed(&mut self, read: Read, expected: &str) -> Result<Number, Complaint> {
        let start = self.at;
        let negative = self.take(&Token::Minus);
        let text = self.raw(self.span());
        let sign = if negative { "-" } else { "" };
        let number = match *self.peek() {
            // It may be one that has a name.
            Token::Number(number) => {
                read(&format!("{sign}{text}")).or_else(|| read(&format!("{sign}{number}")))
            }
            _ => read(&format!("{sign}{text}")),
        };
        let Some(number) = number else {
            self.at = start;
            return Err(self.no_number(usize::from(negative), expected));
        };
        self.next();
        Ok(number)
    }

    /// A number or two with a dash between, in a set.
    fn range(&mut self, read: Read, expected: &str) -> Result<(Number, Number), Complaint> {
        let (start, first) = (self.at, self.span());
        while !matches!(self.peek(), Token::Comma | Token::CloseBrace | Token::End) {
            self.next();
        }
        let span = if self.at == start { first } else { first.to(self.last_span()) };
        let text: String = self.raw(span).split_whitespace().collect();
        let ends = |(dash, _)| Some((read(text.get(..dash)?)?, read(text.get(dash + 1..)?)?));
        let range = match read(&text) {
            Some(number) => Some((number, number)),
            None => text.match_indices('-').find_map(ends),
        };
        match range {
            Some((low, high)) if low <= high => Ok((low, high)),
            Some((high, low)) => Ok((low, high)),
            None => {
                self.at = start;
                Err(self.no_number(0, &format!("{expected} or two with a dash between")))
            }
        }
    }

    /// What is said of the token `ahead`, which should be a number.
    fn no_number(&mut self, ahead: usize, expected: &str) -> Complaint {
        self.at += ahead;
        match *self.peek() {
            Token::BadNumber(word) => lex::bad_number(word, self.span(), 64),
            _ => self.unexpected(expected),
        }
    }

    /// An IP address, with or without a prefix length.
    fn ip_network(&mut self) -> Result<Network, Complaint> {
        let start = self.span();
        let quoted;
        let text = match self.peek() {
            Token::Quoted(text) => {
                quoted = text.clone();
                quoted.as_str()
            }
            Token::Dotted(_) | Token::Ipv6(_) => self.raw(start),
            _ => return Err(self.unexpected("an IP address")),
        };
        let (address, bits) = if let Ok(address) = text.parse::<Ipv4Addr>() {
            (u128::from(u32::from(address)), 32)
        } else if let Ok(address) = text.parse::<Ipv6Addr>() {
            (u128::from(address), 128)
        } else {
            let message = format!("`{}` is no IP address", shown(text));
            return Err(Complaint::new(start, message));
        };
        self.next();
        let len = if self.take(&Token::Slash) { self.prefix_len(bits)? } else { bits };
        let mask = u128::MAX.checked_shl(bits - len).unwrap_or(0);
        let network = if bits == 32 {
            Network::V4 { address: (address & mask) as u32, mask: mask as u32 }
        } else {
            Network::V6 { address: address & mask, mask }
        };
        if address & !mask != 0 {
            let span = start.to(self.last_span());
            return Err(Complaint::new(span, "the address has bits outside of the mask")
                .hint(format!("the network is {}", network.prefixed())));
        }
        Ok(network)
    }

    /// The text of the expression there.
    fn raw(&self, span: Span) -> &str {
        self.text.get(span.start..span.end).unwrap_or_default()
    }
}

/// Reads a number, its sign included.
type Read = fn(&str) -> Option<Number>;

/// A whole number in the spellings of all others: octal after `0`, hexadecimal after `0x`.
fn whole(text: &str) -> Option<Number> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text),
    };
    let hexadecimal = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X"));
    let (digits, radix) = match hexadecimal {
        Some(digits) => (digits, 16),
        None if digits.starts_with('0') => (digits, 8),
        None => (digits, 10),
    };
    if !digits.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        return None;
    }
    i64::from_str_radix(&format!("{sign}{digits}"), radix).ok().map(Number::Whole)
}

/// A decimal number with or without a fraction or an exponent.
fn real(text: &str) -> Option<Number> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    text.parse().ok().filter(|number: &f64| number.is_finite()).map(Number::Real)
}

const WHOLE: &str = "a whole number";
const REAL: &str = "a number";

/// The operators that are words, for suggestions.
const OPERATORS: &[&str] = &["contains", "startswith", "endswith", "matches", "in"];

/// Texts that are told where another was written; of more, nobody reads the list.
const TEXTS_LISTED: usize = 12;

/// Regular expressions in one filter: each may take a megabyte.
const PATTERNS_MAX: usize = 64;
