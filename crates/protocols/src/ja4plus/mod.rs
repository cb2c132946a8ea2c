//! Fingerprints of JA4+ beyond JA4, under the `FoxIO` licence: the columns of the set `ja4plus`, and
//! those that are not of TLS. What they are made of is told at github.com/FoxIO-LLC/ja4, in its
//! technical details.

mod http;
mod ssh;
mod syn;
#[cfg(test)]
mod tests;

use flowloom_flow::Direction;
use flowloom_schema::record;
use flowloom_wire::Tcp;
use flowloom_wire::tcp_flags::{ACK, SYN};

use crate::Findings;
use crate::tls::Certificate;

pub(crate) use http::HeaderSigns;
use ssh::Pace;

/// What the TCP headers of a flow tell.
#[derive(Clone, Debug, Default)]
pub struct Ja4Plus {
    /// JA4T of the first SYN of each side, of the initiator's first: the other's is JA4TS.
    pub syn: [Option<String>; 2],
    /// Segments with nothing but an acknowledgement, before the flow was known to be SSH.
    early_acks: [u32; 2],
    /// JA4SSH as far as it has come, if the flow is SSH.
    pace: Option<Box<Pace>>,
}

record! {
    /// Fingerprints of JA4+ beyond JA4, which are under the FoxIO licence.
    pub struct Ja4PlusColumns in "ja4plus" since "0.1" over "the flow: TCP handshake, TLS, HTTP, SSH" {
        /// JA4S of the first ServerHello.
        ja4s: Option<String> [None, Identity],
        /// JA4X of each certificate that was sent in the clear.
        ja4x: Option<Vec<String>> [None, Identity],
        /// JA4H of the first HTTP request.
        ja4h: Option<String> [None, Identity],
        /// JA4T of the initiator's SYN.
        ja4t: Option<String> [None, Identity],
        /// JA4TS: the same of the answer to it.
        ja4ts: Option<String> [None, Identity],
        /// JA4SSH of each 200 packets with SSH in them, and of the rest; the first 1,000.
        ja4ssh: Option<Vec<String>> [None, Identity],
    }
}

impl Ja4PlusColumns {
    /// The columns of a flow.
    pub fn of(findings: Option<&Findings>) -> Self {
        let tls = findings.and_then(|findings| findings.tls.as_deref());
        let http = findings.and_then(|findings| findings.http.as_deref());
        let plus = findings.and_then(|findings| findings.ja4plus.as_deref());
        let syn = |at: usize| plus.and_then(|plus| plus.syn[at].clone());
        Self {
            ja4s: tls.and_then(|tls| Some(tls.server_hello()?.ja4s(tls.carrier))),
            ja4x: tls.map(|tls| tls.certificates.iter().map(Certificate::ja4x).collect()),
            ja4h: http.and_then(|http| http.request()?.ja4h.clone()),
            ja4t: syn(0),
            ja4ts: syn(1),
            ja4ssh: plus.and_then(Ja4Plus::ja4ssh),
        }
    }
}

impl Ja4Plus {
    /// Takes a segment of a flow in: its header, and the length of its payload.
    pub fn segment(&mut self, direction: Direction, tcp: &Tcp<'_>, len: u32, is_ssh: bool) {
        let is_ack = len == 0 && tcp.flags() == ACK;
        if tcp.flags() & SYN != 0 {
            self.syn[direction.index()].get_or_insert_with(|| syn::ja4t(tcp));
        } else if is_ssh {
            let begun = || Box::new(Pace::begun(self.early_acks));
            self.pace.get_or_insert_with(begun).segment(direction, len, is_ack);
        } else if is_ack {
            self.early_acks[direction.index()] += 1;
        }
    }

    /// JA4SSH of each 200 packets with payload, and of the rest; none if the flow is no SSH.
    pub fn ja4ssh(&self) -> Option<Vec<String>> {
        self.pace.as_deref().map(Pace::fingerprints)
    }
}
