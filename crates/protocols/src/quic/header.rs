//! Packet headers, without state (RFC 8999, RFC 9000 section 17).

use super::version::{PacketKind, Version};
use crate::Cursor;

/// A packet with a long header.
#[derive(Clone, Copy, Debug)]
pub(super) struct Long<'a> {
    pub(super) version: Version,
    pub(super) kind: PacketKind,
    pub(super) dcid: &'a [u8],
    pub(super) scid: &'a [u8],
    /// Of an Initial or a Retry.
    pub(super) token: &'a [u8],
    /// All of the packet that was captured.
    pub(super) bytes: &'a [u8],
    /// Its length on the wire.
    pub(super) len: usize,
    /// Where the packet number begins, or what the header does not describe.
    pub(super) number_at: usize,
}

/// Reads the long header at the front of the rest of a datagram, which had `len` bytes on the wire.
pub(super) fn long(bytes: &[u8], len: usize) -> Option<Long<'_>> {
    // Only a version negotiation need not have it (RFC 9000 section 17.2.1).
    read(bytes, len)
        .filter(|packet| bytes[0] & FIXED != 0 || packet.kind == PacketKind::VersionNegotiation)
}

/// The same of a connection that is known already: its packets need not have the fixed bit, if the
/// receiver said so (RFC 9287).
pub(super) fn long_of_known(bytes: &[u8], len: usize) -> Option<Long<'_>> {
    read(bytes, len).filter(|packet| bytes[0] & FIXED != 0 || packet.kind != PacketKind::Unknown)
}

fn read(bytes: &[u8], len: usize) -> Option<Long<'_>> {
    let mut cursor = Cursor::new(bytes);
    let first = cursor.u8()?;
    if first & LONG == 0 {
        return None;
    }
    let version = Version(cursor.u32()?);
    let packet = packet(bytes, len, version, version.kind(first));
    if !version.is_grease() {
        return packet;
    }
    // Of a reserved version, nothing says how what follows the connection ids is laid out.
    let is_sealed = |packet: &Long<'_>| packet.len >= packet.number_at + SEALED_MIN;
    packet.filter(is_sealed).or_else(|| self::packet(bytes, len, version, PacketKind::Unknown))
}

fn packet(bytes: &[u8], len: usize, version: Version, kind: PacketKind) -> Option<Long<'_>> {
    let mut cursor = Cursor::new(bytes.get(IDS_AT..)?);
    let (dcid, scid) = ids(version, &mut cursor)?;
    let has_length =
        matches!(kind, PacketKind::Initial | PacketKind::ZeroRtt | PacketKind::Handshake)
            && !version.initial_rules().is_empty();
    let mut token: &[u8] = &[];
    if has_length && kind == PacketKind::Initial {
        let token_len = varint(&mut cursor)?;
        token = cursor.take(usize::try_from(token_len).ok()?)?;
    } else if kind == PacketKind::Retry {
        // The last 16 bytes are its integrity tag.
        token = cursor.rest().get(..cursor.len().saturating_sub(16))?;
    }
    let rest_len = if has_length { usize::try_from(varint(&mut cursor)?).ok()? } else { len };
    let number_at = bytes.len() - cursor.len();
    let packet_len = if has_length { number_at.checked_add(rest_len)? } else { len };
    if packet_len > len {
        return None;
    }
    let bytes = bytes.get(..packet_len).unwrap_or(bytes);
    Some(Long { version, kind, dcid, scid, token, bytes, len: packet_len, number_at })
}

/// The versions that a version negotiation offers.
pub(super) fn offered<'a>(packet: &Long<'a>) -> impl Iterator<Item = Version> + use<'a> {
    let list = packet.bytes.get(packet.number_at..).unwrap_or_default();
    list.as_chunks().0.iter().map(|version| Version(u32::from_be_bytes(*version)))
}

/// A number of variable length (RFC 9000 section 16).
pub(super) fn varint(cursor: &mut Cursor<'_>) -> Option<u64> {
    let first = cursor.u8()?;
    let more = (1_usize << (first >> 6)) - 1;
    let start = u64::from(first & 0x3f);
    Some(cursor.take(more)?.iter().fold(start, |value, byte| value << 8 | u64::from(*byte)))
}

fn ids<'a>(version: Version, cursor: &mut Cursor<'a>) -> Option<(&'a [u8], &'a [u8])> {
    if version.0 == super::version::Q046 {
        // Both lengths in one byte, less 3 where there is an id.
        let lens = cursor.u8()?;
        let len = |bits: u8| if bits == 0 { 0 } else { usize::from(bits) + 3 };
        return Some((cursor.take(len(lens >> 4))?, cursor.take(len(lens & 15))?));
    }
    let dcid = cursor.sub_u8()?.rest();
    let scid = cursor.sub_u8()?.rest();
    (dcid.len() <= ID_MAX && scid.len() <= ID_MAX).then_some((dcid, scid))
}

/// The bit of a long header.
pub(super) const LONG: u8 = 0x80;
/// The bit that is set in every packet, unless its receiver said that it need not be (RFC 9287).
pub(super) const FIXED: u8 = 0x40;
/// Where the lengths of the connection ids begin: after the first byte and the version.
const IDS_AT: usize = 5;
/// The shortest packet number and payload whose header protection can be sampled (RFC 9001 section
/// 5.4.2).
const SEALED_MIN: usize = 20;
/// The longest connection id (RFC 9000 section 17.2).
pub(super) const ID_MAX: usize = 20;

#[cfg(test)]
mod tests {
    use super::{Cursor, PacketKind, Version, long, offered, varint};

    #[test]
    fn numbers_are_as_long_as_their_first_bits_say() {
        // The examples of RFC 9000 appendix A.1.
        let examples: [(&[u8], u64); 4] = [
            (&[0xc2, 0x19, 0x7c, 0x5e, 0xff, 0x14, 0xe8, 0x8c], 151_288_809_941_952_652),
            (&[0x9d, 0x7f, 0x3e, 0x7d], 494_878_333),
            (&[0x7b, 0xbd], 15_293),
            (&[0x25], 37),
        ];
        for (bytes, value) in examples {
            let mut cursor = Cursor::new(bytes);
            assert_eq!(varint(&mut cursor), Some(value));
            assert!(cursor.is_empty());
            assert_eq!(varint(&mut Cursor::new(&bytes[..bytes.len() - 1])), None);
        }
    }

    #[test]
    fn a_handshake_packet_ends_where_it_says() {
        let mut bytes = vec![0xe3, 0, 0, 0, 1, 2, 0xaa, 0xab, 1, 0xbb, 5];
        bytes.extend([7; 8]);
        let packet = long(&bytes, bytes.len()).unwrap();
        assert_eq!((packet.kind, packet.version), (PacketKind::Handshake, Version::V1));
        assert_eq!((packet.dcid, packet.scid), (&[0xaa, 0xab][..], &[0xbb][..]));
        assert_eq!((packet.len, packet.bytes.len(), packet.number_at), (16, 16, 11));
        assert!(packet.token.is_empty());
        let cut = long(&bytes[..13], bytes.len()).unwrap();
        assert_eq!((cut.len, cut.bytes.len()), (16, 13));
        assert!(long(&bytes[..13], 13).is_none(), "longer than the datagram");
    }

    #[test]
    fn an_initial_has_a_token() {
        let bytes = [0xc0, 0, 0, 0, 1, 1, 9, 0, 3, b't', b'o', b'k', 2, 1, 2];
        let packet = long(&bytes, bytes.len()).unwrap();
        assert_eq!(
            (packet.kind, packet.token, packet.number_at),
            (PacketKind::Initial, &b"tok"[..], 13)
        );
        for len in 0..13 {
            assert!(long(&bytes[..len], bytes.len()).is_none());
        }
    }

    #[test]
    fn a_version_negotiation_lists_versions() {
        let bytes = [0x80, 0, 0, 0, 0, 0, 1, 7, 0, 0, 0, 1, 0x6b, 0x33, 0x43, 0xcf, 9];
        let packet = long(&bytes, bytes.len()).unwrap();
        assert_eq!(packet.kind, PacketKind::VersionNegotiation);
        assert!(offered(&packet).eq([Version::V1, Version::V2]));
    }

    #[test]
    fn what_is_no_long_header_is_refused() {
        assert!(long(&[], 0).is_none());
        assert!(long(&[0x40, 0, 0, 0, 1, 0, 0, 0, 0, 0], 10).is_none(), "short");
        assert!(long(&[0x80, 0, 0, 0, 1, 0, 0, 0, 0, 0], 10).is_none(), "no fixed bit");
        let mut long_id = vec![0xc0, 0, 0, 0, 1, 21];
        long_id.extend([0; 40]);
        assert!(long(&long_id, long_id.len()).is_none());
    }
}
