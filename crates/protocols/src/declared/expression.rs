//! Arithmetic on fields: whole numbers, names, `+ - * /`, unary `-`, parentheses.

/// An expression, ready to be evaluated: operands before their operator.
#[derive(Debug, Default)]
pub(super) struct Expression(Vec<Term>);

#[derive(Clone, Copy, Debug)]
enum Term {
    Number(i64),
    Slot(usize),
    /// Bytes of the message that were read so far.
    Position,
    Negate,
    Add,
    Subtract,
    Multiply,
    Divide,
}

impl Expression {
    /// Reads an expression; `slot` knows the fields.
    pub(super) fn parse(text: &str, slot: &dyn Fn(&str) -> Option<usize>) -> Result<Self, String> {
        if text.len() > TEXT_MAX {
            return Err(format!("the expression is longer than {TEXT_MAX} characters"));
        }
        let mut parser = Parser { text, at: 0, terms: Vec::new(), slot };
        parser.sum(0)?;
        match parser.peek() {
            None => Ok(Self(parser.terms)),
            Some(char) => Err(format!("`{char}` in `{text}` was not expected")),
        }
    }

    /// The value; none if a field is missing, something is divided by zero, or the result is too large.
    pub(super) fn value(&self, slots: &[Option<i64>], position: usize) -> Option<i64> {
        let mut stack: Vec<i64> = Vec::with_capacity(8);
        for term in &self.0 {
            let value = match term {
                Term::Number(number) => *number,
                Term::Slot(slot) => (*slots.get(*slot)?)?,
                Term::Position => i64::try_from(position).ok()?,
                Term::Negate => stack.pop()?.checked_neg()?,
                Term::Add | Term::Subtract | Term::Multiply | Term::Divide => {
                    let (right, left) = (stack.pop()?, stack.pop()?);
                    match term {
                        Term::Add => left.checked_add(right)?,
                        Term::Subtract => left.checked_sub(right)?,
                        Term::Multiply => left.checked_mul(right)?,
                        _ => left.checked_div(right)?,
                    }
                }
            };
            stack.push(value);
        }
        stack.pop()
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    terms: Vec<Term>,
    slot: &'a dyn Fn(&str) -> Option<usize>,
}

impl Parser<'_> {
    fn sum(&mut self, depth: usize) -> Result<(), String> {
        self.product(depth)?;
        while let Some(sign @ ('+' | '-')) = self.peek() {
            self.at += 1;
            self.product(depth)?;
            self.terms.push(if sign == '+' { Term::Add } else { Term::Subtract });
        }
        Ok(())
    }

    fn product(&mut self, depth: usize) -> Result<(), String> {
        self.factor(depth)?;
        while let Some(sign @ ('*' | '/')) = self.peek() {
            self.at += 1;
            self.factor(depth)?;
            self.terms.push(if sign == '*' { Term::Multiply } else { Term::Divide });
        }
        Ok(())
    }

    fn factor(&mut self, depth: usize) -> Result<(), String> {
        if depth > DEPTH_MAX {
            return Err(format!("the expression is nested deeper than {DEPTH_MAX}"));
        }
        match self.peek() {
            Some('-') => {
                self.at += 1;
                self.factor(depth + 1)?;
                self.terms.push(Term::Negate);
                Ok(())
            }
            Some('(') => {
                self.at += 1;
                self.sum(depth + 1)?;
                if self.peek() != Some(')') {
                    return Err(format!("a `)` is missing in `{}`", self.text));
                }
                self.at += 1;
                Ok(())
            }
            Some(char) if char.is_ascii_alphanumeric() || char == '_' => self.operand(),
            Some(char) => Err(format!("`{char}` in `{}` was not expected", self.text)),
            None => Err(format!("something is missing at the end of `{}`", self.text)),
        }
    }

    fn operand(&mut self) -> Result<(), String> {
        let rest = &self.text[self.at..];
        let end = rest.find(|char: char| !char.is_ascii_alphanumeric() && char != '_');
        let word = &rest[..end.unwrap_or(rest.len())];
        self.at += word.len();
        let term = if word.starts_with(|char: char| char.is_ascii_digit()) {
            let number = match word.strip_prefix("0x") {
                Some(digits) => i64::from_str_radix(digits, 16),
                None => word.parse(),
            };
            Term::Number(number.map_err(|_| format!("`{word}` is no number"))?)
        } else if word == POSITION {
            Term::Position
        } else {
            Term::Slot((self.slot)(word).ok_or_else(|| no_number(word))?)
        };
        self.terms.push(term);
        Ok(())
    }

    /// The next character that is no blank.
    fn peek(&mut self) -> Option<char> {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
        self.text[self.at..].chars().next()
    }
}

/// What is said of a name that stands for no number.
pub(super) fn no_number(name: &str) -> String {
    format!("there is no field `{name}` with a number before this one")
}

/// The word for how much of the message was read.
pub(super) const POSITION: &str = "position";
const TEXT_MAX: usize = 1_000;
const DEPTH_MAX: usize = 32;

#[cfg(test)]
mod tests {
    use super::Expression;

    fn value(text: &str) -> Result<Option<i64>, String> {
        let slot = |name: &str| (name == "a").then_some(0).or((name == "missing").then_some(1));
        Ok(Expression::parse(text, &slot)?.value(&[Some(7), None], 5))
    }

    #[test]
    fn expressions_have_the_usual_precedence_and_never_overflow() {
        for (text, expected) in [
            ("1 + 2 * 3", Some(7)),
            ("(1+2)*3", Some(9)),
            ("a / 2 - -1", Some(4)),
            ("10 - 3 - 2", Some(5)),
            ("0x10+position", Some(21)),
            ("a / 0", None),
            ("9223372036854775807 + 1", None),
            ("-9223372036854775807 - 2", None),
            ("missing * 0", None),
        ] {
            assert_eq!(value(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_expression_is_refused() {
        let deep = "(".repeat(100);
        let long = "1+".repeat(600) + "1";
        for (text, reason) in [
            ("", "something is missing at the end of ``"),
            ("1 +", "something is missing at the end of `1 +`"),
            ("(1", "a `)` is missing in `(1`"),
            ("1)", "`)` in `1)` was not expected"),
            ("é", "`é` in `é` was not expected"),
            ("b", "there is no field `b` with a number before this one"),
            ("1x", "`1x` is no number"),
            (&deep, "the expression is nested deeper than 32"),
            (&long, "the expression is longer than 1000 characters"),
        ] {
            assert_eq!(value(text), Err(reason.to_owned()));
        }
    }
}
