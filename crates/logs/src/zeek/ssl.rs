//! `ssl`: a record for each TLS handshake, of TCP, DTLS and QUIC.

use super::{Log, ORIG_H, ORIG_P, RESP_H, RESP_P, UID};
use crate::value::Value;
use crate::{Field, Subject, alone};

pub(super) const LOG: Log = Log {
    path: "ssl",
    fields: FIELDS,
    records: |flow, _| {
        let said = ["tls_ja3", "tls_version", "tls_cert_subject"];
        alone(said.iter().any(|column| flow.text(column).is_some()))
    },
};

const FIELDS: &[Field] = &[
    Field::made("ts", "time", "tls_client_hello_time, else start_time", time),
    UID,
    ORIG_H,
    ORIG_P,
    RESP_H,
    RESP_P,
    Field::made("version", "string", "tls_version", version),
    Field::flow("cipher", "string", "tls_cipher"),
    Field::flow("curve", "string", "tls_group"),
    Field::flow("server_name", "string", "tls_sni"),
    Field::made("resumed", "bool", "tls_resumed", |s| s.flow.is_true("tls_resumed").into()),
    Field::made("last_alert", "string", "tls_alerts", last_alert),
    Field::flow("next_protocol", "string", "tls_alpn"),
    Field::made("established", "bool", "tls_handshake_time", established),
    Field::never("ssl_history", "string"),
    Field::made("cert_chain_fps", "vector[string]", "tls_cert_sha256", |s| {
        chain(s, "tls_cert_sha256")
    }),
    Field::made("client_cert_chain_fps", "vector[string]", "tls_client_cert_sha256", |s| {
        chain(s, "tls_client_cert_sha256")
    }),
    Field::made("sni_matches_cert", "bool", "tls_sni, tls_cert_san, tls_cert_cn", matches_name),
];

fn time<'a>(subject: &Subject<'a>) -> Value<'a> {
    match subject.flow.value("tls_client_hello_time") {
        Value::None => subject.flow.value("start_time"),
        time => time,
    }
}

/// `TLSv12` for `TLS 1.2`.
fn version<'a>(subject: &Subject<'a>) -> Value<'a> {
    let version = subject.flow.text("tls_version");
    version
        .map(|version| match version {
            "SSL 3.0" => "SSLv3".to_owned(),
            "SSL 2.0" => "SSLv2".to_owned(),
            other => other.replace(' ', "v").replace('.', ""),
        })
        .into()
}

fn last_alert<'a>(subject: &Subject<'a>) -> Value<'a> {
    subject.flow.texts("tls_alerts").pop().into()
}

fn established<'a>(subject: &Subject<'a>) -> Value<'a> {
    (!subject.flow.value("tls_handshake_time").is_none()).into()
}

/// Unset without a name that was asked for, or without a certificate.
fn matches_name<'a>(subject: &Subject<'a>) -> Value<'a> {
    let flow = subject.flow;
    let Some(asked) = flow.text("tls_sni") else { return Value::None };
    if flow.text("tls_cert_subject").is_none() {
        return Value::None;
    }
    let mut names = flow.texts("tls_cert_san");
    names.extend(flow.text("tls_cert_cn"));
    // A star stands for one label (RFC 6125, section 6.4.3).
    let is_named = |name: &&str| match name.strip_prefix("*.") {
        Some(rest) => asked.split_once('.').is_some_and(|(_, of)| of.eq_ignore_ascii_case(rest)),
        None => asked.eq_ignore_ascii_case(name),
    };
    names.iter().any(is_named).into()
}

/// Unset if nobody sent a certificate in the clear, empty if only the other side did.
fn chain<'a>(subject: &Subject<'a>, column: &str) -> Value<'a> {
    let flow = subject.flow;
    let any = ["tls_cert_sha256", "tls_client_cert_sha256"];
    if any.iter().all(|column| flow.value(column).is_none()) {
        return Value::None;
    }
    Value::texts(flow.texts(column))
}
