//! `cargo xtask bench [WORD]`: flowloom beside the yardstick, beside itself and beside its peers.
//!
//! What is compared is run in turn, so that what else the machine does falls on all; the median of
//! the rounds' ratios holds where single times do not. Captures are made from `../shared/bench`
//! below `target/bench` when a bench needs them, and the yardstick is built there.

mod captures;
mod itself;
mod measure;
mod memory;
mod peers;
mod python;
mod yardstick;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Runs the benches whose name has the argument, or all.
pub(crate) fn run(root: &Path, arguments: &[&str]) -> Result<(), String> {
    let wanted = match *arguments {
        [] => "",
        [word] => word,
        _ => return Err("usage: cargo xtask bench [WORD]".into()),
    };
    let benches = BENCHES.iter().filter(|(name, _)| name.contains(wanted)).collect::<Vec<_>>();
    if benches.is_empty() {
        let names = BENCHES.map(|(name, _)| name).join("; ");
        return Err(format!("no bench has `{wanted}` in its name; there are {names}"));
    }
    let lab = Lab::open(root)?;
    println!("CPU time is user + system; median of the rounds, with the least and the most\n");
    for (name, bench) in benches {
        println!("{name}");
        bench(&lab)?;
        println!();
    }
    Ok(())
}

type Bench = fn(&Lab) -> Result<(), String>;

const BENCHES: [(&str, Bench); 11] = [
    ("A big, beside the yardstick", yardstick::a_big),
    ("A small, beside the yardstick", yardstick::a_small),
    ("A big with Community ID, beside the yardstick", yardstick::a_big_community_id),
    ("B big, beside the yardstick", yardstick::b_big),
    ("two threads, beside one", itself::threads),
    ("gzip, beside `gzip -dc` and the plain capture", itself::gzip),
    ("Parquet with sequences, beside no output", itself::parquet),
    ("many captures, beside one of the same bytes", itself::many),
    ("memory of a long capture", memory::long),
    ("peers", peers::all),
    ("python package, beside its peers", python::all),
];

/// Where things are.
struct Lab {
    root: PathBuf,
    /// `../shared/bench`.
    shared: PathBuf,
    /// `target/bench`: what is made stays there for the next time.
    work: PathBuf,
    flowloom: PathBuf,
}

impl Lab {
    fn open(root: &Path) -> Result<Self, String> {
        let shared = root.join("../shared/bench");
        if !shared.is_dir() {
            return Err(
                "there is no ../shared/bench: the yardstick and its captures live there".into()
            );
        }
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or(root.join("target"), Into::into);
        let work = root.join("target/bench");
        fs::create_dir_all(&work).map_err(|e| format!("{}: {e}", work.display()))?;
        shell(Command::new(env!("CARGO")).args(["build", "--profile=dist", "--package=flowloom"]))?;
        Ok(Self { root: root.to_owned(), shared, work, flowloom: target.join("dist/flowloom") })
    }

    /// The command line of `flowloom flows`, on one thread and without output.
    fn flows(&self, capture: &Path, options: &[&str]) -> Vec<OsString> {
        self.flows_as(capture, &["-j1", "--format", "null"], options)
    }

    /// The same, on other threads or with an output.
    fn flows_as(&self, capture: &Path, how: &[&str], options: &[&str]) -> Vec<OsString> {
        line(&self.flowloom, &[&["flows", path(capture), "-q"], how, options])
    }
}

/// A command line.
fn line(program: &Path, arguments: &[&[&str]]) -> Vec<OsString> {
    let arguments = arguments.iter().copied().flatten().map(OsString::from);
    std::iter::once(program.into()).chain(arguments).collect()
}

/// A path of ours, all of which are made of text.
fn path(path: &Path) -> &str {
    path.to_str().unwrap_or_default()
}

fn shell(command: &mut Command) -> Result<(), String> {
    let status = command.status().map_err(|e| format!("cannot run {command:?}: {e}"))?;
    if status.success() { Ok(()) } else { Err(format!("{command:?} failed")) }
}

/// One row per flow.
const A: &[&str] = &["--features", "core", "--without", "community_id"];
/// The same with sequences and statistics.
const B: &[&str] = &["--features", "core,sequences,statistics", "--sequence-max", "255"];
/// Rounds that count, after one that warms the page cache.
const ROUNDS: usize = 7;
