//! What a message of either version tells.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr};

use flowloom_flow::Direction;

use crate::{Stamp, WireText};

/// A message, as much of it as is there.
#[derive(Clone, Debug)]
pub struct Message {
    /// When it came.
    pub stamp: Stamp,
    /// Which way it went.
    pub direction: Direction,
    /// Its length on the wire.
    pub len: usize,
    /// 4 or 6.
    pub version: u8,
    /// What it is for: over IPv6 those of the relays, outermost first, then that of the client or
    /// server; over IPv4 one, none for BOOTP.
    pub kinds: Vec<u8>,
    /// Whether it is from a client, by the operation of BOOTP.
    pub is_request: Option<bool>,
    /// The identifier that requests and replies share.
    pub xid: Option<u32>,
    /// The client's hardware address.
    pub hardware: Option<String>,
    /// Client identifier or DUID, in hexadecimal.
    pub client_id: Option<String>,
    /// Address or DUID of the server.
    pub server_id: Option<String>,
    /// Host name.
    pub hostname: Option<WireText>,
    /// The client's fully qualified name.
    pub fqdn: Option<WireText>,
    /// What kind of client it is.
    pub vendor_class: Option<WireText>,
    /// What kind of user it has.
    pub user_class: Option<WireText>,
    /// The address the client would like.
    pub requested: Option<IpAddr>,
    /// `ciaddr`: the address the client has.
    pub client_address: Option<IpAddr>,
    /// `yiaddr`: the address it is given.
    pub your_address: Option<IpAddr>,
    /// `siaddr`: the server to boot from.
    pub next_server: Option<IpAddr>,
    /// `giaddr`, or the link address of the outermost relay.
    pub relay_address: Option<IpAddr>,
    /// The client as the innermost relay sees it.
    pub peer_address: Option<IpAddr>,
    /// Addresses of identity associations.
    pub addresses: Vec<IpAddr>,
    /// Delegated prefixes.
    pub prefixes: Vec<String>,
    /// For how many seconds the address holds: over IPv6 the first valid lifetime.
    pub lease: Option<u32>,
    /// Subnet mask.
    pub mask: Option<IpAddr>,
    /// Routers.
    pub routers: Vec<IpAddr>,
    /// Name servers.
    pub dns_servers: Vec<IpAddr>,
    /// Time servers.
    pub ntp_servers: Vec<IpAddr>,
    /// Domain name.
    pub domain: Option<WireText>,
    /// Domains in which names are looked for.
    pub domain_search: Vec<String>,
    /// Options the client asks for, in its order.
    pub parameters: Vec<u16>,
    /// Codes of the options of the message, in order, the first [`OPTIONS_MAX`] of them.
    pub options: Vec<u16>,
    /// Where the client hangs, as the relay says, in hexadecimal.
    pub circuit_id: Option<String>,
    /// Who the client is, as the relay says, in hexadecimal.
    pub remote_id: Option<String>,
    /// The status code of the message, or else the first within its associations.
    pub status: Option<u16>,
    /// What the other side is told in words.
    pub text: Option<WireText>,
    /// For how many hundredths of a second the client has been trying.
    pub elapsed: Option<u32>,
    /// Name of the file to boot.
    pub boot_file: Option<WireText>,
    /// Whether it could be read to its end.
    pub is_whole: bool,
}

impl Message {
    /// A message that tells nothing yet.
    pub(super) fn new(version: u8, len: usize) -> Self {
        Self {
            stamp: Stamp::default(),
            direction: Direction::Up,
            len,
            version,
            kinds: Vec::new(),
            is_request: None,
            xid: None,
            hardware: None,
            client_id: None,
            server_id: None,
            hostname: None,
            fqdn: None,
            vendor_class: None,
            user_class: None,
            requested: None,
            client_address: None,
            your_address: None,
            next_server: None,
            relay_address: None,
            peer_address: None,
            addresses: Vec::new(),
            prefixes: Vec::new(),
            lease: None,
            mask: None,
            routers: Vec::new(),
            dns_servers: Vec::new(),
            ntp_servers: Vec::new(),
            domain: None,
            domain_search: Vec::new(),
            parameters: Vec::new(),
            options: Vec::new(),
            circuit_id: None,
            remote_id: None,
            status: None,
            text: None,
            elapsed: None,
            boot_file: None,
            is_whole: false,
        }
    }

    /// What it is for, in words, in the order of `kinds`.
    pub fn kind_names(&self) -> Vec<Cow<'static, str>> {
        let names = if self.version == 4 { V4_KINDS } else { V6_KINDS };
        match (self.kinds.as_slice(), self.is_request) {
            ([], Some(is_request)) => {
                vec![if is_request { "BOOTREQUEST" } else { "BOOTREPLY" }.into()]
            }
            (kinds, _) => kinds
                .iter()
                .map(|kind| match names.get(usize::from(*kind)) {
                    Some(name) if !name.is_empty() => (*name).into(),
                    _ => format!("TYPE{kind}").into(),
                })
                .collect(),
        }
    }

    /// Memory in use, roughly.
    pub(super) fn held(&self) -> usize {
        let ids =
            [&self.hardware, &self.client_id, &self.server_id, &self.circuit_id, &self.remote_id];
        let texts = [
            &self.hostname,
            &self.fqdn,
            &self.vendor_class,
            &self.user_class,
            &self.domain,
            &self.text,
            &self.boot_file,
        ];
        let addresses = [&self.addresses, &self.routers, &self.dns_servers, &self.ntp_servers];
        let names = self.prefixes.iter().chain(&self.domain_search);
        size_of::<Self>()
            + self.kinds.capacity()
            + ids.into_iter().flatten().map(String::capacity).sum::<usize>()
            + texts.into_iter().flatten().map(WireText::held).sum::<usize>()
            + names.map(|name| size_of::<String>() + name.capacity()).sum::<usize>()
            + addresses.map(|list| list.capacity() * size_of::<IpAddr>()).iter().sum::<usize>()
            + (self.parameters.capacity() + self.options.capacity()) * size_of::<u16>()
    }

    pub(super) fn option(&mut self, code: u16) {
        if self.options.len() < OPTIONS_MAX {
            self.options.push(code);
        }
    }
}

/// Text without the zeros that some put behind it; none if nothing is left.
pub(super) fn text(bytes: &[u8]) -> Option<WireText> {
    let end = bytes.iter().rposition(|byte| *byte != 0)? + 1;
    Some(WireText::new(&bytes[..end]))
}

/// Addresses one after the other.
pub(super) fn v4_addresses(bytes: &[u8]) -> Vec<IpAddr> {
    let octets = bytes.as_chunks::<4>().0.iter().take(ADDRESSES_MAX);
    octets.map(|octets| Ipv4Addr::from(*octets).into()).collect()
}

/// Addresses one after the other.
pub(super) fn v6_addresses(bytes: &[u8]) -> Vec<IpAddr> {
    let octets = bytes.as_chunks::<16>().0.iter().take(ADDRESSES_MAX);
    octets.map(|octets| std::net::Ipv6Addr::from(*octets).into()).collect()
}

/// Codes of options that are kept of a message.
pub const OPTIONS_MAX: usize = 256;
/// Addresses that are kept of a list.
pub(super) const ADDRESSES_MAX: usize = 64;

/// By number (IANA "DHCP Message Type 53 Values").
const V4_KINDS: &[&str] = &[
    "",
    "DISCOVER",
    "OFFER",
    "REQUEST",
    "DECLINE",
    "ACK",
    "NAK",
    "RELEASE",
    "INFORM",
    "FORCERENEW",
    "LEASEQUERY",
    "LEASEUNASSIGNED",
    "LEASEUNKNOWN",
    "LEASEACTIVE",
    "BULKLEASEQUERY",
    "LEASEQUERYDONE",
    "ACTIVELEASEQUERY",
    "LEASEQUERYSTATUS",
    "TLS",
];
/// By number (IANA "DHCPv6 Message Types").
pub(super) const V6_KINDS: &[&str] = &[
    "",
    "SOLICIT",
    "ADVERTISE",
    "REQUEST",
    "CONFIRM",
    "RENEW",
    "REBIND",
    "REPLY",
    "RELEASE",
    "DECLINE",
    "RECONFIGURE",
    "INFORMATION-REQUEST",
    "RELAY-FORW",
    "RELAY-REPL",
    "LEASEQUERY",
    "LEASEQUERY-REPLY",
    "LEASEQUERY-DONE",
    "LEASEQUERY-DATA",
    "RECONFIGURE-REQUEST",
    "RECONFIGURE-REPLY",
    "DHCPV4-QUERY",
    "DHCPV4-RESPONSE",
];
