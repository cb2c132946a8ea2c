//! Frames, dissected and written one by one: lines, trees, JSON, property lists, CSV, bytes.
//!
//! One pass, one thread: what a message over TCP says depends on the frames before it. Memory is
//! that of a block of frames and of the dissector, however long the capture.

mod csv;
mod hex;
mod json;
mod line;
mod nested;
mod plist;
mod tree;

use flowloom_capture::{Block, Frame, ReadError, Source};
use flowloom_dissect::{
    Depth, Dissection, Dissector, FieldInfo, FrameInput, KnownLayers, LayerInfo, Level, Times,
};
use flowloom_export::{Destination, Ending, Existing, Output, SinkError};
use flowloom_filter::FrameView;
use flowloom_schema::LinkType;
use flowloom_wire::{LayerStack, Packet, decode, link_is_known};

use crate::account::{Account, CaptureAccount, DecodeCounts, Summary};
use crate::inputs::Reading;
use crate::run::RunError;
use crate::{Config, ConfigError, FrameRange, Watch, source};

/// How packets are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PacketFormat {
    /// A line for each.
    #[default]
    Line,
    /// Layers and fields, for people.
    Tree,
    /// A JSON object for each, on a line of its own.
    JsonLines,
    /// One JSON document: each layer in the one that carries it.
    Json,
    /// A property list: each layer in the one that carries it.
    Plist,
    /// Chosen fields, comma-separated.
    Csv,
    /// The bytes, and which of them are which layer and field.
    Hex,
}

/// What is written of packets, and where to.
#[derive(Clone, Debug)]
pub struct PacketSettings {
    /// How they are written.
    pub format: PacketFormat,
    /// Where to.
    pub destination: Destination,
    /// The fields of a CSV file, of the layers that the run knows.
    pub fields: Vec<&'static FieldInfo>,
    /// What becomes of a file that is there.
    pub existing: Existing,
    /// Which frames are written, by number; if there are none, all.
    pub frames: Vec<FrameRange>,
    /// The last level that is dissected.
    pub level: Option<Level>,
    /// The last protocol that is dissected.
    pub until: Option<&'static LayerInfo>,
    /// Whether JSON says of each field what its value stands for and where its bytes are.
    pub ranges: bool,
    /// Whether there are colours.
    pub color: bool,
}

impl Default for PacketSettings {
    fn default() -> Self {
        Self {
            format: PacketFormat::default(),
            destination: Destination::Stdout,
            fields: Vec::new(),
            existing: Existing::default(),
            frames: Vec::new(),
            level: None,
            until: None,
            ranges: false,
            color: false,
        }
    }
}

impl PacketSettings {
    fn has(&self, number: u64) -> bool {
        let is_in = |range: &FrameRange| (range.first..=range.last).contains(&number);
        self.frames.is_empty() || self.frames.iter().any(is_in)
    }

    /// Whether no frame from this one on is wanted.
    fn is_past(&self, number: u64) -> bool {
        !self.frames.is_empty() && self.frames.iter().all(|range| range.last < number)
    }
}

/// Dissects the captures of `config`, one after the other, and writes their packets: those of its
/// window that its filter accepts. Of `config` nothing else counts but how captures are read.
pub fn packets(
    config: &Config,
    settings: &PacketSettings,
    watch: &Watch,
) -> Result<Summary, RunError> {
    config.check().map_err(RunError::Config)?;
    check(config, settings).map_err(RunError::Config)?;
    let readings = Reading::all(config).map_err(RunError::Config)?;
    let writer = Writer::open(settings, readings.len() > 1)?;
    run(config, settings, &readings, writer, watch)
}

/// The same, handed to `taker`: the form and the destination are not looked at.
pub fn packets_into(
    config: &Config,
    settings: &PacketSettings,
    taker: Box<dyn TakePackets>,
    watch: &Watch,
) -> Result<Summary, RunError> {
    config.check().map_err(RunError::Config)?;
    let settings =
        PacketSettings { format: PacketFormat::JsonLines, fields: Vec::new(), ..settings.clone() };
    check(config, &settings).map_err(RunError::Config)?;
    let readings = Reading::all(config).map_err(RunError::Config)?;
    run(config, &settings, &readings, Writer::new(&settings, To::Taker(taker)), watch)
}

/// Whoever takes packets.
pub trait TakePackets {
    /// Takes a packet: its frame, and its layers and fields as JSON. An error ends the run.
    fn packet(&mut self, frame: &FrameInput<'_>, layers: &str) -> Result<(), SinkError>;

    /// Nothing may come for a while: what waits can go on.
    fn pass_on(&mut self) -> Result<(), SinkError>;
}

fn run(
    config: &Config,
    settings: &PacketSettings,
    readings: &[Reading<'_>],
    mut writer: Writer<'_>,
    watch: &Watch,
) -> Result<Summary, RunError> {
    let known = KnownLayers::of(&config.registry);
    let mut captures = Vec::new();
    for reading in readings {
        captures.push(read_one(reading, config, settings, &known, watch, &mut writer)?);
        if watch.is_stopped() {
            break;
        }
    }
    let mut total = Account::default();
    for capture in &captures {
        total.add(&capture.account);
    }
    let rows = writer.packets;
    let summary = Summary { captures, total, rows, labels: None, interrupted: watch.is_stopped() };
    // Where nothing could be read, nothing is written: a mistyped name must not replace a result.
    if !summary.is_empty_handed() {
        writer.close(if summary.interrupted { Ending::Partial } else { Ending::Whole })?;
    }
    Ok(summary)
}

fn check(config: &Config, settings: &PacketSettings) -> Result<(), ConfigError> {
    if settings.format == PacketFormat::Csv && settings.fields.is_empty() {
        let text = "CSV needs to know which fields: name them with -e; --fields lists them";
        return Err(ConfigError(text.into()));
    }
    if settings.format != PacketFormat::Csv && !settings.fields.is_empty() {
        let text = "fields are chosen for CSV: give --format csv with -e";
        return Err(ConfigError(text.into()));
    }
    if let Destination::File(path) = &settings.destination {
        config.check_written(path)?;
    }
    let filter = config.filter.as_ref();
    if filter.is_some_and(|filter| filter.flow().is_some()) {
        let text = "the filter has words about flows, such as tls or dns.query: those are for `flows` and `split`; \
                    packets are filtered by what is in a packet, such as port 443";
        return Err(ConfigError(text.into()));
    }
    Ok(())
}

/// One capture.
fn read_one(
    reading: &Reading<'_>,
    config: &Config,
    settings: &PacketSettings,
    known: &KnownLayers,
    watch: &Watch,
    writer: &mut Writer<'_>,
) -> Result<CaptureAccount, SinkError> {
    let unread = CaptureAccount::unread(reading);
    let mut source = match source::open(reading, config, watch) {
        Ok(source) => source,
        Err(error) => return Ok(unread.failed(reading, error)),
    };
    writer.begin_capture(&reading.name);
    let depth = Depth { level: settings.level, until: settings.until };
    let mut pass = Pass {
        config,
        settings,
        dissector: Dissector::new(config.wire, depth, known.clone()),
        layers: LayerStack::new(),
        counts: DecodeCounts::default(),
        times: Times::default(),
    };
    let failure = pass.run(&mut *source, watch, writer)?;
    let mut account = Account::default();
    pass.counts.add_to(&mut account);
    let account = CaptureAccount::of(reading, source.facts(), account);
    match failure {
        // A pipe that was given up is no failure of the capture.
        Some(error) if !watch.is_stopped() => Ok(account.failed(reading, error)),
        _ => Ok(account),
    }
}

/// The way of the frames of one capture.
struct Pass<'p> {
    config: &'p Config,
    settings: &'p PacketSettings,
    dissector: Dissector,
    layers: LayerStack,
    counts: DecodeCounts,
    times: Times,
}

impl Pass<'_> {
    /// Why the capture was not read to its end, if so.
    fn run(
        &mut self,
        source: &mut dyn Source,
        watch: &Watch,
        writer: &mut Writer<'_>,
    ) -> Result<Option<ReadError>, SinkError> {
        let mut block = Block::default();
        let mut bytes_before = 0;
        while !watch.is_stopped() && !self.settings.is_past(block.first + block.frames.len() as u64)
        {
            match source.read(&mut block) {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => return Ok(Some(error)),
            }
            for (at, frame) in block.frames.iter().enumerate() {
                self.frame(block.first + at as u64, frame, block.data(frame), writer)?;
            }
            writer.pass_on()?;
            let bytes = source.facts().bytes_read;
            watch.advance(bytes - bytes_before, block.frames.len() as u64);
            bytes_before = bytes;
        }
        Ok(None)
    }

    fn frame(
        &mut self,
        number: u64,
        frame: &Frame,
        bytes: &[u8],
        writer: &mut Writer<'_>,
    ) -> Result<(), SinkError> {
        // Of the capture: whatever is chosen of it has the same times.
        let since = self.times.pass(frame.time);
        self.counts.frames += 1;
        self.counts.captured_bytes += bytes.len() as u64;
        self.counts.wire_bytes += u64::from(frame.original);
        if !self.config.window.has(frame.time.0) {
            self.counts.outside_window += 1;
            return Ok(());
        }
        if !link_is_known(frame.link) {
            self.counts.add_unknown_link(frame.link);
        }
        if !self.passes(frame.link, frame.original, bytes) {
            self.counts.filtered += 1;
            return Ok(());
        }
        let input = FrameInput {
            number,
            time: frame.time,
            since: Some(since),
            link: frame.link,
            interface: frame.interface,
            original: frame.original,
            bytes,
        };
        // What is not written is dissected all the same: later messages may begin in it.
        self.dissector.dissect(&input, &mut writer.dissection);
        if let Some(stop) = writer.dissection.stop() {
            self.counts.add_malformed(stop.layer);
        }
        if self.settings.has(number) { writer.write(&input) } else { Ok(()) }
    }

    fn passes(&mut self, link: LinkType, original: u32, bytes: &[u8]) -> bool {
        let Some(test) = self.config.filter.as_ref().and_then(|filter| filter.packet()) else {
            return true;
        };
        self.layers.clear();
        let mut packet = Packet::default();
        decode(link, bytes, original, &self.config.wire, &mut self.layers, &mut packet);
        test.matches(&FrameView { link, bytes, original, layers: &self.layers })
    }
}

/// Dissections to text, and text to where it goes.
struct Writer<'w> {
    settings: &'w PacketSettings,
    to: To,
    dissection: Dissection,
    text: String,
    packets: u64,
    captures: u64,
    /// Whether packets say which capture they are of, and its name.
    is_one_of_several: bool,
    capture: String,
    /// Whether nothing was written of it yet.
    begins: bool,
}

/// Where packets go.
enum To {
    Output(Output),
    Taker(Box<dyn TakePackets>),
}

impl<'w> Writer<'w> {
    fn new(settings: &'w PacketSettings, to: To) -> Self {
        Self {
            settings,
            to,
            dissection: Dissection::default(),
            text: String::new(),
            packets: 0,
            captures: 0,
            is_one_of_several: false,
            capture: String::new(),
            begins: true,
        }
    }

    fn open(settings: &'w PacketSettings, are_several: bool) -> Result<Self, SinkError> {
        let to = &settings.destination;
        let output = Output::open(to.clone(), settings.existing, to.compression())?;
        let mut writer = Self::new(settings, To::Output(output));
        writer.is_one_of_several = are_several;
        match settings.format {
            PacketFormat::Csv => csv::header(are_several, &settings.fields, &mut writer.text),
            PacketFormat::Json => writer.text.push('{'),
            PacketFormat::Plist => writer.text.push_str(plist::HEAD),
            _ => {}
        }
        writer.pass_text()?;
        Ok(writer)
    }

    fn begin_capture(&mut self, name: &str) {
        self.captures += 1;
        name.clone_into(&mut self.capture);
        self.begins = true;
    }

    fn write(&mut self, frame: &FrameInput<'_>) -> Result<(), SinkError> {
        let Self { settings, dissection, text, .. } = self;
        let capture = self.is_one_of_several.then_some(self.capture.as_str());
        let has_headings =
            matches!(settings.format, PacketFormat::Line | PacketFormat::Tree | PacketFormat::Hex);
        if let Some(capture) = capture
            && has_headings
            && std::mem::take(&mut self.begins)
        {
            line::heading(capture, self.packets == 0, text);
        }
        match settings.format {
            PacketFormat::Line => line::write(frame, dissection, text),
            PacketFormat::Tree => tree::write(frame, dissection, text),
            PacketFormat::JsonLines => {
                json::line(frame, capture, dissection, settings.ranges, text);
            }
            PacketFormat::Json => {
                text.push_str(if self.packets == 0 { "\n" } else { ",\n" });
                json::nested(frame, self.captures, dissection, settings.ranges, text);
            }
            PacketFormat::Plist => plist::write(frame, self.captures, dissection, text),
            PacketFormat::Hex => hex::write(frame, dissection, settings.color, text),
            PacketFormat::Csv => {
                csv::row(capture, &settings.fields, dissection, frame.bytes, text);
            }
        }
        self.packets += 1;
        if let To::Taker(taker) = &mut self.to {
            let taken = taker.packet(frame, self.text.trim_end());
            self.text.clear();
            return taken;
        }
        self.pass_text()
    }

    fn pass_text(&mut self) -> Result<(), SinkError> {
        let To::Output(output) = &mut self.to else { return Ok(()) };
        let written = output.put(self.text.as_bytes());
        self.text.clear();
        written
    }

    fn pass_on(&mut self) -> Result<(), SinkError> {
        match &mut self.to {
            To::Output(output) => output.pass_on(),
            To::Taker(taker) => taker.pass_on(),
        }
    }

    fn close(mut self, ending: Ending) -> Result<(), SinkError> {
        match self.settings.format {
            PacketFormat::Json => self.text.push_str("\n}\n"),
            PacketFormat::Plist => self.text.push_str(plist::FOOT),
            _ => {}
        }
        self.pass_text()?;
        if let To::Output(output) = self.to {
            output.finish(self.packets, ending)?;
        }
        Ok(())
    }
}
