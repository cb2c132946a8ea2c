//! The columns of the set `certificate_chain`.

use std::net::IpAddr;

use flowloom_schema::record;

use super::certificate::serial_text;
use super::found::{Certificate, Tls};
use crate::text::hex;
use crate::{Findings, WireText};

record! {
    /// What the certificates of a TLS handshake told.
    pub struct ChainColumns<'a> in "certificate_chain" since "0.1" over "the TLS handshake of the flow, as far as it is in the clear" {
        /// The certificates that the server sent in the clear, its own first; null if it sent none.
        tls_certificates: Option<Vec<ChainCertificate<'a>>> [None, Identity],
    }
}

record! {
    /// A certificate (RFC 5280).
    pub struct ChainCertificate<'a> in "certificate_chain" since "0.1" over "certificates sent in the clear" {
        /// SHA-256 of its DER, in hexadecimal.
        sha256: String [None, Identity],
        /// Subject, as RFC 4514 writes it.
        subject: &'a str [None, Identity],
        /// Issuer, as RFC 4514 writes it.
        issuer: &'a str [None, Identity],
        /// Serial number in hexadecimal, as it is encoded.
        serial: String [None, Identity],
        /// Beginning of its validity, in seconds since the epoch.
        not_before: Option<i64> [Seconds, Feature],
        /// End of its validity, in seconds since the epoch.
        not_after: Option<i64> [Seconds, Feature],
        /// DNS names among its alternative names (RFC 5280, section 4.2.1.6).
        san_dns: Vec<&'a str> [None, Identity],
        /// IP addresses among its alternative names.
        san_ip: Vec<IpAddr> [None, Identity],
    }
}

impl<'a> ChainColumns<'a> {
    /// The columns of a flow.
    pub fn of(findings: Option<&'a Findings>) -> Self {
        let tls = findings.and_then(|findings| findings.tls.as_deref());
        let sent = tls.map(|tls| chain(tls, false).map(ChainCertificate::of).collect::<Vec<_>>());
        Self { tls_certificates: sent.filter(|sent| !sent.is_empty()) }
    }
}

impl<'a> ChainCertificate<'a> {
    fn of(certificate: &'a Certificate) -> Self {
        Self {
            sha256: hex(&certificate.sha256),
            subject: &certificate.subject,
            issuer: &certificate.issuer,
            serial: serial_text(&certificate.serial),
            not_before: certificate.not_before,
            not_after: certificate.not_after,
            san_dns: certificate.san_dns.iter().map(WireText::as_str).collect(),
            san_ip: certificate.san_ips.clone(),
        }
    }
}

/// The first chain that a side sent.
pub(super) fn chain(tls: &Tls, of_client: bool) -> impl Iterator<Item = &Certificate> {
    let client = tls.client();
    let own = tls.certificates.iter();
    let own = own.filter(move |certificate| (certificate.from == Some(client)) == of_client);
    own.enumerate()
        .take_while(|(at, certificate)| *at == certificate.position as usize)
        .map(|(_, certificate)| certificate)
}
