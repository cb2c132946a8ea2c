//! What tshark, Zeek and Arkime say of SSH in the corpus, and what we find.
use std::fs;

use crate::common::{Recall, corpus, facts, flows};
use flowloom_protocols::ssh::SshColumns;
use flowloom_protocols::{Want, Wants};

#[test]
fn banners_are_those_that_tshark_tells() {
    let mut recall = Recall::default();
    for (name, capture, expected) in corpus() {
        let mut banners: Vec<String> =
            facts(&expected, "ssh.banner").into_iter().filter_map(|mut row| row.pop()).collect();
        let flows = flows(&capture, Wants::of(&[Want::Ssh])).unwrap_or_default();
        let mut found: Vec<&str> = Vec::new();
        for flow in &flows {
            let columns = SshColumns::of(Some(flow.findings()));
            found.extend([columns.ssh_client, columns.ssh_server].into_iter().flatten());
        }
        for banner in found {
            match banners.iter().position(|expected| expected == banner) {
                Some(at) => {
                    banners.remove(at);
                    recall.note("ssh.banner", true, String::new);
                }
                None => eprintln!("extra\t{name}\t{banner}"),
            }
        }
        for banner in banners {
            recall.note("ssh.banner", false, || format!("{name}\t{banner}"));
        }
    }
    recall.judge();
}

#[test]
fn fingerprints_are_those_of_upstream() {
    let mut recall = Recall::default();
    for (name, capture, expected) in corpus() {
        let upstream = expected.to_string_lossy().replace(".facts.tsv", ".upstream");
        let texts = fs::read_dir(upstream).into_iter().flatten().flatten().filter_map(|file| {
            let path = file.path();
            path.extension().is_some_and(|extension| extension == "snap").then_some(path)
        });
        let text: String = texts.filter_map(|path| fs::read_to_string(path).ok()).collect();
        let of = |key: &str| -> Vec<String> {
            let values = text.lines().filter_map(|line| line.trim().strip_prefix(key));
            values.filter(|value| *value != "null").map(str::to_owned).collect()
        };
        let flows = flows(&capture, Wants::of(&[Want::Ssh])).unwrap_or_default();
        let columns: Vec<_> =
            flows.iter().map(|flow| SshColumns::of(Some(flow.findings()))).collect();
        for value in of("hassh: ") {
            let is_found = columns.iter().any(|ssh| ssh.ssh_hassh.as_ref() == Some(&value));
            recall.note("hassh", is_found, || format!("{name}\t{value}"));
        }
        for value in of("hassh_server: ") {
            let is_found = columns.iter().any(|ssh| ssh.ssh_hassh_server.as_ref() == Some(&value));
            recall.note("hassh_server", is_found, || format!("{name}\t{value}"));
        }
    }
    recall.judge();
}

#[test]
fn a_session_is_what_zeek_tells_of_it() {
    let name = "ja4/gre-sample.pcap";
    let Some((_, capture, expected)) = corpus().into_iter().find(|(found, ..)| found == name)
    else {
        return;
    };
    let upstream = expected.with_file_name("gre-sample.pcap.upstream");
    let log = fs::read_to_string(upstream.join("zeek__core.tunnels.gre__ssh.log")).unwrap();
    let row: Vec<&str> =
        log.lines().find(|line| !line.starts_with('#')).unwrap().split('\t').collect();
    let flows = flows(&capture, Wants::of(&[Want::Ssh])).unwrap();
    let flow = flows.iter().find(|flow| flow.findings().ssh.is_some()).unwrap();
    let ssh = SshColumns::of(Some(flow.findings()));
    let said = [ssh.ssh_client, ssh.ssh_server, ssh.ssh_cipher, ssh.ssh_mac, ssh.ssh_compression];
    assert_eq!(said.map(Option::unwrap_or_default)[..], row[10..15]);
    let said = [ssh.ssh_kex, ssh.ssh_host_key];
    assert_eq!(said.map(Option::unwrap_or_default)[..], row[15..17]);
}
