//! The data of records.

use std::borrow::Cow;
use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flowloom_schema::Timestamp;

use super::App;
use super::name::{Reader, netbios_text, push_string};
use super::svcb::{self, Svcb};
use super::words::{
    self, A, AAAA, AFSDB, CAA, CDNSKEY, CDS, CNAME, DNAME, DNSKEY, DS, HINFO, HTTPS, KX, MINFO, MX,
    NAPTR, NB, NBSTAT, NS, NSEC, PTR, RP, RRSIG, RT, SMIMEA, SOA, SPF, SRV, SSHFP, SVCB, TLSA, TXT,
    URI,
};
use crate::text::hex;

/// The data of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Data {
    /// Of A and AAAA.
    Address(IpAddr),
    /// Of CNAME, DNAME, NS and PTR.
    Name(String),
    /// Of SVCB and HTTPS.
    Service(Box<Svcb>),
    /// Of all others that are understood, as zone files have it.
    Text(String),
    /// Of a type that is not understood, and what is not as its type says: bytes, as RFC 3597
    /// section 5 has them.
    Unknown(String),
}

impl Data {
    /// The name it is, if it is one.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Name(name) => Some(name),
            _ => None,
        }
    }

    /// As text.
    pub fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Address(address) => address.to_string().into(),
            Self::Name(text) | Self::Text(text) | Self::Unknown(text) => text.into(),
            Self::Service(service) => service.to_string().into(),
        }
    }
}

/// Reads the data of a record of a type; none where they are not as the type says. An update has
/// records of any type without data (RFC 2136 section 2.5).
pub(super) fn read(kind: u16, mut reader: Reader<'_>) -> Option<Data> {
    if reader.is_empty() {
        return Some(unknown(reader));
    }
    let reader = &mut reader;
    let text = match (kind, reader.app()) {
        (NB, App::Nbns) => nb(reader),
        (NBSTAT, App::Nbns) => nbstat(reader),
        (A, _) => return Some(Data::Address(Ipv4Addr::from(reader.array::<4>()?).into())),
        (AAAA, _) => return Some(Data::Address(Ipv6Addr::from(reader.array::<16>()?).into())),
        (CNAME | DNAME | NS | PTR, _) => return reader.name().map(Data::Name),
        (SVCB | HTTPS, _) => {
            return svcb::read(reader).map(|service| Data::Service(Box::new(service)));
        }
        (MX | AFSDB | RT | KX, _) => Some(format!("{} {}", reader.u16()?, reader.name()?)),
        (MINFO | RP, _) => Some(format!("{} {}", reader.name()?, reader.name()?)),
        (TXT | SPF, _) => txt(reader),
        (HINFO, _) => Some(format!("{} {}", quoted(reader)?, quoted(reader)?)),
        (NAPTR, _) => naptr(reader),
        (SOA, _) => soa(reader),
        (SRV, _) => {
            let [priority, weight, port] = [reader.u16()?, reader.u16()?, reader.u16()?];
            Some(format!("{priority} {weight} {port} {}", reader.name()?))
        }
        (CAA, _) => caa(reader),
        // Key tag, algorithm, kind of digest (RFC 4034 section 5.3).
        (DS | CDS, _) => {
            let tag = reader.u16()?;
            let [algorithm, kind] = reader.array()?;
            Some(format!("{tag} {algorithm} {kind} {}", hex(clipped(reader.rest()))))
        }
        // Flags, protocol, algorithm (RFC 4034 section 2.2).
        (DNSKEY | CDNSKEY, _) => {
            let flags = reader.u16()?;
            let [protocol, algorithm] = reader.array()?;
            Some(format!("{flags} {protocol} {algorithm} {}", STANDARD.encode(reader.rest())))
        }
        // Algorithm, kind of fingerprint (RFC 4255 section 3.1).
        (SSHFP, _) => {
            let [algorithm, kind] = reader.array()?;
            Some(format!("{algorithm} {kind} {}", hex(clipped(reader.rest()))))
        }
        // What is compared with what, and how (RFC 6698 section 2.1).
        (TLSA | SMIMEA, _) => {
            let [usage, selector, matching] = reader.array()?;
            Some(format!("{usage} {selector} {matching} {}", hex(clipped(reader.rest()))))
        }
        // RFC 7553 section 4.5.
        (URI, _) => {
            let mut text = format!("{} {} \"", reader.u16()?, reader.u16()?);
            push_string(&mut text, reader.rest());
            text.push('"');
            Some(text)
        }
        (RRSIG, _) => rrsig(reader),
        (NSEC, _) => nsec(reader),
        _ => return Some(unknown(*reader)),
    };
    text.map(Data::Text)
}

/// The strings of a TXT record, one after the other: several are one text that was too long for one
/// (RFC 7208 section 3.3).
fn txt(reader: &mut Reader<'_>) -> Option<String> {
    let mut text = String::new();
    while !reader.is_empty() {
        let len = reader.u8()?;
        push_string(&mut text, reader.take(len.into())?);
    }
    Some(text)
}

fn soa(reader: &mut Reader<'_>) -> Option<String> {
    let (primary, mailbox) = (reader.name()?, reader.name()?);
    let mut text = format!("{primary} {mailbox}");
    for _ in 0..5 {
        let _ = write!(text, " {}", reader.u32()?);
    }
    Some(text)
}

/// A string with quotes around it.
fn quoted(reader: &mut Reader<'_>) -> Option<String> {
    let len = reader.u8()?;
    let mut text = String::from('"');
    push_string(&mut text, reader.take(len.into())?);
    text.push('"');
    Some(text)
}

/// Order, preference, flags, services, expression, replacement (RFC 3403 section 4.1).
fn naptr(reader: &mut Reader<'_>) -> Option<String> {
    let [order, preference] = [reader.u16()?, reader.u16()?];
    let [flags, services, expression] = [quoted(reader)?, quoted(reader)?, quoted(reader)?];
    let replacement = reader.name()?;
    Some(format!("{order} {preference} {flags} {services} {expression} {replacement}"))
}

/// RFC 8659 section 4.1.
fn caa(reader: &mut Reader<'_>) -> Option<String> {
    let mut text = format!("{} ", reader.u8()?);
    let len = reader.u8()?;
    push_string(&mut text, reader.take(len.into())?);
    text.push_str(" \"");
    push_string(&mut text, reader.rest());
    text.push('"');
    Some(text)
}

/// The type that is signed, by whom, and when; and the signature (RFC 4034 section 3.2).
fn rrsig(reader: &mut Reader<'_>) -> Option<String> {
    let covered = words::type_name(reader.u16()?, App::Dns);
    let [algorithm, labels] = reader.array()?;
    let ttl = reader.u32()?;
    let [end, start] = [moment(reader.u32()?), moment(reader.u32()?)];
    let tag = reader.u16()?;
    let signer = reader.name()?;
    let signature = STANDARD.encode(reader.rest());
    Some(format!("{covered} {algorithm} {labels} {ttl} {end} {start} {tag} {signer} {signature}"))
}

/// Seconds since 1970 as `YYYYMMDDHHmmSS`.
fn moment(seconds: u32) -> String {
    let text = Timestamp::date_and_time(seconds.into());
    text.chars().filter(char::is_ascii_digit).collect()
}

/// The next name, and the types this one has (RFC 4034 section 4.1): in windows that come in order
/// and are not empty.
fn nsec(reader: &mut Reader<'_>) -> Option<String> {
    let mut text = reader.name()?;
    let mut before = None;
    while let Some([window, len]) = reader.array() {
        if before >= Some(window) || !(1..=32).contains(&len) || text.len() > NSEC_TEXT_MAX {
            return None;
        }
        before = Some(window);
        for (i, byte) in (0_u16..).zip(reader.take(len.into())?) {
            for bit in (0..8).filter(|bit| byte << bit & 0x80 != 0) {
                let kind = u16::from(window) << 8 | i << 3 | bit;
                let _ = write!(text, " {}", words::type_name(kind, App::Dns));
            }
        }
    }
    Some(text)
}

/// The addresses of a `NetBIOS` name (RFC 1002 section 4.2.1.3).
fn nb(reader: &mut Reader<'_>) -> Option<String> {
    let mut text = String::new();
    loop {
        reader.u16()?;
        let _ = write!(text, "{}", Ipv4Addr::from(reader.array::<4>()?));
        if reader.is_empty() {
            return Some(text);
        }
        text.push(' ');
    }
}

/// The `NetBIOS` names of a node (RFC 1002 section 4.2.18).
fn nbstat(reader: &mut Reader<'_>) -> Option<String> {
    let mut text = String::new();
    for i in 0..reader.u8()? {
        let name = reader.take(16)?;
        reader.u16()?;
        if i > 0 {
            text.push(' ');
        }
        text.push_str(&netbios_text(name)?);
    }
    Some(text)
}

/// The bytes of data.
pub(super) fn unknown(mut reader: Reader<'_>) -> Data {
    let bytes = reader.rest();
    let mut text = format!("\\# {}", bytes.len());
    if !bytes.is_empty() {
        text.push(' ');
        text.push_str(&hex(clipped(bytes)));
    }
    Data::Unknown(text)
}

fn clipped(bytes: &[u8]) -> &[u8] {
    bytes.get(..RAW_MAX).unwrap_or(bytes)
}

/// Bytes of data that are shown in hexadecimal.
const RAW_MAX: usize = 512;
/// Bytes of text of types that a name has, at most: some thousands of them.
const NSEC_TEXT_MAX: usize = 64 << 10;
