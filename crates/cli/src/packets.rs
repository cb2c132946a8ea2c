//! `flowloom packets`: what is in each packet.

use std::error::Error;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::{self, IsTerminal};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use flowloom_engine::{
    Compression, Config, Destination, Existing, FieldInfo, Filter, KnownLayers, LayerInfo, Level,
    PacketFormat, PacketSettings, RunError, SinkError, Window, did_you_mean, find_inputs,
    flow_words, looks_like_capture, packets as run, read_protocols,
};

use crate::arguments::packets::{LevelArgument, PacketFormatArgument, PacketsArguments};
use crate::progress::{Progress, interruptible};
use crate::report;

pub(crate) fn packets(arguments: &PacketsArguments) -> Result<ExitCode, Box<dyn Error>> {
    let registry = arguments.protocols.as_deref().map(read_protocols).transpose()?;
    let registry = registry.unwrap_or_default();
    let known = KnownLayers::of(&registry);
    if arguments.fields {
        return list_fields(&known, &arguments.captures);
    }
    let settings = settings(arguments, &known)?;
    let mut config = Config::new(find_inputs(&arguments.captures)?);
    let words = flow_words(&registry);
    config.filter =
        arguments.filter.as_deref().map(|text| Filter::parse_with(text, &words)).transpose()?;
    config.registry = Arc::new(registry);
    config.rotated = arguments.rotated;
    config.window = Window { count: arguments.count, ..Window::default() };
    let watch = interruptible()?;
    // Packets on a terminal are progress enough.
    let quiet = arguments.quiet || settings.color;
    let progress = Progress::start(&config.inputs, &watch, quiet);
    let outcome = run(&config, &settings, &watch);
    progress.finish();
    match outcome {
        Ok(summary) => Ok(report::packets(&summary, arguments.quiet)),
        // Whoever read our output has seen enough: that is no failure.
        Err(RunError::Sink(SinkError::ReaderGone)) => Ok(ExitCode::SUCCESS),
        Err(error) => Err(error.into()),
    }
}

fn settings(
    arguments: &PacketsArguments,
    known: &KnownLayers,
) -> Result<PacketSettings, Box<dyn Error>> {
    let destination = arguments.output.clone().map_or(Destination::Stdout, Destination::from);
    let fields = arguments.field.iter().map(|name| field(name, known));
    let fields = fields.collect::<Result<Vec<_>, _>>()?;
    let format = match arguments.format {
        Some(format) => format,
        None if !fields.is_empty() => PacketFormatArgument::Csv,
        None => arguments.output.as_deref().map_or(Ok(PacketFormatArgument::Line), by_ending)?,
    };
    let until = arguments.until.as_deref().map(|name| layer(name, known));
    let to_terminal = destination == Destination::Stdout && io::stdout().is_terminal();
    Ok(PacketSettings {
        format: match format {
            PacketFormatArgument::Line => PacketFormat::Line,
            PacketFormatArgument::Tree => PacketFormat::Tree,
            PacketFormatArgument::Jsonl => PacketFormat::JsonLines,
            PacketFormatArgument::Json => PacketFormat::Json,
            PacketFormatArgument::Plist => PacketFormat::Plist,
            PacketFormatArgument::Hex => PacketFormat::Hex,
            PacketFormatArgument::Csv => PacketFormat::Csv,
        },
        destination,
        fields,
        existing: if arguments.force { Existing::Replace } else { Existing::Keep },
        frames: arguments.frames.clone(),
        level: arguments.layer.map(|level| match level {
            LevelArgument::None => Level::Frame,
            LevelArgument::Link => Level::Link,
            LevelArgument::Internet => Level::Internet,
            LevelArgument::Transport => Level::Transport,
            LevelArgument::Application => Level::Application,
        }),
        until: until.transpose()?,
        ranges: arguments.ranges,
        color: to_terminal && report::wants_color(),
    })
}

/// The format that the name of a file promises; text, of which a line each is the plainest, if none.
fn by_ending(output: &Path) -> Result<PacketFormatArgument, String> {
    if looks_like_capture(output) {
        let output = output.display();
        return Err(format!(
            "{output} would be a capture, and packets are written as text; hint: `flowloom cut` takes \
             frames out of captures, and --format says how text is written"
        ));
    }
    let plain = Compression::name_within(output);
    let ending = plain.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    Ok(match ending {
        "jsonl" | "ndjson" => PacketFormatArgument::Jsonl,
        "json" => PacketFormatArgument::Json,
        "plist" => PacketFormatArgument::Plist,
        "csv" => PacketFormatArgument::Csv,
        "parquet" | "arrow" | "npz" => {
            return Err(format!("packets are not written as {ending}; `flowloom flows` writes it"));
        }
        _ => PacketFormatArgument::Line,
    })
}

fn field(name: &str, known: &KnownLayers) -> Result<&'static FieldInfo, String> {
    known.find_field(name).ok_or_else(|| {
        if known.find_layer(name).is_some() {
            return format!(
                "`{name}` has fields: `flowloom packets --fields {name}` lists them to choose from"
            );
        }
        let fields = known.all().iter().flat_map(|layer| layer.fields).map(|field| field.name);
        let list = || "`flowloom packets --fields` lists them".into();
        format!("no field `{name}`; {}", did_you_mean(name, fields, list))
    })
}

fn layer(name: &str, known: &KnownLayers) -> Result<&'static LayerInfo, String> {
    known.find_layer(name).ok_or_else(|| {
        let names = known.all().iter().map(|layer| layer.name);
        let list = || "`flowloom packets --fields` lists them".into();
        format!("no protocol `{name}`; {}", did_you_mean(name, names, list))
    })
}

/// Lists all layers and their fields, or some, as Markdown that reads as text.
fn list_fields(known: &KnownLayers, names: &[OsString]) -> Result<ExitCode, Box<dyn Error>> {
    let names = names.iter().map(|name| name.to_string_lossy());
    let named = names.map(|name| layer(&name, known)).collect::<Result<Vec<_>, _>>()?;
    let listed = if named.is_empty() { known.all() } else { &named };
    let mut text = String::new();
    for layer in listed {
        let _ = write!(text, "## {}\n\n{}\n\n", layer.name, layer.doc);
        text += "| field | kind | meaning |\n|---|---|---|\n";
        for field in layer.fields {
            let FieldInfo { name, kind, doc, .. } = field;
            let _ = writeln!(text, "| `{name}` | {} | {doc} |", kind.name());
        }
        text.push('\n');
    }
    report::shown(&text)
}
