//! Sequences against those of wa1kpcap 0.2.0 for the captures of the reference systems.
//!
//! Compared with `filter_retrans=False, default_filter=None`: its rule for retransmissions also
//! drops what is only out of order, and its filter leaves out ICMP and DHCP (SEEDS.md 1.1, 1.4).
//! Its conventions are asked of us: TCP flows are never split, up is the way of the first packet,
//! lengths are signed (1.2, 1.3). Where the two still differ, a comment says why.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may stop at what it cannot read, and says what it compared"
)]

#[expect(dead_code, reason = "other tests use the rest")]
mod common;

use std::collections::BTreeMap;
use std::fs;
use std::net::IpAddr;

use common::{Row, rows, shared};
use flowloom_engine::{Initiator, Signs};
use serde_json::Value;

/// Address and port.
type End = (IpAddr, u16);
/// Protocol and both ends, the smaller one first.
type Key = (u64, [End; 2]);

/// The packets of all flows between two ends.
struct Flow {
    initiator: End,
    lists: BTreeMap<&'static str, Vec<i64>>,
}

/// What is compared, and how much of it was.
#[derive(Default)]
struct Comparison {
    flows: usize,
    values: usize,
    different: Vec<String>,
}

#[test]
fn sequences_are_those_of_wa1kpcap() {
    let directory = shared().join("corpus/expected/seeds");
    if !directory.is_dir() {
        println!("skipped: there is no corpus at ../shared/corpus");
        return;
    }
    let mut comparison = Comparison::default();
    for capture in CAPTURES {
        let path = shared().join("corpus/seeds").join(capture);
        let own = own_flows(
            &rows(&path, |config| {
                config.features = vec!["core".into(), "sequences".into()];
                config.signs = Signs::Signed;
                config.flow.no_split = true;
                config.flow.initiator = Initiator::FirstPacket;
            })
            .0,
        );
        let text = fs::read_to_string(directory.join(format!("{capture}.wa1kpcap.json"))).unwrap();
        let document = serde_json::from_str::<Value>(&text).unwrap();
        let flows = document["filter_retrans=False, default_filter=None"].as_array().unwrap();
        comparison.compare(capture, own, flows);
    }
    let Comparison { flows, values, different } = comparison;
    println!(
        "{flows} flows, {values} values compared with wa1kpcap, {} different",
        different.len()
    );
    assert!(different.is_empty(), "{}", different.join("\n"));
    assert!(flows == 182 && values > 37_000, "{flows} flows, {values} values");
}

impl Comparison {
    fn compare(&mut self, capture: &str, mut own: BTreeMap<Key, Flow>, theirs: &[Value]) {
        // Whatever is a packet of which flow, all frames are counted, and once.
        let lengths = own.values().flat_map(|flow| &flow.lists["packet_lengths"]);
        let own_bytes = lengths.map(|length| length.abs()).sum::<i64>();
        let lengths = theirs.iter().flat_map(|flow| flow["packet_lengths"].as_array().unwrap());
        let their_bytes = lengths.map(|length| length.as_i64().unwrap().abs()).sum::<i64>();
        assert_eq!(own_bytes, their_bytes, "{capture}");
        for their in theirs {
            let (src, dst) = (end(their, "src_ip", "src_port"), end(their, "dst_ip", "dst_port"));
            let key = key(their["protocol"].as_u64().unwrap(), src, dst);
            let name = format!("{capture} {key:?}");
            let Some(flow) = own.remove(&key) else {
                // Later fragments are a flow of their own there, between ports 0 (1.3); here they
                // are part of their datagrams.
                let fragments = key.1.iter().all(|(_, port)| *port == 0) && key.0 == UDP;
                if !(capture == "ip_seg.pcap" && fragments) {
                    self.different.push(format!("{name}: not ours"));
                }
                continue;
            };
            self.flows += 1;
            if flow.initiator != src {
                self.different.push(format!("{name}: begins with {:?}", flow.initiator));
            }
            for list in LISTS.into_iter().filter(|list| *list != "packet_marks") {
                self.compare_lists(&name, list, key.0, &flow, their);
            }
        }
        self.different.extend(own.keys().map(|key| format!("{capture} {key:?}: not theirs")));
    }

    fn compare_lists(&mut self, name: &str, list: &str, protocol: u64, flow: &Flow, their: &Value) {
        let own = &flow.lists[list];
        let mut theirs = their[list]
            .as_array()
            .unwrap()
            .iter()
            .map(|value| match list {
                // Floats of seconds; the captures have microseconds.
                "timestamps" | "iats" => (value.as_f64().unwrap() * 1e6).round() as i64 * 1_000,
                _ => value.as_f64().unwrap() as i64,
            })
            .collect::<Vec<_>>();
        match list {
            // The gaps begin with the second packet there (1.3).
            "iats" => theirs.insert(0, 0),
            // Nothing but TCP and UDP is measured there (1.3); here ICMP is, too.
            "trans_lengths" | "app_lengths" if protocol != TCP && protocol != UDP => return,
            _ => {}
        }
        if own.len() != theirs.len() {
            let lens = (own.len(), theirs.len());
            self.different.push(format!("{name} {list}: {} entries, theirs {}", lens.0, lens.1));
            return;
        }
        let marks = &flow.lists["packet_marks"];
        for (i, (own, theirs)) in own.iter().zip(&theirs).enumerate() {
            // A fragmented datagram is one packet here, at the time and with the lengths of all
            // its fragments; there it is its first fragment, with the length that the UDP header
            // claims (1.3).
            let fragment = marks.get(i).is_some_and(|marks| marks & FRAGMENT != 0);
            let after = i > 0 && marks.get(i - 1).is_some_and(|marks| marks & FRAGMENT != 0);
            if (fragment && list != "trans_lengths") || (after && list == "iats") {
                continue;
            }
            self.values += 1;
            if own != theirs {
                self.different.push(format!("{name} {list}[{i}]: {own}, theirs {theirs}"));
            }
        }
    }
}

/// Our flows; those without ports are one for each pair of addresses, as there (1.2).
fn own_flows(rows: &[Row]) -> BTreeMap<Key, Flow> {
    let mut groups = BTreeMap::<Key, Vec<&Row>>::new();
    for row in rows {
        let [src, dst] = ends(row);
        groups.entry(key(row.number("protocol"), src, dst)).or_default().push(row);
    }
    groups.into_iter().map(|(key, rows)| (key, flow(rows))).collect()
}

fn flow(mut rows: Vec<&Row>) -> Flow {
    rows.sort_by_key(|row| row.number("flow_id"));
    let (initiator, several) = (ends(rows[0])[0], rows.len() > 1);
    let mut packets = Vec::new();
    for row in rows {
        let sign = if ends(row)[0] == initiator { 1 } else { -1 };
        let start = row.time("start_time");
        let lists = LISTS.map(|list| match list {
            "timestamps" => items(row, "times").iter().map(|time| start + time).collect(),
            "tcp_flags" | "tcp_window_sizes" | "iats" | "packet_marks" => items(row, list),
            _ => items(row, list).iter().map(|length| sign * length).collect::<Vec<_>>(),
        });
        let directions = items(row, "directions");
        for i in 0..directions.len() {
            assert_eq!(lists[0][i].signum(), sign * directions[i], "the sign of a frame's length");
            packets.push(lists.each_ref().map(|list| list.get(i).copied()));
        }
    }
    let time = LISTS.iter().position(|list| *list == "timestamps").unwrap();
    packets.sort_by_key(|packet| packet[time]);
    let mut lists = LISTS
        .iter()
        .enumerate()
        .map(|(i, list)| (*list, packets.iter().filter_map(|packet| packet[i]).collect::<Vec<_>>()))
        .collect::<BTreeMap<_, _>>();
    if several {
        // The gaps are between the packets of all of them.
        let times = &lists["timestamps"];
        let gaps = times.windows(2).map(|pair| pair[1] - pair[0]);
        let gaps = std::iter::once(0).chain(gaps).collect();
        lists.insert("iats", gaps);
    }
    Flow { initiator, lists }
}

fn items(row: &Row, list: &str) -> Vec<i64> {
    let items = row.0[list].as_array();
    items.map_or(Vec::new(), |items| items.iter().map(|item| item.as_i64().unwrap()).collect())
}

fn ends(row: &Row) -> [End; 2] {
    let end = |ip, port| (row.address(ip), row.port(port).unwrap_or(0));
    [end("src_ip", "src_port"), end("dst_ip", "dst_port")]
}

fn end(flow: &Value, ip: &str, port: &str) -> End {
    (flow[ip].as_str().unwrap().parse().unwrap(), flow[port].as_u64().unwrap() as u16)
}

fn key(protocol: u64, a: End, b: End) -> Key {
    (protocol, [a.min(b), a.max(b)])
}

const CAPTURES: [&str; 8] = [
    "single.pcap",
    "multi.pcap",
    "dup.pcap",
    "fin-rst.pcap",
    "ip_seg.pcap",
    "quic.pcap",
    "quic2.pcap",
    "pypcapkit-in.pcap",
];
const LISTS: [&str; 9] = [
    "packet_lengths",
    "ip_lengths",
    "trans_lengths",
    "app_lengths",
    "timestamps",
    "iats",
    "tcp_flags",
    "tcp_window_sizes",
    "packet_marks",
];
const TCP: u64 = 6;
const UDP: u64 = 17;
/// The mark of a packet that came in fragments.
const FRAGMENT: i64 = 128;
