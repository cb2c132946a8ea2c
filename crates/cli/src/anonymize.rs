//! `flowloom anonymize`: captures without the addresses of their machines.

use std::error::Error;
use std::io::IsTerminal as _;
use std::path::Path;
use std::process::ExitCode;

use flowloom_engine::{
    Anonymization, AnonymizeSummary, AnonymizeTo, Anonymized, CaptureLimits, CryptoPan,
    Destination, Existing, Payload, RunError, SinkError, anonymize, find_inputs,
};

use crate::arguments::{AnonymizeArguments, PayloadArgument};
use crate::progress::{Progress, interruptible};
use crate::report::{self, Outcome};

pub(crate) fn run(arguments: &AnonymizeArguments) -> Result<ExitCode, Box<dyn Error>> {
    let inputs = find_inputs(&arguments.captures)?;
    let target = target(&arguments.output, inputs.len());
    if target == AnonymizeTo::One(Destination::Stdout) && std::io::stdout().is_terminal() {
        return Err("a capture is not for a terminal; give a file with -o, or a pipe".into());
    }
    let key = match (&arguments.key, arguments.new_key) {
        (None, _) => CryptoPan::random()?,
        (Some(path), false) => CryptoPan::read(path)?,
        (Some(path), true) => CryptoPan::read_or_make(path)?,
    };
    if let Some(warning) = key.warning()
        && !arguments.quiet
    {
        report::say(&format!("warning: {warning}"));
    }
    let job = Anonymization {
        inputs,
        target,
        key,
        payload: match arguments.payload {
            PayloadArgument::Zero => Payload::Zero,
            PayloadArgument::Cut => Payload::Cut,
            PayloadArgument::Names => Payload::Names,
            PayloadArgument::Keep => Payload::Keep,
        },
        keeps_vendors: arguments.keep_vendors,
        existing: if arguments.force { Existing::Replace } else { Existing::Keep },
        capture: CaptureLimits::default(),
    };
    let watch = interruptible()?;
    let progress = Progress::start(&job.inputs, &watch, arguments.quiet);
    let outcome = anonymize(&job, &watch);
    progress.finish();
    match outcome {
        Ok(summary) => Ok(said(&summary, arguments)),
        // Whoever read our output has seen enough: that is no failure.
        Err(RunError::Sink(SinkError::ReaderGone)) => Ok(ExitCode::SUCCESS),
        Err(error) => Err(error.into()),
    }
}

/// A name that is a directory's, or must be one because there are several captures.
fn target(output: &Path, captures: usize) -> AnonymizeTo {
    let ends_as_directory = output.to_string_lossy().ends_with(std::path::MAIN_SEPARATOR);
    if output == Path::new("-") {
        AnonymizeTo::One(Destination::Stdout)
    } else if captures > 1 || ends_as_directory || output.is_dir() {
        AnonymizeTo::Directory(output.to_owned())
    } else {
        AnonymizeTo::One(Destination::File(output.to_owned()))
    }
}

/// Says what became of the captures; the exit code.
fn said(summary: &AnonymizeSummary, arguments: &AnonymizeArguments) -> ExitCode {
    let mut failed = 0;
    for done in &summary.captures {
        failed += usize::from(done.capture.error.is_some());
        report::capture(&done.capture, arguments.quiet);
    }
    let nothing_read = failed == summary.captures.len();
    if !arguments.quiet && !nothing_read {
        total(summary, arguments);
    }
    report::exit_code(&Outcome {
        interrupted: summary.interrupted,
        nothing_read,
        losses: summary.captures.iter().any(|done| done.capture.has_losses()),
    })
}

fn total(summary: &AnonymizeSummary, arguments: &AnonymizeArguments) {
    let number = |count: fn(&Anonymized) -> u64| summary.captures.iter().map(count).sum::<u64>();
    let sum = |count| report::grouped(number(count));
    let files = summary.captures.iter().filter(|done| done.path.is_some()).count() as u64;
    let place = match summary.captures.as_slice() {
        [Anonymized { path: Some(path), .. }] => path.display().to_string(),
        [_] => "standard output".to_string(),
        _ => format!("{} in {}", report::counted(files, "files"), arguments.output.display()),
    };
    report::say(&format!("{} in {place}", report::counted(number(|done| done.frames), "frames")));
    let what = match arguments.payload {
        PayloadArgument::Zero | PayloadArgument::Names => "made zero",
        PayloadArgument::Cut => "cut off",
        PayloadArgument::Keep => "kept, with the addresses replaced that were found in them",
    };
    report::say(&format!("  {}: bytes after known headers, {what}", sum(|done| done.bytes_blank)));
    let is_kept = arguments.payload == PayloadArgument::Keep;
    if !is_kept && summary.captures.iter().any(|done| done.frames_blank > 0) {
        let blank = sum(|done| done.frames_blank);
        report::say(&format!(
            "  {blank}: frames without any known header, of which nothing is left"
        ));
    }
    if summary.addresses_missed > 0 {
        let missed = report::grouped(summary.addresses_missed);
        report::say(&format!("  {missed}: addresses too many to be looked for in payload"));
    }
    let mut left_out = std::collections::BTreeMap::<_, u64>::new();
    for (what, count) in summary.captures.iter().flat_map(|done| &done.left_out) {
        *left_out.entry(*what).or_default() += count;
    }
    for (what, count) in left_out {
        report::say(&format!("  {}: {what}, left out", report::grouped(count)));
    }
    if arguments.key.is_none() {
        report::say(
            "  the key was random and is gone; hint: --key FILE gives other captures the same addresses",
        );
    }
}
