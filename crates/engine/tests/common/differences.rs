//! The one list of where we differ from other programs in the captures of the shared corpus.
//!
//! Each test holds what it found against the lines of its kinds: a difference that is not listed
//! fails, and so does a line that is no longer true.

use std::collections::BTreeSet;
use std::path::Path;

/// What is different in a capture.
pub(crate) struct Difference {
    /// The capture's name in the corpus.
    pub(crate) capture: String,
    /// What differs: a kind, a space, and what of that kind.
    pub(crate) what: String,
    /// Both values, for those who look into it.
    pub(crate) values: String,
}

/// Fails unless the differences of these kinds are those on the list.
pub(crate) fn check(kinds: &[&str], found: &[Difference]) {
    let list = list();
    let captures = list.iter().map(|(capture, _)| capture).collect::<BTreeSet<_>>();
    assert!(captures.len() <= CAPTURES_MAX, "{} captures listed", captures.len());
    let of_kind = |what: &str| what.split(' ').next().is_some_and(|kind| kinds.contains(&kind));
    let expected = list.iter().filter(|(_, what)| of_kind(what)).collect::<BTreeSet<_>>();
    let is_new = |new: &&Difference| {
        assert!(of_kind(&new.what), "{} is of no kind that this test has", new.what);
        !expected.contains(&(new.capture.clone(), new.what.clone()))
    };
    let shown =
        |Difference { capture, what, values }: &Difference| format!("{capture}: {what}: {values}");
    let new = found.iter().filter(is_new).map(shown).collect::<Vec<_>>();
    assert!(new.is_empty(), "{} not on the list: {new:#?}", new.len());
    let is_gone = |(capture, what): &&&(String, String)| {
        !found.iter().any(|found| found.capture == *capture && found.what == *what)
    };
    let gone = expected.iter().filter(is_gone).collect::<Vec<_>>();
    assert!(gone.is_empty(), "no longer different: {gone:#?}");
}

/// Captures and what differs in them.
fn list() -> BTreeSet<(String, String)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../engine/tests/corpus/differences.tsv");
    let text = std::fs::read_to_string(path).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let read = |line: &str| {
        let fields = line.split('\t').collect::<Vec<_>>();
        assert!(fields.len() == 3 && !fields[2].is_empty(), "capture, what, reason: {line}");
        (fields[0].to_string(), fields[1].to_string())
    };
    lines.map(read).collect()
}

/// 3 % of the 262 captures.
const CAPTURES_MAX: usize = 7;
