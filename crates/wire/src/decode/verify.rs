//! Verifying checksums on the way down.

use super::Walk;
use crate::checksum::{Checksum, Sum};
use crate::rest::Rest;
use crate::{Ipv4, Layer, Layers, Marks};

impl<L: Layers> Walk<'_, L> {
    #[inline]
    pub(super) fn verify_ipv4(&mut self, ip: Ipv4<'_>) {
        if self.options.verify_checksums {
            let checksum = match ip.header() {
                Some(header) => Sum::default().add(header).verdict(),
                None => Checksum::Unverifiable,
            };
            self.checksum(Layer::Ipv4, checksum);
        }
    }

    /// The checksum of a transport header and payload.
    #[inline]
    pub(super) fn verify(&mut self, layer: Layer, rest: Rest<'_>) {
        if self.options.verify_checksums {
            let checksum = self.transport_checksum(layer, rest);
            self.checksum(layer, checksum);
        }
    }

    /// UDP, whose checksum may be left out over IPv4.
    #[inline]
    pub(super) fn verify_udp(&mut self, sent: u16, rest: Rest<'_>) {
        if self.options.verify_checksums {
            let checksum = match sent {
                0 if self.packet.ip_version == 4 => Checksum::Absent,
                _ => self.transport_checksum(Layer::Udp, rest),
            };
            self.checksum(Layer::Udp, checksum);
        }
    }

    fn transport_checksum(&self, layer: Layer, rest: Rest<'_>) -> Checksum {
        let packet = &*self.packet;
        let is_cut = rest.bytes.len() < rest.len || packet.marks.has(Marks::CLAMPED);
        if is_cut || packet.marks.has(Marks::FRAGMENT) {
            return Checksum::Unverifiable;
        }
        let pseudo_header = match layer {
            Layer::Icmp => Sum::default(),
            _ => Sum::pseudo_header(
                packet.ip_version,
                [packet.src, self.final_dst.unwrap_or(packet.dst)],
                packet.protocol,
                rest.len,
            ),
        };
        pseudo_header.add(rest.bytes).verdict()
    }

    fn checksum(&mut self, layer: Layer, checksum: Checksum) {
        if checksum == Checksum::Bad {
            self.packet.marks.set(Marks::BAD_CHECKSUM);
        }
        self.layers.checksum(layer, checksum);
    }
}
