//! What makes two packets belong to one flow.

use flowloom_wire::{Address, Packet, Transport};

use crate::KeyIgnore;

/// Protocol, both endpoints, VLAN tags of the innermost Ethernet header, and the innermost
/// virtual network; the same for both directions.
///
/// Six words, compared and hashed as such. The endpoint with the smaller address (then port) is A.
#[derive(Clone, Copy, Debug, Default)]
pub struct FlowKey {
    words: [u64; 6],
}

/// All words at once: a derived comparison is a call of `memcmp`, once per packet.
impl PartialEq for FlowKey {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        let pairs = self.words.iter().zip(&other.words);
        pairs.fold(0, |different, (own, theirs)| different | (own ^ theirs)) == 0
    }
}

impl Eq for FlowKey {}

/// Which way a packet goes in its flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the initiator.
    Up,
    /// To the initiator.
    Down,
}

impl Direction {
    /// 0 for up, 1 for down.
    #[inline]
    pub fn index(self) -> usize {
        self as usize
    }

    /// The direction of what answers.
    #[inline]
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Up => Self::Down,
            Self::Down => Self::Up,
        }
    }

    /// +1 for up, -1 for down.
    #[inline]
    pub fn sign(self) -> i8 {
        match self {
            Self::Up => 1,
            Self::Down => -1,
        }
    }
}

impl FlowKey {
    /// The key of a packet, and whether the packet goes from endpoint B to endpoint A.
    #[expect(clippy::inline_always, reason = "once per frame, in the loop that decodes it")]
    #[inline(always)]
    pub fn of(packet: &Packet, ignore: KeyIgnore) -> (Self, bool) {
        let has_ports = packet.transport.has_ports();
        let mask = u64::from(has_ports).wrapping_neg();
        let (src_port, dst_port) =
            (u64::from(packet.src_port) & mask, u64::from(packet.dst_port) & mask);
        let halves = |address: Address| ((address.0 >> 64) as u64, address.0 as u64);
        let ((src_high, src_low), (dst_high, dst_low)) = (halves(packet.src), halves(packet.dst));
        // As they were written: a comparison of all sixteen bytes at once would wait for that.
        let same = (src_high ^ dst_high) | (src_low ^ dst_low) == 0;
        let reversed =
            (packet.src > packet.dst) | (same && (src_port > dst_port || is_icmp_reply(packet)));
        // Which way a packet goes cannot be foretold, so a branch would go wrong half of the time.
        let swap = u64::from(reversed).wrapping_neg();
        let ordered = |src: u64, dst: u64| {
            let change = (src ^ dst) & swap;
            (src ^ change, dst ^ change)
        };
        let (a_high, b_high) = ordered(src_high, dst_high);
        let (a_low, b_low) = ordered(src_low, dst_low);
        let (a_port, b_port) = ordered(src_port, dst_port);
        let ports = match packet.transport {
            Transport::Icmp => icmp_ports(packet),
            _ => a_port << 48 | b_port << 32 | u64::from(has_ports),
        };
        let what = ports | u64::from(packet.protocol) << 24 | u64::from(packet.ip_version) << 16;
        let vlan = |at: usize| match packet.vlans[at] {
            tag if ignore.priority && tag.id() == Some(0) => 0,
            tag => u64::from(tag.bits()),
        };
        let where_ = vlan(0) << 48 | vlan(1) << 32 | u64::from(packet.vni_plus_one);
        let words = [a_high, a_low, b_high, b_low, what, where_ & ignore.mask()];
        (Self { words }, reversed)
    }

    /// The words, for hashing.
    #[inline]
    pub fn words(&self) -> &[u64; 6] {
        &self.words
    }

    /// Address of endpoint A.
    pub fn a(&self) -> Address {
        Address(u128::from(self.words[0]) << 64 | u128::from(self.words[1]))
    }

    /// Address of endpoint B.
    pub fn b(&self) -> Address {
        Address(u128::from(self.words[2]) << 64 | u128::from(self.words[3]))
    }

    /// Ports of A and B, for protocols that have ports.
    pub fn ports(&self) -> Option<(u16, u16)> {
        let ports = ((self.words[4] >> 48) as u16, (self.words[4] >> 32) as u16);
        (self.words[4] & HAS_PORTS != 0).then_some(ports)
    }

    /// For ICMP and ICMPv6: type (high byte) and code the flow is keyed by, and whether the code
    /// is part of the key; requests and replies are keyed by the request's type and identifier.
    pub fn icmp(&self) -> Option<(u16, bool)> {
        let is_message = self.words[4] & IS_MESSAGE != 0;
        let is_icmp = is_message || self.words[4] & IS_QUERY != 0;
        is_icmp.then_some(((self.words[4] >> 48) as u16, is_message))
    }

    /// IP protocol number.
    pub fn protocol(&self) -> u8 {
        (self.words[4] >> 24) as u8
    }

    /// 4 or 6.
    pub fn ip_version(&self) -> u8 {
        (self.words[4] >> 16) as u8
    }

    /// VLAN identifiers, outer first.
    pub fn vlans(&self) -> [Option<u16>; 2] {
        let id = |bits: u64| (bits as u16).checked_sub(1);
        [id(self.words[5] >> 48), id(self.words[5] >> 32)]
    }

    /// VNI or VSID.
    pub fn vni(&self) -> Option<u32> {
        (self.words[5] as u32).checked_sub(1)
    }
}

/// Queries and replies (echo, timestamp, information, mask) share the request's type and the
/// identifier; any other message is keyed by type and code.
fn icmp_ports(packet: &Packet) -> u64 {
    let kind = (packet.src_port >> 8) as u8;
    let request = if packet.ip_version == 4 { icmp4_request(kind) } else { icmp6_request(kind) };
    match request {
        Some(request) => u64::from(request) << 56 | u64::from(packet.dst_port) << 32 | IS_QUERY,
        None => u64::from(packet.src_port) << 48 | IS_MESSAGE,
    }
}

/// The request that goes with an ICMP message of RFC 792 and RFC 950.
fn icmp4_request(kind: u8) -> Option<u8> {
    match kind {
        0 | 8 => Some(8),
        13 | 14 => Some(13),
        15 | 16 => Some(15),
        17 | 18 => Some(17),
        _ => None,
    }
}

/// The request that goes with an ICMPv6 message of RFC 4443.
fn icmp6_request(kind: u8) -> Option<u8> {
    matches!(kind, 128 | 129).then_some(128)
}

/// Whether an ICMP or ICMPv6 message answers a request.
pub(crate) fn is_icmp_reply(packet: &Packet) -> bool {
    let kind = (packet.src_port >> 8) as u8;
    packet.transport == Transport::Icmp
        && match packet.ip_version {
            4 => matches!(kind, 0 | 14 | 16 | 18),
            _ => kind == 129,
        }
}

/// Bits of a key's fifth word that say what its upper half is.
const HAS_PORTS: u64 = 1;
const IS_MESSAGE: u64 = 2;
const IS_QUERY: u64 = 4;

#[cfg(test)]
mod tests {
    use flowloom_wire::{Address, Packet, Transport, Vlan};

    use super::FlowKey;
    use crate::KeyIgnore;

    fn packet(src: u8, dst: u8, src_port: u16, dst_port: u16) -> Packet {
        Packet {
            src: Address::v4([10, 0, 0, src]),
            dst: Address::v4([10, 0, 0, dst]),
            src_port,
            dst_port,
            ip_version: 4,
            protocol: 6,
            transport: Transport::Tcp,
            ..Packet::default()
        }
    }

    fn key(packet: &Packet) -> FlowKey {
        FlowKey::of(packet, KeyIgnore::default()).0
    }

    #[test]
    fn both_directions_have_one_key() {
        let (up, up_reversed) = FlowKey::of(&packet(1, 2, 5000, 80), KeyIgnore::default());
        let (down, down_reversed) = FlowKey::of(&packet(2, 1, 80, 5000), KeyIgnore::default());
        assert_eq!(up, down);
        assert!(!up_reversed && down_reversed);
        assert_eq!(up.ports(), Some((5000, 80)));
        assert_eq!((up.a(), up.b()), (Address::v4([10, 0, 0, 1]), Address::v4([10, 0, 0, 2])));
    }

    #[test]
    fn addresses_decide_before_ports_and_ports_when_addresses_are_equal() {
        assert_eq!(key(&packet(1, 1, 9, 3)), key(&packet(1, 1, 3, 9)));
        assert_ne!(key(&packet(1, 2, 80, 5000)), key(&packet(1, 2, 5000, 80)));
    }

    #[test]
    fn vlans_and_networks_make_other_flows_unless_ignored() {
        let plain = packet(1, 2, 5000, 80);
        let tagged = Packet { vlans: [Vlan::from_tci(0), Vlan::default()], ..plain };
        let tenant = Packet { vni_plus_one: 1, ..plain };
        assert_ne!(key(&plain), key(&tagged));
        assert_ne!(key(&plain), key(&tenant));
        assert_eq!(key(&tagged).vlans(), [Some(0), None]);
        assert_eq!(key(&tenant).vni(), Some(0));
        let ignore = KeyIgnore { vlan: true, vni: true, ..KeyIgnore::default() };
        assert_eq!(FlowKey::of(&tagged, ignore), FlowKey::of(&tenant, ignore));
        let ignore = KeyIgnore { priority: true, ..KeyIgnore::default() };
        assert_eq!(FlowKey::of(&plain, ignore), FlowKey::of(&tagged, ignore));
        let other = Packet { vlans: [Vlan::from_tci(1), Vlan::default()], ..plain };
        assert_ne!(FlowKey::of(&plain, ignore), FlowKey::of(&other, ignore));
    }

    #[test]
    fn icmp_queries_join_their_replies_and_others_stay_apart() {
        let icmp = |kind: u8, code: u8, id: u16, forth: bool| {
            let (src, dst) = if forth { (1, 2) } else { (2, 1) };
            let type_code = u16::from(kind) << 8 | u16::from(code);
            Packet { protocol: 1, transport: Transport::Icmp, ..packet(src, dst, type_code, id) }
        };
        assert_eq!(key(&icmp(8, 0, 77, true)), key(&icmp(0, 0, 77, false)));
        assert_ne!(key(&icmp(8, 0, 77, true)), key(&icmp(8, 0, 78, true)));
        assert_ne!(key(&icmp(13, 0, 77, true)), key(&icmp(8, 0, 77, true)));
        assert_ne!(key(&icmp(3, 1, 0, true)), key(&icmp(3, 3, 0, true)));
        assert_eq!(key(&icmp(3, 1, 0, true)).ports(), None);
    }
}
