//! A finished flow as filters ask of it.

use std::net::IpAddr;

use flowloom_features::PacketLog;
use flowloom_filter::{FlowView, Value, Word};
use flowloom_flow::Flow;

/// A flow that has ended.
pub(crate) struct FinishedFlow<'a>(pub(crate) &'a Flow<PacketLog>);

impl FlowView for FinishedFlow<'_> {
    fn src(&self) -> IpAddr {
        self.address(self.0.initiator_is_b)
    }

    fn dst(&self) -> IpAddr {
        self.address(!self.0.initiator_is_b)
    }

    fn ports(&self) -> Option<(u16, u16)> {
        let (a, b) = self.0.key.ports()?;
        Some(if self.0.initiator_is_b { (b, a) } else { (a, b) })
    }

    fn protocol(&self) -> u8 {
        self.0.key.protocol()
    }

    fn vlans(&self) -> [Option<u16>; 2] {
        self.0.key.vlans()
    }

    /// No family has flow words yet: they come with the protocols.
    fn field(&self, _: &Word) -> Option<Value<'_>> {
        None
    }
}

impl FinishedFlow<'_> {
    fn address(&self, of_b: bool) -> IpAddr {
        let key = &self.0.key;
        if of_b { key.b() } else { key.a() }.to_ip(key.ip_version())
    }
}
