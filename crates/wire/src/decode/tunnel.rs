//! Tunnels: IP in IP, GRE and those over UDP.
//!
//! A protocol number or GRE's protocol field says for certain what follows; when that cannot be
//! read the packet stays the outer one and [`Packet::stop`](crate::Packet::stop) says why. A UDP
//! port is no more than a hint: unless the header and the one inside it make sense, the packet is
//! plain UDP.

use super::{Walk, probe};
use crate::ayiya::Ayiya;
use crate::capwap::{Capwap, CapwapPayload};
use crate::erspan::Erspan;
use crate::etherip::{ETHERIP_LEN, check_etherip};
use crate::geneve::Geneve;
use crate::gre::Gre;
use crate::gtp::Gtp;
use crate::ieee80211::Ieee80211;
use crate::l2tp::L2tp;
use crate::lisp::{LISP_LEN, check_lisp};
use crate::pim::pim_register_len;
use crate::rest::{Extent, Rest};
use crate::teredo::teredo_header_len;
use crate::vxlan::{Vxlan, VxlanNext};
use crate::{EtherType, Layer, Layers, Marks, protocol};

impl<L: Layers> Walk<'_, L> {
    /// Whether what the innermost IP header so far carries may be a tunnel: not in a fragment,
    /// whose payload is decoded when it is put together.
    pub(super) fn may_tunnel(&self) -> bool {
        !self.packet.marks.has(Marks::FRAGMENT)
    }

    pub(super) fn gre(&mut self, rest: Rest<'_>) {
        let gre = match Gre::parse(rest.bytes) {
            Ok(gre) => gre,
            Err(reason) => return self.stop(Layer::Gre, reason, rest),
        };
        let layer = if gre.vsid().is_some() { Layer::Nvgre } else { Layer::Gre };
        if !self.nest(layer, rest) {
            return;
        }
        if let Some(vsid) = gre.vsid() {
            self.outside.vni_plus_one = vsid + 1;
        }
        let mut inner = rest.skip(gre.header_len());
        if let Some(len) = gre.payload_len() {
            inner = inner.limit(len);
        }
        match gre.protocol() {
            // An acknowledgement of PPTP, or a keepalive.
            _ if inner.len() == 0 => {}
            EtherType::ERSPAN if !gre.has_sequence() => self.ethernet(inner),
            EtherType::ERSPAN | EtherType::ERSPAN_III => self.erspan(inner),
            EtherType::PPP => self.ppp(inner),
            EtherType::WCCP => self.redirected(inner),
            EtherType::FRAME_RELAY => self.frame_relay(inner),
            ether_type if ether_type.is_aruba() => self.wlan(inner, 1),
            ether_type => self.numbered(ether_type, inner),
        }
    }

    /// IPv4 that was redirected to a cache, after a header of four bytes in the second version of
    /// the protocol. Nothing but the version of IPv4 tells them apart.
    fn redirected(&mut self, rest: Rest<'_>) {
        let is_ip = rest.bytes.first().is_some_and(|first| first >> 4 == 4);
        self.ipv4(if is_ip { rest } else { rest.skip(REDIRECT_LEN) });
    }

    pub(super) fn etherip(&mut self, rest: Rest<'_>) {
        match check_etherip(rest.bytes) {
            Ok(()) => {
                if self.nest(Layer::EtherIp, rest) {
                    self.ethernet(rest.skip(ETHERIP_LEN));
                }
            }
            Err(reason) => self.stop(Layer::EtherIp, reason, rest),
        }
    }

    pub(super) fn pim(&mut self, rest: Rest<'_>) {
        if let Some(len) = pim_register_len(rest.bytes)
            && self.nest(Layer::PimRegister, rest)
        {
            self.ip(rest.skip(len));
        }
    }

    fn erspan(&mut self, rest: Rest<'_>) {
        match Erspan::parse(rest.bytes) {
            Ok(erspan) => {
                if self.nest(Layer::Erspan, rest) {
                    self.ethernet(rest.skip(erspan.header_len()));
                }
            }
            Err(reason) => self.stop(Layer::Erspan, reason, rest),
        }
    }

    /// The payload of a UDP datagram of which one port is a tunnel's.
    #[inline(never)]
    pub(super) fn udp_tunnel(&mut self, ports: [u16; 2], bytes: &[u8], extent: Extent) {
        let rest = Rest { bytes, extent };
        if !self.may_tunnel() {
            return;
        }
        for port in ports {
            let entered = match port {
                PORT_VXLAN | PORT_VXLAN_LINUX | PORT_VXLAN_GPE => self.vxlan(port, rest),
                PORT_GENEVE => self.geneve(rest),
                PORT_GTP => self.gtp(rest),
                PORT_TEREDO => self.teredo(rest),
                PORT_L2TP => self.l2tp(rest),
                PORT_AYIYA => self.ayiya(rest),
                PORT_LISP => self.lisp(rest),
                PORT_GRE => self.gre_in_udp(rest),
                PORT_MPLS => self.mpls_in_udp(rest),
                PORT_CAPWAP => self.capwap(rest),
                _ => false,
            };
            if entered {
                return;
            }
        }
    }

    /// What a tunnel over UDP carries, with the bytes that the datagram claims beyond the frame.
    ///
    /// Captures that were cut and say nothing of it have them; inner lengths agree with the claim.
    fn whole<'a>(&self, rest: Rest<'a>) -> Rest<'a> {
        let extent = Extent { len: rest.extent.len + self.beyond, ..rest.extent };
        Rest { extent, ..rest }
    }

    fn vxlan(&mut self, port: u16, rest: Rest<'_>) -> bool {
        let Ok(vxlan) = Vxlan::parse(rest.bytes) else {
            return false;
        };
        let inner = rest.skip(Vxlan::LEN);
        let next = if port == PORT_VXLAN_GPE || vxlan.is_extended() {
            vxlan.next()
        } else {
            VxlanNext::Ethernet
        };
        let is_plausible = match next {
            VxlanNext::Ethernet => probe::is_ethernet(self.whole(inner)),
            VxlanNext::Ipv4 => probe::is_ipv4(self.whole(inner)),
            VxlanNext::Ipv6 => probe::is_ipv6(self.whole(inner)),
            VxlanNext::Nsh => probe::is_nsh(self.whole(inner)),
            VxlanNext::Other => false,
        };
        if !is_plausible || !self.nest(Layer::Vxlan, rest) {
            return false;
        }
        self.outside.vni_plus_one = vxlan.vni() + 1;
        match next {
            VxlanNext::Ethernet => self.ethernet(inner),
            VxlanNext::Nsh => self.numbered(EtherType::NSH, inner),
            _ => self.ip(inner),
        }
        true
    }

    fn geneve(&mut self, rest: Rest<'_>) -> bool {
        let Ok(geneve) = Geneve::parse(rest.bytes) else {
            return false;
        };
        let inner = rest.skip(geneve.header_len());
        let is_plausible = probe::is_payload(geneve.protocol(), self.whole(inner));
        if !is_plausible || geneve.is_control() || !self.nest(Layer::Geneve, rest) {
            return false;
        }
        self.outside.vni_plus_one = geneve.vni() + 1;
        self.numbered(geneve.protocol(), inner);
        true
    }

    fn gtp(&mut self, rest: Rest<'_>) -> bool {
        let Ok(gtp) = Gtp::parse(rest.bytes) else {
            return false;
        };
        let inner = rest.limit(gtp.total_len()).skip(gtp.header_len());
        if !gtp.is_user_packet() || !probe::is_ip(self.whole(inner)) || !self.nest(Layer::Gtp, rest)
        {
            return false;
        }
        self.ip(inner);
        true
    }

    fn teredo(&mut self, rest: Rest<'_>) -> bool {
        let Ok(header_len) = teredo_header_len(rest.bytes) else {
            return false;
        };
        let inner = rest.skip(header_len);
        if !probe::is_ipv6(self.whole(inner)) || !self.nest(Layer::Teredo, rest) {
            return false;
        }
        self.ipv6(inner);
        true
    }

    fn l2tp(&mut self, rest: Rest<'_>) -> bool {
        let Ok(l2tp) = L2tp::parse(rest.bytes) else {
            return false;
        };
        let whole = l2tp.total_len().map_or(rest, |len| rest.limit(len));
        let inner = whole.skip(l2tp.header_len());
        if l2tp.is_control() || !probe::is_ppp(self.whole(inner)) || !self.nest(Layer::L2tp, rest) {
            return false;
        }
        self.ppp(inner);
        true
    }

    fn ayiya(&mut self, rest: Rest<'_>) -> bool {
        let Ok(ayiya) = Ayiya::parse(rest.bytes) else {
            return false;
        };
        let inner = rest.skip(ayiya.header_len());
        let is_plausible = match ayiya.next_header() {
            protocol::IPV4 => probe::is_ipv4(self.whole(inner)),
            protocol::IPV6 => probe::is_ipv6(self.whole(inner)),
            _ => false,
        };
        if !is_plausible || !ayiya.is_forwarded() || !self.nest(Layer::Ayiya, rest) {
            return false;
        }
        self.ip(inner);
        true
    }

    fn lisp(&mut self, rest: Rest<'_>) -> bool {
        let inner = rest.skip(LISP_LEN);
        let is_lisp = check_lisp(rest.bytes).is_ok() && probe::is_ip(self.whole(inner));
        if is_lisp && self.nest(Layer::Lisp, rest) {
            self.ip(inner);
            return true;
        }
        false
    }

    fn gre_in_udp(&mut self, rest: Rest<'_>) -> bool {
        let is_gre = Gre::parse(rest.bytes).is_ok_and(|gre| {
            gre.version() == 0
                && probe::is_payload(gre.protocol(), self.whole(rest.skip(gre.header_len())))
        });
        if is_gre {
            self.gre(rest);
        }
        is_gre
    }

    fn mpls_in_udp(&mut self, rest: Rest<'_>) -> bool {
        let is_mpls = probe::is_mpls(self.whole(rest));
        if is_mpls {
            self.mpls(rest);
        }
        is_mpls
    }

    fn capwap(&mut self, rest: Rest<'_>) -> bool {
        let Ok(capwap) = Capwap::parse(rest.bytes) else {
            return false;
        };
        let inner = rest.skip(capwap.header_len());
        match capwap.payload() {
            Some(CapwapPayload::Ieee80211) => {
                let Ok(frame) = Ieee80211::parse_swapped(inner.bytes) else {
                    return false;
                };
                if !probe::is_wlan(frame, inner) || !self.nest(Layer::Capwap, rest) {
                    return false;
                }
                self.wlan_frame(frame, inner, 1);
            }
            Some(CapwapPayload::Ethernet) => {
                if !probe::is_ethernet(self.whole(inner)) || !self.nest(Layer::Capwap, rest) {
                    return false;
                }
                self.ethernet(inner);
            }
            None => return false,
        }
        true
    }
}

/// Whether a UDP port belongs to one of the tunnels that are looked into. Most ports are told from
/// them by the range alone.
#[inline]
pub(super) fn is_tunnel_port(port: u16) -> bool {
    (PORT_L2TP..=PORT_VXLAN_LINUX).contains(&port)
        && matches!(
            port,
            PORT_L2TP
                | PORT_GTP
                | PORT_TEREDO
                | PORT_VXLAN
                | PORT_VXLAN_GPE
                | PORT_GENEVE
                | PORT_AYIYA
                | PORT_LISP
                | PORT_GRE
                | PORT_MPLS
                | PORT_CAPWAP
                | PORT_VXLAN_LINUX
        )
}

/// The lowest of them.
const PORT_L2TP: u16 = 1701;
const PORT_GTP: u16 = 2152;
const PORT_TEREDO: u16 = 3544;
const PORT_VXLAN: u16 = 4789;
const PORT_VXLAN_GPE: u16 = 4790;
const PORT_LISP: u16 = 4341;
const PORT_GRE: u16 = 4754;
const PORT_AYIYA: u16 = 5072;
const PORT_CAPWAP: u16 = 5247;
const PORT_GENEVE: u16 = 6081;
const PORT_MPLS: u16 = 6635;
/// The highest: what Linux used before VXLAN had a number of its own, and flannel does still.
const PORT_VXLAN_LINUX: u16 = 8472;
/// Of the second version of WCCP.
const REDIRECT_LEN: usize = 4;
