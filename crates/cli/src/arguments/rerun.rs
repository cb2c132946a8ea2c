//! What can be typed after `flowloom rerun`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use super::WorkArguments;
use crate::parse::late_file;

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct RerunArguments {
    /// Table of flows: a Parquet or Arrow file, which carries the settings it was made with
    pub(crate) table: PathBuf,
    /// Captures to read in place of those that the table names
    pub(crate) captures: Vec<OsString>,
    /// File to write, its format told by its ending
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Write the account of the run (what became of every frame) as JSON
    #[arg(long, value_name = "FILE", value_parser = late_file())]
    pub(crate) report: Option<PathBuf>,

    #[command(flatten, next_help_heading = "What no table keeps")]
    pub(crate) given: GivenArguments,
    #[command(flatten, next_help_heading = "Work")]
    pub(crate) work: WorkArguments,
}

#[derive(Debug, Args)]
pub(crate) struct GivenArguments {
    /// The manifest of labels, where there was one
    #[arg(long, value_name = "FILE")]
    pub(crate) labels: Option<PathBuf>,
    /// The key of addresses, where they were replaced
    #[arg(long, value_name = "KEYFILE")]
    pub(crate) anonymize: Option<PathBuf>,
    /// The network of the clients, where it was given and addresses were replaced
    #[arg(long, value_name = "NET")]
    pub(crate) client: Option<String>,
    /// The directory of YAML files that declare protocols, where there was one
    #[arg(long, value_name = "DIR")]
    pub(crate) protocols: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  flowloom rerun flows.parquet -o again.parquet
  flowloom rerun flows.parquet new/*.pcap -o new.parquet";
