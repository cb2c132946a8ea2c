//! What can be typed behind `flowloom split`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, ValueHint};
use flowloom_engine::DEFAULT_SETS;

use super::{FlowArguments, FrameArguments, InputArguments, WorkArguments};
use crate::parse::{directory, late_file, period};

#[derive(Debug, Args)]
#[command(after_help = SPLIT_EXAMPLES, mut_arg("rotated", |arg| arg.help(ROTATED_HELP)))]
pub(crate) struct SplitArguments {
    /// Captures: files (pcap, pcapng, snoop; plain, gzip, zstd, lz4), directories, globs, or `-`
    #[arg(required_unless_present = "from_index", value_name = "CAPTURE", value_hint = ValueHint::FilePath)]
    pub(crate) captures: Vec<OsString>,

    #[command(flatten, next_help_heading = "Files")]
    pub(crate) files: FilesArguments,
    #[command(flatten, next_help_heading = "Captures")]
    pub(crate) inputs: InputArguments,
    #[command(flatten, next_help_heading = "Which frames")]
    pub(crate) frames: FrameArguments,
    #[command(flatten, next_help_heading = "Flows")]
    pub(crate) flows: FlowArguments,
    #[command(flatten, next_help_heading = "Work")]
    pub(crate) work: WorkArguments,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct FilesArguments {
    /// Directory of the files; it gets its name when all of them are whole. With --from-index, a
    /// name that ends in .pcap or .pcapng is one file for all flows
    #[arg(short, long, value_name = "DIR", value_parser = directory(),
        required_unless_present = "index")]
    pub(crate) output: Option<PathBuf>,
    /// Write no flows, but an index (Parquet) with which --from-index takes any of them out later
    /// without reading the rest. Captures must be plain files
    #[arg(long, value_name = "FILE", conflicts_with_all = ["output", "by", "window", "name"])]
    pub(crate) index: Option<PathBuf>,
    /// Feature sets of the index, separated by commas, for what filters are to ask of it
    #[arg(long, value_name = "SET,...", value_delimiter = ',', requires = "index",
        conflicts_with = "output", default_values_t = DEFAULT_SETS.map(String::from))]
    pub(crate) features: Vec<String>,
    /// Take flows out of the captures of an index: those of --flow, or for which --filter is true
    #[arg(long, value_name = "FILE", conflicts_with_all = SETTLED_BY_AN_INDEX)]
    pub(crate) from_index: Option<PathBuf>,
    /// Only the flows with these numbers (`flow_id`), separated by commas
    // What is required is not missed where something else rules it out.
    #[arg(
        long,
        value_name = "ID,...",
        value_delimiter = ',',
        requires = "from_index",
        conflicts_with = "captures"
    )]
    pub(crate) flow: Vec<i64>,
    /// What has a file of its own: flow (by its life cycle), key (all packets of a 5-tuple),
    /// pkt2flow (a 5-tuple until 1,800 s after its first packet, in directories as pkt2flow has
    /// them), application, sni, label, or columns, separated by commas, whose values are the same
    #[arg(long, value_name = "WHAT", default_value = "flow")]
    pub(crate) by: String,
    /// A file for the frames of each so much time since 1970, such as 60s
    #[arg(long, value_name = "TIME", value_parser = period, allow_hyphen_values = true, conflicts_with = "by")]
    pub(crate) window: Option<i64>,
    /// How files are named: text with names of columns in braces; the usual one is
    /// `{src_ip}_{src_port}-{dst_ip}_{dst_port}-{start_time}`. A `/` makes directories. Of values,
    /// what is no letter, digit or one of `._-+=@,` becomes `_`; names that come again are numbered
    #[arg(long, value_name = "TEMPLATE")]
    pub(crate) name: Option<String>,
    /// Write into a directory that has files, over those of the same names; replace an index
    #[arg(long)]
    pub(crate) force: bool,
    /// Directory of YAML files that declare protocols, beside those that are known
    #[arg(long, value_name = "DIR")]
    pub(crate) protocols: Option<PathBuf>,
    /// Write the account of the run (what became of every frame) as JSON
    #[arg(long, value_name = "FILE", value_parser = late_file())]
    pub(crate) report: Option<PathBuf>,
}

/// What was said when an index was made, or is said of what is made without one.
const SETTLED_BY_AN_INDEX: [&str; 15] = [
    "captures",
    "index",
    "by",
    "window",
    "report",
    "label_comments",
    "LabelArguments",
    "count",
    "from",
    "until",
    "dedup",
    "ip_headers_max",
    "initiator",
    "client",
    "LifeArguments",
];

/// Frames are taken out of the file they are in, and pieces are several.
const ROTATED_HELP: &str =
    "Refused with more than one capture: put the pieces of one together with `merge` first";

const SPLIT_EXAMPLES: &str = "Examples:
  flowloom split capture.pcapng -o flows/
  flowloom split capture.pcap.gz -o dns/ --filter 'udp port 53'
  flowloom split capture.pcap -o hosts/ --by sni
  flowloom split capture.pcap -o flows/ --name '{application}/{flow_id}'
  tcpdump -w - | flowloom split - -o minutes/ --window 60s
  flowloom split capture.pcap --index flows.parquet
  flowloom split --from-index flows.parquet --flow 17,4711 -o two.pcap
  flowloom split --from-index flows.parquet --filter 'port 443' -o flows/
  flowloom split captures/ -o sites/ --by label --label-path '{website}/{run}.pcap'";
