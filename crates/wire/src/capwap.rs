//! CAPWAP data (RFC 5415, section 4.3): frames of wireless stations between access point and
//! controller, in UDP.

use crate::Reason;

/// The header of a CAPWAP data message that is not encrypted.
#[derive(Clone, Copy, Debug)]
pub struct Capwap<'a> {
    fixed: &'a [u8; FIXED_LEN],
}

impl<'a> Capwap<'a> {
    /// Views the header at the front of `bytes`.
    ///
    /// A preamble that says DTLS follows is refused as another version.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Reason> {
        let capwap = Self { fixed: bytes.first_chunk().ok_or(Reason::Truncated)? };
        if capwap.fixed[0] != PREAMBLE {
            return Err(Reason::BadVersion);
        }
        let header = bytes.get(..capwap.header_len()).ok_or(Reason::Truncated)?;
        let mut options_end = FIXED_LEN;
        for flag in [FLAG_RADIO_MAC, FLAG_WIRELESS] {
            if capwap.fixed[3] & flag != 0 {
                let len = header.get(options_end).ok_or(Reason::BadLength)?;
                options_end += 1 + usize::from(*len);
            }
        }
        if options_end > header.len() { Err(Reason::BadLength) } else { Ok(capwap) }
    }

    /// Length of the header with what is said of the radio.
    pub fn header_len(&self) -> usize {
        usize::from(self.fixed[1] >> 3) * 4
    }

    /// What follows, if it is one whole frame.
    pub fn payload(&self) -> Option<CapwapPayload> {
        let is_native = self.fixed[2] & FLAG_NATIVE != 0;
        let binding = self.fixed[2] >> 1 & 0x1f;
        if self.fixed[3] & (FLAG_FRAGMENT | FLAG_KEEP_ALIVE | RESERVED) != 0 {
            return None;
        }
        match (is_native, binding) {
            (true, BINDING_80211) => Some(CapwapPayload::Ieee80211),
            (false, _) => Some(CapwapPayload::Ethernet),
            _ => None,
        }
    }
}

/// The kind of frame that CAPWAP carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CapwapPayload {
    /// An Ethernet frame.
    Ethernet,
    /// An 802.11 frame without a frame check sequence.
    Ieee80211,
}

const FIXED_LEN: usize = 8;
/// Version 0, and a header that is not encrypted.
const PREAMBLE: u8 = 0;
const BINDING_80211: u8 = 1;
const FLAG_NATIVE: u8 = 0x01;
const FLAG_FRAGMENT: u8 = 0x80;
const FLAG_WIRELESS: u8 = 0x20;
const FLAG_RADIO_MAC: u8 = 0x10;
const FLAG_KEEP_ALIVE: u8 = 0x08;
const RESERVED: u8 = 0x07;

#[cfg(test)]
mod tests {
    use super::*;

    /// Sixteen bytes, radio 1, 802.11, with what was heard of the station: four bytes and padding.
    const HEADER: [u8; 16] = [0, 0x20, 0x43, 0x20, 0, 0, 0, 0, 4, 0xd8, 31, 0, 54, 0, 0, 0];

    #[test]
    fn fields() {
        let capwap = Capwap::parse(&HEADER).unwrap();
        assert_eq!(capwap.header_len(), 16);
        assert_eq!(capwap.payload(), Some(CapwapPayload::Ieee80211));
        for len in 0..HEADER.len() {
            assert_eq!(Capwap::parse(&HEADER[..len]).unwrap_err(), Reason::Truncated);
        }
        let bridged = [0, 0x10, 0x42, 0, 0, 0, 0, 0];
        assert_eq!(Capwap::parse(&bridged).unwrap().payload(), Some(CapwapPayload::Ethernet));
    }

    #[test]
    fn options_that_do_not_fit_and_encryption_are_refused() {
        let with = |at: usize, byte: u8| {
            let mut header = HEADER;
            header[at] = byte;
            header
        };
        assert_eq!(Capwap::parse(&with(0, 1)).unwrap_err(), Reason::BadVersion);
        assert_eq!(Capwap::parse(&with(1, 0x08)).unwrap_err(), Reason::BadLength);
        assert_eq!(Capwap::parse(&with(8, 8)).unwrap_err(), Reason::BadLength);
        let mut two_options = with(3, 0x30);
        assert!(Capwap::parse(&two_options).is_ok());
        two_options[13] = 3;
        assert_eq!(Capwap::parse(&two_options).unwrap_err(), Reason::BadLength);
    }

    #[test]
    fn fragments_and_keep_alives_carry_no_whole_frame() {
        for flags in [0xa0, 0x28, 0x21] {
            let mut header = HEADER;
            header[3] = flags;
            assert_eq!(Capwap::parse(&header).unwrap().payload(), None, "{flags:#x}");
        }
        let mut other_radio = HEADER;
        other_radio[2] = 0x47;
        assert_eq!(Capwap::parse(&other_radio).unwrap().payload(), None);
    }
}
