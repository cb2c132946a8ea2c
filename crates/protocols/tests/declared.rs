//! Which declared protocols are found in the captures of the corpus, against what tshark found.
//!
//! tshark's facts say how many frames of a capture are of a protocol, so captures are compared, not
//! flows. Without the captures the test says that it was skipped.

#![expect(clippy::print_stdout, reason = "recall is part of the result")]

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;

use flowloom_capture::{Block, Capture, Input, Limits as CaptureLimits, Source};
use flowloom_flow::{Direction, FlowKey, KeyIgnore};
use flowloom_protocols::{
    Conversation, Ends, FoundBy, Limits, Payload, Registry, Shared, Stamp, Transport, Wants,
};
use flowloom_wire::{LayerStack, Options, Packet, Transport as WireTransport};

#[test]
fn the_corpus_shows_declared_protocols() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    if !corpus.is_dir() {
        return println!("skipped: there is no ../shared/corpus");
    }
    let manifest = std::fs::read_to_string(corpus.join("MANIFEST.tsv")).unwrap();
    let (mut found, mut told) = (BTreeMap::new(), BTreeMap::new());
    for name in manifest.lines().skip(1).filter_map(|line| line.split('\t').next()) {
        let facts = corpus.join(format!("expected/{name}.facts.tsv"));
        let Ok(facts) = std::fs::read_to_string(facts) else { continue };
        let applications = applications(&corpus.join(name));
        for (theirs, ours) in NAMES {
            let fact = format!("frames.proto\t{theirs}\t");
            if facts.lines().any(|line| line.starts_with(&fact)) {
                told.entry(*ours).or_insert_with(BTreeSet::new).insert(name.to_owned());
            }
            if let Some(flows) = applications.get(*ours) {
                found.entry(*ours).or_insert_with(BTreeMap::new).insert(name.to_owned(), *flows);
            }
        }
    }
    let mut missing = Vec::new();
    for (ours, _) in found.iter().filter(|(ours, _)| !told.contains_key(*ours)) {
        println!("{ours}: tshark has none, we have (flows) {:?}", found[ours]);
    }
    for (ours, told) in &told {
        let none = BTreeMap::new();
        let found = found.get(ours).unwrap_or(&none);
        let hits = told.iter().filter(|name| found.contains_key(*name)).count();
        let extras = found.iter().filter(|(name, _)| !told.contains(*name)).collect::<Vec<_>>();
        println!("{ours}: {hits} of {} captures; beyond them (flows) {extras:?}", told.len());
        for name in told.iter().filter(|name| !found.contains_key(*name)) {
            println!("    not found in {name}");
            missing.push((*ours, name.as_str()));
        }
    }
    let unknown = missing.iter().filter(|(ours, name)| {
        !REVIEWED.iter().any(|(protocol, capture, _)| protocol == ours && capture == name)
    });
    assert_eq!(unknown.collect::<Vec<_>>(), Vec::<&(&str, &str)>::new());
}

/// In how many flows of a capture each protocol was found by content.
fn applications(capture: &Path) -> BTreeMap<String, usize> {
    let input = Input::File(capture.into());
    let Ok(mut capture) = Capture::open(&input, CaptureLimits::default()) else {
        return BTreeMap::new();
    };
    let mut flows = Flows {
        shared: Shared::new(Arc::new(Registry::new()), Wants::ALL, Limits::default(), 1),
        conversations: HashMap::new(),
    };
    let mut layers = LayerStack::new();
    let options = Options::default();
    let mut block = Block::default();
    while capture.read(&mut block).is_ok_and(|more| more) {
        for frame in &block.frames {
            let bytes = block.data(frame);
            let (link, original) = (frame.link, frame.original);
            let mut packet = Packet::default();
            flowloom_wire::decode(link, bytes, original, &options, &mut layers, &mut packet);
            flows.packet(&packet, bytes);
        }
    }
    let mut counts = BTreeMap::new();
    for (_, ends, conversation) in flows.conversations.values_mut() {
        conversation.end(*ends, &mut flows.shared);
        for application in &conversation.findings().applications {
            if application.by == FoundBy::Content {
                *counts.entry(application.protocol.name().to_owned()).or_default() += 1;
            }
        }
    }
    counts
}

struct Flows {
    shared: Shared,
    /// By the words of the key: whether the initiator is endpoint B, who speaks, and what is said.
    conversations: HashMap<[u64; 6], (bool, Ends, Conversation)>,
}

impl Flows {
    fn packet(&mut self, packet: &Packet, bytes: &[u8]) {
        let transport = match packet.transport {
            WireTransport::Tcp => Transport::Tcp,
            WireTransport::Udp => Transport::Udp,
            _ => return,
        };
        let (key, reversed) = FlowKey::of(packet, KeyIgnore::default());
        let ends = Ends {
            addresses: [packet.src, packet.dst],
            ports: [packet.src_port, packet.dst_port],
            ip_version: packet.ip_version,
            flow_id: 0,
        };
        let (initiator_is_b, ends, conversation) = self
            .conversations
            .entry(*key.words())
            .or_insert_with(|| (reversed, ends, Conversation::default()));
        let is_up = reversed == *initiator_is_b;
        let kept = bytes.get(packet.app_offset as usize..).unwrap_or_default();
        let payload = Payload {
            transport,
            direction: if is_up { Direction::Up } else { Direction::Down },
            seq: packet.seq,
            tcp_flags: packet.tcp_flags,
            len: packet.app_len,
            bytes: kept.get(..packet.app_len as usize).unwrap_or(kept),
            stamp: Stamp::default(),
            ends: *ends,
        };
        conversation.packet(&payload, &mut self.shared);
    }
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
