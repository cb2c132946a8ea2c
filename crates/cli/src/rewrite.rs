//! `flowloom merge`, `cut` and `convert`: captures to captures.

use std::error::Error;
use std::ffi::OsString;
use std::io::IsTerminal as _;
use std::process::ExitCode;

use flowloom_engine::{
    Compression, Config, Destination, Existing, Filter, Labels, Resolution, Rewrite,
    RewriteSummary, RunError, SampleLabels, Scope, Selection, Sequence, SinkError, Target, Window,
    WriteFormat, find_inputs, flow_words, rewrite,
};

use crate::arguments::rewrite::{
    CaptureFormat, CompressionArgument, ConvertArguments, CutArguments, MergeArguments,
    ResolutionArgument, TargetArguments,
};
use crate::progress::{Progress, interruptible};
use crate::report::{self, Outcome};

pub(crate) fn merge(arguments: &MergeArguments) -> Result<ExitCode, Box<dyn Error>> {
    let mut job = job(&arguments.captures, &arguments.target)?;
    if arguments.append {
        job.sequence = Sequence::AsNamed;
    }
    job.snap_len = arguments.snaplen;
    // In a directory, what was merged before would be merged once more.
    if let Destination::File(path) = &job.target.destination {
        Config::new(job.inputs.clone()).check_written(path)?;
    }
    run(&job, arguments.target.quiet)
}

pub(crate) fn cut(arguments: &CutArguments) -> Result<ExitCode, Box<dyn Error>> {
    let words = flow_words(&flowloom_engine::Registry::new());
    let filter = arguments.filter.as_deref().map(|text| Filter::parse_with(text, &words));
    let CutArguments { count, from, until, dedup, .. } = *arguments;
    let mut job = job(&arguments.captures, &arguments.target)?;
    job.selection = Selection {
        ranges: arguments.frames.clone(),
        window: Window { count, from, until },
        filter: filter.transpose()?,
        dedup,
    };
    job.snap_len = arguments.snaplen;
    job.pieces = arguments.pieces;
    job.scope = Scope::Part;
    run(&job, arguments.target.quiet)
}

pub(crate) fn convert(arguments: &ConvertArguments) -> Result<ExitCode, Box<dyn Error>> {
    let job = job(std::slice::from_ref(&arguments.capture), &arguments.target)?;
    if job.inputs.len() > 1 {
        let text = "that is more than one capture; hint: `flowloom merge` makes one of several";
        return Err(text.into());
    }
    run(&job, arguments.target.quiet)
}

fn job(captures: &[OsString], arguments: &TargetArguments) -> Result<Rewrite, Box<dyn Error>> {
    let target = target(arguments);
    if target.destination == Destination::Stdout && std::io::stdout().is_terminal() {
        return Err("a capture is not for a terminal; give a file with -o, or a pipe".into());
    }
    let inputs = find_inputs(captures)?;
    let labels =
        Labels::find(&inputs, arguments.label_path.as_deref(), arguments.labels.as_deref())?;
    if !arguments.quiet {
        labels.report().iter().copied().for_each(report::unlabelled);
    }
    Ok(Rewrite { samples: SampleLabels::new(&labels)?, ..Rewrite::new(inputs, target) })
}

fn target(arguments: &TargetArguments) -> Target {
    Target {
        destination: Destination::from(arguments.output.clone()),
        format: arguments.format.map(|format| match format {
            CaptureFormat::Pcap => WriteFormat::Pcap,
            CaptureFormat::Pcapng => WriteFormat::Pcapng,
        }),
        compression: arguments.compression.map(|compression| match compression {
            CompressionArgument::None => Compression::None,
            CompressionArgument::Gzip => Compression::Gzip,
            CompressionArgument::Zstd => Compression::Zstd,
            CompressionArgument::Lz4 => Compression::Lz4,
        }),
        resolution: arguments.resolution.map(|resolution| match resolution {
            ResolutionArgument::Us => Resolution::MICROSECONDS,
            ResolutionArgument::Ns => Resolution::NANOSECONDS,
        }),
        existing: if arguments.force { Existing::Replace } else { Existing::Keep },
    }
}

fn run(job: &Rewrite, quiet: bool) -> Result<ExitCode, Box<dyn Error>> {
    let watch = interruptible()?;
    let progress = Progress::start(&job.inputs, &watch, quiet);
    let outcome = rewrite(job, &watch);
    progress.finish();
    let summary = match outcome {
        Ok(summary) => summary,
        // Whoever read our output has seen enough: that is no failure.
        Err(RunError::Sink(SinkError::ReaderGone)) => return Ok(ExitCode::SUCCESS),
        Err(error) => return Err(error.into()),
    };
    report::capture(&summary.capture, quiet);
    let nothing_read = summary.written.is_empty();
    if !quiet && !nothing_read {
        said(&summary);
    }
    Ok(report::exit_code(&Outcome {
        interrupted: summary.interrupted,
        nothing_read,
        losses: summary.capture.has_losses(),
    }))
}

/// One or a few lines: frames read and written, and what became of the others.
fn said(summary: &RewriteSummary) {
    let account = &summary.capture.account;
    let frames = report::grouped(summary.frames);
    let to = match summary.written.as_slice() {
        [only] => match &only.path {
            Some(path) => format!("in {}", path.display()),
            None => "on standard output".to_string(),
        },
        pieces => format!("in {}", report::counted(pieces.len() as u64, "files")),
    };
    let mut lines =
        vec![format!("{} read, {frames} {to}", report::counted(account.frames, "frames"))];
    for (what, count) in [
        ("not among the frames asked for", summary.frames_left_out),
        ("outside of the time window", account.frames_outside_window),
        ("not accepted by the filter", account.frames_filtered),
        ("dropped as repetitions", account.frames_duplicate),
    ] {
        if count > 0 {
            lines.push(format!("  {}: frames {what}", report::grouped(count)));
        }
    }
    for (limit, count) in &account.limits_reached {
        lines.push(format!("  {}: times the limit {limit} was reached", report::grouped(*count)));
    }
    for (what, count) in &summary.unsaid {
        let count = report::grouped(*count);
        lines.push(format!("  {count}: {what} not written"));
    }
    report::say(&lines.join("\n"));
}
