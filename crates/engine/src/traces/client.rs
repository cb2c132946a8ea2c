//! Which host is the client of a trace.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

use flowloom_features::Kept;
use flowloom_flow::{Ended, InitiatorBy};
use flowloom_wire::Address;

use super::Client;

/// What is kept of a flow until the client is known, and what is told of it then.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ends {
    pub(super) flow_id: u64,
    pub(super) ip_version: u8,
    /// The initiator's and the other side's.
    addresses: [Address; 2],
    macs: [Option<[u8; 6]>; 2],
    /// Packets and bytes from each.
    pub(super) sent: [(u64, u64); 2],
    /// Whether the first packet tells who opened the flow, beyond having been the first.
    is_sure: bool,
}

/// Who the client is.
#[derive(Clone, Debug)]
pub(super) enum Host {
    Given(Client),
    Found(Found),
}

/// Who was found to be the client.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    /// An address of each IP version at most.
    addresses: [Option<(u8, Address)>; 2],
    /// The hardware address that all packets of the client have.
    mac: Option<[u8; 6]>,
    /// The addresses that have it: what tells of fragments that stayed alone, of which no hardware
    /// address is known.
    with_mac: HashSet<(u8, Address)>,
}

/// Which sides of a flow are the client's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sides(pub(super) [bool; 2]);

impl Ends {
    pub(super) fn of(ended: &Ended<Kept>) -> Self {
        let flow = &ended.flow;
        let mut addresses = [flow.key.a(), flow.key.b()];
        if flow.initiator_is_b {
            addresses.reverse();
        }
        Self {
            flow_id: flow.first.frame,
            ip_version: flow.key.ip_version(),
            addresses,
            macs: flow.first.macs,
            sent: [0, 1].map(|side: usize| (flow.sides[side].packets, flow.sides[side].bytes)),
            is_sure: matches!(flow.first.initiator_by, InitiatorBy::Syn | InitiatorBy::SynAck),
        }
    }

    /// The addresses of both sides.
    pub(super) fn ips(&self) -> [IpAddr; 2] {
        self.addresses.map(|address| address.to_ip(self.ip_version))
    }

    /// Hardware addresses, where the two sides have different ones: some captures have the same
    /// everywhere, made up or blanked out.
    fn distinct_macs(&self) -> [Option<[u8; 6]>; 2] {
        let known = self.macs.map(|mac| mac.filter(|mac| *mac != [0; 6]));
        if known[0] == known[1] { [None; 2] } else { known }
    }

    /// Whether the other side is one other host: not a group of hosts, nor the same.
    fn goes_out(&self) -> bool {
        let is_other = match self.ips()[1] {
            IpAddr::V4(v4) => !v4.is_multicast() && !v4.is_broadcast() && !v4.is_loopback(),
            IpAddr::V6(v6) => !v6.is_multicast() && !v6.is_loopback(),
        };
        is_other && self.addresses[0] != self.addresses[1]
    }
}

impl Host {
    /// The client by what flows tell.
    ///
    /// It is the address that opened the most flows, and of several the one that did so first. Flows
    /// with one other host count, of these TCP connections whose handshake was seen; others only where
    /// there is none of them. Its packets have a hardware address: others that have it are
    /// addresses of the same host. Where there is none, so is the address that opened the most flows
    /// of the other IP version.
    pub(super) fn find(flows: &[Ends]) -> Self {
        let tests: [fn(&Ends) -> bool; 3] =
            [|ends| ends.is_sure && ends.goes_out(), Ends::goes_out, |_| true];
        let best = |of: &dyn Fn(&Ends) -> bool| {
            tests.iter().find_map(|test| most_active(flows, &|ends| test(ends) && of(ends)))
        };
        let Some(first) = best(&|_| true) else { return Self::Found(Found::default()) };
        let version = first.ip_version;
        let [mac, _] = first.distinct_macs();
        let mut addresses = [Some((version, first.addresses[0])), None];
        if mac.is_none() {
            let other = best(&|ends| ends.ip_version != version);
            addresses[1] = other.map(|ends| (ends.ip_version, ends.addresses[0]));
        }
        let mut found = Found { addresses, mac, with_mac: HashSet::new() };
        for ends in flows.iter().filter(|ends| ends.macs != [None; 2]) {
            let own = ends.addresses.into_iter().zip(found.sides(ends)).filter(|(_, own)| *own);
            found.with_mac.extend(own.map(|(address, _)| (ends.ip_version, address)));
        }
        Self::Found(found)
    }

    /// Which sides of a flow are the client's. Where both have the same address, it is the initiator.
    pub(super) fn sides(&self, ends: &Ends) -> Sides {
        let mut sides = match self {
            Self::Given(Client::Network(network)) => {
                ends.addresses.map(|address| network.contains(address))
            }
            Self::Given(Client::Mac(mac)) => ends.macs.map(|own| own == Some(mac.0)),
            Self::Given(Client::Auto) => [false; 2],
            Self::Found(found) => found.sides(ends),
        };
        if sides == [true, true] && ends.addresses[0] == ends.addresses[1] {
            sides = [true, false];
        }
        Sides(sides)
    }
}

impl Found {
    fn sides(&self, ends: &Ends) -> [bool; 2] {
        let is_it = |address| self.addresses.contains(&Some((ends.ip_version, address)));
        let sides = ends.addresses.map(is_it);
        match (self.mac, sides) {
            (Some(_), [false, false]) if ends.macs == [None; 2] => {
                ends.addresses.map(|address| self.with_mac.contains(&(ends.ip_version, address)))
            }
            // The address is surer where there is one: a hardware address can be a router's.
            (Some(mac), [false, false]) => ends.distinct_macs().map(|own| own == Some(mac)),
            _ => sides,
        }
    }
}

impl Sides {
    /// +1 if the flow's initiator is the client, -1 if the other side is, 0 if neither or both are.
    pub(super) fn sign(self) -> i8 {
        i8::from(self.0[0]) - i8::from(self.0[1])
    }
}

/// The first flow of the address that opened the most, of those flows that are asked.
fn most_active<'e>(flows: &'e [Ends], is_asked: &dyn Fn(&Ends) -> bool) -> Option<&'e Ends> {
    let mut opened: HashMap<(u8, Address), (u64, &Ends)> = HashMap::new();
    for ends in flows.iter().filter(|ends| is_asked(ends)) {
        let key = (ends.ip_version, ends.addresses[0]);
        let (count, first) = opened.entry(key).or_insert((0, ends));
        *count += 1;
        if ends.flow_id < first.flow_id {
            *first = ends;
        }
    }
    let rank = |&(count, first): &(u64, &Ends)| (count, std::cmp::Reverse(first.flow_id));
    opened.into_values().max_by_key(rank).map(|(_, first)| first)
}
