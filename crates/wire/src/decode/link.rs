//! Link layers: which header a frame begins with, and what follows each.

use flowloom_schema::LinkType;

use super::{Outside, Walk};
use crate::loopback::Loopback;
use crate::rest::Rest;
use crate::sll::{Hardware, Sll, Sll2};
use crate::{Arp, EtherType, Ethernet, Layer, Layers, Reason, Vlan, VlanTag};

/// Whether [`decode`](crate::decode) knows what frames of this link type begin with.
pub fn link_is_known(link: LinkType) -> bool {
    matches!(
        link,
        LinkType::NULL
            | LinkType::ETHERNET
            | LinkType::RAW_12
            | LinkType::RAW_14
            | LinkType::RAW
            | LinkType::LOOP
            | LinkType::LINUX_SLL
            | LinkType::LINUX_SLL2
            | LinkType::IPV4
            | LinkType::IPV6
    )
}

impl<L: Layers> Walk<'_, L> {
    /// A frame of a link type other than Ethernet.
    #[inline(never)]
    pub(super) fn link(&mut self, link: LinkType, rest: Rest<'_>) {
        match link {
            LinkType::ETHERNET => self.ethernet(rest),
            LinkType::RAW | LinkType::RAW_12 | LinkType::RAW_14 => self.ip(rest),
            LinkType::IPV4 => self.ipv4(rest),
            LinkType::IPV6 => self.ipv6(rest),
            LinkType::NULL | LinkType::LOOP => self.loopback(rest),
            LinkType::LINUX_SLL => self.sll(rest),
            LinkType::LINUX_SLL2 => self.sll2(rest),
            _ => {}
        }
    }

    #[inline]
    pub(super) fn ethernet(&mut self, rest: Rest<'_>) {
        let ethernet = match Ethernet::parse(rest.bytes) {
            Ok(ethernet) => ethernet,
            Err(reason) => return self.stop(Layer::Ethernet, reason, rest),
        };
        self.layer(Layer::Ethernet, rest);
        self.outside.vlans = [Vlan::default(); 2];
        self.outside.mac_src_plus_one = Outside::place(rest.offset + Ethernet::SRC_AT);
        self.outside.mac_dst_plus_one = Outside::place(rest.offset);
        self.outside.is_ethernet = true;
        self.ether_type(ethernet.ether_type(), rest.skip(Ethernet::LEN));
    }

    /// What an `EtherType` said follows.
    #[inline]
    pub(super) fn ether_type(&mut self, ether_type: EtherType, rest: Rest<'_>) {
        match ether_type {
            EtherType::IPV4 => self.ipv4(rest),
            EtherType::IPV6 => self.ipv6(rest),
            _ => self.other_ether_type(ether_type, rest),
        }
    }

    #[inline(never)]
    fn other_ether_type(&mut self, ether_type: EtherType, rest: Rest<'_>) {
        match ether_type {
            _ if ether_type.is_vlan() => self.vlan(rest),
            EtherType::ARP | EtherType::RARP => match Arp::parse(rest.bytes) {
                Ok(_) => self.layer(Layer::Arp, rest),
                Err(reason) => self.stop(Layer::Arp, reason, rest),
            },
            _ => {}
        }
    }

    /// A VLAN tag. The first two make the packet's, more are followed only.
    fn vlan(&mut self, rest: Rest<'_>) {
        let tag = match VlanTag::parse(rest.bytes) {
            Ok(tag) => tag,
            Err(reason) => return self.stop(Layer::Vlan, reason, rest),
        };
        if !self.nest(Layer::Vlan, rest) {
            return;
        }
        if let Some(free) = self.outside.vlans.iter_mut().find(|vlan| vlan.id().is_none()) {
            *free = tag.vlan();
        }
        self.ether_type(tag.ether_type(), rest.skip(VlanTag::LEN));
    }

    fn loopback(&mut self, rest: Rest<'_>) {
        match Loopback::parse(rest.bytes) {
            Ok(header) => {
                self.layer(Layer::Null, rest);
                if let Some(ether_type) = header.protocol() {
                    self.ether_type(ether_type, rest.skip(Loopback::LEN));
                }
            }
            Err(reason) => self.stop(Layer::Null, reason, rest),
        }
    }

    fn sll(&mut self, rest: Rest<'_>) {
        match Sll::parse(rest.bytes) {
            Ok(sll) => {
                self.layer(Layer::LinuxSll, rest);
                if sll.address_len() == 6 {
                    self.outside.mac_src_plus_one = Outside::place(rest.offset + Sll::ADDRESS_AT);
                }
                self.cooked(sll.hardware(), sll.protocol(), rest.skip(Sll::LEN));
            }
            Err(reason) => self.stop(Layer::LinuxSll, reason, rest),
        }
    }

    fn sll2(&mut self, rest: Rest<'_>) {
        match Sll2::parse(rest.bytes) {
            Ok(sll) => {
                self.layer(Layer::LinuxSll2, rest);
                if sll.address_len() == 6 {
                    self.outside.mac_src_plus_one = Outside::place(rest.offset + Sll2::ADDRESS_AT);
                }
                self.cooked(sll.hardware(), sll.protocol(), rest.skip(Sll2::LEN));
            }
            Err(reason) => self.stop(Layer::LinuxSll2, reason, rest),
        }
    }

    fn cooked(&mut self, hardware: Hardware, protocol: EtherType, rest: Rest<'_>) {
        self.outside.is_ethernet = hardware == Hardware::ETHERNET;
        match hardware {
            Hardware::NETLINK => {}
            _ => self.ether_type(protocol, rest),
        }
    }

    /// IP of the version its first byte says.
    pub(super) fn ip(&mut self, rest: Rest<'_>) {
        match rest.bytes.first().map(|byte| byte >> 4) {
            Some(4) => self.ipv4(rest),
            Some(6) => self.ipv6(rest),
            Some(_) => self.stop(Layer::Ipv4, Reason::BadVersion, rest),
            None => self.stop(Layer::Ipv4, Reason::Truncated, rest),
        }
    }
}
