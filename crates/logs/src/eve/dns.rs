//! `dns`: a record for each message, in version 3 of the format.

use super::{At, DNS, Record};
use crate::value::Value;
use crate::{Field, Subject};

pub(super) const RECORD: Record = Record {
    event: "dns",
    fields: FIELDS,
    records: |_, events| {
        let messages = events.get(DNS).into_iter().flatten();
        messages.map(|message| vec![*message]).collect()
    },
    at: |subject| {
        let value = |column| subject.events.first().and_then(|message| message.int(column));
        At { time: value("time"), frame: value("frame"), is_reverse: false }
    },
};

const FIELDS: &[Field] = &[
    Field::made("dns.version", "", "3: the version of the format", |_| Value::Int(3)),
    Field::made("dns.type", "", "is_response", kind),
    Field::never("dns.tx_id", ""),
    Field::event("dns.id", "", "id"),
    Field::made("dns.flags", "", "the flags, opcode and rcode_id, in hexadecimal", flags),
    Field::made("dns.qr", "", "is_response, if it is", |s| truth(s, "is_response")),
    Field::made("dns.aa", "", "aa, if it is set", |s| truth(s, "aa")),
    Field::made("dns.tc", "", "tc, if it is set", |s| truth(s, "tc")),
    Field::made("dns.rd", "", "rd, if it is set", |s| truth(s, "rd")),
    Field::made("dns.ra", "", "ra, if it is set", |s| truth(s, "ra")),
    Field::made("dns.z", "", "z, if it is set", |s| truth(s, "z")),
    Field::made("dns.opcode", "", "opcode", |s| opcode(s).into()),
    Field::event("dns.rcode", "", "rcode"),
    Field::made("dns.queries", "", "qname, qtype of the first question", queries),
    Field::made("dns.answers", "", "answer_names, answers, ttl", answers),
    Field::never("dns.authorities", ""),
    Field::never("dns.grouped", ""),
];

fn kind<'a>(subject: &Subject<'a>) -> Value<'a> {
    let is_response = subject.event("is_response") == Value::Bool(true);
    if is_response { "response" } else { "request" }.into()
}

fn truth<'a>(subject: &Subject<'a>, column: &str) -> Value<'a> {
    match subject.event(column) {
        Value::Bool(true) => Value::Bool(true),
        _ => Value::None,
    }
}

fn opcode(subject: &Subject<'_>) -> Option<i64> {
    let names = ["QUERY", "IQUERY", "STATUS", "", "NOTIFY", "UPDATE", "DSO"];
    let Value::Text(name) = subject.event("opcode") else { return None };
    match name.strip_prefix("OPCODE") {
        Some(number) => number.parse().ok(),
        None => names.iter().position(|known| *known == name).map(|at| at as i64),
    }
}

/// The second word of the header; left out where the operation is one of NBNS.
fn flags<'a>(subject: &Subject<'a>) -> Value<'a> {
    let Some(opcode) = opcode(subject) else { return Value::None };
    let bits = [
        ("is_response", 0x8000),
        ("aa", 0x0400),
        ("tc", 0x0200),
        ("rd", 0x0100),
        ("ra", 0x0080),
        ("z", 0x0040),
        ("ad", 0x0020),
        ("cd", 0x0010),
    ];
    let is_set = |column: &str| subject.event(column) == Value::Bool(true);
    let set = bits.iter().filter(|(column, _)| is_set(column)).map(|(_, bit)| bit).sum::<i64>();
    // EDNS has the upper bits of the response code elsewhere.
    let rcode = subject.events.first().and_then(|message| message.int("rcode_id")).unwrap_or(0);
    format!("{:x}", set | opcode << 11 | (rcode & 15)).into()
}

fn queries<'a>(subject: &Subject<'a>) -> Value<'a> {
    let name = subject.event("qname");
    if name.is_none() {
        return Value::None;
    }
    Value::List(vec![Value::Object(vec![("rrname", name), ("rrtype", subject.event("qtype"))])])
}

fn answers<'a>(subject: &Subject<'a>) -> Value<'a> {
    let Some(message) = subject.events.first() else { return Value::None };
    let Value::List(ttls) = message.value("ttl") else { return Value::None };
    let names = message.texts("answer_names");
    let records = message.texts("answers").into_iter().zip(names).zip(ttls);
    let answer = |((record, name), ttl): ((&'a str, &'a str), Value<'a>)| {
        let (kind, data) = record.split_once(' ').unwrap_or((record, ""));
        Value::Object(vec![
            ("rrname", name.into()),
            ("rrtype", kind.into()),
            ("ttl", ttl),
            ("rdata", data.into()),
        ])
    };
    Value::List(records.map(answer).collect()).unless_empty()
}
