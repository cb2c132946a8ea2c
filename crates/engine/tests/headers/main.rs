//! The headers of every capture of the shared corpus against those that tshark sees: stacks,
//! identifiers of tags and tunnels, fragments, checksums, ARP, ICMP and IGMP.
//!
//! Frames are decoded, and fragments put together, as the pipeline does it. Without the captures the
//! test says that it was skipped.

#![expect(clippy::unwrap_used, reason = "a fact that cannot be read is a failed test")]
#![expect(clippy::print_stdout, reason = "how many captures were compared is part of the result")]

#[expect(dead_code, reason = "other tests use the rest")]
#[path = "../common/mod.rs"]
mod common;
#[path = "../common/differences.rs"]
mod differences;
mod expected;
mod seen;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use common::{corpus, shared};
use differences::Difference;
use expected::{Counts, Kind};
use flowloom_capture::{Block, Capture, Input, Limits, Source};
use seen::Reader;

#[test]
fn headers_are_those_that_tshark_sees() {
    let Some(captures) = corpus() else { return };
    let mut compared = Tally::default();
    let mut found = Vec::new();
    for (name, path) in &captures {
        let facts = shared().join(format!("corpus/expected/{name}.facts.tsv"));
        let Ok(facts) = fs::read_to_string(facts) else { continue };
        found.extend(compare(name, path, &facts, &mut compared));
    }
    println!("{compared:#?}");
    differences::check(&Kind::ALL.map(Kind::name), &found);
}

/// What was compared.
#[derive(Debug, Default)]
struct Tally {
    captures: usize,
    frames: u64,
    facts: usize,
    /// Captures of which the facts have only the most frequent stacks.
    without_stacks: usize,
    /// Captures in which tshark counts other frames, which the tests of reading compare.
    other_frames: usize,
}

fn compare(name: &str, path: &Path, facts: &str, tally: &mut Tally) -> Vec<Difference> {
    let input = Input::File(path.into());
    let mut capture = Capture::open(&input, Limits::default()).unwrap();
    let mut reader = Reader::new();
    let mut block = Block::default();
    while capture.read(&mut block).unwrap() {
        for frame in &block.frames {
            reader.frame(frame, block.data(frame));
        }
    }
    let (seen, frames) = reader.finish();
    let expected = expected::read(facts);
    if Some(frames) != expected::frames(facts) {
        tally.other_frames += 1;
        return Vec::new();
    }
    tally.captures += 1;
    tally.frames += frames;
    let has_all_stacks = expected::has_all_stacks(facts);
    tally.without_stacks += usize::from(!has_all_stacks);
    let compared = |kind| kind != Kind::Stack || has_all_stacks;
    Kind::ALL
        .into_iter()
        .filter(|kind| compared(*kind))
        .flat_map(|kind| different(name, kind, &expected, &seen, tally))
        .collect()
}

/// What is counted differently.
fn different(
    name: &str,
    kind: Kind,
    expected: &Counts,
    seen: &Counts,
    tally: &mut Tally,
) -> Vec<Difference> {
    let keys = expected.keys().chain(seen.keys()).filter(|key| key.0 == kind);
    let keys = keys.collect::<BTreeSet<_>>();
    tally.facts += keys.len();
    let count = |counts: &Counts, key| counts.get(key).copied().unwrap_or(0);
    keys.into_iter()
        .map(|key| (key, count(expected, key), count(seen, key)))
        .filter(|(_, theirs, ours)| theirs != ours)
        .map(|(key, theirs, ours)| Difference {
            capture: name.into(),
            what: format!("{} {}", kind.name(), key.1).trim_end().into(),
            values: format!("ours {ours}, tshark {theirs}"),
        })
        .collect()
}
