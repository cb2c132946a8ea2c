//! Which frames count, when they came, and which of them are shown.

use flowloom_engine::{Config, Filter, Population};
use serde_json::json;

use crate::captures::BEGIN;
use crate::packets::{ethernet, tcp, udp};
use crate::{A, B, SECOND, Timed, closed, ends, flows, handshake, with};
use flowloom_wire::tcp_flags::ACK;

/// The last second that a capture's 32 bits can say, after the beginning: in the year 2106.
const YEAR_2106: i64 = u32::MAX as i64 * SECOND - BEGIN;

#[test]
fn a_frame_alone_in_the_future_ends_nothing() {
    let frames = [(0, udp(A, B, 1)), (YEAR_2106, udp((7, 7), B, 1)), (SECOND, udp(A, B, 1))];
    assert_eq!(ends(&frames, |_| {}), ["1: 2 end_of_input", "2: 1 end_of_input"]);
    let (_, summary) = flows(&frames, |_| {});
    assert_eq!(summary.total.clock_jumps_refused, 1);
    // Nor does it when it is of the flow itself, which goes on.
    let frames = [(0, udp(A, B, 1)), (YEAR_2106, udp(A, B, 1)), (SECOND, udp(A, B, 1))];
    assert_eq!(ends(&frames, |_| {}), ["1: 3 end_of_input"]);
}

#[test]
fn two_frames_in_the_future_are_believed() {
    let frames = [
        (0, udp(A, B, 1)),
        (7_200 * SECOND, udp((7, 7), B, 1)),
        (7_201 * SECOND, udp((8, 8), B, 1)),
        (7_202 * SECOND, udp(A, B, 1)),
    ];
    let ends = ends(&frames, |_| {});
    assert_eq!((&*ends[0], &*ends[ends.len() - 1]), ("1: 1 idle", "4: 1 end_of_input"));
    let (_, summary) = flows(&frames, |_| {});
    assert_eq!(summary.total.clock_jumps_refused, 0);
}

/// Also where the frame after the silence is the last of a block.
#[test]
fn what_begins_after_a_long_silence_is_one_flow() {
    const TEN_HOURS: i64 = 36_000 * SECOND;
    for before in (1..3).chain(1_022..1_026).chain(2_046..2_050) {
        let other = (7, 7);
        let mut frames = vec![(0, udp(other, B, 1)); before];
        let after = |(time, frame)| (TEN_HOURS + time, frame);
        frames.extend(handshake().into_iter().map(after));
        let expected = [format!("1: {before} idle"), format!("{}: 3 end_of_input", before + 1)];
        assert_eq!(ends(&frames, |_| {}), expected, "{before} frames");
        // Of a flow that was silent for so long, what follows is another.
        frames.insert(before, (TEN_HOURS - 1, udp(other, B, 1)));
        let ends = ends(&frames, |config| config.threads = 2.try_into().unwrap());
        let again = format!("{}: 1 end_of_input", before + 1);
        assert!(ends.contains(&expected[0]) && ends.contains(&again), "{ends:?}");
    }
}

/// Nothing speaks against the time of the last frame.
#[test]
fn a_last_frame_after_a_long_silence_is_another_flow() {
    const TEN_HOURS: i64 = 36_000 * SECOND;
    for before in (1..3).chain(1_022..1_026).chain(2_046..2_050) {
        let mut frames = vec![(0, udp(A, B, 1)); before];
        frames.push((TEN_HOURS, udp(A, B, 1)));
        let expected = [format!("1: {before} idle"), format!("{}: 1 end_of_input", before + 1)];
        assert_eq!(ends(&frames, |_| {}), expected, "{before} frames");
        let (_, summary) = flows(&frames, |_| {});
        assert_eq!(summary.total.clock_jumps_refused, 0);
    }
}

/// Frames that are not looked at say nothing of the clock, wherever blocks end.
#[test]
fn a_silence_before_the_end_of_the_window_is_one_in_blocks_of_any_length() {
    const END: i64 = 36_000 * SECOND;
    let frames = [
        (0, udp(A, B, 1)),
        (END + 600 * SECOND, udp(A, B, 1)),
        (END - 600 * SECOND, udp(A, B, 1)),
        (END - 599 * SECOND, udp(A, B, 1)),
    ];
    for block_frames in 1..6 {
        let change = |config: &mut Config| {
            config.capture.block_frames = block_frames;
            config.window.until = Some(BEGIN + END);
        };
        assert_eq!(ends(&frames, change), ["1: 1 idle", "3: 2 end_of_input"], "{block_frames}");
    }
}

#[test]
fn frames_behind_the_clock_keep_their_time_and_end_nothing() {
    let frames = [(100 * SECOND, udp(A, B, 1)), (0, udp(A, B, 1)), (160 * SECOND, udp(A, B, 1))];
    assert_eq!(ends(&frames, |_| {}), ["1: 3 end_of_input"]);
    let (rows, _) = flows(&frames, |config| config.features.push("sequences".into()));
    assert_eq!(rows[0].0["times"], json!([0, -100 * SECOND, 60 * SECOND]));
    assert_eq!(rows[0].0["iats"], json!([0, -100 * SECOND, 160 * SECOND]));
}

#[test]
fn frames_that_are_filtered_move_the_clock() {
    let frames =
        [(0, udp(A, B, 1)), (61 * SECOND, tcp(A, B, ACK, 1, 1, 1)), (30 * SECOND, udp(A, B, 1))];
    let filter = |config: &mut Config| config.filter = Some(Filter::parse("udp").unwrap());
    assert_eq!(ends(&frames, filter), ["1: 1 idle", "3: 1 end_of_input"]);
    let (_, summary) = flows(&frames, filter);
    assert_eq!(summary.total.frames_filtered, 1);
}

#[test]
fn frames_without_ip_move_the_clock() {
    let arp = ethernet(0x0806, &[0; 28]);
    let frames = [(0, udp(A, B, 1)), (61 * SECOND, arp), (30 * SECOND, udp(A, B, 1))];
    assert_eq!(ends(&frames, |_| {}), ["1: 1 idle", "3: 1 end_of_input"]);
}

#[test]
fn frames_outside_the_window_are_not_there() {
    let frames = (0..10).map(|i| (i * 20 * SECOND, udp(A, B, 1))).collect::<Vec<_>>();
    let window = |config: &mut Config| {
        config.window.from = Some(BEGIN + 40 * SECOND);
        config.window.until = Some(BEGIN + 100 * SECOND);
    };
    assert_eq!(ends(&frames, window), ["3: 3 end_of_input"]);
    let (_, summary) = flows(&frames, window);
    assert_eq!(summary.total.frames_outside_window, 7);
    // They do not move the clock either.
    let frames = [(0, udp(A, B, 1)), (100 * SECOND, udp(A, B, 1)), (30 * SECOND, udp(A, B, 1))];
    assert_eq!(ends(&frames, window), Vec::<String>::new());
    let until = |config: &mut Config| config.window.until = Some(BEGIN + 100 * SECOND);
    assert_eq!(ends(&frames, until), ["1: 2 end_of_input"]);
}

#[test]
fn only_the_first_frames_are_read_when_asked() {
    let (_, summary) = flows(&closed(), |config| config.window.count = Some(4));
    assert_eq!((summary.total.frames, summary.rows), (4, 1));
    assert_eq!(ends(&closed(), |config| config.window.count = Some(4)), ["1: 4 end_of_input"]);
}

#[test]
fn repeated_frames_are_dropped_and_counted() {
    let mut twice = Vec::new();
    for (time, frame) in with(closed(), 2 * SECOND, ethernet(0x0806, &[0; 28])) {
        twice.push((time, frame.clone()));
        twice.push((time + 1_000, frame));
    }
    let dedup = |config: &mut Config| config.dedup = Some(SECOND / 100);
    let (rows, summary) = flows(&twice, dedup);
    assert_eq!((rows.len(), rows[0].number("packet_count")), (1, 6));
    assert_eq!((summary.total.frames_duplicate, summary.total.frames_not_ip["arp"]), (6, 2));
    assert_eq!(rows[0].number("up_retransmission_count"), 0);
    let (rows, _) = flows(&twice, |_| {});
    assert_eq!(rows[0].number("packet_count"), 12);
    // What is not looked at is not looked at for repetitions.
    let (_, summary) = flows(&twice, |config| {
        dedup(config);
        config.window.until = Some(BEGIN + SECOND);
        config.filter = Some(Filter::parse("tcp").unwrap());
    });
    assert_eq!((summary.total.frames_outside_window, summary.total.frames_duplicate), (8, 3));
}

#[test]
fn populations_select_what_is_counted_not_what_happened() {
    let mut frames = handshake();
    frames.push((SECOND, tcp(A, B, ACK, 101, 701, 50)));
    frames.push((SECOND + 1, tcp(A, B, ACK, 101, 701, 50)));
    frames.push((SECOND + 2, tcp(B, A, ACK, 701, 151, 0)));
    frames.push((SECOND + 3, tcp(B, A, ACK, 701, 151, 90)));
    let selected = |population| selected(&frames, population);
    assert_eq!(selected(Population::All), json!([0, 0, 0, 50, 50, 0, 90]));
    assert_eq!(selected(Population::NoPureAck), json!([0, 0, 50, 50, 90]));
    assert_eq!(selected(Population::Payload), json!([50, 50, 90]));
    assert_eq!(selected(Population::PayloadNoRetransmission), json!([50, 90]));
}

/// Payload lengths of the packets that a population counts; what does not depend on it is checked.
fn selected(frames: &[Timed], population: Population) -> serde_json::Value {
    let (rows, _) = flows(frames, |config| {
        config.features = ["core", "sequences", "statistics"].map(Into::into).into();
        config.flow.population = population;
    });
    let row = &rows[0];
    let lengths = row.0["app_lengths"].clone();
    let count = lengths.as_array().unwrap().len() as u64;
    assert_eq!((rows.len(), row.number("packet_count")), (1, 7));
    assert_eq!(row.number("sequence_total"), count);
    assert_eq!(row.number("app_lengths_count"), count);
    assert_eq!(row.number("iats_count"), count - 1);
    for column in ["directions", "times", "iats", "packet_lengths", "tcp_flags", "packet_marks"] {
        assert_eq!(row.0[column].as_array().unwrap().len() as u64, count, "{column}");
    }
    assert_eq!(row.text("tcp_state"), "established");
    lengths
}
