//! Datagrams of protocols without connections: whatever they hold, rows can be made of them.

use std::sync::Arc;

use flowloom_flow::Direction;
use flowloom_protocols::{
    Conversation, EVENTS, Ends, Limits, Payload, Registry, Shared, Stamp, Transport, Wants,
};
use flowloom_schema::Series;

/// DNS and its kin: the first byte says at which port and over what, each further one how long the
/// packet after it is, and its highest bit which way it goes.
pub fn dns(data: &[u8]) {
    let Some((choice, rest)) = data.split_first() else { return };
    let port = [53, 5353, 5355, 137][usize::from(choice & 3)];
    let transport = if choice & 4 == 0 { Transport::Udp } else { Transport::Tcp };
    speak("dns", transport, port, rest);
}

/// DHCP and `DHCPv6`, likewise.
pub fn dhcp(data: &[u8]) {
    let Some((choice, rest)) = data.split_first() else { return };
    speak("dhcp", Transport::Udp, [67, 547][usize::from(choice & 1)], rest);
}

fn speak(table: &str, transport: Transport, port: u16, mut data: &[u8]) {
    let limits = Limits { messages_max: 64, ..Limits::default() };
    let mut shared = Shared::new(Arc::new(Registry::new()), Wants::ALL, limits, 1);
    let ends = Ends { ports: [40_000, port], ip_version: 4, ..Ends::default() };
    let mut conversation = Conversation::default();
    let mut next = [0_u32; 2];
    let mut frame = 0;
    while let Some((head, rest)) = data.split_first() {
        let (bytes, after) = rest.split_at(rest.len().min(usize::from(head & 127) * 4));
        let direction = if head & 128 == 0 { Direction::Up } else { Direction::Down };
        frame += 1;
        let seq = &mut next[direction.index()];
        let payload = Payload {
            transport,
            direction,
            seq: *seq,
            tcp_flags: 16,
            len: bytes.len() as u32,
            bytes,
            stamp: Stamp { frame, time: frame as i64 },
            ends,
        };
        *seq += bytes.len() as u32;
        conversation.packet(&payload, &mut shared);
        data = after;
    }
    conversation.end(ends, &mut shared);
    let events = EVENTS.iter().find(|events| events.name == table).expect("there is the table");
    let mut series: Vec<_> =
        (events.columns)().iter().map(|column| Series::new(column.data_type)).collect();
    assert!((events.append)(1, conversation.findings(), &mut series) <= limits.messages_max);
}
