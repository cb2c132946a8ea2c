//! Ethernet II and IEEE 802.3 (one header, told apart by its last field).

use crate::Reason;

/// An Ethernet header.
#[derive(Clone, Copy, Debug)]
pub struct Ethernet<'a> {
    dst: &'a [u8; 6],
    src: &'a [u8; 6],
    ether_type: &'a [u8; 2],
}

impl<'a> Ethernet<'a> {
    /// Views the header at the front of `bytes`.
    #[inline]
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Reason> {
        // One check of the length; the others are known to hold then.
        let bytes: &[u8; HEADER_LEN] = bytes.first_chunk().ok_or(Reason::Truncated)?;
        let (dst, rest) = bytes.split_first_chunk().ok_or(Reason::Truncated)?;
        let (src, rest) = rest.split_first_chunk().ok_or(Reason::Truncated)?;
        let ether_type = rest.first_chunk().ok_or(Reason::Truncated)?;
        Ok(Self { dst, src, ether_type })
    }

    /// Destination hardware address.
    pub fn dst(&self) -> [u8; 6] {
        *self.dst
    }

    /// Source hardware address.
    pub fn src(&self) -> [u8; 6] {
        *self.src
    }

    /// `EtherType`, or up to 1500 the length of an IEEE 802.3 frame.
    #[inline]
    pub fn ether_type(&self) -> EtherType {
        EtherType(u16::from_be_bytes(*self.ether_type))
    }

    /// Length of the header.
    pub const LEN: usize = HEADER_LEN;

    /// Where the source address is, from the first byte of the header.
    pub const SRC_AT: usize = 6;
}

/// What an Ethernet header, a VLAN tag, GRE and others say follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EtherType(pub u16);

impl EtherType {
    /// IPv4.
    pub const IPV4: Self = Self(0x0800);
    /// ARP.
    pub const ARP: Self = Self(0x0806);
    /// Reverse ARP.
    pub const RARP: Self = Self(0x8035);
    /// An Ethernet frame (transparent bridging, in GRE and Geneve).
    pub const BRIDGED: Self = Self(0x6558);
    /// IEEE 802.1Q tag.
    pub const VLAN: Self = Self(0x8100);
    /// IEEE 802.1ad service tag.
    pub const SERVICE_VLAN: Self = Self(0x88a8);
    /// Service tag before 802.1ad.
    pub const OLD_SERVICE_VLAN: Self = Self(0x9100);
    /// IPv6.
    pub const IPV6: Self = Self(0x86dd);
    /// PPP, in GRE.
    pub const PPP: Self = Self(0x880b);
    /// MPLS.
    pub const MPLS: Self = Self(0x8847);
    /// MPLS with an upstream-assigned label.
    pub const MPLS_UPSTREAM: Self = Self(0x8848);
    /// `PPPoE` discovery.
    pub const PPPOE_DISCOVERY: Self = Self(0x8863);
    /// `PPPoE` session.
    pub const PPPOE: Self = Self(0x8864);
    /// Redirected IPv4 (WCCP), in GRE.
    pub const WCCP: Self = Self(0x883e);
    /// Frame relay, in GRE.
    pub const FRAME_RELAY: Self = Self(0x6559);
    /// ERSPAN types I and II, in GRE.
    pub const ERSPAN: Self = Self(0x88be);
    /// ERSPAN type III, in GRE.
    pub const ERSPAN_III: Self = Self(0x22eb);

    /// IEEE 802.1ah I-tag, an Ethernet frame after it.
    pub const ITAG: Self = Self(0x88e7);
    /// Cisco `FabricPath` tag, an Ethernet frame after it.
    pub const FABRIC_PATH: Self = Self(0x8903);
    /// Cisco metadata.
    pub const METADATA: Self = Self(0x8909);
    /// Cisco `VNTag`.
    pub const VNTAG: Self = Self(0x8926);
    /// Link aggregation control and its kin.
    pub const SLOW_PROTOCOLS: Self = Self(0x8809);
    /// Port-based access control.
    pub const EAPOL: Self = Self(0x888e);
    /// Link layer discovery.
    pub const LLDP: Self = Self(0x88cc);
    /// A tag of a redundant ring (HSR).
    pub const HSR: Self = Self(0x892f);
    /// IEEE 802.1BR E-tag.
    pub const ETAG: Self = Self(0x893f);
    /// IEEE 802.1CB redundancy tag.
    pub const RTAG: Self = Self(0xf1c1);
    /// The mesh of batman-adv.
    pub const BATMAN: Self = Self(0x4305);
    /// `MACsec`.
    pub const MACSEC: Self = Self(0x88e5);
    /// Network service header.
    pub const NSH: Self = Self(0x894f);

    /// The length of an IEEE 802.3 frame, if it is one and no type.
    #[inline]
    pub fn length(self) -> Option<usize> {
        (self.0 <= LENGTH_MAX).then_some(self.0 as usize)
    }

    /// Whether a VLAN tag follows.
    #[inline]
    pub fn is_vlan(self) -> bool {
        matches!(self, Self::VLAN | Self::SERVICE_VLAN | Self::OLD_SERVICE_VLAN)
    }

    /// Whether this is, in GRE, one of the numbers by which Aruba's access points tell tunnels of
    /// 802.11 frames apart.
    pub(crate) fn is_aruba(self) -> bool {
        (0x8200..=0x8370).contains(&self.0) && self.0.is_multiple_of(16)
    }

    /// Whether this is a type that frames in a tunnel have, other than IP and VLAN tags.
    pub(crate) fn is_common(self) -> bool {
        matches!(
            self,
            Self::ARP
                | Self::RARP
                | Self::MPLS
                | Self::MPLS_UPSTREAM
                | Self::PPPOE_DISCOVERY
                | Self::PPPOE
                | Self::NSH
                | Self::SLOW_PROTOCOLS
                | Self::EAPOL
                | Self::LLDP
        )
    }
}

const HEADER_LEN: usize = 14;
// IEEE 802.3-2018 3.2.6: 1501 to 1535 are neither.
const LENGTH_MAX: u16 = 1500;

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: [u8; 15] = [0x02, 1, 2, 3, 4, 5, 0x06, 7, 8, 9, 10, 11, 0x86, 0xdd, 0x60];

    #[test]
    fn fields() {
        let ethernet = Ethernet::parse(&FRAME).unwrap();
        assert_eq!(ethernet.dst(), [2, 1, 2, 3, 4, 5]);
        assert_eq!(ethernet.src(), [6, 7, 8, 9, 10, 11]);
        assert_eq!(ethernet.ether_type(), EtherType::IPV6);
    }

    #[test]
    fn every_truncated_prefix_is_refused() {
        for len in 0..Ethernet::LEN {
            assert_eq!(Ethernet::parse(&FRAME[..len]).unwrap_err(), Reason::Truncated);
        }
    }

    #[test]
    fn a_type_below_1501_is_a_length() {
        assert_eq!(EtherType(1500).length(), Some(1500));
        assert_eq!(EtherType(1501).length(), None);
        assert_eq!(EtherType(0x0800).length(), None);
    }
}
