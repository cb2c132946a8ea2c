//! QUIC beside tshark: every packet with a long header. Its hellos are compared with those of TLS.

use std::collections::BTreeMap;

use flowloom_protocols::quic::LongPacket;
use flowloom_protocols::{Want, Wants, hex};

use crate::common::{corpus, facts, flows};
use crate::review::Review;

/// Every fact that tshark tells is found, and nothing else.
#[test]
fn packets_are_those_that_tshark_sees() {
    let mut review = Review::of(&[LONG]);
    for (name, path, expected) in corpus() {
        let facts = facts(&expected, LONG).into_iter().map(|cells| Fact::of(&cells));
        let mut seen = BTreeMap::<u64, Vec<LongPacket>>::new();
        for flow in flows(&path, Wants::of(&[Want::Quic])).unwrap_or_default() {
            for packet in flow.findings().quic.iter().flat_map(|quic| &quic.packets) {
                seen.entry(packet.stamp.frame).or_default().push(packet.clone());
            }
        }
        for fact in facts {
            match seen.remove(&fact.frame) {
                Some(packets) if fact.is(&packets) => review.found(LONG, &name),
                packets => review.missed(LONG, &name, format!("{fact:?} {packets:?}")),
            }
        }
        for (frame, packets) in seen {
            review.beyond(LONG, &name, format!("{frame} {packets:?}"));
        }
    }
    review.judge();
}

/// What tshark tells of a frame.
#[derive(Debug)]
struct Fact {
    frame: u64,
    versions: Vec<u32>,
    dcids: Vec<String>,
    scids: Vec<String>,
}

impl Fact {
    fn of(cells: &[String]) -> Self {
        let list = |cell: &str| -> Vec<String> {
            cell.split('|').filter(|item| !item.is_empty()).map(str::to_owned).collect()
        };
        let version = |text: &String| u32::from_str_radix(text.trim_start_matches("0x"), 16);
        Self {
            frame: cells[0].parse().unwrap(),
            versions: list(&cells[2]).iter().map(|text| version(text).unwrap()).collect(),
            dcids: list(&cells[4]),
            scids: list(&cells[5]),
        }
    }

    fn is(&self, packets: &[LongPacket]) -> bool {
        let ids = |id: fn(&LongPacket) -> &[u8]| -> Vec<String> {
            packets.iter().map(id).filter(|id| !id.is_empty()).map(hex).collect()
        };
        let dcids = ids(|packet| &packet.dcid);
        // Beside those of long headers, tshark tells that of a short header after them.
        self.versions.iter().eq(packets.iter().map(|packet| &packet.version.0))
            && self.dcids.starts_with(&dcids)
            && self.scids == ids(|packet| &packet.scid)
    }
}

const LONG: &str = "quic.long";
