//! Declaring the columns of a family once, where they are computed.

use std::net::{IpAddr, Ipv4Addr};

use crate::{Column, DataType, Series, Timestamp};

/// A row of a family: a struct whose fields are columns. Written with [`record!`](crate::record!).
pub trait Record {
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

macro_rules! numbers {
    ($($type:ty = $data_type:ident, $push:ident, $extend:ident;)*) => {
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
        })*
    };
}

numbers! {
    bool = Bool, push_bool, extend_bool;
    i8 = I8, push_i8, extend_i8;
    u8 = U8, push_u8, extend_u8;
    u16 = U16, push_u16, extend_u16;
    i32 = I32, push_i32, extend_i32;
    i64 = I64, push_i64, extend_i64;
    f64 = F64, push_f64, extend_f64;
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
    String, |value, series| series.push_text(value);
    IpAddr, |value, series| push_address(*value, series);
    Mac, |value, series| series.push_text(hexed(*value, &mut [0; 17]));
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
}

/// Two addresses in each row: worth the few lines that spare the formatting machinery.
fn push_address(address: IpAddr, series: &mut Series) {
    match address {
        IpAddr::V4(v4) => {
            let mut text = [0; 15];
            series.push_text(dotted(v4, &mut text));
        }
        IpAddr::V6(v6) => series.push_text(&v6.to_string()),
    }
}

fn dotted(address: Ipv4Addr, text: &mut [u8; 15]) -> &str {
    let mut len = 0;
    for (i, octet) in address.octets().into_iter().enumerate() {
        if i > 0 {
            text[len] = b'.';
            len += 1;
        }
        for (least, unit) in [(100, 100), (10, 10), (0, 1)] {
            if octet >= least {
                text[len] = b'0' + octet / unit % 10;
                len += 1;
            }
        }
    }
    std::str::from_utf8(&text[..len]).unwrap_or("")
}

fn hexed(Mac(octets): Mac, text: &mut [u8; 17]) -> &str {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    text.fill(b':');
    for (pair, octet) in text.chunks_mut(3).zip(octets) {
        pair[0] = DIGITS[usize::from(octet >> 4)];
        pair[1] = DIGITS[usize::from(octet & 15)];
    }
    std::str::from_utf8(text).unwrap_or("")
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::{Mac, dotted, hexed};

    #[test]
    fn hardware_addresses_print_as_pairs() {
        assert_eq!(hexed(Mac([2, 0, 0x5e, 0, 0x53, 0xff]), &mut [0; 17]), "02:00:5e:00:53:ff");
    }

    #[test]
    fn addresses_print_as_the_standard_library_prints_them() {
        for i in 0..=u8::MAX {
            let address = Ipv4Addr::new(i, 255 - i, i / 3, 10);
            assert_eq!(dotted(address, &mut [0; 15]), address.to_string());
        }
    }
}
