//! What is said on standard error, and the exit code that goes with it.

use std::error::Error;
use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use flowloom_engine::{
    Account, CaptureAccount, Format, LabelReport, Output, Summary, harmless_json, partial_name,
};

/// The exit code of a run that could not be made.
pub(crate) const COULD_NOT_RUN: u8 = 2;
pub(crate) const LOSSES: u8 = 1;
const INTERRUPTED: u8 = 130;
/// Names in a message at most.
const NAMES_SHOWN: usize = 5;

/// Whether a terminal is to be written to in colour (no-color.org; terminals of this name know none).
pub(crate) fn wants_color() -> bool {
    std::env::var_os("NO_COLOR").is_none()
        && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// Says why nothing could be done.
pub(crate) fn error(error: &(dyn Error + 'static)) {
    say(&format!("flowloom: {error}"));
}

/// Shows a text that is all the answer.
pub(crate) fn shown(text: &str) -> Result<ExitCode, Box<dyn Error>> {
    printed(io::stdout().write_all(text.as_bytes()))
}

/// What became of a text on standard output.
pub(crate) fn printed(outcome: io::Result<()>) -> Result<ExitCode, Box<dyn Error>> {
    match outcome {
        // A reader that has seen enough, as `head`, is no failure.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(format!("cannot write to standard output: {error}").into())
        }
        _ => Ok(ExitCode::SUCCESS),
    }
}

/// Says what was lost and what became of the frames; the exit code.
pub(crate) fn summary(summary: &Summary, output: &Output, quiet: bool) -> ExitCode {
    let shown = output.format == Format::Table || output.format == Format::Null;
    let result = match &output.destination {
        flowloom_engine::Destination::File(path) if !shown => {
            let shown = written(path, summary);
            Some(format!("{} in {}", counted(summary.rows, "rows"), shown.display()))
        }
        _ => None,
    };
    summary_with(summary, result.as_deref(), quiet)
}

/// What the file of a run is called in the end.
pub(crate) fn written(path: &Path, summary: &Summary) -> PathBuf {
    let partial = summary.interrupted.then(|| partial_name(path));
    partial.filter(|partial| partial.exists()).unwrap_or_else(|| path.to_owned())
}

/// The same, with a line about what came of it.
pub(crate) fn summary_with(summary: &Summary, result: Option<&str>, quiet: bool) -> ExitCode {
    let mut failed = 0;
    for account in &summary.captures {
        failed += usize::from(account.error.is_some());
        capture(account, quiet);
    }
    let nothing_read = failed == summary.captures.len();
    if !quiet && !nothing_read {
        summary.labels.iter().for_each(unlabelled);
        say(&account(summary));
        if let Some(text) = result {
            say(text);
        }
    }
    exit_code(&Outcome {
        interrupted: summary.interrupted,
        nothing_read,
        losses: summary.captures.iter().any(CaptureAccount::has_losses),
    })
}

/// The same for packets: what was written of them is not said again.
pub(crate) fn packets(summary: &Summary, quiet: bool) -> ExitCode {
    summary.captures.iter().for_each(|account| capture(account, quiet));
    let nothing_read = summary.captures.iter().all(|account| account.error.is_some());
    // An empty answer could be taken for an empty capture.
    let frames = summary.total.frames;
    if summary.rows == 0 && frames > 0 && !quiet {
        say(&format!("none of {} is one that was asked for", counted(frames, "frames")));
    }
    exit_code(&Outcome {
        interrupted: summary.interrupted,
        nothing_read,
        losses: summary.captures.iter().any(CaptureAccount::has_losses),
    })
}

/// Says what is odd about a capture, and why it was not read to its end, if so.
pub(crate) fn capture(account: &CaptureAccount, quiet: bool) {
    if !quiet {
        for warning in &account.warnings {
            say(&format!("warning: {warning}"));
        }
    }
    if let Some(damage) = &account.damage {
        say(&format!("damaged: {damage}"));
    }
    if let Some(error) = &account.error {
        say(&format!("flowloom: {error}"));
    }
}

/// How a run ended.
pub(crate) struct Outcome {
    pub(crate) interrupted: bool,
    pub(crate) nothing_read: bool,
    pub(crate) losses: bool,
}

/// The exit code for it.
pub(crate) fn exit_code(outcome: &Outcome) -> ExitCode {
    match outcome {
        Outcome { interrupted: true, .. } => {
            say("interrupted: what was read until then is in the output");
            INTERRUPTED.into()
        }
        Outcome { nothing_read: true, .. } => COULD_NOT_RUN.into(),
        Outcome { losses: true, .. } => LOSSES.into(),
        Outcome { .. } => ExitCode::SUCCESS,
    }
}

/// Writes the account as JSON.
pub(crate) fn write(file: &Path, summary: &Summary) -> Result<(), Box<dyn Error>> {
    let text = harmless_json(&serde_json::to_string_pretty(summary)?);
    std::fs::write(file, text + "\n")
        .map_err(|error| format!("cannot write {}: {error}", file.display()).into())
}

/// Columns of the terminal.
pub(crate) fn terminal_width() -> usize {
    terminal_size::terminal_size().map_or(80, |(width, _)| usize::from(width.0))
}

/// Says what the labels of the user did not match, some of it by name.
pub(crate) fn unlabelled(report: &LabelReport) {
    let LabelReport {
        captures_not_as_pattern: not_as_pattern,
        captures_not_in_manifest: not_in_manifest,
        manifest_without_capture: without_capture,
    } = report;
    [
        (not_as_pattern, "without labels: their path is not as --label-path says"),
        (not_in_manifest, "without labels: they are not in the manifest"),
        (without_capture, "in the manifest, but not among the captures"),
    ]
    .into_iter()
    .filter(|(names, _)| !names.is_empty())
    .map(|(names, what)| {
        let more = names.len().saturating_sub(NAMES_SHOWN);
        let named = names[..names.len() - more].join(", ");
        let more = if more > 0 { format!(", and {more} more") } else { String::new() };
        format!("warning: {} {what} ({named}{more})", grouped(names.len() as u64))
    })
    .for_each(|text| say(&text));
}

/// One or a few lines: frames, flows, and all that did not become a flow.
fn account(summary: &Summary) -> String {
    let account = &summary.total;
    let mut text = format!(
        "{}, {}{}",
        counted(account.frames, "frames"),
        counted(account.flow_count(), "flows"),
        in_brackets(&account.flows)
    );
    for (what, count) in losses(account) {
        if count > 0 {
            let _ = write!(text, "\n  {}: {what}", grouped(count));
        }
    }
    for (what, counts) in [
        ("frames of a link type that is not decoded", &account.frames_unknown_link),
        ("frames without an IP packet", &account.frames_not_ip),
        ("frames with a damaged or cut header (used up to there)", &account.frames_malformed),
        ("times a limit was reached", &account.limits_reached),
    ] {
        let count = counts.values().sum::<u64>();
        if count > 0 {
            let _ = write!(text, "\n  {}: {what}{}", grouped(count), in_brackets(counts));
        }
    }
    text
}

fn losses(account: &Account) -> [(&'static str, u64); 8] {
    [
        ("frames outside of the time window", account.frames_outside_window),
        ("frames dropped as repetitions", account.frames_duplicate),
        ("frames the filter did not accept", account.frames_filtered),
        ("flows the filter did not accept", account.flows_filtered),
        ("IP fragments whose datagram stayed incomplete", account.fragments_unresolved),
        ("bytes of TCP payload that parsers missed", account.stream_bytes_lost),
        ("frames whose time jumped ahead alone", account.clock_jumps_refused),
        (
            "packets of captures without the client that --client names",
            account.packets_without_client,
        ),
    ]
}

fn in_brackets(counts: &std::collections::BTreeMap<String, u64>) -> String {
    if counts.is_empty() {
        return String::new();
    }
    let parts = counts.iter().map(|(name, count)| format!("{name} {}", grouped(*count)));
    format!(" ({})", parts.collect::<Vec<_>>().join(", "))
}

/// A number with its thousands apart: 12,345.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// So many of what is named in the plural.
pub(crate) fn counted(number: u64, plural: &str) -> String {
    let one = || match plural.strip_suffix("ies") {
        Some(stem) => format!("{stem}y"),
        None => plural.trim_end_matches('s').to_owned(),
    };
    if number == 1 { format!("1 {}", one()) } else { format!("{} {plural}", grouped(number)) }
}

/// Says a line on standard error.
pub(crate) fn say(text: &str) {
    // Names come from captures and paths: nothing of them may steer the terminal.
    let safe = text.replace(|c: char| c.is_control() && c != '\n', "\u{fffd}");
    let mut stderr = io::stderr();
    let red = stderr.is_terminal() && text.starts_with("flowloom:");
    let (on, off) = if red { ("\u{1b}[31m", "\u{1b}[0m") } else { ("", "") };
    // There is nobody to tell when standard error is gone.
    drop(writeln!(stderr, "{on}{safe}{off}"));
}

#[cfg(test)]
mod tests {
    use super::{counted, grouped};

    #[test]
    fn one_is_no_plural() {
        assert_eq!(counted(1, "rows"), "1 row");
        assert_eq!(counted(1, "bodies"), "1 body");
        assert_eq!(counted(0, "bodies"), "0 bodies");
        assert_eq!(counted(1_001, "rows"), "1,001 rows");
    }

    #[test]
    fn thousands_stand_apart() {
        let cases = [(0, "0"), (999, "999"), (1_000, "1,000"), (12_345_678, "12,345,678")];
        for (number, text) in cases {
            assert_eq!(grouped(number), text);
        }
    }
}
