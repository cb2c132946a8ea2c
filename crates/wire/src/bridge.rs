//! Small headers between Ethernet and what it carries, of provider bridges and of data centres:
//! 802.1ah I-tags, Cisco's `VNTag`, `FabricPath` and metadata, and network service headers (RFC 8300).

use crate::{EtherType, Reason};

/// Length of an I-tag after its `EtherType` (IEEE 802.1ah); an Ethernet frame follows.
pub const ITAG_LEN: usize = 4;

/// Length of a `FabricPath` tag after its `EtherType`; an Ethernet frame follows.
pub const FABRIC_PATH_LEN: usize = 2;

/// Length of a `VNTag` with the `EtherType` at its end.
pub const VNTAG_LEN: usize = 6;

/// Length of Cisco metadata with the `EtherType` at their end.
pub const METADATA_LEN: usize = 8;

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
    fn tags() {
        let vntag = [0, 0, 0, 0, 0x81, 0];
        assert_eq!(last_ether_type(&vntag, VNTAG_LEN), Ok(EtherType::VLAN));
        for len in 0..VNTAG_LEN {
            assert_eq!(last_ether_type(&vntag[..len], VNTAG_LEN), Err(Reason::Truncated));
        }
    }
}
