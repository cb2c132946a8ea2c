//! What primitives are made of: qualifiers, addresses, comparisons.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use flowloom_wire::{Address, protocol};

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
            protocol::TCP => Self::TCP,
            protocol::UDP => Self::UDP,
            protocol::SCTP => Self::SCTP,
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
    llc("ui", 0xef, 0x03), llc("ua", 0xef, 0x63), llc("disc", 0xef, 0x43), llc("dm", 0xef, 0x0f),
    llc("sabme", 0xef, 0x6f), llc("test", 0xef, 0xe3), llc("xid", 0xef, 0xaf), llc("frmr", 0xef, 0x87),
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

impl Network {
    pub(crate) fn has(self, ip_version: u8, Address(found): Address) -> bool {
        match self {
            Self::V4 { address, mask } => ip_version == 4 && found as u32 & mask == address,
            Self::V6 { address, mask } => ip_version == 6 && found & mask == address,
        }
    }
}

impl Versions {
    pub(crate) fn has(self, ip_version: u8) -> bool {
        match ip_version {
            4 => self.has_v4(),
            6 => self.has_v6(),
            _ => false,
        }
    }
}
