//! The columns of the set `icmp`.

use std::net::IpAddr;

use flowloom_schema::{Mac, record};

use crate::Findings;

record! {
    /// What the messages of ICMP and IGMP speak of.
    pub struct IcmpColumns in "icmp" since "0.1" over "all ICMP, ICMPv6 and IGMP messages of the flow; of each thing the first" {
        /// Identifier of echoes, timestamps, information and masks (RFC 792; RFC 4443, section 4.1).
        icmp_id: Option<u16> [None, Identity],
        /// Sequence number of the first request or reply.
        icmp_seq_first: Option<u16> [None, Feature],
        /// Sequence number of the last request or reply.
        icmp_seq_last: Option<u16> [None, Feature],
        /// Time from the first request to the reply with its sequence number.
        icmp_rtt: Option<f64> [Seconds, Feature],
        /// Source of the packet that an error is about.
        icmp_error_src: Option<IpAddr> [None, Identity],
        /// Destination of the packet that an error is about.
        icmp_error_dst: Option<IpAddr> [None, Identity],
        /// What that packet carried: a protocol number.
        icmp_error_protocol: Option<u8> [None, Feature],
        /// Source port of that packet; null where it had none, or the error is too short.
        icmp_error_src_port: Option<u16> [None, Identity],
        /// Destination port of that packet; null likewise.
        icmp_error_dst_port: Option<u16> [None, Identity],
        /// MTU that an error tells (RFC 1191, section 4; RFC 4443, section 3.2), or that a router advertises (RFC 4861, section 4.6.4).
        icmp_mtu: Option<i64> [Bytes, Feature],
        /// Router or neighbour that a redirect points to (RFC 792; RFC 4861, section 4.5).
        icmp_gateway: Option<IpAddr> [None, Identity],
        /// Target of a neighbour solicitation or advertisement (RFC 4861, sections 4.3 and 4.4).
        icmp_nd_target: Option<IpAddr> [None, Identity],
        /// Hardware address in an option of neighbour discovery (RFC 4861, section 4.6.1).
        icmp_nd_mac: Option<Mac> [None, Identity],
        /// Prefix that a router advertises, as `2001:db8::/64` (RFC 4861, section 4.6.2).
        icmp_ra_prefix: Option<String> [None, Identity],
        /// IGMP type: 17 query, 18, 22 and 34 reports of versions 1, 2 and 3, 23 leave (RFC 3376, section 4).
        igmp_type: Option<u8> [None, Feature],
        /// IGMP version, of a query by its length (RFC 3376, section 7.1).
        igmp_version: Option<u8> [None, Feature],
        /// Groups that messages of IGMP and MLD name, each once, up to 64.
        igmp_groups: Option<Vec<IpAddr>> [None, Identity],
    }
}

impl IcmpColumns {
    /// The columns of a flow.
    pub fn of(findings: Option<&Findings>) -> Self {
        let icmp = findings.and_then(|findings| findings.icmp.as_deref());
        let sequence = icmp.and_then(|icmp| icmp.sequence);
        let quoted = icmp.and_then(|icmp| icmp.quoted);
        let ports = quoted.and_then(|quoted| quoted.ports);
        let request = icmp.and_then(|icmp| icmp.request);
        let replied = icmp.and_then(|icmp| icmp.replied);
        let rtt = request
            .zip(replied)
            .map(|((_, asked), replied)| replied.saturating_sub(asked) as f64 / 1e9);
        let prefix = icmp.and_then(|icmp| icmp.prefix);
        let igmp = icmp.and_then(|icmp| icmp.igmp);
        let groups = icmp.map(|icmp| icmp.groups.clone()).filter(|groups| !groups.is_empty());
        Self {
            icmp_id: icmp.and_then(|icmp| icmp.id),
            icmp_seq_first: sequence.map(|[first, _]| first),
            icmp_seq_last: sequence.map(|[_, last]| last),
            icmp_rtt: rtt,
            icmp_error_src: quoted.map(|quoted| quoted.source),
            icmp_error_dst: quoted.map(|quoted| quoted.destination),
            icmp_error_protocol: quoted.map(|quoted| quoted.protocol),
            icmp_error_src_port: ports.map(|[source, _]| source),
            icmp_error_dst_port: ports.map(|[_, destination]| destination),
            icmp_mtu: icmp.and_then(|icmp| icmp.mtu).map(i64::from),
            icmp_gateway: icmp.and_then(|icmp| icmp.gateway),
            icmp_nd_target: icmp.and_then(|icmp| icmp.nd_target).map(IpAddr::V6),
            icmp_nd_mac: icmp.and_then(|icmp| icmp.nd_mac),
            icmp_ra_prefix: prefix.map(|(prefix, len)| format!("{prefix}/{len}")),
            igmp_type: igmp.map(|(kind, _)| kind),
            igmp_version: igmp.map(|(_, version)| version),
            igmp_groups: groups,
        }
    }
}
