//! Zeek's logs, as Zeek 8 writes them by default: tab-separated values under a header that names and types
//! them.
//!
//! Unset is `-`, a list of nothing `(empty)`. Bytes that would break a line or a field, control
//! characters and backslashes are `\x09` and the like, so a text that comes from the wire cannot
//! pass for something else. Zeek notes in each file when it was opened and closed; the same
//! captures give the same files here, so those two lines are left out.

mod conn;
mod dhcp;
mod dns;
mod http;
mod ssh;
mod ssl;
mod x509;

use std::fmt::Write as _;

use flowloom_schema::{Batch, Timestamp};

use crate::value::Value;
use crate::{Field, LogTable, Reader, Records, Subject, line_column, lines};

/// A log.
pub(crate) struct Log {
    /// Its path, as Zeek calls it: the name of the file.
    pub(crate) path: &'static str,
    pub(crate) fields: &'static [Field],
    records: Records,
}

/// All logs.
pub(crate) const LOGS: &[Log] =
    &[conn::LOG, dns::LOG, http::LOG, ssl::LOG, x509::LOG, dhcp::LOG, ssh::LOG];

/// Where the event tables are among those of [`crate::Logs::events`].
const DNS: usize = 0;
const HTTP: usize = 1;
const CERTIFICATES: usize = 2;
const DHCP: usize = 3;

pub(crate) fn table(log: &Log) -> LogTable {
    LogTable { name: log.path, columns: line_column(), head: lines([header(log)]) }
}

pub(crate) fn batches(reader: &mut Reader<'_>) -> Vec<Batch> {
    let mut logs = vec![Vec::new(); LOGS.len()];
    for flow in reader.flows() {
        let events = reader.events(flow);
        for (log, out) in LOGS.iter().zip(&mut logs) {
            for (number, events) in (log.records)(flow, &events).iter().enumerate() {
                out.push(line(log.fields, &Subject { flow, events, number }));
            }
        }
    }
    logs.into_iter().map(lines).collect()
}

fn header(log: &Log) -> String {
    let names = log.fields.iter().map(|field| field.name).collect::<Vec<_>>().join("\t");
    let kinds = log.fields.iter().map(|field| field.kind).collect::<Vec<_>>().join("\t");
    format!(
        "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n\
         #path\t{}\n#fields\t{names}\n#types\t{kinds}\n",
        log.path
    )
}

fn line(fields: &[Field], subject: &Subject<'_>) -> String {
    let mut line = String::new();
    for (at, field) in fields.iter().enumerate() {
        if at > 0 {
            line.push('\t');
        }
        put(&field.value(subject), field.kind, &mut line);
    }
    line.push('\n');
    line
}

fn put(value: &Value<'_>, kind: &str, out: &mut String) {
    match value {
        Value::None | Value::Object(_) => out.push('-'),
        Value::Bool(value) => out.push(if *value { 'T' } else { 'F' }),
        // Writing to memory does not fail.
        Value::Int(value) if kind == "time" || kind.contains("interval") => {
            let _ = write!(out, "{value}.000000");
        }
        Value::Int(value) => {
            let _ = write!(out, "{value}");
        }
        Value::Real(value) => {
            let _ = write!(out, "{value:.6}");
        }
        Value::Time(nanos) => {
            let (sign, seconds, nanos) = Timestamp(*nanos).decimal();
            let _ = write!(out, "{sign}{seconds}.{:06}", nanos / 1_000);
        }
        Value::Text(text) => put_text(text, false, out),
        Value::List(items) if items.is_empty() => out.push_str(EMPTY),
        Value::List(items) => {
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                match item {
                    Value::Text(text) => put_text(text, true, out),
                    item => put(item, kind, out),
                }
            }
        }
    }
}

/// A text in which nothing can be taken for what stands around it.
fn put_text(text: &str, in_list: bool, out: &mut String) {
    if text.is_empty() {
        return out.push_str(EMPTY);
    }
    let is_mark = text == "-" || text == EMPTY;
    for (at, c) in text.chars().enumerate() {
        match c {
            '\\' => out.push_str("\\\\"),
            c if c.is_ascii_control() || (in_list && c == ',') || (is_mark && at == 0) => {
                let _ = write!(out, "\\x{:02x}", c as u32);
            }
            // Control characters beyond ASCII, byte by byte.
            c if c.is_control() || flowloom_export::is_invisible(c) => {
                for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                    let _ = write!(out, "\\x{byte:02x}");
                }
            }
            c => out.push(c),
        }
    }
}

/// The fields that nearly all logs begin with.
const TIME: Field = Field::flow("ts", "time", "start_time");
const UID: Field = Field::made("uid", "string", "start_time, flow_id, addresses, ports", uid);
const ORIG_H: Field = Field::flow("id.orig_h", "addr", "src_ip");
const ORIG_P: Field = Field::made("id.orig_p", "port", "src_port; icmp_type", orig_port);
const RESP_H: Field = Field::flow("id.resp_h", "addr", "dst_ip");
const RESP_P: Field = Field::made("id.resp_p", "port", "dst_port; icmp_code", resp_port);
const PROTO: Field = Field::made("proto", "enum", "protocol", proto);

/// As Zeek's are: a C and 17 letters and digits. The same frames give the same, whatever the capture
/// is called.
fn uid<'a>(subject: &Subject<'a>) -> Value<'a> {
    let mut rest = subject.flow.digest();
    let mut text = String::from("C");
    for _ in 0..17 {
        text.push(char::from(DIGITS[(rest % 62) as usize]));
        rest /= 62;
    }
    text.into()
}

fn orig_port<'a>(subject: &Subject<'a>) -> Value<'a> {
    let flow = subject.flow;
    match flow.int("protocol") {
        Some(TCP | UDP) => flow.int("src_port").unwrap_or(0).into(),
        Some(ICMP | ICMP6) => flow.int("icmp_type").unwrap_or(0).into(),
        _ => Value::Int(0),
    }
}

/// For ICMP the code; for requests that are answered, the type of the answer, and the other way round.
fn resp_port<'a>(subject: &Subject<'a>) -> Value<'a> {
    let flow = subject.flow;
    match (flow.int("protocol"), flow.int("icmp_type")) {
        (Some(TCP | UDP), _) => flow.int("dst_port").unwrap_or(0).into(),
        (Some(protocol @ (ICMP | ICMP6)), Some(kind)) => {
            let counterparts = if protocol == ICMP { ICMP_ANSWERS } else { ICMP6_ANSWERS };
            let counterpart = counterparts.iter().find_map(|(request, answer)| match kind {
                _ if kind == *request => Some(*answer),
                _ if kind == *answer => Some(*request),
                _ => None,
            });
            counterpart.or(flow.int("icmp_code")).unwrap_or(0).into()
        }
        _ => Value::Int(0),
    }
}

fn proto<'a>(subject: &Subject<'a>) -> Value<'a> {
    match subject.flow.int("protocol") {
        Some(TCP) => "tcp".into(),
        Some(UDP) => "udp".into(),
        Some(ICMP | ICMP6) => "icmp".into(),
        _ => "unknown_transport".into(),
    }
}

const EMPTY: &str = "(empty)";
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const ICMP: i64 = 1;
const TCP: i64 = 6;
const UDP: i64 = 17;
const ICMP6: i64 = 58;
/// Requests of ICMP and their answers: RFC 792, RFC 950, RFC 1256.
const ICMP_ANSWERS: &[(i64, i64)] = &[(8, 0), (13, 14), (15, 16), (17, 18), (10, 9)];
/// Those of ICMPv6: RFC 4443, RFC 4861, RFC 2710.
const ICMP6_ANSWERS: &[(i64, i64)] = &[(128, 129), (133, 134), (135, 136), (130, 131)];

#[cfg(test)]
mod tests;
