//! The traces of the reference systems' captures against what pypcaptools 2.6 gives of them.
//!
//! `PcapHandler(path).get_trace_sequence()` knows TCP over IPv4 alone, with or without VLAN tags, never
//! splits a flow, and takes the sender of the first packet for the client (SEEDS.md 2.1).

use std::fmt::Write as _;

use flowloom_engine::Filter;
use sha1::{Digest, Sha1};

use crate::common::shared;
use crate::{numbers, trace};

/// Capture, `local_ip`, packets, flows, and the SHA-1 of a line for each packet: `payload_seq`,
/// `direction_seq`, and `timestamps_seq` in microseconds.
const PYPCAPTOOLS: [(&str, Option<&str>, u64, u64, &str); 8] = [
    ("single", CLIENT, 27, 1, "4db7532c47057de9ff74fa75e8bfbcd00575de06"),
    ("multi", CLIENT, 1_425, 61, "aecd8ae719d1933b1ef49daf61a6db87bcd88e09"),
    ("dup", CLIENT, 100, 1, "cc0ecbcc5b53c701eae74ab916e78e309e18767a"),
    ("fin-rst", CLIENT, 22, 1, "9adcab686ef0caebc8a4261d9bfd2eed3e26e3dd"),
    ("pypcapkit-in", Some("123.129.210.135"), 3, 2, "5d77ea643d183d978929cda2f25c65db85e4f95b"),
    ("quic", None, 0, 0, NOTHING),
    ("quic2", None, 0, 0, NOTHING),
    ("ip_seg", None, 0, 0, NOTHING),
];

#[test]
fn traces_are_those_of_pypcaptools() {
    let root = shared().join("corpus/seeds");
    if !root.is_dir() {
        println!("skipped: there is no corpus at ../shared/corpus");
        return;
    }
    for (name, local_ip, packets, flows, digest) in PYPCAPTOOLS {
        let tcp = "(ip and tcp) or (vlan and ip and tcp)";
        let found = trace(&root.join(format!("{name}.pcap")), |traces| {
            traces.config.filter = Some(Filter::parse(tcp).unwrap());
            traces.config.flow.no_split = true;
            traces.config.flow.key_ignore.vlan = true;
        });
        let client = found.0["client"].as_array().unwrap();
        assert_eq!(
            client.iter().map(|c| c.as_str()).collect::<Vec<_>>(),
            Vec::from_iter(local_ip.map(Some))
        );
        assert_eq!((found.number("packet_count"), found.number("flow_count")), (packets, flows));
        let lists = ["app_lengths", "directions", "times"].map(|list| numbers(&found, list));
        let mut lines = String::new();
        for ((payload, direction), time) in lists[0].iter().zip(&lists[1]).zip(&lists[2]) {
            let _ = writeln!(lines, "{payload} {direction} {}", time / 1_000);
        }
        let found = Sha1::digest(lines.as_bytes()).iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        });
        assert_eq!(found, digest, "{name}");
    }
    println!("{} captures", PYPCAPTOOLS.len());
}

#[test]
fn the_first_packets_are_as_the_reference_shows_them() {
    let capture = shared().join("corpus/seeds/single.pcap");
    if !capture.is_file() {
        println!("skipped: there is no corpus at ../shared/corpus");
        return;
    }
    let found = trace(&capture, |_| {});
    assert_eq!(numbers(&found, "app_lengths")[..8], [0, 0, 0, 467, 0, 1380, 1380, 385]);
    assert_eq!(numbers(&found, "directions")[..6], [1, -1, 1, 1, -1, -1]);
    assert_eq!(numbers(&found, "times").last(), Some(&166_290_000));
}

const CLIENT: Option<&str> = Some("192.168.226.54");
/// Of no line.
const NOTHING: &str = "da39a3ee5e6b4b0d3255bfef95601890afd80709";
