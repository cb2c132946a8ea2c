//! The files that are written: one, or one piece after the other.

use std::path::PathBuf;

use flowloom_capture::{CaptureWriter, Facts, Record, WriteError, WriteSettings};
use flowloom_export::{Destination, Ending, Output, SinkError};
use serde::Serialize;

use super::Rewrite;
use super::target::piece_name;
use crate::{ConfigError, RunError};

/// How an output is cut into pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pieces {
    /// So many frames in each.
    Frames(u64),
    /// So many nanoseconds in each, counted from the first frame. There are no pieces without
    /// frames, and a frame whose time is before its piece stays in it.
    Time(i64),
    /// About so many bytes in each, before compression: the last frame of each is the one that
    /// makes it full.
    Bytes(u64),
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Written {
    /// The file; none for standard output.
    pub path: Option<PathBuf>,
    /// Frames in it.
    pub frames: u64,
    /// Its bytes, as they are stored.
    pub bytes: u64,
}

/// The outputs of a job.
pub(super) struct Outputs<'j> {
    job: &'j Rewrite,
    settings: WriteSettings,
    current: Option<Current>,
    written: Vec<Written>,
    /// When the current piece ends, for pieces of time.
    until: Option<i64>,
}

struct Current {
    writer: CaptureWriter<Output>,
    destination: Destination,
    frames: u64,
}

impl<'j> Outputs<'j> {
    /// Opens the first: what cannot be written is known before anything is read.
    pub(super) fn open(job: &'j Rewrite, facts: &Facts) -> Result<Self, RunError> {
        let settings = job.target.settings(job, facts).map_err(RunError::Config)?;
        let mut outputs = Self { job, settings, current: None, written: Vec::new(), until: None };
        outputs.current = Some(outputs.begin()?);
        Ok(outputs)
    }

    pub(super) fn write(
        &mut self,
        facts: &Facts,
        record: &Record<'_>,
        number: u64,
    ) -> Result<(), RunError> {
        if self.is_full(record) {
            self.end(facts, Ending::Whole)?;
        }
        if self.current.is_none() {
            self.current = Some(self.begin()?);
        }
        let Some(current) = &mut self.current else { return Ok(()) };
        current.frames += 1;
        current.writer.write(facts, record).map_err(|error| match error {
            WriteError::Io(_) => failed(error, &current.destination),
            error => RunError::Config(ConfigError(format!("frame {number}: {error}"))),
        })
    }

    /// Hands on what was written, if somebody may be waiting for it.
    pub(super) fn pass_on(&mut self) -> Result<(), RunError> {
        let Some(current) = &mut self.current else { return Ok(()) };
        current.writer.pass_on().map_err(|error| failed(error, &current.destination))?;
        Ok(current.writer.out_mut().pass_on()?)
    }

    pub(super) fn finish(
        mut self,
        facts: &Facts,
        interrupted: bool,
    ) -> Result<Vec<Written>, RunError> {
        let ending = if interrupted { Ending::Partial } else { Ending::Whole };
        self.end(facts, ending).map_err(|error| error.after(self.whole()))?;
        Ok(self.written)
    }

    /// How many files have their names.
    pub(super) fn whole(&self) -> u64 {
        let files = self.written.iter().filter(|written| written.path.is_some());
        files.count() as u64
    }

    fn begin(&self) -> Result<Current, SinkError> {
        let target = &self.job.target;
        let destination = match (&target.destination, self.job.pieces) {
            (Destination::File(path), Some(_)) => {
                Destination::File(piece_name(path, self.written.len() as u64 + 1))
            }
            (destination, _) => destination.clone(),
        };
        let output = Output::open(destination.clone(), target.existing, target.compression())?;
        let writer = CaptureWriter::new(output, self.settings);
        Ok(Current { writer, destination, frames: 0 })
    }

    fn end(&mut self, facts: &Facts, ending: Ending) -> Result<(), RunError> {
        let Some(Current { writer, destination, frames }) = self.current.take() else {
            return Ok(());
        };
        let output = writer.finish(facts).map_err(|error| failed(error, &destination))?;
        let stats = output.finish(frames, ending)?;
        self.written.push(Written { path: stats.path, frames, bytes: stats.bytes });
        Ok(())
    }

    /// Whether a frame begins the next piece.
    fn is_full(&mut self, record: &Record<'_>) -> bool {
        let Some(current) = &mut self.current else { return false };
        match self.job.pieces {
            None => false,
            Some(Pieces::Frames(frames)) => current.frames >= frames,
            Some(Pieces::Bytes(bytes)) => current.frames > 0 && current.writer.bytes() >= bytes,
            Some(Pieces::Time(nanos)) => {
                let time = record.time.0;
                let until = self.until.get_or_insert(time.saturating_add(nanos));
                let is_full = time >= *until;
                if is_full {
                    let pieces = (time - *until) / nanos + 1;
                    *until = until.saturating_add(nanos.saturating_mul(pieces));
                }
                is_full
            }
        }
    }
}

fn failed(error: WriteError, destination: &Destination) -> RunError {
    match error {
        WriteError::Io(cause) => SinkError::write(destination, cause).into(),
        error => RunError::Config(ConfigError(error.to_string())),
    }
}
