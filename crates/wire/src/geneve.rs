//! Geneve (RFC 8926).

use crate::{EtherType, Reason};

/// A Geneve header.
#[derive(Clone, Copy, Debug)]
pub struct Geneve<'a> {
    header: &'a [u8; FIXED_LEN],
}

impl<'a> Geneve<'a> {
    /// Views the header at the front of `bytes`.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Reason> {
        let geneve = Self { header: bytes.first_chunk().ok_or(Reason::Truncated)? };
        if geneve.header[0] >> 6 != 0 {
            return Err(Reason::BadVersion);
        }
        if geneve.header_len() > bytes.len() { Err(Reason::Truncated) } else { Ok(geneve) }
    }

    /// Length of the header with its options.
    pub fn header_len(&self) -> usize {
        FIXED_LEN + usize::from(self.header[0] & 0x3f) * 4
    }

    /// Whether this is a control packet, with no frame in it.
    pub fn is_control(&self) -> bool {
        self.header[1] & 0x80 != 0
    }

    /// What follows.
    pub fn protocol(&self) -> EtherType {
        EtherType(u16::from_be_bytes([self.header[2], self.header[3]]))
    }

    /// Network identifier.
    pub fn vni(&self) -> u32 {
        u32::from_be_bytes([0, self.header[4], self.header[5], self.header[6]])
    }
}

const FIXED_LEN: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields() {
        let mut bytes = [0x01, 0x40, 0x65, 0x58, 0x00, 0x0a, 0x0b, 0, 1, 2, 3, 0];
        let geneve = Geneve::parse(&bytes).unwrap();
        assert_eq!((geneve.header_len(), geneve.vni()), (12, 0x0a0b));
        assert_eq!((geneve.protocol(), geneve.is_control()), (EtherType::BRIDGED, false));
        for len in 0..bytes.len() {
            assert_eq!(Geneve::parse(&bytes[..len]).unwrap_err(), Reason::Truncated);
        }
        bytes[1] = 0x80;
        assert!(Geneve::parse(&bytes).unwrap().is_control());
        bytes[0] = 0x41;
        assert_eq!(Geneve::parse(&bytes).unwrap_err(), Reason::BadVersion);
    }
}
