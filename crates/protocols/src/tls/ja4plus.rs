//! The columns of the set `ja4plus`: fingerprints under the `FoxIO` licence.

use flowloom_schema::record;

use super::Certificate;
use crate::Findings;

record! {
    /// Fingerprints of JA4+ beyond JA4, which are under the FoxIO licence.
    pub struct Ja4PlusColumns in "ja4plus" since "0.1" over "the TLS handshake of the flow" {
        /// JA4S of the first ServerHello.
        ja4s: Option<String> [None, Identity],
        /// JA4X of each certificate that was sent in the clear.
        ja4x: Option<Vec<String>> [None, Identity],
    }
}

impl Ja4PlusColumns {
    /// The columns of a flow.
    pub fn of(findings: Option<&Findings>) -> Self {
        let tls = findings.and_then(|findings| findings.tls.as_deref());
        Self {
            ja4s: tls.and_then(|tls| Some(tls.server_hello()?.ja4s(tls.carrier))),
            ja4x: tls.map(|tls| tls.certificates.iter().map(Certificate::ja4x).collect()),
        }
    }
}
