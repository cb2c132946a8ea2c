//! The name service of `NetBIOS` over UDP (RFC 1002, section 4.2): messages like those of DNS, about other names.

use flowloom_protocols::dns::{netbios_name, netbios_text};

use crate::dissection::Value;
use crate::field::{FieldInfo, layer};
use crate::writer::Writer;

layer! {
    NBNS "nbns" "nbns" "Name service of NetBIOS (RFC 1002).";
    ID Hex(4) "nbns.id" "What ties an answer to its question.";
    FLAGS Hex(4) "nbns.flags" "Flags.";
    RESPONSE Bool "nbns.flags.response" "An answer.";
    OPCODE Uint "nbns.flags.opcode" "Kind of message.";
    AUTHORITATIVE Bool "nbns.flags.authoritative" "The answer is by who decides about the name.";
    TRUNCATED Bool "nbns.flags.truncated" "The message was cut.";
    RECURSION_DESIRED Bool "nbns.flags.recdesired" "The server should ask others.";
    RECURSION_AVAILABLE Bool "nbns.flags.recavail" "The server would ask others.";
    BROADCAST Bool "nbns.flags.broadcast" "The message went to all.";
    RCODE Uint "nbns.flags.rcode" "What came of the question.";
    QUERIES Uint "nbns.count.queries" "Questions.";
    ANSWERS Uint "nbns.count.answers" "Answers.";
    AUTHORITIES Uint "nbns.count.auth_rr" "Records about who decides.";
    ADDITIONAL Uint "nbns.count.add_rr" "Further records.";
    QUERY Group "nbns.query" "A question.";
    RECORD Group "nbns.record" "A record.";
    NAME Text "nbns.name" "The name it is about, with the kind of name as in `<20>`.";
    TYPE Uint "nbns.type" "Its type.";
    CLASS Uint "nbns.class" "Its class.";
    TTL Uint "nbns.ttl" "Seconds it may be kept.";
    DATA_LENGTH Uint "nbns.data_length" "Bytes of its data.";
    NB_FLAGS Hex(4) "nbns.nb_flags" "What an address of a name is.";
    NB_GROUP Bool "nbns.nb_flags.group" "The name is that of a group.";
    NB_NODE Uint "nbns.nb_flags.ont" "How the owner finds names.";
    ADDRESS Ipv4 "nbns.addr" "An address of the name.";
    NAMES Uint "nbns.number_of_names" "Names of the node that answers.";
    OWN_NAME Text "nbns.netbios_name" "A name of the node that answers.";
    OWN_FLAGS Hex(4) "nbns.name_flags" "What that name is.";
    OWN_GROUP Bool "nbns.name_flags.group" "The name is that of a group.";
    OWN_NODE Uint "nbns.name_flags.ont" "How the owner finds names.";
    OWN_LEAVES Bool "nbns.name_flags.drg" "The name is being given up.";
    OWN_CONFLICT Bool "nbns.name_flags.cnf" "The name is in conflict.";
    OWN_ACTIVE Bool "nbns.name_flags.act" "The name is in use.";
    OWN_PERMANENT Bool "nbns.name_flags.prm" "The name is that of the node itself.";
    UNIT_ID Mac "nbns.unit_id" "Hardware address of the node that answers.";
}

/// A message at `at`.
pub(crate) fn nbns(w: &mut Writer<'_>, at: usize) {
    w.layer(&NBNS, at);
    w.uint(&ID, at, 2);
    let flags = w.uint(&FLAGS, at + 2, 2);
    let is_response = flags & 0x8000 != 0;
    w.below(|w| {
        w.bits(&RESPONSE, at + 2, 2, 15, 1);
        let opcode = flags >> 11 & 15;
        w.add_named(&OPCODE, at + 2, 2, Value::Uint(opcode), opcode_name(opcode));
        if is_response {
            w.bits(&AUTHORITATIVE, at + 2, 2, 10, 1);
        }
        w.flags(at + 2, 2, &[(&TRUNCATED, 9), (&RECURSION_DESIRED, 8)]);
        if is_response {
            w.bits(&RECURSION_AVAILABLE, at + 2, 2, 7, 1);
        }
        w.bits(&BROADCAST, at + 2, 2, 4, 1);
        if is_response {
            let rcode = flags & 15;
            w.add_named(&RCODE, at + 2, 2, Value::Uint(rcode), rcode_name(rcode));
        }
    });
    let questions = w.uint(&QUERIES, at + 4, 2);
    let mut records = w.uint(&ANSWERS, at + 6, 2);
    records += w.uint(&AUTHORITIES, at + 8, 2);
    records += w.uint(&ADDITIONAL, at + 10, 2);
    let mut next = at + 12;
    for _ in 0..questions {
        let Some(end) = question(w, at, next) else { return };
        next = end;
    }
    for _ in 0..records {
        let Some(end) = record(w, at, next) else { return };
        next = end;
    }
}

fn question(w: &mut Writer<'_>, message: usize, at: usize) -> Option<usize> {
    let (name, end) = name(w, message, at)?;
    w.get(end, 4)?;
    w.group(&QUERY, at, end + 4 - at, |w| {
        w.said(&NAME, at, end - at, name);
        w.named(&TYPE, end, 2, type_name);
        w.uint(&CLASS, end + 2, 2);
    });
    Some(end + 4)
}

fn record(w: &mut Writer<'_>, message: usize, at: usize) -> Option<usize> {
    let (name, fixed) = name(w, message, at)?;
    let kind = w.number(fixed, 2)?;
    let len = w.number(fixed + 8, 2)? as usize;
    let data = fixed + 10;
    w.group(&RECORD, at, data + len - at, |w| {
        w.said(&NAME, at, fixed - at, name);
        w.named(&TYPE, fixed, 2, type_name);
        w.uint(&CLASS, fixed + 2, 2);
        w.uint(&TTL, fixed + 4, 4);
        w.uint(&DATA_LENGTH, fixed + 8, 2);
        if w.get(data, len).is_some() {
            match kind {
                ADDRESSES => addresses(w, data, len),
                STATUS => status(w, data, data + len),
                _ => {}
            }
        }
    });
    w.get(data, len).map(|_| data + len)
}

/// The addresses of a name (RFC 1002, section 4.2.1.3).
fn addresses(w: &mut Writer<'_>, data: usize, len: usize) {
    for at in (data..data + len / 6 * 6).step_by(6) {
        w.uint(&NB_FLAGS, at, 2);
        w.below(|w| {
            w.bits(&NB_GROUP, at, 2, 15, 1);
            node(w, &NB_NODE, at);
        });
        w.ipv4(&ADDRESS, at + 2);
    }
}

/// The names of a node (RFC 1002, section 4.2.18).
fn status(w: &mut Writer<'_>, data: usize, end: usize) {
    let names = w.uint(&NAMES, data, 1) as usize;
    let mut at = data + 1;
    for _ in 0..names {
        if at + 18 > end {
            return;
        }
        if let Some(text) = w.get(at, 16).and_then(netbios_text) {
            w.said(&OWN_NAME, at, 16, text);
        }
        w.uint(&OWN_FLAGS, at + 16, 2);
        w.below(|w| {
            w.bits(&OWN_GROUP, at + 16, 2, 15, 1);
            node(w, &OWN_NODE, at + 16);
            let flags =
                [(&OWN_LEAVES, 12), (&OWN_CONFLICT, 11), (&OWN_ACTIVE, 10), (&OWN_PERMANENT, 9)];
            w.flags(at + 16, 2, &flags);
        });
        at += 18;
    }
    if at + 6 <= end {
        w.mac(&UNIT_ID, at);
    }
}

fn node(w: &mut Writer<'_>, field: &'static FieldInfo, at: usize) {
    let kind = w.number(at, 2).unwrap_or(0) >> 13 & 3;
    let names = ["B node", "P node", "M node", "H node"];
    w.add_named(field, at, 2, Value::Uint(kind), names.get(kind as usize).copied());
}

/// A name, and where it ends; `message` is where offsets count from.
fn name(w: &Writer<'_>, message: usize, at: usize) -> Option<(String, usize)> {
    let (name, end) = netbios_name(w.rest(message), at - message)?;
    Some((name, message + end))
}

fn type_name(kind: u64) -> Option<&'static str> {
    match kind {
        ADDRESSES => Some("addresses of a name"),
        STATUS => Some("names of a node"),
        _ => super::dns::type_name(kind),
    }
}

fn opcode_name(opcode: u64) -> Option<&'static str> {
    Some(match opcode {
        0 => "query",
        5 => "registration",
        6 => "release",
        7 => "wait",
        8 | 9 => "refresh",
        15 => "multi-homed registration",
        _ => return None,
    })
}

fn rcode_name(rcode: u64) -> Option<&'static str> {
    Some(match rcode {
        0 => "no error",
        1 => "format error",
        2 => "server failure",
        3 => "no such name",
        4 => "not implemented",
        5 => "refused",
        6 => "name is owned by another",
        7 => "name is in conflict",
        _ => return None,
    })
}

const ADDRESSES: u64 = 32;
const STATUS: u64 = 33;
