//! What Python asks for, as a configuration of the engine.

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use flowloom_engine::{
    APP_LAYERS, Config, ConfigError, CryptoPan, Destination, ExportSettings, Filter, FlowLimits,
    FlowSettings, Format, INITIATORS, Initiator, Input, InputFile, Labels, LogLimits, OVERLAPS,
    Order, Output, POPULATIONS, SaidLimits, Signs, Timeouts, Window, WireOptions, find_each,
    flow_words, key_ignore, read_protocols, value_of,
};
use pyo3::prelude::*;

use crate::errors;

/// The settings of a run: a dictionary with all of these keys. Times are in nanoseconds; what is
/// `None` is as the engine has it.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub(crate) struct Options {
    sources: Vec<Source>,
    rotated: bool,
    features: Option<Vec<String>>,
    without: Vec<String>,
    columns: Vec<String>,
    events: Vec<String>,
    filter: Option<String>,
    label_path: Option<String>,
    label_file: Option<PathBuf>,
    label_comments: Option<Vec<String>>,
    signed: bool,
    anonymize: Option<PathBuf>,
    population: Option<String>,
    client: Option<String>,
    initiator: Option<String>,
    key_ignore: Vec<String>,
    no_split: bool,
    ignore_tcp_ends: bool,
    tcp_idle: Option<i64>,
    idle: Option<i64>,
    active: Option<i64>,
    linger: Option<i64>,
    flows_max: Option<usize>,
    max_packets: Option<usize>,
    max_time: Option<i64>,
    max_bytes: Option<u64>,
    bytes_packets: Option<usize>,
    bytes_payload: Option<u32>,
    app_layer: Option<String>,
    tcp_overlap: Option<String>,
    protocols: Option<PathBuf>,
    verify_checksums: bool,
    reassembly: bool,
    ip_headers_max: Option<u8>,
    count: Option<u64>,
    start: Option<i64>,
    stop: Option<i64>,
    dedup: Option<i64>,
    threads: Option<NonZeroUsize>,
    sorted: bool,
}

/// A capture: what the command line would take, or a name and the bytes themselves.
#[derive(FromPyObject)]
pub(crate) enum Source {
    Named(OsString),
    Bytes(String, Vec<u8>),
}

impl Options {
    /// The configuration, checked.
    pub(crate) fn config(self, py: Python<'_>) -> PyResult<Config> {
        let words = self.filter.clone();
        let registry = self.protocols.as_deref().map(read_protocols).transpose();
        let registry = registry.map_err(|error| errors::config(py, &error))?.unwrap_or_default();
        let filter = words
            .as_deref()
            .map(|text| Filter::parse_with(text, &flow_words(&registry)))
            .transpose()
            .map_err(|error| errors::filter(py, words.as_deref().unwrap_or_default(), &error))?;
        let mut config = self.build().map_err(|error| errors::config(py, &error))?;
        config.filter = filter;
        config.registry = Arc::new(registry);
        config.check().map_err(|error| errors::config(py, &error))?;
        Ok(config)
    }

    fn build(self) -> Result<Config, ConfigError> {
        let inputs = inputs(self.sources)?;
        let pattern = self.label_path.as_deref();
        let mut labels = Labels::find(&inputs, pattern, self.label_file.as_deref())?;
        if let Some(names) = &self.label_comments {
            labels.read_comments(names)?;
        }
        let mut config = Config::new(inputs);
        config.rotated = self.rotated;
        config.labels = labels;
        config.features = self.features.unwrap_or(config.features);
        config.without = self.without;
        config.columns = self.columns;
        config.events = self.events;
        config.signs = if self.signed { Signs::Signed } else { Signs::Unsigned };
        let key = self.anonymize.as_deref().map(CryptoPan::read).transpose()?;
        config.anonymize = key.map(Arc::new);
        let usual = LogLimits::default();
        config.log = LogLimits {
            sequence_max: self.max_packets.unwrap_or(usual.sequence_max),
            sequence_nanos_max: self.max_time,
            sequence_bytes_max: self.max_bytes,
            bytes_packets_max: self.bytes_packets.unwrap_or(usual.bytes_packets_max),
            bytes_payload_max: self.bytes_payload.unwrap_or(usual.bytes_payload_max),
            ..usual
        };
        config.app_layer = one_of("app_layer", self.app_layer.as_deref(), &APP_LAYERS)?;
        let overlap = one_of("tcp_overlap", self.tcp_overlap.as_deref(), &OVERLAPS)?;
        config.said = SaidLimits { overlap, ..SaidLimits::default() };
        if !self.reassembly {
            config.said.stream_bytes_max = 0;
            config.said.conversation_bytes_max = 0;
        }
        let headers = self.ip_headers_max.unwrap_or(WireOptions::default().ip_headers_max);
        config.wire =
            WireOptions { ip_headers_max: headers, verify_checksums: self.verify_checksums };
        config.window = Window { count: self.count, from: self.start, until: self.stop };
        config.dedup = self.dedup;
        config.threads = self.threads.unwrap_or(config.threads);
        let usual = Timeouts::default();
        let timeouts = Timeouts {
            tcp_idle: self.tcp_idle.unwrap_or(usual.tcp_idle),
            other_idle: self.idle.unwrap_or(usual.other_idle),
            active: self.active.unwrap_or(usual.active),
            linger: self.linger.unwrap_or(usual.linger),
            ..usual
        };
        let usual = FlowLimits::default();
        config.flow = FlowSettings {
            timeouts,
            limits: FlowLimits {
                flows_max: self.flows_max.unwrap_or(usual.flows_max),
                datagrams_max: if self.reassembly { usual.datagrams_max } else { 0 },
                ..usual
            },
            no_split: self.no_split,
            ignore_tcp_ends: self.ignore_tcp_ends,
            initiator: initiator(self.client.as_deref(), self.initiator.as_deref())?,
            key_ignore: key_ignore(&self.key_ignore)?,
            population: one_of("population", self.population.as_deref(), &POPULATIONS)?,
        };
        config.output = Output {
            format: Format::Null,
            destination: Destination::Stdout,
            settings: ExportSettings::default(),
            order: if self.sorted { Order::Start } else { Order::End },
            force: false,
        };
        Ok(config)
    }
}

pub(crate) fn inputs(sources: Vec<Source>) -> Result<Vec<InputFile>, ConfigError> {
    let name = |source: &Source| match source {
        Source::Named(name) => Some(name.clone()),
        Source::Bytes(..) => None,
    };
    let mut found = find_each(&sources.iter().filter_map(name).collect::<Vec<_>>())?.into_iter();
    let mut inputs = Vec::new();
    for source in sources {
        match source {
            Source::Named(_) => inputs.extend(found.next().unwrap_or_default()),
            Source::Bytes(name, bytes) => {
                inputs.push(InputFile { input: Input::Bytes(bytes.into()), name });
            }
        }
    }
    Ok(inputs)
}

fn initiator(client: Option<&str>, rule: Option<&str>) -> Result<Initiator, ConfigError> {
    match client {
        Some(network) => network.parse().map(Initiator::Client).map_err(ConfigError),
        None => one_of("initiator", rule, &INITIATORS),
    }
}

/// The value of a name; the first one if there is none.
fn one_of<T: Copy>(
    setting: &str,
    name: Option<&str>,
    values: &[(&str, T)],
) -> Result<T, ConfigError> {
    value_of(setting, name.unwrap_or(values[0].0), values)
}
