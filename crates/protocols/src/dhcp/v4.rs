//! Messages over IPv4: the header of BOOTP and the options of RFC 2132.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use super::message::{Message, text, v4_addresses};
use crate::text::hex;
use crate::{Cursor, Match, WireText, dns};

/// Whether this is a message: the cookie tells; without it (BOOTP, or a capture that cut it), the
/// header has to do.
pub(super) fn probe(bytes: &[u8]) -> Match {
    match bytes {
        [1 | 2, ..] if bytes.get(COOKIE_AT..OPTIONS_AT) == Some(&COOKIE) => Match::Yes,
        [1 | 2, 0..=38, 0..=16, 0..=16, ..] if bytes.len() >= FIXED_MIN => Match::Maybe,
        _ => Match::No,
    }
}

/// Reads a message of `len` bytes of which `bytes` are there.
pub(super) fn read(bytes: &[u8], len: usize) -> Option<Message> {
    if probe(bytes) == Match::No {
        return None;
    }
    let mut message = Message::new(4, len);
    let whole_header = fixed(bytes, &mut message).is_some();
    let fields = Fields {
        options: bytes.get(OPTIONS_AT..).unwrap_or_default(),
        file: bytes.get(FILE_AT..COOKIE_AT).unwrap_or_default(),
        name: bytes.get(NAME_AT..FILE_AT).unwrap_or_default(),
        has_cookie: bytes.get(COOKIE_AT..OPTIONS_AT) == Some(&COOKIE),
    };
    let (options, is_whole) = gather(&fields, &mut message);
    message.is_whole = whole_header && bytes.len() == len && (is_whole || !fields.has_cookie);
    for (code, value) in &options {
        option(*code, value, &mut message);
    }
    let overload = options.get(&OVERLOAD).and_then(|value| value.first()).unwrap_or(&0);
    if message.boot_file.is_none() && overload & 1 == 0 {
        let end = fields.file.iter().position(|byte| *byte == 0).unwrap_or(fields.file.len());
        message.boot_file = text(&fields.file[..end]);
    }
    Some(message)
}

/// The fields with fixed places (RFC 2131 section 2).
fn fixed(bytes: &[u8], message: &mut Message) -> Option<()> {
    let mut cursor = Cursor::new(bytes);
    message.is_request = Some(cursor.u8()? == 1);
    let hardware_type = cursor.u8()?;
    let hardware_len = cursor.u8()?;
    cursor.u8()?;
    message.xid = Some(cursor.u32()?);
    message.elapsed = Some(u32::from(cursor.u16()?) * 100);
    cursor.u16()?;
    for address in [
        &mut message.client_address,
        &mut message.your_address,
        &mut message.next_server,
        &mut message.relay_address,
    ] {
        let octets: [u8; 4] = cursor.array()?;
        *address = Some(Ipv4Addr::from(octets).into())
            .filter(|address: &IpAddr| !address.is_unspecified());
    }
    let hardware = cursor.take(16)?.get(..hardware_len.into())?;
    message.hardware = Some(hardware_text(hardware_type, hardware)).filter(|text| !text.is_empty());
    cursor.take(OPTIONS_AT - 4 - FIXED_MIN)?;
    Some(())
}

/// Ethernet addresses as usual, others in hexadecimal.
fn hardware_text(kind: u8, address: &[u8]) -> String {
    if kind != ETHERNET || address.len() != 6 {
        return hex(address);
    }
    address.iter().map(|byte| hex(&[*byte])).collect::<Vec<_>>().join(":")
}

struct Fields<'a> {
    options: &'a [u8],
    file: &'a [u8],
    name: &'a [u8],
    has_cookie: bool,
}

/// The options of all fields that have some; one that comes again goes on (RFC 3396), and the file
/// name and server name may hold options too (RFC 2132 section 9.3). Also whether the end was found.
fn gather(fields: &Fields<'_>, message: &mut Message) -> (BTreeMap<u8, Vec<u8>>, bool) {
    let mut options = BTreeMap::new();
    if !fields.has_cookie {
        return (options, false);
    }
    let mut is_whole = walk(fields.options, message, &mut options).is_some();
    let overload: u8 = options.get(&OVERLOAD).and_then(|value| value.first().copied()).unwrap_or(0);
    for (bit, field) in [(1, fields.file), (2, fields.name)] {
        if overload & bit != 0 {
            is_whole &= walk(field, message, &mut options).is_some();
        }
    }
    (options, is_whole)
}

fn walk(bytes: &[u8], message: &mut Message, options: &mut BTreeMap<u8, Vec<u8>>) -> Option<()> {
    let mut cursor = Cursor::new(bytes);
    // A message whose end is not marked ends with its bytes.
    while let Some(code) = cursor.u8() {
        match code {
            PAD => {}
            END => return Some(()),
            _ => {
                let len = cursor.u8()?;
                // Of one that was cut, what is there.
                let value = cursor.take(len.into()).or_else(|| cursor.take(cursor.len()))?;
                message.option(code.into());
                options.entry(code).or_default().extend_from_slice(value);
            }
        }
    }
    None
}

fn option(code: u8, value: &[u8], message: &mut Message) {
    let address = || v4_addresses(value).first().copied();
    match code {
        1 => message.mask = address(),
        3 => message.routers = v4_addresses(value),
        6 => message.dns_servers = v4_addresses(value),
        12 => message.hostname = text(value),
        15 => message.domain = text(value),
        42 => message.ntp_servers = v4_addresses(value),
        50 => message.requested = address(),
        51 => message.lease = Cursor::new(value).u32(),
        53 => message.kinds.extend(value.first()),
        54 => message.server_id = address().map(|address| address.to_string()),
        55 => message.parameters = value.iter().map(|code| u16::from(*code)).collect(),
        56 => message.text = text(value),
        60 => message.vendor_class = text(value),
        61 => message.client_id = Some(hex(value)),
        67 => message.boot_file = text(value),
        77 => message.user_class = user_class(value),
        81 => message.fqdn = fqdn(value),
        82 => relay(value, message),
        119 => message.domain_search = dns::wire_names(value),
        _ => {}
    }
}

/// Texts with their lengths before them (RFC 3004); many clients send one text without.
fn user_class(value: &[u8]) -> Option<WireText> {
    let mut classes: Vec<&[u8]> = Vec::new();
    let mut cursor = Cursor::new(value);
    while !cursor.is_empty() {
        match cursor.sub_u8() {
            Some(class) if !class.is_empty() => classes.push(class.rest()),
            _ => return text(value),
        }
    }
    text(&classes.join(&b','))
}

/// Flags, two bytes without meaning, then the name: as DNS has it if the flag E is set, else as text
/// (RFC 4702 section 2).
fn fqdn(value: &[u8]) -> Option<WireText> {
    let ([flags, _, _], name) = value.split_first_chunk()?;
    if flags & 4 == 0 {
        return text(name);
    }
    text(dns::wire_name(name)?.as_bytes())
}

/// What the relay knows of the client (RFC 3046).
fn relay(value: &[u8], message: &mut Message) {
    let mut cursor = Cursor::new(value);
    while let Some((code, value)) = cursor.u8().zip(cursor.sub_u8()) {
        match code {
            1 => message.circuit_id = Some(hex(value.rest())),
            2 => message.remote_id = Some(hex(value.rest())),
            _ => {}
        }
    }
}

/// What options begin with (RFC 2131 section 3).
const COOKIE: [u8; 4] = [99, 130, 83, 99];
const COOKIE_AT: usize = 236;
const OPTIONS_AT: usize = 240;
const FILE_AT: usize = 108;
const NAME_AT: usize = 44;
/// Bytes up to the server name: less is no message.
const FIXED_MIN: usize = 44;
const ETHERNET: u8 = 1;
const PAD: u8 = 0;
const OVERLOAD: u8 = 52;
const END: u8 = 255;
