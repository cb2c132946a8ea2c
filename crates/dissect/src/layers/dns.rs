//! DNS (RFC 1035), over UDP and TCP, and what has its messages: mDNS, LLMNR.

use std::fmt::Write as _;

use flowloom_flow::Direction;
use flowloom_protocols::dns::{App, DnsProtocol};
use flowloom_protocols::{Match, Opening, Protocol as _, Transport};
use flowloom_wire::Packet;

use crate::dissection::Value;
use crate::field::{LayerInfo, layer};
use crate::writer::Writer;

layer! {
    DNS "dns" "dns" "DNS (RFC 1035).";
    LENGTH Uint "dns.length" "Bytes of the message, over TCP.";
    ID Hex(4) "dns.id" "What ties an answer to its question.";
    FLAGS Hex(4) "dns.flags" "Flags.";
    RESPONSE Bool "dns.flags.response" "An answer.";
    OPCODE Uint "dns.flags.opcode" "Kind of question.";
    AUTHORITATIVE Bool "dns.flags.authoritative" "The answer is by who decides about the name.";
    TRUNCATED Bool "dns.flags.truncated" "The message was cut.";
    RECURSION_DESIRED Bool "dns.flags.recdesired" "The server should ask others.";
    RECURSION_AVAILABLE Bool "dns.flags.recavail" "The server would ask others.";
    Z Bool "dns.flags.z" "Reserved.";
    AUTHENTICATED Bool "dns.flags.authenticated" "The server checked all signatures.";
    CHECKING_DISABLED Bool "dns.flags.checkdisable" "Signatures need not be checked.";
    RCODE Uint "dns.flags.rcode" "What came of the question.";
    QUERIES Uint "dns.count.queries" "Questions.";
    ANSWERS Uint "dns.count.answers" "Answers.";
    AUTHORITIES Uint "dns.count.auth_rr" "Records about who decides.";
    ADDITIONAL Uint "dns.count.add_rr" "Further records.";
    QUERY Group "dns.query" "A question.";
    QUERY_NAME Text "dns.qry.name" "The name that is asked about.";
    QUERY_TYPE Uint "dns.qry.type" "The type of records that are asked for.";
    QUERY_CLASS Hex(4) "dns.qry.class" "The class of records that are asked for.";
    QUERY_UNICAST Bool "dns.qry.qu" "mDNS: the answer should go to the asker alone.";
    RECORD Group "dns.record" "A record.";
    NAME Text "dns.resp.name" "The name it is about.";
    TYPE Uint "dns.resp.type" "Its type.";
    CLASS Hex(4) "dns.resp.class" "Its class.";
    FLUSH Bool "dns.resp.cache_flush" "mDNS: what was known is outdated.";
    TTL Uint "dns.resp.ttl" "Seconds it may be kept.";
    DATA_LENGTH Uint "dns.resp.len" "Bytes of its data.";
    A Ipv4 "dns.a" "IPv4 address.";
    AAAA Ipv6 "dns.aaaa" "IPv6 address.";
    CNAME Text "dns.cname" "The canonical name.";
    NS Text "dns.ns" "A name server.";
    PTR Text "dns.ptr.domain_name" "The name of an address.";
    MX_PREFERENCE Uint "dns.mx.preference" "Mail: order of preference.";
    MX Text "dns.mx.mail_exchange" "Mail: where it goes.";
    SOA_MNAME Text "dns.soa.mname" "Zone: first name server.";
    SOA_RNAME Text "dns.soa.rname" "Zone: mailbox of who is responsible.";
    SOA_SERIAL Uint "dns.soa.serial_number" "Zone: serial number.";
    SOA_REFRESH Uint "dns.soa.refresh_interval" "Zone: seconds between refreshes.";
    SOA_RETRY Uint "dns.soa.retry_interval" "Zone: seconds before trying again.";
    SOA_EXPIRE Uint "dns.soa.expire_limit" "Zone: seconds after which it is no more valid.";
    SOA_MINIMUM Uint "dns.soa.minimum_ttl" "Zone: seconds that a missing name may be kept.";
    TXT_LENGTH Uint "dns.txt.length" "Bytes of a text.";
    TXT Text "dns.txt" "A text.";
    SRV_PRIORITY Uint "dns.srv.priority" "Service: order of preference.";
    SRV_WEIGHT Uint "dns.srv.weight" "Service: share of the load.";
    SRV_PORT Uint "dns.srv.port" "Service: port.";
    SRV_TARGET Text "dns.srv.target" "Service: host.";
    UDP_SIZE Uint "dns.rr.udp_payload_size" "EDNS: largest message the sender takes.";
    EXT_RCODE Hex(2) "dns.resp.ext_rcode" "EDNS: upper bits of what came of the question.";
    EDNS_VERSION Uint "dns.resp.edns0_version" "EDNS: version.";
    EDNS_Z Hex(4) "dns.resp.z" "EDNS: flags.";
    EDNS_DO Bool "dns.resp.z.do" "EDNS: signatures are wanted.";
    EDNS_OPTION Uint "dns.opt.code" "EDNS: kind of an option.";
    EDNS_LENGTH Uint "dns.opt.len" "EDNS: bytes of an option.";
    EDNS_DATA Bytes "dns.opt.data" "EDNS: what an option says.";
    DATA Bytes "dns.resp.data" "The data of a record that has no other field.";
}

layer! {
    MDNS "mdns" "dns" "Multicast DNS (RFC 6762), with the fields of DNS.";
}

layer! {
    LLMNR "llmnr" "dns" "Link-local name resolution (RFC 4795), with the fields of DNS.";
    CONFLICT Bool "dns.flags.conflict" "The name may be in use twice.";
    TENTATIVE Bool "dns.flags.tentative" "The sender is not yet sure of the name.";
}

/// Whether there is room for a message at `at`.
pub(crate) fn is_message(w: &Writer<'_>, at: usize) -> bool {
    w.rest(at).len() >= 12
}

/// A message at a port that is none of DNS; whether it is one, and nothing else.
pub(crate) fn at_any_port(w: &mut Writer<'_>, packet: &Packet, at: usize) -> bool {
    let ports = [packet.src_port, packet.dst_port];
    let is_one = is_whole(Transport::Udp, w.rest(at), w.claim.saturating_sub(at), ports);
    if is_one {
        dns(w, &DNS, at);
    }
    is_one
}

/// Whether a stream at such a port begins with a message that is all there.
pub(crate) fn begins_stream(bytes: &[u8], ports: [u16; 2]) -> bool {
    is_whole(Transport::Tcp, bytes, bytes.len(), ports)
}

fn is_whole(transport: Transport, bytes: &[u8], len: usize, ports: [u16; 2]) -> bool {
    let opening = Opening { transport, direction: Direction::Up, bytes, len, ports };
    DnsProtocol(App::Dns).probe(&opening) == Match::Yes
}

/// A message at `at`.
pub(crate) fn dns(w: &mut Writer<'_>, layer: &'static LayerInfo, at: usize) {
    w.layer(layer, at);
    message(w, layer, at);
}

/// A message with its length before it, as over TCP; gives its end.
pub(crate) fn over_tcp(w: &mut Writer<'_>, at: usize, end: usize) -> usize {
    let all = w.end;
    w.end = end;
    w.layer(&DNS, at);
    w.uint(&LENGTH, at, 2);
    message(w, &DNS, at + 2);
    w.end = all;
    end
}

fn message(w: &mut Writer<'_>, layer: &'static LayerInfo, at: usize) {
    let is_mdns = std::ptr::eq(layer, &raw const MDNS);
    w.uint(&ID, at, 2);
    let flags = w.uint(&FLAGS, at + 2, 2);
    let is_response = flags & 0x8000 != 0;
    w.below(|w| {
        w.bits(&RESPONSE, at + 2, 2, 15, 1);
        let opcode = flags >> 11 & 15;
        w.add_named(&OPCODE, at + 2, 2, Value::Uint(opcode), opcode_name(opcode));
        if std::ptr::eq(layer, &raw const LLMNR) {
            w.flags(at + 2, 2, &[(&CONFLICT, 10), (&TRUNCATED, 9), (&TENTATIVE, 8)]);
        } else {
            if is_response {
                w.bits(&AUTHORITATIVE, at + 2, 2, 10, 1);
            }
            w.flags(at + 2, 2, &[(&TRUNCATED, 9), (&RECURSION_DESIRED, 8)]);
            if is_response {
                w.bits(&RECURSION_AVAILABLE, at + 2, 2, 7, 1);
            }
            w.bits(&Z, at + 2, 2, 6, 1);
            if is_response || flags & 0x20 != 0 {
                w.bits(&AUTHENTICATED, at + 2, 2, 5, 1);
            }
            w.bits(&CHECKING_DISABLED, at + 2, 2, 4, 1);
        }
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
        let Some(end) = question(w, at, next, is_mdns) else { return };
        next = end;
    }
    for _ in 0..records {
        let Some(end) = record(w, at, next, is_mdns) else { return };
        next = end;
    }
}

fn question(w: &mut Writer<'_>, message: usize, at: usize, is_mdns: bool) -> Option<usize> {
    let (name, end) = name(w, message, at)?;
    w.get(end, 4)?;
    w.group(&QUERY, at, end + 4 - at, |w| {
        w.said(&QUERY_NAME, at, end - at, name);
        w.named(&QUERY_TYPE, end, 2, type_name);
        if is_mdns {
            w.bits(&QUERY_CLASS, end + 2, 2, 0, 15);
            w.bits(&QUERY_UNICAST, end + 2, 2, 15, 1);
        } else {
            w.uint(&QUERY_CLASS, end + 2, 2);
        }
    });
    Some(end + 4)
}

fn record(w: &mut Writer<'_>, message: usize, at: usize, is_mdns: bool) -> Option<usize> {
    let (name, fixed) = name(w, message, at)?;
    let kind = w.number(fixed, 2)?;
    let len = w.number(fixed + 8, 2)? as usize;
    let data = fixed + 10;
    w.group(&RECORD, at, data + len - at, |w| {
        w.said(&NAME, at, fixed - at, name);
        w.named(&TYPE, fixed, 2, type_name);
        if kind == OPT {
            if is_mdns {
                w.bits(&UDP_SIZE, fixed + 2, 2, 0, 15);
                w.bits(&FLUSH, fixed + 2, 2, 15, 1);
            } else {
                w.uint(&UDP_SIZE, fixed + 2, 2);
            }
            w.uint(&EXT_RCODE, fixed + 4, 1);
            w.uint(&EDNS_VERSION, fixed + 5, 1);
            w.uint(&EDNS_Z, fixed + 6, 2);
            w.below(|w| w.flags(fixed + 6, 2, &[(&EDNS_DO, 15)]));
        } else {
            if is_mdns {
                w.bits(&CLASS, fixed + 2, 2, 0, 15);
                w.bits(&FLUSH, fixed + 2, 2, 15, 1);
            } else {
                w.uint(&CLASS, fixed + 2, 2);
            }
            w.uint(&TTL, fixed + 4, 4);
        }
        w.uint(&DATA_LENGTH, fixed + 8, 2);
        if w.get(data, len).is_some() {
            record_data(w, message, kind, data, len);
        }
    });
    w.get(data, len).map(|_| data + len)
}

/// What a record says; names in it may point to anywhere in the message.
fn record_data(w: &mut Writer<'_>, message: usize, kind: u64, at: usize, len: usize) {
    match kind {
        1 if len == 4 => w.ipv4(&A, at),
        28 if len == 16 => w.ipv6(&AAAA, at),
        2 => {
            said_name(w, &NS, message, at);
        }
        5 => {
            said_name(w, &CNAME, message, at);
        }
        12 => {
            said_name(w, &PTR, message, at);
        }
        15 => {
            w.uint(&MX_PREFERENCE, at, 2);
            said_name(w, &MX, message, at + 2);
        }
        6 => {
            let Some(next) = said_name(w, &SOA_MNAME, message, at) else { return };
            let Some(next) = said_name(w, &SOA_RNAME, message, next) else { return };
            let numbers = [&SOA_SERIAL, &SOA_REFRESH, &SOA_RETRY, &SOA_EXPIRE, &SOA_MINIMUM];
            for (field, at) in numbers.into_iter().zip((next..).step_by(4)) {
                w.uint(field, at, 4);
            }
        }
        16 => {
            let mut next = at;
            while next < at + len {
                let text = w.uint(&TXT_LENGTH, next, 1) as usize;
                w.text(&TXT, next + 1, text.min((at + len).saturating_sub(next + 1)));
                next += 1 + text;
            }
        }
        33 => {
            w.uint(&SRV_PRIORITY, at, 2);
            w.uint(&SRV_WEIGHT, at + 2, 2);
            w.uint(&SRV_PORT, at + 4, 2);
            said_name(w, &SRV_TARGET, message, at + 6);
        }
        OPT => {
            let mut option = at;
            while option + 4 <= at + len {
                w.uint(&EDNS_OPTION, option, 2);
                let said = w.uint(&EDNS_LENGTH, option + 2, 2) as usize;
                let said = said.min(at + len - option - 4);
                w.bytes(&EDNS_DATA, option + 4, said);
                option += 4 + said;
            }
        }
        _ => w.bytes(&DATA, at, len),
    }
}

fn said_name(
    w: &mut Writer<'_>,
    field: &'static crate::field::FieldInfo,
    message: usize,
    at: usize,
) -> Option<usize> {
    let (name, end) = name(w, message, at)?;
    w.said(field, at, end - at, name);
    Some(end)
}

/// A name, and where it ends; `message` is where offsets count from (RFC 1035, section 4.1.4).
fn name(w: &Writer<'_>, message: usize, at: usize) -> Option<(String, usize)> {
    let mut text = String::new();
    let (mut at, mut end) = (at, None);
    for _ in 0..LABELS_MAX {
        let len = w.number(at, 1)? as usize;
        match len >> 6 {
            0 if len == 0 => {
                if text.is_empty() {
                    text.push_str("<Root>");
                }
                return Some((text, end.unwrap_or(at + 1)));
            }
            0 => {
                if !text.is_empty() {
                    text.push('.');
                }
                let label = w.get(at + 1, len)?;
                // Writing to a string cannot fail.
                let _ = write!(text, "{}", String::from_utf8_lossy(label));
                at += 1 + len;
            }
            3 => {
                let to = message + (w.number(at, 2)? & 0x3fff) as usize;
                end = end.or(Some(at + 2));
                // Backwards only: no loops.
                if to >= at {
                    return None;
                }
                at = to;
            }
            _ => return None,
        }
        if text.len() > NAME_MAX {
            return None;
        }
    }
    None
}

pub(crate) fn type_name(kind: u64) -> Option<&'static str> {
    Some(match kind {
        1 => "A",
        2 => "NS",
        5 => "CNAME",
        6 => "SOA",
        12 => "PTR",
        13 => "HINFO",
        15 => "MX",
        16 => "TXT",
        28 => "AAAA",
        29 => "LOC",
        33 => "SRV",
        35 => "NAPTR",
        39 => "DNAME",
        OPT => "OPT",
        43 => "DS",
        46 => "RRSIG",
        47 => "NSEC",
        48 => "DNSKEY",
        50 => "NSEC3",
        52 => "TLSA",
        64 => "SVCB",
        65 => "HTTPS",
        250 => "TSIG",
        251 => "IXFR",
        252 => "AXFR",
        255 => "ANY",
        257 => "CAA",
        _ => return None,
    })
}

fn opcode_name(opcode: u64) -> Option<&'static str> {
    Some(match opcode {
        0 => "query",
        1 => "inverse query",
        2 => "status",
        4 => "notify",
        5 => "update",
        6 => "stateful operations",
        _ => return None,
    })
}

fn rcode_name(rcode: u64) -> Option<&'static str> {
    let names = [
        "no error",
        "format error",
        "server failure",
        "no such name",
        "not implemented",
        "refused",
        "name exists",
        "records exist",
        "records do not exist",
        "not authoritative",
        "not in zone",
    ];
    names.get(rcode as usize).copied()
}

const OPT: u64 = 41;
/// Labels and pointers of a name at most.
const LABELS_MAX: usize = 256;
/// Bytes of a name's text at most: 255 on the wire.
const NAME_MAX: usize = 1024;
