//! Every capture of the corpus against what tshark says of it.
//!
//! Conversations: with `--no-split`, both sides summed by protocol and unordered endpoints, over
//! VLANs, virtual networks and tshark's streams. Differences are in `corpus/differences.tsv`, each
//! with its reason; a difference that is not listed fails, and so does a listed one that is gone.
//! Where tshark joins conversations, what is compared is their sum.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that fails says where, and says what it compared"
)]

mod common;
#[path = "common/differences.rs"]
mod differences;
#[path = "corpus/facts.rs"]
mod facts;

use std::collections::{BTreeMap, BTreeSet};

use common::{Row, corpus, rows};
use differences::Difference;
use facts::{Conversation, Facts, Key, Side};

#[test]
fn conversations_are_those_of_tshark() {
    let Some(captures) = corpus() else { return };
    let mut counts = Counts::default();
    let mut found = Vec::new();
    for (name, path) in &captures {
        let Some(facts) = Facts::read(name) else { continue };
        counts.captures += 1;
        counts.fragmented += u32::from(facts.has_fragments());
        let (rows, summary) = rows(path, |config| config.flow.no_split = true);
        let frames = facts.frames_differ(&summary);
        let frames = frames.into_iter().map(|(what, own, theirs)| {
            (format!("frames {what}"), format!("ours {own}, tshark {theirs}"))
        });
        let undecoded = !summary.total.frames_unknown_link.is_empty();
        let conversations = compare(&rows, &facts, undecoded, &mut counts);
        found.extend(frames.chain(conversations).map(|(what, values)| Difference {
            capture: name.clone(),
            what,
            values,
        }));
    }
    println!("{counts:?}");
    differences::check(&["frames", "conversation"], &found);
}

/// What was compared, of all captures.
#[derive(Debug, Default)]
struct Counts {
    captures: u32,
    /// Captures with fragments: only their payload is compared.
    fragmented: u32,
    conversations_equal: u32,
    conversations_different: u32,
    /// Conversations of ours that tshark joins, and whose sums are equal.
    joined_equal: u32,
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
        let values = format!("ours {sctp} packets, tshark {packets}");
        found.push(("conversation sctp".to_string(), values));
    }
    let packets = |own: Option<&Conversation>| own.map_or(0, Conversation::packets);
    let mut inner_packets = inner_packets(rows);
    let mut different = Vec::new();
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
            (a, b) => different.push((key, a, b)),
        }
    }
    let count = different.len();
    let joined_equal = |group: &dyn Fn(&Key) -> bool, different: &mut Vec<Pair<'_>>| {
        let (joined, others) = different.drain(..).partition::<Vec<_>, _>(|(key, ..)| group(key));
        let equal = sum(joined.iter().map(|(_, a, _)| a)) == sum(joined.iter().map(|(_, _, b)| b));
        *different = if equal { others } else { [joined, others].concat() };
    };
    for protocol in ["tcp", "udp"].into_iter().filter(|protocol| facts.has_streamless(protocol)) {
        joined_equal(&|key| key.protocol() == protocol, &mut different);
    }
    if facts.has_portmapper() {
        for end in different.iter().flat_map(|(key, ..)| key.ends()).collect::<BTreeSet<_>>() {
            joined_equal(
                &|key| key.protocol() == "udp" && key.ends().contains(&end),
                &mut different,
            );
        }
    }
    counts.joined_equal += (count - different.len()) as u32;
    counts.conversations_different += different.len() as u32;
    found.extend(
        different.into_iter().map(|(key, a, b)| {
            (format!("conversation {key}"), format!("ours {a:?}, tshark {b:?}"))
        }),
    );
    found
}

/// A conversation, ours and tshark's.
type Pair<'a> = (&'a Key, Option<Conversation>, Option<Conversation>);

fn sum<'a>(conversations: impl Iterator<Item = &'a Option<Conversation>>) -> Side {
    conversations.flatten().fold(Side::default(), |mut sum, conversation| {
        sum.add(conversation.both_sides());
        sum
    })
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
