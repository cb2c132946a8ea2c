//! Packets to flows: key, table, life cycle, IP defragmentation, TCP marks.
//!
//! No I/O and no clock: time comes with the packets. State lives in [`Partition`]s, each owning a
//! fixed share of the keys and of every limit, so that what a flow becomes never depends on how
//! many threads there are. What a feature family keeps of a flow's packets hangs on the flow by
//! the trait [`Keep`]; this crate knows nothing of columns.
#![forbid(unsafe_code)]

mod arrival;
mod clock;
mod coming;
mod deadlines;
mod defrag;
mod first;
mod flow;
mod fragment;
mod hash;
mod key;
mod marks;
mod partition;
mod runs;
mod settings;
mod slab;
mod stream;
mod tcp;

pub use arrival::{Arrival, Origin, Place, RecordPlace};
pub use clock::{Clock, Clocks};
pub use coming::Coming;
pub use defrag::{Datagram, DatagramOrigin, Defrag, DefragCounts};
pub use first::First;
pub use flow::{
    EndReason, Ended, Flow, InitiatorBy, Introduction, Keep, Known, Load, RoundTrips, Seen, Side,
    TcpState, Troubles,
};
pub use hash::{KeyHasher, partition_of};
pub use key::{Direction, FlowKey};
pub use marks::PacketMarks;
pub(crate) use partition::NOWHERE;
pub use partition::{PARTITIONS, Partition, PartitionCounts};
pub use runs::Runs;
pub use settings::{Initiator, KeyIgnore, Limits, Network, Population, Settings, Timeouts};
pub use stream::{Delivery, Overlap, Stream, StreamSegment};
