//! `ClientHello` and `ServerHello` (RFC 8446, section 4.1; RFC 6347, section 4.3.2), without state.
//!
//! What is cut or damaged gives what comes before it.

use super::found::{ClientHello, Ech, ServerHello};
use crate::{Cursor, WireText};

/// Reads the body of a `ClientHello`. None if there is not even a random.
pub(super) fn client_hello(body: &[u8], is_dtls: bool) -> Option<ClientHello> {
    let mut cursor = Cursor::new(body);
    let mut hello = ClientHello {
        legacy_version: cursor.u16()?,
        random: cursor.array()?,
        ..ClientHello::default()
    };
    hello.is_cut = client_hello_rest(&mut cursor, is_dtls, &mut hello).is_none();
    Some(hello)
}

fn client_hello_rest(
    cursor: &mut Cursor<'_>,
    is_dtls: bool,
    hello: &mut ClientHello,
) -> Option<()> {
    hello.session_id = cursor.sub_u8()?.rest().to_vec();
    if is_dtls {
        cursor.sub_u8()?;
    }
    hello.cipher_suites = numbers(cursor.sub_u16()?);
    hello.compressions = cursor.sub_u8()?.rest().to_vec();
    if cursor.is_empty() {
        return Some(());
    }
    extensions(cursor, |kind, body| {
        hello.extensions.push(kind);
        // A damaged extension leaves its own field empty.
        client_extension(kind, body, hello);
    })
}

fn client_extension(kind: u16, mut body: Cursor<'_>, hello: &mut ClientHello) -> Option<()> {
    match kind {
        // There is to be one of each kind (RFC 8446, section 4.2); of several, the first counts.
        SERVER_NAME if hello.sni.is_none() => hello.sni = server_name(&mut body),
        GROUPS => hello.groups = numbers(body.sub_u16()?),
        POINT_FORMATS => hello.point_formats = body.sub_u8()?.rest().to_vec(),
        SIGNATURE_ALGORITHMS => hello.signature_algorithms = numbers(body.sub_u16()?),
        ALPN => {
            let mut list = body.sub_u16()?;
            while let Some(name) = list.sub_u8() {
                if hello.alpn.is_empty() {
                    hello.alpn_first = name.rest().to_vec();
                }
                hello.alpn.push(WireText::new(name.rest()));
            }
        }
        SESSION_TICKET => hello.ticket_len = Some(body.len() as u32),
        PRE_SHARED_KEY => {
            let mut identities = body.sub_u16()?;
            while identities.sub_u16().is_some() && identities.u32().is_some() {
                hello.psk_count += 1;
            }
        }
        SUPPORTED_VERSIONS => hello.supported_versions = numbers(body.sub_u8()?),
        PSK_MODES => hello.psk_modes = body.sub_u8()?.rest().to_vec(),
        KEY_SHARE => {
            let mut shares = body.sub_u16()?;
            while let (Some(group), Some(_)) = (shares.u16(), shares.sub_u16()) {
                hello.key_shares.push(group);
            }
        }
        QUIC_PARAMETERS | QUIC_PARAMETERS_DRAFT => {
            hello.quic_parameters = Some(body.rest().to_vec());
        }
        ENCRYPTED_CLIENT_HELLO => hello.ech = encrypted_client_hello(&mut body),
        _ => {}
    }
    Some(())
}

/// RFC 6066, section 3. Old clients left the list's length out; they are gone.
fn server_name(body: &mut Cursor<'_>) -> Option<WireText> {
    let mut names = body.sub_u16()?;
    while let (Some(kind), Some(name)) = (names.u8(), names.sub_u16()) {
        if kind == 0 {
            return Some(WireText::new(name.rest()));
        }
    }
    None
}

fn encrypted_client_hello(body: &mut Cursor<'_>) -> Option<Ech> {
    let none = Ech { is_inner: true, kdf: 0, aead: 0, config_id: 0, enc_len: 0, payload_len: 0 };
    if body.u8()? == 1 {
        return Some(none);
    }
    let (kdf, aead, config_id) = (body.u16()?, body.u16()?, body.u8()?);
    let enc_len = body.sub_u16()?.len() as u16;
    let payload_len = body.sub_u16()?.len() as u16;
    Some(Ech { is_inner: false, kdf, aead, config_id, enc_len, payload_len })
}

/// Reads the body of a `ServerHello`. None if there is not even a random.
pub(super) fn server_hello(body: &[u8]) -> Option<ServerHello> {
    let mut cursor = Cursor::new(body);
    let mut hello = ServerHello {
        legacy_version: cursor.u16()?,
        random: cursor.array()?,
        ..ServerHello::default()
    };
    hello.is_retry = hello.random == RETRY;
    server_hello_rest(&mut cursor, &mut hello);
    Some(hello)
}

fn server_hello_rest(cursor: &mut Cursor<'_>, hello: &mut ServerHello) -> Option<()> {
    // The drafts of TLS 1.3 before the 22nd had neither session id nor compression.
    let is_early_draft = matches!(hello.legacy_version, 0x7f00..=0x7f15);
    if !is_early_draft {
        hello.session_id = cursor.sub_u8()?.rest().to_vec();
    }
    hello.cipher_suite = Some(cursor.u16()?);
    if !is_early_draft {
        hello.compression = cursor.u8()?;
    }
    extensions(cursor, |kind, body| {
        hello.extensions.push(kind);
        server_extension(kind, body, hello);
    })
}

fn server_extension(kind: u16, mut body: Cursor<'_>, hello: &mut ServerHello) -> Option<()> {
    match kind {
        ALPN => hello.alpn = Some(WireText::new(body.sub_u16()?.sub_u8()?.rest())),
        SUPPORTED_VERSIONS => hello.selected_version = Some(body.u16()?),
        PRE_SHARED_KEY => hello.psk = Some(body.u16()?),
        // In a HelloRetryRequest the group stands alone.
        KEY_SHARE => hello.group = Some(body.u16()?),
        _ => {}
    }
    Some(())
}

/// Extensions one by one; none if they end before their lengths say.
fn extensions<'a>(cursor: &mut Cursor<'a>, mut each: impl FnMut(u16, Cursor<'a>)) -> Option<()> {
    let announced = usize::from(cursor.u16()?);
    let mut list = Cursor::new(cursor.take(announced.min(cursor.len()))?);
    let is_whole = list.len() == announced;
    while !list.is_empty() {
        let kind = list.u16()?;
        each(kind, list.sub_u16()?);
    }
    is_whole.then_some(())
}

fn numbers(mut list: Cursor<'_>) -> Vec<u16> {
    std::iter::from_fn(|| list.u16()).collect()
}

/// Whether a value is one of those reserved so that nobody relies on knowing all (RFC 8701).
pub(super) fn is_grease(value: u16) -> bool {
    value & 0x0f0f == 0x0a0a && value >> 8 == value & 0xff
}

/// The random of a `HelloRetryRequest` (RFC 8446, section 4.1.3).
const RETRY: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

pub(super) const SERVER_NAME: u16 = 0;
const GROUPS: u16 = 10;
const POINT_FORMATS: u16 = 11;
const SIGNATURE_ALGORITHMS: u16 = 13;
pub(super) const ALPN: u16 = 16;
const SESSION_TICKET: u16 = 35;
const PRE_SHARED_KEY: u16 = 41;
pub(super) const EARLY_DATA: u16 = 42;
const SUPPORTED_VERSIONS: u16 = 43;
const PSK_MODES: u16 = 45;
const KEY_SHARE: u16 = 51;
const QUIC_PARAMETERS: u16 = 57;
const QUIC_PARAMETERS_DRAFT: u16 = 0xffa5;
pub(super) const ENCRYPTED_CLIENT_HELLO: u16 = 0xfe0d;
