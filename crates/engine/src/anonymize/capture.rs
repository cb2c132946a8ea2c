//! Captures without their addresses: the run over files.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io::Write as _;
use std::path::{Component, Path, PathBuf};

use flowloom_capture::{
    Block, Encoder, Facts, Format, Input, Interface, Limits, Record, Resolution, Section, Source,
    Statistics, WriteError, WriteFormat, WriteSettings,
};
use flowloom_export::{Destination, Ending, Existing, Output, SinkError};
use serde::Serialize;

use super::CryptoPan;
use super::frame::rewrite;
use super::mapping::Mapping;
use super::payload::Known;
use crate::account::{Account, CaptureAccount};
use crate::endings::split_endings;
use crate::inputs::Reading;
use crate::new_directory::NewDirectory;
use crate::{ConfigError, InputFile, RunError, Watch, source};

/// What is to be anonymised, and how.
#[derive(Debug)]
pub struct Anonymization {
    /// The captures, each by itself.
    pub inputs: Vec<InputFile>,
    /// Where to.
    pub target: AnonymizeTo,
    /// By what.
    pub key: CryptoPan,
    /// What becomes of payload.
    pub payload: Payload,
    /// Whether hardware addresses keep their first three bytes, which are their vendor.
    pub keeps_vendors: bool,
    /// What becomes of files that are there.
    pub existing: Existing,
    /// How much of a capture is believed.
    pub capture: Limits,
}

/// Where anonymised captures go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnonymizeTo {
    /// One capture to one output.
    One(Destination),
    /// Any number of them into a directory, under the names they have.
    Directory(PathBuf),
}

/// What becomes of bytes that are not understood as headers: payload, padding, what is damaged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Payload {
    /// They become zeros.
    #[default]
    Zero,
    /// Frames end before them; how long they were stays known.
    Cut,
    /// They become zeros, but for messages of the DNS, hellos of TLS and heads of HTTP/1: of these
    /// the structure stays, with other names and addresses.
    Names,
    /// They stay, and the addresses that are found in them are replaced. Captures are read twice.
    Keep,
}

/// What a run came to.
#[derive(Debug, Serialize)]
pub struct AnonymizeSummary {
    /// Of each capture, in their order.
    pub captures: Vec<Anonymized>,
    /// With payload kept: addresses that were too many to be looked for.
    pub addresses_missed: u64,
    /// Whether the run was asked to stop before the end.
    pub interrupted: bool,
}

/// What became of a capture.
#[derive(Debug, Serialize)]
pub struct Anonymized {
    /// What was read.
    pub capture: CaptureAccount,
    /// The file; none for standard output, and if nothing could be read.
    pub path: Option<PathBuf>,
    /// Frames written.
    pub frames: u64,
    /// Those of them of which no header is known, and nothing is left.
    pub frames_blank: u64,
    /// Bytes after the last header that is known.
    pub bytes_blank: u64,
    /// What the capture says besides its frames and was left out, and how often.
    pub left_out: Vec<(&'static str, u64)>,
}

/// Anonymises captures, to their end or until `watch` is told to stop.
///
/// One that cannot be read does not stop the others.
pub fn anonymize(job: &Anonymization, watch: &Watch) -> Result<AnonymizeSummary, RunError> {
    if job.inputs.is_empty() {
        return Err(RunError::Config(ConfigError("no capture was found".into())));
    }
    let destinations = job.destinations().map_err(RunError::Config)?;
    let mut map = Mapping::new(&job.key, job.keeps_vendors);
    let known = match job.payload {
        Payload::Keep => Some(learn(job, &mut map, watch)?),
        Payload::Zero | Payload::Cut | Payload::Names => None,
    };
    let _directory = match &job.target {
        AnonymizeTo::Directory(directory) => Some(NewDirectory::at(directory)),
        AnonymizeTo::One(_) => None,
    };
    let mut captures = Vec::<Anonymized>::new();
    for (input, destination) in job.inputs.iter().zip(destinations) {
        if watch.is_stopped() {
            break;
        }
        let done = one(job, input, destination, known.as_ref(), &mut map, watch);
        let whole = captures.iter().filter(|done| done.path.is_some()).count();
        captures.push(done.map_err(|error| error.after(whole as u64))?);
    }
    let addresses_missed = known.map_or(0, |known| known.missed());
    Ok(AnonymizeSummary { captures, addresses_missed, interrupted: watch.is_stopped() })
}

/// Reads all captures once for their addresses. What is wrong with them is said the second time.
fn learn(job: &Anonymization, map: &mut Mapping<'_>, watch: &Watch) -> Result<Known, ConfigError> {
    let mut known = Known::new();
    let mut block = Block::default();
    for input in &job.inputs {
        // What is not there is told when it is opened.
        let is_there_once = match &input.input {
            Input::Stdin => true,
            Input::File(path) => path.exists() && !path.is_file(),
            Input::Bytes(_) => false,
        };
        if is_there_once {
            return Err(ConfigError(format!(
                "{} can be read once, and with payload kept captures are read twice; hint: write \
                 it to a file first",
                input.name
            )));
        }
        let Ok(mut source) = source::open_one(&input.input, job.capture, watch) else { continue };
        while !watch.is_stopped() && source.read(&mut block).unwrap_or(false) {
            for frame in &block.frames {
                known.learn(frame.link, block.data(frame), frame.original, map);
            }
        }
    }
    Ok(known)
}

impl Anonymization {
    fn destinations(&self) -> Result<Vec<Destination>, ConfigError> {
        let directory = match (&self.target, self.inputs.len()) {
            (AnonymizeTo::One(destination), 1) => return Ok(vec![destination.clone()]),
            (AnonymizeTo::One(_), count) => {
                return Err(ConfigError(format!(
                    "{count} captures need a directory for as many files; hint: end its name in /"
                )));
            }
            (AnonymizeTo::Directory(directory), _) => directory,
        };
        let mut taken = BTreeSet::new();
        let mut all = Vec::new();
        for input in &self.inputs {
            let path = directory.join(name_below(input));
            if !taken.insert(path.clone()) {
                return Err(ConfigError(format!(
                    "two captures would become {}; hint: anonymise them into two directories, \
                     with the same key",
                    path.display()
                )));
            }
            all.push(Destination::File(path));
        }
        Ok(all)
    }
}

/// What a capture is called in the output directory: below a directory that was named, as it is
/// there; or else by its own name.
fn name_below(input: &InputFile) -> PathBuf {
    let path = match &input.input {
        Input::Stdin => return "stdin.pcap".into(),
        Input::Bytes(_) => return "bytes.pcap".into(),
        Input::File(path) => path,
    };
    let is_below = Path::new(&input.name) != path;
    let mut name = PathBuf::new();
    if is_below {
        let parts = Path::new(&input.name).components();
        name.extend(parts.filter(|part| matches!(part, Component::Normal(_))));
    }
    if name.as_os_str().is_empty() {
        name.push(path.file_name().unwrap_or(OsStr::new("capture")));
    }
    // Snoop is read, and pcap is written.
    let text = name.to_string_lossy().into_owned();
    let (stem, endings) = split_endings(&text);
    let ending = &text[stem.len()..stem.len() + endings.format];
    if ending.to_ascii_lowercase().starts_with(".snoop") {
        return format!("{stem}.pcap{}", &text[stem.len() + endings.format..]).into();
    }
    name
}

fn one(
    job: &Anonymization,
    input: &InputFile,
    destination: Destination,
    known: Option<&Known>,
    map: &mut Mapping<'_>,
    watch: &Watch,
) -> Result<Anonymized, RunError> {
    let reading = Reading::together(std::slice::from_ref(input));
    let mut done = Anonymized {
        capture: CaptureAccount::unread(&reading),
        path: None,
        frames: 0,
        frames_blank: 0,
        bytes_blank: 0,
        left_out: Vec::new(),
    };
    let mut source = match source::open_one(&input.input, job.capture, watch) {
        Ok(source) => source,
        Err(_) if watch.is_stopped() => return Ok(done),
        Err(error) => {
            done.capture = done.capture.failed(&reading, error);
            return Ok(done);
        }
    };
    let mut writing = Writing::open(job, destination, source.facts())?;
    let mut block = Block::default();
    let mut bytes = 0;
    let mut error = None;
    while !watch.is_stopped() {
        match source.read(&mut block) {
            Ok(true) => {}
            Ok(false) => break,
            Err(failure) => {
                error = Some(failure).filter(|_| !watch.is_stopped());
                break;
            }
        }
        writing.block(&block, source.facts(), known, map, &mut done)?;
        let now = source.facts().bytes_read;
        watch.advance(now - bytes, block.frames.len() as u64);
        bytes = now;
    }
    let account = writing.account.clone();
    done.path = writing.finish(source.facts(), watch.is_stopped(), done.frames)?;
    done.capture = CaptureAccount::of(&reading, source.facts(), account);
    if let Some(error) = error {
        done.capture = done.capture.failed(&reading, error);
    }
    done.left_out = left_out(source.facts());
    Ok(done)
}

/// A capture on its way out.
struct Writing {
    encoder: Encoder,
    out: Output,
    /// Bytes that were not handed on.
    waiting: Vec<u8>,
    destination: Destination,
    payload: Payload,
    /// What the output says of itself.
    facts: Facts,
    frame: Vec<u8>,
    account: Account,
}

impl Writing {
    fn open(
        job: &Anonymization,
        destination: Destination,
        facts: &Facts,
    ) -> Result<Self, RunError> {
        if let (AnonymizeTo::Directory(_), Destination::File(path)) = (&job.target, &destination)
            && let Some(parent) = path.parent()
        {
            std::fs::create_dir_all(parent)
                .map_err(|source| SinkError::Create { path: parent.to_owned(), source })?;
        }
        let out = Output::open(destination.clone(), job.existing, destination.compression())?;
        let named = match &destination {
            Destination::File(path) => format_of(path),
            Destination::Stdout => None,
        };
        let as_input = match facts.format {
            Format::Pcapng => WriteFormat::Pcapng,
            _ => WriteFormat::Pcap,
        };
        // In a directory names are those of the inputs, whatever they say.
        let format = match job.target {
            AnonymizeTo::One(_) => named.unwrap_or(as_input),
            AnonymizeTo::Directory(_) => as_input,
        };
        let needs_nanos = |interface: &Interface| !interface.resolution.is_whole_micros();
        let is_fine = format == WriteFormat::Pcap && facts.interfaces.iter().any(needs_nanos);
        let resolution = is_fine.then_some(Resolution::NANOSECONDS);
        let settings = WriteSettings { format, resolution, ..WriteSettings::default() };
        Ok(Self {
            encoder: Encoder::new(settings),
            out,
            waiting: Vec::new(),
            destination,
            payload: job.payload,
            facts: without_owners(facts),
            frame: Vec::new(),
            account: Account::default(),
        })
    }

    fn block(
        &mut self,
        block: &Block,
        facts: &Facts,
        known: Option<&Known>,
        map: &mut Mapping<'_>,
        done: &mut Anonymized,
    ) -> Result<(), RunError> {
        if (facts.interfaces.len(), facts.sections.len())
            != (self.facts.interfaces.len(), self.facts.sections.len())
        {
            self.facts = without_owners(facts);
        }
        for (index, frame) in block.frames.iter().enumerate() {
            let Some(record) = block.record(index) else { continue };
            self.account.frames += 1;
            self.account.captured_bytes += u64::from(frame.captured);
            self.account.wire_bytes += u64::from(frame.original);
            self.frame.clear();
            match known {
                None => self.frame.resize(record.data.len(), 0),
                Some(known) => {
                    self.frame.extend_from_slice(record.data);
                    known.replace(&mut self.frame, map);
                }
            }
            let (link, payload) = (frame.link, self.payload);
            let end = rewrite(link, record.data, frame.original, &mut self.frame, map, payload);
            done.frames += 1;
            done.frames_blank += u64::from(end == 0 && !record.data.is_empty());
            done.bytes_blank += (record.data.len() - end) as u64;
            if self.payload == Payload::Cut {
                self.frame.truncate(end);
            }
            let options = record.options.without_texts();
            let record = Record { data: &self.frame, options, ..record };
            let written = self.encoder.frame(&self.facts, &record, &mut self.waiting);
            written.map_err(|error| self.failed(&error))?;
        }
        self.pass_on()?;
        Ok(self.out.pass_on()?)
    }

    fn pass_on(&mut self) -> Result<(), SinkError> {
        let written = self.out.write_all(&self.waiting);
        self.waiting.clear();
        written.map_err(|cause| SinkError::write(&self.destination, cause))
    }

    fn finish(
        mut self,
        facts: &Facts,
        interrupted: bool,
        frames: u64,
    ) -> Result<Option<PathBuf>, RunError> {
        let ending = if interrupted { Ending::Partial } else { Ending::Whole };
        let ended = self.encoder.finish(&without_owners(facts), &mut self.waiting);
        ended.map_err(|error| self.failed(&error))?;
        self.pass_on()?;
        Ok(self.out.finish(frames, ending)?.path)
    }

    /// A frame that the output's format has no place for.
    fn failed(&self, error: &WriteError) -> RunError {
        RunError::Config(ConfigError(format!("{}: {error}", self.destination)))
    }
}

/// What a capture says of itself, without all that could say where and by whom it was made.
fn without_owners(facts: &Facts) -> Facts {
    let interfaces = facts.interfaces.iter().map(|interface| Interface {
        name: None,
        description: None,
        filter: None,
        os: None,
        options: Vec::new(),
        statistics: interface
            .statistics
            .clone()
            .map(|counts| Statistics { options: Vec::new(), ..counts }),
        ..interface.clone()
    });
    Facts {
        format: facts.format,
        interfaces: interfaces.collect(),
        sections: vec![Section::default(); facts.sections.len()],
        ..Facts::default()
    }
}

fn left_out(facts: &Facts) -> Vec<(&'static str, u64)> {
    let texts = |interface: &Interface| {
        let Interface { name, description, filter, os, .. } = interface;
        [name, description, filter, os].into_iter().filter(|text| text.is_some()).count() as u64
    };
    let of_section = |section: &Section| {
        let Section { hardware, os, application, .. } = section;
        [hardware, os, application].into_iter().filter(|text| text.is_some()).count() as u64
    };
    let all = [
        ("comments", facts.comments.len() as u64 + facts.notes_dropped),
        ("names of hosts", facts.names.len() as u64),
        ("decryption secrets", facts.secrets.len() as u64 + facts.secrets_dropped),
        ("texts about interfaces", facts.interfaces.iter().map(texts).sum()),
        ("texts about the machine", facts.sections.iter().map(of_section).sum()),
        ("other blocks", facts.blocks_skipped),
    ];
    all.into_iter().filter(|(_, count)| *count > 0).collect()
}

/// The format that a name stands for, if it stands for one.
fn format_of(path: &Path) -> Option<WriteFormat> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let (stem, endings) = split_endings(&name);
    let ending = &name[stem.len()..stem.len() + endings.format];
    match ending.trim_end_matches(|c: char| c.is_ascii_digit()) {
        ".pcap" => Some(WriteFormat::Pcap),
        ".pcapng" => Some(WriteFormat::Pcapng),
        _ => None,
    }
}
