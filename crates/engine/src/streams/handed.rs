//! What flows say, handed to whoever takes it: bytes, and what is known of them.

use std::fmt::Write as _;

use flowloom_export::SinkError;
use flowloom_schema::Timestamp;

use super::ip::{DatagramInfo, pieces};
use super::said::{Said, Unit};
use super::unit::{UnitInfo, name};
use super::write::Writer;
use super::{StreamFlow, json};
use crate::pipeline::IpDatagram;

/// A unit: a direction, a message, a piece of a conversation, a datagram. One that is longer than
/// [`part_max`](super::StreamLimits::part_max) comes in parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreamPart {
    /// What is known of the unit, as JSON: as the command line has it, but for the bytes.
    pub info: String,
    /// What came of it, and where in the unit: one run of bytes between two holes each.
    pub pieces: Vec<(u64, Vec<u8>)>,
    /// Whether another part of the unit follows.
    pub goes_on: bool,
}

/// Whoever takes what flows say.
pub trait TakeParts: Send {
    /// Takes a part; an error ends the run.
    fn part(&mut self, part: StreamPart) -> Result<(), SinkError>;
}

/// What is handed over.
pub(crate) struct Handed {
    taker: Box<dyn TakeParts>,
    part_max: usize,
    /// The part that is being filled, and its bytes.
    part: StreamPart,
    len: usize,
    bytes: Vec<u8>,
}

impl Handed {
    pub(crate) fn new(taker: Box<dyn TakeParts>, part_max: usize) -> Self {
        let part = StreamPart::default();
        Self { taker, part_max: part_max.max(1), part, len: 0, bytes: Vec::new() }
    }

    /// A direction or a message, with zeros in its holes as far as `writer` has them.
    pub(crate) fn unit(
        &mut self,
        unit: &Unit,
        info: &UnitInfo<'_>,
        said: &mut Said<'_>,
        writer: &mut Writer,
    ) -> Result<(), SinkError> {
        self.part.info = json::object(info);
        let (mut rest, mut offset) = (unit.pieces(), 0);
        while let Some(head) = said.next_piece(&mut rest, Some(&mut self.bytes))? {
            if head.is_lost {
                let mut at = offset;
                for zeros in writer.zeros(head.len) {
                    self.put(at, zeros)?;
                    at += zeros.len() as u64;
                }
            } else {
                let bytes = std::mem::take(&mut self.bytes);
                self.put(offset, &bytes)?;
                self.bytes = bytes;
            }
            offset += head.len;
        }
        self.hand(false)
    }

    /// Both directions, each piece by itself.
    pub(crate) fn pieces(
        &mut self,
        unit: &Unit,
        flow: &StreamFlow,
        said: &mut Said<'_>,
    ) -> Result<(), SinkError> {
        let begun = json::object_begun(flow);
        let (mut rest, mut offsets) = (unit.pieces(), [0; 2]);
        while let Some(head) = said.next_piece(&mut rest, Some(&mut self.bytes))? {
            let offset = &mut offsets[head.direction.index()];
            let what = if head.is_lost { "missing" } else { "length" };
            self.part.info.clone_from(&begun);
            // Writing to memory does not fail.
            let _ = write!(
                self.part.info,
                ",\"direction\":\"{}\",\"message\":{},\"frame\":{},\"time\":\"{}\",\
                 \"offset\":{offset},\"{what}\":{}}}",
                name(head.direction),
                head.message,
                head.stamp.frame,
                Timestamp(head.stamp.time),
                head.len
            );
            *offset += head.len;
            if !head.is_lost {
                let bytes = std::mem::take(&mut self.bytes);
                self.put(0, &bytes)?;
                self.bytes = bytes;
            }
            self.hand(false)?;
        }
        Ok(())
    }

    /// A datagram that came in fragments.
    pub(crate) fn datagram(
        &mut self,
        datagram: &IpDatagram,
        info: &DatagramInfo<'_>,
        strict: bool,
    ) -> Result<(), SinkError> {
        self.part.info = json::object(info);
        let whole = [(0, &datagram.payload[..])];
        let pieces = if strict { pieces(datagram) } else { whole.to_vec() };
        for (offset, bytes) in pieces {
            self.put(offset, bytes)?;
        }
        self.hand(false)
    }

    /// Adds bytes, behind those that came before if there is no hole between.
    fn put(&mut self, mut offset: u64, mut bytes: &[u8]) -> Result<(), SinkError> {
        while !bytes.is_empty() {
            if self.len == self.part_max {
                self.hand(true)?;
            }
            let (now, later) = bytes.split_at(bytes.len().min(self.part_max - self.len));
            match self.part.pieces.last_mut() {
                Some((from, piece)) if *from + piece.len() as u64 == offset => {
                    piece.extend_from_slice(now);
                }
                _ => self.part.pieces.push((offset, now.to_vec())),
            }
            self.len += now.len();
            offset += now.len() as u64;
            bytes = later;
        }
        Ok(())
    }

    fn hand(&mut self, goes_on: bool) -> Result<(), SinkError> {
        let info = if goes_on { self.part.info.clone() } else { String::new() };
        let mut part =
            std::mem::replace(&mut self.part, StreamPart { info, ..StreamPart::default() });
        part.goes_on = goes_on;
        self.len = 0;
        self.taker.part(part)
    }
}
