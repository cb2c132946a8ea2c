//! `dhcp`: a record for each message of DHCP. DHCPv6 is left out, which Suricata has no record for.

use super::{At, DHCP, Record};
use crate::value::Value;
use crate::{Field, Subject};

pub(super) const RECORD: Record = Record {
    event: "dhcp",
    fields: FIELDS,
    records: |_, events| {
        let messages = events.get(DHCP).into_iter().flatten();
        let old = messages.filter(|message| message.int("version") == Some(4));
        old.map(|message| vec![*message]).collect()
    },
    at: |subject| {
        let value = |column| subject.events.first().and_then(|message| message.int(column));
        At {
            time: value("time"),
            frame: value("frame"),
            is_reverse: value("direction") == Some(-1),
        }
    },
};

const FIELDS: &[Field] = &[
    Field::made("dhcp.type", "", "message_type", direction),
    Field::event("dhcp.id", "", "transaction_id"),
    Field::event("dhcp.client_mac", "", "client_mac"),
    Field::made("dhcp.assigned_ip", "", "your_address, 0.0.0.0 if none", |s| {
        address(s, "your_address")
    }),
    Field::made("dhcp.client_ip", "", "client_address, 0.0.0.0 if none", |s| {
        address(s, "client_address")
    }),
    Field::made("dhcp.relay_ip", "", "relay_address, 0.0.0.0 if none", |s| {
        address(s, "relay_address")
    }),
    Field::made("dhcp.next_server_ip", "", "next_server, 0.0.0.0 if none", |s| {
        address(s, "next_server")
    }),
    Field::made("dhcp.dhcp_type", "", "message_type", kind),
    Field::made("dhcp.client_id", "", "client_id, with colons", client_id),
    Field::event("dhcp.hostname", "", "hostname"),
    Field::event("dhcp.requested_ip", "", "requested_address"),
    Field::event("dhcp.lease_time", "", "lease"),
    Field::never("dhcp.renewal_time", ""),
    Field::never("dhcp.rebinding_time", ""),
    Field::event("dhcp.subnet_mask", "", "subnet_mask"),
    Field::made("dhcp.routers", "", "routers", |s| s.event("routers").unless_empty()),
    Field::made("dhcp.dns_servers", "", "dns_servers", |s| s.event("dns_servers").unless_empty()),
    Field::event("dhcp.vendor_class_identifier", "", "vendor_class"),
    Field::never("dhcp.params", ""),
];

fn message_type<'a>(subject: &Subject<'a>) -> &'a str {
    let message = subject.events.first();
    message.and_then(|message| message.text("message_type")).unwrap_or_default()
}

fn direction<'a>(subject: &Subject<'a>) -> Value<'a> {
    let of_server = ["OFFER", "ACK", "NAK", "BOOTREPLY", "FORCERENEW"];
    if of_server.contains(&message_type(subject)) { "reply" } else { "request" }.into()
}

/// In small letters; BOOTP has none.
fn kind<'a>(subject: &Subject<'a>) -> Value<'a> {
    match message_type(subject) {
        "" | "BOOTREQUEST" | "BOOTREPLY" => Value::None,
        kind => kind.to_ascii_lowercase().into(),
    }
}

fn address<'a>(subject: &Subject<'a>, column: &str) -> Value<'a> {
    match subject.event(column) {
        Value::None => "0.0.0.0".into(),
        address => address,
    }
}

/// An identifier of type 1 is a hardware address, which is shown without its type.
fn client_id<'a>(subject: &Subject<'a>) -> Value<'a> {
    let Value::Text(digits) = subject.event("client_id") else { return Value::None };
    let digits = digits.strip_prefix("01").filter(|mac| mac.len() == 12).unwrap_or(&digits);
    let pairs = digits.as_bytes().chunks(2).map(|pair| String::from_utf8_lossy(pair));
    pairs.collect::<Vec<_>>().join(":").into()
}
