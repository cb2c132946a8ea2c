//! QUIC beside tshark: every packet with a long header, in the captures of `../shared/corpus`.

#![expect(clippy::print_stdout, reason = "what was compared is part of the result")]

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use flowloom_capture::{Block, Capture, Input, Limits as ReadLimits, Source};
use flowloom_flow::Direction;
use flowloom_protocols::quic::LongPacket;
use flowloom_protocols::{
    Conversation, Ends, Limits, Payload, Registry, Shared, Stamp, Transport, Wants,
};
use flowloom_wire::{Address, Options, Packet, Transport as WireTransport};

/// Every fact that tshark tells of a long header is found, but for what it takes for one.
#[test]
fn long_headers_are_those_that_tshark_sees() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    if !corpus.is_dir() {
        return println!("skipped: there is no ../shared/corpus");
    }
    let manifest = std::fs::read_to_string(corpus.join("MANIFEST.tsv")).unwrap();
    let (mut found, mut told) = (0, 0);
    for name in manifest.lines().skip(1).filter_map(|line| line.split('\t').next()) {
        let path = corpus.join("expected").join(format!("{name}.facts.tsv"));
        let Ok(facts) = std::fs::read(path) else { continue };
        let facts = facts_of(&String::from_utf8_lossy(&facts));
        if facts.is_empty() {
            continue;
        }
        let packets = packets_of(&corpus.join(name));
        let count = facts.iter().filter(|fact| is_found(fact, &packets)).count();
        let missing = facts.iter().filter(|fact| !is_found(fact, &packets));
        for fact in missing.take(MISSING_SHOWN) {
            println!("  {name}: not found: {fact:?}, but {:?}", packets.get(&fact.frame));
        }
        let extra = packets.keys().filter(|frame| facts.iter().all(|fact| fact.frame != **frame));
        println!("{name}: {count} of {}, {} more frames", facts.len(), extra.count());
        found += count;
        told += facts.len();
    }
    println!("{found} of {told} frames with long headers");
    assert!(found * 100 >= told * 99 && told > 400, "{found} of {told}");
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
    // No id is longer than 20 bytes: what has one that is is no QUIC.
    facts.filter(|fact| fact.dcids.iter().chain(&fact.scids).all(|id| id.len() <= 40)).collect()
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

/// The packets with long headers of a capture, by frame.
fn packets_of(path: &Path) -> HashMap<u64, Vec<LongPacket>> {
    let mut flows: HashMap<_, (Ends, Conversation)> = HashMap::new();
    let mut shared = Shared::new(Arc::new(Registry::new()), Wants::ALL, Limits::default(), 1);
    let mut capture = Capture::open(&Input::File(path.into()), ReadLimits::default()).unwrap();
    let (mut block, mut packet) = (Block::default(), Packet::default());
    while capture.read(&mut block).unwrap_or(false) {
        for (number, frame) in (block.first..).zip(&block.frames) {
            let bytes = block.data(frame);
            let options = Options::default();
            flowloom_wire::decode(
                frame.link,
                bytes,
                frame.original,
                &options,
                &mut (),
                &mut packet,
            );
            if packet.transport != WireTransport::Udp {
                continue;
            }
            let ends = Ends {
                addresses: [packet.src, packet.dst],
                ports: [packet.src_port, packet.dst_port],
                ip_version: packet.ip_version,
            };
            let (ends, conversation) =
                flows.entry(key(&ends)).or_insert_with(|| (ends, Conversation::default()));
            let is_up = (ends.addresses[0], ends.ports[0]) == (packet.src, packet.src_port);
            let start = packet.app_offset as usize;
            let end = bytes.len().min(start + packet.app_len as usize);
            let payload = Payload {
                transport: Transport::Udp,
                direction: if is_up { Direction::Up } else { Direction::Down },
                seq: 0,
                tcp_flags: 0,
                len: packet.app_len,
                bytes: bytes.get(start..end).unwrap_or_default(),
                stamp: Stamp { frame: number, time: frame.time.0 },
                ends: *ends,
            };
            conversation.packet(&payload, &mut shared);
        }
    }
    let mut packets: HashMap<u64, Vec<LongPacket>> = HashMap::new();
    for (ends, mut conversation) in flows.into_values() {
        conversation.end(ends, &mut shared);
        for packet in conversation.findings().quic.iter().flat_map(|quic| &quic.packets) {
            packets.entry(packet.stamp.frame).or_default().push(packet.clone());
        }
    }
    packets
}

fn key(ends: &Ends) -> [(Address, u16); 2] {
    let mut key = [(ends.addresses[0], ends.ports[0]), (ends.addresses[1], ends.ports[1])];
    key.sort_by_key(|(address, port)| (address.0, *port));
    key
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

const MISSING_SHOWN: usize = 5;
