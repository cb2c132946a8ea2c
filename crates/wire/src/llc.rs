//! IEEE 802.2 logical link control, and the subnetwork access protocol on top of it (RFC 1042).

use crate::{EtherType, Reason};

/// An LLC header.
#[derive(Clone, Copy, Debug)]
pub struct Llc<'a> {
    header: &'a [u8; 3],
}

impl<'a> Llc<'a> {
    /// Views the header at the front of `bytes`.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Reason> {
        Ok(Self { header: bytes.first_chunk().ok_or(Reason::Truncated)? })
    }

    /// Service access point of the receiver: what follows.
    pub fn dsap(&self) -> u8 {
        self.header[0]
    }

    /// Service access point of the sender.
    pub fn ssap(&self) -> u8 {
        self.header[1]
    }

    /// Length of the header: unnumbered frames have one control byte, the others two.
    pub fn header_len(&self) -> usize {
        if self.header[2] & 3 == 3 { 3 } else { 4 }
    }

    /// Whether this is a frame of connectionless service.
    pub fn is_information(&self) -> bool {
        self.header[2] == UNNUMBERED_INFORMATION
    }

    /// Whether a SNAP header follows.
    pub fn is_snap(&self) -> bool {
        *self.header == [SAP_SNAP, SAP_SNAP, UNNUMBERED_INFORMATION]
    }

    /// Whether IPv4 follows (RFC 948).
    pub fn is_ipv4(&self) -> bool {
        *self.header == [SAP_IP, SAP_IP, UNNUMBERED_INFORMATION]
    }
}

/// A SNAP header.
#[derive(Clone, Copy, Debug)]
pub struct Snap<'a> {
    header: &'a [u8; SNAP_LEN],
}

impl<'a> Snap<'a> {
    /// Views the header at the front of `bytes`.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Reason> {
        Ok(Self { header: bytes.first_chunk().ok_or(Reason::Truncated)? })
    }

    /// Whose number the protocol identifier is.
    pub fn organization(&self) -> [u8; 3] {
        [self.header[0], self.header[1], self.header[2]]
    }

    /// What follows, when the identifier is an `EtherType`: of the organization zero, and of
    /// bridge tunnels (IEEE 802.1H).
    pub fn ether_type(&self) -> Option<EtherType> {
        matches!(self.organization(), [0, 0, 0 | 0xf8])
            .then(|| EtherType(u16::from_be_bytes([self.header[3], self.header[4]])))
    }

    /// Length of the header.
    pub const LEN: usize = SNAP_LEN;
}

const SNAP_LEN: usize = 5;
const SAP_SNAP: u8 = 0xaa;
const SAP_IP: u8 = 0x06;
const UNNUMBERED_INFORMATION: u8 = 0x03;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ipv4_in_snap() {
        let bytes = [0xaa, 0xaa, 0x03, 0, 0, 0, 0x08, 0x00];
        let llc = Llc::parse(&bytes).unwrap();
        assert!(llc.is_snap() && llc.is_information() && !llc.is_ipv4());
        assert_eq!((llc.dsap(), llc.ssap(), llc.header_len()), (0xaa, 0xaa, 3));
        let snap = Snap::parse(&bytes[3..]).unwrap();
        assert_eq!(snap.ether_type(), Some(EtherType::IPV4));
        for len in 0..3 {
            assert_eq!(Llc::parse(&bytes[..len]).unwrap_err(), Reason::Truncated);
        }
        for len in 0..Snap::LEN {
            assert_eq!(Snap::parse(&bytes[3..3 + len]).unwrap_err(), Reason::Truncated);
        }
    }

    #[test]
    fn another_organization_has_its_own_numbers() {
        // Cisco: 0x2000 is CDP.
        let snap = Snap::parse(&[0, 0, 0x0c, 0x20, 0]).unwrap();
        assert_eq!(snap.ether_type(), None);
    }

    #[test]
    fn supervisory_frames_have_two_control_bytes() {
        assert_eq!(Llc::parse(&[0x42, 0x42, 0x01]).unwrap().header_len(), 4);
    }
}
