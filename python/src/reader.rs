//! Rows of a run as they come, or all of them as a table.

use arrow_array::{RecordBatch, RecordBatchReader};
use arrow_schema::{ArrowError, SchemaRef};
use flowloom_engine::{
    Config, ConfigError, RunError, SinkError, Summary, TraceLimits, Traces, Watch, run_into,
    tables, trace_table, traces_into,
};
use flowloom_export::{Ending, Sink, SinkStats, TableInfo, Written, arrow_schema, record_batch};
use flowloom_schema::{Batch, Column};
use pyo3::prelude::*;
use pyo3::types::PyCapsule;
use serde_json::to_string;

use crate::errors;
use crate::feed::{Done, Feed, Finder};
use crate::options::Options;
use crate::table::{Table, capsule};

/// A run that is going on, and the rows of its tables: that of flows or traces, then those of events.
#[pyclass(frozen, module = "flowloom._native")]
pub(crate) struct Reader {
    schemas: Vec<SchemaRef>,
    /// Rows, and the number of their table.
    feed: Feed<(usize, RecordBatch)>,
}

/// Begins to read captures.
#[pyfunction]
pub(crate) fn read(py: Python<'_>, options: Options) -> PyResult<Reader> {
    begin(py, options.config(py)?)
}

/// Begins to read captures as traces: a row for each.
#[pyfunction]
pub(crate) fn read_traces(
    py: Python<'_>,
    options: Options,
    client: &str,
    columns: Vec<String>,
) -> PyResult<Reader> {
    let refused = |error| errors::config(py, &error);
    let client = client.parse().map_err(|text| refused(ConfigError(text)))?;
    let config = options.config(py)?;
    let traces = Traces { config, client, columns, limits: TraceLimits::default() };
    let table = trace_table(&traces).map_err(refused)?;
    run(vec![table], move |queues, watch| traces_into(&traces, queues.sink(0), watch))
}

/// Begins a run on a thread of its own.
pub(crate) fn begin(py: Python<'_>, config: Config) -> PyResult<Reader> {
    let tables = tables(&config).map_err(|error| errors::config(py, &error))?;
    run(tables, move |queues, watch| {
        let sinks = (0..queues.tables.len()).map(|table| queues.sink(table));
        run_into(&config, sinks.collect(), watch)
    })
}

fn run(
    tables: Vec<TableInfo>,
    fill: impl FnOnce(&Queues, &Watch) -> Result<Summary, RunError> + Send + 'static,
) -> PyResult<Reader> {
    let schema = |table: &TableInfo| arrow_schema(&table.columns, &table.metadata);
    let schemas = tables.iter().map(schema).collect::<Vec<_>>();
    let of_rows = schemas.clone();
    let feed = Feed::start(move |finder, watch| {
        let tables = tables.into_iter().map(|table| table.columns).zip(of_rows).collect();
        let summary = fill(&Queues { tables, finder }, watch)?;
        Ok(Done::of(to_string(&summary), &summary.captures))
    })?;
    Ok(Reader { schemas, feed })
}

#[pymethods]
impl Reader {
    /// Bytes read so far, as they are stored, and frames.
    fn progress(&self) -> (u64, u64) {
        self.feed.progress()
    }

    /// The next rows, of whichever table; none at the end.
    fn next(&self, py: Python<'_>) -> PyResult<Option<Table>> {
        let rows = self.feed.next(py)?;
        Ok(rows.map(|(table, batch)| Table::new(self.schemas[table].clone(), vec![batch])))
    }

    /// All rows that are still to come, and what stopped the run before it was through: a signal, or what
    /// `tick` raised, which is called now and then.
    fn rest(
        &self,
        py: Python<'_>,
        tick: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<(Vec<Table>, Option<PyErr>)> {
        let mut batches = vec![Vec::new(); self.schemas.len()];
        let stopped = self.feed.drain(py, tick, |(table, batch)| {
            batches[table].push(batch);
            Ok(())
        })?;
        Ok((self.filled(batches), stopped))
    }

    /// The tables with no rows.
    fn empty(&self) -> Vec<Table> {
        self.filled(vec![Vec::new(); self.schemas.len()])
    }

    /// Stops the run and waits for its end.
    fn close(&self, py: Python<'_>) {
        self.feed.close(py);
    }

    /// What became of each capture and of all together, as JSON; none before the end.
    fn summary(&self) -> Option<String> {
        self.feed.summary()
    }

    /// The first capture that could not be read, or not to its end, as an exception.
    fn failure<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        self.feed.failure(py)
    }
}

impl Reader {
    fn filled(&self, batches: Vec<Vec<RecordBatch>>) -> Vec<Table> {
        let tables = self.schemas.iter().zip(batches);
        tables.map(|(schema, batches)| Table::new(schema.clone(), batches)).collect()
    }
}

/// Tables that `next` gives until it gives none, as an Arrow stream; they have the columns of `empty`.
#[pyfunction]
pub(crate) fn stream<'py>(
    py: Python<'py>,
    empty: &Table,
    next: Py<PyAny>,
) -> PyResult<Bound<'py, PyCapsule>> {
    let mut waiting = Vec::new().into_iter();
    let next = move |py: Python<'_>| {
        loop {
            if let Some(batch) = waiting.next() {
                return Ok(Some(batch));
            }
            let made = next.call0(py)?;
            let Some(table) = made.extract::<Option<PyRef<'_, Table>>>(py)? else {
                return Ok(None);
            };
            waiting = table.batches().to_vec().into_iter();
        }
    };
    capsule(py, Box::new(Stream { next, schema: empty.schema().clone() }))
}

/// The queue, for rows of several tables.
struct Queues {
    tables: Vec<(Vec<Column>, SchemaRef)>,
    finder: Finder<(usize, RecordBatch)>,
}

impl Queues {
    /// The sink of the table with this number.
    fn sink(&self, table: usize) -> Box<dyn Sink> {
        let (columns, schema) = self.tables[table].clone();
        Box::new(Queue { table, columns, schema, finder: self.finder.clone(), rows: 0 })
    }
}

/// The queue as a sink of the engine.
struct Queue {
    /// The number of its table.
    table: usize,
    columns: Vec<Column>,
    schema: SchemaRef,
    finder: Finder<(usize, RecordBatch)>,
    rows: u64,
}

impl Sink for Queue {
    fn write(&mut self, batch: Batch) -> Result<(), SinkError> {
        self.rows += batch.rows as u64;
        self.finder.found((self.table, record_batch(&self.columns, &self.schema, batch)?))
    }

    fn end(self: Box<Self>, _: Ending, _: &[(String, String)]) -> Result<Written, SinkError> {
        Ok(SinkStats { rows: self.rows, ..SinkStats::default() }.into())
    }
}

/// Rows for consumers of Arrow streams.
struct Stream<F> {
    next: F,
    schema: SchemaRef,
}

impl<F> Iterator for Stream<F>
where
    F: FnMut(Python<'_>) -> PyResult<Option<RecordBatch>>,
{
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        let rows = Python::attach(&mut self.next);
        rows.map_err(|error| ArrowError::ExternalError(Box::new(error))).transpose()
    }
}

impl<F> RecordBatchReader for Stream<F>
where
    F: FnMut(Python<'_>) -> PyResult<Option<RecordBatch>>,
{
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }
}
