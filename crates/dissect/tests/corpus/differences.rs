//! The reviewed differences: capture, field, in how many frames, and why; the first two with `*` as
//! in file names. A difference counts for the first line that covers it. One that is not covered
//! fails, and so does a line whose number is no longer true.

use std::collections::BTreeMap;

use crate::Difference;

/// The lines of `differences.tsv`.
pub(crate) struct Differences {
    lines: Vec<Line>,
}

struct Line {
    capture: &'static str,
    field: &'static str,
    frames: usize,
}

impl Differences {
    pub(crate) fn read() -> Self {
        let lines = include_str!("differences.tsv").lines().filter(|line| !line.starts_with('#'));
        let lines = lines.map(|line| {
            let cells: Vec<_> = line.split('\t').collect();
            let [capture, field, frames, reason] = cells[..] else {
                panic!("not four cells: {line}")
            };
            assert!(!reason.is_empty(), "no reason: {line}");
            let frames = frames.parse().unwrap_or_else(|_| panic!("no number: {line}"));
            Line { capture, field, frames }
        });
        Self { lines: lines.collect() }
    }

    /// What is wrong with the list: differences that it has not, by capture and field, and lines
    /// whose number is another, unless only some captures were read.
    pub(crate) fn wrong(&self, differences: &[Difference], is_all: bool) -> Vec<String> {
        let mut seen = vec![0; self.lines.len()];
        let mut new: BTreeMap<_, (usize, &Difference)> = BTreeMap::new();
        for difference in differences {
            if let Some(at) = self.lines.iter().position(|line| line.covers(difference)) {
                seen[at] += 1;
            } else {
                let key = (difference.field, &difference.capture);
                new.entry(key).or_insert((0, difference)).0 += 1;
            }
        }
        let new = new.values().map(|(count, first)| {
            let Difference { capture, frame, field, ours, theirs } = first;
            format!("{capture}\t{field}\t{count}\tthe first {frame}: {ours:?}, tshark {theirs:?}")
        });
        let lines = self.lines.iter().zip(&seen);
        let untrue = lines.filter(|(line, seen)| line.frames != **seen && (is_all || **seen > 0));
        let untrue = untrue.map(|(line, seen)| {
            let Line { capture, field, frames } = line;
            format!("{capture} {field}: in {seen} frames, {frames} are listed")
        });
        new.chain(untrue).collect()
    }
}

impl Line {
    fn covers(&self, difference: &Difference) -> bool {
        matches(self.capture, &difference.capture) && matches(self.field, difference.field)
    }
}

/// Whether a text is as a pattern with stars.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((before, after)) => text.strip_prefix(before).is_some_and(|rest| {
            (0..=rest.len()).any(|at| rest.get(at..).is_some_and(|rest| matches(after, rest)))
        }),
    }
}
