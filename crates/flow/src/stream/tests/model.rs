//! What a stream is by its definition, byte by byte.

use std::collections::BTreeMap;

use super::{ROOM, Stream, finish};
use crate::stream::{Delivery, Overlap, StreamSegment};

/// A segment that owns its payload.
#[derive(Clone, Debug)]
pub(super) struct Segment {
    pub(super) seq: u32,
    pub(super) syn: bool,
    pub(super) fin: bool,
    pub(super) len: u32,
    pub(super) bytes: Vec<u8>,
    pub(super) stamp: u8,
}

impl Segment {
    pub(super) fn new(seq: u32, bytes: &[u8]) -> Self {
        let (len, bytes) = (bytes.len() as u32, bytes.to_vec());
        Self { seq, syn: false, fin: false, len, bytes, stamp: 0 }
    }

    pub(super) fn syn(self) -> Self {
        Self { syn: true, ..self }
    }

    pub(super) fn fin(self) -> Self {
        Self { fin: true, ..self }
    }

    pub(super) fn as_stream(&self) -> StreamSegment<'_, u8> {
        let Self { seq, syn, fin, len, ref bytes, stamp } = *self;
        StreamSegment { seq, syn, fin, len, bytes, stamp }
    }
}

/// A delivery that owns its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Out {
    Bytes(Vec<u8>, u8),
    Lost(u64),
}

impl From<Delivery<'_, u8>> for Out {
    fn from(delivery: Delivery<'_, u8>) -> Self {
        match delivery {
            Delivery::Bytes(bytes, stamp) => Self::Bytes(bytes.to_vec(), stamp),
            Delivery::Lost(len) => Self::Lost(len),
        }
    }
}

/// Each byte; none where it was lost.
pub(super) fn bytes(out: &[Out]) -> Vec<Option<u8>> {
    let each = |out: &Out| match out {
        Out::Bytes(bytes, _) => bytes.iter().copied().map(Some).collect::<Vec<_>>(),
        Out::Lost(len) => vec![None; *len as usize],
    };
    out.iter().flat_map(each).collect()
}

/// Each byte with the packet that brought it.
fn stamped(out: &[Out]) -> Vec<Option<(u8, u8)>> {
    let each = |out: &Out| match out {
        Out::Bytes(bytes, stamp) => bytes.iter().map(|byte| Some((*byte, *stamp))).collect(),
        Out::Lost(len) => vec![None; *len as usize],
    };
    out.iter().flat_map(each).collect()
}

/// The bytes that wait, each with the number of the segment that has it, and what was handed on.
struct Model {
    overlap: Overlap,
    next: u64,
    segments: usize,
    waiting: BTreeMap<u64, (usize, Option<(u8, u8)>)>,
    out: Vec<Option<(u8, u8)>>,
}

impl Model {
    fn segment(&mut self, start: i64, segment: &Segment) {
        self.segments += 1;
        let end = (start + i64::from(segment.len)).max(0) as u64;
        // Where each segment begins of which something waits.
        let mut begins = BTreeMap::new();
        for (at, (owner, _)) in &self.waiting {
            begins.entry(*owner).or_insert(*at);
        }
        for at in start.max(self.next as i64) as u64..end {
            let byte = segment.bytes.get((at as i64 - start) as usize);
            let new = (self.segments, byte.map(|byte| (*byte, segment.stamp)));
            let counts = self.waiting.get(&at).is_none_or(|(owner, _)| match self.overlap {
                Overlap::First => false,
                Overlap::Last => true,
                Overlap::Bsd => start < begins[owner] as i64,
            });
            if counts {
                self.waiting.insert(at, new);
            }
        }
        while let Some((_, byte)) = self.waiting.remove(&self.next) {
            self.out.push(byte);
            self.next += 1;
        }
    }

    fn finish(&mut self) {
        for (at, (_, byte)) in std::mem::take(&mut self.waiting) {
            self.out.resize(at as usize, None);
            self.out.push(byte);
        }
    }
}

/// Gives segments to a stream and to the model; after each, both have handed on the same.
pub(super) fn check(overlap: Overlap, base: u32, segments: &[Segment]) {
    let mut model =
        Model { overlap, next: 0, segments: 0, waiting: BTreeMap::new(), out: Vec::new() };
    let mut stream = Stream::new(overlap);
    let mut out = Vec::new();
    for segment in segments {
        let first = segment.seq.wrapping_add(u32::from(segment.syn));
        let start = i64::from(first.wrapping_sub(base).cast_signed());
        model.segment(start, segment);
        stream.segment(&segment.as_stream(), ROOM, &mut |delivery| out.push(delivery.into()));
        assert_eq!(stamped(&out), model.out, "{overlap:?} {base} {segments:?}");
        assert_eq!(stream.held() == 0, model.waiting.is_empty());
    }
    model.finish();
    out.extend(finish(&mut stream));
    assert_eq!(stamped(&out), model.out, "{overlap:?} {base} {segments:?}");
}
