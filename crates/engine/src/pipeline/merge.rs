//! Ended flows in the order of the output, cut into batches.

use flowloom_features::Kept;
use flowloom_flow::Ended;

use super::flow_view::FinishedFlow;
use super::groups::Harvest;
use super::lessons::Lessons;
use super::{Finished, Plan, Taken};
use crate::Account;

/// Puts the flows that ended in order.
pub(crate) struct Merger {
    pending: Vec<Ended<Kept>>,
    /// Flows that wait for the end of the capture.
    kept: Vec<Ended<Kept>>,
    /// Packet records of the pending flows.
    records: usize,
    /// What flows said.
    taken: Taken,
    lessons: Lessons,
    account: Account,
}

impl Merger {
    pub(crate) fn new() -> Self {
        Self {
            pending: Vec::new(),
            kept: Vec::new(),
            records: 0,
            taken: Taken::default(),
            lessons: Lessons::default(),
            account: Account::default(),
        }
    }

    /// Takes the flows that ended in a block, of all partitions; gives the batches that are full.
    ///
    /// Rows are ordered by the frame at which the end was decided, then by `flow_id`. Batches are
    /// cut by what is in them alone, so that they do not depend on where blocks begin.
    pub(crate) fn take(&mut self, harvest: Harvest, plan: &Plan<'_>) -> Vec<Finished> {
        let Harvest { mut ended, lessons, taken } = harvest;
        ended.sort_unstable_by_key(|ended| (ended.frame, ended.flow.first.frame));
        self.lessons.teach(&mut ended, lessons);
        self.taken.extend(taken);
        let test = plan.config.filter.as_ref().and_then(|filter| filter.flow());
        let mut full = Vec::new();
        let values = plan.words.as_ref().map(|words| (words, words.values(&ended)));
        for (row, flow) in ended.into_iter().enumerate() {
            let words = values.as_ref().map(|(words, values)| (*words, values, row));
            let finished = FinishedFlow { flow: &flow.flow, words };
            if test.is_some_and(|test| !test.matches(&finished)) {
                self.account.flows_filtered += 1;
                if !plan.takes.is_nothing() {
                    self.taken.dropped.push(flow.flow.first.frame);
                }
                continue;
            }
            self.account.add_flow(flow.reason);
            if plan.keeps_flows {
                self.kept.push(flow);
            } else if let Some(batch) = self.push(flow) {
                full.push(batch);
            }
        }
        if self.taken.held() >= BATCH_TAKEN {
            full.push(self.rest());
        }
        full
    }

    /// After the last flow: what is left, in the order the flows began if they were kept.
    pub(crate) fn finish(&mut self) -> Vec<Finished> {
        let mut kept = std::mem::take(&mut self.kept);
        kept.sort_unstable_by_key(|ended| ended.flow.first.frame);
        let mut all = kept.into_iter().filter_map(|flow| self.push(flow)).collect::<Vec<_>>();
        all.push(self.rest());
        all
    }

    /// Adds a flow to the batch; gives the batch if it is full.
    fn push(&mut self, flow: Ended<Kept>) -> Option<Finished> {
        self.records += flow.flow.keep.weight();
        self.pending.push(flow);
        let is_full = self.pending.len() == BATCH_ROWS || self.records >= BATCH_RECORDS;
        is_full.then(|| self.rest())
    }

    /// The flows that wait for their batch to be full.
    fn rest(&mut self) -> Finished {
        self.records = 0;
        let flows = std::mem::replace(&mut self.pending, Vec::with_capacity(BATCH_ROWS));
        Finished { flows, taken: std::mem::take(&mut self.taken) }
    }

    pub(crate) fn account(&self) -> Account {
        let mut account = self.account.clone();
        self.lessons.add_to(&mut account);
        account
    }
}

/// Rows of a batch at most.
pub(crate) const BATCH_ROWS: usize = 2_048;
/// Packet records of the flows of a batch, after which it is full whatever its rows.
const BATCH_RECORDS: usize = 1 << 19;
/// Bytes of what flows said, after which it is passed on whatever its rows.
const BATCH_TAKEN: usize = 1 << 20;
