//! Every capture of the corpus against what tshark says of it.
//!
//! Conversations: with `--no-split`, both sides summed by protocol and unordered endpoints, over
//! VLANs, virtual networks and tshark's streams. Differences are in `corpus/differences.tsv`, each
//! with its reason; a difference that is not listed fails, and so does a listed one that is gone.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that fails says where, and says what it compared"
)]

mod common;
#[path = "corpus/facts.rs"]
mod facts;

use std::collections::{BTreeMap, BTreeSet};

use common::{Row, corpus, rows};
use facts::{Conversation, Facts, Key};

#[test]
fn conversations_are_those_of_tshark() {
    let Some(captures) = corpus() else { return };
    let listed = listed();
    let mut counts = Counts::default();
    let mut found = Vec::new();
    for (name, path) in &captures {
        let Some(facts) = Facts::read(name) else { continue };
        counts.captures += 1;
        counts.fragmented += u32::from(facts.has_fragments());
        let (rows, summary) = rows(path, |config| config.flow.no_split = true);
        let frames = facts.frames_differ(&summary);
        let frames = frames
            .into_iter()
            .map(|(what, own, theirs)| (what.to_string(), format!("ours {own}, tshark {theirs}")));
        let undecoded = !summary.total.frames_unknown_link.is_empty();
        let conversations = compare(&rows, &facts, undecoded, &mut counts);
        found.extend(frames.chain(conversations).map(|(what, text)| (name.clone(), what, text)));
    }
    println!("{counts:?}");
    let is_listed = |(capture, what, _): &&(String, String, String)| {
        let has = |what: &str| listed.contains(&(capture.clone(), what.to_string()));
        has(what) || has("*")
    };
    let unlisted = found.iter().filter(|difference| !is_listed(difference)).collect::<Vec<_>>();
    assert!(unlisted.is_empty(), "{} not on the list: {unlisted:#?}", unlisted.len());
    let gone = listed.iter().filter(|(capture, what)| {
        !found.iter().any(|(c, w, _)| c == capture && (w == what || what == "*"))
    });
    assert_eq!(gone.collect::<Vec<_>>(), Vec::<&(String, String)>::new(), "no longer different");
    let captures_listed = listed.iter().map(|(capture, _)| capture).collect::<BTreeSet<_>>();
    assert!(captures_listed.len() * 100 <= captures.len() * 3, "more than 3 % of captures listed");
}

/// What was compared, of all captures.
#[derive(Debug, Default)]
struct Counts {
    captures: u32,
    /// Captures with fragments: only their payload is compared.
    fragmented: u32,
    conversations_equal: u32,
    conversations_different: u32,
    /// Conversations of tshark that are the outside of a tunnel, in which neither TCP nor UDP was:
    /// ours are the inner packets, by definition.
    tunnels_of_other_protocols: u32,
    /// Conversations over link types that are not decoded, which the account says.
    undecoded_link: u32,
}

/// Compares the conversations of a capture; what differs, and how.
fn compare(
    rows: &[Row],
    facts: &Facts,
    undecoded_link: bool,
    counts: &mut Counts,
) -> Vec<(String, String)> {
    let (own, sctp) = conversations(rows);
    let (theirs, associations) = facts.conversations();
    let mut found = Vec::new();
    if let Some(packets) = associations.filter(|packets| *packets != sctp) {
        found.push(("sctp".to_string(), format!("ours {sctp} packets, tshark {packets}")));
    }
    let packets = |own: Option<&Conversation>| own.map_or(0, Conversation::packets);
    let mut inner_packets = inner_packets(rows);
    for key in own.keys().chain(theirs.keys()).collect::<BTreeSet<_>>() {
        let (a, b) = (own.get(key).cloned(), theirs.get(key).cloned());
        let without = |conversation: Conversation| conversation.without_payload();
        let (a, b) = if key.is_udp_lite() { (a.map(without), b.map(without)) } else { (a, b) };
        match (a, b) {
            (Some(a), Some(b)) if a.agrees(&b, facts.has_fragments()) => {
                counts.conversations_equal += 1;
            }
            (a, Some(b))
                if key.is_tunnel() && b.packets() <= packets(a.as_ref()) + inner_packets =>
            {
                inner_packets -= b.packets().saturating_sub(packets(a.as_ref()));
                counts.tunnels_of_other_protocols += 1;
            }
            (None, Some(_)) if undecoded_link => counts.undecoded_link += 1,
            (Some(_), None) if facts.has_without_addresses(key) => {}
            (a, b) => {
                counts.conversations_different += 1;
                found.push((key.to_string(), format!("ours {a:?}, tshark {b:?}")));
            }
        }
    }
    found
}

/// Packets that came through a tunnel and are neither TCP nor UDP nor SCTP.
fn inner_packets(rows: &[Row]) -> u64 {
    let tunneled = rows.iter().filter(|row| {
        !row.text("tunnel").is_empty() && facts::protocol(row.number("protocol")).is_none()
    });
    tunneled.map(|row| row.number("packet_count")).sum()
}

/// Our rows, summed as the facts are.
fn conversations(rows: &[Row]) -> (BTreeMap<Key, Conversation>, u64) {
    let (mut sums, mut sctp) = (BTreeMap::new(), 0);
    for row in rows {
        let Some(protocol) = facts::protocol(row.number("protocol")) else { continue };
        let Some((src_port, dst_port)) = row.port("src_port").zip(row.port("dst_port")) else {
            continue;
        };
        if protocol == "sctp" {
            sctp += row.number("packet_count");
            continue;
        }
        let src = (row.address("src_ip"), src_port);
        let dst = (row.address("dst_ip"), dst_port);
        let key = Key::new(protocol, src, dst);
        let sum: &mut Conversation = sums.entry(key).or_default();
        let sides = if src <= dst { ["up", "down"] } else { ["down", "up"] };
        for (side, prefix) in sum.sides.iter_mut().zip(sides) {
            side.packets += row.number(&format!("{prefix}_packet_count"));
            side.bytes += row.number(&format!("{prefix}_byte_count"));
            side.payload += row.number(&format!("{prefix}_payload_byte_count"));
            side.flags |= row.optional(&format!("{prefix}_tcp_flags")).unwrap_or(0);
        }
        sum.sum_endless(src == dst);
        sum.span(row.time("start_time"), row.time("end_time"));
    }
    (sums, sctp)
}

fn listed() -> BTreeSet<(String, String)> {
    let text = include_str!("corpus/differences.tsv");
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    lines
        .map(|line| {
            let fields = line.split('\t').collect::<Vec<_>>();
            assert!(fields.len() == 3 && !fields[2].is_empty(), "capture, what, reason: {line}");
            (fields[0].to_string(), fields[1].to_string())
        })
        .collect()
}
