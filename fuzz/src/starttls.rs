//! Protocols that may turn to TLS: whatever is said, a flow has few protocols, each once.

use flowloom_protocols::{Limits, Transport};

use crate::talk::{shared, talk};

/// A byte for the port, then a conversation.
pub fn starttls(data: &[u8]) {
    let Some((choice, data)) = data.split_first() else { return };
    let port = STARTTLS_PORTS[usize::from(*choice) % STARTTLS_PORTS.len()];
    let conversation = talk(&mut shared(Limits::default()), Transport::Tcp, port, data);
    let mut names: Vec<&str> = conversation
        .findings()
        .applications
        .iter()
        .map(|application| application.protocol.name())
        .collect();
    let len = names.len();
    names.sort_unstable();
    names.dedup();
    assert!(names.len() == len && len <= 8);
}

pub(crate) const STARTTLS_PORTS: [u16; 12] =
    [25, 143, 110, 21, 119, 6667, 5222, 389, 5432, 3306, 3389, 1080];
