//! Verifying checksums on the way down.

use super::Walk;
use crate::checksum::{Checksum, Sum};
use crate::rest::Rest;
use crate::{Ipv4, Layer, Layers, Marks};

impl<L: Layers> Walk<'_, L> {
    #[inline]
    pub(super) fn verify_ipv4(&mut self, ip: Ipv4<'_>) {
        if self.options.verify_checksums {
            self.verify_header(ip.header());
        }
    }

    #[cold]
    fn verify_header(&mut self, header: Option<&[u8]>) {
        let checksum = match header {
            Some(header) => Sum::default().add(header).verdict(),
            None => Checksum::Unverifiable,
        };
        self.checksum(Layer::Ipv4, checksum);
    }

    /// The checksum of a transport header and payload, of `len` bytes together; `sent` is what the
    /// header has.
    #[inline]
    pub(super) fn verify(&mut self, layer: Layer, sent: u16, len: usize, rest: Rest<'_>) {
        if self.options.verify_checksums {
            let checksum = self.transport_checksum(layer, sent, rest.bytes.get(..len));
            self.checksum(layer, checksum);
        }
    }

    fn transport_checksum(&self, layer: Layer, sent: u16, bytes: Option<&[u8]>) -> Checksum {
        let packet = &*self.packet;
        if layer == Layer::Udp && sent == 0 && packet.ip_version == 4 {
            return Checksum::Absent;
        }
        // UDP says itself how long it is, the others end where IP says.
        let is_clamped = layer != Layer::Udp && packet.marks.has(Marks::CLAMPED);
        let Some(bytes) = bytes.filter(|_| !is_clamped && !packet.marks.has(Marks::FRAGMENT))
        else {
            return Checksum::Unverifiable;
        };
        if layer == Layer::Icmp {
            return Sum::default().add(bytes).verdict();
        }
        let ends = [packet.src, self.final_dst.unwrap_or(packet.dst)];
        let pseudo = Sum::pseudo_header(packet.ip_version, ends, packet.protocol, bytes.len());
        match pseudo.add(bytes).verdict() {
            Checksum::Bad if sent == pseudo.folded() => Checksum::Partial,
            verdict => verdict,
        }
    }

    fn checksum(&mut self, layer: Layer, checksum: Checksum) {
        if checksum == Checksum::Bad {
            self.packet.marks.set(Marks::BAD_CHECKSUM);
        }
        self.layers.checksum(layer, checksum);
    }
}
