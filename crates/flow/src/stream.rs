//! The bytes of one direction of a TCP connection, in order (RFC 9293, section 3.4).

use std::collections::BTreeMap;

/// Puts the segments of one direction in order.
///
/// `S` is what is remembered of the packet that brought some bytes. Bytes that come in order are
/// handed on without being copied; what comes early is kept until the hole before it is filled or
/// given up.
#[derive(Clone, Debug)]
pub struct Stream<S> {
    /// Number of the next byte to be handed on; none before the first segment.
    next: Option<u32>,
    /// Bytes handed on or lost so far: the offset of the next byte.
    offset: u64,
    /// What came early, by offset; no two overlap.
    early: BTreeMap<u64, Early<S>>,
    /// Bytes in `early`, captured or not.
    held: usize,
    /// Offset of the end, once a FIN was seen.
    end: Option<u64>,
}

#[derive(Clone, Debug)]
struct Early<S> {
    /// Length on the wire: more than `bytes` if the capture cut the segment.
    len: u32,
    bytes: Box<[u8]>,
    stamp: S,
}

/// A segment with its payload.
#[derive(Clone, Copy, Debug)]
pub struct StreamSegment<'a, S> {
    /// Sequence number of its first byte, or of its SYN.
    pub seq: u32,
    /// Whether it has SYN, which counts one before the payload.
    pub syn: bool,
    /// Whether it has FIN: nothing comes after its payload.
    pub fin: bool,
    /// Length of the payload on the wire.
    pub len: u32,
    /// The payload, as much of it as was captured.
    pub bytes: &'a [u8],
    /// What is remembered of the packet.
    pub stamp: S,
}

/// What comes out of a stream, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery<'a, S> {
    /// Bytes that one packet brought.
    Bytes(&'a [u8], S),
    /// So many bytes that were never captured.
    Lost(u64),
}

impl<S> Default for Stream<S> {
    fn default() -> Self {
        Self { next: None, offset: 0, early: BTreeMap::new(), held: 0, end: None }
    }
}

impl<S: Copy> Stream<S> {
    /// Says at which number the stream begins, as its SYN said; nothing if segments came before.
    pub fn begin(&mut self, first_byte: u32) {
        self.next.get_or_insert(first_byte);
    }

    /// Takes a segment in and hands on what is in order now. Where segments overlap, the bytes that
    /// came first count. At most `held_max` bytes wait: then the hole before them is given up.
    pub fn segment(
        &mut self,
        segment: &StreamSegment<'_, S>,
        held_max: usize,
        sink: &mut impl FnMut(Delivery<'_, S>),
    ) {
        let seq = segment.seq.wrapping_add(u32::from(segment.syn));
        if segment.syn && self.offset == 0 && self.early.is_empty() {
            self.next = Some(seq);
        }
        let next = *self.next.get_or_insert(seq);
        let ahead = i64::from(seq.wrapping_sub(next) as i32);
        let start = self.offset as i64 + ahead;
        let end = start + i64::from(segment.len);
        if segment.fin && end >= self.offset as i64 {
            self.end.get_or_insert(end as u64);
        }
        if end <= self.offset as i64 {
            return;
        }
        let skip = (self.offset as i64 - start).max(0);
        let bytes = segment.bytes.get(skip as usize..).unwrap_or(&[]);
        let (start, len) = ((start + skip) as u64, (i64::from(segment.len) - skip) as u32);
        if start == self.offset && self.early.is_empty() {
            self.deliver(bytes, len, segment.stamp, sink);
            return;
        }
        self.hold(start, len, bytes, segment.stamp);
        self.release(sink);
        while self.held > held_max {
            self.give_up_hole(sink);
        }
    }

    /// Hands on what is left, holes given up: the connection is over.
    pub fn finish(&mut self, sink: &mut impl FnMut(Delivery<'_, S>)) {
        while !self.early.is_empty() {
            self.give_up_hole(sink);
        }
    }

    /// Bytes that wait for a hole before them to be filled.
    pub fn held(&self) -> usize {
        self.held
    }

    /// Whether everything up to the FIN was handed on.
    pub fn is_over(&self) -> bool {
        self.end.is_some_and(|end| self.offset >= end)
    }

    fn deliver(
        &mut self,
        bytes: &[u8],
        len: u32,
        stamp: S,
        sink: &mut impl FnMut(Delivery<'_, S>),
    ) {
        let bytes = bytes.get(..len as usize).unwrap_or(bytes);
        if !bytes.is_empty() {
            sink(Delivery::Bytes(bytes, stamp));
        }
        let cut = u64::from(len) - bytes.len() as u64;
        if cut > 0 {
            sink(Delivery::Lost(cut));
        }
        self.advance(u64::from(len));
    }

    fn advance(&mut self, len: u64) {
        self.offset += len;
        self.next = self.next.map(|next| next.wrapping_add(len as u32));
    }

    /// Keeps what of a segment was not there yet.
    fn hold(&mut self, start: u64, len: u32, bytes: &[u8], stamp: S) {
        let end = start + u64::from(len);
        let mut at = start;
        while at < end {
            let before = self.early.range(..=at).next_back();
            let before_end = before.map_or(at, |(from, early)| from + u64::from(early.len));
            if before_end > at {
                at = before_end;
                continue;
            }
            let until = self.early.range(at..).next().map_or(end, |(from, _)| (*from).min(end));
            let skip = (at - start) as usize;
            let piece = bytes.get(skip..).unwrap_or(&[]);
            let piece = piece.get(..(until - at) as usize).unwrap_or(piece);
            self.held += (until - at) as usize;
            self.early.insert(at, Early { len: (until - at) as u32, bytes: piece.into(), stamp });
            at = until;
        }
    }

    /// Hands on what is in order.
    fn release(&mut self, sink: &mut impl FnMut(Delivery<'_, S>)) {
        while let Some(entry) = self.early.first_entry()
            && *entry.key() == self.offset
        {
            let early = entry.remove();
            self.held -= early.len as usize;
            self.deliver(&early.bytes, early.len, early.stamp, sink);
        }
    }

    fn give_up_hole(&mut self, sink: &mut impl FnMut(Delivery<'_, S>)) {
        let Some((start, _)) = self.early.first_key_value() else { return };
        let hole = start - self.offset;
        if hole > 0 {
            sink(Delivery::Lost(hole));
            self.advance(hole);
        }
        self.release(sink);
    }
}
