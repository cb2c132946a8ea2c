//! A flow as the takers of streams know it.

use std::net::IpAddr;

use flowloom_features::Kept;
use flowloom_flow::Ended;
use serde::Serialize;

/// The flow that something was taken out of.
#[derive(Clone, Debug, Serialize)]
pub struct StreamFlow {
    /// The capture, as it was named.
    pub capture: String,
    /// Number of its first frame.
    pub flow_id: u64,
    /// IP protocol number.
    pub protocol: u8,
    /// Address of the initiator.
    pub src_ip: IpAddr,
    /// Port of the initiator.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub src_port: Option<u16>,
    /// Address of the other side.
    pub dst_ip: IpAddr,
    /// Port of the other side.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dst_port: Option<u16>,
    /// Number of the capture among those that are read, from 1, if there are several.
    #[serde(skip)]
    pub(crate) capture_number: Option<usize>,
    /// Time of its first packet.
    #[serde(skip)]
    pub(crate) start: i64,
}

impl StreamFlow {
    pub(crate) fn of(ended: &Ended<Kept>, capture: &str, capture_number: Option<usize>) -> Self {
        let (flow, key) = (&ended.flow, &ended.flow.key);
        let mut ips = [key.a(), key.b()].map(|address| address.to_ip(key.ip_version()));
        let mut ports = key.ports().map_or([None; 2], |(a, b)| [Some(a), Some(b)]);
        if flow.initiator_is_b {
            ips.reverse();
            ports.reverse();
        }
        Self {
            capture: capture.into(),
            flow_id: flow.first.frame,
            protocol: key.protocol(),
            src_ip: ips[0],
            src_port: ports[0],
            dst_ip: ips[1],
            dst_port: ports[1],
            capture_number,
            start: flow.first.time,
        }
    }

    /// The protocol's name, where one is usual.
    pub(crate) fn protocol_name(&self) -> String {
        match self.protocol {
            6 => "tcp".into(),
            17 => "udp".into(),
            136 => "udplite".into(),
            number => format!("ip{number}"),
        }
    }

    /// What its files are called, less what tells them apart: nothing in it but letters, digits,
    /// dots, hyphens and underscores, and no dot at the front.
    pub(crate) fn file_stem(&self) -> String {
        let end = |ip: IpAddr, port: Option<u16>| {
            let ip = ip.to_string().replace(':', ".");
            port.map_or(ip.clone(), |port| format!("{ip}-{port}"))
        };
        let (src, dst) = (end(self.src_ip, self.src_port), end(self.dst_ip, self.dst_port));
        let capture = self.capture_number.map_or(String::new(), |number| format!("c{number}_"));
        format!("{capture}flow-{}_{}_{src}_{dst}", self.flow_id, self.protocol_name())
    }
}
