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
mod merge;
mod schedule;
mod serial;
mod work;

pub(crate) use schedule::{Emit, Failure, run};

use std::sync::Arc;

use flowloom_features::{Anonymize, Families};
use flowloom_flow::{KeyHasher, Place, Settings as FlowSettings};
use flowloom_wire::Packet;

use crate::Config;

/// What the stages of a run have in common: which parsers and columns the output asked for.
pub(crate) struct Plan<'c> {
    pub(crate) config: &'c Config,
    pub(crate) families: Families,
    hasher: KeyHasher,
}

impl<'c> Plan<'c> {
    pub(crate) fn new(config: &'c Config) -> Self {
        let sets = config.features.iter().map(String::as_str).collect::<Vec<_>>();
        let families = Families::new(&sets, &config.without, config.signs);
        let anonymize = config.anonymize.clone().map(|by| by as Arc<dyn Anonymize>);
        Self::of(config, families.anonymized(anonymize))
    }

    /// A run for these columns, whatever the configuration says.
    pub(crate) fn of(config: &'c Config, families: Families) -> Self {
        Self { config, families, hasher: KeyHasher::random() }
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
