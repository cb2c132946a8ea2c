//! Chores of the project, run as `cargo xtask COMMAND`: one module per command.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "chores talk to a terminal")]

mod bench;
mod fuzz;
mod generate;
mod tidy;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments[..] {
        [] | ["help" | "--help" | "-h"] => {
            print!("{HELP}");
            Ok(())
        }
        ["bench", ref wanted @ ..] => bench::run(&root(), wanted),
        ["fuzz", ref wanted @ ..] => fuzz::run(&root(), wanted),
        ["generate"] => generate::run(&root(), false),
        ["generate", "--check"] => generate::run(&root(), true),
        ["tidy"] => tidy::run(&root()),
        _ => Err(format!("unknown command: {}\n\n{HELP}", arguments.join(" "))),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("xtask: {message}");
            ExitCode::FAILURE
        }
    }
}

/// The folder of the workspace, wherever the command was given.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

const HELP: &str = "\
Usage: cargo xtask COMMAND

  bench     run flowloom in turn with the yardstick of ../shared/bench, itself and its peers, and
            print ratios; with a word, only the benches whose names have it
  fuzz      look for inputs that break a target of fuzz/ (or all, in turn): fuzz [TARGET]
            [--seconds N], 600 seconds each unless said; needs cargo-fuzz
  generate  write the pages that follow from declarations (docs/columns.md, docs/cli.md);
            with --check, only say whether they are fresh
  tidy      check what the compiler does not: sizes, opening comments, who may depend on whom,
            what dependencies are for, words that must not be committed, the two READMEs
";
