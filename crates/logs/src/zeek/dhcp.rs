//! `dhcp`: a record for the messages of a flow with the same transaction identifier. Zeek joins what
//! several flows say of a transaction; here each has its own record. DHCPv6 is left out, which Zeek
//! does not read.

use super::{DHCP, Log, uid};
use crate::row::Row;
use crate::value::Value;
use crate::{Field, Subject};

pub(super) const LOG: Log = Log {
    path: "dhcp",
    fields: FIELDS,
    records: |_, events| {
        let mut records: Vec<Vec<Row<'_>>> = Vec::new();
        for message in events.get(DHCP).into_iter().flatten() {
            if message.int("version") != Some(4) {
                continue;
            }
            let id = message.int("transaction_id");
            let is_same = |record: &&mut Vec<Row<'_>>| record[0].int("transaction_id") == id;
            match records.iter_mut().find(is_same) {
                Some(record) => record.push(*message),
                None => records.push(vec![*message]),
            }
        }
        records
    },
};

const FIELDS: &[Field] = &[
    Field::event("ts", "time", "time"),
    Field::made("uids", "set[string]", "as uid of the other logs", |s| Value::List(vec![uid(s)])),
    Field::made("client_addr", "addr", "sender of the client's messages", client_address),
    Field::made("server_addr", "addr", "server_id, where an address is given", server_address),
    Field::event("mac", "string", "client_mac"),
    Field::event("host_name", "string", "hostname"),
    Field::event("client_fqdn", "string", "fqdn"),
    Field::event("domain", "string", "domain"),
    Field::event("requested_addr", "addr", "requested_address"),
    Field::made("assigned_addr", "addr", "your_address of the server's messages", assigned),
    Field::made("lease_time", "interval", "lease of the server's messages", lease),
    Field::made("client_message", "string", "message of the client's messages", |s| {
        of_side(s, true, "message")
    }),
    Field::made("server_message", "string", "message of the server's messages", |s| {
        of_side(s, false, "message")
    }),
    Field::made("msg_types", "vector[string]", "message_type of all messages", message_types),
    Field::made("duration", "interval", "time of the first and last message", duration),
];

fn is_of_client(message: &Row<'_>) -> bool {
    message.text("message_type").is_none_or(|kind| !OF_SERVERS.contains(&kind))
}

/// The last value of a column in the messages of a side.
fn of_side<'a>(subject: &Subject<'a>, is_client: bool, column: &str) -> Value<'a> {
    let own = subject.events.iter().filter(|message| is_of_client(message) == is_client);
    let mut values = own.map(|message| message.value(column)).filter(|value| !value.is_none());
    values.next_back().unwrap_or(Value::None)
}

/// Where a message of the client came from, unless it had no address yet.
fn client_address<'a>(subject: &Subject<'a>) -> Value<'a> {
    let sender = |message: &Row<'a>| match message.int("direction") {
        Some(1) => subject.flow.text("src_ip"),
        _ => subject.flow.text("dst_ip"),
    };
    let own = subject.events.iter().filter(|message| is_of_client(message));
    own.filter_map(sender).find(|address| *address != "0.0.0.0").into()
}

/// The server that gave an address.
fn server_address<'a>(subject: &Subject<'a>) -> Value<'a> {
    let mut giving = subject
        .events
        .iter()
        .filter(|message| !is_of_client(message) && message.text("your_address").is_some());
    giving.next_back().map_or(Value::None, |message| message.value("server_id"))
}

fn assigned<'a>(subject: &Subject<'a>) -> Value<'a> {
    of_side(subject, false, "your_address")
}

fn lease<'a>(subject: &Subject<'a>) -> Value<'a> {
    of_side(subject, false, "lease")
}

fn message_types<'a>(subject: &Subject<'a>) -> Value<'a> {
    Value::texts(subject.events.iter().filter_map(|message| message.text("message_type")))
}

fn duration<'a>(subject: &Subject<'a>) -> Value<'a> {
    let time = |message: Option<&Row<'a>>| message.and_then(|message| message.int("time"));
    let between = time(subject.events.first()).zip(time(subject.events.last()));
    between.map(|(first, last)| last.saturating_sub(first) as f64 / 1e9).into()
}

/// The messages of DHCP that servers send (RFC 2131, 3203, 4388, 6926, 7724), and what BOOTP answers.
const OF_SERVERS: [&str; 10] = [
    "OFFER",
    "ACK",
    "NAK",
    "BOOTREPLY",
    "FORCERENEW",
    "LEASEUNASSIGNED",
    "LEASEUNKNOWN",
    "LEASEACTIVE",
    "LEASEQUERYDONE",
    "LEASEQUERYSTATUS",
];
