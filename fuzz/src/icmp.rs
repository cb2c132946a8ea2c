//! ICMP, `ICMPv6` and IGMP: any message, as often as there are bytes for another one.

use flowloom_protocols::icmp::IcmpColumns;
use flowloom_protocols::{Findings, Stamp};
use flowloom_wire::protocol;

/// Messages: of each a byte for the protocol, one for its length, and its bytes.
pub fn icmp(mut data: &[u8]) {
    let mut findings = Findings::default();
    let mut frame = 0;
    while let Some((&[choice, len], rest)) = data.split_first_chunk() {
        let (message, rest) = rest.split_at(usize::from(len).min(rest.len()));
        data = rest;
        frame += 1;
        let protocol = PROTOCOLS[usize::from(choice) % PROTOCOLS.len()];
        let icmp = findings.icmp.get_or_insert_default();
        icmp.packet(protocol, message, Stamp { frame, time: frame as i64 });
    }
    let _ = IcmpColumns::of(Some(&findings));
}

/// A message as [`icmp`] reads it, if it is one.
pub(crate) fn seed(protocol: u8, message: &[u8]) -> Option<Vec<u8>> {
    let choice = PROTOCOLS.iter().position(|known| *known == protocol)?;
    let len = message.len().min(usize::from(u8::MAX));
    Some([&[choice as u8, len as u8], &message[..len]].concat())
}

const PROTOCOLS: [u8; 3] = [protocol::ICMP, protocol::ICMP6, protocol::IGMP];
