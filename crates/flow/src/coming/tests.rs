//! Packets that are put together by their flows, beside packets that come one by one.

use flowloom_wire::{Address, Packet, Transport};
use proptest::prelude::*;

use crate::{
    Arrival, Clock, Clocks, Coming, EndReason, Ended, Keep, KeyHasher, Known, Limits, Load, Origin,
    PARTITIONS, Partition, Place, Runs, Seen, Settings, Timeouts,
};

/// The frames of a flow, as far as what all flows of the partition share allows.
#[derive(Debug, Default)]
struct Frames(Vec<u64>);

/// Frames that are kept, and how many may be.
struct Share {
    kept: usize,
    kept_max: usize,
}

impl Keep for Frames {
    type Shared = Share;

    fn packet(
        &mut self,
        arrival: &Arrival,
        _: Seen,
        _: Known<'_>,
        _: &impl Origin,
        share: &mut Share,
    ) {
        if share.kept < share.kept_max {
            share.kept += 1;
            self.0.push(arrival.frame);
        }
    }

    fn is_short(share: &Share, load: Load) -> bool {
        share.kept + load.packets > share.kept_max
    }

    fn ended(&mut self, share: &mut Share) {
        share.kept -= self.0.len();
    }

    fn fetch(&self) {}

    fn fetch_more(&self) {}
}

/// What a flow has come to.
type Row = (u64, Vec<u64>, EndReason, u64, [u64; 2], i64);

fn row(ended: &Ended<Frames>) -> Row {
    let flow = &ended.flow;
    let packets = [flow.sides[0].packets, flow.sides[1].packets];
    (flow.first.frame, flow.keep.0.clone(), ended.reason, ended.frame, packets, flow.end_time)
}

/// The flows of some packets that come in blocks of a length.
fn flows(packets: &[Arrival], settings: &Settings, kept_max: usize, block: usize) -> Vec<Row> {
    let share = |_| Share { kept: 0, kept_max };
    let mut partitions =
        (0..PARTITIONS).map(share).map(|share| Partition::new(settings, share)).collect::<Vec<_>>();
    let hasher = KeyHasher::random();
    let mut clock = Clock::new(settings.timeouts.clock_jump_max);
    let (mut runs, mut ended) = (Runs::default(), Vec::new());
    let all = packets;
    for (packets, first) in packets.chunks(block).zip((1..).step_by(block)) {
        let next = |at: usize| all.get(first as usize + at).map(|packet| packet.time);
        let clock_at = |(at, packet): (usize, &Arrival)| clock.advance(packet.time, || next(at));
        let at = packets.iter().enumerate().map(clock_at).collect::<Vec<_>>();
        let arrivals = (0..).zip(packets).map(|(index, packet)| Arrival { index, ..*packet });
        let arrivals = arrivals.collect::<Vec<_>>();
        let place = |arrival: &Arrival| Place::of(&arrival.packet, settings.key_ignore, &hasher);
        let places = arrivals.iter().map(place).collect::<Vec<_>>();
        runs.arrange(&places, 0..places.len() as u32);
        let clocks = Clocks { first, at: &at };
        let coming = Coming { arrivals: &arrivals, places: &places, runs: &runs, clocks, bytes: 0 };
        let (some, others) = partitions.split_at_mut(PARTITIONS / 3);
        coming.go_to(some, 0, &(), &mut ended);
        coming.go_to(others, PARTITIONS / 3, &(), &mut ended);
        for partition in &mut partitions {
            partition.expire(clocks, &mut ended);
        }
    }
    for partition in &mut partitions {
        partition.drain(&mut ended);
    }
    let mut rows = ended.iter().map(row).collect::<Vec<_>>();
    rows.sort_unstable_by_key(|row| row.0);
    rows
}

/// A packet of the connection of a host.
fn packet(frame: u64, time: i64, (host, reversed, tcp_flags): (u8, bool, u8)) -> Arrival {
    let client = (Address::v4([10, 0, 0, host]), 40_000);
    let server = (Address::v4([192, 0, 2, 1]), 443);
    let (src, dst) = if reversed { (server, client) } else { (client, server) };
    let packet = Packet {
        src: src.0,
        dst: dst.0,
        src_port: src.1,
        dst_port: dst.1,
        ip_version: 4,
        protocol: 6,
        transport: Transport::Tcp,
        tcp_flags,
        seq: frame as u32,
        app_len: 1,
        ..Packet::default()
    };
    Arrival { packet, time, frame, wire_len: 60, index: 0 }
}

fn settings(flows_max: usize) -> Settings {
    Settings {
        limits: Limits { flows_max: flows_max * PARTITIONS, ..Limits::default() },
        timeouts: Timeouts {
            tcp_idle: 300,
            other_idle: 60,
            active: 900,
            linger: 5,
            reopen: 10,
            ..Timeouts::default()
        },
        ..Settings::default()
    }
}

/// The first deadline of a connection, moved by a packet, may come to be that of its end.
#[test]
fn a_connection_that_is_over_ends_when_it_should() {
    let (other, data, reset) = ((1, false, 16), (2, false, 16), (2, false, 20));
    let steps = [(0, data), (263, data), (301, other), (558, reset), (564, other)];
    let packets = (1..).zip(steps).map(|(frame, (time, what))| packet(frame, time, what));
    let rows = flows(&packets.collect::<Vec<_>>(), &settings(100), 100, 1);
    assert_eq!(rows[0], (1, vec![1, 2, 4], EndReason::Rst, 5, [3, 0], 558));
}

proptest! {
    /// What comes of flows does not depend on how many packets are put together.
    #[test]
    fn flow_by_flow_is_as_packet_by_packet(
        steps in prop::collection::vec((0u8..12, any::<bool>(), 0u8..32, -3i64..40), 1..200),
        block in 2usize..70,
        kept_max in 1usize..40,
        flows_max in 1usize..6,
    ) {
        let mut time = 0;
        let packets = (1..).zip(steps).map(|(frame, (host, reversed, tcp_flags, step))| {
            time += step;
            packet(frame, time, (host, reversed, tcp_flags))
        });
        let packets = packets.collect::<Vec<_>>();
        let settings = settings(flows_max);
        let one_by_one = flows(&packets, &settings, kept_max, 1);
        prop_assert_eq!(flows(&packets, &settings, kept_max, block), one_by_one);
    }
}
