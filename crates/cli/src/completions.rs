//! `flowloom completions`: a script for a shell, made of what can be typed.

use std::error::Error;
use std::process::ExitCode;

use clap::CommandFactory as _;

use crate::arguments::{Cli, CompletionsArguments};
use crate::report;

pub(crate) fn completions(arguments: &CompletionsArguments) -> Result<ExitCode, Box<dyn Error>> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "flowloom", &mut script);
    report::shown(&String::from_utf8(script)?)
}
