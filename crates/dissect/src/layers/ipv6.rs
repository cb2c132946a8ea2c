//! IPv6 (RFC 8200) and its extension headers.

use flowloom_wire::Ipv6;

use crate::field::layer;
use crate::names;
use crate::writer::Writer;

layer! {
    IPV6 "ipv6" "ipv6" "IPv6 (RFC 8200).";
    VERSION Uint "ipv6.version" "Version: 6.";
    TRAFFIC_CLASS Hex(2) "ipv6.tclass" "Traffic class: code point and congestion notification.";
    DSCP Uint "ipv6.tclass.dscp" "Code point.";
    ECN Uint "ipv6.tclass.ecn" "Explicit congestion notification.";
    FLOW Hex(5) "ipv6.flow" "Flow label.";
    PAYLOAD_LEN Uint "ipv6.plen" "Bytes after the header.";
    NEXT Uint "ipv6.nxt" "What follows.";
    HOP_LIMIT Uint "ipv6.hlim" "Hop limit.";
    SRC Ipv6 "ipv6.src" "Source.";
    DST Ipv6 "ipv6.dst" "Destination.";
    FRAGMENT Uint "ipv6.fragment" "A frame that brought a fragment of the datagram.";
    FRAGMENT_COUNT Uint "ipv6.fragment.count" "Fragments the datagram was put together from.";
    REASSEMBLED_LENGTH Uint "ipv6.reassembled.length" "Bytes of the datagram that was put together.";
}

pub(super) fn ipv6(w: &mut Writer<'_>, at: usize) -> usize {
    w.layer(&IPV6, at);
    let Ok(ip) = Ipv6::parse(w.rest(at)) else { return at };
    w.bits(&VERSION, at, 1, 4, 4);
    w.bits(&TRAFFIC_CLASS, at, 4, 20, 8);
    w.below(|w| {
        w.bits(&DSCP, at, 4, 22, 6);
        w.bits(&ECN, at, 4, 20, 2);
    });
    w.bits(&FLOW, at, 4, 0, 20);
    w.uint(&PAYLOAD_LEN, at + 4, 2);
    w.named(&NEXT, at + 6, 1, names::ip_protocol);
    w.uint(&HOP_LIMIT, at + 7, 1);
    w.ipv6(&SRC, at + 8);
    w.ipv6(&DST, at + 24);
    w.layer_end(at + Ipv6::LEN);
    if ip.payload_len() > 0 {
        w.limit(at + Ipv6::LEN + ip.payload_len());
    }
    at + Ipv6::LEN
}
