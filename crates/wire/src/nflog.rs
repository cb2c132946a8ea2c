//! Linux netfilter log (`LINKTYPE_NFLOG`): a header, and fields of which one holds the packet.

use crate::Reason;

/// A netfilter log message.
#[derive(Clone, Copy, Debug)]
pub struct Nflog<'a> {
    header: &'a [u8; HEADER_LEN],
    fields: &'a [u8],
}

impl<'a> Nflog<'a> {
    /// Views the message at the front of `bytes`.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Reason> {
        let (header, fields) = bytes.split_first_chunk().ok_or(Reason::Truncated)?;
        let nflog = Self { header, fields };
        if nflog.header[1] == 0 { Ok(nflog) } else { Err(Reason::BadVersion) }
    }

    /// Linux's number of the address family.
    pub fn family(&self) -> u8 {
        self.header[0]
    }

    /// The packet: where it begins, counted from this header, and how long it is by the field
    /// that holds it.
    ///
    /// Fields are in the byte order of the machine that captured, which no header says; little
    /// endian is tried first. A walk in the wrong order ends at its first field.
    pub fn payload(&self) -> Option<(usize, usize)> {
        self.find_payload(u16::from_le_bytes).or_else(|| self.find_payload(u16::from_be_bytes))
    }

    /// Family of messages with an IPv4 packet.
    pub const FAMILY_IPV4: u8 = 2;
    /// Family of messages with an IPv6 packet.
    pub const FAMILY_IPV6: u8 = 10;

    fn find_payload(&self, number: fn([u8; 2]) -> u16) -> Option<(usize, usize)> {
        let mut at = 0;
        while let Some(&[a, b, c, d]) = self.fields.get(at..).and_then(|rest| rest.first_chunk()) {
            let data_len = usize::from(number([a, b])).checked_sub(FIELD_HEADER_LEN)?;
            if number([c, d]) == FIELD_PAYLOAD {
                return Some((HEADER_LEN + at + FIELD_HEADER_LEN, data_len));
            }
            at += FIELD_HEADER_LEN + data_len.next_multiple_of(4);
        }
        None
    }
}

const HEADER_LEN: usize = 4;
const FIELD_HEADER_LEN: usize = 4;
const FIELD_PAYLOAD: u16 = 9;

#[cfg(test)]
mod tests {
    use super::*;

    /// A prefix field of five bytes and padding, then a payload of two.
    const MESSAGE: [u8; 22] =
        [2, 0, 0, 7, 9, 0, 10, 0, b'a', b'b', b'c', b'd', 0, 0, 0, 0, 6, 0, 9, 0, 0x45, 0];

    #[test]
    fn the_payload_is_found_in_either_byte_order() {
        assert_eq!(Nflog::parse(&MESSAGE).unwrap().payload(), Some((20, 2)));
        let mut swapped = MESSAGE;
        for at in [4, 6, 16, 18] {
            swapped.swap(at, at + 1);
        }
        assert_eq!(Nflog::parse(&swapped).unwrap().payload(), Some((20, 2)));
    }

    #[test]
    fn no_truncated_prefix_has_a_payload() {
        for len in 0..20 {
            let payload = Nflog::parse(&MESSAGE[..len]).ok().and_then(|nflog| nflog.payload());
            assert_eq!(payload, None);
        }
    }

    #[test]
    fn a_field_shorter_than_its_header_ends_the_walk() {
        let mut bytes = MESSAGE;
        bytes[4] = 0;
        assert_eq!(Nflog::parse(&bytes).unwrap().payload(), None);
    }
}
