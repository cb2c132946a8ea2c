//! Every capture of the shared corpus against what tshark says of it.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test, which says what it did")]

#[path = "../../../engine/tests/common/differences.rs"]
mod differences;
mod raw;
mod rules;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use differences::Difference;
use flowloom_capture::{Block, Capture, Facts, Format, Input, Limits, Source};

/// What is compared, by the names of the fact files; list values are joined by commas.
type Said = BTreeMap<String, String>;

#[test]
fn captures_of_the_corpus_are_read_as_tshark_reads_them() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    if !corpus.is_dir() {
        return println!("skipped: there is no ../shared/corpus");
    }
    let (mut compared, mut values) = (0, 0);
    let mut found = Vec::new();
    for (name, path) in captures(&corpus) {
        let facts = corpus.join("expected").join(format!("{name}.facts.tsv"));
        let Ok(facts) = fs::read_to_string(&facts) else { continue };
        let expected = rules::expected(file_facts(&facts), &facts, &path);
        let actual = read(&path);
        compared += 1;
        for (key, expected) in expected {
            let actual = actual.get(&key).map_or("", String::as_str);
            values += 1;
            if actual != expected {
                let values = format!("ours {actual:?}, tshark {expected:?}");
                found.push(Difference {
                    capture: name.clone(),
                    what: format!("file {key}"),
                    values,
                });
            }
        }
    }
    println!("{values} values of {compared} captures compared");
    assert!(compared > 200);
    differences::check(&["file"], &found);
}

fn captures(corpus: &Path) -> Vec<(String, PathBuf)> {
    let paths = |folder: &Path| -> Vec<PathBuf> {
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
    };
    let folders = paths(corpus).into_iter().filter(|path| path.is_dir());
    let captures = folders.filter(|path| !path.ends_with("expected")).flat_map(|path| paths(&path));
    let name = |path: &Path| path.strip_prefix(corpus).unwrap().to_str().unwrap().to_owned();
    captures.map(|path| (name(&path), path)).collect()
}

fn file_facts(facts: &str) -> Said {
    let mut said = Said::new();
    for line in facts.lines() {
        if let ["file", key, value] = line.split('\t').collect::<Vec<_>>()[..]
            && !["size", "sha256"].contains(&key)
            && !key.ends_with("_conversations")
            // The link type was not found out.
            && value != "?"
        {
            said.insert(key.to_owned(), value.to_owned());
        }
    }
    said
}

/// Reads a capture, and says of it what the fact files say.
fn read(path: &Path) -> Said {
    let mut capture = Capture::open(&Input::File(path.into()), Limits::default()).unwrap();
    let mut block = Block::default();
    let (mut packets, mut captured, mut wire) = (0_u64, 0_u64, 0_u64);
    let mut times = None;
    let mut interfaces = BTreeMap::<u16, u64>::new();
    while capture.read(&mut block).unwrap() {
        for frame in &block.frames {
            packets += 1;
            captured += u64::from(frame.captured);
            wire += u64::from(frame.original);
            times = Some((times.map_or(frame.time, |(first, _)| first), frame.time));
            *interfaces.entry(frame.interface).or_default() += 1;
        }
    }
    let facts = capture.facts();
    let mut said = Said::from([
        ("packets".to_owned(), packets.to_string()),
        ("captured_bytes".to_owned(), captured.to_string()),
        ("wire_bytes".to_owned(), wire.to_string()),
        ("linktypes".to_owned(), linktypes(facts)),
    ]);
    let seconds = |nanos: i64| {
        format!("{}.{:09}", nanos.div_euclid(1_000_000_000), nanos.rem_euclid(1_000_000_000))
    };
    if let Some((first, last)) = times {
        said.insert("first_time".to_owned(), seconds(first.0));
        said.insert("last_time".to_owned(), seconds(last.0));
    }
    // tshark knows interfaces of pcapng only, by their number in the section.
    let mut by_id = BTreeMap::<String, u64>::new();
    for (index, frames) in interfaces {
        let id = facts.interfaces[usize::from(index)].id;
        let id = if facts.format == Format::Pcapng { id.to_string() } else { "-".into() };
        *by_id.entry(format!("interface_{id}_packets")).or_default() += frames;
    }
    said.extend(by_id.into_iter().map(|(key, frames)| (key, frames.to_string())));
    said
}

fn linktypes(facts: &Facts) -> String {
    let links: Vec<String> =
        facts.interfaces.iter().map(|interface| interface.link.0.to_string()).collect();
    if links.is_empty() { "none".into() } else { links.join(",") }
}
