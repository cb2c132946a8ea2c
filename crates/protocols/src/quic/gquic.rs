//! Google's QUIC: its versions, its frames, and what the CHLO tells that it had before TLS.

use super::crypto;
use super::version::Version;
use crate::{Cursor, WireText};

/// What a CHLO told.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Chlo {
    pub(super) server_name: Option<WireText>,
    pub(super) user_agent: Option<WireText>,
}

/// The version in a public header, which clients send until the server has answered, and the
/// connection id before it.
pub(super) fn public_header(bytes: &[u8]) -> Option<(Version, &[u8])> {
    let mut cursor = Cursor::new(bytes);
    let flags = cursor.u8()?;
    if flags & (HAS_VERSION | HAS_ID | IS_RESET | LONG) != HAS_VERSION | HAS_ID {
        return None;
    }
    let id = cursor.take(8)?;
    let version = Version(cursor.u32()?);
    version.is_google_crypto().then_some((version, id))
}

/// What the CHLO in a payload tells; it stands near the front, after a frame header.
pub(super) fn chlo(payload: &[u8]) -> Option<Chlo> {
    let front = payload.get(..FRONT).unwrap_or(payload);
    let at = front.windows(MAGIC.len()).position(|window| window == MAGIC)?;
    let mut cursor = Cursor::new(payload.get(at + MAGIC.len()..)?);
    let count = usize::from(u16::from_le_bytes(cursor.array()?));
    cursor.take(2)?;
    let (index, values) = cursor.rest().split_at_checked(8 * count)?;
    let mut chlo = Chlo::default();
    let mut start = 0;
    for [a, b, c, d, end @ ..] in index.as_chunks::<8>().0 {
        let end = u32::from_le_bytes(*end) as usize;
        let Some(value) = values.get(start..end) else { break };
        match &[*a, *b, *c, *d] {
            b"SNI\0" => chlo.server_name = Some(WireText::new(value)),
            b"UAID" => chlo.user_agent = Some(WireText::new(value)),
            _ => {}
        }
        start = end;
    }
    Some(chlo)
}

/// Hands on the CRYPTO frames in the payload of an Initial packet. Google's versions had those of the
/// standard with the frame types and acknowledgements from before.
pub(super) fn frames<'a>(payload: &'a [u8], is_cut: bool, take: &mut impl FnMut(u64, &'a [u8])) {
    let mut cursor = Cursor::new(payload);
    while let Some(kind) = cursor.u8() {
        let passed = match kind {
            PADDING | PING => Some(()),
            CRYPTO => crypto::crypto(&mut cursor, is_cut, take),
            ACK..=ACK_LAST => ack(kind, &mut cursor),
            _ => None,
        };
        if passed.is_none() {
            return;
        }
    }
}

fn ack(kind: u8, cursor: &mut Cursor<'_>) -> Option<()> {
    let len = |bits: u8| [1, 2, 4, 6][usize::from(bits & 3)];
    // The largest number, and the delay.
    cursor.take(len(kind >> 2) + 2)?;
    let blocks = if kind & ACK_HAS_BLOCKS == 0 { 0 } else { usize::from(cursor.u8()?) };
    cursor.take(len(kind) + blocks * (1 + len(kind)))?;
    let timestamps = usize::from(cursor.u8()?);
    cursor.take(if timestamps == 0 { 0 } else { 3 * timestamps + 2 }).map(|_| ())
}

const PADDING: u8 = 0;
const PING: u8 = 7;
const CRYPTO: u8 = 8;
const ACK: u8 = 0x40;
const ACK_LAST: u8 = 0x7f;
const ACK_HAS_BLOCKS: u8 = 0x20;
const HAS_VERSION: u8 = 0x01;
const IS_RESET: u8 = 0x02;
const HAS_ID: u8 = 0x08;
const LONG: u8 = 0x80;
const MAGIC: &[u8] = b"CHLO";
/// How far from the front of a payload a CHLO begins.
const FRONT: usize = 64;

#[cfg(test)]
pub(super) mod tests {
    use super::{Chlo, chlo, frames, public_header};
    use crate::WireText;

    /// A CHLO for `host` by `agent`.
    pub(in crate::quic) fn message(host: &str, agent: &str) -> Vec<u8> {
        let mut message = b"CHLO\x03\0\0\0".to_vec();
        let mut end = 0;
        let mut values: Vec<u8> = Vec::new();
        for (tag, value) in [(b"PAD\0", "----"), (b"SNI\0", host), (b"UAID", agent)] {
            end += value.len() as u32;
            message.extend(tag);
            message.extend(end.to_le_bytes());
            values.extend(value.as_bytes());
        }
        message.extend(values);
        message
    }

    #[test]
    fn a_public_header_has_a_version() {
        let bytes = *b"\x0d\x01\x02\x03\x04\x05\x06\x07\x08Q043\x01";
        let (version, id) = public_header(&bytes).unwrap();
        assert_eq!((version.to_string().as_str(), id), ("Q043", &[1, 2, 3, 4, 5, 6, 7, 8][..]));
        for len in 0..13 {
            assert!(public_header(&bytes[..len]).is_none());
        }
        for (at, byte) in [(0, 0x0c), (0, 0x0f), (0, 0x8d), (0, 5), (9, b'R'), (11, b'x')] {
            let mut broken = bytes;
            broken[at] = byte;
            assert!(public_header(&broken).is_none());
        }
    }

    #[test]
    fn a_chlo_names_server_and_client() {
        let message = [&[0xa0, 1, 0, 0][..], &message("a.example", "Chrome/60")].concat();
        let whole = Chlo {
            server_name: Some(WireText::new(b"a.example")),
            user_agent: Some(WireText::new(b"Chrome/60")),
        };
        assert_eq!(chlo(&message), Some(whole));
        for len in 0..message.len() {
            let cut = chlo(&message[..len]);
            assert!(cut.is_none_or(|chlo| chlo.user_agent.is_none()));
        }
    }

    #[test]
    fn frames_of_its_own_types_are_passed_over() {
        let payload = [
            &[0, 7][..],
            // One number, no blocks, no timestamps.
            &[0x40, 1, 0, 0, 1, 0],
            // Numbers of two bytes, lengths of four, two blocks, two timestamps.
            &[0x66, 1, 2, 0, 0, 2],
            &[0; 4 + 2 * 5],
            &[2, 1, 0, 0, 0, 0, 1, 0, 0],
            &[8, 5, 2, 1, 2],
        ]
        .concat();
        let collect = |payload: &[u8], is_cut| {
            let mut found = Vec::new();
            frames(payload, is_cut, &mut |at, bytes| found.push((at, bytes.to_vec())));
            found
        };
        assert_eq!(collect(&payload, false), [(5, vec![1, 2])]);
        let cut = payload.len() - 1;
        assert_eq!(collect(&payload[..cut], false), []);
        assert_eq!(collect(&payload[..cut], true), [(5, vec![1])]);
        assert_eq!(collect(&[6, 0, 1, 1], false), []);
    }
}
