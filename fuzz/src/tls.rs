//! TLS and DTLS: any bytes in packets of any size, from both sides.

use std::sync::Arc;

use flowloom_flow::Direction;
use flowloom_protocols::tls::TlsColumns;
use flowloom_protocols::{
    Conversation, Ends, Limits, Payload, Registry, Shared, Stamp, Transport, Wants,
};

/// Each packet has two bytes before it: side and length.
pub fn tls(data: &[u8]) {
    for transport in [Transport::Tcp, Transport::Udp] {
        let shared = &mut Shared::new(Arc::new(Registry::new()), Wants::ALL, Limits::default(), 1);
        let mut conversation = Conversation::default();
        let ends = Ends { ports: [50_000, 443], ip_version: 4, ..Ends::default() };
        let mut next = [0_u32; 2];
        let mut rest = data;
        let mut frame = 0;
        while let Some(([side, len], tail)) = rest.split_first_chunk() {
            let (bytes, tail) = tail.split_at(usize::from(*len).min(tail.len()));
            rest = tail;
            frame += 1;
            let direction = if side & 1 == 0 { Direction::Up } else { Direction::Down };
            let seq = &mut next[direction.index()];
            // Some bytes are lost now and then.
            *seq += u32::from(side >> 6);
            let payload = Payload {
                transport,
                direction,
                seq: *seq,
                tcp_flags: 0x10,
                len: bytes.len() as u32,
                bytes,
                stamp: Stamp { frame, time: frame as i64 },
                ends,
            };
            *seq += payload.len;
            conversation.packet(&payload, shared);
        }
        conversation.end(ends, shared);
        let _ = TlsColumns::of(Some(conversation.findings()));
    }
}
