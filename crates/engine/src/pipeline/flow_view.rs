//! A finished flow as filters ask of it.

use flowloom_features::Kept;
use flowloom_filter::{FlowView, Value, Word};
use flowloom_flow::Flow;
use flowloom_schema::Batch;
use flowloom_wire::{Address, Vlan};

use crate::words::Words;

/// A flow that has ended.
pub(crate) struct FinishedFlow<'a> {
    pub(crate) flow: &'a Flow<Kept>,
    /// The words of the filter with the values of some flows, and which row this one is.
    pub(crate) words: Option<(&'a Words, &'a Batch, usize)>,
}

impl FlowView for FinishedFlow<'_> {
    fn ip_version(&self) -> u8 {
        self.flow.key.ip_version()
    }

    fn src(&self) -> Address {
        if self.flow.initiator_is_b { self.flow.key.b() } else { self.flow.key.a() }
    }

    fn dst(&self) -> Address {
        if self.flow.initiator_is_b { self.flow.key.a() } else { self.flow.key.b() }
    }

    fn ports(&self) -> Option<(u16, u16)> {
        let (a, b) = self.flow.key.ports()?;
        Some(if self.flow.initiator_is_b { (b, a) } else { (a, b) })
    }

    fn protocol(&self) -> u8 {
        self.flow.key.protocol()
    }

    fn vlans(&self) -> [Vlan; 2] {
        self.flow.key.vlans().map(|id| id.map_or(Vlan::default(), Vlan::from_tci))
    }

    fn any(&self, word: &Word, is: &mut dyn FnMut(Value<'_>) -> bool) -> bool {
        let findings = self.flow.keep.findings();
        self.words.is_some_and(|(words, values, row)| words.any((values, row), findings, word, is))
    }
}
