//! What flows say, in captures made here: turns, holes, overlaps, fragments, and the reference's
//! captures.

use std::fs;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use flowloom_engine::{
    Data, Direction, Filter, Overlap, RunError, StreamFormat, Streams, StreamsTo, View, Watch,
    What, flow_words, take_streams,
};
use serde_json::Value;

use crate::captures::Frames;
use crate::common::shared;
use crate::packets::{fragment4, ipv4, tcp_segment, udp_datagram};
use crate::taken::{Taken, streams, taken};
use flowloom_wire::tcp_flags::{ACK, FIN, SYN};

const CLIENT: (u32, u16) = (1, 5_000);
const SERVER: (u32, u16) = (2, 80);

/// A TCP segment that says something.
pub(crate) fn says(is_up: bool, flags: u8, seq: u32, ack: u32, text: &[u8]) -> Vec<u8> {
    let (from, to) = if is_up { (CLIENT, SERVER) } else { (SERVER, CLIENT) };
    let mut segment = tcp_segment(from.1, to.1, flags | ACK, seq, ack, 0);
    segment.extend(text);
    ipv4(from.0, to.0, 6, &segment)
}

pub(crate) fn up(seq: u32, ack: u32, text: &str) -> Vec<u8> {
    says(true, 0, seq, ack, text.as_bytes())
}

pub(crate) fn down(seq: u32, ack: u32, text: &str) -> Vec<u8> {
    says(false, 0, seq, ack, text.as_bytes())
}

/// A capture of frames, a tenth of a second after one another.
fn capture(frames: impl IntoIterator<Item = Vec<u8>>) -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let frames = (0..).step_by(100_000_000).zip(frames);
    let path = Frames::ethernet(frames).write(directory.path());
    (directory, path)
}

pub(crate) fn said(
    frames: impl IntoIterator<Item = Vec<u8>>,
    view: View,
    change: impl FnOnce(&mut Streams),
) -> Vec<Taken> {
    let (_directory, path) = capture(frames);
    taken(&path, view, change).0
}

/// Direction, frames and bytes of each message.
fn messages(files: &[Taken]) -> Vec<(String, Vec<u64>, String)> {
    let frames = |file: &Taken| {
        file.info["frames"].as_array().unwrap().iter().map(|n| n.as_u64().unwrap()).collect()
    };
    let text = |file: &Taken| String::from_utf8_lossy(&file.bytes).into_owned();
    files.iter().map(|file| (file.text("direction").into(), frames(file), text(file))).collect()
}

fn message(direction: &str, frames: &[u64], text: &str) -> (String, Vec<u64>, String) {
    (direction.into(), frames.into(), text.into())
}

/// SEEDS.md 3.4: the reference has the datagrams (3,4) of 467 bytes and (5,6,7,8) of 3,145, pure
/// acknowledgements counted in; seven of them.
#[test]
fn messages_of_the_references_capture_are_the_references() {
    let path = shared().join("corpus/seeds/single.pcap");
    if !path.is_file() {
        return println!("skipped: there is no corpus at ../shared/corpus");
    }
    let (files, summary) = taken(&path, View::Messages, |_| {});
    let sizes = messages(&files).into_iter().map(|(side, frames, _)| (side, frames));
    let sizes = sizes.zip(files.iter().map(|file| file.bytes.len())).collect::<Vec<_>>();
    let expected = [
        ("up", vec![4], 467),
        ("down", vec![6, 7, 8], 3_145),
        ("up", vec![10], 93),
        ("down", vec![12, 13], 343),
        ("up", vec![15, 16, 17, 18], 897),
        ("down", vec![20], 38),
        ("down", vec![22, 23], 225),
    ];
    let expected = expected.map(|(side, frames, len)| ((side.to_owned(), frames), len));
    assert_eq!(sizes, expected);
    assert_eq!((summary.taken.units, summary.taken.missing), (7, 0));
}

#[test]
fn bytes_that_come_out_of_order_are_one_message() {
    let text = "The quick brown fox jumps over the lazy dog. ";
    let part = |range: std::ops::Range<usize>| up(1 + range.start as u32, 1, &text[range]);
    let frames = [part(0..10), part(30..45), part(10..20), part(5..15), part(20..30)];
    assert_eq!(
        messages(&said(frames, View::Messages, |_| {})),
        [message("up", &[1, 3, 5, 2], text)]
    );
}

#[test]
fn a_message_ends_where_its_sender_has_heard_something_new() {
    let files = said(
        [
            up(1, 1, "GET a"),
            // Sent before the request came, and sent again with another acknowledgement.
            down(1, 1, "hello "),
            down(1, 6, "hello "),
            down(7, 6, "A"),
            // Two requests in a row are one message; what is sent again is nobody's.
            up(6, 8, "GET b"),
            up(11, 8, " and c"),
            up(6, 9, "GET b"),
            down(8, 17, "BC"),
        ],
        View::Messages,
        |_| {},
    );
    let expected = [
        message("up", &[1], "GET a"),
        message("down", &[2], "hello "),
        message("down", &[4], "A"),
        message("up", &[5, 6], "GET b and c"),
        message("down", &[8], "BC"),
    ];
    assert_eq!(messages(&files), expected);
}

#[test]
fn an_acknowledged_fin_ends_no_message() {
    let frames =
        [up(1, 1, "a"), down(1, 2, "b"), says(false, FIN, 2, 2, b""), up(2, 2, "c"), up(3, 3, "d")];
    let files = messages(&said(frames, View::Messages, |_| {}));
    assert_eq!(files[2..], [message("up", &[4, 5], "cd")]);
}

#[test]
fn a_reused_connection_is_two_conversations() {
    let connection = |isn: u32, text: &str| {
        let end = isn + 1 + text.len() as u32;
        [
            says(true, SYN, isn, 0, b""),
            up(isn + 1, 1, text),
            down(isn + 1, end, text),
            says(true, FIN, end, end, b""),
            says(false, FIN, end, end + 1, b""),
            up(end + 1, end + 1, ""),
        ]
    };
    let mut first = connection(100, "GET 1");
    first[0] = ipv4(1, 2, 6, &tcp_segment(5_000, 80, SYN, 100, 0, 0));
    let mut second = connection(9_000, "GET 2");
    second[0] = ipv4(1, 2, 6, &tcp_segment(5_000, 80, SYN, 9_000, 0, 0));
    let files = said([first, second].into_iter().flatten(), View::Messages, |_| {});
    let flows = files.iter().map(|file| (file.number("flow_id"), file.bytes.as_slice()));
    let expected: [(u64, &[u8]); 4] = [(1, b"GET 1"), (1, b"GET 1"), (7, b"GET 2"), (7, b"GET 2")];
    assert_eq!(flows.collect::<Vec<_>>(), expected);
}

/// Bytes 2..4 of the first direction are missing, and the last before its FIN.
fn with_holes() -> [Vec<u8>; 4] {
    [up(1, 1, "ab"), up(5, 1, "ef"), says(true, FIN, 8, 1, b""), down(1, 7, "X")]
}

#[test]
fn holes_are_filled_with_zeros_and_told() {
    let files = said(with_holes(), View::Raw, |_| {});
    let up = &files[0];
    assert_eq!(up.bytes, b"ab\0\0ef\0");
    assert_eq!((up.number("bytes"), up.number("missing")), (4, 3));
    assert_eq!(up.info["holes"], serde_json::json!([[2, 4], [6, 7]]));
    let strict = said(with_holes(), View::Raw, |streams| streams.shape.strict = true);
    assert_eq!((&strict[0].bytes[..], &strict[0].info["holes"]), (&b"abef"[..], &up.info["holes"]));
    // A hole that is too long is not filled.
    let (_directory, path) = capture(with_holes());
    let (files, summary) = taken(&path, View::Raw, |streams| streams.limits.fill_max = 1);
    assert_eq!((&files[0].bytes[..], summary.taken.unfilled), (&b"abef\0"[..], 2));
    let (files, summary) = taken(&path, View::Raw, |streams| streams.limits.fill_total_max = 2);
    assert_eq!((&files[0].bytes[..], summary.taken.unfilled), (&b"ab\0\0ef"[..], 1));
}

#[test]
fn json_gives_the_pieces_between_holes() {
    let json = |view, strict| {
        let files = said(with_holes(), view, |streams| {
            streams.shape.format = StreamFormat::JsonLines;
            streams.shape.data = Data::Ascii;
            streams.shape.strict = strict;
        });
        let lines = String::from_utf8(files[0].bytes.clone()).unwrap();
        lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).collect::<Vec<_>>()
    };
    let [filled] = &json(View::Raw, false)[..] else { panic!("one object") };
    assert_eq!(filled["data"], "ab..ef.");
    let [strict] = &json(View::Raw, true)[..] else { panic!("one object") };
    let pieces = serde_json::json!([{"offset": 0, "data": "ab"}, {"offset": 4, "data": "ef"}]);
    assert_eq!((&strict["pieces"], &strict["data"]), (&pieces, &Value::Null));
    let conversation = json(View::Conversation, false);
    let shown = conversation.iter().map(|piece| {
        let number = |field: &str| piece[field].as_u64();
        (
            number("frame").unwrap(),
            piece["direction"].as_str().unwrap(),
            number("offset").unwrap(),
            piece["data"].as_str(),
            number("missing"),
        )
    });
    let expected = [
        (1, "up", 0, Some("ab"), None),
        (4, "down", 0, Some("X"), None),
        (4, "up", 2, None, Some(2)),
        (2, "up", 4, Some("ef"), None),
        (4, "up", 6, None, Some(1)),
    ];
    assert_eq!(shown.collect::<Vec<_>>(), expected);
}

#[test]
fn an_acknowledged_hole_is_given_up_after_a_while() {
    let conversation = |gap: i64| {
        let frames = [(0, up(1, 1, "a")), (1, up(3, 1, "c")), (2, down(1, 4, "X"))];
        let late = [(3, up(2, 1, "b")), (3 + gap, down(2, 4, "Y")), (4 + gap, down(3, 4, "Z"))];
        let frames = match gap {
            0 => frames.into_iter().chain(late).collect::<Vec<_>>(),
            _ => frames.into_iter().chain(late.into_iter().skip(1)).collect(),
        };
        let directory = tempfile::tempdir().unwrap();
        let path = Frames::ethernet(frames).write(directory.path());
        let (files, _) = taken(&path, View::Conversation, |_| {});
        String::from_utf8_lossy(&files[0].bytes).into_owned()
    };
    // It comes late, but it comes; it does not; and it is waited for to the end.
    assert_eq!(conversation(0), "aXbcYZ");
    assert_eq!(conversation(200_000_000), "aX\0cYZ");
    assert_eq!(conversation(20), "aXYZ\0c");
}

/// Three segments that overlap, after a hole that is filled last, in all orders.
#[test]
fn overlapping_segments_are_those_of_the_policy_in_all_orders() {
    let spans = (1..6_u32).flat_map(|from| (from + 1..=6).map(move |to| (from, to)));
    let spans = spans.collect::<Vec<_>>();
    let mut cases = 0;
    for (i, first) in spans.iter().enumerate() {
        for (j, second) in spans.iter().enumerate().step_by(2) {
            // Not all of them, but all orders of those: every third, another one each time.
            for third in spans.iter().skip((i + j) % 3).step_by(3) {
                let chunks = [(*first, "A"), (*second, "B"), (*third, "C")];
                for overlap in [Overlap::First, Overlap::Last] {
                    check_overlap(&chunks, overlap);
                    cases += 1;
                }
            }
        }
    }
    println!("{cases} cases");
    assert!(cases > 1_000);
}

fn check_overlap(chunks: &[((u32, u32), &str); 3], overlap: Overlap) {
    let segment = |(from, to): (u32, u32), letter: &str| {
        up(1 + from, 1, &letter.repeat((to - from) as usize))
    };
    let mut frames = chunks.iter().map(|(span, letter)| segment(*span, letter)).collect::<Vec<_>>();
    frames.push(segment((0, 1), "0"));
    let end = chunks.iter().map(|((_, to), _)| *to).max().unwrap();
    let mut expected = vec![0; end as usize];
    expected[0] = b'0';
    for ((from, to), letter) in chunks {
        for byte in &mut expected[*from as usize..*to as usize] {
            if overlap == Overlap::Last || *byte == 0 {
                *byte = letter.as_bytes()[0];
            }
        }
    }
    // The flow begins with the first number, as a SYN would say it.
    let syn = ipv4(1, 2, 6, &tcp_segment(5_000, 80, SYN, 0, 0, 0));
    let files = said([syn].into_iter().chain(frames), View::Raw, |streams| {
        streams.config.said.overlap = overlap;
    });
    assert_eq!(files[0].bytes, expected, "{chunks:?} {overlap:?}");
}

#[test]
fn datagrams_are_messages_and_may_be_cut() {
    let udp = |is_up: bool, text: &[u8]| {
        let ((from, from_port), (to, to_port)) =
            if is_up { (CLIENT, SERVER) } else { (SERVER, CLIENT) };
        ipv4(from, to, 17, &udp_datagram(from_port, to_port, text))
    };
    let directory = tempfile::tempdir().unwrap();
    let mut frames = Frames::ethernet([
        (0, udp(true, b"one")),
        (1, udp(true, b"two")),
        (2, udp(false, b"three")),
    ]);
    let cut = &mut frames.frames[2];
    cut.original = cut.bytes.len() as u32;
    cut.bytes.truncate(14 + 20 + 8 + 2);
    let path = frames.write(directory.path());
    let (files, summary) = taken(&path, View::Messages, |_| {});
    let expected =
        [message("up", &[1], "one"), message("up", &[2], "two"), message("down", &[3], "th\0\0\0")];
    assert_eq!(messages(&files), expected);
    assert_eq!((summary.taken.missing, summary.taken.incomplete), (3, 1));
    let (files, _) = taken(&path, View::Conversation, |streams| {
        streams.direction = Some(Direction::Up);
    });
    assert_eq!(files[0].bytes, b"onetwo");
}

/// SEEDS.md 3.4: a datagram of 3,008 bytes in three fragments.
#[test]
fn fragments_are_joined_or_their_holes_told() {
    let datagram = udp_datagram(5_000, 53, &[b'x'; 3_000]);
    let pieces = [(0, 1_480), (1_480, 2_960), (2_960, 3_008)]
        .map(|(from, to)| fragment4((1, 2), 17, 9, from, to < 3_008, &datagram[from..to]));
    let ip = |streams: &mut Streams| streams.what = What::Datagrams;
    let [a, b, c] = pieces;
    let files = said([c.clone(), a.clone(), b.clone()], View::Raw, ip);
    assert_eq!((files.len(), &files[0].bytes), (1, &datagram));
    assert_eq!(files[0].info["frames"], serde_json::json!([1, 2, 3]));
    assert_eq!((files[0].number("id"), files[0].number("protocol")), (9, 17));
    let files = said([a.clone(), c.clone()], View::Raw, ip);
    assert_eq!(files[0].info["holes"], serde_json::json!([[1_480, 2_960]]));
    assert_eq!((files[0].bytes.len(), &files[0].info["is_complete"]), (3_008, &Value::Bool(false)));
    assert!(files[0].bytes[1_480..2_960].iter().all(|byte| *byte == 0));
    let files = said([a, c], View::Raw, |streams| {
        ip(streams);
        streams.shape.strict = true;
    });
    assert_eq!(files[0].bytes.len(), 1_528);
}

#[test]
fn flows_are_chosen_by_number_and_by_words() {
    let other = |text: &str| ipv4(3, 2, 17, &udp_datagram(7, 9, text.as_bytes()));
    let frames = [up(1, 1, "GET / HTTP/1.1\r\n\r\n"), other("x"), other("y")];
    let flows = |change: &dyn Fn(&mut Streams)| {
        let files = said(frames.clone(), View::Raw, change);
        files.iter().map(|file| file.number("flow_id")).collect::<Vec<_>>()
    };
    assert_eq!(flows(&|_| {}), [1, 2]);
    assert_eq!(flows(&|streams| streams.flows = vec![2, 7]), [2]);
    let filter = |streams: &mut Streams, text: &str| {
        let words = flow_words(&streams.config.registry);
        streams.config.filter = Some(Filter::parse_with(text, &words).unwrap());
    };
    assert_eq!(flows(&|streams| filter(streams, "http.method = GET")), [1]);
    assert_eq!(flows(&|streams| filter(streams, "not http")), [2]);
    assert_eq!(flows(&|streams| filter(streams, "udp port 9")), [2]);
}

#[test]
fn a_directory_with_something_in_it_is_left_alone() {
    let (directory, path) = capture([up(1, 1, "a")]);
    let mut streams = streams(&path, View::Raw, directory.path());
    take_streams(&streams, &Watch::default()).unwrap();
    let written = || {
        let entries = fs::read_dir(directory.path().join("streams")).unwrap();
        entries.map(|entry| fs::read(entry.unwrap().path()).unwrap()).collect::<Vec<_>>()
    };
    let before = written();
    let error = take_streams(&streams, &Watch::default()).unwrap_err();
    assert!(
        matches!(error, RunError::Config(_)) && error.to_string().contains("--force"),
        "{error}"
    );
    if let StreamsTo::Directory { force, .. } = &mut streams.destination {
        *force = true;
    }
    take_streams(&streams, &Watch::default()).unwrap();
    assert_eq!(written(), before);
}

#[test]
fn what_comes_out_does_not_depend_on_threads_or_on_memory() {
    let Some(captures) = crate::common::corpus() else { return };
    let mut compared = 0;
    for (name, path) in captures.iter().step_by(5) {
        for (what, view) in
            [(What::Said, View::Messages), (What::Objects { decode: true }, View::Raw)]
        {
            let all = |threads: usize, memory_max: usize| {
                let (files, summary) = taken(path, view, |streams| {
                    streams.what = what;
                    streams.config.threads = NonZeroUsize::new(threads).unwrap();
                    streams.limits.memory_max = memory_max;
                    streams.config.capture.block_frames = if threads == 1 { 7 } else { 500 };
                });
                let files = files.into_iter().map(|file| (file.info, file.bytes));
                (files.collect::<Vec<_>>(), summary.taken)
            };
            let one = all(1, 64 << 20);
            compared += one.0.len();
            assert!(one == all(4, 1_000), "{name} {what:?}");
        }
    }
    println!("{compared} files compared");
    assert!(compared > 500);
}
