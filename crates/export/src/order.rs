//! Rows in the order of their `flow_id`, in front of any sink.
//!
//! Rows are kept until the last has come. Beyond a limit of memory they are sorted and set aside as
//! a *run*, in a temporary file that has no name. In the end the runs are merged. Of rows with the
//! same `flow_id` the one that came first goes first.
//!
//! Memory: the limit, and while merging a piece of each run ([`piece::PIECE_BYTES`], or one row).
//! There are never many runs: [`FAN_IN`] of them are merged to one, and so many of those again.

mod piece;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{BufWriter, Seek};
use std::path::PathBuf;

use arrow_array::RecordBatch;
use arrow_ipc::writer::StreamWriter;
use arrow_schema::{ArrowError, SchemaRef};
use flowloom_schema::{Batch, Column, DataType};

use crate::{
    Ending, Place, Sink, SinkError, TableInfo, Written, arrow_schema, batch_of, gathered,
    record_batch,
};
use piece::{Cursor, Piece, keys, lengths};

/// What sorting may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Bytes of rows in memory, at most; what is beyond them is set aside in files, and counted in
    /// [`crate::SinkStats::spilled_bytes`].
    pub memory_bytes_max: usize,
    /// Where those files are.
    pub directory: PathBuf,
}

impl Default for Order {
    fn default() -> Self {
        Self { memory_bytes_max: 256 << 20, directory: std::env::temp_dir() }
    }
}

/// A sink that puts the rows of each capture in the order of `flow_id`, and writes them to another
/// when the capture is over.
pub struct Ordered {
    inner: Box<dyn Sink>,
    sorter: Sorter,
}

impl Ordered {
    /// Puts rows for `inner` in order; the table must have an integer column `flow_id`.
    pub fn new(inner: Box<dyn Sink>, table: &TableInfo, order: Order) -> Result<Self, SinkError> {
        Ok(Self { inner, sorter: Sorter::new(table, order)? })
    }
}

impl Sink for Ordered {
    fn write(&mut self, batch: Batch) -> Result<(), SinkError> {
        self.sorter.keep(batch)
    }

    fn end_capture(&mut self) -> Result<(), SinkError> {
        self.sorter.give_all(|piece| self.inner.write(piece))?;
        self.inner.end_capture()
    }

    fn end(
        mut self: Box<Self>,
        ending: Ending,
        account: &[(String, String)],
    ) -> Result<Written, SinkError> {
        self.sorter.give_all(|piece| self.inner.write(piece))?;
        let mut written = self.inner.end(ending, account)?;
        written.stats.spilled_bytes += self.sorter.spilled_bytes;
        Ok(written)
    }
}

struct Sorter {
    order: Order,
    columns: Vec<Column>,
    schema: SchemaRef,
    /// The place of `flow_id`.
    key: usize,
    kept: Vec<RecordBatch>,
    kept_bytes: usize,
    /// In the order their rows came.
    runs: Vec<Run>,
    spilled_bytes: u64,
}

/// Sorted rows in a file.
struct Run {
    file: File,
    /// How often its rows have been merged.
    level: u32,
}

type RunWriter = StreamWriter<BufWriter<File>>;

impl Sorter {
    fn new(table: &TableInfo, order: Order) -> Result<Self, SinkError> {
        let is_key = |c: &Column| c.name == "flow_id" && c.data_type == DataType::I64;
        let Some(key) = table.columns.iter().position(is_key) else {
            let reason = "there is no column flow_id to put rows in the order of".to_owned();
            return Err(SinkError::Batch { reason });
        };
        Ok(Self {
            order,
            columns: table.columns.clone(),
            schema: arrow_schema(&table.columns, &[]),
            key,
            kept: Vec::new(),
            kept_bytes: 0,
            runs: Vec::new(),
            spilled_bytes: 0,
        })
    }

    fn keep(&mut self, batch: Batch) -> Result<(), SinkError> {
        let batch = record_batch(&self.columns, &self.schema, batch)?;
        self.kept_bytes += batch.get_array_memory_size();
        self.kept.push(batch);
        if self.kept_bytes > self.order.memory_bytes_max { self.spill() } else { Ok(()) }
    }

    /// Gives all rows that were kept, in order, in pieces.
    fn give_all(
        &mut self,
        mut give: impl FnMut(Batch) -> Result<(), SinkError>,
    ) -> Result<(), SinkError> {
        if self.runs.is_empty() {
            return self.sorted()?.iter().try_for_each(|piece| give(batch_of(piece)?));
        }
        self.spill()?;
        let runs = std::mem::take(&mut self.runs);
        self.merge(runs, &mut give)
    }

    /// Sets the rows in memory aside.
    fn spill(&mut self) -> Result<(), SinkError> {
        let mut run = self.new_run()?;
        self.sorted()?.iter().try_for_each(|piece| run.write(piece)).map_err(|e| self.failed(e))?;
        self.end_run(run, 0)?;
        while let Some(level) = self.runs.last().map(|run| run.level) {
            let alike = self.runs.iter().rev().take_while(|run| run.level == level).count();
            if alike < FAN_IN {
                break;
            }
            let runs = self.runs.split_off(self.runs.len() - alike);
            let mut run = self.new_run()?;
            self.merge(runs, &mut |piece| self.put(&mut run, piece))?;
            self.end_run(run, level + 1)?;
        }
        Ok(())
    }

    /// The rows in memory in order, in pieces. They are in memory no more.
    fn sorted(&mut self) -> Result<Vec<RecordBatch>, SinkError> {
        let batches = std::mem::take(&mut self.kept);
        self.kept_bytes = 0;
        let mut places: Vec<(i64, Place)> = Vec::new();
        for (i, batch) in batches.iter().enumerate() {
            let keys = keys(batch, self.key).iter().enumerate();
            places.extend(keys.map(|(row, key)| (*key, (i, row))));
        }
        places.sort_unstable();
        let places: Vec<Place> = places.into_iter().map(|(_, place)| place).collect();
        let lengths = lengths(&batches, &places);
        let mut rest = places.as_slice();
        let groups: Vec<_> = lengths.into_iter().filter_map(|n| rest.split_off(..n)).collect();
        gathered(batches, &groups).map_err(|e| SinkError::Batch { reason: e.to_string() })
    }

    /// Gives the rows of runs in order, reading the runs side by side.
    fn merge(
        &self,
        runs: Vec<Run>,
        give: &mut dyn FnMut(Batch) -> Result<(), SinkError>,
    ) -> Result<(), SinkError> {
        let mut cursors = Vec::new();
        for run in runs {
            cursors.push(Cursor::open(run.file, self.key).map_err(|e| self.failed(e))?);
        }
        let first = |(i, cursor): (usize, &Cursor)| Some(Reverse((cursor.place()?.2, i)));
        let mut heap: BinaryHeap<_> = cursors.iter().enumerate().filter_map(first).collect();
        let mut piece = Piece::new(&self.columns);
        while let Some(Reverse((_, i))) = heap.pop() {
            if let Some((batch, row, _)) = cursors[i].place() {
                piece.append(batch, row);
            }
            piece.take_if_full().map_or(Ok(()), &mut *give)?;
            cursors[i].advance().map_err(|e| self.failed(e))?;
            heap.extend(cursors[i].place().map(|(_, _, key)| Reverse((key, i))));
        }
        piece.take().map_or(Ok(()), give)
    }

    fn new_run(&self) -> Result<RunWriter, SinkError> {
        let file = tempfile::tempfile_in(&self.order.directory);
        let file = file.map_err(|e| self.failed(ArrowError::from(e)))?;
        StreamWriter::try_new_buffered(file, &self.schema).map_err(|e| self.failed(e))
    }

    fn put(&self, run: &mut RunWriter, piece: Batch) -> Result<(), SinkError> {
        run.write(&record_batch(&self.columns, &self.schema, piece)?).map_err(|e| self.failed(e))
    }

    fn end_run(&mut self, run: RunWriter, level: u32) -> Result<(), SinkError> {
        let ended = run.into_inner().and_then(|buffer| {
            let mut file = buffer.into_inner().map_err(|e| ArrowError::from(e.into_error()))?;
            let bytes = file.stream_position()?;
            file.rewind()?;
            Ok((file, bytes))
        });
        let (file, bytes) = ended.map_err(|e| self.failed(e))?;
        self.spilled_bytes += bytes;
        self.runs.push(Run { file, level });
        Ok(())
    }

    fn failed(&self, error: ArrowError) -> SinkError {
        SinkError::spill(self.order.directory.clone(), error.into())
    }
}

/// Runs merged at once: each costs a file and a piece in memory.
const FAN_IN: usize = 32;
