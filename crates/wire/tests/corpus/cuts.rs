//! One frame, cut and broken everywhere.

use flowloom_schema::LinkType;
use flowloom_wire::{LayerStack, Options, Packet, Transport, decode};

/// How many places the frame was cut in: all that are not deep in its payload.
pub(crate) fn check(link: LinkType, bytes: &[u8], original: u32) -> usize {
    let original = original.max(bytes.len() as u32);
    let (whole, whole_layers) = read(link, bytes, original);
    let end = bytes.len().min(whole.app_offset.max(whole.trans_offset) as usize + 100);
    for cut in 0..end {
        let (packet, layers) = read(link, &bytes[..cut], original);
        let what = || format!("{link} cut at {cut} of {bytes:02x?}");
        assert!(whole_layers.spans().starts_with(layers.spans()), "{}", what());
        if packet.ip_version != 0 && packet.ip_offset == whole.ip_offset {
            let ip = |packet: &Packet| (packet.src, packet.dst, packet.ip_len, packet.vlans);
            assert_eq!(ip(&packet), ip(&whole), "{}", what());
        }
        if packet.transport != Transport::None && packet.trans_offset == whole.trans_offset {
            let ports = |packet: &Packet| (packet.src_port, packet.dst_port);
            assert_eq!(ports(&packet), ports(&whole), "{}", what());
            let rest = |packet: &Packet| (packet.trans_len, packet.app_len, packet.seq);
            // Of a header that is cut after its ports, only they stand.
            let is_cut = packet.stop.is_some() && whole.stop != packet.stop;
            assert!(is_cut || rest(&packet) == rest(&whole), "{}", what());
        }
    }
    end
}

/// Each byte inverted in turn: whatever is read then, no part is longer than what it is part of.
pub(crate) fn break_bytes(link: LinkType, bytes: &[u8], original: u32) {
    let original = original.max(bytes.len() as u32);
    let mut broken = bytes.to_vec();
    for at in 0..bytes.len().min(BYTES_BROKEN) {
        broken[at] = !bytes[at];
        let (packet, layers) = read(link, &broken, original);
        let end = |offset: u32, len: u32| if len == 0 { 0 } else { offset + len };
        let ip_end = end(packet.ip_offset, packet.ip_len);
        let trans_end = end(packet.trans_offset, packet.trans_len);
        let app_end = end(packet.app_offset, packet.app_len);
        assert!(app_end <= trans_end && trans_end <= ip_end && ip_end <= original);
        let offsets: Vec<_> = layers.spans().iter().map(|(_, offset)| *offset).collect();
        assert!(offsets.is_sorted() && offsets.iter().all(|&at| at < bytes.len() as u32));
        broken[at] = bytes[at];
    }
}

fn read(link: LinkType, bytes: &[u8], original: u32) -> (Packet, LayerStack) {
    let mut layers = LayerStack::new();
    let mut packet = Packet::default();
    decode(link, bytes, original, &Options::default(), &mut layers, &mut packet);
    (packet, layers)
}

/// Bytes at the front of a frame that are broken.
const BYTES_BROKEN: usize = 200;
