//! `flowloom rerun`.

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;

use flowloom_engine::{
    Config, CryptoPan, Destination, Format, Given, Recorded, configured, find_inputs,
    read_protocols, run,
};

use crate::arguments::rerun::RerunArguments;
use crate::progress::{Progress, interruptible};
use crate::report;

pub(crate) fn rerun(arguments: RerunArguments) -> Result<ExitCode, Box<dyn Error>> {
    let report_file = arguments.report.clone();
    let quiet = arguments.work.quiet;
    let config = config(arguments)?;
    let watch = interruptible()?;
    let progress = Progress::start(&config.inputs, &watch, quiet);
    let outcome = run(&config, &watch);
    progress.finish();
    let summary = outcome?;
    if let Some(file) = report_file {
        report::write(&file, &summary)?;
    }
    Ok(report::summary(&summary, &config.output, quiet))
}

fn config(arguments: RerunArguments) -> Result<Config, Box<dyn Error>> {
    let RerunArguments { table, captures, output, given, work, report: _ } = arguments;
    let recorded = Recorded::read(&table)?;
    if recorded.level != "flow" {
        let name = table.display();
        return Err(
            format!("a row of {name} is a {}: give a table of flows", recorded.level).into()
        );
    }
    let names = if captures.is_empty() { recorded.captures } else { captures };
    if names.is_empty() {
        return Err(format!("{} does not name its captures: give them", table.display()).into());
    }
    let given = Given {
        labels: given.labels.as_deref(),
        anonymize: given.anonymize.as_deref().map(CryptoPan::read).transpose()?.map(Arc::new),
        registry: given.protocols.as_deref().map(read_protocols).transpose()?.map(Arc::new),
        client: given.client.as_deref(),
    };
    let mut config = configured(&recorded.settings, find_inputs(&names)?, given)?;
    config.threads = work.threads.unwrap_or(config.threads);
    config.output.format = Format::from_path(&output).ok_or_else(|| {
        let name = output.display();
        format!("the name {name} says no format: end it in .parquet .arrow .csv .json .jsonl")
    })?;
    config.output.destination = Destination::from(output);
    config.check()?;
    Ok(config)
}
