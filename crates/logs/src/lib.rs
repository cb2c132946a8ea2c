//! Tables of flows and events to the logs of other programs: Zeek's, EVE JSON, IPFIX.
//!
//! Each log is a list of [`Field`]s, which say under which name a column goes out: the logs and
//! their documentation follow from it. What needs more than one column is made by a function beside
//! the list. A field that is documented by the other program but is not known here is in the list,
//! too, as one that is never filled.
//!
//! Text comes out as whole lines, for `export` to write; IPFIX as columns that are named as
//! information elements. Nothing here knows how columns come to be, only what they are called.

mod eve;
mod guide;
mod ipfix;
mod row;
mod value;
mod zeek;

use flowloom_export::Format;
use flowloom_schema::{Batch, Column, DataType, Role, Series, Unit};

pub use guide::guide;
use row::{Names, Row};
use value::Value;

/// A table of flows and tables of events to the tables of a format.
#[derive(Clone, Debug)]
pub struct Logs {
    kind: Kind,
    flow: Names,
    /// The event tables, in the order of [`Logs::events`].
    events: Vec<Names>,
}

/// A table that is to be written.
#[derive(Clone, Debug)]
pub struct LogTable {
    /// Its name, and that of its file where there are several.
    pub name: &'static str,
    /// Its columns.
    pub columns: Vec<Column>,
    /// What comes before all rows.
    pub head: Batch,
}

/// The formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Zeek,
    Eve,
    Ipfix,
}

/// A field of a log.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field {
    /// Its name; with a dot, the path to it.
    name: &'static str,
    /// Its type, where the format has one.
    kind: &'static str,
    from: From,
}

/// Where the value of a field comes from.
#[derive(Clone, Copy, Debug)]
enum From {
    /// From this column of the flow.
    Flow(&'static str),
    /// From this column of the events: of the first that has a value.
    Event(&'static str),
    /// Made by a function, of the columns that are named.
    Made(&'static str, Make),
    /// It is never filled.
    Never,
}

type Make = for<'a, 'b> fn(&'b Subject<'a>) -> Value<'a>;

/// The records of a flow, of its events by table: each is made of the events in it.
type Records = for<'a> fn(Row<'a>, &[Vec<Row<'a>>]) -> Vec<Vec<Row<'a>>>;

/// What one record of a log is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subject<'a> {
    /// The flow.
    flow: Row<'a>,
    /// The events of it that make the record; none if the flow itself does.
    events: &'a [Row<'a>],
    /// How many records of the flow came before in the log.
    number: usize,
}

impl Kind {
    fn of(format: Format) -> Option<Self> {
        match format {
            Format::Zeek => Some(Self::Zeek),
            Format::Eve => Some(Self::Eve),
            Format::Ipfix => Some(Self::Ipfix),
            _ => None,
        }
    }
}

impl Logs {
    /// The logs of a format, from tables with these columns: the sets of [`Logs::sets`] and the
    /// event tables of [`Logs::events`]. None if the format writes tables as they are.
    pub fn new(format: Format, flow: &[Column], events: &[Vec<Column>]) -> Option<Self> {
        let kind = Kind::of(format)?;
        let events = events.iter().map(|columns| Names::of(columns)).collect();
        Some(Self { kind, flow: Names::of(flow), events })
    }

    /// Whether a format is that of logs.
    pub fn has(format: Format) -> bool {
        Kind::of(format).is_some()
    }

    /// The feature sets that a format needs.
    pub fn sets(format: Format) -> &'static [&'static str] {
        match Kind::of(format) {
            Some(Kind::Zeek) => &["core", "connection", "application", "tls", "ssh"],
            Some(Kind::Eve) => &["core", "application", "tls", "quic", "ssh"],
            Some(Kind::Ipfix) => &["core", "application"],
            None => &[],
        }
    }

    /// The event tables that a format needs.
    pub fn events(format: Format) -> &'static [&'static str] {
        match Kind::of(format) {
            Some(Kind::Zeek | Kind::Eve) => &["dns", "http", "certificates", "dhcp"],
            Some(Kind::Ipfix) | None => &[],
        }
    }

    /// The tables that come out.
    pub fn tables(&self) -> Vec<LogTable> {
        match self.kind {
            Kind::Zeek => zeek::LOGS.iter().map(zeek::table).collect(),
            Kind::Eve => vec![LogTable { name: "eve", columns: line_column(), head: lines([]) }],
            Kind::Ipfix => vec![ipfix::table()],
        }
    }

    /// The rows of [`Logs::tables`] for some flows and the events of these flows, in their order.
    pub fn batches(&self, flows: &Batch, events: &[Batch]) -> Vec<Batch> {
        let mut reader = Reader { logs: self, flows, events, next: vec![0; events.len()] };
        match self.kind {
            Kind::Zeek => zeek::batches(&mut reader),
            Kind::Eve => vec![eve::batch(&mut reader)],
            Kind::Ipfix => vec![ipfix::batch(&mut reader)],
        }
    }
}

/// Goes over flows, and over the events of each with it.
struct Reader<'a> {
    logs: &'a Logs,
    flows: &'a Batch,
    events: &'a [Batch],
    /// The first event of each table that is of none of the flows so far.
    next: Vec<usize>,
}

impl<'a> Reader<'a> {
    fn flows(&self) -> impl Iterator<Item = Row<'a>> + use<'a> {
        let (names, batch) = (&self.logs.flow, self.flows);
        (0..batch.rows).map(move |at| Row { names, batch, at })
    }

    /// The events of the flow, by table; flows are asked for in their order.
    fn events(&mut self, flow: Row<'_>) -> Vec<Vec<Row<'a>>> {
        let flow_id = flow.int("flow_id");
        let tables = self.logs.events.iter().zip(self.events).zip(&mut self.next);
        let of_table = |((names, batch), next): ((&'a Names, &'a Batch), &mut usize)| {
            let rest = (*next..batch.rows).map(|at| Row { names, batch, at });
            let rows = rest.take_while(|row| row.int("flow_id") == flow_id).collect::<Vec<_>>();
            *next += rows.len();
            rows
        };
        tables.map(of_table).collect()
    }
}

impl Field {
    /// A field that is a column of the flow.
    const fn flow(name: &'static str, kind: &'static str, column: &'static str) -> Self {
        Self { name, kind, from: From::Flow(column) }
    }

    /// A field that is a column of the event.
    const fn event(name: &'static str, kind: &'static str, column: &'static str) -> Self {
        Self { name, kind, from: From::Event(column) }
    }

    /// A field that is made of these columns.
    const fn made(name: &'static str, kind: &'static str, of: &'static str, make: Make) -> Self {
        Self { name, kind, from: From::Made(of, make) }
    }

    /// A field that is never filled.
    const fn never(name: &'static str, kind: &'static str) -> Self {
        Self { name, kind, from: From::Never }
    }

    fn value<'a>(&self, subject: &Subject<'a>) -> Value<'a> {
        match self.from {
            From::Flow(column) => subject.flow.value(column),
            From::Event(column) => subject.event(column),
            From::Made(_, make) => make(subject),
            From::Never => Value::None,
        }
    }
}

/// The records of a flow that has one for itself, made of no events, if it has any.
fn alone<'a>(has_one: bool) -> Vec<Vec<Row<'a>>> {
    if has_one { vec![Vec::new()] } else { Vec::new() }
}

/// Whether both sides of SSH said what they are.
fn is_ssh(flow: Row<'_>) -> bool {
    ["ssh_client", "ssh_server"].iter().all(|side| flow.text(side).is_some())
}

impl<'a> Subject<'a> {
    /// The value of a column in the first event that has one.
    fn event(&self, column: &str) -> Value<'a> {
        let mut values = self.events.iter().map(|event| event.value(column));
        values.find(|value| !value.is_none()).unwrap_or(Value::None)
    }
}

/// The column of tables whose rows are lines of text.
fn line_column() -> Vec<Column> {
    vec![Column {
        name: "line".into(),
        doc: "A line of the log, with its end.".into(),
        data_type: DataType::Text,
        nullable: false,
        unit: Unit::None,
        role: Role::Identity,
        family: "logs",
        population: "all packets of the flow",
        since: "0.1",
    }]
}

/// Lines as rows.
fn lines(lines: impl IntoIterator<Item = String>) -> Batch {
    let mut series = Series::new(DataType::Text);
    lines.into_iter().for_each(|line| series.push_text(&line));
    Batch { rows: series.len(), columns: vec![series] }
}
