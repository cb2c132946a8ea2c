//! The payload of a flow on its way to the parser of its protocol.

mod datagrams;
mod inbox;
mod reader;
mod rtp;
mod streams;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use flowloom_flow::Direction;

use crate::context::{Ends, Limits};
use crate::http::Bodies;
use crate::{
    Application, Context, Findings, FoundBy, Lesson, Match, Opening, Protocol, Registry, Stamp,
    Transport, Wants,
};
use datagrams::Datagrams;
pub(crate) use inbox::Inbox;
pub use rtp::RtpRun;
use streams::Streams;

/// What the two sides of a flow say to one another.
#[derive(Debug, Default)]
pub struct Conversation {
    stage: Stage,
    findings: Findings,
    /// Bytes that are accounted for in [`Shared`]: those that wait, not what parsers and findings
    /// keep, which have limits of their own.
    held: usize,
}

#[derive(Debug, Default)]
enum Stage {
    /// Nothing was said yet.
    #[default]
    Silent,
    Streams(Box<Streams>),
    Datagrams(Box<Datagrams>),
    /// Nothing more is to be learned.
    Over,
}

/// A packet with payload, or one that opens or closes a TCP connection.
#[derive(Clone, Copy, Debug)]
pub struct Payload<'a> {
    /// What carries it.
    pub transport: Transport,
    /// Which way it went.
    pub direction: Direction,
    /// Sequence number, of TCP.
    pub seq: u32,
    /// Low eight flag bits, of TCP.
    pub tcp_flags: u8,
    /// Its length on the wire.
    pub len: u32,
    /// The payload, as much of it as was captured.
    pub bytes: &'a [u8],
    /// When it came.
    pub stamp: Stamp,
    /// Who speaks with whom.
    pub ends: Ends,
}

/// What the conversations of a partition share.
#[derive(Debug)]
pub struct Shared {
    /// The protocols there are.
    pub registry: Arc<Registry>,
    /// What the output needs.
    pub wants: Wants,
    /// How much is kept.
    pub limits: Limits,
    /// What was learnt about other flows and not yet taken away.
    pub lessons: Vec<Lesson>,
    /// Bodies of HTTP messages that came and were not yet taken away.
    pub bodies: Bodies,
    /// Share of `conversation_bytes_max`.
    bytes_max: usize,
    /// Bytes in use, of those that wait to be put in order or to be read.
    bytes: usize,
    counts: SharedCounts,
}

/// What the conversations of a partition counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SharedCounts {
    /// Conversations that had bytes waiting and were given up because the memory of all was used up.
    pub starved: u64,
    /// Directions given up because a message was too long to be parsed whole.
    pub messages_too_long: u64,
    /// Messages that were not kept because a flow had too many.
    pub messages_dropped: u64,
    /// Payload bytes of recognised connections that were never captured.
    pub bytes_lost: u64,
}

impl Shared {
    /// What the conversations of one of `partitions` partitions share.
    pub fn new(registry: Arc<Registry>, wants: Wants, limits: Limits, partitions: usize) -> Self {
        Self {
            registry,
            wants,
            limits,
            lessons: Vec::new(),
            bodies: Bodies::default(),
            bytes_max: limits.conversation_bytes_max / partitions,
            bytes: 0,
            counts: SharedCounts::default(),
        }
    }

    /// What was counted.
    pub fn counts(&self) -> SharedCounts {
        self.counts
    }

    /// Whether packets that carry so many bytes may find that the memory is used up.
    #[inline]
    pub fn is_short(&self, bytes: usize) -> bool {
        self.bytes + bytes > self.bytes_max / 2
    }
}

impl Conversation {
    /// A TCP connection whose SYNs told at which numbers the directions begin.
    pub fn begun(first_bytes: [Option<u32>; 2], limits: &Limits) -> Self {
        let mut streams = Box::new(Streams::new(limits.overlap));
        for (direction, first_byte) in [Direction::Up, Direction::Down].into_iter().zip(first_bytes)
        {
            if let Some(first_byte) = first_byte {
                streams.begin(direction, first_byte);
            }
        }
        Self { stage: Stage::Streams(streams), ..Self::default() }
    }

    /// Takes a packet in.
    pub fn packet(&mut self, payload: &Payload<'_>, shared: &mut Shared) {
        if self.is_over() {
            return;
        }
        if matches!(self.stage, Stage::Silent) {
            self.stage = match payload.transport {
                Transport::Tcp => Stage::Streams(Box::new(Streams::new(shared.limits.overlap))),
                Transport::Udp => Stage::Datagrams(Box::default()),
            };
        }
        let learnt_before = shared.lessons.len();
        let mut desk = Desk::new(&mut self.findings, payload.ends, shared);
        let goes_on = match &mut self.stage {
            Stage::Streams(streams) => streams.packet(payload, &mut desk),
            Stage::Datagrams(datagrams) => datagrams.packet(payload, &mut desk),
            Stage::Silent | Stage::Over => false,
        };
        self.account(shared);
        // Who holds nothing need not suffer for others.
        let is_starved = goes_on && self.held > 0 && shared.bytes > shared.bytes_max;
        shared.counts.starved += u64::from(is_starved);
        if is_starved {
            self.finish(payload.ends, shared);
        } else if !goes_on {
            self.close(shared);
        }
        // What had to wait for a hole is learnt now, whenever it came.
        for lesson in &mut shared.lessons[learnt_before..] {
            lesson.learn_at(payload.stamp.frame);
        }
    }

    /// The flow has ended: parsers see what is left. Nobody learns from that any more: at which
    /// frame a flow ends is known too late.
    pub fn end(&mut self, ends: Ends, shared: &mut Shared) {
        let learnt_before = shared.lessons.len();
        self.finish(ends, shared);
        shared.lessons.truncate(learnt_before);
        shared.counts.messages_dropped += self.findings.messages_dropped;
    }

    /// Whether nothing more is to be learned.
    #[inline]
    pub fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Over)
    }

    /// What was found.
    pub fn findings(&self) -> &Findings {
        &self.findings
    }

    /// What was found; to be added to by what other flows teach.
    pub fn findings_mut(&mut self) -> &mut Findings {
        &mut self.findings
    }

    fn finish(&mut self, ends: Ends, shared: &mut Shared) {
        let mut desk = Desk::new(&mut self.findings, ends, shared);
        match &mut self.stage {
            Stage::Streams(streams) => streams.finish(&mut desk),
            Stage::Datagrams(datagrams) => datagrams.finish(&mut desk),
            Stage::Silent | Stage::Over => {}
        }
        self.close(shared);
    }

    fn account(&mut self, shared: &mut Shared) {
        let held = match &self.stage {
            Stage::Streams(streams) => streams.held(),
            Stage::Datagrams(_) | Stage::Silent | Stage::Over => 0,
        };
        shared.bytes = shared.bytes + held - self.held;
        self.held = held;
    }

    fn close(&mut self, shared: &mut Shared) {
        self.stage = Stage::Over;
        self.account(shared);
    }
}

/// What is at hand while a packet is taken in.
struct Desk<'a> {
    registry: &'a Registry,
    counts: &'a mut SharedCounts,
    context: Context<'a>,
}

impl<'a> Desk<'a> {
    fn new(findings: &'a mut Findings, ends: Ends, shared: &'a mut Shared) -> Self {
        Self {
            registry: &shared.registry,
            counts: &mut shared.counts,
            context: Context {
                findings,
                wants: shared.wants,
                limits: &shared.limits,
                ends,
                lessons: &mut shared.lessons,
                bodies: &mut shared.bodies,
            },
        }
    }

    /// The protocol whose beginning this is.
    fn recognise(&mut self, opening: &Opening<'_>) -> Recognition {
        let (mut by_port, mut possible) = (None, None);
        let mut undecided = false;
        for protocol in self.registry.all() {
            match protocol.probe(opening) {
                Match::Yes => return self.found(protocol, FoundBy::Content),
                Match::Maybe if opening.is_at(protocol.ports(opening.transport)) => {
                    by_port = by_port.or(Some(protocol));
                }
                Match::Possible if opening.is_at(protocol.ports(opening.transport)) => {
                    possible = possible.or(Some(protocol));
                }
                Match::NeedMore => undecided = true,
                Match::Maybe | Match::Possible | Match::No => {}
            }
        }
        match (by_port, possible) {
            (Some(protocol), _) => self.found(protocol, FoundBy::Content),
            (None, Some(protocol)) => Recognition::Possible(protocol.clone()),
            (None, None) if undecided => Recognition::Undecided,
            (None, None) => Recognition::Unknown,
        }
    }

    /// RTP, if it is among the protocols.
    fn recognise_rtp(&mut self) -> Recognition {
        let protocol = self.registry.all().iter().find(|protocol| protocol.name() == rtp::NAME);
        protocol.map_or(Recognition::Unknown, |protocol| self.found(protocol, FoundBy::Content))
    }

    /// The protocol that this cannot but be of, whatever the ports.
    fn recognise_surely(&mut self, opening: &Opening<'_>) -> Option<Arc<dyn Protocol>> {
        let all = self.registry.all();
        let protocol = all.iter().find(|protocol| protocol.probe(opening) == Match::Yes)?;
        self.found(protocol, FoundBy::Content);
        Some(protocol.clone())
    }

    fn found(&mut self, protocol: &Arc<dyn Protocol>, by: FoundBy) -> Recognition {
        let applications = &mut self.context.findings.applications;
        let is_known = |known: &Application| known.protocol.name() == protocol.name();
        if applications.len() < APPLICATIONS_MAX && !applications.iter().any(is_known) {
            applications.push(Application { protocol: protocol.clone(), by });
        }
        Recognition::Found(protocol.clone())
    }

    /// Nothing was recognised: what is usual at the ports stands for it.
    fn guess(&mut self, transport: Transport) {
        if self.context.findings.applications.is_empty()
            && let Some(protocol) = self.registry.by_port(transport, self.context.ends.ports)
        {
            let protocol = protocol.clone();
            self.context.findings.applications.push(Application { protocol, by: FoundBy::Port });
        }
    }
}

/// What came of looking at the first bytes.
enum Recognition {
    Found(Arc<dyn Protocol>),
    /// Its port alone says so.
    Possible(Arc<dyn Protocol>),
    Undecided,
    Unknown,
}

/// Protocols that are remembered of a flow.
const APPLICATIONS_MAX: usize = 8;
