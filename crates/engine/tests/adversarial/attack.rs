//! An attack: a capture made frame by frame, run at two lengths, each in a process of its own.

use std::fs;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::Command;

use flowloom_engine::{Config, Format, Watch, run};
use serde_json::{Value, json};

use crate::account::account_is_whole;
use crate::common::config;

/// A kind of capture, and how it is run.
pub(crate) struct Attack {
    name: String,
    frames: u64,
    pub(crate) dedup: Option<i64>,
}

/// What a run came to.
pub(crate) struct Outcome {
    account: Value,
    /// On the processor; none where the system does not tell.
    nanos: Option<u64>,
    peak_kib: Option<u64>,
}

impl Attack {
    /// So many frames at first, or with `FLOWLOOM_FULL` so many; then twice as many.
    pub(crate) fn new(name: &str, frames: u64, full: u64) -> Self {
        let frames = if std::env::var_os("FLOWLOOM_FULL").is_some() { full } else { frames };
        Self { name: name.into(), frames, dedup: None }
    }

    pub(crate) fn frames(&self) -> u64 {
        self.frames
    }

    /// Runs both lengths, and holds one against the other. A frame is its time after the beginning
    /// and its bytes.
    pub(crate) fn run(&self, frame: impl Fn(u64) -> (i64, Vec<u8>)) -> [Outcome; 2] {
        let directory = tempfile::tempdir().unwrap();
        let captures = [self.frames, 2 * self.frames].map(|frames| {
            let capture = directory.path().join(format!("{frames}.pcap"));
            write(&capture, frames, &frame);
            capture
        });
        let run = || captures.each_ref().map(|capture| self.run_apart(capture, directory.path()));
        let mut outcomes = run();
        // What else the machine does only adds to the time: the least of some runs counts, taken in
        // turn, so that a busy while is one for both lengths.
        for round in 1..ROUNDS_MAX {
            if round >= ROUNDS_MIN && ratio(&outcomes).is_none_or(|ratio| ratio < RATIO_MAX) {
                break;
            }
            for (outcome, again) in outcomes.iter_mut().zip(run()) {
                outcome.nanos = outcome.nanos.min(again.nanos);
            }
        }
        assert_eq!(outcomes[0].number("frames"), self.frames);
        assert_eq!(outcomes[1].number("frames"), 2 * self.frames);
        self.judge(&outcomes);
        outcomes
    }

    fn run_apart(&self, capture: &Path, directory: &Path) -> Outcome {
        let report = directory.join("report.json");
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "--ignored", "attack::in_a_process_of_its_own"])
            .env(CAPTURE, capture)
            .env(REPORT, &report)
            .env(DEDUP, self.dedup.map(|window| window.to_string()).unwrap_or_default())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&child.stdout);
        assert!(child.status.success(), "{}: {said}", self.name);
        let report: Value = serde_json::from_slice(&fs::read(&report).unwrap()).unwrap();
        let account = report["account"].clone();
        let (nanos, peak_kib) = (report["nanos"].as_u64(), report["peak_kib"].as_u64());
        Outcome { account, nanos, peak_kib }
    }

    fn judge(&self, outcomes: &[Outcome; 2]) {
        let (name, [once, twice]) = (&self.name, outcomes);
        if let (Some(ratio), Some(nanos)) = (ratio(outcomes), twice.nanos) {
            let each = nanos / (2 * self.frames);
            println!("{name}: twice the frames took {ratio:.2} times as long, {each} ns a frame");
            assert!(ratio < RATIO_MAX, "{name}: {ratio}");
        }
        if let (Some(once), Some(twice)) = (once.peak_kib, twice.peak_kib) {
            println!("{name}: {} MiB, with twice the frames {} MiB", once >> 10, twice >> 10);
            assert!(twice < PEAK_KIB_MAX, "{name}: {twice} KiB");
            assert!(twice < once + once / 4 + SLACK_KIB, "{name}: {once} KiB, then {twice} KiB");
        }
    }
}

/// How many times as long the second took.
fn ratio([once, twice]: &[Outcome; 2]) -> Option<f64> {
    Some(twice.nanos? as f64 / once.nanos? as f64)
}

impl Outcome {
    pub(crate) fn number(&self, count: &str) -> u64 {
        self.account[count].as_u64().unwrap()
    }

    /// How often a limit was reached.
    pub(crate) fn limit(&self, name: &str) -> u64 {
        self.account["limits_reached"][name].as_u64().unwrap_or(0)
    }

    pub(crate) fn flows(&self) -> u64 {
        self.account["flows"].as_object().unwrap().values().filter_map(Value::as_u64).sum()
    }
}

#[test]
#[ignore = "run by the other tests, in a process of its own"]
fn in_a_process_of_its_own() {
    let Some(capture) = std::env::var_os(CAPTURE) else { return };
    let mut config = config(&[Path::new(&capture)], Path::new("none"));
    settings(&mut config);
    let before = nanos_on_processor();
    let summary = run(&config, &Watch::default()).unwrap();
    let nanos = before.zip(nanos_on_processor()).map(|(before, after)| after - before);
    account_is_whole(&summary);
    assert!(summary.captures.iter().all(|capture| !capture.has_losses()));
    let report = json!({ "account": summary.total, "nanos": nanos, "peak_kib": peak_kib() });
    fs::write(std::env::var_os(REPORT).unwrap(), report.to_string()).unwrap();
}

/// All columns, and limits that are reached within seconds.
fn settings(config: &mut Config) {
    config.features = ["core", "sequences", "statistics"].map(Into::into).into();
    config.output.format = Format::Null;
    config.flow.limits.flows_max = FLOWS_MAX;
    config.flow.limits.datagrams_max = 4_096;
    config.flow.limits.datagram_bytes_max = 4 << 20;
    config.log.sequence_max = 1_000;
    config.log.log_bytes_max = 16 << 20;
    config.dedup = std::env::var(DEDUP).unwrap().parse().ok();
}

fn write(path: &Path, frames: u64, frame: impl Fn(u64) -> (i64, Vec<u8>)) {
    let mut out = BufWriter::new(fs::File::create(path).unwrap());
    for word in [0xa1b2_3c4d_u32, 4 << 16 | 2, 0, 0, 262_144, 1] {
        out.write_all(&word.to_le_bytes()).unwrap();
    }
    for i in 0..frames {
        let (time, bytes) = frame(i);
        let (time, len) = (BEGIN + time, bytes.len() as u32);
        for word in [(time / SECOND) as u32, (time % SECOND) as u32, len, len] {
            out.write_all(&word.to_le_bytes()).unwrap();
        }
        out.write_all(&bytes).unwrap();
    }
    out.flush().unwrap();
}

/// What this thread has spent on the processor: other than time that passed, it does not depend
/// much on what else the machine does.
fn nanos_on_processor() -> Option<u64> {
    fs::read_to_string("/proc/thread-self/schedstat").ok()?.split(' ').next()?.parse().ok()
}

/// The most memory the process ever had.
fn peak_kib() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

pub(crate) const SECOND: i64 = 1_000_000_000;
/// 2023-11-14, 22:13:20 UTC.
pub(crate) const BEGIN: i64 = 1_700_000_000 * SECOND;
/// Flows at a time at most in all attacks.
pub(crate) const FLOWS_MAX: usize = 32_768;
/// Runs of which the quickest counts: so many, and more as long as it is too slow.
const ROUNDS_MIN: usize = 3;
const ROUNDS_MAX: usize = 12;
/// Twice the frames take less than this times as long. Linear would be 2, quadratic 4.
const RATIO_MAX: f64 = 2.8;
/// Peak of memory that none may go beyond, whatever its length.
const PEAK_KIB_MAX: u64 = 200 << 10;
/// What the allocator may do differently.
const SLACK_KIB: u64 = 6 << 10;
const CAPTURE: &str = "FLOWLOOM_TEST_CAPTURE";
const REPORT: &str = "FLOWLOOM_TEST_REPORT";
const DEDUP: &str = "FLOWLOOM_TEST_DEDUP";
