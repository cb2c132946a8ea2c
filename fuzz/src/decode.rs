//! Decoding: places lie inside the frame, and who listens changes nothing.

use std::sync::LazyLock;

use flowloom_schema::LinkType;
use flowloom_wire::{
    Address, LayerStack, Marks, Options, Packet, Transport, TunnelPath, link_is_known, tunnel_path,
};

/// A frame: the first byte says of what link type, the second how it is decoded and how much of it
/// was captured.
pub fn decode(data: &[u8]) {
    let Some(([choice, how], bytes)) = data.split_first_chunk() else { return };
    let link = LINKS[usize::from(*choice) % LINKS.len()];
    let original = original(how >> 4, bytes);
    let options = options(*how);
    let mut packet = filler();
    let mut heard = filler();
    let mut layers = LayerStack::new();
    flowloom_wire::decode(link, bytes, original, &options, &mut (), &mut packet);
    flowloom_wire::decode(link, bytes, original, &options, &mut layers, &mut heard);
    assert_eq!(packet, heard, "a listener changes nothing, nor does what the packet was");
    check_layers(&layers, bytes);
    check_places(&packet, bytes);
    let spans = layers.spans();
    if spans.len() < LayerStack::CAPACITY {
        assert_eq!(packet.last, spans.last().map_or(packet.last, |(layer, _)| *layer));
    }
    if packet.ip_version != 0 {
        let frame = original.max(bytes.len() as u32);
        assert!(packet.ip_len <= frame, "lengths are clamped to the frame");
    }
    let path = tunnel_path(link, bytes, original, &options).to_string();
    if !packet.marks.has(Marks::TUNNELED) && packet.ip_version != 0 {
        assert_eq!(path, "", "a packet that is in no tunnel has no path");
    }
    if !options.verify_checksums {
        assert!(!packet.marks.has(Marks::BAD_CHECKSUM));
    }
}

/// What a capture may say of the length on the wire: as much or more, or, damaged, less.
pub(crate) fn original(choice: u8, bytes: &[u8]) -> u32 {
    match choice {
        15 => bytes.len() as u32 / 2,
        more => bytes.len() as u32 + u32::from(more) * 100,
    }
}

/// The payload of a reassembled datagram: the first byte says what it is, the second how it is
/// decoded.
pub fn payload(data: &[u8]) {
    let Some(([protocol, how], bytes)) = data.split_first_chunk() else { return };
    let options = options(*how);
    let ip_version = if how & 16 == 0 { 4 } else { 6 };
    let address = |last: u8| match ip_version {
        4 => Address::v4([10, 0, 0, last]),
        _ => Address::v6([last; 16]),
    };
    let mut fragment = Packet {
        src: address(1),
        dst: address(2),
        ip_version,
        ip_offset: 14,
        ip_len: 100,
        trans_offset: if ip_version == 4 { 34 } else { 62 },
        trans_len: if ip_version == 4 { 80 } else { 52 },
        protocol: *protocol,
        ..Packet::default()
    };
    fragment.marks.set(Marks::FRAGMENT);
    let (mut packet, mut heard) = (fragment, fragment);
    let mut layers = LayerStack::new();
    flowloom_wire::decode_payload(bytes, *protocol, &options, &mut (), &mut packet);
    flowloom_wire::decode_payload(bytes, *protocol, &options, &mut layers, &mut heard);
    assert_eq!(packet, heard, "a listener changes nothing");
    check_layers(&layers, bytes);
    let _ = TunnelPath::new(bytes, layers).to_string();
    let inside = |offset: u32| offset as usize <= bytes.len();
    assert!(packet.transport == Transport::None || inside(packet.trans_offset), "{packet:?}");
    if packet.marks.has(Marks::TUNNELED) {
        assert!(inside(packet.ip_offset), "{packet:?}");
    } else {
        assert_eq!((packet.src, packet.dst), (fragment.src, fragment.dst));
        assert_eq!(packet.ip_len as usize, 20 + bytes.len() + usize::from(ip_version == 6) * 20);
    }
    check_lengths(&packet);
}

fn check_layers(layers: &LayerStack, bytes: &[u8]) {
    let mut before = 0;
    for (layer, offset) in layers.spans() {
        assert!(*offset as usize <= bytes.len(), "{layer:?} at {offset} of {}", bytes.len());
        assert!(*offset >= before, "headers come one after the other");
        before = *offset;
    }
}

fn check_places(packet: &Packet, bytes: &[u8]) {
    // Where what follows a cut header begins is told, and may lie beyond what was captured.
    assert!(packet.ip_offset as usize <= bytes.len(), "{packet:?}");
    if packet.transport != Transport::None {
        assert!(packet.trans_offset as usize <= bytes.len(), "{packet:?}");
    }
    for plus_one in [packet.mac_src_plus_one, packet.mac_dst_plus_one] {
        assert!(plus_one == 0 || usize::from(plus_one) - 1 + 6 <= bytes.len(), "{packet:?}");
    }
    if packet.ip_version == 0 {
        assert_eq!((packet.ip_len, packet.trans_len, packet.transport), (0, 0, Transport::None));
    } else {
        let header = bytes[packet.ip_offset as usize];
        assert_eq!(header >> 4, packet.ip_version, "an IP header is where it is said to be");
    }
    check_lengths(packet);
}

fn check_lengths(packet: &Packet) {
    assert!(packet.trans_len <= packet.ip_len, "{packet:?}");
    assert!(packet.app_len <= packet.trans_len, "{packet:?}");
    if packet.transport != Transport::None {
        let header_len = packet.app_offset.checked_sub(packet.trans_offset);
        assert!(header_len.is_some_and(|len| len <= packet.trans_len), "{packet:?}");
    }
    if packet.transport != Transport::Tcp {
        assert_eq!((packet.seq, packet.ack, packet.tcp_flags), (0, 0, 0));
    }
}

fn options(how: u8) -> Options {
    Options {
        verify_checksums: how & 1 != 0,
        ip_headers_max: [8, 1, 2, 255][usize::from(how >> 1 & 3)],
    }
}

/// A packet that decoding must leave nothing of.
fn filler() -> Packet {
    Packet { src_port: 1, vni_plus_one: 1, ip_len: 1, ttl: 1, ip_version: 9, ..Packet::default() }
}

/// The link types that are decoded.
pub(crate) static LINKS: LazyLock<Vec<LinkType>> =
    LazyLock::new(|| (0..=u16::MAX).map(LinkType).filter(|link| link_is_known(*link)).collect());
