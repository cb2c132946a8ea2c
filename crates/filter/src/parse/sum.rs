//! Arithmetic and comparisons.

use crate::arithmetic::{BINDING_UNRANKED, BINDING_WEAKEST, Comparison, Operator, Size, Sum};
use crate::error::{Complaint, Span};
use crate::keyword::Protocol;
use crate::lex::Token;
use crate::names;
use crate::parts::Relation;
use crate::primitive::Primitive;

use super::{Item, Parser, Part, checked_depth, shown};

/// A sum, how deep it is nested when it is printed, and where it stands.
pub(super) struct SumPart {
    pub(super) sum: Sum,
    pub(super) depth: usize,
    pub(super) span: Span,
}

impl Parser<'_> {
    /// What follows a first operand of arithmetic: the rest of the sum, and the comparison if
    /// there is one.
    pub(super) fn comparison(&mut self, first: SumPart) -> Result<Part, Complaint> {
        let left = self.sum_after(first, BINDING_WEAKEST)?;
        let Some(relation) = relation(self.peek()) else {
            let SumPart { sum, depth, span } = left;
            return Ok(Part { item: Item::Sum(sum), depth, span });
        };
        self.next();
        let right = self.sum(BINDING_WEAKEST)?;
        let span = left.span.to(right.span);
        let comparison = Comparison { left: left.sum, relation, right: right.sum };
        let depth = checked_depth(left.depth.max(right.depth) + 1, span)?;
        Ok(Part { depth, ..self.test(Primitive::Compare(comparison), span) })
    }

    /// Whether the next token goes on with arithmetic.
    pub(super) fn goes_on_as_sum(&self) -> bool {
        operator(self.peek()).is_some() || relation(self.peek()).is_some()
    }

    /// A sum of operators that bind at least as strongly as `weakest`.
    fn sum(&mut self, weakest: u8) -> Result<SumPart, Complaint> {
        let first = self.sum_operand()?;
        self.sum_after(first, weakest)
    }

    fn sum_after(&mut self, first: SumPart, weakest: u8) -> Result<SumPart, Complaint> {
        let mut left = first;
        while let Some(operator) = operator(self.peek()).filter(|o| o.binding() >= weakest) {
            self.next();
            let on_the_right = match operator.binding() {
                BINDING_UNRANKED => BINDING_WEAKEST,
                binding => binding + 1,
            };
            self.enter()?;
            let right = self.sum(on_the_right)?;
            self.leave();
            check_constant(operator, &right)?;
            let span = left.span.to(right.span);
            // Its parentheses, and what is on the right of an operator is one level further in.
            let depth = checked_depth(left.depth.max(right.depth + 1) + 1, span)?;
            let sum = Sum::Binary(operator, Box::new(left.sum), Box::new(right.sum));
            left = SumPart { sum, depth, span };
        }
        Ok(left)
    }

    /// A number, `len`, bytes of a header, a negated sum, or a sum in parentheses.
    pub(super) fn sum_operand(&mut self) -> Result<SumPart, Complaint> {
        let start = self.span();
        match *self.peek() {
            Token::Number(number) => {
                self.next();
                Ok(SumPart { sum: Sum::Constant(number), depth: 1, span: start })
            }
            Token::Word("len" | "length") => {
                self.next();
                Ok(SumPart { sum: Sum::Length, depth: 1, span: start })
            }
            Token::Minus => {
                self.next();
                self.enter()?;
                let inner = self.sum(BINDING_UNRANKED)?;
                self.leave();
                let span = start.to(inner.span);
                // Its parentheses and its sign.
                let depth = checked_depth(inner.depth + 2, span)?;
                Ok(SumPart { sum: Sum::Negated(Box::new(inner.sum)), depth, span })
            }
            Token::Open => {
                self.next();
                self.enter()?;
                let inner = self.sum(BINDING_WEAKEST)?;
                self.leave();
                let end = self.expect(&Token::Close, "an operator or `)`")?;
                Ok(SumPart { span: start.to(end), ..inner })
            }
            Token::Word(word) if self.peek_at(1) == &Token::OpenBracket => self.load(word),
            _ => Err(self.expected_number()),
        }
    }

    fn expected_number(&self) -> Complaint {
        let complaint = self.unexpected("a number, `len`, or bytes of a header such as `ip[0]`");
        match self.peek() {
            Token::Word(word) => match names::nearest(word, names::numbers()) {
                Some(near) => complaint.hint(format!("did you mean `{near}`?")),
                None => complaint,
            },
            _ => complaint,
        }
    }

    /// `tcp[13]`, `ip[2:2]`.
    fn load(&mut self, word: &str) -> Result<SumPart, Complaint> {
        let start = self.span();
        let Some(header) = Protocol::named(word) else {
            let message = format!("`{}` has no bytes that could be asked for", shown(word));
            return Err(Complaint::new(start, message)
                .hint("bytes are those of ether, ip, ip6, arp, tcp, udp, icmp, icmp6, ..."));
        };
        if !header.has_index() {
            return Err(Complaint::new(start, format!("bytes of `{word}` cannot be asked for")));
        }
        self.at += 2;
        self.enter()?;
        let index = self.sum(BINDING_WEAKEST)?;
        self.leave();
        let size = if self.take(&Token::Colon) { self.load_size()? } else { Size::One };
        let end = self.expect(&Token::CloseBracket, "an operator, `:` or `]`")?;
        let span = start.to(end);
        let depth = checked_depth(index.depth + 1, span)?;
        let sum = Sum::Load { header, index: Box::new(index.sum), size };
        Ok(SumPart { sum, depth, span })
    }

    fn load_size(&mut self) -> Result<Size, Complaint> {
        let size = match self.peek() {
            Token::Number(1) => Size::One,
            Token::Number(2) => Size::Two,
            Token::Number(4) => Size::Four,
            _ => return Err(self.unexpected("a size of 1, 2 or 4 bytes")),
        };
        self.next();
        Ok(size)
    }
}

/// Divisions by nothing and shifts out of the number, where they can be seen.
fn check_constant(operator: Operator, right: &SumPart) -> Result<(), Complaint> {
    let message = match (operator, &right.sum) {
        (Operator::Divide | Operator::Remainder, Sum::Constant(0)) => "a division by zero",
        (Operator::ShiftLeft | Operator::ShiftRight, Sum::Constant(32..)) => {
            "a shift by more than 31 bits"
        }
        _ => return Ok(()),
    };
    Err(Complaint::new(right.span, message))
}

fn operator(token: &Token<'_>) -> Option<Operator> {
    Some(match token {
        Token::Plus => Operator::Add,
        Token::Minus => Operator::Subtract,
        Token::Star => Operator::Multiply,
        Token::Slash => Operator::Divide,
        Token::Percent => Operator::Remainder,
        Token::Ampersand => Operator::And,
        Token::Pipe => Operator::Or,
        Token::Caret => Operator::Xor,
        Token::ShiftLeft => Operator::ShiftLeft,
        Token::ShiftRight => Operator::ShiftRight,
        _ => return None,
    })
}

pub(super) fn relation(token: &Token<'_>) -> Option<Relation> {
    Some(match token {
        Token::Less => Relation::Less,
        Token::LessOrEqual => Relation::LessOrEqual,
        Token::Equal => Relation::Equal,
        Token::NotEqual => Relation::NotEqual,
        Token::GreaterOrEqual => Relation::GreaterOrEqual,
        Token::Greater => Relation::Greater,
        _ => return None,
    })
}
