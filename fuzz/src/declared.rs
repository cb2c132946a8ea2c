//! Protocols declared in YAML: definitions of any kind, and any bytes with those that are shipped.

use std::sync::Arc;

use flowloom_flow::Direction;
use flowloom_protocols::declared::{Declared, Library};
use flowloom_protocols::{
    Conversation, Ends, Limits, Payload, Registry, Shared, Stamp, Transport, Wants,
};

/// A definition; then, after a zero byte, a message for it.
pub fn yaml_loader(data: &[u8]) {
    let end = data.iter().position(|byte| *byte == 0).unwrap_or(data.len());
    let Ok(text) = std::str::from_utf8(&data[..end]) else { return };
    match Library::parse(&[("fuzz.yaml", text)]) {
        Ok(library) => {
            let registry = Arc::new(Registry::with(&library));
            converse(registry, Transport::Udp, 9, data.get(end + 1..).unwrap_or_default());
        }
        Err(error) => {
            assert!(!error.reason().is_empty() && !error.to_string().contains("panic"));
            // In YAML a carriage return alone ends a line, too.
            let breaks = text.bytes().filter(|byte| matches!(byte, b'\r' | b'\n')).count();
            assert!(error.line() <= breaks as u64 + 1, "{error}");
        }
    }
}

/// A byte for the transport and the port, then datagrams or segments, each after its length.
pub fn declared(data: &[u8]) {
    let Some((choice, rest)) = data.split_first() else { return };
    let transport = if choice & 1 == 0 { Transport::Udp } else { Transport::Tcp };
    let port = PORTS[usize::from(choice >> 1) % PORTS.len()];
    converse(Arc::new(Registry::new()), transport, port, rest);
}

fn converse(registry: Arc<Registry>, transport: Transport, port: u16, mut data: &[u8]) {
    let mut shared = Shared::new(registry, Wants::ALL, Limits::default(), 1);
    let mut conversation = Conversation::default();
    let ends = Ends { ports: [40_000, port], ip_version: 4, ..Ends::default() };
    let mut next = [0_u32; 2];
    while let Some(([len, high], rest)) = data.split_first_chunk() {
        let direction = if high & 0x80 == 0 { Direction::Up } else { Direction::Down };
        let len = usize::from(*len) | usize::from(high & 7) << 8;
        let (bytes, rest) = rest.split_at(len.min(rest.len()));
        data = rest;
        let payload = Payload {
            transport,
            direction,
            seq: next[direction.index()],
            tcp_flags: 0x18,
            len: bytes.len() as u32,
            bytes,
            stamp: Stamp::default(),
            ends,
        };
        next[direction.index()] += payload.len;
        conversation.packet(&payload, &mut shared);
    }
    conversation.end(ends, &mut shared);
    if let Some(declared) = conversation.findings().declared.as_deref() {
        let json = Declared::to_json(declared);
        assert!(json.starts_with('{') && json.ends_with('}') && !json.contains('\n'));
        assert!(json.len() < 64 << 10, "{} bytes", json.len());
    }
}

const PORTS: &[u16] = &[
    9, 69, 123, 161, 500, 502, 514, 1194, 1701, 1812, 1883, 2055, 3478, 3784, 4500, 4739, 5004,
    5005, 5060, 5683, 6881, 51820,
];
