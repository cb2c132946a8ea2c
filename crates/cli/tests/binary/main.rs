//! The binary as its users have it: arguments in; output, messages and exit codes out.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "tests fail, and say what they did")]

mod anonymize;
mod anonymize_captures;
mod common;
mod info;
mod inputs;
#[cfg(unix)]
mod interrupt;
mod mistakes;
mod outputs;
mod rerun;
#[cfg(unix)]
mod rewrite;
mod split;
mod streams;
mod traces;
