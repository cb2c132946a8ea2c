//! The settings that change results, as text: they are written beside the results, and read back to
//! get the same again.

use std::path::Path;
use std::sync::Arc;

use flowloom_export::table_texts;
use flowloom_features::{LogLimits, Signs};
use flowloom_filter::Filter;
use flowloom_flow::{Initiator, Limits, Timeouts};
use flowloom_protocols::Registry;
use serde::{Deserialize, Serialize};

use crate::choices::{
    APP_LAYERS, INITIATORS, ORDERS, OVERLAPS, POPULATIONS, ignored_parts, key_ignore, name_of,
    value_of,
};
use crate::{
    CaptureAccount, Config, ConfigError, CryptoPan, InputFile, Labels, Window, flow_words,
};

/// Settings by name. No thread count, no path root, no host, no wall time: the same input gives
/// the same output, byte for byte.
pub(crate) fn settings_text(config: &Config) -> Vec<(String, String)> {
    let settings = serde_json::to_string(&Settings::of(config)).unwrap_or_default();
    vec![(VERSION.into(), env!("CARGO_PKG_VERSION").into()), (SETTINGS.into(), settings)]
}

/// The settings of a table that was written, and what it was made of.
#[derive(Debug)]
pub struct Recorded {
    /// The settings, as JSON.
    pub settings: String,
    /// The captures; none where the file does not say.
    pub captures: Vec<MadeOf>,
    /// What a row is: `flow`, `trace`.
    pub level: String,
    /// The client whose traces they are, if it was given.
    pub client: Option<String>,
    /// Columns that no settings make: features of the user's own.
    pub own: Vec<String>,
}

/// A capture that a table was made of.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct MadeOf {
    /// As it was named; below a directory, relative to it.
    pub capture: String,
    /// Frames that were read.
    pub frames: u64,
    /// Bytes of them that were captured.
    pub captured_bytes: u64,
}

/// What settings do not say: it is in files, or a secret.
#[derive(Default)]
pub struct Given<'a> {
    /// The manifest of labels.
    pub labels: Option<&'a Path>,
    /// What puts other addresses in the place of the real ones.
    pub anonymize: Option<Arc<CryptoPan>>,
    /// The protocols there are.
    pub registry: Option<Arc<Registry>>,
    /// Where clients are; it is not recorded where addresses are anonymized.
    pub client: Option<&'a str>,
}

impl Recorded {
    /// Reads what was written with a table, in a Parquet or Arrow IPC file.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let texts = table_texts(path).map_err(|error| ConfigError(error.to_string()))?;
        let text = |key: &str| texts.iter().find(|(k, _)| k == key).map(|(_, text)| text.clone());
        let settings = text(SETTINGS).ok_or_else(|| {
            ConfigError(format!("{} does not say how it was made", path.display()))
        })?;
        let captures = text(CAPTURES).unwrap_or_default();
        let captures = serde_json::from_str(&captures).unwrap_or_default();
        let own = text(OWN).and_then(|names| serde_json::from_str(&names).ok());
        Ok(Self {
            settings,
            captures,
            level: text(LEVEL).unwrap_or_else(|| "flow".into()),
            client: text(CLIENT),
            own: own.unwrap_or_default(),
        })
    }

    /// A capture that is not where the table says: it may have been below a directory, or the table was
    /// made elsewhere.
    pub fn missing(&self) -> Option<&str> {
        let names = self.captures.iter().map(|made_of| made_of.capture.as_str());
        names.filter(|name| *name != "-").find(|name| !Path::new(name).exists())
    }

    /// Captures that have the names of those the table was made of, and are others, in words.
    pub fn others(&self, read: &[CaptureAccount]) -> Vec<String> {
        let other = |made_of: &MadeOf| {
            let MadeOf { capture, frames, captured_bytes } = made_of;
            let read = &read.iter().find(|read| read.capture == *capture)?.account;
            let is_other = (read.frames, read.captured_bytes) != (*frames, *captured_bytes);
            is_other.then(|| {
                format!(
                    "{capture} is not what the table was made of: {} frames of {} bytes, not {frames} of \
                     {captured_bytes}",
                    read.frames, read.captured_bytes
                )
            })
        };
        self.captures.iter().filter_map(other).collect()
    }
}

/// A configuration that gives what settings gave: rows go nowhere yet.
pub fn configured(
    settings: &str,
    inputs: Vec<InputFile>,
    given: Given<'_>,
) -> Result<Config, ConfigError> {
    let settings: Settings = serde_json::from_str(settings)
        .map_err(|error| ConfigError(format!("these are no settings of flowloom: {error}")))?;
    settings.config(inputs, given)
}

/// What a run's results depend on; times are in nanoseconds.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
struct Settings {
    features: Vec<String>,
    without: Vec<String>,
    #[serde(default)]
    columns: Vec<String>,
    events: Vec<String>,
    signed: bool,
    order: String,
    filter: Option<String>,
    rotated: bool,
    label_path: Option<String>,
    label_manifest: bool,
    label_comments: Vec<String>,
    anonymized: bool,
    population: String,
    initiator: String,
    client: Option<String>,
    key_ignore: Vec<String>,
    no_split: bool,
    ignore_tcp_ends: bool,
    app_layer: String,
    tcp_overlap: String,
    declared_protocols: bool,
    verify_checksums: bool,
    ip_headers_max: u8,
    count: Option<u64>,
    start: Option<i64>,
    stop: Option<i64>,
    dedup: Option<i64>,
    timeouts: SavedTimeouts,
    limits: SavedLimits,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedTimeouts {
    tcp_idle: i64,
    other_idle: i64,
    active: i64,
    linger: i64,
    reopen: i64,
    fragment: i64,
    clock_jump_max: i64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "they are named as the engine names them")]
struct SavedLimits {
    flows_max: usize,
    tcp_holes_max: usize,
    datagrams_max: usize,
    datagram_bytes_max: usize,
    datagram_fragments_max: usize,
    sequence_max: usize,
    sequence_nanos_max: Option<i64>,
    sequence_bytes_max: Option<u64>,
    log_bytes_max: usize,
    frames_bytes_max: usize,
    bytes_packets_max: usize,
    bytes_payload_max: u32,
    first_bytes_max: usize,
    stream_bytes_max: usize,
    message_bytes_max: usize,
    probe_bytes_max: usize,
    messages_max: usize,
    conversation_bytes_max: usize,
}

impl Settings {
    fn of(config: &Config) -> Self {
        let flow = &config.flow;
        let (initiator, client) = match flow.initiator {
            // It would say which address became which.
            Initiator::Client(_) if config.anonymize.is_some() => ("client", None),
            Initiator::Client(network) => ("client", Some(network.to_string())),
            rule => (name_of(rule, &INITIATORS), None),
        };
        Self {
            features: config.features.clone(),
            without: config.without.clone(),
            columns: config.columns.clone(),
            events: config.events.clone(),
            signed: config.signs == Signs::Signed,
            order: name_of(config.output.order, &ORDERS).into(),
            filter: config.filter.as_ref().map(ToString::to_string),
            rotated: config.rotated,
            label_path: Some(config.labels.pattern().to_owned()).filter(|text| !text.is_empty()),
            label_manifest: config.labels.has_manifest(),
            label_comments: config.labels.names_in_comments().to_vec(),
            anonymized: config.anonymize.is_some(),
            population: name_of(flow.population, &POPULATIONS).into(),
            initiator: initiator.into(),
            client,
            key_ignore: ignored_parts(flow.key_ignore),
            no_split: flow.no_split,
            ignore_tcp_ends: flow.ignore_tcp_ends,
            app_layer: name_of(config.app_layer, &APP_LAYERS).into(),
            tcp_overlap: name_of(config.said.overlap, &OVERLAPS).into(),
            declared_protocols: config.registry.has_own(),
            verify_checksums: config.wire.verify_checksums,
            ip_headers_max: config.wire.ip_headers_max,
            count: config.window.count,
            start: config.window.from,
            stop: config.window.until,
            dedup: config.dedup,
            timeouts: SavedTimeouts::of(&flow.timeouts),
            limits: SavedLimits::of(config),
        }
    }

    fn config(self, inputs: Vec<InputFile>, given: Given<'_>) -> Result<Config, ConfigError> {
        self.check_given(&given)?;
        let registry = given.registry.unwrap_or_default();
        let filter = self.filter.map(|text| Filter::parse_with(&text, &flow_words(&registry)));
        let filter = filter.transpose().map_err(|error| ConfigError(error.to_string()))?;
        let mut labels = Labels::find(&inputs, self.label_path.as_deref(), given.labels)?;
        if !self.label_comments.is_empty() {
            labels.read_comments(&self.label_comments)?;
        }
        let mut config = Config::new(inputs);
        config.features = self.features;
        config.without = self.without;
        config.columns = self.columns;
        config.signs = if self.signed { Signs::Signed } else { Signs::Unsigned };
        config.output.order = value_of("order", &self.order, &ORDERS)?;
        config.filter = filter;
        config.rotated = self.rotated;
        config.labels = labels;
        config.anonymize = given.anonymize;
        config.registry = registry;
        config.app_layer = value_of("app_layer", &self.app_layer, &APP_LAYERS)?;
        config.wire.verify_checksums = self.verify_checksums;
        config.wire.ip_headers_max = self.ip_headers_max;
        config.window = Window { count: self.count, from: self.start, until: self.stop };
        config.dedup = self.dedup;
        config.flow.timeouts = self.timeouts.timeouts();
        config.flow.no_split = self.no_split;
        config.flow.ignore_tcp_ends = self.ignore_tcp_ends;
        config.flow.initiator = match given.client.or(self.client.as_deref()) {
            Some(network) if self.initiator == "client" => {
                Initiator::Client(network.parse().map_err(ConfigError)?)
            }
            _ => value_of("initiator", &self.initiator, &INITIATORS)?,
        };
        config.flow.key_ignore = key_ignore(&self.key_ignore)?;
        config.flow.population = value_of("population", &self.population, &POPULATIONS)?;
        config.said.overlap = value_of("tcp_overlap", &self.tcp_overlap, &OVERLAPS)?;
        self.limits.set(&mut config);
        config.check()?;
        Ok(config)
    }

    /// Whether all that is not recorded is there.
    fn check_given(&self, given: &Given<'_>) -> Result<(), ConfigError> {
        let hidden = self.initiator == "client" && self.client.is_none();
        let needed = [
            (self.label_manifest && given.labels.is_none(), "the manifest of labels", "labels"),
            (self.anonymized && given.anonymize.is_none(), "the key of addresses", "anonymize"),
            (self.declared_protocols && given.registry.is_none(), "their protocols", "protocols"),
            (hidden && given.client.is_none(), "the network of clients", "client"),
        ];
        match needed.into_iter().find(|(is_missing, ..)| *is_missing) {
            Some((_, what, option)) => Err(ConfigError(format!(
                "these settings need {what}, which no file keeps: give it as `{option}`"
            ))),
            None => Ok(()),
        }
    }
}

impl SavedTimeouts {
    fn of(timeouts: &Timeouts) -> Self {
        let Timeouts { tcp_idle, other_idle, active, linger, reopen, fragment, clock_jump_max } =
            *timeouts;
        Self { tcp_idle, other_idle, active, linger, reopen, fragment, clock_jump_max }
    }

    fn timeouts(self) -> Timeouts {
        let Self { tcp_idle, other_idle, active, linger, reopen, fragment, clock_jump_max } = self;
        Timeouts { tcp_idle, other_idle, active, linger, reopen, fragment, clock_jump_max }
    }
}

impl SavedLimits {
    fn of(config: &Config) -> Self {
        let (flow, log, said) = (&config.flow.limits, &config.log, &config.said);
        Self {
            flows_max: flow.flows_max,
            tcp_holes_max: flow.tcp_holes_max,
            datagrams_max: flow.datagrams_max,
            datagram_bytes_max: flow.datagram_bytes_max,
            datagram_fragments_max: flow.datagram_fragments_max,
            sequence_max: log.sequence_max,
            sequence_nanos_max: log.sequence_nanos_max,
            sequence_bytes_max: log.sequence_bytes_max,
            log_bytes_max: log.log_bytes_max,
            frames_bytes_max: log.frames_bytes_max,
            bytes_packets_max: log.bytes_packets_max,
            bytes_payload_max: log.bytes_payload_max,
            first_bytes_max: log.first_bytes_max,
            stream_bytes_max: said.stream_bytes_max,
            message_bytes_max: said.message_bytes_max,
            probe_bytes_max: said.probe_bytes_max,
            messages_max: said.messages_max,
            conversation_bytes_max: said.conversation_bytes_max,
        }
    }

    fn set(self, config: &mut Config) {
        config.flow.limits = Limits {
            flows_max: self.flows_max,
            tcp_holes_max: self.tcp_holes_max,
            datagrams_max: self.datagrams_max,
            datagram_bytes_max: self.datagram_bytes_max,
            datagram_fragments_max: self.datagram_fragments_max,
        };
        config.log = LogLimits {
            sequence_max: self.sequence_max,
            sequence_nanos_max: self.sequence_nanos_max,
            sequence_bytes_max: self.sequence_bytes_max,
            log_bytes_max: self.log_bytes_max,
            frames_bytes_max: self.frames_bytes_max,
            bytes_packets_max: self.bytes_packets_max,
            bytes_payload_max: self.bytes_payload_max,
            first_bytes_max: self.first_bytes_max,
        };
        config.said = flowloom_protocols::Limits {
            stream_bytes_max: self.stream_bytes_max,
            message_bytes_max: self.message_bytes_max,
            probe_bytes_max: self.probe_bytes_max,
            messages_max: self.messages_max,
            conversation_bytes_max: self.conversation_bytes_max,
            overlap: config.said.overlap,
        };
    }
}

const VERSION: &str = "flowloom.version";
const SETTINGS: &str = "flowloom.settings";
pub(crate) const ACCOUNT: &str = "flowloom.account";
pub(crate) const CAPTURES: &str = "flowloom.captures";
/// Whether this is the key of what is known of a table when it is whole.
pub fn is_ending(key: &str) -> bool {
    [ACCOUNT, CAPTURES, OWN].contains(&key)
}

/// The key of what a row is, where it is no flow.
pub(crate) const LEVEL: &str = "flowloom.level";
const CLIENT: &str = "flowloom.client";
const OWN: &str = "flowloom.own";
