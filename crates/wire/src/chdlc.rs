//! Cisco HDLC (`LINKTYPE_C_HDLC`).

use crate::{EtherType, Reason};

/// A Cisco HDLC header.
#[derive(Clone, Copy, Debug)]
pub struct CiscoHdlc<'a> {
    header: &'a [u8; HEADER_LEN],
}

impl<'a> CiscoHdlc<'a> {
    /// Views the header at the front of `bytes`.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Reason> {
        Ok(Self { header: bytes.first_chunk().ok_or(Reason::Truncated)? })
    }

    /// [`CiscoHdlc::UNICAST`] or [`CiscoHdlc::MULTICAST`].
    pub fn address(&self) -> u8 {
        self.header[0]
    }

    /// What follows; numbers of Cisco's own among them.
    pub fn protocol(&self) -> EtherType {
        EtherType(u16::from_be_bytes([self.header[2], self.header[3]]))
    }

    /// Cisco's keepalives and address requests, by a number that is elsewhere Reverse ARP's.
    pub const SLARP: EtherType = EtherType(0x8035);
    /// Length of the header.
    pub const LEN: usize = HEADER_LEN;
    /// Address of unicast frames.
    pub const UNICAST: u8 = 0x0f;
    /// Address of broadcast and multicast frames.
    pub const MULTICAST: u8 = 0x8f;
}

const HEADER_LEN: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields() {
        let bytes = [0x8f, 0, 0x88, 0x47];
        let header = CiscoHdlc::parse(&bytes).unwrap();
        assert_eq!(header.address(), CiscoHdlc::MULTICAST);
        assert_eq!(header.protocol(), EtherType::MPLS);
        for len in 0..CiscoHdlc::LEN {
            assert_eq!(CiscoHdlc::parse(&bytes[..len]).unwrap_err(), Reason::Truncated);
        }
    }
}
