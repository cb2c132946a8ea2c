//! `tls`: a record for each TLS handshake over TCP. That in QUIC is in the record of QUIC.

use flowloom_schema::Timestamp;

use super::{At, CERTIFICATES, Record};
use crate::value::Value;
use crate::{Field, Subject};

pub(super) const RECORD: Record = Record {
    event: "tls",
    fields: FIELDS,
    records: |flow, events| {
        let said = ["tls_ja3", "tls_version", "tls_cert_subject"];
        let is_tls = said.iter().any(|column| flow.text(column).is_some());
        if !is_tls || flow.int("protocol") != Some(6) {
            return Vec::new();
        }
        let of_server = events.get(CERTIFICATES).into_iter().flatten();
        let is_leaf = |row: &&_| is_leaf(row);
        vec![of_server.filter(is_leaf).take(1).copied().collect()]
    },
    at: |subject| {
        let value = |column| subject.flow.int(column);
        let time = value("tls_handshake_time")
            .or(value("tls_server_hello_time"))
            .or(value("tls_client_hello_time"))
            .or(value("start_time"));
        At { time, ..At::default() }
    },
};

const FIELDS: &[Field] = &[
    Field::made("tls.subject", "", "subject of the server's certificate", |s| name(s, "subject")),
    Field::made("tls.issuerdn", "", "issuer of the server's certificate", |s| name(s, "issuer")),
    Field::made("tls.subjectaltname", "", "san_dns of it", |s| s.event("san_dns").unless_empty()),
    Field::made("tls.serial", "", "serial of it", |s| pairs(s, "serial", true)),
    Field::made("tls.fingerprint", "", "sha1 of it", |s| pairs(s, "sha1", false)),
    Field::flow("tls.sni", "", "tls_sni"),
    Field::made("tls.version", "", "tls_version", version),
    Field::made("tls.notbefore", "", "not_before of it", |s| date(s, "not_before")),
    Field::made("tls.notafter", "", "not_after of it", |s| date(s, "not_after")),
    Field::made("tls.session_resumed", "", "tls_resumed, if it was", |s| {
        s.flow.is_true("tls_resumed").then_some(true).into()
    }),
    Field::flow("tls.ja3.hash", "", "tls_ja3"),
    Field::never("tls.ja3.string", ""),
    Field::flow("tls.ja3s.hash", "", "tls_ja3s"),
    Field::never("tls.ja3s.string", ""),
    Field::flow("tls.ja4", "", "tls_ja4"),
    Field::made("tls.client_alpns", "", "tls_alpn_offered", |s| {
        s.flow.value("tls_alpn_offered").unless_empty()
    }),
    Field::made("tls.server_alpns", "", "tls_alpn", |s| match s.flow.value("tls_alpn") {
        Value::None => Value::None,
        name => Value::List(vec![name]),
    }),
    Field::never("tls.certificate", ""),
    Field::never("tls.chain", ""),
];

fn is_leaf(certificate: &crate::Row<'_>) -> bool {
    certificate.is_true("is_server") && certificate.int("position") == Some(0)
}

/// A name in the order in which the certificate has it, with spaces: RFC 4514 turns it round.
pub(super) fn name<'a>(subject: &Subject<'a>, column: &str) -> Value<'a> {
    let Value::Text(name) = subject.event(column) else { return Value::None };
    let mut parts = vec![String::new()];
    let mut is_escaped = false;
    for c in name.chars() {
        match c {
            ',' if !is_escaped => parts.push(String::new()),
            '\\' if !is_escaped => {
                is_escaped = true;
                continue;
            }
            c => parts.last_mut().into_iter().for_each(|part| {
                // What was written as a number of two digits stays one.
                if is_escaped && c.is_ascii_hexdigit() {
                    part.push('\\');
                }
                part.push(c);
            }),
        }
        is_escaped = false;
    }
    let part = |part: &String| part.replacen("emailAddress=", "Email=", 1);
    parts.iter().rev().map(part).collect::<Vec<_>>().join(", ").into()
}

/// Hexadecimal digits in pairs with colons between them.
fn pairs<'a>(subject: &Subject<'a>, column: &str, is_large: bool) -> Value<'a> {
    let Value::Text(digits) = subject.event(column) else { return Value::None };
    let mut text = String::with_capacity(digits.len() * 3 / 2);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && at.is_multiple_of(2) {
            text.push(':');
        }
        text.push(if is_large { digit.to_ascii_uppercase() } else { digit });
    }
    text.into()
}

fn date<'a>(subject: &Subject<'a>, column: &str) -> Value<'a> {
    let Value::Int(seconds) = subject.event(column) else { return Value::None };
    Timestamp::date_and_time(seconds).into()
}

fn version<'a>(subject: &Subject<'a>) -> Value<'a> {
    let version = subject.flow.text("tls_version");
    version
        .map(|version| match version {
            "TLS 1.0" => "TLSv1",
            "SSL 3.0" => "SSLv3",
            "SSL 2.0" => "SSLv2",
            other => other,
        })
        .into()
}
