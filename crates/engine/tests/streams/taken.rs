//! What was taken out of a capture, read back from its directory.

use std::fs;
use std::path::Path;

use flowloom_engine::{
    Data, Shape, StreamFormat, StreamLimits, Streams, StreamsSummary, StreamsTo, View, Watch, What,
    take_streams,
};
use serde_json::Value;

use crate::common;

/// A file and what the index says of it.
pub(crate) struct Taken {
    pub(crate) info: serde_json::Map<String, Value>,
    pub(crate) bytes: Vec<u8>,
}

impl Taken {
    pub(crate) fn number(&self, field: &str) -> u64 {
        self.info[field].as_u64().unwrap_or_else(|| panic!("{field} is {:?}", self.info[field]))
    }

    pub(crate) fn text(&self, field: &str) -> &str {
        self.info[field].as_str().unwrap_or_default()
    }
}

/// The settings of a run with nothing but defaults, into a directory.
pub(crate) fn streams(capture: &Path, view: View, directory: &Path) -> Streams {
    Streams {
        config: common::config(&[capture], Path::new("unused")),
        flows: Vec::new(),
        what: What::Said,
        direction: None,
        shape: Shape {
            view,
            format: StreamFormat::Bytes,
            data: Data::Auto,
            strict: false,
            color: false,
        },
        destination: StreamsTo::Directory { path: directory.join("streams"), force: false },
        limits: StreamLimits::default(),
    }
}

/// What is taken out of a capture, with settings changed, in the order of the index.
pub(crate) fn taken(
    capture: &Path,
    view: View,
    change: impl FnOnce(&mut Streams),
) -> (Vec<Taken>, StreamsSummary) {
    let directory = tempfile::tempdir().unwrap();
    let mut streams = streams(capture, view, directory.path());
    change(&mut streams);
    let summary = take_streams(&streams, &Watch::default()).unwrap();
    let directory = directory.path().join("streams");
    let Ok(index) = fs::read_to_string(directory.join("index.jsonl")) else {
        return (Vec::new(), summary);
    };
    let files = index.lines().map(|line| {
        let info = serde_json::from_str::<serde_json::Map<_, _>>(line).unwrap();
        let bytes = fs::read(directory.join(info["file"].as_str().unwrap())).unwrap();
        assert_eq!(info["size"].as_u64(), Some(bytes.len() as u64), "{line}");
        Taken { info, bytes }
    });
    let files = files.collect::<Vec<_>>();
    // The index and its files, and nothing else.
    assert_eq!(fs::read_dir(&directory).unwrap().count(), files.len() + 1);
    (files, summary)
}
