//! Frames of the kinds the corpus does not have, byte by byte.

use flowloom_schema::LinkType;

/// All of them.
pub(crate) fn frames() -> Vec<(LinkType, Vec<u8>)> {
    let mut frames: Vec<(LinkType, Vec<u8>)> = Vec::new();
    frames.extend(ethernet_frames().into_iter().map(|bytes| (LinkType::ETHERNET, bytes)));
    frames.extend(wlan_frames().into_iter().map(|bytes| (LinkType::IEEE802_11, bytes)));
    frames
}

fn ethernet_frames() -> Vec<Vec<u8>> {
    let mut frames = Vec::new();
    // Protocols that are no more than an ethertype to us.
    for kind in [0x6001, 0x6002, 0x6004, 0x6007, 0x809b, 0x80f3, 0x8137, 0x9000, 0x8863] {
        frames.push(ethernet(kind, &[0x11; 40]));
    }
    for header in decnet_headers() {
        frames.push(ethernet(0x6003, &[&[24, 0], &header[..], &[0; 30]].concat()));
    }
    // 802.2: access points, SNAP, NetWare without LLC, and every kind of frame.
    for sap in [0x06, 0x42, 0xe0, 0xf0, 0xaa, 0x40] {
        frames.push(llc(&[sap, sap, 0x03]));
    }
    frames.push(llc(&[0xff, 0xff, 0x00]));
    for kind in [0x8137, 0x80f3, 0x0800] {
        frames.push(llc(&[&[0xaa, 0xaa, 0x03, 0, 0, 0][..], &u16::to_be_bytes(kind)].concat()));
    }
    frames.push(llc(&[0xaa, 0xaa, 0x03, 0x08, 0x00, 0x07, 0x80, 0x9b]));
    for control in [0x00, 0x01, 0x05, 0x09, 0x03, 0x63, 0x43, 0x6f, 0xe3, 0xaf, 0x87, 0x73, 0xbf] {
        frames.push(llc(&[0x42, 0x42, control]));
    }
    // CLNP, ES-IS, and IS-IS with each PDU type.
    for protocol in [0x81, 0x82] {
        frames.push(llc(&[0xfe, 0xfe, 0x03, protocol, 20, 1, 0, 0]));
    }
    for pdu in [15, 16, 17, 18, 20, 24, 25, 26, 27] {
        frames.push(llc(&[0xfe, 0xfe, 0x03, 0x83, 27, 1, 0, pdu, 1, 0]));
    }
    // Protocols above IPv4 and IPv6.
    for protocol in [1, 2, 9, 50, 51, 103, 112, 132, 47, 89] {
        frames.push(ethernet(0x0800, &ipv4(protocol, &[1; 24])));
    }
    for protocol in [6, 17, 50, 58, 59, 103, 132] {
        frames.push(ethernet(0x86dd, &ipv6(protocol, &[0, 80, 0, 80, 5, 5, 5, 5, 0x50, 2])));
    }
    frames.push(ethernet(0x0800, &ipv4(17, &udp(68, 67, &[2; 240]))));
    frames.push(ethernet(0x86dd, &ipv6(17, &udp(546, 547, &[1; 20]))));
    frames.extend(wrapped());
    frames
}

/// Frames within frames.
fn wrapped() -> Vec<Vec<u8>> {
    let inner = ipv4(6, &[0, 80, 1, 187, 0, 0, 0, 0, 0, 0, 0, 0, 0x50, 0x12, 0, 0, 0, 0, 0, 0]);
    let inner6 = ipv6(17, &udp(53, 5353, &[0; 12]));
    let mut frames = Vec::new();
    for (kind, packet, ppp) in [(0x0800_u16, &inner, 0x21_u16), (0x86dd, &inner6, 0x57)] {
        let tagged = |id: u16, kind: u16, rest: &[u8]| {
            [&id.to_be_bytes()[..], &kind.to_be_bytes(), rest].concat()
        };
        frames.push(ethernet(0x9100, &tagged(7, kind, packet)));
        frames.push(ethernet(0x88a8, &tagged(200, 0x8100, &tagged(300, kind, packet))));
        let label = |label: u32, last: u32| (label << 12 | last << 8 | 64).to_be_bytes();
        frames.push(ethernet(0x8847, &[&label(1024, 1)[..], packet].concat()));
        let two = [&label(100_000, 0)[..], &label(1024, 1), packet].concat();
        frames.push(ethernet(0x8847, &two));
        frames.push(ethernet(0x8100, &tagged(5, 0x8847, &two)));
        let mut session = vec![0x11, 0, 0, 0x27];
        session.extend((packet.len() as u16 + 2).to_be_bytes());
        session.extend(ppp.to_be_bytes());
        session.extend(packet);
        frames.push(ethernet(0x8864, &session));
        frames.push(ethernet(0x8100, &tagged(5, 0x8864, &session)));
        // Geneve, with an Ethernet frame and without, with options and without.
        let geneve = |options: u8, kind: u16, rest: &[u8]| {
            let mut header = vec![options, 0];
            header.extend(kind.to_be_bytes());
            header.extend([0, 0, 0x0b, 0]);
            header.extend(vec![0; usize::from(options) * 4]);
            udp(1111, 6081, &[&header[..], rest].concat())
        };
        let frame = ethernet(kind, packet);
        let tagged_frame = ethernet(0x8100, &tagged(300, kind, packet));
        for datagram in [
            geneve(0, 0x6558, &frame),
            geneve(2, 0x6558, &tagged_frame),
            geneve(1, kind, packet),
            geneve(0, kind, packet),
        ] {
            frames.push(ethernet(0x0800, &ipv4(17, &datagram)));
            frames.push(ethernet(0x86dd, &ipv6(17, &datagram)));
        }
    }
    frames
}

/// Routing headers of `DECnet` phase IV from 10.5 to 10.6: short and long, padded and not. The numbers
/// are little-endian.
fn decnet_headers() -> Vec<Vec<u8>> {
    let (src, dst) = ([0x05, 0x28], [0x06, 0x28]);
    let short = [&[0x02][..], &dst, &src, &[0]].concat();
    let mut long = vec![0x06, 0, 0, 0xaa, 0, 4, 0];
    long.extend(dst);
    long.extend([0, 0, 0xaa, 0, 4, 0]);
    long.extend(src);
    let padded = |header: &[u8]| [&[0x81][..], header].concat();
    vec![short.clone(), long.clone(), padded(&short), padded(&long)]
}

/// 802.11 frames of every subtype, and of data in every direction.
fn wlan_frames() -> Vec<Vec<u8>> {
    let address = |last: u8| [2, 0, 0, 0, 0, last];
    let frame = |control: u8, direction: u8| {
        let mut bytes = vec![control, direction, 0, 0];
        for last in 1..=3 {
            bytes.extend(address(last));
        }
        bytes.extend([0x10, 0x20]);
        if direction & 3 == 3 {
            bytes.extend(address(4));
        }
        if control & 0x8c == 0x88 {
            bytes.extend([0, 0]);
        }
        bytes.extend([0xaa, 0xaa, 3, 0, 0, 0, 8, 0]);
        bytes.extend(ipv4(6, &[0, 80, 0, 99, 0, 0, 0, 0, 0, 0, 0, 0, 0x50, 2, 0, 0, 0, 0, 0, 0]));
        bytes
    };
    let controls = (0..=255_u8).step_by(4).filter(|control| control & 0x0c != 0x0c);
    let mut frames: Vec<Vec<u8>> = controls.map(|control| frame(control, 1)).collect();
    frames.extend((0..4).flat_map(|direction| [frame(0x08, direction), frame(0x88, direction)]));
    frames
}

fn ethernet(kind: u16, payload: &[u8]) -> Vec<u8> {
    [&[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2][..], &kind.to_be_bytes(), payload].concat()
}

/// An 802.3 frame.
fn llc(payload: &[u8]) -> Vec<u8> {
    let mut frame = ethernet(payload.len() as u16, payload);
    frame.resize(64, 0);
    frame
}

fn ipv4(protocol: u8, payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x45, 0];
    packet.extend((payload.len() as u16 + 20).to_be_bytes());
    packet.extend([0, 1, 0, 0, 64, protocol, 0, 0, 10, 0, 0, 1, 192, 168, 7, 2]);
    packet.extend(payload);
    packet
}

fn ipv6(next: u8, payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x60, 0, 0, 0];
    packet.extend((payload.len() as u16).to_be_bytes());
    packet.extend([next, 64]);
    packet.extend([0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    packet.extend([0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xfb]);
    packet.extend(payload);
    packet
}

fn udp(src: u16, dst: u16, payload: &[u8]) -> Vec<u8> {
    let mut datagram = Vec::new();
    for field in [src, dst, payload.len() as u16 + 8, 0] {
        datagram.extend(field.to_be_bytes());
    }
    datagram.extend(payload);
    datagram
}
