//! The IANA protocol numbers that [`decode`](crate::decode) tells apart.

pub(crate) const HOP_BY_HOP: u8 = 0;
pub(crate) const ICMP: u8 = 1;
pub(crate) const IGMP: u8 = 2;
pub(crate) const IPV4: u8 = 4;
pub(crate) const TCP: u8 = 6;
pub(crate) const UDP: u8 = 17;
pub(crate) const DCCP: u8 = 33;
pub(crate) const IPV6: u8 = 41;
pub(crate) const ROUTING: u8 = 43;
pub(crate) const FRAGMENT: u8 = 44;
pub(crate) const GRE: u8 = 47;
pub(crate) const ESP: u8 = 50;
pub(crate) const AH: u8 = 51;
pub(crate) const ICMP6: u8 = 58;
pub(crate) const NO_NEXT_HEADER: u8 = 59;
pub(crate) const DESTINATION_OPTIONS: u8 = 60;
pub(crate) const ETHERIP: u8 = 97;
pub(crate) const PIM: u8 = 103;
pub(crate) const SCTP: u8 = 132;
pub(crate) const MOBILITY: u8 = 135;
pub(crate) const UDP_LITE: u8 = 136;
pub(crate) const MPLS: u8 = 137;
pub(crate) const HIP: u8 = 139;
pub(crate) const SHIM6: u8 = 140;
/// An Ethernet frame, of segment routing (RFC 8986, section 10.1).
pub(crate) const ETHERNET: u8 = 143;
