//! Logs of other programs, read as those programs' users read them, and compared with what Zeek, Suricata and
//! tshark say of the same captures.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "tests fail, and say what they did")]

mod common;
mod eve;
mod ipfix;
mod surface;
mod zeek;
