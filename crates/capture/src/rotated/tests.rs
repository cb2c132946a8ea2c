//! Several files against a plain merge, and what their facts become.

use std::fs;

use proptest::prelude::*;
use tempfile::TempDir;

use flowloom_schema::Timestamp;

use super::{OPEN_FILES_MAX, Rotated, Sequence};
use crate::testing::{
    Seen, Writer, block, drain, enhanced, frame, interface, pcap, pcapng, sample, section,
};
use crate::{Block, Capture, Comment, Facts, Input, Limits, ReadError, Source};

/// Files in a folder that goes with it.
struct Files {
    folder: TempDir,
    inputs: Vec<Input>,
}

fn files(contents: &[Vec<u8>]) -> Files {
    let folder = tempfile::tempdir().unwrap();
    let paths = (0..contents.len()).map(|i| folder.path().join(format!("{i}.pcap")));
    let paths: Vec<_> = paths.collect();
    for (path, bytes) in paths.iter().zip(contents) {
        fs::write(path, bytes).unwrap();
    }
    Files { folder, inputs: paths.into_iter().map(Input::File).collect() }
}

fn read_with(contents: &[Vec<u8>], limits: Limits) -> (Vec<Seen>, Facts) {
    let files = files(contents);
    let mut rotated = Rotated::open(&files.inputs, limits).unwrap();
    let (frames, end) = drain(&mut rotated);
    end.unwrap();
    let facts = rotated.facts().clone();
    assert_eq!(facts.size, Some(contents.iter().map(|bytes| bytes.len() as u64).sum()));
    (frames, facts)
}

fn read(contents: &[Vec<u8>]) -> (Vec<Seen>, Facts) {
    read_with(contents, Limits::default())
}

/// Merges by the earliest next frame, the first of equal ones, in the plainest way.
fn merge(mut captures: Vec<Vec<Seen>>) -> Vec<Seen> {
    for frames in &mut captures {
        frames.reverse();
    }
    let mut merged = Vec::new();
    while let Some((_, rank)) = captures
        .iter()
        .enumerate()
        .filter_map(|(rank, frames)| Some((frames.last()?.time, rank)))
        .min()
    {
        merged.extend(captures[rank].pop());
    }
    merged
}

#[test]
fn files_cut_from_one_capture_are_that_capture_in_whatever_order_they_are_named() {
    let frames = sample(1000);
    let parts: Vec<_> = frames.chunks(300).map(pcap).collect();
    let [a, b, c, d] = &parts[..] else { panic!() };
    for order in [[a, b, c, d], [d, b, a, c]] {
        let (read, facts) = read(&order.map(Clone::clone));
        assert_eq!(read, frames);
        assert_eq!(facts.interfaces.len(), 1, "described alike");
        assert_eq!(facts.damage, None);
    }
}

#[test]
fn files_that_overlap_are_merged_by_time() {
    let frames = sample(300);
    let (even, odd): (Vec<_>, Vec<_>) =
        frames.iter().enumerate().partition(|(i, _)| i % 7 < 4 && *i < 200);
    let part = |part: Vec<(usize, &Seen)>| {
        pcap(&part.into_iter().map(|(_, frame)| frame.clone()).collect::<Vec<_>>())
    };
    assert_eq!(read(&[part(even), part(odd)]).0, frames);
}

#[test]
fn bytes_read_are_those_of_all_files() {
    let parts: Vec<_> = sample(90).chunks(30).map(pcapng).collect();
    let (_, facts) = read(&parts);
    assert_eq!(facts.bytes_read, facts.size.unwrap());
    assert_eq!(facts.sections.len(), 3);
}

#[test]
fn comments_move_with_their_frames() {
    let capture = |times: [u64; 2], name: &[u8]| {
        let comment = |text: &[u8]| Writer::new(false).option(1, text).bytes;
        [
            section(false, &comment(b"section")),
            interface(false, 1, 0, &Writer::new(false).option(2, name).bytes),
            enhanced(false, 0, times[0], 1, b"x", &comment(b"first")),
            enhanced(false, 0, times[1], 1, b"x", &comment(b"second")),
        ]
        .concat()
    };
    let (frames, facts) = read(&[capture([2, 6], b"eth0"), capture([1, 4], b"eth1")]);
    let interfaces: Vec<_> = frames.iter().map(|frame| frame.interface).collect();
    let names: Vec<_> = interfaces
        .iter()
        .map(|&i| facts.interfaces[usize::from(i)].name.clone().unwrap())
        .collect();
    assert_eq!(names, ["eth1", "eth0", "eth1", "eth0"]);
    let comment = |frame, text: &str| Comment { frame, text: text.into() };
    assert_eq!(
        facts.comments,
        [
            comment(0, "section"),
            comment(1, "first"),
            comment(0, "section"),
            comment(2, "first"),
            comment(3, "second"),
            comment(4, "second")
        ]
    );
}

/// A capture with a frame, comments on its section, and what was counted on its interface: when
/// that was, from when on, and how many were received and dropped.
fn counted(time: u64, remarks: &[&[u8]], counts: (u64, Option<u64>, u64, Option<u64>)) -> Vec<u8> {
    let options = || Writer::new(false);
    let ticks = |time: u64| options().u32((time >> 32) as u32).u32(time as u32).bytes;
    let number = |number: u64| options().u64(number).bytes;
    let (at, since, received, dropped) = counts;
    let mut statistics = options().u32(0).u32((at >> 32) as u32).u32(at as u32);
    if let Some(since) = since {
        statistics = statistics.option(2, &ticks(since));
    }
    statistics = statistics.option(4, &number(received));
    if let Some(dropped) = dropped {
        statistics = statistics.option(5, &number(dropped));
    }
    statistics = statistics.option(1, b"by a recorder");
    let remarks = remarks.iter().fold(options(), |options, remark| options.option(1, remark));
    [
        section(false, &remarks.bytes),
        interface(false, 1, 0, &[]),
        enhanced(false, 0, time, 1, b"x", &[]),
        block(false, 5, &statistics.bytes),
    ]
    .concat()
}

#[test]
fn counts_of_one_interface_go_on_or_are_added() {
    let counts = |captures: &[Vec<u8>]| {
        let (_, facts) = read(captures);
        let [interface] = &facts.interfaces[..] else { panic!("{:?}", facts.interfaces) };
        interface.statistics.clone().unwrap()
    };
    let micros = |micros: i64| Timestamp(1000 * micros);
    // A recorder that goes on in the next file counts on.
    let first = counted(1, &[], (10, Some(0), 7, Some(1)));
    let second = counted(11, &[], (20, Some(0), 9, Some(3)));
    for captures in [[&first, &second], [&second, &first]] {
        let counts = counts(&captures.map(Clone::clone));
        assert_eq!((counts.at, counts.since), (micros(20), Some(micros(0))));
        assert_eq!((counts.received, counts.dropped), (Some(9), Some(3)));
    }
    // Others have counted other frames.
    let later = counted(21, &[], (30, Some(15), 4, None));
    let unknown = counted(31, &[], (5, None, 100, Some(10)));
    let both = counts(&[first.clone(), later]);
    assert_eq!((both.at, both.since), (micros(30), Some(micros(0))));
    assert_eq!((both.received, both.dropped), (Some(11), Some(1)));
    assert_eq!(both.options.len(), 1, "both say the same");
    let both = counts(&[first, unknown.clone()]);
    assert_eq!((both.at, both.since), (micros(10), Some(micros(0))));
    assert_eq!((both.received, both.dropped), (Some(107), Some(11)));
    assert_eq!(counts(&[unknown.clone(), unknown]).received, Some(200));
}

#[test]
fn comments_on_first_sections_are_on_the_first_of_all() {
    let capture = |time, remarks: &[&[u8]]| counted(time, remarks, (0, None, 1, None));
    let captures =
        [capture(9, &[b"a", b"b"]), capture(1, &[b"b", b"c"]), capture(5, &[b"c", b"d"])];
    let (_, facts) = read(&captures);
    let remarks = facts.sections.iter().map(|section| {
        let remarks = section.options.iter().map(|option| String::from_utf8_lossy(&option.value));
        remarks.collect::<String>()
    });
    assert_eq!(remarks.collect::<Vec<_>>(), ["abcd", "bc", "cd"]);
    // Also on that of the second, where the first has none.
    let (_, facts) = read(&[pcap(&sample(3)), capture(1, &[b"a"]), capture(2, &[b"b"])]);
    assert_eq!(facts.sections[0].options.len(), 2);
}

#[test]
fn a_damaged_file_does_not_end_the_others() {
    let frames = sample(90);
    let parts: Vec<_> = frames.chunks(30).map(pcap).collect();
    let cut = |part: &[u8]| part[..part.len() - 1].to_vec();
    let (read, facts) = read(&[cut(&parts[0]), cut(&parts[1]), parts[2].clone()]);
    let expected = [&frames[..29], &frames[30..59], &frames[60..]].concat();
    assert_eq!(read, expected);
    let damage = facts.damage.unwrap();
    assert!(damage.input.ends_with("0.pcap"));
    assert_eq!(damage.frame, 30);
    let [warning] = &facts.warnings[..] else { panic!("{:?}", facts.warnings) };
    assert!(warning.input.ends_with("1.pcap"));
    assert_eq!(warning.frame, 30);
}

#[test]
fn files_without_frames_are_noted() {
    let frames = sample(3);
    let (read, facts) = read(&[pcap(&[]), pcap(&frames), pcap(&[])[..20].to_vec()]);
    assert_eq!(read, frames);
    assert!(facts.damage.unwrap().input.ends_with("2.pcap"));
}

/// As recorders leave them that were stopped when they were about to go on in the next file.
#[test]
fn files_of_no_bytes_are_damage_beside_others() {
    let whole = pcap(&sample(1));
    for (at, contents) in [[vec![], whole.clone()], [whole.clone(), vec![]]].iter().enumerate() {
        let (frames, facts) = read(contents);
        assert_eq!(frames.len(), 1);
        let damage = facts.damage.unwrap();
        assert!(damage.input.ends_with(&format!("{at}.pcap")) && damage.offset == 0);
        assert!(damage.text.contains("empty"), "{damage}");
        assert_eq!(facts.format, crate::Format::Pcap);
    }
    let nothing = Rotated::open(&files(&[vec![], vec![]]).inputs, Limits::default());
    assert!(matches!(nothing, Err(ReadError::Empty { .. })));
}

#[test]
fn a_file_that_is_no_capture_is_refused() {
    let files = files(&[pcap(&sample(3)), b"text".to_vec()]);
    let error = Rotated::open(&files.inputs, Limits::default()).err().unwrap();
    assert!(matches!(error, ReadError::NotACapture { .. }), "{error}");
}

#[test]
fn a_file_that_has_gone_ends_the_reading_after_the_frames_before_it() {
    let frames = sample(20);
    let files = files(&[pcap(&frames[..10]), pcap(&frames[10..])]);
    let mut rotated = Rotated::open(&files.inputs, Limits::default()).unwrap();
    fs::remove_file(files.folder.path().join("1.pcap")).unwrap();
    let (read, end) = drain(&mut rotated);
    assert_eq!(read, frames[..10]);
    assert!(matches!(end, Err(ReadError::Open { .. })), "{end:?}");
    assert!(matches!(drain(&mut rotated), (none, Ok(())) if none.is_empty()));
}

#[cfg(unix)]
#[test]
fn pipes_are_read_though_they_cannot_be_opened_twice() {
    let frames = sample(600);
    let mut files = files(&[pcap(&frames[..300])]);
    let pipe = files.folder.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    files.inputs.push(Input::File(pipe.clone()));
    let bytes = pcap(&frames[300..]);
    let writer = std::thread::spawn(move || fs::write(pipe, bytes));
    let mut rotated = Rotated::open(&files.inputs, Limits::default()).unwrap();
    assert_eq!(drain(&mut rotated).0, frames);
    assert_eq!(rotated.facts().size, None);
    writer.join().unwrap().unwrap();
}

#[test]
fn more_interfaces_than_the_limit_share_the_last() {
    let capture = |name: &[u8]| {
        let options = Writer::new(false).option(2, name).bytes;
        let frame = enhanced(false, 0, 1, 1, b"x", &[]);
        [section(false, &[]), interface(false, 1, 0, &options), frame].concat()
    };
    let limits = Limits { interfaces_max: 2, ..Limits::default() };
    let (frames, facts) = read_with(&[capture(b"a"), capture(b"b"), capture(b"c")], limits);
    let interfaces: Vec<_> = frames.iter().map(|frame| frame.interface).collect();
    assert_eq!(interfaces, [0, 1, 1]);
    assert_eq!(facts.interfaces.len(), 2);
}

#[test]
fn no_captures_have_no_frames() {
    assert_eq!(read(&[]).0, []);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn merging_is_by_the_earliest_next_frame(
        captures in prop::collection::vec(prop::collection::vec(0..40_i64, 0..30), 0..5),
        block_frames in 1..12_usize,
    ) {
        let captures: Vec<Vec<Seen>> = captures
            .iter()
            .enumerate()
            .map(|(rank, times)| {
                let numbered = times.iter().enumerate();
                numbered.map(|(i, &time)| frame(time, 9, &[rank as u8, i as u8])).collect()
            })
            .collect();
        let bytes: Vec<_> = captures.iter().map(|frames| pcap(frames)).collect();
        let limits = Limits { block_frames, ..Limits::default() };
        prop_assert_eq!(read_with(&bytes, limits).0, merge(captures));
    }
}

#[test]
fn interfaces_of_one_capture_stay_apart_and_those_of_several_are_one() {
    let capture = |times: [u64; 2]| {
        [
            section(false, &[]),
            interface(false, 1, 0, &[]),
            interface(false, 1, 0, &[]),
            enhanced(false, 0, times[0], 1, b"x", &[]),
            enhanced(false, 1, times[1], 1, b"y", &[]),
        ]
        .concat()
    };
    let (frames, facts) = read(&[capture([1, 3]), capture([2, 4])]);
    assert_eq!(facts.interfaces.len(), 2);
    let interfaces: Vec<_> = frames.iter().map(|frame| frame.interface).collect();
    assert_eq!(interfaces, [0, 0, 1, 1]);
}

#[test]
fn captures_are_read_one_after_the_other_when_asked_for() {
    let frames = sample(90);
    let parts: Vec<_> = frames.chunks(30).map(pcap).collect();
    let files = files(&[parts[2].clone(), parts[0].clone(), parts[1].clone()]);
    let limits = Limits { block_frames: 7, ..Limits::default() };
    let mut source =
        Rotated::open_with(Sequence::AsNamed, &files.inputs, limits, Capture::open).unwrap();
    let mut block = Block::default();
    let mut seen = Vec::new();
    while source.read(&mut block).unwrap() {
        seen.extend((0..block.frames.len()).map(|at| (block.input(at), block.frames[at].time.0)));
    }
    let expected = [&frames[60..], &frames[..60]].concat();
    let expected: Vec<_> = expected.iter().enumerate().map(|(i, f)| (i / 30, f.time)).collect();
    assert_eq!(seen, expected);
}

#[test]
fn more_captures_than_may_be_open_are_merged() {
    let frames = sample(4_000);
    let count = OPEN_FILES_MAX + 44;
    let parts: Vec<_> = (0..count)
        .map(|part| frames.iter().skip(part).step_by(count).cloned().collect::<Vec<_>>())
        .map(|part| pcap(&part))
        .collect();
    let files = files(&parts);
    // One frame in a block: each file is opened again and again.
    let limits = Limits { block_frames: 1, ..Limits::default() };
    let mut rotated = Rotated::open(&files.inputs, limits).unwrap();
    let (seen, end) = drain(&mut rotated);
    end.unwrap();
    assert_eq!(seen, frames);
    let bytes: u64 = parts.iter().map(|part| part.len() as u64).sum();
    assert_eq!((rotated.facts().bytes_read, rotated.facts().size), (bytes, Some(bytes)));
}

#[test]
fn what_is_said_of_frames_moves_with_them() {
    let capture = |ticks: [u64; 2]| {
        let picoseconds = Writer::new(false).option(9, &[12]).bytes;
        let comment =
            |i: usize| Writer::new(false).option(1, ticks[i].to_string().as_bytes()).bytes;
        [
            section(false, &[]),
            interface(false, 1, 0, &picoseconds),
            enhanced(false, 0, ticks[0], 1, b"x", &comment(0)),
            enhanced(false, 0, ticks[1], 1, b"y", &comment(1)),
        ]
        .concat()
    };
    let files = files(&[capture([1_001, 3_003]), capture([2_002, 4_004])]);
    let mut source = Rotated::open(&files.inputs, Limits::default()).unwrap();
    let mut block = Block::default();
    let mut said = Vec::new();
    while source.read(&mut block).unwrap() {
        for at in 0..block.frames.len() {
            let record = block.record(at).unwrap();
            let comments: Vec<_> = record.options.comments().collect();
            said.push((record.ticks.unwrap(), String::from_utf8(comments.concat()).unwrap()));
        }
    }
    let expected = [1_001, 2_002, 3_003, 4_004].map(|ticks| (ticks, ticks.to_string()));
    assert_eq!(said, expected);
}
