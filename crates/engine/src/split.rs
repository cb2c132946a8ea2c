//! A capture to captures: one for each flow, or for each group of flows.
//!
//! The pipeline of `flows` says which frames a flow has (the set `frames`); their records are taken
//! from the capture again as they are stored. A flow has a file of its own as soon as it has ended,
//! so no more than one is open at a time. Frames of groups wait, sorted on disk if need be, until
//! all captures are over: they come in their order, whichever flow they are of.

mod directory;
mod extract;
mod files;
mod grouping;
mod index;
mod name;
mod original;
mod packet_block;
mod piece;
mod sort;
mod stored;

use std::fs::File;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::{fmt, io};

use flowloom_capture::{Block, Facts, Interface, ReadError, Source};
use flowloom_export::SinkError;
use flowloom_flow::RecordPlace;
use flowloom_schema::{Batch, Values};
use serde::Serialize;

pub use extract::{Extract, ExtractTo, Extracted, extract};
pub use grouping::Grouping;
pub use index::index;
pub use stored::{FrameFile, StoredFrame, stored_frames};

use crate::inputs::Reading;
use crate::labels::FlowLabels;
use crate::pipeline::{self, Failure, Plan, Tables};
use crate::source::{self, Kept};
use crate::{Account, CaptureAccount, Config, ConfigError, Summary, Watch};
use files::{Files, Taken};
use grouping::{FRAME_NUMBERS, FRAME_OFFSETS, Group, Naming};
use name::Row;
use original::Original;

/// How captures are split.
#[derive(Clone, Debug)]
pub struct Split {
    /// What has a file of its own.
    pub by: Grouping,
    /// How files are named: text, with names of columns in braces. None for the usual names.
    pub name: Option<String>,
    /// The directory of the files.
    pub directory: PathBuf,
    /// Whether it may be one that has files already; those of the same names are replaced.
    pub force: bool,
}

/// What was split.
#[derive(Clone, Debug, Serialize)]
pub struct SplitSummary {
    /// What became of the captures and their frames.
    pub run: Summary,
    /// Files made.
    pub files: u64,
    /// Frames in them.
    pub frames: u64,
    /// Bytes of them, headers included.
    pub bytes: u64,
    /// Those of the frames that are in no flow, and so in a file called `no-flow`, unless files are
    /// of windows of time.
    pub frames_without_flow: u64,
    /// Where the files are.
    pub directory: PathBuf,
}

/// Why nothing was split.
#[derive(Debug)]
pub enum SplitError {
    /// It cannot be done as it was asked for.
    Config(ConfigError),
    /// Files cannot be written.
    Sink(SinkError),
    /// A frame could not be found again in its capture.
    Original {
        /// The capture.
        capture: String,
        /// Number of the frame.
        frame: u64,
        /// What went wrong.
        source: io::Error,
    },
}

impl fmt::Display for SplitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(error) => error.fmt(f),
            Self::Sink(error) => error.fmt(f),
            Self::Original { capture, frame, source } => {
                write!(f, "{capture}, frame {frame}: cannot be read again: {source}")
            }
        }
    }
}

impl std::error::Error for SplitError {}

impl From<ConfigError> for SplitError {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

impl From<SinkError> for SplitError {
    fn from(error: SinkError) -> Self {
        Self::Sink(error)
    }
}

/// Splits the captures of a configuration. Its columns and output are of no account.
///
/// If `watch` is told to stop, what was read until then is in a directory with `.partial` behind
/// its name.
pub fn split(config: Config, split: &Split, watch: &Watch) -> Result<SplitSummary, SplitError> {
    let config = split.by.settings(config);
    config.check()?;
    let readings = Reading::all(&config)?;
    let naming = Naming::new(&config, split, readings.len())?;
    let mut files = Files::create(&split.directory, split.force)?;
    let mut captures = Vec::new();
    for (number, reading) in (0..).zip(&readings) {
        let job = Job { config: &config, naming: &naming, watch, reading, number };
        captures.push(job.run(&mut files)?);
        if naming.is_by_flow() {
            // Only frames of no flow are left of the capture, and nobody asks for it again.
            files.write_groups(watch)?;
        }
    }
    files.write_groups(watch)?;
    let mut total = Account::default();
    for capture in &captures {
        total.add(&capture.account);
    }
    let labels = config.labels.report().cloned();
    let rows = total.flow_count();
    let run = Summary { captures, total, rows, labels, interrupted: watch.is_stopped() };
    let counts = files.counts();
    let directory = if run.is_empty_handed() {
        split.directory.clone()
    } else {
        files.finish(!run.interrupted)?
    };
    Ok(SplitSummary {
        run,
        files: counts.files,
        frames: counts.frames,
        bytes: counts.bytes,
        frames_without_flow: counts.without_flow,
        directory,
    })
}

/// One capture to be split.
struct Job<'j> {
    config: &'j Config,
    naming: &'j Naming,
    watch: &'j Watch,
    reading: &'j Reading<'j>,
    number: u64,
}

impl Job<'_> {
    fn run(&self, files: &mut Files) -> Result<CaptureAccount, SplitError> {
        let reading = self.reading;
        let unread = CaptureAccount::unread(reading);
        let copy = files.copy_path(self.number);
        let opened = source::open_kept(reading, self.config, self.watch, &copy);
        let Kept { source, path } = match opened {
            Ok(kept) => kept,
            Err(error) => return Ok(unread.failed(reading, error)),
        };
        let opened = File::open(&path).and_then(|file| Original::open(file, self.config.capture));
        let original = match opened {
            Ok(original) => original,
            Err(cause) => {
                let input = reading.name.clone();
                return Ok(unread.failed(reading, ReadError::Open { input, cause }));
            }
        };
        let known = Known::default();
        let (source, labels) = self.config.labels.of_flows(source, &reading.labels);
        let mut source = Noting { source, known: Arc::clone(&known) };
        let (known, failure) = (known, None);
        let taking = Taking { job: self, files, original, known, noted: 0, failure };
        let taking = Mutex::new(taking);
        let (mut account, failure) = self.pipeline(&mut source, &labels, &taking);
        account.reach("label_comments", labels.dropped());
        let mut taking = taking.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Some(failure) = taking.failure.take() {
            return Err(failure);
        }
        let interfaces = lock(&taking.known).clone();
        let taken = Taken { path, name: reading.name.clone(), interfaces };
        taking.files.keep(self.number, taken);
        let account = CaptureAccount::of(reading, source.facts(), account);
        match failure {
            Some(Failure::Sink(error)) => Err(error.into()),
            Some(Failure::Read(error)) if !self.watch.is_stopped() => {
                Ok(account.failed(reading, error))
            }
            _ => Ok(account),
        }
    }

    fn pipeline(
        &self,
        source: &mut Noting,
        labels: &FlowLabels<'_>,
        taking: &Mutex<Taking<'_, '_>>,
    ) -> (Account, Option<Failure>) {
        let take_other = |place| lock(taking).other(place);
        let mut plan = Plan::of(self.config, self.naming.families());
        // What a filter asks of flows is true of none of them.
        let asks_flows = self.config.filter.as_ref().is_some_and(|filter| filter.flow().is_some());
        if !asks_flows {
            plan.others = Some(&take_other);
        }
        let mut names = plan.families.columns();
        names.extend(self.config.labels.columns());
        let names = names.into_iter().map(|column| column.name.into_owned()).collect::<Vec<_>>();
        let threads = self.config.threads.get();
        let mut emit = |mut tables: Tables| {
            labels.append(&tables.first_frames, &mut tables.flows);
            lock(taking).flows(&names, &tables.flows)
        };
        pipeline::run(source, &self.reading.name, &plan, threads, self.watch, &mut emit)
    }
}

/// The frames of a capture on their way into files.
struct Taking<'t, 'f> {
    job: &'t Job<'t>,
    files: &'f mut Files,
    original: Original,
    known: Known,
    /// Interfaces that `original` knows.
    noted: usize,
    /// Why it did not go on.
    failure: Option<SplitError>,
}

impl Taking<'_, '_> {
    fn flows(&mut self, names: &[String], batch: &Batch) -> Result<(), SinkError> {
        if self.failure.is_none() {
            self.failure = self.take_flows(names, batch).err();
        }
        // Nobody sees this error: it ends the pipeline, and the failure is the reason.
        if self.failure.is_some() { Err(SinkError::ReaderGone) } else { Ok(()) }
    }

    fn take_flows(&mut self, names: &[String], batch: &Batch) -> Result<(), SplitError> {
        self.note().map_err(|source| self.unreadable(0, source))?;
        for at in 0..batch.rows {
            if self.job.watch.is_stopped_at_once() {
                return Ok(());
            }
            let row = Row { names, batch, at };
            let places = places(row);
            if self.job.naming.is_by_flow() {
                let name = self.job.naming.name(row);
                let source = (self.job.number, self.job.reading.name.as_str());
                self.files.write(&name, source, &mut self.original, places)?;
                continue;
            }
            let group = self.job.naming.group(row);
            for place in places {
                self.defer(&group, place)?;
            }
        }
        Ok(())
    }

    /// Takes a frame that makes no flow.
    fn other(&mut self, place: RecordPlace) {
        if self.failure.is_some() {
            return;
        }
        self.files.count_without_flow();
        let noted = self.note().map_err(|source| self.unreadable(place.frame, source));
        let group = self.job.naming.without_flow(&self.job.reading.name);
        let taken = noted.and_then(|()| self.defer(&group, place));
        self.failure = taken.err();
    }

    /// Leaves a frame for later, in a group, or in that of its window of time.
    fn defer(&mut self, group: &Group, place: RecordPlace) -> Result<(), SplitError> {
        let offset = place.offset.unwrap_or(u64::MAX);
        let number = self.job.number;
        let Some(window) = self.job.naming.window() else {
            return self.files.defer(group, number, place.frame, offset);
        };
        let time = self.original.time(offset);
        let time = time.map_err(|source| self.unreadable(place.frame, source))?;
        self.files.defer(&grouping::window_group(time, window), number, place.frame, offset)
    }

    /// Tells the original of the interfaces that were described since.
    fn note(&mut self) -> io::Result<()> {
        let known = lock(&self.known);
        if known.len() > self.noted {
            let new = known.get(self.noted..).unwrap_or_default();
            self.original.note(new)?;
            self.noted = known.len();
        }
        Ok(())
    }

    fn unreadable(&self, frame: u64, source: io::Error) -> SplitError {
        SplitError::Original { capture: self.job.reading.name.clone(), frame, source }
    }
}

/// The interfaces that were read so far.
type Known = Arc<Mutex<Vec<Interface>>>;

/// A source whose interfaces are known outside of the pipeline.
struct Noting {
    source: Box<dyn Source>,
    known: Known,
}

impl Source for Noting {
    fn read(&mut self, block: &mut Block) -> Result<bool, ReadError> {
        let more = self.source.read(block);
        let interfaces = &self.source.facts().interfaces;
        let mut known = lock(&self.known);
        if interfaces.len() > known.len() {
            let new = interfaces.get(known.len()..).unwrap_or_default().to_vec();
            known.extend(new);
        }
        more
    }

    fn facts(&self) -> &Facts {
        self.source.facts()
    }
}

/// The frames of a flow.
fn places(row: Row<'_>) -> Vec<RecordPlace> {
    let items = |column| {
        let Values::List(list) = &row.series(column)?.values else { return None };
        let Values::I64(items) = &list.items.values else { return None };
        items.get(list.range(row.at))
    };
    let numbers: &[i64] = items(FRAME_NUMBERS).unwrap_or_default();
    let offsets: &[i64] = items(FRAME_OFFSETS).unwrap_or_default();
    let place = |(frame, offset): (&i64, &i64)| RecordPlace {
        frame: *frame as u64,
        offset: Some(*offset as u64),
    };
    numbers.iter().zip(offsets).map(place).collect()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
