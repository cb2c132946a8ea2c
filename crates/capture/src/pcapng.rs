//! The next generation format (draft-ietf-opsawg-pcapng): sections of blocks.
//!
//! A block is its type, its length, a body and its length again. Every section has a byte order
//! of its own, and numbers its interfaces from 0; the input's interfaces are numbered through.
//! What blocks hold besides frames is read in `pcapng/notes.rs`.

pub(crate) mod notes;

use flowloom_schema::{LinkType, Timestamp};

use crate::block::{Frame, OptionsAt, SIMPLE_HEADER_LEN};
use crate::bytes::{ByteOrder, words};
use crate::clock::{Clock, is_extreme};
use crate::facts::Span;
use crate::walk::{Filling, Stop, too_long};

/// A reader of blocks.
#[derive(Debug)]
pub(crate) struct Pcapng {
    order: ByteOrder,
    sections: u64,
    section_at: Span,
    /// Of the section.
    interfaces: Vec<Described>,
    /// For frames that have no time of their own.
    last_time: Timestamp,
    has_timeless_frames: bool,
    has_extreme_times: bool,
}

/// What an interface description block says that frames need.
#[derive(Clone, Copy, Debug)]
struct Described {
    index: u16,
    link: LinkType,
    snap_len: u32,
    clock: Clock,
    frame_bytes_max: u32,
}

/// A block whose lengths agree.
#[derive(Clone, Copy, Debug)]
struct Whole<'a> {
    kind: u32,
    body: &'a [u8],
    len: usize,
}

/// What a packet block says of its frame.
#[derive(Clone, Copy, Debug)]
struct Packet {
    interface: u32,
    /// `None` in a simple packet block.
    ticks: Option<u64>,
    captured: u32,
    original: u32,
    /// Where the frame begins in the block.
    data_at: usize,
}

impl Pcapng {
    pub(crate) fn new() -> Self {
        Self {
            order: ByteOrder::Little,
            sections: 0,
            section_at: Span::default(),
            interfaces: Vec::new(),
            last_time: Timestamp(0),
            has_timeless_frames: false,
            has_extreme_times: false,
        }
    }

    pub(crate) fn walk(&mut self, filling: &mut Filling<'_>) -> Stop {
        loop {
            if filling.is_full() {
                return Stop::Full;
            }
            let block = match self.whole_block(filling) {
                Ok(block) => block,
                Err(stop) => return stop,
            };
            let read = match block.kind {
                ENHANCED_PACKET => self.enhanced_packet(block.body, filling),
                SIMPLE_PACKET => self.simple_packet(block.body, filling),
                OBSOLETE_PACKET => self.obsolete_packet(block.body, filling),
                kind => self.note(kind, block.body, filling),
            };
            if let Err(stop) = read {
                return stop;
            }
            filling.at += block.len;
        }
    }

    /// The next block, if all of it is there and both its lengths are the same possible one.
    #[inline]
    fn whole_block<'a>(&mut self, filling: &Filling<'a>) -> Result<Whole<'a>, Stop> {
        let rest = filling.rest();
        let Some(&[k0, k1, k2, k3, l0, l1, l2, l3, magic @ ..]) =
            rest.first_chunk::<BLOCK_LEN_MIN>()
        else {
            return Err(Stop::Needs(BLOCK_LEN_MIN));
        };
        let kind = self.order.u32([k0, k1, k2, k3]);
        if kind == SECTION_HEADER {
            self.order = order_of(magic).ok_or_else(|| {
                Stop::Damaged(format!("the section header has byte-order magic {magic:02x?}"))
            })?;
        }
        let claimed = self.order.u32([l0, l1, l2, l3]);
        // Lengths should be multiples of four; some writers forget the padding they have written.
        let len = (claimed as usize).next_multiple_of(4);
        if len < BLOCK_LEN_MIN {
            return Err(Stop::Damaged(format!(
                "block type {kind:#010x} claims a length of {claimed}"
            )));
        }
        let max = filling.notebook.limits.record_bytes_max;
        if claimed > max {
            return Err(Stop::Damaged(format!(
                "block type {kind:#010x} claims {claimed} bytes, more than the {max} a block can have"
            )));
        }
        let Some((head, &again)) = rest.get(..len).and_then(<[u8]>::split_last_chunk) else {
            return Err(Stop::Needs(len));
        };
        let again = self.order.u32(again);
        if again != claimed {
            return Err(Stop::Damaged(format!(
                "block type {kind:#010x} is {claimed} bytes long at its front, {again} at its end"
            )));
        }
        Ok(Whole { kind, body: head.get(8..).unwrap_or_default(), len })
    }

    #[inline]
    fn enhanced_packet(&mut self, body: &[u8], filling: &mut Filling<'_>) -> Result<(), Stop> {
        let Some((&[i0, i1, i2, i3, ref header @ ..], _)) = body.split_first_chunk::<PACKET_AT>()
        else {
            return Err(too_short("enhanced packet", body));
        };
        let interface = self.order.u32([i0, i1, i2, i3]);
        self.timed_packet(interface, header, body, filling)
    }

    /// Like the enhanced one, but for 16 bits of drop counter beside a 16-bit interface.
    fn obsolete_packet(&mut self, body: &[u8], filling: &mut Filling<'_>) -> Result<(), Stop> {
        let Some((&[i0, i1, _, _, ref header @ ..], _)) = body.split_first_chunk::<PACKET_AT>()
        else {
            return Err(too_short("packet", body));
        };
        let interface = u32::from(self.order.u16([i0, i1]));
        self.timed_packet(interface, header, body, filling)
    }

    #[inline]
    fn timed_packet(
        &mut self,
        interface: u32,
        header: &[u8; 16],
        body: &[u8],
        filling: &mut Filling<'_>,
    ) -> Result<(), Stop> {
        let [high, low, captured, original] = words(self.order, header);
        let ticks = Some(u64::from(high) << 32 | u64::from(low));
        let packet = Packet { interface, ticks, captured, original, data_at: 8 + PACKET_AT };
        let padded = captured.checked_next_multiple_of(4);
        let options = padded.and_then(|padded| body.get(PACKET_AT + padded as usize..));
        let Some(options) = options else {
            return Err(Stop::Damaged(format!(
                "the record claims {captured} captured bytes, but its block has {}",
                body.len() - PACKET_AT
            )));
        };
        if options.is_empty() {
            return self.push(packet, filling);
        }
        let start = filling.at + 8 + body.len() - options.len();
        self.push_with_options(packet, options, start, filling)
    }

    /// Few frames have options, but for those of capture cards.
    fn push_with_options(
        &mut self,
        packet: Packet,
        options: &[u8],
        start: usize,
        filling: &mut Filling<'_>,
    ) -> Result<(), Stop> {
        self.comments(filling.next_frame(), options, filling);
        let frame = filling.frames.len() as u32;
        self.push(packet, filling)?;
        let (start, len) = (start as u32, options.len() as u32);
        filling.options.push(OptionsAt { frame, start, len, order: self.order });
        Ok(())
    }

    /// A frame without time, from the section's first interface, cut by nothing but its snap
    /// length.
    fn simple_packet(&mut self, body: &[u8], filling: &mut Filling<'_>) -> Result<(), Stop> {
        let Some((&original, data)) = body.split_first_chunk() else {
            return Err(too_short("simple packet", body));
        };
        let original = self.order.u32(original);
        let captured = match self.interfaces.first() {
            Some(&Described { snap_len, .. }) if snap_len > 0 => original.min(snap_len),
            _ => original,
        };
        if !self.has_timeless_frames {
            self.has_timeless_frames = true;
            filling.warn(
                "simple packet blocks have no time: each gets that of the frame before".into(),
            );
        }
        let captured = captured.min(data.len() as u32);
        let data_at = SIMPLE_HEADER_LEN as usize;
        self.push(Packet { interface: 0, ticks: None, captured, original, data_at }, filling)?;
        filling.simple.push((filling.at + data_at) as u32);
        Ok(())
    }

    #[inline]
    fn push(&mut self, packet: Packet, filling: &mut Filling<'_>) -> Result<(), Stop> {
        let Packet { interface, ticks, captured, original, data_at } = packet;
        let Some(described) = self.interfaces.get(interface as usize) else {
            return Err(Stop::Damaged(format!(
                "the record is of interface {interface}, but its section has described {}",
                self.interfaces.len()
            )));
        };
        if captured > described.frame_bytes_max {
            return Err(too_long(captured, described.frame_bytes_max));
        }
        if let Some(ticks) = ticks {
            self.last_time = described.clock.time(ticks);
            if described.clock.is_coarse(self.last_time) {
                filling.ticks.push((filling.frames.len() as u32, ticks));
            }
            if is_extreme(self.last_time) && !self.has_extreme_times {
                self.has_extreme_times = true;
                filling.warn(
                    "the time is not between the years 1677 and 2262: it becomes the nearest that is, as do \
                     others like it"
                        .into(),
                );
            }
        }
        filling.frames.push(Frame {
            time: self.last_time,
            start: (filling.at + data_at) as u32,
            captured,
            original,
            link: described.link,
            interface: described.index,
        });
        Ok(())
    }
}

fn order_of(magic: [u8; 4]) -> Option<ByteOrder> {
    [ByteOrder::Little, ByteOrder::Big]
        .into_iter()
        .find(|order| order.u32(magic) == BYTE_ORDER_MAGIC)
}

fn too_short(what: &str, body: &[u8]) -> Stop {
    Stop::Damaged(format!("{what} block of {} bytes is too short for its fields", body.len() + 12))
}

/// The same in both byte orders.
pub(crate) const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const OBSOLETE_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
pub(crate) const ENHANCED_PACKET: u32 = 6;
pub(crate) const INTERFACE_DESCRIPTION: u32 = 1;
pub(crate) const NAME_RESOLUTION: u32 = 4;
pub(crate) const INTERFACE_STATISTICS: u32 = 5;
pub(crate) const DECRYPTION_SECRETS: u32 = 10;
pub(crate) const BYTE_ORDER_MAGIC: u32 = 0x1a2b_3c4d;
const BLOCK_LEN_MIN: usize = 12;
/// Where the frame begins in the body of packet blocks with a time.
const PACKET_AT: usize = 20;
/// Where the frame begins in packet blocks with a time.
pub(crate) const PACKET_HEADER_LEN: u32 = 8 + PACKET_AT as u32;

#[cfg(test)]
mod tests;
