//! Expression to tokens, by the longest match as tcpdump's own scanner has it.
//!
//! So `10-20` is one word (for `portrange`), `1-2-3-4-5-6` an address, `ip[2:2]-20` arithmetic.

use std::net::Ipv6Addr;

use crate::error::{Complaint, Span};
use crate::names;

/// A word, a number, an address or a sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Token<'a> {
    /// A keyword or a name.
    Word(&'a str),
    /// A name after a backslash: never a keyword.
    Escaped(&'a str),
    /// Text in double quotes, the quotes taken off.
    Quoted(String),
    /// Decimal, octal after `0`, hexadecimal after `0x`; or a named number.
    Number(u32),
    /// Digits that are no number of 32 bits.
    BadNumber(&'a str),
    /// `a.b`, `a.b.c` or `a.b.c.d`.
    Dotted(&'a str),
    Ipv6(Ipv6Addr),
    Mac([u8; 6]),
    /// What is between two slashes behind `matches`, and whether an `i` follows.
    Regex {
        source: &'a str,
        ignore_case: bool,
    },
    And,
    Or,
    Not,
    Open,
    Close,
    OpenBracket,
    CloseBracket,
    Colon,
    Plus,
    Minus,
    Star,
    Slash,
    Percent,
    Ampersand,
    Pipe,
    Caret,
    ShiftLeft,
    ShiftRight,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    NotEqual,
    OpenBrace,
    CloseBrace,
    Comma,
    End,
}

/// All tokens of `text`, the last one [`Token::End`].
pub(crate) fn tokens(text: &str) -> Result<Vec<(Token<'_>, Span)>, Complaint> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let blank = rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
        if blank > 0 {
            at += blank;
            continue;
        }
        let after_matches = matches!(tokens.last(), Some((Token::Word("matches"), _)));
        let (token, len) =
            if after_matches && rest.starts_with('/') { regex(rest, at) } else { token(rest, at) }?;
        tokens.push((token, Span { start: at, end: at + len }));
        at += len;
    }
    tokens.push((Token::End, Span { start: text.len(), end: text.len() }));
    Ok(tokens)
}

/// The token at the front of `rest`, which begins at byte `at` of the expression.
fn token(rest: &str, at: usize) -> Result<(Token<'_>, usize), Complaint> {
    let word = word_len(rest);
    if let Some((token, len)) = address(rest).filter(|(_, len)| *len >= word) {
        return Ok((token, len));
    }
    if word > 0 {
        return Ok((classify(&rest[..word]), word));
    }
    if let Some(name) = rest.strip_prefix('\\') {
        let len = name.find([' ', '!', '(', ')', ',', '}', '\n', '\t']).unwrap_or(name.len());
        return Ok((Token::Escaped(&name[..len]), len + 1));
    }
    if rest.starts_with('"') {
        return quoted(rest, at);
    }
    sign(rest, at)
}

/// Length of the word at the front: letters, digits, `_`, `.`, `-`, not ending in `-` or `_`.
fn word_len(rest: &str) -> usize {
    if !rest.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        return 0;
    }
    let run = rest
        .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-')))
        .unwrap_or(rest.len());
    rest[..run].trim_end_matches(['-', '_']).len()
}

/// An IPv6 or hardware address at the front, in any of the spellings that have colons, dots or
/// dashes; the plain twelve digits too.
fn address(rest: &str) -> Option<(Token<'_>, usize)> {
    let run = |extra: &[char]| {
        let end = rest.find(|c: char| !(c.is_ascii_hexdigit() || extra.contains(&c)));
        &rest[..end.unwrap_or(rest.len())]
    };
    let colons = run(&[':', '.']);
    if colons.contains(':') {
        if let Ok(address) = colons.parse() {
            return Some((Token::Ipv6(address), colons.len()));
        }
        return mac(colons).map(|mac| (Token::Mac(mac), colons.len()));
    }
    [run(&['-']), run(&['.'])]
        .into_iter()
        .find_map(|text| Some((Token::Mac(mac(text)?), text.len())))
}

/// Six pairs, three quadruples, or twelve digits.
fn mac(text: &str) -> Option<[u8; 6]> {
    let mut bytes = [0; 6];
    if text.len() == 12 && text.bytes().all(|b| b.is_ascii_hexdigit()) {
        for (byte, at) in bytes.iter_mut().zip((0..12).step_by(2)) {
            *byte = u8::from_str_radix(text.get(at..at + 2)?, 16).ok()?;
        }
        return Some(bytes);
    }
    let separator = [':', '-', '.'].into_iter().find(|s| text.contains(*s))?;
    let parts: Vec<&str> = text.split(separator).collect();
    match parts.len() {
        6 => {
            for (byte, part) in bytes.iter_mut().zip(parts) {
                *byte = u8::from_str_radix(part, 16).ok().filter(|_| part.len() <= 2)?;
            }
            Some(bytes)
        }
        3 if separator == '.' && parts.iter().all(|part| part.len() == 4) => mac(&parts.concat()),
        _ => None,
    }
}

/// A word by its looks.
fn classify(word: &str) -> Token<'_> {
    match word {
        "and" => return Token::And,
        "or" => return Token::Or,
        "not" => return Token::Not,
        _ => {}
    }
    if let Some(number) = names::number(word) {
        return Token::Number(number);
    }
    if looks_numeric(word) {
        return number(word).map_or(Token::BadNumber(word), Token::Number);
    }
    let parts = word.split('.').count();
    if (2..=4).contains(&parts) && word.split('.').all(looks_numeric) {
        return Token::Dotted(word);
    }
    Token::Word(word)
}

fn looks_numeric(word: &str) -> bool {
    let (digits, hex) = match word.strip_prefix("0x").or_else(|| word.strip_prefix("0X")) {
        Some(digits) => (digits, true),
        None => (word, false),
    };
    let fits = |b: u8| if hex { b.is_ascii_hexdigit() } else { b.is_ascii_digit() };
    !digits.is_empty() && digits.bytes().all(fits)
}

fn number(word: &str) -> Option<u32> {
    let parsed = if let Some(hex) = word.strip_prefix("0x").or_else(|| word.strip_prefix("0X")) {
        u32::from_str_radix(hex, 16)
    } else if word.len() > 1 && word.starts_with('0') {
        u32::from_str_radix(word, 8)
    } else {
        word.parse()
    };
    parsed.ok()
}

/// What is wrong with digits that are no number of so many bits.
pub(crate) fn bad_number(word: &str, span: Span, bits: u32) -> Complaint {
    let is_octal = word.starts_with('0') && !word.starts_with("0x") && !word.starts_with("0X");
    if is_octal && word.contains(['8', '9']) {
        let message =
            format!("`{word}` begins with 0, so it is octal, where 8 and 9 are no digits");
        let decimal = word.trim_start_matches('0');
        return Complaint::new(span, message).hint(format!("write `{decimal}`"));
    }
    Complaint::new(span, format!("`{word}` does not fit in {bits} bits"))
}

/// Text in double quotes; `\"` and `\\` stand for `"` and `\`.
fn quoted(rest: &str, at: usize) -> Result<(Token<'_>, usize), Complaint> {
    let mut text = String::new();
    let mut chars = rest.char_indices().skip(1);
    while let Some((i, c)) = chars.next() {
        match c {
            '"' => return Ok((Token::Quoted(text), i + 1)),
            '\\' => match chars.next() {
                Some((_, escaped)) => text.push(escaped),
                None => break,
            },
            c => text.push(c),
        }
    }
    let span = Span { start: at, end: at + rest.len() };
    Err(Complaint::new(span, "this text has no closing `\"`"))
}

/// A regular expression between slashes; `\/` is a slash in it, and `i` after it says that the case
/// of letters does not matter.
fn regex(rest: &str, at: usize) -> Result<(Token<'_>, usize), Complaint> {
    let mut escaped = false;
    let end = rest.char_indices().skip(1).find_map(|(i, c)| {
        let ends = c == '/' && !escaped;
        escaped = c == '\\' && !escaped;
        ends.then_some(i)
    });
    let Some(end) = end else {
        let span = Span { start: at, end: at + rest.len() };
        return Err(Complaint::new(span, "this regular expression has no closing `/`"));
    };
    let flags = &rest[end + 1..];
    let flags = &flags[..flags.find(|c: char| !c.is_alphanumeric()).unwrap_or(flags.len())];
    if !matches!(flags, "" | "i") {
        let start = at + end + 1;
        let span = Span { start, end: start + flags.len() };
        return Err(Complaint::new(span, "the one letter after a regular expression is `i`"));
    }
    let token = Token::Regex { source: &rest[1..end], ignore_case: !flags.is_empty() };
    Ok((token, end + 1 + flags.len()))
}

fn sign(rest: &str, at: usize) -> Result<(Token<'_>, usize), Complaint> {
    if let Some((text, token)) = SIGNS.iter().find(|(text, _)| rest.starts_with(text)) {
        return Ok((token.clone(), text.len()));
    }
    let len = rest.chars().next().map_or(0, char::len_utf8);
    let span = Span { start: at, end: at + len };
    let c: String = rest.chars().take(1).map(crate::error::printable).collect();
    Err(Complaint::new(span, format!("`{c}` has no meaning in a filter")))
}

/// Longer signs before those they begin with.
#[rustfmt::skip]
const SIGNS: &[(&str, Token<'static>)] = &[
    ("&&", Token::And), ("||", Token::Or), (">=", Token::GreaterOrEqual), ("<=", Token::LessOrEqual),
    ("!=", Token::NotEqual), ("==", Token::Equal), ("<<", Token::ShiftLeft), (">>", Token::ShiftRight),
    ("!", Token::Not), ("(", Token::Open), (")", Token::Close), ("[", Token::OpenBracket),
    ("]", Token::CloseBracket), (":", Token::Colon), ("+", Token::Plus), ("-", Token::Minus),
    ("*", Token::Star), ("/", Token::Slash), ("%", Token::Percent), ("&", Token::Ampersand),
    ("|", Token::Pipe), ("^", Token::Caret), ("<", Token::Less), (">", Token::Greater), ("=", Token::Equal),
    ("{", Token::OpenBrace), ("}", Token::CloseBrace), (",", Token::Comma),
];
