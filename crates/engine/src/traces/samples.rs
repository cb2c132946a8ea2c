//! The traces of a capture: one, or one for each sample that the comments on its frames tell of.

use std::collections::HashMap;

use flowloom_features::TraceTable;
use flowloom_schema::Batch;

use super::Traces;
use super::packets::packets_max;
use super::tracer::Tracer;
use crate::Account;
use crate::labels::{self, FlowLabels, LabelValues};
use crate::pipeline::Finished;

/// The traces of a capture, as far as it was read.
pub(super) struct Samples<'t> {
    traces: &'t Traces,
    all: Vec<Sample>,
    /// The sample of the labels in a place.
    by_place: HashMap<u32, usize>,
    by_labels: HashMap<LabelValues, usize>,
    /// Flows that wait until the client of their trace is known.
    waiting: usize,
    /// Packets that are kept, and how many there may be.
    kept: usize,
    packets_max: usize,
}

/// A trace, and what it has in common with no other.
struct Sample {
    labels: LabelValues,
    /// The first frame of its first flow.
    began: u64,
    tracer: Tracer,
}

impl<'t> Samples<'t> {
    pub(super) fn new(traces: &'t Traces) -> Self {
        Self {
            traces,
            all: Vec::new(),
            by_place: HashMap::new(),
            by_labels: HashMap::new(),
            waiting: 0,
            kept: 0,
            packets_max: packets_max(traces.config.log),
        }
    }

    /// Takes packets, and the flows that ended with them.
    pub(super) fn take(&mut self, labels: &FlowLabels<'_>, finished: Finished) {
        let Finished { flows, taken } = finished;
        let is_one = !labels.are_in_comments();
        for packets in taken.packets.chunk_by(|a, b| is_one || a.flow_id == b.flow_id) {
            let (kept, packets_max) = (self.kept, self.packets_max);
            let tracer = self.of(labels, packets[0].flow_id);
            let others = kept - tracer.kept();
            tracer.take_packets(packets, packets_max.saturating_sub(others));
            self.kept = others + tracer.kept();
        }
        for flow_id in taken.dropped {
            self.of(labels, flow_id).drop_flow(flow_id);
        }
        for ended in &flows {
            let waits = self.of(labels, ended.flow.first.frame).take_flow(ended);
            self.waiting += usize::from(waits);
            if self.waiting >= self.traces.limits.flows_max {
                self.all.iter_mut().for_each(|sample| sample.tracer.decide_early());
                self.waiting = 0;
            }
        }
    }

    /// The rows, in the order in which the samples began; of a capture without packets, one of nothing.
    pub(super) fn rows(
        mut self,
        (capture, of_capture): (&str, &LabelValues),
        table: &TraceTable,
        account: &mut Account,
    ) -> Vec<Batch> {
        if self.all.is_empty() {
            let names = self.traces.config.labels.names_in_comments();
            self.add(vec![None; names.len()]);
        }
        self.all.sort_by_key(|sample| sample.began);
        let row = |sample: Sample| {
            let mut row = sample.tracer.row(capture, table, account);
            labels::append(of_capture, &mut row);
            labels::append(&sample.labels, &mut row);
            row
        };
        self.all.into_iter().map(row).collect()
    }

    /// The trace that a flow is of, by the number of its first frame.
    fn of(&mut self, labels: &FlowLabels<'_>, flow_id: u64) -> &mut Tracer {
        let place = labels.place_of(flow_id);
        let index = if let Some(index) = self.by_place.get(&place) {
            *index
        } else {
            let values = labels.in_comments(place);
            let known = self.by_labels.get(&values).copied();
            let index = known.unwrap_or_else(|| self.add(values));
            self.by_place.insert(place, index);
            index
        };
        let sample = &mut self.all[index];
        sample.began = sample.began.min(flow_id);
        &mut sample.tracer
    }

    fn add(&mut self, labels: LabelValues) -> usize {
        let tracer = Tracer::new(self.traces);
        let index = self.all.len();
        self.by_labels.insert(labels.clone(), index);
        self.all.push(Sample { labels, began: u64::MAX, tracer });
        index
    }
}
