//! Application protocols: what the two sides of a flow say to one another.
//!
//! A [`Conversation`] hangs on a flow and takes its payload, packet by packet. It puts TCP segments
//! in order, finds the [`Protocol`] by what the first bytes look like, hands the bytes to its parser,
//! and keeps what was found in [`Findings`], from which columns and event tables are made. It holds
//! on to payload only while a parser still waits for something that the output needs.
//!
//! One folder per protocol; `registry.rs` lists them. No I/O, no clock, no Arrow.
#![forbid(unsafe_code)]

mod application;
mod context;
mod conversation;
mod cursor;
pub mod declared;
pub mod dhcp;
pub mod dns;
mod events;
mod findings;
pub mod http;
pub mod icmp;
#[cfg(feature = "ja4plus")]
pub mod ja4plus;
mod lists;
mod named;
mod openvpn;
mod parser;
mod protocol;
pub mod quic;
mod registry;
pub mod ssh;
mod starttls;
mod text;
pub mod tls;
mod transcript;
mod wants;

#[cfg(test)]
mod testing;

pub use application::ApplicationColumns;
pub use context::{Context, Ends, Lesson, Limits};
pub use conversation::{Conversation, Payload, RtpRun, Shared, SharedCounts};
pub use cursor::Cursor;
pub use events::{EVENTS, EventTable};
pub use findings::{Application, Findings, FoundBy};
pub use parser::{Datagram, DatagramParser, Input, Stamp, Step, StreamParser, Verdict};
pub use protocol::{Match, Opening, Protocol, Transport};
pub use registry::Registry;
pub use text::{WireText, hex, push_hex};
pub use transcript::{PieceHead, Pieces, Transcript, TranscriptShared};
pub use wants::{Want, Wants};
