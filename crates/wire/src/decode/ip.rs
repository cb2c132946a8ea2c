//! IPv4, IPv6 and its extension headers.

use super::Walk;
use crate::ipv6_ext::{Ah, Extension, FragmentHeader};
use crate::protocol;
use crate::rest::{Extent, Rest};
use crate::{Address, Ipv4, Ipv6, Layer, Layers, Marks, Packet, Reason};

impl<L: Layers> Walk<'_, L> {
    #[inline]
    pub(super) fn ipv4(&mut self, rest: Rest<'_>) {
        let ip = match Ipv4::parse(rest.bytes) {
            Ok(ip) => ip,
            Err(reason) => return self.stop(Layer::Ipv4, reason, rest),
        };
        if ip.total_len() == 0 && !matches!(ip.protocol(), protocol::TCP | protocol::UDP) {
            return self.stop(Layer::Ipv4, Reason::BadLength, rest);
        }
        if !self.enter_ip(Layer::Ipv4, rest) {
            return;
        }
        let packet = &mut *self.packet;
        packet.ip_version = 4;
        packet.src = Address::v4(ip.src().octets());
        packet.dst = Address::v4(ip.dst().octets());
        packet.ttl = ip.ttl();
        packet.tos = ip.tos();
        let payload = match ip.total_len() {
            0 => self.offloaded(ip.header_len(), rest),
            len => self.claimed(len, ip.header_len(), rest),
        };
        self.verify_ipv4(ip);
        if ip.is_fragment() {
            self.ipv4_fragment(ip.protocol(), ip.fragment_offset(), payload.bytes, payload.extent);
        } else {
            self.transport(ip.protocol(), payload);
        }
    }

    #[cold]
    fn ipv4_fragment(&mut self, protocol: u8, at: usize, bytes: &[u8], extent: Extent) {
        let payload = Rest { bytes, extent };
        self.packet.marks.set(Marks::FRAGMENT);
        if at == 0 {
            self.next_header(protocol, payload);
        }
        self.fragment_data(protocol, payload);
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
        let payload = match ip.payload_len() {
            0 => self.absent_payload_len(ip.next_header(), rest.bytes, rest.extent),
            len => self.claimed(Ipv6::LEN + len, Ipv6::LEN, rest),
        };
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
        self.packet.ip_offset = rest.offset();
        self.layer(layer, rest);
        true
    }

    /// What an IP header claims of the bytes from it on, without itself.
    #[inline]
    fn claimed<'a>(&mut self, claim: usize, header_len: usize, rest: Rest<'a>) -> Rest<'a> {
        let mut len = claim;
        if len > rest.len() {
            self.packet.marks.set(Marks::CLAMPED);
            len = rest.len();
        }
        if len > MTU && self.outside.is_ethernet {
            self.packet.marks.set(Marks::SUPER_FRAME);
        }
        self.packet.ip_len = len as u32;
        let bytes = match rest.bytes.get(header_len..len) {
            Some(bytes) => bytes,
            None => self.clipped(header_len, len, rest.bytes),
        };
        let extent = Extent {
            offset: rest.offset() + header_len as u32,
            len: (len as u32).saturating_sub(header_len as u32),
        };
        Rest { bytes, extent }
    }

    /// The part of a packet that was captured.
    #[cold]
    fn clipped<'a>(&mut self, header_len: usize, len: usize, bytes: &'a [u8]) -> &'a [u8] {
        if len > bytes.len() {
            self.packet.marks.set(Marks::CLIPPED);
        }
        bytes.get(header_len..len.min(bytes.len())).unwrap_or(&[])
    }

    /// The packet has no length: it was captured before segmentation offload, or it is longer than
    /// the field can say.
    fn offloaded<'a>(&mut self, header_len: usize, rest: Rest<'a>) -> Rest<'a> {
        self.packet.marks.set(Marks::SUPER_FRAME);
        self.claimed(rest.len(), header_len, rest)
    }

    /// An IPv6 payload length of 0: a jumbogram (RFC 2675), offload, or no payload.
    #[cold]
    fn absent_payload_len<'a>(
        &mut self,
        next_header: u8,
        bytes: &'a [u8],
        extent: Extent,
    ) -> Rest<'a> {
        let rest = Rest { bytes, extent };
        let jumbo = || Extension::parse(rest.skip(Ipv6::LEN).bytes).ok()?.jumbo_payload_len();
        match next_header {
            protocol::TCP | protocol::UDP => self.offloaded(Ipv6::LEN, rest),
            protocol::HOP_BY_HOP => {
                let len = Ipv6::LEN.saturating_add(jumbo().unwrap_or(0) as usize);
                self.claimed(len, Ipv6::LEN, rest)
            }
            _ => self.claimed(Ipv6::LEN, Ipv6::LEN, rest),
        }
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
        if header_len > rest.len() {
            return self.stop(layer, Reason::BadLength, rest);
        }
        if !self.nest(layer, rest) {
            return;
        }
        // Mobility and HIP headers are messages of their own, with nothing after them.
        if next != protocol::NO_NEXT_HEADER || !matches!(layer, Layer::Mobility | Layer::Hip) {
            self.next_header(next, rest.skip(header_len));
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
            return self.next_header(fragment.next_header(), data);
        }
        self.packet.marks.set(Marks::FRAGMENT);
        let mut protocol = fragment.next_header();
        if fragment.fragment_offset() == 0 {
            self.next_header(protocol, data);
            protocol = self.packet.protocol;
        }
        self.fragment_data(protocol, data);
    }

    fn fragment_data(&mut self, protocol: u8, data: Rest<'_>) {
        self.packet.protocol = protocol;
        self.packet.trans_offset = data.offset();
        self.packet.trans_len = data.extent.len;
    }
}

/// What Ethernet carries without jumbo frames.
pub(super) const MTU: usize = 1500;
