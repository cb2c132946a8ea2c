//! The layers: for each, the table of its fields and the function that writes them.

pub(crate) mod app;
mod arp;
mod control;
mod cooked;
mod dhcp;
mod dns;
mod dtls;
mod ethernet;
mod extension;
mod frame;
pub(crate) mod http;
pub(crate) mod http2;
mod icmp;
mod icmp6;
mod igmp;
mod ipv4;
mod ipv6;
mod nbns;
mod quic;
mod sctp;
mod security;
mod serial;
mod ssh;
mod tcp;
pub(crate) mod tls;
mod tunnel;
mod udp;
mod wlan;

use flowloom_flow::DatagramOrigin;
use flowloom_wire::Layer;

use crate::dissector::Level;
use crate::field::LayerInfo;
use crate::writer::Writer;

pub(crate) use frame::{data, frame, malformed};
pub(crate) use icmp::quoted_at;
pub(crate) use tcp::quoted as quoted_tcp;

pub(crate) mod known {
    //! Fields that a summary speaks of.
    pub(crate) use super::arp::{
        DST_IP as ARP_DST, OPCODE as ARP_OPCODE, SRC_IP as ARP_SRC, SRC_MAC as ARP_SRC_MAC,
    };
    pub(crate) use super::dhcp::{
        ADDRESS6 as DHCP6_ADDRESS, HOST_NAME as DHCP_NAME, MAC as DHCP_MAC,
        MESSAGE as DHCP_MESSAGE, MESSAGE6 as DHCP6_MESSAGE, YOUR as DHCP_YOUR,
    };
    pub(crate) use super::dns::{
        A as DNS_A, AAAA as DNS_AAAA, CNAME as DNS_CNAME, OPCODE as DNS_OPCODE,
        QUERY_NAME as DNS_NAME, QUERY_TYPE as DNS_TYPE, RCODE as DNS_RCODE,
    };
    pub(crate) use super::ethernet::{DST as ETH_DST, SRC as ETH_SRC, TYPE as ETH_TYPE};
    pub(crate) use super::frame::LINK as FRAME_LINK;
    pub(crate) use super::http::{
        CODE as HTTP_CODE, CONTENT_TYPE as HTTP_TYPE, HOST as HTTP_HOST, METHOD as HTTP_METHOD,
        PHRASE as HTTP_PHRASE, URI as HTTP_URI,
    };
    pub(crate) use super::http2::{
        METHOD as HTTP2_METHOD, PATH as HTTP2_PATH, STATUS as HTTP2_STATUS, TYPE as HTTP2_TYPE,
    };
    pub(crate) use super::icmp::{
        CODE as ICMP_CODE, IDENT as ICMP_IDENT, SEQ as ICMP_SEQ, TYPE as ICMP_TYPE,
    };
    pub(crate) use super::icmp6::{CODE as ICMP6_CODE, TYPE as ICMP6_TYPE};
    pub(crate) use super::igmp::{GROUP as IGMP_GROUP, TYPE as IGMP_TYPE};
    pub(crate) use super::ipv4::{DST as IP_DST, PROTO as IP_PROTO, SRC as IP_SRC};
    pub(crate) use super::ipv6::{DST as IP6_DST, SRC as IP6_SRC};
    pub(crate) use super::nbns::{
        ADDRESS as NBNS_ADDRESS, NAME as NBNS_NAME, OPCODE as NBNS_OPCODE, RCODE as NBNS_RCODE,
    };
    pub(crate) use super::quic::{DCID as QUIC_DCID, TYPE as QUIC_TYPE, VERSION as QUIC_VERSION};
    pub(crate) use super::sctp::CHUNK as SCTP_CHUNK;
    pub(crate) use super::security::{ESP_SEQUENCE, ESP_SPI};
    pub(crate) use super::ssh::{BANNER as SSH_BANNER, MESSAGE as SSH_MESSAGE};
    pub(crate) use super::tcp::{
        ACK, DST_PORT as TCP_DST, FLAGS as TCP_FLAGS, LEN as TCP_LEN, SEQ, SRC_PORT as TCP_SRC,
        WINDOW as TCP_WINDOW,
    };
    pub(crate) use super::tls::{
        ALERT as TLS_ALERT, HANDSHAKE as TLS_HANDSHAKE, RECORD_TYPE as TLS_TYPE, SNI as TLS_SNI,
    };
    pub(crate) use super::udp::{DST_PORT as UDP_DST, LENGTH as UDP_LEN, SRC_PORT as UDP_SRC};
    pub(crate) use super::wlan::{RECEIVER as WLAN_RA, TRANSMITTER as WLAN_TA, TYPE as WLAN_TYPE};
}

/// Writes the layer that begins at `at`; gives where what it carries begins.
pub(crate) fn write(w: &mut Writer<'_>, layer: Layer, at: usize) -> usize {
    match layer {
        Layer::Ethernet => ethernet::ethernet(w, at),
        Layer::Vlan => ethernet::vlan(w, at),
        Layer::Arp => arp::arp(w, at),
        Layer::Ipv4 => ipv4::ipv4(w, at),
        Layer::Ipv6 => ipv6::ipv6(w, at),
        Layer::Tcp => tcp::tcp(w, at),
        Layer::Udp => udp::udp(w, at),
        Layer::Icmp => icmp::icmp(w, at),
        Layer::Icmp6 => icmp6::icmp6(w, at),
        Layer::Igmp => igmp::igmp(w, at),
        Layer::UdpLite => udp::udp_lite(w, at),
        Layer::Sctp => sctp::sctp(w, at),
        Layer::Dccp => sctp::dccp(w, at),
        Layer::Ah => security::ah(w, at),
        Layer::Esp => security::esp(w, at),
        Layer::HopByHop => extension::hop_by_hop(w, at),
        Layer::Routing => extension::routing(w, at),
        Layer::FragmentHeader => extension::fragment(w, at),
        Layer::DestinationOptions => extension::destination(w, at),
        Layer::Mobility => extension::mobility(w, at),
        Layer::Shim6 => extension::shim6(w, at),
        Layer::Hip => extension::hip(w, at),
        Layer::Gre | Layer::Nvgre => tunnel::gre(w, at),
        Layer::Erspan => tunnel::erspan(w, at),
        Layer::Vxlan => tunnel::vxlan(w, at),
        Layer::Geneve => tunnel::geneve(w, at),
        Layer::Gtp => tunnel::gtp(w, at),
        Layer::L2tp => tunnel::l2tp(w, at),
        Layer::Capwap => tunnel::capwap(w, at),
        Layer::Teredo => tunnel::teredo(w, at),
        _ => link(w, layer, at),
    }
}

/// The same for what is below IP.
fn link(w: &mut Writer<'_>, layer: Layer, at: usize) -> usize {
    match layer {
        Layer::Llc => serial::llc(w, at),
        Layer::Snap => serial::snap(w, at),
        Layer::PppoeDiscovery => serial::pppoe_discovery(w, at),
        Layer::Pppoe => serial::pppoe(w, at),
        Layer::Ppp => serial::ppp(w, at),
        Layer::CiscoHdlc => serial::chdlc(w, at),
        Layer::Mpls => serial::mpls(w, at),
        Layer::LinuxSll => cooked::sll(w, at),
        Layer::LinuxSll2 => cooked::sll2(w, at),
        Layer::Null => cooked::null(w, at),
        Layer::Nflog => cooked::nflog(w, at),
        Layer::Radiotap => wlan::radiotap(w, at),
        Layer::Prism => wlan::prism(w, at),
        Layer::Ppi => wlan::ppi(w, at),
        Layer::Ieee80211 => wlan::wlan(w, at),
        _ => at,
    }
}

/// What a datagram was put together from: fields of the header of the last of its fragments.
pub(crate) fn reassembled(w: &mut Writer<'_>, is_v6: bool, origin: &DatagramOrigin, len: usize) {
    let [frame, count, length] = if is_v6 {
        [&ipv6::FRAGMENT, &ipv6::FRAGMENT_COUNT, &ipv6::REASSEMBLED_LENGTH]
    } else {
        [&ipv4::FRAGMENT, &ipv4::FRAGMENT_COUNT, &ipv4::REASSEMBLED_LENGTH]
    };
    // A fragment has eight bytes, or is the last, unless it came twice.
    for number in origin.frames.iter().take(len / 8 + 1) {
        w.computed(frame, 0, 0, *number);
    }
    w.computed(count, 0, 0, origin.frames.len() as u64);
    w.computed(length, 0, 0, len as u64);
}

/// The level of a header.
pub(crate) fn level(layer: Layer) -> Level {
    match layer {
        Layer::Arp
        | Layer::Ipv4
        | Layer::Ipv6
        | Layer::HopByHop
        | Layer::Routing
        | Layer::FragmentHeader
        | Layer::DestinationOptions
        | Layer::Mobility
        | Layer::Shim6
        | Layer::Hip
        | Layer::Ah
        | Layer::Esp
        | Layer::Icmp
        | Layer::Icmp6
        | Layer::Igmp
        | Layer::Gre
        | Layer::Nvgre
        | Layer::Erspan
        | Layer::EtherIp
        | Layer::PimRegister => Level::Internet,
        Layer::Tcp | Layer::Udp | Layer::UdpLite | Layer::Sctp | Layer::Dccp => Level::Transport,
        Layer::Vxlan
        | Layer::Geneve
        | Layer::Gtp
        | Layer::Teredo
        | Layer::Ayiya
        | Layer::Lisp
        | Layer::Capwap
        | Layer::L2tp => Level::Application,
        _ => Level::Link,
    }
}

/// Short names of fields that are asked for often.
pub(crate) const ALIASES: [(&str, &str); 2] = [
    ("tls.sni", "tls.handshake.extensions_server_name"),
    ("tls.alpn", "tls.handshake.extensions_alpn_str"),
];

/// All layers that are written here.
pub(crate) static LAYERS: &[&LayerInfo] = &[
    &frame::FRAME,
    &ethernet::ETHERNET,
    &ethernet::VLAN,
    &ethernet::SERVICE_VLAN,
    &arp::ARP,
    &ipv4::IPV4,
    &ipv6::IPV6,
    &tcp::TCP,
    &udp::UDP,
    &udp::UDP_LITE,
    &sctp::SCTP,
    &sctp::DCCP,
    &icmp::ICMP,
    &icmp6::ICMP6,
    &igmp::IGMP,
    &extension::HOP_BY_HOP,
    &extension::DESTINATION,
    &extension::ROUTING,
    &extension::FRAGMENT,
    &extension::MOBILITY,
    &extension::SHIM6,
    &extension::HIP,
    &security::AH,
    &security::ESP,
    &tunnel::GRE,
    &tunnel::ERSPAN,
    &tunnel::VXLAN,
    &tunnel::GENEVE,
    &tunnel::GTP,
    &tunnel::L2TP,
    &tunnel::TEREDO,
    &tunnel::CAPWAP,
    &control::CAPWAP,
    &control::GTP2,
    &control::ENCAPSULATION,
    &serial::LLC,
    &serial::PPPOED,
    &serial::PPPOES,
    &serial::PPP,
    &serial::CHDLC,
    &serial::MPLS,
    &cooked::SLL,
    &cooked::NULL,
    &cooked::NFLOG,
    &wlan::RADIOTAP,
    &wlan::PRISM,
    &wlan::PPI,
    &wlan::WLAN,
    &dns::DNS,
    &dns::MDNS,
    &dns::LLMNR,
    &nbns::NBNS,
    &dhcp::DHCP,
    &dhcp::DHCP6,
    &tls::TLS,
    &dtls::DTLS,
    &quic::QUIC,
    &http::HTTP,
    &http2::HTTP2,
    &http::SSDP,
    &ssh::SSH,
    &frame::DATA,
    &frame::MALFORMED,
];
