//! TCP streams, beside a map of the bytes that wait.

use std::collections::BTreeMap;

use flowloom_flow::{Delivery, Overlap, Stream, StreamSegment};

/// A byte for the policy and the room, four for the first sequence number, then 5 bytes for each
/// segment: flags, place, length and how much of it was captured.
///
/// With room for all, what comes out is what the policy says of each byte; with less, each byte
/// still comes out once, at its place, from a segment that has it there.
pub fn stream(data: &[u8]) {
    let Some(([how, base @ ..], steps)) = data.split_first_chunk::<5>() else { return };
    let overlap = [Overlap::First, Overlap::Last, Overlap::Bsd][usize::from(how % 3)];
    let held_max = if how & 128 == 0 { usize::MAX } else { usize::from(how & 127) * 64 };
    let base = u32::from_be_bytes(*base);
    let mut stream = Stream::new(overlap);
    stream.begin(base);
    let mut model = Model { overlap, next: 0, waiting: BTreeMap::new(), out: Vec::new() };
    let mut segments = Vec::new();
    let mut out = Out::default();
    for (number, [flags, high, low, len, cut]) in steps.as_chunks::<5>().0.iter().enumerate() {
        let place = i64::from(i16::from_be_bytes([*high, *low]));
        let len = u32::from(*len) << (flags >> 4 & 7);
        let kept = (len as usize).saturating_sub(usize::from(*cut >> 4));
        segments.push((place, len as usize, kept));
        let bytes = vec![number as u8; kept];
        let seq = base.wrapping_add_signed(place as i32);
        let (syn, fin) = (false, flags & 1 != 0);
        let segment = StreamSegment { seq, syn, fin, len, bytes: &bytes, stamp: number };
        stream.segment(&segment, held_max, &mut |delivery| out.take(delivery));
        assert!(stream.held() <= held_max);
        if held_max == usize::MAX {
            model.segment(number, place, len, kept);
            assert_eq!(out.0, model.out);
            assert_eq!(stream.held() == 0, model.waiting.is_empty());
        }
    }
    stream.finish(&mut |delivery| out.take(delivery));
    assert_eq!(stream.held(), 0);
    if held_max == usize::MAX {
        model.finish();
        assert_eq!(out.0, model.out);
    }
    for (at, number) in out.0.iter().enumerate() {
        let Some((place, _, kept)) = number.map(|number| segments[number]) else { continue };
        assert!((place..place + kept as i64).contains(&(at as i64)));
    }
    let end = segments.iter().filter(|(_, len, _)| *len > 0).map(|(at, len, _)| at + *len as i64);
    assert_eq!(out.0.len() as i64, end.max().unwrap_or(0).max(0));
}

/// The segment of each byte that came out; none of what was lost.
#[derive(Default)]
struct Out(Vec<Option<usize>>);

impl Out {
    fn take(&mut self, delivery: Delivery<'_, usize>) {
        match delivery {
            Delivery::Bytes(bytes, stamp) => {
                assert!(!bytes.is_empty() && bytes.iter().all(|byte| *byte == stamp as u8));
                self.0.extend(bytes.iter().map(|_| Some(stamp)));
            }
            Delivery::Lost(len) => {
                assert!(len > 0);
                self.0.resize(self.0.len() + len as usize, None);
            }
        }
    }
}

struct Model {
    overlap: Overlap,
    next: i64,
    /// The segment that has each byte, and whether it was captured.
    waiting: BTreeMap<i64, (usize, bool)>,
    out: Vec<Option<usize>>,
}

impl Model {
    fn segment(&mut self, number: usize, start: i64, len: u32, kept: usize) {
        // Where each segment begins of which something waits.
        let mut begins = BTreeMap::new();
        for (at, (owner, _)) in &self.waiting {
            begins.entry(*owner).or_insert(*at);
        }
        for at in start.max(self.next)..start + i64::from(len) {
            let counts = self.waiting.get(&at).is_none_or(|(owner, _)| match self.overlap {
                Overlap::First => false,
                Overlap::Last => true,
                Overlap::Bsd => start < begins[owner],
            });
            if counts {
                self.waiting.insert(at, (number, at < start + kept as i64));
            }
        }
        while let Some((owner, is_kept)) = self.waiting.remove(&self.next) {
            self.out.push(is_kept.then_some(owner));
            self.next += 1;
        }
    }

    fn finish(&mut self) {
        for (at, (owner, is_kept)) in std::mem::take(&mut self.waiting) {
            self.out.resize(at as usize, None);
            self.out.push(is_kept.then_some(owner));
        }
    }
}
