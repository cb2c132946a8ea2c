//! What a parser may look at and write to beside its input.

use flowloom_flow::Overlap;
use flowloom_wire::Address;

use crate::http::Bodies;
use crate::{Findings, Wants};

/// What a parser may look at and write to beside its input.
#[derive(Debug)]
pub struct Context<'a> {
    /// What was found on this flow so far.
    pub findings: &'a mut Findings,
    /// What the output needs.
    pub wants: Wants,
    /// How much may be kept.
    pub limits: &'a Limits,
    /// Who speaks with whom.
    pub ends: Ends,
    /// What this flow teaches about others: added to as it is learnt.
    pub lessons: &'a mut Vec<Lesson>,
    /// Bodies of HTTP messages, where they are wanted: added to as they come.
    pub bodies: &'a mut Bodies,
}

/// The two sides of a flow, the initiator first.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ends {
    /// Addresses.
    pub addresses: [Address; 2],
    /// Ports.
    pub ports: [u16; 2],
    /// 4 or 6.
    pub ip_version: u8,
    /// The number of the flow's first frame.
    pub flow_id: u64,
}

/// What one flow teaches about others. Joined by frame number after the partitions, so that it does
/// not depend on the order in which they are handled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lesson {
    /// A DNS answer: the client was told that a name has an address.
    Name {
        /// The frame at which the answer was read.
        frame: u64,
        /// Its time.
        time: i64,
        /// Who asked.
        client: Address,
        /// What the name has.
        address: Address,
        /// The name that was asked for.
        name: Box<str>,
        /// For how many seconds the answer holds.
        ttl: u32,
    },
    /// A QUIC connection id that an endpoint has chosen for itself: packets sent to it are of this
    /// connection.
    ConnectionId {
        /// The frame at which it was read.
        frame: u64,
        /// The first frame of the connection.
        flow_id: u64,
        /// The connection id.
        id: Box<[u8]>,
    },
}

impl Lesson {
    /// Puts off a lesson to the frame at which it was read.
    pub(crate) fn learn_at(&mut self, at: u64) {
        match self {
            Self::Name { frame, .. } | Self::ConnectionId { frame, .. } => *frame = at,
        }
    }
}

/// How much is kept of a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a direction that wait for a hole before them to be filled; then the hole is given up.
    pub stream_bytes_max: usize,
    /// Bytes of a message that is parsed whole; of a larger one, the direction is given up.
    pub message_bytes_max: usize,
    /// Bytes or datagrams of a side after which a protocol that was not recognised is given up.
    pub probe_bytes_max: usize,
    /// Messages of a kind that are kept of a flow.
    pub messages_max: usize,
    /// Bytes of all conversations that wait at a time, to be put in order or to be read.
    pub conversation_bytes_max: usize,
    /// Which bytes count where TCP segments overlap.
    pub overlap: Overlap,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            stream_bytes_max: 1 << 20,
            message_bytes_max: 256 << 10,
            probe_bytes_max: 4 << 10,
            messages_max: 65_536,
            conversation_bytes_max: 1 << 30,
            overlap: Overlap::First,
        }
    }
}
