//! Arithmetic on a frame's bytes: `ip[2:2] - ((ip[0] & 0xf) << 2) > 40`.

use std::fmt;

use crate::keyword::Protocol;
use crate::parts::Relation;

/// Two sums and how they must compare.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Comparison {
    pub(crate) left: Sum,
    pub(crate) relation: Relation,
    pub(crate) right: Sum,
}

/// An unsigned 32-bit number, as it is computed from a frame. It wraps around, and a byte that is
/// not there makes the whole of it, and so the comparison, fail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Sum {
    Constant(u32),
    /// Length of the frame on the wire.
    Length,
    Negated(Box<Self>),
    Binary(Operator, Box<Self>, Box<Self>),
    /// `size` bytes at byte `index` of a header.
    Load {
        header: Protocol,
        index: Box<Self>,
        size: Size,
    },
}

impl Sum {
    /// Whether a byte of the frame is in it.
    pub(crate) fn has_load(&self) -> bool {
        match self {
            Self::Load { .. } => true,
            Self::Negated(sum) => sum.has_load(),
            Self::Binary(_, left, right) => left.has_load() || right.has_load(),
            Self::Constant(_) | Self::Length => false,
        }
    }
}

/// Bytes of a load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Size {
    One = 1,
    Two = 2,
    Four = 4,
}

/// What two numbers are joined by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    And,
    Or,
    Xor,
    ShiftLeft,
    ShiftRight,
}

impl Operator {
    /// The result; none for a division by zero. Shifts by more than 31 bits give 0.
    #[inline]
    pub(crate) fn apply(self, left: u32, right: u32) -> Option<u32> {
        Some(match self {
            Self::Add => left.wrapping_add(right),
            Self::Subtract => left.wrapping_sub(right),
            Self::Multiply => left.wrapping_mul(right),
            Self::Divide => left.checked_div(right)?,
            Self::Remainder => left.checked_rem(right)?,
            Self::And => left & right,
            Self::Or => left | right,
            Self::Xor => left ^ right,
            Self::ShiftLeft => left.checked_shl(right).unwrap_or(0),
            Self::ShiftRight => left.checked_shr(right).unwrap_or(0),
        })
    }

    /// How strongly it binds, from [`BINDING_WEAKEST`] up.
    ///
    /// This is tcpdump's grammar, which gives `%` and `^` no rank: what is on their right is taken
    /// whole, and they take what is just on their left.
    pub(crate) fn binding(self) -> u8 {
        match self {
            Self::Or => BINDING_WEAKEST,
            Self::And => 1,
            Self::ShiftLeft | Self::ShiftRight => 2,
            Self::Add | Self::Subtract => 3,
            Self::Multiply | Self::Divide => 4,
            Self::Remainder | Self::Xor => BINDING_UNRANKED,
        }
    }
}

/// How strongly `|` binds.
pub(crate) const BINDING_WEAKEST: u8 = 0;
/// How strongly `%` and `^` hold what is on their left.
pub(crate) const BINDING_UNRANKED: u8 = 5;

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.left, self.relation, self.right)
    }
}

/// With parentheses around every operation, so that no ranks need be known.
impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Constant(number) => write!(f, "{number}"),
            Self::Length => f.write_str("len"),
            Self::Negated(sum) => write!(f, "(-{sum})"),
            Self::Binary(operator, left, right) => write!(f, "({left} {operator} {right})"),
            Self::Load { header, index, size } => {
                write!(f, "{}[{index}:{}]", header.name(), *size as u8)
            }
        }
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
            Self::And => "&",
            Self::Or => "|",
            Self::Xor => "^",
            Self::ShiftLeft => "<<",
            Self::ShiftRight => ">>",
        })
    }
}
