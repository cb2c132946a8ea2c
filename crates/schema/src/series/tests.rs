//! Values one by one and many at once, nulls in any order, borders of lists and texts.

use std::borrow::Cow;

use super::{Batch, Series, Values};
use crate::{DataType, Field, Unit};

const FIELDS: &[Field] =
    &[field("number", DataType::I64, false), field("text", DataType::Text, true)];

const fn field(name: &'static str, data_type: DataType, nullable: bool) -> Field {
    let (name, doc) = (Cow::Borrowed(name), Cow::Borrowed("A value."));
    Field { name, doc, data_type, nullable, unit: Unit::None }
}

fn push_pair(series: &mut Series, number: i64) {
    series.push_struct(|fields| {
        fields[0].push_i64(number);
        if number % 2 == 0 {
            fields[1].push_null();
        } else {
            fields[1].push_text(&number.to_string());
        }
    });
}

#[test]
fn values_at_once_are_as_if_one_by_one() {
    // Runs of every length around those of bytes and words, after beginnings of every length.
    for start in 0..=9_i64 {
        for len in [0, 1, 7, 8, 9, 63, 64, 65, 130] {
            for every in [1, 2, 3, 1_000] {
                let value = |i: i64| (i % every == 0).then_some(i);
                let mut one_by_one = Series::new(DataType::I64);
                let mut at_once = Series::new(DataType::I64);
                for i in 0..start {
                    one_by_one.push_i64(i);
                    at_once.push_i64(i);
                }
                for i in 0..len {
                    match value(i) {
                        Some(value) => one_by_one.push_i64(value),
                        None => one_by_one.push_null(),
                    }
                }
                at_once.extend_optional_i64((0..len).map(value));
                (0..len).for_each(|_| one_by_one.push_null());
                at_once.push_nulls(len as usize);
                (0..len).for_each(|i| one_by_one.push_i64(i));
                at_once.extend_i64(0..len);
                assert_eq!(one_by_one, at_once, "{start} {len} {every}");
            }
        }
    }
}

#[test]
fn appended_batches_are_as_if_filled_at_once() {
    let fill = |rows: std::ops::Range<i64>| {
        let types = [
            DataType::I64,
            DataType::Text,
            DataType::Binary,
            DataType::List(&DataType::I64),
            DataType::Struct(FIELDS),
            DataType::List(&DataType::Struct(FIELDS)),
        ];
        let mut columns = types.map(Series::new).to_vec();
        for row in rows.clone() {
            if row % 3 == 0 {
                columns.iter_mut().for_each(Series::push_null);
            } else {
                columns[0].push_i64(row);
                columns[1].push_text(&"x".repeat(row as usize));
                columns[2].push_binary(&vec![0xff; row as usize]);
                columns[3].push_list(|items| items.extend_i64(0..row));
                push_pair(&mut columns[4], row);
                columns[5].push_list(|items| (0..row).for_each(|i| push_pair(items, i)));
            }
        }
        Batch { columns, rows: rows.count() }
    };
    for (first, second, third) in [(0, 5, 20), (1, 3, 3), (1, 1, 9), (3, 12, 13)] {
        let mut batch = fill(first..second);
        batch.append(fill(second..third));
        let whole = fill(first..third);
        assert_eq!((batch.rows, batch.columns), (whole.rows, whole.columns));
    }
}

#[test]
fn validity_follows_any_order_of_nulls() {
    for pattern in 0u32..1 << 12 {
        let mut series = Series::new(DataType::I64);
        for i in 0..12 {
            if pattern >> i & 1 == 1 {
                series.push_i64(i);
            } else {
                series.push_null();
            }
        }
        let valid = (0..12).map(|i| u32::from(series.validity.is_valid(i)) << i).sum::<u32>();
        assert_eq!(valid, pattern);
        assert_eq!(series.validity.nulls(), 12 - pattern.count_ones() as usize);
        assert_eq!(series.validity.bits().is_some(), pattern != 0xfff);
    }
}

#[test]
fn lists_and_texts_keep_their_borders() {
    let mut lists = Series::new(DataType::List(&DataType::U8));
    lists.push_list(|items| (1..4).for_each(|i| items.push_u8(i)));
    lists.push_null();
    lists.push_list(|_| ());
    let Values::List(list) = &lists.values else { unreachable!() };
    assert_eq!((list.range(0), list.range(1), list.range(2)), (0..3, 3..3, 3..3));
    assert!(!lists.validity.is_valid(1) && lists.validity.is_valid(2));
    let mut texts = Series::new(DataType::Text);
    texts.push_text("é");
    texts.push_text("");
    let Values::Text(text) = &texts.values else { unreachable!() };
    assert_eq!((text.get(0), text.get(1)), ("é", ""));
}

#[test]
fn a_null_struct_has_no_nulls_in_it() {
    let mut series = Series::with_capacity(DataType::Struct(FIELDS), 3, 0);
    push_pair(&mut series, 2);
    series.push_null();
    push_pair(&mut series, 3);
    let Values::Struct(structs) = &series.values else { unreachable!() };
    assert_eq!((series.len(), structs.len, series.validity.nulls()), (3, 3, 1));
    assert_eq!(structs.series[0].values, Values::I64(vec![2, 0, 3]));
    assert_eq!(structs.series[0].validity.nulls(), 0);
    let valid = [0, 1, 2].map(|i| structs.series[1].validity.is_valid(i));
    assert_eq!(valid, [false, true, true]);
    assert!(Series::new(DataType::Struct(FIELDS)).is_empty());
}
