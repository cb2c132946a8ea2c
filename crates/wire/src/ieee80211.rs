//! IEEE 802.11 frames, and the headers capture tools put before them: radiotap, Prism and AVS.

use crate::Reason;

/// The header of an 802.11 frame.
#[derive(Clone, Copy, Debug)]
pub struct Ieee80211<'a> {
    control: [u8; 2],
    is_swapped: bool,
    bytes: &'a [u8],
}

impl<'a> Ieee80211<'a> {
    /// Views the header at the front of `bytes`; control and management frames too, of which only
    /// the kind is known then.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Reason> {
        Self::in_order(bytes, false)
    }

    /// The same, for a header whose numbers may be in network order, as Cisco's controllers have
    /// them: what is no 802.11 frame as it is, is read with its bytes swapped.
    pub fn parse_swapped(bytes: &'a [u8]) -> Result<Self, Reason> {
        Self::in_order(bytes, bytes.first().is_some_and(|first| first & VERSION != 0))
    }

    fn in_order(bytes: &'a [u8], is_swapped: bool) -> Result<Self, Reason> {
        let header: &[u8; CONTROL_LEN] = bytes.first_chunk().ok_or(Reason::Truncated)?;
        let [first, second, ..] = *header;
        let control = if is_swapped { [second, first] } else { [first, second] };
        let frame = Self { control, is_swapped, bytes };
        if frame.control[0] & VERSION != 0 {
            return Err(Reason::BadVersion);
        }
        if frame.is_data() && bytes.len() < frame.header_len() {
            return Err(Reason::Truncated);
        }
        Ok(frame)
    }

    /// Whether this is a data frame, with or without data in it.
    pub fn is_data(&self) -> bool {
        self.kind() == 2
    }

    /// Management, control, data, extension: 0 to 3.
    pub fn kind(&self) -> u8 {
        self.control[0] >> 2 & 3
    }

    /// Whether the body of a data frame can be read: neither empty (null function), nor encrypted,
    /// nor a fragment.
    pub fn has_packet(&self) -> bool {
        self.is_data()
            && self.control[0] & SUBTYPE_NO_DATA == 0
            && self.control[1] & (FLAG_PROTECTED | FLAG_MORE_FRAGMENTS) == 0
            && self.fragment() == Some(0)
    }

    /// Whether the body is packets one after the other (A-MSDU), each after a header as Ethernet
    /// has it, with a length.
    pub fn is_aggregate(&self) -> bool {
        let qos_at = if self.is_relayed() { 30 } else { 24 };
        self.has_qos() && self.bytes.get(qos_at).is_some_and(|qos| qos & 0x80 != 0)
    }

    /// Length of a data frame's header.
    pub fn header_len(&self) -> usize {
        let mut len = if self.is_relayed() { 30 } else { 24 };
        if self.has_qos() {
            len += if self.control[1] & FLAG_ORDER == 0 { 2 } else { 6 };
        }
        len
    }

    /// Where a data frame's source address is.
    pub fn src_at(&self) -> usize {
        match self.control[1] & (FLAG_TO_DS | FLAG_FROM_DS) {
            0 | FLAG_TO_DS => 10,
            FLAG_FROM_DS => 16,
            _ => 24,
        }
    }

    /// Where a data frame's destination address is.
    pub fn dst_at(&self) -> usize {
        if self.control[1] & FLAG_TO_DS == 0 { 4 } else { 16 }
    }

    /// Which fragment this is: the low four bits of the number that counts frames.
    fn fragment(&self) -> Option<u8> {
        let at = if self.is_swapped { SEQUENCE_AT + 1 } else { SEQUENCE_AT };
        self.bytes.get(at).map(|byte| byte & 0x0f)
    }

    /// From access point to access point: the frame has four addresses.
    fn is_relayed(&self) -> bool {
        self.control[1] & (FLAG_TO_DS | FLAG_FROM_DS) == FLAG_TO_DS | FLAG_FROM_DS
    }

    fn has_qos(&self) -> bool {
        self.control[0] & SUBTYPE_QOS != 0
    }
}

/// A radiotap header (radiotap.org).
#[derive(Clone, Copy, Debug)]
pub struct Radiotap<'a> {
    bytes: &'a [u8],
}

impl<'a> Radiotap<'a> {
    /// Views the header at the front of `bytes`.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Reason> {
        let &[version, _, a, b, ..] = bytes.first_chunk::<8>().ok_or(Reason::Truncated)?;
        if version != 0 {
            return Err(Reason::BadVersion);
        }
        let len = usize::from(u16::from_le_bytes([a, b]));
        if len < 8 {
            return Err(Reason::BadLength);
        }
        Ok(Self { bytes: bytes.get(..len).ok_or(Reason::Truncated)? })
    }

    /// Length of the header.
    pub fn header_len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether a frame check sequence is at the end of the frame.
    pub fn has_fcs(&self) -> bool {
        self.flags().is_some_and(|flags| flags & 0x10 != 0)
    }

    /// Whether the 802.11 header is padded to a multiple of four bytes.
    pub fn has_padding(&self) -> bool {
        self.flags().is_some_and(|flags| flags & 0x20 != 0)
    }

    /// The flags field: the second of all fields, after a timestamp that is aligned to 8 bytes,
    /// after as many words of presence bits as say that another follows.
    fn flags(&self) -> Option<u8> {
        let first = self.presence(0)?;
        if first & PRESENT_FLAGS == 0 {
            return None;
        }
        let mut last = 0;
        while self.presence(last)? & PRESENT_MORE != 0 {
            last += 1;
        }
        let mut at = 4 + 4 * (last + 1);
        if first & PRESENT_TIMESTAMP != 0 {
            at = at.next_multiple_of(8) + 8;
        }
        self.bytes.get(at).copied()
    }

    fn presence(&self, word: usize) -> Option<u32> {
        let bytes = self.bytes.get(4 + 4 * word..)?;
        Some(u32::from_le_bytes(*bytes.first_chunk()?))
    }
}

/// Length of the Prism or AVS header at the front of `bytes`, which the same link type may be.
pub fn prism_header_len(bytes: &[u8]) -> Result<usize, Reason> {
    let (code, rest) = bytes.split_first_chunk().ok_or(Reason::Truncated)?;
    let code = u32::from_be_bytes(*code);
    let len = u32::from_be_bytes(*rest.first_chunk().ok_or(Reason::Truncated)?);
    // AVS is big endian; Prism has the byte order of the machine that captured.
    let is_avs = code & 0xffff_f000 == 0x8021_1000;
    let len = if !is_avs && len > 0xffff { len.swap_bytes() } else { len } as usize;
    if len < 8 {
        return Err(Reason::BadLength);
    }
    if len > bytes.len() { Err(Reason::Truncated) } else { Ok(len) }
}

/// Frame control and duration.
const CONTROL_LEN: usize = 4;
const VERSION: u8 = 0x03;
const SEQUENCE_AT: usize = 22;
const SUBTYPE_NO_DATA: u8 = 0x40;
const SUBTYPE_QOS: u8 = 0x80;
const FLAG_TO_DS: u8 = 0x01;
const FLAG_FROM_DS: u8 = 0x02;
const FLAG_MORE_FRAGMENTS: u8 = 0x04;
const FLAG_PROTECTED: u8 = 0x40;
const FLAG_ORDER: u8 = 0x80;
const PRESENT_TIMESTAMP: u32 = 1;
const PRESENT_FLAGS: u32 = 2;
const PRESENT_MORE: u32 = 1 << 31;

#[cfg(test)]
mod tests {
    use super::*;

    fn data(control: [u8; 2]) -> [u8; 40] {
        let mut frame = [0; 40];
        frame[..2].copy_from_slice(&control);
        frame
    }

    #[test]
    fn where_the_addresses_are_and_how_long_the_header_is() {
        // Control bytes; source, destination, length.
        let cases = [
            ([0x08, 0x00], (10, 4, 24)),
            ([0x08, 0x01], (10, 16, 24)),
            ([0x08, 0x02], (16, 4, 24)),
            ([0x08, 0x03], (24, 16, 30)),
            ([0x88, 0x02], (16, 4, 26)),
            ([0x88, 0x82], (16, 4, 30)),
            ([0x88, 0x03], (24, 16, 32)),
        ];
        for (control, expected) in cases {
            let bytes = data(control);
            let frame = Ieee80211::parse(&bytes).unwrap();
            assert_eq!((frame.src_at(), frame.dst_at(), frame.header_len()), expected);
            assert!(frame.has_packet());
            for len in 0..frame.header_len() {
                assert_eq!(Ieee80211::parse(&bytes[..len]).unwrap_err(), Reason::Truncated);
            }
        }
    }

    #[test]
    fn frames_without_a_packet_to_read() {
        let names = ["management", "control", "null", "QoS null", "protected", "fragment"];
        let controls = [[0x80, 0], [0xb4, 0], [0x48, 0], [0xc8, 0], [0x08, 0x40], [0x08, 0x04]];
        for (name, control) in names.iter().zip(controls) {
            assert!(!Ieee80211::parse(&data(control)).unwrap().has_packet(), "{name}");
        }
        let mut later_fragment = data([0x08, 0]);
        later_fragment[22] = 0x31;
        assert!(!Ieee80211::parse(&later_fragment).unwrap().has_packet());
        let mut aggregate = data([0x88, 0]);
        aggregate[24] = 0x80;
        let aggregate = Ieee80211::parse(&aggregate).unwrap();
        assert!(aggregate.has_packet() && aggregate.is_aggregate());
        assert!(!Ieee80211::parse(&data([0x08, 0])).unwrap().is_aggregate());
    }

    #[test]
    fn swapped_control_bytes_are_taken_where_the_others_make_no_sense() {
        let mut to_controller = data([0x01, 0x08]);
        to_controller[22..24].copy_from_slice(&[0x01, 0x10]);
        assert_eq!(Ieee80211::parse(&to_controller).unwrap_err(), Reason::BadVersion);
        let frame = Ieee80211::parse_swapped(&to_controller).unwrap();
        assert!(frame.has_packet(), "frame 17 is no fragment");
        assert_eq!((frame.src_at(), frame.dst_at(), frame.header_len()), (10, 16, 24));
        let as_it_is = data([0x08, 0x01]);
        let frame = Ieee80211::parse_swapped(&as_it_is).unwrap();
        assert_eq!((frame.src_at(), frame.dst_at(), frame.header_len()), (10, 16, 24));
        assert_eq!(Ieee80211::parse_swapped(&data([3, 3])).unwrap_err(), Reason::BadVersion);
    }

    #[test]
    fn radiotap_flags_after_a_timestamp_and_a_second_word() {
        // Length 25, timestamp and flags and "more" in the first word; flags at 16 + 8.
        let mut bytes = [0; 25];
        bytes[2] = 25;
        bytes[4..8].copy_from_slice(&[0x03, 0, 0, 0x80]);
        bytes[24] = 0x10;
        let radiotap = Radiotap::parse(&bytes).unwrap();
        assert!(radiotap.has_fcs() && !radiotap.has_padding());
        assert_eq!(radiotap.header_len(), 25);
        for len in 0..25 {
            assert_eq!(Radiotap::parse(&bytes[..len]).unwrap_err(), Reason::Truncated);
        }
    }

    #[test]
    fn radiotap_flags_without_a_timestamp() {
        let radiotap = Radiotap::parse(&[0, 0, 9, 0, 0x02, 0, 0, 0, 0x20]).unwrap();
        assert!(!radiotap.has_fcs() && radiotap.has_padding());
        let none = Radiotap::parse(&[0, 0, 9, 0, 0x04, 0, 0, 0, 0x30]).unwrap();
        assert!(!none.has_fcs());
    }

    #[test]
    fn prism_in_both_byte_orders_and_avs() {
        let mut bytes = [0; 144];
        bytes[..8].copy_from_slice(&[0x44, 0, 0, 0, 144, 0, 0, 0]);
        assert_eq!(prism_header_len(&bytes), Ok(144));
        assert_eq!(prism_header_len(&bytes[..143]), Err(Reason::Truncated));
        bytes[..8].copy_from_slice(&[0, 0, 0, 0x44, 0, 0, 0, 144]);
        assert_eq!(prism_header_len(&bytes), Ok(144));
        bytes[..8].copy_from_slice(&[0x80, 0x21, 0x10, 0x01, 0, 0, 0, 64]);
        assert_eq!(prism_header_len(&bytes), Ok(64));
        bytes[7] = 7;
        assert_eq!(prism_header_len(&bytes), Err(Reason::BadLength));
    }
}
