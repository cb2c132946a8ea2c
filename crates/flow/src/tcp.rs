//! TCP sequence space of one direction: what a segment is to the bytes seen before it (RFC 9293,
//! section 3.4; sequence numbers wrap).

use std::collections::VecDeque;

use flowloom_wire::tcp_flags::{ACK, FIN, RST, SYN};

use crate::PacketMarks;

/// What was seen of one direction's sequence space.
///
/// SYN and FIN count one. Everything from `base` to `next` was seen, but for the holes.
#[derive(Clone, Debug, Default)]
#[repr(C)]
pub(crate) struct Sequence {
    /// The next expected number.
    next: u32,
    /// The first number seen; kept within reach of `next`.
    base: u32,
    /// Number of the last SYN.
    initial: u32,
    /// Number after the FIN.
    fin_end: u32,
    known: bool,
    syn: bool,
    fin: bool,
    fin_acked: bool,
    /// The last acknowledgement that this side gave.
    given: u32,
    /// What most flows have nothing of, which is why it is apart.
    rare: Option<Box<Rare>>,
}

#[derive(Clone, Debug, Default)]
struct Rare {
    /// Ranges not seen, in order.
    holes: VecDeque<(u32, u32)>,
    /// Bytes that were not seen, those of holes that had to be forgotten among them.
    missing: u64,
    /// Holes that were forgotten, because there were too many: what fills them is taken for a
    /// retransmission.
    forgotten: u64,
    /// A SYN with another initial number, and the number behind it. Whoever is connected already
    /// does not take it (RFC 9293, section 3.10.7.4); what its sender sends next tells.
    stray: Option<(u32, u32)>,
}

/// What `judge` needs of a segment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment {
    pub(crate) seq: u32,
    pub(crate) len: u32,
    pub(crate) flags: u8,
}

impl Rare {
    /// Forgets the oldest holes, if there are too many.
    fn forget_to(&mut self, holes_max: usize) {
        while self.holes.len() > holes_max {
            self.holes.pop_front();
            self.forgotten += 1;
        }
    }
}

impl Sequence {
    /// What a segment is to what was seen before; takes it in.
    #[inline]
    pub(crate) fn judge(&mut self, segment: Segment, holes_max: usize) -> PacketMarks {
        let Segment { seq, len, flags } = segment;
        let mut marks = PacketMarks::default();
        if len == 0 && flags == ACK {
            marks.set(PacketMarks::PURE_ACK);
        }
        let control = u32::from(flags & SYN != 0) + u32::from(flags & FIN != 0);
        let end = seq.wrapping_add(len).wrapping_add(control);
        if self.rare.is_some() && seq != end {
            self.go_over(seq);
        }
        if flags & (SYN | FIN) != 0 {
            if flags & SYN != 0 && self.known && !self.is_begun_by(seq) {
                return self.stray_syn(seq, end);
            }
            self.control(seq, end, flags);
        }
        if !self.known {
            if flags & RST == 0 {
                (self.known, self.base, self.next) = (true, seq, end);
            }
            return marks;
        }
        if len <= 1 && control == 0 && flags & RST == 0 && seq == self.next.wrapping_sub(1) {
            marks.set(PacketMarks::KEEP_ALIVE);
            return marks;
        }
        if seq == end {
            return marks;
        }
        if seq == self.next {
            self.advance(end);
            return marks;
        }
        if distance(self.next, seq) > 0 {
            self.leave_hole(seq, holes_max);
            self.advance(end);
            marks.set(PacketMarks::GAP_BEFORE);
        } else {
            self.judge_late(seq, end, holes_max, &mut marks);
        }
        marks
    }

    /// Whether a SYN with this number would begin another connection.
    pub(crate) fn is_new_connection(&self, seq: u32) -> bool {
        !self.syn || seq != self.initial
    }

    /// Whether anything is known of this side.
    pub(crate) fn is_known(&self) -> bool {
        self.known
    }

    /// Holes that were forgotten, because there were too many.
    pub(crate) fn holes_forgotten(&self) -> u64 {
        self.rare.as_ref().map_or(0, |rare| rare.forgotten)
    }

    /// The number of the first byte, if a SYN was seen.
    pub(crate) fn first_byte(&self) -> Option<u32> {
        self.syn.then(|| self.initial.wrapping_add(1))
    }

    /// Notes an acknowledgement that this side gives.
    #[inline]
    pub(crate) fn give(&mut self, ack: u32) {
        self.given = ack;
    }

    /// Takes the other side's acknowledgement; whether it covers our FIN.
    #[inline]
    pub(crate) fn acknowledge(&mut self, ack: u32) {
        if self.fin && distance(self.fin_end, ack) >= 0 {
            self.fin_acked = true;
        }
    }

    /// The same of what the other side gave before our FIN came to the capture, if it did.
    pub(crate) fn was_acknowledged(&mut self, other: &Self) {
        self.fin_acked = self.fin_acked || (self.fin && other.given == self.fin_end);
    }

    /// Whether a FIN was seen.
    #[inline]
    pub(crate) fn is_finished(&self) -> bool {
        self.fin
    }

    /// Whether a FIN was seen and acknowledged.
    #[inline]
    pub(crate) fn is_closed(&self) -> bool {
        self.fin_acked
    }

    /// Whether a RST with this number comes from the connection: it is within `window` of what is
    /// expected next (RFC 5961, section 3, as an observer can tell), or nothing is known yet.
    pub(crate) fn accepts_reset(&self, seq: u32, window: u32) -> bool {
        let ahead = distance(self.next, seq);
        !self.known || (ahead >= -1 && i64::from(ahead) <= i64::from(window))
    }

    /// Whether an acknowledgement number is of what this side sent, as far as is known.
    pub(crate) fn was_sent(&self, ack: u32) -> bool {
        !self.known
            || distance(self.next, ack) <= 0
            || self.stray().is_some_and(|(_, end)| ack == end)
    }

    /// Bytes from the first to the last that was seen, modulo 2^32, and how many of them were not
    /// seen; SYN and FIN are none. Nothing where the beginning was not seen and is out of reach.
    pub(crate) fn span(&self) -> Option<(u32, u64)> {
        if !self.known {
            return Some((0, 0));
        }
        let start = match self.first_byte() {
            Some(first) => first,
            None if self.next.wrapping_sub(self.base) >= REACH => return None,
            None => self.base,
        };
        // A FIN with the number of the SYN is not behind what the SYN begins.
        let fin = u32::from(self.fin && self.fin_end == self.next && self.next != start);
        let missing = self.rare.as_ref().map_or(0, |rare| rare.missing);
        Some((self.next.wrapping_sub(start).wrapping_sub(fin), missing))
    }

    #[cold]
    fn control(&mut self, seq: u32, end: u32, flags: u8) {
        if flags & SYN != 0 {
            (self.syn, self.initial) = (true, seq);
        }
        if flags & FIN != 0 {
            (self.fin, self.fin_end) = (true, end);
        }
    }

    /// Whether a SYN with this number is that of what was seen: the same again, or one that comes
    /// behind the first bytes after it.
    fn is_begun_by(&self, seq: u32) -> bool {
        let ahead = self.base.wrapping_sub(seq);
        if self.syn { seq == self.initial } else { (1..=LATE_SYN_MAX).contains(&ahead) }
    }

    fn stray(&self) -> Option<(u32, u32)> {
        self.rare.as_ref().and_then(|rare| rare.stray)
    }

    /// Notes a SYN that is not of the connection, as far as is known.
    #[cold]
    fn stray_syn(&mut self, seq: u32, end: u32) -> PacketMarks {
        let is_repeated = self.stray() == Some((seq, end));
        self.rare.get_or_insert_default().stray = Some((seq, end));
        let mut marks = PacketMarks::default();
        if is_repeated {
            marks.set(PacketMarks::RETRANSMISSION);
        }
        marks
    }

    /// Where a segment goes on from the stray SYN, or is nearer to it than to what was seen, another
    /// connection has begun on the same ports: its sequence space is its own.
    #[cold]
    fn go_over(&mut self, seq: u32) {
        let Some((initial, end)) = self.stray() else { return };
        let (behind, ahead) = (distance(end, seq), distance(self.next, seq));
        let was_seen = ahead <= 0 && distance(self.base, seq) >= 0;
        let goes_on = behind == 0 && ahead != 0;
        let is_nearer = behind > 0 && behind.unsigned_abs() < ahead.unsigned_abs();
        if goes_on || (is_nearer && !was_seen) {
            let (base, next) = (initial, end);
            *self = Self { next, base, initial, known: true, syn: true, ..Self::default() };
        }
    }

    /// Notes that everything from the next expected number to `seq` is missing.
    fn leave_hole(&mut self, seq: u32, holes_max: usize) {
        let rare = self.rare.get_or_insert_default();
        rare.missing += u64::from(seq.wrapping_sub(self.next));
        rare.holes.push_back((self.next, seq));
        rare.forget_to(holes_max);
    }

    /// Judges a segment that begins before the next expected number.
    fn judge_late(&mut self, seq: u32, end: u32, holes_max: usize, marks: &mut PacketMarks) {
        let beyond = distance(self.next, end).max(0) as u32;
        // A capture can claim segments as long as the number space.
        let before = self.fill_before_base(seq, end, holes_max);
        let filled = before.saturating_add(self.fill_holes(seq, end, holes_max));
        let len = end.wrapping_sub(seq);
        if beyond == 0 && filled == 0 {
            marks.set(PacketMarks::RETRANSMISSION);
            return;
        }
        if filled > 0 {
            marks.set(PacketMarks::OUT_OF_ORDER);
        }
        if beyond.saturating_add(filled) < len {
            marks.set(PacketMarks::OVERLAP);
        }
        if beyond > 0 {
            self.advance(end);
        }
    }

    /// Extends what was seen to before its first byte; how many bytes were new.
    fn fill_before_base(&mut self, seq: u32, end: u32, holes_max: usize) -> u32 {
        if distance(self.base, seq) >= 0 {
            return 0;
        }
        let gap = distance(end, self.base);
        let new = if gap > 0 {
            // Before the SYN there is nothing that could be missing.
            if !self.syn || distance(self.initial, self.base) > 0 {
                let rare = self.rare.get_or_insert_default();
                rare.missing += gap as u64;
                rare.holes.push_front((end, self.base));
                rare.forget_to(holes_max);
            }
            end.wrapping_sub(seq)
        } else {
            self.base.wrapping_sub(seq)
        };
        self.base = seq;
        new
    }

    /// Takes a range out of the holes; how many bytes of it were in them.
    fn fill_holes(&mut self, seq: u32, end: u32, holes_max: usize) -> u32 {
        let Some(rare) = self.rare.as_deref_mut() else { return 0 };
        let holes = &mut rare.holes;
        let mut filled = 0_u32;
        let mut i = 0;
        while let Some(&(from, to)) = holes.get(i) {
            let start = if distance(from, seq) > 0 { seq } else { from };
            let stop = if distance(to, end) < 0 { end } else { to };
            if distance(start, stop) <= 0 {
                i += 1;
                continue;
            }
            filled = filled.saturating_add(stop.wrapping_sub(start));
            holes.remove(i);
            if stop != to {
                holes.insert(i, (stop, to));
            }
            if start != from {
                holes.insert(i, (from, start));
            }
            i += usize::from(start != from) + usize::from(stop != to);
        }
        rare.missing = rare.missing.saturating_sub(filled.into());
        // A hole that was filled in its middle has become two.
        rare.forget_to(holes_max);
        filled
    }

    #[inline]
    fn advance(&mut self, end: u32) {
        self.next = end;
        // Older than this cannot be told from newer: sequence numbers wrap.
        if self.next.wrapping_sub(self.base) > REACH {
            self.base = self.next.wrapping_sub(REACH);
            let base = self.base;
            if let Some(Rare { holes, .. }) = self.rare.as_deref_mut() {
                holes.retain(|(from, _)| distance(base, *from) >= 0);
            }
        }
    }
}

/// Steps from `from` to `to` in the wrapping number space; negative when `to` is before.
#[inline]
fn distance(from: u32, to: u32) -> i32 {
    to.wrapping_sub(from) as i32
}

/// How many bytes before the first one seen a SYN can be that comes late: further away, it is more
/// likely to begin another connection.
const LATE_SYN_MAX: u32 = 1 << 16;

/// How far back the sequence space is remembered.
const REACH: u32 = 1 << 30;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{ACK, FIN, RST, SYN, Segment, Sequence};
    use crate::PacketMarks;

    fn marks(sequence: &mut Sequence, seq: u32, len: u32) -> PacketMarks {
        sequence.judge(Segment { seq, len, flags: ACK }, 64)
    }

    fn run(base: u32, segments: &[(u32, u32)]) -> Vec<u16> {
        let mut sequence = Sequence::default();
        segments
            .iter()
            .map(|(seq, len)| marks(&mut sequence, base.wrapping_add(*seq), *len).0)
            .collect()
    }

    const NONE: u16 = 0;
    const PURE: u16 = PacketMarks::PURE_ACK.0;
    const KEEP: u16 = PacketMarks::KEEP_ALIVE.0;
    const RETRANS: u16 = PacketMarks::RETRANSMISSION.0;
    const OVERLAP: u16 = PacketMarks::OVERLAP.0;
    const OOO: u16 = PacketMarks::OUT_OF_ORDER.0;
    const GAP: u16 = PacketMarks::GAP_BEFORE.0;

    #[test]
    fn a_fin_with_the_number_of_the_syn_takes_nothing_away() {
        for len in [0, 192] {
            let mut sequence = Sequence::default();
            let seq = 1_000_u32.wrapping_sub(len);
            sequence.judge(Segment { seq: 1_000, len: 0, flags: SYN }, 64);
            sequence.judge(Segment { seq, len, flags: ACK | FIN }, 64);
            assert_eq!(sequence.span(), Some((0, 0)), "{len}");
        }
    }

    #[test]
    fn segments_are_judged_by_what_was_seen() {
        type Case<'a> = (&'a [(u32, u32)], &'a [u16]);
        let cases: &[Case<'_>] = &[
            (&[(0, 10), (10, 10), (20, 0)], &[NONE, NONE, PURE]),
            (&[(0, 10), (0, 10)], &[NONE, RETRANS]),
            (&[(0, 10), (2, 3)], &[NONE, RETRANS]),
            (&[(0, 10), (5, 10)], &[NONE, OVERLAP]),
            (&[(0, 10), (20, 10), (10, 10)], &[NONE, GAP, OOO]),
            (&[(0, 10), (20, 10), (10, 10), (10, 10)], &[NONE, GAP, OOO, RETRANS]),
            (&[(0, 10), (30, 10), (15, 5), (10, 20)], &[NONE, GAP, OOO, OOO | OVERLAP]),
            (&[(0, 10), (20, 10), (5, 10)], &[NONE, GAP, OOO | OVERLAP]),
            (&[(0, 10), (20, 10), (10, 40)], &[NONE, GAP, OOO | OVERLAP]),
            (&[(50, 10), (40, 10), (20, 10), (30, 10)], &[NONE, OOO, OOO, OOO]),
            (&[(50, 10), (45, 10)], &[NONE, OOO | OVERLAP]),
            (&[(0, 10), (9, 0), (9, 1), (9, 2)], &[NONE, PURE | KEEP, KEEP, OVERLAP]),
        ];
        for (segments, expected) in cases {
            for base in [0, 5, u32::MAX - 12, 1 << 31] {
                assert_eq!(run(base, segments), *expected, "{segments:?} from {base}");
            }
        }
    }

    #[test]
    fn syn_and_fin_count_one() {
        let mut sequence = Sequence::default();
        let syn = Segment { seq: 100, len: 0, flags: SYN };
        assert_eq!(sequence.judge(syn, 64).0, NONE);
        assert_eq!(sequence.judge(syn, 64).0, RETRANS);
        assert_eq!(marks(&mut sequence, 101, 9).0, NONE);
        let fin = Segment { seq: 110, len: 5, flags: FIN | ACK };
        assert_eq!(sequence.judge(fin, 64).0, NONE);
        sequence.acknowledge(115);
        assert!(!sequence.is_closed());
        sequence.acknowledge(116);
        assert!(sequence.is_closed());
    }

    #[test]
    fn a_span_counts_bytes_once_and_holes() {
        for base in [0_u32, u32::MAX - 12] {
            let mut sequence = Sequence::default();
            assert_eq!(sequence.span(), Some((0, 0)));
            sequence.judge(Segment { seq: base, len: 0, flags: SYN }, 64);
            assert_eq!(sequence.span(), Some((0, 0)));
            let first = base.wrapping_add(1);
            marks(&mut sequence, first, 10);
            marks(&mut sequence, first, 10);
            marks(&mut sequence, first.wrapping_add(15), 5);
            assert_eq!(sequence.span(), Some((20, 5)));
            let fin = Segment { seq: first.wrapping_add(20), len: 3, flags: FIN | ACK };
            sequence.judge(fin, 64);
            assert_eq!(sequence.span(), Some((23, 5)));
        }
        let mut unseen = Sequence::default();
        marks(&mut unseen, 1_000, 10);
        assert_eq!(unseen.span(), Some((10, 0)));
        marks(&mut unseen, 1_000 + (1 << 30), 10);
        assert_eq!(unseen.span(), None);
    }

    #[test]
    fn nothing_is_missing_before_the_syn() {
        let stray: [&[(u32, u32, u8)]; 3] = [
            &[(90, 5, ACK)],
            &[(50, 5, ACK), (60, 3, ACK), (40, 2, ACK)],
            &[(u32::MAX - 1_000_000, 5, RST | ACK)],
        ];
        for segments in stray {
            let mut sequence = Sequence::default();
            sequence.judge(Segment { seq: 100, len: 0, flags: SYN }, 64);
            marks(&mut sequence, 101, 10);
            for &(seq, len, flags) in segments {
                sequence.judge(Segment { seq, len, flags }, 64);
            }
            assert_eq!(sequence.span(), Some((10, 0)), "{segments:?}");
            marks(&mut sequence, 121, 10);
            assert_eq!(sequence.span(), Some((30, 10)), "{segments:?}");
        }
    }

    #[test]
    fn another_initial_number_begins_another_space() {
        let mut sequence = Sequence::default();
        sequence.judge(Segment { seq: 100, len: 0, flags: SYN }, 64);
        marks(&mut sequence, 101, 50);
        assert!(sequence.is_new_connection(7) && !sequence.is_new_connection(100));
        assert_eq!(sequence.judge(Segment { seq: 7, len: 0, flags: SYN }, 64).0, NONE);
        assert_eq!(marks(&mut sequence, 8, 50).0, NONE);
    }

    #[test]
    fn a_syn_that_nobody_goes_on_from_changes_nothing() {
        for stray in [7, 1 << 31, 160, 100_000] {
            let mut sequence = Sequence::default();
            sequence.judge(Segment { seq: 100, len: 0, flags: SYN }, 64);
            marks(&mut sequence, 101, 50);
            let syn = Segment { seq: stray, len: 0, flags: SYN | ACK };
            assert_eq!(sequence.judge(syn, 64).0, NONE);
            assert_eq!(sequence.judge(syn, 64).0, RETRANS, "the same again");
            assert!(sequence.is_new_connection(stray) && !sequence.is_new_connection(100));
            assert!(sequence.was_sent(stray.wrapping_add(1)) && sequence.was_sent(151));
            assert_eq!(marks(&mut sequence, 151, 50).0, NONE);
            assert_eq!(marks(&mut sequence, 101, 50).0, RETRANS);
            assert_eq!(sequence.span(), Some((100, 0)), "{stray}");
        }
        // The first bytes behind it may be missing; a FIN may be all there is.
        for (seq, flags, span) in [(1_011, ACK, (60, 10)), (1_001, FIN | ACK, (50, 0))] {
            let mut sequence = Sequence::default();
            sequence.judge(Segment { seq: 1 << 20, len: 0, flags: SYN }, 64);
            sequence.judge(Segment { seq: 1_000, len: 0, flags: SYN }, 64);
            let found = sequence.judge(Segment { seq, len: 50, flags }, 64).0;
            assert_eq!(found, if span.1 > 0 { GAP } else { NONE });
            assert_eq!(sequence.span(), Some(span));
            assert_eq!(sequence.is_finished(), flags & FIN != 0);
        }
    }

    #[test]
    fn a_syn_that_comes_late_begins_what_was_seen() {
        let syn = Segment { seq: u32::MAX, len: 0, flags: SYN };
        for (first, missing) in [(0_u32, 0), (10, 10)] {
            let mut sequence = Sequence::default();
            marks(&mut sequence, first, 30);
            assert_eq!(sequence.judge(syn, 64).0, OOO);
            assert_eq!(sequence.span(), Some((first + 30, missing)));
            assert_eq!(marks(&mut sequence, first, 30).0, RETRANS);
            assert_eq!(sequence.judge(syn, 64).0, RETRANS);
        }
        let mut sequence = Sequence::default();
        marks(&mut sequence, 1 << 20, 30);
        assert_eq!(sequence.judge(syn, 64).0, NONE, "of another connection");
        assert_eq!(sequence.span(), Some((30, 0)));
        assert_eq!(marks(&mut sequence, 0, 5).0, NONE);
        assert_eq!(sequence.span(), Some((5, 0)));
    }

    #[test]
    fn resets_are_accepted_inside_the_window_only() {
        let mut sequence = Sequence::default();
        assert!(sequence.accepts_reset(77, 0));
        marks(&mut sequence, 1000, 10);
        assert!(sequence.accepts_reset(1010, 100) && sequence.accepts_reset(1110, 100));
        assert!(!sequence.accepts_reset(1111, 100) && !sequence.accepts_reset(900, 100));
    }

    #[test]
    fn holes_have_a_limit() {
        let mut sequence = Sequence::default();
        for i in 0..1_000 {
            sequence.judge(Segment { seq: i * 20, len: 10, flags: ACK }, 64);
        }
        assert_eq!(sequence.rare.as_ref().map(|rare| rare.holes.len()), Some(64));
        assert_eq!(marks(&mut sequence, 10, 10).0, RETRANS, "the oldest hole was given up");
        assert_eq!(marks(&mut sequence, 999 * 20 - 10, 10).0, OOO);
        let told = |sequence: &Sequence| (sequence.span(), sequence.holes_forgotten());
        assert_eq!(told(&sequence), (Some((19_990, 9_980)), 935), "those forgotten are missing");
        // A segment in the middle of a hole makes two of it: then the oldest goes, too.
        let mut sequence = Sequence::default();
        for seq in [0, 100, 200] {
            sequence.judge(Segment { seq, len: 10, flags: ACK }, 2);
        }
        assert_eq!(sequence.judge(Segment { seq: 150, len: 10, flags: ACK }, 2).0, OOO);
        assert_eq!(told(&sequence), (Some((210, 170)), 1));
        for (seq, expected) in [(10, RETRANS), (110, OOO), (160, OOO)] {
            let found = sequence.judge(Segment { seq, len: 10, flags: ACK }, 2).0;
            assert_eq!(found, expected, "{seq}");
        }
    }

    proptest! {
        #[test]
        fn segments_of_any_length_are_judged(
            segments in prop::collection::vec((any::<u32>(), any::<u32>(), any::<u8>()), 1..40),
        ) {
            let mut sequence = Sequence::default();
            for (seq, len, flags) in segments {
                // A capture can claim as much, less the headers.
                let segment = Segment { seq, len: len.min(u32::MAX - 60), flags };
                sequence.judge(segment, 4);
            }
        }

        /// The marks follow from the set of bytes seen, kept here one by one.
        #[test]
        fn marks_agree_with_a_set_of_bytes(
            base: u32,
            segments in prop::collection::vec((0u32..60, 2u32..12), 1..40),
        ) {
            let mut sequence = Sequence::default();
            let mut seen = [false; 100];
            let (mut first, mut next) = (None, 0);
            for (seq, len) in segments {
                let found = marks(&mut sequence, base.wrapping_add(seq), len).0;
                let range = seq as usize..(seq + len) as usize;
                let old = seen[range.clone()].iter().filter(|seen| **seen).count() as u32;
                let late = range.clone().filter(|i| (*i as u32) < next && !seen[*i]).count();
                let expected = match first {
                    None => NONE,
                    Some(_) if seq == next => NONE,
                    Some(_) if seq > next => GAP,
                    Some(_) if old == len => RETRANS,
                    Some(_) => {
                        (if late > 0 { OOO } else { 0 }) | (if old > 0 { OVERLAP } else { 0 })
                    }
                };
                prop_assert_eq!(found, expected, "seq {} len {} next {}", seq, len, next);
                first = Some(first.unwrap_or(seq).min(seq));
                seen[range].fill(true);
                next = next.max(seq + len);
            }
            let all = first.unwrap_or(0)..next;
            let missing = all.clone().filter(|i| !seen[*i as usize]).count() as u64;
            prop_assert_eq!(sequence.span(), Some((all.len() as u32, missing)));
        }
    }
}
