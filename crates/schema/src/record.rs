//! Declaring the columns of a family once, where they are computed.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::{Column, DataType, Field, Series, Timestamp};

/// A row of a family: a struct whose fields are columns. Written with [`record!`](crate::record!).
///
/// It is a [`Cell`] too: as the field of another record, it is a struct.
pub trait Record {
    /// What the fields are where the record is a value of another.
    const FIELDS: &'static [Field];

    /// The columns, in the order of the fields.
    fn columns() -> Vec<Column>;

    /// Appends rows, one value of each to each of `series`, which are as [`Record::columns`] says.
    ///
    /// Goes column by column: a series is found and its type looked at once for all rows.
    fn push_all(rows: &[Self], series: &mut [Series])
    where
        Self: Sized;
}

/// A type that a field of a record can have.
pub trait Cell {
    /// The column's type.
    const TYPE: DataType;
    /// Whether the column can hold nulls.
    const NULLABLE: bool = false;

    /// Appends the value.
    fn push(&self, series: &mut Series);

    /// Appends several values.
    fn push_all<'v>(values: impl Iterator<Item = &'v Self>, series: &mut Series)
    where
        Self: 'v,
    {
        for value in values {
            value.push(series);
        }
    }

    /// Appends several values, some of which may be missing.
    fn push_all_optional<'v>(values: impl Iterator<Item = &'v Option<Self>>, series: &mut Series)
    where
        Self: Sized + 'v,
    {
        for value in values {
            value.push(series);
        }
    }
}

/// Declares a record: a struct, its columns, and how a row is appended.
///
/// A field without documentation or unit does not compile; what can be missing is an `Option`.
///
/// ```
/// use flowloom_schema::{Record, record};
///
/// record! {
///     /// How much each side sent.
///     pub struct Volume in "volume" since "0.1" over "all packets of the flow" {
///         /// Packets sent by the side that opened the flow.
///         up_packets: i64 [Packets, Feature],
///         /// Mean gap between those packets; null when there were fewer than two.
///         up_gap_mean: Option<f64> [Seconds, Feature],
///     }
/// }
/// assert_eq!(Volume::columns()[1].name, "up_gap_mean");
/// assert!(Volume::columns()[1].nullable);
/// ```
///
/// A record can be the field of another, where it is a struct with its fields:
///
/// ```
/// # use flowloom_schema::{Record, record};
/// record! {
///     /// An answer.
///     pub struct Answer<'a> in "names" since "0.1" over "all packets of the flow" {
///         /// Name that was asked for.
///         name: &'a str [None, Identity],
///         /// How long it may be kept; null if nothing is said.
///         ttl: Option<i64> [Seconds, Feature],
///     }
/// }
///
/// record! {
///     /// What was asked.
///     pub struct Asked<'a> in "names" since "0.1" over "all packets of the flow" {
///         /// The answers, in the order they came.
///         answers: Vec<Answer<'a>> [None, Identity],
///     }
/// }
/// assert_eq!(Asked::columns()[0].data_type.name(), "list<struct<name: text, ttl: i64>>");
/// ```
#[macro_export]
macro_rules! record {
    (
        $(#[doc = $about:literal])+
        pub struct $record:ident $(<$life:lifetime>)? in $family:literal since $since:literal over $population:literal {
            $($(#[doc = $doc:literal])+ $field:ident: $type:ty [$unit:ident, $role:ident],)+
        }
    ) => {
        $(#[doc = $about])+
        #[derive(Clone, Debug)]
        pub struct $record $(<$life>)? {
            $($(#[doc = $doc])+ pub $field: $type,)+
        }

        impl $(<$life>)? $crate::Record for $record $(<$life>)? {
            const FIELDS: &'static [$crate::Field] = &[$($crate::Field {
                name: ::std::borrow::Cow::Borrowed(stringify!($field)),
                doc: ::std::borrow::Cow::Borrowed(concat!($($doc),+).trim_ascii()),
                data_type: <$type as $crate::Cell>::TYPE,
                nullable: <$type as $crate::Cell>::NULLABLE,
                unit: $crate::Unit::$unit,
            }),+];

            fn columns() -> Vec<$crate::Column> {
                vec![$($crate::Column {
                    name: stringify!($field).into(),
                    doc: concat!($($doc),+).trim().into(),
                    data_type: <$type as $crate::Cell>::TYPE,
                    nullable: <$type as $crate::Cell>::NULLABLE,
                    unit: $crate::Unit::$unit,
                    role: $crate::Role::$role,
                    family: $family,
                    population: $population,
                    since: $since,
                }),+]
            }

            fn push_all(rows: &[Self], series: &mut [$crate::Series]) {
                let mut series = series.iter_mut();
                $(if let Some(series) = series.next() {
                    $crate::Cell::push_all(rows.iter().map(|row| &row.$field), series);
                })+
            }
        }
    };
}

/// A hardware address: text as `02:00:5e:00:53:01`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mac(pub [u8; 6]);

/// An address as bytes: 4 of IPv4, 16 of IPv6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packed(pub IpAddr);

impl Cell for Packed {
    const TYPE: DataType = DataType::Binary;

    #[inline]
    fn push(&self, series: &mut Series) {
        match self.0 {
            IpAddr::V4(v4) => series.push_binary(&v4.octets()),
            IpAddr::V6(v6) => series.push_binary(&v6.octets()),
        }
    }
}

macro_rules! numbers {
    ($($type:ty = $data_type:ident, $push:ident, $extend:ident, $optional:ident;)*) => {
        $(impl Cell for $type {
            const TYPE: DataType = DataType::$data_type;

            #[inline]
            fn push(&self, series: &mut Series) {
                series.$push(*self);
            }

            #[inline]
            fn push_all<'v>(values: impl Iterator<Item = &'v Self>, series: &mut Series) {
                series.$extend(values.copied());
            }

            #[inline]
            fn push_all_optional<'v>(
                values: impl Iterator<Item = &'v Option<Self>>,
                series: &mut Series,
            ) {
                series.$optional(values.copied());
            }
        })*
    };
}

numbers! {
    bool = Bool, push_bool, extend_bool, extend_optional_bool;
    i8 = I8, push_i8, extend_i8, extend_optional_i8;
    u8 = U8, push_u8, extend_u8, extend_optional_u8;
    u16 = U16, push_u16, extend_u16, extend_optional_u16;
    i32 = I32, push_i32, extend_i32, extend_optional_i32;
    i64 = I64, push_i64, extend_i64, extend_optional_i64;
    f64 = F64, push_f64, extend_f64, extend_optional_f64;
}

impl Cell for Timestamp {
    const TYPE: DataType = DataType::Time;

    #[inline]
    fn push(&self, series: &mut Series) {
        series.push_i64(self.0);
    }

    #[inline]
    fn push_all<'v>(values: impl Iterator<Item = &'v Self>, series: &mut Series) {
        series.extend_i64(values.map(|time| time.0));
    }

    #[inline]
    fn push_all_optional<'v>(values: impl Iterator<Item = &'v Option<Self>>, series: &mut Series) {
        series.extend_optional_i64(values.map(|time| time.map(|time| time.0)));
    }
}

macro_rules! texts {
    ($($type:ty, |$value:ident, $series:ident| $push:expr;)*) => {
        $(impl Cell for $type {
            const TYPE: DataType = DataType::Text;

            #[inline]
            fn push(&self, $series: &mut Series) {
                let $value = self;
                $push;
            }
        })*
    };
}

texts! {
    &str, |value, series| series.push_text(value);
    Cow<'_, str>, |value, series| series.push_text(value);
    String, |value, series| series.push_text(value);
    IpAddr, |value, series| push_address(*value, series);
    Mac, |value, series| series.push_utf8(hexed(*value, &mut [0; 17]));
}

impl<T: Cell> Cell for Option<T> {
    const TYPE: DataType = T::TYPE;
    const NULLABLE: bool = true;

    #[inline]
    fn push(&self, series: &mut Series) {
        match self {
            Some(value) => value.push(series),
            None => series.push_null(),
        }
    }

    #[inline]
    fn push_all<'v>(values: impl Iterator<Item = &'v Self>, series: &mut Series)
    where
        T: 'v,
    {
        T::push_all_optional(values, series);
    }
}

impl<T: Cell> Cell for Vec<T> {
    const TYPE: DataType = DataType::List(&T::TYPE);

    fn push(&self, series: &mut Series) {
        series.push_list(|items| T::push_all(self.iter(), items));
    }
}

impl<T: Cell> Cell for &[T] {
    const TYPE: DataType = DataType::List(&T::TYPE);

    fn push(&self, series: &mut Series) {
        series.push_list(|items| T::push_all(self.iter(), items));
    }
}

impl<R: Record> Cell for R {
    const TYPE: DataType = DataType::Struct(R::FIELDS);

    fn push(&self, series: &mut Series) {
        series.push_struct(|fields| R::push_all(std::slice::from_ref(self), fields));
    }
}

/// Two addresses in each row: worth the few lines that spare the formatting machinery.
fn push_address(address: IpAddr, series: &mut Series) {
    match address {
        IpAddr::V4(v4) => series.push_utf8(dotted(v4, &mut [0; 16])),
        IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some() => series.push_text(&v6.to_string()),
        IpAddr::V6(v6) => series.push_utf8(grouped(v6, &mut [0; 40])),
    }
}

fn dotted(address: Ipv4Addr, text: &mut [u8; 16]) -> &[u8] {
    let mut len = 0;
    for octet in address.octets() {
        // Four bytes whatever the octet: what is too much is overwritten by the next.
        text[len..len + 4].copy_from_slice(&OCTETS[usize::from(octet)]);
        len += 2 + usize::from(octet > 9) + usize::from(octet > 99);
    }
    &text[..len - 1]
}

/// The text of RFC 5952: the longest run of two or more zero groups, the first of them, is left out.
fn grouped(address: Ipv6Addr, text: &mut [u8; 40]) -> &[u8] {
    let groups = address.segments();
    let (mut gap, mut run) = (0..0, 0..0);
    for (i, group) in groups.iter().enumerate() {
        run = if *group == 0 { run.start..i + 1 } else { i + 1..i + 1 };
        if run.len() > gap.len().max(1) {
            gap = run.clone();
        }
    }
    let mut len = 0;
    for (i, group) in groups.iter().enumerate() {
        if gap.contains(&i) {
            // The group before has its colon; at the start there is none.
            if i == gap.start {
                text[len..len + 2].copy_from_slice(b"::");
                len += if i == 0 { 2 } else { 1 };
            }
            continue;
        }
        for shift in [12, 8, 4, 0] {
            if *group >> shift != 0 || shift == 0 {
                text[len] = DIGITS[usize::from(group >> shift & 15)];
                len += 1;
            }
        }
        text[len] = b':';
        len += 1;
    }
    let ends_in_gap = gap.end == groups.len() && !gap.is_empty();
    &text[..len - usize::from(!ends_in_gap)]
}

fn hexed(Mac(octets): Mac, text: &mut [u8; 17]) -> &[u8] {
    text.fill(b':');
    for (pair, octet) in text.chunks_mut(3).zip(octets) {
        pair[0] = DIGITS[usize::from(octet >> 4)];
        pair[1] = DIGITS[usize::from(octet & 15)];
    }
    text
}

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// Each octet in decimal, with a dot after it.
const OCTETS: [[u8; 4]; 256] = {
    let mut texts = [[b'.'; 4]; 256];
    let mut octet = 0;
    while octet < texts.len() {
        let digits = [octet / 100, octet / 10 % 10, octet % 10];
        let mut digit = if octet > 99 {
            0
        } else if octet > 9 {
            1
        } else {
            2
        };
        let first = digit;
        while digit < digits.len() {
            texts[octet][digit - first] = b'0' + digits[digit] as u8;
            digit += 1;
        }
        octet += 1;
    }
    texts
};

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use super::{Mac, dotted, grouped, hexed};

    #[test]
    fn hardware_addresses_print_as_pairs() {
        assert_eq!(hexed(Mac([2, 0, 0x5e, 0, 0x53, 0xff]), &mut [0; 17]), b"02:00:5e:00:53:ff");
    }

    #[test]
    fn addresses_print_as_the_standard_library_prints_them() {
        for i in 0..=u8::MAX {
            let address = Ipv4Addr::new(i, 255 - i, i / 3, 10);
            assert_eq!(dotted(address, &mut [0; 16]), address.to_string().as_bytes());
        }
    }

    #[test]
    fn long_addresses_print_as_the_standard_library_prints_them() {
        // Every pattern of zero groups, with groups of one to four digits.
        for pattern in 0..1 << 8 {
            for digits in 0..4 {
                let group =
                    |i: u16| if pattern >> i & 1 == 0 { 0 } else { (i + 1) << (4 * digits) };
                let address = Ipv6Addr::from([0, 1, 2, 3, 4, 5, 6, 7].map(group));
                let text = grouped(address, &mut [0; 40]).to_vec();
                assert_eq!(String::from_utf8(text).unwrap(), address.to_string());
            }
        }
    }
}
