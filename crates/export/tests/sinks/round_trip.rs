//! What is written reads back, value by value, with the readers of others and of Arrow itself.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use arrow_array::cast::AsArray as _;
use arrow_array::{Array as _, ArrayRef, ListArray, StructArray};
use flowloom_export::{Format, Settings, TableInfo, open};
use flowloom_schema::{DataType, Field, Series, Values};
use serde_json::{Value, json};

use crate::tables;

/// Enough to cross the borders of batches and of pieces inside encoders.
const ROWS: usize = 3_000;

#[test]
fn parquet_reads_back_with_pyarrow() {
    check(Format::Parquet, "pyarrow-parquet");
}

#[test]
fn parquet_reads_back_with_duckdb() {
    check(Format::Parquet, "duckdb-parquet");
}

#[test]
fn arrow_reads_back_with_pyarrow() {
    check(Format::Arrow, "pyarrow-arrow");
}

#[test]
fn csv_reads_back_with_python() {
    check(Format::Csv, "csv");
}

#[test]
fn json_reads_back_with_python() {
    check(Format::Json, "json");
}

#[test]
fn json_lines_read_back_with_python() {
    check(Format::JsonLines, "jsonl");
}

#[test]
fn parquet_reads_back_in_rust() {
    let directory = tempfile::tempdir().unwrap();
    let table = tables::every_type();
    let path = write(Format::Parquet, directory.path(), &table, ROWS);
    let file = std::fs::File::open(path).unwrap();
    let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(file);
    let reader = reader.unwrap().with_batch_size(1_000);
    let metadata = reader.metadata().file_metadata().clone();
    assert_eq!(metadata.created_by().unwrap(), "flowloom 0.1.0");
    let pairs = metadata.key_value_metadata().unwrap();
    for (key, value) in table.metadata.iter().chain(&tables::account()) {
        assert!(pairs.iter().any(|p| p.key == *key && p.value.as_ref() == Some(value)), "{key}");
    }
    let schema = reader.schema().clone();
    let lists = schema.fields().iter().filter_map(|field| match field.data_type() {
        arrow_schema::DataType::List(item) => Some(item),
        _ => None,
    });
    assert!(lists.into_iter().all(|item| item.name() == "element" && !item.is_nullable()));
    let batches: Vec<_> = reader.build().unwrap().map(Result::unwrap).collect();
    assert_batches(&batches, &table);
}

#[test]
fn arrow_reads_back_in_rust() {
    let directory = tempfile::tempdir().unwrap();
    let table = tables::every_type();
    let path = write(Format::Arrow, directory.path(), &table, ROWS);
    let file = std::fs::File::open(path).unwrap();
    let reader = arrow_ipc::reader::FileReader::try_new(file, None).unwrap();
    for (key, value) in tables::account() {
        assert_eq!(reader.custom_metadata().get(&key), Some(&value));
    }
    let batches: Vec<_> = reader.map(Result::unwrap).collect();
    assert_batches(&batches, &table);
}

/// The same fields and values, but for how the rows are cut into batches, and for the name of the
/// items of lists, which is not the same in Parquet as in Arrow.
fn assert_batches(batches: &[arrow_array::RecordBatch], table: &TableInfo) {
    let schema = flowloom_export::arrow_schema(&table.columns, &table.metadata);
    let mut row = 0;
    for batch in batches {
        for (read, meant) in batch.schema().fields().iter().zip(schema.fields()) {
            assert_eq!(read.metadata(), meant.metadata());
            assert_eq!((read.name(), read.is_nullable()), (meant.name(), meant.is_nullable()));
            assert!(read.data_type().equals_datatype(meant.data_type()), "{read}");
        }
        let meant = tables::every_value(table, row, batch.num_rows());
        let meant = flowloom_export::record_batch(&table.columns, &schema, meant).unwrap();
        for (read, meant) in batch.columns().iter().zip(meant.columns()) {
            assert_eq!(renamed(read, meant.data_type()).to_data(), meant.to_data());
        }
        row += batch.num_rows();
    }
    assert_eq!(row, ROWS);
}

/// An array with the names of items that another type has.
fn renamed(array: &ArrayRef, data_type: &arrow_schema::DataType) -> ArrayRef {
    match data_type {
        arrow_schema::DataType::List(item) => {
            let lists = array.as_list::<i32>();
            let items = renamed(lists.values(), item.data_type());
            let (offsets, nulls) = (lists.offsets().clone(), lists.nulls().cloned());
            Arc::new(ListArray::new(item.clone(), offsets, items, nulls))
        }
        arrow_schema::DataType::Struct(fields) => {
            let structs = array.as_struct();
            let columns = structs.columns().iter().zip(fields);
            let columns = columns.map(|(column, field)| renamed(column, field.data_type()));
            Arc::new(StructArray::new(fields.clone(), columns.collect(), structs.nulls().cloned()))
        }
        _ => array.clone(),
    }
}

#[test]
fn a_table_without_rows_is_whole_in_every_format() {
    let directory = tempfile::tempdir().unwrap();
    let table = tables::every_type();
    for (format, reader) in READERS {
        let path = write(format, directory.path(), &table, 0);
        let Some(read) = read(reader, &path, &table) else { continue };
        assert_eq!(read["rows"], json!([]), "{reader}");
    }
}

#[test]
fn the_same_rows_are_the_same_bytes() {
    let directory = tempfile::tempdir().unwrap();
    let table = tables::every_type();
    // Logs are of their own columns alone.
    let other = [Format::Null, Format::Zeek, Format::Eve, Format::Ipfix];
    for format in Format::ALL.into_iter().filter(|format| !other.contains(format)) {
        let [first, second] =
            [0, 1].map(|_| std::fs::read(write(format, directory.path(), &table, ROWS)).unwrap());
        assert!(first == second, "{}", format.name());
    }
}

#[test]
fn a_line_is_never_empty_when_the_only_cell_is_null() {
    let directory = tempfile::tempdir().unwrap();
    let table = tables::table(vec![tables::column("text", DataType::Text, true)]);
    let path = write(Format::Csv, directory.path(), &table, 2);
    let text = std::fs::read_to_string(path).unwrap();
    assert_eq!(text, "text\n\"\"\n\"'+1+1\"\n");
}

const READERS: [(Format, &str); 6] = [
    (Format::Parquet, "pyarrow-parquet"),
    (Format::Parquet, "duckdb-parquet"),
    (Format::Arrow, "pyarrow-arrow"),
    (Format::Csv, "csv"),
    (Format::Json, "json"),
    (Format::JsonLines, "jsonl"),
];

fn check(format: Format, reader: &str) {
    let directory = tempfile::tempdir().unwrap();
    let table = tables::every_type();
    let path = write(format, directory.path(), &table, ROWS);
    let Some(read) = read(reader, &path, &table) else { return };
    let rows = read["rows"].as_array().unwrap();
    assert_eq!(rows.len(), ROWS);
    let meant = tables::every_value(&table, 0, ROWS);
    for (row, values) in rows.iter().enumerate() {
        for (i, column) in table.columns.iter().enumerate() {
            if reader.starts_with("duckdb") && column.data_type.name().contains("timestamp") {
                continue;
            }
            let mut value = value(&meant.columns[i], row);
            if format == Format::Csv
                && matches!(column.data_type, DataType::Text | DataType::Binary)
            {
                value = as_csv_has_it(&value);
            }
            assert_eq!(values[i], value, "{reader}, row {row}, {}", column.name);
        }
    }
    check_schema(reader, &read, &table);
    println!("{reader}: compared {ROWS} rows of {} columns", table.columns.len());
}

fn check_schema(reader: &str, read: &Value, table: &TableInfo) {
    if reader.contains('-') {
        // pyarrow does not show the metadata of an Arrow file's footer.
        let account = if reader == "pyarrow-arrow" { vec![] } else { tables::account() };
        for (key, value) in table.metadata.iter().chain(&account) {
            assert_eq!(read["metadata"][key], *value, "{reader}");
        }
    }
    let Some(fields) = read["fields"].as_array() else { return };
    for (field, column) in fields.iter().zip(&table.columns) {
        assert_eq!(field["name"], *column.name);
        assert_eq!(field["nullable"], column.nullable);
        assert_eq!(field["metadata"]["doc"], *column.doc);
        assert_eq!(field["metadata"]["role"], "feature");
        assert_eq!(field["metadata"]["population"], "all packets");
        let unit = field["metadata"].get("unit").and_then(Value::as_str).unwrap_or("");
        assert_eq!(unit, column.unit.name());
        let item = if reader == "pyarrow-parquet" { "element" } else { "item" };
        assert_eq!(field["type"], arrow_name(column.data_type, item), "{}", column.name);
    }
}

/// A type as pyarrow writes it.
fn arrow_name(data_type: DataType, item_name: &str) -> String {
    match data_type {
        DataType::Bool => "bool".into(),
        DataType::I8 => "int8".into(),
        DataType::U8 => "uint8".into(),
        DataType::U16 => "uint16".into(),
        DataType::I32 => "int32".into(),
        DataType::I64 => "int64".into(),
        DataType::F64 => "double".into(),
        DataType::Time => "timestamp[ns, tz=UTC]".into(),
        DataType::Text => "string".into(),
        DataType::Binary => "binary".into(),
        DataType::List(item) => {
            format!("list<{item_name}: {} not null>", arrow_name(*item, item_name))
        }
        DataType::Struct(fields) => {
            let field = |field: &Field| {
                let not_null = if field.nullable { "" } else { " not null" };
                format!("{}: {}{not_null}", field.name, arrow_name(field.data_type, item_name))
            };
            format!("struct<{}>", fields.iter().map(field).collect::<Vec<_>>().join(", "))
        }
    }
}

fn write(format: Format, directory: &Path, table: &TableInfo, rows: usize) -> PathBuf {
    let path = directory.join(format!("table.{}", format.name()));
    let mut sink = open(format, path.clone().into(), table, &Settings::default()).unwrap();
    let mut first = 0;
    for part in [1, 0, 7, 1_024].into_iter().cycle() {
        let part = part.min(rows - first);
        sink.write(tables::every_value(table, first, part)).unwrap();
        first += part;
        if first == rows {
            break;
        }
    }
    let stats = sink.close(&tables::account()).unwrap();
    assert_eq!(stats.rows, rows as u64);
    assert_eq!(stats.path.as_ref(), Some(&path));
    assert_eq!(stats.bytes, std::fs::metadata(&path).unwrap().len());
    path
}

/// What the script beside this file found; none if it lacks a library, which it says.
fn read(reader: &str, path: &Path, table: &TableInfo) -> Option<Value> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/sinks/readers.py");
    let types: Value = table.columns.iter().map(|c| json!([c.name, c.data_type.name()])).collect();
    let types = types.to_string();
    let Ok(output) = Command::new("python3").arg(script).arg(reader).arg(path).arg(types).output()
    else {
        println!("{reader}: skipped, there is no python3");
        return None;
    };
    let said = String::from_utf8_lossy(&output.stdout);
    if output.status.code() == Some(77) {
        println!("{reader}: skipped, {}", said.trim());
        return None;
    }
    assert!(output.status.success(), "{reader}: {}", String::from_utf8_lossy(&output.stderr));
    Some(serde_json::from_str(&said).unwrap())
}

/// A value as the script prints it.
fn value(series: &Series, row: usize) -> Value {
    if !series.validity.is_valid(row) {
        return Value::Null;
    }
    match &series.values {
        Values::Bool(v) => v[row].into(),
        Values::I8(v) => v[row].into(),
        Values::U8(v) => v[row].into(),
        Values::U16(v) => v[row].into(),
        Values::I32(v) => v[row].into(),
        Values::I64(v) | Values::Time(v) => v[row].into(),
        Values::F64(v) => format!("{:016x}", v[row].to_bits()).into(),
        Values::Text(v) => v.get(row).into(),
        Values::Binary(v) => {
            let digits = v.get(row).iter().map(|byte| format!("{byte:02x}"));
            digits.collect::<Vec<_>>().concat().into()
        }
        Values::List(v) => v.range(row).map(|i| value(&v.items, i)).collect(),
        Values::Struct(v) => {
            let field =
                |(field, series): (&Field, &Series)| (field.name.to_string(), value(series, row));
            v.fields.iter().zip(&v.series).map(field).collect()
        }
    }
}

/// Python's reader cannot tell an empty cell from a quoted empty one; control characters are shown.
fn as_csv_has_it(text: &Value) -> Value {
    let Some(text) = text.as_str().filter(|text| !text.is_empty()) else { return Value::Null };
    let mut shown = String::new();
    for c in text.chars() {
        match u32::from(c) {
            0x09 | 0x0a | 0x0d => shown.push(c),
            n @ (0..0x20 | 0x7f..0xa0) => shown.extend(format!("\\u{n:04x}").chars()),
            _ => shown.push(c),
        }
    }
    shown.into()
}
