//! What flows say, taken out of captures: TCP streams put together, UDP conversations.
//!
//! Flows, filters and names are those of [`crate::run`]; what a flow said comes out when it ends, in
//! the order of its rows there. Until then it waits in memory, and beyond a limit in a temporary file.

mod decode;
mod encode;
mod flow;
mod handed;
mod ip;
mod json;
mod objects;
mod output;
mod said;
mod spool;
mod unit;
mod write;

use std::path::PathBuf;
use std::sync::Arc;

use flowloom_export::SinkError;
use flowloom_features::Families;
use flowloom_flow::Direction;
use flowloom_protocols::Pieces;
use flowloom_protocols::http::Bodies;
use serde::Serialize;

pub use encode::Data;
pub use flow::StreamFlow;
pub use handed::{StreamPart, TakeParts};

use crate::inputs::Reading;
use crate::pipeline::{Finished, Plan, Tables, Takes};
use crate::run::read_one;
use crate::{Account, Config, ConfigError, RunError, Summary, Watch};
use objects::Objects;
use output::Outputs;
use said::Said;
use spool::Spool;

/// What is to be taken out of captures, and where it goes.
pub struct Streams {
    /// The captures, which packets and flows are wanted, and how TCP is put together
    /// ([`Config::said`]). What it says of columns and of the output is not looked at.
    pub config: Config,
    /// The flows that are wanted, by the numbers of their first frames; all if there are none.
    pub flows: Vec<u64>,
    /// What is taken out of them.
    pub what: What,
    /// Only what this side said.
    pub direction: Option<Direction>,
    /// How it is shown or written.
    pub shape: Shape,
    /// Where it goes.
    pub destination: StreamsTo,
    /// How much is kept, and made.
    pub limits: StreamLimits,
}

/// What is taken out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum What {
    /// What flows say.
    #[default]
    Said,
    /// The bodies of HTTP messages.
    Objects {
        /// Whether content encodings are undone.
        decode: bool,
    },
    /// IP datagrams that came in fragments, all fragments joined.
    Datagrams,
}

/// How what flows say is shown or written.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// What belongs together.
    pub view: View,
    /// The form of it.
    pub format: StreamFormat,
    /// How bytes become text.
    pub data: Data,
    /// Whether holes stay holes; else zeros are put in their place.
    pub strict: bool,
    /// Whether text has colours.
    pub color: bool,
}

/// What belongs together of what a flow says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum View {
    /// Both directions, packet by packet.
    #[default]
    Conversation,
    /// Messages: of TCP, what a side sent without having heard anything new from the other one; of
    /// UDP, datagrams.
    Messages,
    /// Each direction as a whole.
    Raw,
}

/// The form of what is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StreamFormat {
    /// Lines for people.
    #[default]
    Text,
    /// JSON Lines.
    JsonLines,
    /// The bytes themselves.
    Bytes,
}

/// Where what is taken out goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StreamsTo {
    /// Standard output.
    Stdout,
    /// A directory: a file for each unit, and an index.
    Directory {
        /// The directory; made if it is not there.
        path: PathBuf,
        /// Whether it may have files in it, which are replaced if they have the same names.
        force: bool,
    },
}

/// How much is kept, and made.
#[derive(Clone, Copy, Debug)]
pub struct StreamLimits {
    /// Bytes of flows that have not ended that stay in memory; what is more waits in a temporary file.
    pub memory_max: usize,
    /// The longest hole that is filled with zeros.
    pub fill_max: u64,
    /// Zeros that are put in the place of holes in a run.
    pub fill_total_max: u64,
    /// Bytes that a body may have once its content encoding is undone.
    pub decoded_max: u64,
    /// Bytes of a unit that are handed over together ([`take_streams_into`]).
    pub part_max: usize,
}

/// What a run came to.
#[derive(Clone, Debug, Serialize)]
pub struct StreamsSummary {
    /// The captures and what became of their frames. Rows are units.
    pub summary: Summary,
    /// What was taken out.
    pub taken: TakenCounts,
    /// Flows that were named and did not come.
    pub absent: Vec<u64>,
}

/// What was taken out of captures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TakenCounts {
    /// Flows that said something.
    pub flows: u64,
    /// Units: directions, messages, conversations.
    pub units: u64,
    /// Bytes that came.
    pub bytes: u64,
    /// Units with holes.
    pub incomplete: u64,
    /// Bytes that never came.
    pub missing: u64,
    /// Those of them for which no zeros were written because a limit was reached.
    pub unfilled: u64,
}

impl Default for StreamLimits {
    fn default() -> Self {
        Self {
            memory_max: 64 << 20,
            fill_max: 16 << 20,
            fill_total_max: 4 << 30,
            decoded_max: 1 << 30,
            part_max: 1 << 30,
        }
    }
}

impl Shape {
    /// Whether units are messages or directions.
    fn is_grouped(self) -> bool {
        self.view != View::Conversation
    }
}

/// Takes out what flows say, until the captures end or `watch` is told to stop.
pub fn take_streams(streams: &Streams, watch: &Watch) -> Result<StreamsSummary, RunError> {
    take(streams, watch, || Outputs::open(streams))
}

/// The same, handed to `taker`: the destination and the form are not looked at. Bodies of HTTP
/// messages cannot be had so.
pub fn take_streams_into(
    streams: &Streams,
    taker: Box<dyn TakeParts>,
    watch: &Watch,
) -> Result<StreamsSummary, RunError> {
    if matches!(streams.what, What::Objects { .. }) {
        let text = "the bodies of HTTP messages go into a directory";
        return Err(RunError::Config(ConfigError(text.into())));
    }
    take(streams, watch, || Ok(Outputs::handed(streams, taker)))
}

fn take(
    streams: &Streams,
    watch: &Watch,
    open: impl FnOnce() -> Result<Outputs, RunError>,
) -> Result<StreamsSummary, RunError> {
    let config = &streams.config;
    config.check().map_err(RunError::Config)?;
    let readings = Reading::all(config).map_err(RunError::Config)?;
    let mut flows = streams.flows.clone();
    flows.sort_unstable();
    flows.dedup();
    let families = Families::new(&[], &[], config.signs);
    let flows = Arc::<[u64]>::from(flows);
    let takes = match streams.what {
        What::Said => Takes { transcripts: Some(flows.clone()), ..Takes::default() },
        What::Objects { .. } => Takes { bodies: true, ..Takes::default() },
        What::Datagrams => Takes { datagrams: true, ..Takes::default() },
    };
    let mut plan = Plan::of(config, families);
    plan.takes = takes;
    let mut taker = Taker {
        outputs: open()?,
        spool: Spool::new(streams.limits.memory_max),
        objects: Objects::new(streams),
        came: vec![false; flows.len()],
        flows,
        capture: ("", None),
    };
    let (mut captures, mut total) = (Vec::new(), Account::default());
    for (number, reading) in (1..).zip(&readings) {
        taker.capture = (&reading.name, (readings.len() > 1).then_some(number));
        let mut emit = |tables: Tables| taker.take(tables.finished);
        match read_one(reading, &plan, config.threads.get(), watch, &mut emit) {
            Ok(account) => {
                total.add(&account.account);
                captures.push(account);
            }
            Err(error) => return Err(taker.outputs.give_up(error).into()),
        }
    }
    let taken = taker.counts();
    let (rows, interrupted) = (taken.units, watch.is_stopped());
    let summary = Summary { captures, total, rows, labels: None, interrupted };
    let absent = taker.absent();
    taker.outputs.close(&summary)?;
    Ok(StreamsSummary { summary, taken, absent })
}

/// Takes what the pipeline gives.
struct Taker<'r> {
    outputs: Outputs,
    spool: Spool<u64>,
    objects: Objects,
    /// The flows that are wanted, in order; all if there are none.
    flows: Arc<[u64]>,
    /// Which of these have come.
    came: Vec<bool>,
    /// The name of the capture, and its number if there are several.
    capture: (&'r str, Option<usize>),
}

impl Taker<'_> {
    /// Sets aside what flows said, and writes it of those that have ended.
    fn take(&mut self, finished: Finished) -> Result<(), SinkError> {
        let Finished { flows, taken } = finished;
        for (head, bytes) in taken.pieces.iter().flat_map(Pieces::iter) {
            Said::keep(&mut self.spool, head, bytes)?;
        }
        for (part, bytes) in taken.bodies.iter().flat_map(Bodies::iter) {
            if self.wants(part.flow_id) {
                self.objects.keep(part, bytes)?;
            }
        }
        for datagram in &taken.datagrams {
            self.outputs.datagram(datagram, self.capture)?;
        }
        for flow_id in taken.dropped {
            drop(Said::take(&mut self.spool, flow_id));
            self.objects.forget(flow_id);
        }
        let (capture, number) = self.capture;
        for ended in &flows {
            match self.flows.binary_search(&ended.flow.first.frame) {
                Ok(named) => self.came[named] = true,
                Err(_) if self.flows.is_empty() => {}
                Err(_) => continue,
            }
            let flow = StreamFlow::of(ended, capture, number);
            if let Some(mut said) = Said::take(&mut self.spool, flow.flow_id) {
                self.outputs.flow(&flow, &mut said)?;
            }
            self.objects.flow(&flow, ended, &mut self.outputs)?;
        }
        Ok(())
    }

    fn wants(&self, flow_id: u64) -> bool {
        self.flows.is_empty() || self.flows.binary_search(&flow_id).is_ok()
    }

    fn absent(&self) -> Vec<u64> {
        let absent = self.flows.iter().zip(&self.came).filter(|(_, came)| !**came);
        absent.map(|(flow, _)| *flow).collect()
    }

    fn counts(&self) -> TakenCounts {
        let (said, objects) = (self.outputs.counts(), self.objects.counts);
        TakenCounts {
            flows: said.flows + objects.flows,
            units: said.units + objects.units,
            bytes: said.bytes + objects.bytes,
            incomplete: said.incomplete + objects.incomplete,
            missing: said.missing + objects.missing,
            unfilled: said.unfilled + objects.unfilled,
        }
    }
}
