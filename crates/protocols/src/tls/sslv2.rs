//! Hellos of SSL 2.0, in which clients of later versions said hello as well (RFC 5246, appendix
//! E.2).

use super::certificate;
use super::found::{Certificate, ClientHello, ServerHello};
use crate::Cursor;

/// What some bytes begin with.
#[derive(Debug)]
pub(super) enum Hello {
    /// A hello of a client, and its length.
    Client(usize, Box<ClientHello>),
    /// A hello of a server, and its certificate. What follows is encrypted.
    Server(Box<ServerHello>, Option<Box<Certificate>>),
    /// Too little: so many bytes are needed.
    NeedMore(usize),
    /// Neither.
    None,
}

/// Reads a hello.
pub(super) fn read(bytes: &[u8]) -> Hello {
    let Some(len) = message_len(bytes) else {
        return if bytes.len() < PREFIX_LEN { Hello::NeedMore(PREFIX_LEN) } else { Hello::None };
    };
    let Some(message) = bytes.get(2..len) else { return Hello::NeedMore(len) };
    let hello = match message.first() {
        Some(&CLIENT_HELLO) => client(message).map(|hello| Hello::Client(len, Box::new(hello))),
        _ => server(message),
    };
    hello.unwrap_or(Hello::None)
}

/// Length of the message with its header, if the lengths at its beginning belong to a hello.
pub(super) fn message_len(bytes: &[u8]) -> Option<usize> {
    let mut cursor = Cursor::new(bytes);
    let header = cursor.u16().filter(|header| header & 0x8000 != 0)?;
    let len = usize::from(header & 0x7fff);
    let expected = match cursor.u8()? {
        CLIENT_HELLO => {
            let version = cursor.u16()?;
            let lens = [cursor.u16()?, cursor.u16()?, cursor.u16()?];
            let [ciphers, session, challenge] = lens.map(usize::from);
            let is_hello = matches!(version, 2 | 0x0300..=0x0303)
                && ciphers > 0
                && ciphers.is_multiple_of(3)
                && matches!(session, 0 | 16 | 32)
                && (16..=32).contains(&challenge);
            is_hello.then_some(9 + ciphers + session + challenge)?
        }
        SERVER_HELLO => {
            let (hit, _) = (cursor.u8()?, cursor.u8()?);
            let version = cursor.u16()?;
            let lens = [cursor.u16()?, cursor.u16()?, cursor.u16()?];
            let [certificate, ciphers, connection] = lens.map(usize::from);
            let is_hello =
                hit <= 1 && version == 2 && ciphers.is_multiple_of(3) && connection <= 32;
            is_hello.then_some(11 + certificate + ciphers + connection)?
        }
        _ => return None,
    };
    (len == expected).then_some(2 + len)
}

fn client(message: &[u8]) -> Option<ClientHello> {
    let mut cursor = Cursor::new(message);
    cursor.u8()?;
    let legacy_version = cursor.u16()?;
    let lens = [cursor.u16()?, cursor.u16()?, cursor.u16()?].map(usize::from);
    let [ciphers, session, challenge] = lens;
    let mut hello = ClientHello { legacy_version, is_sslv2: true, ..ClientHello::default() };
    let mut ciphers = cursor.sub(ciphers)?;
    while let Some([kind, high, low]) = ciphers.array() {
        // The suites of SSL 2.0 itself have numbers of three bytes.
        if kind == 0 {
            hello.cipher_suites.push(u16::from_be_bytes([high, low]));
        }
    }
    hello.session_id = cursor.take(session)?.to_vec();
    // The challenge is the random, with zeros before it.
    let challenge = cursor.take(challenge)?;
    let start = hello.random.len().checked_sub(challenge.len())?;
    hello.random.get_mut(start..)?.copy_from_slice(challenge);
    Some(hello)
}

fn server(message: &[u8]) -> Option<Hello> {
    let mut cursor = Cursor::new(message);
    cursor.take(3)?;
    let legacy_version = cursor.u16()?;
    let lens = [cursor.u16()?, cursor.u16()?, cursor.u16()?].map(usize::from);
    let [certificate, ciphers, connection] = lens;
    let der = cursor.take(certificate)?;
    cursor.take(ciphers)?;
    let session_id = cursor.take(connection)?.to_vec();
    let hello = ServerHello { legacy_version, session_id, ..ServerHello::default() };
    let certificate = (!der.is_empty()).then(|| Box::new(certificate::read(der)));
    Some(Hello::Server(Box::new(hello), certificate))
}

const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 4;
/// Up to the last length.
pub(super) const PREFIX_LEN: usize = 13;
