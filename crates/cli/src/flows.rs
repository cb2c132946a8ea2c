//! `flowloom flows`.

use std::error::Error;
use std::io::IsTerminal;
use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;

use flowloom_engine::{
    AppLayer, CaptureLimits, Config, CryptoPan, Destination, ExportSettings, Filter, FlowLimits,
    FlowSettings, Format, Initiator, InputFile, KeyIgnore, Labels, LogLimits, Npz, Order, Output,
    Overlap, Population, RunError, SaidLimits, Signs, SinkError, Terminal, Timeouts, Window,
    WireOptions, find_inputs, flow_words, read_protocols, run,
};

use crate::arguments::{
    AppLayerArgument, FlowArguments, FlowsArguments, InitiatorArgument, InputArguments, KeyPart,
    LifeArguments, OrderArgument, OutputArguments, OverlapArgument, PopulationArgument,
    SequenceArguments,
};
use crate::progress::{Progress, interruptible};
use crate::report;

pub(crate) fn flows(arguments: FlowsArguments) -> Result<ExitCode, Box<dyn Error>> {
    let report_file = arguments.output.report.clone();
    let quiet = arguments.work.quiet;
    let config = config(arguments)?;
    report_file.as_deref().map_or(Ok(()), |file| config.check_report(file))?;
    let watch = interruptible()?;
    let progress = Progress::start(&config.inputs, &watch, quiet);
    let outcome = run(&config, &watch);
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
    Ok(report::summary(&summary, &config.output, quiet))
}

fn config(arguments: FlowsArguments) -> Result<Config, Box<dyn Error>> {
    let FlowsArguments { captures, inputs, output, columns, frames, flows, work } = arguments;
    let registry = columns.protocols.as_deref().map(read_protocols).transpose()?;
    let registry = registry.unwrap_or_default();
    let filter =
        frames.filter.as_deref().map(|text| Filter::parse_with(text, &flow_words(&registry)));
    let filter = filter.transpose()?;
    let processors = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let files = find_inputs(&captures)?;
    let labels = labels(&inputs, &files)?;
    let anonymize = columns.anonymize.as_deref().map(CryptoPan::read).transpose()?;
    if let Some(warning) = anonymize.as_ref().and_then(CryptoPan::warning)
        && !work.quiet
    {
        report::say(&format!("warning: {warning}"));
    }
    let mut output = output_settings(output, !columns.events.is_empty())?;
    output.settings.terminal.all_columns |= !columns.columns.is_empty();
    Ok(Config {
        inputs: files,
        rotated: inputs.labels.rotated,
        labels,
        features: columns.features,
        without: columns.without,
        columns: columns.columns,
        signs: signs(&columns.sequences),
        anonymize: anonymize.map(Arc::new),
        filter,
        flow: flow_settings(&flows, columns.sequences.population),
        log: LogLimits {
            bytes_packets_max: columns.bytes_packets,
            bytes_payload_max: columns.bytes_payload,
            ..log_limits(&columns.sequences)
        },
        app_layer: match columns.app_layer {
            AppLayerArgument::Full => AppLayer::Full,
            AppLayerArgument::PortOnly => AppLayer::PortOnly,
            AppLayerArgument::None => AppLayer::None,
        },
        registry: Arc::new(registry),
        said: SaidLimits { overlap: overlap(columns.tcp_overlap), ..SaidLimits::default() },
        wire: WireOptions {
            ip_headers_max: frames.ip_headers_max,
            verify_checksums: columns.sequences.verify_checksums,
        },
        capture: CaptureLimits::default(),
        window: Window { count: frames.count, from: frames.from, until: frames.until },
        dedup: frames.dedup,
        threads: work.threads.unwrap_or(processors),
        output,
        events: columns.events,
    })
}

/// The labels of captures and flows.
pub(crate) fn labels(
    inputs: &InputArguments,
    files: &[InputFile],
) -> Result<Labels, Box<dyn Error>> {
    let of_captures = &inputs.labels;
    let (pattern, manifest) = (of_captures.label_path.as_deref(), of_captures.labels.as_deref());
    let mut labels = Labels::find(files, pattern, manifest)?;
    if let Some(names) = &inputs.label_comments {
        labels.read_comments(names)?;
    }
    Ok(labels)
}

/// Which bytes count where segments overlap.
pub(crate) fn overlap(argument: OverlapArgument) -> Overlap {
    match argument {
        OverlapArgument::First => Overlap::First,
        OverlapArgument::Last => Overlap::Last,
        OverlapArgument::Bsd => Overlap::Bsd,
    }
}

/// How lengths in sequences are shown.
pub(crate) fn signs(sequences: &SequenceArguments) -> Signs {
    if sequences.signed { Signs::Signed } else { Signs::Unsigned }
}

/// How much is kept of packets.
pub(crate) fn log_limits(sequences: &SequenceArguments) -> LogLimits {
    LogLimits {
        sequence_max: sequences.sequence_max,
        sequence_nanos_max: sequences.sequence_time_max,
        sequence_bytes_max: sequences.sequence_bytes_max,
        ..LogLimits::default()
    }
}

pub(crate) fn flow_settings(flows: &FlowArguments, population: PopulationArgument) -> FlowSettings {
    let initiator = match (flows.client, flows.initiator) {
        (Some(network), _) => Initiator::Client(network),
        (None, InitiatorArgument::Protocol) => Initiator::Protocol,
        (None, InitiatorArgument::FirstPacket) => Initiator::FirstPacket,
    };
    life_settings(&flows.life, population, initiator)
}

/// When flows end, and what is counted of them.
pub(crate) fn life_settings(
    life: &LifeArguments,
    population: PopulationArgument,
    initiator: Initiator,
) -> FlowSettings {
    FlowSettings {
        timeouts: Timeouts {
            tcp_idle: life.tcp_idle,
            other_idle: life.idle,
            active: life.active,
            linger: life.linger,
            ..Timeouts::default()
        },
        limits: FlowLimits { flows_max: life.flows_max, ..FlowLimits::default() },
        no_split: life.no_split,
        ignore_tcp_ends: false,
        initiator,
        key_ignore: KeyIgnore {
            vlan: life.key_ignore.contains(&KeyPart::Vlan),
            priority: life.key_ignore.contains(&KeyPart::Priority),
            vni: life.key_ignore.contains(&KeyPart::Vni),
        },
        population: match population {
            PopulationArgument::All => Population::All,
            PopulationArgument::NoPureAck => Population::NoPureAck,
            PopulationArgument::Payload => Population::Payload,
            PopulationArgument::PayloadNoRetransmission => Population::PayloadNoRetransmission,
        },
    }
}

/// Where a table goes, and how it is written.
pub(crate) fn output_settings(
    arguments: OutputArguments,
    has_events: bool,
) -> Result<Output, Box<dyn Error>> {
    let destination = arguments.output.map_or(Destination::Stdout, Destination::from);
    let told = match &destination {
        Destination::File(path) => Format::from_path(path),
        Destination::Stdout => None,
    };
    if let Destination::File(path) = &destination
        && has_events
        && told.is_some_and(|format| format != Format::Null)
        && !path.is_dir()
    {
        let path = path.display();
        return Err(format!(
            "with --events, -o names a directory for several files, and {path} looks like one file; \
             --format says how they are written"
        )
        .into());
    }
    let format = match (arguments.format, told, &destination) {
        (Some(format), ..) | (None, Some(format @ Format::Null), _) => format,
        (None, _, Destination::Stdout) => Format::Table,
        (None, _, Destination::File(_)) if has_events => Format::Parquet,
        (None, Some(format), _) => format,
        (None, None, Destination::File(path)) => {
            return Err(format!(
                "cannot tell a format from the name {}; give one with --format, or an ending: \
                 .parquet .arrow .csv .json .jsonl .npz",
                path.display()
            )
            .into());
        }
    };
    if let (Some(option), true) = (arguments.padding.typed(), format != Format::Npz) {
        let format = format.name();
        return Err(format!("{option} is for arrays: with --format npz, not {format}").into());
    }
    let of_tables = arguments.rows.map(|_| "--rows");
    let of_tables = of_tables.or(arguments.all_columns.then_some("--all-columns"));
    if let (Some(option), true) = (of_tables, format != Format::Table) {
        let format = format.name();
        return Err(format!(
            "{option} is for the table that people read: it cannot be used with --format {format}"
        )
        .into());
    }
    let to_terminal = destination == Destination::Stdout && std::io::stdout().is_terminal();
    if format.is_binary() && to_terminal {
        return Err("this format is not for a terminal; give a file with -o, or a pipe".into());
    }
    let color = to_terminal && report::wants_color();
    let width = to_terminal.then(report::terminal_width);
    let rows_max = arguments.rows.unwrap_or(Terminal::default().rows_max);
    let terminal = Terminal { width, color, rows_max, all_columns: arguments.all_columns };
    let order = match arguments.order {
        OrderArgument::End => Order::End,
        OrderArgument::Start => Order::Start,
    };
    let npz = Npz { padding: arguments.padding.padding(), ..Npz::default() };
    let settings = ExportSettings { terminal, npz, ..ExportSettings::default() };
    Ok(Output { format, destination, settings, order, force: arguments.force })
}
