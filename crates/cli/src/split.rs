//! `flowloom split`.

use std::error::Error;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;

use flowloom_engine::{
    Config, Extract, ExtractTo, Extracted, Filter, Grouping, Registry, Split, SplitSummary, Watch,
    Window, WireOptions, extract, find_inputs, flow_words, index, read_protocols, split as run,
};

use crate::arguments::PopulationArgument;
use crate::arguments::split::{FilesArguments, SplitArguments};
use crate::flows::{flow_settings, labels};
use crate::progress::{Progress, interruptible};
use crate::report::{self, Outcome, counted, grouped};

pub(crate) fn split(arguments: SplitArguments) -> Result<ExitCode, Box<dyn Error>> {
    let registry = arguments.files.protocols.as_deref().map(read_protocols).transpose()?;
    let registry = registry.unwrap_or_default();
    let watch = interruptible()?;
    if let Some(from) = arguments.files.from_index.clone() {
        return take(arguments, from, &registry, &watch);
    }
    let (files, quiet) = (arguments.files.clone(), arguments.work.quiet);
    let mut config = config(arguments, registry)?;
    config.output.force = files.force;
    files.report.as_deref().map_or(Ok(()), |file| config.check_report(file))?;
    let progress = Progress::start(&config.inputs, &watch, quiet);
    let (run, made) = if let Some(file) = &files.index {
        let outcome = index(&config, file, &watch);
        progress.finish();
        let run = outcome?;
        let shown = report::written(file, &run);
        let made = format!("{} indexed in {}", counted(run.rows, "flows"), shown.display());
        (run, made)
    } else {
        let outcome = run(config, &how(&files), &watch);
        progress.finish();
        let summary = outcome?;
        let made = made(&summary);
        (summary.run, made)
    };
    if let Some(file) = &files.report {
        report::write(file, &run)?;
    }
    Ok(report::summary_with(&run, Some(&made), quiet))
}

fn config(arguments: SplitArguments, registry: Registry) -> Result<Config, Box<dyn Error>> {
    let SplitArguments { captures, files, inputs, frames, flows, work } = arguments;
    let filter =
        frames.filter.as_deref().map(|text| Filter::parse_with(text, &flow_words(&registry)));
    let filter = filter.transpose()?;
    let found = find_inputs(&captures)?;
    let labels = labels(&inputs, &found)?;
    Ok(Config {
        rotated: inputs.labels.rotated,
        labels,
        features: files.features,
        filter,
        flow: flow_settings(&flows, PopulationArgument::default()),
        registry: Arc::new(registry),
        wire: WireOptions { ip_headers_max: frames.ip_headers_max, ..WireOptions::default() },
        window: Window { count: frames.count, from: frames.from, until: frames.until },
        dedup: frames.dedup,
        threads: work.threads.unwrap_or_else(processors),
        ..Config::new(found)
    })
}

fn how(files: &FilesArguments) -> Split {
    let by = files.window.map_or_else(|| Grouping::named(&files.by), Grouping::Window);
    let directory = files.output.clone().unwrap_or_default();
    Split { by, name: files.name.clone(), directory, force: files.force }
}

fn made(summary: &SplitSummary) -> String {
    let SplitSummary { files, frames, frames_without_flow, directory, .. } = summary;
    let others = match frames_without_flow {
        0 => String::new(),
        others => format!(", {} of them in no flow", grouped(*others)),
    };
    let (files, frames) = (counted(*files, "files"), counted(*frames, "frames"));
    format!("{files} of {frames}{others}, in {}", directory.display())
}

/// Takes flows out of an index.
fn take(
    arguments: SplitArguments,
    from: PathBuf,
    registry: &Registry,
    watch: &Watch,
) -> Result<ExitCode, Box<dyn Error>> {
    let SplitArguments { files, frames, work, .. } = arguments;
    let words = flow_words(registry);
    let filter = frames.filter.as_deref().map(|text| Filter::parse_of_flows(text, &words));
    let output = files.output.unwrap_or_default();
    let to = if is_file(&output) {
        ExtractTo::File(output)
    } else {
        ExtractTo::Directory(output, files.name)
    };
    let what = Extract {
        index: from,
        flows: files.flow,
        filter: filter.transpose()?,
        to,
        force: files.force,
    };
    let extracted = extract(&what, watch)?;
    let Extracted { flows, frames, missing, path, .. } = &extracted;
    for id in missing {
        report::say(&format!("flowloom: the index has no flow {id}"));
    }
    if !work.quiet {
        let (flows, frames) = (counted(*flows, "flows"), counted(*frames, "frames"));
        report::say(&format!("{flows} of {frames}, in {}", path.display()));
    }
    Ok(report::exit_code(&Outcome {
        interrupted: extracted.interrupted,
        nothing_read: false,
        losses: !missing.is_empty(),
    }))
}

/// Whether an output is one file, and not a directory.
fn is_file(output: &Path) -> bool {
    output.extension().is_some_and(|ending| ending == "pcap" || ending == "pcapng")
        && !output.is_dir()
}

fn processors() -> NonZeroUsize {
    thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}
