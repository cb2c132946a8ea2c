//! Whether bytes that no field vouches for look like a header.

use crate::bridge::Nsh;
use crate::ieee80211::Ieee80211;
use crate::llc::Llc;
use crate::mpls::MplsLabel;
use crate::ppp::{Ppp, PppProtocol};
use crate::protocol;
use crate::rest::Rest;
use crate::{EtherType, Ethernet, Ipv4, Ipv6, VlanTag};

/// An IPv4 or IPv6 header whose packet is not longer than what is there.
pub(super) fn is_ip(rest: Rest<'_>) -> bool {
    is_ipv4(rest) || is_ipv6(rest)
}

pub(super) fn is_ipv4(rest: Rest<'_>) -> bool {
    Ipv4::parse(rest.bytes).is_ok_and(|ip| match ip.total_len() {
        0 => matches!(ip.protocol(), protocol::TCP | protocol::UDP),
        len => len <= rest.len(),
    })
}

pub(super) fn is_ipv6(rest: Rest<'_>) -> bool {
    Ipv6::parse(rest.bytes).is_ok_and(|ip| Ipv6::LEN + ip.payload_len() <= rest.len())
}

/// An Ethernet header with something known after it, IP not longer than what is there.
pub(super) fn is_ethernet(rest: Rest<'_>) -> bool {
    let Ok(ethernet) = Ethernet::parse(rest.bytes) else {
        return false;
    };
    let mut ether_type = ethernet.ether_type();
    let mut inner = rest.skip(Ethernet::LEN);
    while ether_type.is_vlan() {
        let Ok(tag) = VlanTag::parse(inner.bytes) else {
            return false;
        };
        ether_type = tag.ether_type();
        inner = inner.skip(VlanTag::LEN);
    }
    match ether_type {
        EtherType::IPV4 => is_ipv4(inner),
        EtherType::IPV6 => is_ipv6(inner),
        _ => match ether_type.length() {
            Some(length) => length <= inner.len() && is_llc(inner),
            None => ether_type.is_common(),
        },
    }
}

/// What an `EtherType` in a tunnel says follows: an Ethernet frame or IP.
pub(super) fn is_payload(ether_type: EtherType, rest: Rest<'_>) -> bool {
    match ether_type {
        EtherType::BRIDGED => is_ethernet(rest),
        EtherType::IPV4 => is_ipv4(rest),
        EtherType::IPV6 => is_ipv6(rest),
        _ => false,
    }
}

/// A network service header with an Ethernet frame or IP after it.
pub(super) fn is_nsh(rest: Rest<'_>) -> bool {
    Nsh::parse(rest.bytes).is_ok_and(|nsh| {
        let inner = rest.skip(nsh.header_len());
        nsh.protocol().is_some_and(|ether_type| is_payload(ether_type, inner))
    })
}

/// Labels, and an Ethernet frame or IP after the last one.
pub(super) fn is_mpls(rest: Rest<'_>) -> bool {
    let is_bottom = |entry: &[u8]| MplsLabel::parse(entry).is_ok_and(MplsLabel::is_bottom);
    let entries = rest.bytes.chunks_exact(MplsLabel::LEN).take(LABELS_MAX);
    match entries.into_iter().position(is_bottom) {
        Some(last) => {
            let inner = rest.skip((last + 1) * MplsLabel::LEN);
            is_ip(inner) || is_ethernet(inner)
        }
        None => false,
    }
}

/// Unnumbered information between two service access points of the same number, as all but a few
/// obscure protocols have it.
fn is_llc(rest: Rest<'_>) -> bool {
    Llc::parse(rest.bytes).is_ok_and(|llc| llc.dsap() == llc.ssap() && llc.is_information())
}

/// An 802.11 frame: in it, if it has data that can be read, a SNAP header.
pub(super) fn is_wlan(frame: Ieee80211<'_>, rest: Rest<'_>) -> bool {
    let body = rest.skip(frame.header_len());
    let is_snap = || Llc::parse(body.bytes).is_ok_and(|llc| llc.is_snap());
    !frame.has_packet() || frame.is_aggregate() || is_snap()
}

/// A PPP header with IP after it, or one of the protocols that set a link up.
pub(super) fn is_ppp(rest: Rest<'_>) -> bool {
    Ppp::parse(rest.bytes).is_ok_and(|ppp| {
        let inner = rest.skip(ppp.header_len());
        match ppp.protocol() {
            PppProtocol::IPV4 => is_ipv4(inner),
            PppProtocol::IPV6 => is_ipv6(inner),
            other => other.is_control(),
        }
    })
}

/// Labels before something that no field vouches for.
const LABELS_MAX: usize = 8;
