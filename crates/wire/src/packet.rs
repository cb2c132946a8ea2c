//! What a frame says, in one small struct: the innermost IP and transport headers reached.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::{Checksum, DecodeError};

/// The innermost headers of a frame.
///
/// Plain data, two cache lines, written once per frame by [`decode`](crate::decode). All offsets
/// count from the first byte of the frame. A field whose header was not reached is zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Packet {
    /// Source address of the innermost IP header.
    pub src: Address,
    /// Destination address of the innermost IP header.
    pub dst: Address,
    /// Source port; for ICMP and `ICMPv6` the type in the high byte, the code in the low.
    pub src_port: u16,
    /// Destination port; for ICMP and `ICMPv6` the identifier of echo, timestamp, information and
    /// mask messages, else 0.
    pub dst_port: u16,
    /// Up to two VLAN tags of the innermost Ethernet (or cooked) header, outer first.
    pub vlans: [Vlan; 2],
    /// VNI or VSID of the innermost VXLAN, Geneve or NVGRE header, plus one; 0 when there is none.
    pub vni_plus_one: u32,
    /// TCP sequence number.
    pub seq: u32,
    /// TCP acknowledgement number.
    pub ack: u32,
    /// Length the IP header claims: IPv4 total length, IPv6 40 + payload length, jumbograms
    /// honoured; 0 with TCP or UDP is taken from the original frame; clamped to the frame.
    pub ip_len: u32,
    /// IP payload after extension headers; for UDP not beyond its own length field.
    pub trans_len: u32,
    /// Transport payload by those lengths: no padding, not shortened by the snap length.
    /// 0 for protocols we do not look into.
    pub app_len: u32,
    /// Where the innermost IP header begins.
    pub ip_offset: u32,
    /// Where the transport header begins; for a fragment, where the fragment's data begins. Of a
    /// frame that was cut, this may be past the captured bytes: use `get`, never an index.
    pub trans_offset: u32,
    /// Where the transport payload begins; may be past the captured bytes as well.
    pub app_offset: u32,
    /// Where the innermost link header's source and destination hardware addresses (6 bytes each)
    /// are, plus one; 0 when there is none.
    pub mac_src_plus_one: u16,
    /// See `mac_src_plus_one`.
    pub mac_dst_plus_one: u16,
    /// TCP receive window as sent, not scaled.
    pub window: u16,
    /// What is odd about the packet.
    pub marks: Marks,
    /// Low eight TCP flag bits: FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32, ECE 64, CWR 128.
    pub tcp_flags: u8,
    /// 4 or 6; 0 when no IP header was reached.
    pub ip_version: u8,
    /// Protocol number after IPv6 extension headers (of the first fragment's chain, for fragments).
    pub protocol: u8,
    /// What `src_port`, `dst_port` and `app_len` mean.
    pub transport: Transport,
    /// The innermost header that was read, [`Layer::Unknown`] when there was none: what a frame
    /// without IP is, or what a tunnel carried that is not IP.
    pub last: Layer,
    /// TTL or hop limit.
    pub ttl: u8,
    /// Type of service or traffic class, all eight bits.
    pub tos: u8,
    /// Where reading stopped, when a header was damaged. What came before it stands.
    pub stop: Option<DecodeError>,
}

/// The transport header that was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transport {
    /// None: no IP, a protocol we do not look into, a later fragment, or a damaged header.
    #[default]
    None,
    /// TCP.
    Tcp,
    /// UDP or UDP-Lite (`protocol` tells).
    Udp,
    /// SCTP.
    Sctp,
    /// DCCP.
    Dccp,
    /// ICMP or `ICMPv6` (`protocol` tells).
    Icmp,
}

impl Transport {
    /// Whether `src_port` and `dst_port` are ports.
    pub fn has_ports(self) -> bool {
        matches!(self, Self::Tcp | Self::Udp | Self::Sctp | Self::Dccp)
    }
}

/// An IP address as a number: IPv4 addresses are IPv4-mapped, so that no two are alike.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(pub u128);

impl Address {
    /// From the four octets of an IPv4 address.
    #[inline]
    pub fn v4(octets: [u8; 4]) -> Self {
        Self(0xffff_0000_0000 | u128::from(u32::from_be_bytes(octets)))
    }

    /// From the sixteen octets of an IPv6 address.
    #[inline]
    pub fn v6(octets: [u8; 16]) -> Self {
        Self(u128::from_be_bytes(octets))
    }

    /// The address as the header of that version held it.
    pub fn to_ip(self, ip_version: u8) -> IpAddr {
        if ip_version == 4 {
            IpAddr::V4(Ipv4Addr::from_bits(self.0 as u32))
        } else {
            IpAddr::V6(Ipv6Addr::from_bits(self.0))
        }
    }
}

/// A VLAN tag: its identifier plus one, 0 when there is no tag.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Vlan(u16);

impl Vlan {
    /// From the tag control information of a tag: the low 12 bits are the identifier.
    #[inline]
    pub fn from_tci(tci: u16) -> Self {
        Self((tci & 0x0fff) + 1)
    }

    /// The identifier, if there is a tag.
    #[inline]
    pub fn id(self) -> Option<u16> {
        self.0.checked_sub(1)
    }

    /// Identifier plus one, or 0: for keys.
    #[inline]
    pub fn bits(self) -> u16 {
        self.0
    }
}

/// What is odd about a packet, as bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks(pub u16);

impl Marks {
    /// The frame is an IP fragment (an atomic IPv6 fragment is not).
    pub const FRAGMENT: Self = Self(1);
    /// The IP length is above what the link carries: TSO or GRO at the capture point
    /// (more than 1500 bytes on an Ethernet-like link, or a length field of 0).
    pub const SUPER_FRAME: Self = Self(1 << 1);
    /// The capture does not hold all of the IP packet (snap length).
    pub const CLIPPED: Self = Self(1 << 2);
    /// The IP header claimed more than the original frame had; the length was clamped.
    pub const CLAMPED: Self = Self(1 << 3);
    /// The IP header was inside a tunnel: another IP header, MPLS, `PPPoE`, a provider's bridge.
    /// Where this is not set, [`tunnel_path`](crate::tunnel_path) has nothing to say.
    pub const TUNNELED: Self = Self(1 << 4);
    /// A checksum of the innermost IP or transport header was verified and is wrong.
    pub const BAD_CHECKSUM: Self = Self(1 << 5);
    /// TCP: the header has options (or padding) beyond its 20 bytes.
    pub const TCP_OPTIONS: Self = Self(1 << 6);

    /// Whether all bits of `mark` are set.
    #[inline]
    pub fn has(self, mark: Self) -> bool {
        self.0 & mark.0 == mark.0
    }

    /// Sets the bits of `mark`.
    #[inline]
    pub fn set(&mut self, mark: Self) {
        self.0 |= mark.0;
    }

    /// All bits but those of `mark`.
    #[inline]
    #[must_use]
    pub fn without(self, mark: Self) -> Self {
        Self(self.0 & !mark.0)
    }
}

/// How [`decode`](crate::decode) goes about it.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// IP headers inside one another that are followed at most: with 1, the packets of tunnels are
    /// the outer ones.
    pub ip_headers_max: u8,
    /// Whether IPv4, TCP, UDP, ICMP and `ICMPv6` checksums of the innermost headers are verified.
    pub verify_checksums: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { ip_headers_max: 8, verify_checksums: false }
    }
}

/// Told of every header on the way down. `()` listens to nothing and costs nothing.
pub trait Layers {
    /// A header of `layer` begins at byte `offset` of the frame.
    fn layer(&mut self, layer: Layer, offset: usize);

    /// What came of verifying the checksum of the last header told, which was of `layer`: only
    /// with [`Options::verify_checksums`], outer headers included.
    fn checksum(&mut self, layer: Layer, checksum: Checksum) {
        let _ = (layer, checksum);
    }
}

impl Layers for () {
    #[inline]
    fn layer(&mut self, _: Layer, _: usize) {}
}

/// The headers of a frame, outermost first; those beyond the capacity are dropped.
#[derive(Clone, Copy, Debug)]
pub struct LayerStack {
    spans: [(Layer, u32); LayerStack::CAPACITY],
    len: usize,
}

impl LayerStack {
    /// Headers that are remembered at most.
    pub const CAPACITY: usize = 32;

    /// A stack with nothing in it.
    pub fn new() -> Self {
        Self { spans: [(Layer::Unknown, 0); Self::CAPACITY], len: 0 }
    }

    /// Forgets all headers.
    pub fn clear(&mut self) {
        self.len = 0;
    }

    /// Each header and the byte offset at which it begins.
    pub fn spans(&self) -> &[(Layer, u32)] {
        self.spans.get(..self.len).unwrap_or(&self.spans)
    }
}

impl Default for LayerStack {
    fn default() -> Self {
        Self::new()
    }
}

impl Layers for LayerStack {
    #[inline]
    fn layer(&mut self, layer: Layer, offset: usize) {
        if let Some(span) = self.spans.get_mut(self.len) {
            *span = (layer, offset as u32);
            self.len += 1;
        }
    }
}

macro_rules! layers {
    ($($variant:ident = $name:literal,)*) => {
        /// A kind of header.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[expect(missing_docs, reason = "each variant is the protocol of its name")]
        pub enum Layer { #[default] Unknown, $($variant,)* }

        impl Layer {
            /// All of them.
            pub const ALL: &[Self] = &[Self::Unknown, $(Self::$variant,)*];

            /// The protocol's name in lower case, as filters and accounts have it.
            pub fn name(self) -> &'static str {
                match self { Self::Unknown => "unknown", $(Self::$variant => $name,)* }
            }
        }
    };
}

layers! {
    Ethernet = "ethernet",
    Vlan = "vlan",
    Llc = "llc",
    Snap = "snap",
    PppoeDiscovery = "pppoed",
    Pppoe = "pppoe",
    LinuxSll = "sll",
    LinuxSll2 = "sll2",
    Null = "null",
    Nflog = "nflog",
    Ppp = "ppp",
    CiscoHdlc = "chdlc",
    Radiotap = "radiotap",
    Prism = "prism",
    Ppi = "ppi",
    Ieee80211 = "wlan",
    Fddi = "fddi",
    FrameRelay = "frame-relay",
    Ipoib = "ipoib",
    Pflog = "pflog",
    Enc = "enc",
    Pktap = "pktap",
    Mpls = "mpls",
    Itag = "pbb",
    FabricPath = "fabricpath",
    Vntag = "vntag",
    Metadata = "cmd",
    Nsh = "nsh",
    Macsec = "macsec",
    Hsr = "hsr",
    Etag = "etag",
    Rtag = "rtag",
    Batman = "batman",
    Arp = "arp",
    Ipv4 = "ip",
    Ipv6 = "ip6",
    HopByHop = "ip6-hopbyhop",
    Routing = "ip6-routing",
    FragmentHeader = "ip6-fragment",
    DestinationOptions = "ip6-destination",
    Mobility = "ip6-mobility",
    Shim6 = "shim6",
    Hip = "hip",
    Ah = "ah",
    Esp = "esp",
    Icmp = "icmp",
    Icmp6 = "icmp6",
    Igmp = "igmp",
    Tcp = "tcp",
    Udp = "udp",
    UdpLite = "udplite",
    Sctp = "sctp",
    Dccp = "dccp",
    Gre = "gre",
    Nvgre = "nvgre",
    Erspan = "erspan",
    Vxlan = "vxlan",
    Geneve = "geneve",
    Gtp = "gtp",
    Teredo = "teredo",
    Ayiya = "ayiya",
    Lisp = "lisp",
    EtherIp = "etherip",
    PimRegister = "pim",
    Capwap = "capwap",
    L2tp = "l2tp",
}

impl Layer {
    /// Whether what follows such a header is in a tunnel, whatever comes before.
    pub(crate) fn is_tunnel(self) -> bool {
        matches!(
            self,
            Self::Mpls
                | Self::Pppoe
                | Self::Itag
                | Self::FabricPath
                | Self::Batman
                | Self::Gre
                | Self::Nvgre
                | Self::Erspan
                | Self::Vxlan
                | Self::Geneve
                | Self::Gtp
                | Self::Teredo
                | Self::Ayiya
                | Self::Lisp
                | Self::EtherIp
                | Self::PimRegister
                | Self::Capwap
                | Self::L2tp
        )
    }
}
