//! Header views: whatever `parse` lets in, no accessor fails, and what is borrowed is inside.

use flowloom_wire::ayiya::Ayiya;
use flowloom_wire::bridge::{Nsh, batman_header_len, last_ether_type};
use flowloom_wire::capwap::Capwap;
use flowloom_wire::chdlc::CiscoHdlc;
use flowloom_wire::dccp::Dccp;
use flowloom_wire::erspan::Erspan;
use flowloom_wire::etherip::check_etherip;
use flowloom_wire::fddi::Fddi;
use flowloom_wire::frame_relay::FrameRelay;
use flowloom_wire::geneve::Geneve;
use flowloom_wire::gre::Gre;
use flowloom_wire::gtp::Gtp;
use flowloom_wire::ieee80211::{Ieee80211, Radiotap, prism_header_len};
use flowloom_wire::igmp::Igmp;
use flowloom_wire::l2tp::L2tp;
use flowloom_wire::lisp::check_lisp;
use flowloom_wire::llc::{Llc, Snap};
use flowloom_wire::loopback::Loopback;
use flowloom_wire::macsec::Macsec;
use flowloom_wire::mpls::MplsLabel;
use flowloom_wire::nflog::Nflog;
use flowloom_wire::pf::Pflog;
use flowloom_wire::pktap::Pktap;
use flowloom_wire::ppi::Ppi;
use flowloom_wire::ppp::Ppp;
use flowloom_wire::pppoe::Pppoe;
use flowloom_wire::sctp::Sctp;
use flowloom_wire::sll::{Sll, Sll2};
use flowloom_wire::teredo::teredo_header_len;
use flowloom_wire::vxlan::Vxlan;
use flowloom_wire::{
    Ah, Arp, Ethernet, Extension, FragmentHeader, Icmp, Ipv4, Ipv6, Tcp, TcpOption, Udp, VlanTag,
};
use std::hint::black_box;

/// The bytes as a header of each protocol.
pub fn headers(data: &[u8]) {
    links(data);
    internet(data);
    transport(data);
    tunnels(data);
}

/// Calls every accessor named of what `parse` lets in.
macro_rules! view {
    ($view:ident, $data:ident, $($accessor:ident),+) => {
        if let Ok(header) = $view::parse($data) {
            $(black_box(header.$accessor());)+
        }
    };
}

/// The same, of a header that has a length of its own, which may be more than was captured.
macro_rules! view_of_length {
    ($view:ident, $data:ident, $($accessor:ident),*) => {
        if let Ok(header) = $view::parse($data) {
            let len = header.header_len();
            assert!(len > 0, "{}", stringify!($view));
            $(black_box(header.$accessor());)*
            // What the header says does not depend on what comes after it.
            if let Ok(alone) = $view::parse(&$data[..len.min($data.len())]) {
                assert_eq!(alone.header_len(), len, stringify!($view));
            }
        }
    };
}

fn links(data: &[u8]) {
    view!(Ethernet, data, dst, src, ether_type);
    view!(VlanTag, data, vlan, priority, ether_type);
    view!(Snap, data, organization, ether_type);
    view!(Arp, data, operation, ethernet_ipv4);
    view!(Sll, data, packet_type, hardware, address_len, protocol);
    view!(Sll2, data, protocol, interface_index, hardware, packet_type, address_len);
    view!(Loopback, data, family, protocol);
    view!(CiscoHdlc, data, address, protocol);
    view!(MplsLabel, data, label, is_bottom, ttl);
    view!(Pppoe, data, code, session, payload_len);
    view!(Ieee80211, data, is_data, kind, has_packet, is_aggregate, header_len, src_at, dst_at);
    if let Ok(frame) = Ieee80211::parse_swapped(data) {
        black_box(frame.has_packet());
        assert!(!frame.is_data() || frame.header_len() <= data.len());
    }
    view!(Fddi, data, is_llc);
    view_of_length!(Pflog, data,);
    view_of_length!(Pktap, data, link);
    view_of_length!(Macsec, data, is_plain);
    if let Ok(header) = FrameRelay::parse(data)
        && let Some((_, at)) = header.payload()
    {
        assert!(at <= data.len(), "frame relay");
    }
    if let Ok(Some(len)) = batman_header_len(data) {
        assert!(len <= data.len());
    }
    view_of_length!(Llc, data, dsap, ssap, is_information, is_snap, is_ipv4);
    view_of_length!(Ppp, data, protocol);
    view_of_length!(Radiotap, data, has_fcs, has_padding);
    view_of_length!(Ppi, data, link, has_fcs);
    if let Ok(log) = Nflog::parse(data) {
        black_box(log.family());
        if let Some((start, end)) = log.payload() {
            assert!(start <= data.len(), "a netfilter log's payload: {start}, {end}");
        }
    }
    if let Ok(len) = prism_header_len(data) {
        assert!(len <= data.len());
    }
}

fn internet(data: &[u8]) {
    view_of_length!(
        Ipv4,
        data,
        tos,
        total_len,
        identification,
        dont_fragment,
        more_fragments,
        fragment_offset,
        is_fragment,
        ttl,
        protocol,
        checksum,
        src,
        dst
    );
    if let Ok(ip) = Ipv4::parse(data) {
        assert!(ip.header().is_none_or(|header| header.len() == ip.header_len()));
        assert!(ip.payload().len() <= data.len().saturating_sub(ip.header_len()));
        assert_eq!(ip.is_fragment(), ip.more_fragments() || ip.fragment_offset() > 0);
    }
    view!(Ipv6, data, traffic_class, flow_label, payload_len, next_header, hop_limit, src, dst);
    view_of_length!(Extension, data, next_header, jumbo_payload_len, final_destination);
    if let Ok(extension) = Extension::parse(data) {
        assert!(extension.data().len() <= extension.header_len());
    }
    view!(FragmentHeader, data, next_header, fragment_offset, more_fragments, identification);
    if let Ok(header) = FragmentHeader::parse(data) {
        let is_first_and_last = !header.more_fragments() && header.fragment_offset() == 0;
        assert_eq!(header.is_atomic(), is_first_and_last);
    }
    view_of_length!(Ah, data, next_header, spi);
    view!(Icmp, data, kind, code, checksum, identifier, identifier6);
    view!(Igmp, data, kind);
}

fn transport(data: &[u8]) {
    view_of_length!(Tcp, data, src_port, dst_port, seq, ack, flags, window, checksum, urgent);
    if let Ok(tcp) = Tcp::parse(data) {
        let mut bytes = 0;
        for option in tcp.options() {
            bytes += match option {
                TcpOption::MaxSegmentSize(_) => 4,
                TcpOption::WindowScale(_) => 3,
                TcpOption::SackPermitted => 2,
                TcpOption::Sack(data) | TcpOption::Other(_, data) => 2 + data.len(),
                TcpOption::Timestamps(..) => 10,
            };
        }
        assert!(Tcp::LEN_MIN + bytes <= tcp.header_len(), "options are in the header");
    }
    view!(Udp, data, src_port, dst_port, length, checksum);
    view!(Sctp, data, src_port, dst_port, verification_tag);
    view_of_length!(Dccp, data, src_port, dst_port, kind);
}

fn tunnels(data: &[u8]) {
    view_of_length!(Gre, data, version, protocol, key, vsid, payload_len, has_sequence);
    view_of_length!(Gtp, data, message, is_user_packet, total_len, teid);
    view_of_length!(L2tp, data, is_control, total_len, tunnel, session);
    view_of_length!(Geneve, data, is_control, protocol, vni);
    view_of_length!(Erspan, data, session);
    view_of_length!(Nsh, data, protocol);
    view!(Vxlan, data, vni, is_extended, next);
    view_of_length!(Ayiya, data, is_forwarded, next_header);
    view_of_length!(Capwap, data, payload);
    black_box((check_lisp(data).is_ok(), check_etherip(data).is_ok()));
    for len in 0..10 {
        black_box(last_ether_type(data, len).is_ok());
    }
    if let Ok(len) = teredo_header_len(data) {
        assert!(len <= data.len());
    }
}
