//! The way a capture is read has no say in its trace; and what limits do.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use flowloom_engine::{Destination, Format, Traces, Watch};

use crate::captures::{Frames, SECOND};
use crate::packets::{fragment4, tcp, udp};
use crate::{bytes, captures_at_hand, numbers, trace, traces};
use flowloom_wire::tcp_flags::ACK;

#[test]
fn threads_and_blocks_change_nothing() {
    let captures = captures_at_hand();
    for path in &captures {
        let expected = bytes(&[path], |_| {}).0;
        for (threads, block_frames) in [(1, 7), (2, 7), (8, 16)] {
            let found = bytes(&[path], |traces| {
                traces.config.threads = threads.try_into().unwrap();
                traces.config.capture.block_frames = block_frames;
            });
            assert!(found.0 == expected, "{}, {threads} threads", path.display());
        }
    }
    println!("{} captures", captures.len());
}

#[test]
fn many_captures_give_what_each_of_them_gives() {
    let captures = captures_at_hand();
    let paths = captures.iter().map(PathBuf::as_path).collect::<Vec<_>>();
    let mut one_by_one = Vec::new();
    for path in &paths {
        one_by_one.extend(bytes(&[path], |_| {}).0);
    }
    for threads in [1, 3, 8] {
        let at_once = bytes(&paths, |traces| traces.config.threads = threads.try_into().unwrap());
        assert!(at_once.0 == one_by_one, "{threads} threads");
    }
    println!("{} captures", paths.len());
}

#[test]
fn a_pipe_gives_what_the_file_gives() {
    let directory = tempfile::tempdir().unwrap();
    let pipe = directory.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let captures = captures_at_hand();
    let named = |traces: &mut Traces| {
        traces.config.inputs[0].name = "capture".into();
        traces.config.output.format = Format::Parquet;
    };
    for path in &captures {
        let expected = bytes(&[path], named).0;
        let content = fs::read(path).unwrap();
        let found = thread::scope(|scope| {
            scope.spawn(|| {
                let mut pipe = fs::OpenOptions::new().write(true).open(&pipe).unwrap();
                // A reader that has given up on damage no longer listens.
                content.chunks(4_001).any(|piece| pipe.write_all(piece).is_err())
            });
            bytes(&[&pipe], named).0
        });
        assert!(found == expected, "{}", path.display());
    }
    println!("{} captures", captures.len());
}

#[test]
fn sequences_end_where_their_limits_are() {
    let directory = tempfile::tempdir().unwrap();
    let frames = (0..30_000).map(|i| {
        let frame = udp((1 + i % 100, 1_000), (9, 53), 100);
        (i64::from(i) * 1_000_000, frame)
    });
    let path = Frames::ethernet(frames).write(directory.path());
    let all = trace(&path, |_| {});
    assert_eq!((all.number("packet_count"), all.number("flow_count")), (30_000, 100));
    let all = numbers(&all, "frame_numbers");
    assert_eq!(all, (1..=30_000).collect::<Vec<_>>());
    for (count, nanos, bytes, expected) in [
        (0, None, None, 0),
        (1, None, None, 1),
        (8_191, None, None, 8_191),
        (8_192, None, None, 8_192),
        (20_000, None, None, 20_000),
        (30_000, None, None, 30_000),
        (65_536, Some(SECOND), None, 1_001),
        (500, Some(SECOND), None, 500),
        (65_536, None, Some(142 * 77), 77),
        (65_536, None, Some(142 * 78 - 1), 77),
    ] {
        let short = trace(&path, |traces| {
            traces.config.log.sequence_max = count;
            traces.config.log.sequence_nanos_max = nanos;
            traces.config.log.sequence_bytes_max = bytes;
        });
        assert_eq!(
            numbers(&short, "frame_numbers"),
            all[..expected],
            "{count} {nanos:?} {bytes:?}"
        );
        assert_eq!(short.number("sequence_total"), 30_000);
        assert_eq!(short.0["sequence_truncated"], expected < 30_000);
    }
}

#[test]
fn memory_for_packets_has_a_limit_that_is_counted() {
    let directory = tempfile::tempdir().unwrap();
    let frames = (0..20_000).map(|i| (i, udp((1, 1_000), (9, 53), 100)));
    let path = Frames::ethernet(frames).write(directory.path());
    let (found, summary) = traces(&[&path], |traces| traces.config.log.log_bytes_max = 100_000);
    let kept = numbers(&found[0], "frame_numbers").len();
    assert!((500..2_000).contains(&kept), "{kept}");
    assert_eq!(found[0].number("sequence_total"), 20_000);
    assert_eq!(summary.total.limits_reached["trace_bytes"], 1);
}

#[test]
fn flows_beyond_a_limit_are_seen_from_the_client_of_those_before() {
    let directory = tempfile::tempdir().unwrap();
    // One host opens a flow a minute; another opens more, but later.
    let flow = |host: u32, i: i64| {
        let mut frame = udp((host, 1_000 + i as u16), (9, 53), 10);
        // Without hardware addresses that tell anything.
        frame[..12].fill(0);
        (i * 70 * SECOND, frame)
    };
    let (early, late) = ((0..10).map(|i| flow(1, i)), (10..40).map(|i| flow(2, i)));
    let path = Frames::ethernet(early.chain(late)).write(directory.path());
    let (found, summary) = traces(&[&path], |traces| traces.limits.flows_max = 5);
    assert_eq!(found[0].0["client"].as_array().unwrap()[0], "10.0.0.1");
    assert_eq!(summary.total.limits_reached["trace_flows"], 1);
    let (found, summary) = traces(&[&path], |_| {});
    assert_eq!(found[0].0["client"].as_array().unwrap()[0], "10.0.0.2");
    assert!(summary.total.limits_reached.is_empty());
}

#[test]
fn a_fragment_that_waited_in_vain_is_where_its_frame_is() {
    let directory = tempfile::tempdir().unwrap();
    let mut frames = vec![(0, fragment4((1, 2), 17, 7, 0, true, &[0; 64]))];
    frames.extend((1..200).map(|i| (i * SECOND, tcp((1, 1_000), (2, 80), ACK, i as u32, 1, 1))));
    let path = Frames::ethernet(frames).write(directory.path());
    for sequence_max in [1, 5, 65_536] {
        for block_frames in [1, 3, 1_024] {
            let found = trace(&path, |traces| {
                traces.config.log.sequence_max = sequence_max;
                traces.config.capture.block_frames = block_frames;
            });
            let expected = (1..=200).take(sequence_max).collect::<Vec<_>>();
            assert_eq!(numbers(&found, "frame_numbers"), expected);
        }
    }
}

#[test]
fn a_capture_without_packets_has_a_row_and_one_that_is_none_has_not() {
    let directory = tempfile::tempdir().unwrap();
    let empty = Frames::ethernet([]).write(directory.path());
    let found = trace(&empty, |_| {});
    assert_eq!((found.number("packet_count"), found.number("flow_count")), (0, 0));
    assert!(found.0["start_time"].is_null() && found.0["end_time"].is_null());
    assert_eq!((numbers(&found, "directions").len(), numbers(&found, "flows").len()), (0, 0));
    let none = directory.path().join("none.pcap");
    fs::write(&none, "no capture").unwrap();
    let (found, summary) = traces(&[&none, &empty], |_| {});
    assert_eq!((found.len(), summary.rows), (1, 1));
    assert!(summary.captures[0].error.is_some());
}

#[test]
fn a_file_that_is_there_stays_unless_it_may_be_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let capture = Frames::ethernet([(0, udp((1, 1), (2, 2), 3))]).write(directory.path());
    let output = directory.path().join("rows.jsonl");
    fs::write(&output, "mine").unwrap();
    let run = |force| {
        let mut settings = Traces {
            config: crate::config(&[&capture], &output),
            client: flowloom_engine::Client::Auto,
            columns: vec!["packet_count".into()],
            limits: flowloom_engine::TraceLimits::default(),
        };
        settings.config.output.destination = Destination::File(output.clone());
        settings.config.output.force = force;
        flowloom_engine::traces(&settings, &Watch::default())
    };
    assert!(run(false).unwrap_err().to_string().contains("--force"));
    assert_eq!(fs::read_to_string(&output).unwrap(), "mine");
    run(true).unwrap();
    assert_eq!(fs::read_to_string(Path::new(&output)).unwrap(), "{\"packet_count\":1}\n");
}
