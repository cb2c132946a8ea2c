//! What can be typed behind `flowloom info`.

use std::ffi::OsString;
use std::num::NonZeroUsize;

use clap::{Args, ValueHint};

use crate::parse::threads;

#[derive(Debug, Args)]
#[command(after_help = INFO_EXAMPLES)]
pub(crate) struct InfoArguments {
    /// Captures: files (pcap, pcapng, snoop; plain, gzip, zstd, lz4), directories, globs, or `-`
    #[arg(required = true, value_name = "CAPTURE", value_hint = ValueHint::FilePath)]
    pub(crate) captures: Vec<OsString>,
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
    #[arg(short = 'j', long, value_name = "N", value_parser = threads)]
    pub(crate) threads: Option<NonZeroUsize>,
    /// Show no progress
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

const INFO_EXAMPLES: &str = "Examples:
  flowloom info capture.pcapng
  flowloom info captures/ --json | jq '{capture, frames, duration}'
  ssh host tcpdump -c 10000 -w - | flowloom info -";
