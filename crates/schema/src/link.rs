//! Link types of captures, by the numbers of the tcpdump registry (`LINKTYPE_*`).

use std::fmt;

/// What the frames of an interface begin with. Unknown numbers survive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkType(pub u16);

macro_rules! link_types {
    ($($(#[$doc:meta])* $name:ident = $number:literal, $text:literal;)*) => {
        impl LinkType {
            $($(#[$doc])* pub const $name: Self = Self($number);)*

            /// The registry's short name, if we know it.
            pub fn name(self) -> Option<&'static str> {
                match self.0 { $($number => Some($text),)* _ => None }
            }
        }
    };
}

link_types! {
    /// BSD loopback: address family in the byte order of the machine that captured.
    NULL = 0, "NULL";
    /// Ethernet.
    ETHERNET = 1, "ETHERNET";
    /// Token Ring; named, not decoded.
    TOKEN_RING = 6, "IEEE802_5";
    /// PPP, with or without HDLC-like framing.
    PPP = 9, "PPP";
    /// FDDI.
    FDDI = 10, "FDDI";
    /// Raw IP as some BSDs number it.
    RAW_12 = 12, "RAW";
    /// Raw IP as OpenBSD numbers it.
    RAW_14 = 14, "RAW";
    /// PPP in HDLC-like framing (RFC 1662).
    PPP_HDLC = 50, "PPP_HDLC";
    /// PPP over Ethernet session, without the Ethernet header.
    PPP_ETHER = 51, "PPP_ETHER";
    /// ATM with LLC before its packets (RFC 2684).
    ATM_RFC1483 = 100, "ATM_RFC1483";
    /// Raw IPv4 or IPv6.
    RAW = 101, "RAW";
    /// Cisco HDLC.
    C_HDLC = 104, "C_HDLC";
    /// 802.11 without a radio header.
    IEEE802_11 = 105, "IEEE802_11";
    /// Frame relay.
    FRELAY = 107, "FRELAY";
    /// OpenBSD loopback: address family in network byte order.
    LOOP = 108, "LOOP";
    /// Packets that `IPsec` of OpenBSD took in or out.
    ENC = 109, "ENC";
    /// Linux cooked capture, version 1.
    LINUX_SLL = 113, "LINUX_SLL";
    /// Packets that the packet filter of OpenBSD logged.
    PFLOG = 117, "PFLOG";
    /// 802.11 after a Prism header.
    IEEE802_11_PRISM = 119, "IEEE802_11_PRISM";
    /// 802.11 after a radiotap header.
    IEEE802_11_RADIOTAP = 127, "IEEE802_11_RADIOTAP";
    /// Per-packet information before a packet of a link type it names.
    PPI = 192, "PPI";
    /// Raw IPv4.
    IPV4 = 228, "IPV4";
    /// Raw IPv6.
    IPV6 = 229, "IPV6";
    /// Linux netfilter log.
    NFLOG = 239, "NFLOG";
    /// IP over `InfiniBand`.
    IPOIB = 242, "IPOIB";
    /// A frame of a link type that a header of Apple's tcpdump names.
    PKTAP = 258, "PKTAP";
    /// Linux cooked capture, version 2.
    LINUX_SLL2 = 276, "LINUX_SLL2";
}

/// The registry's name, or `LINKTYPE_` and the number.
impl fmt::Display for LinkType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "LINKTYPE_{}", self.0),
        }
    }
}
