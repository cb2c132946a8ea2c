//! EVE JSON, as Suricata 8 writes it: an object per line, of one event each. DNS is in version 3 of
//! its format, with queries in a list.
//!
//! What is not known is left out. Events of a flow come before the record of the flow itself, in the
//! order of their times.

mod dhcp;
mod dns;
mod flow;
mod http;
mod quic;
mod ssh;
mod tls;

use std::fmt::Write as _;

use flowloom_schema::{Batch, Timestamp};

use crate::value::Value;
use crate::{Field, Reader, Records, Row, Subject, lines};

/// A kind of record.
pub(crate) struct Record {
    /// Its `event_type`.
    pub(crate) event: &'static str,
    pub(crate) fields: &'static [Field],
    records: Records,
    /// When it is said to have happened, and in which frame if there is one that it came with.
    at: for<'a> fn(&Subject<'a>) -> At,
}

#[derive(Clone, Copy, Debug, Default)]
struct At {
    time: Option<i64>,
    frame: Option<i64>,
    /// Whether addresses are those of a packet to the initiator, and not those of the flow.
    is_reverse: bool,
}

/// All kinds, a flow's own record last.
pub(crate) const RECORDS: &[Record] = &[
    dns::RECORD,
    http::RECORD,
    tls::RECORD,
    quic::RECORD,
    dhcp::RECORD,
    ssh::RECORD,
    flow::RECORD,
];

/// What all kinds have.
pub(crate) const COMMON: &[Field] = &[
    Field::made("timestamp", "", "time of the event", |_| Value::None),
    Field::made("flow_id", "", "start_time, flow_id, addresses, ports", |_| Value::None),
    Field::made("pcap_cnt", "", "frame of the event, if it is of one", |_| Value::None),
    Field::made("event_type", "", "the kind of record", |_| Value::None),
    Field::made("vlan", "", "outer_vlan_id, vlan_id", vlan),
    Field::made("src_ip", "", "src_ip; of a DHCP message, its sender", |_| Value::None),
    Field::made("src_port", "", "src_port", |_| Value::None),
    Field::made("dest_ip", "", "dst_ip", |_| Value::None),
    Field::made("dest_port", "", "dst_port", |_| Value::None),
    Field::made("proto", "", "protocol", proto),
    Field::flow("ip_v", "", "ip_version"),
    Field::made("icmp_type", "", "icmp_type", |s| s.flow.value("icmp_type")),
    Field::made("icmp_code", "", "icmp_code", |s| s.flow.value("icmp_code")),
    Field::made("app_proto", "", "application, if it was recognised by content", application),
    Field::flow("community_id", "", "community_id"),
];

/// Where the event tables are among those of [`crate::Logs::events`].
const DNS: usize = 0;
const HTTP: usize = 1;
const CERTIFICATES: usize = 2;
const DHCP: usize = 3;

pub(crate) fn batch(reader: &mut Reader<'_>) -> Batch {
    let mut out = Vec::new();
    for flow in reader.flows() {
        let events = reader.events(flow);
        let first = out.len();
        for record in RECORDS {
            for (number, events) in (record.records)(flow, &events).iter().enumerate() {
                let subject = Subject { flow, events, number };
                let at = (record.at)(&subject);
                out.push((record.event == "flow", at.time, line(record, &subject, at)));
            }
        }
        out[first..].sort_by_key(|(is_flow, time, _)| (*is_flow, *time));
    }
    lines(out.into_iter().map(|(_, _, line)| line))
}

fn line(record: &Record, subject: &Subject<'_>, at: At) -> String {
    let flow = subject.flow;
    let [from, to] = if at.is_reverse { ["dst", "src"] } else { ["src", "dst"] };
    let end = |side: &str, what: &str| flow.value(&format!("{side}_{what}"));
    let mut fields = vec![
        ("timestamp", at.time.map_or(Value::None, Value::Time)),
        ("flow_id", flow_number(flow).into()),
        ("pcap_cnt", at.frame.into()),
        ("event_type", record.event.into()),
        ("src_ip", end(from, "ip")),
        ("src_port", end(from, "port")),
        ("dest_ip", end(to, "ip")),
        ("dest_port", end(to, "port")),
    ];
    for field in COMMON.iter().chain(record.fields) {
        fields.push((field.name, field.value(subject)));
    }
    fields.retain(|(_, value)| !value.is_none());
    let mut out = String::new();
    put_fields(&fields, 0, &mut out);
    out.push('\n');
    out
}

/// An object of fields, whose names begin with `skip` bytes that have been written; those with the same
/// name before a dot, which follow one another, are in an object of their own.
fn put_fields(fields: &[(&str, Value<'_>)], skip: usize, out: &mut String) {
    out.push('{');
    let mut rest = fields;
    while let Some((name, value)) = rest.first() {
        if rest.len() < fields.len() {
            out.push(',');
        }
        let own = &name[skip..];
        let Some((object, _)) = own.split_once('.') else {
            put_text(own, out);
            out.push(':');
            put(value, out);
            rest = &rest[1..];
            continue;
        };
        let prefix = &name[..=skip + object.len()];
        let len = rest.iter().take_while(|(name, _)| name.starts_with(prefix)).count();
        put_text(object, out);
        out.push(':');
        put_fields(&rest[..len], prefix.len(), out);
        rest = &rest[len..];
    }
    out.push('}');
}

fn put(value: &Value<'_>, out: &mut String) {
    // Writing to memory does not fail.
    match value {
        Value::None => out.push_str("null"),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Int(value) => {
            let _ = write!(out, "{value}");
        }
        Value::Real(value) => {
            let _ = write!(out, "{value}");
        }
        Value::Time(nanos) => {
            let text = Timestamp(*nanos).to_string();
            // Microseconds of nine digits and a Z.
            let micros = text.get(..text.len() - 4).unwrap_or_default();
            let _ = write!(out, "\"{micros}+0000\"");
        }
        Value::Text(text) => put_text(text, out),
        Value::List(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                put(item, out);
            }
            out.push(']');
        }
        Value::Object(fields) => put_fields(fields, 0, out),
    }
}

fn put_text(text: &str, out: &mut String) {
    let mut bytes = Vec::with_capacity(text.len() + 2);
    flowloom_export::json_text(text, &mut bytes);
    out.push_str(&String::from_utf8_lossy(&bytes));
}

/// A number that readers of JSON keep exactly: 53 bits.
fn flow_number(flow: Row<'_>) -> i64 {
    (flow.digest() >> 75) as i64
}

fn vlan<'a>(subject: &Subject<'a>) -> Value<'a> {
    let tags = ["outer_vlan_id", "vlan_id"].map(|column| subject.flow.value(column));
    Value::List(tags.into_iter().filter(|tag| !tag.is_none()).collect()).unless_empty()
}

fn proto<'a>(subject: &Subject<'a>) -> Value<'a> {
    let number = subject.flow.int("protocol").unwrap_or(-1);
    match PROTOCOLS.iter().find(|(known, _)| *known == number) {
        Some((_, name)) => (*name).into(),
        None => number.to_string().into(),
    }
}

/// By the names that Suricata has for them.
fn application<'a>(subject: &Subject<'a>) -> Value<'a> {
    let found = subject.flow.texts("applications").first().copied();
    found
        .map(|name| match name {
            "nbns" | "llmnr" => "dns",
            "kerberos" => "krb5",
            "postgresql" => "pgsql",
            other => other,
        })
        .into()
}

/// Names in `/etc/protocols`, in capitals where they are usual.
const PROTOCOLS: &[(i64, &str)] = &[
    (1, "ICMP"),
    (2, "IGMP"),
    (4, "IPv4"),
    (6, "TCP"),
    (17, "UDP"),
    (41, "IPv6"),
    (47, "GRE"),
    (50, "ESP"),
    (51, "AH"),
    (58, "IPv6-ICMP"),
    (89, "OSPFIGP"),
    (103, "PIM"),
    (132, "SCTP"),
];

#[cfg(test)]
mod tests;
