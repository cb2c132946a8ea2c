//! A finished flow as filters ask of it.

use flowloom_features::Kept;
use flowloom_filter::{FlowView, Value, Word};
use flowloom_flow::Flow;
use flowloom_wire::{Address, Vlan};

/// A flow that has ended.
pub(crate) struct FinishedFlow<'a>(pub(crate) &'a Flow<Kept>);

impl FlowView for FinishedFlow<'_> {
    fn ip_version(&self) -> u8 {
        self.0.key.ip_version()
    }

    fn src(&self) -> Address {
        if self.0.initiator_is_b { self.0.key.b() } else { self.0.key.a() }
    }

    fn dst(&self) -> Address {
        if self.0.initiator_is_b { self.0.key.a() } else { self.0.key.b() }
    }

    fn ports(&self) -> Option<(u16, u16)> {
        let (a, b) = self.0.key.ports()?;
        Some(if self.0.initiator_is_b { (b, a) } else { (a, b) })
    }

    fn protocol(&self) -> u8 {
        self.0.key.protocol()
    }

    fn vlans(&self) -> [Vlan; 2] {
        self.0.key.vlans().map(|id| id.map_or(Vlan::default(), Vlan::from_tci))
    }

    /// No family has flow words yet: they come with the protocols.
    fn field(&self, _: &Word) -> Option<Value<'_>> {
        None
    }
}
