//! Sinks from outside: what is written is read back by others, and failures are told as they are.
#![expect(clippy::print_stdout, reason = "tests say what they compared and what they skipped")]

mod round_trip;
mod tables;
