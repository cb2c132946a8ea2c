//! The reviewed differences: capture, field and reason, the first two with `*` as in file names.

use std::collections::BTreeMap;

use crate::Difference;

/// The lines of `differences.tsv`.
pub(crate) struct Differences {
    lines: Vec<Line>,
}

struct Line {
    capture: &'static str,
    field: &'static str,
}

impl Differences {
    pub(crate) fn read() -> Self {
        let lines = include_str!("differences.tsv").lines().filter(|line| !line.starts_with('#'));
        let lines = lines.map(|line| {
            let cells: Vec<_> = line.split('\t').collect();
            let [capture, field, reason] = cells[..] else { panic!("not three cells: {line}") };
            assert!(!reason.is_empty(), "no reason: {line}");
            Line { capture, field }
        });
        Self { lines: lines.collect() }
    }

    /// What is not on the list: a line for each capture and field, with the first case.
    pub(crate) fn unlisted(&self, differences: &[Difference]) -> Vec<String> {
        let mut kinds: BTreeMap<_, (usize, &Difference)> = BTreeMap::new();
        let unlisted = differences
            .iter()
            .filter(|difference| !self.lines.iter().any(|line| line.covers(difference)));
        for difference in unlisted {
            let kind =
                kinds.entry((difference.field, &difference.capture)).or_insert((0, difference));
            kind.0 += 1;
        }
        let lines = kinds.values().map(|(count, first)| {
            let Difference { capture, frame, field, ours, theirs } = first;
            format!(
                "{field}\t{capture}\t{count} frames, the first {frame}: {ours:?}, tshark {theirs:?}"
            )
        });
        lines.collect()
    }

    /// Lines that nothing needs.
    pub(crate) fn unused(&self, differences: &[Difference]) -> Vec<String> {
        let is_unused =
            |line: &&Line| !differences.iter().any(|difference| line.covers(difference));
        self.lines
            .iter()
            .filter(is_unused)
            .map(|line| format!("{} {}", line.capture, line.field))
            .collect()
    }
}

impl Line {
    fn covers(&self, difference: &Difference) -> bool {
        matches(self.capture, &difference.capture) && matches(self.field, difference.field)
    }
}

/// Whether a text is as a pattern with stars.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((before, after)) => text.strip_prefix(before).is_some_and(|rest| {
            (0..=rest.len()).any(|at| rest.get(at..).is_some_and(|rest| matches(after, rest)))
        }),
    }
}
