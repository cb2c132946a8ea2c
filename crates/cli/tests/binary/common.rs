//! What the tests of the binary share: running it, its rows, and pieces of the samples.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Map, Value};

pub(crate) type Row = Map<String, Value>;

/// The binary, with arguments, and nothing on standard input.
pub(crate) fn flowloom<S: AsRef<std::ffi::OsStr>>(arguments: &[S]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flowloom"));
    command.args(arguments).stdin(Stdio::null());
    command
}

/// Runs it to its end, which must be a good one.
#[track_caller]
pub(crate) fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{:?}: {}", output.status, text(&output.stderr));
    output
}

/// The rows of `flows` with some arguments, as JSON Lines has them.
#[track_caller]
pub(crate) fn rows(arguments: &[&str]) -> Vec<Row> {
    let arguments = [&["flows", "--format", "jsonl", "--order", "start"], arguments].concat();
    parse_lines(&run(&mut flowloom(&arguments)).stdout)
}

#[track_caller]
pub(crate) fn parse_lines(lines: &[u8]) -> Vec<Row> {
    text(lines).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The rows with a column taken out.
pub(crate) fn without(column: &str, rows: Vec<Row>) -> Vec<Row> {
    let strip = |mut row: Row| {
        assert!(row.remove(column).is_some());
        row
    };
    rows.into_iter().map(strip).collect()
}

pub(crate) fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

pub(crate) fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples").join(name)
}

/// A sample in the classic format, taken apart: its file header and its records.
pub(crate) fn records(name: &str) -> (Vec<u8>, Vec<Vec<u8>>) {
    let bytes = fs::read(sample(name)).unwrap();
    assert_eq!(bytes[1..4], [0xc3, 0xb2, 0xa1], "a classic capture, least byte first");
    let (header, mut rest) = bytes.split_at(24);
    let mut records = Vec::new();
    while !rest.is_empty() {
        let len = 16 + u32::from_le_bytes(rest[8..12].try_into().unwrap()) as usize;
        records.push(rest[..len].to_vec());
        rest = &rest[len..];
    }
    (header.to_vec(), records)
}

/// Writes a capture of some records.
pub(crate) fn write(path: &Path, header: &[u8], records: &[Vec<u8>]) -> String {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, [header, &records.concat()].concat()).unwrap();
    path.to_str().unwrap().into()
}
