//! `flow`: a record for each flow, when it has ended.

use super::{At, Record};
use crate::value::Value;
use crate::{Field, Subject};

pub(super) const RECORD: Record = Record {
    event: "flow",
    fields: FIELDS,
    records: |_, _| vec![Vec::new()],
    at: |subject| At { time: subject.flow.int("end_time"), ..At::default() },
};

const FIELDS: &[Field] = &[
    Field::flow("flow.pkts_toserver", "", "up_packet_count"),
    Field::flow("flow.pkts_toclient", "", "down_packet_count"),
    Field::flow("flow.bytes_toserver", "", "up_byte_count"),
    Field::flow("flow.bytes_toclient", "", "down_byte_count"),
    Field::flow("flow.start", "", "start_time"),
    Field::flow("flow.end", "", "end_time"),
    Field::made("flow.age", "", "start_time, end_time, in whole seconds", age),
    Field::made("flow.state", "", "tcp_state, packets of both sides", state),
    Field::made("flow.reason", "", "end_reason", reason),
    Field::never("flow.alerted", ""),
    Field::made("tcp.tcp_flags", "", "up_tcp_flags, down_tcp_flags", |s| {
        hex(flags(s, "up_tcp_flags").zip(flags(s, "down_tcp_flags")).map(|(up, down)| up | down))
    }),
    Field::made("tcp.tcp_flags_ts", "", "up_tcp_flags", |s| hex(flags(s, "up_tcp_flags"))),
    Field::made("tcp.tcp_flags_tc", "", "down_tcp_flags", |s| hex(flags(s, "down_tcp_flags"))),
    Field::made("tcp.syn", "", "flags, if there is one", |s| has(s, 2)),
    Field::made("tcp.fin", "", "flags, if there is one", |s| has(s, 1)),
    Field::made("tcp.rst", "", "flags, if there is one", |s| has(s, 4)),
    Field::made("tcp.psh", "", "flags, if there is one", |s| has(s, 8)),
    Field::made("tcp.ack", "", "flags, if there is one", |s| has(s, 16)),
    Field::made("tcp.urg", "", "flags, if there is one", |s| has(s, 32)),
    Field::made("tcp.ecn", "", "flags, if there is ECE", |s| has(s, 64)),
    Field::made("tcp.cwr", "", "flags, if there is one", |s| has(s, 128)),
    Field::made("tcp.state", "", "tcp_state, but while only some FINs are acknowledged", tcp_state),
];

fn age<'a>(subject: &Subject<'a>) -> Value<'a> {
    let second = |column| subject.flow.int(column).map(|time| time.div_euclid(1_000_000_000));
    second("end_time").zip(second("start_time")).map(|(end, start)| end - start).into()
}

fn state<'a>(subject: &Subject<'a>) -> Value<'a> {
    let flow = subject.flow;
    match flow.text("tcp_state") {
        Some("syn_sent" | "syn_received") => "new".into(),
        Some("closed" | "reset") => "closed".into(),
        None if flow.int("down_packet_count") == Some(0) => "new".into(),
        _ => "established".into(),
    }
}

fn reason<'a>(subject: &Subject<'a>) -> Value<'a> {
    match subject.flow.text("end_reason") {
        Some("end_of_input") => "shutdown".into(),
        Some("active" | "evicted") => "forced".into(),
        Some("reopened") => "tcp_reuse".into(),
        Some(_) => "timeout".into(),
        None => Value::None,
    }
}

fn flags(subject: &Subject<'_>, column: &str) -> Option<i64> {
    subject.flow.int(column)
}

fn hex<'a>(flags: Option<i64>) -> Value<'a> {
    flags.map(|flags| format!("{flags:02x}")).into()
}

/// True or left out.
fn has<'a>(subject: &Subject<'a>, flag: i64) -> Value<'a> {
    let sides = ["up_tcp_flags", "down_tcp_flags"];
    let is_set = sides.iter().any(|side| flags(subject, side).unwrap_or(0) & flag != 0);
    is_set.then_some(true).into()
}

fn tcp_state<'a>(subject: &Subject<'a>) -> Value<'a> {
    match subject.flow.text("tcp_state") {
        Some("syn_received") => "syn_recv".into(),
        Some("reset") => "closed".into(),
        Some(state @ ("syn_sent" | "established" | "closed")) => state.into(),
        _ => Value::None,
    }
}
