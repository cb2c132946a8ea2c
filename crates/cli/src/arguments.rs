//! What can be typed.

mod anonymize;
mod life;
mod padding;
pub(crate) mod rerun;
pub(crate) mod split;
pub(crate) mod traces;

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use flowloom_engine::{DEFAULT_SETS, Format, FrameRange, Pieces};

use self::rerun::RerunArguments;
use self::split::SplitArguments;
use self::traces::TracesArguments;
use crate::parse::{duration, format, pieces, size, snap_len, time};

pub(crate) use anonymize::{AnonymizeArguments, PayloadArgument};
pub(crate) use life::{FlowArguments, LifeArguments};
pub(crate) use padding::PaddingArguments;

/// Packet captures to tables of flows.
#[derive(Debug, Parser)]
#[command(name = "flowloom", version, about, max_term_width = 100)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// One row per flow of one or more captures
    Flows(Box<FlowsArguments>),
    /// One row per capture, with the packets of all its flows
    Traces(Box<TracesArguments>),
    /// A table of flows made again, with the settings that its file carries
    Rerun(RerunArguments),
    /// One capture per flow, or per group of flows
    Split(Box<SplitArguments>),
    /// What is in a capture: format, times, interfaces, protocols, flows, talkers, losses
    Info(InfoArguments),
    /// Captures put together into one, by the times of their frames
    Merge(MergeArguments),
    /// Some frames of a capture, or pieces of it
    Cut(CutArguments),
    /// A capture in another format, time resolution or compression
    Convert(ConvertArguments),
    /// What flows say: TCP streams put together, UDP conversations, messages
    Streams(Box<StreamsArguments>),
    /// What is in each packet: layers and fields, one line each, as a tree, JSON or CSV
    Packets(Box<PacketsArguments>),
    /// Captures with other addresses in every layer, and without payload
    Anonymize(AnonymizeArguments),
    /// The catalogue of columns: name, type, unit, role and definition
    Features(FeaturesArguments),
}

#[derive(Debug, Args)]
#[command(after_help = FLOWS_EXAMPLES)]
pub(crate) struct FlowsArguments {
    /// Captures: files (pcap, pcapng, snoop; plain, gzip, zstd, lz4), directories, globs, or `-`
    #[arg(required = true, value_name = "CAPTURE")]
    pub(crate) captures: Vec<String>,

    #[command(flatten, next_help_heading = "Captures")]
    pub(crate) inputs: InputArguments,
    #[command(flatten, next_help_heading = "Output")]
    pub(crate) output: OutputArguments,
    #[command(flatten, next_help_heading = "Columns")]
    pub(crate) columns: ColumnArguments,
    #[command(flatten, next_help_heading = "Which frames")]
    pub(crate) frames: FrameArguments,
    #[command(flatten, next_help_heading = "Flows")]
    pub(crate) flows: FlowArguments,
    #[command(flatten, next_help_heading = "Work")]
    pub(crate) work: WorkArguments,
}

#[derive(Debug, Args)]
pub(crate) struct InputArguments {
    #[command(flatten)]
    pub(crate) labels: LabelArguments,
    /// Label flows by the comment on their first frame, as pcapML writes it: `SAMPLE,LABEL` or
    /// `s=SAMPLE,NAME=VALUE,...` [default names: `sample_id,label`]
    #[arg(long, value_name = "NAME,...", value_delimiter = ',', num_args = 0..=1)]
    #[arg(require_equals = true, default_missing_value = "sample_id,label")]
    pub(crate) label_comments: Option<Vec<String>>,
}

#[derive(Debug, Args)]
pub(crate) struct LabelArguments {
    /// Take the captures for pieces of one, cut by time or size: they are put together by the
    /// times of their frames, and the column `capture` holds the first name and how many more
    #[arg(long)]
    pub(crate) rotated: bool,
    /// Label captures by their paths: `{website}/{run}.pcap` gives the columns `label_website`
    /// and `label_run`. The pattern is held against the end of each path, seen from the directory that
    /// was named; a label stays between two slashes; the file's ending may be left out
    #[arg(long, value_name = "PATTERN")]
    pub(crate) label_path: Option<String>,
    /// Label captures by a manifest, CSV with a header or JSON Lines (.jsonl): its column
    /// `capture` (or `path`) names a capture, seen from the manifest or by the end of its path;
    /// every other column becomes a label
    #[arg(long, value_name = "FILE")]
    pub(crate) labels: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct OutputArguments {
    /// File to write, its format told by its ending; `-` is standard output. With --events, a
    /// directory, for files of the format of --format (parquet if none is given); with --format zeek,
    /// one for the logs
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Format: table, parquet, arrow, csv, json, jsonl, npz; zeek, eve, ipfix, which are logs of other
    /// programs with fields of their own; null
    #[arg(long, value_name = "FORMAT", value_parser = format)]
    pub(crate) format: Option<Format>,
    /// Replace logs of --format zeek, eve or ipfix that are there; other formats always do
    #[arg(long)]
    pub(crate) force: bool,
    /// Order of rows: as flows end (bounded memory), or as they start
    #[arg(long, value_enum, default_value_t)]
    pub(crate) order: OrderArgument,
    /// Rows a table shows at most
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub(crate) rows: usize,
    /// Show all columns in a table, not a choice of them
    #[arg(long)]
    pub(crate) all_columns: bool,
    /// Write the account of the run (what became of every frame) as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) padding: PaddingArguments,
}

#[derive(Debug, Args)]
pub(crate) struct ColumnArguments {
    /// Feature sets, separated by commas; `flowloom features` lists them with their columns
    #[arg(long, value_name = "SET,...", value_delimiter = ',', default_values_t = DEFAULT_SETS.map(String::from))]
    pub(crate) features: Vec<String>,
    /// Event tables, separated by commas, written beside the flows into the directory of -o;
    /// `flowloom features --events` lists them with their columns
    #[arg(long, value_name = "TABLE,...", value_delimiter = ',')]
    pub(crate) events: Vec<String>,
    /// Directory of YAML files that declare protocols, beside those that are known
    #[arg(long, value_name = "DIR")]
    pub(crate) protocols: Option<PathBuf>,
    /// How far what flows say is looked into
    #[arg(long, value_enum, default_value_t)]
    pub(crate) app_layer: AppLayerArgument,
    /// Which bytes count where TCP segments overlap: those that came first, those that came last,
    /// or as BSD systems have it
    #[arg(long, value_enum, default_value_t)]
    pub(crate) tcp_overlap: OverlapArgument,
    /// Columns to leave out, separated by commas
    #[arg(long, value_name = "COLUMN,...", value_delimiter = ',')]
    pub(crate) without: Vec<String>,
    /// Replace addresses by others, with the key in this file (32 bytes, or 64 hex digits), so
    /// that addresses with equal prefixes keep them (Crypto-PAn): `src_ip`, `dst_ip`,
    /// `community_id`, and the hardware addresses, which lose their vendor. Filters, `--client`
    /// and labels are about the real ones
    #[arg(long, value_name = "KEYFILE")]
    pub(crate) anonymize: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) sequences: SequenceArguments,
}

#[derive(Debug, Args)]
pub(crate) struct SequenceArguments {
    /// Packets in a sequence at most
    #[arg(long, value_name = "N", default_value_t = 65_536)]
    pub(crate) sequence_max: usize,
    /// Time covered by a sequence at most, such as 10s
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) sequence_time_max: Option<i64>,
    /// Bytes on the wire covered by a sequence at most, such as 1M
    #[arg(long, value_name = "BYTES", value_parser = size)]
    pub(crate) sequence_bytes_max: Option<u64>,
    /// Give lengths in sequences the sign of their direction: + up, - down
    #[arg(long)]
    pub(crate) signed: bool,
    /// Packets that sequences and statistics count
    #[arg(long, value_enum, default_value_t)]
    pub(crate) population: PopulationArgument,
    /// Verify checksums, and mark packets whose checksums are wrong
    #[arg(long)]
    pub(crate) verify_checksums: bool,
}

#[derive(Debug, Args)]
pub(crate) struct FrameArguments {
    /// Only packets and flows for which an expression is true: tcpdump's language, and words for
    /// what flows say, such as `tls.sni endswith "example.com"`
    #[arg(short, long, value_name = "EXPRESSION")]
    pub(crate) filter: Option<String>,
    /// Only the first N frames of each capture (with --rotated: of all together)
    #[arg(long, value_name = "N")]
    pub(crate) count: Option<u64>,
    /// Only frames at or after this time (RFC 3339, or seconds since 1970)
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) from: Option<i64>,
    /// Only frames before this time
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) until: Option<i64>,
    /// Drop frames that repeat one of the last while byte for byte, such as 10ms
    #[arg(long, value_name = "WINDOW", value_parser = duration)]
    pub(crate) dedup: Option<i64>,
    /// IP headers inside one another that are followed at most
    #[arg(long, value_name = "N", default_value_t = 8)]
    pub(crate) ip_headers_max: u8,
}

#[derive(Debug, Args)]
pub(crate) struct WorkArguments {
    /// Threads [default: the processors there are]
    #[arg(short = 'j', long, value_name = "N")]
    pub(crate) threads: Option<NonZeroUsize>,
    /// Say nothing but errors, and show no progress
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

#[derive(Debug, Args)]
#[command(after_help = STREAMS_EXAMPLES)]
pub(crate) struct StreamsArguments {
    /// Captures: files (pcap, pcapng, snoop; plain, gzip, zstd, lz4), directories, globs, or `-`
    #[arg(required = true, value_name = "CAPTURE")]
    pub(crate) captures: Vec<String>,
    /// Take the captures for pieces of one, cut by time or size
    #[arg(long)]
    pub(crate) rotated: bool,

    #[command(flatten, next_help_heading = "What is taken out")]
    pub(crate) what: WhatArguments,
    #[command(flatten, next_help_heading = "Output")]
    pub(crate) output: StreamsOutputArguments,
    #[command(flatten, next_help_heading = "Which frames")]
    pub(crate) frames: FrameArguments,
    #[command(flatten, next_help_heading = "Flows")]
    pub(crate) flows: FlowArguments,
    #[command(flatten, next_help_heading = "Work")]
    pub(crate) work: WorkArguments,
}

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub(crate) struct WhatArguments {
    /// What belongs together: both directions as they came, the messages of each side, or each
    /// direction as a whole
    #[arg(long = "as", value_enum, default_value_t)]
    pub(crate) view: ViewArgument,
    /// Instead, the bodies of HTTP messages (HTTP/1, and HTTP/2 in the clear), with what their headers
    /// say: a file for each with -o, else a line for each
    #[arg(long, conflicts_with_all = ["view", "direction", "ip"])]
    pub(crate) objects: bool,
    /// Undo content encodings of bodies: gzip, deflate, br, zstd
    #[arg(long, requires = "objects")]
    pub(crate) decode: bool,
    /// The most bytes a body may have after that; of a larger one, the encoded bytes are given
    #[arg(long, value_name = "BYTES", value_parser = size, default_value = "1G")]
    pub(crate) decode_max: u64,
    /// Instead, the IP datagrams that came in fragments, all fragments joined. --filter takes words of
    /// packets alone
    #[arg(long, conflicts_with_all = ["view", "direction", "flow"])]
    pub(crate) ip: bool,
    /// Only these flows, by `flow_id`, separated by commas
    #[arg(long, value_name = "ID,...", value_delimiter = ',')]
    pub(crate) flow: Vec<u64>,
    /// Only what the initiator said (up), or the other side (down)
    #[arg(long, value_enum)]
    pub(crate) direction: Option<DirectionArgument>,
    /// Leave holes as they are: bytes that never came are left out, and JSON gives the pieces
    /// between them. Otherwise there are zeros in their place. Either way it is said where they are
    #[arg(long)]
    pub(crate) strict: bool,
    /// The longest hole that is filled with zeros
    #[arg(long, value_name = "BYTES", value_parser = size, default_value = "16M")]
    pub(crate) fill_max: u64,
    /// Which bytes count where TCP segments overlap: those that came first, those that came last,
    /// or as BSD systems have it
    #[arg(long, value_enum, default_value_t)]
    pub(crate) tcp_overlap: OverlapArgument,
    /// Directory of YAML files that declare protocols, for the words of --filter
    #[arg(long, value_name = "DIR")]
    pub(crate) protocols: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct StreamsOutputArguments {
    /// Directory for a file of each conversation, message or direction, and `index.jsonl`, which
    /// lists them; it is made if it is not there
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
    /// Write into a directory that is not empty, and replace files there that have the same names
    #[arg(long, requires = "output")]
    pub(crate) force: bool,
    /// Lines for people, JSON Lines, or the bytes themselves [default: bytes with --as raw and in
    /// files of messages and datagrams, else text]
    #[arg(long, value_enum)]
    pub(crate) format: Option<StreamFormatArgument>,
    /// How bytes become text: in JSON base64 unless told otherwise; as text or as a hex dump for
    /// people, whichever fits
    #[arg(long, value_enum, default_value_t)]
    pub(crate) data: DataArgument,
    /// Write the account of the run (what became of every frame) as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = INFO_EXAMPLES)]
pub(crate) struct InfoArguments {
    /// Captures: files (pcap, pcapng, snoop; plain, gzip, zstd, lz4), directories, globs, or `-`
    #[arg(required = true, value_name = "CAPTURE")]
    pub(crate) captures: Vec<String>,
    /// As JSON, an object for each capture on a line of its own
    #[arg(long)]
    pub(crate) json: bool,
    /// Conversations and addresses to list at most
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(crate) top: usize,
    /// Take the captures for pieces of one, cut by time or size
    #[arg(long)]
    pub(crate) rotated: bool,
    /// Threads [default: the processors there are]
    #[arg(short = 'j', long, value_name = "N")]
    pub(crate) threads: Option<NonZeroUsize>,
    /// Show no progress
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

#[derive(Debug, Args)]
#[command(after_help = MERGE_EXAMPLES)]
pub(crate) struct MergeArguments {
    /// Captures: files (pcap, pcapng, snoop; plain, gzip, zstd, lz4), directories, globs, or `-`
    #[arg(required = true, value_name = "CAPTURE")]
    pub(crate) captures: Vec<String>,
    /// One capture after the other as they are named, instead of by time
    #[arg(long)]
    pub(crate) append: bool,
    /// Bytes kept of a frame at most
    #[arg(long, value_name = "BYTES", value_parser = snap_len)]
    pub(crate) snaplen: Option<u32>,
    #[command(flatten)]
    pub(crate) target: TargetArguments,
}

#[derive(Debug, Args)]
#[command(after_help = CUT_EXAMPLES)]
pub(crate) struct CutArguments {
    /// Capture: a file (pcap, pcapng, snoop; plain, gzip, zstd, lz4), or `-`; several are merged
    #[arg(required = true, value_name = "CAPTURE")]
    pub(crate) captures: Vec<String>,
    /// Only these frames, by their numbers: 10-20,35,100-
    #[arg(long, value_name = "RANGE,...", value_delimiter = ',', allow_hyphen_values = true)]
    pub(crate) frames: Vec<FrameRange>,
    /// Only frames at or after this time (RFC 3339, or seconds since 1970)
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) from: Option<i64>,
    /// Only frames before this time
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) until: Option<i64>,
    /// Only frames for which an expression of tcpdump's language is true
    #[arg(short, long, value_name = "EXPRESSION")]
    pub(crate) filter: Option<String>,
    /// Only the first N of the frames that are left then
    #[arg(long, value_name = "N")]
    pub(crate) count: Option<u64>,
    /// Bytes kept of a frame at most; how long it was stays known
    #[arg(long, value_name = "BYTES", value_parser = snap_len)]
    pub(crate) snaplen: Option<u32>,
    /// Cut into pieces of so many frames (1000), so long (60s), or so large (100M): OUT-00001.pcap
    /// and so on
    #[arg(long, value_name = "PIECE", value_parser = pieces)]
    pub(crate) pieces: Option<Pieces>,
    #[command(flatten)]
    pub(crate) target: TargetArguments,
}

#[derive(Debug, Args)]
#[command(after_help = CONVERT_EXAMPLES)]
pub(crate) struct ConvertArguments {
    /// Capture: a file (pcap, pcapng, snoop; plain, gzip, zstd, lz4), or `-`
    #[arg(value_name = "CAPTURE")]
    pub(crate) capture: String,
    #[command(flatten)]
    pub(crate) target: TargetArguments,
}

#[derive(Debug, Args)]
pub(crate) struct TargetArguments {
    /// File to write; `-` is standard output. Its ending tells format and compression: .pcap,
    /// .pcapng, and .gz, .zst or .lz4 behind
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Format: pcap (one link type, no interfaces, no comments), pcapng [default: by the ending of
    /// the output, or as the input]
    #[arg(long, value_name = "FORMAT", value_enum)]
    pub(crate) format: Option<CaptureFormat>,
    /// Compression: none, gzip, zstd, lz4 [default: by the ending of the output]
    #[arg(long, value_name = "HOW", value_enum)]
    pub(crate) compression: Option<CompressionArgument>,
    /// What a tick of timestamps is; what is finer is cut off [default: as the input]
    #[arg(long, value_name = "TICK", value_enum)]
    pub(crate) resolution: Option<ResolutionArgument>,
    /// Label captures by their paths, as `flows` does; the labels are written as comments on the
    /// frames, in the manner of pcapML
    #[arg(long, value_name = "PATTERN")]
    pub(crate) label_path: Option<String>,
    /// Label captures by a manifest, as `flows` does; a column `sample_id` is the sample's
    #[arg(long, value_name = "FILE")]
    pub(crate) labels: Option<PathBuf>,
    /// Replace a file that is there
    #[arg(long)]
    pub(crate) force: bool,
    /// Say nothing but errors, and show no progress
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

#[derive(Debug, Args)]
#[command(after_help = PACKETS_EXAMPLES)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag that can be typed")]
pub(crate) struct PacketsArguments {
    /// Captures: files (pcap, pcapng, snoop; plain, gzip, zstd, lz4), directories, globs, or `-`
    #[arg(required_unless_present = "fields", value_name = "CAPTURE")]
    pub(crate) captures: Vec<String>,
    /// How packets are written: a line each (the default), a tree of layers and fields, JSON Lines,
    /// one JSON document, a property list, chosen fields as CSV, or bytes with their layers marked
    #[arg(long, value_enum)]
    pub(crate) format: Option<PacketFormatArgument>,
    /// File to write; `-` is standard output
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Replace the file if it is there already
    #[arg(long)]
    pub(crate) force: bool,
    /// A field for CSV, such as `tcp.flags`; may be given again and again
    #[arg(short = 'e', value_name = "FIELD", value_delimiter = ',')]
    pub(crate) field: Vec<String>,
    /// List all layers and fields, and do nothing else
    #[arg(long)]
    pub(crate) fields: bool,
    /// Only these frames, by their numbers: 10-20,35,100-
    #[arg(long, value_name = "RANGE,...", value_delimiter = ',', allow_hyphen_values = true)]
    pub(crate) frames: Vec<FrameRange>,
    /// Only the first N frames of each capture
    #[arg(long, value_name = "N")]
    pub(crate) count: Option<u64>,
    /// Only packets for which an expression is true: tcpdump's language
    #[arg(short, long, value_name = "EXPRESSION")]
    pub(crate) filter: Option<String>,
    /// How far down packets are dissected
    #[arg(long, value_enum, value_name = "LEVEL")]
    pub(crate) layer: Option<LevelArgument>,
    /// The last protocol that is dissected, where it is found: a name of --fields, such as `ip`
    #[arg(long, value_name = "PROTOCOL")]
    pub(crate) until: Option<String>,
    /// In JSON, say of each field what its value stands for and which bytes it is: first and how many
    #[arg(long)]
    pub(crate) ranges: bool,
    /// Directory of YAML files that declare protocols, beside those that are known
    #[arg(long, value_name = "DIR")]
    pub(crate) protocols: Option<PathBuf>,
    /// Take the captures for pieces of one, cut by time or size
    #[arg(long)]
    pub(crate) rotated: bool,
    /// Say nothing but errors, and show no progress
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CaptureFormat {
    Pcap,
    Pcapng,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CompressionArgument {
    None,
    Gzip,
    Zstd,
    Lz4,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ResolutionArgument {
    /// Microseconds
    Us,
    /// Nanoseconds
    Ns,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PacketFormatArgument {
    Line,
    Tree,
    Jsonl,
    Json,
    Plist,
    Csv,
    Hex,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LevelArgument {
    None,
    Link,
    Internet,
    Transport,
    Application,
}

#[derive(Debug, Args)]
pub(crate) struct FeaturesArguments {
    /// Only the columns of these sets
    #[arg(value_name = "SET")]
    pub(crate) sets: Vec<String>,
    /// The columns of event tables instead
    #[arg(long)]
    pub(crate) events: bool,
    /// The columns of `flowloom traces` instead
    #[arg(long, conflicts_with_all = ["sets", "events"])]
    pub(crate) traces: bool,
    /// The fields of the logs of --format zeek, eve and ipfix instead, and the columns they are made of
    #[arg(long, conflicts_with_all = ["sets", "events", "traces", "format"])]
    pub(crate) logs: bool,
    /// As a Markdown table, or as JSON
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: CatalogueFormat,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum OrderArgument {
    #[default]
    End,
    Start,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum AppLayerArgument {
    /// Payload is parsed for what the output needs of it
    #[default]
    Full,
    /// Protocols are told by ports alone
    PortOnly,
    /// Protocols are not told
    None,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum OverlapArgument {
    #[default]
    First,
    Last,
    Bsd,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ViewArgument {
    /// Both directions, packet by packet
    #[default]
    Conversation,
    /// What a side sent without having heard anything new from the other one; datagrams of UDP
    Messages,
    /// Each direction
    Raw,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DirectionArgument {
    Up,
    Down,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum StreamFormatArgument {
    Text,
    Jsonl,
    Bytes,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum DataArgument {
    #[default]
    Auto,
    Ascii,
    Hex,
    Base64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum PopulationArgument {
    #[default]
    All,
    NoPureAck,
    Payload,
    PayloadNoRetransmission,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum InitiatorArgument {
    #[default]
    Protocol,
    FirstPacket,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum KeyPart {
    Vlan,
    /// VLAN tags with identifier 0, which tell a priority and no VLAN
    Priority,
    Vni,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum CatalogueFormat {
    #[default]
    Text,
    Markdown,
    Json,
}

const EXIT_CODES: &str = "Exit codes:
  0    all well
  1    finished with losses: standard error says which
  2    could not run: standard error says why
  130  interrupted: what was read until then is in NAME.partial.EXT";

const FLOWS_EXAMPLES: &str = "Examples:
  flowloom flows capture.pcapng
  flowloom flows capture.pcap.gz -o flows.parquet --features core,statistics
  flowloom flows captures/ -o flows.csv --filter 'tcp port 443 or udp port 443'
  tcpdump -w - -c 1000 | flowloom flows - -o - --format jsonl
  flowloom flows a.pcap -o a.parquet --features core,sequences --sequence-max 255
  flowloom flows a.pcap --filter 'tls.version = \"TLS 1.0\" or http.status >= 400'
  flowloom flows a.pcap --features core,tls --events dns,http -o tables/
  flowloom flows a.pcap --format zeek -o logs/
  flowloom flows a.pcap --format eve -o - | jq 'select(.event_type == \"dns\")'";

const STREAMS_EXAMPLES: &str = "Examples:
  flowloom streams capture.pcap --flow 17
  flowloom streams capture.pcap --filter 'http.status >= 500' --as messages
  flowloom streams capture.pcap --as messages --format jsonl --data ascii | jq .data
  flowloom streams capture.pcap --flow 17 --as raw --direction down > body.bin
  flowloom streams captures/ --as raw -o streams/ --strict
  flowloom streams capture.pcap --objects --decode -o objects/
  flowloom streams capture.pcap --ip --format jsonl";

const PACKETS_EXAMPLES: &str = "Examples:
  flowloom packets capture.pcapng
  flowloom packets capture.pcap --format tree --frames 10-20
  flowloom packets capture.pcap --format jsonl --filter 'udp port 53' | jq .dns
  flowloom packets capture.pcap -e frame.number -e ip.src -e tcp.flags -o flags.csv
  flowloom packets --fields";

const INFO_EXAMPLES: &str = "Examples:
  flowloom info capture.pcapng
  flowloom info captures/ --json | jq '{capture, frames, duration}'
  ssh host tcpdump -c 10000 -w - | flowloom info -";

const MERGE_EXAMPLES: &str = "Examples:
  flowloom merge monday.pcap tuesday.pcap -o days.pcapng
  flowloom merge flows/ -o all.pcapng.zst
  flowloom merge traces/ --label-path '{website}/{run}.pcap' --append -o traces.pcapng";

const CUT_EXAMPLES: &str = "Examples:
  flowloom cut a.pcap --frames 100-200 -o part.pcap
  flowloom cut a.pcapng --from 2024-05-01T12:00:00Z --until 2024-05-01T12:05:00Z -o part.pcapng
  flowloom cut a.pcap.gz --filter 'tcp port 443' --snaplen 96 -o headers.pcap.gz
  flowloom cut a.pcap --pieces 60s -o minutes.pcap";

const CONVERT_EXAMPLES: &str = "Examples:
  flowloom convert a.pcapng -o a.pcap
  flowloom convert a.pcap -o a.pcapng.zst
  ssh host tcpdump -w - | flowloom convert - -o - --format pcapng --compression zstd > a.pcapng.zst";
