//! `flowloom streams`.

use std::error::Error;
use std::fmt::Write as _;
use std::io::IsTerminal;
use std::process::ExitCode;
use std::sync::Arc;

use flowloom_engine::{
    Config, Data, Direction, Filter, RunError, SaidLimits, Shape, SinkError, StreamFormat,
    StreamLimits, Streams, StreamsSummary, StreamsTo, View, What, Window, WireOptions, find_inputs,
    flow_words, read_protocols, take_streams,
};

use crate::arguments::PopulationArgument;
use crate::arguments::streams::{
    DataArgument, DirectionArgument, StreamFormatArgument, StreamsArguments,
    StreamsOutputArguments, ViewArgument, WhatArguments,
};
use crate::flows::{flow_settings, overlap};
use crate::progress::{Progress, interruptible};
use crate::report::{self, counted, grouped};

pub(crate) fn streams(arguments: StreamsArguments) -> Result<ExitCode, Box<dyn Error>> {
    let report_file = arguments.output.report.clone();
    let quiet = arguments.work.quiet;
    let streams = settings(arguments)?;
    report_file.as_deref().map_or(Ok(()), |file| streams.config.check_report(file))?;
    let watch = interruptible()?;
    // Text and a bar on one terminal would run into each other.
    let is_shown = streams.destination == StreamsTo::Stdout && std::io::stdout().is_terminal();
    let progress = Progress::start(&streams.config.inputs, &watch, quiet || is_shown);
    let outcome = take_streams(&streams, &watch);
    progress.finish();
    let StreamsSummary { summary, taken, absent } = match outcome {
        Ok(summary) => summary,
        // Whoever read our output has seen enough: that is no failure.
        Err(RunError::Sink(SinkError::ReaderGone)) => return Ok(ExitCode::SUCCESS),
        Err(error) => return Err(error.into()),
    };
    if let Some(file) = report_file {
        report::write(&file, &summary)?;
    }
    let what = match (streams.what, streams.shape.view) {
        (What::Objects { .. }, _) => "bodies",
        (What::Datagrams, _) => "datagrams",
        (What::Said, View::Conversation) => "conversations",
        (What::Said, View::Messages) => "messages",
        (What::Said, View::Raw) => "directions",
    };
    let (bytes, units) = (counted(taken.bytes, "bytes"), counted(taken.units, what));
    let mut text = format!("{bytes} in {units}");
    if streams.what != What::Datagrams {
        let _ = write!(text, " of {}", counted(taken.flows, "flows"));
    }
    if let StreamsTo::Directory { path, .. } = &streams.destination {
        let _ = write!(text, ", written to {}", path.display());
    }
    if taken.incomplete > 0 {
        let _ = write!(text, "\n  {}: {what} that are not complete", grouped(taken.incomplete));
    }
    if taken.missing > 0 {
        let _ = write!(text, "\n  {}: bytes missing", grouped(taken.missing));
    }
    if taken.unfilled > 0 {
        let unfilled = grouped(taken.unfilled);
        let _ = write!(text, "\n  {unfilled}: missing bytes in holes too long to be filled");
    }
    if let Some(first) = absent.first() {
        let number = grouped(absent.len() as u64);
        let what = "named flows that did not come, such as";
        let _ = write!(text, "\n  {number}: {what} {first} (`flowloom flows` tells flow_id)");
    }
    Ok(report::summary_with(&summary, Some(&text), quiet))
}

fn settings(arguments: StreamsArguments) -> Result<Streams, Box<dyn Error>> {
    let StreamsArguments { captures, rotated, what, output, frames, flows, work } = arguments;
    let registry = what.protocols.as_deref().map(read_protocols).transpose()?.unwrap_or_default();
    let filter =
        frames.filter.as_deref().map(|text| Filter::parse_with(text, &flow_words(&registry)));
    let defaults = Config::new(find_inputs(&captures)?);
    let config = Config {
        rotated,
        filter: filter.transpose()?,
        registry: Arc::new(registry),
        flow: flow_settings(&flows, PopulationArgument::All),
        said: SaidLimits { overlap: overlap(what.tcp_overlap), ..SaidLimits::default() },
        wire: WireOptions { ip_headers_max: frames.ip_headers_max, ..WireOptions::default() },
        window: Window { count: frames.count, from: frames.from, until: frames.until },
        dedup: frames.dedup,
        threads: work.threads.unwrap_or(defaults.threads),
        ..defaults
    };
    let shape = shape(&what, &output)?;
    let direction = what.direction.map(|direction| match direction {
        DirectionArgument::Up => Direction::Up,
        DirectionArgument::Down => Direction::Down,
    });
    let destination = match output.output {
        Some(path) => StreamsTo::Directory { path, force: output.force },
        None => StreamsTo::Stdout,
    };
    let (fill_max, decoded_max) = (what.fill_max, what.decode_max);
    let limits = StreamLimits { fill_max, decoded_max, ..StreamLimits::default() };
    let taken = taken(&what);
    if taken == What::Datagrams && config.filter.as_ref().is_some_and(has_words) {
        return Err(
            "with --ip, --filter takes words of packets alone: fragments have no flow".into()
        );
    }
    Ok(Streams { config, flows: what.flow, what: taken, direction, shape, destination, limits })
}

fn has_words(filter: &Filter) -> bool {
    filter.flow().is_some()
}

fn taken(what: &WhatArguments) -> What {
    match (what.objects, what.ip) {
        (true, _) => What::Objects { decode: what.decode },
        (_, true) => What::Datagrams,
        _ => What::Said,
    }
}

fn shape(what: &WhatArguments, output: &StreamsOutputArguments) -> Result<Shape, Box<dyn Error>> {
    let view = match what.view {
        ViewArgument::Conversation => View::Conversation,
        ViewArgument::Messages => View::Messages,
        ViewArgument::Raw => View::Raw,
    };
    let to_terminal = output.output.is_none() && std::io::stdout().is_terminal();
    let format = match (output.format, view) {
        (Some(StreamFormatArgument::Jsonl), _) => StreamFormat::JsonLines,
        (Some(StreamFormatArgument::Bytes), _) | (None, View::Raw) => StreamFormat::Bytes,
        (None, View::Messages) if output.output.is_some() => StreamFormat::Bytes,
        (None, _) if what.ip && output.output.is_some() => StreamFormat::Bytes,
        (Some(StreamFormatArgument::Text), _) | (None, View::Messages | View::Conversation) => {
            StreamFormat::Text
        }
    };
    if format == StreamFormat::Bytes && to_terminal {
        return Err("these bytes are not for a terminal; give a directory with -o, a pipe, or \
                    --format text"
            .into());
    }
    let data = match output.data {
        DataArgument::Auto => Data::Auto,
        DataArgument::Ascii => Data::Ascii,
        DataArgument::Hex => Data::Hex,
        DataArgument::Base64 => Data::Base64,
    };
    let color = to_terminal && report::wants_color();
    Ok(Shape { view, format, data, strict: what.strict, color })
}
