//! Beside the yardstick: the least that any program doing the job must do.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::measure::{Median, cpu, in_turn, peak};
use super::{A, B, Lab, ROUNDS, line, path, shell};

/// Flows, of real packets.
pub(super) fn a_big(lab: &Lab) -> Result<(), String> {
    let bar = "55 %, goal 70 %";
    pair(lab, &lab.big()?, &Pair { mode: "flow", options: A, bar })
}

/// Flows, of small packets.
pub(super) fn a_small(lab: &Lab) -> Result<(), String> {
    let bar = "55 %, goal 70 %";
    pair(lab, &lab.small()?, &Pair { mode: "flow", options: A, bar })
}

/// Flows and a hash of each.
pub(super) fn a_big_community_id(lab: &Lab) -> Result<(), String> {
    let options = &["--features", "core"];
    pair(lab, &lab.big()?, &Pair { mode: "flow", options, bar: "none, reported beside" })
}

/// Sequences and statistics.
pub(super) fn b_big(lab: &Lab) -> Result<(), String> {
    let bar = "50 %, goal 70 %";
    pair(lab, &lab.big()?, &Pair { mode: "seq255", options: B, bar })
}

struct Pair<'a> {
    /// What the yardstick does.
    mode: &'a str,
    /// What flowloom does.
    options: &'a [&'a str],
    bar: &'a str,
}

fn pair(lab: &Lab, capture: &Path, pair: &Pair<'_>) -> Result<(), String> {
    let arguments: &[&str] = match pair.mode {
        "flow" => &["1", "read"],
        _ => &[],
    };
    let theirs = line(&built(lab)?, &[&[pair.mode, path(capture)], arguments]);
    let ours = lab.flows(capture, pair.options);
    let [theirs, ours] = in_turn(&[theirs, ours], ROUNDS)?;
    let percent =
        Median::of(theirs.iter().zip(&ours).map(|(theirs, ours)| 100.0 * theirs.cpu / ours.cpu));
    println!("  yardstick / flowloom, CPU time: {percent:.1} %; bar {}", pair.bar);
    println!("  {:.2} s / {:.2} s", Median::about(&theirs, cpu), Median::about(&ours, cpu));
    println!("  flowloom's peak: {:.0} MiB", Median::about(&ours, peak));
    Ok(())
}

fn built(lab: &Lab) -> Result<PathBuf, String> {
    let target = lab.work.join("limit");
    let manifest = lab.shared.join("limit/Cargo.toml");
    shell(
        Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--release", "--manifest-path"])
            .arg(manifest)
            .arg("--target-dir")
            .arg(&target),
    )?;
    Ok(target.join("release/limit"))
}
