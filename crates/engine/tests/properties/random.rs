//! Captures made at random, with limits so small that all of them bite.

use flowloom_engine::Config;
use flowloom_flow::PARTITIONS;
use proptest::prelude::*;

use crate::captures::{Frames, SECOND};
use crate::packets::{
    End, ends_of_one_partition, fragment4, fragment6, icmp, tcp, tcp_segment, udp, udp_datagram,
};
use crate::reading::{Run, read};

/// What a frame is made from.
#[derive(Clone, Debug)]
struct Draw {
    kind: u8,
    host: u32,
    port: u16,
    forth: bool,
    flags: u8,
    seq: u32,
    len: usize,
    pause: i64,
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..Default::default() })]

    /// Whatever comes in whatever order at whatever time.
    #[test]
    fn blocks_and_threads_change_nothing(draws in prop::collection::vec(draw(), 1..400)) {
        let frames = frames(&draws);
        let expected = run(&frames, 1, 1024, |_| {});
        for (threads, block_frames) in [(1, 1), (1, 7), (4, 5), (8, 64)] {
            let found = run(&frames, threads, block_frames, |_| {});
            prop_assert!(found.bytes == expected.bytes, "{} threads, {} frames", threads, block_frames);
            prop_assert_eq!(&found.summary.total, &expected.summary.total);
        }
    }

    /// The same where the tables are full nearly always.
    #[test]
    fn limits_bite_at_the_same_places(draws in prop::collection::vec(draw(), 1..400)) {
        let frames = frames(&draws);
        let expected = run(&frames, 1, 1024, tight);
        for (threads, block_frames) in [(1, 1), (1, 7), (4, 5)] {
            let found = run(&frames, threads, block_frames, tight);
            prop_assert!(found.bytes == expected.bytes, "{} threads, {} frames", threads, block_frames);
            prop_assert_eq!(&found.summary.total, &expected.summary.total);
        }
    }

    /// The same where flows of one partition want more memory for their packets than there is.
    #[test]
    fn memory_runs_out_at_the_same_places(draws in prop::collection::vec(draw(), 50..400)) {
        let ends = ends_of_one_partition(6);
        let frames = made(&draws, |draw| {
            let (from, to) = ends[draw.host as usize % ends.len()];
            let (from, to) = if draw.forth { (from, to) } else { (to, from) };
            udp(from, to, draw.len)
        });
        let for_records = |config: &mut Config| config.log.log_bytes_max = PARTITIONS * 500;
        let for_bytes = |config: &mut Config| config.log.first_bytes_max = PARTITIONS * 2_000;
        for scarce in [for_records as fn(&mut Config), for_bytes] {
            let expected = run(&frames, 1, 1024, scarce);
            for (threads, block_frames) in [(1, 1), (1, 7), (4, 5)] {
                let found = run(&frames, threads, block_frames, scarce);
                let same = found.bytes == expected.bytes;
                prop_assert!(same, "{} threads, {} frames", threads, block_frames);
                prop_assert_eq!(&found.summary.total, &expected.summary.total);
            }
        }
    }
}

fn draw() -> impl Strategy<Value = Draw> {
    let pause = prop_oneof![
        8 => 0..SECOND / 10,
        4 => 0..20 * SECOND,
        2 => 50 * SECOND..70 * SECOND,
        1 => 200 * SECOND..4_000 * SECOND,
        1 => -30 * SECOND..0,
    ];
    let fields = (0_u8..12, 1_u32..40, 0_u16..3, any::<bool>(), any::<u8>(), 0_u32..3_000);
    (fields, 0_usize..600, pause).prop_map(|((kind, host, port, forth, flags, seq), len, pause)| {
        Draw { kind, host, port, forth, flags: flags & 0x17, seq, len, pause }
    })
}

fn frames(draws: &[Draw]) -> Frames {
    made(draws, frame)
}

fn made(draws: &[Draw], frame: impl Fn(&Draw) -> Vec<u8>) -> Frames {
    let mut time = 0;
    Frames::ethernet(draws.iter().map(|draw| {
        time += draw.pause;
        (time, frame(draw))
    }))
}

fn frame(draw: &Draw) -> Vec<u8> {
    let Draw { kind, host, port, forth, flags, seq, len, .. } = *draw;
    let (client, server): (End, End) = ((host, 5_000 + port), (100, 443));
    let (from, to) = if forth { (client, server) } else { (server, client) };
    let ends = (from.0, to.0);
    let id = u32::from(port);
    match kind {
        0..6 => tcp(from, to, flags, seq, seq / 2, len),
        6 => udp(from, to, len),
        7 => icmp(from.0, to.0, if forth { 8 } else { 0 }, port),
        8 => fragment4(ends, 17, port, 0, true, &udp_datagram(from.1, to.1, &[1; 56])),
        9 => fragment4(ends, 17, port, 64 - 8 * (len % 2), flags & 1 == 0, &[2; 40]),
        10 => fragment6(ends, 6, id, 0, true, &tcp_segment(from.1, to.1, flags, seq, 0, 44)),
        _ => fragment6(ends, 6, id, 64 - 8 * (len % 5 / 4), flags & 1 == 0, &[2; 40]),
    }
}

fn run(
    frames: &Frames,
    threads: usize,
    block_frames: usize,
    change: impl FnOnce(&mut Config),
) -> Run {
    let directory = tempfile::tempdir().unwrap();
    read(&frames.write(directory.path()), |config| {
        config.threads = threads.try_into().unwrap();
        config.capture.block_frames = block_frames;
        change(config);
    })
}

/// A flow and few records for each partition, and two datagrams.
fn tight(config: &mut Config) {
    config.flow.limits.flows_max = PARTITIONS;
    config.flow.limits.tcp_holes_max = 2;
    config.flow.limits.datagrams_max = 2;
    config.flow.limits.datagram_fragments_max = 3;
    config.log.log_bytes_max = PARTITIONS * 500;
}
