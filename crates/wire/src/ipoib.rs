//! IP over InfiniBand (RFC 4391, 6), as captures have it: the link-layer address that a packet goes
//! to, then the encapsulation header.

use crate::{EtherType, Reason};

/// A header of IP over `InfiniBand`.
#[derive(Clone, Copy, Debug)]
pub struct Ipoib<'a> {
    header: &'a [u8; HEADER_LEN],
}

impl<'a> Ipoib<'a> {
    /// Views the header at the front of `bytes`.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Reason> {
        Ok(Self { header: bytes.first_chunk().ok_or(Reason::Truncated)? })
    }

    /// What follows.
    pub fn protocol(&self) -> EtherType {
        let [.., high, low, _, _] = *self.header;
        EtherType(u16::from_be_bytes([high, low]))
    }

    /// Where the encapsulation header begins.
    pub const PROTOCOL_AT: usize = HEADER_LEN - 4;
    /// Length of the header: room for a global route header, of which the address is the last 20
    /// bytes, and four bytes of encapsulation.
    pub const LEN: usize = HEADER_LEN;
}

const HEADER_LEN: usize = 44;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protocol() {
        let mut bytes = [0xff; Ipoib::LEN];
        bytes[Ipoib::PROTOCOL_AT..].copy_from_slice(&[0x86, 0xdd, 0, 0]);
        assert_eq!(Ipoib::parse(&bytes).unwrap().protocol(), EtherType::IPV6);
        for len in 0..bytes.len() {
            assert_eq!(Ipoib::parse(&bytes[..len]).unwrap_err(), Reason::Truncated);
        }
    }
}
