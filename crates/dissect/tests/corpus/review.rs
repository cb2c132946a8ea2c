//! Reviewed lists of what only one side has: capture, stack or field, how much only tshark has, how
//! much only we have, and why; the first two with `*`. What is found counts for the first line that
//! covers it. What no line covers fails, and so does a line whose numbers are no longer true.

use crate::differences::matches;

/// The lines of such a list, and what was found of them.
pub(crate) struct Review {
    lines: Vec<Line>,
    new: Vec<String>,
}

struct Line {
    capture: &'static str,
    what: &'static str,
    listed: [u64; 2],
    seen: [u64; 2],
}

impl Review {
    pub(crate) fn read(list: &'static str) -> Self {
        let lines = list.lines().filter(|line| !line.starts_with('#'));
        let lines = lines.map(|line| {
            let cells: Vec<_> = line.split('\t').collect();
            let [capture, what, theirs, ours, reason] = cells[..] else {
                panic!("not five cells: {line}")
            };
            assert!(!reason.is_empty(), "no reason: {line}");
            let listed = [theirs, ours].map(|number| number.parse().unwrap());
            Line { capture, what, listed, seen: [0; 2] }
        });
        Self { lines: lines.collect(), new: Vec::new() }
    }

    pub(crate) fn note(&mut self, capture: &str, what: &str, theirs: u64, ours: u64) {
        let covers = |line: &&mut Line| matches(line.capture, capture) && matches(line.what, what);
        match self.lines.iter_mut().find(covers) {
            Some(line) => {
                line.seen[0] += theirs;
                line.seen[1] += ours;
            }
            None => self.new.push(format!("{capture}\t{what}\t{theirs}\t{ours}\t")),
        }
    }

    /// What is not on the list, and lines whose numbers are others, unless only some captures were
    /// read.
    pub(crate) fn wrong(self) -> Vec<String> {
        let is_all = std::env::var_os("FLOWLOOM_CAPTURE").is_none();
        let untrue = self.lines.into_iter().filter(|line| line.listed != line.seen && is_all);
        let untrue = untrue.map(|Line { capture, what, listed, seen }| {
            format!("{capture} {what}: {seen:?}, {listed:?} are listed")
        });
        self.new.into_iter().chain(untrue).collect()
    }
}
