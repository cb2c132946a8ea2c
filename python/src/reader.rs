//! Runs on a thread of their own: rows as they come, or all of them as a table.

use std::process;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{RecordBatch, RecordBatchReader};
use arrow_schema::{ArrowError, SchemaRef};
use arrow_select::interleave::interleave;
use flowloom_engine::{
    Config, ConfigError, RunError, SinkError, Summary, TraceLimits, Traces, Watch, flow_table,
    run_into, trace_table, traces_into,
};
use flowloom_export::{Ending, Sink, SinkStats, TableInfo, arrow_schema, record_batch};
use flowloom_schema::{Batch, Column};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use crate::errors;
use crate::options::Options;
use crate::table::{Table, capsule};

/// What the run's thread tells.
enum Message {
    Rows(RecordBatch),
    EndOfCapture,
    Done(Box<Result<Summary, RunError>>),
}

/// A run that is going on. Its rows wait in a short queue: memory does not grow with the input.
#[pyclass(frozen, module = "flowloom._native")]
pub(crate) struct Reader {
    schema: SchemaRef,
    watch: Arc<Watch>,
    running: Mutex<Running>,
    /// Threads do not survive a fork.
    process: u32,
}

struct Running {
    messages: Option<Receiver<Message>>,
    thread: Option<JoinHandle<()>>,
    summary: Option<Summary>,
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
    Ok(run(table, move |sink, watch| traces_into(&traces, sink, watch)))
}

/// Begins a run on a thread of its own.
pub(crate) fn begin(py: Python<'_>, config: Config) -> PyResult<Reader> {
    let table = flow_table(&config).map_err(|error| errors::config(py, &error))?;
    Ok(run(table, move |sink, watch| run_into(&config, sink, watch)))
}

fn run(
    table: TableInfo,
    fill: impl FnOnce(Box<dyn Sink>, &Watch) -> Result<Summary, RunError> + Send + 'static,
) -> Reader {
    let schema = arrow_schema(&table.columns, &table.metadata);
    let (sender, messages) = sync_channel(QUEUE);
    let watch = Arc::new(Watch::default());
    let thread = {
        let (schema, watch) = (schema.clone(), Arc::clone(&watch));
        thread::spawn(move || {
            let sink =
                Box::new(Queue { columns: table.columns, schema, sender: sender.clone(), rows: 0 });
            let outcome = fill(sink, &watch);
            // Nobody listens if the reader was closed before the end.
            drop(sender.send(Message::Done(Box::new(outcome))));
        })
    };
    let running = Running { messages: Some(messages), thread: Some(thread), summary: None };
    Reader { schema, watch, running: Mutex::new(running), process: process::id() }
}

#[pymethods]
impl Reader {
    /// Bytes read so far, as they are stored, and frames.
    fn progress(&self) -> (u64, u64) {
        (self.watch.bytes(), self.watch.frames())
    }

    /// The next rows; none at the end. A signal (Ctrl-C) stops the run and raises.
    fn next(&self, py: Python<'_>) -> PyResult<Option<Table>> {
        loop {
            match self.message(py)? {
                Some(Message::Rows(batch)) => {
                    return Ok(Some(Table::new(self.schema.clone(), vec![batch])));
                }
                Some(_) => {}
                None => return Ok(None),
            }
        }
    }

    /// All rows that are still to come, those of each capture in the order of `flow_id`.
    ///
    /// `tick` is called now and then; what it raises stops the run, and so does a signal: then the rows that
    /// came until then are the second value's business, see `rest`.
    fn rest(
        &self,
        py: Python<'_>,
        tick: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<(Table, Option<PyErr>)> {
        let (mut sorted, mut capture) = (Vec::new(), Vec::new());
        let mut stopped = None;
        loop {
            let ticked = match tick {
                Some(tick) if stopped.is_none() => tick.call0().map(drop),
                _ => Ok(()),
            };
            match ticked.and_then(|()| self.message(py)) {
                Ok(Some(Message::Rows(batch))) => capture.push(batch),
                Ok(Some(Message::EndOfCapture)) => {
                    sorted.extend(
                        by_flow_id(std::mem::take(&mut capture)).map_err(crate::table::wrong)?,
                    );
                }
                Ok(Some(Message::Done(_))) => {}
                Ok(None) => break,
                // Told to stop, the run gives what it has and ends.
                Err(error) if stopped.is_none() && !self.is_over() => {
                    self.watch.stop();
                    stopped = Some(error);
                }
                Err(error) => return Err(stopped.unwrap_or(error)),
            }
        }
        sorted.extend(capture);
        Ok((Table::new(self.schema.clone(), sorted), stopped))
    }

    /// A table with no rows.
    fn empty(&self) -> Table {
        Table::new(self.schema.clone(), Vec::new())
    }

    /// Stops the run and waits for its end.
    fn close(&self, py: Python<'_>) {
        if self.process != process::id() {
            return;
        }
        self.watch.stop();
        py.detach(|| {
            let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
            // Whoever writes to a queue that nobody reads is told so.
            running.messages = None;
            running.join();
        });
    }

    /// Stops the run: rows that were read already still come.
    fn stop(&self) {
        self.watch.stop();
    }

    /// What became of each capture and of all together, as JSON; none before the end.
    fn summary(&self) -> Option<String> {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.summary.as_ref().map(|summary| serde_json::to_string(summary).unwrap_or_default())
    }

    /// The first capture that could not be read, or not to its end, as an exception.
    fn failure<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let captures = &running.summary.as_ref()?.captures;
        let lost = captures.iter().find(|capture| capture.has_losses())?;
        Some(errors::capture(py, lost).into_value(py).into_bound(py).into_any())
    }

    /// The rows to come as an Arrow stream.
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        slf: Bound<'py, Self>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        drop(requested_schema);
        let (py, schema) = (slf.py(), slf.get().schema.clone());
        capsule(py, Box::new(Stream { reader: slf.unbind(), schema }))
    }
}

impl Reader {
    /// The next message, signals heeded meanwhile; none after the last.
    fn message(&self, py: Python<'_>) -> PyResult<Option<Message>> {
        if self.process != process::id() {
            let text = "this reader was opened in another process: open the captures here";
            return Err(PyRuntimeError::new_err(text));
        }
        loop {
            py.check_signals()?;
            let received = py.detach(|| {
                let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
                running.messages.as_ref().map(|messages| messages.recv_timeout(PATIENCE))
            });
            match received {
                None => return Ok(None),
                Some(Ok(Message::Done(outcome))) => {
                    self.end(py, *outcome)?;
                    return Ok(None);
                }
                Some(Ok(message)) => return Ok(Some(message)),
                Some(Err(RecvTimeoutError::Timeout)) => {}
                Some(Err(RecvTimeoutError::Disconnected)) => {
                    self.running.lock().unwrap_or_else(PoisonError::into_inner).messages = None;
                    return Err(PyRuntimeError::new_err("the run ended without saying why"));
                }
            }
        }
    }

    fn end(&self, py: Python<'_>, outcome: Result<Summary, RunError>) -> PyResult<()> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.messages = None;
        // It has said its last word.
        running.join();
        running.summary = Some(outcome.map_err(|error| errors::run(py, &error))?);
        Ok(())
    }

    fn is_over(&self) -> bool {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).messages.is_none()
    }
}

impl Running {
    fn join(&mut self) {
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// A reader that is forgotten stops its run, but does not wait.
impl Drop for Reader {
    fn drop(&mut self) {
        self.watch.stop();
    }
}

/// The queue as a sink of the engine.
struct Queue {
    columns: Vec<Column>,
    schema: SchemaRef,
    sender: SyncSender<Message>,
    rows: u64,
}

impl Sink for Queue {
    fn write(&mut self, batch: Batch) -> Result<(), SinkError> {
        self.rows += batch.rows as u64;
        let batch = record_batch(&self.columns, &self.schema, batch)?;
        self.sender.send(Message::Rows(batch)).map_err(|_| SinkError::ReaderGone)
    }

    fn end_capture(&mut self) -> Result<(), SinkError> {
        self.sender.send(Message::EndOfCapture).map_err(|_| SinkError::ReaderGone)
    }

    fn finish(self: Box<Self>, _: Ending, _: &[(String, String)]) -> Result<SinkStats, SinkError> {
        Ok(SinkStats { rows: self.rows, ..SinkStats::default() })
    }
}

/// The rows of a reader for consumers of Arrow streams.
struct Stream {
    reader: Py<Reader>,
    schema: SchemaRef,
}

impl Iterator for Stream {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        Python::attach(|py| {
            loop {
                match self.reader.get().message(py) {
                    Ok(Some(Message::Rows(batch))) => return Some(Ok(batch)),
                    Ok(Some(_)) => {}
                    Ok(None) => return None,
                    Err(error) => return Some(Err(ArrowError::ExternalError(Box::new(error)))),
                }
            }
        })
    }
}

impl RecordBatchReader for Stream {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }
}

/// The rows of a capture in the order in which its flows began.
fn by_flow_id(batches: Vec<RecordBatch>) -> Result<Vec<RecordBatch>, ArrowError> {
    let Some(place) = batches.first().and_then(|batch| batch.schema().index_of("flow_id").ok())
    else {
        return Ok(batches);
    };
    let mut places = Vec::new();
    for (number, batch) in batches.iter().enumerate() {
        let Some(ids) = batch.column(place).as_primitive_opt::<Int64Type>() else {
            return Ok(batches);
        };
        places.extend(ids.values().iter().enumerate().map(|(row, id)| (*id, number, row)));
    }
    if places.is_sorted() {
        return Ok(batches);
    }
    places.sort_unstable();
    let places = places.into_iter().map(|(_, number, row)| (number, row)).collect::<Vec<_>>();
    let schema = batches[0].schema();
    let parts = batches.into_iter().map(|batch| batch.columns().to_vec());
    let mut parts = parts.map(Vec::into_iter).collect::<Vec<_>>();
    let mut sorted = vec![Vec::new(); places.len().div_ceil(ROWS_TOGETHER)];
    // Column by column: what was sorted is given back before the next is.
    for _ in schema.fields() {
        let column = parts.iter_mut().filter_map(Iterator::next).collect::<Vec<_>>();
        let column = column.iter().map(AsRef::as_ref).collect::<Vec<_>>();
        for (columns, rows) in sorted.iter_mut().zip(places.chunks(ROWS_TOGETHER)) {
            columns.push(interleave(&column, rows)?);
        }
    }
    sorted.into_iter().map(|columns| RecordBatch::try_new(schema.clone(), columns)).collect()
}

/// Batches that wait for whoever reads them.
const QUEUE: usize = 4;
/// How long a signal waits at most.
const PATIENCE: Duration = Duration::from_millis(50);
/// Rows of a sorted batch: few enough for the offsets of their lists.
const ROWS_TOGETHER: usize = 16_384;
