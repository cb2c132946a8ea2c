//! CRYPTO frames, and what they hold put in order.

use std::mem;

use super::header::varint;
use crate::Cursor;

/// What one side says in the CRYPTO frames of its Initial packets.
#[derive(Debug, Default)]
pub struct CryptoStream {
    /// What came in order and was not taken.
    ready: Vec<u8>,
    /// Where `ready` begins in the stream.
    start: usize,
    /// What came early, by offset.
    early: Vec<(usize, Vec<u8>)>,
    early_bytes: usize,
}

impl CryptoStream {
    /// Takes in some bytes. Of those that came before, the first to come stay.
    pub fn insert(&mut self, offset: u64, bytes: &[u8]) {
        let Ok(offset) = usize::try_from(offset) else { return };
        let Some(end) = offset.checked_add(bytes.len()) else { return };
        if end > STREAM_MAX || bytes.is_empty() {
            return;
        }
        if offset > self.end() {
            self.keep_early(offset, bytes);
            return;
        }
        self.append(offset, bytes);
        while let Some((offset, _)) = self.early.first()
            && *offset <= self.end()
        {
            let (offset, bytes) = self.early.remove(0);
            self.early_bytes -= bytes.len();
            self.append(offset, &bytes);
        }
    }

    /// What has come in order since the last time.
    pub fn take(&mut self) -> Vec<u8> {
        self.start += self.ready.len();
        mem::take(&mut self.ready)
    }

    fn end(&self) -> usize {
        self.start + self.ready.len()
    }

    fn append(&mut self, offset: usize, bytes: &[u8]) {
        if let Some(new) = bytes.get(self.end() - offset..) {
            self.ready.extend_from_slice(new);
        }
    }

    fn keep_early(&mut self, offset: usize, bytes: &[u8]) {
        let at = self.early.partition_point(|(known, _)| *known < offset);
        let is_known = |(known, held): &(usize, Vec<u8>)| {
            *known <= offset && offset + bytes.len() <= known + held.len()
        };
        let before = at.checked_sub(1).and_then(|at| self.early.get(at));
        if before.is_some_and(is_known)
            || self.early.get(at).is_some_and(is_known)
            || self.early.len() == EARLY_MAX
            || self.early_bytes + bytes.len() > STREAM_MAX
        {
            return;
        }
        self.early_bytes += bytes.len();
        self.early.insert(at, (offset, bytes.to_vec()));
    }
}

/// Hands on the CRYPTO frames in the payload of an Initial packet (RFC 9000 section 12.4 says which
/// frames it can have). Gives whether all were frames that it can have; the last can be cut.
pub(super) fn frames<'a>(
    payload: &'a [u8],
    is_cut: bool,
    take: &mut impl FnMut(u64, &'a [u8]),
) -> bool {
    let mut cursor = Cursor::new(payload);
    loop {
        let Some(kind) = cursor.u8() else { return true };
        let passed = match kind {
            PADDING | PING => Some(()),
            ACK => ack(&mut cursor, false),
            ACK_ECN => ack(&mut cursor, true),
            CRYPTO => crypto(&mut cursor, is_cut, take),
            CLOSE => close(&mut cursor),
            _ => return false,
        };
        if passed.is_none() {
            return is_cut;
        }
    }
}

/// Hands on a CRYPTO frame, without its type.
pub(super) fn crypto<'a>(
    cursor: &mut Cursor<'a>,
    is_cut: bool,
    take: &mut impl FnMut(u64, &'a [u8]),
) -> Option<()> {
    let offset = varint(cursor)?;
    let len = usize::try_from(varint(cursor)?).ok()?;
    let there = if is_cut { len.min(cursor.len()) } else { len };
    take(offset, cursor.take(there)?);
    Some(())
}

fn ack(cursor: &mut Cursor<'_>, has_ecn: bool) -> Option<()> {
    // The largest number, the delay; then how many ranges follow the first.
    numbers(cursor, 2)?;
    let ranges = varint(cursor)?;
    numbers(cursor, 1)?;
    numbers(cursor, ranges.checked_mul(2)?)?;
    numbers(cursor, if has_ecn { 3 } else { 0 })
}

fn close(cursor: &mut Cursor<'_>) -> Option<()> {
    // The error, and the frame that led to it; then a reason.
    numbers(cursor, 2)?;
    let len = usize::try_from(varint(cursor)?).ok()?;
    cursor.take(len).map(|_| ())
}

fn numbers(cursor: &mut Cursor<'_>, count: u64) -> Option<()> {
    (0..count).try_for_each(|_| varint(cursor).map(|_| ()))
}

const PADDING: u8 = 0;
const PING: u8 = 1;
const ACK: u8 = 2;
const ACK_ECN: u8 = 3;
const CRYPTO: u8 = 6;
const CLOSE: u8 = 0x1c;

/// How far a stream reaches that is put in order, and how much of it waits: a hello has up to some
/// 17 KiB with post-quantum keys.
const STREAM_MAX: usize = 64 << 10;
/// Pieces that wait for those before them: some clients cut their hello into many.
const EARLY_MAX: usize = 128;

#[cfg(test)]
mod tests;
