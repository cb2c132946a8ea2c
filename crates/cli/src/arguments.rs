//! What can be typed.

mod anonymize;
pub(crate) mod info;
mod life;
pub(crate) mod packets;
mod padding;
pub(crate) mod rerun;
pub(crate) mod rewrite;
pub(crate) mod split;
pub(crate) mod streams;
pub(crate) mod traces;

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;
use flowloom_engine::{DEFAULT_SETS, Format};

use self::info::InfoArguments;
use self::packets::PacketsArguments;
use self::rerun::RerunArguments;
use self::rewrite::{ConvertArguments, CutArguments, MergeArguments};
use self::split::SplitArguments;
use self::streams::StreamsArguments;
use self::traces::TracesArguments;
use crate::parse::{duration, format, late_file, size, threads, time, word};

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
    /// What a shell needs to complete commands, options and names of captures
    Completions(CompletionsArguments),
}

#[derive(Debug, Args)]
#[command(after_help = FLOWS_EXAMPLES)]
pub(crate) struct FlowsArguments {
    /// Captures: files (pcap, pcapng, snoop; plain, gzip, zstd, lz4), directories, globs, or `-`
    #[arg(required = true, value_name = "CAPTURE", value_hint = ValueHint::FilePath)]
    pub(crate) captures: Vec<OsString>,

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
    /// `s=SAMPLE,NAME=VALUE,...`; each sample is a trace then [default names: `sample_id,label`]
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
    /// File to write, its format told by its ending; `-` is standard output, `null` writes nothing.
    /// Texts are compressed where .gz, .zst or .lz4 comes behind, as in flows.csv.gz. With --events, a directory, for files of the format of --format (parquet if none is given);
    /// with --format zeek, one for the logs
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Format: table, parquet, arrow, csv, json, jsonl, npz; zeek, eve, ipfix, which are logs of other
    /// programs with fields of their own; null
    #[arg(long, value_name = "FORMAT", value_parser = format)]
    pub(crate) format: Option<Format>,
    /// Replace what is there of tables with --events, and of logs of --format zeek, eve or ipfix; other
    /// outputs always do
    #[arg(long)]
    pub(crate) force: bool,
    /// Order of rows: as flows end (bounded memory), or as they start
    #[arg(long, value_enum, default_value_t)]
    pub(crate) order: OrderArgument,
    /// Rows a table on the terminal shows at most [default: 1000]
    #[arg(long, value_name = "N")]
    pub(crate) rows: Option<usize>,
    /// Show all columns in a table, not a choice of them; so does --columns
    #[arg(long)]
    pub(crate) all_columns: bool,
    /// Write the account of the run (what became of every frame) as JSON
    #[arg(long, value_name = "FILE", value_parser = late_file())]
    pub(crate) report: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) padding: PaddingArguments,
}

#[derive(Debug, Args)]
pub(crate) struct ColumnArguments {
    /// Feature sets, separated by commas; `flowloom features` lists them with their columns
    #[arg(long, value_name = "SET,...", value_delimiter = ',', value_parser = word, default_values_t = DEFAULT_SETS.map(String::from))]
    pub(crate) features: Vec<String>,
    /// The columns that are wanted, of whatever feature sets, in this order, separated by commas;
    /// labels come behind them
    #[arg(long, value_name = "COLUMN,...", value_delimiter = ',', value_parser = word,
        conflicts_with_all = ["features", "without"])]
    pub(crate) columns: Vec<String>,
    /// Event tables, separated by commas, written beside the flows into the directory of -o;
    /// `flowloom features --events` lists them with their columns
    #[arg(long, value_name = "TABLE,...", value_delimiter = ',', value_parser = word)]
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
    /// Columns to leave out of the feature sets, separated by commas
    #[arg(long, value_name = "COLUMN,...", value_delimiter = ',', value_parser = word)]
    pub(crate) without: Vec<String>,
    /// Replace addresses by others, with the key in this file (32 bytes, or 64 hex digits), so
    /// that addresses with equal prefixes keep them (Crypto-PAn): `src_ip`, `dst_ip`,
    /// `community_id`, and the hardware addresses, which lose their vendor. Filters, `--client`
    /// and labels are about the real ones
    #[arg(long, value_name = "KEYFILE")]
    pub(crate) anonymize: Option<PathBuf>,
    /// Packets of a flow whose bytes the feature set `bytes` has
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(crate) bytes_packets: usize,
    /// Bytes of payload that it has of each of them at most
    #[arg(long, value_name = "BYTES", default_value_t = 256)]
    pub(crate) bytes_payload: u32,
    #[command(flatten)]
    pub(crate) sequences: SequenceArguments,
}

#[derive(Debug, Args)]
pub(crate) struct SequenceArguments {
    /// Packets in a sequence at most
    #[arg(long, value_name = "N", default_value_t = 65_536)]
    pub(crate) sequence_max: usize,
    /// Time covered by a sequence at most, such as 10s
    #[arg(long, value_name = "TIME", value_parser = duration, allow_hyphen_values = true)]
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
    #[arg(long, value_name = "TIME", value_parser = time, allow_hyphen_values = true)]
    pub(crate) from: Option<i64>,
    /// Only frames before this time
    #[arg(long, value_name = "TIME", value_parser = time, allow_hyphen_values = true)]
    pub(crate) until: Option<i64>,
    /// Drop frames that repeat one of the last while byte for byte, such as 10ms
    #[arg(long, value_name = "WINDOW", value_parser = duration, allow_hyphen_values = true)]
    pub(crate) dedup: Option<i64>,
    /// IP headers inside one another that are followed at most
    #[arg(long, value_name = "N", default_value_t = 8)]
    pub(crate) ip_headers_max: u8,
}

#[derive(Debug, Args)]
pub(crate) struct WorkArguments {
    /// Threads [default: the processors there are]
    #[arg(short = 'j', long, value_name = "N", value_parser = threads)]
    pub(crate) threads: Option<NonZeroUsize>,
    /// Say nothing but errors, and show no progress
    #[arg(short, long)]
    pub(crate) quiet: bool,
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

#[derive(Debug, Args)]
#[command(after_help = COMPLETIONS_EXAMPLES)]
pub(crate) struct CompletionsArguments {
    /// The shell
    pub(crate) shell: Shell,
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

const COMPLETIONS_EXAMPLES: &str = "Examples:
  flowloom completions bash > ~/.local/share/bash-completion/completions/flowloom
  flowloom completions zsh > ~/.zfunc/_flowloom    # a directory of fpath
  flowloom completions fish > ~/.config/fish/completions/flowloom.fish";

const FLOWS_EXAMPLES: &str = "Examples:
  flowloom flows capture.pcapng
  flowloom flows capture.pcap.gz -o flows.parquet --features core,statistics
  flowloom flows captures/ -o flows.csv --filter 'tcp port 443 or udp port 443'
  tcpdump -w - -c 1000 | flowloom flows - -o - --format jsonl
  flowloom flows a.pcap -o a.parquet --features core,sequences --sequence-max 255
  flowloom flows a.pcap --columns start_time,src_ip,dst_ip,tls_sni,byte_count
  flowloom flows a.pcap --filter 'tls.version = \"TLS 1.0\" or http.error_count > 0'
  flowloom flows a.pcap --features core,tls --events dns,http -o tables/
  flowloom flows a.pcap --format zeek -o logs/
  flowloom flows a.pcap --format eve -o - | jq 'select(.event_type == \"dns\")'";
