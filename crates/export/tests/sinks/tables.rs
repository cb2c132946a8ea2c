//! Tables that tests write.

use std::borrow::Cow;

use flowloom_export::TableInfo;
use flowloom_schema::{Batch, Column, DataType, Field, Role, Series, Unit, Values};

pub(crate) fn column(name: &'static str, data_type: DataType, nullable: bool) -> Column {
    Column {
        name: name.into(),
        doc: Cow::Owned(format!("What {name} is, \"quoted\".")),
        data_type,
        nullable,
        unit: if data_type == DataType::I64 { Unit::Bytes } else { Unit::None },
        role: Role::Feature,
        family: "test",
        population: "all packets",
        since: "0.1",
    }
}

pub(crate) fn table(columns: Vec<Column>) -> TableInfo {
    let metadata = vec![
        ("flowloom.version".to_owned(), "0.1.0".to_owned()),
        ("flowloom.settings".to_owned(), r#"{"sequence_max":65536}"#.to_owned()),
    ];
    TableInfo { name: "flows".to_owned(), columns, metadata }
}

pub(crate) fn account() -> Vec<(String, String)> {
    vec![("flowloom.account".to_owned(), r#"{"frames":1000}"#.to_owned())]
}

/// A column of each type, and of nullable ones.
pub(crate) fn every_type() -> TableInfo {
    let mut columns = Vec::new();
    for (name, list_name, data_type) in [
        ("bool", "list_bool", &DataType::Bool),
        ("i8", "list_i8", &DataType::I8),
        ("u8", "list_u8", &DataType::U8),
        ("u16", "list_u16", &DataType::U16),
        ("i32", "list_i32", &DataType::I32),
        ("i64", "list_i64", &DataType::I64),
        ("f64", "list_f64", &DataType::F64),
        ("time", "list_time", &DataType::Time),
        ("text", "list_text", &DataType::Text),
        ("binary", "list_binary", &DataType::Binary),
        ("struct", "list_struct", &DataType::Struct(FIELDS)),
        ("of_times", "list_of_times", &DataType::Struct(OF_TIMES)),
        ("nested", "list_nested", &DataType::List(&DataType::Text)),
    ] {
        columns.push(column(name, *data_type, true));
        columns.push(column(list_name, DataType::List(data_type), true));
    }
    columns.push(column("must", DataType::I64, false));
    columns.push(column("must_list", DataType::List(&DataType::I64), false));
    columns.push(column("must_struct", DataType::Struct(FIELDS), false));
    table(columns)
}

/// A field of each kind.
const FIELDS: &[Field] = &[
    field("text", DataType::Text, true),
    field("must_text", DataType::Text, false),
    field("a \"name\"", DataType::Bool, false),
    field("i32", DataType::I32, true),
    field("i64", DataType::I64, false),
    field("f64", DataType::F64, true),
    field("texts", DataType::List(&DataType::Text), true),
    field("inner", DataType::Struct(TEXT), true),
    field("inners", DataType::List(&DataType::Struct(TEXT)), false),
];

const OF_TIMES: &[Field] =
    &[field("time", DataType::Time, true), field("times", DataType::List(&DataType::Time), false)];

const TEXT: &[Field] = &[field("text", DataType::Text, true)];

const fn field(name: &'static str, data_type: DataType, nullable: bool) -> Field {
    let (name, doc) = (Cow::Borrowed(name), Cow::Borrowed("A value."));
    Field { name, doc, data_type, nullable, unit: Unit::None }
}

/// Texts that somebody on the network would like us to pass on.
pub(crate) const HOSTILE: [&str; 22] = [
    "",
    "plain.example.org",
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(1)",
    "\tx",
    "\rx",
    "\nx",
    "'quoted",
    "\u{ff1d}1+1",
    "a,b;c|d",
    "say \"hi\"",
    "\"=1+1\"",
    "line\nbreak\r\nagain",
    "\u{1b}[2J\u{1b}]0;owned\u{7}",
    "\u{9b}31m",
    "nul\0nul",
    "moc.\u{202e}elgoog\u{2066}",
    "漢字é😀e\u{301}",
    "null",
    "\\u0041\\",
];

/// `rows` rows for [`every_type`], with extremes, nulls everywhere and [`HOSTILE`] texts, from
/// `first` on: the same value for the same row, however the rows are cut into batches.
pub(crate) fn every_value(table: &TableInfo, first: usize, rows: usize) -> Batch {
    let mut columns: Vec<Series> =
        table.columns.iter().map(|column| Series::new(column.data_type)).collect();
    for row in first..first + rows {
        for (i, (series, column)) in columns.iter_mut().zip(&table.columns).enumerate() {
            if column.nullable && (row + i) % 5 == 0 {
                series.push_null();
            } else {
                push(series, row * 3 + i * 5);
            }
        }
    }
    Batch { columns, rows }
}

fn push(series: &mut Series, seed: usize) {
    let extreme = |max: i64, min: i64| [0, 1, -1, max, min, 42, 7][seed % 7].max(min).min(max);
    match &series.values {
        Values::Bool(_) => series.push_bool(seed.is_multiple_of(2)),
        Values::I8(_) => series.push_i8(extreme(127, -128) as i8),
        Values::U8(_) => series.push_u8(extreme(255, 0) as u8),
        Values::U16(_) => series.push_u16(extreme(65_535, 0) as u16),
        Values::I32(_) => series.push_i32(extreme(i32::MAX.into(), i32::MIN.into()) as i32),
        Values::I64(_) | Values::Time(_) => series.push_i64(extreme(i64::MAX, i64::MIN)),
        Values::F64(_) => series.push_f64(
            [0.0, -0.0, 0.1, 1e300, f64::MIN_POSITIVE / 3.0, 1.0 / 3.0, -1.5e-9][seed % 7],
        ),
        Values::Text(_) => series.push_text(HOSTILE[seed % HOSTILE.len()]),
        // Any bytes, those that are no text among them.
        Values::Binary(_) => series.push_binary(&[0, 0xff, b'=', 0xc3, 0x28][..seed % 6]),
        Values::List(_) => {
            series.push_list(|items| (0..seed % 4).for_each(|i| push(items, seed + i)));
        }
        Values::Struct(structs) => {
            let fields = structs.fields;
            series.push_struct(|columns| {
                for (i, (series, field)) in columns.iter_mut().zip(fields).enumerate() {
                    if field.nullable && (seed + i).is_multiple_of(3) {
                        series.push_null();
                    } else {
                        push(series, seed + i);
                    }
                }
            });
        }
    }
}
