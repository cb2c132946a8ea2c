//! An index of captures: the table of their flows, with the places of all frames.
//!
//! With it, [`extract`](super::extract) takes any flow out of a capture without reading the rest.
//! What is known of the captures themselves stands beside the table in its file.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flowloom_capture::{Input, Interface, Resolution, Span};
use flowloom_export::{Destination, Format, SinkError, TableInfo};
use flowloom_features::Families;
use flowloom_protocols::hex;
use flowloom_schema::LinkType;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Known, Noting, SplitError, lock};
use crate::inputs::Reading;
use crate::pipeline::{self, Failure, Plan, Tables};
use crate::settings_text::{ACCOUNT, settings_text};
use crate::source::{self, Kept};
use crate::{Account, CaptureAccount, Config, ConfigError, InputFile, Summary, Watch};

/// What an index knows of a capture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Indexed {
    /// What it is called in the table.
    pub(crate) capture: String,
    /// Where it was.
    pub(crate) path: PathBuf,
    /// Bytes it had.
    pub(crate) size: u64,
    /// SHA-256 of its first and last bytes.
    pub(crate) sha256_of_ends: String,
    /// Its interfaces, where they are described in it.
    interfaces: Vec<Described>,
}

/// Where an interface is described, and what its frames begin with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Described {
    section: (u64, u32),
    at: (u64, u32),
    link: u16,
    resolution: u8,
    offset_seconds: i64,
}

impl Indexed {
    fn new(capture: &str, path: &Path, interfaces: &[Interface]) -> io::Result<Self> {
        let path = path.canonicalize()?;
        let (size, sha256_of_ends) = identity(&path)?;
        let interfaces = interfaces.iter().map(|interface| Described {
            section: (interface.section_at.offset, interface.section_at.len),
            at: (interface.at.offset, interface.at.len),
            link: interface.link.0,
            resolution: interface.resolution.0,
            offset_seconds: interface.offset_seconds,
        });
        let (capture, interfaces) = (capture.to_owned(), interfaces.collect());
        Ok(Self { capture, path, size, sha256_of_ends, interfaces })
    }

    pub(crate) fn interfaces(&self) -> Vec<Interface> {
        let span = |(offset, len)| Span { offset, len };
        let interface = |described: &Described| Interface {
            link: LinkType(described.link),
            section_at: span(described.section),
            at: span(described.at),
            resolution: Resolution(described.resolution),
            offset_seconds: described.offset_seconds,
            ..Interface::default()
        };
        self.interfaces.iter().map(interface).collect()
    }

    /// Where the capture is now: where it was, or beside the index.
    pub(crate) fn find(&self, index: &Path) -> Result<PathBuf, ConfigError> {
        let beside = self.path.file_name().map(|name| index.with_file_name(name));
        let places = [Some(self.path.clone()), beside];
        let Some(path) = places.into_iter().flatten().find(|path| path.is_file()) else {
            let path = self.path.display();
            let text = format!("the indexed capture {path} is gone, and not beside the index");
            return Err(ConfigError(text));
        };
        let unreadable = |error| ConfigError(format!("cannot read {}: {error}", path.display()));
        let (size, sha256) = identity(&path).map_err(unreadable)?;
        let changed = |how: String| {
            let path = path.display();
            ConfigError(format!("{path} is not what it was when it was indexed: {how}"))
        };
        if size != self.size {
            return Err(changed(format!("it has {size} bytes, and had {}", self.size)));
        }
        if sha256 != self.sha256_of_ends {
            return Err(changed("its first or last bytes are others".into()));
        }
        Ok(path)
    }
}

/// Writes the index of the captures of a configuration to `file`: its columns, and the frames.
///
/// Only plain files can be indexed: what is compressed or comes through a pipe has no places to go
/// back to. A file that is there is not replaced, unless the output of `config` says so.
pub fn index(config: &Config, file: &Path, watch: &Watch) -> Result<Summary, SplitError> {
    config.check()?;
    if !config.columns.is_empty() {
        let text = "an index has the columns of feature sets, not single ones";
        return Err(ConfigError(text.into()).into());
    }
    config.check_written(file)?;
    if file.is_file() && !config.output.force {
        let text = format!("{} exists; --force replaces it", file.display());
        return Err(ConfigError(text).into());
    }
    let mut features = config.features.iter().map(String::as_str).collect::<Vec<_>>();
    features.extend(["core", "frames"]);
    let families = || Families::new(&features, &config.without, config.signs);
    let mut columns = families().columns();
    columns.extend(config.labels.columns());
    let info = TableInfo { name: "flows".into(), columns, metadata: settings_text(config) };
    let to = Destination::File(file.to_owned());
    let mut sink = flowloom_export::open(Format::Parquet, to, &info, &config.output.settings)?;
    let mut captures: Vec<CaptureAccount> = Vec::new();
    let (mut known, mut rows) = (Vec::new(), 0);
    for reading in Reading::all(config)? {
        let mut emit = |tables: Tables| {
            rows += tables.flows.rows as u64;
            sink.write(tables.flows)
        };
        let plan = Plan::of(config, families());
        let (account, indexed) = index_one(&reading, &plan, watch, &mut emit)?;
        captures.push(account);
        known.extend(indexed);
    }
    let mut total = Account::default();
    for capture in &captures {
        total.add(&capture.account);
    }
    let labels = config.labels.report().cloned();
    let summary = Summary { captures, total, rows, labels, interrupted: watch.is_stopped() };
    if !summary.is_empty_handed() {
        let account = serde_json::to_string(&summary.total).unwrap_or_default();
        let known = serde_json::to_string(&known)
            .map_err(|error| ConfigError(format!("cannot note where the captures are: {error}")))?;
        let texts = [(ACCOUNT.into(), account), (INDEX.into(), known)];
        if summary.interrupted {
            sink.close_partial(&texts)?
        } else {
            sink.close(&texts)?
        };
    }
    Ok(summary)
}

fn index_one(
    reading: &Reading<'_>,
    plan: &Plan<'_>,
    watch: &Watch,
    emit: pipeline::Emit<'_>,
) -> Result<(CaptureAccount, Option<Indexed>), SinkError> {
    let unread = CaptureAccount::unread(reading);
    let refused = |text: &str| {
        let account = CaptureAccount::unread(reading);
        let error = Some(format!("{}: {text}", reading.name));
        Ok((CaptureAccount { error, ..account }, None))
    };
    let [InputFile { input: Input::File(path), .. }] = reading.files else {
        return refused("an index is of files that can be read again at any place");
    };
    let opened = source::open_plain(reading, plan.config);
    let Kept { source, .. } = match opened {
        Ok(Some(kept)) => kept,
        Ok(None) => {
            return refused(
                "compressed captures and pipes have no places to go back to; unpack it",
            );
        }
        Err(error) => return Ok((unread.failed(reading, error), None)),
    };
    let known = Known::default();
    let (source, labels) = plan.config.labels.of_flows(source, &reading.labels);
    let mut source = Noting { source, known: Arc::clone(&known) };
    let threads = plan.config.threads.get();
    let mut emit = |mut tables: Tables| {
        labels.append(&tables.first_frames, &mut tables.flows);
        emit(tables)
    };
    let (mut account, failure) =
        pipeline::run(&mut source, &reading.name, plan, threads, watch, &mut emit);
    account.reach("label_comments", labels.dropped());
    let account = CaptureAccount::of(reading, source.source.facts(), account);
    let account = match failure {
        Some(Failure::Sink(error)) => return Err(error),
        Some(Failure::Read(error)) if !watch.is_stopped() => account.failed(reading, error),
        _ => account,
    };
    match Indexed::new(&reading.name, path, &lock(&known)) {
        Ok(indexed) => Ok((account, Some(indexed))),
        Err(error) => refused(&format!("cannot be read again: {error}")),
    }
}

/// The size of a file and the hash of its ends.
fn identity(path: &Path) -> io::Result<(u64, String)> {
    let mut file = File::open(path)?;
    let size = file.metadata()?.len();
    let mut hash = Sha256::new();
    let mut end = Vec::new();
    (&mut file).take(END_BYTES).read_to_end(&mut end)?;
    hash.update(&end);
    end.clear();
    file.seek(SeekFrom::Start(size.saturating_sub(END_BYTES)))?;
    file.take(END_BYTES).read_to_end(&mut end)?;
    hash.update(&end);
    let digest = hash.finalize();
    Ok((size, hex(&digest)))
}

/// What is known of the captures, in the file of an index.
pub(crate) const INDEX: &str = "flowloom.index";
/// Of each end of a capture, as much as says whether it is the same.
const END_BYTES: u64 = 64 << 10;
