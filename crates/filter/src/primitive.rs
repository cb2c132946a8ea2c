//! What a filter can ask, with every name and default resolved.

use std::fmt;

use flowloom_wire::Layer;

use crate::arithmetic::Comparison;
use crate::condition::WordTest;
use crate::keyword::{self, Protocol};
use crate::names;
use crate::parts::{
    IsisPdu, LlcFrame, MacField, Multicast, Network, Side, Transports, Versions, Within,
};

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

impl Primitive {
    /// What the word of a protocol asks when it stands alone; nothing for `ether` and `radio`.
    pub(crate) fn of(protocol: Protocol) -> Option<Self> {
        if let Some(number) = protocol.ether_type() {
            return Some(Self::EtherType(number));
        }
        if let Some((versions, number)) = protocol.ip_protocol() {
            return Some(Self::IpProto { versions, number: number.into() });
        }
        Some(match protocol {
            Protocol::Clnp => Self::IsoProto(0x81),
            Protocol::Esis => Self::IsoProto(0x82),
            Protocol::Isis => Self::IsoProto(0x83),
            Protocol::L1 => Self::IsisPdu(IsisPdu::Level1),
            Protocol::L2 => Self::IsisPdu(IsisPdu::Level2),
            Protocol::Iih => Self::IsisPdu(IsisPdu::Hello),
            Protocol::Lsp => Self::IsisPdu(IsisPdu::LinkState),
            Protocol::Snp => Self::IsisPdu(IsisPdu::SequenceNumbers),
            Protocol::Csnp => Self::IsisPdu(IsisPdu::CompleteSequenceNumbers),
            Protocol::Psnp => Self::IsisPdu(IsisPdu::PartialSequenceNumbers),
            _ => return None,
        })
    }

    /// What a word asks that is not tcpdump's: for a header anywhere in the frame, or well-known ports.
    pub(crate) fn named(word: &str) -> Option<Self> {
        let ports = |first, last| {
            let transports = Transports::UDP;
            Some(Self::Port { transports, side: Side::Either, first, last })
        };
        match word {
            "dhcp" => ports(67, 68),
            "dhcpv6" => ports(546, 547),
            _ => keyword::layer_words().find(|layer| layer.name() == word).map(Self::Layer),
        }
    }

    /// The word of a protocol that asks just this when it stands alone.
    fn word(&self) -> Option<&'static str> {
        let same = |protocol: &Protocol| Self::of(*protocol).as_ref() == Some(self);
        Protocol::all().find(same).map(Protocol::name)
    }

    /// Whether it is about bytes at a place, which words on its left may move.
    pub(crate) fn has_place(&self) -> bool {
        match self {
            Self::Compare(comparison) => comparison.left.has_load() || comparison.right.has_load(),
            Self::Layer(_) | Self::Word(_) => false,
            _ => true,
        }
    }

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
        match self.word() {
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
