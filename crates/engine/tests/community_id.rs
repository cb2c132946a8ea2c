//! Community IDs against those that zeek-community-id and Arkime wrote for the same captures.
//!
//! Where they hash something else than we do, what they hash is computed here, of the same flow.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that fails says where, and says what it compared"
)]

#[expect(dead_code, reason = "other tests use the rest")]
mod common;
#[path = "common/differences.rs"]
mod differences;

use std::collections::BTreeSet;
use std::fs;
use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use common::{Row, corpus, rows, shared};
use differences::Difference;
use sha1::{Digest, Sha1};

#[test]
fn community_ids_are_those_of_zeek_and_arkime() {
    let Some(captures) = corpus() else { return };
    let (mut compared, mut zeek, mut arkime, mut found) = (0, 0, 0, Vec::new());
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
            let is_zeek = text.contains(" -> 1:");
            let expected = if is_zeek {
                zeek += theirs.len();
                let other_way = rows.iter().filter_map(other_way);
                assert!(own.is_subset(&theirs), "{name}");
                own.into_iter().chain(other_way).collect()
            } else {
                arkime += theirs.len();
                own.into_iter().chain(rows.iter().filter_map(arkimes)).collect::<BTreeSet<_>>()
            };
            found.extend(theirs.difference(&expected).map(|id| Difference {
                capture: name.clone(),
                what: format!("community_id {id}"),
                values: format!("ours {expected:?}"),
            }));
        }
    }
    println!("{compared} files compared: {zeek} identifiers of zeek, {arkime} of Arkime");
    differences::check(&["community_id"], &found);
    assert!(zeek > 10 && arkime > 50, "the files are not as they were");
}

/// `ICMPv6` messages of one type that go both ways between two hosts are one flow for us, with the
/// identifier of its first message; zeek has an identifier for each way.
fn other_way(row: &Row) -> Option<String> {
    let (src, dst) = (row.address("dst_ip"), row.address("src_ip"));
    if row.number("protocol") != 58 || row.number("down_packet_count") == 0 {
        return None;
    }
    let ports = icmp6_ports(row);
    let [kind, answer] = ports;
    // A question and its answer have one identifier, in which the smaller address goes first.
    let is_swapped = is_question(row) && dst < src;
    Some(if is_swapped { id(58, [dst, src], [answer, kind]) } else { id(58, [src, dst], ports) })
}

/// Arkime takes AH for the protocol, where for us it is what AH protects; and it puts the smaller
/// address first where, by the specification, the sender goes first.
fn arkimes(row: &Row) -> Option<String> {
    let mut ends = [row.address("src_ip"), row.address("dst_ip")];
    if row.number("protocol") == 50 {
        ends.sort();
        return Some(id(51, ends, [0, 0]));
    }
    let [src, dst] = ends;
    let is_swapped = row.number("protocol") == 58 && !is_question(row) && dst < src;
    is_swapped.then(|| {
        let [kind, code] = icmp6_ports(row);
        id(58, [dst, src], [code, kind])
    })
}

/// In the place of ports, the type of a question and that of its answer; of others type and code.
fn icmp6_ports(row: &Row) -> [u16; 2] {
    let kind = row.number("icmp_type") as u16;
    let second = match kind {
        128 | 130 | 133 | 135 | 139 | 144 => kind + 1,
        129 | 131 | 134 | 136 | 140 | 145 => kind - 1,
        _ => row.number("icmp_code") as u16,
    };
    [kind, second]
}

fn is_question(row: &Row) -> bool {
    matches!(row.number("icmp_type"), 128..=131 | 133..=136 | 139 | 140 | 144 | 145)
}

/// Version 1, seed 0.
fn id(protocol: u8, ends: [IpAddr; 2], ports: [u16; 2]) -> String {
    let mut hash = Sha1::new();
    hash.update([0, 0]);
    for end in ends {
        match end {
            IpAddr::V4(v4) => hash.update(v4.octets()),
            IpAddr::V6(v6) => hash.update(v6.octets()),
        }
    }
    hash.update([protocol, 0]);
    for port in ports {
        hash.update(port.to_be_bytes());
    }
    format!("1:{}", STANDARD.encode(hash.finalize()))
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
