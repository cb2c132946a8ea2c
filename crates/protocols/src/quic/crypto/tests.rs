//! CRYPTO frames in any order, and their bounds.

use proptest::prelude::*;

use super::{CryptoStream, EARLY_MAX, STREAM_MAX, frames};

fn bytes(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i * 7 % 251) as u8).collect()
}

#[test]
fn what_is_in_order_is_taken_once() {
    let mut stream = CryptoStream::default();
    let whole = bytes(100);
    stream.insert(0, &whole[..20]);
    assert_eq!(stream.take(), whole[..20]);
    stream.insert(40, &whole[40..]);
    stream.insert(0, &whole[..20]);
    assert_eq!(stream.take(), []);
    stream.insert(10, &whole[10..50]);
    assert_eq!(stream.take(), whole[20..]);
}

#[test]
fn what_waits_is_bounded() {
    let mut stream = CryptoStream::default();
    for i in 0..10_000 {
        stream.insert(10 + 3 * i, &[1, 2]);
    }
    assert_eq!(stream.early.len(), EARLY_MAX);
    stream.insert(STREAM_MAX as u64, &[1]);
    stream.insert(u64::MAX, &[1]);
    stream.insert(0, &[]);
    assert_eq!(stream.early.len(), EARLY_MAX);
    let mut stream = CryptoStream::default();
    for i in 1..100 {
        stream.insert(i, &vec![0; STREAM_MAX - 100]);
    }
    assert!(stream.early_bytes <= STREAM_MAX);
}

#[test]
fn frames_of_initial_packets_are_passed_over() {
    let payload = [
        &[0, 0, 1][..],
        &[2, 5, 0, 1, 0, 1, 2],
        &[3, 5, 0, 0, 0, 1, 2, 3],
        &[6, 0x41, 0, 2, 8, 9],
        &[0x1c, 1, 6, 2, b'n', b'o'],
        &[6, 0, 1, 7],
    ]
    .concat();
    let collect = |payload: &[u8], is_cut| {
        let mut found = Vec::new();
        let is_whole = frames(payload, is_cut, &mut |at, bytes| found.push((at, bytes.to_vec())));
        (is_whole, found)
    };
    assert_eq!(collect(&payload, false), (true, vec![(256, vec![8, 9]), (0, vec![7])]));
    assert_eq!(collect(&payload[..22], false), (false, vec![]));
    assert_eq!(collect(&payload[..23], true), (true, vec![(256, vec![8])]));
    assert_eq!(collect(&[8, 0], false), (false, vec![]));
    for len in 0..payload.len() {
        assert!(collect(&payload[..len], true).0);
    }
}

proptest! {
    #[test]
    fn pieces_come_in_any_order(
        len in 0_usize..3_000,
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..40),
        order in any::<u64>(),
        extra in 0_usize..50,
    ) {
        let whole = bytes(len);
        let mut ends: Vec<usize> = cuts.iter().map(|cut| cut.index(whole.len() + 1)).collect();
        ends.extend([0, whole.len()]);
        ends.sort_unstable();
        let mut pieces: Vec<(usize, usize)> =
            ends.windows(2).map(|pair| (pair[0], (pair[1] + extra).min(whole.len()))).collect();
        // A cheap shuffle, the same for the same number.
        pieces.sort_by_key(|(start, _)| (*start as u64 ^ order).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut stream = CryptoStream::default();
        for (start, end) in pieces {
            stream.insert(start as u64, &whole[start..end]);
        }
        prop_assert_eq!(stream.take(), whole);
        prop_assert!(stream.early.is_empty());
        prop_assert_eq!(stream.early_bytes, 0);
    }

    #[test]
    fn any_bytes_are_survived(payload in prop::collection::vec(any::<u8>(), 0..300), is_cut: bool) {
        let mut stream = CryptoStream::default();
        frames(&payload, is_cut, &mut |offset, bytes| stream.insert(offset, bytes));
        prop_assert!(stream.take().len() <= payload.len());
    }
}
