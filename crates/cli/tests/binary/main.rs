//! The binary as its users have it: arguments in; output, messages and exit codes out.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;
mod inputs;
#[cfg(unix)]
mod interrupt;
