//! The family `sequences`: lists with one entry per counted packet, all of the same length.

use flowloom_schema::{Column, DataType, Role, Series, Unit};
use flowloom_wire::tcp_flags::SYN;

use crate::family::{Family, FlowRow, Needs, Signs};
use crate::kept::PacketRecord;

/// What happened packet by packet, as far as the limits of sequences go.
pub(crate) struct SequencesFamily {
    pub(crate) signs: Signs,
}

/// The absolute times, on request.
pub(crate) struct TimestampsFamily;

/// The windows in bytes, on request.
pub(crate) struct ScaledWindowsFamily;

impl Family for SequencesFamily {
    fn columns(&self) -> Vec<Column> {
        let mut columns = vec![
            column(
                "sequence_total",
                "Counted packets of the flow, whether they are in the lists or not.",
                DataType::I64,
                Unit::Packets,
            ),
            column(
                "sequence_truncated",
                "Whether the lists end before the flow did (see `--sequence-max` and the like).",
                DataType::Bool,
                Unit::None,
            ),
        ];
        columns[1].role = Role::Account;
        columns.extend(LISTS.iter().map(|list| {
            let mut column = column(list.name, list.doc, list.data_type, list.unit);
            column.nullable = list.only_tcp;
            column
        }));
        columns
    }

    fn needs(&self) -> Needs {
        Needs { sequences: true, ..Needs::default() }
    }

    fn append(&self, row: &FlowRow<'_>, series: &mut [Series]) {
        let [total, truncated, lists @ ..] = series else { return };
        let flow = &row.ended.flow;
        let records = flow.keep.log().sequence();
        total.push_i64(flow.keep.log().counted() as i64);
        truncated.push_bool(flow.keep.log().counted() > records.len() as u64);
        for (list, series) in LISTS.iter().zip(lists) {
            if list.only_tcp && !flow.is_tcp() {
                series.push_null();
            } else {
                let context = Context { start: flow.first.time, signs: self.signs };
                series.push_list(|items| (list.fill)(records, context, items));
            }
        }
    }
}

impl Family for TimestampsFamily {
    fn columns(&self) -> Vec<Column> {
        let mut column = column(
            "timestamps",
            "Absolute time of each packet.",
            DataType::List(&DataType::Time),
            Unit::Instant,
        );
        (column.role, column.family) = (Role::Time, "timestamps");
        vec![column]
    }

    fn needs(&self) -> Needs {
        Needs { sequences: true, ..Needs::default() }
    }

    fn append(&self, row: &FlowRow<'_>, series: &mut [Series]) {
        let records = row.ended.flow.keep.log().sequence();
        for series in series {
            series.push_list(|items| items.extend_i64(records.iter().map(|record| record.time)));
        }
    }
}

impl Family for ScaledWindowsFamily {
    fn columns(&self) -> Vec<Column> {
        let mut column = column(
            "tcp_scaled_window_sizes",
            "TCP receive window in bytes: as sent in a SYN, otherwise times the scale of the side's SYN \
             if both SYNs have one; null where one of them was not seen, and for other protocols. A SYN in IP \
             fragments is taken for one without options.",
            DataType::List(&DataType::I32),
            Unit::Bytes,
        );
        (column.nullable, column.family) = (true, "scaled_windows");
        vec![column]
    }

    fn needs(&self) -> Needs {
        Needs { sequences: true, ..Needs::default() }
    }

    fn append(&self, row: &FlowRow<'_>, series: &mut [Series]) {
        let records = row.ended.flow.keep.log().sequence();
        let scales = window_scales(row);
        for series in series {
            match scales {
                Some(scales) => series.push_list(|items| {
                    items.extend_i32(records.iter().map(|record| scaled_window(record, scales)));
                }),
                None => series.push_null(),
            }
        }
    }
}

/// What the windows of the two sides are shifted by, if both SYNs were seen.
fn window_scales(row: &FlowRow<'_>) -> Option<[u8; 2]> {
    let flow = &row.ended.flow;
    let has_syns = flow.is_tcp() && flow.sides.iter().all(|side| side.first_byte().is_some());
    let [up, down] = flow.introductions.map(|introduction| introduction.window_scale);
    // RFC 7323, sections 2.2 and 2.3: one side alone scales nothing, and more than 14 is 14.
    has_syns.then(|| up.zip(down).map_or([0, 0], |(up, down)| [up.min(14), down.min(14)]))
}

fn scaled_window(record: &PacketRecord, scales: [u8; 2]) -> i32 {
    let window = i32::from(record.window);
    if record.tcp_flags & SYN != 0 {
        return window;
    }
    window << scales[usize::from(!record.is_up())]
}

fn column(name: &'static str, doc: &'static str, data_type: DataType, unit: Unit) -> Column {
    Column {
        name: name.into(),
        doc: doc.into(),
        data_type,
        nullable: false,
        unit,
        role: Role::Feature,
        family: "sequences",
        population: "counted packets (see `--population`), from the first on",
        since: "0.1",
    }
}

/// What a list needs beside the records.
#[derive(Clone, Copy)]
pub(crate) struct Context {
    /// The time that others count from.
    pub(crate) start: i64,
    pub(crate) signs: Signs,
}

/// A list with an entry for each record.
pub(crate) struct ListColumn {
    pub(crate) name: &'static str,
    pub(crate) doc: &'static str,
    pub(crate) data_type: DataType,
    pub(crate) unit: Unit,
    only_tcp: bool,
    pub(crate) fill: fn(&[PacketRecord], Context, &mut Series),
}

fn lengths(
    records: &[PacketRecord],
    context: Context,
    items: &mut Series,
    length: impl Fn(&PacketRecord) -> u32,
) {
    // A capture can claim that a frame was longer than the type holds.
    let length = |record: &PacketRecord| length(record).min(i32::MAX as u32) as i32;
    match context.signs {
        Signs::Unsigned => items.extend_i32(records.iter().map(length)),
        Signs::Signed => items
            .extend_i32(records.iter().map(|record| length(record) * i32::from(record.direction))),
    }
}

pub(crate) const LISTS: &[ListColumn] = &[
    ListColumn {
        name: "directions",
        doc: "+1 for a packet from the initiator, -1 for one to it.",
        data_type: DataType::List(&DataType::I8),
        unit: Unit::None,
        only_tcp: false,
        fill: |records, _, items| items.extend_i8(records.iter().map(|record| record.direction)),
    },
    ListColumn {
        name: "times",
        doc: "Time since the flow's first packet; negative where times go back.",
        data_type: DataType::List(&DataType::I64),
        unit: Unit::Nanoseconds,
        only_tcp: false,
        fill: |records, context, items| {
            items
                .extend_i64(records.iter().map(|record| record.time.saturating_sub(context.start)));
        },
    },
    ListColumn {
        name: "iats",
        doc: "Gap to the previous packet in the list; the first entry is 0.",
        data_type: DataType::List(&DataType::I64),
        unit: Unit::Nanoseconds,
        only_tcp: false,
        fill: |records, _, items| {
            let mut last = records.first().map_or(0, |first| first.time);
            items.extend_i64(records.iter().map(|record| {
                let gap = record.time.saturating_sub(last);
                last = record.time;
                gap
            }));
        },
    },
    ListColumn {
        name: "packet_lengths",
        doc: "Length of the frame on the wire, link layer and padding included.",
        data_type: DataType::List(&DataType::I32),
        unit: Unit::Bytes,
        only_tcp: false,
        fill: |records, context, items| {
            lengths(records, context, items, |record| record.packet_len);
        },
    },
    ListColumn {
        name: "ip_lengths",
        doc: "Length the IP header claims (IPv4 total length; IPv6 40 + payload length, jumbograms \
              honoured); taken from the frame when the claim is 0 with TCP or UDP, clamped to it \
              when it is more.",
        data_type: DataType::List(&DataType::I32),
        unit: Unit::Bytes,
        only_tcp: false,
        fill: |records, context, items| lengths(records, context, items, |record| record.ip_len),
    },
    ListColumn {
        name: "trans_lengths",
        doc: "Length of the IP payload after extension headers: transport header and payload; for \
              UDP not beyond its own length field.",
        data_type: DataType::List(&DataType::I32),
        unit: Unit::Bytes,
        only_tcp: false,
        fill: |records, context, items| lengths(records, context, items, |record| record.trans_len),
    },
    ListColumn {
        name: "app_lengths",
        doc: "Length of the transport payload by those lengths: no padding, not shortened by the \
              snap length; 0 for protocols that are not looked into.",
        data_type: DataType::List(&DataType::I32),
        unit: Unit::Bytes,
        only_tcp: false,
        fill: |records, context, items| lengths(records, context, items, |record| record.app_len),
    },
    ListColumn {
        name: "tcp_flags",
        doc: "Low eight TCP flag bits: FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32, ECE 64, CWR \
              128; null for other protocols.",
        data_type: DataType::List(&DataType::U8),
        unit: Unit::None,
        only_tcp: true,
        fill: |records, _, items| items.extend_u8(records.iter().map(|record| record.tcp_flags)),
    },
    ListColumn {
        name: "tcp_window_sizes",
        doc: "TCP receive window as sent, not scaled; null for other protocols.",
        data_type: DataType::List(&DataType::U16),
        unit: Unit::Bytes,
        only_tcp: true,
        fill: |records, _, items| items.extend_u16(records.iter().map(|record| record.window)),
    },
    ListColumn {
        name: "packet_marks",
        doc: "What each packet is within its flow, as bits: pure_ack 1, keep_alive 2, \
              retransmission 4, overlap 8, out_of_order 16, gap_before 32, zero_window 64, \
              fragment 128, super_frame 256, clipped 512, bad_checksum 1024, handshake 2048, \
              clamped 4096.",
        data_type: DataType::List(&DataType::U16),
        unit: Unit::None,
        only_tcp: false,
        fill: |records, _, items| items.extend_u16(records.iter().map(|record| record.marks)),
    },
];

#[cfg(test)]
mod tests;
