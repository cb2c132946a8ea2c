//! A short cut for the frames most captures are full of: Ethernet with up to two VLAN tags, IP
//! without options or extension headers, all of a TCP or UDP packet.
//!
//! The walk comes to the same packet, by way of state for everything that could have come between.
//! With these headers and nothing else, all of it stays in registers and is written once: a third
//! of the instructions. The headers are read and checked by the same functions, and whatever is
//! odd about a frame, the walk is left to say it.

use super::ip::MTU;
use super::tunnel::is_tunnel_port;
use crate::{
    Address, EtherType, Ethernet, Ipv4, Ipv6, Layer, Layers, Marks, Options, Packet, Tcp,
    Transport, Udp, Vlan, VlanTag, protocol,
};

/// Decodes an Ethernet frame if it is a common one; whether it was. Nothing is written or told of
/// any other.
#[inline(always)]
#[expect(
    clippy::inline_always,
    reason = "once per frame, from one place for each kind of `Layers`"
)]
pub(super) fn decode_common(
    bytes: &[u8],
    original: u32,
    options: &Options,
    layers: &mut impl Layers,
    packet: &mut Packet,
) -> bool {
    if options.verify_checksums || options.ip_headers_max == 0 {
        return false;
    }
    let Some(link) = link(bytes) else { return false };
    let wire_len = bytes.len().max(original as usize) - link.len;
    let inner = bytes.get(link.len..).unwrap_or_default();
    let Some(ip) = network(link.ether_type, inner, wire_len) else { return false };
    let Some(transport) = transport(&ip) else { return false };
    let (ip_offset, ip_header_len) = (link.len as u32, (ip.len - ip.payload_len) as u32);
    let trans_offset = ip_offset + ip_header_len;
    *packet = Packet {
        src: ip.src,
        dst: ip.dst,
        src_port: transport.src_port,
        dst_port: transport.dst_port,
        vlans: link.vlans,
        vni_plus_one: 0,
        seq: transport.seq,
        ack: transport.ack,
        ip_len: ip.len as u32,
        trans_len: transport.len,
        app_len: transport.len - transport.header_len,
        ip_offset,
        trans_offset,
        app_offset: trans_offset + transport.header_len,
        mac_src_plus_one: Ethernet::SRC_AT as u16 + 1,
        mac_dst_plus_one: 1,
        window: transport.window,
        marks: marks(&ip, &transport),
        tcp_flags: transport.tcp_flags,
        ip_version: if ip.layer == Layer::Ipv4 { 4 } else { 6 },
        protocol: ip.protocol,
        transport: transport.kind,
        last: transport.layer,
        ttl: ip.ttl,
        tos: ip.tos,
        stop: None,
    };
    layers.layer(Layer::Ethernet, 0);
    for at in (Ethernet::LEN..link.len).step_by(VlanTag::LEN) {
        layers.layer(Layer::Vlan, at);
    }
    layers.layer(ip.layer, link.len);
    layers.layer(transport.layer, trans_offset as usize);
    true
}

/// Ethernet and its tags.
struct Link {
    len: usize,
    vlans: [Vlan; 2],
    ether_type: EtherType,
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "see `decode_common`")]
fn link(bytes: &[u8]) -> Option<Link> {
    let ethernet = Ethernet::parse(bytes).ok()?;
    let ether_type = ethernet.ether_type();
    let mut link = Link { len: Ethernet::LEN, vlans: [Vlan::default(); 2], ether_type };
    for vlan in &mut link.vlans {
        if !link.ether_type.is_vlan() {
            break;
        }
        let tag = VlanTag::parse(bytes.get(link.len..)?).ok()?;
        (*vlan, link.ether_type) = (tag.vlan(), tag.ether_type());
        link.len += VlanTag::LEN;
    }
    Some(link)
}

/// What an IP header says, of either version.
struct Network<'a> {
    layer: Layer,
    src: Address,
    dst: Address,
    protocol: u8,
    ttl: u8,
    tos: u8,
    /// Length of the packet with its header.
    len: usize,
    payload_len: usize,
    /// As much of the payload as was captured.
    payload: &'a [u8],
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "see `decode_common`")]
fn network(ether_type: EtherType, bytes: &[u8], wire_len: usize) -> Option<Network<'_>> {
    let (network, header_len) = if ether_type == EtherType::IPV4 {
        let ip = Ipv4::parse(bytes).ok()?;
        let len = ip.total_len();
        if ip.header_len() != Ipv4::LEN_MIN || ip.is_fragment() || len == 0 {
            return None;
        }
        let network = Network {
            layer: Layer::Ipv4,
            src: Address::v4(ip.src().octets()),
            dst: Address::v4(ip.dst().octets()),
            protocol: ip.protocol(),
            ttl: ip.ttl(),
            tos: ip.tos(),
            len,
            payload_len: len - Ipv4::LEN_MIN,
            payload: &[],
        };
        (network, Ipv4::LEN_MIN)
    } else if ether_type == EtherType::IPV6 {
        let ip = Ipv6::parse(bytes).ok()?;
        let payload_len = ip.payload_len();
        if payload_len == 0 {
            return None;
        }
        let network = Network {
            layer: Layer::Ipv6,
            src: Address::v6(ip.src().octets()),
            dst: Address::v6(ip.dst().octets()),
            protocol: ip.next_header(),
            ttl: ip.hop_limit(),
            tos: ip.traffic_class(),
            len: Ipv6::LEN + payload_len,
            payload_len,
            payload: &[],
        };
        (network, Ipv6::LEN)
    } else {
        return None;
    };
    let payload = bytes.get(header_len..network.len.min(bytes.len()))?;
    (network.len <= wire_len).then_some(Network { payload, ..network })
}

/// What a TCP or UDP header says; what UDP does not have is 0.
struct Segment {
    kind: Transport,
    layer: Layer,
    src_port: u16,
    dst_port: u16,
    seq: u32,
    ack: u32,
    window: u16,
    tcp_flags: u8,
    header_len: u32,
    /// Length of header and payload.
    len: u32,
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "see `decode_common`")]
fn transport(ip: &Network<'_>) -> Option<Segment> {
    match ip.protocol {
        protocol::TCP => tcp(ip),
        protocol::UDP => udp(ip),
        _ => None,
    }
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "see `decode_common`")]
fn tcp(ip: &Network<'_>) -> Option<Segment> {
    let tcp = Tcp::parse(ip.payload).ok()?;
    let (header_len, len) = (tcp.header_len() as u32, ip.payload_len as u32);
    (header_len <= len).then(|| Segment {
        kind: Transport::Tcp,
        layer: Layer::Tcp,
        src_port: tcp.src_port(),
        dst_port: tcp.dst_port(),
        seq: tcp.seq(),
        ack: tcp.ack(),
        window: tcp.window(),
        tcp_flags: tcp.flags(),
        header_len,
        len,
    })
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "see `decode_common`")]
fn udp(ip: &Network<'_>) -> Option<Segment> {
    let udp = Udp::parse(ip.payload).ok()?;
    let (src_port, dst_port) = (udp.src_port(), udp.dst_port());
    let is_plain = udp.length() != 0 && ip.payload_len >= Udp::LEN;
    (is_plain && !is_tunnel_port(src_port) && !is_tunnel_port(dst_port)).then(|| Segment {
        kind: Transport::Udp,
        layer: Layer::Udp,
        src_port,
        dst_port,
        seq: 0,
        ack: 0,
        window: 0,
        tcp_flags: 0,
        header_len: Udp::LEN as u32,
        len: (ip.payload_len as u32).min(udp.length() as u32),
    })
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "see `decode_common`")]
fn marks(ip: &Network<'_>, transport: &Segment) -> Marks {
    let mut marks = Marks::default();
    if ip.len > MTU {
        marks.set(Marks::SUPER_FRAME);
    }
    if ip.payload.len() < ip.payload_len {
        marks.set(Marks::CLIPPED);
    }
    if transport.kind == Transport::Tcp && transport.header_len > Tcp::LEN_MIN as u32 {
        marks.set(Marks::TCP_OPTIONS);
    }
    marks
}
