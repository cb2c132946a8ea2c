//! The Python package beside its peers: whole processes, imports included.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::captures::MANY;
use super::measure::{Measured, Median, cpu, in_turn, peak, wall};
use super::{A, Lab, path, shell};

/// All jobs of `python/bench.py`.
pub(super) fn all(lab: &Lab) -> Result<(), String> {
    let package = Package::build(lab)?;
    let big = lab.big()?;
    beside(&package, &big, "columns", "wa1kpcap")?;
    beside(&package, &big, "columns", "nfstream")?;
    beside(&package, &big, "objects", "wa1kpcap")?;
    own_feature(&package, &big)?;
    memory(&package, &big, &lab.long()?)?;
    many(lab, &package)
}

/// One of the two does a job, then the other.
fn beside(package: &Package, capture: &Path, job: &str, peer: &str) -> Result<(), String> {
    if !package.has(peer) {
        println!("  {job}: {peer} is not installed");
        return Ok(());
    }
    let commands = ["flowloom", peer].map(|who| package.job(job, who, capture));
    let [ours, theirs] = in_turn(&commands, ROUNDS)?;
    println!(
        "  {job}: {:.1} times as fast as {peer} (wall), {:.1} times (CPU time)",
        Median::ratio(&theirs, &ours, wall),
        Median::ratio(&theirs, &ours, cpu),
    );
    println!(
        "  {:.2} s / {:.2} s wall; peak {:.0} MiB / {:.0} MiB",
        Median::about(&ours, wall),
        Median::about(&theirs, wall),
        Median::about(&ours, peak),
        Median::about(&theirs, peak),
    );
    Ok(())
}

/// What a feature that is told of every packet costs above the loop without it.
fn own_feature(package: &Package, capture: &Path) -> Result<(), String> {
    if !package.has("wa1kpcap") {
        println!("  incremental: wa1kpcap is not installed");
        return Ok(());
    }
    let command = |job, who| package.job(job, who, capture);
    let [ours, plain, theirs, theirs_plain] = in_turn(
        &[
            command("incremental", "flowloom"),
            command("objects", "flowloom"),
            command("incremental", "wa1kpcap"),
            command("objects", "wa1kpcap"),
        ],
        ROUNDS,
    )?;
    let above = |with: &[Measured], without: &[Measured]| -> Vec<f64> {
        with.iter().zip(without).map(|(with, without)| with.cpu - without.cpu).collect()
    };
    let (ours, theirs) = (above(&ours, &plain), above(&theirs, &theirs_plain));
    let ratio = Median::of(ours.iter().zip(&theirs).map(|(ours, theirs)| ours / theirs));
    println!("  incremental: costs {ratio:.2} of what it costs in wa1kpcap, CPU time");
    println!("  {:.2} s / {:.2} s", Median::of(ours.into_iter()), Median::of(theirs.into_iter()));
    Ok(())
}

/// Batch by batch, memory does not grow with the capture.
fn memory(package: &Package, capture: &Path, long: &Path) -> Result<(), String> {
    let commands = [capture, long].map(|capture| package.job("batches", "flowloom", capture));
    let [short, long] = in_turn(&commands, ROUNDS)?;
    println!(
        "  batches: peak {:.0} MiB, {:.0} MiB of the long capture",
        Median::about(&short, peak),
        Median::about(&long, peak),
    );
    Ok(())
}

/// What a capture costs in one table, above its bytes' own cost on the command line.
fn many(lab: &Lab, package: &Package) -> Result<(), String> {
    let (many, one) = lab.many()?;
    let commands = [package.job("many", "flowloom", &many), lab.flows(&one, A)];
    let [many, one] = in_turn(&commands, ROUNDS)?;
    let each = many.iter().zip(&one).map(|(many, one)| (many.cpu - one.cpu) / MANY as f64 * 1e6);
    println!("  many: {:.0} µs more for each of {MANY} captures, CPU time", Median::of(each));
    Ok(())
}

/// The package as it is handed out, and the Python that runs it.
struct Package {
    python: PathBuf,
    /// Where the package can be imported from.
    place: PathBuf,
    jobs: PathBuf,
}

impl Package {
    fn build(lab: &Lab) -> Result<Self, String> {
        let mut build = Command::new(env!("CARGO"));
        shell(build.args(["build", "--profile=dist", "--package=flowloom-python"]))?;
        let place = lab.work.join("python");
        let package = place.join("flowloom");
        let failed = |e: std::io::Error| format!("{}: {e}", package.display());
        fs::create_dir_all(&place).map_err(failed)?;
        let source = lab.root.join("python");
        shell(Command::new("cp").args(["-rT"]).arg(source.join("flowloom")).arg(&package))?;
        let native = lab.flowloom.with_file_name("lib_native.so");
        fs::copy(native, package.join("_native.abi3.so")).map_err(failed)?;
        Ok(Self { python: python(lab), place, jobs: source.join("bench.py") })
    }

    fn has(&self, package: &str) -> bool {
        let mut import = Command::new(&self.python);
        import.args(["-c", &format!("import {package}")]);
        import.stdout(Stdio::null()).stderr(Stdio::null());
        import.status().is_ok_and(|status| status.success())
    }

    fn job(&self, job: &str, who: &str, capture: &Path) -> Vec<OsString> {
        let place = format!("PYTHONPATH={}", path(&self.place));
        let words = [path(&self.python), path(&self.jobs), job, who, path(capture)];
        ["env", &place].into_iter().chain(words).map(OsString::from).collect()
    }
}

/// The one in which `./test` has installed the reference systems, or any.
fn python(lab: &Lab) -> PathBuf {
    let tested = lab.flowloom.parent().and_then(Path::parent);
    let tested = tested.map(|target| target.join("python/bin/python"));
    tested.filter(|python| python.exists()).unwrap_or_else(|| "python3".into())
}

const ROUNDS: usize = 3;
