//! How long things are: by claim, by the original frame, never by the snap length.

use flowloom_schema::LinkType;

use super::build::{ethernet, ipv4, ipv6, join, tcp, udp};
use super::{check, packet};
use crate::{Layer, Marks, Packet, Reason, Transport};

fn lengths(packet: &Packet) -> (u32, u32, u32) {
    (packet.ip_len, packet.trans_len, packet.app_len)
}

#[test]
fn padding_counts_nowhere() {
    let mut frame = ethernet(0x0800, &ipv4(17, &udp(1, 2, b"hi")));
    frame.extend([0xaa; 18]);
    let packet = packet(&frame);
    assert_eq!(lengths(&packet), (30, 10, 2));
    assert_eq!(packet.marks, Marks::default());
}

#[test]
fn a_header_is_not_read_from_padding() {
    let mut frame = ethernet(0x0800, &ipv4(6, &tcp(b"")[..12]));
    frame.extend([0x50; 14]);
    let packet = packet(&frame);
    assert_eq!(
        packet.stop.map(|stop| (stop.layer, stop.reason)),
        Some((Layer::Tcp, Reason::Truncated))
    );
    assert_eq!((packet.transport, packet.ip_len, packet.trans_len), (Transport::Tcp, 32, 12));
    assert_eq!((packet.src_port, packet.dst_port, packet.tcp_flags, packet.app_len), (1, 2, 0, 0));
}

#[test]
fn ports_before_a_snap_length_stand() {
    let frames = [
        ethernet(0x0800, &ipv4(6, &tcp(b"1234"))),
        ethernet(0x0800, &ipv4(17, &udp(1, 2, b"1234"))),
    ];
    for (frame, transport, len) in
        [(&frames[0], Transport::Tcp, 0), (&frames[1], Transport::Udp, 4)]
    {
        for cut in 34..42 {
            let (packet, _) = check(LinkType::ETHERNET, &frame[..cut], frame.len() as u32);
            let expected = if cut < 38 { (Transport::None, 0, 0) } else { (transport, 1, 2) };
            assert_eq!(
                (packet.transport, packet.src_port, packet.dst_port),
                expected,
                "cut at {cut}"
            );
            assert_eq!(packet.app_len, if cut < 40 { 0 } else { len }, "cut at {cut}");
            assert_eq!(packet.stop.map(|stop| stop.reason), Some(Reason::Truncated));
        }
    }
}

#[test]
fn a_claim_beyond_the_original_frame_is_clamped() {
    let mut frame = ethernet(0x0800, &ipv4(6, &tcp(b"1234")));
    frame[17] = 100;
    let packet = packet(&frame);
    assert_eq!(lengths(&packet), (44, 24, 4));
    assert_eq!(packet.marks, Marks::CLAMPED);
}

#[test]
fn a_snap_length_is_not_a_clamp() {
    let frame = ethernet(0x0800, &ipv4(6, &tcp(&[0; 1000])));
    let (packet, _) = check(LinkType::ETHERNET, &frame[..60], frame.len() as u32);
    assert_eq!(lengths(&packet), (1040, 1020, 1000));
    assert_eq!(packet.marks, Marks::CLIPPED);
}

#[test]
fn before_segmentation_offload_the_frame_says_how_long() {
    for mut frame in
        [ethernet(0x0800, &ipv4(6, &tcp(&[0; 2000]))), ethernet(0x86dd, &ipv6(6, &tcp(&[0; 1980])))]
    {
        let length_at = if frame[14] == 0x45 { 16 } else { 18 };
        frame[length_at..length_at + 2].fill(0);
        let packet = packet(&frame);
        assert_eq!(packet.ip_len, 2040);
        assert_eq!(packet.app_offset + packet.app_len, frame.len() as u32);
        assert_eq!(packet.marks, Marks::SUPER_FRAME);
    }
}

#[test]
fn a_length_of_zero_is_for_tcp_and_udp_only() {
    let mut frame = ethernet(0x0800, &ipv4(1, &[8, 0, 0, 0, 0, 0, 0, 0]));
    frame[16..18].fill(0);
    let packet = packet(&frame);
    assert_eq!(packet.ip_version, 0);
    assert_eq!(packet.stop.map(|stop| stop.reason), Some(Reason::BadLength));
}

#[test]
fn ipv6_without_payload_has_none() {
    let frame = ethernet(0x86dd, &ipv6(59, &[]));
    let packet = packet(&frame);
    assert_eq!((lengths(&packet), packet.protocol, packet.stop), ((40, 0, 0), 59, None));
}

#[test]
fn a_jumbogram_says_its_length_in_an_option() {
    let segment = udp(1, 2, &vec![0; 70_000]);
    let mut datagram =
        join(&[&[17, 0, 0xc2, 4], &(segment.len() as u32 + 8).to_be_bytes(), &segment]);
    datagram[8 + 4..8 + 6].fill(0); // the UDP length cannot say it either
    let mut frame = ethernet(0x86dd, &ipv6(0, &datagram));
    frame[18..20].fill(0);
    frame.extend([0; 4]);
    let packet = packet(&frame);
    assert_eq!(lengths(&packet), (40 + 8 + 70_008, 70_008, 70_000));
    assert_eq!(packet.marks, Marks::SUPER_FRAME);
}

#[test]
fn more_than_ethernet_carries_is_a_super_frame() {
    let frame = ethernet(0x0800, &ipv4(6, &tcp(&[0; 1461])));
    assert_eq!(packet(&frame).marks, Marks::SUPER_FRAME);
    let (raw, _) = check(LinkType::RAW, &frame[14..], frame.len() as u32 - 14);
    assert_eq!(raw.marks, Marks::default());
}

#[test]
fn udp_ends_where_its_length_says() {
    let mut frame = ethernet(0x0800, &ipv4(17, &udp(1, 2, b"12345678")));
    let length = |frame: &mut Vec<u8>, value: u8| {
        frame[39] = value;
        let packet = packet(frame);
        (packet.trans_len, packet.app_len, packet.stop.map(|stop| stop.reason))
    };
    assert_eq!(length(&mut frame, 10), (10, 2, None));
    assert_eq!(length(&mut frame, 0), (8, 0, Some(Reason::BadLength)));
    assert_eq!(length(&mut frame, 200), (16, 8, None));
    assert_eq!(length(&mut frame, 7), (16, 0, Some(Reason::BadLength)));
}

#[test]
fn a_damaged_tcp_header_leaves_ip_and_ports_standing() {
    for (data_offset, flags, left) in [(0x40, 0, 8), (0x70, 0x10, 0)] {
        let mut frame = ethernet(0x0800, &ipv4(6, &tcp(b"1234")));
        frame[46] = data_offset;
        let packet = packet(&frame);
        assert_eq!((packet.ip_version, packet.protocol, packet.transport), (4, 6, Transport::Tcp));
        assert_eq!((packet.src_port, packet.dst_port, packet.tcp_flags), (1, 2, flags));
        assert_eq!(lengths(&packet), (44, 24, left));
        let stop = packet.stop.unwrap();
        assert_eq!((stop.layer, stop.reason, stop.offset), (Layer::Tcp, Reason::BadLength, 34));
    }
}

#[test]
fn ipv4_options_are_skipped() {
    let mut frame = ethernet(0x0800, &ipv4(17, &join(&[&[1; 8], &udp(5, 6, b"x")])));
    frame[14] = 0x47;
    let packet = packet(&frame);
    assert_eq!((packet.dst_port, packet.trans_offset, lengths(&packet)), (6, 42, (37, 9, 1)));
}

#[test]
fn an_ethernet_length_bounds_what_is_in_llc() {
    let mut inner = join(&[&[0xaa, 0xaa, 3, 0, 0, 0, 8, 0], &ipv4(17, &udp(1, 2, b"hi"))]);
    inner.extend([0; 8]);
    let frame = ethernet(38, &inner);
    assert_eq!((lengths(&packet(&frame)), packet(&frame).marks), ((30, 10, 2), Marks::default()));
    let frame = ethernet(30, &inner);
    assert_eq!(lengths(&packet(&frame)), (22, 2, 0));
    assert_eq!(packet(&frame).marks, Marks::CLAMPED);
}
