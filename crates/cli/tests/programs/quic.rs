//! aioquic fetches from aioquic, over HTTP/3.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::lab::{Lab, Row, assert_row};

#[test]
fn aioquic_and_aioquic() {
    let lab = Lab::new("QUIC", &["openssl", "python3"]);
    let Some(mut lab) = lab.and_then(|lab| lab.with_python("QUIC", "aioquic")) else { return };
    let script = lab.write("quic.py", include_str!("quic.py"));
    let (key, certificate) = (lab.path("key"), lab.path("certificate"));
    let made = ["-nodes", "-days", "3", "-keyout", &key, "-out", &certificate];
    let request = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-subj", "/CN=www.lab.test"];
    lab.told(&[&request[..], &made].concat());
    for (port, options) in SERVERS {
        let port_text = port.to_string();
        lab.serve(port, &["python3", &script, "serve", &port_text, &key, &certificate, options]);
    }
    let reports = FETCHES.map(|(host, port, options)| {
        let said = lab.told(&["python3", &script, "fetch", host, &port.to_string(), options]);
        let reports = said.lines().map(serde_json::from_str).collect::<Result<Vec<Value>, _>>();
        (port, options, reports.unwrap_or_else(|_| panic!("{port} {options}: {said}")))
    });
    let recorded = lab.recorded();
    let mut flows = SERVERS.map(|(port, _)| (port, recorded.flows(port)));
    for (port, options, reports) in &reports {
        let flows = &mut flows.iter_mut().find(|(of, _)| of == port).unwrap().1;
        for report in reports {
            compare(flows.remove(0), options, report);
        }
    }
    assert!(flows.iter().all(|(_, flows)| flows.is_empty()), "a flow for each connection");
}

#[track_caller]
fn compare(flow: &Row, options: &str, report: &Value) {
    let said = format!("{options}\n{report}\n{flow:?}");
    let options = serde_json::from_str::<Value>(options).unwrap();
    let parameters = &report["parameters"];
    let milliseconds = |name: &str| parameters[name].as_f64().unwrap() / 1000.0;
    let tried = options["versions"].get(0).map_or("1", version);
    let expected = json!({
        "application": "quic",
        "quic_version": version(&report["version"]),
        "quic_client_version": tried,
        "quic_offered_versions": report["server_versions"].get(0).map(versions),
        "quic_dcid": report["dcid"],
        "quic_scid": report["scid"],
        "quic_server_scid": report["server_scids"][0],
        "quic_retry": has(&report["received"], "retry"),
        "quic_zero_rtt": has(&report["sent"], "0RTT"),
        "quic_token_len": report["token_len"],
        "quic_max_idle_timeout": milliseconds("max_idle_timeout"),
        "quic_initial_max_data": parameters["initial_max_data"],
        "quic_initial_max_stream_data_bidi_local": parameters["initial_max_stream_data_bidi_local"],
        "quic_initial_max_stream_data_uni": parameters["initial_max_stream_data_uni"],
        "quic_initial_max_streams_bidi": parameters["initial_max_streams_bidi"],
        "quic_ack_delay_exponent": parameters["ack_delay_exponent"],
        "quic_max_ack_delay": milliseconds("max_ack_delay"),
        "quic_active_connection_id_limit": parameters["active_connection_id_limit"],
        "quic_disable_active_migration": parameters["disable_active_migration"],
        "tls_version": "TLS 1.3",
        "tls_sni": "www.lab.test",
        "tls_alpn_offered": report["alpn_offered"],
        "tls_cipher_id": report["cipher"],
        "tls_resumed": report["is_resumed"],
        "tls_early_data": report["is_early"],
    });
    assert_row(flow, &expected, &said);
    assert_eq!(report["status"], 200, "{said}");
    let types = |list: &Value| {
        let types = list.as_array().unwrap().iter().map(|kind| kind.as_str().unwrap());
        types.filter(|kind| *kind != "1RTT").map(str::to_lowercase).collect::<BTreeSet<_>>()
    };
    let both = &types(&report["sent"]) | &types(&report["received"]);
    assert_eq!(types(&flow["quic_packet_types"]), both, "{said}");
}

/// As the columns call it.
fn version(number: &Value) -> &'static str {
    match number.as_u64().unwrap() {
        1 => "1",
        0x6b33_43cf => "2",
        other => panic!("version {other:#x}"),
    }
}

fn versions(numbers: &Value) -> Vec<&'static str> {
    numbers.as_array().unwrap().iter().map(version).collect()
}

fn has(list: &Value, kind: &str) -> bool {
    list.as_array().unwrap().contains(&json!(kind))
}

const SERVERS: [(u16, &str); 4] = [
    (443, "{}"),
    (4433, r#"{"versions": [1798521807, 1]}"#),
    (4434, r#"{"retry": true}"#),
    (4435, r#"{"versions": [1]}"#),
];

/// 1798521807 is version 2. With more names the hello does not fit into one packet.
const FETCHES: [(&str, u16, &str); 13] = [
    ("127.0.0.1", 443, "{}"),
    ("::1", 443, r#"{"times": 3}"#),
    ("127.0.0.1", 443, r#"{"ciphers": ["CHACHA20_POLY1305_SHA256"]}"#),
    ("127.0.0.1", 443, r#"{"ciphers": ["AES_128_GCM_SHA256"]}"#),
    ("127.0.0.1", 443, r#"{"id_length": 20}"#),
    ("127.0.0.1", 443, r#"{"versions": [1798521807]}"#),
    ("::1", 443, r#"{"versions": [1798521807], "times": 2}"#),
    ("127.0.0.1", 4433, r#"{"versions": [1, 1798521807]}"#),
    ("127.0.0.1", 4434, "{}"),
    ("::1", 4434, r#"{"versions": [1798521807, 1]}"#),
    ("127.0.0.1", 4434, r#"{"more_names": 10}"#),
    ("127.0.0.1", 4435, r#"{"versions": [1798521807, 1]}"#),
    ("127.0.0.1", 4435, r#"{"versions": [1798521807, 1], "more_names": 20}"#),
];
