//! What can be typed behind `flowloom packets`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};
use flowloom_engine::FrameRange;

#[derive(Debug, Args)]
#[command(after_help = PACKETS_EXAMPLES)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag that can be typed")]
pub(crate) struct PacketsArguments {
    /// Captures: files (pcap, pcapng, snoop; plain, gzip, zstd, lz4), directories, globs, or `-`;
    /// with --fields, names of layers
    #[arg(required_unless_present = "fields", value_name = "CAPTURE", value_hint = ValueHint::FilePath)]
    pub(crate) captures: Vec<OsString>,
    /// How packets are written: a line each, a tree of layers and fields, JSON Lines, one JSON
    /// document, a property list, chosen fields as CSV, or bytes with their layers marked [default:
    /// by the ending of the output (.jsonl, .json, .plist, .csv), else line; with -e, csv]
    #[arg(long, value_enum)]
    pub(crate) format: Option<PacketFormatArgument>,
    /// File to write; `-` is standard output. It is compressed where its name ends in .gz, .zst or .lz4
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Replace the file if it is there already
    #[arg(long)]
    pub(crate) force: bool,
    /// A field for CSV, such as `tcp.flags`; may be given again and again
    #[arg(short = 'e', value_name = "FIELD", value_delimiter = ',')]
    pub(crate) field: Vec<String>,
    /// List the fields of all layers, or of those that are named, and do nothing else
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

const PACKETS_EXAMPLES: &str = "Examples:
  flowloom packets capture.pcapng
  flowloom packets capture.pcap --format tree --frames 10-20
  flowloom packets capture.pcap --format jsonl --filter 'udp port 53' | jq .dns
  flowloom packets capture.pcap -e frame.time_relative -e ip.src -e tcp.flags -o flags.csv
  flowloom packets capture.pcap -o packets.jsonl
  flowloom packets --fields tcp dns";
