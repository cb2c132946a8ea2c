//! What a flow said, as it was set aside: pieces, and the units they make.

use std::cmp::Reverse;

use flowloom_export::SinkError;
use flowloom_flow::Direction;
use flowloom_protocols::{PieceHead, Stamp};

use super::View;
use super::spool::{Chain, Place, Spool};

/// A flow's pieces, in the order in which they were put in order.
pub(crate) struct Said<'s> {
    spool: &'s mut Spool<u64>,
    chain: Chain,
    flow_id: u64,
}

/// Pieces that are shown or written together.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Unit {
    /// Whose they are; of both sides if there is none.
    pub(crate) direction: Option<Direction>,
    /// Which message of that side, from 1; all if there is none.
    pub(crate) message: Option<u32>,
    start: Place,
}

/// Goes through the pieces of a unit.
pub(crate) struct Pieces {
    unit: Unit,
    place: Place,
    /// Bytes of the last piece that were not asked for.
    left: u64,
}

/// Where the next message of each side begins.
pub(crate) struct Units {
    view: View,
    next: Vec<(Unit, Option<PieceHead>)>,
}

impl<'s> Said<'s> {
    /// Takes what a flow said out of the spool, if it said anything.
    pub(crate) fn take(spool: &'s mut Spool<u64>, flow_id: u64) -> Option<Self> {
        let chain = spool.take(&flow_id)?;
        Some(Self { spool, chain, flow_id })
    }

    /// Sets a piece aside.
    pub(crate) fn keep(
        spool: &mut Spool<u64>,
        head: &PieceHead,
        bytes: &[u8],
    ) -> Result<(), SinkError> {
        spool.push(head.flow_id, [&encode(head), bytes])
    }

    /// The units of a view, of the directions that are asked for.
    pub(crate) fn units(
        &mut self,
        view: View,
        direction: Option<Direction>,
    ) -> Result<Units, SinkError> {
        let both = [Direction::Up, Direction::Down];
        let sides = both.into_iter().filter(|side| direction.is_none_or(|only| only == *side));
        let mut next = Vec::new();
        match view {
            View::Conversation => next.push((Unit { direction, ..Unit::default() }, None)),
            View::Raw | View::Messages => {
                for side in sides {
                    next.push((Unit { direction: Some(side), ..Unit::default() }, None));
                }
            }
        }
        for (unit, first) in &mut next {
            *first = self.begin(unit, view)?;
        }
        Ok(Units { view, next })
    }

    /// The next unit: of messages, the one that began first.
    pub(crate) fn next_unit(&mut self, units: &mut Units) -> Result<Option<Unit>, SinkError> {
        let begun =
            units.next.iter().enumerate().filter_map(|(i, (_, first))| Some((i, (*first)?)));
        let order = |(i, first): &(usize, PieceHead)| {
            (units.view == View::Messages).then_some((
                first.stamp.frame,
                Reverse(first.is_lost),
                *i,
            ))
        };
        let Some((at, _)) = begun.min_by_key(order) else { return Ok(None) };
        let (unit, first) = &mut units.next[at];
        let found = *unit;
        if units.view == View::Messages {
            self.pass(unit)?;
            *first = self.begin(unit, units.view)?;
        } else {
            *first = None;
        }
        Ok(Some(found))
    }

    /// The next piece; its bytes too if they are asked for.
    pub(crate) fn next_piece(
        &mut self,
        pieces: &mut Pieces,
        mut bytes: Option<&mut Vec<u8>>,
    ) -> Result<Option<PieceHead>, SinkError> {
        loop {
            pieces.place.pass(&self.chain, std::mem::take(&mut pieces.left));
            let mut record = [0; RECORD_LEN];
            if !self.spool.read(&self.chain, &mut pieces.place, &mut record)? {
                return Ok(None);
            }
            let head = decode(self.flow_id, &record);
            let len = if head.is_lost { 0 } else { head.len };
            pieces.left = len;
            if pieces.unit.direction.is_some_and(|direction| direction != head.direction) {
                continue;
            }
            if pieces.unit.message.is_some_and(|message| message != head.message) {
                return Ok(None);
            }
            if let Some(bytes) = bytes.as_deref_mut() {
                bytes.resize(len as usize, 0);
                self.spool.read(&self.chain, &mut pieces.place, bytes)?;
                pieces.left = 0;
            }
            return Ok(Some(head));
        }
    }

    /// The first piece of a unit that begins somewhere after its start; moves the start there.
    fn begin(&mut self, unit: &mut Unit, view: View) -> Result<Option<PieceHead>, SinkError> {
        unit.message = None;
        loop {
            let mut pieces = unit.pieces();
            let before = pieces.place;
            pieces.unit.direction = None;
            let Some(head) = self.next_piece(&mut pieces, None)? else { return Ok(None) };
            if unit.direction.is_none_or(|direction| direction == head.direction) {
                unit.start = before;
                unit.message = (view == View::Messages).then_some(head.message);
                return Ok(Some(head));
            }
            pieces.place.pass(&self.chain, pieces.left);
            unit.start = pieces.place;
        }
    }

    /// Moves a unit's start behind its last piece.
    fn pass(&mut self, unit: &mut Unit) -> Result<(), SinkError> {
        let mut pieces = unit.pieces();
        while self.next_piece(&mut pieces, None)?.is_some() {
            pieces.place.pass(&self.chain, std::mem::take(&mut pieces.left));
            unit.start = pieces.place;
        }
        Ok(())
    }
}

impl Unit {
    /// Goes through its pieces from the first.
    pub(crate) fn pieces(&self) -> Pieces {
        Pieces { unit: *self, place: self.start, left: 0 }
    }
}

impl Drop for Said<'_> {
    fn drop(&mut self) {
        self.spool.forget(&self.chain);
    }
}

fn encode(head: &PieceHead) -> [u8; RECORD_LEN] {
    let mut record = [0; RECORD_LEN];
    let flags = head.direction.index() as u8 | u8::from(head.is_lost) << 1;
    let fields = [
        &[flags][..],
        &head.stamp.frame.to_le_bytes(),
        &head.stamp.time.to_le_bytes(),
        &head.message.to_le_bytes(),
        &head.len.to_le_bytes(),
    ];
    for (to, from) in record.iter_mut().zip(fields.into_iter().flatten()) {
        *to = *from;
    }
    record
}

fn decode(flow_id: u64, record: &[u8; RECORD_LEN]) -> PieceHead {
    fn field<const N: usize>(record: &[u8], at: usize) -> [u8; N] {
        record.get(at..).and_then(|rest| rest.first_chunk()).copied().unwrap_or([0; N])
    }
    let flags = record[0];
    PieceHead {
        flow_id,
        direction: if flags & 1 == 0 { Direction::Up } else { Direction::Down },
        is_lost: flags & 2 != 0,
        stamp: Stamp {
            frame: u64::from_le_bytes(field(record, 1)),
            time: i64::from_le_bytes(field(record, 9)),
        },
        message: u32::from_le_bytes(field(record, 17)),
        len: u64::from_le_bytes(field(record, 21)),
    }
}

/// Bytes of a piece's head as it is set aside.
const RECORD_LEN: usize = 29;
