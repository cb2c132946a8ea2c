//! Captures made to hurt: what they cost stays within the limits and grows with their length only.
//!
//! Each is run at two lengths, in processes of their own. With `FLOWLOOM_FULL` set, at the lengths
//! of real attacks; that takes minutes.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may stop at what it cannot read, and says what it measured"
)]

#[expect(dead_code, reason = "other tests use the rest")]
#[path = "common/account.rs"]
mod account;
#[path = "adversarial/attack.rs"]
mod attack;
#[expect(dead_code, reason = "other tests use the rest")]
mod common;
#[expect(dead_code, reason = "other tests use the rest")]
#[path = "common/packets.rs"]
mod packets;

use attack::{Attack, FLOWS_MAX, SECOND};
use flowloom_flow::PARTITIONS;
use flowloom_wire::tcp_flags::{ACK, RST, SYN};
use packets::{
    End, ends_of_one_partition, ethernet, fragment4, fragment6, ipv4_packet, ipv6, tcp, udp,
    udp_datagram,
};

const CLIENT: End = (1, 5_000);
const SERVER: End = (2, 80);

/// A SYN from anywhere, of the so-manieth host.
fn syn(i: u64) -> Vec<u8> {
    let from = (0x10_0000 + (i / 60_000) as u32, (i % 60_000) as u16);
    tcp(from, SERVER, SYN, i as u32, 0, 0)
}

#[test]
fn a_flood_of_syns_evicts() {
    let outcomes = Attack::new("syns", 75_000, 2_500_000).run(|i| (i as i64 * 100, syn(i)));
    for outcome in &outcomes {
        assert!(outcome.limit("flows") > 0);
        assert_eq!(outcome.flows(), outcome.number("frames"), "each SYN is a flow");
    }
}

#[test]
fn flows_of_one_partition_get_its_share_and_no_more() {
    let attack = Attack::new("one-partition", 20_000, 100_000);
    let ends = ends_of_one_partition(2 * attack.frames() as usize);
    let outcomes = attack.run(|i| {
        let (from, to) = ends[i as usize];
        (i as i64, udp(from, to, 8))
    });
    for outcome in &outcomes {
        assert_eq!(
            outcome.limit("flows"),
            outcome.number("frames") - (FLOWS_MAX / PARTITIONS) as u64
        );
    }
}

#[test]
fn a_flood_of_fragments_gives_up_the_oldest() {
    let payload = udp_datagram(7, 53, &[0; 1_000]);
    let outcomes = Attack::new("fragments", 60_000, 1_000_000).run(|i| {
        let ends = (0x10_0000 + (i / 65_536) as u32, 2);
        (i as i64 * 1_000, fragment4(ends, 17, i as u16, 0, true, &payload))
    });
    for outcome in &outcomes {
        assert_eq!(outcome.number("fragments_unresolved"), outcome.number("frames"));
        assert!(outcome.limit("datagrams") > 0);
    }
}

#[test]
fn fragments_with_gaps_between_them_are_not_compared_over_and_over() {
    for version in [4, 6] {
        let name = format!("comb-{version}");
        let outcomes = Attack::new(&name, 40_000, 400_000).run(|i| {
            // Each datagram has 4,000 fragments with a gap after each.
            let (id, offset) = (i / 4_000, (i % 4_000) as usize * 16);
            let frame = match version {
                4 => fragment4((1, 2), 17, id as u16, offset, true, &[0; 8]),
                _ => fragment6((1, 2), 17, id as u32, offset, true, &[0; 8]),
            };
            (i as i64 * 1_000, frame)
        });
        assert!(outcomes.iter().all(|outcome| outcome.number("datagrams") == 0));
        assert!(outcomes[1].limit("datagrams") > 0);
    }
}

#[test]
fn a_datagram_without_end_is_not_kept() {
    let outcomes = Attack::new("endless", 150_000, 2_500_000)
        .run(|i| (i as i64 * 1_000, fragment4((1, 2), 17, 9, 8, true, &[0; 8])));
    for outcome in &outcomes {
        assert_eq!(outcome.number("fragments_unresolved"), outcome.number("frames"));
        assert!(outcome.limit("datagrams") > 0);
    }
}

#[test]
fn tunnels_are_followed_only_so_far() {
    let mut deep = ipv4_packet(1, 2, 17, &udp_datagram(1, 2, &[0; 8]), 0, 0);
    for _ in 0..60 {
        deep = ipv4_packet(1, 2, 4, &deep, 0, 0);
    }
    let mut tags = vec![0; 4];
    for _ in 0..300 {
        tags.splice(0..0, [0x00, 0x07, 0x81, 0x00]);
    }
    // Destination options without end, each 8 bytes.
    let options = [60, 0, 1, 4, 0, 0, 0, 0].repeat(180);
    let frames = [ethernet(0x0800, &deep), ethernet(0x8100, &tags), ipv6(1, 2, 60, &options)];
    Attack::new("tunnels", 30_000, 500_000)
        .run(|i| (i as i64 * 1_000, frames[i as usize % 3].clone()));
}

#[test]
fn a_flow_may_have_any_number_of_packets() {
    let outcomes = Attack::new("one-flow", 250_000, 10_000_000).run(|i| {
        // Every other segment is missing for a while, and some never come.
        let at = if i % 3 == 0 { i + 40 } else { i };
        (i as i64 * 10_000, tcp(CLIENT, SERVER, ACK, at as u32 * 9, 1, 8))
    });
    assert!(outcomes.iter().all(|outcome| outcome.flows() == 1));
    assert!(outcomes.iter().all(|outcome| outcome.limit("log_bytes") > 0));
}

#[test]
fn time_may_go_anywhere() {
    Attack::new("time", 100_000, 2_000_000).run(|i| {
        let time = match i % 5 {
            0 => i as i64 * SECOND,
            1 => -(i as i64) * SECOND,
            2 => TO_2106 - i as i64,
            3 => 0,
            _ => i as i64 * 7_200 % (TO_2106 / SECOND) * SECOND,
        };
        (time, udp((1 + (i % 1_000) as u32, 9), SERVER, 4))
    });
}

#[test]
fn every_frame_may_come_twice() {
    for dedup in [None, Some(SECOND / 100)] {
        let mut attack = Attack::new("twice", 300_000, 2_000_000);
        attack.dedup = dedup;
        let outcomes = attack.run(|i| {
            let i = i / 2;
            (i as i64 * 1_000, tcp((1 + (i % 20) as u32, 9), SERVER, ACK, i as u32, 1, 100))
        });
        for outcome in &outcomes {
            let frames = outcome.number("frames");
            let duplicates = if dedup.is_some() { frames / 2 } else { 0 };
            assert_eq!(outcome.number("frames_duplicate"), duplicates);
        }
    }
}

#[test]
fn connections_reset_at_once_leave_nothing_behind() {
    let outcomes = Attack::new("resets", 400_000, 5_000_000).run(|i| {
        let seq = ((i / 2) as u32).wrapping_mul(1_000);
        let frame = match i % 2 {
            0 => tcp(CLIENT, SERVER, SYN, seq, 0, 0),
            _ => tcp(SERVER, CLIENT, RST | ACK, 0, seq.wrapping_add(1), 0),
        };
        (i as i64 * 100, frame)
    });
    for outcome in &outcomes {
        assert_eq!(outcome.flows(), outcome.number("frames") / 2);
    }
}

/// Seconds from the beginning of the captures to the last one that 32 bits can say.
const TO_2106: i64 = u32::MAX as i64 * SECOND - attack::BEGIN;
