//! Messages of the key exchange, without state.

use md5::{Digest as _, Md5};
use sha2::Sha256;

use super::HostKey;
use crate::text::hex;
use crate::{Cursor, WireText};

/// An offer of algorithms: `SSH_MSG_KEXINIT` (RFC 4253, section 7.1). Lists are separated by commas,
/// the most wanted first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KexInit {
    /// Methods of key exchange.
    pub kex: WireText,
    /// Types of host keys.
    pub host_keys: WireText,
    /// Ciphers, client to server and back.
    pub ciphers: [WireText; 2],
    /// MACs, client to server and back.
    pub macs: [WireText; 2],
    /// Compressions, client to server and back.
    pub compressions: [WireText; 2],
    /// Languages, client to server and back.
    pub languages: [WireText; 2],
}

/// The algorithms that follow from two offers (RFC 4253, section 7.1): the first of the client's
/// that the server offers too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Chosen<'a> {
    /// Method of key exchange.
    pub kex: Option<&'a str>,
    /// Type of the host key.
    pub host_key: Option<&'a str>,
    /// Ciphers, client to server and back.
    pub ciphers: [Option<&'a str>; 2],
    /// MACs, client to server and back; none where the cipher authenticates.
    pub macs: [Option<&'a str>; 2],
    /// Compressions, client to server and back.
    pub compressions: [Option<&'a str>; 2],
    /// Whether the key exchange is strict: sequence numbers begin anew with each set of keys, and
    /// nothing else is let in between.
    pub is_strict: bool,
}

impl KexInit {
    /// Reads the message after its type; one that is cut gives nothing.
    pub(super) fn parse(body: &[u8]) -> Option<Self> {
        let mut cursor = Cursor::new(body);
        cursor.take(COOKIE_LEN)?;
        let mut list = || string(&mut cursor).map(WireText::new);
        Some(Self {
            kex: list()?,
            host_keys: list()?,
            ciphers: [list()?, list()?],
            macs: [list()?, list()?],
            compressions: [list()?, list()?],
            languages: [list()?, list()?],
        })
    }

    /// HASSH of a client, HASSH-server of a server, where `way` is 0 and 1: MD5 over what it offers
    /// for what it sends.
    pub fn hassh(&self, way: usize) -> String {
        let lists = [&self.kex, &self.ciphers[way], &self.macs[way], &self.compressions[way]];
        let mut md5 = Md5::new();
        for (i, list) in lists.into_iter().enumerate() {
            if i > 0 {
                md5.update(b";");
            }
            md5.update(list.as_str());
        }
        hex(&md5.finalize())
    }

    /// Whether a client's extensions are offered (RFC 8308; OpenSSH's PROTOCOL, 1.10).
    pub(super) fn is_of_client(&self) -> bool {
        names(&self.kex).any(|name| name == "ext-info-c" || name == STRICT[0])
    }

    /// Whether a server's extensions are offered.
    pub(super) fn is_of_server(&self) -> bool {
        names(&self.kex).any(|name| name == "ext-info-s" || name == STRICT[1])
    }
}

impl<'a> Chosen<'a> {
    /// What follows from these offers.
    pub fn of(client: &'a KexInit, server: &KexInit) -> Self {
        let both = |of: fn(&KexInit) -> &[WireText; 2]| -> [Option<&'a str>; 2] {
            [0, 1].map(|way| first(&of(client)[way], &of(server)[way]))
        };
        let ciphers = both(|offer| &offer.ciphers);
        let macs = both(|offer| &offer.macs);
        let mac = |way: usize| macs[way].filter(|_| !ciphers[way].is_some_and(authenticates));
        Self {
            kex: first(&client.kex, &server.kex),
            host_key: first(&client.host_keys, &server.host_keys),
            ciphers,
            macs: [mac(0), mac(1)],
            compressions: both(|offer| &offer.compressions),
            is_strict: names(&client.kex).any(|name| name == STRICT[0])
                && names(&server.kex).any(|name| name == STRICT[1]),
        }
    }
}

/// The host key with which a reply to a key exchange begins.
pub(super) fn host_key(body: &[u8]) -> Option<HostKey> {
    let blob = string(&mut Cursor::new(body))?;
    let kind = string(&mut Cursor::new(blob))?;
    if kind.is_empty() || kind.len() > NAME_LEN_MAX || !kind.iter().all(u8::is_ascii_graphic) {
        return None;
    }
    let fingerprint = format!("SHA256:{}", base64(&Sha256::digest(blob)));
    Some(HostKey { kind: WireText::new(kind), fingerprint })
}

/// The names of a list.
pub(super) fn names(list: &WireText) -> impl Iterator<Item = &str> {
    list.as_str().split(',').filter(|name| !name.is_empty())
}

/// The first name of the client's list that the server's has too.
fn first<'a>(client: &'a WireText, server: &WireText) -> Option<&'a str> {
    let server: std::collections::HashSet<&str> = names(server).collect();
    names(client).find(|name| server.contains(name))
}

/// Whether a cipher needs no MAC beside it (RFC 5647; OpenSSH's PROTOCOL, 1.6).
fn authenticates(cipher: &str) -> bool {
    cipher.ends_with("-gcm@openssh.com")
        || cipher.starts_with("chacha20-poly1305")
        || cipher.starts_with("AEAD_")
}

/// A string (RFC 4251, section 5).
fn string<'a>(cursor: &mut Cursor<'a>) -> Option<&'a [u8]> {
    let len = cursor.u32()?;
    cursor.take(len as usize)
}

/// Base64 (RFC 4648, section 4) without padding.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..=chunk.len() {
            text.push(char::from(DIGITS[(bits >> (18 - 6 * at) & 63) as usize]));
        }
    }
    text
}

/// Names with which a client and a server offer a strict key exchange.
const STRICT: [&str; 2] = ["kex-strict-c-v00@openssh.com", "kex-strict-s-v00@openssh.com"];
const COOKIE_LEN: usize = 16;
const NAME_LEN_MAX: usize = 64;
