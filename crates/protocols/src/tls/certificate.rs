//! What an X.509 certificate says (RFC 5280). The sides of a connection are not judged by it:
//! nothing is verified, and a certificate that breaks rules gives what can be read.

use std::net::IpAddr;

use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::der::{self, Element, oid_text};
use super::found::Certificate;
use crate::WireText;
use crate::text::hex;

/// Reads a certificate.
pub(super) fn read(bytes: &[u8]) -> Certificate {
    let mut certificate = Certificate {
        len: bytes.len() as u32,
        sha256: Sha256::digest(bytes).into(),
        sha1: Sha1::digest(bytes).into(),
        ..Certificate::default()
    };
    read_fields(bytes, &mut certificate);
    certificate
}

fn read_fields(bytes: &[u8], certificate: &mut Certificate) -> Option<()> {
    let mut outer = der::elements(bytes).next()?.inside(der::SEQUENCE)?;
    let mut fields = outer.next()?.inside(der::SEQUENCE)?;
    if let Some(algorithm) = outer.next() {
        certificate.signature = algorithm_name(&algorithm);
    }
    let mut field = fields.next()?;
    certificate.version = Some(1);
    if field.tag == der::context(0) {
        let version = der::elements(field.body).next().and_then(|version| number(&version));
        certificate.version = version.and_then(|version| u8::try_from(version + 1).ok());
        field = fields.next()?;
    }
    certificate.serial = field.with_tag(der::INTEGER)?.to_vec();
    fields.next()?;
    let issuer = name(&fields.next()?);
    (certificate.issuer, certificate.issuer_cn) = (issuer.text, issuer.common);
    certificate.oids[0] = issuer.oids;
    let mut validity = fields.next()?.inside(der::SEQUENCE)?;
    certificate.not_before = validity.next().and_then(|time| der::time(&time));
    certificate.not_after = validity.next().and_then(|time| der::time(&time));
    let subject = name(&fields.next()?);
    (certificate.subject, certificate.subject_cn) = (subject.text, subject.common);
    certificate.oids[1] = subject.oids;
    public_key(&fields.next()?, certificate);
    let extensions = fields.find(|field| field.tag == der::context(3))?;
    for extension in der::elements(extensions.body).next()?.inside(der::SEQUENCE)? {
        read_extension(&extension, certificate);
    }
    Some(())
}

fn read_extension(extension: &Element<'_>, certificate: &mut Certificate) -> Option<()> {
    let mut fields = extension.inside(der::SEQUENCE)?;
    let oid = fields.next()?.with_tag(der::OID)?;
    certificate.oids[2].push(oid.to_vec());
    // Whether it is critical may stand between.
    let value = fields.last()?.with_tag(der::OCTET_STRING)?;
    match oid {
        [0x55, 0x1d, 0x11] => {
            for name in der::elements(value).next()?.inside(der::SEQUENCE)? {
                alternative_name(&name, certificate);
            }
        }
        [0x55, 0x1d, 0x13] => {
            certificate.has_basic_constraints = true;
            let mut constraints = der::elements(value).next()?.inside(der::SEQUENCE)?;
            let is_ca = constraints.next()?;
            certificate.is_ca =
                is_ca.with_tag(der::BOOLEAN)?.first().is_some_and(|byte| *byte != 0);
            certificate.path_len_max = constraints.next().and_then(|len| number(&len));
        }
        _ => {}
    }
    Some(())
}

/// RFC 5280, section 4.2.1.6: [2] is a DNS name, [7] an IP address.
fn alternative_name(name: &Element<'_>, certificate: &mut Certificate) {
    match (name.tag & 0x1f, name.body.len()) {
        (2, _) => certificate.san_dns.push(WireText::new(name.body)),
        (7, 4) => certificate.san_ips.extend(octets(name.body).map(|ip: [u8; 4]| IpAddr::from(ip))),
        (7, 16) => {
            certificate.san_ips.extend(octets(name.body).map(|ip: [u8; 16]| IpAddr::from(ip)));
        }
        _ => {}
    }
}

fn octets<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    bytes.first_chunk().copied()
}

#[derive(Default)]
struct Name {
    text: String,
    common: Option<WireText>,
    oids: Vec<Vec<u8>>,
}

/// A name as RFC 4514 writes it: the last part first.
fn name(element: &Element<'_>) -> Name {
    let mut name = Name::default();
    let mut parts = Vec::new();
    for attribute in element.inside(der::SEQUENCE).into_iter().flatten() {
        let mut pairs = Vec::new();
        for pair in attribute.inside(der::SET).into_iter().flatten() {
            let Some((oid, value)) = pair
                .inside(der::SEQUENCE)
                .and_then(|mut pair| Some((pair.next()?.with_tag(der::OID)?, pair.next()?)))
            else {
                continue;
            };
            let text = der::text(&value);
            if oid == COMMON_NAME {
                // The most specific of several is the last.
                name.common = Some(text.clone());
            }
            let label = ATTRIBUTES
                .iter()
                .find(|(known, _)| *known == oid)
                .map_or_else(|| oid_text(oid), |(_, label)| (*label).to_owned());
            pairs.push(format!("{label}={}", escaped(text.as_str())));
            name.oids.push(oid.to_vec());
        }
        parts.push(pairs.join("+"));
    }
    parts.reverse();
    name.text = parts.join(",");
    name
}

/// RFC 4514, section 2.4.
fn escaped(text: &str) -> String {
    let last = text.chars().count().saturating_sub(1);
    let mut out = String::with_capacity(text.len());
    for (at, letter) in text.chars().enumerate() {
        let is_special = matches!(letter, '"' | '+' | ',' | ';' | '<' | '>' | '\\')
            || letter == '#' && at == 0
            || letter == ' ' && (at == 0 || at == last);
        match letter {
            '\0' => out.push_str("\\00"),
            _ if is_special => out.extend(['\\', letter]),
            _ => out.push(letter),
        }
    }
    out
}

fn public_key(element: &Element<'_>, certificate: &mut Certificate) -> Option<()> {
    let mut fields = element.inside(der::SEQUENCE)?;
    let mut algorithm = fields.next()?.inside(der::SEQUENCE)?;
    let oid = algorithm.next()?.with_tag(der::OID)?;
    let parameters = algorithm.next();
    let (_, key) = fields.next()?.with_tag(der::BIT_STRING)?.split_first()?;
    let (kind, bits) = match oid {
        RSA | RSA_PSS => {
            let mut numbers = der::elements(key).next()?.inside(der::SEQUENCE)?;
            let modulus = numbers.next();
            certificate.key_exponent = numbers.next().and_then(|exponent| number(&exponent));
            ("RSA".to_owned(), modulus.and_then(|modulus| der::bits(&modulus)))
        }
        DSA => {
            let prime = parameters.and_then(|set| set.inside(der::SEQUENCE)?.next());
            ("DSA".to_owned(), prime.and_then(|prime| der::bits(&prime)))
        }
        EC => {
            let curve = parameters.and_then(|curve| curve.with_tag(der::OID));
            let known = CURVES.iter().find(|(oid, _, _)| Some(*oid) == curve);
            certificate.key_curve = known.map(|(_, _, name)| *name);
            // A point is both coordinates after a byte that says so.
            let len = key.len().saturating_sub(1) as u32 * 4;
            ("EC".to_owned(), Some(known.map_or(len, |(_, bits, _)| *bits)))
        }
        [0x2b, 0x65, 0x70] => ("Ed25519".to_owned(), Some(256)),
        [0x2b, 0x65, 0x71] => ("Ed448".to_owned(), Some(456)),
        _ => (oid_text(oid), None),
    };
    (certificate.key_type, certificate.key_bits) = (Some(kind), bits);
    let known = KEYS.iter().find(|(known, _)| *known == oid);
    let name = known.map_or_else(|| oid_text(oid), |(_, name)| (*name).to_owned());
    certificate.key_algorithm = Some(name);
    Some(())
}

fn algorithm_name(element: &Element<'_>) -> Option<String> {
    let oid = element.inside(der::SEQUENCE)?.next()?.with_tag(der::OID)?;
    let known = SIGNATURES.iter().find(|(known, _)| *known == oid);
    Some(known.map_or_else(|| oid_text(oid), |(_, name)| (*name).to_owned()))
}

/// An integer that is not negative and fits.
fn number(element: &Element<'_>) -> Option<i64> {
    let bytes = element.with_tag(der::INTEGER)?;
    let digits = bytes.strip_prefix(&[0]).unwrap_or(bytes);
    let fits = digits.len() <= 8 && bytes.first().is_some_and(|first| *first < 0x80);
    let value = digits.iter().fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
    i64::try_from(value).ok().filter(|_| fits)
}

/// The serial number in hexadecimal.
pub(super) fn serial_text(serial: &[u8]) -> String {
    hex(serial)
}

const COMMON_NAME: &[u8] = &[0x55, 4, 3];

/// RFC 4514, section 3, and those that certificates of the public web have besides.
const ATTRIBUTES: &[(&[u8], &str)] = &[
    (COMMON_NAME, "CN"),
    (&[0x55, 4, 5], "serialNumber"),
    (&[0x55, 4, 6], "C"),
    (&[0x55, 4, 7], "L"),
    (&[0x55, 4, 8], "ST"),
    (&[0x55, 4, 9], "STREET"),
    (&[0x55, 4, 10], "O"),
    (&[0x55, 4, 11], "OU"),
    (&[0x55, 4, 15], "businessCategory"),
    (&[0x55, 4, 17], "postalCode"),
    (&[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 1], "UID"),
    (&[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 25], "DC"),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1], "emailAddress"),
];

const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
const RSA_PSS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10];
const DSA: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x38, 4, 1];
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];

/// Curves whose size the length of a point does not tell: it may be compressed.
const CURVES: &[(&[u8], u32, &str)] = &[
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 1], 192, "prime192v1"),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7], 256, "prime256v1"),
    (&[0x2b, 0x81, 4, 0, 10], 256, "secp256k1"),
    (&[0x2b, 0x81, 4, 0, 33], 224, "secp224r1"),
    (&[0x2b, 0x81, 4, 0, 34], 384, "secp384r1"),
    (&[0x2b, 0x81, 4, 0, 35], 521, "secp521r1"),
];

/// Algorithms of keys (RFC 3279, section 2.3; RFC 4055, section 3; RFC 8410).
const KEYS: &[(&[u8], &str)] = &[
    (RSA, "rsaEncryption"),
    (RSA_PSS, "rsassaPss"),
    (DSA, "dsaEncryption"),
    (EC, "id-ecPublicKey"),
    (&[0x2b, 0x65, 0x70], "ED25519"),
    (&[0x2b, 0x65, 0x71], "ED448"),
];

/// Signature algorithms (RFC 8017, appendix C; RFC 5758; RFC 8410).
const SIGNATURES: &[(&[u8], &str)] = &[
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 4], "md5WithRSAEncryption"),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 5], "sha1WithRSAEncryption"),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10], "rsassaPss"),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11], "sha256WithRSAEncryption"),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 12], "sha384WithRSAEncryption"),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 13], "sha512WithRSAEncryption"),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1], "ecdsa-with-SHA1"),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2], "ecdsa-with-SHA256"),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3], "ecdsa-with-SHA384"),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 4], "ecdsa-with-SHA512"),
    (&[0x2a, 0x86, 0x48, 0xce, 0x38, 4, 3], "dsa-with-SHA1"),
    (&[0x2b, 0x65, 0x70], "Ed25519"),
    (&[0x2b, 0x65, 0x71], "Ed448"),
];
