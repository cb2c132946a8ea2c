//! What a family of columns is. Which there are is in `sets`.

use std::fmt::Debug;
use std::net::IpAddr;

use flowloom_flow::Ended;
use flowloom_schema::{Column, Mac, Series};

use crate::log::PacketLog;

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
    pub ended: &'a Ended<PacketLog>,
    /// Name of the capture it came from.
    pub capture: &'a str,
    /// Addresses of the initiator and of the other side, as they are to be shown: families show
    /// no others.
    pub ips: [IpAddr; 2],
    /// Hardware addresses of the two sides, as they are to be shown.
    pub macs: [Option<Mac>; 2],
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
        ended: &'a Ended<PacketLog>,
        capture: &'a str,
        anonymize: Option<&dyn Anonymize>,
    ) -> Self {
        let (flow, key) = (&ended.flow, &ended.flow.key);
        let ends = if flow.initiator_is_b { [key.b(), key.a()] } else { [key.a(), key.b()] };
        let ips = ends.map(|address| address.to_ip(key.ip_version()));
        let macs = flow.first.macs.map(|address| address.map(Mac));
        match anonymize {
            None => Self { ended, capture, ips, macs },
            Some(by) => Self {
                ended,
                capture,
                ips: ips.map(|address| by.ip(address)),
                macs: macs.map(|address| address.map(|address| by.mac(address))),
            },
        }
    }
}

/// What must be kept of a flow's packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// The first packets, one by one.
    pub sequences: bool,
    /// The distribution of all packets.
    pub statistics: bool,
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
