//! The protocols there are.

use std::sync::{Arc, OnceLock};

use crate::declared::{DeclaredField, Library};
use crate::{Protocol, Transport, dhcp, dns, http, named, openvpn, quic, ssh, starttls, tls};

/// All protocols of a run: those in this crate, and those that were declared.
#[derive(Clone, Debug)]
pub struct Registry {
    /// Made when it is first asked for: a run that parses nothing does not read definitions.
    known: OnceLock<Known>,
    /// What is declared, unless it is what is shipped.
    library: Option<Library>,
    has_own: bool,
}

#[derive(Clone, Debug)]
struct Known {
    protocols: Vec<Arc<dyn Protocol>>,
    /// The first protocol at each port, in order of port, over TCP and over UDP.
    at_ports: [Vec<(u16, usize)>; 2],
}

impl Registry {
    /// The protocols in this crate, declared ones among them.
    pub fn new() -> Self {
        Self { known: OnceLock::new(), library: None, has_own: false }
    }

    /// The protocols in this crate, and those in a library. What a user has declared is asked first,
    /// what is shipped last.
    pub fn with(library: &Library) -> Self {
        let has_own = library.protocols().any(|protocol| protocol.is_own());
        let known = Known::new(beside_built_in(library)).into();
        Self { known, library: Some(library.clone()), has_own }
    }

    /// Just these.
    #[cfg(test)]
    pub(crate) fn of(protocols: Vec<Arc<dyn Protocol>>) -> Self {
        Self { known: Known::new(protocols).into(), library: None, has_own: false }
    }

    /// All of them; the first that recognises a flow has it.
    pub fn all(&self) -> &[Arc<dyn Protocol>] {
        &self.known().protocols
    }

    /// What is declared.
    pub fn library(&self) -> &Library {
        self.library.as_ref().unwrap_or_else(|| Library::shipped())
    }

    /// Whether the user has declared some of them.
    pub fn has_own(&self) -> bool {
        self.has_own
    }

    /// The fields of declared protocols, as `ntp.stratum`.
    pub fn declared_fields(&self) -> impl Iterator<Item = (&str, &DeclaredField)> {
        self.all()
            .iter()
            .flat_map(|protocol| protocol.fields().iter().map(|field| (protocol.name(), field)))
    }

    /// The protocol that is usually found at one of two ports: the other side's comes first.
    pub fn by_port(&self, transport: Transport, ports: [u16; 2]) -> Option<&Arc<dyn Protocol>> {
        let [initiator, other] = ports;
        let known = self.known();
        let at_ports = &known.at_ports[transport as usize];
        let at = |port| at_ports.binary_search_by_key(&port, |(port, _)| *port).ok();
        let at = at(other).or_else(|| at(initiator))?;
        at_ports.get(at).and_then(|(_, protocol)| known.protocols.get(*protocol))
    }

    fn known(&self) -> &Known {
        self.known.get_or_init(|| Known::new(beside_built_in(Library::shipped())))
    }
}

impl Known {
    fn new(protocols: Vec<Arc<dyn Protocol>>) -> Self {
        let at_ports = [Transport::Tcp, Transport::Udp].map(|transport| {
            let numbered = protocols.iter().enumerate();
            let mut ports = numbered
                .flat_map(|(at, protocol)| protocol.ports(transport).iter().map(move |p| (*p, at)))
                .collect::<Vec<_>>();
            ports.sort_unstable();
            ports.dedup_by_key(|(port, _)| *port);
            ports
        });
        Self { protocols, at_ports }
    }
}

impl Default for Registry {
    fn default() -> Self {
        Self::new()
    }
}

/// What a library declares, and what is in this crate.
fn beside_built_in(library: &Library) -> Vec<Arc<dyn Protocol>> {
    let (own, shipped): (Vec<_>, Vec<_>) =
        library.protocols().cloned().partition(|protocol| protocol.is_own());
    let mut protocols: Vec<Arc<dyn Protocol>> = Vec::new();
    protocols.extend(own.into_iter().map(|protocol| protocol as _));
    // A definition tells more than a name: it takes the place of what has the same name.
    let is_declared = |name: &str| library.protocols().any(|known| known.name() == name);
    protocols.extend(built_in().into_iter().filter(|protocol| !is_declared(protocol.name())));
    protocols.extend(shipped.into_iter().map(|protocol| protocol as _));
    protocols
}

fn built_in() -> Vec<Arc<dyn Protocol>> {
    let mut protocols: Vec<Arc<dyn Protocol>> = vec![
        Arc::new(tls::TlsProtocol),
        Arc::new(tls::DtlsProtocol),
        Arc::new(quic::QuicProtocol),
        Arc::new(ssh::SshProtocol),
        Arc::new(http::HttpProtocol),
        Arc::new(http::Http2Protocol),
        Arc::new(http::WebsocketProtocol),
        Arc::new(http::SsdpProtocol),
        Arc::new(dhcp::DhcpProtocol),
        Arc::new(dhcp::Dhcpv6Protocol),
    ];
    protocols.extend(dns::App::ALL.map(|app| Arc::new(dns::DnsProtocol(app)) as _));
    protocols.extend(starttls::protocols());
    protocols.push(Arc::new(openvpn::OpenvpnProtocol));
    protocols.extend(named::protocols());
    protocols
}
