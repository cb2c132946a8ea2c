//! What is said of a connection's beginning and end, where its packets come again or late.

use flowloom_engine::{Address, Initiator, Network};
use flowloom_wire::tcp_flags::{ACK, RST, SYN};
use serde_json::json;

use crate::common::Row;
use crate::packets::{ipv4, tcp, tcp_segment};
use crate::{A, B, MS, SECOND, Timed, closed, flows, handshake, with};

/// The only row, with sequences.
fn row(frames: &[Timed]) -> Row {
    let (mut rows, _) = flows(frames, |config| {
        config.features = ["core", "sequences"].map(Into::into).into();
    });
    assert_eq!(rows.len(), 1);
    rows.remove(0)
}

#[test]
fn a_closed_connection_is_not_reset() {
    for flags in [RST, RST | ACK] {
        let row = row(&with(closed(), SECOND + 300 * MS, tcp(B, A, flags, 702, 102, 0)));
        assert_eq!((row.text("end_reason"), row.text("tcp_state")), ("fin", "closed"));
        assert_eq!((row.number("packet_count"), row.number("rst_count")), (7, 1));
    }
}

/// The SYN+ACK is sent again after a second, because its ACK was lost.
#[test]
fn round_trips_are_from_what_was_asked_to_what_answers_it() {
    let answer = || tcp(B, A, SYN | ACK, 700, 101, 0);
    let row = row(&[
        (0, tcp(A, B, SYN, 100, 0, 0)),
        (500 * MS, tcp(A, B, SYN, 100, 0, 0)),
        (510 * MS, answer()),
        (1_510 * MS, answer()),
        (1_515 * MS, tcp(A, B, ACK, 101, 701, 0)),
    ]);
    assert_eq!(row.0["handshake_server_rtt"], json!(0.01));
    assert_eq!(row.0["handshake_client_rtt"], json!(0.005));
    assert_eq!(row.0["handshake_rtt"], json!(1.015));
}

#[test]
fn packets_of_the_handshake_that_come_again_are_packets_of_the_handshake() {
    let row = row(&with(handshake(), SECOND, tcp(B, A, SYN | ACK, 700, 101, 0)));
    assert_eq!(row.0["packet_marks"], json!([2048, 2048, 2049, 2052]));
    assert_eq!(row.0["handshake_server_rtt"], json!(0.01));
}

#[test]
fn a_syn_that_comes_behind_others_tells_its_options() {
    let announcing = |size: u16| {
        let mut syn = tcp_segment(A.1, B.1, SYN, 100, 0, 4);
        syn[12] = 0x60;
        syn[20..22].copy_from_slice(&[2, 4]);
        syn[22..].copy_from_slice(&size.to_be_bytes());
        ipv4(A.0, B.0, 6, &syn)
    };
    let mut frames = vec![(0, tcp(A, B, ACK, 101, 701, 50)), (MS, announcing(1_400))];
    let late = row(&frames);
    assert_eq!((late.number("up_mss"), late.text("tcp_state")), (1_400, "established"));
    assert_eq!(late.0["packet_marks"], json!([0, 2064]));
    // Another one does not replace what the connection began with.
    frames.push((2 * MS, announcing(500)));
    assert_eq!(row(&frames).number("up_mss"), 1_400);
}

/// The side inside a client network is the initiator, also where it was the other that opened the connection.
#[test]
fn a_handshake_is_one_whoever_is_the_initiator() {
    let (rows, _) = flows(&handshake(), |config| {
        config.features = ["core", "sequences"].map(Into::into).into();
        config.flow.initiator =
            Initiator::Client(Network::new(Address::v4([10, 0, 0, 2]), 4, 32).unwrap());
    });
    let row = &rows[0];
    assert_eq!(
        (row.text("initiator_by"), row.text("tcp_state")),
        ("client_network", "established")
    );
    assert_eq!(row.0["directions"], json!([-1, 1, -1]));
    assert_eq!(row.0["packet_marks"], json!([2048, 2048, 2049]));
    assert_eq!(row.0["handshake_rtt"], json!(0.02));
    assert_eq!(row.0["handshake_server_rtt"], json!(0.01));
}

/// Taps of two directions can show the last acknowledgement before the FIN that it is for.
#[test]
fn what_is_acknowledged_before_it_comes_is_acknowledged() {
    let mut frames = closed();
    frames.swap(4, 5);
    frames[4].0 = SECOND + 99 * MS;
    let row = row(&frames);
    assert_eq!((row.text("end_reason"), row.text("tcp_state")), ("fin", "closed"));
    // One that is of something before does not close it.
    frames[4].1 = tcp(A, B, ACK, 102, 701, 0);
    assert_eq!(flows(&frames, |_| {}).0[0].text("tcp_state"), "closing");
}

#[test]
fn what_is_missing_is_counted_beyond_the_holes_that_are_remembered() {
    let frames = (0..200).map(|i| (i64::from(i) * MS, tcp(A, B, ACK, 1_000 + i * 200, 1, 100)));
    let (rows, summary) = flows(&frames.collect::<Vec<_>>(), |config| {
        config.features = ["core", "connection"].map(Into::into).into();
    });
    let row = &rows[0];
    assert_eq!(row.number("up_stream_byte_count"), 199 * 200 + 100);
    assert_eq!(row.number("up_missing_byte_count"), 199 * 100);
    assert_eq!(summary.total.limits_reached["tcp_holes"], 199 - 64);
}
