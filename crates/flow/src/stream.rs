//! The bytes of one direction of a TCP connection, in order (RFC 9293, section 3.4).

mod held;
#[cfg(test)]
mod tests;

use held::Held;

/// Puts the segments of one direction in order.
///
/// `S` is what is remembered of the packet that brought some bytes. Bytes that come in order are
/// handed on without being copied; what comes early is kept until the hole before it is filled or
/// given up. What was handed on is final, whatever comes again later.
#[derive(Clone, Debug)]
pub struct Stream<S> {
    /// Number of the next byte to be handed on; none before the first segment.
    next: Option<u32>,
    /// Where an earlier SYN had it begin, as long as no byte has come.
    earlier: Option<u32>,
    /// Bytes handed on or lost so far: the offset of the next byte.
    offset: u64,
    /// What came early.
    held: Held<S>,
    /// Offset of the end, once a FIN was seen.
    end: Option<u64>,
}

/// Which bytes count where a segment overlaps others that still wait. Receivers differ in this, and
/// who knows which one is there can hide bytes from an observer who does not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Overlap {
    /// Those that came first.
    #[default]
    First,
    /// Those that came last.
    Last,
    /// Those that came first, except where a new segment begins before the old one: as `tcp_reass`
    /// of 4.4BSD trims them (Wright and Stevens, TCP/IP Illustrated, volume 2, section 27.9), which
    /// Shankar and Paxson call `BSD` (Active Mapping, 2003). An old segment whose front was
    /// overwritten begins where its rest begins.
    Bsd,
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
        Self::new(Overlap::default())
    }
}

impl<S> Stream<S> {
    /// Before its first segment.
    pub const fn new(overlap: Overlap) -> Self {
        Self { next: None, earlier: None, offset: 0, held: Held::new(overlap), end: None }
    }
}

impl<S: Copy> Stream<S> {
    /// Says at which number the stream begins, as its SYN said; nothing if segments came before.
    pub fn begin(&mut self, first_byte: u32) {
        self.next.get_or_insert(first_byte);
    }

    /// Takes a segment in and hands on what is in order now. The stream begins after the SYN, or
    /// with the first payload if that comes first. At most `held_max` bytes of memory wait, as
    /// [`Self::held`] counts them: then the hole before them is given up.
    pub fn segment(
        &mut self,
        segment: &StreamSegment<'_, S>,
        held_max: usize,
        sink: &mut impl FnMut(Delivery<'_, S>),
    ) {
        let seq = segment.seq.wrapping_add(u32::from(segment.syn));
        if self.offset == 0 && self.held.is_empty() {
            if segment.syn && self.next != Some(seq) {
                self.earlier = self.next.replace(seq);
            } else if segment.len > 0 && self.earlier == Some(seq) {
                // The later SYN was a stray one, which the other side did not take (RFC 9293,
                // section 3.10.7.4).
                self.next = Some(seq);
            }
        }
        // The number of a FIN or RST alone need not be that of the next byte.
        if self.next.is_none() && segment.len == 0 {
            return;
        }
        let next = *self.next.get_or_insert(seq);
        let ahead = i64::from(seq.wrapping_sub(next) as i32);
        let start = self.offset as i64 + ahead;
        let end = start + i64::from(segment.len);
        if segment.fin && end >= self.offset as i64 {
            self.end.get_or_insert(end as u64);
        }
        if end <= self.offset as i64 || segment.len == 0 {
            return;
        }
        let skip = (self.offset as i64 - start).max(0);
        let range = ((start + skip) as u64, end as u64);
        let bytes = segment.bytes.get(skip as usize..).unwrap_or(&[]);
        if range.0 == self.offset {
            self.in_order(range.1, bytes, segment.stamp, sink);
        } else {
            self.held.insert(range, bytes, segment.stamp);
        }
        while self.held.bytes() > held_max {
            self.give_up_hole(sink);
        }
    }

    /// Hands on what is left, holes given up: the connection is over.
    pub fn finish(&mut self, sink: &mut impl FnMut(Delivery<'_, S>)) {
        while !self.held.is_empty() {
            self.give_up_hole(sink);
        }
    }

    /// Gives up the holes before `ack`: the other side has said that it has all before that number,
    /// so nobody sends it again.
    pub fn acknowledged(&mut self, ack: u32, sink: &mut impl FnMut(Delivery<'_, S>)) {
        while let Some(start) = self.held.start()
            && self.is_before(start, ack)
        {
            self.give_up_hole(sink);
        }
    }

    /// Whether something waits for a hole to be filled that is before `ack`.
    pub fn waits_before(&self, ack: u32) -> bool {
        self.held.start().is_some_and(|start| self.is_before(start, ack))
    }

    /// The number after the last byte, once a FIN was seen.
    pub fn last(&self) -> Option<u32> {
        Some(self.next?.wrapping_add((self.end? - self.offset.min(self.end?)) as u32))
    }

    /// Bytes up to the FIN that did not come, behind all that did.
    pub fn missing_at_end(&self) -> u64 {
        self.end.map_or(0, |end| end.saturating_sub(self.offset))
    }

    /// Bytes of memory that wait for a hole before them to be filled: what was captured, and what
    /// each piece of it takes beside.
    pub fn held(&self) -> usize {
        self.held.bytes()
    }

    /// Whether everything up to the FIN was handed on.
    pub fn is_over(&self) -> bool {
        self.end.is_some_and(|end| self.offset >= end)
    }

    /// Whether an offset is no later than the byte with number `ack`.
    fn is_before(&self, offset: u64, ack: u32) -> bool {
        let ahead = |next: u32| i64::from(ack.wrapping_sub(next) as i32);
        self.next.is_some_and(|next| offset as i64 <= self.offset as i64 + ahead(next))
    }

    /// Hands on what reaches from the next byte to `end`, and what has waited for it.
    fn in_order(
        &mut self,
        end: u64,
        mut bytes: &[u8],
        stamp: S,
        sink: &mut impl FnMut(Delivery<'_, S>),
    ) {
        while self.offset < end {
            let from = self.offset;
            let len = self.held.give_way(from, end) - from;
            self.deliver(bytes, len, stamp, sink);
            self.release(sink);
            bytes = bytes.get((self.offset - from) as usize..).unwrap_or(&[]);
        }
    }

    fn deliver(
        &mut self,
        bytes: &[u8],
        len: u64,
        stamp: S,
        sink: &mut impl FnMut(Delivery<'_, S>),
    ) {
        let bytes = bytes.get(..len as usize).unwrap_or(bytes);
        if !bytes.is_empty() {
            sink(Delivery::Bytes(bytes, stamp));
        }
        self.lose(len - bytes.len() as u64, sink);
        self.offset += bytes.len() as u64;
        self.next = self.next.map(|next| next.wrapping_add(bytes.len() as u32));
    }

    fn lose(&mut self, len: u64, sink: &mut impl FnMut(Delivery<'_, S>)) {
        if len > 0 {
            sink(Delivery::Lost(len));
            self.offset += len;
            self.next = self.next.map(|next| next.wrapping_add(len as u32));
        }
    }

    /// Hands on what was held and is in order now.
    fn release(&mut self, sink: &mut impl FnMut(Delivery<'_, S>)) {
        while let Some(piece) = self.held.take(self.offset) {
            self.deliver(piece.bytes(), u64::from(piece.len), piece.stamp, sink);
        }
    }

    fn give_up_hole(&mut self, sink: &mut impl FnMut(Delivery<'_, S>)) {
        if let Some(start) = self.held.start() {
            self.lose(start - self.offset, sink);
            self.release(sink);
        }
    }
}
