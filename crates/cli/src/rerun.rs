//! `flowloom rerun`.

use std::error::Error;
use std::ffi::OsString;
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
    let names_captures = !arguments.captures.is_empty();
    let recorded = Recorded::read(&arguments.table)?;
    let config = config(arguments, &recorded)?;
    report_file.as_deref().map_or(Ok(()), |file| config.check_report(file))?;
    let watch = interruptible()?;
    let progress = Progress::start(&config.inputs, &watch, quiet);
    let outcome = run(&config, &watch);
    progress.finish();
    let summary = outcome?;
    if let Some(file) = report_file {
        report::write(&file, &summary)?;
    }
    let code = report::summary(&summary, &config.output, quiet);
    // What a run that was interrupted has read of a capture says nothing of the rest of it.
    let others = if names_captures || summary.interrupted {
        Vec::new()
    } else {
        recorded.others(&summary.captures)
    };
    for other in &others {
        report::say(&format!("warning: {other}"));
    }
    let is_well = code == ExitCode::SUCCESS;
    Ok(if is_well && !others.is_empty() { report::LOSSES.into() } else { code })
}

fn config(arguments: RerunArguments, recorded: &Recorded) -> Result<Config, Box<dyn Error>> {
    let RerunArguments { table, captures, output, given, work, report: _ } = arguments;
    if recorded.level != "flow" {
        let name = table.display();
        return Err(
            format!("the rows of {name} are {}s: give a table of flows", recorded.level).into()
        );
    }
    let named = || recorded.captures.iter().map(|made_of| made_of.capture.clone().into()).collect();
    let names: Vec<OsString> = if captures.is_empty() { named() } else { captures };
    let name = table.display();
    if names.is_empty() {
        return Err(format!("{name} does not name its captures: give them").into());
    }
    if let Some(missing) =
        recorded.missing().filter(|missing| names.iter().any(|name| name == missing))
    {
        let output = output.display();
        // The pieces of a rotated capture are one, with one name.
        let all =
            if names.len() > 1 { format!(" ({} in all)", names.len()) } else { String::new() };
        return Err(format!(
            "{name} was made of {missing}{all}, which is not there as seen from here; hint: \
             flowloom rerun {name} CAPTURE... -o {output}, with the captures or their directory"
        )
        .into());
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
