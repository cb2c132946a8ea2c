//! `OpenVPN`: whatever is said, what TLS tells of it has its limits.

use flowloom_protocols::{Limits, Transport};

use crate::talk::{shared, talk};

/// A conversation at the port of `OpenVPN`.
pub fn openvpn(data: &[u8]) {
    let conversation = talk(&mut shared(Limits::default()), Transport::Tcp, 1194, data);
    if let Some(tls) = &conversation.findings().tls {
        assert!(tls.client_hellos.len() <= 16 && tls.certificates.len() <= 64);
    }
}
