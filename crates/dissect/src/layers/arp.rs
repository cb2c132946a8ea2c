//! ARP and RARP (RFC 826, RFC 903).

use crate::field::layer;
use crate::names;
use crate::writer::Writer;

layer! {
    ARP "arp" "arp" "Address resolution (RFC 826).";
    HW_TYPE Uint "arp.hw.type" "Kind of hardware address.";
    PROTO_TYPE Hex(4) "arp.proto.type" "Kind of protocol address.";
    HW_SIZE Uint "arp.hw.size" "Bytes of a hardware address.";
    PROTO_SIZE Uint "arp.proto.size" "Bytes of a protocol address.";
    OPCODE Uint "arp.opcode" "What is asked or told.";
    SRC_MAC Mac "arp.src.hw_mac" "The sender's hardware address.";
    SRC_HW Bytes "arp.src.hw" "The sender's hardware address, if it is not Ethernet's.";
    SRC_IP Ipv4 "arp.src.proto_ipv4" "The sender's IPv4 address.";
    SRC_PROTO Bytes "arp.src.proto" "The sender's protocol address, if it is not IPv4's.";
    DST_MAC Mac "arp.dst.hw_mac" "The target's hardware address.";
    DST_HW Bytes "arp.dst.hw" "The target's hardware address, if it is not Ethernet's.";
    DST_IP Ipv4 "arp.dst.proto_ipv4" "The target's IPv4 address.";
    DST_PROTO Bytes "arp.dst.proto" "The target's protocol address, if it is not IPv4's.";
}

pub(super) fn arp(w: &mut Writer<'_>, at: usize) -> usize {
    w.layer(&ARP, at);
    let hardware = w.named(&HW_TYPE, at, 2, hardware_name);
    let protocol = w.named(&PROTO_TYPE, at + 2, 2, names::ether_type);
    let hw_len = w.uint(&HW_SIZE, at + 4, 1) as usize;
    let proto_len = w.uint(&PROTO_SIZE, at + 5, 1) as usize;
    w.named(&OPCODE, at + 6, 2, opcode_name);
    let is_mac = hw_len == 6 && matches!(hardware, 1 | 6);
    let is_ipv4 = proto_len == 4 && protocol == 0x0800;
    let mut next = at + 8;
    for (mac, hw, ip, proto) in
        [(&SRC_MAC, &SRC_HW, &SRC_IP, &SRC_PROTO), (&DST_MAC, &DST_HW, &DST_IP, &DST_PROTO)]
    {
        if is_mac {
            w.mac(mac, next);
        } else {
            w.bytes(hw, next, hw_len);
        }
        next += hw_len;
        if is_ipv4 {
            w.ipv4(ip, next);
        } else {
            w.bytes(proto, next, proto_len);
        }
        next += proto_len;
    }
    w.layer_end(next);
    // What follows is padding.
    w.end
}

fn hardware_name(number: u64) -> Option<&'static str> {
    Some(match number {
        1 => "Ethernet",
        6 => "802",
        7 => "ARCNET",
        15 => "Frame Relay",
        16 => "ATM",
        24 => "FireWire",
        32 => "InfiniBand",
        _ => return None,
    })
}

fn opcode_name(number: u64) -> Option<&'static str> {
    Some(match number {
        1 => "request",
        2 => "reply",
        3 => "reverse request",
        4 => "reverse reply",
        8 => "inverse request",
        9 => "inverse reply",
        _ => return None,
    })
}
