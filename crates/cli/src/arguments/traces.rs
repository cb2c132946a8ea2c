//! What can be typed after `flowloom traces`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, ValueHint};
use flowloom_engine::{Client, Format};

use super::{
    FrameArguments, InputArguments, LifeArguments, PaddingArguments, SequenceArguments,
    WorkArguments,
};
use crate::parse::{format, late_file};

#[derive(Debug, Args)]
#[command(after_help = TRACES_EXAMPLES)]
pub(crate) struct TracesArguments {
    /// Captures: files (pcap, pcapng, snoop; plain, gzip, zstd, lz4), directories, globs, or `-`
    #[arg(required = true, value_name = "CAPTURE", value_hint = ValueHint::FilePath)]
    pub(crate) captures: Vec<OsString>,

    #[command(flatten, next_help_heading = "Captures")]
    pub(crate) inputs: InputArguments,
    #[command(flatten, next_help_heading = "Output")]
    pub(crate) output: TracesOutputArguments,
    #[command(flatten, next_help_heading = "Columns")]
    pub(crate) columns: TraceColumnArguments,
    #[command(flatten, next_help_heading = "Which frames")]
    pub(crate) frames: FrameArguments,
    #[command(flatten, next_help_heading = "Flows")]
    pub(crate) life: LifeArguments,
    #[command(flatten, next_help_heading = "Work")]
    pub(crate) work: WorkArguments,
}

#[derive(Debug, Args)]
pub(crate) struct TracesOutputArguments {
    /// File to write, its format told by its ending; `-` is standard output, `null` writes nothing
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Format: table, parquet, arrow, csv, json, jsonl, null, or npz: arrays of one length for NumPy,
    /// beside them `lengths`, `capture` and the labels
    #[arg(long, value_name = "FORMAT", value_parser = format)]
    pub(crate) format: Option<Format>,
    /// Replace the file if it is there already
    #[arg(long)]
    pub(crate) force: bool,
    /// Rows a table on the terminal shows at most [default: 1000]
    #[arg(long, value_name = "N")]
    pub(crate) rows: Option<usize>,
    /// Show all columns in a table, not a choice of them
    #[arg(long)]
    pub(crate) all_columns: bool,
    /// Write the account of the run (what became of every frame) as JSON
    #[arg(long, value_name = "FILE", value_parser = late_file())]
    pub(crate) report: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) padding: PaddingArguments,
}

#[derive(Debug, Args)]
pub(crate) struct TraceColumnArguments {
    /// The host that packets go up from: an address, a network (10.0.0.0/8), a hardware address, or
    /// auto, which is the one that opened the most flows of a capture
    #[arg(long, value_name = "HOST", default_value_t)]
    pub(crate) client: Client,
    /// Columns, separated by commas; `flowloom features --traces` lists them [default: all; with npz,
    /// directions]
    #[arg(long, value_name = "COLUMN,...", value_delimiter = ',')]
    pub(crate) columns: Vec<String>,
    /// Directory of YAML files that declare protocols, for the words of --filter
    #[arg(long, value_name = "DIR")]
    pub(crate) protocols: Option<PathBuf>,
    /// Replace the addresses in `client` by others, with the key in this file, as `flows` does
    #[arg(long, value_name = "KEYFILE")]
    pub(crate) anonymize: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) sequences: SequenceArguments,
}

const TRACES_EXAMPLES: &str = "Examples:
  flowloom traces capture.pcapng
  flowloom traces captures/ -o traces.parquet --label-path '{website}/{run}.pcap'
  flowloom traces captures/ -o traces.parquet --client 10.0.0.0/8 --population no-pure-ack
  flowloom traces captures/ -o traces.npz --columns directions,times --length 5000
  flowloom traces a.pcap --format jsonl --columns directions,times --sequence-max 5000
  flowloom traces a.pcap -o a.csv --filter 'tls.sni endswith \"example.com\"'";
