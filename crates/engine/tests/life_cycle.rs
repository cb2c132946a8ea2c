//! When flows begin and end, rule by rule, on captures made by hand.

#![expect(clippy::unwrap_used, reason = "a test may stop at what it cannot read")]

#[path = "common/account.rs"]
mod account;
#[expect(dead_code, reason = "other tests use the rest")]
#[path = "common/captures.rs"]
mod captures;
#[expect(dead_code, clippy::print_stdout, reason = "other tests use the rest")]
mod common;
#[path = "life_cycle/connections.rs"]
mod connections;
#[path = "life_cycle/fragments.rs"]
mod fragments;
#[path = "life_cycle/frames.rs"]
mod frames;
#[path = "life_cycle/keys.rs"]
mod keys;
#[path = "common/packets.rs"]
mod packets;

use account::{account_is_whole, packets_are_in_rows};
use captures::{Frames, SECOND};
use common::{Row, rows};
use flowloom_engine::{Config, Summary};
use flowloom_flow::PARTITIONS;
use flowloom_wire::tcp_flags::{ACK, FIN, RST, SYN};
use packets::{End, ends_of_one_partition, tcp, udp};

const A: End = (1, 5_000);
const B: End = (2, 80);
const MS: i64 = SECOND / 1_000;

type Timed = (i64, Vec<u8>);

/// The rows for frames at times after the beginning, and the account.
fn flows(frames: &[Timed], change: impl FnOnce(&mut Config)) -> (Vec<Row>, Summary) {
    let directory = tempfile::tempdir().unwrap();
    let path = Frames::ethernet(frames.iter().cloned()).write(directory.path());
    let (rows, summary) = rows(&path, change);
    account_is_whole(&summary);
    packets_are_in_rows(&rows, &summary);
    (rows, summary)
}

/// Each row as its flow, its packets and why it ended: `1: 3 idle`.
fn ends(frames: &[Timed], change: impl FnOnce(&mut Config)) -> Vec<String> {
    let line = |row: &Row| {
        let (id, packets) = (row.number("flow_id"), row.number("packet_count"));
        format!("{id}: {packets} {}", row.text("end_reason"))
    };
    flows(frames, change).0.iter().map(line).collect()
}

/// A connection from A to B: handshake at 0, 10 and 20 ms, with first numbers 100 and 700.
fn handshake() -> Vec<Timed> {
    vec![
        (0, tcp(A, B, SYN, 100, 0, 0)),
        (10 * MS, tcp(B, A, SYN | ACK, 700, 101, 0)),
        (20 * MS, tcp(A, B, ACK, 101, 701, 0)),
    ]
}

/// The same, closed by both sides at 1 s and a bit: over at 1.2 s.
fn closed() -> Vec<Timed> {
    let mut frames = handshake();
    frames.push((SECOND, tcp(A, B, FIN | ACK, 101, 701, 0)));
    frames.push((SECOND + 100 * MS, tcp(B, A, FIN | ACK, 701, 102, 0)));
    frames.push((SECOND + 200 * MS, tcp(A, B, ACK, 102, 702, 0)));
    frames
}

fn with(mut frames: Vec<Timed>, time: i64, frame: Vec<u8>) -> Vec<Timed> {
    frames.push((time, frame));
    frames
}

#[test]
fn silence_ends_a_flow_when_it_is_strictly_longer() {
    let udp_after = |pause| ends(&[(0, udp(A, B, 5)), (pause, udp(B, A, 5))], |_| {});
    assert_eq!(udp_after(60 * SECOND), ["1: 2 end_of_input"]);
    assert_eq!(udp_after(60 * SECOND + 1), ["1: 1 idle", "2: 1 end_of_input"]);
    let tcp_after = |pause| ends(&with(handshake(), pause, tcp(A, B, ACK, 101, 701, 5)), |_| {});
    assert_eq!(tcp_after(300 * SECOND + 20 * MS), ["1: 4 end_of_input"]);
    assert_eq!(tcp_after(300 * SECOND + 20 * MS + 1), ["1: 3 idle", "4: 1 end_of_input"]);
}

#[test]
fn age_ends_a_flow_however_busy() {
    let busy = |last| {
        let mut frames = (0..36).map(|i| (i * 50 * SECOND, udp(A, B, 1))).collect::<Vec<_>>();
        frames.push((last, udp(A, B, 1)));
        ends(&frames, |_| {})
    };
    assert_eq!(busy(1_800 * SECOND), ["1: 37 end_of_input"]);
    assert_eq!(busy(1_800 * SECOND + 1), ["1: 36 active", "37: 1 end_of_input"]);
}

#[test]
fn a_closed_connection_lingers_for_late_packets() {
    let over = SECOND + 200 * MS;
    assert_eq!(ends(&closed(), |_| {}), ["1: 6 fin"]);
    let late = |after| ends(&with(closed(), over + after, tcp(B, A, ACK, 702, 102, 0)), |_| {});
    assert_eq!(late(5 * SECOND), ["1: 7 fin"]);
    assert_eq!(late(5 * SECOND + 1), ["1: 6 fin", "7: 1 end_of_input"]);
    // Late packets do not make it linger longer.
    let mut frames = with(closed(), over + 4 * SECOND, tcp(B, A, ACK, 702, 102, 0));
    frames.push((over + 6 * SECOND, tcp(B, A, ACK, 702, 102, 0)));
    assert_eq!(ends(&frames, |_| {}), ["1: 7 fin", "8: 1 end_of_input"]);
}

#[test]
fn one_side_that_has_finished_does_not_end_a_connection() {
    let half = closed()[..5].to_vec();
    let (rows, _) = flows(&half, |_| {});
    assert_eq!(
        (rows[0].text("end_reason"), rows[0].text("tcp_state")),
        ("end_of_input", "closing")
    );
    let half = with(half[..4].to_vec(), 9 * SECOND, tcp(B, A, ACK, 701, 102, 9));
    let (rows, _) = flows(&half, |_| {});
    assert_eq!(rows[0].text("tcp_state"), "fin_wait");
    assert_eq!(rows[0].number("packet_count"), 5);
}

#[test]
fn a_reset_ends_a_connection_only_from_within_the_window() {
    let reset = |seq, flags, ack| {
        let frames = with(handshake(), SECOND, tcp(B, A, flags, seq, ack, 0));
        let (rows, _) = flows(&frames, |_| {});
        format!("{} {}", rows[0].text("end_reason"), rows[0].text("tcp_state"))
    };
    assert_eq!(reset(701, RST, 0), "rst reset");
    assert_eq!(reset(701, RST | ACK, 101), "rst reset");
    assert_eq!(reset(702, RST, 0), "rst reset");
    // The window that is allowed for at least is 65,535.
    assert_eq!(reset(701 + 65_535, RST, 0), "rst reset");
    assert_eq!(reset(701 + 65_536, RST, 0), "end_of_input established");
    assert_eq!(reset(600, RST, 0), "end_of_input established");
    // Its own number tells, also where what it acknowledges was not captured (RFC 9293, 3.10.7.4).
    assert_eq!(reset(701, RST | ACK, 5_000), "rst reset");
    assert_eq!(reset(600, RST | ACK, 101), "end_of_input established");
}

#[test]
fn a_refused_connection_is_reset() {
    let frames = [(0, tcp(A, B, SYN, 100, 0, 0)), (MS, tcp(B, A, RST | ACK, 0, 101, 0))];
    let (rows, _) = flows(&frames, |_| {});
    assert_eq!((rows[0].text("end_reason"), rows[0].text("tcp_state")), ("rst", "reset"));
    assert_eq!(rows[0].text("initiator_by"), "syn");
}

/// A side that has sent nothing yet refuses what it acknowledges, and nothing else.
#[test]
fn a_refusal_is_of_the_syn_that_it_acknowledges() {
    for (ack, reason) in [(101, "rst"), (5_000, "end_of_input")] {
        let refusal = tcp(B, A, RST | ACK, 0, ack, 0);
        let frames = [(0, tcp(A, B, SYN, 100, 0, 0)), (MS, refusal)];
        assert_eq!(ends(&frames, |_| {}), [format!("1: 2 {reason}")]);
    }
}

/// Some clients ask three times with the same number before they believe a refusal.
#[test]
fn a_connection_that_is_taken_at_the_second_try_is_one_flow() {
    let tried = |last: Vec<u8>| {
        let mut frames = vec![
            (0, tcp(A, B, SYN, 100, 0, 0)),
            (MS, tcp(B, A, RST | ACK, 0, 101, 0)),
            (500 * MS, tcp(A, B, SYN, 100, 0, 0)),
            (501 * MS, last),
        ];
        frames.extend((1..12).map(|i| (i * SECOND, tcp(A, B, ACK, 101, 701, 0))));
        flows(&frames, |_| {}).0
    };
    let taken = tried(tcp(B, A, SYN | ACK, 700, 101, 0));
    let told = |row: &Row| {
        let texts = [row.text("end_reason"), row.text("tcp_state"), row.text("initiator_by")];
        (row.number("packet_count"), texts.join(" "))
    };
    assert_eq!(
        taken.iter().map(told).collect::<Vec<_>>(),
        [(15, "end_of_input established syn".to_owned())]
    );
    // Refused again, it lingers from there: what comes 5 s later is something else.
    let refused = tried(tcp(B, A, RST | ACK, 0, 101, 0));
    assert_eq!(told(&refused[0]), (9, "rst reset syn".to_owned()));
    assert_eq!(refused.len(), 2);
}

/// A side that has forgotten the connection asks for another one, is asked back and resets the old
/// one (RFC 9293, figure 9); what it asks again begins the new one.
#[test]
fn a_half_open_connection_ends_where_the_next_one_begins() {
    let mut frames = handshake();
    frames.push((2 * SECOND, tcp(A, B, SYN, 9_000, 0, 0)));
    frames.push((2 * SECOND + MS, tcp(B, A, ACK, 701, 101, 0)));
    frames.push((2 * SECOND + 2 * MS, tcp(A, B, RST, 101, 0, 0)));
    frames.push((3 * SECOND, tcp(A, B, SYN, 9_000, 0, 0)));
    frames.push((3 * SECOND + MS, tcp(B, A, SYN | ACK, 20_000, 9_001, 0)));
    frames.push((13 * SECOND, tcp(A, B, ACK, 9_001, 20_001, 0)));
    assert_eq!(ends(&frames, |_| {}), ["1: 6 rst", "7: 3 end_of_input"]);
}

#[test]
fn a_reset_connection_takes_further_resets_while_it_lingers() {
    let mut frames = with(handshake(), SECOND, tcp(B, A, RST, 701, 0, 0));
    frames.push((2 * SECOND, tcp(B, A, RST, 701, 0, 0)));
    frames.push((6 * SECOND, tcp(B, A, RST, 701, 0, 0)));
    assert_eq!(ends(&frames, |_| {}), ["1: 6 rst"]);
    frames.push((6 * SECOND + 1, tcp(B, A, RST, 701, 0, 0)));
    // The lone RST is the whole of its flow, and acceptable as nothing speaks against it.
    assert_eq!(ends(&frames, |_| {}), ["1: 6 rst", "7: 1 rst"]);
}

#[test]
fn a_new_connection_on_the_same_ports_is_a_new_flow_once_the_old_one_is_over() {
    let again = |frames, time, from, to, seq| {
        ends(&with(frames, time, tcp(from, to, SYN, seq, 0, 0)), |_| {})
    };
    let over = SECOND + 200 * MS;
    assert_eq!(again(closed(), over + 1, A, B, 9_000), ["1: 6 fin", "7: 1 end_of_input"]);
    assert_eq!(again(closed(), over + 1, B, A, 9_000), ["1: 6 fin", "7: 1 end_of_input"]);
    let reset = with(handshake(), SECOND, tcp(B, A, RST, 701, 0, 0));
    assert_eq!(again(reset, SECOND + 1, A, B, 9_000), ["1: 4 rst", "5: 1 end_of_input"]);
    // The SYN of before, once more.
    assert_eq!(again(closed(), over + 1, A, B, 100), ["1: 7 fin"]);
}

#[test]
fn a_new_connection_after_ten_silent_seconds_is_a_new_flow() {
    let again =
        |after, seq| ends(&with(handshake(), 20 * MS + after, tcp(A, B, SYN, seq, 0, 0)), |_| {});
    assert_eq!(again(10 * SECOND - 1, 9_000), ["1: 4 end_of_input"]);
    assert_eq!(again(10 * SECOND, 9_000), ["1: 3 reopened", "4: 1 end_of_input"]);
    assert_eq!(again(10 * SECOND, 100), ["1: 4 end_of_input"], "a retransmission");
    // The pauses between repetitions of a SYN that nobody answers grow.
    let mut ignored = handshake();
    ignored.extend([5, 6, 8, 12, 20, 36].map(|s| (s * SECOND, tcp(A, B, SYN, 9_000, 0, 0))));
    assert_eq!(ends(&ignored, |_| {}), ["1: 8 reopened", "9: 1 end_of_input"]);
    let retried = [0, 1, 3, 7, 15, 31].map(|s| (s * SECOND, tcp(A, B, SYN, 100, 0, 0)));
    assert_eq!(ends(&retried, |_| {}), ["1: 6 end_of_input"]);
    let (rows, _) = flows(&retried, |_| {});
    assert_eq!(rows[0].number("up_retransmission_count"), 5);
    assert_eq!(rows[0].text("tcp_state"), "syn_sent");
}

#[test]
fn nothing_splits_a_flow_when_splitting_is_off() {
    let mut frames = closed();
    frames.push((3 * SECOND, tcp(A, B, SYN, 9_000, 0, 0)));
    frames.push((4 * SECOND, tcp(B, A, RST | ACK, 0, 9_001, 0)));
    frames.push((3_000 * SECOND, tcp(A, B, SYN, 500, 0, 0)));
    frames.push((9_000 * SECOND, udp(A, B, 1)));
    frames.push((9_001 * SECOND, udp(A, B, 1)));
    let no_split = |config: &mut Config| config.flow.no_split = true;
    assert_eq!(ends(&frames, no_split), ["1: 9 end_of_input", "10: 2 end_of_input"]);
}

#[test]
fn a_full_table_gives_up_the_flow_nearest_to_its_timeout() {
    let [a, b, c] = ends_of_one_partition(3).try_into().unwrap();
    let send = |(from, to): (End, End)| udp(from, to, 1);
    let frames = [
        (0, send(a)),
        (SECOND, send(b)),
        (2 * SECOND, send(a)),
        (3 * SECOND, send(c)),
        (4 * SECOND, send(b)),
    ];
    // Each partition has an equal share.
    let at_most =
        |flows: usize| move |config: &mut Config| config.flow.limits.flows_max = flows * PARTITIONS;
    assert_eq!(
        ends(&frames, at_most(2)),
        ["2: 1 evicted", "1: 2 evicted", "4: 1 end_of_input", "5: 1 end_of_input"]
    );
    let (_, summary) = flows(&frames, at_most(2));
    assert_eq!(summary.total.limits_reached["flows"], 2);
    let (rows, summary) = flows(&frames, at_most(3));
    assert_eq!((rows.len(), summary.total.limits_reached.len()), (3, 0));
    // What has timed out is not evicted.
    let frames = [(0, send(a)), (61 * SECOND, send(b))];
    assert_eq!(ends(&frames, at_most(1)), ["1: 1 idle", "2: 1 end_of_input"]);
}

#[test]
fn rows_come_in_the_order_in_which_ends_were_decided() {
    let send = |port| udp((1, port), B, 1);
    let frames = [
        (0, send(1)),
        (0, send(2)),
        (SECOND, send(3)),
        (50 * SECOND, send(1)),
        (61 * SECOND, send(4)),
        (61 * SECOND + 1, send(5)),
        (111 * SECOND, send(5)),
    ];
    // Port 2 is past its time at frame 5, 3 at frame 6, 1 at frame 7; what is left ends by number.
    let expected =
        ["2: 1 idle", "3: 1 idle", "1: 2 idle", "5: 1 end_of_input", "6: 2 end_of_input"];
    assert_eq!(ends(&frames, |_| {}), expected);
    // Several at one frame come by number.
    let frames = [(0, send(3)), (0, send(2)), (0, send(1)), (61 * SECOND, send(4))];
    assert_eq!(ends(&frames, |_| {}), ["1: 1 idle", "2: 1 idle", "3: 1 idle", "4: 1 end_of_input"]);
}
