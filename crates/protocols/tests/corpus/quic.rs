//! QUIC beside tshark: every packet with a long header and every hello, in the captures of
//! `../shared/corpus`.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::Path;

use flowloom_flow::Direction;
use flowloom_protocols::quic::LongPacket;
use flowloom_protocols::tls::Carrier;
use flowloom_protocols::{Findings, Wants, WireText, hex};

use crate::common::{corpus, flows};

/// Every fact that tshark tells is found, but for what has longer ids than QUIC has; what it does not
/// tell is printed.
#[test]
fn packets_and_hellos_are_those_that_tshark_sees() {
    let captures = corpus();
    if captures.is_empty() {
        return;
    }
    let (mut found, mut told) = ([0; 3], [0; 3]);
    for (name, path, expected) in captures {
        let text = fs::read_to_string(expected).unwrap();
        let facts = facts_of(&text);
        let Some(seen) = Seen::of(&path) else { continue };
        let longs = facts.iter().filter(|fact| is_found(fact, &seen.packets)).count();
        for fact in facts.iter().filter(|fact| !is_found(fact, &seen.packets)).take(SHOWN) {
            println!("  {name}: missing {fact:?}, found {:?}", seen.packets.get(&fact.frame));
        }
        let hellos = hellos_of(&text);
        let mut counts = [longs, 0, 0];
        for (side, (told, seen)) in hellos.iter().zip(&seen.hellos).enumerate() {
            counts[side + 1] = told.intersection(seen).count();
            for hello in told.difference(seen) {
                println!("  {name}: missing {hello}");
            }
            for hello in seen.difference(told) {
                println!("  {name}: beyond tshark {hello}");
            }
        }
        let extra = seen.packets.keys().filter(|at| facts.iter().all(|fact| fact.frame != **at));
        let extra = extra.count();
        let all = [facts.len(), hellos[0].len(), hellos[1].len()];
        if all != [0; 3] || extra > 0 {
            println!("{name}: {counts:?} of {all:?}, {extra} more frames");
        }
        for (sum, count) in found.iter_mut().chain(&mut told).zip(counts.into_iter().chain(all)) {
            *sum += count;
        }
    }
    println!("long headers, client hellos, server hellos: {found:?} of {told:?}");
    for (found, told) in found.into_iter().zip(told) {
        assert!(found * 100 >= told * 99 && told > 30, "{found} of {told}");
    }
}

/// What tshark tells of a frame.
#[derive(Debug)]
struct Fact {
    frame: u64,
    versions: Vec<u32>,
    dcids: Vec<String>,
    scids: Vec<String>,
}

fn facts_of(text: &str) -> Vec<Fact> {
    let list = |cell: &str| -> Vec<String> {
        cell.split('|').filter(|item| !item.is_empty()).map(str::to_owned).collect()
    };
    let rows = text.lines().filter_map(|line| line.strip_prefix("quic.long\t"));
    let facts = rows.map(|row| {
        let cells: Vec<&str> = row.split('\t').collect();
        let version = |text: &String| u32::from_str_radix(text.trim_start_matches("0x"), 16);
        Fact {
            frame: cells[0].parse().unwrap(),
            versions: list(cells[2]).iter().map(|text| version(text).unwrap()).collect(),
            dcids: list(cells[4]),
            scids: list(cells[5]),
        }
    });
    facts.filter(|fact| fact.dcids.iter().chain(&fact.scids).all(|id| id.len() <= 40)).collect()
}

/// The hellos that tshark tells of, of clients and of servers.
fn hellos_of(text: &str) -> [BTreeSet<String>; 2] {
    ["tls.client_hello\t", "tls.server_hello\t"].map(|kind| {
        let rows = text.lines().filter_map(|line| line.strip_prefix(kind));
        let rows = rows.map(|row| row.split('\t').collect::<Vec<_>>());
        let rows = rows.filter(|cells| cells[1] == "quic");
        // Ports, server name, protocols and versions; ports, version and cipher suite.
        let columns: &[usize] =
            if kind.contains("client") { &[4, 6, 7, 8, 10] } else { &[4, 6, 8, 9] };
        rows.map(|cells| columns.iter().map(|at| cells[*at]).collect::<Vec<_>>().join(" "))
            .collect()
    })
}

/// What was found in a capture.
#[derive(Default)]
struct Seen {
    /// The packets with long headers, by frame.
    packets: HashMap<u64, Vec<LongPacket>>,
    hellos: [BTreeSet<String>; 2],
}

impl Seen {
    fn of(path: &Path) -> Option<Self> {
        let mut seen = Self::default();
        for flow in flows(path, Wants::ALL)? {
            let findings = flow.findings();
            for packet in findings.quic.iter().flat_map(|quic| &quic.packets) {
                seen.packets.entry(packet.stamp.frame).or_default().push(packet.clone());
            }
            seen.hellos(findings, flow.ends.map(|(_, port)| port));
        }
        Some(seen)
    }

    fn hellos(&mut self, findings: &Findings, [up, down]: [u16; 2]) {
        let Some(tls) = findings.tls.as_ref().filter(|tls| tls.carrier == Carrier::Quic) else {
            return;
        };
        let versions = |list: &[u16]| -> Vec<String> {
            list.iter().map(|version| format!("{version:#06x}")).collect()
        };
        let [client, server] = if tls.client() == Direction::Up { [up, down] } else { [down, up] };
        for hello in &tls.client_hellos {
            let sni = hello.sni.as_ref().map_or("", |name| name.as_str());
            let alpn: Vec<&str> = hello.alpn.iter().map(WireText::as_str).collect();
            let versions = versions(&hello.supported_versions).join("|");
            let alpn = alpn.join("|");
            self.hellos[0].insert(format!("{client} {server} {sni} {alpn} {versions}"));
        }
        for hello in &tls.server_hellos {
            let version = versions(hello.selected_version.as_slice()).join("");
            let cipher = versions(hello.cipher_suite.as_slice()).join("");
            self.hellos[1].insert(format!("{server} {client} {version} {cipher}"));
        }
    }
}

fn is_found(fact: &Fact, packets: &HashMap<u64, Vec<LongPacket>>) -> bool {
    let Some(packets) = packets.get(&fact.frame) else { return false };
    let ids = |id: fn(&LongPacket) -> &[u8]| -> Vec<String> {
        packets.iter().map(id).filter(|id| !id.is_empty()).map(hex).collect()
    };
    let dcids = ids(|packet| &packet.dcid);
    // Beside those of long headers, tshark tells that of a short header after them.
    fact.versions.iter().eq(packets.iter().map(|packet| &packet.version.0))
        && fact.dcids.starts_with(&dcids)
        && fact.scids == ids(|packet| &packet.scid)
}

/// Missing packets of a capture that are printed.
const SHOWN: usize = 5;
