//! Where we differ from tshark, and why.

use crate::expected::Kind::{self, Arp, Checksum, Fragment, Message, Stack, Tag};

/// Why we differ from tshark in a capture, if we do.
pub(crate) fn reason(name: &str, kind: Kind) -> Option<&'static str> {
    let known = KNOWN.iter().find(|(capture, of, _)| *capture == name && *of == kind)?;
    Some(known.2)
}

const QUOTED: &str = "tshark also verifies the headers that ICMP errors quote";
const REASSEMBLED: &str = "tshark decodes a datagram in the frame that completes it, here the caller of `decode_payload` does";
const DAMAGED: &str =
    "a damaged header is told as `stop`, not as a layer; tshark shows what it can";
const CONTROL: &str = "tshark shows control messages, which carry no packet: ours stay plain UDP";
const NOT_DECODED: &str = "there is a protocol around these headers that we do not look into";
const OLD_OPTIONS: &str = "tshark stops at an option it does not know; RFC 8200 4.2 says skip it";
const BRIDGE: &str = "tshark does not name the customer's Ethernet header";
const MPLS_GUESS: &str = "after the labels tshark 4.4 does not enter IP; we see that it is IP";

const KNOWN: &[(&str, Kind, &str)] = &[
    ("arkime/arkime_synthetic.pcap", Checksum, QUOTED),
    ("arkime/socks5-http-302-frag.pcap", Checksum, REASSEMBLED),
    ("dpkt/examples__data__nb6-http.pcap", Stack, CONTROL),
    ("dpkt/examples__data__nb6-http.pcap", Checksum, QUOTED),
    ("ja4/gre-sample.pcap", Checksum, QUOTED),
    ("ja4/sshv1.pcap", Checksum, QUOTED),
    ("mercury/unit_tests__pcaps__dns_packet.capture2.pcap", Checksum, QUOTED),
    ("ndpi/BGP_redist.pcap", Stack, MPLS_GUESS),
    ("ndpi/KakaoTalk_chat.pcap", Checksum, QUOTED),
    ("ndpi/capwap.pcap", Checksum, NOT_DECODED),
    ("ndpi/capwap.pcap", Arp, NOT_DECODED),
    ("ndpi/capwap.pcap", Message, NOT_DECODED),
    ("ndpi/fuzz-2006-06-26-2594.pcap", Stack, DAMAGED),
    ("ndpi/fuzz-2006-06-26-2594.pcap", Checksum, DAMAGED),
    ("ndpi/fuzz-2006-06-26-2594.pcap", Arp, DAMAGED),
    ("ndpi/fuzz-2006-09-29-28586.pcap", Stack, DAMAGED),
    ("ndpi/fuzz-2006-09-29-28586.pcap", Checksum, DAMAGED),
    ("ndpi/gtp_c.pcap", Stack, CONTROL),
    ("ndpi/zoom.pcap", Checksum, QUOTED),
    ("nfstream/skype.pcap", Checksum, QUOTED),
    ("pcapplusplus/Packet++Test__PacketExamples__gtpv2.pcap", Stack, CONTROL),
    (
        "pkt2flow/sample__udp_lite_normal_coverage_8-20.pcap",
        Checksum,
        "UDP-Lite is not verified, and tshark says so in the count of UDP",
    ),
    ("suricata-verify/defrag__bug-6887-defrag-ipv6-tcp__frag-ip-tcp.pcap", Checksum, REASSEMBLED),
    (
        "suricata-verify/defrag__bug-6887-defrag-ppp-ipv6-tcp__frag-ppp-ipv6-tcp.pcap",
        Checksum,
        REASSEMBLED,
    ),
    ("suricata-verify/ipv6-evasion__ipv6-covert-dstopts__covert_send6.pcap", Stack, OLD_OPTIONS),
    ("suricata-verify/ipv6-evasion__ipv6-covert-dstopts__covert_send6.pcap", Checksum, OLD_OPTIONS),
    ("suricata-verify/ipv6-evasion__ipv6-covert-dstopts__covert_send6.pcap", Message, OLD_OPTIONS),
    ("suricata-verify/ipv6-evasion__ipv6-malformed-fragments-33__frag-33.pcap", Stack, REASSEMBLED),
    (
        "suricata-verify/ipv6-evasion__ipv6-malformed-fragments-33__frag-33.pcap",
        Fragment,
        "tshark also counts the two fragments that ICMP errors quote",
    ),
    (
        "suricata-verify/ipv6-evasion__ipv6-malformed-fragments-33__frag-33.pcap",
        Checksum,
        REASSEMBLED,
    ),
    (
        "suricata-verify/ipv6-evasion__ipv6-malformed-fragments-33__frag-33.pcap",
        Message,
        REASSEMBLED,
    ),
    ("tcpdump/LINKTYPE_PKTAP.pcap", Checksum, NOT_DECODED),
    ("tcpdump/arp-too-long-tha.pcap", Arp, DAMAGED),
    ("tcpdump/icmp-cksum-oobr-2.pcap", Checksum, QUOTED),
    ("tcpdump/icmp-rfc5837.pcap", Checksum, QUOTED),
    (
        "tcpdump/lisp_invalid_length.pcap",
        Checksum,
        "IP claims more than there is, UDP less: its bytes are all there, and tshark gives up",
    ),
    ("tcpdump/llc-xid-heapoverflow.pcap", Stack, NOT_DECODED),
    ("tcpdump/macsec-short-longer.pcap", Checksum, NOT_DECODED),
    (
        "tcpdump/mobility_opt_asan_7.pcap",
        Stack,
        "protocol 62 was Mobile IPv6's in drafts; the registry gives it to CFTP",
    ),
    ("tcpdump/nhrp-trace.pcap", Checksum, "tshark decodes what NHRP quotes"),
    ("tcpdump/nhrp-trace.pcap", Message, "tshark decodes what NHRP quotes"),
    ("zeek-community-id/icmp6.pcap", Checksum, QUOTED),
    (
        "zeek/cisco-fabric-path.pcap",
        Checksum,
        "tshark verifies none behind FabricPath; ours are all good",
    ),
    ("zeek/erspan.pcap", Stack, REASSEMBLED),
    ("zeek/erspan.pcap", Tag, REASSEMBLED),
    ("zeek/erspan.pcap", Checksum, REASSEMBLED),
    ("zeek/ipv6-reassembly-state-leak.pcap", Checksum, REASSEMBLED),
    ("zeek/llc.pcap", Checksum, NOT_DECODED),
    ("zeek/nflog-bad-tlv-len.pcap", Stack, DAMAGED),
    ("zeek/pbb.pcap", Stack, BRIDGE),
    ("zeek/trunc__mpls-6in6-6in6-4in6-trunc.pcap", Stack, DAMAGED),
    ("zeek/trunc__mpls-6in6-broken.pcap.gz", Stack, MPLS_GUESS),
    ("zeek/trunc__mpls-6in6-broken.pcap.gz", Fragment, DAMAGED),
    ("zeek/trunc__mpls-6in6-broken.pcap.gz", Checksum, DAMAGED),
    ("zeek/tunnels__ayiya3.pcap", Checksum, NOT_DECODED),
    ("zeek/tunnels__ayiya3.pcap", Message, NOT_DECODED),
];
