//! The format of Solaris' snoop (RFC 1761), always big-endian.

use flowloom_schema::{LinkType, NANOS_PER_SECOND, Timestamp};

use crate::block::Frame;
use crate::bytes::{ByteOrder, words};
use crate::clock::Resolution;
use crate::facts::{Interface, Span};
use crate::limits::Limits;
use crate::walk::{Filling, Stop, too_long};

/// A reader of records.
#[derive(Debug)]
pub(crate) struct Snoop {
    link: LinkType,
    frame_bytes_max: u32,
}

impl Snoop {
    /// Reads the file header; what is wrong with it, if we do not know its version.
    pub(crate) fn open(
        header: &[u8; HEADER_LEN],
        limits: &Limits,
    ) -> Result<(Self, Interface), String> {
        let [_, _, version, data_link] = words(ByteOrder::Big, header);
        if version != 2 {
            return Err(format!("it is a snoop file of version {version}, and only 2 is known"));
        }
        let link = link_type(data_link);
        let at = Span { offset: 0, len: HEADER_LEN as u32 };
        let resolution = Resolution::MICROSECONDS;
        let interface = Interface { link, resolution, section_at: at, at, ..Interface::default() };
        Ok((Self { link, frame_bytes_max: limits.frame_bytes(link) }, interface))
    }

    pub(crate) fn walk(&self, filling: &mut Filling<'_>) -> Stop {
        loop {
            if filling.is_full() {
                return Stop::Full;
            }
            let rest = filling.rest();
            let Some((lengths, times)) = rest
                .first_chunk::<RECORD_HEADER_LEN>()
                .and_then(|header| header.split_first_chunk())
            else {
                return Stop::Needs(RECORD_HEADER_LEN);
            };
            let [original, captured, record_len, _drops] = words(ByteOrder::Big, lengths);
            let &[s0, s1, s2, s3, m0, m1, m2, m3] = times else {
                return Stop::Needs(RECORD_HEADER_LEN);
            };
            if captured > self.frame_bytes_max {
                return too_long(captured, self.frame_bytes_max);
            }
            let len = record_len as usize;
            // Padding follows, of a few bytes; what is longer than any frame is no padding.
            let len_min = RECORD_HEADER_LEN + captured as usize;
            if len < len_min || record_len - captured > self.frame_bytes_max {
                return Stop::Damaged(format!(
                    "the record claims a length of {len}, with {captured} captured bytes in it"
                ));
            }
            if len > rest.len() {
                return Stop::Needs(len);
            }
            let seconds = i64::from(u32::from_be_bytes([s0, s1, s2, s3]));
            let micros = i64::from(u32::from_be_bytes([m0, m1, m2, m3]));
            filling.frames.push(Frame {
                time: Timestamp(seconds * NANOS_PER_SECOND + micros * 1_000),
                start: (filling.at + RECORD_HEADER_LEN) as u32,
                captured,
                original,
                link: self.link,
                interface: 0,
            });
            filling.at += len;
        }
    }
}

/// Our number for a data link of the snoop format: the registry's, or one of [`UNKNOWN`] on.
fn link_type(data_link: u32) -> LinkType {
    match data_link {
        0 | 4 => LinkType::ETHERNET,
        2 => LinkType::TOKEN_RING,
        8 => LinkType(10),   // FDDI
        18 => LinkType(123), // SUNATM: Classical IP over ATM
        26 => LinkType(242), // IPOIB
        other => LinkType(UNKNOWN | (other & 0x7fff) as u16),
    }
}

/// Whether a link type is one of those without a number in other formats.
pub(crate) fn is_unknown(link: LinkType) -> bool {
    link.0 >= UNKNOWN
}

pub(crate) const MAGIC: [u8; 8] = *b"snoop\0\0\0";
pub(crate) const HEADER_LEN: usize = 16;
pub(crate) const RECORD_HEADER_LEN: usize = 24;

/// Data links that the registry has no number for: far above all it has given out.
const UNKNOWN: u16 = 0x8000;

#[cfg(test)]
mod tests;
