//! `conn`: a record for each flow.

use super::{ICMP, ICMP6, Log, ORIG_H, ORIG_P, PROTO, RESP_H, RESP_P, TCP, TIME, UDP, UID};
use crate::value::Value;
use crate::{Field, Subject};

pub(super) const LOG: Log = Log { path: "conn", fields: FIELDS, records: |_, _| vec![Vec::new()] };

const FIELDS: &[Field] = &[
    TIME,
    UID,
    ORIG_H,
    ORIG_P,
    RESP_H,
    RESP_P,
    PROTO,
    Field::made("service", "string", "applications", service),
    Field::made("duration", "interval", "duration", duration),
    Field::made("orig_bytes", "count", "up_stream_byte_count, up_payload_byte_count", orig_bytes),
    Field::made(
        "resp_bytes",
        "count",
        "down_stream_byte_count, down_payload_byte_count",
        resp_bytes,
    ),
    Field::made(
        "conn_state",
        "string",
        "the flags, packets and payload of both sides, history",
        conn_state,
    ),
    Field::never("local_orig", "bool"),
    Field::never("local_resp", "bool"),
    Field::made("missed_bytes", "count", "up_missing_byte_count, down_missing_byte_count", missed),
    Field::flow("history", "string", "history"),
    Field::flow("orig_pkts", "count", "up_packet_count"),
    Field::flow("orig_ip_bytes", "count", "up_ip_byte_count"),
    Field::flow("resp_pkts", "count", "down_packet_count"),
    Field::flow("resp_ip_bytes", "count", "down_ip_byte_count"),
    Field::never("tunnel_parents", "set[string]"),
    Field::flow("ip_proto", "count", "protocol"),
];

/// The protocols that were recognised by what was said, by the names of Zeek's analyzers.
fn service<'a>(subject: &Subject<'a>) -> Value<'a> {
    let flow = subject.flow;
    let found = flow.texts("applications").into_iter().map(analyzer);
    let mut names = found.filter(|name| ANALYZERS.contains(name)).collect::<Vec<_>>();
    // The handshake in QUIC is TLS.
    if names.contains(&"quic") && flow.text("tls_ja3").is_some() {
        names.push("ssl");
    }
    if names.is_empty() { Value::None } else { names.join(",").into() }
}

fn analyzer(application: &str) -> &str {
    match application {
        "tls" => "ssl",
        "mdns" | "llmnr" | "nbns" => "dns",
        "kerberos" => "krb",
        "dcerpc" => "dce_rpc",
        other => other,
    }
}

/// Unset for one moment, as Zeek has it.
fn duration<'a>(subject: &Subject<'a>) -> Value<'a> {
    subject.flow.real("duration").filter(|duration| *duration > 0.0).into()
}

fn orig_bytes<'a>(subject: &Subject<'a>) -> Value<'a> {
    bytes(subject, "up_stream_byte_count", "up_payload_byte_count")
}

fn resp_bytes<'a>(subject: &Subject<'a>) -> Value<'a> {
    bytes(subject, "down_stream_byte_count", "down_payload_byte_count")
}

/// Payload, of TCP by its sequence numbers; unset where the duration is.
fn bytes<'a>(subject: &Subject<'a>, stream: &str, payload: &str) -> Value<'a> {
    let flow = subject.flow;
    if duration(subject).is_none() {
        return Value::None;
    }
    match flow.int("protocol") {
        Some(TCP) => flow.int(stream).into(),
        Some(UDP | ICMP | ICMP6) => flow.int(payload).into(),
        _ => Value::Int(0),
    }
}

fn missed<'a>(subject: &Subject<'a>) -> Value<'a> {
    let missing = |column| subject.flow.int(column).unwrap_or(0);
    Value::Int(missing("up_missing_byte_count") + missing("down_missing_byte_count"))
}

/// What became of the connection, in the words of Zeek's documentation.
pub(super) fn conn_state<'a>(subject: &Subject<'a>) -> Value<'a> {
    let flow = subject.flow;
    let sent = |column| flow.int(column).unwrap_or(0) > 0;
    let (up, down) = (sent("up_packet_count"), sent("down_packet_count"));
    match flow.int("protocol") {
        Some(TCP) => tcp_state(subject).into(),
        Some(UDP) => match (up, down) {
            (true, true) => "SF",
            (true, false) => "S0",
            (false, true) => "SHR",
            (false, false) => "OTH",
        }
        .into(),
        _ => "OTH".into(),
    }
}

/// As the scripts of Zeek tell it by the states of the two endpoints.
fn tcp_state(subject: &Subject<'_>) -> &'static str {
    let flow = subject.flow;
    let number = |column| flow.int(column).unwrap_or(0);
    let (up, down) = (number("up_tcp_flags"), number("down_tcp_flags"));
    let has = |side: i64, flag: i64| side & flag != 0;
    // After both have closed, an RST changes nothing any more.
    let both_closed = has(up, FIN) && has(down, FIN);
    let is_reset = |side: i64| has(side, RST) && !both_closed;
    let answered = has(down, SYN);
    // A side of which there is nothing, or nothing before the middle, is not known to have opened.
    let up_opened = has(up, SYN) || (answered && has(up, ACK));
    let nothing_said =
        number("up_payload_byte_count") == 0 && number("down_payload_byte_count") == 0;
    if is_reset(down) {
        let is_asking = has(up, SYN) && !answered && !has(up, FIN | RST);
        return if (is_asking || is_reset(up)) && nothing_said {
            "REJ"
        } else if up_opened || has(up, FIN | RST) {
            "RSTR"
        } else {
            "RSTRH"
        };
    }
    if is_reset(up) {
        let history = flow.text("history").unwrap_or_default();
        return match (answered || has(down, FIN), is_given_up(history)) {
            (true, _) => "RSTO",
            (false, true) => "RSTOS0",
            (false, false) => "OTH",
        };
    }
    match (has(up, FIN), has(down, FIN)) {
        (true, true) => "SF",
        (true, false) if answered => "S2",
        (true, false) => "SH",
        (false, true) if up_opened => "S3",
        (false, true) => "SHR",
        (false, false) if has(up, SYN) && down == 0 => "S0",
        (false, false) if up_opened && answered => "S1",
        (false, false) => "OTH",
    }
}

/// Whether the originator asked and then gave up, with nothing between.
fn is_given_up(history: &str) -> bool {
    let own = history.trim_start_matches('^');
    let between = own.strip_prefix('S').and_then(|rest| rest.split_once('R'));
    between.is_some_and(|(between, _)| !between.contains(['H', 'A', 'F', 'G', 'I', 'Q']))
}

/// Protocols that Zeek has an analyzer for; others are no service of its.
const ANALYZERS: &[&str] = &[
    "dce_rpc",
    "dhcp",
    "dnp3",
    "dns",
    "dtls",
    "ftp",
    "http",
    "imap",
    "irc",
    "krb",
    "modbus",
    "mqtt",
    "mysql",
    "ntp",
    "pop3",
    "postgresql",
    "quic",
    "radius",
    "rdp",
    "rfb",
    "sip",
    "smb",
    "smtp",
    "snmp",
    "socks",
    "ssh",
    "ssl",
    "syslog",
    "xmpp",
];
const FIN: i64 = 1;
const SYN: i64 = 2;
const RST: i64 = 4;
const ACK: i64 = 16;
