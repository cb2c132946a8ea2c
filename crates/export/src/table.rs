//! A table for people, on a terminal.
//!
//! Of the columns of flows it shows those a person looks at first, in words: see [`view`]. It is
//! made when all rows are known, sorted by `flow_id`, as wide as the terminal (what matters least
//! is left out first, long texts are cut), and whole when there is no terminal. Rows beyond a limit
//! are counted, not kept. Text from the wire cannot act on the terminal: see [`view::visible`].

mod layout;
#[cfg(test)]
mod tests;
mod view;

use std::collections::BinaryHeap;
use std::fmt::Write as _;

use flowloom_schema::{Batch, Column, Values};

use crate::output::Output;
use crate::{Destination, Ending, Settings, Sink, SinkError, TableInfo, Written};
use view::View;

/// The terminal a table is made for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terminal {
    /// Characters in a line; none if it is no terminal: then nothing is left out or cut.
    pub width: Option<usize>,
    /// Whether to use colours.
    pub color: bool,
    /// Rows shown, at most; the others are counted.
    pub rows_max: usize,
    /// Whether to show every column but lists and structs, instead of a choice in words.
    pub all_columns: bool,
}

impl Default for Terminal {
    fn default() -> Self {
        Self { width: None, color: false, rows_max: 1_000, all_columns: false }
    }
}

pub(crate) struct TableSink {
    output: Output,
    terminal: Terminal,
    /// What a row is, in the plural.
    name: String,
    /// Where `flow_id` is.
    order: Option<usize>,
    view: View,
    /// The rows that come first, the last of them on top.
    kept: BinaryHeap<Row>,
    rows: u64,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    flow_id: i64,
    /// In the order they came: rows of one number, or of a table without numbers.
    arrival: u64,
    cells: Vec<String>,
}

impl TableSink {
    pub(crate) fn open(
        destination: Destination,
        table: &TableInfo,
        settings: &Settings,
    ) -> Result<Self, SinkError> {
        let terminal = settings.terminal.clone();
        let is_order = |column: &Column| column.name == "flow_id";
        Ok(Self {
            output: Output::text(destination)?,
            name: table.name.clone(),
            order: table.columns.iter().position(is_order),
            view: View::new(&table.columns, terminal.all_columns),
            terminal,
            kept: BinaryHeap::new(),
            rows: 0,
        })
    }

    fn text(self) -> (Output, String) {
        let hidden = self.rows - self.kept.len() as u64;
        let mut rows: Vec<Vec<String>> =
            self.kept.into_sorted_vec().into_iter().map(|row| row.cells).collect();
        self.view.leave_out_lone_capture(&mut rows);
        let day = self.view.shorten_days(&mut rows);
        let mut text = String::new();
        let mut notes = Vec::new();
        if !rows.is_empty() {
            let (shown, missing) =
                layout::lay_out(&self.view.columns, &rows, &self.terminal, &mut text);
            let day = day.filter(|_| shown.iter().any(|column| self.view.is_time(*column)));
            notes.extend(day.map(|day| format!("times are of {day}, UTC")));
            match missing {
                0 => {}
                1 => notes.push("1 column does not fit the terminal".into()),
                _ => notes.push(format!("{missing} columns do not fit the terminal")),
            }
        }
        let name = if self.rows == 1 { self.name.trim_end_matches('s') } else { &self.name };
        let mut last = match hidden {
            0 => format!("{} {name}", view::grouped(self.rows as i64)),
            _ => format!(
                "… and {} more {name}; `-o {}.parquet` gets all of them",
                view::grouped(hidden as i64),
                self.name
            ),
        };
        if !notes.is_empty() {
            let _ = write!(last, " ({})", notes.join("; "));
        }
        if self.terminal.color {
            last = layout::Style::Dim.paint(&last);
        }
        text.push_str(&last);
        text.push('\n');
        (self.output, text)
    }
}

impl Sink for TableSink {
    fn write(&mut self, batch: Batch) -> Result<(), SinkError> {
        let numbers = self.order.map(|column| &batch.columns[column].values);
        for row in 0..batch.rows {
            let flow_id = match numbers {
                Some(Values::I64(numbers)) => numbers[row],
                _ => 0,
            };
            let arrival = self.rows;
            self.rows += 1;
            if self.kept.len() >= self.terminal.rows_max {
                let last = self.kept.peek().map(|last| (last.flow_id, last.arrival));
                if last.is_none_or(|last| (flow_id, arrival) > last) {
                    continue;
                }
                self.kept.pop();
            }
            self.kept.push(Row { flow_id, arrival, cells: self.view.cells(&batch, row) });
        }
        Ok(())
    }

    fn end(
        self: Box<Self>,
        ending: Ending,
        _account: &[(String, String)],
    ) -> Result<Written, SinkError> {
        let rows = self.rows;
        let (mut output, text) = self.text();
        output.put(text.as_bytes())?;
        output.end(rows, ending)
    }
}
