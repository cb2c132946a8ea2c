//! Small headers between Ethernet and what it carries, of provider bridges and of data centres:
//! 802.1ah I-tags, 802.1BR E-tags, the tags of redundant networks (HSR, 802.1CB), Cisco's `VNTag`,
//! `FabricPath` and metadata, network service headers (RFC 8300), and those of batman-adv, a mesh.

use crate::{EtherType, Reason};

/// Length of an I-tag after its `EtherType` (IEEE 802.1ah); an Ethernet frame follows.
pub const ITAG_LEN: usize = 4;

/// Length of a `FabricPath` tag after its `EtherType`; an Ethernet frame follows.
pub const FABRIC_PATH_LEN: usize = 2;

/// Length of a `VNTag` with the `EtherType` at its end.
pub const VNTAG_LEN: usize = 6;

/// Length of Cisco metadata with the `EtherType` at their end.
pub const METADATA_LEN: usize = 8;

/// Length of an E-tag with the `EtherType` at its end (IEEE 802.1BR).
pub const ETAG_LEN: usize = 8;

/// Length of the tag of a redundant ring with the `EtherType` at its end (HSR, IEC 62439-3).
pub const HSR_LEN: usize = 6;

/// Length of a redundancy tag with the `EtherType` at its end (IEEE 802.1CB).
pub const RTAG_LEN: usize = 6;

/// Length of the header of batman-adv at the front of `bytes`, if an Ethernet frame follows; that of
/// version 15, which Linux has had since 2014.
pub fn batman_header_len(bytes: &[u8]) -> Result<Option<usize>, Reason> {
    let len = match *bytes {
        [BATMAN_BROADCAST, BATMAN_VERSION, ..] => 14,
        [BATMAN_UNICAST, BATMAN_VERSION, ..] => 10,
        [BATMAN_UNICAST_WITH_SENDER, BATMAN_VERSION, ..] => 18,
        [_, BATMAN_VERSION, ..] => return Ok(None),
        [_, _, ..] => return Err(Reason::BadVersion),
        _ => return Err(Reason::Truncated),
    };
    if len > bytes.len() { Err(Reason::Truncated) } else { Ok(Some(len)) }
}

/// What the last two of the first `tag_len` bytes say follows.
pub fn last_ether_type(bytes: &[u8], tag_len: usize) -> Result<EtherType, Reason> {
    let last = bytes.get(..tag_len).and_then(|tag| tag.last_chunk());
    Ok(EtherType(u16::from_be_bytes(*last.ok_or(Reason::Truncated)?)))
}

/// A network service header.
#[derive(Clone, Copy, Debug)]
pub struct Nsh<'a> {
    header: &'a [u8; 4],
}

impl<'a> Nsh<'a> {
    /// Views the header at the front of `bytes`.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Reason> {
        let nsh = Self { header: bytes.first_chunk().ok_or(Reason::Truncated)? };
        if nsh.header[0] >> 6 != 0 {
            return Err(Reason::BadVersion);
        }
        if nsh.header_len() < 8 { Err(Reason::BadLength) } else { Ok(nsh) }
    }

    /// Length of the header with its context, in units of four bytes.
    pub fn header_len(&self) -> usize {
        usize::from(self.header[1] & 0x3f) * 4
    }

    /// What follows, as an `EtherType`.
    pub fn protocol(&self) -> Option<EtherType> {
        match self.header[3] {
            1 => Some(EtherType::IPV4),
            2 => Some(EtherType::IPV6),
            3 => Some(EtherType::BRIDGED),
            4 => Some(EtherType::NSH),
            5 => Some(EtherType::MPLS),
            _ => None,
        }
    }
}

const BATMAN_VERSION: u8 = 15;
const BATMAN_BROADCAST: u8 = 0x01;
const BATMAN_UNICAST: u8 = 0x40;
const BATMAN_UNICAST_WITH_SENDER: u8 = 0x42;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nsh() {
        let mut bytes = [0x0f, 0xc6, 0x01, 0x03];
        let nsh = Nsh::parse(&bytes).unwrap();
        assert_eq!((nsh.header_len(), nsh.protocol()), (24, Some(EtherType::BRIDGED)));
        bytes[1] = 1;
        assert_eq!(Nsh::parse(&bytes).unwrap_err(), Reason::BadLength);
        bytes[0] = 0x40;
        assert_eq!(Nsh::parse(&bytes).unwrap_err(), Reason::BadVersion);
        assert_eq!(Nsh::parse(&bytes[..3]).unwrap_err(), Reason::Truncated);
    }

    #[test]
    fn batman() {
        for (kind, len) in [(0x01, 14), (0x40, 10), (0x42, 18)] {
            let mut bytes = [0; 18];
            bytes[..2].copy_from_slice(&[kind, 15]);
            assert_eq!(batman_header_len(&bytes), Ok(Some(len)));
            for cut in 0..len {
                assert_eq!(batman_header_len(&bytes[..cut]), Err(Reason::Truncated));
            }
            bytes[1] = 14;
            assert_eq!(batman_header_len(&bytes), Err(Reason::BadVersion));
        }
        assert_eq!(batman_header_len(&[0, 15, 50]), Ok(None), "an originator's message");
    }

    #[test]
    fn tags() {
        let vntag = [0, 0, 0, 0, 0x81, 0];
        assert_eq!(last_ether_type(&vntag, VNTAG_LEN), Ok(EtherType::VLAN));
        for len in 0..VNTAG_LEN {
            assert_eq!(last_ether_type(&vntag[..len], VNTAG_LEN), Err(Reason::Truncated));
        }
    }
}
