//! Whether a handshake leads to DNS that cannot be seen: DNS over TLS (RFC 7858), over QUIC
//! (RFC 9250), over HTTPS (RFC 8484).
//!
//! The protocols in a hello say so for the first two, their port is a good sign. DNS over HTTPS looks
//! as any other HTTPS: a server that is known for it is a hint, no more.

use super::{Carrier, ClientHello};
use crate::WireText;

/// DNS in a protected connection, and what tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InnerDns {
    /// `dot`, `doq` or `doh`.
    pub name: &'static str,
    /// `alpn`, `port` or `server_name`.
    pub by: &'static str,
}

impl InnerDns {
    /// What a hello tells that was carried by `carrier` between two ports.
    pub(super) fn of(hello: &ClientHello, carrier: Carrier, ports: [u16; 2]) -> Option<Self> {
        let offers = |name: &str| hello.alpn.iter().any(|offered| offered.as_str() == name);
        // Drafts had a number: `doq-i11`.
        let offers_doq = hello.alpn.iter().any(|offered| offered.as_str().starts_with("doq"));
        let is_at_port = ports.contains(&PORT);
        let server = hello.sni.as_ref().map_or("", WireText::as_str);
        let (name, by) = match carrier {
            _ if offers("dot") => ("dot", "alpn"),
            _ if offers_doq => ("doq", "alpn"),
            Carrier::Tcp if is_at_port => ("dot", "port"),
            Carrier::Quic if is_at_port => ("doq", "port"),
            Carrier::Tcp | Carrier::Quic if offers("h2") || offers("h3") => {
                is_resolver(server).then_some(("doh", "server_name"))?
            }
            _ => return None,
        };
        Some(Self { name, by })
    }
}

/// Whether a name is, or is below, one of a public resolver that answers HTTPS.
fn is_resolver(server: &str) -> bool {
    RESOLVERS.iter().any(|known| {
        let Some(at) = server.len().checked_sub(known.len()) else { return false };
        let (rest, end) = server.as_bytes().split_at(at);
        end.eq_ignore_ascii_case(known.as_bytes()) && rest.last().is_none_or(|byte| *byte == b'.')
    })
}

/// The port of DNS over TLS and over QUIC.
const PORT: u16 = 853;

/// Names at which public resolvers answer DNS over HTTPS, as they themselves publish them.
const RESOLVERS: &[&str] = &[
    "cloudflare-dns.com",
    "dns.adguard-dns.com",
    "dns.alidns.com",
    "dns.google",
    "dns.nextdns.io",
    "dns.quad9.net",
    "dns.sb",
    "dns.twnic.tw",
    "dns0.eu",
    "dns10.quad9.net",
    "dns11.quad9.net",
    "dns9.quad9.net",
    "doh.cleanbrowsing.org",
    "doh.dns.sb",
    "doh.opendns.com",
    "doh.pub",
    "doh.umbrella.com",
    "doh.xfinity.com",
    "freedns.controld.com",
    "one.one.one.one",
];

#[cfg(test)]
mod tests {
    use super::{Carrier, ClientHello, InnerDns};
    use crate::WireText;

    fn told(sni: &str, alpn: &[&str], carrier: Carrier, port: u16) -> Option<[&'static str; 2]> {
        let hello = ClientHello {
            sni: Some(WireText::new(sni.as_bytes())),
            alpn: alpn.iter().map(|name| WireText::new(name.as_bytes())).collect(),
            ..ClientHello::default()
        };
        InnerDns::of(&hello, carrier, [50_000, port]).map(|dns| [dns.name, dns.by])
    }

    #[test]
    fn protocols_tell_before_ports_and_names() {
        assert_eq!(told("a.example", &["dot"], Carrier::Tcp, 443), Some(["dot", "alpn"]));
        assert_eq!(told("a.example", &["doq-i11"], Carrier::Quic, 853), Some(["doq", "alpn"]));
        assert_eq!(told("dns.google", &[], Carrier::Tcp, 853), Some(["dot", "port"]));
        assert_eq!(told("", &["h3"], Carrier::Quic, 853), Some(["doq", "port"]));
    }

    #[test]
    fn a_known_resolver_is_a_hint_where_http_is_spoken() {
        let by_name = Some(["doh", "server_name"]);
        assert_eq!(told("Chrome.Cloudflare-DNS.com", &["h2"], Carrier::Tcp, 443), by_name);
        assert_eq!(told("dns.google", &["h3"], Carrier::Quic, 443), by_name);
        assert_eq!(told("dns.google", &[], Carrier::Tcp, 443), None);
        assert_eq!(told("notdns.google", &["h2"], Carrier::Tcp, 443), None);
        assert_eq!(told("dns.google.example", &["h2"], Carrier::Tcp, 443), None);
    }
}
