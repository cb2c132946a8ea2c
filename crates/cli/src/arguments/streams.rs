//! What can be typed behind `flowloom streams`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};

use super::{FlowArguments, FrameArguments, OverlapArgument, WorkArguments};
use crate::parse::{late_file, size};

#[derive(Debug, Args)]
#[command(after_help = STREAMS_EXAMPLES)]
pub(crate) struct StreamsArguments {
    /// Captures: files (pcap, pcapng, snoop; plain, gzip, zstd, lz4), directories, globs, or `-`
    #[arg(required = true, value_name = "CAPTURE", value_hint = ValueHint::FilePath)]
    pub(crate) captures: Vec<OsString>,
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
    // What is required is not missed where something else rules it out.
    #[arg(long, requires = "objects", conflicts_with_all = ["view", "direction", "ip"])]
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
    #[arg(long, value_name = "FILE", value_parser = late_file())]
    pub(crate) report: Option<PathBuf>,
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

const STREAMS_EXAMPLES: &str = "Examples:
  flowloom streams capture.pcap --flow 17
  flowloom streams capture.pcap --filter 'http.error_count > 0' --as messages
  flowloom streams capture.pcap --as messages --format jsonl --data ascii | jq .data
  flowloom streams capture.pcap --flow 17 --as raw --direction down > body.bin
  flowloom streams captures/ --as raw -o streams/ --strict
  flowloom streams capture.pcap --objects --decode -o objects/
  flowloom streams capture.pcap --ip --format jsonl";
