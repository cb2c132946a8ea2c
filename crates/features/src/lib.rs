//! Flows to columns: one file per family.
//!
//! A [`Family`] declares its columns and appends a finished flow to their series. What families
//! need of single packets is [`Kept`] on the flow, and only when a family asked for it. Nothing here knows Arrow or a file.
#![forbid(unsafe_code)]

mod addresses;
mod bytes;
mod community_id;
mod connection;
mod core;
mod events;
mod exact;
mod family;
mod frames;
mod kept;
mod moments;
mod said;
mod sequences;
mod sets;
mod statistics;
#[cfg(test)]
mod testing;
mod trace;

pub use events::Events;
pub use family::{Anonymize, Family, FlowRow, Needs, Signs, group_mac};
pub use kept::{
    FirstBytesShared, FrameList, FramesShared, Kept, KeptShared, Log, LogLimits, LogShared,
    PacketRecord, TracePacket, TraceShared,
};
pub use sets::{Families, RESERVED, SETS, Set, catalogue};
pub use statistics::{Sample, Statistic, Summary};
pub use trace::{TraceRow, TraceTable};
