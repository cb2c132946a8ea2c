//! `x509`: a record for each certificate. Zeek makes one for the same certificate once a day; here
//! there is one each time that it was sent.

use super::{CERTIFICATES, Log};
use crate::value::Value;
use crate::{Field, Subject};

pub(super) const LOG: Log = Log {
    path: "x509",
    fields: FIELDS,
    records: |_, events| {
        let certificates = events.get(CERTIFICATES).into_iter().flatten();
        certificates.map(|certificate| vec![*certificate]).collect()
    },
};

const FIELDS: &[Field] = &[
    Field::event("ts", "time", "time"),
    Field::event("fingerprint", "string", "sha256"),
    Field::event("certificate.version", "count", "version"),
    Field::made("certificate.serial", "string", "serial", serial),
    Field::event("certificate.subject", "string", "subject"),
    Field::event("certificate.issuer", "string", "issuer"),
    Field::event("certificate.not_valid_before", "time", "not_before"),
    Field::event("certificate.not_valid_after", "time", "not_after"),
    Field::event("certificate.key_alg", "string", "key_algorithm"),
    Field::event("certificate.sig_alg", "string", "signature"),
    Field::made("certificate.key_type", "string", "key_type", key_type),
    Field::event("certificate.key_length", "count", "key_bits"),
    Field::made("certificate.exponent", "string", "key_exponent", exponent),
    Field::event("certificate.curve", "string", "key_curve"),
    Field::made("san.dns", "vector[string]", "san_dns", |s| s.event("san_dns").unless_empty()),
    Field::never("san.uri", "vector[string]"),
    Field::never("san.email", "vector[string]"),
    Field::made("san.ip", "vector[addr]", "san_ip", |s| s.event("san_ip").unless_empty()),
    Field::made("basic_constraints.ca", "bool", "is_ca, has_basic_constraints", is_ca),
    Field::event("basic_constraints.path_len", "count", "path_len_max"),
    Field::made("host_cert", "bool", "position", is_own),
    Field::made("client_cert", "bool", "is_server", is_of_client),
];

fn serial<'a>(subject: &Subject<'a>) -> Value<'a> {
    match subject.event("serial") {
        // DER puts a zero before a number whose first bit is set.
        Value::Text(serial) => {
            let digits = serial.strip_prefix("00").filter(|rest| !rest.is_empty());
            digits.unwrap_or(&serial).to_ascii_uppercase().into()
        }
        other => other,
    }
}

fn key_type<'a>(subject: &Subject<'a>) -> Value<'a> {
    match subject.event("key_type") {
        Value::Text(kind) => match &*kind {
            "RSA" => "rsa".into(),
            "DSA" => "dsa".into(),
            "EC" => "ecdsa".into(),
            _ => "unknown".into(),
        },
        other => other,
    }
}

fn exponent<'a>(subject: &Subject<'a>) -> Value<'a> {
    match subject.event("key_exponent") {
        Value::Int(exponent) => exponent.to_string().into(),
        other => other,
    }
}

fn is_ca<'a>(subject: &Subject<'a>) -> Value<'a> {
    match subject.event("has_basic_constraints") {
        Value::Bool(true) => subject.event("is_ca"),
        _ => Value::None,
    }
}

fn is_own<'a>(subject: &Subject<'a>) -> Value<'a> {
    (subject.event("position") == Value::Int(0)).into()
}

fn is_of_client<'a>(subject: &Subject<'a>) -> Value<'a> {
    (subject.event("is_server") == Value::Bool(false)).into()
}
