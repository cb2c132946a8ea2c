//! `cargo xtask fuzz [TARGET] [--seconds N]`: libFuzzer on one target, or on all in turn.
//!
//! First inputs are made of the captures in `samples/`, and of those in `../shared/corpus` if it is
//! there; what libFuzzer adds to them stays in `fuzz/corpus`. Works with the stable toolchain: all
//! that `cargo fuzz` asks of a nightly one are flags that `RUSTC_BOOTSTRAP` lets through.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Runs the target, or all of them.
pub(crate) fn run(root: &Path, arguments: &[&str]) -> Result<(), String> {
    let (target, seconds) = match *arguments {
        [] => (None, SECONDS),
        ["--seconds", seconds] => (None, seconds),
        [target] => (Some(target), SECONDS),
        [target, "--seconds", seconds] => (Some(target), seconds),
        _ => return Err("usage: cargo xtask fuzz [TARGET] [--seconds N]".into()),
    };
    seconds.parse::<u32>().map_err(|e| format!("--seconds {seconds}: {e}"))?;
    let targets = targets(root)?;
    if let Some(wanted) = target
        && !targets.iter().any(|target| target == wanted)
    {
        return Err(format!("no target {wanted}; there are {}", targets.join(", ")));
    }
    let is_there = Command::new(env!("CARGO")).args(["fuzz", "--version"]).output();
    if !is_there.is_ok_and(|output| output.status.success()) {
        return Err("cargo-fuzz is not installed: cargo install --locked cargo-fuzz".into());
    }
    for name in targets.iter().filter(|name| target.is_none_or(|wanted| wanted == *name)) {
        fuzz(root, name, seconds)?;
    }
    Ok(())
}

/// A file for each.
fn targets(root: &Path) -> Result<Vec<String>, String> {
    let mut paths = Vec::new();
    collect(&root.join("fuzz/fuzz_targets"), &["rs"], &mut paths)?;
    let name = |path: &PathBuf| Some(path.file_stem()?.to_str()?.to_owned());
    Ok(paths.iter().filter_map(name).collect())
}

fn fuzz(root: &Path, target: &str, seconds: &str) -> Result<(), String> {
    let mut captures = Vec::new();
    for folder in [root.join("samples"), root.join("../shared/corpus")] {
        if folder.is_dir() {
            collect(&folder, &["pcap", "pcapng", "cap", "snoop"], &mut captures)?;
        }
    }
    let folder = root.join("fuzz");
    let corpus = folder.join("corpus").join(target);
    let mut seeds = Command::new(env!("CARGO"));
    seeds.args([
        "run",
        "--quiet",
        "--no-default-features",
        "--example",
        "seeds",
        "--manifest-path",
    ]);
    seeds.arg(folder.join("Cargo.toml")).arg("--").arg(target).arg(&corpus).args(&captures);
    succeed(&mut seeds)?;
    println!("{target}: {seconds} s, first inputs from {} captures", captures.len());
    let mut fuzz = Command::new(env!("CARGO"));
    fuzz.current_dir(root).env("RUSTC_BOOTSTRAP", "1");
    // There is no unsafe code of ours for a sanitizer to watch; overflows are checked.
    fuzz.args(["fuzz", "run", "--sanitizer", "none", target, "--"]);
    fuzz.arg(format!("-max_total_time={seconds}"));
    fuzz.args(["-timeout=10", "-rss_limit_mb=4096", "-max_len=16384", "-print_final_stats=1"]);
    succeed(&mut fuzz)
}

/// The files below a folder that end in one of these ways, in order.
fn collect(folder: &Path, endings: &[&str], paths: &mut Vec<PathBuf>) -> Result<(), String> {
    let failed = |e: std::io::Error| format!("{}: {e}", folder.display());
    let entries = fs::read_dir(folder).map_err(failed)?;
    let mut entries: Vec<_> =
        entries.map(|entry| Ok(entry?.path())).collect::<Result<_, _>>().map_err(failed)?;
    entries.sort();
    for path in entries {
        if path.is_dir() {
            collect(&path, endings, paths)?;
        } else if path
            .extension()
            .is_some_and(|found| endings.iter().any(|ending| found == *ending))
        {
            paths.push(path);
        }
    }
    Ok(())
}

fn succeed(command: &mut Command) -> Result<(), String> {
    let status = command.status().map_err(|e| format!("{command:?}: {e}"))?;
    if status.success() { Ok(()) } else { Err(format!("{command:?}: {status}")) }
}

/// For each target, unless said otherwise.
const SECONDS: &str = "600";
