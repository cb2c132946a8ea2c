//! Extension headers of IPv6 (RFC 8200, section 4).

use flowloom_wire::{Extension, FragmentHeader};

use crate::field::{FieldInfo, LayerInfo, layer};
use crate::names;
use crate::writer::Writer;

layer! {
    HOP_BY_HOP "ipv6.hopopts" "ipv6.hopopts" "Hop-by-hop options.";
    HOP_NEXT Uint "ipv6.hopopts.nxt" "What follows.";
    HOP_LEN Uint "ipv6.hopopts.len" "Units of eight bytes, less one.";
    OPTION_TYPE Hex(2) "ipv6.opt.type" "Kind of an option.";
    OPTION_LENGTH Uint "ipv6.opt.length" "Bytes of an option.";
    ROUTER_ALERT Uint "ipv6.opt.router_alert" "Router alert (RFC 2711).";
    JUMBO Uint "ipv6.opt.jumbo" "Bytes of a jumbogram (RFC 2675).";
    PADDING Bytes "ipv6.opt.padn" "Padding.";
}

layer! {
    DESTINATION "ipv6.dstopts" "ipv6.dstopts" "Options for the destination.";
    DST_NEXT Uint "ipv6.dstopts.nxt" "What follows.";
    DST_LEN Uint "ipv6.dstopts.len" "Units of eight bytes, less one.";
    HOME_ADDRESS Ipv6 "ipv6.opt.mipv6.home_address" "Home address of a mobile node (RFC 6275).";
    TUNNEL_LIMIT Uint "ipv6.opt.tel" "Tunnels that may follow (RFC 2473).";
}

layer! {
    ROUTING "ipv6.routing" "ipv6.routing" "Routing header.";
    ROUTE_NEXT Uint "ipv6.routing.nxt" "What follows.";
    ROUTE_LEN Uint "ipv6.routing.len" "Units of eight bytes, less one.";
    ROUTE_TYPE Uint "ipv6.routing.type" "Kind of route.";
    ROUTE_LEFT Uint "ipv6.routing.segleft" "Segments that are left.";
    ROUTE_ADDRESS Ipv6 "ipv6.routing.src.addr" "An address of a source route.";
    ROUTE_SEGMENT Ipv6 "ipv6.routing.srh.addr" "An address of a segment route (RFC 8754).";
    ROUTE_LAST Uint "ipv6.routing.srh.last_entry" "Index of the last segment.";
    ROUTE_HOME Ipv6 "ipv6.routing.mipv6.home_address" "Home address of a mobile node.";
}

layer! {
    FRAGMENT "ipv6.fraghdr" "ipv6.fraghdr" "Fragment header.";
    FRAG_NEXT Uint "ipv6.fraghdr.nxt" "What follows.";
    FRAG_RESERVED Hex(2) "ipv6.fraghdr.reserved_octet" "Reserved.";
    FRAG_OFFSET Uint "ipv6.fraghdr.offset" "Where the fragment belongs, in units of eight bytes.";
    FRAG_BITS Uint "ipv6.fraghdr.reserved_bits" "Reserved.";
    FRAG_MORE Bool "ipv6.fraghdr.more" "More fragments follow.";
    FRAG_IDENT Hex(8) "ipv6.fraghdr.ident" "What the fragments of a datagram have in common.";
}

layer! {
    MOBILITY "mipv6" "mip6" "Mobility header (RFC 6275).";
    MOBILITY_NEXT Uint "mip6.proto" "What follows: nothing.";
    MOBILITY_LEN Uint "mip6.hlen" "Units of eight bytes, less one.";
    MOBILITY_TYPE Uint "mip6.mhtype" "Kind of message.";
    MOBILITY_CHECKSUM Hex(4) "mip6.csum" "Checksum, as sent.";
}

layer! {
    SHIM6 "shim6" "shim6" "Shim6 (RFC 5533).";
    SHIM6_NEXT Uint "shim6.nxt" "What follows.";
    SHIM6_LEN Uint "shim6.len" "Units of eight bytes, less one.";
}

layer! {
    HIP "hip" "hip" "Host identity protocol (RFC 7401).";
    HIP_NEXT Uint "hip.proto" "What follows.";
    HIP_LEN Uint "hip.hdr_len" "Units of eight bytes, less one.";
    HIP_TYPE Uint "hip.packet_type" "Kind of packet.";
}

pub(super) fn hop_by_hop(w: &mut Writer<'_>, at: usize) -> usize {
    let end = begin(w, at, &HOP_BY_HOP, &HOP_NEXT, &HOP_LEN);
    options(w, at + 2, end);
    end
}

pub(super) fn destination(w: &mut Writer<'_>, at: usize) -> usize {
    let end = begin(w, at, &DESTINATION, &DST_NEXT, &DST_LEN);
    options(w, at + 2, end);
    end
}

pub(super) fn routing(w: &mut Writer<'_>, at: usize) -> usize {
    let end = begin(w, at, &ROUTING, &ROUTE_NEXT, &ROUTE_LEN);
    let kind = w.named(&ROUTE_TYPE, at + 2, 1, route_name);
    w.uint(&ROUTE_LEFT, at + 3, 1);
    match kind {
        0 => (at + 8..end).step_by(16).for_each(|address| w.ipv6(&ROUTE_ADDRESS, address)),
        2 => w.ipv6(&ROUTE_HOME, at + 8),
        4 => {
            let last = w.uint(&ROUTE_LAST, at + 4, 1) as usize;
            (at + 8..end).step_by(16).take(last + 1).for_each(|at| w.ipv6(&ROUTE_SEGMENT, at));
        }
        _ => {}
    }
    end
}

pub(super) fn fragment(w: &mut Writer<'_>, at: usize) -> usize {
    w.layer(&FRAGMENT, at);
    w.named(&FRAG_NEXT, at, 1, names::ip_protocol);
    w.uint(&FRAG_RESERVED, at + 1, 1);
    w.bits(&FRAG_OFFSET, at + 2, 2, 3, 13);
    w.bits(&FRAG_BITS, at + 2, 2, 1, 2);
    w.bits(&FRAG_MORE, at + 2, 2, 0, 1);
    w.uint(&FRAG_IDENT, at + 4, 4);
    w.layer_end(at + FragmentHeader::LEN);
    at + FragmentHeader::LEN
}

pub(super) fn mobility(w: &mut Writer<'_>, at: usize) -> usize {
    let end = begin(w, at, &MOBILITY, &MOBILITY_NEXT, &MOBILITY_LEN);
    w.uint(&MOBILITY_TYPE, at + 2, 1);
    w.uint(&MOBILITY_CHECKSUM, at + 4, 2);
    end
}

pub(super) fn shim6(w: &mut Writer<'_>, at: usize) -> usize {
    begin(w, at, &SHIM6, &SHIM6_NEXT, &SHIM6_LEN)
}

pub(super) fn hip(w: &mut Writer<'_>, at: usize) -> usize {
    let end = begin(w, at, &HIP, &HIP_NEXT, &HIP_LEN);
    w.bits(&HIP_TYPE, at + 2, 1, 0, 7);
    end
}

/// What all have: what follows, and how long they are. Gives the end.
fn begin(
    w: &mut Writer<'_>,
    at: usize,
    layer: &'static LayerInfo,
    next: &'static FieldInfo,
    len: &'static FieldInfo,
) -> usize {
    w.layer(layer, at);
    w.named(next, at, 1, names::ip_protocol);
    w.uint(len, at + 1, 1);
    let end = at + Extension::parse(w.rest(at)).map_or(8, |header| header.header_len());
    w.layer_end(end);
    end
}

fn options(w: &mut Writer<'_>, mut at: usize, end: usize) {
    while at < end.min(w.end) {
        let kind = w.named(&OPTION_TYPE, at, 1, option_name);
        if kind == 0 {
            at += 1;
            continue;
        }
        let Some(len) = w.number(at + 1, 1).map(|len| len as usize) else { return };
        w.below(|w| {
            w.uint(&OPTION_LENGTH, at + 1, 1);
            match kind {
                1 => w.bytes(&PADDING, at + 2, len),
                4 => {
                    w.uint(&TUNNEL_LIMIT, at + 2, 1);
                }
                5 => {
                    w.uint(&ROUTER_ALERT, at + 2, 2);
                }
                0xc2 => {
                    w.uint(&JUMBO, at + 2, 4);
                }
                0xc9 => w.ipv6(&HOME_ADDRESS, at + 2),
                _ => {}
            }
        });
        at += 2 + len;
    }
}

fn option_name(kind: u64) -> Option<&'static str> {
    Some(match kind {
        0 => "pad 1",
        1 => "pad N",
        4 => "tunnel limit",
        5 => "router alert",
        0xc2 => "jumbo payload",
        0xc9 => "home address",
        _ => return None,
    })
}

fn route_name(kind: u64) -> Option<&'static str> {
    Some(match kind {
        0 => "source route",
        2 => "mobile IPv6",
        3 => "RPL source route",
        4 => "segment routing",
        _ => return None,
    })
}
