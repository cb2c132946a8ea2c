//! Transport headers, and the numbers that lead to them.

use super::Walk;
use super::tunnel::is_tunnel_port;
use crate::dccp::Dccp;
use crate::igmp::Igmp;
use crate::protocol;
use crate::rest::{Extent, Rest};
use crate::sctp::Sctp;
use crate::{Icmp, Layer, Layers, Marks, Reason, Tcp, Transport, Udp};

impl<L: Layers> Walk<'_, L> {
    /// What a protocol number said follows.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a tenth of the time of a packet, by callgrind")]
    pub(super) fn transport(&mut self, protocol: u8, rest: Rest<'_>) {
        self.packet.protocol = protocol;
        self.packet.trans_offset = rest.offset();
        self.packet.trans_len = rest.extent.len;
        match protocol {
            protocol::TCP => self.tcp(rest),
            protocol::UDP => self.udp(rest),
            _ => self.other_protocol(protocol, rest.bytes, rest.extent),
        }
    }

    /// The same, for those who come here seldom.
    #[inline(never)]
    pub(super) fn next_header(&mut self, protocol: u8, rest: Rest<'_>) {
        self.transport(protocol, rest);
    }

    // The parts of a `Rest` are passed in registers, the whole through memory.
    #[inline(never)]
    fn other_protocol(&mut self, protocol: u8, bytes: &[u8], extent: Extent) {
        let rest = Rest { bytes, extent };
        let ip6 = self.packet.ip_version == 6;
        match protocol {
            protocol::ICMP => self.icmp(Layer::Icmp, rest),
            protocol::ICMP6 => self.icmp(Layer::Icmp6, rest),
            protocol::IGMP => match Igmp::parse(rest.bytes) {
                Ok(_) => self.layer(Layer::Igmp, rest),
                Err(reason) => self.stop(Layer::Igmp, reason, rest),
            },
            protocol::SCTP => self.sctp(rest),
            protocol::DCCP => self.dccp(rest),
            protocol::UDP_LITE => self.udp_lite(rest),
            protocol::ESP => self.esp(rest),
            protocol::AH => self.ah(rest),
            protocol::HOP_BY_HOP if ip6 => self.extension(Layer::HopByHop, rest),
            protocol::ROUTING if ip6 => self.routing(rest),
            protocol::FRAGMENT if ip6 => self.fragment_header(rest),
            protocol::DESTINATION_OPTIONS if ip6 => self.extension(Layer::DestinationOptions, rest),
            protocol::MOBILITY if ip6 => self.extension(Layer::Mobility, rest),
            protocol::HIP if ip6 => self.extension(Layer::Hip, rest),
            protocol::SHIM6 if ip6 => self.extension(Layer::Shim6, rest),
            protocol::IPV4 if self.may_tunnel() => self.ipv4(rest),
            protocol::IPV6 if self.may_tunnel() => self.ipv6(rest),
            protocol::GRE if self.may_tunnel() => self.gre(rest),
            protocol::MPLS if self.may_tunnel() => self.mpls(rest),
            protocol::ETHERIP if self.may_tunnel() => self.etherip(rest),
            protocol::PIM if self.may_tunnel() => self.pim(rest),
            protocol::ETHERNET if self.may_tunnel() => self.ethernet(rest),
            _ => {}
        }
    }

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "see `transport`")]
    fn tcp(&mut self, rest: Rest<'_>) {
        let tcp = match Tcp::parse(rest.bytes) {
            Ok(tcp) => tcp,
            Err(reason) => return self.broken_tcp(reason, rest.bytes, rest.extent),
        };
        let header_len = tcp.header_len();
        let Some(app_len) = rest.extent.len.checked_sub(header_len as u32) else {
            return self.broken_tcp(Reason::BadLength, rest.bytes, rest.extent);
        };
        self.layer(Layer::Tcp, rest);
        let packet = &mut *self.packet;
        packet.transport = Transport::Tcp;
        packet.src_port = tcp.src_port();
        packet.dst_port = tcp.dst_port();
        packet.seq = tcp.seq();
        packet.ack = tcp.ack();
        packet.tcp_flags = tcp.flags();
        packet.window = tcp.window();
        if header_len > Tcp::LEN_MIN {
            packet.marks.set(Marks::TCP_OPTIONS);
        }
        packet.app_offset = rest.offset() + header_len as u32;
        packet.app_len = app_len;
        self.verify(Layer::Tcp, tcp.checksum(), rest.len(), rest);
    }

    /// A header that is cut or whose length cannot be. What stands before the damage is read all the
    /// same: the ports, so that the packet is one of its flow; then flags, if the header is whole
    /// but longer than the packet, or the payload that is left by a length shorter than a header.
    #[cold]
    fn broken_tcp(&mut self, reason: Reason, bytes: &[u8], extent: Extent) {
        self.stop(Layer::Tcp, reason, Rest { bytes, extent });
        if self.packet.stop.is_none() {
            return;
        }
        self.cut_ports(Transport::Tcp, bytes, extent);
        if let Some([.., length, flags, _, _, _, _, _, _]) = bytes.first_chunk::<{ Tcp::LEN_MIN }>()
        {
            let header_len = usize::from(length >> 4) * 4;
            if header_len < Tcp::LEN_MIN {
                self.packet.app_offset = extent.offset + header_len as u32;
                self.packet.app_len = extent.len.saturating_sub(header_len as u32);
            } else {
                self.packet.tcp_flags = *flags;
            }
        }
    }

    /// The ports at the front of a header that is not all there, and that nothing follows it.
    fn cut_ports(&mut self, transport: Transport, bytes: &[u8], extent: Extent) {
        if let Some([a, b, c, d]) = bytes.first_chunk() {
            self.ports(transport, u16::from_be_bytes([*a, *b]), u16::from_be_bytes([*c, *d]));
            self.packet.app_offset = extent.offset + extent.len;
        }
    }

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "see `transport`")]
    fn udp(&mut self, rest: Rest<'_>) {
        let udp = match Udp::parse(rest.bytes) {
            Ok(udp) => udp,
            Err(Reason::Truncated) => return self.cut_udp(rest.bytes, rest.extent),
            Err(reason) => return self.stop(Layer::Udp, reason, rest),
        };
        self.layer(Layer::Udp, rest);
        // Jumbograms say 0 (RFC 2675, section 4); anywhere else it is damage.
        let length = match udp.length() {
            0 if rest.len() > usize::from(u16::MAX) => Some(rest.len()),
            0 => None,
            length => Some(length),
        };
        match length {
            Some(length) => self.verify(Layer::Udp, udp.checksum(), length, rest),
            None => self.stop(Layer::Udp, Reason::BadLength, rest),
        }
        let length = length.unwrap_or(Udp::LEN);
        let missing = length.saturating_sub(rest.len());
        let rest = rest.limit(length);
        let packet = &mut *self.packet;
        packet.transport = Transport::Udp;
        packet.src_port = udp.src_port();
        packet.dst_port = udp.dst_port();
        packet.trans_len = rest.extent.len;
        let payload = rest.skip(Udp::LEN);
        self.payload(payload);
        if is_tunnel_port(udp.dst_port()) || is_tunnel_port(udp.src_port()) {
            self.beyond = if self.packet.marks.has(Marks::CLAMPED) { missing as u32 } else { 0 };
            self.udp_tunnel([udp.dst_port(), udp.src_port()], payload.bytes, payload.extent);
        }
    }

    /// A header that is cut: its ports and its length stand, if they are there.
    #[cold]
    fn cut_udp(&mut self, bytes: &[u8], extent: Extent) {
        self.stop(Layer::Udp, Reason::Truncated, Rest { bytes, extent });
        if self.packet.stop.is_none() {
            return;
        }
        self.cut_ports(Transport::Udp, bytes, extent);
        self.packet.app_offset = extent.offset + extent.len.min(Udp::LEN as u32);
        if let [_, _, _, _, a, b, ..] = bytes {
            let claimed = u32::from(u16::from_be_bytes([*a, *b])).min(extent.len);
            self.packet.app_len = claimed.saturating_sub(Udp::LEN as u32);
        }
    }

    fn udp_lite(&mut self, rest: Rest<'_>) {
        match Udp::parse(rest.bytes) {
            Ok(udp) => {
                self.layer(Layer::UdpLite, rest);
                self.ports(Transport::Udp, udp.src_port(), udp.dst_port());
                self.payload(rest.skip(Udp::LEN));
            }
            Err(reason) => self.stop(Layer::UdpLite, reason, rest),
        }
    }

    fn sctp(&mut self, rest: Rest<'_>) {
        match Sctp::parse(rest.bytes) {
            Ok(sctp) => {
                self.layer(Layer::Sctp, rest);
                self.ports(Transport::Sctp, sctp.src_port(), sctp.dst_port());
                self.payload(rest.skip(Sctp::LEN));
            }
            Err(reason) => self.stop(Layer::Sctp, reason, rest),
        }
    }

    fn dccp(&mut self, rest: Rest<'_>) {
        match Dccp::parse(rest.bytes) {
            Ok(dccp) if dccp.header_len() > rest.len() => {
                self.stop(Layer::Dccp, Reason::BadLength, rest);
            }
            Ok(dccp) => {
                self.layer(Layer::Dccp, rest);
                self.ports(Transport::Dccp, dccp.src_port(), dccp.dst_port());
                self.payload(rest.skip(dccp.header_len()));
            }
            Err(reason) => self.stop(Layer::Dccp, reason, rest),
        }
    }

    /// Nothing after this header can be read.
    fn esp(&mut self, rest: Rest<'_>) {
        if rest.bytes.len() < ESP_LEN {
            self.stop(Layer::Esp, Reason::Truncated, rest);
        } else {
            self.layer(Layer::Esp, rest);
        }
    }

    fn icmp(&mut self, layer: Layer, rest: Rest<'_>) {
        let icmp = match Icmp::parse(rest.bytes) {
            Ok(icmp) => icmp,
            Err(reason) => return self.stop(layer, reason, rest),
        };
        self.layer(layer, rest);
        let identifier = match layer {
            Layer::Icmp => icmp.identifier(),
            _ => icmp.identifier6(),
        };
        let packet = &mut *self.packet;
        packet.transport = Transport::Icmp;
        packet.src_port = u16::from_be_bytes([icmp.kind(), icmp.code()]);
        packet.dst_port = identifier.unwrap_or(0);
        self.payload(rest.skip(Icmp::LEN));
        self.verify(layer, icmp.checksum(), rest.len(), rest);
    }

    fn ports(&mut self, transport: Transport, src_port: u16, dst_port: u16) {
        self.packet.transport = transport;
        self.packet.src_port = src_port;
        self.packet.dst_port = dst_port;
    }

    #[inline]
    fn payload(&mut self, rest: Rest<'_>) {
        self.packet.app_offset = rest.offset();
        self.packet.app_len = rest.extent.len;
    }
}

/// Security parameters index and sequence number (RFC 4303).
const ESP_LEN: usize = 8;
