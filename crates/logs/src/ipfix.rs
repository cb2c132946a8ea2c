//! Flows as IPFIX has them: bidirectional records (RFC 5103), whose columns are named as information
//! elements. `export` knows their numbers and writes them.

use flowloom_schema::{Batch, Column, DataType, Role, Series, Unit};

use crate::value::Value;
use crate::{Field, LogTable, Reader, Subject};

pub(crate) fn table() -> LogTable {
    let column = |field: &Field| Column {
        name: field.name.into(),
        doc: "".into(),
        data_type: data_type(field),
        nullable: true,
        unit: Unit::None,
        role: Role::Identity,
        family: "logs",
        population: "all packets of the flow",
        since: "0.1",
    };
    let columns = FIELDS.iter().map(column).collect();
    LogTable { name: "flows", columns, head: Batch::default() }
}

pub(crate) fn batch(reader: &mut Reader<'_>) -> Batch {
    let mut columns = FIELDS.iter().map(|field| Series::new(data_type(field))).collect::<Vec<_>>();
    for flow in reader.flows() {
        let subject = Subject { flow, events: &[], number: 0 };
        for (field, series) in FIELDS.iter().zip(&mut columns) {
            match field.value(&subject) {
                Value::Int(value) | Value::Time(value) => series.push_i64(value),
                Value::Text(text) => series.push_text(&text),
                _ => series.push_null(),
            }
        }
    }
    Batch { columns, rows: reader.flows.rows }
}

fn data_type(field: &Field) -> DataType {
    match field.kind {
        "dateTimeMilliseconds" | "dateTimeNanoseconds" => DataType::Time,
        "unsigned8" | "unsigned16" | "unsigned32" | "unsigned64" => DataType::I64,
        _ => DataType::Text,
    }
}

/// The elements, in the order in which they are in a record. One without a value is not in the
/// template of that record.
pub(crate) const FIELDS: &[Field] = &[
    Field::flow("flowId", "unsigned64", "flow_id"),
    // Some collectors know only these, and others tell more by those.
    Field::flow("flowStartMilliseconds", "dateTimeMilliseconds", "start_time"),
    Field::flow("flowEndMilliseconds", "dateTimeMilliseconds", "end_time"),
    Field::flow("flowStartNanoseconds", "dateTimeNanoseconds", "start_time"),
    Field::flow("flowEndNanoseconds", "dateTimeNanoseconds", "end_time"),
    Field::made("flowEndReason", "unsigned8", "end_reason", end_reason),
    Field::made("sourceIPv4Address", "ipv4Address", "src_ip", |s| address(s, "src_ip", 4)),
    Field::made("destinationIPv4Address", "ipv4Address", "dst_ip", |s| address(s, "dst_ip", 4)),
    Field::made("sourceIPv6Address", "ipv6Address", "src_ip", |s| address(s, "src_ip", 6)),
    Field::made("destinationIPv6Address", "ipv6Address", "dst_ip", |s| address(s, "dst_ip", 6)),
    Field::flow("sourceTransportPort", "unsigned16", "src_port"),
    Field::flow("destinationTransportPort", "unsigned16", "dst_port"),
    Field::flow("protocolIdentifier", "unsigned8", "protocol"),
    Field::made("icmpTypeCodeIPv4", "unsigned16", "icmp_type, icmp_code", |s| icmp(s, 4)),
    Field::made("icmpTypeCodeIPv6", "unsigned16", "icmp_type, icmp_code", |s| icmp(s, 6)),
    Field::flow("packetDeltaCount", "unsigned64", "up_packet_count"),
    Field::made("reversePacketDeltaCount", "unsigned64", "down_packet_count", |s| {
        answered(s, "down_packet_count")
    }),
    Field::flow("octetDeltaCount", "unsigned64", "up_ip_byte_count"),
    Field::made("reverseOctetDeltaCount", "unsigned64", "down_ip_byte_count", |s| {
        answered(s, "down_ip_byte_count")
    }),
    Field::flow("layer2OctetDeltaCount", "unsigned64", "up_byte_count"),
    Field::made("reverseLayer2OctetDeltaCount", "unsigned64", "down_byte_count", |s| {
        answered(s, "down_byte_count")
    }),
    Field::flow("tcpControlBits", "unsigned16", "up_tcp_flags"),
    Field::made("reverseTcpControlBits", "unsigned16", "down_tcp_flags", |s| {
        answered(s, "down_tcp_flags")
    }),
    Field::flow("ipTTL", "unsigned8", "up_ttl"),
    Field::flow("reverseIpTTL", "unsigned8", "down_ttl"),
    Field::flow("ipDiffServCodePoint", "unsigned8", "up_dscp"),
    Field::flow("reverseIpDiffServCodePoint", "unsigned8", "down_dscp"),
    Field::flow("sourceMacAddress", "macAddress", "src_mac"),
    Field::flow("destinationMacAddress", "macAddress", "dst_mac"),
    Field::flow("vlanId", "unsigned16", "vlan_id"),
    Field::made("biflowDirection", "unsigned8", "initiator_by", direction),
    Field::flow("applicationName", "string", "application"),
];

/// RFC 5102, section 5.11.3.
fn end_reason<'a>(subject: &Subject<'a>) -> Value<'a> {
    let code = match subject.flow.text("end_reason") {
        Some("idle") => 1,
        Some("active") => 2,
        Some("fin" | "rst" | "reopened") => 3,
        Some("end_of_input") => 4,
        Some("evicted") => 5,
        _ => return Value::None,
    };
    Value::Int(code)
}

fn address<'a>(subject: &Subject<'a>, column: &str, version: i64) -> Value<'a> {
    let is_own = subject.flow.int("ip_version") == Some(version);
    if is_own { subject.flow.value(column) } else { Value::None }
}

/// Type and code in one number.
fn icmp<'a>(subject: &Subject<'a>, version: i64) -> Value<'a> {
    let flow = subject.flow;
    let kind = flow.int("icmp_type").filter(|_| flow.int("ip_version") == Some(version));
    kind.map(|kind| kind << 8 | flow.int("icmp_code").unwrap_or(0)).into()
}

/// What the other side sent, if it sent anything.
fn answered<'a>(subject: &Subject<'a>, column: &str) -> Value<'a> {
    let is_answered = subject.flow.int("down_packet_count") != Some(0);
    if is_answered { subject.flow.value(column) } else { Value::None }
}

/// RFC 5103, section 6.3: 1 for the initiator, 3 where a network was given.
fn direction<'a>(subject: &Subject<'a>) -> Value<'a> {
    let by_network = subject.flow.text("initiator_by") == Some("client_network");
    Value::Int(if by_network { 3 } else { 1 })
}
