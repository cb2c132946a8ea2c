//! What the user may set about flows, with its defaults.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use flowloom_wire::Address;

/// How flows are cut and counted.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// When flows end.
    pub timeouts: Timeouts,
    /// What grows at most to what.
    pub limits: Limits,
    /// Whether the life cycle is off: one flow per key (`--no-split`).
    pub no_split: bool,
    /// Whether what TCP says (FIN, RST, SYN) ends no flow: time alone does.
    pub ignore_tcp_ends: bool,
    /// Who is the initiator.
    pub initiator: Initiator,
    /// What the key leaves out.
    pub key_ignore: KeyIgnore,
    /// Which packets sequences and statistics count.
    pub population: Population,
}

/// When flows end, in nanoseconds of the packet clock. A flow ends at the first frame that is
/// strictly past the timeout.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// Silence that ends a TCP flow: 300 s.
    pub tcp_idle: i64,
    /// Silence that ends any other flow: 60 s.
    pub other_idle: i64,
    /// Age that ends a flow however busy it is: 1,800 s.
    pub active: i64,
    /// How long a closed TCP flow still takes late packets: 5 s.
    pub linger: i64,
    /// Silence after which a SYN with a new initial sequence number opens a new flow: 10 s.
    pub reopen: i64,
    /// How long a fragmented datagram may stay incomplete: 60 s (RFC 8200, section 4.5).
    pub fragment: i64,
    /// A jump of the packet clock that needs to be confirmed by the next frame: 1 h.
    pub clock_jump_max: i64,
}

/// What grows at most to what.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Flows at a time, of which each partition has an equal share; beyond it, the flow of the
    /// partition that is nearest to its timeout is evicted.
    pub flows_max: usize,
    /// Holes remembered per TCP direction; beyond it, the oldest is taken for filled.
    pub tcp_holes_max: usize,
    /// Incomplete datagrams at a time, of all partitions together: fragments have none yet. Beyond
    /// it, the oldest stays unresolved.
    pub datagrams_max: usize,
    /// Bytes in incomplete datagrams of all partitions, and of what is remembered of their
    /// fragments; beyond it, the oldest stays unresolved.
    pub datagram_bytes_max: usize,
    /// Fragments of one datagram; beyond it, it stays unresolved.
    pub datagram_fragments_max: usize,
}

/// Who is the initiator of a flow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Initiator {
    /// By the handshake or the ICMP type where the first packet has one, else its sender.
    #[default]
    Protocol,
    /// The sender of the first packet, whatever it is.
    FirstPacket,
    /// The endpoint inside this network, where exactly one is; else as `Protocol`.
    Client(Network),
}

/// A range of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: Address,
    mask: u128,
}

/// What the flow key leaves out, for taps that see the two directions in different networks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyIgnore {
    /// VLAN tags.
    pub vlan: bool,
    /// VLAN tags with identifier 0, which tell a priority and no VLAN (IEEE 802.1Q, section 6.9).
    pub priority: bool,
    /// VNI or VSID.
    pub vni: bool,
}

/// Which packets sequences and statistics count. The life cycle always sees all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Population {
    /// All.
    #[default]
    All,
    /// All but pure ACKs.
    NoPureAck,
    /// Those with payload.
    Payload,
    /// Those with payload that is not a retransmission.
    PayloadNoRetransmission,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            tcp_idle: 300 * SECOND,
            other_idle: 60 * SECOND,
            active: 1_800 * SECOND,
            linger: 5 * SECOND,
            reopen: 10 * SECOND,
            fragment: 60 * SECOND,
            clock_jump_max: 3_600 * SECOND,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            flows_max: 1 << 20,
            tcp_holes_max: 64,
            datagrams_max: 8_192,
            datagram_bytes_max: 64 << 20,
            datagram_fragments_max: 8_192,
        }
    }
}

impl Network {
    /// The addresses that share the first `prefix` bits with `address`; `prefix` counts from the
    /// first of the 32 or 128 bits of its version.
    pub fn new(address: Address, ip_version: u8, prefix: u8) -> Option<Self> {
        let host_bits = match ip_version {
            4 => 32_u8.checked_sub(prefix)?,
            _ => 128_u8.checked_sub(prefix)?,
        };
        let mask = u128::MAX.checked_shl(u32::from(host_bits)).unwrap_or(0);
        // The mapped prefix belongs to every IPv4 network.
        let mask = if ip_version == 4 { mask | !u128::from(u32::MAX) } else { mask };
        Some(Self { address: Address(address.0 & mask), mask })
    }

    /// Whether an address is inside.
    pub fn contains(&self, address: Address) -> bool {
        address.0 & self.mask == self.address.0
    }
}

impl fmt::Display for Network {
    /// As it is typed: `10.0.0.0/8`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mapped = Address::v4([0; 4]).0 >> 32;
        let is_v4 = self.mask >> 32 == u128::MAX >> 32 && self.address.0 >> 32 == mapped;
        let version = if is_v4 { 4 } else { 6 };
        let prefix = self.mask.count_ones() - if is_v4 { 96 } else { 0 };
        write!(f, "{}/{prefix}", self.address.to_ip(version))
    }
}

/// An address, or a network as `10.0.0.0/8`.
impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let wrong = || format!("`{text}` is no network; expected one such as 10.0.0.0/8");
        let address = address.parse::<IpAddr>().map_err(|_| wrong())?;
        let (address, version, whole) = match address {
            IpAddr::V4(v4) => (Address::v4(v4.octets()), 4, 32),
            IpAddr::V6(v6) => (Address::v6(v6.octets()), 6, 128),
        };
        let prefix = prefix.map_or(Ok(whole), str::parse).map_err(|_| wrong())?;
        Self::new(address, version, prefix).ok_or_else(wrong)
    }
}

impl KeyIgnore {
    /// What is kept of the key's word for VLANs and the virtual network.
    #[inline]
    pub(crate) fn mask(self) -> u64 {
        let vlan = if self.vlan { 0 } else { 0xffff_ffff_0000_0000 };
        let vni = if self.vni { 0 } else { 0x0000_0000_ffff_ffff };
        vlan | vni
    }
}

const SECOND: i64 = 1_000_000_000;

#[cfg(test)]
mod tests {
    use flowloom_wire::Address;

    use super::Network;

    #[test]
    fn networks_have_prefixes() {
        let is_one = |text: &str| text.parse::<Network>().is_ok();
        assert!(is_one("10.0.0.0/8") && is_one("::1"));
        assert!(!is_one("10.0.0.0/33") && !is_one("ten"));
    }

    #[test]
    fn networks_contain_what_their_prefix_says() {
        let ten = Network::new(Address::v4([10, 1, 2, 3]), 4, 8).unwrap();
        assert!(ten.contains(Address::v4([10, 255, 0, 1])));
        assert!(!ten.contains(Address::v4([11, 1, 2, 3])));
        let all = Network::new(Address::v4([10, 1, 2, 3]), 4, 0).unwrap();
        assert!(all.contains(Address::v4([11, 1, 2, 3])));
        assert!(!all.contains(Address::v6([0x20; 16])));
        let one = Network::new(Address::v6([0x20; 16]), 6, 128).unwrap();
        assert!(one.contains(Address::v6([0x20; 16])) && !one.contains(Address::v6([0x21; 16])));
        assert!(
            Network::new(Address::v6([0x20; 16]), 6, 0).unwrap().contains(Address::v6([1; 16]))
        );
        assert_eq!(Network::new(Address::v4([10, 0, 0, 0]), 4, 33), None);
    }

    #[test]
    fn networks_print_as_they_are_typed() {
        let text =
            |address, version, prefix| Network::new(address, version, prefix).unwrap().to_string();
        assert_eq!(text(Address::v4([10, 1, 2, 3]), 4, 8), "10.0.0.0/8");
        assert_eq!(text(Address::v4([192, 0, 2, 1]), 4, 32), "192.0.2.1/32");
        assert_eq!(text(Address::v4([0; 4]), 4, 0), "0.0.0.0/0");
        assert_eq!(text(Address::v6([0x20; 16]), 6, 16), "2020::/16");
        assert_eq!(text(Address::v6([0; 16]), 6, 0), "::/0");
    }
}
