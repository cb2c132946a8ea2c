//! One input to batches of rows.
//!
//! Read -> decode -> serial -> partitions -> merge -> build -> write. Decoding and building are
//! stateless and run in parallel; the serial stage does only what needs all frames in order; a
//! partition takes the blocks in order, whichever thread works on it; merging and writing are in
//! order again. So the rows do not depend on the number of threads, nor on where blocks begin. The
//! one-thread run is the same stages called in turn.

mod dedup;
mod flow_view;
mod groups;
mod lessons;
mod merge;
mod schedule;
mod serial;
mod work;

pub(crate) use schedule::{Emit, Failure, run};

use std::sync::Arc;

use flowloom_features::{Anonymize, Events, Families, Kept};
use flowloom_flow::{Ended, KeyHasher, Place, Settings as FlowSettings};
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
}

/// What the stages of a run have in common: which parsers and columns the output asked for.
pub(crate) struct Plan<'c> {
    pub(crate) config: &'c Config,
    pub(crate) families: Families,
    pub(crate) events: Events,
    /// What flows and events are made to, if that is not what is written.
    pub(crate) logs: Option<Logs>,
    /// What the filter asks of finished flows.
    pub(crate) words: Option<Words>,
    hasher: KeyHasher,
}

impl<'c> Plan<'c> {
    pub(crate) fn new(config: &'c Config) -> Self {
        let format = config.output.format;
        let (sets, events) = if Logs::has(format) {
            let events = Logs::events(format).iter().map(ToString::to_string).collect::<Vec<_>>();
            (Logs::sets(format).to_vec(), Events::new(&events))
        } else {
            let sets = config.features.iter().map(String::as_str).collect::<Vec<_>>();
            (sets, Events::new(&config.events))
        };
        let families = Families::new(&sets, &config.without, config.signs);
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
        Self { config, families, events, logs: None, words, hasher }
    }

    /// What must be parsed of what flows say.
    pub(crate) fn wants(&self) -> Wants {
        match self.config.app_layer {
            AppLayer::Full => {
                let words = self.words.as_ref().map(Words::wants);
                let said = self.families.needs().said.or(self.events.wants());
                said.or(words.unwrap_or_default())
            }
            AppLayer::PortOnly | AppLayer::None => Wants::NONE,
        }
    }

    /// The rows of some flows.
    pub(crate) fn tables(&self, flows: &[Ended<Kept>], capture: &str) -> Tables {
        let flows_batch = self.families.batch(flows, capture);
        let events = self.events.batches(flows, capture);
        match &self.logs {
            None => Tables { flows: flows_batch, events },
            Some(logs) => Tables {
                events: logs.batches(&flows_batch, &events),
                flows: Batch { columns: Vec::new(), rows: flows_batch.rows },
            },
        }
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
