//! Running commands in turn, and what they cost.

use std::ffi::OsString;
use std::fmt;
use std::process::{Command, Stdio};

/// What a run of a program cost.
#[derive(Clone, Copy, Debug)]
pub(super) struct Measured {
    /// Seconds, user and system.
    pub(super) cpu: f64,
    /// Seconds that passed.
    pub(super) wall: f64,
    /// Resident memory at its peak.
    pub(super) peak_kib: u64,
}

/// Runs commands in turn, so many rounds after one that is not counted; for each command its runs.
pub(super) fn in_turn<const N: usize>(
    commands: &[Vec<OsString>; N],
    rounds: usize,
) -> Result<[Vec<Measured>; N], String> {
    let mut runs = [const { Vec::new() }; N];
    for round in 0..=rounds {
        for (command, runs) in commands.iter().zip(&mut runs) {
            let measured = measure(command)?;
            if round > 0 {
                runs.push(measured);
            }
        }
    }
    Ok(runs)
}

/// What the system says of a run of a program, by `/usr/bin/time`.
pub(super) fn measure(command: &[OsString]) -> Result<Measured, String> {
    let output = Command::new("/usr/bin/time")
        .args(["-f", "%U %S %e %M"])
        .args(command)
        .stdin(Stdio::null())
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
        _ => Err(format!("{command:?} failed: {text}")),
    }
}

/// The median of some values, with the least and the most of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Median {
    pub(super) middle: f64,
    least: f64,
    most: f64,
}

impl Median {
    pub(super) fn of(values: impl Iterator<Item = f64>) -> Self {
        let mut values = values.collect::<Vec<_>>();
        values.sort_by(f64::total_cmp);
        let at = |index: usize| values.get(index).copied().unwrap_or(f64::NAN);
        let last = values.len().saturating_sub(1);
        Self { middle: at(values.len() / 2), least: at(0), most: at(last) }
    }

    /// The median of something about runs.
    pub(super) fn about(runs: &[Measured], what: fn(&Measured) -> f64) -> Self {
        Self::of(runs.iter().map(what))
    }

    /// The median of the rounds' ratios.
    pub(super) fn ratio(over: &[Measured], under: &[Measured], what: fn(&Measured) -> f64) -> Self {
        Self::of(over.iter().zip(under).map(|(over, under)| what(over) / what(under)))
    }
}

/// With the decimal places asked for.
impl fmt::Display for Median {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { middle, least, most } = self;
        let places = f.precision().unwrap_or(2);
        write!(f, "{middle:.places$} ({least:.places$}-{most:.places$})")
    }
}

/// Seconds on the processor.
pub(super) fn cpu(measured: &Measured) -> f64 {
    measured.cpu
}

/// Seconds that passed.
pub(super) fn wall(measured: &Measured) -> f64 {
    measured.wall
}

/// MiB at the peak.
pub(super) fn peak(measured: &Measured) -> f64 {
    measured.peak_kib as f64 / 1024.0
}
