//! The columns of the set `tls`.

use flowloom_schema::record;

use crate::{Findings, WireText};

record! {
    /// What the TLS handshake told.
    pub struct TlsColumns<'a> in "tls" since "0.1" over "the TLS handshake of the flow" {
        /// Server name (SNI) of the first ClientHello.
        tls_sni: Option<&'a str> [None, Identity],
        /// `tls_sni` in hexadecimal where it was not UTF-8.
        tls_sni_raw: Option<String> [None, Identity],
    }
}

impl<'a> TlsColumns<'a> {
    /// The columns of a flow.
    pub fn of(findings: Option<&'a Findings>) -> Self {
        let tls = findings.and_then(|findings| findings.tls.as_deref());
        let sni = tls.and_then(|tls| tls.client_hello()?.sni.as_ref());
        Self { tls_sni: sni.map(WireText::as_str), tls_sni_raw: sni.and_then(WireText::raw_hex) }
    }
}
