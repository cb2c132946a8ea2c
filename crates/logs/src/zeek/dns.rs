//! `dns`: a record for each query, with its response.

use super::{DNS, Log, ORIG_H, ORIG_P, PROTO, RESP_H, RESP_P, UID};
use crate::row::Row;
use crate::value::Value;
use crate::{Field, Subject};

pub(super) const LOG: Log = Log {
    path: "dns",
    fields: FIELDS,
    records: |_, events| events.get(DNS).map(|messages| pairs(messages)).unwrap_or_default(),
};

const FIELDS: &[Field] = &[
    Field::event("ts", "time", "time"),
    UID,
    ORIG_H,
    ORIG_P,
    RESP_H,
    RESP_P,
    PROTO,
    Field::event("trans_id", "count", "id"),
    Field::made("rtt", "interval", "time of query and response", rtt),
    Field::made("query", "string", "qname", query),
    Field::event("qclass", "count", "qclass_id"),
    Field::made("qclass_name", "string", "qclass", class_name),
    Field::event("qtype", "count", "qtype_id"),
    Field::made("qtype_name", "string", "qtype", type_name),
    Field::event("rcode", "count", "rcode_id"),
    Field::event("rcode_name", "string", "rcode"),
    Field::made("AA", "bool", "aa", |subject| of_last(subject, "aa")),
    Field::made("TC", "bool", "tc", |subject| of_last(subject, "tc")),
    Field::made("RD", "bool", "rd", |subject| of_last(subject, "rd")),
    Field::made("RA", "bool", "ra", |subject| of_last(subject, "ra")),
    Field::made("Z", "count", "z, ad, cd", reserved),
    Field::made("answers", "vector[string]", "answers", answers),
    Field::made("TTLs", "vector[interval]", "ttl", ttls),
    Field::made("rejected", "bool", "counts of records", rejected),
    Field::made("opcode", "count", "opcode", opcode),
    Field::made("opcode_name", "string", "opcode", opcode_name),
];

/// Queries with their responses: the first response with the same identifier, and the same question
/// if it has one.
pub(super) fn pairs<'a>(messages: &[Row<'a>]) -> Vec<Vec<Row<'a>>> {
    let mut records: Vec<Vec<Row<'a>>> = Vec::new();
    // What waits for its response, oldest first.
    let mut open: Vec<usize> = Vec::new();
    for message in messages {
        if !message.is_true("is_response") {
            if open.len() >= OPEN_MAX {
                open.remove(0);
            }
            open.push(records.len());
            records.push(vec![*message]);
            continue;
        }
        let asked =
            |at: &usize| records[*at].first().is_some_and(|query| answers_to(message, query));
        match open.iter().position(asked) {
            Some(waiting) => records[open.remove(waiting)].push(*message),
            None => records.push(vec![*message]),
        }
    }
    records
}

fn answers_to(response: &Row<'_>, query: &Row<'_>) -> bool {
    let same_name = match (response.text("qname"), query.text("qname")) {
        (Some(answered), Some(asked)) => answered.eq_ignore_ascii_case(asked),
        (None, _) => true,
        (Some(_), None) => false,
    };
    same_name
        && response.int("id") == query.int("id")
        && response.int("direction") != query.int("direction")
        && (response.text("qname").is_none() || response.int("qtype_id") == query.int("qtype_id"))
}

fn response<'a>(subject: &Subject<'a>) -> Option<Row<'a>> {
    subject.events.last().copied().filter(|message| message.is_true("is_response"))
}

fn rtt<'a>(subject: &Subject<'a>) -> Value<'a> {
    let [query, response] = subject.events else { return Value::None };
    let between = response.int("time").zip(query.int("time"));
    between.map(|(end, start)| end.saturating_sub(start) as f64 / 1e9).into()
}

/// In small letters, as Zeek writes names.
fn query<'a>(subject: &Subject<'a>) -> Value<'a> {
    match subject.event("qname") {
        Value::Text(name) => name.to_ascii_lowercase().into(),
        other => other,
    }
}

fn class_name<'a>(subject: &Subject<'a>) -> Value<'a> {
    match subject.event("qclass") {
        Value::Text(name) => match &*name {
            "IN" => "C_INTERNET".into(),
            "CH" => "C_CHAOS".into(),
            "HS" => "C_HESIOD".into(),
            "NONE" => "C_NONE".into(),
            "ANY" => "C_ANY".into(),
            other => format!("qclass-{}", other.trim_start_matches("CLASS")).into(),
        },
        other => other,
    }
}

fn type_name<'a>(subject: &Subject<'a>) -> Value<'a> {
    match subject.event("qtype") {
        Value::Text(name) if name == "ANY" => "*".into(),
        Value::Text(name) => match name.strip_prefix("TYPE") {
            Some(number) => format!("query-{number}").into(),
            None => Value::Text(name),
        },
        other => other,
    }
}

/// Bits of the response, if there is one.
fn of_last<'a>(subject: &Subject<'a>, column: &str) -> Value<'a> {
    subject.events.last().map_or(Value::None, |message| message.value(column))
}

/// The three bits that were reserved before two of them got a meaning.
fn reserved<'a>(subject: &Subject<'a>) -> Value<'a> {
    subject.events.last().map_or(Value::None, |message| {
        let bits = [("z", 4), ("ad", 2), ("cd", 1)];
        let set = bits.iter().filter(|(column, _)| message.is_true(column));
        Value::Int(set.map(|(_, value)| value).sum())
    })
}

fn answers<'a>(subject: &Subject<'a>) -> Value<'a> {
    let answers = response(subject).map(|response| response.texts("answers")).unwrap_or_default();
    Value::List(answers.into_iter().map(answer).collect()).unless_empty()
}

/// Data alone where that is a name or an address.
fn answer(record: &str) -> Value<'_> {
    let (kind, data) = record.split_once(' ').unwrap_or((record, ""));
    match kind {
        "A" | "AAAA" | "CNAME" | "NS" | "PTR" => data.into(),
        "MX" | "SRV" => data.rsplit(' ').next().unwrap_or(data).into(),
        "SOA" => data.split(' ').next().unwrap_or(data).into(),
        "TXT" => {
            let text = data.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
            let text = text.unwrap_or(data);
            format!("TXT {} {text}", text.len()).into()
        }
        _ => record.into(),
    }
}

fn ttls<'a>(subject: &Subject<'a>) -> Value<'a> {
    response(subject).map_or(Value::None, |response| response.value("ttl").unless_empty())
}

/// Whether the response has no record of any kind.
fn rejected<'a>(subject: &Subject<'a>) -> Value<'a> {
    let counts = ["answer_count", "authority_count", "additional_count"];
    let is_bare = |response: Row<'a>| counts.iter().all(|count| response.int(count) == Some(0));
    response(subject).is_some_and(is_bare).into()
}

fn opcode<'a>(subject: &Subject<'a>) -> Value<'a> {
    let names = ["QUERY", "IQUERY", "STATUS", "", "NOTIFY", "UPDATE"];
    match subject.event("opcode") {
        Value::Text(name) => match name.strip_prefix("OPCODE") {
            Some(number) => number.parse::<i64>().ok().into(),
            None => names.iter().position(|known| *known == name).map(|at| at as i64).into(),
        },
        other => other,
    }
}

fn opcode_name<'a>(subject: &Subject<'a>) -> Value<'a> {
    match subject.event("opcode") {
        Value::Text(name) => name.to_ascii_lowercase().into(),
        other => other,
    }
}

/// Queries of a flow that wait for a response at most; the oldest is given up.
const OPEN_MAX: usize = 256;
