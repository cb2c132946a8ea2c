//! Statistics against exact rational arithmetic over the same integers, by the way that packets
//! take: into the log of their flow, then into the columns of its row.

mod exact;
mod scipy;

use flowloom_flow::{Arrival, Ended, Partition, Population};
use proptest::prelude::*;

use crate::kept::{FOLD_AT, LogLimits, LogShared};
use crate::statistics::totals::GAPS_MAX;
use crate::testing::{Row, as_tcp, flows, packet, shared};
use crate::{Kept, Signs};
use exact::{check_gaps, check_lengths};

/// A length of a packet.
type Length = fn(&Arrival) -> u32;

/// The statistics of a flow: the row, and what the partition counted.
fn row(arrivals: &[Arrival], shared: LogShared) -> (Row, Partition<Kept>) {
    let (ended, partition) = flows(arrivals, shared);
    let [ended]: [Ended<Kept>; 1] = ended.try_into().unwrap();
    (Row::of(&ended, "statistics", Signs::Unsigned), partition)
}

fn with_statistics() -> LogShared {
    shared(false, true, LogLimits::default())
}

/// Compares all columns with what the counted packets say; a median is told of at most
/// `gaps_max` gaps.
fn check(row: &Row, counted: &[Arrival], gaps_max: usize) {
    let is_up = |arrival: &&Arrival| arrival.packet.src_port != 2_000;
    let sides = [
        ("", counted.to_vec()),
        ("up_", counted.iter().filter(is_up).copied().collect()),
        ("down_", counted.iter().filter(|arrival| !is_up(arrival)).copied().collect()),
    ];
    for (side, arrivals) in sides {
        let lengths: [(&str, Length); 4] = [
            ("packet_lengths", |arrival| arrival.wire_len),
            ("ip_lengths", |arrival| arrival.packet.ip_len),
            ("trans_lengths", |arrival| arrival.packet.trans_len),
            ("app_lengths", |arrival| arrival.packet.app_len),
        ];
        for (sequence, length) in lengths {
            let values = arrivals.iter().map(|arrival| length(arrival).into()).collect::<Vec<_>>();
            check_lengths(row, &format!("{sequence}_{side}"), &values);
        }
        let gaps = arrivals.windows(2).map(|pair| pair[1].time - pair[0].time).collect::<Vec<_>>();
        check_gaps(row, &format!("iats_{side}"), &gaps, gaps.len() <= gaps_max);
    }
}

/// Packets by a rule, with a reproducible stream of random numbers.
fn packets(
    count: usize,
    mut rule: impl FnMut(usize, &mut dyn FnMut() -> u64) -> Arrival,
) -> Vec<Arrival> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = || {
        // xorshift64: Marsaglia, "Xorshift RNGs", 2003.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state >> 11
    };
    (0..count).map(|i| rule(i, &mut random)).collect()
}

/// Busy traffic of both directions with a few hundred lengths.
fn traffic(count: usize) -> Vec<Arrival> {
    let mut time = 1_700_000_000_000_000_000;
    packets(count, |_, random| {
        time += (random() % 5_000_000) as i64 - 1_000;
        let payload = if random().is_multiple_of(3) { 0 } else { random() as u32 % 1_449 };
        packet(
            time,
            random().is_multiple_of(2),
            [payload + 66, payload + 52, payload + 32, payload],
        )
    })
}

fn lengths() -> impl Strategy<Value = Vec<[u32; 4]>> {
    let any_of = |range: std::ops::Range<u32>| {
        prop::collection::vec([range.clone(), range.clone(), range.clone(), range], 1..80)
    };
    prop_oneof![
        any_of(0..1_515),
        any_of(0..65_536),
        any_of(0..2),
        (0_u32..1 << 31).prop_flat_map(move |base| any_of(base..base + 3)),
        (0_u32..1 << 31).prop_flat_map(move |base| any_of(base..base + 1)),
        any_of(0..1 << 31),
        any_of((1 << 31) - 2..(1 << 31) + 1),
    ]
}

fn gaps() -> impl Strategy<Value = Vec<i64>> {
    const YEAR: i64 = 365 * 86_400 * 1_000_000_000;
    let any_of = |range: std::ops::Range<i64>| prop::collection::vec(range, 80);
    prop_oneof![
        any_of(0..2_000_000_000),
        any_of(-1_000_000..1_000_000),
        any_of(0..1),
        any_of(-1..2),
        any_of(1_000_000_000..1_000_000_003),
        (0..YEAR).prop_flat_map(move |base| any_of(base..base + 2)),
        any_of(-YEAR..YEAR),
        prop::collection::vec((0_u32..55, any::<bool>()), 80).prop_map(|powers| {
            let signed =
                |(power, minus): (u32, bool)| (1_i64 << power) * if minus { -1 } else { 1 };
            powers.into_iter().map(signed).collect()
        }),
    ]
}

fn directions() -> impl Strategy<Value = Vec<bool>> {
    prop_oneof![
        prop::collection::vec(any::<bool>(), 80),
        Just(vec![true; 80]),
        Just(vec![false; 80]),
        prop::collection::vec(prop::bool::weighted(0.02), 80),
    ]
}

fn small_flow() -> impl Strategy<Value = Vec<Arrival>> {
    (lengths(), gaps(), directions(), -(1_i64 << 61)..1 << 61).prop_map(
        |(lengths, gaps, directions, mut time)| {
            let packets = lengths.into_iter().zip(gaps).zip(directions);
            let packets = packets.map(|((lengths, gap), up)| {
                time += gap;
                packet(time, up, lengths)
            });
            packets.collect()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn small_flows_are_exact(arrivals in small_flow()) {
        let (row, _) = row(&arrivals, with_statistics());
        check(&row, &arrivals, GAPS_MAX);
    }

    #[test]
    fn without_memory_all_but_medians_of_gaps_is_exact(
        arrivals in small_flow(),
        log_bytes_max in 0_usize..6_000,
    ) {
        let limits = LogLimits { log_bytes_max, ..LogLimits::default() };
        let (row, partition) = row(&arrivals, shared(false, true, limits));
        let starved = partition.shared().log.starved() > 0;
        check(&row, &arrivals, if starved { 0 } else { GAPS_MAX });
    }
}

#[test]
fn flows_that_are_folded_are_exact() {
    for count in [1, 2, 3, FOLD_AT - 1, FOLD_AT, FOLD_AT + 1, 5_000, 3 * FOLD_AT + 7, 40_000] {
        let arrivals = traffic(count);
        for sequences in [false, true] {
            let limits = LogLimits { sequence_max: 9_000, ..LogLimits::default() };
            let (row, partition) = row(&arrivals, shared(sequences, true, limits));
            check(&row, &arrivals, GAPS_MAX);
            assert_eq!(partition.shared().log.starved(), 0);
        }
    }
}

/// Where lengths differ by a header, what is known of one sequence is used for the next.
#[test]
fn headers_of_each_side_may_differ() {
    let header = |up: bool, [own, other]: [u32; 2]| if up { own } else { other };
    for [transport, options] in [[20, 20], [20, 32], [8, 8], [0, 40]] {
        for count in [1, 2, 3, 50, 5_000] {
            let arrivals = packets(count, |i, random| {
                let up = count < 3 || random().is_multiple_of(2);
                let payload = random() as u32 % 40;
                let transport = payload + header(up, [transport, options]);
                // Short frames are padded.
                let wire = (transport + 34).max(if i % 2 == 0 { 60 } else { 0 });
                packet(i as i64, up, [wire, transport + 20, transport, payload])
            });
            let (row, _) = row(&arrivals, with_statistics());
            check(&row, &arrivals, GAPS_MAX);
        }
    }
}

#[test]
fn medians_of_gaps_are_told_up_to_the_limit() {
    for count in [GAPS_MAX, GAPS_MAX + 1, GAPS_MAX + 2, 2 * GAPS_MAX + 5_000, 200_000] {
        let arrivals = traffic(count);
        let (row, _) = row(&arrivals, with_statistics());
        check(&row, &arrivals, GAPS_MAX);
    }
}

#[test]
fn long_flows_without_memory_are_exact_but_for_medians_of_gaps() {
    let arrivals = traffic(70_000);
    for log_bytes_max in [0, 500, 100_000, 300_000, 1_000_000] {
        for sequences in [false, true] {
            let limits = LogLimits { log_bytes_max, ..LogLimits::default() };
            let (row, partition) = row(&arrivals, shared(sequences, true, limits));
            check(&row, &arrivals, 0);
            assert_eq!(partition.shared().log.starved(), 1);
            assert_eq!(partition.shared().log.medians_given_up(), 0);
        }
    }
}

#[test]
fn a_long_flow_in_one_direction_is_exact() {
    for up in [false, true] {
        let arrivals = packets(GAPS_MAX + 500, |i, random| {
            packet(i as i64 * 1_000 + random() as i64 % 999, up, [1_500, 1_486, 1_466, 1_458])
        });
        let (row, _) = row(&arrivals, with_statistics());
        check(&row, &arrivals, GAPS_MAX);
    }
}

#[test]
fn jitter_of_a_nanosecond_on_a_second_is_exact_in_a_long_flow() {
    let mut time = 0;
    let arrivals = packets(100_000, |i, random| {
        time += 1_000_000_000 + (random() % 3) as i64 - 1;
        packet(time, i % 2 == 0, [90, 76, 56, 48])
    });
    let (row, _) = row(&arrivals, with_statistics());
    check(&row, &arrivals, GAPS_MAX);
}

#[test]
fn a_drift_of_times_and_lengths_is_exact_in_a_long_flow() {
    let mut time = -(1 << 60);
    let arrivals = packets(150_000, |i, random| {
        time += (i as i64).pow(2) / 5 + (random() % 7) as i64;
        let length = i as u32 / 3;
        packet(time, random().is_multiple_of(5), [length + 42, length + 28, length + 8, length])
    });
    let (row, _) = row(&arrivals, with_statistics());
    check(&row, &arrivals, GAPS_MAX);
}

#[test]
fn a_jump_of_two_centuries_in_a_long_flow_is_exact() {
    let arrivals = packets(100_000, |i, random| {
        let era = if i < 70_000 { -(1 << 61) } else { 1 << 61 };
        packet(era + i as i64 * 500 + random() as i64 % 400, i % 3 == 0, [60, 40, 20, 0])
    });
    let (row, _) = row(&arrivals, with_statistics());
    check(&row, &arrivals, GAPS_MAX);
}

#[test]
fn a_flow_without_counted_packets_has_counts_and_sums_of_zero_and_nulls() {
    let none = LogShared::new(false, true, LogLimits::default(), Population::Payload, 1);
    let (row, _) = row(&[packet(5, true, [60, 40, 20, 0])], none);
    check(&row, &[], GAPS_MAX);
    assert_eq!(row.int("app_lengths_sum"), Some(0));
    assert_eq!(row.float("iats_sum"), Some(0.0));
    assert_eq!(row.float("app_lengths_mean"), None);
}

#[test]
fn populations_select_what_is_counted() {
    const ACK: u8 = 16;
    let segment = |time, up, seq, payload: u32, flags| {
        let lengths = [payload + 54, payload + 40, payload + 20, payload];
        as_tcp(packet(time, up, lengths), seq, flags, 100)
    };
    let arrivals = [
        segment(10, true, 99, 0, 2),
        segment(30, false, 499, 0, 2 | ACK),
        segment(45, true, 100, 0, ACK),
        segment(50, true, 100, 10, ACK | 8),
        segment(55, true, 100, 10, ACK | 8),
        segment(80, false, 500, 7, ACK),
        segment(95, true, 110, 20, ACK),
        segment(96, true, 130, 0, ACK | 1),
    ];
    let of = |indices: &[usize]| indices.iter().map(|i| arrivals[*i]).collect::<Vec<_>>();
    for (population, counted) in [
        (Population::All, of(&[0, 1, 2, 3, 4, 5, 6, 7])),
        (Population::NoPureAck, of(&[0, 1, 3, 4, 5, 6, 7])),
        (Population::Payload, of(&[3, 4, 5, 6])),
        (Population::PayloadNoRetransmission, of(&[3, 5, 6])),
    ] {
        let shared = LogShared::new(false, true, LogLimits::default(), population, 1);
        let (row, _) = row(&arrivals, shared);
        check(&row, &counted, GAPS_MAX);
    }
}
