//! ssh and ssh-keyscan connect to sshd.

use serde_json::{Value, json};

use crate::lab::{Lab, after, assert_row};

#[test]
fn ssh_and_sshd() {
    let programs = ["ssh", "ssh-keygen", "ssh-keyscan", "sshd"];
    let Some(mut lab) = Lab::new("SSH", &programs) else { return };
    let keys = ["ed25519", "ecdsa", "rsa"].map(|kind| {
        let key = lab.path(kind);
        lab.told(&["ssh-keygen", "-q", "-t", kind, "-N", "", "-f", &key]);
        key
    });
    let settings = lab.write("sshd_config", "ListenAddress 127.0.0.1\nPidFile none\n");
    // sshd wants to know the whole path of itself, which is not the same everywhere.
    let sshd = lab.told(&["sh", "-c", "command -v sshd"]);
    let keyed = keys.iter().flat_map(|key| ["-h", key]).collect::<Vec<_>>();
    for port in [22, 2222] {
        let port_text = port.to_string();
        let line = [&[sshd.trim(), "-D", "-e", "-f", &settings, "-p", &port_text], &keyed[..]];
        lab.serve(port, &line.concat());
    }
    let connect = |options: &[&str]| {
        let always = ["ssh", "-vvv", "-F", "/dev/null", "-o", "BatchMode=yes"];
        let known = ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"];
        lab.told(&[&always[..], &known, options, &["someone@127.0.0.1", "true"]].concat())
    };
    let reports = CONNECTIONS.map(|options| connect(&options.split(' ').collect::<Vec<_>>()));
    let scanned = lab.told(&["ssh-keyscan", "-t", "ed25519", "-p", "2222", "127.0.0.1"]);
    let listed = keys.each_ref().map(|key| lab.told(&["ssh-keygen", "-lf", key]));
    let key = std::fs::read_to_string(lab.path("ed25519.pub")).unwrap();
    let recorded = lab.recorded();
    let flows = recorded.flows(22);
    assert_eq!(flows.len(), reports.len());
    for (report, flow) in reports.iter().zip(flows) {
        assert_row(flow, &reported(report), report);
        let fingerprint = flow["ssh_host_key_sha256"].as_str().unwrap();
        assert!(listed.iter().any(|line| line.contains(fingerprint)), "{listed:?}");
    }
    let [flow] = recorded.flows(2222)[..] else { panic!("{scanned}") };
    let expected = json!({
        "application": "ssh",
        "ssh_server": after(&scanned, "# 127.0.0.1:2222 "),
        "ssh_host_key_type": "ssh-ed25519",
        "ssh_host_key_sha256": listed[0].split(' ').nth(1),
    });
    assert_row(flow, &expected, &scanned);
    assert!(scanned.contains(key.split(' ').nth(1).unwrap()), "{scanned}");
}

/// What `ssh -vv` says of a connection, as columns.
fn reported(report: &str) -> Value {
    let (ours, theirs) = report.split_once("peer server KEXINIT proposal").unwrap();
    let list =
        |report: &str, label: &str| json!(after(report, label).split(',').collect::<Vec<_>>());
    // "cipher: NAME MAC: NAME compression: NAME"
    let chosen = |direction: &str, label: &str| {
        let line = after(theirs, &format!("kex: {direction} "));
        line.split_once(label).unwrap().1.split(' ').next().unwrap().to_owned()
    };
    // With an AEAD cipher there is no MAC (RFC 5647, section 5.1).
    let mac = |direction| Some(chosen(direction, "MAC: ")).filter(|mac| mac != "<implicit>");
    let (up, down) = ("client->server", "server->client");
    let (kind, fingerprint) = after(theirs, "Server host key: ").split_once(' ').unwrap();
    json!({
        "application": "ssh",
        "ssh_client": after(report, "Local version string "),
        "ssh_server": format!(
            "SSH-2.0-{}",
            after(report, "remote software version ")
        ),
        "ssh_kex": after(theirs, "kex: algorithm: "),
        "ssh_kex_strict": report.contains("will use strict KEX ordering"),
        "ssh_host_key": after(theirs, "kex: host key algorithm: "),
        "ssh_host_key_type": kind,
        "ssh_host_key_sha256": fingerprint,
        "ssh_cipher": chosen(up, "cipher: "), "ssh_cipher_server": chosen(down, "cipher: "),
        "ssh_mac": mac(up), "ssh_mac_server": mac(down),
        "ssh_compression": chosen(up, "compression: "),
        "ssh_compression_server": chosen(down, "compression: "),
        "ssh_client_kex": list(ours, "KEX algorithms: "),
        "ssh_client_host_keys": list(ours, "host key algorithms: "),
        "ssh_client_ciphers": list(ours, "ciphers ctos: "),
        "ssh_client_macs": list(ours, "MACs ctos: "),
        "ssh_client_compressions": list(ours, "compression ctos: "),
        "ssh_server_kex": list(theirs, "KEX algorithms: "),
        "ssh_server_host_keys": list(theirs, "host key algorithms: "),
        "ssh_server_ciphers": list(theirs, "ciphers stoc: "),
        "ssh_server_macs": list(theirs, "MACs stoc: "),
        "ssh_server_compressions": list(theirs, "compression stoc: "),
    })
}

const CONNECTIONS: [&str; 5] = [
    "-p 22",
    "-o KexAlgorithms=curve25519-sha256 -o HostKeyAlgorithms=rsa-sha2-512 -c aes256-gcm@openssh.com",
    "-o KexAlgorithms=ecdh-sha2-nistp384 -o HostKeyAlgorithms=ecdsa-sha2-nistp256 -c aes128-ctr -m hmac-sha2-256",
    "-o KexAlgorithms=diffie-hellman-group14-sha256 -c aes256-ctr -m hmac-sha2-512-etm@openssh.com -C",
    "-o KexAlgorithms=diffie-hellman-group-exchange-sha256 -o HostKeyAlgorithms=rsa-sha2-256",
];
