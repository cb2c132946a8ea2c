//! `ssh`: a record for each connection in which both sides said what they are.

use super::{Log, ORIG_H, ORIG_P, RESP_H, RESP_P, TIME, UID};
use crate::value::Value;
use crate::{Field, Subject, alone, is_ssh};

pub(super) const LOG: Log =
    Log { path: "ssh", fields: FIELDS, records: |flow, _| alone(is_ssh(flow)) };

const FIELDS: &[Field] = &[
    TIME,
    UID,
    ORIG_H,
    ORIG_P,
    RESP_H,
    RESP_P,
    Field::made("version", "count", "ssh_client, ssh_server", version),
    Field::never("auth_success", "bool"),
    Field::never("auth_attempts", "count"),
    Field::never("direction", "enum"),
    Field::flow("client", "string", "ssh_client"),
    Field::flow("server", "string", "ssh_server"),
    Field::made("cipher_alg", "string", "ssh_cipher, ssh_cipher_server", |s| {
        both(s, "ssh_cipher", "ssh_cipher_server")
    }),
    Field::made("mac_alg", "string", "ssh_mac, ssh_mac_server", |s| {
        both(s, "ssh_mac", "ssh_mac_server")
    }),
    Field::made("compression_alg", "string", "ssh_compression, ssh_compression_server", |s| {
        both(s, "ssh_compression", "ssh_compression_server")
    }),
    Field::flow("kex_alg", "string", "ssh_kex"),
    Field::flow("host_key_alg", "string", "ssh_host_key"),
    Field::flow("host_key_fingerprint", "string", "ssh_host_key_sha256"),
];

/// 1 if a side has nothing newer; `SSH-1.99` is one that has both (RFC 4253, section 5.1).
fn version<'a>(subject: &Subject<'a>) -> Value<'a> {
    let is_old = |side: &str| {
        let banner = subject.flow.text(side).unwrap_or_default();
        banner.starts_with("SSH-1.") && !banner.starts_with("SSH-1.99")
    };
    Value::Int(if is_old("ssh_client") || is_old("ssh_server") { 1 } else { 2 })
}

/// What was chosen for each direction, which mostly is the same.
fn both<'a>(subject: &Subject<'a>, client: &str, server: &str) -> Value<'a> {
    match (subject.flow.text(client), subject.flow.text(server)) {
        (Some(up), Some(down)) if up != down => {
            format!("To server: {up}, to client: {down}").into()
        }
        (up, down) => up.or(down).into(),
    }
}
