//! `http`: a record for each request and its response, of HTTP/1 and of HTTP/2 in the clear.

use super::{At, HTTP, Record};
use crate::value::Value;
use crate::{Field, Row, Subject};

pub(super) const RECORD: Record = Record {
    event: "http",
    fields: FIELDS,
    records: |flow, events| {
        // Over UDP it is SSDP, which is no event of Suricata's.
        let is_tcp = flow.int("protocol") == Some(6);
        let exchanges = events.get(HTTP).filter(|_| is_tcp).into_iter().flatten();
        let is_told = |exchange: &&Row<'_>| TOLD.iter().any(|at| exchange.int(at).is_some());
        exchanges.filter(is_told).map(|exchange| vec![*exchange]).collect()
    },
    at: |subject| {
        let value = |column| subject.events.first().and_then(|exchange| exchange.int(column));
        let time = value("request_time").or(value("response_time"));
        At { time, ..At::default() }
    },
};

const FIELDS: &[Field] = &[
    Field::made("http.hostname", "", "host, without its port", |s| host(s).0),
    Field::made("http.http_port", "", "the port in host", |s| host(s).1),
    Field::event("http.url", "", "uri"),
    Field::made("http.version", "", "version, if it is 2", |s| match s.event("version") {
        Value::Text(version) if version == "2" => Value::Text(version),
        _ => Value::None,
    }),
    Field::event("http.http_user_agent", "", "user_agent"),
    Field::made("http.http_content_type", "", "content_type, up to its parameters", content_type),
    Field::event("http.http_refer", "", "referer"),
    Field::event("http.http_method", "", "method"),
    Field::made("http.protocol", "", "version", |s| match s.event("version") {
        Value::Text(version) => format!("HTTP/{version}").into(),
        _ => Value::None,
    }),
    Field::event("http.status", "", "status"),
    Field::event("http.redirect", "", "location"),
    Field::made("http.length", "", "body_bytes, 0 if there was no body", |s| {
        match s.event("body_bytes") {
            Value::None => Value::Int(0),
            bytes => bytes,
        }
    }),
    Field::event("http.http2.stream_id", "", "http2_stream"),
    Field::never("http.request_headers", ""),
    Field::never("http.response_headers", ""),
];

fn host<'a>(subject: &Subject<'a>) -> (Value<'a>, Value<'a>) {
    let host = subject.events.first().and_then(|exchange| exchange.text("host"));
    let Some(host) = host else { return (Value::None, Value::None) };
    // The colons of an IPv6 address are between brackets.
    match host.rsplit_once(':').map(|(name, port)| (name, port.parse::<u16>())) {
        Some((name, Ok(port))) => (name.into(), Value::Int(port.into())),
        _ => (host.into(), Value::None),
    }
}

fn content_type<'a>(subject: &Subject<'a>) -> Value<'a> {
    let found = subject.events.first().and_then(|exchange| exchange.text("content_type"));
    found.map(|found| found.split(';').next().unwrap_or(found).trim_end()).into()
}

/// Of some exchanges, neither side's message was read.
const TOLD: [&str; 2] = ["request_time", "response_time"];
