//! IPv4, IPv6 and its extension headers.

use super::Walk;
use crate::ipv6_ext::{Ah, Extension, FragmentHeader};
use crate::protocol;
use crate::rest::Rest;
use crate::{Address, Ipv4, Ipv6, Layer, Layers, Marks, Packet, Reason};

impl<L: Layers> Walk<'_, L> {
    #[inline]
    pub(super) fn ipv4(&mut self, rest: Rest<'_>) {
        let ip = match Ipv4::parse(rest.bytes) {
            Ok(ip) => ip,
            Err(reason) => return self.stop(Layer::Ipv4, reason, rest),
        };
        let claim = match (ip.total_len(), ip.protocol()) {
            (0, protocol::TCP | protocol::UDP) => Claim::Absent,
            (0, _) => return self.stop(Layer::Ipv4, Reason::BadLength, rest),
            (len, _) => Claim::Bytes(len),
        };
        if !self.enter_ip(Layer::Ipv4, rest) {
            return;
        }
        let packet = &mut *self.packet;
        packet.ip_version = 4;
        packet.src = Address::v4(ip.src().octets());
        packet.dst = Address::v4(ip.dst().octets());
        packet.ttl = ip.ttl();
        packet.tos = ip.tos();
        let payload = self.claimed(claim, rest).skip(ip.header_len());
        self.verify_ipv4(ip);
        if ip.is_fragment() {
            self.ipv4_fragment(ip, payload);
        } else {
            self.transport(ip.protocol(), payload);
        }
    }

    #[cold]
    fn ipv4_fragment(&mut self, ip: Ipv4<'_>, payload: Rest<'_>) {
        self.packet.marks.set(Marks::FRAGMENT);
        if ip.fragment_offset() == 0 {
            self.transport(ip.protocol(), payload);
        }
        self.fragment_data(ip.protocol(), payload);
    }

    #[inline]
    pub(super) fn ipv6(&mut self, rest: Rest<'_>) {
        let ip = match Ipv6::parse(rest.bytes) {
            Ok(ip) => ip,
            Err(reason) => return self.stop(Layer::Ipv6, reason, rest),
        };
        if !self.enter_ip(Layer::Ipv6, rest) {
            return;
        }
        let packet = &mut *self.packet;
        packet.ip_version = 6;
        packet.src = Address::v6(ip.src().octets());
        packet.dst = Address::v6(ip.dst().octets());
        packet.ttl = ip.hop_limit();
        packet.tos = ip.traffic_class();
        let claim = match ip.payload_len() {
            0 => absent_payload_len(ip.next_header(), rest),
            len => Claim::Bytes(Ipv6::LEN + len),
        };
        let payload = self.claimed(claim, rest).skip(Ipv6::LEN);
        self.transport(ip.next_header(), payload);
    }

    /// Counts an IP header and makes the packet its own; whether to go on.
    #[inline]
    fn enter_ip(&mut self, layer: Layer, rest: Rest<'_>) -> bool {
        if self.ip_headers >= self.options.ip_headers_max {
            self.stop(layer, Reason::TooDeep, rest);
            return false;
        }
        self.ip_headers += 1;
        if self.packet.ip_version != 0 {
            *self.packet = Packet::default();
            self.final_dst = None;
            self.outside.is_tunnel = true;
        }
        if self.outside.is_tunnel {
            self.packet.marks.set(Marks::TUNNELED);
        }
        self.outside.tell(self.packet);
        self.packet.ip_offset = rest.offset as u32;
        self.layer(layer, rest);
        true
    }

    /// What an IP header claims of the bytes from it on.
    #[inline]
    fn claimed<'a>(&mut self, claim: Claim, rest: Rest<'a>) -> Rest<'a> {
        let packet = &mut *self.packet;
        let len = match claim {
            Claim::Absent => {
                packet.marks.set(Marks::SUPER_FRAME);
                rest.len
            }
            Claim::Bytes(len) if len > rest.len => {
                packet.marks.set(Marks::CLAMPED);
                rest.len
            }
            Claim::Bytes(len) => len,
        };
        if len > MTU && self.outside.is_ethernet {
            packet.marks.set(Marks::SUPER_FRAME);
        }
        if len > rest.bytes.len() {
            packet.marks.set(Marks::CLIPPED);
        }
        packet.ip_len = len as u32;
        rest.limit(len)
    }

    /// An extension header of the common shape: skipped, but for what it says follows.
    pub(super) fn extension(&mut self, layer: Layer, rest: Rest<'_>) {
        match Extension::parse(rest.bytes) {
            Ok(header) => {
                self.after_extension(layer, rest, header.next_header(), header.header_len());
            }
            Err(reason) => self.stop(layer, reason, rest),
        }
    }

    pub(super) fn routing(&mut self, rest: Rest<'_>) {
        if let Ok(header) = Extension::parse(rest.bytes) {
            self.final_dst = header.final_destination().map(Address::v6);
        }
        self.extension(Layer::Routing, rest);
    }

    pub(super) fn ah(&mut self, rest: Rest<'_>) {
        match Ah::parse(rest.bytes) {
            Ok(ah) => self.after_extension(Layer::Ah, rest, ah.next_header(), ah.header_len()),
            Err(reason) => self.stop(Layer::Ah, reason, rest),
        }
    }

    fn after_extension(&mut self, layer: Layer, rest: Rest<'_>, next: u8, header_len: usize) {
        if header_len > rest.len {
            return self.stop(layer, Reason::BadLength, rest);
        }
        if !self.nest(layer, rest) {
            return;
        }
        // Mobility and HIP headers are messages of their own, with nothing after them.
        if next != protocol::NO_NEXT_HEADER || !matches!(layer, Layer::Mobility | Layer::Hip) {
            self.transport(next, rest.skip(header_len));
        }
    }

    /// A fragment header. Of a first fragment the headers that are there are read.
    pub(super) fn fragment_header(&mut self, rest: Rest<'_>) {
        let fragment = match FragmentHeader::parse(rest.bytes) {
            Ok(fragment) => fragment,
            Err(reason) => return self.stop(Layer::FragmentHeader, reason, rest),
        };
        if !self.nest(Layer::FragmentHeader, rest) {
            return;
        }
        let data = rest.skip(FragmentHeader::LEN);
        if fragment.is_atomic() {
            return self.transport(fragment.next_header(), data);
        }
        self.packet.marks.set(Marks::FRAGMENT);
        let mut protocol = fragment.next_header();
        if fragment.fragment_offset() == 0 {
            self.transport(protocol, data);
            protocol = self.packet.protocol;
        }
        self.fragment_data(protocol, data);
    }

    fn fragment_data(&mut self, protocol: u8, data: Rest<'_>) {
        self.packet.protocol = protocol;
        self.packet.trans_offset = data.offset as u32;
        self.packet.trans_len = data.len as u32;
    }
}

/// How long an IP header says its packet is.
#[derive(Clone, Copy)]
enum Claim {
    Bytes(usize),
    /// The length field is 0: the packet was captured before segmentation offload, or it is
    /// longer than the field can say.
    Absent,
}

/// What an IPv6 payload length of 0 means: a jumbogram (RFC 2675), offload, or no payload.
#[cold]
fn absent_payload_len(next_header: u8, ip: Rest<'_>) -> Claim {
    match next_header {
        protocol::TCP | protocol::UDP => Claim::Absent,
        protocol::HOP_BY_HOP => {
            let options = Extension::parse(ip.skip(Ipv6::LEN).bytes);
            match options.ok().and_then(|options| options.jumbo_payload_len()) {
                Some(len) => Claim::Bytes(Ipv6::LEN + len as usize),
                None => Claim::Bytes(Ipv6::LEN),
            }
        }
        _ => Claim::Bytes(Ipv6::LEN),
    }
}

/// What Ethernet carries without jumbo frames.
const MTU: usize = 1500;
