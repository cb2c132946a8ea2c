//! Lists to rows of one length, as arrays for training have them.
//!
//! Whatever is put where a list has ended could be an item as well: how long lists are is told beside.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use flowloom_schema::{Binary, DataType, Series, Values};

/// How lists become rows of one length.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Padding {
    /// Items of a row.
    pub length: usize,
    /// What stands where a list has none.
    pub pad: f64,
    /// On which side that is.
    pub side: Side,
    /// Which items are kept of a list that is longer.
    pub keep: Keep,
    /// The type of the items; that of the lists' own if none.
    pub number: Option<Number>,
}

/// A side of a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Side {
    /// Behind the items.
    #[default]
    Right,
    /// Before them.
    Left,
}

/// Some items of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keep {
    /// The first of them.
    #[default]
    First,
    /// The last of them.
    Last,
}

/// Types of numbers, as NumPy names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is the type of its name")]
pub enum Number {
    Bool,
    Int8,
    UInt8,
    Int16,
    UInt16,
    Int32,
    UInt32,
    Int64,
    UInt64,
    Float32,
    Float64,
}

impl Default for Padding {
    fn default() -> Self {
        let (side, keep) = (Side::default(), Keep::default());
        Self { length: 5_000, pad: 0.0, side, keep, number: None }
    }
}

impl Padding {
    /// Appends the items `range` of a list as a row; gives how many of them are in it.
    ///
    /// Fails with a value that the type of `number` does not hold.
    pub fn append(
        &self,
        items: &Series,
        range: Range<usize>,
        number: Number,
        row: &mut Vec<u8>,
    ) -> Result<usize, Misfit> {
        let chosen = self.chosen(range, self.length);
        let missing = self.length - chosen.len();
        if self.side == Side::Left {
            self.append_pad(missing, number, row)?;
        }
        for at in chosen.clone() {
            let item = Item::of(&items.values, at).ok_or(Misfit(f64::NAN, number))?;
            item.append(number, row)?;
        }
        if self.side == Side::Right {
            self.append_pad(missing, number, row)?;
        }
        Ok(chosen.len())
    }

    /// The same for items that are bytes: `shape` says how many items a row has, and how many bytes
    /// each, the first of them, with what stands for none behind those that are fewer.
    pub fn append_bytes(
        &self,
        items: &Binary,
        range: Range<usize>,
        number: Number,
        shape: [usize; 2],
        row: &mut Vec<u8>,
    ) -> Result<usize, Misfit> {
        let [length, width] = shape;
        let chosen = self.chosen(range, length);
        let missing = (length - chosen.len()) * width;
        if self.side == Side::Left {
            self.append_pad(missing, number, row)?;
        }
        for at in chosen.clone() {
            let bytes = items.get(at);
            let bytes = bytes.get(..width).unwrap_or(bytes);
            for byte in bytes {
                Item::Int(i64::from(*byte)).append(number, row)?;
            }
            self.append_pad(width - bytes.len(), number, row)?;
        }
        if self.side == Side::Right {
            self.append_pad(missing, number, row)?;
        }
        Ok(chosen.len())
    }

    /// Which items of a list are kept.
    fn chosen(&self, range: Range<usize>, length: usize) -> Range<usize> {
        let kept = range.len().min(length);
        match self.keep {
            Keep::First => range.start..range.start + kept,
            Keep::Last => range.end - kept..range.end,
        }
    }

    /// Whether the type of items holds what stands where there are none.
    pub fn check(&self, number: Number) -> Result<(), Misfit> {
        Item::Float(self.pad).append(number, &mut Vec::new())
    }

    fn append_pad(&self, count: usize, number: Number, row: &mut Vec<u8>) -> Result<(), Misfit> {
        let mut one = Vec::with_capacity(8);
        Item::Float(self.pad).append(number, &mut one)?;
        row.extend(one.iter().cycle().take(count * one.len()));
        Ok(())
    }
}

impl fmt::Display for Padding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { length, pad, side, keep, number } = self;
        let number = number.map_or("own", Number::name);
        write!(f, "length={length} pad={pad} side={side:?} keep={keep:?} dtype={number}")
    }
}

/// A value, and a type that does not hold it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Misfit(pub f64, pub Number);

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} cannot hold {}: choose another type", self.1.name(), self.0)
    }
}

/// A number of a series.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Item {
    Int(i64),
    Float(f64),
}

impl Item {
    /// The value of a series; nothing where it has no numbers.
    pub(crate) fn of(values: &Values, at: usize) -> Option<Self> {
        Some(match values {
            Values::Bool(v) => Self::Int(i64::from(v[at])),
            Values::I8(v) => Self::Int(i64::from(v[at])),
            Values::U8(v) => Self::Int(i64::from(v[at])),
            Values::U16(v) => Self::Int(i64::from(v[at])),
            Values::I32(v) => Self::Int(i64::from(v[at])),
            Values::I64(v) | Values::Time(v) => Self::Int(v[at]),
            Values::F64(v) => Self::Float(v[at]),
            Values::Text(_) | Values::Binary(_) | Values::List(_) | Values::Struct(_) => {
                return None;
            }
        })
    }

    /// Appends it in little-endian order.
    pub(crate) fn append(self, number: Number, out: &mut Vec<u8>) -> Result<(), Misfit> {
        let as_float = match self {
            Self::Int(value) => value as f64,
            Self::Float(value) => value,
        };
        match number {
            Number::Float32 => out.extend((as_float as f32).to_le_bytes()),
            Number::Float64 => out.extend(as_float.to_le_bytes()),
            _ => {
                let value = match self {
                    Self::Int(value) => Some(i128::from(value)),
                    // All integers that floats of this size hold are integers of 128 bits, too.
                    Self::Float(value) if value.fract() == 0.0 => Some(value as i128),
                    Self::Float(_) => None,
                };
                let (low, high) = number.bounds();
                let value = value.filter(|value| (low..=high).contains(value));
                let value = value.ok_or(Misfit(as_float, number))?;
                out.extend(&value.to_le_bytes()[..number.size()]);
            }
        }
        Ok(())
    }
}

impl Number {
    /// All types.
    pub const ALL: [Self; 11] = [
        Self::Bool,
        Self::Int8,
        Self::UInt8,
        Self::Int16,
        Self::UInt16,
        Self::Int32,
        Self::UInt32,
        Self::Int64,
        Self::UInt64,
        Self::Float32,
        Self::Float64,
    ];

    /// NumPy's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Int8 => "int8",
            Self::UInt8 => "uint8",
            Self::Int16 => "int16",
            Self::UInt16 => "uint16",
            Self::Int32 => "int32",
            Self::UInt32 => "uint32",
            Self::Int64 => "int64",
            Self::UInt64 => "uint64",
            Self::Float32 => "float32",
            Self::Float64 => "float64",
        }
    }

    /// The type that holds all values of a column's; nothing for those that are no numbers.
    pub fn of(data_type: DataType) -> Option<Self> {
        Some(match data_type {
            DataType::Bool => Self::Bool,
            DataType::I8 => Self::Int8,
            DataType::U8 => Self::UInt8,
            DataType::U16 => Self::UInt16,
            DataType::I32 => Self::Int32,
            DataType::I64 | DataType::Time => Self::Int64,
            DataType::F64 => Self::Float64,
            DataType::Text | DataType::Binary | DataType::List(_) | DataType::Struct(_) => {
                return None;
            }
        })
    }

    /// What `.npy` files call it.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Bool => "|b1",
            Self::Int8 => "|i1",
            Self::UInt8 => "|u1",
            Self::Int16 => "<i2",
            Self::UInt16 => "<u2",
            Self::Int32 => "<i4",
            Self::UInt32 => "<u4",
            Self::Int64 => "<i8",
            Self::UInt64 => "<u8",
            Self::Float32 => "<f4",
            Self::Float64 => "<f8",
        }
    }

    /// Bytes of a value.
    pub(crate) fn size(self) -> usize {
        match self {
            Self::Bool | Self::Int8 | Self::UInt8 => 1,
            Self::Int16 | Self::UInt16 => 2,
            Self::Int32 | Self::UInt32 | Self::Float32 => 4,
            Self::Int64 | Self::UInt64 | Self::Float64 => 8,
        }
    }

    /// The smallest and the largest value of an integer type.
    fn bounds(self) -> (i128, i128) {
        match self {
            Self::Bool => (0, 1),
            Self::Int8 => (i8::MIN.into(), i8::MAX.into()),
            Self::UInt8 => (0, u8::MAX.into()),
            Self::Int16 => (i16::MIN.into(), i16::MAX.into()),
            Self::UInt16 => (0, u16::MAX.into()),
            Self::Int32 => (i32::MIN.into(), i32::MAX.into()),
            Self::UInt32 => (0, u32::MAX.into()),
            Self::Int64 => (i64::MIN.into(), i64::MAX.into()),
            Self::UInt64 => (0, u64::MAX.into()),
            Self::Float32 | Self::Float64 => (i128::MIN, i128::MAX),
        }
    }
}

impl FromStr for Number {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|number| number.name() == name).ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            format!("`{name}` is no type of numbers; there are {names}")
        })
    }
}

#[cfg(test)]
mod tests {
    use flowloom_schema::{DataType, Series};

    use super::{Keep, Misfit, Number, Padding, Side};

    fn row(padding: Padding, number: Number) -> Result<(Vec<u8>, usize), Misfit> {
        let mut items = Series::new(DataType::I32);
        items.extend_i32([9, 1, 2, 3, 9].into_iter());
        let mut row = Vec::new();
        let kept = padding.append(&items, 1..4, number, &mut row)?;
        Ok((row, kept))
    }

    #[test]
    fn rows_are_filled_and_cut_on_the_side_that_was_asked_for() {
        let of = |length, side, keep| {
            let padding = Padding { length, side, keep, pad: -1.0, number: None };
            row(padding, Number::Int8).unwrap()
        };
        let none = 0xff;
        assert_eq!(of(5, Side::Right, Keep::First), (vec![1, 2, 3, none, none], 3));
        assert_eq!(of(5, Side::Left, Keep::Last), (vec![none, none, 1, 2, 3], 3));
        assert_eq!(of(3, Side::Left, Keep::First), (vec![1, 2, 3], 3));
        assert_eq!(of(2, Side::Right, Keep::First), (vec![1, 2], 2));
        assert_eq!(of(2, Side::Right, Keep::Last), (vec![2, 3], 2));
    }

    #[test]
    fn numbers_have_the_bytes_of_their_type() {
        let padding = Padding { length: 4, ..Padding::default() };
        for number in Number::ALL {
            let found = row(padding, number);
            if number == Number::Bool {
                assert_eq!(found, Err(Misfit(2.0, number)));
                continue;
            }
            let (bytes, _) = found.unwrap();
            assert_eq!(bytes.len(), 4 * number.size(), "{number:?}");
            assert_eq!(number.name().parse(), Ok(number));
        }
        let (floats, _) = row(padding, Number::Float32).unwrap();
        assert_eq!(floats[..8], [1_f32.to_le_bytes(), 2_f32.to_le_bytes()].concat());
    }

    #[test]
    fn what_a_type_does_not_hold_is_refused() {
        let with = |pad| Padding { pad, ..Padding::default() };
        assert_eq!(with(128.0).check(Number::Int8), Err(Misfit(128.0, Number::Int8)));
        assert_eq!(with(-1.0).check(Number::UInt64), Err(Misfit(-1.0, Number::UInt64)));
        assert_eq!(with(0.5).check(Number::Int64), Err(Misfit(0.5, Number::Int64)));
        assert!(with(f64::NAN).check(Number::Int64).is_err());
        assert!(with(f64::INFINITY).check(Number::Int64).is_err());
        assert!(with(f64::NAN).check(Number::Float32).is_ok());
        assert!(with(1e300).check(Number::UInt64).is_err());
        assert!("float16".parse::<Number>().unwrap_err().contains("float32"));
    }
}
