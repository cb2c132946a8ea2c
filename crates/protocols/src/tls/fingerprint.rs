//! Fingerprints of hellos: JA3, JA3S, JA4, and with the feature `ja4plus` JA4S and JA4X.
//!
//! GREASE is left out of all of them, so that they stay what they are from one connection to the
//! next.

use md5::Md5;
use sha2::{Digest, Sha256};

use super::found::{Carrier, ClientHello, ServerHello};
use super::hello::{ALPN, SERVER_NAME, is_grease};
use crate::text::{hex, push_hex};

impl ClientHello {
    /// What JA3 is the hash of: version, cipher suites, extensions, groups, point formats.
    pub fn ja3_text(&self) -> String {
        let mut text = String::with_capacity(JA3_LEN);
        push_decimal(&mut text, self.legacy_version);
        for list in [&self.cipher_suites, &self.extensions, &self.groups] {
            text.push(',');
            push_decimals(&mut text, list.iter().copied().filter(|value| !is_grease(*value)));
        }
        text.push(',');
        push_decimals(&mut text, self.point_formats.iter().map(|format| u16::from(*format)));
        text
    }

    /// JA3: MD5 in hexadecimal.
    pub fn ja3(&self) -> String {
        hex(&Md5::digest(self.ja3_text()))
    }

    /// JA4 of a hello that was carried by `carrier`.
    pub fn ja4(&self, carrier: Carrier) -> String {
        let [ciphers, extensions] = self.ja4_lists();
        format!("{}_{}_{}", self.ja4_a(carrier), truncated(&ciphers), truncated(&extensions))
    }

    /// JA4 with its lists instead of their hashes.
    pub fn ja4_text(&self, carrier: Carrier) -> String {
        let [ciphers, extensions] = self.ja4_lists();
        format!("{}_{ciphers}_{extensions}", self.ja4_a(carrier))
    }

    fn ja4_a(&self, carrier: Carrier) -> String {
        let offered =
            self.supported_versions.iter().copied().filter(|version| !is_grease(*version));
        // The numbers of DTLS go down.
        let newest = match carrier {
            Carrier::Dtls => offered.min(),
            Carrier::Tcp | Carrier::Quic => offered.max(),
        };
        let count = |list: &[u16]| list.iter().filter(|value| !is_grease(**value)).count().min(99);
        format!(
            "{}{}{}{:02}{:02}{}",
            carrier_letter(carrier),
            version_letters(newest.unwrap_or(self.legacy_version)),
            if self.extensions.contains(&SERVER_NAME) { 'd' } else { 'i' },
            count(&self.cipher_suites),
            count(&self.extensions),
            alpn_letters(&self.alpn_first),
        )
    }

    /// Cipher suites in order of number; extensions likewise and signature algorithms as they came.
    fn ja4_lists(&self) -> [String; 2] {
        let mut ciphers = self.cipher_suites.clone();
        ciphers.sort_unstable();
        let is_told = |kind: &u16| *kind != SERVER_NAME && *kind != ALPN;
        let mut extensions = self.extensions.iter().copied().filter(is_told).collect::<Vec<_>>();
        extensions.sort_unstable();
        let mut extensions = hexadecimal(&extensions);
        let algorithms = hexadecimal(&self.signature_algorithms);
        if !algorithms.is_empty() {
            extensions.push('_');
            extensions.push_str(&algorithms);
        }
        [hexadecimal(&ciphers), extensions]
    }
}

impl ServerHello {
    /// What JA3S is the hash of: version, cipher suite, extensions.
    pub fn ja3s_text(&self) -> String {
        let mut text = String::with_capacity(JA3_LEN);
        push_decimal(&mut text, self.legacy_version);
        text.push(',');
        push_decimal(&mut text, self.cipher_suite.unwrap_or_default());
        text.push(',');
        push_decimals(&mut text, self.extensions.iter().copied().filter(|kind| !is_grease(*kind)));
        text
    }

    /// JA3S: MD5 in hexadecimal.
    pub fn ja3s(&self) -> String {
        hex(&Md5::digest(self.ja3s_text()))
    }

    /// JA4S of a hello that was carried by `carrier`.
    #[cfg(feature = "ja4plus")]
    pub fn ja4s(&self, carrier: Carrier) -> String {
        let alpn = self.alpn.as_ref().map_or("", crate::WireText::as_str);
        let extensions = hexadecimal(&self.extensions);
        format!(
            "{}{}{:02}{}_{:04x}_{}",
            carrier_letter(carrier),
            version_letters(self.version()),
            self.extensions.len().min(99),
            alpn_letters(alpn.as_bytes()),
            self.cipher_suite.unwrap_or_default(),
            truncated(&extensions),
        )
    }
}

#[cfg(feature = "ja4plus")]
impl super::Certificate {
    /// JA4X: the kinds of things in issuer, subject and extensions.
    pub fn ja4x(&self) -> String {
        let parts = self.oids.iter().map(|oids| {
            let oids = oids.iter().map(|oid| hex(oid)).collect::<Vec<_>>();
            truncated(&oids.join(","))
        });
        parts.collect::<Vec<_>>().join("_")
    }
}

fn carrier_letter(carrier: Carrier) -> char {
    match carrier {
        Carrier::Tcp => 't',
        Carrier::Dtls => 'd',
        Carrier::Quic => 'q',
    }
}

fn version_letters(version: u16) -> &'static str {
    match version {
        0x0304 => "13",
        0x0303 => "12",
        0x0302 => "11",
        0x0301 => "10",
        0x0300 => "s3",
        0x0002 => "s2",
        // What OpenSSL's first DTLS said, as JA4's own programs and tshark have it.
        0x0100 => "s1",
        0xfeff => "d1",
        0xfefd => "d2",
        0xfefc => "d3",
        _ => "00",
    }
}

/// First and last character of the first protocol; of its hexadecimal, if one of them is neither
/// letter nor digit.
fn alpn_letters(alpn: &[u8]) -> String {
    let (Some(first), Some(last)) = (alpn.first(), alpn.last()) else { return "00".to_owned() };
    if first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric() {
        return [char::from(*first), char::from(*last)].iter().collect();
    }
    let (first, last) = (hex(&[*first]), hex(&[*last]));
    first.chars().take(1).chain(last.chars().skip(1)).collect()
}

fn push_decimals(text: &mut String, list: impl Iterator<Item = u16>) {
    for (i, value) in list.enumerate() {
        if i > 0 {
            text.push('-');
        }
        push_decimal(text, value);
    }
}

/// Some thousand lists are written in a second: worth the few lines that spare the formatting
/// machinery.
fn push_decimal(text: &mut String, value: u16) {
    for scale in [10_000, 1_000, 100, 10, 1] {
        if value >= scale || scale == 1 {
            text.push(char::from(b'0' + (value / scale % 10) as u8));
        }
    }
}

/// Numbers of four digits each, without GREASE.
fn hexadecimal(list: &[u16]) -> String {
    let mut text = String::with_capacity(5 * list.len());
    for value in list.iter().filter(|value| !is_grease(**value)) {
        if !text.is_empty() {
            text.push(',');
        }
        for byte in value.to_be_bytes() {
            push_hex(&mut text, byte);
        }
    }
    text
}

/// Twelve digits of the SHA-256; zeros of an empty list.
fn truncated(list: &str) -> String {
    if list.is_empty() {
        return "0".repeat(12);
    }
    hex(Sha256::digest(list).first_chunk::<6>().unwrap_or(&[0; 6]))
}

/// Room for most texts.
const JA3_LEN: usize = 256;
