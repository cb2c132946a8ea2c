//! Protocols declared in YAML: definitions of any kind, and any bytes with those that are shipped.

use std::sync::Arc;

use flowloom_protocols::declared::{Declared, Library};
use flowloom_protocols::{Limits, Registry, Shared, Transport, Wants};

use crate::talk::{shared, talk};

/// A definition; then, after a zero byte, a conversation for it.
pub fn yaml_loader(data: &[u8]) {
    let end = data.iter().position(|byte| *byte == 0).unwrap_or(data.len());
    let Ok(text) = std::str::from_utf8(&data[..end]) else { return };
    match Library::parse(&[("fuzz.yaml", text)]) {
        Ok(library) => {
            let registry = Arc::new(Registry::with(&library));
            let shared = Shared::new(registry, Wants::ALL, Limits::default(), 1);
            converse(shared, Transport::Udp, 9, data.get(end + 1..).unwrap_or_default());
        }
        Err(error) => {
            assert!(!error.reason().is_empty() && !error.to_string().contains("panic"));
            // In YAML a carriage return alone ends a line, too.
            let breaks = text.bytes().filter(|byte| matches!(byte, b'\r' | b'\n')).count();
            assert!(error.line() <= breaks as u64 + 1, "{error}");
        }
    }
}

/// A byte for the transport and the port, then a conversation.
pub fn declared(data: &[u8]) {
    let Some((choice, rest)) = data.split_first() else { return };
    let transport = if choice & 1 == 0 { Transport::Udp } else { Transport::Tcp };
    let port = DECLARED_PORTS[usize::from(choice >> 1) % DECLARED_PORTS.len()];
    converse(shared(Limits::default()), transport, port, rest);
}

fn converse(mut shared: Shared, transport: Transport, port: u16, data: &[u8]) {
    let conversation = talk(&mut shared, transport, port, data);
    if let Some(declared) = conversation.findings().declared.as_deref() {
        let json = Declared::to_json(declared);
        assert!(json.starts_with('{') && json.ends_with('}') && !json.contains('\n'));
        assert!(json.len() < 64 << 10, "{} bytes", json.len());
    }
}

pub(crate) const DECLARED_PORTS: &[u16] = &[
    9, 69, 123, 161, 500, 502, 514, 1194, 1701, 1812, 1883, 2055, 3478, 3784, 4500, 4739, 5004,
    5005, 5060, 5683, 6881, 51820,
];
