//! The lists against the packets they come from.

use flowloom_flow::{Arrival, Population};
use proptest::prelude::*;

use super::LISTS;
use crate::testing::{Row, as_tcp, flows, packet, shared};
use crate::{LogLimits, LogShared, Signs};

fn rows(arrivals: &[Arrival], shared: LogShared, signs: Signs) -> (Row, Row) {
    let (ended, _) = flows(arrivals, shared);
    assert_eq!(ended.len(), 1);
    (Row::of(&ended[0], "sequences", signs), Row::of(&ended[0], "timestamps", signs))
}

fn is_up(arrival: &Arrival) -> bool {
    arrival.packet.src_port == 1_000
}

/// Compares all lists with what the packets in them say.
fn check(row: &Row, timestamps: &Row, listed: &[Arrival], start: i64, signs: Signs) {
    let tcp = listed.first().is_none_or(|first| first.packet.protocol == 6);
    let of = |value: &dyn Fn(&Arrival) -> i64| listed.iter().map(value).collect::<Vec<_>>();
    let signed = |value: &dyn Fn(&Arrival) -> u32| {
        of(&|arrival| {
            let value = i64::from(value(arrival).min(i32::MAX as u32));
            if signs == Signs::Signed && !is_up(arrival) { -value } else { value }
        })
    };
    let is = |name: &str, expected: Vec<i64>| {
        assert_eq!(row.list(name).as_ref(), Some(&expected), "{name}");
    };
    is("directions", of(&|arrival| if is_up(arrival) { 1 } else { -1 }));
    is("times", of(&|arrival| arrival.time - start));
    let gaps = listed.windows(2).map(|pair| pair[1].time - pair[0].time);
    is("iats", listed.iter().take(1).map(|_| 0).chain(gaps).collect());
    is("packet_lengths", signed(&|arrival| arrival.wire_len));
    is("ip_lengths", signed(&|arrival| arrival.packet.ip_len));
    is("trans_lengths", signed(&|arrival| arrival.packet.trans_len));
    is("app_lengths", signed(&|arrival| arrival.packet.app_len));
    assert_eq!(timestamps.list("timestamps"), Some(of(&|arrival| arrival.time)));
    for (name, value) in [
        ("tcp_flags", of(&|arrival| arrival.packet.tcp_flags.into())),
        ("tcp_window_sizes", of(&|arrival| arrival.packet.window.into())),
    ] {
        assert_eq!(row.list(name), tcp.then_some(value), "{name}");
    }
    for list in LISTS {
        let only_tcp = list.only_tcp && !tcp;
        let len = row.list(list.name).map(|list| list.len());
        assert_eq!(len, (!only_tcp).then_some(listed.len()), "{}", list.name);
    }
}

fn arrivals() -> impl Strategy<Value = Vec<Arrival>> {
    let lengths = prop_oneof![
        [0_u32..1_600, 0..1_600, 0..1_600, 0..1_600],
        // Whatever a capture can claim, headers fit into it.
        [0..u32::MAX - 60, 0..u32::MAX - 60, 0..u32::MAX - 60, 0..u32::MAX - 60],
    ];
    let one =
        (-900_i64..1_000_000, any::<bool>(), lengths, any::<u32>(), any::<u8>(), any::<u16>());
    (any::<bool>(), prop::collection::vec(one, 1..60)).prop_map(|(tcp, packets)| {
        let mut time = 1_700_000_000_000_000_000;
        let packets = packets.into_iter().map(|(gap, up, lengths, seq, flags, window)| {
            time += gap;
            let packet = packet(time, up, lengths);
            if tcp { as_tcp(packet, seq, flags, window) } else { packet }
        });
        packets.collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn lists_say_what_the_packets_say(
        arrivals in arrivals(),
        sequence_max in prop_oneof![0_usize..70, Just(65_536)],
        signed in any::<bool>(),
    ) {
        let signs = if signed { Signs::Signed } else { Signs::Unsigned };
        let limits = LogLimits { sequence_max, ..LogLimits::default() };
        let (row, timestamps) = rows(&arrivals, shared(true, false, limits), signs);
        let listed = &arrivals[..arrivals.len().min(sequence_max)];
        if !listed.is_empty() {
            check(&row, &timestamps, listed, arrivals[0].time, signs);
        }
        prop_assert_eq!(row.int("sequence_total"), Some(arrivals.len() as i64));
        prop_assert_eq!(row.bool("sequence_truncated"), listed.len() < arrivals.len());
    }
}

#[test]
fn times_count_from_the_first_packet_and_gaps_from_the_first_counted_one() {
    let arrivals = [
        packet(100, true, [60, 28, 8, 0]),
        packet(130, false, [70, 38, 18, 10]),
        packet(135, true, [60, 28, 8, 0]),
        packet(190, true, [61, 29, 9, 1]),
    ];
    let payload = LogShared::new(true, false, LogLimits::default(), Population::Payload, 1);
    let (row, timestamps) = rows(&arrivals, payload, Signs::Signed);
    check(&row, &timestamps, &[arrivals[1], arrivals[3]], 100, Signs::Signed);
    assert_eq!(row.int("sequence_total"), Some(2));
    assert!(!row.bool("sequence_truncated"));
}

#[test]
fn a_flow_without_counted_packets_has_empty_lists() {
    let payload = LogShared::new(true, false, LogLimits::default(), Population::Payload, 1);
    let (row, timestamps) = rows(&[packet(5, true, [60, 28, 8, 0])], payload, Signs::Unsigned);
    assert_eq!(row.list("directions"), Some(vec![]));
    assert_eq!(row.list("tcp_flags"), None);
    assert_eq!(timestamps.list("timestamps"), Some(vec![]));
    assert_eq!((row.int("sequence_total"), row.bool("sequence_truncated")), (Some(0), false));
}

#[test]
fn marks_are_listed_as_bits() {
    const ACK: u8 = 16;
    let segment = |time, up, seq, payload: u32, flags, window| {
        let lengths = [payload + 54, payload + 40, payload + 20, payload];
        as_tcp(packet(time, up, lengths), seq, flags, window)
    };
    let arrivals = [
        segment(0, true, 99, 0, 2, 64),
        segment(1, false, 499, 0, 2 | ACK, 64),
        segment(2, true, 100, 0, ACK, 64),
        segment(3, true, 100, 10, ACK, 64),
        segment(4, true, 100, 10, ACK, 64),
        segment(5, true, 120, 10, ACK, 64),
        segment(6, true, 110, 10, ACK, 64),
        segment(7, true, 125, 10, ACK, 64),
        segment(8, true, 134, 1, ACK, 64),
        segment(9, false, 500, 0, ACK, 0),
    ];
    let (row, _) = rows(&arrivals, shared(true, false, LogLimits::default()), Signs::Unsigned);
    let marks = row.list("packet_marks").unwrap();
    // Handshake, and its ACK is a pure one; then data, retransmission, gap before, out of order,
    // overlap, keep-alive (and the byte was seen before), and a pure ACK with a window of zero.
    assert_eq!(marks[..8], [2_048, 2_048, 2_049, 0, 4, 32, 16, 8]);
    assert_eq!((marks[8] & 2, marks[9]), (2, 65));
}

#[test]
fn windows_are_scaled_if_both_sides_said_so() {
    const ACK: u8 = 16;
    let segment = |time, up, seq, flags, window| {
        as_tcp(packet(time, up, [54, 40, 20, 0]), seq, flags, window)
    };
    let arrivals = [
        segment(0, true, 99, 2, 64_240),
        segment(1, false, 499, 2 | ACK, 65_160),
        segment(2, true, 100, ACK, 502),
        segment(3, false, 500, ACK, u16::MAX),
    ];
    let scaled = |arrivals: &[Arrival], scales: [Option<u8>; 2]| {
        let (mut ended, _) = flows(arrivals, shared(true, false, LogLimits::default()));
        for (introduction, scale) in ended[0].flow.introductions.iter_mut().zip(scales) {
            introduction.window_scale = scale;
        }
        let row = Row::of(&ended[0], "scaled_windows", Signs::Signed);
        row.list("tcp_scaled_window_sizes")
    };
    let sent = vec![64_240, 65_160, 502, 65_535];
    assert_eq!(scaled(&arrivals, [Some(7), None]), Some(sent));
    let expected = vec![64_240, 65_160, 502 << 7, 65_535 << 14];
    assert_eq!(scaled(&arrivals, [Some(7), Some(200)]), Some(expected));
    // Whose SYN was not seen, may have said anything.
    assert_eq!(scaled(&arrivals[1..], [None, Some(7)]), None);
    let udp = packet(5, true, [60, 28, 8, 0]);
    assert_eq!(scaled(&[udp], [None, None]), None);
}
