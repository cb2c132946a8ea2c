//! Protocols that may turn to TLS: whatever is said, a flow has few protocols, each once.

use crate::talk::talk;

/// A byte for the port, then a conversation.
pub fn starttls(data: &[u8]) {
    let Some((choice, data)) = data.split_first() else { return };
    let conversation = talk(PORTS[usize::from(*choice) % PORTS.len()], data);
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

const PORTS: [u16; 12] = [25, 143, 110, 21, 119, 6667, 5222, 389, 5432, 3306, 3389, 1080];
