//! GTP version 1, user plane (3GPP TS 29.281).

use crate::Reason;

/// A GTP-U header with its extension headers.
#[derive(Clone, Copy, Debug)]
pub struct Gtp<'a> {
    fixed: &'a [u8; FIXED_LEN],
    header_len: usize,
}

impl<'a> Gtp<'a> {
    /// Views the header at the front of `bytes`.
    ///
    /// GTP' (charging) has the same ports' neighbours and another shape: it is refused.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Reason> {
        let fixed: &[u8; FIXED_LEN] = bytes.first_chunk().ok_or(Reason::Truncated)?;
        if fixed[0] & VERSION_AND_TYPE != VERSION_1 {
            return Err(Reason::BadVersion);
        }
        let mut gtp = Self { fixed, header_len: FIXED_LEN };
        if fixed[0] & FLAGS_OPTIONAL != 0 {
            gtp.header_len = FIXED_LEN + OPTIONAL_LEN;
            let next_type = *bytes.get(gtp.header_len - 1).ok_or(Reason::Truncated)?;
            if fixed[0] & FLAG_EXTENSION != 0 {
                gtp.header_len += extensions_len(bytes, gtp.header_len, next_type)?;
            }
        }
        Ok(gtp)
    }

    /// Message type.
    pub fn message(&self) -> u8 {
        self.fixed[1]
    }

    /// Whether a user's packet follows.
    pub fn is_user_packet(&self) -> bool {
        self.message() == MESSAGE_G_PDU
    }

    /// Length from the front of the header to the end of the payload.
    pub fn total_len(&self) -> usize {
        FIXED_LEN + usize::from(u16::from_be_bytes([self.fixed[2], self.fixed[3]]))
    }

    /// Tunnel endpoint identifier.
    pub fn teid(&self) -> u32 {
        u32::from_be_bytes([self.fixed[4], self.fixed[5], self.fixed[6], self.fixed[7]])
    }

    /// Length of the header with its extension headers.
    pub fn header_len(&self) -> usize {
        self.header_len
    }
}

/// Each extension header begins with its length in units of four bytes and ends with the type of
/// the next, 0 for none.
fn extensions_len(bytes: &[u8], start: usize, mut next_type: u8) -> Result<usize, Reason> {
    let mut at = start;
    while next_type != 0 {
        let len = 4 * usize::from(*bytes.get(at).ok_or(Reason::Truncated)?);
        if len == 0 {
            return Err(Reason::BadLength);
        }
        at += len;
        next_type = *bytes.get(at - 1).ok_or(Reason::Truncated)?;
    }
    Ok(at - start)
}

const FIXED_LEN: usize = 8;
/// Sequence number, N-PDU number and next extension type: all there when one of them is.
const OPTIONAL_LEN: usize = 4;
const VERSION_AND_TYPE: u8 = 0xf0;
const VERSION_1: u8 = 0x30;
const FLAGS_OPTIONAL: u8 = 0x07;
const FLAG_EXTENSION: u8 = 0x04;
const MESSAGE_G_PDU: u8 = 0xff;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_extension_headers() {
        let mut bytes = [
            0x36, 0xff, 0, 12, 0, 0, 0x12, 0x34, // fixed part
            0, 1, 0, 0x85, // sequence number, N-PDU number, next type
            1, 0x10, 9, 0xc0, // PDU session container
            1, 0, 0, 0, // PDCP PDU number
        ];
        let gtp = Gtp::parse(&bytes).unwrap();
        assert_eq!((gtp.teid(), gtp.total_len(), gtp.header_len()), (0x1234, 20, 20));
        assert!(gtp.is_user_packet());
        for len in 0..bytes.len() {
            assert_eq!(Gtp::parse(&bytes[..len]).unwrap_err(), Reason::Truncated);
        }
        bytes[12] = 0;
        assert_eq!(Gtp::parse(&bytes).unwrap_err(), Reason::BadLength);
    }

    #[test]
    fn the_next_type_counts_only_with_its_flag() {
        let bytes = [0x32, 0xff, 0, 4, 0, 0, 0, 1, 0, 1, 0, 0x85];
        assert_eq!(Gtp::parse(&bytes).unwrap().header_len(), 12);
    }

    #[test]
    fn charging_and_other_versions_are_refused() {
        for first in [0x20, 0x48, 0x10] {
            let bytes = [first, 0xff, 0, 0, 0, 0, 0, 0];
            assert_eq!(Gtp::parse(&bytes).unwrap_err(), Reason::BadVersion);
        }
    }
}
