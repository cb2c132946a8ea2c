//! Which declared protocols are found in the captures of the corpus, against what tshark found.
//!
//! tshark's facts say how many frames of a capture are of a protocol, so captures are compared, not
//! flows.
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::common::{corpus, facts, flows};
use flowloom_protocols::{FoundBy, Want, Wants};

#[test]
fn the_corpus_shows_declared_protocols() {
    let (mut found, mut told) = (BTreeMap::new(), BTreeMap::new());
    for (name, capture, expected) in corpus() {
        let applications = applications(&capture);
        let frames = facts(&expected, "frames.proto");
        for (theirs, ours) in NAMES {
            if frames.iter().any(|row| row[0] == *theirs) {
                told.entry(*ours).or_insert_with(BTreeSet::new).insert(name.clone());
            }
            if let Some(flows) = applications.get(*ours) {
                found.entry(*ours).or_insert_with(BTreeMap::new).insert(name.clone(), *flows);
            }
        }
    }
    for ours in found.keys().filter(|ours| !told.contains_key(*ours)) {
        eprintln!("{ours}: tshark has none, we have (flows) {:?}", found[ours]);
    }
    let mut missing = Vec::new();
    for (ours, told) in &told {
        let none = BTreeMap::new();
        let found = found.get(ours).unwrap_or(&none);
        let hits = told.iter().filter(|name| found.contains_key(*name)).count();
        let extras = found.iter().filter(|(name, _)| !told.contains(*name)).collect::<Vec<_>>();
        eprintln!("{ours}: {hits} of {} captures; beyond them (flows) {extras:?}", told.len());
        let misses = told.iter().filter(|name| !found.contains_key(*name));
        missing.extend(misses.map(|name| (*ours, name.as_str())));
    }
    for (ours, name) in missing {
        let reason =
            REVIEWED.iter().find(|(protocol, capture, _)| (*protocol, *capture) == (ours, name));
        let Some((_, _, reason)) = reason else { panic!("{ours} is not found in {name}") };
        eprintln!("missing\t{ours}\t{name}\t{reason}");
    }
}

/// In how many flows of a capture each protocol was found by content.
fn applications(capture: &Path) -> BTreeMap<String, usize> {
    let wants = Wants::of(&[Want::Application, Want::Declared]);
    let mut counts = BTreeMap::new();
    for flow in flows(capture, wants).unwrap_or_default() {
        for application in &flow.findings().applications {
            if application.by == FoundBy::Content {
                *counts.entry(application.protocol.name().to_owned()).or_default() += 1;
            }
        }
    }
    counts
}

/// What tshark and we call the same protocols.
const NAMES: &[(&str, &str)] = &[
    ("bfd", "bfd"),
    ("bittorrent", "bittorrent"),
    ("bt-dht", "bt_dht"),
    ("bt-utp", "bt_utp"),
    ("cflow", "netflow"),
    ("coap", "coap"),
    ("isakmp", "ike"),
    ("l2tp", "l2tp"),
    ("mbtcp", "modbus"),
    ("mqtt", "mqtt"),
    ("ntp", "ntp"),
    ("openvpn", "openvpn"),
    ("radius", "radius"),
    ("rtcp", "rtcp"),
    ("rtp", "rtp"),
    ("sip", "sip"),
    ("snmp", "snmp"),
    ("stun", "stun"),
    ("classicstun", "stun"),
    ("syslog", "syslog"),
    ("tftp", "tftp"),
    ("wg", "wireguard"),
];

/// Protocol, capture, and why it is not found there.
const REVIEWED: &[(&str, &str, &str)] = &[
    (
        "bittorrent",
        "ndpi/bittorrent_tcp_miss.pcapng",
        "the handshake is encrypted; tshark goes by port",
    ),
    (
        "ike",
        "seeds/ip_seg.pcap",
        "73 datagrams of ESP come first, and the flow is given up after 8 unknown ones",
    ),
    ("l2tp", "ndpi/fuzz-2006-09-29-28586.pcap", "one damaged frame of IP protocol 115, not UDP"),
    (
        "rtcp",
        "nfstream/skype.pcap",
        "Skype's own encrypted datagrams, whose lengths are not RTCP's",
    ),
    ("rtp", "ndpi/dtls.pcap", "DTLS, which tshark has as a part of RTP"),
    (
        "rtp",
        "ndpi/fuzz-2006-06-26-2594.pcap",
        "its ports are announced by SIP, which we do not follow",
    ),
    ("wireguard", "ndpi/zoom.pcap", "Zoom's own datagrams of 13 and 18 bytes"),
];
