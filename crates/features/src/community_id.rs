//! Community ID version 1: a hash of the 5-tuple that other tools compute alike.
//!
//! Source: the specification "Community ID Flow Hashing" of Corelight, version 1.0, seed 0.

use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flowloom_schema::{Column, Record, Series, record};
use flowloom_wire::protocol;
use sha1::{Digest, Sha1};

use crate::family::{Family, FlowRow, Needs};

/// The Community ID of each flow; a family of its own, because it costs more than all of `core`.
pub(crate) struct CommunityIdFamily;

impl Family for CommunityIdFamily {
    fn columns(&self) -> Vec<Column> {
        CommunityId::columns()
    }

    fn needs(&self) -> Needs {
        Needs::default()
    }

    fn append(&self, row: &FlowRow<'_>, series: &mut [Series]) {
        CommunityId::push_all(&[CommunityId { community_id: community_id(row) }], series);
    }
}

record! {
    /// What other tools call the flow.
    pub struct CommunityId in "core" since "0.1" over "all packets of the flow" {
        /// Community ID, version 1 with seed 0, of the innermost addresses and ports.
        community_id: String [None, Identity],
    }
}

fn community_id(row: &FlowRow<'_>) -> String {
    let flow = &row.ended.flow;
    let key = &flow.key;
    let [src, dst] = row.ips;
    let ports = match (key.protocol(), key.ports(), key.icmp()) {
        (protocol::TCP | protocol::UDP | protocol::SCTP, Some((a, b)), _) => {
            Some(if flow.initiator_is_b { (b, a, true) } else { (a, b, true) })
        }
        (_, _, Some((type_code, _))) => Some(icmp_ports(key.ip_version(), type_code)),
        _ => None,
    };
    // The smaller end goes first, where both directions are to have the same hash.
    let (first, second, ports) = match ports {
        Some((own, other, true)) if (dst, other) < (src, own) => (dst, src, Some((other, own))),
        Some((own, other, _)) => (src, dst, Some((own, other))),
        None => (src.min(dst), src.max(dst), None),
    };
    let mut hash = Sha1::new();
    hash.update([0, 0]);
    for address in [first, second] {
        match address {
            IpAddr::V4(v4) => hash.update(v4.octets()),
            IpAddr::V6(v6) => hash.update(v6.octets()),
        }
    }
    hash.update([key.protocol(), 0]);
    if let Some((first, second)) = ports {
        hash.update(first.to_be_bytes());
        hash.update(second.to_be_bytes());
    }
    let mut id = String::with_capacity(ID_LEN);
    id.push_str("1:");
    STANDARD.encode_string(hash.finalize(), &mut id);
    id
}

/// What stands for the ports of an ICMP message: its type and the type that answers it, which are
/// ordered as ports are; or, when nothing answers it, type and code as they are.
fn icmp_ports(ip_version: u8, type_code: u16) -> (u16, u16, bool) {
    let kind = type_code >> 8;
    let pairs = if ip_version == 4 { ICMP_ANSWERS } else { ICMP6_ANSWERS };
    for (question, answer) in pairs {
        if kind == *question {
            return (*question, *answer, true);
        }
        if kind == *answer {
            return (*answer, *question, true);
        }
    }
    (kind, type_code & 0xff, false)
}

/// The version, and 20 bytes in Base64.
const ID_LEN: usize = 30;
/// Echo, timestamp, information, router solicitation, address mask.
const ICMP_ANSWERS: &[(u16, u16)] = &[(8, 0), (13, 14), (15, 16), (10, 9), (17, 18)];
/// Echo, listener query, router and neighbour solicitation, node information, home agent discovery.
const ICMP6_ANSWERS: &[(u16, u16)] =
    &[(128, 129), (130, 131), (133, 134), (135, 136), (139, 140), (144, 145)];
