//! Expectations in lines of text.

use std::collections::HashMap;
use std::net::IpAddr;

use super::{Ends, Fact};

/// A log of Zeek, whose `#fields` name its columns.
pub(super) fn zeek(text: &str, facts: &mut Vec<Fact>) {
    let mut names: Vec<&str> = Vec::new();
    let path = text.lines().find_map(|line| line.strip_prefix("#path\t")).unwrap_or_default();
    let of_path = ZEEK.iter().filter(|(log, ..)| *log == path).collect::<Vec<_>>();
    for line in text.lines() {
        if let Some(fields) = line.strip_prefix("#fields\t") {
            names = fields.split('\t').collect();
        }
        if line.starts_with('#') {
            continue;
        }
        let row = names.iter().copied().zip(line.split('\t')).collect::<HashMap<_, _>>();
        let end = |address: &str, port: &str| {
            Some((row.get(address)?.parse().ok()?, row.get(port)?.parse().ok()?))
        };
        let ends = end("id.orig_h", "id.orig_p").zip(end("id.resp_h", "id.resp_p"));
        for (_, field, thing) in &of_path {
            let cell = row.get(field).copied().unwrap_or_default();
            for value in cell.split(',').filter(|value| !["-", "(empty)", ""].contains(value)) {
                let value = if *thing == "serial" { value.trim_start_matches('0') } else { value };
                facts.push(Fact::new(thing, ends.map(|(a, b)| [a, b]), value));
            }
        }
    }
}

/// Log, field, thing.
const ZEEK: &[(&str, &str, &str)] = &[
    ("http", "method", "method"),
    ("http", "host", "host"),
    ("http", "user_agent", "agent"),
    ("http", "status_code", "status"),
    ("dns", "query", "query"),
    ("dns", "answers", "answer"),
    ("ssl", "server_name", "sni"),
    ("ssl", "next_protocol", "alpn"),
    ("ssl", "cert_chain_fps", "certificate"),
    ("x509", "fingerprint", "certificate"),
    ("x509", "certificate.serial", "serial"),
    ("ssh", "client", "ssh"),
    ("ssh", "server", "ssh"),
    ("ssh", "host_key_fingerprint", "host_key"),
    ("quic", "client_initial_dcid", "dcid"),
    ("quic", "server_scid", "scid"),
    ("quic", "server_name", "sni"),
    ("quic", "client_protocol", "alpn"),
    ("dhcp", "mac", "mac"),
    ("dhcp", "host_name", "host"),
    ("dhcp", "msg_types", "type"),
];

/// The flows of nDPI.
pub(super) fn ndpi(text: &str, facts: &mut Vec<Fact>) {
    for line in text.lines() {
        let Some(ends) = ndpi_ends(line) else { continue };
        let value = |name: &str| {
            let (_, rest) = line.split_once(name)?;
            rest.split(']').next()
        };
        for (thing, name) in [
            ("host", "[Hostname/SNI: "),
            ("url", "[URL: "),
            ("agent", "[User-Agent: "),
            ("status", "[StatusCode: "),
            ("ja3", "[JA3C: "),
        ] {
            facts.extend(value(name).map(|value| Fact::new(thing, Some(ends), value)));
        }
        // A word may follow the hash.
        let ja3s = value("[JA3S: ").and_then(|value| value.split(' ').next());
        facts.extend(ja3s.map(|value| Fact::new("ja3s", Some(ends), value)));
        let ciphers = value("[JA4: ").and_then(|value| value.split('_').nth(1));
        facts.extend(ciphers.map(|value| Fact::new("ja4_ciphers", Some(ends), value)));
    }
}

/// `TCP 10.0.0.1:80 <-> 10.0.0.2:1024 [...`, with addresses of IPv6 in brackets.
fn ndpi_ends(line: &str) -> Option<Ends> {
    let mut words = line.split_whitespace().skip_while(|word| !["TCP", "UDP"].contains(word));
    words.next()?;
    let mut end = || -> Option<(IpAddr, u16)> {
        let (address, port) = words.find(|word| word.contains(':'))?.rsplit_once(':')?;
        Some((address.trim_matches(['[', ']']).parse().ok()?, port.parse().ok()?))
    };
    Some([end()?, end()?])
}

/// Fingerprints with their texts, which are the versions of hellos.
pub(super) fn pcapplusplus(text: &str, facts: &mut Vec<Fact>) {
    for line in text.lines().skip(1) {
        let cells = line.split('\t').collect::<Vec<_>>();
        let [hash, _, kind, src, sport, dst, dport] = cells[..] else { continue };
        let end = |address: &str, port: &str| Some((address.parse().ok()?, port.parse().ok()?));
        let ends = end(src, sport).zip(end(dst, dport)).map(|(a, b)| [a, b]);
        facts.push(Fact::new(if kind == "ClientHello" { "ja3" } else { "ja3s" }, ends, hash));
    }
}
