//! A short cut for the frames most captures are full of: Ethernet, IPv4 without options, all of a
//! TCP or UDP packet.
//!
//! The walk comes to the same packet, by way of state for everything that could have come between.
//! With three headers and nothing else, all of it stays in registers and is written once: a third
//! of the instructions. The headers are read and checked by the same functions, and whatever is
//! odd about a frame, the walk is left to say it.

use super::ip::MTU;
use super::tunnel::is_tunnel_port;
use crate::rest::Rest;
use crate::{
    Address, EtherType, Ethernet, Ipv4, Layer, Layers, Marks, Options, Packet, Tcp, Transport, Udp,
    protocol,
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
    let Some(read) = read(bytes, original, options) else { return false };
    *packet = read;
    layers.layer(Layer::Ethernet, 0);
    layers.layer(Layer::Ipv4, read.ip_offset as usize);
    layers.layer(read.last, read.trans_offset as usize);
    true
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "see `decode_common`")]
fn read(bytes: &[u8], original: u32, options: &Options) -> Option<Packet> {
    let frame = Rest::new(bytes, original);
    let ethernet = Ethernet::parse(frame.bytes).ok()?;
    if ethernet.ether_type() != EtherType::IPV4 {
        return None;
    }
    let rest = frame.skip(Ethernet::LEN);
    let ip = Ipv4::parse(rest.bytes).ok()?;
    let len = ip.total_len();
    let is_plain = ip.header_len() == Ipv4::LEN_MIN && !ip.is_fragment();
    let is_bounded = len != 0 && len <= rest.len();
    if !is_plain || !is_bounded || options.verify_checksums || options.ip_headers_max == 0 {
        return None;
    }
    let mut marks = Marks::default();
    if len > MTU {
        marks.set(Marks::SUPER_FRAME);
    }
    let payload = if let Some(payload) = rest.bytes.get(Ipv4::LEN_MIN..len) {
        payload
    } else {
        marks.set(Marks::CLIPPED);
        rest.bytes.get(Ipv4::LEN_MIN..)?
    };
    let ip_offset = rest.offset();
    let trans_offset = ip_offset + Ipv4::LEN_MIN as u32;
    let packet = Packet {
        src: Address::v4(ip.src().octets()),
        dst: Address::v4(ip.dst().octets()),
        ip_version: 4,
        protocol: ip.protocol(),
        ttl: ip.ttl(),
        tos: ip.tos(),
        ip_len: len as u32,
        trans_len: (len - Ipv4::LEN_MIN) as u32,
        ip_offset,
        trans_offset,
        mac_src_plus_one: Ethernet::SRC_AT as u16 + 1,
        mac_dst_plus_one: 1,
        marks,
        ..Packet::default()
    };
    match packet.protocol {
        protocol::TCP => tcp(payload, packet),
        protocol::UDP => udp(payload, packet),
        _ => None,
    }
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "see `decode_common`")]
fn tcp(bytes: &[u8], ip: Packet) -> Option<Packet> {
    let tcp = Tcp::parse(bytes).ok()?;
    let header_len = tcp.header_len();
    let mut marks = ip.marks;
    if header_len > Tcp::LEN_MIN {
        marks.set(Marks::TCP_OPTIONS);
    }
    Some(Packet {
        src_port: tcp.src_port(),
        dst_port: tcp.dst_port(),
        seq: tcp.seq(),
        ack: tcp.ack(),
        app_len: ip.trans_len.checked_sub(header_len as u32)?,
        app_offset: ip.trans_offset + header_len as u32,
        window: tcp.window(),
        marks,
        tcp_flags: tcp.flags(),
        transport: Transport::Tcp,
        last: Layer::Tcp,
        ..ip
    })
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "see `decode_common`")]
fn udp(bytes: &[u8], ip: Packet) -> Option<Packet> {
    let udp = Udp::parse(bytes).ok()?;
    let (src_port, dst_port) = (udp.src_port(), udp.dst_port());
    if udp.length() == 0 || is_tunnel_port(src_port) || is_tunnel_port(dst_port) {
        return None;
    }
    let trans_len = ip.trans_len.min(udp.length() as u32);
    Some(Packet {
        src_port,
        dst_port,
        trans_len,
        app_len: trans_len.saturating_sub(Udp::LEN as u32),
        app_offset: ip.trans_offset + Udp::LEN as u32,
        transport: Transport::Udp,
        last: Layer::Udp,
        ..ip
    })
}
