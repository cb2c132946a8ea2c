//! TLS 1.0 to 1.3 (RFC 8446, RFC 5246), SSL 2.0 and 3.0 hellos, DTLS (RFC 9147, RFC 6347): who was
//! spoken to, and how.

mod certificate;
mod chain;
mod columns;
mod der;
mod dtls;
mod events;
mod fingerprint;
mod found;
mod handshake;
mod hello;
mod inner_dns;
mod names;
mod records;
mod sslv2;

use crate::{Match, Opening, Protocol, StreamParser, Transport, Want, Wants};

pub use chain::{ChainCertificate, ChainColumns};
pub use columns::TlsColumns;
pub use dtls::DtlsProtocol;
pub(crate) use events::{CERTIFICATES, RECORDS};
pub use found::{Alert, Carrier, Certificate, ClientHello, Ech, EchKind, Record, ServerHello, Tls};
pub(crate) use handshake::Handshake;
pub use inner_dns::InnerDns;

/// TLS over TCP, on any port.
#[derive(Debug)]
pub struct TlsProtocol;

impl Protocol for TlsProtocol {
    fn name(&self) -> &'static str {
        "tls"
    }

    fn ports(&self, transport: Transport) -> &[u16] {
        match transport {
            Transport::Tcp => &[443, 465, 563, 636, 853, 989, 990, 992, 993, 995, 5061, 8443],
            Transport::Udp => &[],
        }
    }

    fn probe(&self, opening: &Opening<'_>) -> Match {
        match opening.transport {
            Transport::Tcp => records::probe(opening.bytes),
            Transport::Udp => Match::No,
        }
    }

    fn stream(&self, wants: Wants) -> Option<Box<dyn StreamParser>> {
        wants.has_any(&WANTS).then(|| Box::new(records::RecordParser::new()) as _)
    }
}

const WANTS: [Want; 4] = [Want::Application, Want::Tls, Want::TlsRecords, Want::Certificates];

#[cfg(test)]
mod tests;
