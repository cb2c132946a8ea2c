//! Link layers without an Ethernet header: Linux cooked capture, BSD loopback, netfilter log.

use flowloom_wire::loopback::Loopback;
use flowloom_wire::nflog::Nflog;
use flowloom_wire::sll::{Hardware, Sll, Sll2};

use crate::dissection::Value;
use crate::field::layer;
use crate::names;
use crate::writer::Writer;

layer! {
    SLL "sll" "sll" "Linux cooked capture.";
    PACKET_TYPE Uint "sll.pkttype" "To or from whom the packet was.";
    HARDWARE Uint "sll.hatype" "Kind of the interface.";
    ADDRESS_LEN Uint "sll.halen" "Bytes of the sender's address.";
    SRC_MAC Mac "sll.src.eth" "The sender, if its address is Ethernet's.";
    SRC_IPV4 Ipv4 "sll.src.ipv4" "The sender, if its address is IPv4's.";
    SRC_OTHER Bytes "sll.src.other" "The sender, if its address is another.";
    UNUSED Bytes "sll.unused" "What is left of the place of the address.";
    ETHER_TYPE Hex(4) "sll.etype" "What follows.";
    LINUX_TYPE Hex(4) "sll.ltype" "What follows, by a number of Linux.";
    INTERFACE Uint "sll.ifindex" "Number of the interface.";
}

layer! {
    NULL "null" "null" "BSD loopback.";
    FAMILY Uint "null.family" "Address family: what follows.";
}

layer! {
    NFLOG "nflog" "nflog" "Linux netfilter log.";
    NF_FAMILY Uint "nflog.family" "Address family.";
    NF_VERSION Uint "nflog.version" "Version.";
    NF_ID Uint "nflog.res_id" "Group of the log.";
}

pub(super) fn sll(w: &mut Writer<'_>, at: usize) -> usize {
    w.layer(&SLL, at);
    w.named(&PACKET_TYPE, at, 2, packet_type_name);
    let hardware = w.uint(&HARDWARE, at + 2, 2);
    let len = w.uint(&ADDRESS_LEN, at + 4, 2);
    address(w, at + 6, len);
    protocol(w, at + 14, hardware);
    w.layer_end(at + Sll::LEN);
    at + Sll::LEN
}

pub(super) fn sll2(w: &mut Writer<'_>, at: usize) -> usize {
    w.layer(&SLL, at);
    let hardware = w.number(at + 8, 2).unwrap_or(0);
    protocol(w, at, hardware);
    w.uint(&INTERFACE, at + 4, 4);
    w.uint(&HARDWARE, at + 8, 2);
    w.named(&PACKET_TYPE, at + 10, 1, packet_type_name);
    let len = w.uint(&ADDRESS_LEN, at + 11, 1);
    address(w, at + 12, len);
    w.layer_end(at + Sll2::LEN);
    at + Sll2::LEN
}

fn address(w: &mut Writer<'_>, at: usize, len: u64) {
    match len {
        0 => {}
        4 => w.ipv4(&SRC_IPV4, at),
        6 => w.mac(&SRC_MAC, at),
        _ => w.bytes(&SRC_OTHER, at, len.min(8) as usize),
    }
    let used = len.min(8) as usize;
    w.bytes(&UNUSED, at + used, 8 - used);
}

fn protocol(w: &mut Writer<'_>, at: usize, hardware: u64) {
    let is_number = w.number(at, 2).is_some_and(|number| number >= 1536);
    if is_number && hardware != u64::from(Hardware::NETLINK.0) {
        w.named(&ETHER_TYPE, at, 2, names::ether_type);
    } else {
        w.uint(&LINUX_TYPE, at, 2);
    }
}

pub(super) fn null(w: &mut Writer<'_>, at: usize) -> usize {
    w.layer(&NULL, at);
    if let Ok(header) = Loopback::parse(w.rest(at)) {
        let family = u64::from(header.family());
        w.add_named(&FAMILY, at, 4, Value::Uint(family), family_name(family));
    }
    w.layer_end(at + Loopback::LEN);
    at + Loopback::LEN
}

pub(super) fn nflog(w: &mut Writer<'_>, at: usize) -> usize {
    w.layer(&NFLOG, at);
    w.named(&NF_FAMILY, at, 1, family_name);
    w.uint(&NF_VERSION, at + 1, 1);
    w.uint(&NF_ID, at + 2, 2);
    let payload = Nflog::parse(w.rest(at)).ok().and_then(|nflog| nflog.payload());
    match payload {
        Some((payload, _)) => {
            w.layer_end(at + payload);
            at + payload
        }
        None => w.end,
    }
}

fn packet_type_name(kind: u64) -> Option<&'static str> {
    ["to us", "broadcast", "multicast", "to another host", "from us"].get(kind as usize).copied()
}

fn family_name(family: u64) -> Option<&'static str> {
    Some(match family {
        2 => "IPv4",
        10 | 24 | 28 | 30 => "IPv6",
        _ => return None,
    })
}
