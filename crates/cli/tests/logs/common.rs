//! What the tests of logs share: the binary, the corpus, and the list of differences.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Runs the binary to its end, whatever that is.
pub(crate) fn flowloom<S: AsRef<std::ffi::OsStr>>(arguments: &[S]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flowloom"));
    command.args(arguments).stdin(Stdio::null()).output().unwrap()
}

/// Standard output of `flows CAPTURE` with some arguments; damage is no failure.
pub(crate) fn flows(capture: &Path, arguments: &[&str]) -> String {
    let name = capture.to_string_lossy();
    let output = flowloom(&[&["flows", &*name, "--quiet"], arguments].concat());
    let code = output.status.code();
    assert!(code.is_some_and(|code| code < 2), "{name}: {}", text(&output.stderr));
    text(&output.stdout).to_owned()
}

pub(crate) fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

pub(crate) fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples").join(name)
}

fn shared() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    let is_there = root.is_dir();
    if !is_there {
        println!("skipped: there is no corpus at ../shared/corpus");
    }
    is_there.then_some(root)
}

/// The captures of the corpus that can be read, with their names.
pub(crate) fn corpus() -> Vec<(String, PathBuf)> {
    let Some(root) = shared() else { return Vec::new() };
    let mut captures = Vec::new();
    for source in folders(&root).filter(|source| !source.ends_with("expected")) {
        for capture in files(&source) {
            let name = capture.strip_prefix(&root).unwrap().to_string_lossy().into_owned();
            if flowloom(&["info", "--json", &*capture.to_string_lossy()]).status.code() != Some(2) {
                captures.push((name, capture));
            }
        }
    }
    captures.sort();
    captures
}

/// What the makers of the captures expect of their own programs: name and path of the capture, and of the
/// file.
pub(crate) fn upstream() -> Vec<(String, PathBuf, PathBuf)> {
    let Some(root) = shared() else { return Vec::new() };
    let mut found = Vec::new();
    for source in folders(&root.join("expected")) {
        for folder in folders(&source) {
            let name = folder.strip_prefix(root.join("expected")).unwrap().to_string_lossy();
            let name = name.strip_suffix(".upstream").unwrap().to_owned();
            let capture = root.join(&name);
            found.extend(files(&folder).map(|file| (name.clone(), capture.clone(), file)));
        }
    }
    found.sort();
    found
}

fn folders(path: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let entries = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.is_dir())
}

fn files(path: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let entries = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.is_file())
}

/// Differences found: capture, what differs, and both values.
pub(crate) type Found = BTreeSet<(String, String, String)>;

/// Fails unless what differs is what the list says, for the names that begin as `log`.
pub(crate) fn check_differences(log: &str, found: &Found) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/logs/differences.tsv");
    let list = fs::read_to_string(path).unwrap();
    let lines = list.lines().filter(|line| !line.starts_with('#'));
    let lines = lines.map(|line| {
        let fields = line.split('\t').collect::<Vec<_>>();
        let &[capture, what, reason] = fields.as_slice() else { panic!("{line}") };
        assert!(!reason.is_empty(), "{line}");
        (capture, what)
    });
    let listed = lines.filter(|(_, what)| what.starts_with(log)).collect::<BTreeSet<_>>();
    // A star stands for all captures.
    let of = |capture: &str, what: &str, line: &(&str, &str)| {
        (line.0 == "*" || line.0 == capture) && line.1 == what
    };
    let is_new = |(capture, what, _): &&(String, String, String)| {
        !listed.iter().any(|line| of(capture, what, line))
    };
    let new = found.iter().filter(is_new).collect::<Vec<_>>();
    assert!(new.is_empty(), "{} not on the list: {new:#?}", new.len());
    let gone = listed
        .iter()
        .filter(|line| !found.iter().any(|(capture, what, _)| of(capture, what, line)));
    let gone = gone.collect::<Vec<_>>();
    assert!(gone.is_empty(), "no longer different: {gone:#?}");
}
