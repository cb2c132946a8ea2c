//! Ethernet, and what comes between it and IP.

use super::{Outside, Walk, probe};
use crate::bridge::{
    ETAG_LEN, FABRIC_PATH_LEN, HSR_LEN, ITAG_LEN, METADATA_LEN, Nsh, RTAG_LEN, VNTAG_LEN,
    batman_header_len, last_ether_type,
};
use crate::llc::{Llc, Snap};
use crate::macsec::Macsec;
use crate::mpls::MplsLabel;
use crate::pppoe::Pppoe;
use crate::rest::{Extent, Rest};
use crate::{Arp, EtherType, Ethernet, Layer, Layers, Reason, Vlan, VlanTag};

impl<L: Layers> Walk<'_, L> {
    #[inline]
    pub(super) fn ethernet(&mut self, rest: Rest<'_>) {
        let ethernet = match Ethernet::parse(rest.bytes) {
            Ok(ethernet) => ethernet,
            Err(reason) => return self.stop(Layer::Ethernet, reason, rest),
        };
        self.layer(Layer::Ethernet, rest);
        self.outside.vlans = [Vlan::default(); 2];
        self.outside.mac_src_plus_one = Outside::place(rest.offset() + Ethernet::SRC_AT as u32);
        self.outside.mac_dst_plus_one = Outside::place(rest.offset());
        self.outside.is_ethernet = true;
        self.ether_type(ethernet.ether_type(), rest.skip(Ethernet::LEN));
    }

    /// What the type or length of an Ethernet header or a VLAN tag said follows.
    #[inline]
    fn ether_type(&mut self, ether_type: EtherType, rest: Rest<'_>) {
        match ether_type {
            EtherType::IPV4 => self.ipv4(rest),
            EtherType::IPV6 => self.ipv6(rest),
            _ => self.other_ether_type(ether_type, rest.bytes, rest.extent),
        }
    }

    // The parts of a `Rest` are passed in registers, the whole through memory.
    #[inline(never)]
    fn other_ether_type(&mut self, ether_type: EtherType, bytes: &[u8], extent: Extent) {
        let rest = Rest { bytes, extent };
        if let Some(length) = ether_type.length() {
            return self.llc(rest.limit(length));
        }
        match ether_type {
            EtherType::VLAN | EtherType::SERVICE_VLAN | EtherType::OLD_SERVICE_VLAN => {
                self.vlan(rest);
            }
            EtherType::ARP | EtherType::RARP => match Arp::parse(rest.bytes) {
                Ok(_) => self.layer(Layer::Arp, rest),
                Err(reason) => self.stop(Layer::Arp, reason, rest),
            },
            EtherType::MPLS | EtherType::MPLS_UPSTREAM => self.mpls(rest),
            EtherType::PPPOE => self.pppoe(rest),
            EtherType::PPPOE_DISCOVERY => match Pppoe::parse(rest.bytes) {
                Ok(_) => self.layer(Layer::PppoeDiscovery, rest),
                Err(reason) => self.stop(Layer::PppoeDiscovery, reason, rest),
            },
            EtherType::ITAG => self.bridged(Layer::Itag, ITAG_LEN, rest),
            EtherType::FABRIC_PATH => self.bridged(Layer::FabricPath, FABRIC_PATH_LEN, rest),
            EtherType::VNTAG => self.tag(Layer::Vntag, VNTAG_LEN, rest),
            EtherType::METADATA => self.tag(Layer::Metadata, METADATA_LEN, rest),
            EtherType::NSH => self.nsh(rest),
            EtherType::MACSEC => self.macsec(rest),
            EtherType::HSR => self.tag(Layer::Hsr, HSR_LEN, rest),
            EtherType::ETAG => self.tag(Layer::Etag, ETAG_LEN, rest),
            EtherType::RTAG => self.tag(Layer::Rtag, RTAG_LEN, rest),
            EtherType::BATMAN => self.batman(rest),
            _ => {}
        }
    }

    /// What the number of a header other than Ethernet's said follows, which is never a length.
    pub(super) fn numbered(&mut self, ether_type: EtherType, rest: Rest<'_>) {
        match ether_type {
            EtherType::BRIDGED => self.ethernet(rest),
            _ if ether_type.length().is_some() => {}
            _ => self.ether_type(ether_type, rest),
        }
    }

    /// A VLAN tag. The first two make the packet's, more are only followed.
    fn vlan(&mut self, rest: Rest<'_>) {
        let tag = match VlanTag::parse(rest.bytes) {
            Ok(tag) => tag,
            Err(reason) => return self.stop(Layer::Vlan, reason, rest),
        };
        if !self.nest(Layer::Vlan, rest) {
            return;
        }
        match self.outside.vlans.iter_mut().find(|vlan| vlan.id().is_none()) {
            Some(free) => *free = tag.vlan(),
            None => self.outside.is_tunnel = true,
        }
        self.ether_type(tag.ether_type(), rest.skip(VlanTag::LEN));
    }

    pub(super) fn llc(&mut self, rest: Rest<'_>) {
        // IPX alone has no LLC header in an 802.3 frame; its checksum field is all ones.
        if rest.bytes.starts_with(&[0xff, 0xff]) {
            return;
        }
        let llc = match Llc::parse(rest.bytes) {
            Ok(llc) => llc,
            Err(reason) => return self.stop(Layer::Llc, reason, rest),
        };
        self.layer(Layer::Llc, rest);
        let inner = rest.skip(llc.header_len());
        if llc.is_ipv4() {
            self.ipv4(inner);
        } else if llc.is_snap() {
            self.snap(inner);
        }
    }

    pub(super) fn snap(&mut self, rest: Rest<'_>) {
        match Snap::parse(rest.bytes) {
            Ok(snap) => {
                if self.nest(Layer::Snap, rest)
                    && let Some(ether_type) = snap.ether_type()
                {
                    self.numbered(ether_type, rest.skip(Snap::LEN));
                }
            }
            Err(reason) => self.stop(Layer::Snap, reason, rest),
        }
    }

    pub(super) fn pppoe(&mut self, rest: Rest<'_>) {
        match Pppoe::parse(rest.bytes) {
            Ok(pppoe) => {
                if self.nest(Layer::Pppoe, rest) && pppoe.code() == 0 {
                    self.ppp(rest.skip(Pppoe::LEN).limit(pppoe.payload_len()));
                }
            }
            Err(reason) => self.stop(Layer::Pppoe, reason, rest),
        }
    }

    /// A stack of labels. No field says what follows: IP has its version in the first four bits, a
    /// pseudowire's control word zero (RFC 4928), an Ethernet frame without one anything.
    pub(super) fn mpls(&mut self, rest: Rest<'_>) {
        let mut inner = rest;
        loop {
            let label = match MplsLabel::parse(inner.bytes) {
                Ok(label) => label,
                Err(reason) => return self.stop(Layer::Mpls, reason, inner),
            };
            let is_first = inner.offset() == rest.offset();
            let goes_on = if is_first {
                self.nest(Layer::Mpls, inner)
            } else {
                self.deeper(Layer::Mpls, inner)
            };
            if !goes_on {
                return;
            }
            inner = inner.skip(MplsLabel::LEN);
            if label.is_bottom() {
                break;
            }
        }
        match inner.bytes.first().map(|byte| byte >> 4) {
            Some(4 | 6) if probe::is_ip(inner) || !probe::is_ethernet(inner) => self.ip(inner),
            Some(0) if probe::is_ethernet(inner.skip(4)) => {
                self.ethernet(inner.skip(4));
            }
            _ if probe::is_ethernet(inner) => self.ethernet(inner),
            _ => {}
        }
    }

    /// A tag of fixed length with an Ethernet frame after it.
    fn bridged(&mut self, layer: Layer, len: usize, rest: Rest<'_>) {
        if rest.bytes.len() < len {
            self.stop(layer, Reason::Truncated, rest);
        } else if self.nest(layer, rest) {
            self.ethernet(rest.skip(len));
        }
    }

    /// A tag of fixed length with an `EtherType` at its end.
    fn tag(&mut self, layer: Layer, len: usize, rest: Rest<'_>) {
        match last_ether_type(rest.bytes, len) {
            Ok(ether_type) => {
                if self.nest(layer, rest) {
                    self.ether_type(ether_type, rest.skip(len));
                }
            }
            Err(reason) => self.stop(layer, reason, rest),
        }
    }

    fn batman(&mut self, rest: Rest<'_>) {
        match batman_header_len(rest.bytes) {
            Ok(header_len) => {
                if self.nest(Layer::Batman, rest)
                    && let Some(len) = header_len
                {
                    self.ethernet(rest.skip(len));
                }
            }
            Err(reason) => self.stop(Layer::Batman, reason, rest),
        }
    }

    /// What is encrypted stays unknown, what is only signed is read.
    fn macsec(&mut self, rest: Rest<'_>) {
        let tag = match Macsec::parse(rest.bytes) {
            Ok(tag) => tag,
            Err(reason) => return self.stop(Layer::Macsec, reason, rest),
        };
        if !self.nest(Layer::Macsec, rest) || !tag.is_plain() {
            return;
        }
        let inner = rest.skip(tag.header_len());
        let inner = inner.limit(tag.payload_len(inner.len()));
        match last_ether_type(inner.bytes, ETHER_TYPE_LEN) {
            Ok(ether_type) => self.numbered(ether_type, inner.skip(ETHER_TYPE_LEN)),
            Err(reason) => self.stop(Layer::Macsec, reason, rest),
        }
    }

    fn nsh(&mut self, rest: Rest<'_>) {
        match Nsh::parse(rest.bytes) {
            Ok(nsh) => {
                if self.nest(Layer::Nsh, rest)
                    && let Some(ether_type) = nsh.protocol()
                {
                    self.numbered(ether_type, rest.skip(nsh.header_len()));
                }
            }
            Err(reason) => self.stop(Layer::Nsh, reason, rest),
        }
    }
}

const ETHER_TYPE_LEN: usize = 2;
