//! Traces: against the flows of the same capture, tshark, and pypcaptools 2.6; and what must hold for
//! every capture, whichever way it is read.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may stop at what it cannot read, and says what it compared"
)]

#[expect(dead_code, reason = "other tests use the rest")]
#[path = "../common/captures.rs"]
mod captures;
mod client;
#[expect(dead_code, reason = "other tests use the rest")]
#[path = "../common/mod.rs"]
mod common;
mod flows;
#[expect(dead_code, reason = "other tests use the rest")]
#[path = "../common/packets.rs"]
mod packets;
mod reading;
mod seeds;
mod tshark;

use std::fs;
use std::path::{Path, PathBuf};

use common::{Row, config, corpus};
use flowloom_engine::{Client, Summary, TraceLimits, Traces, Watch};

/// The rows of captures, with settings changed.
fn traces(captures: &[&Path], change: impl FnOnce(&mut Traces)) -> (Vec<Row>, Summary) {
    let (text, summary) = bytes(captures, change);
    let text = String::from_utf8(text).unwrap();
    (text.lines().map(|line| Row(serde_json::from_str(line).unwrap())).collect(), summary)
}

/// The only row of a capture.
fn trace(capture: &Path, change: impl FnOnce(&mut Traces)) -> Row {
    let (mut rows, _) = traces(&[capture], change);
    assert_eq!(rows.len(), 1, "{}", capture.display());
    rows.remove(0)
}

/// The output, JSON Lines if it is not changed; nothing where no capture could be read.
fn bytes(captures: &[&Path], change: impl FnOnce(&mut Traces)) -> (Vec<u8>, Summary) {
    let directory = tempfile::tempdir().unwrap();
    let output = directory.path().join("traces");
    let mut settings = Traces {
        config: config(captures, &output),
        client: Client::Auto,
        columns: Vec::new(),
        limits: TraceLimits::default(),
    };
    change(&mut settings);
    let summary = flowloom_engine::traces(&settings, &Watch::default()).unwrap();
    (fs::read(&output).unwrap_or_default(), summary)
}

fn numbers(row: &Row, column: &str) -> Vec<i64> {
    let list = row.0[column].as_array().unwrap_or_else(|| panic!("{column} is no list"));
    list.iter().map(|item| item.as_i64().unwrap()).collect()
}

/// The samples, and what of the corpus does not take long.
fn captures_at_hand() -> Vec<PathBuf> {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples");
    let files = fs::read_dir(samples).unwrap().map(|entry| entry.unwrap().path());
    let is_capture = |path: &PathBuf| {
        path.extension().is_some_and(|extension| extension == "pcap" || extension == "pcapng")
    };
    let mut captures = files.filter(is_capture).collect::<Vec<_>>();
    captures.sort();
    let corpus = corpus().into_iter().flatten().map(|(_, path)| path);
    captures.extend(corpus.filter(|path| fs::metadata(path).unwrap().len() <= 100_000));
    captures
}
