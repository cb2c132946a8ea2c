//! Link types other than Ethernet.

use flowloom_schema::LinkType;

use super::{Outside, Walk};
use crate::chdlc::CiscoHdlc;
use crate::fddi::Fddi;
use crate::frame_relay::{FrameRelay, FrameRelayPayload};
use crate::ieee80211::{Ieee80211, Radiotap, prism_header_len};
use crate::ipoib::Ipoib;
use crate::loopback::Loopback;
use crate::nflog::Nflog;
use crate::pf::{ENC_LEN, Pflog};
use crate::pktap::Pktap;
use crate::ppi::Ppi;
use crate::ppp::{Ppp, PppProtocol};
use crate::rest::{Extent, Rest};
use crate::sll::{Hardware, Sll, Sll2};
use crate::{EtherType, Ethernet, Layer, Layers, Reason};

/// Whether [`decode`](crate::decode) knows what frames of this link type begin with.
pub fn link_is_known(link: LinkType) -> bool {
    matches!(
        link,
        LinkType::NULL
            | LinkType::ETHERNET
            | LinkType::PPP
            | LinkType::FDDI
            | LinkType::ATM_RFC1483
            | LinkType::RAW_12
            | LinkType::RAW_14
            | LinkType::PPP_HDLC
            | LinkType::PPP_ETHER
            | LinkType::RAW
            | LinkType::C_HDLC
            | LinkType::IEEE802_11
            | LinkType::LOOP
            | LinkType::FRELAY
            | LinkType::ENC
            | LinkType::LINUX_SLL
            | LinkType::PFLOG
            | LinkType::IEEE802_11_PRISM
            | LinkType::IEEE802_11_RADIOTAP
            | LinkType::PPI
            | LinkType::IPV4
            | LinkType::IPV6
            | LinkType::NFLOG
            | LinkType::IPOIB
            | LinkType::PKTAP
            | LinkType::LINUX_SLL2
    )
}

impl<L: Layers> Walk<'_, L> {
    /// A frame of any link type.
    #[inline(never)]
    pub(super) fn link(&mut self, link: LinkType, bytes: &[u8], extent: Extent) {
        let rest = Rest { bytes, extent };
        match link {
            LinkType::ETHERNET => self.ethernet(rest),
            // What calls itself IPv4 alone is IPv6 now and then, as tshark and tcpdump read it.
            LinkType::RAW | LinkType::RAW_12 | LinkType::RAW_14 | LinkType::IPV4 => self.ip(rest),
            LinkType::IPV6 => self.ipv6(rest),
            LinkType::NULL | LinkType::LOOP => self.loopback(rest),
            LinkType::LINUX_SLL => self.sll(rest),
            LinkType::LINUX_SLL2 => self.sll2(rest),
            LinkType::NFLOG => self.nflog(rest),
            LinkType::PPP | LinkType::PPP_HDLC | LinkType::C_HDLC => self.serial(link, rest),
            LinkType::PPP_ETHER => self.pppoe(rest),
            LinkType::IEEE802_11 => self.wlan(rest, 1),
            LinkType::IEEE802_11_RADIOTAP => self.radiotap(rest),
            LinkType::IEEE802_11_PRISM => self.prism(rest),
            LinkType::PPI => self.ppi(rest),
            LinkType::PKTAP => self.pktap(rest),
            LinkType::FDDI => self.fddi(rest),
            LinkType::ATM_RFC1483 => self.llc(rest),
            LinkType::FRELAY => self.frame_relay(rest),
            LinkType::IPOIB => self.ipoib(rest),
            LinkType::PFLOG => self.pflog(rest),
            LinkType::ENC => self.enc(rest),
            _ => {}
        }
    }

    /// IP of the version its first byte says.
    pub(super) fn ip(&mut self, rest: Rest<'_>) {
        match rest.bytes.first().map(|byte| byte >> 4) {
            Some(4) => self.ipv4(rest),
            Some(6) => self.ipv6(rest),
            Some(_) => self.stop(Layer::Ipv4, Reason::BadVersion, rest),
            None => self.stop(Layer::Ipv4, Reason::Truncated, rest),
        }
    }

    fn loopback(&mut self, rest: Rest<'_>) {
        match Loopback::parse(rest.bytes) {
            Ok(header) => {
                self.layer(Layer::Null, rest);
                if let Some(ether_type) = header.protocol() {
                    self.numbered(ether_type, rest.skip(Loopback::LEN));
                }
            }
            Err(reason) => self.stop(Layer::Null, reason, rest),
        }
    }

    fn sll(&mut self, rest: Rest<'_>) {
        match Sll::parse(rest.bytes) {
            Ok(sll) => {
                self.layer(Layer::LinuxSll, rest);
                if sll.address_len() == 6 {
                    self.outside.mac_src_plus_one =
                        Outside::place(rest.offset() + Sll::ADDRESS_AT as u32);
                }
                self.cooked(sll.hardware(), sll.protocol(), rest.skip(Sll::LEN));
            }
            Err(reason) => self.stop(Layer::LinuxSll, reason, rest),
        }
    }

    fn sll2(&mut self, rest: Rest<'_>) {
        match Sll2::parse(rest.bytes) {
            Ok(sll) => {
                self.layer(Layer::LinuxSll2, rest);
                if sll.address_len() == 6 {
                    self.outside.mac_src_plus_one =
                        Outside::place(rest.offset() + Sll2::ADDRESS_AT as u32);
                }
                self.cooked(sll.hardware(), sll.protocol(), rest.skip(Sll2::LEN));
            }
            Err(reason) => self.stop(Layer::LinuxSll2, reason, rest),
        }
    }

    fn cooked(&mut self, hardware: Hardware, protocol: EtherType, rest: Rest<'_>) {
        self.outside.is_ethernet = hardware == Hardware::ETHERNET;
        match (hardware, protocol) {
            (Hardware::NETLINK, _) => {}
            (Hardware::RADIOTAP, _) => self.radiotap(rest),
            (_, Sll::PROTOCOL_LLC) => self.llc(rest),
            _ => self.numbered(protocol, rest),
        }
    }

    fn nflog(&mut self, rest: Rest<'_>) {
        let nflog = match Nflog::parse(rest.bytes) {
            Ok(nflog) => nflog,
            Err(reason) => return self.stop(Layer::Nflog, reason, rest),
        };
        self.layer(Layer::Nflog, rest);
        let payload = nflog.payload().map(|(at, len)| rest.skip(at).limit(len));
        match (nflog.family(), payload) {
            (Nflog::FAMILY_IPV4, Some(payload)) => self.ipv4(payload),
            (Nflog::FAMILY_IPV6, Some(payload)) => self.ipv6(payload),
            (Nflog::FAMILY_IPV4 | Nflog::FAMILY_IPV6, None) => {
                self.stop(Layer::Nflog, Reason::BadLength, rest);
            }
            _ => {}
        }
    }

    /// PPP or Cisco HDLC: captures call one what is the other, and the first byte tells.
    fn serial(&mut self, link: LinkType, rest: Rest<'_>) {
        let is_cisco = match rest.bytes.first() {
            Some(&(CiscoHdlc::UNICAST | CiscoHdlc::MULTICAST)) => true,
            Some(&Ppp::ADDRESS) => false,
            _ => link == LinkType::C_HDLC,
        };
        if !is_cisco {
            return self.ppp(rest);
        }
        match CiscoHdlc::parse(rest.bytes) {
            Ok(header) => {
                self.layer(Layer::CiscoHdlc, rest);
                if header.protocol() != CiscoHdlc::SLARP {
                    self.numbered(header.protocol(), rest.skip(CiscoHdlc::LEN));
                }
            }
            Err(reason) => self.stop(Layer::CiscoHdlc, reason, rest),
        }
    }

    pub(super) fn ppp(&mut self, rest: Rest<'_>) {
        let ppp = match Ppp::parse(rest.bytes) {
            Ok(ppp) => ppp,
            Err(reason) => return self.stop(Layer::Ppp, reason, rest),
        };
        if !self.nest(Layer::Ppp, rest) {
            return;
        }
        let inner = rest.skip(ppp.header_len());
        match ppp.protocol() {
            PppProtocol::IPV4 => self.ipv4(inner),
            PppProtocol::IPV6 => self.ipv6(inner),
            PppProtocol::MPLS | PppProtocol::MPLS_UPSTREAM => self.mpls(inner),
            _ => {}
        }
    }

    fn radiotap(&mut self, rest: Rest<'_>) {
        match Radiotap::parse(rest.bytes) {
            Ok(radiotap) => {
                self.layer(Layer::Radiotap, rest);
                let mut frame = rest.skip(radiotap.header_len());
                if radiotap.has_fcs() {
                    frame = without_fcs(frame);
                }
                self.wlan(frame, if radiotap.has_padding() { 4 } else { 1 });
            }
            Err(reason) => self.stop(Layer::Radiotap, reason, rest),
        }
    }

    fn prism(&mut self, rest: Rest<'_>) {
        match prism_header_len(rest.bytes) {
            Ok(header_len) => {
                self.layer(Layer::Prism, rest);
                self.wlan(rest.skip(header_len), 1);
            }
            Err(reason) => self.stop(Layer::Prism, reason, rest),
        }
    }

    fn ppi(&mut self, rest: Rest<'_>) {
        let ppi = match Ppi::parse(rest.bytes) {
            Ok(ppi) => ppi,
            Err(reason) => return self.stop(Layer::Ppi, reason, rest),
        };
        if !self.nest(Layer::Ppi, rest) {
            return;
        }
        let frame = rest.skip(ppi.header_len());
        match ppi.link() {
            Some(LinkType::IEEE802_11) if ppi.has_fcs() => self.wlan(without_fcs(frame), 1),
            Some(link) => self.link(link, frame.bytes, frame.extent),
            None => {}
        }
    }

    /// An 802.11 frame whose header is padded to a multiple of `align` bytes.
    pub(super) fn wlan(&mut self, rest: Rest<'_>, align: usize) {
        match Ieee80211::parse(rest.bytes) {
            Ok(frame) => self.wlan_frame(frame, rest, align),
            Err(reason) => self.stop(Layer::Ieee80211, reason, rest),
        }
    }

    pub(super) fn wlan_frame(&mut self, frame: Ieee80211<'_>, rest: Rest<'_>, align: usize) {
        self.layer(Layer::Ieee80211, rest);
        if !frame.is_data() {
            return;
        }
        self.outside.mac_src_plus_one = Outside::place(rest.offset() + frame.src_at() as u32);
        self.outside.mac_dst_plus_one = Outside::place(rest.offset() + frame.dst_at() as u32);
        if !frame.has_packet() {
            return;
        }
        let body = rest.skip(frame.header_len().next_multiple_of(align));
        if frame.is_aggregate() {
            self.aggregate(body);
        } else {
            self.llc(body);
        }
    }

    /// Packets one after the other (IEEE 802.11, 9.3.2.2): a frame is one packet to us, the first.
    fn aggregate(&mut self, rest: Rest<'_>) {
        match Ethernet::parse(rest.bytes) {
            Ok(header) => {
                self.outside.mac_src_plus_one =
                    Outside::place(rest.offset() + Ethernet::SRC_AT as u32);
                self.outside.mac_dst_plus_one = Outside::place(rest.offset());
                let len = usize::from(header.ether_type().0);
                self.llc(rest.skip(Ethernet::LEN).limit(len));
            }
            Err(reason) => self.stop(Layer::Ieee80211, reason, rest),
        }
    }

    fn pktap(&mut self, rest: Rest<'_>) {
        let pktap = match Pktap::parse(rest.bytes) {
            Ok(pktap) => pktap,
            Err(reason) => return self.stop(Layer::Pktap, reason, rest),
        };
        if !self.nest(Layer::Pktap, rest) {
            return;
        }
        let frame = rest.skip(pktap.header_len());
        if let Some(link) = pktap.link() {
            self.link(link, frame.bytes, frame.extent);
        }
    }

    fn fddi(&mut self, rest: Rest<'_>) {
        match Fddi::parse(rest.bytes) {
            Ok(fddi) => {
                self.layer(Layer::Fddi, rest);
                if fddi.is_llc() {
                    self.llc(rest.skip(Fddi::LEN));
                }
            }
            Err(reason) => self.stop(Layer::Fddi, reason, rest),
        }
    }

    pub(super) fn frame_relay(&mut self, rest: Rest<'_>) {
        match FrameRelay::parse(rest.bytes) {
            Ok(header) => {
                self.layer(Layer::FrameRelay, rest);
                match header.payload() {
                    Some((FrameRelayPayload::Snap, at)) => self.snap(rest.skip(at)),
                    Some((FrameRelayPayload::EtherType(ether_type), at)) => {
                        self.numbered(ether_type, rest.skip(at));
                    }
                    None => {}
                }
            }
            Err(reason) => self.stop(Layer::FrameRelay, reason, rest),
        }
    }

    fn ipoib(&mut self, rest: Rest<'_>) {
        match Ipoib::parse(rest.bytes) {
            Ok(header) => {
                self.layer(Layer::Ipoib, rest);
                self.numbered(header.protocol(), rest.skip(Ipoib::LEN));
            }
            Err(reason) => self.stop(Layer::Ipoib, reason, rest),
        }
    }

    fn pflog(&mut self, rest: Rest<'_>) {
        match Pflog::parse(rest.bytes) {
            Ok(pflog) => {
                self.layer(Layer::Pflog, rest);
                self.ip(rest.skip(pflog.header_len()));
            }
            Err(reason) => self.stop(Layer::Pflog, reason, rest),
        }
    }

    fn enc(&mut self, rest: Rest<'_>) {
        if rest.bytes.len() < ENC_LEN {
            self.stop(Layer::Enc, Reason::Truncated, rest);
        } else {
            self.layer(Layer::Enc, rest);
            self.ip(rest.skip(ENC_LEN));
        }
    }
}

/// The frame check sequence is at the end of the frame on the wire, captured or not.
fn without_fcs(frame: Rest<'_>) -> Rest<'_> {
    frame.limit(frame.len().saturating_sub(4))
}
