//! Datagrams of protocols without connections: whatever they hold, rows can be made of them.

use flowloom_protocols::{EVENTS, Limits, Transport};
use flowloom_schema::Series;

use crate::talk::{shared, talk};

/// DNS and its kin: the first byte says at which port and over what.
pub fn dns(data: &[u8]) {
    let Some((choice, rest)) = data.split_first() else { return };
    let transport = if choice & 4 == 0 { Transport::Udp } else { Transport::Tcp };
    speak("dns", transport, DNS_PORTS[usize::from(choice & 3)], rest);
}

/// DHCP and `DHCPv6`, likewise.
pub fn dhcp(data: &[u8]) {
    let Some((choice, rest)) = data.split_first() else { return };
    speak("dhcp", Transport::Udp, DHCP_PORTS[usize::from(choice & 1)], rest);
}

fn speak(table: &str, transport: Transport, port: u16, data: &[u8]) {
    let limits = Limits { messages_max: 64, ..Limits::default() };
    let conversation = talk(&mut shared(limits), transport, port, data);
    let events = EVENTS.iter().find(|events| events.name == table).expect("there is the table");
    let mut series: Vec<_> =
        (events.columns)().iter().map(|column| Series::new(column.data_type)).collect();
    assert!((events.append)(1, conversation.findings(), &mut series) <= limits.messages_max);
}

pub(crate) const DNS_PORTS: [u16; 4] = [53, 5353, 5355, 137];
pub(crate) const DHCP_PORTS: [u16; 2] = [67, 547];
