//! Where what flows say goes: standard output, or a directory of files with an index.

use std::fs;
use std::path::{Path, PathBuf};

use flowloom_export::{Destination, Ending, Output, SinkError};
use flowloom_flow::Direction;

use super::handed::{Handed, TakeParts};
use super::ip::DatagramInfo;
use super::json;
use super::said::Said;
use super::unit::UnitInfo;
use super::write::Writer;
use super::{Shape, StreamFlow, StreamFormat, Streams, StreamsTo, TakenCounts};
use crate::new_directory::{NewDirectory, check_no_file};
use crate::pipeline::IpDatagram;
use crate::{ConfigError, RunError, Summary};

/// Takes flows that have ended.
pub(crate) struct Outputs {
    shape: Shape,
    direction: Option<Direction>,
    writer: Writer,
    counts: TakenCounts,
    pub(crate) to: To,
}

/// Where it goes.
pub(crate) enum To {
    Stdout(Output),
    Directory(Directory),
    /// To whoever asked for it.
    Handed(Handed),
}

/// A directory with files and an index of them.
pub(crate) struct Directory {
    path: PathBuf,
    index: Output,
    files: u64,
    /// Dropped after the index, which is then named or gone.
    guard: NewDirectory,
}

impl Outputs {
    pub(crate) fn open(streams: &Streams) -> Result<Self, RunError> {
        let to = match &streams.destination {
            StreamsTo::Stdout => To::Stdout(Output::create(Destination::Stdout)?),
            StreamsTo::Directory { path, force } => To::Directory(Directory::open(path, *force)?),
        };
        let writer = Writer::new(streams.shape, streams.limits);
        let counts = TakenCounts::default();
        Ok(Self { shape: streams.shape, direction: streams.direction, writer, counts, to })
    }

    /// What is handed to whoever takes it.
    pub(crate) fn handed(streams: &Streams, taker: Box<dyn TakeParts>) -> Self {
        let to = To::Handed(Handed::new(taker, streams.limits.part_max));
        let writer = Writer::new(streams.shape, streams.limits);
        let counts = TakenCounts::default();
        Self { shape: streams.shape, direction: streams.direction, writer, counts, to }
    }

    /// Writes what a flow said.
    pub(crate) fn flow(&mut self, flow: &StreamFlow, said: &mut Said<'_>) -> Result<(), SinkError> {
        let mut units = said.units(self.shape.view, self.direction)?;
        let mut is_first = true;
        while let Some(unit) = said.next_unit(&mut units)? {
            let info = UnitInfo::of(flow, &unit, said)?;
            self.counts.flows += u64::from(is_first);
            self.counts.units += 1;
            self.counts.bytes += info.bytes;
            self.counts.missing += info.missing;
            self.counts.incomplete += u64::from(info.missing > 0);
            match &mut self.to {
                To::Stdout(out) => {
                    if is_first {
                        self.writer.flow(flow, out)?;
                    }
                    self.writer.unit(&unit, &info, said, out)?;
                }
                To::Directory(directory) => {
                    let name = file_name(&info, self.shape);
                    let mut out = directory.create(&name)?;
                    self.writer.flow(flow, &mut out)?;
                    self.writer.unit(&unit, &info, said, &mut out)?;
                    directory.finish(&name, out, &info)?;
                }
                To::Handed(handed) if self.shape.is_grouped() => {
                    handed.unit(&unit, &info, said, &mut self.writer)?;
                }
                To::Handed(handed) => handed.pieces(&unit, flow, said)?,
            }
            is_first = false;
        }
        match &mut self.to {
            To::Stdout(out) => out.pass_on(),
            To::Directory(_) | To::Handed(_) => Ok(()),
        }
    }

    /// Writes a datagram that came in fragments.
    pub(crate) fn datagram(
        &mut self,
        datagram: &IpDatagram,
        (capture, number): (&str, Option<usize>),
    ) -> Result<(), SinkError> {
        let info = DatagramInfo::of(datagram, capture);
        self.counts.units += 1;
        self.counts.bytes += info.bytes;
        self.counts.missing += info.missing;
        self.counts.incomplete += u64::from(!info.is_complete);
        match &mut self.to {
            To::Stdout(out) => {
                out.put(&info.shown(datagram, self.shape))?;
                out.pass_on()
            }
            To::Handed(handed) => handed.datagram(datagram, &info, self.shape.strict),
            To::Directory(directory) => {
                let ending = ending(self.shape.format);
                let name = format!("{}.{ending}", info.file_stem(number));
                let mut out = directory.create(&name)?;
                out.put(&info.shown(datagram, self.shape))?;
                directory.finish(&name, out, &info)
            }
        }
    }

    /// Gives a file its name, and notes it in the index.
    pub(crate) fn finish(
        &mut self,
        name: &str,
        file: Output,
        info: &impl serde::Serialize,
    ) -> Result<(), SinkError> {
        match &mut self.to {
            To::Directory(directory) => directory.finish(name, file, info),
            To::Stdout(_) | To::Handed(_) => Ok(()),
        }
    }

    /// Describes what is not written itself, as JSON or as a line for people.
    pub(crate) fn describe(
        &mut self,
        info: &impl serde::Serialize,
        size: u64,
        line: impl FnOnce() -> String,
    ) -> Result<(), SinkError> {
        let To::Stdout(out) = &mut self.to else { return Ok(()) };
        match self.shape.format {
            StreamFormat::Text => out.put(line().as_bytes())?,
            StreamFormat::JsonLines | StreamFormat::Bytes => {
                out.put(with_size(size, info).as_bytes())?;
            }
        }
        out.pass_on()
    }

    pub(crate) fn counts(&self) -> TakenCounts {
        TakenCounts { unfilled: self.writer.unfilled, ..self.counts }
    }

    /// After a failure: files that have their names stay, and what the index has of them.
    pub(crate) fn give_up(self, error: SinkError) -> SinkError {
        let To::Directory(Directory { index, files, guard, .. }) = self.to else { return error };
        if files > 0 {
            // It may be that there is no place for it, either.
            drop(index.finish(files, Ending::Partial));
        } else {
            drop(index);
        }
        drop(guard);
        error.after(files)
    }

    pub(crate) fn close(self, summary: &Summary) -> Result<(), SinkError> {
        match self.to {
            To::Stdout(out) => drop(out.finish(summary.rows, Ending::Whole)?),
            To::Directory(directory) => directory.close(summary)?,
            To::Handed(_) => {}
        }
        Ok(())
    }
}

impl Directory {
    /// Makes a directory; one that has files in it is left alone unless `force` says otherwise.
    pub(crate) fn open(path: &Path, force: bool) -> Result<Self, RunError> {
        check_no_file(path)?;
        let guard = NewDirectory::at(path);
        let failed = |source| SinkError::Create { path: path.to_owned(), source };
        if !path.exists() {
            fs::create_dir(path).map_err(failed)?;
        }
        if !force && fs::read_dir(path).map_err(failed)?.next().is_some() {
            let text = format!(
                "the directory {} is not empty; --force writes into it, and replaces files with \
                 the same names",
                path.display()
            );
            return Err(RunError::Config(ConfigError(text)));
        }
        let index = Output::create(Destination::File(path.join(INDEX)))?;
        Ok(Self { path: path.to_owned(), index, files: 0, guard })
    }

    /// Begins a file.
    pub(crate) fn create(&self, name: &str) -> Result<Output, SinkError> {
        Output::create(Destination::File(self.path.join(name)))
    }

    /// Gives a file its name, and notes it in the index with what is known of it.
    pub(crate) fn finish(
        &mut self,
        name: &str,
        file: Output,
        info: &impl serde::Serialize,
    ) -> Result<(), SinkError> {
        let written = file.finish(1, Ending::Whole)?;
        let begun = json::object_begun(&serde_json::json!({ "file": name }));
        let rest = with_size(written.bytes, info);
        let rest = rest.strip_prefix('{').unwrap_or(&rest);
        self.index.put(format!("{begun},{rest}").as_bytes())?;
        self.files += 1;
        Ok(())
    }

    /// Gives the index its name.
    pub(crate) fn close(self, summary: &Summary) -> Result<(), SinkError> {
        let Self { index, files, guard, .. } = self;
        // Where nothing could be read, nothing is written.
        if summary.is_empty_handed() {
            drop(index);
            drop(guard);
            return Ok(());
        }
        let ending = if summary.interrupted { Ending::Partial } else { Ending::Whole };
        index.finish(files, ending).map(drop).map_err(|error| error.after(files))
    }
}

/// The name of a unit's file.
fn file_name(info: &UnitInfo<'_>, shape: Shape) -> String {
    let stem = info.flow.file_stem();
    let ending = ending(shape.format);
    match (info.message, info.direction) {
        (Some(message), Some(direction)) => format!("{stem}_{direction}-{message}.{ending}"),
        (None, Some(direction)) => format!("{stem}_{direction}.{ending}"),
        (_, None) => format!("{stem}.{ending}"),
    }
}

fn ending(format: StreamFormat) -> &'static str {
    match format {
        StreamFormat::Text => "txt",
        StreamFormat::JsonLines => "jsonl",
        StreamFormat::Bytes => "bin",
    }
}

/// A line of JSON that begins with a size.
fn with_size(size: u64, info: &impl serde::Serialize) -> String {
    let begun = json::object_begun(&serde_json::json!({ "size": size }));
    let rest = json::object(info);
    format!("{begun},{}\n", rest.strip_prefix('{').unwrap_or(&rest))
}

/// The index of the files in a directory.
const INDEX: &str = "index.jsonl";
