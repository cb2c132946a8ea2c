//! One input to batches of rows.
//!
//! Read -> decode -> serial -> partitions -> merge -> build -> write. Decoding and building are
//! stateless and run in parallel; the serial stage does only what needs all frames in order; a
//! partition takes the blocks in order, whichever thread works on it; merging and writing are in
//! order again. So the rows do not depend on the number of threads, nor on where blocks begin. The
//! one-thread run is the same stages called in turn.

mod ahead;
mod around;
mod flow_view;
mod groups;
mod lessons;
mod merge;
mod schedule;
mod serial;
mod taken;
mod work;

pub(crate) use schedule::{Emit, Failure, run};
pub(crate) use taken::{Finished, IpDatagram, Taken, Takes};

use std::sync::Arc;

use flowloom_features::{Anonymize, Events, Families, Needs};
use flowloom_flow::{KeyHasher, Place, RecordPlace, Settings as FlowSettings};
use flowloom_logs::Logs;
use flowloom_protocols::Wants;
use flowloom_schema::Batch;
use flowloom_wire::Packet;

use crate::words::Words;
use crate::{AppLayer, Config};

/// Rows of all tables of a run.
#[derive(Default)]
pub(crate) struct Tables {
    /// A row for each flow; without columns where only logs are made of them.
    pub(crate) flows: Batch,
    /// The rows of each event table, or of each log.
    pub(crate) events: Vec<Batch>,
    /// What flows said, and which ended.
    pub(crate) finished: Finished,
    /// Number of the first frame of each flow.
    pub(crate) first_frames: Vec<u64>,
}

/// Takes frames that make no flow.
pub(crate) type Others<'c> = &'c (dyn Fn(RecordPlace) + Sync);

/// What the stages of a run have in common: which parsers and columns the output asked for.
pub(crate) struct Plan<'c> {
    pub(crate) config: &'c Config,
    pub(crate) families: Families,
    pub(crate) events: Events,
    /// What flows and events are made to, if that is not what is written.
    pub(crate) logs: Option<Logs>,
    /// What the filter asks of finished flows.
    pub(crate) words: Option<Words>,
    /// What is taken out of flows beside rows.
    pub(crate) takes: Takes,
    /// Takes the frames that make no flow, in order, where somebody wants them.
    pub(crate) others: Option<Others<'c>>,
    /// Whether all flows of a capture are kept until it ends, to come in the order they began.
    pub(crate) keeps_flows: bool,
    hasher: KeyHasher,
}

impl<'c> Plan<'c> {
    pub(crate) fn new(config: &'c Config) -> Self {
        let format = config.output.format;
        let (families, events) = if Logs::has(format) {
            let events = Logs::events(format).iter().map(ToString::to_string).collect::<Vec<_>>();
            (Families::new(Logs::sets(format), &[], config.signs), Events::new(&events))
        } else {
            (config.families(), Events::new(&config.events))
        };
        let event_columns = events.tables().map(|(_, _, columns)| columns).collect::<Vec<_>>();
        let logs = Logs::new(format, &families.columns(), &event_columns);
        let anonymize = config.anonymize.clone().map(|by| by as Arc<dyn Anonymize>);
        let plan = Self::of(config, families.anonymized(anonymize));
        Self { events, logs, ..plan }
    }

    /// A run for these columns, whatever the configuration says.
    pub(crate) fn of(config: &'c Config, families: Families) -> Self {
        let told = |families: Families| match config.app_layer {
            AppLayer::PortOnly => families.told_by_ports(config.registry.clone()),
            AppLayer::Full | AppLayer::None => families,
        };
        let words = config.filter.as_ref().and_then(Words::of).map(|words| words.map(told));
        let families = told(families);
        let (events, hasher) = (Events::default(), KeyHasher::random());
        let (takes, others, keeps_flows) = (Takes::default(), None, false);
        Self { config, families, events, logs: None, words, takes, others, keeps_flows, hasher }
    }

    /// What must be kept of packets for the columns, and for the words of the filter.
    pub(crate) fn needs(&self) -> Needs {
        let words = self.words.as_ref().map(Words::needs);
        self.families.needs().or(words.unwrap_or_default())
    }

    /// What must be parsed of what flows say.
    pub(crate) fn wants(&self) -> Wants {
        match self.config.app_layer {
            AppLayer::Full => self.needs().said.or(self.events.wants()).or(self.takes.wants()),
            AppLayer::PortOnly | AppLayer::None => Wants::NONE,
        }
    }

    /// Whether anybody looks at what packets carry.
    pub(crate) fn reads_payload(&self) -> bool {
        !self.wants().is_none() || self.takes.transcripts.is_some()
    }

    /// The rows of some flows.
    pub(crate) fn tables(&self, finished: Finished, capture: &str) -> Tables {
        let flows = self.families.batch(&finished.flows, capture);
        let events = self.events.batches(&finished.flows, capture);
        let (flows, events) = match &self.logs {
            None => (flows, events),
            Some(logs) => {
                let events = logs.batches(&flows, &events);
                (Batch { columns: Vec::new(), rows: flows.rows }, events)
            }
        };
        let first_frames = finished.flows.iter().map(|ended| ended.flow.first.frame).collect();
        // Here on any thread, not where rows are written.
        let finished = if self.takes.is_nothing() { Finished::default() } else { finished };
        Tables { flows, events, finished, first_frames }
    }

    /// Where a packet belongs.
    #[inline]
    pub(crate) fn place(&self, packet: &Packet) -> Place {
        Place::of(packet, self.config.flow.key_ignore, &self.hasher)
    }

    pub(crate) fn flow(&self) -> &FlowSettings {
        &self.config.flow
    }
}
