//! A table in memory: a schema and record batches, handed on through the Arrow PyCapsule interface.

use std::collections::HashMap;
use std::io::Cursor;
use std::path::PathBuf;
use std::sync::Arc;

use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_array::{RecordBatch, RecordBatchIterator, RecordBatchReader};
use arrow_ipc::reader::StreamReader;
use arrow_ipc::writer::StreamWriter;
use arrow_schema::{Field, Metadata, Schema, SchemaRef};
use flowloom_engine::{ConfigError, is_ending};
use flowloom_export::{
    Destination, Format, Place, Settings, TableInfo, batch_of, columns_of, ends, gathered,
    load_table,
};
use pyo3::exceptions::{PyIndexError, PyKeyError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyCapsule};

use crate::array::Array;
use crate::errors::{self, wrong};

/// Names or keys, and texts.
type Pairs = Vec<(String, String)>;

/// A column's name, type, nullability and metadata.
type Described = (String, String, bool, Pairs);

/// Record batches of one schema.
#[pyclass(frozen, module = "flowloom._native")]
pub(crate) struct Table {
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
}

impl Table {
    pub(crate) fn new(schema: SchemaRef, batches: Vec<RecordBatch>) -> Self {
        Self { schema, batches: batches.into_iter().filter(|b| b.num_rows() > 0).collect() }
    }

    pub(crate) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    pub(crate) fn batches(&self) -> &[RecordBatch] {
        &self.batches
    }

    /// Where each of some rows is.
    fn places(&self, rows: &[u8]) -> PyResult<Vec<Place>> {
        let ends = ends(&self.batches);
        let (numbers, []) = rows.as_chunks() else {
            return Err(PyValueError::new_err("rows are numbers of 8 bytes"));
        };
        let place = |bytes: &[u8; 8]| {
            let row = usize::try_from(i64::from_ne_bytes(*bytes)).ok()?;
            let number = ends.partition_point(|end| *end <= row);
            let batch = self.batches.get(number)?;
            Some((number, row + batch.num_rows() - ends[number]))
        };
        let places = numbers.iter().map(place).collect::<Option<_>>();
        places.ok_or_else(|| PyIndexError::new_err("a row beyond the end of the table"))
    }

    fn place(&self, name: &str) -> PyResult<usize> {
        self.schema.index_of(name).map_err(|_| PyKeyError::new_err(name.to_owned()))
    }
}

#[pymethods]
impl Table {
    /// The table as an Arrow stream; no value is copied.
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        // Consumers cast what they want otherwise: the protocol lets a producer ignore the wish.
        drop(requested_schema);
        let batches = self.batches.clone().into_iter().map(Ok);
        capsule(py, Box::new(RecordBatchIterator::new(batches, self.schema.clone())))
    }

    #[getter]
    fn num_rows(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }

    /// Rows of each batch.
    #[getter]
    fn chunk_rows(&self) -> Vec<usize> {
        self.batches.iter().map(RecordBatch::num_rows).collect()
    }

    #[getter]
    fn nbytes(&self) -> usize {
        self.batches.iter().map(RecordBatch::get_array_memory_size).sum()
    }

    /// Name, type, nullability and metadata of each column.
    fn fields(&self) -> Vec<Described> {
        self.schema.fields().iter().map(|field| described(field)).collect()
    }

    /// What is said of the whole table.
    fn metadata(&self) -> Pairs {
        sorted(self.schema.metadata())
    }

    /// The array of a column in a batch.
    fn array(&self, chunk: usize, name: &str) -> PyResult<Array> {
        let batch = self.batches.get(chunk);
        let batch = batch.ok_or_else(|| PyIndexError::new_err("no such chunk"))?;
        Ok(Array(Arc::clone(batch.column(self.place(name)?))))
    }

    /// The same rows with some of the columns.
    #[expect(clippy::needless_pass_by_value, reason = "Python's list becomes ours")]
    fn select(&self, names: Vec<String>) -> PyResult<Self> {
        let places = names.iter().map(|name| self.place(name)).collect::<PyResult<Vec<_>>>()?;
        let schema = Arc::new(self.schema.project(&places).map_err(wrong)?);
        let batches = self.batches.iter().map(|batch| batch.project(&places));
        let batches = batches.collect::<Result<_, _>>().map_err(wrong)?;
        Ok(Self { schema, batches })
    }

    /// Some rows, by their numbers, in that order: the bytes of a NumPy array of 64-bit integers.
    fn take(&self, py: Python<'_>, rows: &[u8]) -> PyResult<Self> {
        let places = self.places(rows)?;
        let groups = places.chunks(ROWS_TOGETHER).collect::<Vec<_>>();
        let taken = py.detach(|| gathered(self.batches.clone(), &groups));
        Ok(Self::new(self.schema.clone(), taken.map_err(wrong)?))
    }

    /// Rows from `start` on; no value is copied.
    fn slice(&self, start: usize, length: usize) -> Self {
        let (mut skip, mut left) = (start, length);
        let mut batches = Vec::new();
        for batch in &self.batches {
            let from = skip.min(batch.num_rows());
            let rows = left.min(batch.num_rows() - from);
            batches.push(batch.slice(from, rows));
            (skip, left) = (skip - from, left - rows);
        }
        Self::new(self.schema.clone(), batches)
    }

    /// The same rows with a column of another Arrow array behind the others, or in place of the one
    /// of that name; no value is copied.
    fn with_column(
        &self,
        name: &str,
        array: &Array,
        metadata: Vec<(String, String)>,
    ) -> PyResult<Self> {
        if array.0.len() != self.num_rows() {
            let text = format!("{} values for {} rows", array.0.len(), self.num_rows());
            return Err(PyValueError::new_err(text));
        }
        let field = Field::new(name, array.0.data_type().clone(), true);
        let field = Arc::new(field.with_metadata(metadata.into_iter().collect::<HashMap<_, _>>()));
        let mut fields = self.schema.fields().to_vec();
        let place = self.schema.index_of(name).unwrap_or(fields.len());
        replace_or_push(&mut fields, place, field);
        let schema = Arc::new(Schema::new(fields).with_metadata(self.schema.metadata().clone()));
        let mut begin = 0;
        let batches = self.batches.iter().map(|batch| {
            let mut columns = batch.columns().to_vec();
            replace_or_push(&mut columns, place, array.0.slice(begin, batch.num_rows()));
            begin += batch.num_rows();
            RecordBatch::try_new(schema.clone(), columns)
        });
        let batches = batches.collect::<Result<_, _>>().map_err(wrong)?;
        Ok(Self { schema, batches })
    }

    /// Writes the rows to a file, as the command line does, with texts for formats that have a place
    /// for them; and says how many bytes it has.
    #[expect(clippy::needless_pass_by_value, reason = "Python's path becomes ours")]
    fn write(&self, py: Python<'_>, path: PathBuf, format: &str, texts: Pairs) -> PyResult<u64> {
        let format: Format = format.parse().map_err(PyValueError::new_err)?;
        let written = py.detach(|| {
            let metadata = sorted(self.schema.metadata());
            let columns = columns_of(&self.schema)?;
            let info = TableInfo { name: "flows".into(), columns, metadata };
            let to = Destination::File(path.clone());
            let mut sink = flowloom_export::open(format, to, &info, &Settings::default())?;
            for batch in &self.batches {
                sink.write(batch_of(batch)?)?;
            }
            sink.close(&texts)
        });
        written.map(|stats| stats.bytes).map_err(|error| errors::sink(py, &error))
    }

    /// The table as bytes of an Arrow IPC stream.
    fn to_ipc<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let written = py.detach(|| {
            let mut writer = StreamWriter::try_new(Vec::new(), &self.schema)?;
            self.batches.iter().try_for_each(|batch| writer.write(batch))?;
            writer.into_inner()
        });
        Ok(PyBytes::new(py, &written.map_err(wrong)?))
    }
}

/// A table that was written to a Parquet or Arrow file, and what was said of it at its end.
#[pyfunction]
#[expect(clippy::needless_pass_by_value, reason = "Python's path becomes ours")]
pub(crate) fn load(py: Python<'_>, path: PathBuf) -> PyResult<(Table, Pairs)> {
    let loaded = py.detach(|| load_table(&path, is_ending));
    let loaded = loaded.map_err(|error| errors::config(py, &ConfigError(error.to_string())))?;
    Ok((Table::new(loaded.schema, loaded.batches), loaded.ending))
}

/// A table from bytes of an Arrow IPC stream.
#[pyfunction]
pub(crate) fn from_ipc(bytes: &[u8]) -> PyResult<Table> {
    let reader = StreamReader::try_new(Cursor::new(bytes), None).map_err(wrong)?;
    let schema = reader.schema();
    let batches = reader.collect::<Result<Vec<_>, _>>().map_err(wrong)?;
    Ok(Table::new(schema, batches))
}

/// An Arrow stream as a capsule of the PyCapsule interface.
pub(crate) fn capsule(
    py: Python<'_>,
    reader: Box<dyn RecordBatchReader + Send>,
) -> PyResult<Bound<'_, PyCapsule>> {
    PyCapsule::new_with_value(py, FFI_ArrowArrayStream::new(reader), c"arrow_array_stream")
}

fn described(field: &Field) -> Described {
    let data_type = crate::array::type_name(field.data_type());
    (field.name().clone(), data_type, field.is_nullable(), sorted(field.metadata()))
}

/// The value at a place, or behind the last one.
fn replace_or_push<T>(values: &mut Vec<T>, place: usize, value: T) {
    match values.get_mut(place) {
        Some(old) => *old = value,
        None => values.push(value),
    }
}

fn sorted(metadata: &Metadata) -> Pairs {
    let mut pairs =
        metadata.iter().map(|(key, value)| (key.clone(), value.clone())).collect::<Vec<_>>();
    pairs.sort();
    pairs
}

/// Rows of a batch that is put together: few enough for the offsets of their lists.
const ROWS_TOGETHER: usize = 16_384;
