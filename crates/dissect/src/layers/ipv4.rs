//! IPv4 (RFC 791) and its options.

use flowloom_wire::Ipv4;

use crate::field::layer;
use crate::names;
use crate::writer::Writer;

layer! {
    IPV4 "ip" "ip" "IPv4 (RFC 791).";
    VERSION Uint "ip.version" "Version: 4.";
    HDR_LEN Uint "ip.hdr_len" "Bytes of the header with its options.";
    DS Hex(2) "ip.dsfield" "Differentiated services: code point and congestion notification.";
    DSCP Uint "ip.dsfield.dscp" "Code point.";
    ECN Uint "ip.dsfield.ecn" "Explicit congestion notification.";
    LEN Uint "ip.len" "Bytes of the packet, header included.";
    ID Hex(4) "ip.id" "What the fragments of a datagram have in common.";
    FLAGS Hex(2) "ip.flags" "Flags.";
    RESERVED Bool "ip.flags.rb" "Reserved.";
    DF Bool "ip.flags.df" "The packet must not be fragmented.";
    MF Bool "ip.flags.mf" "More fragments follow.";
    FRAG_OFFSET Uint "ip.frag_offset" "Where the fragment belongs, in units of eight bytes.";
    TTL Uint "ip.ttl" "Time to live.";
    PROTO Uint "ip.proto" "What follows.";
    CHECKSUM Hex(4) "ip.checksum" "Checksum of the header, as sent.";
    SRC Ipv4 "ip.src" "Source.";
    DST Ipv4 "ip.dst" "Destination.";
    FRAGMENT Uint "ip.fragment" "A frame that brought a fragment of the datagram.";
    FRAGMENT_COUNT Uint "ip.fragment.count" "Fragments the datagram was put together from.";
    REASSEMBLED_LENGTH Uint "ip.reassembled.length" "Bytes of the datagram that was put together.";
    OPTION_TYPE Uint "ip.opt.type" "Kind of an option.";
    OPTION_LEN Uint "ip.opt.len" "Bytes of an option.";
    OPTION_PTR Uint "ip.opt.ptr" "Where the next address or time is written.";
    ROUTER_ALERT Uint "ip.opt.ra" "Router alert (RFC 2113).";
    STREAM_ID Uint "ip.opt.sid" "Stream identifier.";
    OVERFLOW Uint "ip.opt.overflow" "Hosts that had no room for their time.";
    TIME_FLAG Hex(1) "ip.opt.flag" "What is written besides times.";
}

pub(super) fn ipv4(w: &mut Writer<'_>, at: usize) -> usize {
    w.layer(&IPV4, at);
    let Ok(ip) = Ipv4::parse(w.rest(at)) else { return at };
    let header_len = ip.header_len();
    w.bits(&VERSION, at, 1, 4, 4);
    w.computed(&HDR_LEN, at, 1, header_len as u64);
    w.uint(&DS, at + 1, 1);
    w.below(|w| {
        let tos = u64::from(ip.tos());
        w.add_named(&DSCP, at + 1, 1, Value::Uint(tos >> 2), names::dscp(tos >> 2));
        w.add_named(&ECN, at + 1, 1, Value::Uint(tos & 3), names::ecn(tos & 3));
    });
    w.uint(&LEN, at + 2, 2);
    w.uint(&ID, at + 4, 2);
    w.bits(&FLAGS, at + 6, 1, 5, 3);
    w.below(|w| w.flags(at + 6, 1, &[(&RESERVED, 7), (&DF, 6), (&MF, 5)]));
    w.computed(&FRAG_OFFSET, at + 6, 2, ip.fragment_offset() as u64 / 8);
    w.uint(&TTL, at + 8, 1);
    w.named(&PROTO, at + 9, 1, names::ip_protocol);
    w.uint(&CHECKSUM, at + 10, 2);
    w.ipv4(&SRC, at + 12);
    w.ipv4(&DST, at + 16);
    options(w, at + Ipv4::LEN_MIN, at + header_len);
    w.layer_end(at + header_len);
    if ip.total_len() > 0 {
        w.limit(at + ip.total_len());
    }
    at + header_len
}

use crate::dissection::Value;

fn options(w: &mut Writer<'_>, mut at: usize, end: usize) {
    while at < end {
        let Some(kind) = w.number(at, 1) else { return };
        w.named(&OPTION_TYPE, at, 1, option_name);
        if kind == END {
            return;
        }
        if kind == NOP {
            at += 1;
            continue;
        }
        let Some(len) = w.number(at + 1, 1).map(|len| len as usize) else { return };
        if len < 2 || at + len > end {
            return;
        }
        w.below(|w| {
            w.uint(&OPTION_LEN, at + 1, 1);
            match (kind, len) {
                (RECORD_ROUTE | LOOSE_ROUTE | STRICT_ROUTE, 3..) => {
                    w.uint(&OPTION_PTR, at + 2, 1);
                }
                (ROUTER_ALERT_KIND, 4) => {
                    w.uint(&ROUTER_ALERT, at + 2, 2);
                }
                (STREAM, 4) => {
                    w.uint(&STREAM_ID, at + 2, 2);
                }
                (TIMESTAMP, 4..) => {
                    w.uint(&OPTION_PTR, at + 2, 1);
                    w.bits(&OVERFLOW, at + 3, 1, 4, 4);
                    w.bits(&TIME_FLAG, at + 3, 1, 0, 4);
                }
                _ => {}
            }
        });
        at += len;
    }
}

fn option_name(kind: u64) -> Option<&'static str> {
    Some(match kind {
        END => "end of options",
        NOP => "no operation",
        RECORD_ROUTE => "record route",
        TIMESTAMP => "timestamp",
        130 => "security",
        LOOSE_ROUTE => "loose source route",
        134 => "commercial security",
        STREAM => "stream identifier",
        STRICT_ROUTE => "strict source route",
        ROUTER_ALERT_KIND => "router alert",
        _ => return None,
    })
}

const END: u64 = 0;
const NOP: u64 = 1;
const RECORD_ROUTE: u64 = 7;
const TIMESTAMP: u64 = 68;
const LOOSE_ROUTE: u64 = 131;
const STREAM: u64 = 136;
const STRICT_ROUTE: u64 = 137;
const ROUTER_ALERT_KIND: u64 = 148;
