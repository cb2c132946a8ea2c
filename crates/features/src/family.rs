//! What a family of columns is. Which there are is in `sets`.

use std::fmt::Debug;
use std::net::IpAddr;

use flowloom_flow::{Ended, FlowKey};
use flowloom_protocols::{Findings, Registry, Transport, Wants};
use flowloom_schema::{Column, Mac, Series};
use flowloom_wire::protocol;

use crate::kept::Kept;

/// Some columns that are computed together from a finished flow.
pub trait Family: Send + Sync {
    /// The columns, in order.
    fn columns(&self) -> Vec<Column>;

    /// What must be kept of the flow's packets.
    fn needs(&self) -> Needs;

    /// Appends a flow: one value to each of `series`, which are as `columns` says.
    fn append(&self, row: &FlowRow<'_>, series: &mut [Series]);

    /// Appends some flows.
    fn append_all(&self, rows: &[FlowRow<'_>], series: &mut [Series]) {
        for row in rows {
            self.append(row, series);
        }
    }
}

/// A finished flow on its way to becoming a row.
#[derive(Clone, Copy, Debug)]
pub struct FlowRow<'a> {
    /// The flow.
    pub ended: &'a Ended<Kept>,
    /// Name of the capture it came from.
    pub capture: &'a str,
    /// Addresses of the initiator and of the other side, as they are to be shown: families show
    /// no others.
    pub ips: [IpAddr; 2],
    /// Hardware addresses of the two sides, as they are to be shown.
    pub macs: [Option<Mac>; 2],
    /// The protocol that is usual at the flow's ports, where ports alone are to tell.
    pub by_port: Option<&'a str>,
}

/// Puts other addresses in the place of those that identify machines.
pub trait Anonymize: Debug + Send + Sync {
    /// What stands for an address; one of the same version.
    fn ip(&self, address: IpAddr) -> IpAddr;

    /// What stands for a hardware address.
    fn mac(&self, address: Mac) -> Mac;
}

impl<'a> FlowRow<'a> {
    pub(crate) fn new(
        ended: &'a Ended<Kept>,
        capture: &'a str,
        anonymize: Option<&dyn Anonymize>,
        ports: Option<&'a Registry>,
    ) -> Self {
        let (flow, key) = (&ended.flow, &ended.flow.key);
        let ends = if flow.initiator_is_b { [key.b(), key.a()] } else { [key.a(), key.b()] };
        let ips = ends.map(|address| address.to_ip(key.ip_version()));
        let macs = flow.first.macs.map(|address| address.map(Mac));
        let by_port = ports.and_then(|registry| usual(registry, key));
        match anonymize {
            None => Self { ended, capture, ips, macs, by_port },
            Some(by) => Self {
                ended,
                capture,
                ips: ips.map(|address| by.ip(address)),
                macs: [0, 1].map(|side| macs[side].map(|address| own_mac(by, address, ips[side]))),
                by_port,
            },
        }
    }
}

impl FlowRow<'_> {
    /// What was found in what the flow says.
    pub fn findings(&self) -> Option<&Findings> {
        self.ended.flow.keep.findings()
    }
}

/// What stands for the hardware address of a side: that of an IP group follows the group.
fn own_mac(by: &dyn Anonymize, address: Mac, ip: IpAddr) -> Mac {
    if ip.is_multicast() && address == group_mac(ip) {
        group_mac(by.ip(ip))
    } else {
        by.mac(address)
    }
}

/// The hardware address of an IP group.
pub fn group_mac(group: IpAddr) -> Mac {
    match group {
        IpAddr::V4(v4) => {
            let [_, a, b, c] = v4.octets();
            Mac([0x01, 0x00, 0x5e, a & 0x7f, b, c])
        }
        IpAddr::V6(v6) => {
            let [.., a, b, c, d] = v6.octets();
            Mac([0x33, 0x33, a, b, c, d])
        }
    }
}

/// The protocol that is usual at the ports of a key.
fn usual<'r>(registry: &'r Registry, key: &FlowKey) -> Option<&'r str> {
    let transport = match key.protocol() {
        protocol::TCP => Transport::Tcp,
        protocol::UDP => Transport::Udp,
        _ => return None,
    };
    let (a, b) = key.ports()?;
    // The lower port is the server's more often than not.
    let protocol = registry.by_port(transport, [a.max(b), a.min(b)])?;
    Some(protocol.name())
}

/// What must be kept of a flow's packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is needed, or not, for itself")]
pub struct Needs {
    /// The first packets, one by one.
    pub sequences: bool,
    /// The distribution of all packets.
    pub statistics: bool,
    /// What the first of them hold, byte for byte.
    pub bytes: bool,
    /// Where their frames are.
    pub frames: bool,
    /// What they say.
    pub said: Wants,
}

impl Needs {
    /// What either needs.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            sequences: self.sequences || other.sequences,
            statistics: self.statistics || other.statistics,
            bytes: self.bytes || other.bytes,
            frames: self.frames || other.frames,
            said: self.said.or(other.said),
        }
    }
}

/// How lengths in sequences are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Signs {
    /// As they are; `directions` says which way.
    #[default]
    Unsigned,
    /// Positive up, negative down, as the reference systems have them.
    Signed,
}
