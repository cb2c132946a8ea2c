//! `flowloom traces`.

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;

use flowloom_engine::{
    Config, CryptoPan, Filter, Initiator, RunError, SinkError, TraceLimits, Traces, Window,
    WireOptions, find_inputs, flow_words, read_protocols,
};

use crate::arguments::traces::{TracesArguments, TracesOutputArguments};
use crate::arguments::{OrderArgument, OutputArguments};
use crate::flows::{labels, life_settings, log_limits, output_settings, signs};
use crate::progress::{Progress, interruptible};
use crate::report;

pub(crate) fn traces(arguments: TracesArguments) -> Result<ExitCode, Box<dyn Error>> {
    let report_file = arguments.output.report.clone();
    let quiet = arguments.work.quiet;
    let traces = settings(arguments)?;
    report_file.as_deref().map_or(Ok(()), |file| traces.config.check_report(file))?;
    let watch = interruptible()?;
    let progress = Progress::start(&traces.config.inputs, &watch, quiet);
    let outcome = flowloom_engine::traces(&traces, &watch);
    progress.finish();
    let summary = match outcome {
        Ok(summary) => summary,
        // Whoever read our output has seen enough: that is no failure.
        Err(RunError::Sink(SinkError::ReaderGone)) => return Ok(ExitCode::SUCCESS),
        Err(error) => return Err(error.into()),
    };
    if let Some(file) = report_file {
        report::write(&file, &summary)?;
    }
    Ok(report::summary(&summary, &traces.config.output, quiet))
}

fn settings(arguments: TracesArguments) -> Result<Traces, Box<dyn Error>> {
    let TracesArguments { captures, inputs, output, columns, frames, life, work } = arguments;
    let registry = columns.protocols.as_deref().map(read_protocols).transpose()?;
    let registry = registry.unwrap_or_default();
    let filter =
        frames.filter.as_deref().map(|text| Filter::parse_with(text, &flow_words(&registry)));
    let anonymize = columns.anonymize.as_deref().map(CryptoPan::read).transpose()?;
    if let Some(warning) = anonymize.as_ref().and_then(CryptoPan::warning) {
        report::say(&format!("warning: {warning}"));
    }
    let files = find_inputs(&captures)?;
    let sequences = &columns.sequences;
    let labels = labels(&inputs, &files)?;
    let defaults = Config::new(files);
    let config = Config {
        rotated: inputs.labels.rotated,
        labels,
        features: Vec::new(),
        signs: signs(sequences),
        anonymize: anonymize.map(Arc::new),
        filter: filter.transpose()?,
        flow: life_settings(&life, sequences.population, Initiator::default()),
        log: log_limits(sequences),
        registry: Arc::new(registry),
        wire: WireOptions {
            ip_headers_max: frames.ip_headers_max,
            verify_checksums: sequences.verify_checksums,
        },
        window: Window { count: frames.count, from: frames.from, until: frames.until },
        dedup: frames.dedup,
        threads: work.threads.unwrap_or(defaults.threads),
        output: output_settings(table(output), false)?,
        ..defaults
    };
    let limits = TraceLimits::default();
    Ok(Traces { config, client: columns.client, columns: columns.columns, limits })
}

/// What is the same for tables of flows.
fn table(arguments: TracesOutputArguments) -> OutputArguments {
    let TracesOutputArguments { output, format, force, rows, all_columns, report, padding } =
        arguments;
    let order = OrderArgument::default();
    OutputArguments { output, format, force, order, rows, all_columns, report, padding }
}
