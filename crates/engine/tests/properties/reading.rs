//! One capture, given to the engine in several ways.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::thread;

use flowloom_engine::{Config, SETS, Summary, Watch, run};

use crate::account::account_is_whole;
use crate::common::config;

/// What a run gave.
pub(crate) struct Run {
    pub(crate) bytes: Vec<u8>,
    pub(crate) summary: Summary,
}

/// How the bytes of a capture come.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Given {
    File,
    Gzip,
    Zstd,
    /// Through a named pipe, some bytes at a time.
    Pipe,
    /// The same, compressed.
    GzipPipe,
}

impl Given {
    pub(crate) const ALL: [Self; 5] =
        [Self::File, Self::Gzip, Self::Zstd, Self::Pipe, Self::GzipPipe];

    fn bytes(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::File | Self::Pipe => bytes.to_vec(),
            Self::Gzip | Self::GzipPipe => {
                let level = flate2::Compression::fast();
                let mut out = flate2::write::GzEncoder::new(Vec::new(), level);
                out.write_all(bytes).unwrap();
                out.finish().unwrap()
            }
            Self::Zstd => zstd::encode_all(bytes, 1).unwrap(),
        }
    }
}

/// Reads a capture with all columns, under a name that is always the same.
pub(crate) fn read(path: &Path, change: impl FnOnce(&mut Config)) -> Run {
    let directory = tempfile::tempdir().unwrap();
    let output = directory.path().join("rows");
    let mut config = config(&[path], &output);
    config.features = SETS.iter().map(|set| set.name.into()).collect();
    if let [only] = config.inputs.as_mut_slice() {
        only.name = NAME.into();
    }
    change(&mut config);
    let summary = run(&config, &Watch::default()).unwrap();
    account_is_whole(&summary);
    // Where nothing could be read, nothing is written.
    let is_unread = summary.captures.iter().all(|capture| capture.format.is_empty());
    let bytes = if is_unread { Vec::new() } else { fs::read(&output).unwrap() };
    Run { bytes, summary }
}

/// The output for a capture's bytes, given in each way.
pub(crate) fn outputs<const N: usize>(
    bytes: &[u8],
    ways: &[Given; N],
    change: impl Fn(&mut Config),
) -> [Vec<u8>; N] {
    let directory = tempfile::tempdir().unwrap();
    ways.map(|given| {
        let path = directory.path().join("capture");
        drop(fs::remove_file(&path));
        let bytes = given.bytes(bytes);
        match given {
            Given::Pipe | Given::GzipPipe => {
                assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
                thread::scope(|scope| {
                    let writer = scope.spawn(|| write_slowly(&path, &bytes));
                    let run = read(&path, &change);
                    writer.join().unwrap();
                    run.bytes
                })
            }
            _ => {
                fs::write(&path, &bytes).unwrap();
                read(&path, &change).bytes
            }
        }
    })
}

fn write_slowly(path: &Path, bytes: &[u8]) {
    let mut pipe = fs::OpenOptions::new().write(true).open(path).unwrap();
    for (i, piece) in bytes.chunks(1_111).enumerate() {
        // A reader that has given up on damage no longer listens.
        if pipe.write_all(piece).is_err() {
            return;
        }
        if i % 64 == 0 {
            thread::yield_now();
        }
    }
}

/// What every capture is called.
pub(crate) const NAME: &str = "capture";
