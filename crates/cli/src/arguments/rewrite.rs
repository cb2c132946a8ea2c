//! What can be typed behind `flowloom merge`, `cut` and `convert`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};
use flowloom_engine::{FrameRange, Pieces};

use crate::parse::{duration, pieces, snap_len, time};

#[derive(Debug, Args)]
#[command(after_help = MERGE_EXAMPLES)]
pub(crate) struct MergeArguments {
    /// Captures: files (pcap, pcapng, snoop; plain, gzip, zstd, lz4), directories, globs, or `-`
    #[arg(required = true, value_name = "CAPTURE", value_hint = ValueHint::FilePath)]
    pub(crate) captures: Vec<OsString>,
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
    #[arg(required = true, value_name = "CAPTURE", value_hint = ValueHint::FilePath)]
    pub(crate) captures: Vec<OsString>,
    /// Only these frames, by their numbers: 10-20,35,100-
    #[arg(long, value_name = "RANGE,...", value_delimiter = ',', allow_hyphen_values = true)]
    pub(crate) frames: Vec<FrameRange>,
    /// Only frames at or after this time (RFC 3339, or seconds since 1970)
    #[arg(long, value_name = "TIME", value_parser = time, allow_hyphen_values = true)]
    pub(crate) from: Option<i64>,
    /// Only frames before this time
    #[arg(long, value_name = "TIME", value_parser = time, allow_hyphen_values = true)]
    pub(crate) until: Option<i64>,
    /// Only frames for which an expression of tcpdump's language is true
    #[arg(short, long, value_name = "EXPRESSION")]
    pub(crate) filter: Option<String>,
    /// Drop frames that repeat one of the last while byte for byte, such as 10ms
    #[arg(long, value_name = "WINDOW", value_parser = duration, allow_hyphen_values = true)]
    pub(crate) dedup: Option<i64>,
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
    #[arg(value_name = "CAPTURE", value_hint = ValueHint::FilePath)]
    pub(crate) capture: OsString,
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

const MERGE_EXAMPLES: &str = "Examples:
  flowloom merge monday.pcap tuesday.pcap -o days.pcapng
  flowloom merge flows/ -o all.pcapng.zst
  flowloom merge traces/ --label-path '{website}/{run}.pcap' --append -o traces.pcapng";

const CUT_EXAMPLES: &str = "Examples:
  flowloom cut a.pcap --frames 100-200 -o part.pcap
  flowloom cut a.pcapng --from 2024-05-01T12:00:00Z --until 2024-05-01T12:05:00Z -o part.pcapng
  flowloom cut a.pcap.gz --filter 'tcp port 443' --snaplen 96 -o headers.pcap.gz
  flowloom cut tap1.pcap tap2.pcap --dedup 10ms -o once.pcap
  flowloom cut a.pcap --pieces 60s -o minutes.pcap";

const CONVERT_EXAMPLES: &str = "Examples:
  flowloom convert a.pcapng -o a.pcap
  flowloom convert a.pcap -o a.pcapng.zst
  ssh host tcpdump -w - | flowloom convert - -o - --format pcapng --compression zstd > a.pcapng.zst";
