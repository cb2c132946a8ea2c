//! `http`: a record for each request, with its response. What HTTP/2 says in the clear is there,
//! too, which Zeek does not read.

use super::{HTTP, Log, ORIG_H, ORIG_P, RESP_H, RESP_P, TCP, UID};
use crate::value::Value;
use crate::{Field, Row, Subject};

pub(super) const LOG: Log = Log {
    path: "http",
    fields: FIELDS,
    records: |flow, events| {
        // Over UDP it is SSDP, of which Zeek makes no record.
        let is_tcp = flow.int("protocol") == Some(TCP);
        let exchanges = events.get(HTTP).filter(|_| is_tcp).into_iter().flatten();
        let is_told = |exchange: &&Row<'_>| TOLD.iter().any(|at| exchange.int(at).is_some());
        exchanges.filter(is_told).map(|exchange| vec![*exchange]).collect()
    },
};

const FIELDS: &[Field] = &[
    Field::made("ts", "time", "request_time, else response_time", time),
    UID,
    ORIG_H,
    ORIG_P,
    RESP_H,
    RESP_P,
    Field::made("trans_depth", "count", "place among the requests of the flow", depth),
    Field::event("method", "string", "method"),
    Field::made("host", "string", "host, without its port", host),
    Field::event("uri", "string", "uri"),
    Field::event("referrer", "string", "referer"),
    Field::event("version", "string", "version"),
    Field::event("user_agent", "string", "user_agent"),
    Field::never("origin", "string"),
    Field::made("request_body_len", "count", "request_body_bytes", |s| {
        body(s, "request_body_bytes")
    }),
    Field::made(
        "response_body_len",
        "count",
        "body_bytes, unless in a content_encoding",
        plain_body,
    ),
    Field::event("status_code", "count", "status"),
    Field::event("status_msg", "string", "reason"),
    Field::made("info_code", "count", "interim_statuses", interim),
    Field::never("info_msg", "string"),
    Field::made("tags", "set[enum]", "nothing: no tags are given", |_| Value::List(Vec::new())),
    Field::never("username", "string"),
    Field::never("password", "string"),
    Field::never("proxied", "set[string]"),
    Field::never("orig_fuids", "vector[string]"),
    Field::never("orig_filenames", "vector[string]"),
    Field::never("orig_mime_types", "vector[string]"),
    Field::never("resp_fuids", "vector[string]"),
    Field::never("resp_filenames", "vector[string]"),
    Field::never("resp_mime_types", "vector[string]"),
];

fn time<'a>(subject: &Subject<'a>) -> Value<'a> {
    match subject.event("request_time") {
        Value::None => subject.event("response_time"),
        time => time,
    }
}

fn depth<'a>(subject: &Subject<'a>) -> Value<'a> {
    Value::Int(subject.number as i64 + 1)
}

fn host<'a>(subject: &Subject<'a>) -> Value<'a> {
    let host = subject.events.first().and_then(|exchange| exchange.text("host"));
    let bare = |host: &'a str| match host.rsplit_once(':') {
        // The colons of an IPv6 address are between brackets.
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    host.map(bare).into()
}

/// Zero where there was none, as Zeek has it.
fn body<'a>(subject: &Subject<'a>, column: &str) -> Value<'a> {
    match subject.event(column) {
        Value::None => Value::Int(0),
        bytes => bytes,
    }
}

/// Zeek counts what was decoded, which is not known here.
fn plain_body<'a>(subject: &Subject<'a>) -> Value<'a> {
    match subject.event("content_encoding") {
        Value::Text(coding) if !coding.eq_ignore_ascii_case("identity") => Value::None,
        _ => body(subject, "body_bytes"),
    }
}

/// The last of the interim responses.
fn interim<'a>(subject: &Subject<'a>) -> Value<'a> {
    match subject.event("interim_statuses") {
        Value::List(mut statuses) => statuses.pop().unwrap_or(Value::None),
        other => other,
    }
}

/// Of some exchanges, neither side's message was read.
const TOLD: [&str; 2] = ["request_time", "response_time"];
