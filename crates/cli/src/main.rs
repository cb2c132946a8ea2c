//! The `flowloom` binary: arguments to configuration to engine; no logic.

mod anonymize;
mod arguments;
mod completions;
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

use std::env;
use std::error::Error;
use std::ffi::{c_int, c_long};
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

use arguments::{Cli, Command};
use mimalloc::MiMalloc;

/// Flows come and go by the million, on several threads: the system's allocator is twice as slow.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    keep_freed_memory();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return refused(&error).unwrap_or_else(|error| failed(error.as_ref())),
    };
    let outcome = match cli.command {
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
        Command::Completions(arguments) => completions::completions(&arguments),
    };
    outcome.unwrap_or_else(|error| failed(error.as_ref()))
}

fn failed(error: &(dyn Error + 'static)) -> ExitCode {
    report::error(error);
    report::COULD_NOT_RUN.into()
}

/// Gives the help that was asked for, or says what cannot be meant by what was typed; of a capture
/// in the place of a command, what was.
fn refused(error: &clap::Error) -> Result<ExitCode, Box<dyn Error>> {
    let first = env::args_os().nth(1).map(PathBuf::from).filter(|first| first.exists());
    if let (ErrorKind::InvalidSubcommand, Some(name)) = (error.kind(), first) {
        let name = name.display();
        return Err(format!("{name} is no command; hint: flowloom flows {name}, or --help").into());
    }
    let outcome = error.print().and_then(|()| io::stdout().flush());
    if error.use_stderr() { Ok(report::COULD_NOT_RUN.into()) } else { report::printed(outcome) }
}

/// Batches come and go, each as large as the one before: memory given back to the system between them
/// would have to be cleared again, which takes a tenth of the time of a run.
#[expect(unsafe_code, reason = "options of the allocator are set by a function of C")]
fn keep_freed_memory() {
    unsafe extern "C" {
        fn mi_option_set(option: c_int, value: c_long);
    }
    /// `mi_option_purge_delay` of `mimalloc.h`.
    const PURGE_DELAY: c_int = 15;
    const NEVER: c_long = -1;
    // SAFETY: this is the function's declaration there; it asks for there being one thread, as there is.
    unsafe { mi_option_set(PURGE_DELAY, NEVER) }
}
