//! The whole run: every capture through the pipeline, every row to the output.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;
use std::{fmt, fs, iter};

use flowloom_export::{
    Destination, Ending, Format, Order as OrderLimits, Ordered, Sink, SinkError, TableInfo,
};
use flowloom_logs::LogTable;
use flowloom_schema::{Batch, Series, Values};

use crate::account::{Account, CaptureAccount, Summary};
use crate::inputs::Reading;
use crate::labels::FlowLabels;
use crate::new_directory::{NewDirectory, check_no_file};
use crate::pipeline::{self, Emit, Failure, Plan, Tables};
use crate::settings_text::{ACCOUNT, CAPTURES, LEVEL, settings_text};
use crate::source;
use crate::{Config, ConfigError, Order, Watch};

/// Why a run gave nothing.
#[derive(Debug)]
pub enum RunError {
    /// It cannot be as it was asked for.
    Config(ConfigError),
    /// The output cannot be written.
    Sink(SinkError),
}

impl RunError {
    /// The failure of a run that has finished so many files, which stay.
    pub(crate) fn after(self, files: u64) -> Self {
        match self {
            Self::Sink(error) => Self::Sink(error.after(files)),
            Self::Config(error) => Self::Config(error),
        }
    }
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(error) => error.fmt(f),
            Self::Sink(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for RunError {}

impl From<ConfigError> for RunError {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

impl From<SinkError> for RunError {
    fn from(error: SinkError) -> Self {
        Self::Sink(error)
    }
}

/// Runs a configuration to its end, or until `watch` is told to stop.
///
/// A capture that cannot be read does not stop the others: its account says so.
pub fn run(config: &Config, watch: &Watch) -> Result<Summary, RunError> {
    config.check().map_err(RunError::Config)?;
    let plan = Plan::new(config);
    check_free(config, &plan).map_err(RunError::Config)?;
    let mut output = config.output.clone();
    output.settings.npz.bytes = config.log.lists_of_bytes();
    check_arrays(&output, &plan).map_err(RunError::Config)?;
    check_order(&output, &plan).map_err(RunError::Config)?;
    check_directory(&output, &plan).map_err(RunError::Config)?;
    // Dropped after the output, whose files are then named or gone.
    let _directory = match &config.output.destination {
        Destination::File(path) => Some(NewDirectory::at(path)),
        Destination::Stdout => None,
    };
    run_to(config, &plan, watch, Output::open(config, &output, &plan)?)
}

/// The same to sinks of the caller's, one for each of the [`tables`]. With [`Order::Start`], the
/// flows of a capture are kept in memory until it ends.
pub fn run_into(
    config: &Config,
    sinks: Vec<Box<dyn Sink>>,
    watch: &Watch,
) -> Result<Summary, RunError> {
    config.check().map_err(RunError::Config)?;
    let mut plan = Plan::new(config);
    plan.keeps_flows = config.output.order == Order::Start;
    run_to(config, &plan, watch, Output::into(sinks))
}

/// The tables that a run gives: that of flows, then those of events in the order asked for.
pub fn tables(config: &Config) -> Result<Vec<TableInfo>, ConfigError> {
    config.check()?;
    Ok(tables_of(config, &Plan::new(config)))
}

fn tables_of(config: &Config, plan: &Plan<'_>) -> Vec<TableInfo> {
    let mut columns = plan.families.columns();
    columns.extend(config.labels.columns());
    let metadata = settings_text(config);
    let mut of_events = metadata.clone();
    of_events.push((LEVEL.into(), "event".into()));
    let flows = TableInfo { name: "flows".into(), columns, metadata };
    let event = |(name, _, columns): (&str, &str, _)| TableInfo {
        name: name.into(),
        columns,
        metadata: of_events.clone(),
    };
    iter::once(flows).chain(plan.events.tables().map(event)).collect()
}

fn run_to(
    config: &Config,
    plan: &Plan<'_>,
    watch: &Watch,
    mut output: Output,
) -> Result<Summary, RunError> {
    let readings = Reading::all(config).map_err(RunError::Config)?;
    let read = |reading: &Reading<'_>, threads, emit: Emit<'_>| {
        read_one(reading, plan, threads, watch, emit)
    };
    let captures = read_all(&readings, config, &read, watch, &mut output)?;
    output.finish(config, captures, watch)
}

/// Reads a capture with so many threads, and hands on its rows.
pub(crate) type ReadOne<'r> =
    &'r (dyn Fn(&Reading<'_>, usize, Emit<'_>) -> Result<CaptureAccount, SinkError> + Sync);

/// All captures, in order; several at a time if there are several threads.
pub(crate) fn read_all(
    readings: &[Reading<'_>],
    config: &Config,
    read: ReadOne<'_>,
    watch: &Watch,
    output: &mut Output,
) -> Result<Vec<CaptureAccount>, SinkError> {
    let threads = config.threads.get();
    if threads == 1 || readings.len() == 1 {
        read_in_turn(readings, threads, read, output)
    } else {
        read_side_by_side(readings, threads, read, watch, output)
    }
}

fn read_in_turn(
    readings: &[Reading<'_>],
    threads: usize,
    read: ReadOne<'_>,
    output: &mut Output,
) -> Result<Vec<CaptureAccount>, SinkError> {
    let mut accounts = Vec::new();
    for reading in readings {
        accounts.push(read(reading, threads, &mut |rows| output.write(rows))?);
        output.end_capture()?;
    }
    Ok(accounts)
}

/// A message from the thread that reads a capture.
enum Message {
    Rows(Box<Tables>),
    Done(Box<Result<CaptureAccount, SinkError>>),
}

/// Each thread takes the next capture that nobody has; rows are written in the order of captures.
///
/// A thread that is ahead waits when its channel is full; the capture whose turn it is always has
/// a thread, because captures are taken in order.
fn read_side_by_side(
    readings: &[Reading<'_>],
    threads: usize,
    read: ReadOne<'_>,
    watch: &Watch,
    output: &mut Output,
) -> Result<Vec<CaptureAccount>, SinkError> {
    let at_once = threads.min(readings.len());
    let per_reading = threads.div_ceil(at_once);
    let (senders, receivers): (Vec<_>, Vec<_>) =
        readings.iter().map(|_| sync_channel::<Message>(CHANNEL_BATCHES)).unzip();
    let next = AtomicUsize::new(0);
    let written = Written::default();
    let send = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some((reading, sender)) = readings.get(index).zip(senders.get(index)) else {
                return;
            };
            written.wait_for((index + 1).saturating_sub(CAPTURES_AHEAD * at_once));
            send_one(reading, per_reading, read, sender);
        }
    };
    thread::scope(|scope| {
        // Where the system gives no more threads, those that are there do the work.
        let spawn = |_| thread::Builder::new().spawn_scoped(scope, send).ok();
        if (0..at_once).map_while(spawn).count() == 0 {
            return read_in_turn(readings, threads, read, output);
        }
        let mut accounts = Vec::new();
        let _release = Release(&written);
        for receiver in receivers {
            let received = receive_one(&receiver, output)
                .and_then(|account| output.end_capture().map(|()| account));
            match received {
                Ok(account) => {
                    accounts.push(account);
                    written.set(accounts.len());
                }
                Err(error) => {
                    watch.stop();
                    return Err(error);
                }
            }
        }
        Ok(accounts)
    })
}

/// How many captures have been written: rows of small ones would else wait for a large one in any
/// number.
#[derive(Default)]
struct Written {
    captures: Mutex<usize>,
    more: Condvar,
}

impl Written {
    fn set(&self, captures: usize) {
        *self.captures.lock().unwrap_or_else(PoisonError::into_inner) = captures;
        self.more.notify_all();
    }

    fn wait_for(&self, captures: usize) {
        let written = self.captures.lock().unwrap_or_else(PoisonError::into_inner);
        let is_early = |written: &mut usize| *written < captures;
        drop(self.more.wait_while(written, is_early).unwrap_or_else(PoisonError::into_inner));
    }
}

/// Lets all go on in the end, whatever the end is.
struct Release<'w>(&'w Written);

impl Drop for Release<'_> {
    fn drop(&mut self) {
        self.0.set(usize::MAX);
    }
}

fn send_one(
    reading: &Reading<'_>,
    threads: usize,
    read: ReadOne<'_>,
    sender: &SyncSender<Message>,
) {
    // When nobody listens any more, the output has failed and the run is ending.
    let mut emit =
        |rows| sender.send(Message::Rows(Box::new(rows))).map_err(|_| SinkError::ReaderGone);
    let account = read(reading, threads, &mut emit);
    drop(sender.send(Message::Done(Box::new(account))));
}

fn receive_one(
    receiver: &Receiver<Message>,
    output: &mut Output,
) -> Result<CaptureAccount, SinkError> {
    loop {
        match receiver.recv() {
            Ok(Message::Rows(rows)) => output.write(*rows)?,
            Ok(Message::Done(account)) => return *account,
            Err(_) => return Err(SinkError::ReaderGone),
        }
    }
}

/// One capture through the pipeline, its flows with their labels.
pub(crate) fn read_one(
    reading: &Reading<'_>,
    plan: &Plan<'_>,
    threads: usize,
    watch: &Watch,
    emit: Emit<'_>,
) -> Result<CaptureAccount, SinkError> {
    let mut emit_labelled = |labels: &FlowLabels<'_>, mut tables: Tables| {
        labels.append(&tables.first_frames, &mut tables.flows);
        emit(tables)
    };
    read_labelled(reading, plan, threads, watch, &mut emit_labelled)
}

/// Takes tables, and knows the labels of flows as far as the capture was read.
pub(crate) type EmitLabelled<'e> =
    &'e mut (dyn FnMut(&FlowLabels<'_>, Tables) -> Result<(), SinkError> + Send);

/// One capture through the pipeline, beside the labels of its flows.
pub(crate) fn read_labelled(
    reading: &Reading<'_>,
    plan: &Plan<'_>,
    threads: usize,
    watch: &Watch,
    emit: EmitLabelled<'_>,
) -> Result<CaptureAccount, SinkError> {
    let unread = CaptureAccount::unread(reading);
    if watch.is_stopped() {
        return Ok(CaptureAccount { error: Some(INTERRUPTED.into()), ..unread });
    }
    let source = match source::open(reading, plan.config, watch) {
        Ok(source) => source,
        Err(error) => return Ok(unread.failed(reading, error)),
    };
    let (mut source, labels) = plan.config.labels.of_flows(source, &reading.labels);
    let mut emit = |tables| emit(&labels, tables);
    let (account, failure) =
        pipeline::run(&mut *source, &reading.name, plan, threads, watch, &mut emit);
    let mut account = CaptureAccount::of(reading, source.facts(), account);
    account.account.reach("label_comments", labels.dropped());
    match failure {
        Some(Failure::Sink(error)) => Err(error),
        // A pipe that was given up is no failure of the capture.
        Some(Failure::Read(_)) if watch.is_stopped() => Ok(account),
        Some(Failure::Read(error)) => Ok(account.failed(reading, error)),
        None => Ok(account),
    }
}

/// The table of flows, and those of events beside it; or logs alone.
pub(crate) struct Output {
    rows: u64,
    flows: Option<Table>,
    events: Vec<Table>,
}

/// Rows to a sink, in batches of a size that does not depend on the captures.
struct Table {
    sink: Box<dyn Sink>,
    order: Order,
    waiting: Batch,
}

impl Output {
    fn open(config: &Config, to: &crate::Output, plan: &Plan<'_>) -> Result<Self, SinkError> {
        if let Some(logs) = &plan.logs {
            let open = |log: &LogTable| Table::open_log(config, log);
            let events = logs.tables().iter().map(open).collect::<Result<_, _>>()?;
            return Ok(Self { rows: 0, flows: None, events });
        }
        let tables = tables_of(config, plan);
        if let [flows] = &tables[..] {
            return Self::open_one(to, flows);
        }
        let open = |table: &TableInfo| Table::open(to, table, in_directory(to, &table.name)?);
        let opened = tables.iter().map(open).collect::<Result<Vec<_>, _>>()?;
        Ok(Self::of(opened))
    }

    /// A table that stands alone.
    pub(crate) fn open_one(to: &crate::Output, info: &TableInfo) -> Result<Self, SinkError> {
        Ok(Self::of(vec![Table::open(to, info, to.destination.clone())?]))
    }

    /// The same, to sinks that are there: that of flows, then those of events.
    pub(crate) fn into(sinks: Vec<Box<dyn Sink>>) -> Self {
        Self::of(sinks.into_iter().map(|sink| Table::of(sink, Order::End)).collect())
    }

    fn of(tables: Vec<Table>) -> Self {
        let mut tables = tables.into_iter();
        Self { rows: 0, flows: tables.next(), events: tables.collect() }
    }

    fn write(&mut self, tables: Tables) -> Result<(), SinkError> {
        self.rows += tables.flows.rows as u64;
        if let Some(flows) = &mut self.flows {
            flows.write(tables.flows)?;
        }
        for (table, rows) in self.events.iter_mut().zip(tables.events) {
            table.write(rows)?;
        }
        Ok(())
    }

    fn end_capture(&mut self) -> Result<(), SinkError> {
        self.flows.iter_mut().chain(&mut self.events).try_for_each(Table::end_capture)
    }

    /// Closes it, and says what the run came to.
    pub(crate) fn finish(
        self,
        config: &Config,
        captures: Vec<CaptureAccount>,
        watch: &Watch,
    ) -> Result<Summary, RunError> {
        let mut total = Account::default();
        for capture in &captures {
            total.add(&capture.account);
        }
        let labels = config.labels.report().cloned();
        let interrupted = watch.is_stopped();
        let summary = Summary { captures, total, rows: self.rows, labels, interrupted };
        // Where nothing could be read, nothing is written: a mistyped name must not replace a result.
        if !summary.is_empty_handed() {
            self.close(&summary)?;
        }
        Ok(summary)
    }

    fn close(self, summary: &Summary) -> Result<(), SinkError> {
        let account = serde_json::to_string(&summary.total).unwrap_or_default();
        // The same frames give the same file, however they were compressed.
        let plain =
            |capture: &CaptureAccount| CaptureAccount { compression: None, ..capture.clone() };
        let captures = summary.captures.iter().map(plain).collect::<Vec<_>>();
        let captures = serde_json::to_string(&captures).unwrap_or_default();
        let metadata = [(ACCOUNT.into(), account), (CAPTURES.into(), captures)];
        let ending = if summary.interrupted { Ending::Partial } else { Ending::Whole };
        let tables = self.flows.into_iter().chain(self.events);
        // None has its name before all are on the disk.
        let written =
            tables.map(|table| table.end(&metadata, ending)).collect::<Result<Vec<_>, _>>();
        written?.into_iter().try_for_each(|file| file.name().map(drop))
    }
}

impl Table {
    fn open(output: &crate::Output, info: &TableInfo, to: Destination) -> Result<Self, SinkError> {
        let sink = flowloom_export::open(output.format, to, info, &output.settings)?;
        let sink = match output.order {
            Order::End => sink,
            Order::Start => Box::new(Ordered::new(sink, info, OrderLimits::default())?),
        };
        Ok(Self::of(sink, output.order))
    }

    fn of(sink: Box<dyn Sink>, order: Order) -> Self {
        Self { sink, order, waiting: Batch::default() }
    }

    fn open_log(config: &Config, log: &LogTable) -> Result<Self, SinkError> {
        let columns = log.columns.clone();
        let info = TableInfo { name: log.name.into(), columns, metadata: Vec::new() };
        let to = match config.output.format {
            Format::Zeek => in_directory(&config.output, log.name)?,
            _ => config.output.destination.clone(),
        };
        let mut table = Self::open(&config.output, &info, to)?;
        if log.head.rows > 0 {
            table.sink.write(log.head.clone())?;
        }
        Ok(table)
    }

    fn write(&mut self, batch: Batch) -> Result<(), SinkError> {
        self.waiting.append(batch);
        let is_enough =
            self.waiting.rows >= ROWS_TOGETHER || items(&self.waiting) >= ITEMS_TOGETHER;
        if is_enough { self.pass_on() } else { Ok(()) }
    }

    fn end_capture(&mut self) -> Result<(), SinkError> {
        match self.order {
            // Rows of many small captures go on together.
            Order::End => Ok(()),
            Order::Start => {
                self.pass_on()?;
                self.sink.end_capture()
            }
        }
    }

    fn pass_on(&mut self) -> Result<(), SinkError> {
        let batch = std::mem::take(&mut self.waiting);
        if batch.rows == 0 { Ok(()) } else { self.sink.write(batch) }
    }

    fn end(
        mut self,
        metadata: &[(String, String)],
        ending: Ending,
    ) -> Result<flowloom_export::Written, SinkError> {
        self.pass_on()?;
        self.sink.end(ending, metadata)
    }
}

/// Items of all lists.
fn items(batch: &Batch) -> usize {
    let of_series = |series: &Series| match &series.values {
        Values::List(list) => match &list.items.values {
            Values::Binary(binary) => binary.bytes.len() / size_of::<i64>(),
            _ => list.items.len(),
        },
        _ => 0,
    };
    batch.columns.iter().map(of_series).sum()
}

/// The file of a table in the directory of the output, which is made if it is not there.
fn in_directory(output: &crate::Output, table: &str) -> Result<Destination, SinkError> {
    let Destination::File(directory) = &output.destination else {
        return Ok(Destination::Stdout);
    };
    check_no_file(directory)?;
    fs::create_dir_all(directory)
        .map_err(|source| SinkError::Create { path: directory.clone(), source })?;
    Ok(Destination::File(file_in(directory, output.format, table)))
}

fn file_in(directory: &Path, format: Format, table: &str) -> PathBuf {
    let ending = if format == Format::Zeek { "log" } else { format.name() };
    directory.join(format!("{table}.{ending}"))
}

/// An archive of arrays of nothing but what its rows are of is a mistake.
fn check_arrays(output: &crate::Output, plan: &Plan<'_>) -> Result<(), ConfigError> {
    let columns = plan.families.columns();
    let has_rows = columns.iter().any(|column| output.settings.npz.has_rows_of(column));
    if output.format != Format::Npz || has_rows {
        return Ok(());
    }
    let text = "--format npz makes arrays of lists, and none of the columns has lists of numbers or \
                bytes: add a feature set that has, such as --features core,sequences";
    Err(ConfigError(text.into()))
}

/// Rows that are written are put in order by a column.
fn check_order(output: &crate::Output, plan: &Plan<'_>) -> Result<(), ConfigError> {
    let has_ids = plan.families.columns().iter().any(|column| column.name == "flow_id");
    if output.order == Order::End || has_ids {
        return Ok(());
    }
    let text = "--order start goes by the column flow_id, which is not among the columns: add it, or \
                leave the order out";
    Err(ConfigError(text.into()))
}

/// Tables of events are files of a directory.
fn check_directory(output: &crate::Output, plan: &Plan<'_>) -> Result<(), ConfigError> {
    if plan.logs.is_some()
        || plan.events.is_empty()
        || matches!(output.destination, Destination::File(_))
    {
        return Ok(());
    }
    let text = "event tables are several files: give a directory for them with -o DIR";
    Err(ConfigError(text.into()))
}

/// Logs, and files of a directory, are not written over others unless that is asked for.
fn check_free(config: &Config, plan: &Plan<'_>) -> Result<(), ConfigError> {
    let Destination::File(path) = &config.output.destination else { return Ok(()) };
    let format = config.output.format;
    let file_of = |table: &str| file_in(path, format, table);
    let files = match &plan.logs {
        Some(logs) if format == Format::Zeek => {
            logs.tables().iter().map(|log| file_of(log.name)).collect()
        }
        Some(_) => vec![path.clone()],
        None if plan.events.is_empty() => Vec::new(),
        // Beside new tables, those of another run would look like theirs.
        None => flowloom_features::Events::names().chain(["flows"]).map(file_of).collect(),
    };
    match files.iter().find(|file| file.is_file() && !config.output.force) {
        None => Ok(()),
        Some(file) => {
            let text = format!("{} exists; --force replaces it", file.display());
            Err(ConfigError(text))
        }
    }
}

/// Why a capture was not begun when the run was told to stop.
const INTERRUPTED: &str = "not read: the run was interrupted";
/// Batches that wait for the writer, per capture.
const CHANNEL_BATCHES: usize = 4;
/// Rows that are handed to the sink together at least,
const ROWS_TOGETHER: usize = 2_048;
/// if their lists do not have so many items before.
const ITEMS_TOGETHER: usize = 4 << 20;
/// Captures that may be read before those whose rows are written, for each thread.
const CAPTURES_AHEAD: usize = 64;
