//! Rows on their way from runs to a piece of the sorted table.

use std::fs::File;
use std::io::BufReader;
use std::ops::Range;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Float64Type, Int8Type, Int32Type, Int64Type, TimestampNanosecondType, UInt8Type, UInt16Type,
};
use arrow_array::{Array, RecordBatch};
use arrow_ipc::reader::StreamReader;
use arrow_schema::ArrowError;
use flowloom_schema::{Batch, Column, Series};

/// A batch that grows row by row.
pub(super) struct Piece<'a> {
    columns: &'a [Column],
    batch: Batch,
    bytes: usize,
}

impl<'a> Piece<'a> {
    pub(super) fn new(columns: &'a [Column]) -> Self {
        let series = columns.iter().map(|column| Series::new(column.data_type)).collect();
        Self { columns, batch: Batch { columns: series, rows: 0 }, bytes: 0 }
    }

    pub(super) fn append(&mut self, from: &RecordBatch, row: usize) {
        for (series, array) in self.batch.columns.iter_mut().zip(from.columns()) {
            self.bytes += append(series, array, row..row + 1);
        }
        self.batch.rows += 1;
    }

    /// The rows, and an empty piece, once they are [`PIECE_ROWS`] or [`PIECE_BYTES`].
    pub(super) fn take_if_full(&mut self) -> Option<Batch> {
        if self.batch.rows < PIECE_ROWS && self.bytes < PIECE_BYTES { None } else { self.take() }
    }

    /// The rows, and an empty piece, if there are any.
    pub(super) fn take(&mut self) -> Option<Batch> {
        let full = std::mem::replace(self, Self::new(self.columns)).batch;
        (full.rows > 0).then_some(full)
    }
}

/// A place in a run.
pub(super) struct Cursor {
    reader: StreamReader<BufReader<File>>,
    key: usize,
    batch: Option<RecordBatch>,
    row: usize,
}

impl Cursor {
    pub(super) fn open(file: File, key: usize) -> Result<Self, ArrowError> {
        let mut reader = StreamReader::try_new_buffered(file, None)?;
        let batch = reader.next().transpose()?;
        Ok(Self { reader, key, batch, row: 0 })
    }

    /// The row it is at, and its key; none at the end. There are no batches without rows.
    pub(super) fn place(&self) -> Option<(&RecordBatch, usize, i64)> {
        let batch = self.batch.as_ref()?;
        Some((batch, self.row, *keys(batch, self.key).get(self.row)?))
    }

    pub(super) fn advance(&mut self) -> Result<(), ArrowError> {
        self.row += 1;
        if self.batch.as_ref().is_some_and(|batch| self.row >= batch.num_rows()) {
            self.batch = self.reader.next().transpose()?;
            self.row = 0;
        }
        Ok(())
    }
}

/// The values of the integer column that rows are sorted by.
pub(super) fn keys(batch: &RecordBatch, column: usize) -> &[i64] {
    batch.column(column).as_primitive::<Int64Type>().values()
}

/// Appends values of an array to a series of the same type, and says how many bytes they are.
fn append(series: &mut Series, array: &dyn Array, rows: Range<usize>) -> usize {
    use arrow_schema::DataType as Arrow;
    let mut bytes = WORD_BYTES * rows.len();
    macro_rules! each {
        ($array:expr, $push:ident) => {{
            let array = $array;
            for row in rows {
                if array.is_valid(row) {
                    series.$push(array.value(row));
                } else {
                    series.push_null();
                }
            }
        }};
    }
    match array.data_type() {
        Arrow::Boolean => each!(array.as_boolean(), push_bool),
        Arrow::Int8 => each!(array.as_primitive::<Int8Type>(), push_i8),
        Arrow::UInt8 => each!(array.as_primitive::<UInt8Type>(), push_u8),
        Arrow::UInt16 => each!(array.as_primitive::<UInt16Type>(), push_u16),
        Arrow::Int32 => each!(array.as_primitive::<Int32Type>(), push_i32),
        Arrow::Int64 => each!(array.as_primitive::<Int64Type>(), push_i64),
        Arrow::Float64 => each!(array.as_primitive::<Float64Type>(), push_f64),
        Arrow::Timestamp(..) => each!(array.as_primitive::<TimestampNanosecondType>(), push_i64),
        Arrow::Utf8 => {
            let texts = array.as_string::<i32>();
            bytes += (texts.value_offsets()[rows.end] - texts.value_offsets()[rows.start]) as usize;
            each!(texts, push_text);
        }
        Arrow::Binary => {
            let values = array.as_binary::<i32>();
            bytes +=
                (values.value_offsets()[rows.end] - values.value_offsets()[rows.start]) as usize;
            each!(values, push_binary);
        }
        Arrow::Struct(_) => {
            let structs = array.as_struct();
            for row in rows {
                if structs.is_null(row) {
                    series.push_null();
                    continue;
                }
                series.push_struct(|fields| {
                    for (field, values) in fields.iter_mut().zip(structs.columns()) {
                        bytes += append(field, values, row..row + 1);
                    }
                });
            }
        }
        _ => {
            let lists = array.as_list::<i32>();
            for row in rows {
                if lists.is_null(row) {
                    series.push_null();
                    continue;
                }
                let [start, end] = [row, row + 1].map(|i| lists.value_offsets()[i] as usize);
                series.push_list(|items| bytes += append(items, lists.values(), start..end));
            }
        }
    }
    bytes
}

/// Rows in a piece, at most.
const PIECE_ROWS: usize = 1_024;
/// Bytes in a piece, at most, but for its last row.
pub(super) const PIECE_BYTES: usize = 1 << 20;
/// What a value is taken to need, of whatever type.
const WORD_BYTES: usize = 8;
