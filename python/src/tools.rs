//! The engine's commands beside `flows`: into captures, out of them, from captures to captures.

use std::path::{Path, PathBuf};

use flowloom_engine::{
    Anonymization, AnonymizeTo, CaptureLimits, Compression, CryptoPan, Destination, Existing,
    Extract, ExtractTo, Filter, FrameRange, Grouping, Labels, Payload, Pieces, Registry,
    Resolution, Rewrite, SampleLabels, Scope, Selection, Sequence, Split, Target, Watch, Window,
    WriteFormat, anonymize as anonymize_captures, extract as extract_flows, flow_words,
    index as index_flows, inspect as look_into, rewrite as rewrite_captures,
    split as split_captures, value_of,
};
use pyo3::prelude::*;
use serde_json::to_string;

use crate::errors;
use crate::feed::{Done, Failed};
use crate::job::Job;
use crate::options::{Options, Source, inputs};

/// What is in captures: a list, an object for each.
#[pyfunction]
pub(crate) fn inspect(py: Python<'_>, options: Options, top: usize) -> PyResult<Job> {
    let config = options.config(py)?;
    Job::start(move |watch| {
        let mut infos = Vec::new();
        look_into(&config, top, watch, |info| infos.push(info))?;
        Ok(Done::of(to_string(&infos), infos.iter().map(|info| &info.account)))
    })
}

/// How captures are split: a dictionary with all of these keys.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Files {
    directory: PathBuf,
    /// Columns, or one of the words of the command line.
    by: String,
    window: Option<i64>,
    name: Option<String>,
    force: bool,
}

/// A capture to captures: one for each flow, or group of flows.
#[pyfunction]
pub(crate) fn split(py: Python<'_>, options: Options, files: Files) -> PyResult<Job> {
    let config = options.config(py)?;
    let by = files.window.map_or_else(|| Grouping::named(&files.by), Grouping::Window);
    let Files { directory, name, force, .. } = files;
    let how = Split { by, name, directory, force };
    Job::start(move |watch| {
        let summary = split_captures(config, &how, watch)?;
        Ok(Done::of(to_string(&summary), &summary.run.captures))
    })
}

/// The flows of captures, and where their frames are, as a Parquet file.
#[pyfunction]
pub(crate) fn index(py: Python<'_>, options: Options, file: PathBuf) -> PyResult<Job> {
    let config = options.config(py)?;
    Job::start(move |watch| {
        let summary = index_flows(&config, &file, watch)?;
        Ok(Done::of(to_string(&summary), &summary.captures))
    })
}

/// Flows of an index, into one file or into a directory with a file for each.
#[pyfunction]
#[pyo3(signature = (index, output, *, flows, filter, name, force))]
pub(crate) fn extract(
    py: Python<'_>,
    index: PathBuf,
    output: PathBuf,
    flows: Vec<i64>,
    filter: Option<&str>,
    name: Option<String>,
    force: bool,
) -> PyResult<Job> {
    let words = flow_words(&Registry::new());
    let parsed = filter.map(|text| {
        Filter::parse_of_flows(text, &words).map_err(|error| errors::filter(py, text, &error))
    });
    let is_file = output.extension().is_some_and(|ending| ending == "pcap" || ending == "pcapng")
        && !output.is_dir();
    let to = if is_file { ExtractTo::File(output) } else { ExtractTo::Directory(output, name) };
    let what = Extract { index, flows, filter: parsed.transpose()?, to, force };
    Job::start(move |watch| Ok(Done::of(to_string(&extract_flows(&what, watch)?), [])))
}

/// Captures to a capture: a dictionary with all of these keys.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Copying {
    sources: Vec<Source>,
    output: PathBuf,
    append: bool,
    /// Whether it is about parts of captures: what they say of the whole is left out.
    part: bool,
    frames: Vec<(u64, u64)>,
    start: Option<i64>,
    stop: Option<i64>,
    count: Option<u64>,
    filter: Option<String>,
    dedup: Option<i64>,
    snaplen: Option<u32>,
    /// `frames`, `time` (nanoseconds) or `bytes`, and how many.
    pieces: Option<(String, i64)>,
    format: Option<String>,
    compression: Option<String>,
    resolution: Option<String>,
    label_path: Option<String>,
    label_file: Option<PathBuf>,
    force: bool,
}

/// Captures put together, cut, or written in another format.
#[pyfunction]
pub(crate) fn rewrite(py: Python<'_>, copying: Copying) -> PyResult<Job> {
    let words = flow_words(&Registry::new());
    let filter = copying.filter.clone().map(|text| {
        Filter::parse_with(&text, &words).map_err(|error| errors::filter(py, &text, &error))
    });
    let filter = filter.transpose()?;
    let job = copying.job(filter).map_err(|error| errors::config(py, &error))?;
    Job::start(move |watch| {
        let summary = rewrite_captures(&job, watch)?;
        Ok(Done::of(to_string(&summary), [&summary.capture]))
    })
}

impl Copying {
    fn job(self, filter: Option<Filter>) -> Result<Rewrite, flowloom_engine::ConfigError> {
        let target = Target {
            destination: Destination::from(self.output),
            format: known("format", self.format.as_deref(), &FORMATS)?,
            compression: known("compression", self.compression.as_deref(), &COMPRESSIONS)?,
            resolution: known("resolution", self.resolution.as_deref(), &RESOLUTIONS)?,
            existing: if self.force { Existing::Replace } else { Existing::Keep },
        };
        let inputs = inputs(self.sources)?;
        let labels = Labels::find(&inputs, self.label_path.as_deref(), self.label_file.as_deref())?;
        let ranges = self.frames.into_iter().map(|(first, last)| FrameRange { first, last });
        let pieces = self.pieces.map(|(what, many)| match what.as_str() {
            "frames" => Pieces::Frames(many.unsigned_abs()),
            "time" => Pieces::Time(many),
            _ => Pieces::Bytes(many.unsigned_abs()),
        });
        Ok(Rewrite {
            sequence: if self.append { Sequence::AsNamed } else { Sequence::ByTime },
            selection: Selection {
                ranges: ranges.collect(),
                window: Window { count: self.count, from: self.start, until: self.stop },
                filter,
                dedup: self.dedup,
            },
            snap_len: self.snaplen,
            pieces,
            samples: SampleLabels::new(&labels)?,
            scope: if self.part { Scope::Part } else { Scope::Whole },
            ..Rewrite::new(inputs, target)
        })
    }
}

/// What becomes of captures that are to be anonymised: a dictionary with all of these keys.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub(crate) struct Anonymizing {
    sources: Vec<Source>,
    output: PathBuf,
    to_directory: bool,
    key: Option<PathBuf>,
    new_key: bool,
    payload: String,
    keep_vendors: bool,
    force: bool,
}

/// Captures with other addresses; the second value is what should be changed about the key's file.
#[pyfunction]
pub(crate) fn anonymize(py: Python<'_>, how: Anonymizing) -> PyResult<(Job, Option<String>)> {
    let job = how.job().map_err(|error| errors::config(py, &error))?;
    let warning = job.key.warning().map(str::to_owned);
    let work = move |watch: &Watch| -> Result<Done, Failed> {
        let summary = anonymize_captures(&job, watch)?;
        Ok(Done::of(to_string(&summary), summary.captures.iter().map(|done| &done.capture)))
    };
    Ok((Job::start(work)?, warning))
}

impl Anonymizing {
    fn job(self) -> Result<Anonymization, flowloom_engine::ConfigError> {
        let inputs = inputs(self.sources)?;
        let is_directory = self.to_directory || inputs.len() > 1 || self.output.is_dir();
        let target = if self.output == Path::new("-") || !is_directory {
            AnonymizeTo::One(Destination::from(self.output))
        } else {
            AnonymizeTo::Directory(self.output)
        };
        let key = match (&self.key, self.new_key) {
            (None, _) => CryptoPan::random()?,
            (Some(path), false) => CryptoPan::read(path)?,
            (Some(path), true) => CryptoPan::read_or_make(path)?,
        };
        Ok(Anonymization {
            inputs,
            target,
            key,
            payload: value_of("payload", &self.payload, &PAYLOADS)?,
            keeps_vendors: self.keep_vendors,
            existing: if self.force { Existing::Replace } else { Existing::Keep },
            capture: CaptureLimits::default(),
        })
    }
}

/// The value of a name, if there is a name.
fn known<T: Copy>(
    setting: &str,
    name: Option<&str>,
    values: &[(&str, T)],
) -> Result<Option<T>, flowloom_engine::ConfigError> {
    name.map(|name| value_of(setting, name, values)).transpose()
}

const FORMATS: [(&str, WriteFormat); 2] =
    [("pcap", WriteFormat::Pcap), ("pcapng", WriteFormat::Pcapng)];
const COMPRESSIONS: [(&str, Compression); 4] = [
    ("none", Compression::None),
    ("gzip", Compression::Gzip),
    ("zstd", Compression::Zstd),
    ("lz4", Compression::Lz4),
];
const RESOLUTIONS: [(&str, Resolution); 2] =
    [("us", Resolution::MICROSECONDS), ("ns", Resolution::NANOSECONDS)];
const PAYLOADS: [(&str, Payload); 4] = [
    ("zero", Payload::Zero),
    ("cut", Payload::Cut),
    ("names", Payload::Names),
    ("keep", Payload::Keep),
];
