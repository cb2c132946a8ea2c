//! DHCP (RFC 2131) and `DHCPv6` (RFC 8415).

use crate::field::layer;
use crate::writer::Writer;

layer! {
    DHCP "dhcp" "dhcp" "DHCP (RFC 2131) and BOOTP.";
    TYPE Uint "dhcp.type" "Request or reply.";
    HW_TYPE Hex(2) "dhcp.hw.type" "Kind of hardware address.";
    HW_LEN Uint "dhcp.hw.len" "Bytes of a hardware address.";
    HOPS Uint "dhcp.hops" "Relays on the way.";
    ID Hex(8) "dhcp.id" "What ties a reply to its request.";
    SECONDS Uint "dhcp.secs" "Seconds since the client began.";
    FLAGS Hex(4) "dhcp.flags" "Flags.";
    BROADCAST Bool "dhcp.flags.bc" "The reply must be broadcast.";
    CLIENT Ipv4 "dhcp.ip.client" "Address the client has.";
    YOUR Ipv4 "dhcp.ip.your" "Address the client is given.";
    SERVER Ipv4 "dhcp.ip.server" "The next server.";
    RELAY Ipv4 "dhcp.ip.relay" "The relay.";
    MAC Mac "dhcp.hw.mac_addr" "The client's hardware address.";
    COOKIE Ipv4 "dhcp.cookie" "What shows that options follow.";
    OPTION Uint "dhcp.option.type" "Kind of an option.";
    OPTION_LENGTH Uint "dhcp.option.length" "Bytes of an option.";
    MESSAGE Uint "dhcp.option.dhcp" "Kind of message.";
    SUBNET_MASK Ipv4 "dhcp.option.subnet_mask" "Mask of the network.";
    ROUTER Ipv4 "dhcp.option.router" "A router.";
    DNS_SERVER Ipv4 "dhcp.option.domain_name_server" "A name server.";
    HOST_NAME Text "dhcp.option.hostname" "Name of the client.";
    DOMAIN_NAME Text "dhcp.option.domain_name" "Domain of the client.";
    REQUESTED Ipv4 "dhcp.option.requested_ip_address" "Address the client would like.";
    LEASE Uint "dhcp.option.ip_address_lease_time" "Seconds of the lease.";
    SERVER_ID Ipv4 "dhcp.option.dhcp_server_id" "The server.";
    REQUESTED_OPTION Uint "dhcp.option.request_list_item" "An option the client would like.";
    MESSAGE_MAX Uint "dhcp.option.dhcp_max_message_size" "Largest message the client takes.";
    RENEWAL Uint "dhcp.option.renewal_time_value" "Seconds until the lease is renewed.";
    REBINDING Uint "dhcp.option.rebinding_time_value" "Seconds until any server is asked.";
    VENDOR_CLASS Text "dhcp.option.vendor_class_id" "What the client is.";
    DATA Bytes "dhcp.option.data" "The data of an option that has no other field.";
}

layer! {
    DHCP6 "dhcpv6" "dhcpv6" "DHCPv6 (RFC 8415).";
    MESSAGE6 Uint "dhcpv6.msgtype" "Kind of message.";
    ID6 Hex(6) "dhcpv6.xid" "What ties a reply to its request.";
    HOPS6 Uint "dhcpv6.hopcount" "Relays on the way.";
    LINK6 Ipv6 "dhcpv6.linkaddr" "Address on the client's link.";
    PEER6 Ipv6 "dhcpv6.peeraddr" "From whom the message was relayed.";
    OPTION6 Uint "dhcpv6.option.type" "Kind of an option.";
    OPTION_LENGTH6 Uint "dhcpv6.option.length" "Bytes of an option.";
    ADDRESS6 Ipv6 "dhcpv6.iaaddr.ip" "An address.";
    PREFERRED6 Uint "dhcpv6.iaaddr.pref_lifetime" "Seconds it is preferred.";
    VALID6 Uint "dhcpv6.iaaddr.valid_lifetime" "Seconds it is valid.";
    T1 Uint "dhcpv6.iaid.t1" "Seconds until the lease is renewed.";
    T2 Uint "dhcpv6.iaid.t2" "Seconds until any server is asked.";
    WANTED6 Uint "dhcpv6.requested_option_code" "An option the client would like.";
    ELAPSED Uint "dhcpv6.elapsed_time" "Milliseconds since the client began.";
    DUID Bytes "dhcpv6.duid.bytes" "Who the client or server is.";
    DUID_TYPE Uint "dhcpv6.duid.type" "Kind of identifier.";
    STATUS Uint "dhcpv6.status_code" "What came of the request.";
    DATA6 Bytes "dhcpv6.option.data" "The data of an option that has no other field.";
}

pub(crate) fn is_dhcp(w: &Writer<'_>, at: usize) -> bool {
    matches!(w.number(at, 1), Some(1 | 2)) && w.claim.saturating_sub(at) >= 236
}

pub(crate) fn dhcp(w: &mut Writer<'_>, at: usize) {
    w.layer(&DHCP, at);
    w.named(&TYPE, at, 1, |kind| {
        ["request", "reply"].get((kind as usize).wrapping_sub(1)).copied()
    });
    let hardware = w.uint(&HW_TYPE, at + 1, 1);
    let hw_len = w.uint(&HW_LEN, at + 2, 1);
    w.uint(&HOPS, at + 3, 1);
    w.uint(&ID, at + 4, 4);
    w.uint(&SECONDS, at + 8, 2);
    w.uint(&FLAGS, at + 10, 2);
    w.below(|w| w.flags(at + 10, 2, &[(&BROADCAST, 15)]));
    for (field, offset) in [(&CLIENT, 12), (&YOUR, 16), (&SERVER, 20), (&RELAY, 24)] {
        w.ipv4(field, at + offset);
    }
    if (hardware, hw_len) == (1, 6) {
        w.mac(&MAC, at + 28);
    }
    if w.number(at + 236, 4) != Some(0x6382_5363) {
        return;
    }
    w.ipv4(&COOKIE, at + 236);
    options(w, at, (at + 240, w.end));
}

/// Options of a message, up to where they end; what is overloaded is shown where that is said
/// (RFC 2132, section 9.3).
fn options(w: &mut Writer<'_>, message: usize, (mut at, end): (usize, usize)) {
    let is_overload = at < message + 240;
    while at < end
        && let Some(kind) = w.number(at, 1)
    {
        if kind == 0 {
            at += 1;
            continue;
        }
        w.named(&OPTION, at, 1, option_name);
        if kind == 255 {
            break;
        }
        let Some(len) = w.number(at + 1, 1).map(|len| len as usize) else { return };
        w.below(|w| {
            w.uint(&OPTION_LENGTH, at + 1, 1);
            option_data(w, kind, at + 2, len);
        });
        if kind == OVERLOAD && !is_overload {
            let fields = w.number(at + 2, 1).unwrap_or(0);
            if fields & 1 != 0 {
                options(w, message, (message + 108, message + 236));
            }
            if fields & 2 != 0 {
                options(w, message, (message + 44, message + 108));
            }
        }
        at += 2 + len;
    }
}

fn option_data(w: &mut Writer<'_>, kind: u64, at: usize, len: usize) {
    match (kind, len) {
        (53, 1) => {
            w.named(&MESSAGE, at, 1, message_name);
        }
        (1, 4) => w.ipv4(&SUBNET_MASK, at),
        (3, _) => (at..at + len).step_by(4).for_each(|at| w.ipv4(&ROUTER, at)),
        (6, _) => (at..at + len).step_by(4).for_each(|at| w.ipv4(&DNS_SERVER, at)),
        (12, _) => w.text(&HOST_NAME, at, len),
        (15, _) => w.text(&DOMAIN_NAME, at, len),
        (50, 4) => w.ipv4(&REQUESTED, at),
        (51, 4) => {
            w.uint(&LEASE, at, 4);
        }
        (54, 4) => w.ipv4(&SERVER_ID, at),
        (55, _) => (at..at + len).for_each(|at| {
            w.named(&REQUESTED_OPTION, at, 1, option_name);
        }),
        (57, 2) => {
            w.uint(&MESSAGE_MAX, at, 2);
        }
        (58, 4) => {
            w.uint(&RENEWAL, at, 4);
        }
        (59, 4) => {
            w.uint(&REBINDING, at, 4);
        }
        (60, _) => w.text(&VENDOR_CLASS, at, len),
        (61, 7) if w.number(at, 1) == Some(1) => {
            w.uint(&HW_TYPE, at, 1);
            w.mac(&MAC, at + 1);
        }
        _ => w.bytes(&DATA, at, len),
    }
}

pub(crate) fn dhcp6(w: &mut Writer<'_>, at: usize) {
    w.layer(&DHCP6, at);
    message6(w, at, w.end, 0);
}

fn message6(w: &mut Writer<'_>, at: usize, end: usize, depth: u8) {
    let kind = w.named(&MESSAGE6, at, 1, message6_name);
    if matches!(kind, 12 | 13) {
        w.uint(&HOPS6, at + 1, 1);
        w.ipv6(&LINK6, at + 2);
        w.ipv6(&PEER6, at + 18);
        options6(w, at + 34, end, depth);
    } else {
        w.uint(&ID6, at + 1, 3);
        options6(w, at + 4, end, depth);
    }
}

fn options6(w: &mut Writer<'_>, mut at: usize, end: usize, depth: u8) {
    while at + 4 <= end && depth < NESTED_MAX {
        let Some(len) = w.number(at + 2, 2).map(|len| len as usize) else { return };
        let kind = w.named(&OPTION6, at, 2, option6_name);
        let (data, next) = (at + 4, at + 4 + len);
        w.below(|w| {
            w.uint(&OPTION_LENGTH6, at + 2, 2);
            match kind {
                1 | 2 => {
                    w.bytes(&DUID, data, len);
                    w.uint(&DUID_TYPE, data, 2);
                }
                3 | 25 => {
                    w.uint(&T1, data + 4, 4);
                    w.uint(&T2, data + 8, 4);
                    options6(w, data + 12, next.min(end), depth + 1);
                }
                4 => options6(w, data + 4, next.min(end), depth + 1),
                5 => {
                    w.ipv6(&ADDRESS6, data);
                    w.uint(&PREFERRED6, data + 16, 4);
                    w.uint(&VALID6, data + 20, 4);
                    options6(w, data + 24, next.min(end), depth + 1);
                }
                6 => (data..next.min(end)).step_by(2).for_each(|at| {
                    w.named(&WANTED6, at, 2, option6_name);
                }),
                8 => {
                    let hundredths = w.number(data, 2).unwrap_or(0);
                    w.computed(&ELAPSED, data, 2, hundredths * 10);
                }
                9 if len > 0 => message6(w, data, next.min(end), depth + 1),
                13 => {
                    w.uint(&STATUS, data, 2);
                }
                _ => w.bytes(&DATA6, data, len),
            }
        });
        at = next;
    }
}

fn message_name(kind: u64) -> Option<&'static str> {
    let names = ["discover", "offer", "request", "decline", "ack", "nak", "release", "inform"];
    names.get((kind as usize).checked_sub(1)?).copied()
}

fn message6_name(kind: u64) -> Option<&'static str> {
    let names = [
        "solicit",
        "advertise",
        "request",
        "confirm",
        "renew",
        "rebind",
        "reply",
        "release",
        "decline",
        "reconfigure",
        "information request",
        "relay forward",
        "relay reply",
    ];
    names.get((kind as usize).checked_sub(1)?).copied()
}

fn option_name(kind: u64) -> Option<&'static str> {
    Some(match kind {
        1 => "subnet mask",
        3 => "router",
        6 => "name server",
        12 => "host name",
        15 => "domain name",
        50 => "requested address",
        51 => "lease time",
        53 => "message type",
        54 => "server",
        55 => "requested options",
        57 => "largest message",
        58 => "renewal time",
        59 => "rebinding time",
        60 => "vendor class",
        61 => "client identifier",
        81 => "client name",
        82 => "relay information",
        255 => "end",
        _ => return None,
    })
}

fn option6_name(kind: u64) -> Option<&'static str> {
    Some(match kind {
        1 => "client identifier",
        2 => "server identifier",
        3 => "addresses",
        4 => "temporary addresses",
        5 => "address",
        6 => "requested options",
        8 => "elapsed time",
        9 => "relayed message",
        13 => "status",
        16 => "vendor class",
        17 => "vendor options",
        23 => "name servers",
        24 => "domain search list",
        25 => "prefixes",
        26 => "prefix",
        39 => "client name",
        _ => return None,
    })
}

/// Options and messages inside one another that are followed.
const NESTED_MAX: u8 = 8;
/// The option that says which fields hold more options.
const OVERLOAD: u64 = 52;
