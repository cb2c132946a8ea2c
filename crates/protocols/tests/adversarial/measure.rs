//! An attack at two lengths, and what each took.

use std::process::Command;
use std::{env, fs};

use crate::victim::Victim;

/// A conversation of any length.
pub(crate) struct Attack {
    pub(crate) name: &'static str,
    /// How long it is at first: packets, or messages.
    pub(crate) len: u64,
    /// Says so much.
    pub(crate) play: fn(u64, &mut Victim),
}

/// What a run took.
#[derive(Clone, Copy)]
struct Cost {
    nanos: u64,
    peak_kib: u64,
}

/// Runs each at both lengths, and holds one against the other.
pub(crate) fn run(attacks: &[Attack]) {
    if nanos_on_processor().is_none() {
        println!("nothing was measured: the system does not tell what a process takes");
        return;
    }
    let slow: Vec<_> = attacks.iter().filter_map(judge).collect();
    assert!(slow.is_empty(), "{slow:#?}");
}

/// What is wrong with an attack's cost, if anything is.
fn judge(attack: &Attack) -> Option<String> {
    // The system counts time in steps of some milliseconds.
    let mut lengths = [attack.len, TIMES * attack.len];
    let mut costs = lengths.map(|len| apart(attack.name, len));
    while costs[0].nanos < NANOS_MIN && lengths[0] < LONGER_MAX * attack.len {
        lengths = lengths.map(|len| 4 * len);
        costs = lengths.map(|len| apart(attack.name, len));
    }
    // What else the machine does only adds to the time: the least of some runs counts.
    for round in 1..ROUNDS_MAX {
        if round >= ROUNDS_MIN && ratio(costs) < RATIO_MAX {
            break;
        }
        for (cost, len) in costs.iter_mut().zip(lengths) {
            cost.nanos = cost.nanos.min(apart(attack.name, len).nanos);
        }
    }
    let [once, longer] = costs;
    let each = longer.nanos / lengths[1];
    let ratio = ratio(costs);
    let said = format!(
        "{}: {TIMES} times as long took {ratio:.2} times the time, {each} ns each; {} and {} MiB",
        attack.name,
        once.peak_kib >> 10,
        longer.peak_kib >> 10
    );
    println!("{said}");
    let has_grown = longer.peak_kib > once.peak_kib + once.peak_kib / 4 + SLACK_KIB;
    let is_wrong = ratio > RATIO_MAX || longer.peak_kib > PEAK_KIB_MAX || has_grown;
    is_wrong.then_some(said)
}

fn ratio([once, longer]: [Cost; 2]) -> f64 {
    longer.nanos as f64 / once.nanos.max(NANOS_MIN) as f64
}

fn apart(name: &str, len: u64) -> Cost {
    let child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "--ignored", "--nocapture", "in_a_process_of_its_own"])
        .env(ATTACK, name)
        .env(LEN, len.to_string())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout);
    let report = said.lines().find_map(|line| line.split_once(REPORT));
    let numbers = report.and_then(|(_, numbers)| numbers.split_once(' '));
    let Some((nanos, peak_kib)) = numbers else {
        panic!("{name}: {said}\n{}", String::from_utf8_lossy(&child.stderr));
    };
    let (nanos, peak_kib) = (nanos.parse().unwrap(), peak_kib.parse().unwrap());
    Cost { nanos, peak_kib }
}

/// Runs the attack that the parent process asks for.
pub(crate) fn run_one(mut attacks: impl Iterator<Item = &'static Attack>) {
    let (Ok(name), Ok(len)) = (env::var(ATTACK), env::var(LEN)) else { return };
    let attack = attacks.find(|attack| attack.name == name).unwrap();
    let mut victim = Victim::default();
    let before = nanos_on_processor().unwrap();
    (attack.play)(len.parse().unwrap(), &mut victim);
    victim.end();
    let nanos = nanos_on_processor().unwrap() - before;
    println!("{REPORT}{nanos} {}", peak_kib().unwrap());
}

/// What this thread has spent on the processor.
fn nanos_on_processor() -> Option<u64> {
    fs::read_to_string("/proc/thread-self/schedstat").ok()?.split(' ').next()?.parse().ok()
}

/// The most memory the process ever had.
fn peak_kib() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

/// Runs of which the quickest counts: so many, and more as long as it is too slow.
const ROUNDS_MIN: usize = 2;
const ROUNDS_MAX: usize = 10;
/// Time that is long enough to be compared, and how many times longer an attack is made for it.
const NANOS_MIN: u64 = 40_000_000;
const LONGER_MAX: u64 = 64;
/// How many times as long an attack is then.
const TIMES: u64 = 4;
/// That takes less than this times as long. Linear would be 4, with memory that no longer fits
/// into caches somewhat more, quadratic 16.
const RATIO_MAX: f64 = 8.0;
/// Peak of memory that none may go beyond, whatever its length.
const PEAK_KIB_MAX: u64 = 160 << 10;
/// What the allocator may do differently.
const SLACK_KIB: u64 = 6 << 10;
const ATTACK: &str = "FLOWLOOM_TEST_ATTACK";
const LEN: &str = "FLOWLOOM_TEST_LEN";
const REPORT: &str = "took: ";
