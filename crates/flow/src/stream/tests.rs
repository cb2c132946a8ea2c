//! Streams beside a model that knows one byte at a time, and what bounds them.

mod model;
mod work;

use std::cell::Cell;

use proptest::prelude::*;

use self::model::{Out, Segment, check};
use super::{Delivery, Overlap, Stream, StreamSegment};

thread_local! {
    /// Pieces and holes that were looked at.
    pub(super) static STEPS: Cell<u64> = const { Cell::new(0) };
}

const POLICIES: [Overlap; 3] = [Overlap::First, Overlap::Last, Overlap::Bsd];
const ROOM: usize = 1 << 20;

/// What comes out, and the stream after it.
fn run(overlap: Overlap, held_max: usize, segments: &[Segment]) -> (Vec<Out>, Stream<u8>) {
    let mut stream = Stream::new(overlap);
    let mut out = Vec::new();
    for segment in segments {
        stream.segment(&segment.as_stream(), held_max, &mut |delivery| out.push(delivery.into()));
        assert!(stream.held() <= held_max);
    }
    (out, stream)
}

fn finish(stream: &mut Stream<u8>) -> Vec<Out> {
    let mut out = Vec::new();
    stream.finish(&mut |delivery| out.push(delivery.into()));
    assert_eq!(stream.held(), 0);
    out
}

fn text(out: &[Out]) -> String {
    let piece = |out: &Out| match out {
        Out::Bytes(bytes, _) => String::from_utf8(bytes.clone()).unwrap(),
        Out::Lost(len) => format!("<{len}>"),
    };
    out.iter().map(piece).collect()
}

/// What becomes of texts at places, after a SYN, up to the end.
fn story(overlap: Overlap, parts: &[(u32, &str)]) -> String {
    let mut segments = vec![Segment::new(99, b"").syn()];
    segments.extend(parts.iter().map(|(at, text)| Segment::new(100 + at, text.as_bytes())));
    let (mut out, mut stream) = run(overlap, ROOM, &segments);
    out.extend(finish(&mut stream));
    text(&out)
}

#[test]
fn all_orders_and_overlaps_of_up_to_three_chunks_agree_with_the_model() {
    // Six ends lie in all ways to one another at six places; one more goes before, to hold them up.
    let mut chunks = Vec::new();
    for start in 0..6_u32 {
        chunks.extend((start + 1..=6).map(|end| (start, end)));
    }
    let mut runs = 0;
    for first in &chunks {
        check_all(&[*first]);
        for second in &chunks {
            check_all(&[*first, *second]);
            for third in &chunks {
                check_all(&[*first, *second, *third]);
                runs += 1;
            }
        }
    }
    assert_eq!(runs, 21 * 21 * 21);
}

/// With all policies: from the first byte on; behind a hole that is filled last; that is never
/// filled; that a chunk over everything fills; with each of them cut by the capture; begun in the
/// middle. The numbers wrap among the chunks.
fn check_all(chunks: &[(u32, u32)]) {
    let base = u32::MAX - 2;
    let place = |shift: u32| {
        chunks.iter().zip(1..).map(move |((start, end), stamp)| {
            let bytes = (*start..*end).map(|at| stamp * 16 + at as u8).collect::<Vec<_>>();
            Segment { stamp, ..Segment::new(base.wrapping_add(shift + start), &bytes) }
        })
    };
    let syn = || std::iter::once(Segment::new(base.wrapping_sub(1), b"").syn());
    let all = Segment { stamp: 9, ..Segment::new(base, b"abcdefgh") };
    for overlap in POLICIES {
        check(overlap, base, &syn().chain(place(0)).collect::<Vec<_>>());
        check(overlap, base, &syn().chain(place(1)).collect::<Vec<_>>());
        let filled = syn().chain(place(1)).chain([Segment::new(base, b"x")]);
        check(overlap, base, &filled.collect::<Vec<_>>());
        check(overlap, base, &syn().chain(place(1)).chain([all.clone()]).collect::<Vec<_>>());
        for cut in 0..chunks.len() {
            let mut segments: Vec<_> = syn().chain(place(1)).chain([all.clone()]).collect();
            segments[cut + 1].bytes.pop();
            check(overlap, base, &segments);
        }
        check(overlap, base.wrapping_add(chunks[0].0), &place(0).collect::<Vec<_>>());
    }
}

#[test]
fn policies_choose_between_bytes_that_wait() {
    type Case<'a> = (&'a [(u32, &'a str)], [&'a str; 3]);
    let cases: &[Case<'_>] = &[
        // The same place.
        (&[(1, "aaaa"), (1, "bbbb"), (0, "-")], ["-aaaa", "-bbbb", "-aaaa"]),
        // Begins later, ends later; begins earlier, ends earlier.
        (&[(1, "aaaa"), (3, "bbbb"), (0, "-")], ["-aaaabb", "-aabbbb", "-aaaabb"]),
        (&[(3, "aaaa"), (1, "bbbb"), (0, "-")], ["-bbaaaa", "-bbbbaa", "-bbbbaa"]),
        // Within, and around.
        (&[(1, "aaaa"), (2, "bb"), (0, "-")], ["-aaaa", "-abba", "-aaaa"]),
        (&[(2, "aa"), (1, "bbbb"), (0, "-")], ["-baab", "-bbbb", "-bbbb"]),
        // What is handed on stays; what fills the hole reaches over what waits.
        (&[(0, "aaaa"), (0, "bbbbbb")], ["aaaabb"; 3]),
        (&[(2, "aaaa"), (0, "bbbbbbbb")], ["bbaaaabb", "bbbbbbbb", "bbbbbbbb"]),
        // No pair tells: the front of the first is overwritten, so the third begins before its rest.
        (&[(3, "aaaa"), (1, "bbbb"), (3, "cccc"), (0, "-")], ["-bbaaaa", "-bbcccc", "-bbbbcc"]),
        // A hole that stays.
        (&[(0, "aa"), (4, "bb")], ["aa<2>bb"; 3]),
    ];
    for (parts, expected) in cases {
        assert_eq!(POLICIES.map(|overlap| story(overlap, parts)), *expected, "{parts:?}");
    }
}

#[test]
fn syn_counts_one_and_may_bring_payload_and_come_again() {
    let syn = || Segment::new(u32::MAX, b"hel").syn();
    let segments = [syn(), syn(), Segment::new(3, b"lo"), Segment::new(u32::MAX, b"").syn()];
    let (out, stream) = run(Overlap::First, ROOM, &segments);
    assert_eq!((text(&out).as_str(), stream.held()), ("hello", 0));
    // Another number after a SYN that nothing followed: the new one counts.
    let segments = [Segment::new(5, b"").syn(), Segment::new(900, b"").syn()];
    let segments = [&segments[..], &[Segment::new(901, b"x")]].concat();
    assert_eq!(text(&run(Overlap::First, ROOM, &segments).0), "x");
    // Unless the bytes go on with the old one: the new SYN was a stray.
    let segments = [Segment::new(5, b"").syn(), Segment::new(900, b"").syn()];
    let segments = [&segments[..], &[Segment::new(6, b"ab"), Segment::new(8, b"c")]].concat();
    assert_eq!(text(&run(Overlap::First, ROOM, &segments).0), "abc");
    // Once there are bytes, none does.
    let segments = [Segment::new(6, b"ab"), Segment::new(900, b"").syn(), Segment::new(8, b"c")];
    assert_eq!(text(&run(Overlap::First, ROOM, &segments).0), "abc");
}

#[test]
fn a_stream_begins_with_the_first_payload_that_is_seen() {
    let segments = [
        Segment::new(700, b"").fin(),
        Segment::new(50, b"def"),
        Segment::new(47, b"abc"),
        Segment::new(48, b"bcdefgh"),
    ];
    let (out, stream) = run(Overlap::First, ROOM, &segments);
    assert_eq!((text(&out).as_str(), stream.is_over()), ("defgh", false));
}

#[test]
fn fin_ends_a_stream_when_all_before_it_was_handed_on() {
    let segments = [
        Segment::new(9, b"").syn(),
        Segment::new(12, b"cd").fin(),
        Segment::new(14, b"").fin(),
        Segment::new(10, b"ab"),
    ];
    for (count, is_over) in [(1, false), (2, false), (3, false), (4, true)] {
        let (out, stream) = run(Overlap::First, ROOM, &segments[..count]);
        assert_eq!(stream.is_over(), is_over, "{count}: {out:?}");
    }
    let (_, mut stream) = run(Overlap::First, ROOM, &segments[..2]);
    assert_eq!((text(&finish(&mut stream)).as_str(), stream.is_over()), ("<2>cd", true));
}

#[test]
fn what_the_capture_cut_is_lost() {
    let cut = |at, bytes: &[u8]| Segment { len: 4, ..Segment::new(at, bytes) };
    let segments = [
        Segment::new(9, b"").syn(),
        cut(10, b"ab"),
        cut(18, b""),
        Segment::new(20, b"zzzz"),
        cut(14, b"cde"),
    ];
    let (out, _) = run(Overlap::First, ROOM, &segments);
    assert_eq!(text(&out), "ab<2>cde<1><4>zz");
    // Bytes past the length belong to no segment.
    let long = [Segment { len: 2, ..Segment::new(1, b"abc") }, Segment::new(3, b"d")];
    assert_eq!(text(&run(Overlap::First, ROOM, &long).0), "abd");
}

#[test]
fn a_hole_is_given_up_when_too_much_waits() {
    let piece = 100 + super::held::PIECE_BYTES;
    let mut segments = vec![Segment::new(9, b"").syn()];
    segments.extend((0..4).map(|at| Segment::new(20 + 200 * at, &[b'x'; 100])));
    for (held_max, lost) in [(4 * piece, 0), (4 * piece - 1, 1), (piece, 3), (piece - 1, 4), (0, 4)]
    {
        let (out, _) = run(Overlap::First, held_max, &segments);
        let holes = out.iter().filter(|out| matches!(out, Out::Lost(_))).count();
        assert_eq!(holes, lost, "{held_max}");
    }
    // What then comes for the hole comes too late.
    segments.push(Segment::new(10, &[b'y'; 10]));
    let (out, _) = run(Overlap::First, 0, &segments);
    assert!(!text(&out).contains('y'));
}

#[test]
fn numbers_wrap_in_streams_of_more_than_four_gigabytes() {
    let mut stream = Stream::new(Overlap::First);
    let (mut bytes, mut seq, chunk) = (0_u64, 77_u32, 1_u32 << 30);
    for _ in 0..9 {
        let segment = Segment { len: chunk, ..Segment::new(seq, b"start") };
        let late = Segment { len: chunk, ..Segment::new(seq.wrapping_sub(chunk), b"again") };
        for segment in [segment, late] {
            stream.segment(&segment.as_stream(), ROOM, &mut |delivery: Delivery<'_, u8>| {
                bytes += match delivery {
                    Delivery::Bytes(bytes, _) => bytes.len() as u64,
                    Delivery::Lost(len) => len,
                };
            });
        }
        seq = seq.wrapping_add(chunk);
    }
    assert_eq!(bytes, 9 << 30);
}

#[test]
fn what_comes_in_order_is_handed_on_where_it_lies() {
    let mut stream = Stream::new(Overlap::First);
    let payload = *b"0123456789";
    for at in 0..1_000 {
        let segment = Segment::new(at * 10, &payload);
        let segment = StreamSegment { bytes: &payload, ..segment.as_stream() };
        stream.segment(&segment, 0, &mut |delivery| match delivery {
            Delivery::Bytes(bytes, _) => assert_eq!(bytes.as_ptr(), payload.as_ptr()),
            Delivery::Lost(len) => panic!("{len} bytes lost"),
        });
        assert_eq!(stream.held(), 0);
    }
}

proptest! {
    /// However a text is cut, repeated and put in disorder, it comes out.
    #[test]
    fn any_split_in_any_order_gives_the_same_bytes(
        bytes in prop::collection::vec(any::<u8>(), 1..400),
        cuts in prop::collection::vec((any::<prop::sample::Index>(), 1_usize..60), 0..60),
        base in any::<u32>(),
        policy in prop::sample::select(POLICIES.to_vec()),
    ) {
        let part = |start: usize, len: usize| {
            let end = bytes.len().min(start + len);
            Segment::new(base.wrapping_add(start as u32), &bytes[start..end])
        };
        let mut segments = vec![Segment::new(base.wrapping_sub(1), b"").syn()];
        segments.extend(cuts.iter().map(|(at, len)| part(at.index(bytes.len()), *len)));
        // So that none is missing.
        segments.extend((0..bytes.len()).step_by(40).map(|at| part(at, 45)).rev());
        let (out, stream) = run(policy, ROOM, &segments);
        let bytes = bytes.into_iter().map(Some).collect::<Vec<_>>();
        prop_assert_eq!(model::bytes(&out), bytes);
        prop_assert_eq!(stream.held(), 0);
    }

    /// Any segments, of different bytes, some cut, some never captured.
    #[test]
    fn any_segments_agree_with_the_model(
        parts in prop::collection::vec((0_u32..120, 0_usize..40, 0_usize..4, any::<bool>()), 1..40),
        base in prop_oneof![any::<u32>(), u32::MAX - 100..=u32::MAX],
        policy in prop::sample::select(POLICIES.to_vec()),
    ) {
        let segments = parts.iter().zip(1..).map(|((at, len, cut, fin), stamp)| {
            let bytes = vec![stamp; *len];
            let mut segment = Segment { stamp, ..Segment::new(base.wrapping_add(*at), &bytes) };
            segment.bytes.truncate(len - cut.min(len) / 3);
            segment.fin = *fin;
            segment
        });
        let syn = Segment::new(base.wrapping_sub(1), b"").syn();
        check(policy, base, &std::iter::once(syn).chain(segments).collect::<Vec<_>>());
    }

    /// With little room, every byte is still handed on or lost once, and at its place.
    #[test]
    fn limits_lose_bytes_and_never_move_them(
        parts in prop::collection::vec((0_usize..2_000, 1_usize..50), 1..80),
        held_max in 0_usize..2_000,
        policy in prop::sample::select(POLICIES.to_vec()),
    ) {
        let content = |at: usize| (at * 7 + at / 256) as u8;
        let mut segments = vec![Segment::new(u32::MAX, b"").syn()];
        segments.extend(parts.iter().map(|(at, len)| {
            Segment::new(*at as u32, &(*at..at + len).map(content).collect::<Vec<_>>())
        }));
        let (mut out, mut stream) = run(policy, held_max, &segments);
        out.extend(finish(&mut stream));
        let bytes = model::bytes(&out);
        let end = parts.iter().map(|(at, len)| at + len).max();
        prop_assert_eq!(Some(bytes.len()), end);
        for (at, byte) in bytes.iter().enumerate() {
            prop_assert!(byte.is_none_or(|byte| byte == content(at)));
        }
    }
}
