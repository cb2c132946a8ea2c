//! Bytes as what two sides say to one another.

use std::sync::{Arc, LazyLock};

use flowloom_flow::Direction;
use flowloom_protocols::{
    Conversation, Ends, Limits, Payload, Registry, Shared, Stamp, Transport, Wants,
};

/// A conversation over TCP at a port: of each packet, a byte says who sends it and how long it is.
pub(crate) fn talk(port: u16, mut data: &[u8]) -> Conversation {
    let mut shared = Shared::new(REGISTRY.clone(), Wants::ALL, Limits::default(), 1);
    let mut conversation = Conversation::default();
    let ends = Ends { ports: [50_000, port], ip_version: 4, ..Ends::default() };
    let mut next = [0_u32; 2];
    let mut frame = 0;
    while let Some((head, rest)) = data.split_first() {
        let direction = if head & 1 == 0 { Direction::Up } else { Direction::Down };
        let (bytes, rest) = rest.split_at(rest.len().min(usize::from(head >> 1)));
        data = rest;
        frame += 1;
        let payload = Payload {
            transport: Transport::Tcp,
            direction,
            seq: next[direction.index()],
            tcp_flags: 0x18,
            len: bytes.len() as u32,
            bytes,
            stamp: Stamp { frame, time: 0 },
            ends,
        };
        next[direction.index()] += bytes.len() as u32;
        conversation.packet(&payload, &mut shared);
    }
    conversation.end(ends, &mut shared);
    conversation
}

/// What two sides say, as [`talk`] reads it.
pub(crate) fn said(says: &[(Direction, &[u8])]) -> Vec<u8> {
    let mut data = Vec::new();
    for (direction, bytes) in says {
        for bytes in bytes.chunks(127) {
            data.push((bytes.len() as u8) << 1 | direction.index() as u8);
            data.extend(bytes);
        }
    }
    data
}

static REGISTRY: LazyLock<Arc<Registry>> = LazyLock::new(Arc::default);
