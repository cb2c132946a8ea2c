//! Traces: one row for each capture, with the packets of all its flows in the order of their frames; or
//! one for each sample of a capture, where comments on its frames tell of samples.
//!
//! Flows and filters are those of [`crate::run`]. Packets come out of the partitions block by block and
//! are put in order here, so that memory is that of the longest sequence, not of the capture.

mod client;
mod packets;
mod samples;
mod tracer;

use std::fmt;
use std::str::FromStr;

use flowloom_export::{Destination, Format, Sink, SinkError, TableInfo};
use flowloom_features::{Families, TraceTable};
use flowloom_flow::Network;
use flowloom_logs::Logs;
use flowloom_schema::Mac;

use crate::account::CaptureAccount;
use crate::config::did_you_mean;
use crate::inputs::Reading;
use crate::labels::FlowLabels;
use crate::pipeline::{Emit, Plan, Tables, Takes};
use crate::run::{Output, read_all, read_labelled};
use crate::settings_text::{LEVEL, settings_text};
use crate::{Config, ConfigError, RunError, Summary, Watch};
use samples::Samples;

/// What traces are made of, and where they go.
pub struct Traces {
    /// The captures, which packets and flows are wanted, and where rows go. What it says of feature
    /// sets, events and the order of rows is not looked at.
    pub config: Config,
    /// Whose traces they are.
    pub client: Client,
    /// The columns that are wanted; all if there are none.
    pub columns: Vec<String>,
    /// How much is kept.
    pub limits: TraceLimits,
}

/// The host that packets go up from and down to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Client {
    /// The one that opened the most flows; see the guide.
    #[default]
    Auto,
    /// All inside this network.
    Network(Network),
    /// The one with this hardware address.
    Mac(Mac),
}

/// `auto`, an address, a network, or a hardware address.
impl FromStr for Client {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "auto" {
            return Ok(Self::Auto);
        }
        if let Some(mac) = mac(text) {
            return Ok(Self::Mac(mac));
        }
        text.parse().map(Self::Network).map_err(|_| {
            let known = "auto, an address, a network, or a hardware address";
            format!("`{text}` is no host; expected {known}")
        })
    }
}

/// A hardware address: six pairs of hexadecimal digits.
fn mac(text: &str) -> Option<Mac> {
    let octets = text.split([':', '-']).map(|pair| match pair.len() {
        2 if pair.bytes().all(|c| c.is_ascii_hexdigit()) => u8::from_str_radix(pair, 16).ok(),
        _ => None,
    });
    Some(Mac(octets.collect::<Option<Vec<_>>>()?.try_into().ok()?))
}

impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Network(network) => network.fmt(f),
            Self::Mac(Mac(octets)) => {
                let pairs = octets.map(|octet| format!("{octet:02x}"));
                f.write_str(&pairs.join(":"))
            }
        }
    }
}

/// How much is kept of the traces of a capture, beside what [`crate::LogLimits`] says of its packets.
#[derive(Clone, Copy, Debug)]
pub struct TraceLimits {
    /// Flows that are waited for until it is decided who the client is.
    pub flows_max: usize,
}

impl Default for TraceLimits {
    fn default() -> Self {
        Self { flows_max: 1 << 16 }
    }
}

/// Makes a row of each capture, until they end or `watch` is told to stop.
///
/// A capture that cannot be opened has no row; one that is cut or damaged has one of what was read.
pub fn traces(traces: &Traces, watch: &Watch) -> Result<Summary, RunError> {
    traces.check_output()?;
    let info = trace_table(traces)?;
    let mut output = traces.config.output.clone();
    output.settings.npz.columns.clone_from(&traces.columns);
    trace_to(traces, watch, Output::open_one(&output, &info)?)
}

/// The same, with the columns of [`trace_table`], to a sink of the caller's.
pub fn traces_into(
    traces: &Traces,
    sink: Box<dyn Sink>,
    watch: &Watch,
) -> Result<Summary, RunError> {
    traces.check()?;
    trace_to(traces, watch, Output::into(vec![sink]))
}

/// The table of traces that a run gives.
pub fn trace_table(traces: &Traces) -> Result<TableInfo, ConfigError> {
    traces.check()?;
    let config = &traces.config;
    let mut columns = traces.table().columns().to_vec();
    columns.extend(config.labels.columns());
    let mut metadata = settings_text(config);
    metadata.push((LEVEL.into(), "trace".into()));
    let client = match traces.client {
        // It would say which address became which.
        Client::Network(_) | Client::Mac(_) if config.anonymize.is_some() => "given".into(),
        client => client.to_string(),
    };
    metadata.push(("flowloom.client".into(), client));
    Ok(TableInfo { name: "traces".into(), columns, metadata })
}

fn trace_to(traces: &Traces, watch: &Watch, mut output: Output) -> Result<Summary, RunError> {
    let config = &traces.config;
    let readings = Reading::all(config)?;
    let mut plan = Plan::of(config, Families::new(&[], &[], config.signs));
    plan.takes = Takes { packets: true, ..Takes::default() };
    let table = traces.table();
    let read = |reading: &Reading<'_>, threads, emit: Emit<'_>| {
        trace_one(reading, &plan, (traces, &table), threads, watch, emit)
    };
    let captures = read_all(&readings, config, &read, watch, &mut output)?;
    output.finish(config, captures, watch)
}

/// The rows of a capture.
fn trace_one(
    reading: &Reading<'_>,
    plan: &Plan<'_>,
    (traces, table): (&Traces, &TraceTable),
    threads: usize,
    watch: &Watch,
    emit: Emit<'_>,
) -> Result<CaptureAccount, SinkError> {
    let mut samples = Samples::new(traces);
    let mut take = |labels: &FlowLabels<'_>, tables: Tables| {
        samples.take(labels, tables.finished);
        Ok(())
    };
    let mut account = read_labelled(reading, plan, threads, watch, &mut take)?;
    if account.error.is_some() && account.account.frames == 0 {
        return Ok(account);
    }
    let capture = (reading.name.as_str(), &reading.labels);
    for flows in samples.rows(capture, table, &mut account.account) {
        emit(Tables { flows, ..Tables::default() })?;
    }
    Ok(account)
}

impl Traces {
    /// The columns that are made.
    fn table(&self) -> TraceTable {
        let mut names = self.columns.clone();
        if self.config.output.format == Format::Npz {
            if names.is_empty() {
                names.push("directions".into());
            }
            names.push("capture".into());
        }
        TraceTable::new(&names, self.config.signs)
    }

    fn check(&self) -> Result<(), ConfigError> {
        let refuse = |text: String| Err(ConfigError(text));
        self.config.check()?;
        let all = TraceTable::new(&[], self.config.signs);
        let is_known = |name: &String| all.columns().iter().any(|column| column.name == *name);
        if let Some(name) = self.columns.iter().find(|name| !is_known(name)) {
            let names = all.columns().iter().map(|column| &*column.name);
            let list = || "`flowloom features --traces` lists them".into();
            let meant = did_you_mean(name, names, list);
            return refuse(format!("traces have no column `{name}`; {meant}"));
        }
        Ok(())
    }
    /// What only matters where the engine writes itself.
    fn check_output(&self) -> Result<(), ConfigError> {
        let refuse = |text: String| Err(ConfigError(text));
        let format = self.config.output.format;
        if Logs::has(format) {
            return refuse(format!("--format {} is for flows, not for traces", format.name()));
        }
        match &self.config.output.destination {
            Destination::File(path) if path.is_file() && !self.config.output.force => {
                return refuse(format!("{} exists; --force replaces it", path.display()));
            }
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use flowloom_schema::Mac;

    use super::Client;

    #[test]
    fn clients_are_read_and_written() {
        for text in ["auto", "10.0.0.0/8", "2001:db8::/32", "02:00:5e:00:53:ff"] {
            assert_eq!(text.parse::<Client>().unwrap().to_string(), text);
        }
        for (text, network) in [("192.0.2.1", "192.0.2.1/32"), ("fe80::1", "fe80::1/128")] {
            assert_eq!(text.parse(), network.parse().map(Client::Network));
        }
        let mac = Client::Mac(Mac([2, 0, 0x5e, 0, 0x53, 0xff]));
        assert_eq!("02-00-5E-00-53-FF".parse(), Ok(mac));
        for text in ["", "me", "02:00:5e:00:53", "02:00:5e:00:53:ff:00", "+2:00:5e:00:53:ff"] {
            assert!(text.parse::<Client>().is_err(), "{text}");
        }
    }
}
