//! The columns of the set `application`: which protocol it is, and whose server.

use flowloom_schema::record;

use crate::{Application, Findings, FoundBy, WireText};

record! {
    /// Which protocol a flow speaks, and the names of the server.
    pub struct ApplicationColumns<'a> in "application" since "0.1" over "the payload of the flow" {
        /// Protocol: the first that was recognised by what was said, else the one that is usual at the ports.
        application: Option<&'a str> [None, Feature],
        /// How `application` was found: `content` or `port`.
        application_by: Option<&'a str> [None, Account],
        /// All protocols that were recognised by what was said, outermost first, as `smtp` and `tls` after STARTTLS; with `--app-layer port-only`, the one that is usual at the ports.
        applications: Option<Vec<&'a str>> [None, Feature],
        /// Name of the server the client asked for: TLS or QUIC server name, else HTTP host without its port.
        server_name: Option<&'a str> [None, Identity],
        /// Name that a DNS answer seen before gave the client for the other side's address: the newest answer before the flow's first frame, not older than its TTL or an hour, whichever is longer.
        dns_name: Option<&'a str> [None, Identity],
    }
}

impl<'a> ApplicationColumns<'a> {
    /// The columns of a flow; `by_port` is the protocol that is usual at its ports, to be named if
    /// none was found.
    pub fn of(findings: Option<&'a Findings>, by_port: Option<&'a str>) -> Self {
        let found = findings.map_or(&[][..], |findings| &findings.applications);
        let name = |application: &'a Application| application.protocol.name();
        let first = found.first();
        Self {
            application: first.map(name).or(by_port),
            application_by: first.map(|first| first.by.name()).or(by_port.map(|_| "port")),
            applications: applications(found).or(by_port.map(|name| vec![name])),
            server_name: findings.and_then(server_name),
            dns_name: findings.and_then(|findings| findings.dns_name.as_deref()),
        }
    }
}

fn applications(found: &[Application]) -> Option<Vec<&str>> {
    let found = found.iter().filter(|application| application.by == FoundBy::Content);
    let names = found.map(|application| application.protocol.name()).collect::<Vec<_>>();
    (!names.is_empty()).then_some(names)
}

fn server_name(findings: &Findings) -> Option<&str> {
    let tls = findings.tls.as_ref().and_then(|tls| tls.client_hello()?.sni.as_ref());
    tls.map(WireText::as_str).or_else(|| http_host(findings))
}

/// The host of the first HTTP request without its port; SSDP asks a multicast group.
fn http_host(findings: &Findings) -> Option<&str> {
    let is_http = |found: &Application| found.protocol.name().starts_with("http");
    if !findings.applications.iter().any(is_http) {
        return None;
    }
    let host = findings.http.as_ref()?.request()?.host.as_ref()?.as_str();
    let (name, port) = host.rsplit_once(':').unwrap_or((host, ""));
    Some(if port.bytes().all(|byte| byte.is_ascii_digit()) { name } else { host })
}
