//! Tokens to expression: `and`, `or`, `not`, parentheses, and what an identifier inherits.
//!
//! The grammar is tcpdump's: `and` and `or` have equal rank and group to the left, `not` binds to
//! what is next, and an identifier without qualifiers takes those of the primitive before it
//! (`tcp dst port 80 or 443`). It is read by recursive descent; what may be a number, an
//! identifier or the start of arithmetic is decided by what follows it.

mod flow_word;
mod operand;
mod qualified;
mod sum;
#[cfg(test)]
mod tests;

use crate::arithmetic::Sum;
use crate::error::{Complaint, ParseError, Span};
use crate::expr::{Expr, Joint};
use crate::lex::{self, Token, tokens};
use crate::primitive::Primitive;
use crate::words::Word;

use qualified::Qualifiers;

/// A parsed expression: its tests in a tree, and where in the text each is.
#[derive(Debug)]
pub(crate) struct Parsed {
    pub(crate) expr: Expr<Primitive>,
    /// One per test, in the order of the text.
    pub(crate) spans: Vec<Span>,
}

/// Parses `text`, where the flow words are those of `words`.
pub(crate) fn parse(text: &str, words: &[Word]) -> Result<Parsed, ParseError> {
    parsed(text, words).map_err(|complaint| ParseError::new(text, complaint))
}

fn parsed(text: &str, words: &[Word]) -> Result<Parsed, Complaint> {
    if text.len() > EXPRESSION_BYTES_MAX {
        let message = format!("an expression has at most {EXPRESSION_BYTES_MAX} bytes");
        return Err(Complaint::new(Span { start: text.len(), end: text.len() }, message));
    }
    let tokens = tokens(text)?;
    let spans = Vec::new();
    let mut parser = Parser { text, tokens: &tokens, at: 0, depth: 0, words, patterns: 0, spans };
    if parser.peek() == &Token::End {
        return Ok(Parsed { expr: Expr::All(Vec::new()), spans: Vec::new() });
    }
    let chain = parser.chain(None)?;
    if parser.peek() != &Token::End {
        return Err(parser.unexpected("`and`, `or`, or the end"));
    }
    let Part { item: Item::Expr(expr), .. } = chain else {
        return Err(sum_alone(chain.span));
    };
    Ok(Parsed { expr, spans: parser.spans })
}

/// Where the parser is.
struct Parser<'a> {
    text: &'a str,
    tokens: &'a [(Token<'a>, Span)],
    at: usize,
    /// Parentheses, brackets, minus signs and operators around where it is.
    depth: usize,
    words: &'a [Word],
    /// Regular expressions read so far.
    patterns: usize,
    spans: Vec<Span>,
}

/// What was read, how deep it is nested when it is printed, and where it stands.
///
/// The depth is that of the printed text, with all its parentheses, so that what is accepted is
/// accepted again as it is printed.
struct Part {
    item: Item,
    depth: usize,
    span: Span,
}

/// Parentheses may hold either; which it is shows when they are closed.
enum Item {
    Expr(Expr<Primitive>),
    Sum(Sum),
}

impl<'a> Parser<'a> {
    /// Operands joined by `and` and `or`, or a sum alone. `inherited` are the qualifiers of the
    /// primitive before; those of the last one are left in it.
    fn chain(&mut self, inherited: Option<Qualifiers>) -> Result<Part, Complaint> {
        let mut qualifiers = inherited;
        let mut left = self.operand(&mut qualifiers)?;
        loop {
            let joint = match self.peek() {
                Token::And => Joint::And,
                Token::Or => Joint::Or,
                _ => return Ok(left),
            };
            let Item::Expr(expr) = left.item else { return Err(sum_alone(left.span)) };
            self.next();
            let right = self.operand(&mut qualifiers)?;
            let Item::Expr(other) = right.item else { return Err(sum_alone(right.span)) };
            // A list of the same kind grows; anything else is wrapped.
            let left_depth = left.depth + usize::from(!expr.is_list(joint));
            let depth = left_depth.max(right.depth + 1);
            let span = left.span.to(right.span);
            let depth = checked_depth(depth, span)?;
            left = Part { item: Item::Expr(expr.joined(joint, other)), depth, span };
        }
    }

    /// One level further in; an error if that is one too many.
    fn enter(&mut self) -> Result<(), Complaint> {
        self.depth = checked_depth(self.depth + 1, self.span())?;
        Ok(())
    }

    fn leave(&mut self) {
        self.depth -= 1;
    }

    fn peek(&self) -> &'a Token<'a> {
        self.peek_at(0)
    }

    /// The token `ahead` of the next one.
    fn peek_at(&self, ahead: usize) -> &'a Token<'a> {
        self.tokens.get(self.at + ahead).map_or(&Token::End, |(token, _)| token)
    }

    fn next(&mut self) -> &'a Token<'a> {
        let token = self.peek();
        self.at += 1;
        token
    }

    /// Takes the next token if it is this one.
    fn take(&mut self, token: &Token<'_>) -> bool {
        let found = self.peek() == token;
        if found {
            self.at += 1;
        }
        found
    }

    /// Takes the next token if it is this word.
    fn take_word(&mut self, word: &str) -> bool {
        self.take(&Token::Word(word))
    }

    /// Where the next token stands.
    fn span(&self) -> Span {
        self.span_at(self.at)
    }

    /// Where the token last taken stands.
    fn last_span(&self) -> Span {
        self.span_at(self.at.saturating_sub(1))
    }

    fn span_at(&self, index: usize) -> Span {
        let end = Span { start: self.text.len(), end: self.text.len() };
        self.tokens.get(index).map_or(end, |(_, span)| *span)
    }

    /// "expected this, found that", about the next token.
    fn unexpected(&self, expected: &str) -> Complaint {
        let span = self.span();
        let found = match self.peek() {
            Token::BadNumber(word) => return lex::bad_number(word, span, u32::BITS),
            Token::End => "the end of the expression".to_owned(),
            _ => format!("`{}`", shown(self.text.get(span.start..span.end).unwrap_or_default())),
        };
        Complaint::new(span, format!("expected {expected}, found {found}"))
    }

    /// Takes a token or says what else was there.
    fn expect(&mut self, token: &Token<'_>, name: &str) -> Result<Span, Complaint> {
        if self.take(token) { Ok(self.last_span()) } else { Err(self.unexpected(name)) }
    }

    /// A number, or a number in parentheses, if that is what is next.
    fn optional_number(&mut self) -> Option<u32> {
        let open = self
            .tokens
            .get(self.at..)
            .map_or(0, |rest| rest.iter().take_while(|(token, _)| *token == Token::Open).count());
        let closed = |ahead| self.peek_at(open + 1 + ahead) == &Token::Close;
        let Token::Number(number) = self.peek_at(open) else { return None };
        if !(0..open).all(closed) {
            return None;
        }
        self.at += 2 * open + 1;
        Some(*number)
    }
}

fn sum_alone(span: Span) -> Complaint {
    Complaint::new(span, "this is a number, not a condition")
        .hint("compare it (`len > 100`), or say what it is a number of (`port 80`)")
}

/// The depth, if it is not too much.
fn checked_depth(depth: usize, span: Span) -> Result<usize, Complaint> {
    if depth > DEPTH_MAX {
        return Err(Complaint::new(span, format!("more than {DEPTH_MAX} levels of nesting")));
    }
    Ok(depth)
}

/// A word of the expression as it is put into a message.
fn shown(word: &str) -> String {
    word.chars().take(WORD_SHOWN_CHARS).map(crate::error::printable).collect()
}

/// Longest expression.
pub(crate) const EXPRESSION_BYTES_MAX: usize = 1 << 16;
/// Levels of nesting: parentheses, brackets, signs, changes between `and` and `or`.
pub(crate) const DEPTH_MAX: usize = 200;
/// Characters of a word that are repeated in a message.
const WORD_SHOWN_CHARS: usize = 40;
