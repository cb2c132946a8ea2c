//! `ICMPv6` (RFC 4443), neighbour discovery (RFC 4861) and multicast listeners (RFC 3810).

use flowloom_wire::Icmp;

use crate::field::layer;
use crate::writer::Writer;

layer! {
    ICMP6 "icmpv6" "icmpv6" "ICMPv6 (RFC 4443), with neighbour discovery (RFC 4861).";
    TYPE Uint "icmpv6.type" "Kind of message.";
    CODE Uint "icmpv6.code" "Kind within the kind.";
    CHECKSUM Hex(4) "icmpv6.checksum" "Checksum, as sent.";
    MTU Uint "icmpv6.mtu" "Largest packet of the next hop.";
    POINTER Uint "icmpv6.pointer" "The byte at fault.";
    IDENT Hex(4) "icmpv6.echo.identifier" "Identifier of an echo.";
    SEQUENCE Uint "icmpv6.echo.sequence_number" "Sequence number of an echo.";
    HOP_LIMIT Uint "icmpv6.nd.ra.cur_hop_limit" "Router: hop limit to use.";
    RA_FLAGS Hex(2) "icmpv6.nd.ra.flag" "Router: flags.";
    MANAGED Bool "icmpv6.nd.ra.flag.m" "Router: addresses are given by DHCPv6.";
    OTHER Bool "icmpv6.nd.ra.flag.o" "Router: other things are told by DHCPv6.";
    LIFETIME Uint "icmpv6.nd.ra.router_lifetime" "Router: seconds it may be used by default.";
    REACHABLE Uint "icmpv6.nd.ra.reachable_time" "Router: milliseconds a neighbour is taken for reachable.";
    RETRANSMIT Uint "icmpv6.nd.ra.retrans_timer" "Router: milliseconds between solicitations.";
    TARGET Ipv6 "icmpv6.nd.ns.target_address" "Solicitation: whose hardware address is asked for.";
    NA_FLAGS Hex(8) "icmpv6.nd.na.flag" "Advertisement: flags.";
    ROUTER Bool "icmpv6.nd.na.flag.r" "Advertisement: by a router.";
    SOLICITED Bool "icmpv6.nd.na.flag.s" "Advertisement: it was asked for.";
    OVERRIDE Bool "icmpv6.nd.na.flag.o" "Advertisement: what was known is wrong.";
    NA_TARGET Ipv6 "icmpv6.nd.na.target_address" "Advertisement: whose hardware address is told.";
    RD_TARGET Ipv6 "icmpv6.nd.rd.target_address" "Redirect: the better first hop.";
    RD_DESTINATION Ipv6 "icmpv6.rd.na.destination_address" "Redirect: the destination.";
    OPTION Uint "icmpv6.opt.type" "Kind of an option.";
    OPTION_LENGTH Uint "icmpv6.opt.length" "Units of eight bytes of an option.";
    LINK_ADDRESS Bytes "icmpv6.opt.linkaddr" "A hardware address.";
    PREFIX_LENGTH Uint "icmpv6.opt.prefix.length" "Prefix: its bits.";
    PREFIX_FLAGS Hex(2) "icmpv6.opt.prefix.flag" "Prefix: flags.";
    ON_LINK Bool "icmpv6.opt.prefix.flag.l" "Prefix: on this link.";
    AUTONOMOUS Bool "icmpv6.opt.prefix.flag.a" "Prefix: for hosts to make addresses of.";
    VALID Uint "icmpv6.opt.prefix.valid_lifetime" "Prefix: seconds it is valid.";
    PREFERRED Uint "icmpv6.opt.prefix.preferred_lifetime" "Prefix: seconds it is preferred.";
    PREFIX Ipv6 "icmpv6.opt.prefix" "Prefix.";
    OPTION_MTU Uint "icmpv6.opt.mtu" "Largest packet of the link.";
    DNS_LIFETIME Uint "icmpv6.opt.rdnss.lifetime" "Seconds a name server may be used.";
    DNS_SERVER Ipv6 "icmpv6.opt.rdnss" "A name server.";
    MLD_DELAY Uint "icmpv6.mld.maximum_response_delay" "Listeners: milliseconds within which to answer.";
    MLD_ADDRESS Ipv6 "icmpv6.mld.multicast_address" "Listeners: the group.";
    MLD_RECORDS Uint "icmpv6.mldr.nb_mcast_records" "Listeners: how many records there are.";
    MLD_RECORD Uint "icmpv6.mldr.mar.record_type" "Listeners: kind of a record.";
    MLD_AUXILIARY Uint "icmpv6.mldr.mar.aux_data_len" "Listeners: words of further data of a record.";
    MLD_SOURCES Uint "icmpv6.mldr.mar.nb_sources" "Listeners: how many sources a record has.";
    MLD_GROUP Ipv6 "icmpv6.mldr.mar.multicast_address" "Listeners: the group of a record.";
    MLD_SOURCE Ipv6 "icmpv6.mldr.mar.source_address" "Listeners: a source of a record.";
}

pub(super) fn icmp6(w: &mut Writer<'_>, at: usize) -> usize {
    w.layer(&ICMP6, at);
    let kind = w.named(&TYPE, at, 1, type_name);
    w.uint(&CODE, at + 1, 1);
    w.uint(&CHECKSUM, at + 2, 2);
    let data = at + Icmp::LEN;
    match kind {
        2 => {
            w.uint(&MTU, at + 4, 4);
        }
        4 => {
            w.uint(&POINTER, at + 4, 4);
        }
        128 | 129 => {
            w.uint(&IDENT, at + 4, 2);
            w.uint(&SEQUENCE, at + 6, 2);
        }
        130..=132 => {
            // Queries of the second version are longer (RFC 3810, section 8.1).
            let is_second = kind == 130 && w.rest(at).len() >= 28;
            let delay = if is_second { response_delay } else { |code| code };
            let delay = w.number(at + 4, 2).map_or(0, delay);
            w.computed(&MLD_DELAY, at + 4, 2, delay);
            w.ipv6(&MLD_ADDRESS, data);
            return w.end;
        }
        133 => return options(w, data),
        134 => {
            w.uint(&HOP_LIMIT, at + 4, 1);
            w.uint(&RA_FLAGS, at + 5, 1);
            w.below(|w| w.flags(at + 5, 1, &[(&MANAGED, 7), (&OTHER, 6)]));
            w.uint(&LIFETIME, at + 6, 2);
            w.uint(&REACHABLE, data, 4);
            w.uint(&RETRANSMIT, data + 4, 4);
            return options(w, data + 8);
        }
        135 => {
            w.ipv6(&TARGET, data);
            return options(w, data + 16);
        }
        136 => {
            w.uint(&NA_FLAGS, at + 4, 4);
            w.below(|w| w.flags(at + 4, 4, &[(&ROUTER, 31), (&SOLICITED, 30), (&OVERRIDE, 29)]));
            w.ipv6(&NA_TARGET, data);
            return options(w, data + 16);
        }
        137 => {
            w.ipv6(&RD_TARGET, data);
            w.ipv6(&RD_DESTINATION, data + 16);
            return options(w, data + 32);
        }
        143 => return listeners(w, at),
        _ => {}
    }
    w.layer_end(data);
    data
}

/// A code from 32,768 on is a floating-point number (RFC 3810, section 5.1.3).
fn response_delay(code: u64) -> u64 {
    if code < 0x8000 { code } else { (code & 0x0fff | 0x1000) << ((code >> 12 & 7) + 3) }
}

fn options(w: &mut Writer<'_>, mut at: usize) -> usize {
    while let Some(units) = w.number(at + 1, 1) {
        let len = units as usize * 8;
        let kind = w.named(&OPTION, at, 1, option_name);
        w.below(|w| {
            w.uint(&OPTION_LENGTH, at + 1, 1);
            match kind {
                1 | 2 if len == 8 => w.mac(&LINK_ADDRESS, at + 2),
                1 | 2 => w.bytes(&LINK_ADDRESS, at + 2, len.saturating_sub(2)),
                3 => {
                    w.uint(&PREFIX_LENGTH, at + 2, 1);
                    w.uint(&PREFIX_FLAGS, at + 3, 1);
                    w.flags(at + 3, 1, &[(&ON_LINK, 7), (&AUTONOMOUS, 6)]);
                    w.uint(&VALID, at + 4, 4);
                    w.uint(&PREFERRED, at + 8, 4);
                    w.ipv6(&PREFIX, at + 16);
                }
                5 => {
                    w.uint(&OPTION_MTU, at + 4, 4);
                }
                25 => {
                    w.uint(&DNS_LIFETIME, at + 4, 4);
                    (at + 8..at + len).step_by(16).for_each(|at| w.ipv6(&DNS_SERVER, at));
                }
                _ => {}
            }
        });
        if len == 0 {
            break;
        }
        at += len;
    }
    w.end
}

/// A report of version 2 (RFC 3810, section 5.2).
fn listeners(w: &mut Writer<'_>, at: usize) -> usize {
    let records = w.uint(&MLD_RECORDS, at + 6, 2);
    let mut record = at + 8;
    for _ in 0..records {
        if w.get(record, 20).is_none() {
            break;
        }
        w.uint(&MLD_RECORD, record, 1);
        let auxiliary = w.uint(&MLD_AUXILIARY, record + 1, 1) as usize;
        let sources = w.uint(&MLD_SOURCES, record + 2, 2) as usize;
        w.ipv6(&MLD_GROUP, record + 4);
        let first = record + 20;
        (first..w.end).step_by(16).take(sources).for_each(|at| w.ipv6(&MLD_SOURCE, at));
        record = first + 16 * sources + 4 * auxiliary;
    }
    w.end
}

fn type_name(kind: u64) -> Option<&'static str> {
    Some(match kind {
        1 => "destination unreachable",
        2 => "packet too big",
        3 => "time exceeded",
        4 => "parameter problem",
        128 => "echo request",
        129 => "echo reply",
        130 => "multicast listener query",
        131 => "multicast listener report",
        132 => "multicast listener done",
        133 => "router solicitation",
        134 => "router advertisement",
        135 => "neighbour solicitation",
        136 => "neighbour advertisement",
        137 => "redirect",
        143 => "multicast listener report v2",
        _ => return None,
    })
}

fn option_name(kind: u64) -> Option<&'static str> {
    Some(match kind {
        1 => "source link-layer address",
        2 => "target link-layer address",
        3 => "prefix information",
        4 => "redirected header",
        5 => "MTU",
        14 => "nonce",
        24 => "route information",
        25 => "recursive DNS server",
        31 => "DNS search list",
        _ => return None,
    })
}
