//! Headers of QUIC packets (RFC 8999, RFC 9000); what is encrypted stays so.

use crate::dissection::Value;
use crate::field::layer;
use crate::writer::Writer;

layer! {
    QUIC "quic" "quic" "The header of a QUIC packet (RFC 9000).";
    FORM Uint "quic.header_form" "Whether the header is long.";
    FIXED Bool "quic.fixed_bit" "Always set.";
    TYPE Uint "quic.long.packet_type" "Kind of packet with a long header.";
    TYPE2 Uint "quic.long.packet_type_v2" "The same, of version 2.";
    VERSION Hex(8) "quic.version" "Version.";
    DCIL Uint "quic.dcil" "Bytes of the destination's connection identifier.";
    DCID Bytes "quic.dcid" "The destination's connection identifier.";
    SCIL Uint "quic.scil" "Bytes of the source's connection identifier.";
    SCID Bytes "quic.scid" "The source's connection identifier.";
    SUPPORTED Hex(8) "quic.supported_version" "A version the server knows.";
    TOKEN_LENGTH Uint "quic.token_length" "Bytes of the token.";
    TOKEN Bytes "quic.token" "What the server gave the client before.";
    LENGTH Uint "quic.length" "Bytes of packet number and payload.";
    SPIN Bool "quic.spin_bit" "For measuring the round trip.";
}

/// Whether there is a packet with a long header of a version that is known.
pub(crate) fn is_long(w: &Writer<'_>, at: usize) -> bool {
    let [first, version] = [w.number(at, 1), w.number(at + 1, 4)].map(|n| n.unwrap_or(0));
    let is_known = matches!(version, 1 | V2) || version >> 8 == 0x00ff_0000;
    let lengths = w.number(at + 5, 1).filter(|len| *len <= ID_MAX);
    (first & 0xc0 == 0xc0 && is_known || first & 0x80 != 0 && version == 0) && lengths.is_some()
}

/// The packets of a datagram, which begins with a long header; gives where what is left begins.
pub(crate) fn long(w: &mut Writer<'_>, at: usize) {
    let mut next = at;
    while is_long(w, next) {
        w.layer(&QUIC, next);
        let end = header(w, next).filter(|end| *end <= w.end).unwrap_or(w.end);
        w.layer_end(end);
        next = end;
    }
    // What is neither is padding.
    if w.number(next, 1).is_some_and(|first| first & 0xc0 == 0x40) {
        short(w, next);
    }
}

/// A packet with a short header.
pub(crate) fn short(w: &mut Writer<'_>, at: usize) {
    w.layer(&QUIC, at);
    w.bits(&FORM, at, 1, 7, 1);
    w.flags(at, 1, &[(&FIXED, 6), (&SPIN, 5)]);
}

fn header(w: &mut Writer<'_>, at: usize) -> Option<usize> {
    w.bits(&FORM, at, 1, 7, 1);
    let version = w.number(at + 1, 4)?;
    let kind = w.number(at, 1)? >> 4 & 3;
    if version != 0 {
        w.bits(&FIXED, at, 1, 6, 1);
        if version == V2 {
            let name = kind.checked_sub(1).unwrap_or(3);
            w.add_named(&TYPE2, at, 1, Value::Uint(kind), type_name(name));
        } else {
            w.add_named(&TYPE, at, 1, Value::Uint(kind), type_name(kind));
        }
    }
    w.uint(&VERSION, at + 1, 4);
    let dcil = w.uint(&DCIL, at + 5, 1) as usize;
    w.bytes(&DCID, at + 6, dcil);
    let source = at + 6 + dcil;
    let scil = w.number(source, 1)?;
    w.uint(&SCIL, source, 1);
    w.bytes(&SCID, source + 1, scil as usize);
    let mut next = source + 1 + scil as usize;
    if version == 0 {
        (next..w.end).step_by(4).for_each(|at| {
            w.uint(&SUPPORTED, at, 4);
        });
        return None;
    }
    let kind = if version == V2 { kind.checked_sub(1).unwrap_or(3) } else { kind };
    if kind == RETRY {
        return None;
    }
    if kind == INITIAL {
        let (len, bytes) = varint(w, next)?;
        w.computed(&TOKEN_LENGTH, next, bytes, len);
        w.bytes(&TOKEN, next + bytes, len as usize);
        next += bytes + len as usize;
    }
    let (len, bytes) = varint(w, next)?;
    w.computed(&LENGTH, next, bytes, len);
    Some(next + bytes + len as usize)
}

/// A number of variable length and how many bytes it has (RFC 9000, section 16).
fn varint(w: &Writer<'_>, at: usize) -> Option<(u64, usize)> {
    let len = 1 << (w.number(at, 1)? >> 6);
    let number = w.number(at, len)? & (u64::MAX >> (66 - 8 * len));
    // No packet is longer than a datagram.
    u16::try_from(number).is_ok().then_some((number, len))
}

fn type_name(kind: u64) -> Option<&'static str> {
    ["initial", "0-RTT", "handshake", "retry"].get(kind as usize).copied()
}

const INITIAL: u64 = 0;
const RETRY: u64 = 3;
const V2: u64 = 0x6b33_43cf;
/// Bytes of a connection identifier at most.
const ID_MAX: u64 = 20;
