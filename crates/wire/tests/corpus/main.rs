//! What `decode` says of the captures in `../shared/corpus`, against what tshark says of them.
//!
//! The facts are not part of the repository; without them the test says that it was skipped.

#![expect(clippy::unwrap_used, reason = "a fact that cannot be read is a failed test")]
#![expect(clippy::print_stdout, reason = "how many captures were compared is part of the result")]

mod cuts;
mod expected;
mod known;
mod seen;

use std::path::{Path, PathBuf};

use expected::{Counts, Kind};
use flowloom_capture::{Block, Capture, Input, Limits, Source};

#[test]
fn headers_are_those_that_tshark_sees() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    let captures = captures(&corpus);
    if captures.is_empty() {
        println!("skipped: no captures in {}", corpus.display());
        return;
    }
    let mut compared = Tally::default();
    for name in &captures {
        compare(&corpus, name, &mut compared);
    }
    println!("{compared:#?}");
    assert!(compared.unexplained == 0, "{} unexplained differences", compared.unexplained);
    assert!(compared.unneeded.is_empty(), "explained but not there: {:?}", compared.unneeded);
}

/// Every way to cut a real frame: no header appears that the whole frame does not have, and no
/// length changes. Every byte of it broken: nothing reaches beyond what it is in.
#[test]
fn a_snap_length_takes_headers_away_and_changes_no_length() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    let (mut frames, mut cuts) = (0, 0);
    for name in captures(&corpus) {
        let input = Input::File(corpus.join(name));
        let Ok(mut capture) = Capture::open(&input, Limits::default()) else { continue };
        let mut block = Block::default();
        if !capture.read(&mut block).is_ok_and(|more| more) {
            continue;
        }
        for frame in block.frames.iter().take(FRAMES_CUT) {
            frames += 1;
            cuts += cuts::check(frame.link, block.data(frame), frame.original);
            cuts::break_bytes(frame.link, block.data(frame), frame.original);
        }
    }
    println!("{frames} frames, cut in {cuts} places");
}

/// What was compared.
#[derive(Debug, Default)]
struct Tally {
    captures: usize,
    frames: u64,
    facts: usize,
    explained: usize,
    unexplained: usize,
    unneeded: Vec<String>,
}

fn compare(corpus: &Path, name: &str, tally: &mut Tally) {
    let facts = std::fs::read_to_string(corpus.join(format!("expected/{name}.facts.tsv"))).unwrap();
    let input = Input::File(corpus.join(name));
    let Ok(mut capture) = Capture::open(&input, Limits::default()) else { return };
    let mut seen = Counts::new();
    let mut frames = 0;
    let mut block = Block::default();
    while capture.read(&mut block).is_ok_and(|more| more) {
        for frame in &block.frames {
            seen::frame(frame.link, block.data(frame), frame.original, &mut seen);
            frames += 1;
        }
    }
    let expected = expected::read(&facts);
    if Some(frames) != expected::frames(&facts) {
        println!("{name}: another number of frames, not compared");
        return;
    }
    tally.captures += 1;
    tally.frames += frames;
    for kind in Kind::ALL {
        if kind == Kind::Stack && !expected::has_all_stacks(&facts) {
            println!("{name}: not all stacks are known, not compared");
            continue;
        }
        let reason = known::reason(name, kind);
        let different = difference(kind, &expected, &seen, tally);
        match (different.is_empty(), reason) {
            (true, Some(_)) => tally.unneeded.push(format!("{name} {kind:?}")),
            (false, Some(_)) => tally.explained += 1,
            (false, None) => {
                tally.unexplained += 1;
                println!("{name}: {kind:?}: {different:#?}");
            }
            (true, None) => {}
        }
    }
}

/// What is counted differently: what, by tshark, by us.
fn difference(
    kind: Kind,
    expected: &Counts,
    seen: &Counts,
    tally: &mut Tally,
) -> Vec<(String, u64, u64)> {
    let mut keys: Vec<_> = expected.keys().chain(seen.keys()).filter(|key| key.0 == kind).collect();
    keys.sort();
    keys.dedup();
    tally.facts += keys.len();
    let count = |counts: &Counts, key| counts.get(key).copied().unwrap_or(0);
    keys.into_iter()
        .map(|key| (key.1.clone(), count(expected, key), count(seen, key)))
        .filter(|(_, theirs, ours)| theirs != ours)
        .collect()
}

/// The captures that have facts, by their paths in the corpus.
fn captures(corpus: &Path) -> Vec<String> {
    let mut names = Vec::new();
    let mut folders = vec![corpus.join("expected")];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        let paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        for path in paths {
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(name) = path.strip_prefix(corpus.join("expected"))
                && let Some(name) = name.to_str().and_then(|name| name.strip_suffix(".facts.tsv"))
            {
                names.push(name.to_owned());
            }
        }
    }
    names.sort();
    names
}

/// Frames of a capture that are cut everywhere.
const FRAMES_CUT: usize = 100;
