//! What tshark, Zeek and Arkime say of SSH in the corpus, and what we find.
use std::fs;

use crate::common::{corpus, facts, flows};
use crate::review::Review;
use flowloom_protocols::ssh::SshColumns;
use flowloom_protocols::{Want, Wants};

#[test]
fn banners_are_those_that_tshark_tells() {
    let mut review = Review::of(&["ssh.banner"]);
    for (name, capture, expected) in corpus() {
        let facts = facts(&expected, "ssh.banner").into_iter().filter_map(|mut row| row.pop());
        let flows = flows(&capture, Wants::of(&[Want::Ssh])).unwrap_or_default();
        let found = flows.iter().flat_map(|flow| {
            let columns = SshColumns::of(Some(flow.findings()));
            [columns.ssh_client, columns.ssh_server].into_iter().flatten().map(str::to_owned)
        });
        review.compare("ssh.banner", &name, facts, found);
    }
    review.judge();
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
