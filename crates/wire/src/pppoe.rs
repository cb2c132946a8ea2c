//! PPP over Ethernet, session stage (RFC 2516).

use crate::Reason;

/// The header of a session packet.
#[derive(Clone, Copy, Debug)]
pub struct Pppoe<'a> {
    header: &'a [u8; HEADER_LEN],
}

impl<'a> Pppoe<'a> {
    /// Views the header at the front of `bytes`.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Reason> {
        let header: &[u8; HEADER_LEN] = bytes.first_chunk().ok_or(Reason::Truncated)?;
        if header[0] == VERSION_AND_TYPE { Ok(Self { header }) } else { Err(Reason::BadVersion) }
    }

    /// 0 for session data; discovery has others.
    pub fn code(&self) -> u8 {
        self.header[1]
    }

    /// Which session of the two hosts.
    pub fn session(&self) -> u16 {
        u16::from_be_bytes([self.header[2], self.header[3]])
    }

    /// Length after this header.
    pub fn payload_len(&self) -> usize {
        usize::from(u16::from_be_bytes([self.header[4], self.header[5]]))
    }

    /// Length of the header.
    pub const LEN: usize = HEADER_LEN;
}

const HEADER_LEN: usize = 6;
const VERSION_AND_TYPE: u8 = 0x11;

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: [u8; 6] = [0x11, 0, 0x3b, 0x1a, 0x00, 0x2a];

    #[test]
    fn fields() {
        let pppoe = Pppoe::parse(&HEADER).unwrap();
        assert_eq!((pppoe.code(), pppoe.session(), pppoe.payload_len()), (0, 0x3b1a, 42));
        for len in 0..Pppoe::LEN {
            assert_eq!(Pppoe::parse(&HEADER[..len]).unwrap_err(), Reason::Truncated);
        }
        let mut other = HEADER;
        other[0] = 0x21;
        assert_eq!(Pppoe::parse(&other).unwrap_err(), Reason::BadVersion);
    }
}
