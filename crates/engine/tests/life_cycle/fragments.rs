//! Datagrams in pieces.

use flowloom_engine::Config;

use crate::packets::{
    ethernet, fragment4, fragment6, ipv4_packet, ipv6, tagged, tcp_segment, udp_datagram,
};
use crate::{SECOND, Timed, flows};
use flowloom_wire::tcp_flags::SYN;

const ENDS: (u32, u32) = (1, 2);
/// Marks of a packet that was, or is, in fragments.
const FRAGMENT: u64 = 1 << 7;

/// A UDP datagram of 8 + 32 bytes from port 5000 to 53, in three pieces.
fn pieces() -> [Vec<u8>; 3] {
    let datagram = udp_datagram(5_000, 53, &[b'x'; 32]);
    [(0, 16), (16, 32), (32, 40)]
        .map(|(from, to)| fragment4(ENDS, 17, 9, from, to < 40, &datagram[from..to]))
}

/// Source port and packets of each row, and fragments, datagrams and unresolved fragments.
fn outcome(frames: &[Timed]) -> (Vec<(Option<u16>, u64)>, [u64; 3]) {
    let (rows, summary) = flows(frames, |_| {});
    let total = &summary.total;
    let rows = rows.iter().map(|row| (row.port("src_port"), row.number("packet_count")));
    (rows.collect(), [total.fragments, total.datagrams, total.fragments_unresolved])
}

#[test]
fn a_datagram_is_one_packet_where_it_is_complete() {
    let [first, second, third] = pieces();
    for order in [[&first, &second, &third], [&third, &first, &second], [&second, &third, &first]] {
        let bytes = order.iter().map(|frame| frame.len() as u64).sum::<u64>();
        let frames = order.map(Clone::clone).into_iter().enumerate();
        let frames = frames.map(|(i, frame)| (i as i64 * SECOND, frame)).collect::<Vec<_>>();
        let (rows, summary) = flows(&frames, |config| {
            config.features = vec!["core".into(), "sequences".into()];
        });
        let row = &rows[0];
        assert_eq!(rows.len(), 1);
        assert_eq!((row.port("src_port"), row.port("dst_port")), (Some(5_000), Some(53)));
        assert_eq!((row.number("packet_count"), row.number("byte_count")), (1, bytes));
        assert_eq!((row.number("first_frame"), row.number("flow_id")), (3, 3));
        assert_eq!(row.time("start_time"), crate::captures::BEGIN + 2 * SECOND);
        assert_eq!(row.number("up_payload_byte_count"), 32);
        assert_eq!(row.number("up_ip_byte_count"), 60);
        assert_eq!(row.0["packet_marks"], serde_json::json!([FRAGMENT]));
        assert_eq!(row.0["packet_lengths"], serde_json::json!([bytes]));
        assert_eq!((summary.total.fragments, summary.total.datagrams), (3, 1));
    }
}

/// At a frame without an IP packet, or one that the filter leaves out, old datagrams are forgotten; a
/// fragment that comes later is not to be read from that frame.
#[test]
fn datagrams_are_whole_though_others_are_forgotten_meanwhile() {
    let [first, second, third] = pieces();
    let arp = ethernet(0x0806, &[0; 28]);
    let odd = ethernet(0x88b5, &[0xff; 60]);
    for between in [arp, odd, crate::packets::udp((7, 7), (8, 8), 1)] {
        let frames = [
            (0, first.clone()),
            (1, second.clone()),
            (2, third.clone()),
            (90 * SECOND, between),
            (91 * SECOND, first.clone()),
            (92 * SECOND, second.clone()),
            (93 * SECOND, third.clone()),
        ];
        let (rows, summary) = flows(&frames, |config| {
            config.filter = Some(flowloom_engine::Filter::parse("host 10.0.0.1").unwrap());
        });
        let total = &summary.total;
        assert_eq!((total.datagrams, total.fragments_unresolved), (2, 0));
        assert!(rows.iter().all(|row| row.port("src_port") == Some(5_000)));
        assert_eq!(rows.iter().map(|row| row.number("up_payload_byte_count")).sum::<u64>(), 64);
    }
}

#[test]
fn fragments_that_wait_in_vain_have_no_ports() {
    let [first, _, third] = pieces();
    let frames = [(0, first), (SECOND, third)];
    assert_eq!(outcome(&frames), (vec![(None, 2)], [2, 0, 2]));
    let (rows, _) = flows(&frames, |_| {});
    assert_eq!((rows[0].number("first_frame"), rows[0].number("last_frame")), (1, 2));
    assert_eq!(rows[0].time("start_time"), crate::captures::BEGIN);
    assert_eq!(rows[0].number("protocol"), 17);
}

#[test]
fn a_first_fragment_that_was_cut_is_a_packet_of_its_flow() {
    let [mut first, second, _] = pieces();
    first.truncate(first.len() - 4);
    let frames = [(0, first), (1, second)];
    assert_eq!(outcome(&frames), (vec![(Some(5_000), 1), (None, 1)], [2, 0, 2]));
    let (rows, _) = flows(&frames, |_| {});
    assert_eq!(rows[0].number("up_payload_byte_count"), 32, "of the whole datagram");
}

#[test]
fn fragments_wait_for_as_long_as_they_may() {
    let [first, second, third] = pieces();
    let last_after = |pause| {
        let frames = [(0, first.clone()), (1, second.clone()), (pause, third.clone())];
        let (_, summary) = flows(&frames, |config| config.flow.timeouts.fragment = 30 * SECOND);
        (summary.total.datagrams, summary.total.fragments_unresolved)
    };
    assert_eq!(last_after(30 * SECOND), (1, 0));
    assert_eq!(last_after(30 * SECOND + 1), (0, 3));
}

#[test]
fn where_fragments_overlap_the_first_bytes_stay() {
    let datagram = udp_datagram(5_000, 53, &[b'x'; 32]);
    let other = udp_datagram(6_000, 53, &[b'y'; 32]);
    let piece = |of: &[u8], from: usize, to| fragment4(ENDS, 17, 9, from, to < 40, &of[from..to]);
    let frames =
        [(0, piece(&datagram, 0, 8)), (1, piece(&other, 0, 24)), (2, piece(&other, 24, 40))];
    assert_eq!(outcome(&frames), (vec![(Some(5_000), 1)], [3, 1, 0]));
    let frames =
        [(0, piece(&other, 0, 24)), (1, piece(&datagram, 0, 8)), (2, piece(&other, 24, 40))];
    assert_eq!(outcome(&frames), (vec![(Some(6_000), 1)], [3, 1, 0]));
}

#[test]
fn datagrams_of_ipv6_with_overlapping_fragments_are_given_up() {
    let datagram = udp_datagram(5_000, 53, &[b'x'; 32]);
    let piece = |from: usize, to| fragment6(ENDS, 17, 9, from, to < 40, &datagram[from..to]);
    let frames = [(0, piece(0, 16)), (1, piece(8, 24)), (2, piece(24, 40))];
    assert_eq!(outcome(&frames), (vec![(None, 3)], [3, 0, 3]));
    let (_, summary) = flows(&frames, |_| {});
    assert_eq!(summary.total.datagrams_overlapping, 1);
    // The very same fragment again is no overlap.
    let frames = [(0, piece(0, 16)), (1, piece(0, 16)), (2, piece(16, 40))];
    assert_eq!(outcome(&frames), (vec![(Some(5_000), 1)], [3, 1, 0]));
}

#[test]
fn an_atomic_fragment_is_a_whole_packet() {
    let datagram = udp_datagram(5_000, 53, &[b'x'; 32]);
    let frames = [(0, fragment6(ENDS, 17, 9, 0, false, &datagram)), (1, ipv6(1, 2, 17, &datagram))];
    assert_eq!(outcome(&frames), (vec![(Some(5_000), 2)], [0, 0, 0]));
}

#[test]
fn options_of_a_syn_in_fragments_are_not_read_from_other_bytes() {
    // Read as if a TCP header began with the frame, the source address is an option: an MSS.
    let address = [2, 4, 0x04, 0xd2, 0, 0, 0, 0];
    let segment = tcp_segment(5_000, 80, SYN, 100, 0, 28);
    let frames = [(0, 24), (24, 48)].map(|(from, to)| {
        let mut frame = fragment6(ENDS, 6, 9, from, to < 48, &segment[from..to]);
        frame[21] = 2;
        frame[22..30].copy_from_slice(&address);
        (from as i64, frame)
    });
    let (rows, summary) = flows(&frames, |_| {});
    assert_eq!((summary.total.datagrams, rows[0].text("initiator_by")), (1, "syn"));
    assert_eq!(rows[0].optional("up_mss"), None);
}

#[test]
fn a_datagram_inside_a_datagram_is_put_together_too() {
    let datagram = udp_datagram(5_000, 53, &[b'x'; 32]);
    let frames = [(0, 24), (24, 40)].map(|(from, to)| {
        let field = u16::from(to < 40) << 13 | (from / 8) as u16;
        ipv4_packet(3, 4, 17, &datagram[from..to], 9, field)
    });
    let mut timed = Vec::new();
    for (i, inner) in frames.iter().enumerate() {
        for (from, to) in [(0, 24), (24, inner.len())] {
            let more = to < inner.len();
            let field = u16::from(more) << 13 | (from / 8) as u16;
            let outer = ipv4_packet(1, 2, 4, &inner[from..to], 20 + i as u16, field);
            timed.push((timed.len() as i64, ethernet(0x0800, &outer)));
        }
    }
    let (rows, summary) = flows(&timed, |_| {});
    assert_eq!((rows.len(), rows[0].text("src_ip")), (1, "10.0.0.3"));
    assert_eq!((rows[0].number("packet_count"), rows[0].text("tunnel")), (1, "ipip"));
    assert_eq!((summary.total.frames_ip, summary.total.datagrams), (4, 3));
    let bytes = timed.iter().map(|(_, frame)| frame.len() as u64).sum::<u64>();
    assert_eq!(rows[0].number("byte_count"), bytes);
}

/// Columns of the only flow of a packet from address 1 to 2, in one piece and in several.
fn in_one_piece_and_in_several(protocol: u8, payload: &[u8], vlan: u16) -> [[String; 4]; 2] {
    let whole = vec![fragment4(ENDS, protocol, 9, 0, false, payload)];
    let at = |from: usize| {
        let to = payload.len().min(from + 24);
        fragment4(ENDS, protocol, 9, from, to < payload.len(), &payload[from..to])
    };
    let pieces = (0..payload.len()).step_by(24).map(at).collect::<Vec<_>>();
    assert!(pieces.len() > 1);
    [whole, pieces].map(|frames| {
        let frames = frames.iter().map(|frame| (0, tagged(frame, vlan))).collect::<Vec<_>>();
        let (rows, _) = flows(&frames, |_| {});
        assert_eq!(rows.len(), 1);
        ["tunnel", "src_mac", "dst_mac", "vni"].map(|column| rows[0].0[column].to_string())
    })
}

#[test]
fn tunnels_of_a_datagram_are_told_as_of_one_that_was_never_cut() {
    let inner = ipv4_packet(3, 4, 17, &udp_datagram(5_000, 53, &[b'x'; 32]), 9, 0);
    let mut frame = tagged(&ethernet(0x0800, &inner), 7);
    frame[..12].copy_from_slice(b"\x02dst..\x02src..");
    let gre = [&[0x20, 0, 8, 0, 0, 0, 0, 7][..], &inner].concat();
    let vxlan = udp_datagram(1, 4_789, &[&[8, 0, 0, 0, 0, 0, 9, 0][..], &frame].concat());
    let deep = ipv4_packet(5, 6, 47, &gre, 9, 0);
    for (protocol, payload, tunnel) in [
        (4, &inner, "\"ipip\""),
        (47, &gre, "\"gre(key=7)\""),
        (4, &deep, "\"ipip/gre(key=7)\""),
        (17, &vxlan, "\"vlan(5)/vxlan(vni=9)\""),
    ] {
        let [whole, pieces] = in_one_piece_and_in_several(protocol, payload, 5);
        assert_eq!(whole[0], tunnel);
        assert_eq!(whole, pieces);
        assert_eq!(whole[1].contains("02:73"), protocol == 17, "{whole:?}");
    }
}

#[test]
fn limits_on_datagrams_leave_the_oldest_unresolved() {
    let first = |id| fragment4(ENDS, 17, id, 0, true, &udp_datagram(5_000, 53, &[0; 8]));
    let last = |id| fragment4(ENDS, 17, id, 16, false, &[0; 8]);
    let frames = [first(1), first(2), first(3), last(3), last(1), last(2)];
    let frames = frames.into_iter().enumerate().map(|(i, frame)| (i as i64, frame));
    let frames = frames.collect::<Vec<_>>();
    let two = |config: &mut Config| config.flow.limits.datagrams_max = 2;
    let (_, summary) = flows(&frames, two);
    // Datagram 1 gives way to datagram 3; its last fragment comes too late.
    assert_eq!(summary.total.limits_reached["datagrams"], 1);
    assert_eq!((summary.total.datagrams, summary.total.fragments_unresolved), (2, 2));
}
