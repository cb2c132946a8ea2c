//! The `flowloom` binary: arguments to configuration to engine; no logic.

mod anonymize;
mod arguments;
mod features;
mod flows;
mod info;
mod packets;
mod parse;
mod progress;
mod report;
mod rerun;
mod rewrite;
mod split;
mod streams;
mod traces;

use std::process::ExitCode;

use clap::Parser;

use arguments::{Cli, Command};
use mimalloc::MiMalloc;

/// Flows come and go by the million, on several threads: the system's allocator is twice as slow.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Flows(arguments) => flows::flows(*arguments),
        Command::Traces(arguments) => traces::traces(*arguments),
        Command::Rerun(arguments) => rerun::rerun(arguments),
        Command::Split(arguments) => split::split(*arguments),
        Command::Info(arguments) => info::info(&arguments),
        Command::Merge(arguments) => rewrite::merge(&arguments),
        Command::Cut(arguments) => rewrite::cut(&arguments),
        Command::Convert(arguments) => rewrite::convert(&arguments),
        Command::Streams(arguments) => streams::streams(*arguments),
        Command::Packets(arguments) => packets::packets(&arguments),
        Command::Anonymize(arguments) => anonymize::run(&arguments),
        Command::Features(arguments) => features::features(&arguments),
    };
    outcome.unwrap_or_else(|error| {
        report::error(error.as_ref());
        report::COULD_NOT_RUN.into()
    })
}
