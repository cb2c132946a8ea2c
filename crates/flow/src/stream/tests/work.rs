//! However segments are chosen, each costs about as much: pieces and holes are counted, not time.

use super::{Overlap, POLICIES, ROOM, STEPS, Segment, Stream};

/// Steps that `count` segments take at most.
fn assert_linear(name: &str, segment: impl Fn(u32, u32) -> Segment) {
    for overlap in POLICIES {
        for count in [1_000, 4_000, 16_000] {
            let steps = steps(overlap, count, &segment);
            assert!(steps <= 3 * u64::from(count) + 10, "{name}, {overlap:?}: {steps} for {count}");
        }
    }
}

fn steps(overlap: Overlap, count: u32, segment: impl Fn(u32, u32) -> Segment) -> u64 {
    let before = STEPS.get();
    let mut stream = Stream::new(overlap);
    let mut delivered = 0_u64;
    for at in 0..count {
        let syn = Segment::new(u32::MAX, b"").syn();
        let segment = if at == 0 { syn } else { segment(at, count) };
        stream.segment(&segment.as_stream(), 64 * ROOM, &mut |_| delivered += 1);
    }
    stream.finish(&mut |_| delivered += 1);
    assert!(delivered <= 4 * u64::from(count));
    STEPS.get() - before
}

#[test]
fn work_is_linear_in_the_segments() {
    let one = |at| Segment::new(at, b"x");
    // Whatever its length says, what was captured is small.
    let wide = |at| Segment { len: 60_000, ..Segment::new(at, b"wide") };
    assert_linear("one hole, bytes in order", |at, _| one(at));
    assert_linear("bytes from the last to the first", |at, count| one(count - at));
    assert_linear("every second byte, then all others backwards", |at, count| {
        if at < count / 2 { one(2 * at) } else { one(2 * (count - at) + 1) }
    });
    assert_linear("the same over many pieces again and again", |at, count| {
        if at < count / 2 { one(2 * at) } else { wide(1) }
    });
    assert_linear("into the middle of one again and again", |at, count| {
        if at == 1 { wide(1) } else { one(2 + at * 40_000 / count) }
    });
    assert_linear("each over the one before and one byte further", |at, _| wide(at));
    assert_linear("each over the one before and one byte earlier", |at, count| wide(count - at));
    assert_linear("pieces all over in turns with what covers them", |at, count| {
        if at.is_multiple_of(2) { one(1 + at * 7919 % count) } else { wide(1 + at % 7) }
    });
}
