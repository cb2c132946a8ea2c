//! Sinks from outside: what is written is read back by others, and failures are told as they are.
#![expect(clippy::unwrap_used, reason = "nothing to recover: it stops, and says where")]
#![expect(clippy::print_stdout, reason = "tests say what they compared and what they skipped")]

mod failures;
mod order;
mod round_trip;
mod tables;
