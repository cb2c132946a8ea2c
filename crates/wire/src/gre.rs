//! GRE (RFC 1701, RFC 2784, RFC 2890), its version 1 of PPTP (RFC 2637), and NVGRE (RFC 7637).

use crate::{EtherType, Reason};

/// A GRE header with its optional fields.
#[derive(Clone, Copy, Debug)]
pub struct Gre<'a> {
    fixed: &'a [u8; FIXED_LEN],
    bytes: &'a [u8],
    header_len: usize,
}

impl<'a> Gre<'a> {
    /// Views the header at the front of `bytes`.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Reason> {
        let fixed = bytes.first_chunk().ok_or(Reason::Truncated)?;
        let mut gre = Self { fixed, bytes, header_len: 0 };
        gre.header_len = match gre.version() {
            0 => gre.key_at() + gre.words(FLAG_KEY | FLAG_SEQUENCE) + gre.routing_len()?,
            1 => FIXED_LEN + gre.words(FLAG_KEY | FLAG_SEQUENCE | FLAG_ACKNOWLEDGEMENT),
            _ => return Err(Reason::BadVersion),
        };
        if gre.header_len > bytes.len() { Err(Reason::Truncated) } else { Ok(gre) }
    }

    /// 0, or 1 for PPTP.
    pub fn version(&self) -> u8 {
        self.fixed[1] & 7
    }

    /// What follows.
    pub fn protocol(&self) -> EtherType {
        EtherType(u16::from_be_bytes([self.fixed[2], self.fixed[3]]))
    }

    /// The key; for PPTP the payload length and the call.
    pub fn key(&self) -> Option<u32> {
        if !self.has(FLAG_KEY) {
            return None;
        }
        self.bytes.get(self.key_at()..)?.first_chunk().map(|key| u32::from_be_bytes(*key))
    }

    /// Virtual subnet identifier, when this is an NVGRE header.
    pub fn vsid(&self) -> Option<u32> {
        let is_nvgre = self.flags() == FLAG_KEY && self.protocol() == EtherType::BRIDGED;
        self.key().filter(|_| is_nvgre).map(|key| key >> 8)
    }

    /// Length of the payload, which only PPTP says.
    pub fn payload_len(&self) -> Option<usize> {
        self.key().filter(|_| self.version() == 1).map(|key| (key >> 16) as usize)
    }

    /// Whether there is a sequence number.
    pub fn has_sequence(&self) -> bool {
        self.has(FLAG_SEQUENCE)
    }

    /// Length of the header with its optional fields.
    pub fn header_len(&self) -> usize {
        self.header_len
    }

    fn flags(&self) -> u16 {
        u16::from_be_bytes([self.fixed[0], self.fixed[1]])
    }

    fn has(&self, flag: u16) -> bool {
        self.flags() & flag != 0
    }

    /// Bytes of those optional fields that are there; each has four.
    fn words(&self, flags: u16) -> usize {
        4 * (self.flags() & flags).count_ones() as usize
    }

    /// Checksum and routing offset are there together when either flag is set.
    fn key_at(&self) -> usize {
        let has_checksum = self.version() == 0 && self.has(FLAG_CHECKSUM | FLAG_ROUTING);
        FIXED_LEN + if has_checksum { 4 } else { 0 }
    }

    /// Length of the source route entries of RFC 1701; one with length 0 is the last.
    fn routing_len(&self) -> Result<usize, Reason> {
        if !self.has(FLAG_ROUTING) {
            return Ok(0);
        }
        let start = self.key_at() + self.words(FLAG_KEY | FLAG_SEQUENCE);
        let mut at = start;
        loop {
            let entry = self.bytes.get(at..).and_then(|rest| rest.first_chunk::<4>());
            let len = usize::from(entry.ok_or(Reason::Truncated)?[3]);
            at += 4 + len;
            if len == 0 {
                return Ok(at - start);
            }
        }
    }
}

const FIXED_LEN: usize = 4;
const FLAG_CHECKSUM: u16 = 0x8000;
const FLAG_ROUTING: u16 = 0x4000;
const FLAG_KEY: u16 = 0x2000;
const FLAG_SEQUENCE: u16 = 0x1000;
const FLAG_ACKNOWLEDGEMENT: u16 = 0x0080;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_optional_fields_of_version_0() {
        let bytes = [
            0xf0, 0, 0x08, 0x00, // flags, IPv4
            1, 2, 0, 0, // checksum, offset
            0, 0, 0, 7, // key
            0, 0, 0, 9, // sequence number
            0, 2, 4, 4, 1, 2, 3, 4, // a route entry
            0, 0, 0, 0, // the last route entry
        ];
        let gre = Gre::parse(&bytes).unwrap();
        assert_eq!((gre.protocol(), gre.key(), gre.header_len()), (EtherType::IPV4, Some(7), 28));
        assert!(gre.has_sequence());
        assert_eq!((gre.vsid(), gre.payload_len()), (None, None));
        for len in 0..bytes.len() {
            assert_eq!(Gre::parse(&bytes[..len]).unwrap_err(), Reason::Truncated);
        }
    }

    #[test]
    fn version_1_has_a_length_and_an_acknowledgement() {
        let bytes = [0x30, 0x81, 0x88, 0x0b, 0, 20, 0, 5, 0, 0, 0, 1, 0, 0, 0, 2];
        let gre = Gre::parse(&bytes).unwrap();
        assert_eq!((gre.protocol(), gre.payload_len()), (EtherType::PPP, Some(20)));
        assert_eq!(gre.header_len(), 16);
    }

    #[test]
    fn nvgre_is_a_key_and_nothing_else() {
        let mut bytes = [0x20, 0, 0x65, 0x58, 0x12, 0x34, 0x56, 0x78, 0, 0, 0, 0];
        assert_eq!(Gre::parse(&bytes).unwrap().vsid(), Some(0x12_3456));
        bytes[0] = 0x30;
        assert_eq!(Gre::parse(&bytes).unwrap().vsid(), None);
        bytes[1] = 2;
        assert_eq!(Gre::parse(&bytes).unwrap_err(), Reason::BadVersion);
    }
}
