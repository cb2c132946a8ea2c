//! Captures to captures: merged, cut, converted.
//!
//! Frames of one or more captures, read as one, are written again as they were: to one file or to
//! several, all of them or some.

mod pieces;
mod selection;
mod target;

use flowloom_capture::{Block, Limits, Record, Scope, Sequence, Source};
use flowloom_wire::Options as WireOptions;
use serde::Serialize;

use crate::account::{Account, CaptureAccount};
use crate::dedup::DEDUP_FRAMES;
use crate::inputs::Reading;
use crate::source;
use crate::{ConfigError, InputFile, RunError, SampleLabels, Watch};
use pieces::Outputs;
use selection::Verdict;

pub use pieces::{Pieces, Written};
pub use selection::{FrameRange, Selection};
pub use target::Target;

/// What is to be made of some captures.
pub struct Rewrite {
    /// The captures, which are read as one.
    pub inputs: Vec<InputFile>,
    /// Which frame comes next.
    pub sequence: Sequence,
    /// Which frames are wanted.
    pub selection: Selection,
    /// Bytes that are kept of a frame at most.
    pub snap_len: Option<u32>,
    /// Whether the output is cut into pieces, and how.
    pub pieces: Option<Pieces>,
    /// What is noted on each frame of a capture, in the manner of pcapML.
    pub samples: SampleLabels,
    /// How much is written of what the captures say besides their frames.
    pub scope: Scope,
    /// Where frames go.
    pub target: Target,
    /// How much of a capture is believed.
    pub capture: Limits,
    /// How headers are decoded, for the filter.
    pub wire: WireOptions,
}

/// What it came to.
#[derive(Clone, Debug, Serialize)]
pub struct RewriteSummary {
    /// What was read: all captures as one.
    pub capture: CaptureAccount,
    /// Frames read that were not wanted: not among those of `--frames` and `--count`.
    pub frames_left_out: u64,
    /// Frames written.
    pub frames: u64,
    /// What the captures say that is not written, and how often.
    pub unsaid: Vec<(String, u64)>,
    /// The files, or standard output.
    pub written: Vec<Written>,
    /// Whether the run was asked to stop before the end.
    pub interrupted: bool,
}

impl Rewrite {
    /// All frames of some captures, as they are.
    pub fn new(inputs: Vec<InputFile>, target: Target) -> Self {
        Self {
            inputs,
            sequence: Sequence::ByTime,
            selection: Selection::default(),
            snap_len: None,
            pieces: None,
            samples: SampleLabels::default(),
            scope: Scope::Whole,
            target,
            capture: Limits::default(),
            wire: WireOptions::default(),
        }
    }
}

/// Does it, to its end or until `watch` is told to stop.
pub fn rewrite(job: &Rewrite, watch: &Watch) -> Result<RewriteSummary, RunError> {
    if job.inputs.is_empty() {
        return Err(RunError::Config(ConfigError("no capture was found".into())));
    }
    job.target.check(job.pieces.is_some())?;
    let reading = Reading::together(&job.inputs);
    let mut summary = RewriteSummary {
        capture: CaptureAccount::unread(&reading),
        frames_left_out: 0,
        frames: 0,
        unsaid: Vec::new(),
        written: Vec::new(),
        interrupted: false,
    };
    let mut limits = job.capture;
    if let Some(last) = job.selection.last_frame() {
        // Whoever wants the first frames of a slow pipe does not wait for a whole block of them.
        limits.block_frames = limits.block_frames.min(usize::try_from(last).unwrap_or(usize::MAX));
    }
    let mut source = match source::open_files(&job.inputs, job.sequence, limits, watch) {
        Ok(source) => source,
        Err(_) if watch.is_stopped() => {
            summary.interrupted = true;
            return Ok(summary);
        }
        Err(error) => {
            summary.capture = summary.capture.failed(&reading, error);
            return Ok(summary);
        }
    };
    let format = job.target.format(source.facts());
    let mut copy = Copy::begin(job, &*source)?;
    let copied = copy.all(&mut *source, watch);
    let failure = copied.map_err(|error| error.after(copy.outputs.whole()))?;
    let Copy { outputs, verdict, mut account, left_out, flags, .. } = copy;
    account.reach(DEDUP_FRAMES, verdict.forgotten());
    summary.interrupted = watch.is_stopped();
    summary.capture = CaptureAccount::of(&reading, source.facts(), account);
    if let Some(error) = failure.filter(|_| !summary.interrupted) {
        summary.capture = summary.capture.failed(&reading, error);
    }
    summary.frames_left_out = left_out;
    summary.unsaid = target::unsaid(source.facts(), flags, format);
    summary.written = outputs.finish(source.facts(), summary.interrupted)?;
    summary.frames = summary.written.iter().map(|written| written.frames).sum();
    Ok(summary)
}

/// Frames on their way.
struct Copy<'j> {
    job: &'j Rewrite,
    outputs: Outputs<'j>,
    verdict: Verdict<'j>,
    account: Account,
    left_out: u64,
    /// Frames that are wanted and have flags.
    flags: u64,
}

impl<'j> Copy<'j> {
    fn begin(job: &'j Rewrite, source: &dyn Source) -> Result<Self, RunError> {
        Ok(Self {
            job,
            outputs: Outputs::open(job, source.facts())?,
            verdict: Verdict::new(&job.selection, job.wire)?,
            account: Account::default(),
            left_out: 0,
            flags: 0,
        })
    }

    /// Copies what is wanted; why reading failed, if it did.
    fn all(
        &mut self,
        source: &mut dyn Source,
        watch: &Watch,
    ) -> Result<Option<flowloom_capture::ReadError>, RunError> {
        let mut block = Block::default();
        let mut bytes = 0;
        while !watch.is_stopped() && !self.verdict.is_over() {
            match source.read(&mut block) {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => return Ok(Some(error)),
            }
            self.block(&block, source)?;
            let now = source.facts().bytes_read;
            watch.advance(now - bytes, block.frames.len() as u64);
            bytes = now;
        }
        Ok(None)
    }

    fn block(&mut self, block: &Block, source: &dyn Source) -> Result<(), RunError> {
        for index in 0..block.frames.len() {
            let Some(mut record) = block.record(index) else { continue };
            let number = block.first + index as u64;
            if self.verdict.is_over() {
                break;
            }
            self.count(&record);
            match self.verdict.of(number, &record, source.facts()) {
                selection::Answer::Wanted => {}
                selection::Answer::NotAmong => {
                    self.left_out += 1;
                    continue;
                }
                selection::Answer::OutsideWindow => {
                    self.account.frames_outside_window += 1;
                    continue;
                }
                selection::Answer::Filtered => {
                    self.account.frames_filtered += 1;
                    continue;
                }
                selection::Answer::Repeated => {
                    self.account.frames_duplicate += 1;
                    continue;
                }
            }
            if let Some(snap_len) = self.job.snap_len {
                record.data = record.data.get(..snap_len as usize).unwrap_or(record.data);
            }
            record.comment = self.job.samples.of(block.input(index));
            self.flags += u64::from(record.options.flags().is_some());
            self.outputs.write(source.facts(), &record, number)?;
        }
        self.outputs.pass_on()
    }

    fn count(&mut self, record: &Record<'_>) {
        self.account.frames += 1;
        self.account.captured_bytes += record.data.len() as u64;
        self.account.wire_bytes += u64::from(record.original);
    }
}

#[cfg(test)]
mod tests;
