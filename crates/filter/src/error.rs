//! What is said of an expression that cannot be used: the word, what was expected, the way out.

use std::fmt;

/// A part of the expression, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Span {
    /// From the start of this one to the end of `other`.
    pub(crate) fn to(self, other: Self) -> Self {
        Self { start: self.start, end: other.end.max(self.end) }
    }
}

/// An expression that is no filter, and where it ceases to be one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    expression: String,
    at: Span,
    /// What is wrong, or what was expected, as a clause without a full stop.
    message: String,
    hint: Option<String>,
}

impl ParseError {
    pub(crate) fn new(expression: &str, complaint: Complaint) -> Self {
        let Complaint { at, message, hint } = complaint;
        Self { expression: expression.to_owned(), at, message, hint }
    }

    /// The word the error is about; empty at the end of the expression.
    pub fn word(&self) -> &str {
        self.expression.get(self.at.start..self.at.end).unwrap_or_default()
    }

    /// Where that word begins, in bytes.
    pub fn offset(&self) -> usize {
        self.at.start
    }

    /// The expression around the word, on one line, and how far in the word is.
    fn line(&self) -> (String, usize, usize) {
        let cut = |text: &str| text.chars().map(printable).collect::<String>();
        let before = cut(self.expression.get(..self.at.start).unwrap_or_default());
        let word = cut(self.word());
        let after = cut(self.expression.get(self.at.end..).unwrap_or_default());

        let skipped = before.chars().count().saturating_sub(CONTEXT_CHARS);
        let lead = if skipped > 0 { "..." } else { "" };
        let kept: String = before.chars().skip(skipped).collect();
        let shown: String = word.chars().take(CONTEXT_CHARS).collect();
        let rest: String = after.chars().take(CONTEXT_CHARS).collect();
        let tail = if rest.len() < after.len() { "..." } else { "" };
        let column = lead.len() + kept.chars().count();
        let width = shown.chars().count().max(1);
        (format!("{lead}{kept}{shown}{rest}{tail}"), column, width)
    }
}

/// Three or four lines: the complaint, the expression, a caret line under the word, the hint.
impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, column, width) = self.line();
        writeln!(f, "filter: {}", self.message)?;
        writeln!(f, "    {}", line.trim_end())?;
        write!(f, "    {:column$}{}", "", "^".repeat(width))?;
        match &self.hint {
            Some(hint) => write!(f, "\nhint: {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for ParseError {}

/// A [`ParseError`] before it is joined with the expression it is about.
#[derive(Debug)]
pub(crate) struct Complaint {
    at: Span,
    message: String,
    hint: Option<String>,
}

impl Complaint {
    pub(crate) fn new(at: Span, message: impl Into<String>) -> Self {
        Self { at, message: message.into(), hint: None }
    }

    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

/// What stands for a character in a message: terminals must not be steered by an expression.
pub(crate) fn printable(c: char) -> char {
    if c == '\t' || c == '\n' || c == '\r' {
        ' '
    } else if c.is_control() {
        '\u{fffd}'
    } else {
        c
    }
}

/// Characters of the expression shown on either side of the word, and of the word itself.
const CONTEXT_CHARS: usize = 60;
