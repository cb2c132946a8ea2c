//! Headers for frames of tests, each put before what it carries.

/// An Ethernet frame from 02:..:01 to 02:..:02.
pub(super) fn ethernet(ether_type: u16, payload: &[u8]) -> Vec<u8> {
    let [high, low] = ether_type.to_be_bytes();
    join(&[&[2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, high, low], payload])
}

/// A VLAN tag with what follows it.
pub(super) fn vlan(id: u16, ether_type: u16, payload: &[u8]) -> Vec<u8> {
    join(&[&id.to_be_bytes(), &ether_type.to_be_bytes(), payload])
}

/// From 10.0.0.1 to 10.0.0.2.
pub(super) fn ipv4(protocol: u8, payload: &[u8]) -> Vec<u8> {
    fragment4(protocol, 0, payload)
}

/// With the fragment field as it is in the header.
pub(super) fn fragment4(protocol: u8, fragment: u16, payload: &[u8]) -> Vec<u8> {
    let len = (20 + payload.len() as u16).to_be_bytes();
    let mut header =
        [0x45, 0, len[0], len[1], 0, 1, 0, 0, 64, protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
    header[6..8].copy_from_slice(&fragment.to_be_bytes());
    join(&[&header, payload])
}

/// From `::1` to `::2`.
pub(super) fn ipv6(next_header: u8, payload: &[u8]) -> Vec<u8> {
    let len = (payload.len() as u16).to_be_bytes();
    let mut header = [0; 40];
    header[..8].copy_from_slice(&[0x60, 0, 0, 0, len[0], len[1], next_header, 64]);
    header[23] = 1;
    header[39] = 2;
    join(&[&header, payload])
}

pub(super) fn udp(src_port: u16, dst_port: u16, payload: &[u8]) -> Vec<u8> {
    let len = (8 + payload.len() as u16).to_be_bytes();
    join(&[&src_port.to_be_bytes(), &dst_port.to_be_bytes(), &len, &[0, 0], payload])
}

/// A segment with no flag but ACK, from port 1 to port 2.
pub(super) fn tcp(payload: &[u8]) -> Vec<u8> {
    join(&[&[0, 1, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1, 0x50, 0x10, 0, 9, 0, 0, 0, 0], payload])
}

pub(super) fn join(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}
