//! What came early of a stream: pieces that do not overlap, each of one packet.
//!
//! No segment costs more than the pieces and holes that it makes or takes away, and a few searches.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Overlap;

/// Pieces by the offset of their first byte.
#[derive(Clone, Debug)]
pub(super) struct Held<S> {
    overlap: Overlap,
    pieces: BTreeMap<u64, Piece<S>>,
    /// Ranges without a hole, by where they begin, not touching: what would not have to be gone
    /// through piece by piece for the holes in a range. Only where the first bytes count.
    runs: BTreeMap<u64, u64>,
    bytes: usize,
}

#[derive(Clone, Debug)]
pub(super) struct Piece<S> {
    /// Length on the wire: more than what is there if the capture cut the segment.
    pub(super) len: u32,
    /// Where it begins in `payload`.
    skip: u32,
    /// Shared with other pieces of the same segment.
    payload: Arc<[u8]>,
    pub(super) stamp: S,
}

impl<S> Held<S> {
    pub(super) const fn new(overlap: Overlap) -> Self {
        Self { overlap, pieces: BTreeMap::new(), runs: BTreeMap::new(), bytes: 0 }
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Memory in use.
    #[inline]
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Offset of the first byte.
    pub(super) fn start(&self) -> Option<u64> {
        self.pieces.first_key_value().map(|(start, _)| *start)
    }
}

impl<S: Copy> Held<S> {
    /// Keeps what counts of a segment.
    pub(super) fn insert(&mut self, (start, end): (u64, u64), bytes: &[u8], stamp: S) {
        match self.overlap {
            Overlap::First => self.fill((start, end), bytes, stamp),
            Overlap::Last => self.overwrite((start, start, end), bytes, stamp),
            Overlap::Bsd => {
                let before = self.pieces.range(..=start).next_back();
                let from = before.map_or(start, |(at, piece)| start.max(at + u64::from(piece.len)));
                self.overwrite((start, from, end), bytes, stamp);
            }
        }
    }

    /// How far a segment counts that begins before all that is held, and ends at `end`. What it
    /// takes the place of is forgotten.
    #[inline]
    pub(super) fn give_way(&mut self, start: u64, end: u64) -> u64 {
        if self.is_empty() {
            return end;
        }
        if self.overlap == Overlap::First {
            return self.start().map_or(end, |held| held.min(end));
        }
        self.forget(start, end);
        end
    }

    /// Takes away the piece that begins at an offset, if there is one; none begins before it.
    #[inline]
    pub(super) fn take(&mut self, offset: u64) -> Option<Piece<S>> {
        let entry = self.pieces.first_entry().filter(|entry| *entry.key() == offset)?;
        count_step();
        let piece = entry.remove();
        self.account_removed(&piece);
        let end = offset + u64::from(piece.len);
        if self.runs.first_key_value().is_some_and(|(_, run_end)| *run_end <= end) {
            self.runs.pop_first();
        }
        Some(piece)
    }

    /// Keeps of a segment what falls into holes.
    fn fill(&mut self, (start, end): (u64, u64), bytes: &[u8], stamp: S) {
        let (mut at, mut run) = (start, (start, end));
        if let Some((from, to)) = self.runs.range(..=start).next_back()
            && *to >= start
        {
            at = *to;
            run = (*from, end.max(*to));
        }
        while at < end {
            count_step();
            let after = self.runs.range(at..).next().map(|(from, to)| (*from, *to));
            let until = after.map_or(end, |(from, _)| from.min(end));
            let part = bytes.get((at - start) as usize..).unwrap_or(&[]);
            let part = part.get(..(until - at) as usize).unwrap_or(part);
            self.add(at, Piece { len: (until - at) as u32, skip: 0, payload: part.into(), stamp });
            let Some((from, to)) = after.filter(|(from, _)| *from <= end) else { break };
            self.runs.remove(&from);
            run.1 = run.1.max(to);
            at = to;
        }
        self.runs.insert(run.0, run.1);
    }

    /// Keeps a segment from `from` on, in the place of what was there.
    fn overwrite(&mut self, (start, from, end): (u64, u64, u64), bytes: &[u8], stamp: S) {
        if from < end {
            self.forget(from, end);
            let part = bytes.get((from - start) as usize..).unwrap_or(&[]);
            let part = part.get(..(end - from) as usize).unwrap_or(part);
            self.add(
                from,
                Piece { len: (end - from) as u32, skip: 0, payload: part.into(), stamp },
            );
        }
    }

    /// Forgets all bytes of a range.
    fn forget(&mut self, start: u64, end: u64) {
        if let Some((from, piece)) = self.pieces.range_mut(..start).next_back()
            && from + u64::from(piece.len) > start
        {
            let rest = piece.after(end.saturating_sub(*from));
            piece.len = (start - from) as u32;
            if let Some(rest) = rest {
                self.add_part(end, rest);
            }
        }
        while let Some((from, _)) = self.pieces.range(start..end).next() {
            count_step();
            let from = *from;
            let Some(piece) = self.pieces.remove(&from) else { break };
            if let Some(rest) = piece.after(end - from) {
                self.add_part(end, rest);
            }
            self.account_removed(&piece);
        }
    }

    fn add(&mut self, at: u64, piece: Piece<S>) {
        self.bytes += piece.payload.len();
        self.add_part(at, piece);
    }

    /// Adds a piece whose payload another one has too.
    fn add_part(&mut self, at: u64, piece: Piece<S>) {
        self.bytes += PIECE_BYTES;
        self.pieces.insert(at, piece);
    }

    fn account_removed(&mut self, piece: &Piece<S>) {
        self.bytes -= PIECE_BYTES;
        if Arc::strong_count(&piece.payload) == 1 {
            self.bytes -= piece.payload.len();
        }
    }
}

impl<S: Copy> Piece<S> {
    /// What of it was captured.
    pub(super) fn bytes(&self) -> &[u8] {
        let bytes = self.payload.get(self.skip as usize..).unwrap_or(&[]);
        bytes.get(..self.len as usize).unwrap_or(bytes)
    }

    /// It without its first bytes, if there are others.
    fn after(&self, len: u64) -> Option<Self> {
        let len = u32::try_from(len).ok().filter(|len| *len < self.len)?;
        Some(Self {
            len: self.len - len,
            skip: self.skip + len,
            payload: self.payload.clone(),
            stamp: self.stamp,
        })
    }
}

/// Says to the tests that one more piece or hole was looked at.
fn count_step() {
    #[cfg(test)]
    super::tests::STEPS.with(|steps| steps.set(steps.get() + 1));
}

/// What a piece takes beside its bytes: about the share of two trees' nodes, and of the allocator's.
pub(super) const PIECE_BYTES: usize = 128;
