//! The layers of every frame, counted by capture, held against the `stack` facts of the corpus.
//!
//! Layers that we do not know are left out of tshark's stacks. What differs must be in `stacks.tsv`:
//! capture, stack, frames that only tshark has, frames that only we have, and why; the first two
//! with `*`. A stack counts for the first line that covers it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use flowloom_dissect::LAYERS;

use crate::differences::matches;
use crate::ours;
use crate::{captures, root};

#[test]
fn stacks_are_those_of_the_facts() {
    let (mut compared, mut frames, mut equal) = (0, 0, 0);
    let mut review = Review::read();
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
        LAYERS.iter().any(|layer| layer.name == *name)
            && !matches!(*name, "data" | "_ws.malformed" | "frame")
    };
    let mut names: Vec<_> = names.filter(is_layer).collect();
    names.dedup();
    names.join(":")
}

/// The lines of `stacks.tsv`, and what was found of them.
struct Review {
    lines: Vec<Line>,
    new: Vec<String>,
}

struct Line {
    capture: &'static str,
    stack: &'static str,
    listed: [u64; 2],
    seen: [u64; 2],
}

impl Review {
    fn read() -> Self {
        let lines = include_str!("stacks.tsv").lines().filter(|line| !line.starts_with('#'));
        let lines = lines.map(|line| {
            let cells: Vec<_> = line.split('\t').collect();
            let [capture, stack, theirs, ours, reason] = cells[..] else {
                panic!("not five cells: {line}")
            };
            assert!(!reason.is_empty(), "no reason: {line}");
            let listed = [theirs, ours].map(|number| number.parse().unwrap());
            Line { capture, stack, listed, seen: [0; 2] }
        });
        Self { lines: lines.collect(), new: Vec::new() }
    }

    fn note(&mut self, capture: &str, stack: &str, theirs: u64, ours: u64) {
        let covers =
            |line: &&mut Line| matches(line.capture, capture) && matches(line.stack, stack);
        match self.lines.iter_mut().find(covers) {
            Some(line) => {
                line.seen[0] += theirs;
                line.seen[1] += ours;
            }
            None => self.new.push(format!("{capture}\t{stack}\t{theirs}\t{ours}\t")),
        }
    }

    fn wrong(self) -> Vec<String> {
        let is_all = std::env::var_os("FLOWLOOM_CAPTURE").is_none();
        let untrue = self.lines.into_iter().filter(|line| line.listed != line.seen && is_all);
        let untrue = untrue.map(|Line { capture, stack, listed, seen }| {
            format!("{capture} {stack}: {seen:?} frames, {listed:?} are listed")
        });
        self.new.into_iter().chain(untrue).collect()
    }
}

/// The facts tell this many stacks of a capture at most.
const STACKS_TOLD: usize = 60;
