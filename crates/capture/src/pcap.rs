//! The classic format of libpcap, and its relatives with other magic numbers.
//!
//! A 24-byte file header says byte order, resolution and link type; each record is a 16-byte
//! header and the captured bytes. The modified format adds 8 bytes that we do not need to each
//! record header: interface, protocol and packet type.

use flowloom_schema::{LinkType, NANOS_PER_SECOND, Timestamp};

use crate::block::Frame;
use crate::bytes::{ByteOrder, words};
use crate::clock::Resolution;
use crate::facts::{Format, Interface, Span};
use crate::notebook::Notebook;
use crate::options::RawOption;
use crate::pcapng::notes::IF_FCSLEN;
use crate::walk::{Filling, Stop, too_long};

/// A reader of records.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pcap {
    order: ByteOrder,
    pub(crate) record_header_len: usize,
    nanos_per_tick: u32,
    lengths: Lengths,
    link: LinkType,
    frame_bytes_max: u32,
}

/// The order of the two lengths of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lengths {
    /// Captured, original.
    AsDocumented,
    /// Before version 2.4 of the format some wrote captured first, others original.
    EitherFirst,
}

/// What a magic number, read in the file's own byte order, says of the file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Variant {
    pub(crate) format: Format,
    order: ByteOrder,
    resolution: Resolution,
}

impl Variant {
    pub(crate) fn of(magic: [u8; 4]) -> Option<Self> {
        [ByteOrder::Little, ByteOrder::Big].into_iter().find_map(|order| {
            let (format, resolution) = match order.u32(magic) {
                MAGIC_MICROSECONDS => (Format::Pcap, Resolution::MICROSECONDS),
                MAGIC_NANOSECONDS => (Format::Pcap, Resolution::NANOSECONDS),
                MAGIC_MODIFIED => (Format::PcapModified, Resolution::MICROSECONDS),
                _ => return None,
            };
            Some(Self { format, order, resolution })
        })
    }
}

/// Bits of the check sequence behind each frame, if the word of a header that has the link type tells
/// them, in its upper half (draft-ietf-opsawg-pcap, section 4).
fn check_sequence_bits(word: u32) -> Option<u8> {
    (word & HAS_CHECK_SEQUENCE != 0).then_some((word >> 28) as u8 * 16)
}

/// What that word tells of a check sequence of so many bits; nothing of a number that it cannot tell.
pub(crate) fn check_sequence_word(bits: u8) -> u32 {
    let is_told = bits.is_multiple_of(16);
    if is_told { HAS_CHECK_SEQUENCE | u32::from(bits / 16) << 28 } else { 0 }
}

impl Pcap {
    /// Reads the file header.
    pub(crate) fn open(
        variant: Variant,
        header: &[u8; HEADER_LEN],
        notebook: &mut Notebook,
    ) -> (Self, Interface) {
        let order = variant.order;
        let [_, _, _, _, v0, v1, v2, v3, ..] = *header;
        let version = (order.u16([v0, v1]), order.u16([v2, v3]));
        if version.0 != 2 {
            let (major, minor) = version;
            let text =
                format!("the format has version {major}.{minor}, which is read as version 2");
            notebook.warn(1, 0, text);
        }
        let [.., s0, s1, s2, s3, l0, l1, l2, l3] = *header;
        let snap_len = order.u32([s0, s1, s2, s3]);
        let network = order.u32([l0, l1, l2, l3]);
        let link = LinkType(network as u16);
        let pcap = Self {
            order,
            record_header_len: if variant.format == Format::PcapModified { 24 } else { 16 },
            nanos_per_tick: if variant.resolution == Resolution::NANOSECONDS { 1 } else { 1_000 },
            lengths: if version < (2, 4) { Lengths::EitherFirst } else { Lengths::AsDocumented },
            link,
            frame_bytes_max: notebook.limits.frame_bytes(link),
        };
        let resolution = variant.resolution;
        let at = Span { offset: 0, len: HEADER_LEN as u32 };
        let options = check_sequence_bits(network);
        let options = options.map(|bits| RawOption { code: IF_FCSLEN, value: vec![bits] });
        let interface = Interface {
            link,
            snap_len,
            resolution,
            options: options.into_iter().collect(),
            section_at: at,
            at,
            ..Interface::default()
        };
        (pcap, interface)
    }

    pub(crate) fn walk(&self, filling: &mut Filling<'_>) -> Stop {
        // Known at compile time, the byte order costs nothing in the loop.
        match self.order {
            ByteOrder::Little => self.walk_in::<false>(filling),
            ByteOrder::Big => self.walk_in::<true>(filling),
        }
    }

    fn walk_in<const BIG_ENDIAN: bool>(&self, filling: &mut Filling<'_>) -> Stop {
        let order = if BIG_ENDIAN { ByteOrder::Big } else { ByteOrder::Little };
        let Self { record_header_len, nanos_per_tick, lengths, link, frame_bytes_max, .. } = *self;
        let ticks_per_second = NANOS_PER_SECOND as u32 / nanos_per_tick;
        let frames_max = filling.notebook.limits.block_frames;
        let end = filling.bytes.len();
        let mut rest = filling.rest();
        let stop = loop {
            if filling.frames.len() >= frames_max {
                break Stop::Full;
            }
            let Some(header) = rest.first_chunk() else {
                break Stop::Needs(record_header_len);
            };
            let [seconds, ticks, mut captured, mut original] = words(order, header);
            if lengths == Lengths::EitherFirst {
                (captured, original) = (captured.min(original), captured.max(original));
            }
            if captured > frame_bytes_max {
                break too_long(captured, frame_bytes_max);
            }
            let record_len = record_header_len + captured as usize;
            let Some(after) = rest.get(record_len..) else {
                break Stop::Needs(record_len);
            };
            if ticks >= ticks_per_second {
                let at = filling.offset + (end - rest.len()) as u64;
                filling.notebook.warn_once(filling.next_frame(), at, FRACTION);
            }
            let nanos = i64::from(ticks) * i64::from(nanos_per_tick);
            filling.frames.push(Frame {
                time: Timestamp(i64::from(seconds) * NANOS_PER_SECOND + nanos),
                start: (end - after.len() - captured as usize) as u32,
                captured,
                original,
                link,
                interface: 0,
            });
            rest = after;
        };
        filling.at = end - rest.len();
        stop
    }
}

const FRACTION: &str = "the fraction of a second is a second or more; it is added to the seconds";
pub(crate) const HEADER_LEN: usize = 24;
pub(crate) const MAGIC_MICROSECONDS: u32 = 0xa1b2_c3d4;
pub(crate) const MAGIC_NANOSECONDS: u32 = 0xa1b2_3c4d;
const MAGIC_MODIFIED: u32 = 0xa1b2_cd34;
/// Of the word that has the link type: that it tells how long check sequences are.
const HAS_CHECK_SEQUENCE: u32 = 1 << 26;

#[cfg(test)]
mod tests;
