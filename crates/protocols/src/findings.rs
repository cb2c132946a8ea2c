//! What was found on a flow: one field per protocol.

use std::sync::Arc;

use crate::Protocol;
use crate::declared::Declared;
use crate::dhcp::Dhcp;
use crate::dns::Dns;
use crate::http::Http;
use crate::icmp::Icmp;
use crate::quic::Quic;
use crate::ssh::Ssh;
use crate::tls::Tls;

/// What was found on a flow.
#[derive(Debug, Default)]
pub struct Findings {
    /// The protocols that were found, outermost first.
    pub applications: Vec<Application>,
    /// The TLS, DTLS or QUIC handshake.
    pub tls: Option<Box<Tls>>,
    /// QUIC, beside the TLS handshake it carries.
    pub quic: Option<Box<Quic>>,
    /// HTTP/1, HTTP/2 and SSDP.
    pub http: Option<Box<Http>>,
    /// DNS and its kin.
    pub dns: Option<Box<Dns>>,
    /// DHCP and `DHCPv6`.
    pub dhcp: Option<Box<Dhcp>>,
    /// SSH.
    pub ssh: Option<Box<Ssh>>,
    /// The name by which DNS made the other side known to the initiator.
    pub dns_name: Option<Box<str>>,
    /// What declared protocols told.
    pub declared: Option<Box<Declared>>,
    /// ICMP, `ICMPv6` and IGMP.
    pub icmp: Option<Box<Icmp>>,
    /// What the TCP headers tell.
    #[cfg(feature = "ja4plus")]
    pub ja4plus: Option<Box<crate::ja4plus::Ja4Plus>>,
    /// Messages that were not kept because there were too many.
    pub messages_dropped: u64,
}

impl Findings {
    /// Messages that are kept.
    pub fn messages(&self) -> usize {
        let dns = self.dns.as_ref().map_or(0, |dns| dns.messages.len());
        let tls = self.tls.as_ref().map_or(0, |tls| tls.records.len());
        let http = self.http.as_ref().map_or(0, |http| http.exchanges.len());
        let dhcp = self.dhcp.as_ref().map_or(0, |dhcp| dhcp.messages.len());
        dns + tls + http + dhcp
    }

    /// What a protocol's port has told, what is said now tells, too.
    pub(crate) fn confirm(&mut self, name: &str) {
        for application in self.applications.iter_mut().filter(|a| a.protocol.name() == name) {
            application.by = FoundBy::Content;
        }
    }
}

/// A protocol that was found on a flow.
#[derive(Clone, Debug)]
pub struct Application {
    /// The protocol.
    pub protocol: Arc<dyn Protocol>,
    /// How it was found.
    pub by: FoundBy,
}

/// How a protocol was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FoundBy {
    /// By what was said.
    Content,
    /// By a port number alone.
    Port,
}

impl FoundBy {
    /// Both ways.
    pub const ALL: [Self; 2] = [Self::Content, Self::Port];

    /// The word in the column `application_by`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Content => "content",
            Self::Port => "port",
        }
    }
}
