//! Community IDs against those that zeek-community-id and Arkime wrote for the same captures.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that fails says where, and says what it compared"
)]

#[expect(dead_code, reason = "other tests use the rest")]
mod common;

use std::collections::BTreeSet;
use std::fs;

use common::{corpus, rows, shared};

#[test]
fn community_ids_are_those_of_zeek_and_arkime() {
    let Some(captures) = corpus() else { return };
    let (mut compared, mut zeek, mut arkime, mut missing) = (0, 0, 0, Vec::new());
    for (name, path) in &captures {
        let upstream = shared().join(format!("corpus/expected/{name}.upstream"));
        let Ok(files) = fs::read_dir(upstream) else { continue };
        for file in files.map(|file| file.unwrap().path()) {
            let text = fs::read_to_string(&file).unwrap_or_default();
            let theirs = community_ids(&text);
            if theirs.is_empty() {
                continue;
            }
            let (rows, _) = rows(path, |_| ());
            let own = rows.iter().map(|row| row.text("community_id").to_string());
            let own = own.collect::<BTreeSet<_>>();
            compared += 1;
            if text.contains(" -> 1:") {
                zeek += theirs.len();
                let missing = theirs.difference(&own).count();
                let listed = ONE_FLOW.iter().find(|(listed, _)| listed == name);
                assert_eq!(missing, listed.map_or(0, |(_, count)| *count), "{name}");
                assert!(own.is_subset(&theirs), "{name}");
            } else {
                arkime += theirs.len();
                let unknown = theirs.difference(&own).cloned().collect::<Vec<_>>();
                let listed = OTHERWISE.iter().any(|(listed, _)| listed == name);
                assert!(!listed || !unknown.is_empty(), "{name} is listed, but equal");
                if !unknown.is_empty() && !listed {
                    missing.push((name.clone(), unknown));
                }
            }
        }
    }
    println!("{compared} files compared: {zeek} identifiers of zeek, {arkime} of Arkime");
    assert!(missing.is_empty(), "{missing:#?}");
    assert!(zeek > 10 && arkime > 50, "the files are not as they were");
}

/// The identifiers in a text, of the forms `-> 1:…` and `"community_id" : "1:…"`.
fn community_ids(text: &str) -> BTreeSet<String> {
    let marks = ["-> 1:", "\"community_id\" : \"1:", "\"communityId\" : \"1:"];
    let after = |mark: &&str| {
        let parts = text.split(*mark).skip(1);
        parts.map(|part| format!("1:{}", &part[..28.min(part.len())])).collect::<Vec<_>>()
    };
    marks.iter().flat_map(after).collect()
}

/// Captures in which ICMPv6 messages of one type go both ways between two hosts, and how often: one
/// flow for us, whose identifier is that of its first message; zeek makes one for each way.
const ONE_FLOW: &[(&str, usize)] = &[("zeek-community-id/icmp6.pcap", 2)];

/// Captures in which Arkime has identifiers that differ from ours, and why.
const OTHERWISE: &[(&str, &str)] = &[
    ("arkime/ah-esp.pcap", "Arkime takes AH for the protocol; for us it is what AH protects, ESP"),
    ("ja4/sshv1.pcap", "a neighbour solicitation to a multicast address; zeek's are as ours"),
];
