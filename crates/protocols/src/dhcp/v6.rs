//! Messages over IPv6 (RFC 8415), those inside the messages of relays too.

use std::net::{IpAddr, Ipv6Addr};

use super::message::{ADDRESSES_MAX, Message, V6_KINDS, text, v6_addresses};
use crate::text::hex;
use crate::{Cursor, Match, WireText, dns};

/// Whether this is a message: a known type, and options that reach to its end.
pub(super) fn probe(bytes: &[u8], is_at_port: bool) -> Match {
    let Some(kind) = bytes.first().copied() else { return Match::No };
    if kind == 0 || usize::from(kind) >= V6_KINDS.len() {
        return Match::No;
    }
    let mut options = Cursor::new(bytes.get(header_len(kind)..).unwrap_or_default());
    let mut count = 0;
    while let Some((code, _)) = options.u16().zip(options.sub_u16()) {
        if code == 0 || code > CODE_MAX {
            return Match::No;
        }
        count += 1;
    }
    match (options.is_empty() && count > 0, is_at_port) {
        (true, true) => Match::Yes,
        _ => Match::Maybe,
    }
}

/// Reads a message of `len` bytes of which `bytes` are there.
pub(super) fn read(bytes: &[u8], len: usize) -> Option<Message> {
    if probe(bytes, true) == Match::No {
        return None;
    }
    let mut message = Message::new(6, len);
    let mut inner = Some(bytes);
    let mut is_whole = true;
    for _ in 0..=RELAYS_MAX {
        let Some(bytes) = inner.take() else { break };
        is_whole = layer(bytes, &mut message, &mut inner).is_some();
    }
    message.is_whole = is_whole && bytes.len() == len && inner.is_none();
    Some(message)
}

/// A message, up to the one it relays.
fn layer<'a>(bytes: &'a [u8], message: &mut Message, inner: &mut Option<&'a [u8]>) -> Option<()> {
    let mut cursor = Cursor::new(bytes);
    let kind = cursor.u8()?;
    message.kinds.push(kind);
    if is_relay(kind) {
        cursor.u8()?;
        let [link, peer] = [cursor.array::<16>()?, cursor.array()?].map(Ipv6Addr::from);
        message.relay_address.get_or_insert(link.into());
        message.peer_address = Some(peer.into());
    } else {
        message.xid = Some(cursor.u24()?);
    }
    let mut has_status = false;
    while !cursor.is_empty() {
        let (code, len) = (cursor.u16()?, cursor.u16()?);
        // Of one that was cut, what is there.
        let value = cursor.take(len.into());
        let is_cut = value.is_none();
        let value = value.or_else(|| cursor.take(cursor.len()))?;
        message.option(code);
        match code {
            RELAY_MESSAGE => *inner = Some(value),
            // How it went with all of the message goes before how it went with a part.
            STATUS_CODE if !has_status => {
                has_status = true;
                status_code(value, message);
            }
            _ => option(code, value, message),
        }
        if is_cut {
            return None;
        }
    }
    Some(())
}

fn option(code: u16, value: &[u8], message: &mut Message) {
    match code {
        1 => message.client_id = Some(hex(value)),
        2 => message.server_id = Some(hex(value)),
        3 | 25 => association(value.get(12..), message),
        4 => association(value.get(4..), message),
        6 => {
            let codes = value.as_chunks().0.iter();
            message.parameters = codes.map(|code| u16::from_be_bytes(*code)).collect();
        }
        8 => message.elapsed = Cursor::new(value).u16().map(u32::from),
        15 => message.user_class = texts(value),
        16 => message.vendor_class = value.get(4..).and_then(texts),
        18 => message.circuit_id = Some(hex(value)),
        23 => message.dns_servers = v6_addresses(value),
        24 => message.domain_search = dns::wire_names(value),
        31 => message.ntp_servers = v6_addresses(value),
        37 => message.remote_id = Some(hex(value)),
        39 => {
            let name = value.get(1..).and_then(dns::wire_name);
            message.fqdn = name.and_then(|name| text(name.as_bytes()));
        }
        56 => ntp(value, message),
        59 => message.boot_file = text(value),
        other => inside(other, value, message),
    }
}

/// The options inside an identity association.
fn association(options: Option<&[u8]>, message: &mut Message) {
    let mut cursor = Cursor::new(options.unwrap_or_default());
    while let Some((code, value)) = cursor.u16().zip(cursor.sub_u16()) {
        inside(code, value.rest(), message);
    }
}

/// Addresses, prefixes, and how it went (RFC 8415 sections 21.6, 21.22 and 21.13).
fn inside(code: u16, value: &[u8], message: &mut Message) {
    let mut cursor = Cursor::new(value);
    match code {
        5 => {
            let Some(octets) = cursor.array::<16>() else { return };
            if message.addresses.len() < ADDRESSES_MAX {
                message.addresses.push(IpAddr::from(octets));
            }
            cursor.u32();
            message.lease = message.lease.or(cursor.u32());
            status(cursor.rest(), message);
        }
        26 => {
            cursor.u32();
            let lease = cursor.u32();
            let Some((len, octets)) = cursor.u8().zip(cursor.array::<16>()) else { return };
            if message.prefixes.len() < ADDRESSES_MAX {
                message.prefixes.push(format!("{}/{len}", Ipv6Addr::from(octets)));
            }
            message.lease = message.lease.or(lease);
            status(cursor.rest(), message);
        }
        STATUS_CODE if message.status.is_none() => status_code(value, message),
        _ => {}
    }
}

/// How it went (RFC 8415 section 21.13).
fn status_code(value: &[u8], message: &mut Message) {
    let mut cursor = Cursor::new(value);
    message.status = cursor.u16();
    message.text = text(cursor.rest());
}

/// How it went with an address or a prefix. Goes no deeper: nothing else is defined to be there.
fn status(options: &[u8], message: &mut Message) {
    let mut cursor = Cursor::new(options);
    while let Some((code, value)) = cursor.u16().zip(cursor.sub_u16()) {
        if code == STATUS_CODE {
            inside(code, value.rest(), message);
        }
    }
}

/// Texts with their lengths before them, with commas between them.
fn texts(value: &[u8]) -> Option<WireText> {
    let mut cursor = Cursor::new(value);
    let mut all: Vec<&[u8]> = Vec::new();
    while let Some(part) = cursor.sub_u16() {
        all.push(part.rest());
    }
    text(&all.join(&b','))
}

/// The addresses among the time servers (RFC 5908).
fn ntp(value: &[u8], message: &mut Message) {
    let mut cursor = Cursor::new(value);
    while let Some((code, value)) = cursor.u16().zip(cursor.sub_u16()) {
        if matches!(code, 1 | 2) && message.ntp_servers.len() < ADDRESSES_MAX {
            message.ntp_servers.extend(v6_addresses(value.rest()).first());
        }
    }
}

fn is_relay(kind: u8) -> bool {
    matches!(kind, 12 | 13)
}

fn header_len(kind: u8) -> usize {
    if is_relay(kind) { 34 } else { 4 }
}

const RELAY_MESSAGE: u16 = 9;
const STATUS_CODE: u16 = 13;
/// Relays a message can pass (RFC 8415 section 7.6 has it stop at 8; lenient).
const RELAYS_MAX: usize = 32;
/// Codes above this one are not given to anything (IANA "DHCPv6 Option Codes").
const CODE_MAX: u16 = 255;
