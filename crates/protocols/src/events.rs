//! Event tables: one row each for what a flow has many of.

use flowloom_schema::{Column, Series};

use crate::{Findings, Wants, dhcp, dns, http, tls};

/// A table of events. Its first column is `flow_id`.
#[derive(Clone, Copy, Debug)]
pub struct EventTable {
    /// Its name, as `--events` takes it.
    pub name: &'static str,
    /// What it has rows for.
    pub doc: &'static str,
    /// What must be parsed for it.
    pub wants: Wants,
    /// Its columns.
    pub columns: fn() -> Vec<Column>,
    /// Appends the rows of a flow to series that are as `columns` says; gives how many.
    pub append: fn(i64, &Findings, &mut [Series]) -> usize,
}

/// All event tables.
pub const EVENTS: &[EventTable] =
    &[dns::TABLE, http::TABLE, tls::RECORDS, tls::CERTIFICATES, dhcp::TABLE];
