//! Event tables: one row each for what a flow has many of.

use flowloom_flow::Ended;
use flowloom_protocols::{EVENTS, EventTable, Wants};
use flowloom_schema::{Batch, Column, Record, Series, record};

use crate::kept::Kept;

/// The event tables that were asked for.
#[derive(Clone, Debug, Default)]
pub struct Events {
    tables: Vec<&'static EventTable>,
}

record! {
    /// Where an event was found, beside its flow.
    pub struct Place<'a> in "events" since "0.1" over "one event" {
        /// Capture the flow was found in, as it was named; with a directory, relative to it, and with several, after the name of its own. Together with `flow_id` it identifies the flow.
        capture: &'a str [None, Identity],
    }
}

impl Events {
    /// The tables of these names, in their order.
    pub fn new(names: &[String]) -> Self {
        let table = |name: &String| EVENTS.iter().find(|table| table.name == name);
        Self { tables: names.iter().filter_map(table).collect() }
    }

    /// All tables there are.
    pub fn all() -> Self {
        Self { tables: EVENTS.iter().collect() }
    }

    /// The names of all tables there are.
    pub fn names() -> impl Iterator<Item = &'static str> {
        EVENTS.iter().map(|table| table.name)
    }

    /// Whether none were asked for.
    pub fn is_empty(&self) -> bool {
        self.tables.is_empty()
    }

    /// Name of each table, what it has rows for, and its columns.
    pub fn tables(&self) -> impl Iterator<Item = (&'static str, &'static str, Vec<Column>)> {
        self.tables.iter().map(|table| (table.name, table.doc, columns(table)))
    }

    /// What must be parsed for them.
    pub fn wants(&self) -> Wants {
        self.tables.iter().fold(Wants::NONE, |all, table| all.or(table.wants))
    }

    /// The rows of some flows, a batch for each table.
    pub fn batches(&self, flows: &[Ended<Kept>], capture: &str) -> Vec<Batch> {
        self.tables.iter().map(|table| batch(table, flows, capture)).collect()
    }
}

/// The columns of an event table: the flow, the capture, then what is its own.
fn columns(table: &EventTable) -> Vec<Column> {
    let mut columns = (table.columns)();
    columns.splice(1..1, Place::columns());
    columns
}

fn batch(table: &EventTable, flows: &[Ended<Kept>], capture: &str) -> Batch {
    let own = (table.columns)();
    let mut series = own.iter().map(|column| Series::new(column.data_type)).collect::<Vec<_>>();
    let mut rows = 0;
    for ended in flows {
        if let Some(findings) = ended.flow.keep.findings() {
            rows += (table.append)(ended.flow.first.frame as i64, findings, &mut series);
        }
    }
    let mut captures = Series::new(Place::columns()[0].data_type);
    (0..rows).for_each(|_| captures.push_text(capture));
    series.insert(1, captures);
    Batch { columns: series, rows }
}
