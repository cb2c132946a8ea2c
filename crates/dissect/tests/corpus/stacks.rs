//! The layers of every frame, counted by capture, held against the `stack` facts of the corpus.
//!
//! Layers that we do not know are left out of tshark's stacks. What differs must be in the reviewed
//! list `stacks.tsv`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use flowloom_dissect::KnownLayers;

use crate::ours;
use crate::review::Review;
use crate::{captures, root};

#[test]
fn stacks_are_those_of_the_facts() {
    let (mut compared, mut frames, mut equal) = (0, 0, 0);
    let mut review = Review::read(include_str!("stacks.tsv"));
    for (name, path) in captures() {
        let Some(theirs) = facts(&name) else { continue };
        let mut stacks: BTreeMap<String, [u64; 2]> = BTreeMap::new();
        for (stack, count) in theirs {
            stacks.entry(stack).or_default()[0] += count;
        }
        for stack in own(&path) {
            stacks.entry(stack).or_default()[1] += 1;
        }
        compared += 1;
        for (stack, [theirs, ours]) in stacks {
            frames += theirs;
            equal += theirs.min(ours);
            if theirs != ours {
                review.note(
                    &name,
                    &stack,
                    theirs.saturating_sub(ours),
                    ours.saturating_sub(theirs),
                );
            }
        }
    }
    if compared == 0 {
        eprintln!("skipped: there is no corpus");
        return;
    }
    eprintln!("{compared} captures: of {frames} frames, {equal} have the stack that tshark tells");
    let wrong = review.wrong();
    for line in &wrong {
        eprintln!("{line}");
    }
    assert!(wrong.is_empty(), "{} lines of the list are wrong, or wanting", wrong.len());
}

/// The stacks of the facts and their frames; none where there are more than the facts tell.
fn facts(name: &str) -> Option<Vec<(String, u64)>> {
    let path = root().join("expected").join(format!("{name}.facts.tsv"));
    let text = String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned();
    let lines = text.lines().filter_map(|line| line.strip_prefix("stack\t"));
    let stacks = lines.map(|line| {
        let (stack, frames) = line.split_once('\t').unwrap();
        (known(stack.split(':')), frames.parse().unwrap())
    });
    let stacks: Vec<_> = stacks.collect();
    (stacks.len() < STACKS_TOLD).then_some(stacks)
}

fn own(path: &Path) -> Vec<String> {
    let mut stacks = Vec::new();
    ours::each_frame(path, |dissection, _| stacks.push(known(dissection.protocols())));
    stacks
}

/// The layers that we know, each once where it is there several times in a row.
fn known<'n>(names: impl Iterator<Item = &'n str>) -> String {
    let is_layer = |name: &&str| {
        KnownLayers::shipped().all().iter().any(|layer| layer.name == *name)
            && !matches!(*name, "data" | "_ws.malformed" | "frame")
    };
    let mut names: Vec<_> = names.filter(is_layer).collect();
    names.dedup();
    names.join(":")
}

/// The facts tell this many stacks of a capture at most.
const STACKS_TOLD: usize = 60;
