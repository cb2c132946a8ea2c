//! The log against a plain account of which packets belong to the sequences, and its memory.

use flowloom_flow::{Arrival, Population};
use proptest::prelude::*;

use super::{FOLD_AT, LogLimits, LogShared, RECORD_BYTES};
use crate::statistics::GAPS_MAX;
use crate::testing::{flows, in_flow, packet, shared};

/// The times and lengths of the packets that belong to the sequences.
fn prefix(
    arrivals: &[Arrival],
    counted: impl Fn(&Arrival) -> bool,
    limits: &LogLimits,
) -> Vec<(i64, u32)> {
    let start = arrivals[0].time;
    let mut bytes = 0;
    let within = |(count, arrival): &(usize, &Arrival)| {
        bytes += u64::from(arrival.wire_len);
        *count < limits.sequence_max
            && limits.sequence_nanos_max.is_none_or(|max| arrival.time - start <= max)
            && limits.sequence_bytes_max.is_none_or(|max| bytes <= max)
    };
    let counted = arrivals.iter().filter(|arrival| counted(arrival)).enumerate();
    counted.take_while(within).map(|(_, arrival)| (arrival.time, arrival.wire_len)).collect()
}

fn limits() -> impl Strategy<Value = LogLimits> {
    let sequence_max = prop_oneof![0_usize..12, Just(65_536)];
    let time = prop::option::of(0_i64..20_000);
    let bytes = prop::option::of(0_u64..20_000);
    (sequence_max, time, bytes).prop_map(
        |(sequence_max, sequence_nanos_max, sequence_bytes_max)| LogLimits {
            sequence_max,
            sequence_nanos_max,
            sequence_bytes_max,
            ..LogLimits::default()
        },
    )
}

/// Packets of a few flows, interleaved; the flow of each.
fn interleaved(len: usize) -> impl Strategy<Value = Vec<(u16, Arrival)>> {
    let one = (0_u16..4, -50_i64..900, any::<bool>(), 0_u32..1_460);
    prop::collection::vec(one, 1..len).prop_map(|packets| {
        let mut time = 1_700_000_000_000_000_000;
        let packets = packets.into_iter().map(|(flow, gap, up, payload)| {
            time += gap;
            // A third of the packets without payload.
            let payload = if payload.is_multiple_of(3) { 0 } else { payload };
            let lengths = [payload + 42, payload + 28, payload + 8, payload];
            (flow, in_flow(flow, packet(time, up, lengths)))
        });
        packets.collect()
    })
}

fn of_flow(packets: &[(u16, Arrival)], flow: u16) -> Vec<Arrival> {
    packets.iter().filter(|packet| packet.0 == flow).map(|packet| packet.1).collect()
}

fn each(packets: &[(u16, Arrival)]) -> Vec<Arrival> {
    packets.iter().map(|packet| packet.1).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn sequences_are_the_packets_within_all_limits(
        packets in interleaved(300),
        limits in limits(),
        statistics in any::<bool>(),
        payload in any::<bool>(),
    ) {
        let population = if payload { Population::Payload } else { Population::All };
        let counts = |arrival: &Arrival| !payload || arrival.packet.app_len > 0;
        let shared = LogShared::new(true, statistics, limits, population, 1);
        let (flows, partition) = flows(&each(&packets), shared);
        for ended in &flows {
            let flow = packets[ended.flow.first.frame as usize - 1].0;
            let arrivals = of_flow(&packets, flow);
            let log = ended.flow.keep.log();
            let own = log.sequence().iter().map(|record| (record.time, record.packet_len));
            prop_assert_eq!(own.collect::<Vec<_>>(), prefix(&arrivals, counts, &limits));
            let counted = arrivals.iter().filter(|arrival| counts(arrival)).count();
            prop_assert_eq!(log.counted(), counted as u64);
        }
        prop_assert_eq!(partition.shared().log.bytes, 0);
        prop_assert_eq!(partition.shared().log.starved(), 0);
    }

    #[test]
    fn without_memory_sequences_are_cut_and_flows_counted(
        packets in interleaved(300),
        limits in limits(),
        statistics in any::<bool>(),
        log_bytes_max in 0_usize..8_000,
    ) {
        let limits = LogLimits { log_bytes_max, ..limits };
        let (flows, partition) = flows(&each(&packets), shared(true, statistics, limits));
        let mut starved = 0;
        for ended in &flows {
            let flow = packets[ended.flow.first.frame as usize - 1].0;
            let arrivals = of_flow(&packets, flow);
            let log = ended.flow.keep.log();
            let own = log.sequence().iter().map(|record| (record.time, record.packet_len));
            let (own, whole) = (own.collect::<Vec<_>>(), prefix(&arrivals, |_| true, &limits));
            if log.starved {
                starved += 1;
                prop_assert!(whole.starts_with(&own));
            } else {
                prop_assert_eq!(own, whole);
            }
            prop_assert_eq!(log.counted(), arrivals.len() as u64);
        }
        prop_assert_eq!(partition.shared().log.bytes, 0);
        prop_assert_eq!(partition.shared().log.starved(), starved);
    }
}

fn steady(count: usize) -> Vec<Arrival> {
    (0..count)
        .map(|i| {
            packet(i as i64 * 1_000 + i as i64 % 7, i % 3 == 0, [i as u32 % 1_500, 40, 20, 12])
        })
        .collect()
}

#[test]
fn long_sequences_survive_folding() {
    for sequence_max in [0, 1, FOLD_AT - 1, FOLD_AT, FOLD_AT + 1, 20_000, 30_000, 1_000_000] {
        for statistics in [false, true] {
            let limits = LogLimits { sequence_max, ..LogLimits::default() };
            let arrivals = steady(30_000);
            let (flows, partition) = flows(&arrivals, shared(true, statistics, limits));
            let log = flows[0].flow.keep.log();
            let own = log.sequence().iter().map(|record| (record.time, record.packet_len));
            assert_eq!(own.collect::<Vec<_>>(), prefix(&arrivals, |_| true, &limits));
            assert_eq!((log.counted(), partition.shared().log.bytes), (30_000, 0));
        }
    }
}

#[test]
fn records_that_are_not_needed_do_not_stay() {
    let limits = LogLimits { sequence_max: 10, ..LogLimits::default() };
    let (flows_of_sequences, _) = flows(&steady(30_000), shared(true, false, limits));
    assert_eq!(flows_of_sequences[0].flow.keep.log().kept(), 10);
    let (flows_of_statistics, _) = flows(&steady(30_000), shared(true, true, limits));
    let log = flows_of_statistics[0].flow.keep.log();
    assert!(log.kept() < 10 + 2 * FOLD_AT && log.records.capacity() <= 2 * FOLD_AT);
}

#[test]
fn a_sequence_in_memory_is_cut_where_memory_ends() {
    let limits = LogLimits { log_bytes_max: 16 * RECORD_BYTES, ..LogLimits::default() };
    let (flows, partition) = flows(&steady(5_000), shared(true, false, limits));
    let log = flows[0].flow.keep.log();
    assert_eq!((log.sequence().len(), log.counted()), (16, 5_000));
    assert_eq!((partition.shared().log.starved(), partition.shared().log.bytes), (1, 0));
}

#[test]
fn gaps_kept_for_their_medians_count_as_memory() {
    let limits = LogLimits { log_bytes_max: 400_000, ..LogLimits::default() };
    let (_, partition) = flows(&steady(10_000), shared(false, true, limits));
    assert_eq!(partition.shared().log.starved(), 0);
    let (_, partition) = flows(&steady(60_000), shared(false, true, limits));
    assert_eq!((partition.shared().log.starved(), partition.shared().log.bytes), (1, 0));
    assert_eq!(partition.shared().log.medians_given_up(), 0);
}

#[test]
fn medians_are_counted_that_too_many_gaps_make_null() {
    let given_up = |arrivals: &[Arrival]| {
        let (_, partition) = flows(arrivals, shared(false, true, LogLimits::default()));
        assert_eq!((partition.shared().log.starved(), partition.shared().log.bytes), (0, 0));
        partition.shared().log.medians_given_up()
    };
    assert_eq!(given_up(&steady(GAPS_MAX + 1)), 0);
    assert_eq!(given_up(&steady(GAPS_MAX + 2)), 1);
    // Two thirds go down.
    assert_eq!(given_up(&steady(GAPS_MAX / 2 * 3 + 8)), 2);
    assert_eq!(given_up(&steady(GAPS_MAX * 3 + 8)), 3);
}
