//! JA4S and JA4X beside the snapshots that their authors publish.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::common::{corpus, flows};
use crate::review::Review;
use flowloom_protocols::{Want, Wants};

/// Each value of a snapshot is found in its capture.
#[test]
fn fingerprints_are_those_of_upstream() {
    let mut review = Review::of(&["ja4.ja4s", "ja4.ja4x"]);
    for (name, capture, facts) in corpus().into_iter().filter(|(name, ..)| name.starts_with("ja4/"))
    {
        let wanted = snapshots(&facts.with_extension("").with_extension("upstream"));
        let mut found = BTreeSet::new();
        for flow in flows(&capture, Wants::of(&[Want::Tls])).unwrap_or_default() {
            let Some(tls) = flow.findings().tls.as_deref() else { continue };
            found.extend(
                tls.server_hellos.iter().map(|hello| ("ja4.ja4s", hello.ja4s(tls.carrier))),
            );
            found.extend(
                tls.certificates.iter().map(|certificate| ("ja4.ja4x", certificate.ja4x())),
            );
        }
        for (kind, value) in wanted {
            review.note(kind, &name, found.contains(&(kind, value.clone())), || value);
        }
    }
    review.judge();
}

/// The fingerprints in the snapshots of a folder, each once.
fn snapshots(folder: &Path) -> BTreeSet<(&'static str, String)> {
    let mut all = BTreeSet::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.extension().is_none_or(|extension| extension != "snap") {
            continue;
        }
        let text = fs::read_to_string(path).unwrap_or_default();
        for line in text.lines().map(|line| line.trim_start_matches([' ', '-'])) {
            for (kind, key) in [("ja4.ja4s", "ja4s"), ("ja4.ja4x", "ja4x")] {
                if let Some(value) = line.strip_prefix(key).and_then(|rest| rest.strip_prefix(':'))
                {
                    all.insert((kind, value.trim().to_owned()));
                }
            }
        }
    }
    all
}
