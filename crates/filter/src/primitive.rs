//! What a filter can ask, with every name and default resolved.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use flowloom_wire::Layer;

use crate::arithmetic::Comparison;
use crate::condition::WordTest;
use crate::keyword;
use crate::names;

/// One question about a frame, or about a flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Primitive {
    /// `host`, `net`: an address in IPv4, ARP, RARP or IPv6.
    Host { within: Within, side: Side, network: Network },
    /// `port`, `portrange`.
    Port { transports: Transports, side: Side, first: u16, last: u16 },
    /// `decnet host`.
    Decnet { side: Side, address: u16 },
    /// `ether host`, or one of the four addresses of an 802.11 frame.
    Mac { which: MacField, address: [u8; 6] },
    /// `ether proto`, and the words that stand for one: `ip`, `arp`, `ipx`.
    EtherType(u32),
    /// `ip proto`, `ip6 proto`, `proto`, and the words that stand for one.
    IpProto { versions: Versions, number: u32 },
    /// `ip protochain`: through authentication headers of IPv4 as well.
    IpProtoChain { versions: Versions, number: u32 },
    /// `iso proto`.
    IsoProto(u32),
    /// `l1`, `snp`, `isis proto`.
    IsisPdu(IsisPdu),
    /// `llc`, with the kind of frame.
    Llc(LlcFrame),
    /// `ether broadcast`.
    Broadcast,
    /// `multicast`, of the link layer, IPv4 or IPv6.
    Multicast(Multicast),
    /// `vlan`; what is to its right looks behind the tag.
    Vlan(Option<u16>),
    /// `mpls`; what is to its right looks behind the label.
    Mpls(Option<u32>),
    /// `pppoes`; what is to its right looks into the PPP frame.
    Pppoe(Option<u16>),
    /// `geneve`; what is to its right looks into the tunnel.
    Geneve(Option<u32>),
    /// `type`, `subtype`: masked first byte of an 802.11 frame.
    WlanType { mask: u8, bits: u8 },
    /// `dir`: direction bits of an 802.11 frame.
    WlanDirection(u8),
    /// `byte[0] = 1`, `less 64`.
    Compare(Comparison),
    /// A header anywhere in the frame.
    Layer(Layer),
    /// A flow word.
    Word(WordTest),
}

/// In which protocols an IPv4 address is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Within {
    /// IPv4, ARP and RARP; for an IPv6 address, IPv6.
    Any,
    Ip,
    Arp,
    Rarp,
}

/// Of a pair of addresses or ports, which is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Source,
    Destination,
    Either,
    Both,
}

impl Side {
    /// Whether the pair is as asked for; the second test is only made if it matters.
    #[inline]
    pub(crate) fn matches(
        self,
        source: impl FnOnce() -> bool,
        destination: impl FnOnce() -> bool,
    ) -> bool {
        match self {
            Self::Source => source(),
            Self::Destination => destination(),
            Self::Either => source() || destination(),
            Self::Both => source() && destination(),
        }
    }
}

/// An address and the bits of it that count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Network {
    V4 { address: u32, mask: u32 },
    V6 { address: u128, mask: u128 },
}

/// Transports as bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Transports(u8);

impl Transports {
    pub(crate) const TCP: Self = Self(1);
    pub(crate) const UDP: Self = Self(2);
    pub(crate) const SCTP: Self = Self(4);
    pub(crate) const ALL: Self = Self(7);

    /// Whether IP protocol `number` is one of them.
    #[inline]
    pub(crate) fn has(self, number: u8) -> bool {
        let bit = match number {
            6 => Self::TCP,
            17 => Self::UDP,
            132 => Self::SCTP,
            _ => return false,
        };
        self.0 & bit.0 != 0
    }

    /// Those in both.
    pub(crate) fn and(self, other: Self) -> Option<Self> {
        Some(Self(self.0 & other.0)).filter(|both| both.0 != 0)
    }
}

/// IP versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Versions {
    V4,
    V6,
    Both,
}

impl Versions {
    #[inline]
    pub(crate) fn has_v4(self) -> bool {
        self != Self::V6
    }

    #[inline]
    pub(crate) fn has_v6(self) -> bool {
        self != Self::V4
    }
}

/// Hardware addresses of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MacField {
    Side(Side),
    Address1,
    Address2,
    Address3,
    Address4,
    Receiver,
    Transmitter,
}

/// IS-IS PDU types, one or a family of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IsisPdu {
    Level1,
    Level2,
    Hello,
    LinkState,
    SequenceNumbers,
    CompleteSequenceNumbers,
    PartialSequenceNumbers,
    Number(u32),
}

impl IsisPdu {
    /// Whether PDU type `number` is meant (ISO 10589, 9.5 and following). The families are those
    /// of tcpdump: the point-to-point hello (17) belongs to both levels.
    pub(crate) fn has(self, number: u8) -> bool {
        match self {
            Self::Level1 => matches!(number, 15 | 17 | 18 | 24 | 26),
            Self::Level2 => matches!(number, 16 | 17 | 20 | 25 | 27),
            Self::Hello => matches!(number, 15..=17),
            Self::LinkState => matches!(number, 18 | 20),
            Self::SequenceNumbers => matches!(number, 24..=27),
            Self::CompleteSequenceNumbers => matches!(number, 24 | 25),
            Self::PartialSequenceNumbers => matches!(number, 26 | 27),
            Self::Number(wanted) => u32::from(number) == wanted,
        }
    }
}

/// 802.2 frames: a mask and the value of the masked control byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LlcFrame {
    pub(crate) name: &'static str,
    pub(crate) mask: u8,
    pub(crate) bits: u8,
}

/// All kinds of 802.2 frames; the first is any (IEEE 802.2, 5.4).
#[rustfmt::skip]
pub(crate) const LLC_FRAMES: &[LlcFrame] = &[
    llc("", 0, 0), llc("i", 0x01, 0x00), llc("s", 0x03, 0x01), llc("u", 0x03, 0x03),
    llc("rr", 0x0f, 0x01), llc("rnr", 0x0f, 0x05), llc("rej", 0x0f, 0x09),
    llc("ui", 0xef, 0x03), llc("ua", 0xef, 0x63), llc("disc", 0xef, 0x43), llc("sabme", 0xef, 0x6f),
    llc("test", 0xef, 0xe3), llc("xid", 0xef, 0xaf), llc("frmr", 0xef, 0x87),
];

const fn llc(name: &'static str, mask: u8, bits: u8) -> LlcFrame {
    LlcFrame { name, mask, bits }
}

/// Where a group address is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Multicast {
    Link,
    Ip,
    Ip6,
}

/// The six comparisons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Relation {
    Less,
    LessOrEqual,
    Equal,
    NotEqual,
    GreaterOrEqual,
    Greater,
}

impl Relation {
    #[inline]
    pub(crate) fn holds<T: PartialOrd + Copy>(self, left: T, right: T) -> bool {
        match self {
            Self::Less => left < right,
            Self::LessOrEqual => left <= right,
            Self::Equal => left == right,
            Self::NotEqual => left != right,
            Self::GreaterOrEqual => left >= right,
            Self::Greater => left > right,
        }
    }
}

impl fmt::Display for Relation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::GreaterOrEqual => ">=",
            Self::Greater => ">",
        })
    }
}

impl Primitive {
    /// Whether its word is also a name of a port or protocol, which it is behind one that is not
    /// in parentheses.
    pub(crate) fn is_ambiguous(&self) -> bool {
        let name = match self {
            Self::Layer(layer) => layer.name(),
            Self::Word(test) => &test.word.name,
            _ => return false,
        };
        names::port(name).is_some()
            || names::ip_protocol(name).is_some()
            || names::ether_type(name).is_some()
    }

    /// Whether a name behind it is taken for one of its kind.
    fn is_of_named_kind(&self) -> bool {
        matches!(
            self,
            Self::Port { .. }
                | Self::EtherType(_)
                | Self::IpProto { .. }
                | Self::IpProtoChain { .. }
                | Self::IsoProto(_)
                | Self::IsisPdu(_)
        )
    }
}

/// With `#`, in parentheses if a name behind it would be taken for one of its kind.
impl fmt::Display for Primitive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match keyword::standing_for(self) {
            Some(word) => f.write_str(word),
            None if f.alternate() && self.is_of_named_kind() => {
                f.write_str("(")?;
                self.write(f)?;
                f.write_str(")")
            }
            None => self.write(f),
        }
    }
}

impl Primitive {
    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host { within, side, network } => write!(f, "{within}{side}{network}"),
            Self::Port { transports, side, first, last } => {
                write!(f, "{transports}{side}")?;
                if first == last {
                    write!(f, "port {first}")
                } else {
                    write!(f, "portrange {first}-{last}")
                }
            }
            Self::Decnet { side, address } => {
                write!(f, "decnet {side}host {}.{}", address >> 10, address & 0x3ff)
            }
            Self::Mac { which, address } => {
                write!(f, "ether {which}{}", address.map(|b| format!("{b:02x}")).join(":"))
            }
            Self::EtherType(number) => write!(f, "ether proto {number:#x}"),
            Self::IpProto { versions, number } => write!(f, "{versions}proto {number}"),
            Self::IpProtoChain { versions, number } => write!(f, "{versions}protochain {number}"),
            Self::IsoProto(number) => write!(f, "iso proto {number:#x}"),
            Self::IsisPdu(pdu) => write!(f, "{pdu}"),
            Self::Llc(frame) => f.write_str(format!("llc {}", frame.name).trim_end()),
            Self::Broadcast => f.write_str("ether broadcast"),
            Self::Multicast(Multicast::Link) => f.write_str("ether multicast"),
            Self::Multicast(Multicast::Ip) => f.write_str("ip multicast"),
            Self::Multicast(Multicast::Ip6) => f.write_str("ip6 multicast"),
            Self::Vlan(id) => numbered(f, "vlan", *id),
            Self::Mpls(label) => numbered(f, "mpls", *label),
            Self::Pppoe(session) => numbered(f, "pppoes", *session),
            Self::Geneve(vni) => numbered(f, "geneve", *vni),
            Self::WlanType { mask, bits } if *mask & 0xf0 == 0 => write!(f, "type {bits:#x}"),
            Self::WlanType { bits, .. } => {
                write!(f, "type {:#x} subtype {:#x}", bits & 0x0c, bits & 0xf0)
            }
            Self::WlanDirection(bits) => write!(f, "dir {bits}"),
            Self::Compare(comparison) => write!(f, "{comparison}"),
            Self::Layer(layer) => f.write_str(layer.name()),
            Self::Word(test) => write!(f, "{test}"),
        }
    }
}

fn numbered(
    f: &mut fmt::Formatter<'_>,
    word: &str,
    number: Option<impl fmt::Display>,
) -> fmt::Result {
    match number {
        Some(number) => write!(f, "{word} {number}"),
        None => f.write_str(word),
    }
}

/// A qualifier and a blank, or nothing.
impl fmt::Display for Within {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Any => "",
            Self::Ip => "ip ",
            Self::Arp => "arp ",
            Self::Rarp => "rarp ",
        })
    }
}

/// A qualifier and a blank, or nothing.
impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Source => "src ",
            Self::Destination => "dst ",
            Self::Either => "",
            Self::Both => "src and dst ",
        })
    }
}

/// A qualifier and a blank, or nothing.
impl fmt::Display for Transports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match *self {
            Self::TCP => "tcp ",
            Self::UDP => "udp ",
            Self::SCTP => "sctp ",
            _ => "",
        })
    }
}

/// A qualifier and a blank, or nothing.
impl fmt::Display for Versions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V4 => "ip ",
            Self::V6 => "ip6 ",
            Self::Both => "",
        })
    }
}

/// The words after `ether`.
impl fmt::Display for MacField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Side(side) => write!(f, "{side}host "),
            Self::Address1 => f.write_str("addr1 "),
            Self::Address2 => f.write_str("addr2 "),
            Self::Address3 => f.write_str("addr3 "),
            Self::Address4 => f.write_str("addr4 "),
            Self::Receiver => f.write_str("ra "),
            Self::Transmitter => f.write_str("ta "),
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::V4 { address, mask: u32::MAX } => write!(f, "host {}", Ipv4Addr::from(address)),
            Self::V4 { address, mask } => {
                write!(f, "net {} mask {}", Ipv4Addr::from(address), Ipv4Addr::from(mask))
            }
            Self::V6 { address, mask: u128::MAX } => write!(f, "host {}", Ipv6Addr::from(address)),
            Self::V6 { address, mask } => {
                write!(f, "net {}/{}", Ipv6Addr::from(address), mask.leading_ones())
            }
        }
    }
}

impl Network {
    /// Whether it is one address.
    pub(crate) fn is_host(self) -> bool {
        matches!(self, Self::V4 { mask: u32::MAX, .. } | Self::V6 { mask: u128::MAX, .. })
    }

    /// The address, and the prefix length if it is a network; the mask must be one of a prefix.
    pub(crate) fn prefixed(self) -> String {
        let (address, len): (IpAddr, u32) = match self {
            Self::V4 { address, mask } => (Ipv4Addr::from(address).into(), mask.leading_ones()),
            Self::V6 { address, mask } => (Ipv6Addr::from(address).into(), mask.leading_ones()),
        };
        if self.is_host() { address.to_string() } else { format!("{address}/{len}") }
    }
}

impl fmt::Display for IsisPdu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Level1 => "l1",
            Self::Level2 => "l2",
            Self::Hello => "iih",
            Self::LinkState => "lsp",
            Self::SequenceNumbers => "snp",
            Self::CompleteSequenceNumbers => "csnp",
            Self::PartialSequenceNumbers => "psnp",
            Self::Number(number) => return write!(f, "isis proto {number}"),
        })
    }
}
