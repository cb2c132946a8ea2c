//! The protocols there are.

use std::sync::Arc;

use crate::{Protocol, Transport, named, ssh, starttls, tls};

/// All protocols of a run: those in this crate, and those that were declared.
#[derive(Clone, Debug)]
pub struct Registry {
    protocols: Vec<Arc<dyn Protocol>>,
}

impl Registry {
    /// The protocols in this crate.
    pub fn new() -> Self {
        let mut protocols: Vec<Arc<dyn Protocol>> =
            vec![Arc::new(tls::TlsProtocol), Arc::new(ssh::SshProtocol)];
        protocols.extend(starttls::protocols());
        protocols.extend(named::protocols());
        Self { protocols }
    }

    /// All of them; the first that recognises a flow has it.
    pub fn all(&self) -> &[Arc<dyn Protocol>] {
        &self.protocols
    }

    /// The protocol that is usually found at one of two ports: the other side's comes first.
    pub fn by_port(&self, transport: Transport, ports: [u16; 2]) -> Option<&Arc<dyn Protocol>> {
        let [initiator, other] = ports;
        [other, initiator].into_iter().find_map(|port| {
            self.protocols.iter().find(|protocol| protocol.ports(transport).contains(&port))
        })
    }
}

impl Default for Registry {
    fn default() -> Self {
        Self::new()
    }
}
