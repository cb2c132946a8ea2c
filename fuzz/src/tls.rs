//! TLS and DTLS: any bytes in packets of any size, from both sides.

use flowloom_protocols::tls::TlsColumns;
use flowloom_protocols::{Limits, Transport};

use crate::talk::{shared, talk};

/// A conversation at the port of HTTPS, over TCP and over UDP.
pub fn tls(data: &[u8]) {
    for transport in [Transport::Tcp, Transport::Udp] {
        let conversation = talk(&mut shared(Limits::default()), transport, 443, data);
        let _ = TlsColumns::of(Some(conversation.findings()));
    }
}
