//! Bytes as what two sides say to one another.

use std::sync::{Arc, LazyLock};

use flowloom_flow::Direction;
use flowloom_protocols::{
    Conversation, Ends, Limits, Payload, Registry, Shared, Stamp, Transport, Wants,
};

/// What conversations share, with all protocols that are shipped.
pub(crate) fn shared(limits: Limits) -> Shared {
    Shared::new(REGISTRY.clone(), Wants::ALL, limits, 1)
}

/// A conversation with a port. Of each packet a byte tells how it came: the lowest bit is its side,
/// the next whether it was cut, the two highest how many bytes before it were lost. Two are its
/// length, and its bytes follow.
pub(crate) fn talk(
    shared: &mut Shared,
    transport: Transport,
    port: u16,
    mut data: &[u8],
) -> Conversation {
    let mut conversation = Conversation::default();
    let ends = Ends { ports: [50_000, port], ip_version: 4, ..Ends::default() };
    let mut next = [0_u32; 2];
    let mut frame = 0;
    while let Some((&[how, high, low], rest)) = data.split_first_chunk() {
        let len = usize::from(u16::from_be_bytes([high, low]));
        let (bytes, rest) = rest.split_at(len.min(rest.len()));
        data = rest;
        frame += 1;
        let direction = if how & 1 == 0 { Direction::Up } else { Direction::Down };
        let seq = &mut next[direction.index()];
        *seq += u32::from(how >> 6);
        let payload = Payload {
            transport,
            direction,
            seq: *seq,
            tcp_flags: 0x18,
            len: bytes.len() as u32 + u32::from(how >> 1 & 1) * 1_500,
            bytes,
            stamp: Stamp { frame, time: frame as i64 },
            ends,
        };
        *seq += payload.len;
        conversation.packet(&payload, shared);
    }
    conversation.end(ends, shared);
    conversation
}

/// What two sides say, as [`talk`] reads it.
pub(crate) fn said(says: &[(Direction, &[u8])]) -> Vec<u8> {
    let mut data = Vec::new();
    for (direction, bytes) in says {
        data.push(direction.index() as u8);
        data.extend((bytes.len() as u16).to_be_bytes());
        data.extend(*bytes);
    }
    data
}

static REGISTRY: LazyLock<Arc<Registry>> = LazyLock::new(Arc::default);
