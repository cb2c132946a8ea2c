//! Per-packet information (`LINKTYPE_PPI`): a header before a frame of a link type it names.

use flowloom_schema::LinkType;

use crate::Reason;

/// A per-packet information header with its fields.
#[derive(Clone, Copy, Debug)]
pub struct Ppi<'a> {
    header: &'a [u8; HEADER_LEN],
    fields: &'a [u8],
}

impl<'a> Ppi<'a> {
    /// Views the header at the front of `bytes`.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Reason> {
        let header: &[u8; HEADER_LEN] = bytes.first_chunk().ok_or(Reason::Truncated)?;
        if header[0] != 0 {
            return Err(Reason::BadVersion);
        }
        let len = usize::from(u16::from_le_bytes([header[2], header[3]]));
        if len < HEADER_LEN {
            return Err(Reason::BadLength);
        }
        let fields = bytes.get(HEADER_LEN..len).ok_or(Reason::Truncated)?;
        Ok(Self { header, fields })
    }

    /// Length of the header with its fields.
    pub fn header_len(&self) -> usize {
        HEADER_LEN + self.fields.len()
    }

    /// What follows; link types above 16 bits are none we know.
    pub fn link(&self) -> Option<LinkType> {
        let number =
            u32::from_le_bytes([self.header[4], self.header[5], self.header[6], self.header[7]]);
        u16::try_from(number).ok().map(LinkType)
    }

    /// Whether a frame check sequence is at the end of an 802.11 frame.
    pub fn has_fcs(&self) -> bool {
        let mut fields = self.fields;
        while let &[a, b, c, d, ref rest @ ..] = fields {
            let len = usize::from(u16::from_le_bytes([c, d]));
            if u16::from_le_bytes([a, b]) == FIELD_COMMON {
                return rest.get(8).is_some_and(|flags| flags & 1 != 0);
            }
            fields = rest.get(len..).unwrap_or(&[]);
        }
        false
    }
}

const HEADER_LEN: usize = 8;
const FIELD_COMMON: u16 = 2;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields() {
        let mut bytes = [0; 32];
        bytes[2] = 32;
        bytes[4] = 105;
        bytes[8..12].copy_from_slice(&[2, 0, 20, 0]);
        assert!(!Ppi::parse(&bytes).unwrap().has_fcs());
        bytes[20] = 1;
        let ppi = Ppi::parse(&bytes).unwrap();
        assert_eq!(ppi.link(), Some(LinkType::IEEE802_11));
        assert_eq!(ppi.header_len(), 32);
        assert!(ppi.has_fcs());
        for len in 0..32 {
            assert_eq!(Ppi::parse(&bytes[..len]).unwrap_err(), Reason::Truncated);
        }
        bytes[2] = 7;
        assert_eq!(Ppi::parse(&bytes).unwrap_err(), Reason::BadLength);
        bytes[0] = 1;
        assert_eq!(Ppi::parse(&bytes).unwrap_err(), Reason::BadVersion);
    }
}
