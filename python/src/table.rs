//! A table in memory: a schema and record batches, handed on through the Arrow PyCapsule interface.

use std::collections::HashMap;
use std::io::Cursor;
use std::path::PathBuf;
use std::sync::Arc;

use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_array::{RecordBatch, RecordBatchIterator, RecordBatchReader, UInt64Array};
use arrow_ipc::reader::StreamReader;
use arrow_ipc::writer::StreamWriter;
use arrow_schema::{ArrowError, Field, Metadata, Schema, SchemaRef};
use arrow_select::concat::concat_batches;
use arrow_select::take::take_record_batch;
use flowloom_export::{Destination, Format, Settings, TableInfo, batch_of, columns_of};
use pyo3::exceptions::{PyIndexError, PyKeyError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyCapsule};

use crate::array::Array;
use crate::errors;

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

    fn whole(&self) -> PyResult<RecordBatch> {
        concat_batches(&self.schema, &self.batches).map_err(wrong)
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

    /// Some rows, by their numbers, in that order.
    fn take(&self, py: Python<'_>, rows: Vec<u64>) -> PyResult<Self> {
        let len = self.num_rows() as u64;
        if rows.iter().any(|row| *row >= len) {
            return Err(PyIndexError::new_err("a row beyond the end of the table"));
        }
        let whole = self.whole()?;
        let taken = py.detach(|| take_record_batch(&whole, &UInt64Array::from(rows)));
        Ok(Self::new(self.schema.clone(), vec![taken.map_err(wrong)?]))
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
    /// of that name: `values` are as Python has them.
    fn with_column(
        &self,
        name: &str,
        array: &Array,
        metadata: Vec<(String, String)>,
    ) -> PyResult<Self> {
        let whole = self.whole()?;
        let field = Field::new(name, array.0.data_type().clone(), true);
        let field = Arc::new(field.with_metadata(metadata.into_iter().collect::<HashMap<_, _>>()));
        let mut fields = self.schema.fields().to_vec();
        let mut columns = whole.columns().to_vec();
        if let Ok(place) = self.schema.index_of(name) {
            fields[place] = field;
            columns[place] = Arc::clone(&array.0);
        } else {
            fields.push(field);
            columns.push(Arc::clone(&array.0));
        }
        let schema = Arc::new(Schema::new(fields).with_metadata(self.schema.metadata().clone()));
        let batch = RecordBatch::try_new(schema.clone(), columns).map_err(wrong)?;
        Ok(Self::new(schema, vec![batch]))
    }

    /// All rows in one batch.
    fn combined(&self, py: Python<'_>) -> PyResult<Self> {
        if self.batches.len() < 2 {
            return Ok(Self { schema: self.schema.clone(), batches: self.batches.clone() });
        }
        let whole = py.detach(|| concat_batches(&self.schema, &self.batches)).map_err(wrong)?;
        Ok(Self::new(self.schema.clone(), vec![whole]))
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

/// For `map_err`, which hands the error over.
#[expect(clippy::needless_pass_by_value, reason = "see above")]
pub(crate) fn wrong(error: ArrowError) -> PyErr {
    PyValueError::new_err(error.to_string())
}

fn sorted(metadata: &Metadata) -> Pairs {
    let mut pairs =
        metadata.iter().map(|(key, value)| (key.clone(), value.clone())).collect::<Vec<_>>();
    pairs.sort();
    pairs
}
