//! What can be typed after `flowloom anonymize`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};

#[derive(Debug, Args)]
#[command(after_help = ANONYMIZE_EXAMPLES)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag that can be typed")]
pub(crate) struct AnonymizeArguments {
    /// Captures: files (pcap, pcapng, snoop; plain, gzip, zstd, lz4), directories, globs, or `-`
    #[arg(required = true, value_name = "CAPTURE", value_hint = ValueHint::FilePath)]
    pub(crate) captures: Vec<OsString>,
    /// File to write, or a directory for several captures, which keep their names; `-` is standard
    /// output. The ending tells the compression, and the format if it is .pcap or .pcapng; else it
    /// is the input's
    #[arg(short, long, value_name = "OUT")]
    pub(crate) output: PathBuf,
    /// Key: 32 bytes, or 64 hexadecimal digits. The same key gives the same addresses, also in
    /// `flows --anonymize`; without one, a random key is used and forgotten
    #[arg(long, value_name = "KEYFILE")]
    pub(crate) key: Option<PathBuf>,
    /// Make the key if there is no such file
    #[arg(long, requires = "key")]
    pub(crate) new_key: bool,
    /// What becomes of payload, and of all else that is not a known header: zero, cut (frames end
    /// before it, their original length stays), names (zero, but for messages of DNS, hellos of TLS
    /// and heads of HTTP/1, with other names and addresses in them), or keep (all it says stays, but
    /// for the addresses that are found in it; captures are read twice)
    #[arg(long, value_name = "HOW", value_enum, default_value = "zero")]
    pub(crate) payload: PayloadArgument,
    /// Keep the vendor of hardware addresses: their first three bytes
    #[arg(long)]
    pub(crate) keep_vendors: bool,
    /// Replace files that are there
    #[arg(long)]
    pub(crate) force: bool,
    /// Say nothing but errors, and show no progress
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PayloadArgument {
    /// Zeros in its place
    Zero,
    /// Frames end before it
    Cut,
    /// Zeros, but DNS, hellos of TLS and heads of HTTP/1 with other names
    Names,
    /// Left, but for addresses found in it
    Keep,
}

const ANONYMIZE_EXAMPLES: &str = "Examples:
  flowloom anonymize a.pcap -o shared.pcap
  flowloom anonymize monday.pcap tuesday.pcapng.gz --key my.key --new-key -o shared/
  flowloom anonymize a.pcapng --payload cut --keep-vendors -o headers.pcapng
  flowloom anonymize a.pcapng --payload names --key my.key -o named.pcapng";
