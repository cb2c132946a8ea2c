//! Values of columns on their way to an output, in the memory layout of Arrow.

use crate::{DataType, Field};

/// Rows, column by column. All series have `rows` values.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// One series per column, in the order of the table's columns.
    pub columns: Vec<Series>,
    /// Number of rows.
    pub rows: usize,
}

/// The values of one column.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// The values; a null has a default value here.
    pub values: Values,
    /// Which of them are not null.
    pub validity: Validity,
}

/// Values by type, each in one growing buffer.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "each variant is the data type of its name")]
pub enum Values {
    Bool(Vec<bool>),
    I8(Vec<i8>),
    U8(Vec<u8>),
    U16(Vec<u16>),
    I32(Vec<i32>),
    I64(Vec<i64>),
    F64(Vec<f64>),
    Time(Vec<i64>),
    Text(Text),
    Binary(Binary),
    List(List),
    Struct(Struct),
}

/// Texts end to end: text `i` is `bytes[offsets[i]..offsets[i + 1]]`, always whole UTF-8.
#[derive(Clone, Debug, PartialEq)]
pub struct Text {
    /// One more than there are texts; the first is 0.
    pub offsets: Vec<i32>,
    /// The texts.
    pub bytes: Vec<u8>,
}

/// Bytes end to end: value `i` is `bytes[offsets[i]..offsets[i + 1]]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Binary {
    /// One more than there are values; the first is 0.
    pub offsets: Vec<i32>,
    /// The bytes of all values.
    pub bytes: Vec<u8>,
}

/// Lists end to end: list `i` is `items[offsets[i]..offsets[i + 1]]`.
#[derive(Clone, Debug, PartialEq)]
pub struct List {
    /// One more than there are lists; the first is 0.
    pub offsets: Vec<i32>,
    /// The items of all lists.
    pub items: Box<Series>,
}

/// Structs, field by field: struct `i` is value `i` of each of the series.
#[derive(Clone, Debug, PartialEq)]
pub struct Struct {
    /// What the fields are.
    pub fields: &'static [Field],
    /// The values, a series per field. Where a struct is null they are default values.
    pub series: Vec<Series>,
    /// Number of structs, which none of the series tells where there are no fields.
    pub len: usize,
}

/// Which values are there: a bit each, least significant first, made when the first null comes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Validity {
    bits: Option<Vec<u8>>,
    nulls: usize,
}

impl Batch {
    /// Appends the rows of a batch with the same columns.
    pub fn append(&mut self, other: Self) {
        if self.rows == 0 {
            *self = other;
            return;
        }
        self.rows += other.rows;
        for (own, more) in self.columns.iter_mut().zip(other.columns) {
            own.append(more);
        }
    }
}

impl Series {
    /// An empty series for values of a type.
    pub fn new(data_type: DataType) -> Self {
        let values = match data_type {
            DataType::Bool => Values::Bool(Vec::new()),
            DataType::I8 => Values::I8(Vec::new()),
            DataType::U8 => Values::U8(Vec::new()),
            DataType::U16 => Values::U16(Vec::new()),
            DataType::I32 => Values::I32(Vec::new()),
            DataType::I64 => Values::I64(Vec::new()),
            DataType::F64 => Values::F64(Vec::new()),
            DataType::Time => Values::Time(Vec::new()),
            DataType::Text => Values::Text(Text { offsets: vec![0], bytes: Vec::new() }),
            DataType::Binary => Values::Binary(Binary { offsets: vec![0], bytes: Vec::new() }),
            DataType::List(item) => {
                Values::List(List { offsets: vec![0], items: Box::new(Self::new(*item)) })
            }
            DataType::Struct(fields) => {
                let series = fields.iter().map(|field| Self::new(field.data_type)).collect();
                Values::Struct(Struct { fields, series, len: 0 })
            }
        };
        Self { values, validity: Validity::default() }
    }

    /// An empty series with room for a number of values, and for so many bytes of texts or items of
    /// lists.
    pub fn with_capacity(data_type: DataType, rows: usize, inner: usize) -> Self {
        let mut series = Self::new(data_type);
        match &mut series.values {
            Values::Bool(v) => v.reserve_exact(rows),
            Values::I8(v) => v.reserve_exact(rows),
            Values::U8(v) => v.reserve_exact(rows),
            Values::U16(v) => v.reserve_exact(rows),
            Values::I32(v) => v.reserve_exact(rows),
            Values::I64(v) | Values::Time(v) => v.reserve_exact(rows),
            Values::F64(v) => v.reserve_exact(rows),
            Values::Text(Text { offsets, bytes }) | Values::Binary(Binary { offsets, bytes }) => {
                offsets.reserve_exact(rows);
                bytes.reserve_exact(inner);
            }
            Values::List(List { offsets, items }) => {
                offsets.reserve_exact(rows);
                if let DataType::List(item) = data_type {
                    **items = Self::with_capacity(*item, inner, 0);
                }
            }
            Values::Struct(Struct { fields, series, .. }) => {
                for (series, field) in series.iter_mut().zip(*fields) {
                    *series = Self::with_capacity(field.data_type, rows, 0);
                }
            }
        }
        series
    }

    /// Bytes of its texts, or items of its lists.
    pub fn inner_len(&self) -> usize {
        match &self.values {
            Values::Text(Text { bytes, .. }) | Values::Binary(Binary { bytes, .. }) => bytes.len(),
            Values::List(List { items, .. }) => items.len(),
            _ => 0,
        }
    }

    /// Number of values, nulls included.
    pub fn len(&self) -> usize {
        match &self.values {
            Values::Bool(v) => v.len(),
            Values::I8(v) => v.len(),
            Values::U8(v) => v.len(),
            Values::U16(v) => v.len(),
            Values::I32(v) => v.len(),
            Values::I64(v) | Values::Time(v) => v.len(),
            Values::F64(v) => v.len(),
            Values::Text(v) => v.offsets.len() - 1,
            Values::Binary(v) => v.offsets.len() - 1,
            Values::List(v) => v.offsets.len() - 1,
            Values::Struct(v) => v.len,
        }
    }

    /// Whether there is no value at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Appends the values of a series of the same type.
    fn append(&mut self, other: Self) {
        self.validity.append(self.len(), &other.validity, other.len());
        match (&mut self.values, other.values) {
            (Values::Bool(own), Values::Bool(more)) => own.extend(more),
            (Values::I8(own), Values::I8(more)) => own.extend(more),
            (Values::U8(own), Values::U8(more)) => own.extend(more),
            (Values::U16(own), Values::U16(more)) => own.extend(more),
            (Values::I32(own), Values::I32(more)) => own.extend(more),
            (Values::I64(own), Values::I64(more)) | (Values::Time(own), Values::Time(more)) => {
                own.extend(more);
            }
            (Values::F64(own), Values::F64(more)) => own.extend(more),
            (Values::Text(own), Values::Text(more)) => {
                let before = own.bytes.len() as i32;
                own.offsets.extend(more.offsets[1..].iter().map(|offset| before + offset));
                own.bytes.extend(more.bytes);
            }
            (Values::Binary(own), Values::Binary(more)) => {
                let before = own.bytes.len() as i32;
                own.offsets.extend(more.offsets[1..].iter().map(|offset| before + offset));
                own.bytes.extend(more.bytes);
            }
            (Values::List(own), Values::List(more)) => {
                let before = own.items.len() as i32;
                own.offsets.extend(more.offsets[1..].iter().map(|offset| before + offset));
                own.items.append(*more.items);
            }
            (Values::Struct(own), Values::Struct(more)) => {
                own.len += more.len;
                for (own, more) in own.series.iter_mut().zip(more.series) {
                    own.append(more);
                }
            }
            (own, _) => own.mismatch("another series"),
        }
    }

    /// Appends a null.
    pub fn push_null(&mut self) {
        self.validity.push_null(self.len());
        self.values.push_default();
    }

    /// Appends several nulls.
    pub fn push_nulls(&mut self, count: usize) {
        self.validity.push_nulls(self.len(), count);
        self.values.push_defaults(count);
    }

    /// Appends what stands where there is no value.
    fn push_default(&mut self) {
        self.validity.push_value(self.len());
        self.values.push_default();
    }

    /// Appends a struct, of which `fill` puts one value at the end of each of the fields' series.
    #[inline]
    pub fn push_struct(&mut self, fill: impl FnOnce(&mut [Self])) {
        self.validity.push_value(self.len());
        match &mut self.values {
            Values::Struct(v) => {
                fill(&mut v.series);
                v.len += 1;
                debug_assert!(v.series.iter().all(|series| series.len() == v.len));
            }
            other => other.mismatch("struct"),
        }
    }

    /// Appends a text.
    #[inline]
    pub fn push_text(&mut self, text: &str) {
        self.push_utf8(text.as_bytes());
    }

    /// Appends a text that is known to be whole UTF-8.
    #[inline]
    pub(crate) fn push_utf8(&mut self, text: &[u8]) {
        self.validity.push_value(self.len());
        match &mut self.values {
            Values::Text(v) => {
                v.bytes.extend_from_slice(text);
                v.finish();
            }
            other => other.mismatch("text"),
        }
    }

    /// Appends bytes.
    #[inline]
    pub fn push_binary(&mut self, bytes: &[u8]) {
        self.validity.push_value(self.len());
        match &mut self.values {
            Values::Binary(v) => {
                v.bytes.extend_from_slice(bytes);
                v.finish();
            }
            other => other.mismatch("binary"),
        }
    }

    /// Appends a list, whose items `fill` puts at the end of the item series.
    #[inline]
    pub fn push_list(&mut self, fill: impl FnOnce(&mut Series)) {
        self.validity.push_value(self.len());
        match &mut self.values {
            Values::List(v) => {
                fill(&mut v.items);
                v.finish();
            }
            other => other.mismatch("list"),
        }
    }
}

macro_rules! push {
    ($(
        $(#[$doc:meta])*
        $name:ident, $extend:ident, $present:ident, $optional:ident($type:ty): $($variant:ident)|+;
    )*) => {
        impl Series {
            $(/// Appends values at once.
            #[inline]
            pub fn $extend(&mut self, values: impl Iterator<Item = $type>) {
                let at = self.len();
                match &mut self.values {
                    $(Values::$variant(v))|+ => v.extend(values),
                    other => other.mismatch(stringify!($type)),
                }
                if self.validity.bits.is_some() {
                    self.validity.push_values(at, self.len() - at);
                }
            }

            /// Appends up to 64 values of which those are there whose bit in `present` is set, the
            /// lowest bit being that of the first; the others are to be zero.
            #[inline]
            pub fn $present(&mut self, values: &[$type], present: u64) {
                debug_assert!(values.len() <= 64);
                let at = self.len();
                match &mut self.values {
                    $(Values::$variant(v))|+ => v.extend_from_slice(values),
                    other => other.mismatch(stringify!($type)),
                }
                self.validity.push_present(at, present, values.len());
            }

            /// Appends values at once, some of which may be missing.
            #[inline]
            pub fn $optional(&mut self, mut values: impl Iterator<Item = Option<$type>>) {
                loop {
                    let (mut some, mut present, mut len) = ([<$type>::default(); 64], 0, 0);
                    for (place, value) in some.iter_mut().zip(values.by_ref()) {
                        *place = value.unwrap_or_default();
                        present |= u64::from(value.is_some()) << len;
                        len += 1;
                    }
                    self.$present(&some[..len], present);
                    if len < some.len() {
                        break;
                    }
                }
            }

            $(#[$doc])*
            #[inline]
            pub fn $name(&mut self, value: $type) {
                if self.validity.bits.is_some() {
                    self.validity.push_value(self.len());
                }
                match &mut self.values {
                    $(Values::$variant(v))|+ => v.push(value),
                    other => other.mismatch(stringify!($type)),
                }
            })*
        }
    };
}

push! {
    /// Appends a boolean.
    push_bool, extend_bool, extend_present_bool, extend_optional_bool(bool): Bool;
    /// Appends a signed 8-bit integer.
    push_i8, extend_i8, extend_present_i8, extend_optional_i8(i8): I8;
    /// Appends an unsigned 8-bit integer.
    push_u8, extend_u8, extend_present_u8, extend_optional_u8(u8): U8;
    /// Appends an unsigned 16-bit integer.
    push_u16, extend_u16, extend_present_u16, extend_optional_u16(u16): U16;
    /// Appends a signed 32-bit integer.
    push_i32, extend_i32, extend_present_i32, extend_optional_i32(i32): I32;
    /// Appends a signed 64-bit integer or a time.
    push_i64, extend_i64, extend_present_i64, extend_optional_i64(i64): I64 | Time;
    /// Appends a float.
    push_f64, extend_f64, extend_present_f64, extend_optional_f64(f64): F64;
}

impl Values {
    fn push_default(&mut self) {
        match self {
            Values::Bool(v) => v.push(false),
            Values::I8(v) => v.push(0),
            Values::U8(v) => v.push(0),
            Values::U16(v) => v.push(0),
            Values::I32(v) => v.push(0),
            Values::I64(v) | Values::Time(v) => v.push(0),
            Values::F64(v) => v.push(0.0),
            Values::Text(v) => v.finish(),
            Values::Binary(v) => v.finish(),
            Values::List(v) => v.finish(),
            Values::Struct(v) => {
                v.series.iter_mut().for_each(Series::push_default);
                v.len += 1;
            }
        }
    }

    fn push_defaults(&mut self, count: usize) {
        match self {
            Values::Bool(v) => v.resize(v.len() + count, false),
            Values::I8(v) => v.resize(v.len() + count, 0),
            Values::U8(v) => v.resize(v.len() + count, 0),
            Values::U16(v) => v.resize(v.len() + count, 0),
            Values::I32(v) => v.resize(v.len() + count, 0),
            Values::I64(v) | Values::Time(v) => v.resize(v.len() + count, 0),
            Values::F64(v) => v.resize(v.len() + count, 0.0),
            Values::Text(Text { offsets, bytes }) | Values::Binary(Binary { offsets, bytes }) => {
                offsets.resize(offsets.len() + count, bytes.len() as i32);
            }
            Values::List(List { offsets, items }) => {
                offsets.resize(offsets.len() + count, items.len() as i32);
            }
            Values::Struct(Struct { series, len, .. }) => {
                for series in series {
                    series.validity.push_values(series.len(), count);
                    series.values.push_defaults(count);
                }
                *len += count;
            }
        }
    }

    /// A value of another type than declared is a mistake in a family's code, and its tests see it.
    #[cold]
    fn mismatch(&self, pushed: &str) -> ! {
        let declared = format!("{self:?}");
        panic!("a value of type {pushed} for a series of {declared:.20}")
    }
}

impl Text {
    /// Text `i`.
    pub fn get(&self, i: usize) -> &str {
        let range = self.offsets[i] as usize..self.offsets[i + 1] as usize;
        std::str::from_utf8(&self.bytes[range]).unwrap_or("")
    }

    /// Ends the text whose bytes were just appended.
    #[inline]
    fn finish(&mut self) {
        self.offsets.push(self.bytes.len() as i32);
    }
}

impl Binary {
    /// Value `i`.
    pub fn get(&self, i: usize) -> &[u8] {
        &self.bytes[self.offsets[i] as usize..self.offsets[i + 1] as usize]
    }

    /// Ends the value whose bytes were just appended.
    #[inline]
    fn finish(&mut self) {
        self.offsets.push(self.bytes.len() as i32);
    }
}

impl List {
    /// The range of list `i` in the items.
    pub fn range(&self, i: usize) -> std::ops::Range<usize> {
        self.offsets[i] as usize..self.offsets[i + 1] as usize
    }

    #[inline]
    fn finish(&mut self) {
        self.offsets.push(self.items.len() as i32);
    }
}

impl Validity {
    /// The bitmap, if there is a null at all.
    pub fn bits(&self) -> Option<&[u8]> {
        self.bits.as_deref()
    }

    /// Number of nulls.
    pub fn nulls(&self) -> usize {
        self.nulls
    }

    /// Whether value `i` is there.
    pub fn is_valid(&self, i: usize) -> bool {
        self.bits.as_ref().is_none_or(|bits| bits[i / 8] >> (i % 8) & 1 == 1)
    }

    /// Appends what is said of `len` further values after `at` own ones.
    fn append(&mut self, at: usize, other: &Self, len: usize) {
        if self.bits.is_none() && other.bits.is_none() {
            return;
        }
        for i in 0..len {
            if other.is_valid(i) {
                self.push_value(at + i);
            } else {
                self.push_null(at + i);
            }
        }
    }

    #[inline]
    fn push_value(&mut self, at: usize) {
        if let Some(bits) = &mut self.bits {
            if at.is_multiple_of(8) {
                bits.push(0);
            }
            bits[at / 8] |= 1 << (at % 8);
        }
    }

    fn push_values(&mut self, at: usize, count: usize) {
        for at in at..at + count {
            self.push_value(at);
        }
    }

    #[inline]
    fn push_null(&mut self, at: usize) {
        self.nulls += 1;
        let bits = self.bits.get_or_insert_with(|| all_present(at));
        if at.is_multiple_of(8) {
            bits.push(0);
        }
    }

    /// Appends what is said of up to 64 values: a bit each, the lowest first.
    #[inline]
    fn push_present(&mut self, mut at: usize, mut present: u64, len: usize) {
        let nulls = len - present.count_ones() as usize;
        if nulls == 0 && self.bits.is_none() {
            return;
        }
        self.nulls += nulls;
        let bits = self.bits.get_or_insert_with(|| all_present(at));
        let mut left = len;
        while left > 0 {
            if at.is_multiple_of(8) {
                bits.push(0);
            }
            // What is beyond the values is zero.
            bits[at / 8] |= (present << (at % 8)) as u8;
            let taken = left.min(8 - at % 8);
            present >>= taken;
            at += taken;
            left -= taken;
        }
    }

    #[inline]
    fn push_nulls(&mut self, at: usize, count: usize) {
        if count == 0 {
            return;
        }
        self.nulls += count;
        let bits = self.bits.get_or_insert_with(|| all_present(at));
        bits.resize((at + count).div_ceil(8), 0);
    }
}

/// A bitmap that says of `len` values that they are there.
#[cold]
fn all_present(len: usize) -> Vec<u8> {
    let mut bits = vec![0xff; len / 8];
    if !len.is_multiple_of(8) {
        bits.push((1 << (len % 8)) - 1);
    }
    bits
}

#[cfg(test)]
mod tests;
