//! Expectations in JSON and YAML.

use std::net::IpAddr;

use serde_json::Value;

use super::{Ends, Fact};

/// The sessions of Arkime.
pub(super) fn arkime(text: &str, facts: &mut Vec<Fact>) {
    let all: Value = serde_json::from_str(text).unwrap();
    for session in list(&all["sessions3"]) {
        let body = &session["body"];
        let ends = ends(
            [&body["source"]["ip"], &body["destination"]["ip"]],
            [&body["source"]["port"], &body["destination"]["port"]],
        );
        for (thing, path) in ARKIME {
            for value in strings(body.pointer(path).unwrap_or(&Value::Null)) {
                facts.push(Fact::new(thing, ends, &value));
            }
        }
        for certificate in list(&body["cert"]) {
            for (thing, key) in [
                ("serial", "serial"),
                ("subject_cn", "subjectCN"),
                ("issuer_cn", "issuerCN"),
                ("san", "alt"),
            ] {
                for value in strings(&certificate[key]) {
                    facts.push(Fact::new(thing, ends, value.trim_start_matches('0')));
                }
            }
        }
        for message in list(&body["dns"]) {
            let query = strings(&message["queryHost"]);
            facts.extend(query.map(|value| Fact::new("query", ends, &value)));
            for answer in list(&message["answers"]) {
                for key in ["ip", "cname", "nameserver"] {
                    let values = strings(&answer[key]);
                    facts.extend(values.map(|value| Fact::new("answer", ends, &value)));
                }
            }
        }
    }
}

const ARKIME: &[(&str, &str)] = &[
    ("host", "/http/host"),
    ("method", "/http/method"),
    ("url", "/http/uri"),
    ("status", "/http/statuscode"),
    ("agent", "/http/useragent"),
    ("ja3", "/tls/ja3"),
    ("ja3s", "/tls/ja3s"),
    ("ja4", "/tls/ja4"),
    ("ssh", "/ssh/version"),
    ("hassh", "/ssh/hassh"),
    ("hassh_server", "/ssh/hasshServer"),
    ("type", "/dhcp/type"),
    ("transaction", "/dhcp/id"),
];

/// The streams in a snapshot of the authors of JA4.
pub(super) fn ja4_streams(text: &str, facts: &mut Vec<Fact>) {
    let streams = text.splitn(3, "---\n").nth(2).unwrap();
    let all: Value = serde_saphyr::from_str(streams).unwrap();
    for stream in list(&all) {
        let ends =
            ends([&stream["src"], &stream["dst"]], [&stream["src_port"], &stream["dst_port"]]);
        for (thing, path) in JA4 {
            let values = strings(stream.pointer(path).unwrap_or(&Value::Null));
            facts.extend(values.map(|value| Fact::new(thing, ends, &value)));
        }
        for certificate in list(&stream["tls_certs"]).iter().flat_map(|all| list(&all["x509"])) {
            for (thing, key) in [
                ("ja4x", "ja4x"),
                ("subject_cn", "subjectCommonName"),
                ("issuer_cn", "issuerCommonName"),
            ] {
                let values = strings(&certificate[key]);
                facts.extend(values.map(|value| Fact::new(thing, ends, &value)));
            }
        }
        for request in list(&stream["http"]) {
            let values = strings(&request["ja4h"]);
            facts.extend(values.map(|value| Fact::new("ja4h", ends, &value)));
        }
    }
}

const JA4: &[(&str, &str)] = &[
    ("sni", "/tls_server_name"),
    ("ja4", "/ja4"),
    ("ja4s", "/ja4s"),
    ("ja4t", "/ja4t"),
    ("ja4ssh", "/ja4ssh"),
    ("hassh", "/ssh_extras/hassh"),
    ("hassh_server", "/ssh_extras/hassh_server"),
    ("ssh", "/ssh_extras/ssh_protocol_client"),
    ("ssh", "/ssh_extras/ssh_protocol_server"),
];

/// The frames that the authors of JA4 print with tshark and their plugin.
pub(super) fn ja4_frames(text: &str, facts: &mut Vec<Fact>) {
    let all: Value = serde_json::from_str(text).unwrap();
    for frame in list(&all) {
        let layers = &frame["_source"]["layers"];
        for (thing, key) in [
            ("ja4", "ja4.ja4"),
            ("ja4s", "ja4.ja4s"),
            ("ja4h", "ja4.ja4h"),
            ("ja4x", "ja4.ja4x"),
            ("ja4t", "ja4.ja4t"),
            ("ja4ts", "ja4.ja4ts"),
            ("ja4ssh", "ja4.ja4ssh"),
        ] {
            facts.extend(strings(&layers[key]).map(|value| Fact::new(thing, None, &value)));
        }
    }
}

/// The events that Suricata's tests ask for, at least one of each.
pub(super) fn suricata(text: &str, facts: &mut Vec<Fact>) {
    let all: Value = serde_saphyr::from_str(text).unwrap();
    for check in list(&all["checks"]) {
        let filter = &check["filter"];
        if filter["count"] == 0 {
            continue;
        }
        for (thing, key) in [
            ("sni", "tls.sni"),
            ("query", "dns.rrname"),
            ("query", "dns.queries[0].rrname"),
            ("method", "http.http_method"),
            ("host", "http.hostname"),
            ("uri", "http.url"),
            ("status", "http.status"),
            ("agent", "http.http_user_agent"),
            ("software", "ssh.client.software_version"),
            ("software", "ssh.server.software_version"),
        ] {
            let values = strings(&filter["match"][key]);
            facts.extend(values.map(|value| Fact::new(thing, None, &value)));
        }
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// A value, or all of a list, as text; numbers too.
fn strings(value: &Value) -> impl Iterator<Item = String> {
    let all = if value.is_array() { list(value) } else { std::slice::from_ref(value) };
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    all.iter().filter_map(text).collect::<Vec<_>>().into_iter()
}

fn ends(addresses: [&Value; 2], ports: [&Value; 2]) -> Option<Ends> {
    let end = |at: usize| -> Option<(IpAddr, u16)> {
        Some((addresses[at].as_str()?.parse().ok()?, ports[at].as_u64()?.try_into().ok()?))
    };
    Some([end(0)?, end(1)?])
}
