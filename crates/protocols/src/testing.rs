//! What the tests of this crate share: conversations without a capture.

use std::sync::Arc;

use flowloom_flow::Direction;

use crate::{
    Conversation, Ends, Findings, Limits, Payload, Registry, Shared, Stamp, Transport, Wants,
};

/// Says things to a conversation and shows what it found.
pub(crate) struct Script {
    pub(crate) conversation: Conversation,
    pub(crate) shared: Shared,
    transport: Transport,
    ends: Ends,
    next: [u32; 2],
    frame: u64,
}

impl Script {
    /// A conversation of which everything is wanted.
    pub(crate) fn new(transport: Transport, ports: [u16; 2]) -> Self {
        let registry = Arc::new(Registry::new());
        Self {
            conversation: Conversation::default(),
            shared: Shared::new(registry, Wants::ALL, Limits::default(), 1),
            transport,
            ends: Ends { ports, ip_version: 4, ..Ends::default() },
            next: [1_000; 2],
            frame: 0,
        }
    }

    /// A packet with payload, a second after the one before.
    pub(crate) fn say(&mut self, direction: Direction, bytes: &[u8]) -> &mut Self {
        self.frame += 1;
        let payload = Payload {
            transport: self.transport,
            direction,
            seq: self.next[direction.index()],
            tcp_flags: 0x18,
            len: bytes.len() as u32,
            bytes,
            stamp: Stamp { frame: self.frame, time: self.frame as i64 * 1_000_000_000 },
            ends: self.ends,
        };
        self.next[direction.index()] = payload.seq.wrapping_add(payload.len);
        self.conversation.packet(&payload, &mut self.shared);
        self
    }

    /// The same from the initiator.
    pub(crate) fn up(&mut self, bytes: &[u8]) -> &mut Self {
        self.say(Direction::Up, bytes)
    }

    /// The same from the other side.
    pub(crate) fn down(&mut self, bytes: &[u8]) -> &mut Self {
        self.say(Direction::Down, bytes)
    }

    /// So many bytes that the capture has lost.
    pub(crate) fn lose(&mut self, direction: Direction, len: u32) -> &mut Self {
        let next = &mut self.next[direction.index()];
        *next = next.wrapping_add(len);
        self
    }

    /// A packet with bytes that were lost, `back` bytes before the next ones.
    pub(crate) fn find(&mut self, direction: Direction, back: u32, bytes: &[u8]) -> &mut Self {
        let next = self.next[direction.index()];
        self.next[direction.index()] = next.wrapping_sub(back);
        self.say(direction, bytes);
        self.next[direction.index()] = next;
        self
    }

    /// Ends the flow; what was found.
    pub(crate) fn end(&mut self) -> &Findings {
        self.conversation.end(self.ends, &mut self.shared);
        self.conversation.findings()
    }
}
