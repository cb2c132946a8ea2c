//! Protocols of packets with a length: LDAP (RFC 4511), `PostgreSQL`, `MySQL`, RDP (MS-RDPBCGR).

use flowloom_flow::Direction;

use super::{Clear, Frame, Said, Turn};
use crate::{Cursor, Match, Opening};

pub(super) const PROTOCOLS: &[Clear] = &[
    Clear {
        name: "ldap",
        ports: &[389, 3268],
        probe: ldap_probe,
        frame: ldap_frame,
        turn: ldap,
        goes_on_after_loss: false,
    },
    Clear {
        name: "postgresql",
        ports: &[5432],
        probe: postgresql_probe,
        frame: postgresql_frame,
        turn: postgresql,
        goes_on_after_loss: false,
    },
    Clear {
        name: "mysql",
        ports: &[3306],
        probe: mysql_probe,
        frame: mysql_frame,
        turn: mysql,
        goes_on_after_loss: false,
    },
    Clear {
        name: "rdp",
        ports: &[3389],
        probe: rdp_probe,
        frame: rdp_frame,
        turn: rdp,
        goes_on_after_loss: false,
    },
];

/// An LDAP message: a sequence of its number and an operation (RFC 4511, section 4.1.1).
fn ldap_probe(opening: &Opening<'_>) -> Match {
    let Some((operation, body)) = ldap_operation(opening.bytes) else {
        return if opening.bytes.first() == Some(&0x30) && opening.bytes.len() < LDAP_HEADERS_LEN {
            Match::NeedMore
        } else {
            Match::No
        };
    };
    match operation {
        // Version 3 and a name.
        BIND_REQUEST if body.starts_with(&[2, 1, 3, 4]) => Match::Yes,
        EXTENDED_REQUEST if matches!(body, [0x80, _, b'1' | b'2', b'.', ..]) => Match::Yes,
        // Its base is a string, and its scope one of three.
        SEARCH_REQUEST if body.first() == Some(&4) => Match::Maybe,
        BIND_RESPONSE | EXTENDED_RESPONSE if body.starts_with(&[10, 1]) => Match::Maybe,
        BIND_REQUEST | EXTENDED_REQUEST | BIND_RESPONSE | EXTENDED_RESPONSE | SEARCH_REQUEST
            if body.len() < LDAP_BODY_LEN =>
        {
            Match::NeedMore
        }
        _ => Match::No,
    }
}

fn ldap_frame(_: Direction, bytes: &[u8]) -> Frame {
    let mut cursor = Cursor::new(bytes);
    match cursor.u8() {
        Some(0x30) => {}
        Some(_) => return Frame::Broken,
        None => return Frame::Need(2),
    }
    match ber_length(&mut cursor) {
        Some(len) => Frame::Whole((bytes.len() - cursor.len()).saturating_add(len)),
        None if bytes.len() < BER_HEADER_LEN_MAX => Frame::Need(bytes.len() + 1),
        None => Frame::Broken,
    }
}

fn ldap(said: &Said<'_>) -> Turn {
    let Some((operation, body)) = ldap_operation(said.message) else { return Turn::Never };
    let is_granted = body.starts_with(&[10, 1, 0]);
    match (said.direction, operation) {
        (Direction::Up, EXTENDED_REQUEST) if body.get(2..).is_some_and(is_start_tls) => Turn::Asked,
        (Direction::Up, BIND_REQUEST | UNBIND_REQUEST) => Turn::Never,
        (Direction::Down, EXTENDED_RESPONSE) if said.asked.is_none() => Turn::None,
        (Direction::Down, EXTENDED_RESPONSE) if is_granted => Turn::Granted,
        (Direction::Down, EXTENDED_RESPONSE) => Turn::Refused,
        _ => Turn::None,
    }
}

fn is_start_tls(name: &[u8]) -> bool {
    name.starts_with(START_TLS)
}

/// Tag and content of the operation in an LDAP message, as much of it as is there.
fn ldap_operation(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let mut cursor = Cursor::new(bytes);
    (cursor.u8()? == 0x30).then_some(())?;
    let len = ber_length(&mut cursor)?;
    let start = cursor.len();
    (cursor.u8()? == 2).then_some(())?;
    let number = cursor.sub_u8().filter(|number| (1..=4).contains(&number.len()))?;
    let operation = cursor.u8()?;
    let inner = ber_length(&mut cursor)?;
    // Nothing but controls follows the operation.
    let is_within = number.len() + 2 + inner < len && start - cursor.len() + inner <= len;
    is_within.then(|| (operation, cursor.rest()))
}

/// A definite length (X.690, section 8.1.3).
fn ber_length(cursor: &mut Cursor<'_>) -> Option<usize> {
    let first = cursor.u8()?;
    match first {
        0..=0x7f => Some(first.into()),
        0x81..=0x84 => {
            let bytes = cursor.take(usize::from(first & 0x7f))?;
            Some(bytes.iter().fold(0, |len, byte| len << 8 | usize::from(*byte)))
        }
        _ => None,
    }
}

/// A request without a type: length and code, or length and version.
fn postgresql_probe(opening: &Opening<'_>) -> Match {
    if opening.direction == Direction::Down {
        return Match::No;
    }
    let Some((header, rest)) = opening.bytes.split_first_chunk::<8>() else {
        let is_cut = b"\0\0\0".starts_with(opening.bytes)
            || matches!(opening.bytes, [0, 0, 0, 8 | 16, rest @ ..] if b"\x04\xd2\x16".starts_with(rest));
        return if is_cut { Match::NeedMore } else { Match::No };
    };
    let [a, b, c, d, code @ ..] = *header;
    let len = u32::from_be_bytes([a, b, c, d]) as usize;
    match (len, code) {
        (8, SSL_REQUEST | GSS_REQUEST) | (16, CANCEL_REQUEST) => Match::Yes,
        // Version 3 and pairs of names and values, among which is the user.
        (9..=10_000, [0, 3, 0, _]) if rest.windows(5).any(|window| window == b"user\0") => {
            Match::Yes
        }
        _ => Match::No,
    }
}

fn postgresql_frame(direction: Direction, bytes: &[u8]) -> Frame {
    match (direction, bytes) {
        (Direction::Down, [_, ..]) => Frame::Whole(1),
        (Direction::Up, [a, b, c, d, ..]) => {
            Frame::Whole(u32::from_be_bytes([*a, *b, *c, *d]) as usize)
        }
        _ => Frame::Need(4),
    }
}

fn postgresql(said: &Said<'_>) -> Turn {
    let code = said.message.get(4..8);
    match (said.direction, said.message) {
        (Direction::Up, _) if code == Some(&SSL_REQUEST) || code == Some(&GSS_REQUEST) => {
            Turn::Asked
        }
        // What is encrypted by GSS-API tells nothing.
        (Direction::Down, b"S")
            if said.asked.and_then(|asked| asked.get(4..8)) == Some(&SSL_REQUEST) =>
        {
            Turn::Granted
        }
        (Direction::Down, b"N") if said.asked.is_some() => Turn::Refused,
        _ => Turn::Never,
    }
}

/// The server's greeting, or the client's answer to it.
fn mysql_probe(opening: &Opening<'_>) -> Match {
    let bytes = opening.bytes;
    let Frame::Whole(len) = mysql_frame(opening.direction, bytes) else {
        return if opening.direction == Direction::Down { Match::NeedMore } else { Match::No };
    };
    match (opening.direction, bytes) {
        (Direction::Down, [_, _, 0, 0] | [_, _, 0, 0, 10, ..]) if len > bytes.len() => {
            Match::NeedMore
        }
        (Direction::Down, [_, _, 0, 0, 10, version @ ..]) if len == bytes.len() => {
            let version = version.split(|byte| *byte == 0).next().unwrap_or_default();
            let is_version = matches!(version, [b'0'..=b'9', rest @ ..]
                if rest.contains(&b'.') && rest.iter().all(u8::is_ascii_graphic));
            if is_version { Match::Yes } else { Match::No }
        }
        // An error instead of a greeting.
        (Direction::Down, [_, _, 0, 0, 0xff, ..]) if len == bytes.len() => Match::Maybe,
        (Direction::Up, [_, _, 0, 1, _, capabilities, ..])
            if len <= bytes.len() && capabilities & PROTOCOL_41 != 0 =>
        {
            let is_filled =
                bytes.get(13..32).is_some_and(|filler| filler.iter().all(|byte| *byte == 0));
            if is_filled { Match::Yes } else { Match::No }
        }
        _ => Match::No,
    }
}

fn mysql_frame(_: Direction, bytes: &[u8]) -> Frame {
    match bytes {
        [a, b, c, _, ..] => Frame::Whole(4 + u32::from_le_bytes([*a, *b, *c, 0]) as usize),
        _ => Frame::Need(4),
    }
}

fn mysql(said: &Said<'_>) -> Turn {
    match (said.direction, said.message) {
        (Direction::Down, [_, _, _, 0, 10, ..]) => Turn::None,
        // A login that ends before the user's name.
        (Direction::Up, [32, 0, 0, _, _, capabilities, ..]) if capabilities & SSL != 0 => {
            Turn::Granted
        }
        _ => Turn::Never,
    }
}

/// A connection request or confirmation of X.224 in a TPKT, with RDP's negotiation.
fn rdp_probe(opening: &Opening<'_>) -> Match {
    let [3, 0, a, b, indicator, kind @ (0xe0 | 0xd0), 0, 0, ..] = opening.bytes else {
        let is_cut =
            opening.bytes.len() < 4 && [3, 0].iter().zip(opening.bytes).all(|(a, b)| a == b);
        return if is_cut { Match::NeedMore } else { Match::No };
    };
    let len = usize::from(u16::from_be_bytes([*a, *b]));
    if len != opening.bytes.len() || usize::from(*indicator) + 5 != len {
        return Match::No;
    }
    let rest = opening.bytes.get(11..).unwrap_or_default();
    let negotiation = rest.len().checked_sub(8).and_then(|at| rest.get(at..));
    match (kind, negotiation) {
        (0xe0, _) if rest.starts_with(b"Cookie: ") => Match::Yes,
        (0xe0, Some([1, _, 8, 0, ..])) | (_, Some([2 | 3, _, 8, 0, ..])) => Match::Yes,
        _ => Match::Maybe,
    }
}

fn rdp_frame(_: Direction, bytes: &[u8]) -> Frame {
    match bytes {
        [3, _, a, b, ..] => Frame::Whole(u16::from_be_bytes([*a, *b]).into()),
        [_, _, _, _, ..] => Frame::Broken,
        _ => Frame::Need(4),
    }
}

fn rdp(said: &Said<'_>) -> Turn {
    match (said.direction, said.message) {
        (Direction::Up, [_, _, _, _, _, 0xe0, ..]) => Turn::Asked,
        // Of the protocols to choose from, 0 is RDP's own encryption (MS-RDPBCGR, 2.2.1.2.1).
        (Direction::Down, [_, _, _, _, _, 0xd0, _, _, _, _, _, 2, _, 8, 0, chosen @ ..])
            if chosen.iter().any(|byte| *byte != 0) =>
        {
            Turn::Granted
        }
        _ => Turn::Never,
    }
}

const BIND_REQUEST: u8 = 0x60;
const BIND_RESPONSE: u8 = 0x61;
const UNBIND_REQUEST: u8 = 0x42;
const SEARCH_REQUEST: u8 = 0x63;
const EXTENDED_REQUEST: u8 = 0x77;
const EXTENDED_RESPONSE: u8 = 0x78;
/// RFC 4511, section 4.14.1.
const START_TLS: &[u8] = b"1.3.6.1.4.1.1466.20037";
/// The longest headers of a message, its number and its operation.
const LDAP_HEADERS_LEN: usize = 18;
/// Bytes of an operation by which it is known.
const LDAP_BODY_LEN: usize = 4;
/// Tag, and a length of at most four bytes after one that says how many.
const BER_HEADER_LEN_MAX: usize = 6;

/// 80877103, 80877104 and 80877102.
const SSL_REQUEST: [u8; 4] = [4, 0xd2, 0x16, 0x2f];
const GSS_REQUEST: [u8; 4] = [4, 0xd2, 0x16, 0x30];
const CANCEL_REQUEST: [u8; 4] = [4, 0xd2, 0x16, 0x2e];

/// Bits of the second byte of a client's capabilities.
const PROTOCOL_41: u8 = 0x02;
const SSL: u8 = 0x08;
