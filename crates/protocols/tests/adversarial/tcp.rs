//! Segments in orders that nobody would send them in, and what the reader makes of them.

use flowloom_flow::Direction;
use flowloom_protocols::Transport;

use crate::measure::Attack;
use crate::victim::Victim;

pub(crate) const ATTACKS: &[Attack] = &[
    Attack { name: "tcp-bytes-in-order", len: 200_000, play: bytes_in_order },
    Attack { name: "tcp-bytes-backwards", len: 150_000, play: bytes_backwards },
    Attack { name: "tcp-every-other-byte", len: 150_000, play: every_other_byte },
    Attack { name: "tcp-overlapping-combs", len: 60_000, play: overlapping_combs },
    Attack { name: "tcp-one-over-many", len: 100_000, play: one_over_many },
    Attack { name: "tcp-unknown", len: 100_000, play: unknown },
    Attack { name: "tcp-short-unknown-flows", len: 15_000, play: short_unknown_flows },
];

/// HTTP whose body comes a byte a packet.
fn http(victim: &mut Victim) {
    victim.flow(Transport::Tcp, 80);
    victim.up(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
}

fn bytes_in_order(len: u64, victim: &mut Victim) {
    http(victim);
    (0..len).for_each(|i| victim.up(&[b"1\r\nx\r\n"[i as usize % 6]]));
}

/// In runs of 6,000 bytes, the last of each first.
fn bytes_backwards(len: u64, victim: &mut Victim) {
    http(victim);
    for _ in 0..len / RUN {
        (0..RUN).rev().for_each(|i| victim.ahead(i, &[b"1\r\nx\r\n"[i as usize % 6]]));
        victim.catch_up(RUN);
    }
}

/// Half of the bytes never come.
fn every_other_byte(len: u64, victim: &mut Victim) {
    http(victim);
    (0..len).for_each(|i| victim.ahead(2 * i + 1, b"x"));
}

/// Segments over the holes and teeth of others, which come again and again.
fn overlapping_combs(len: u64, victim: &mut Victim) {
    http(victim);
    for i in 0..len {
        let (round, tooth) = (i / 2_000 % 4, i % 2_000);
        victim.ahead(1 + i / 8_000 * 8_000 + tooth * 4, &b"xxxxxxx"[..=2 * round as usize]);
    }
}

/// Many pieces, and segments over all of them.
fn one_over_many(len: u64, victim: &mut Victim) {
    http(victim);
    let whole = vec![b'x'; 1_400];
    for i in 0..len {
        if i % 8 == 7 {
            victim.ahead(1, &whole);
        } else {
            victim.ahead(2 + i * 2 % 1_400, b"x");
        }
    }
}

fn unknown(len: u64, victim: &mut Victim) {
    victim.flow(Transport::Tcp, 4_444);
    for i in 0..len {
        let direction = if i % 2 == 0 { Direction::Up } else { Direction::Down };
        victim.say(direction, &[0xee; 40]);
    }
}

/// Flows that are given up as late as can be.
fn short_unknown_flows(len: u64, victim: &mut Victim) {
    for i in 0..len {
        if i % 500 == 0 {
            victim.flow(Transport::Tcp, 25);
        }
        victim.up(b"E");
    }
}

const RUN: u64 = 6_000;
