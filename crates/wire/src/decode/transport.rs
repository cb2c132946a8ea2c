//! Transport headers, and the numbers that lead to them.

use super::Walk;
use crate::protocol;
use crate::rest::Rest;
use crate::{Icmp, Layer, Layers, Marks, Reason, Tcp, Transport, Udp};

impl<L: Layers> Walk<'_, L> {
    /// What a protocol number said follows.
    #[inline]
    pub(super) fn transport(&mut self, protocol: u8, rest: Rest<'_>) {
        self.packet.protocol = protocol;
        self.packet.trans_offset = rest.offset as u32;
        self.packet.trans_len = rest.len as u32;
        match protocol {
            protocol::TCP => self.tcp(rest),
            protocol::UDP => self.udp(rest),
            _ => self.other_protocol(protocol, rest),
        }
    }

    #[inline(never)]
    fn other_protocol(&mut self, protocol: u8, rest: Rest<'_>) {
        let ip6 = self.packet.ip_version == 6;
        match protocol {
            protocol::ICMP => self.icmp(Layer::Icmp, rest),
            protocol::ICMP6 => self.icmp(Layer::Icmp6, rest),
            protocol::AH => self.ah(rest),
            protocol::HOP_BY_HOP if ip6 => self.extension(Layer::HopByHop, rest),
            protocol::ROUTING if ip6 => self.extension(Layer::Routing, rest),
            protocol::FRAGMENT if ip6 => self.fragment_header(rest),
            protocol::DESTINATION_OPTIONS if ip6 => self.extension(Layer::DestinationOptions, rest),
            _ => {}
        }
    }

    #[inline]
    fn tcp(&mut self, rest: Rest<'_>) {
        let tcp = match Tcp::parse(rest.bytes) {
            Ok(tcp) => tcp,
            Err(reason) => return self.stop(Layer::Tcp, reason, rest),
        };
        let header_len = tcp.header_len();
        if header_len > rest.len {
            return self.stop(Layer::Tcp, Reason::BadLength, rest);
        }
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
        self.payload(rest.skip(header_len));
    }

    #[inline]
    fn udp(&mut self, rest: Rest<'_>) {
        let udp = match Udp::parse(rest.bytes) {
            Ok(udp) => udp,
            Err(reason) => return self.stop(Layer::Udp, reason, rest),
        };
        self.layer(Layer::Udp, rest);
        let rest = match udp.length() {
            0 => rest,
            length => rest.limit(length),
        };
        let packet = &mut *self.packet;
        packet.transport = Transport::Udp;
        packet.src_port = udp.src_port();
        packet.dst_port = udp.dst_port();
        packet.trans_len = rest.len as u32;
        self.payload(rest.skip(Udp::LEN));
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
    }

    #[inline]
    fn payload(&mut self, rest: Rest<'_>) {
        self.packet.app_offset = rest.offset as u32;
        self.packet.app_len = rest.len as u32;
    }
}
