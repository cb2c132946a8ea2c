//! The table of traces: one row for all packets of a capture, whichever flow they are of.
//!
//! Packets are handed on as they come, for what a trace keeps of them is not known to a flow. Who puts
//! them together, and which host is the client, is the business of whoever asked for them.

use std::net::IpAddr;

use flowloom_schema::{Batch, Column, DataType, Record, Role, Series, Timestamp, Unit, record};

use crate::exact::seconds;
use crate::family::Signs;
use crate::kept::TracePacket;
use crate::sequences::{Context, LISTS};

record! {
    /// A capture as a whole, seen from its client.
    pub struct TraceRow<'a> in "traces" since "0.1" over "all packets of the trace" {
        /// Capture the trace is of, as it was named; with a directory, relative to it, and with several, after the name of its own.
        capture: &'a str [None, Identity],
        /// Addresses that were taken for the client's, in the order in which their flows began; 64 at most.
        client: Vec<IpAddr> [None, Identity],
        /// Time of the first packet; null where there is none.
        start_time: Option<Timestamp> [Instant, Time],
        /// Time of the last packet in the order of the input; null where there is none.
        end_time: Option<Timestamp> [Instant, Time],
        /// From `start_time` to `end_time`; negative where times go back, null where there is no packet.
        duration: Option<f64> [Seconds, Feature],
        /// Flows, as `flowloom flows` has them with the same options.
        flow_count: i64 [Events, Feature],
        /// Packets of all flows.
        packet_count: i64 [Packets, Feature],
        /// Bytes of all flows, as frames on the wire.
        byte_count: i64 [Bytes, Feature],
        /// Packets from the client.
        up_packet_count: i64 [Packets, Feature],
        /// Bytes from the client, as frames on the wire.
        up_byte_count: i64 [Bytes, Feature],
        /// Packets to the client.
        down_packet_count: i64 [Packets, Feature],
        /// Bytes to the client, as frames on the wire.
        down_byte_count: i64 [Bytes, Feature],
        /// Counted packets of the trace (see `--population`), whether they are in the lists or not.
        sequence_total: i64 [Packets, Feature],
        /// Whether the lists end before the trace did (see `--sequence-max` and the like).
        sequence_truncated: bool [None, Account],
    }
}

impl TraceRow<'_> {
    /// The value of `duration`, from nanoseconds.
    pub fn duration(start: i64, end: i64) -> f64 {
        seconds(i128::from(end) - i128::from(start), 1)
    }
}

/// The columns of traces that are wanted.
pub struct TraceTable {
    columns: Vec<Column>,
    /// Which of all columns they are.
    wanted: Vec<bool>,
    signs: Signs,
}

impl TraceTable {
    /// The columns of these names; all if there are none.
    pub fn new(names: &[String], signs: Signs) -> Self {
        let is_wanted =
            |column: &Column| names.is_empty() || names.iter().any(|name| *name == column.name);
        let all = all_columns();
        let wanted = all.iter().map(is_wanted).collect();
        Self { columns: all.into_iter().filter(is_wanted).collect(), wanted, signs }
    }

    /// The columns, in order.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// A trace. Its packets are in order, and have directions as seen from the client.
    pub fn batch(&self, row: TraceRow<'_>, packets: &[TracePacket]) -> Batch {
        let all = all_columns();
        let mut series = all.iter().map(|column| Series::new(column.data_type)).collect::<Vec<_>>();
        let (scalars, lists) = series.split_at_mut(TraceRow::FIELDS.len());
        TraceRow::push_all(&[row], scalars);
        if let [flows, frames, lists @ ..] = lists {
            let flow_ids = packets.iter().map(|packet| packet.flow_id as i64);
            flows.push_list(|items| items.extend_i64(flow_ids));
            let numbers = packets.iter().map(|packet| packet.frame as i64);
            frames.push_list(|items| items.extend_i64(numbers));
            let records = packets.iter().map(|packet| packet.record).collect::<Vec<_>>();
            let start = records.first().map_or(0, |first| first.time);
            let context = Context { start, signs: self.signs };
            for ((list, series), wanted) in LISTS.iter().zip(lists).zip(self.wanted_lists()) {
                // What nobody wants costs nothing.
                if *wanted {
                    series.push_list(|items| (list.fill)(&records, context, items));
                }
            }
        }
        let columns = series.into_iter().zip(&self.wanted).filter(|(_, wanted)| **wanted);
        Batch { columns: columns.map(|(series, _)| series).collect(), rows: 1 }
    }

    /// Of the lists that flows have, too.
    fn wanted_lists(&self) -> &[bool] {
        self.wanted.get(TraceRow::FIELDS.len() + OWN_LISTS.len()..).unwrap_or(&[])
    }
}

fn all_columns() -> Vec<Column> {
    let mut columns = TraceRow::columns();
    columns.extend(OWN_LISTS.map(|(name, doc)| Column {
        role: Role::Identity,
        ..column(name, doc, DataType::List(&DataType::I64), Unit::FrameNumber)
    }));
    columns.extend(LISTS.iter().map(|list| {
        let own = DOCS.iter().find(|(name, _)| *name == list.name);
        column(list.name, own.map_or(list.doc, |(_, doc)| doc), list.data_type, list.unit)
    }));
    columns
}

fn column(name: &'static str, doc: &'static str, data_type: DataType, unit: Unit) -> Column {
    Column {
        name: name.into(),
        doc: doc.into(),
        data_type,
        nullable: false,
        unit,
        role: Role::Feature,
        family: "traces",
        population: "counted packets of the trace (see `--population`), by frame, from the first on",
        since: "0.1",
    }
}

/// The lists that flows do not have.
const OWN_LISTS: [(&str, &str); 2] = [
    ("flows", "The flow of each packet, by its `flow_id`."),
    (
        "frame_numbers",
        "The frame of each packet; of a datagram that came in fragments, the one that completed it.",
    ),
];

/// What lists say that is not what they say of a flow.
const DOCS: [(&str, &str); 4] = [
    (
        "directions",
        "+1 for a packet from the client, -1 for one to it; 0 where neither end is the client, or \
         both are.",
    ),
    ("times", "Time since the first packet in the list; negative where times go back."),
    (
        "tcp_flags",
        "Low eight TCP flag bits: FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32, ECE 64, CWR 128; 0 \
         for other protocols.",
    ),
    ("tcp_window_sizes", "TCP receive window as sent, not scaled; 0 for other protocols."),
];
