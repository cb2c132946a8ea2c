//! Rows on their way from runs to a piece of the sorted table.

use std::fs::File;
use std::io::BufReader;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{ArrayRef, RecordBatch};
use arrow_ipc::reader::StreamReader;
use arrow_schema::ArrowError;
use flowloom_schema::{Batch, Column, Series};

use crate::Place;
use crate::from_arrow::{WORD_BYTES, append, bytes, is_fixed};

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
            append(series, array, row..row + 1);
            self.bytes += bytes(array, row..row + 1);
        }
        self.batch.rows += 1;
    }

    /// The rows, and an empty piece, if it is full.
    pub(super) fn take_if_full(&mut self) -> Option<Batch> {
        if is_full(self.batch.rows, self.bytes) { self.take() } else { None }
    }

    /// The rows, and an empty piece, if there are any.
    pub(super) fn take(&mut self) -> Option<Batch> {
        let full = std::mem::replace(self, Self::new(self.columns)).batch;
        (full.rows > 0).then_some(full)
    }
}

/// How many rows each piece of a table has, whose rows are at these places of batches.
pub(super) fn lengths(batches: &[RecordBatch], places: &[Place]) -> Vec<usize> {
    let shapes = batches.iter().map(Shape::of).collect::<Vec<_>>();
    let mut lengths = Vec::new();
    let (mut rows, mut bytes) = (0, 0);
    for &(batch, row) in places {
        rows += 1;
        bytes += shapes[batch].bytes_of(row);
        if is_full(rows, bytes) {
            lengths.push(rows);
            (rows, bytes) = (0, 0);
        }
    }
    lengths.extend((rows > 0).then_some(rows));
    lengths
}

/// What the rows of a batch are made of.
struct Shape<'a> {
    /// Bytes of what is as long in every row.
    fixed: usize,
    others: Vec<&'a ArrayRef>,
}

impl<'a> Shape<'a> {
    fn of(batch: &'a RecordBatch) -> Self {
        let (fixed, others): (Vec<_>, Vec<_>) =
            batch.columns().iter().partition(|array| is_fixed(array));
        Self { fixed: WORD_BYTES * fixed.len(), others }
    }

    fn bytes_of(&self, row: usize) -> usize {
        let others = self.others.iter().map(|array| bytes(array, row..row + 1));
        self.fixed + others.sum::<usize>()
    }
}

fn is_full(rows: usize, bytes: usize) -> bool {
    rows >= PIECE_ROWS || bytes >= PIECE_BYTES
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

/// Rows in a piece, at most.
const PIECE_ROWS: usize = 1_024;
/// Bytes in a piece, at most, but for its last row.
pub(super) const PIECE_BYTES: usize = 1 << 20;
