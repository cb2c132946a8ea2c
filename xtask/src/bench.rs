//! `cargo xtask bench`: flowloom beside the yardstick, in turn, as ratios of CPU time.
//!
//! Makes the captures of `../shared/bench` below `target/bench` and builds the yardstick there. The
//! two programs of a pair run one after the other, so that what else the machine does falls on both;
//! the median of the pairs' ratios holds where single times do not.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Runs the benches whose name contains the argument, or all.
pub(crate) fn run(root: &Path, arguments: &[&str]) -> Result<(), String> {
    let shared = root.join("../shared/bench");
    if !shared.is_dir() {
        return Err("there is no ../shared/bench: the yardstick and its captures live there".into());
    }
    let work = root.join("target/bench");
    fs::create_dir_all(&work).map_err(|e| format!("{}: {e}", work.display()))?;
    let captures = captures(&shared, &work)?;
    let limit = yardstick(&shared, &work)?;
    shell(Command::new(env!("CARGO")).args(["build", "--release", "--package", "flowloom"]))?;
    let flowloom = root.join("target/release/flowloom");
    println!("{PAIRS} pairs each; ratio of CPU time (user + system), yardstick / flowloom; median");
    for bench in BENCHES {
        if arguments.first().is_some_and(|wanted| !bench.name.contains(wanted)) {
            continue;
        }
        let capture = &captures[bench.capture];
        let mut own = vec!["flows", "CAPTURE", "--format", "null", "-j1", "-q"];
        own.extend(bench.options);
        pair(bench, (&limit, bench.yardstick), (&flowloom, &own), capture)?;
    }
    threads(&flowloom, &captures[0])
}

struct Bench {
    name: &'static str,
    capture: usize,
    /// Arguments of the yardstick; CAPTURE stands for the capture.
    yardstick: &'static [&'static str],
    options: &'static [&'static str],
    bar: &'static str,
}

/// Runs a pair of programs in turn and prints the median of the ratios.
fn pair(
    bench: &Bench,
    (limit, limit_arguments): (&Path, &[&str]),
    (flowloom, arguments): (&Path, &[&str]),
    capture: &Path,
) -> Result<(), String> {
    let mut ratios = Vec::new();
    let mut times = Vec::new();
    for _ in 0..=PAIRS {
        let theirs = measure(limit, limit_arguments, capture)?;
        let ours = measure(flowloom, arguments, capture)?;
        ratios.push(theirs.cpu / ours.cpu);
        times.push((theirs.cpu, ours.cpu, ours.peak_kib));
    }
    // The first pair warmed the page cache.
    ratios.remove(0);
    times.remove(0);
    let ratio = median(&mut ratios);
    let (theirs, ours, peak) = times[times.len() / 2];
    println!(
        "{:<28} {:>5.1} %  (bar {}; e.g. {theirs:.2} s / {ours:.2} s, peak {} MiB)",
        bench.name,
        ratio * 100.0,
        bench.bar,
        peak / 1024,
    );
    Ok(())
}

/// Wall time of one thread against two.
fn threads(flowloom: &Path, capture: &Path) -> Result<(), String> {
    for (name, features) in [("A", A), ("B", B)] {
        let mut ratios = Vec::new();
        for _ in 0..PAIRS {
            let with = |threads| {
                let mut arguments = vec!["flows", "CAPTURE", "--format", "null", threads, "-q"];
                arguments.extend(features);
                measure(flowloom, &arguments, capture).map(|measured| measured.wall)
            };
            ratios.push(with("-j1")? / with("-j2")?);
        }
        println!("{name}: two threads {:.2} times as fast as one (wall)", median(&mut ratios));
    }
    Ok(())
}

struct Measured {
    cpu: f64,
    wall: f64,
    peak_kib: u64,
}

/// What the system says of a run of a program, by `/usr/bin/time`.
fn measure(program: &Path, arguments: &[&str], capture: &Path) -> Result<Measured, String> {
    let arguments = arguments.iter().map(|argument| match *argument {
        "CAPTURE" => capture.as_os_str(),
        argument => argument.as_ref(),
    });
    let output = Command::new("/usr/bin/time")
        .args(["-f", "%U %S %e %M"])
        .arg(program)
        .args(arguments)
        .stdout(Stdio::null())
        .output()
        .map_err(|e| format!("cannot run /usr/bin/time (Debian package time): {e}"))?;
    let text = String::from_utf8_lossy(&output.stderr);
    let numbers = text.lines().last().unwrap_or_default().split_whitespace();
    let numbers = numbers.map(str::parse::<f64>).collect::<Result<Vec<_>, _>>();
    match numbers.as_deref() {
        Ok([user, system, wall, peak]) if output.status.success() => {
            Ok(Measured { cpu: user + system, wall: *wall, peak_kib: *peak as u64 })
        }
        _ => Err(format!("{} failed: {text}", program.display())),
    }
}

/// The captures, made when they are not there yet.
fn captures(shared: &Path, work: &Path) -> Result<[PathBuf; 2], String> {
    let (big, small) = (work.join("big.pcap"), work.join("small.pcap"));
    if !big.exists() {
        let corpus = shared.join("../corpus");
        let script = shared.join("mkbig.py");
        shell(Command::new("python3").arg(script).arg(corpus).arg(&big).arg("30"))?;
    }
    if !small.exists() {
        let script = shared.join("mksmall.py");
        shell(Command::new("python3").arg(script).arg(&small).args(["10e6", "300e3"]))?;
    }
    Ok([big, small])
}

fn yardstick(shared: &Path, work: &Path) -> Result<PathBuf, String> {
    let target = work.join("limit");
    let manifest = shared.join("limit/Cargo.toml");
    shell(
        Command::new(env!("CARGO"))
            .args(["build", "--release", "--manifest-path"])
            .arg(manifest)
            .arg("--target-dir")
            .arg(&target),
    )?;
    Ok(target.join("release/limit"))
}

fn shell(command: &mut Command) -> Result<(), String> {
    let status = command.status().map_err(|e| format!("cannot run {command:?}: {e}"))?;
    if status.success() { Ok(()) } else { Err(format!("{command:?} failed")) }
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

const A: &[&str] = &["--features", "core", "--without", "community_id"];
const B: &[&str] = &["--features", "core,sequences,statistics", "--sequence-max", "255"];
const PAIRS: usize = 7;

const BENCHES: &[Bench] = &[
    Bench {
        name: "A big",
        capture: 0,
        yardstick: &["flow", "CAPTURE", "1", "read"],
        options: A,
        bar: "55 %, goal 70 %",
    },
    Bench {
        name: "A small",
        capture: 1,
        yardstick: &["flow", "CAPTURE", "1", "read"],
        options: A,
        bar: "55 %, goal 70 %",
    },
    Bench {
        name: "A big, Community ID",
        capture: 0,
        yardstick: &["flow", "CAPTURE", "1", "read"],
        options: &["--features", "core"],
        bar: "reported beside",
    },
    Bench {
        name: "B big",
        capture: 0,
        yardstick: &["seq255", "CAPTURE"],
        options: B,
        bar: "50 %, goal 70 %",
    },
];
