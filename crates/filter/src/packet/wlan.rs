//! 802.11 frames, and the radio headers before them.
//!
//! As tcpdump has it, the header of a frame of data is taken for 24 bytes, two more with quality of
//! service: frames with four addresses are not looked into.

use flowloom_schema::LinkType;

use crate::parts::MacField;

use super::FrameView;
use super::bytes::{Bytes, Offset};
use super::place::{LLC_SNAP_LEN, Link, Place};

impl Place {
    /// The place in a frame of one of the 802.11 link types.
    pub(super) fn wlan(bytes: Bytes<'_>, link: LinkType) -> Option<Self> {
        match link {
            LinkType::IEEE802_11_RADIOTAP => {
                let header = little_endian(bytes, 2)?;
                let padded = radiotap_pads(bytes).unwrap_or(false);
                Some(Self::wlan_at(bytes, header, padded))
            }
            LinkType::IEEE802_11_PRISM => {
                // AVS headers begin with their magic and have a length; Prism headers do not.
                let is_avs = bytes.u32(0)? & 0xffff_f000 == 0x8021_1000;
                let header = if is_avs { bytes.u32(4)? as Offset } else { PRISM_LEN };
                // What claims to begin beyond the frame is not in it.
                let header = header.min(bytes.0.len() as Offset);
                Some(Self::wlan_at(bytes, header, false))
            }
            _ => Some(Self::wlan_at(bytes, 0, false)),
        }
    }

    /// Per-packet information: 802.11 after it is at a fixed place; other links where decoding
    /// found them.
    pub(super) fn ppi(frame: &FrameView<'_>, bytes: Bytes<'_>) -> Option<Self> {
        if bytes.u32(4)?.swap_bytes() == u32::from(LinkType::IEEE802_11.0) {
            return Some(Self::wlan_at(bytes, little_endian(bytes, 2)?, false));
        }
        Some(Self::of_layers(frame))
    }

    fn wlan_at(bytes: Bytes<'_>, header: Offset, padded: bool) -> Self {
        let control = bytes.u8(header).unwrap_or(0);
        let is_data = control & TYPE_MASK == DATA;
        let qos = if is_data && control & QOS != 0 { 2 } else { 0 };
        let end = header + HEADER_LEN + qos;
        let payload = if is_data && padded { (end + 3) & !3 } else { end };
        Self {
            link: Link::Wlan,
            start: header,
            header,
            kind: payload,
            payload,
            net: payload + LLC_SNAP_LEN,
            iso: payload + 3,
            labelled: false,
        }
    }

    pub(super) fn is_wlan_data(&self, bytes: Bytes<'_>) -> Option<bool> {
        Some(bytes.u8(self.header)? & TYPE_MASK == DATA)
    }

    /// `type`, `subtype`.
    pub(super) fn wlan_type(&self, bytes: Bytes<'_>, mask: u8, bits: u8) -> bool {
        self.link == Link::Wlan && bytes.u8(self.header).is_some_and(|c| c & mask == bits)
    }

    /// `dir`.
    pub(super) fn wlan_direction(&self, bytes: Bytes<'_>, bits: u8) -> bool {
        self.link == Link::Wlan && bytes.u8(self.header + 1).is_some_and(|c| c & 3 == bits)
    }

    /// Where the address of the final receiver is: the third address on the way to the
    /// distribution system, else the first.
    pub(super) fn wlan_destination(&self, bytes: Bytes<'_>) -> Option<Offset> {
        let (control, direction) = self.control(bytes)?;
        if control & CONTROL != 0 {
            return None;
        }
        let third = control & DATA != 0 && direction? & TO_DS != 0;
        Some(self.header + if third { ADDRESS_3 } else { ADDRESS_1 })
    }

    /// Where the address of the first sender is.
    pub(super) fn wlan_source(&self, bytes: Bytes<'_>) -> Option<Offset> {
        let (control, direction) = self.control(bytes)?;
        if control & CONTROL != 0 {
            return None;
        }
        let at = match (control & DATA != 0).then_some(direction) {
            None => ADDRESS_2,
            Some(direction) => match direction? & (FROM_DS | TO_DS) {
                FROM_DS => ADDRESS_3,
                BOTH_DS => ADDRESS_4,
                _ => ADDRESS_2,
            },
        };
        Some(self.header + at)
    }

    /// Where an address by its number or role is, if the frame has it. `ra` and `ta` are of frames
    /// of data only, as tcpdump has it.
    pub(super) fn wlan_address(&self, bytes: Bytes<'_>, which: MacField) -> Option<Offset> {
        if self.link != Link::Wlan {
            return None;
        }
        let (control, direction) = self.control(bytes)?;
        let is_control = control & TYPE_MASK == CONTROL;
        let has_second = !(is_control && matches!(control & 0xf0, CTS | ACK));
        let at = match which {
            MacField::Address1 => ADDRESS_1,
            MacField::Receiver if control & DATA != 0 => ADDRESS_1,
            MacField::Address2 if has_second => ADDRESS_2,
            MacField::Transmitter if control & DATA != 0 && has_second => ADDRESS_2,
            MacField::Address3 if !is_control => ADDRESS_3,
            MacField::Address4 if direction? & BOTH_DS == BOTH_DS => ADDRESS_4,
            _ => return None,
        };
        Some(self.header + at)
    }

    fn control(&self, bytes: Bytes<'_>) -> Option<(u8, Option<u8>)> {
        Some((bytes.u8(self.header)?, bytes.u8(self.header + 1)))
    }
}

/// Whether the frame is padded to a multiple of 4 bytes after its header (radiotap.org "Flags"):
/// said by a flag, which is behind the 64-bit timestamp if there is one. Not sought behind more
/// than one word of presence bits.
fn radiotap_pads(bytes: Bytes<'_>) -> Option<bool> {
    let present = bytes.u32(4)?.swap_bytes();
    if present & (1 << 1) == 0 || present & (1 << 31) != 0 {
        return Some(false);
    }
    let flags = if present & 1 == 0 { 8 } else { 16 };
    Some(bytes.u8(flags)? & 0x20 != 0)
}

fn little_endian(bytes: Bytes<'_>, at: Offset) -> Option<Offset> {
    bytes.u16(at).map(|length| length.swap_bytes() as Offset)
}

const TYPE_MASK: u8 = 0x0c;
const CONTROL: u8 = 0x04;
const DATA: u8 = 0x08;
const QOS: u8 = 0x80;
const CTS: u8 = 0xc0;
const ACK: u8 = 0xd0;

const TO_DS: u8 = 1;
const FROM_DS: u8 = 2;
const BOTH_DS: u8 = 3;

const ADDRESS_1: Offset = 4;
const ADDRESS_2: Offset = 10;
const ADDRESS_3: Offset = 16;
const ADDRESS_4: Offset = 24;
const HEADER_LEN: Offset = 24;
const PRISM_LEN: Offset = 144;
