//! What flows say, and packets with their layers: handed to Python one by one.

use std::path::PathBuf;

use flowloom_engine::{
    Config, ConfigError, Data, Destination, Direction, Existing, FrameInput, FrameRange,
    KnownLayers, Level, PacketFormat, PacketSettings, Shape, SinkError, StreamFormat, StreamLimits,
    StreamPart, Streams, StreamsTo, TakePackets, TakeParts, View, What, packets as write_packets,
    packets_into, take_streams, take_streams_into, value_of,
};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use serde_json::to_string;

use crate::errors;
use crate::feed::{Done, Feed, Finder};
use crate::job::Job;
use crate::options::Options;

/// What is taken out of flows: a dictionary with all of these keys.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Taking {
    flows: Vec<u64>,
    what: String,
    view: String,
    direction: Option<String>,
    strict: bool,
    decode: bool,
    fill_max: Option<u64>,
    decoded_max: Option<u64>,
    part_max: Option<usize>,
    /// A directory, where it is written to files.
    output: Option<PathBuf>,
    format: String,
    data: String,
    force: bool,
}

impl Taking {
    fn streams(self, py: Python<'_>, options: Options) -> PyResult<Streams> {
        let config = options.config(py)?;
        let wrong = |error: ConfigError| errors::config(py, &error);
        let limits = StreamLimits::default();
        let what = match self.what.as_str() {
            "objects" => What::Objects { decode: self.decode },
            what => value_of("what", what, &WHATS).map_err(wrong)?,
        };
        let direction = self.direction.as_deref();
        let directions = direction.map(|name| value_of("direction", name, &DIRECTIONS));
        Ok(Streams {
            config,
            flows: self.flows,
            what,
            direction: directions.transpose().map_err(wrong)?,
            shape: Shape {
                view: value_of("view", &self.view, &VIEWS).map_err(wrong)?,
                format: value_of("format", &self.format, &FORMATS).map_err(wrong)?,
                data: value_of("data", &self.data, &DATA).map_err(wrong)?,
                strict: self.strict,
                color: false,
            },
            destination: match self.output {
                Some(path) => StreamsTo::Directory { path, force: self.force },
                None => StreamsTo::Stdout,
            },
            limits: StreamLimits {
                fill_max: self.fill_max.unwrap_or(limits.fill_max),
                decoded_max: self.decoded_max.unwrap_or(limits.decoded_max),
                part_max: self.part_max.unwrap_or(limits.part_max),
                ..limits
            },
        })
    }
}

/// What flows say, into a directory.
#[pyfunction]
pub(crate) fn save_streams(py: Python<'_>, options: Options, taking: Taking) -> PyResult<Job> {
    let streams = taking.streams(py, options)?;
    Job::start(move |watch| {
        let summary = take_streams(&streams, watch)?;
        Ok(Done::of(to_string(&summary), &summary.summary.captures))
    })
}

/// What flows say, part by part.
#[pyfunction]
pub(crate) fn open_streams(py: Python<'_>, options: Options, taking: Taking) -> PyResult<Parts> {
    let streams = taking.streams(py, options)?;
    let feed = Feed::start(move |finder, watch| {
        let summary = take_streams_into(&streams, Box::new(PartTaker(finder)), watch)?;
        Ok(Done::of(to_string(&summary), &summary.summary.captures))
    })?;
    Ok(Parts(feed))
}

/// Parts of what flows say.
#[pyclass(frozen, module = "flowloom._native")]
pub(crate) struct Parts(Feed<StreamPart>);

/// What is known of a part, its pieces with their places, and whether another one follows.
type Part<'py> = (String, Vec<(u64, Bound<'py, PyBytes>)>, bool);

#[pymethods]
impl Parts {
    /// The next part; none at the end.
    fn next<'py>(&self, py: Python<'py>) -> PyResult<Option<Part<'py>>> {
        Ok(self.0.next(py)?.map(|part| {
            let piece = |(offset, bytes): (u64, Vec<u8>)| (offset, PyBytes::new(py, &bytes));
            (part.info, part.pieces.into_iter().map(piece).collect(), part.goes_on)
        }))
    }

    /// Stops the run and waits for its end.
    fn close(&self, py: Python<'_>) {
        self.0.close(py);
    }

    /// What it came to, as JSON; none before the end.
    fn summary(&self) -> Option<String> {
        self.0.summary()
    }

    /// The first capture that could not be read, or not to its end, as an exception.
    fn failure<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        self.0.failure(py)
    }
}

struct PartTaker(Finder<StreamPart>);

impl TakeParts for PartTaker {
    fn part(&mut self, part: StreamPart) -> Result<(), SinkError> {
        self.0.found(part)
    }
}

/// How far packets are dissected: a dictionary with all of these keys.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Dissecting {
    frames: Vec<(u64, u64)>,
    layer: Option<String>,
    until: Option<String>,
    ranges: bool,
    /// A file, where they are written, its form, and whether it may be there.
    output: Option<PathBuf>,
    format: String,
    force: bool,
}

impl Dissecting {
    fn settings(self, py: Python<'_>, config: &Config) -> PyResult<PacketSettings> {
        let wrong = |error: ConfigError| errors::config(py, &error);
        let level = self.layer.as_deref().map(|name| value_of("layer", name, &LEVELS));
        let until = self.until.as_deref().map(|name| {
            let known = KnownLayers::of(&config.registry).find_layer(name);
            known.ok_or_else(|| ConfigError(format!("`{name}` is no protocol of ours")))
        });
        let frames = self.frames.into_iter().map(|(first, last)| FrameRange { first, last });
        Ok(PacketSettings {
            format: value_of("format", &self.format, &PACKET_FORMATS).map_err(wrong)?,
            destination: self.output.map_or(Destination::Stdout, Destination::from),
            existing: if self.force { Existing::Replace } else { Existing::Keep },
            frames: frames.collect(),
            level: level.transpose().map_err(wrong)?,
            until: until.transpose().map_err(wrong)?,
            ranges: self.ranges,
            ..PacketSettings::default()
        })
    }
}

/// Packets, dissected, into a file.
#[pyfunction]
pub(crate) fn save_packets(
    py: Python<'_>,
    options: Options,
    dissecting: Dissecting,
) -> PyResult<Job> {
    let config = options.config(py)?;
    let settings = dissecting.settings(py, &config)?;
    Job::start(move |watch| {
        let summary = write_packets(&config, &settings, watch)?;
        Ok(Done::of(to_string(&summary), &summary.captures))
    })
}

/// Packets, dissected, some at a time.
#[pyfunction]
pub(crate) fn open_packets(
    py: Python<'_>,
    options: Options,
    dissecting: Dissecting,
) -> PyResult<Packets> {
    let config = options.config(py)?;
    let settings = dissecting.settings(py, &config)?;
    let feed = Feed::start(move |finder, watch| {
        let taker = PacketTaker { finder, waiting: Vec::new() };
        let summary = packets_into(&config, &settings, Box::new(taker), watch)?;
        Ok(Done::of(to_string(&summary), &summary.captures))
    })?;
    Ok(Packets(feed))
}

/// A packet, and its layers and fields as JSON.
struct Packet {
    number: u64,
    time: i64,
    link: u16,
    interface: u16,
    original: u32,
    bytes: Vec<u8>,
    layers: String,
}

/// Packets of captures, some at a time.
#[pyclass(frozen, module = "flowloom._native")]
pub(crate) struct Packets(Feed<Vec<Packet>>);

/// Number, time, link type, interface, bytes on the wire, those that were captured, layers.
type Told<'py> = (u64, i64, u16, u16, u32, Bound<'py, PyBytes>, String);

#[pymethods]
impl Packets {
    /// The next packets; none at the end.
    fn next<'py>(&self, py: Python<'py>) -> PyResult<Option<Vec<Told<'py>>>> {
        Ok(self.0.next(py)?.map(|packets| {
            let told = |packet: Packet| {
                let Packet { number, time, link, interface, original, bytes, layers } = packet;
                (number, time, link, interface, original, PyBytes::new(py, &bytes), layers)
            };
            packets.into_iter().map(told).collect()
        }))
    }

    /// Stops the run and waits for its end.
    fn close(&self, py: Python<'_>) {
        self.0.close(py);
    }

    /// What it came to, as JSON; none before the end.
    fn summary(&self) -> Option<String> {
        self.0.summary()
    }

    /// The first capture that could not be read, or not to its end, as an exception.
    fn failure<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        self.0.failure(py)
    }
}

/// Packets of a block of frames wait for one another.
struct PacketTaker {
    finder: Finder<Vec<Packet>>,
    waiting: Vec<Packet>,
}

impl TakePackets for PacketTaker {
    fn packet(&mut self, frame: &FrameInput<'_>, layers: &str) -> Result<(), SinkError> {
        self.waiting.push(Packet {
            number: frame.number,
            time: frame.time.0,
            link: frame.link.0,
            interface: frame.interface,
            original: frame.original,
            bytes: frame.bytes.to_vec(),
            layers: layers.to_owned(),
        });
        Ok(())
    }

    fn pass_on(&mut self) -> Result<(), SinkError> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        self.finder.found(std::mem::take(&mut self.waiting))
    }
}

const WHATS: [(&str, What); 2] = [("said", What::Said), ("datagrams", What::Datagrams)];
const DIRECTIONS: [(&str, Direction); 2] = [("up", Direction::Up), ("down", Direction::Down)];
const VIEWS: [(&str, View); 3] =
    [("messages", View::Messages), ("raw", View::Raw), ("conversation", View::Conversation)];
const FORMATS: [(&str, StreamFormat); 3] = [
    ("bytes", StreamFormat::Bytes),
    ("jsonl", StreamFormat::JsonLines),
    ("text", StreamFormat::Text),
];
const DATA: [(&str, Data); 4] =
    [("auto", Data::Auto), ("ascii", Data::Ascii), ("hex", Data::Hex), ("base64", Data::Base64)];
const LEVELS: [(&str, Level); 5] = [
    ("none", Level::Frame),
    ("link", Level::Link),
    ("internet", Level::Internet),
    ("transport", Level::Transport),
    ("application", Level::Application),
];
const PACKET_FORMATS: [(&str, PacketFormat); 6] = [
    ("jsonl", PacketFormat::JsonLines),
    ("line", PacketFormat::Line),
    ("tree", PacketFormat::Tree),
    ("json", PacketFormat::Json),
    ("plist", PacketFormat::Plist),
    ("hex", PacketFormat::Hex),
];
