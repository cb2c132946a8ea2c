//! The expression as a tree: tests joined by `not`, `and`, `or`.

use std::fmt;

/// Tests of type `T`, joined. An empty [`Expr::All`] holds always.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Expr<T> {
    Test(T),
    Not(Box<Self>),
    All(Vec<Self>),
    Any(Vec<Self>),
}

impl<T> Expr<T> {
    /// Whether the expression holds, given what each test says. Tests are asked from left to
    /// right, and no more of them than needed.
    #[inline]
    pub(crate) fn holds<F: FnMut(&T) -> bool>(&self, test: &mut F) -> bool {
        match self {
            Self::Test(t) => test(t),
            Self::Not(inner) => !inner.holds(test),
            Self::All(terms) => terms.iter().all(|term| term.holds(test)),
            Self::Any(terms) => terms.iter().any(|term| term.holds(test)),
        }
    }

    /// The same expression on other tests; tests are visited from left to right.
    pub(crate) fn try_map<U, E, F>(self, map: &mut F) -> Result<Expr<U>, E>
    where
        F: FnMut(T) -> Result<U, E>,
    {
        let mut each = |terms: Vec<Self>| {
            terms.into_iter().map(|term| term.try_map(map)).collect::<Result<Vec<_>, E>>()
        };
        Ok(match self {
            Self::All(terms) => Expr::All(each(terms)?),
            Self::Any(terms) => Expr::Any(each(terms)?),
            Self::Not(inner) => Expr::Not(Box::new(inner.try_map(map)?)),
            Self::Test(t) => Expr::Test(map(t)?),
        })
    }

    /// Calls `visit` with each test, from left to right.
    pub(crate) fn each<'a>(&'a self, visit: &mut impl FnMut(&'a T)) {
        match self {
            Self::Test(t) => visit(t),
            Self::Not(inner) => inner.each(visit),
            Self::All(terms) | Self::Any(terms) => terms.iter().for_each(|term| term.each(visit)),
        }
    }

    /// Whether some test is as asked for.
    pub(crate) fn has(&self, wanted: fn(&T) -> bool) -> bool {
        match self {
            Self::Test(t) => wanted(t),
            Self::Not(inner) => inner.has(wanted),
            Self::All(terms) | Self::Any(terms) => terms.iter().any(|term| term.has(wanted)),
        }
    }

    /// How many tests there are.
    pub(crate) fn tests(&self) -> usize {
        match self {
            Self::Test(_) => 1,
            Self::Not(inner) => inner.tests(),
            Self::All(terms) | Self::Any(terms) => terms.iter().map(Self::tests).sum(),
        }
    }

    /// Not this; two negations are none.
    pub(crate) fn negated(self) -> Self {
        match self {
            Self::Not(inner) => *inner,
            other => Self::Not(Box::new(other)),
        }
    }

    /// This and, or or, `other`; lists of the same kind become one.
    pub(crate) fn joined(self, joint: Joint, other: Self) -> Self {
        let mut terms = self.into_terms(joint);
        terms.extend(other.into_terms(joint));
        match joint {
            Joint::And => Self::All(terms),
            Joint::Or => Self::Any(terms),
        }
    }

    /// Whether this is a list of the kind.
    pub(crate) fn is_list(&self, joint: Joint) -> bool {
        match self {
            Self::All(_) => joint == Joint::And,
            Self::Any(_) => joint == Joint::Or,
            _ => false,
        }
    }

    /// The terms of a list of the kind; anything else is a list of one.
    pub(crate) fn into_terms(self, joint: Joint) -> Vec<Self> {
        match (self, joint) {
            (Self::All(terms), Joint::And) | (Self::Any(terms), Joint::Or) => terms,
            (other, _) => vec![other],
        }
    }
}

/// What joins terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Joint {
    And,
    Or,
}

/// In words, with the parentheses that make the reading unambiguous.
impl<T: fmt::Display> fmt::Display for Expr<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Test(test) => test.fmt(f),
            Self::Not(inner) => {
                f.write_str("not ")?;
                grouped(f, inner, matches!(**inner, Self::All(_) | Self::Any(_)))
            }
            Self::All(terms) => joined(f, terms, " and ", |term| matches!(term, Self::Any(_))),
            Self::Any(terms) => joined(f, terms, " or ", |term| matches!(term, Self::All(_))),
        }
    }
}

fn joined<T: fmt::Display>(
    f: &mut fmt::Formatter<'_>,
    terms: &[Expr<T>],
    word: &str,
    apart: fn(&Expr<T>) -> bool,
) -> fmt::Result {
    for (i, term) in terms.iter().enumerate() {
        if i > 0 {
            f.write_str(word)?;
        }
        grouped(f, term, apart(term))?;
    }
    Ok(())
}

/// In parentheses or not, and with the flags of the whole.
fn grouped<T: fmt::Display>(
    f: &mut fmt::Formatter<'_>,
    expr: &Expr<T>,
    is_group: bool,
) -> fmt::Result {
    if !is_group {
        return fmt::Display::fmt(expr, f);
    }
    f.write_str("(")?;
    fmt::Display::fmt(expr, f)?;
    f.write_str(")")
}
