//! The columns of the set `dhcp`.

use std::net::IpAddr;

use flowloom_schema::record;

use super::message::Message;
use super::{Dhcp, FIRST_MAX};
use crate::{Findings, WireText};

record! {
    /// What the messages told: of each field the first value in the first 16 messages of the flow.
    pub struct DhcpColumns<'a> in "dhcp" since "0.1" over "the messages of DHCP, BOOTP and DHCPv6 of the flow" {
        /// 4 for DHCP and BOOTP, 6 for DHCPv6.
        dhcp_version: Option<u8> [None, Feature],
        /// Messages.
        dhcp_count: Option<i64> [Events, Feature],
        /// What each of the first 16 messages is for: DISCOVER, OFFER, SOLICIT and the like (RFC 2132 section 9.6, RFC 8415 section 7.3); of a relayed one those of the relays come first. BOOTREQUEST and BOOTREPLY for BOOTP.
        dhcp_message_types: Option<Vec<String>> [None, Feature],
        /// The identifier that requests and replies share: 32 bits of DHCP, 24 of DHCPv6.
        dhcp_transaction_id: Option<i64> [None, Identity],
        /// The client's hardware address (`chaddr`): with colons if of Ethernet, else in hexadecimal.
        dhcp_client_mac: Option<&'a str> [None, Identity],
        /// Client identifier (option 61) or the client's DUID (DHCPv6 option 1), in hexadecimal.
        dhcp_client_id: Option<&'a str> [None, Identity],
        /// The server's address (option 54), or its DUID in hexadecimal (DHCPv6 option 2).
        dhcp_server_id: Option<&'a str> [None, Identity],
        /// Host name (option 12).
        dhcp_hostname: Option<&'a str> [None, Identity],
        /// `dhcp_hostname` in hexadecimal where it was not UTF-8.
        dhcp_hostname_raw: Option<String> [None, Identity],
        /// The client's fully qualified name (option 81, RFC 4702; DHCPv6 option 39, RFC 4704).
        dhcp_fqdn: Option<&'a str> [None, Identity],
        /// What kind of client it says it is (option 60; DHCPv6 option 16).
        dhcp_vendor_class: Option<&'a str> [None, Feature],
        /// What kind of user it says it has (option 77; DHCPv6 option 15), several with commas between them.
        dhcp_user_class: Option<&'a str> [None, Feature],
        /// Options the client asks for, in its order (option 55; DHCPv6 option 6): a fingerprint of its kind.
        dhcp_parameters: Option<Vec<u16>> [None, Feature],
        /// The address that the client would like (option 50).
        dhcp_requested_address: Option<IpAddr> [None, Identity],
        /// The address that the client has (`ciaddr`); null for 0.0.0.0.
        dhcp_client_address: Option<IpAddr> [None, Identity],
        /// The address that the client is given (`yiaddr`, null for 0.0.0.0; over DHCPv6 the first of an identity association).
        dhcp_your_address: Option<IpAddr> [None, Identity],
        /// The server to boot from (`siaddr`); null for 0.0.0.0.
        dhcp_next_server: Option<IpAddr> [None, Identity],
        /// The relay (`giaddr`, null for 0.0.0.0; over DHCPv6 the link address of the outermost one).
        dhcp_relay_address: Option<IpAddr> [None, Identity],
        /// Delegated prefixes (DHCPv6 option 26).
        dhcp_prefixes: Option<Vec<&'a str>> [None, Identity],
        /// For how long the address holds (option 51; over DHCPv6 the first valid lifetime).
        dhcp_lease: Option<i64> [Seconds, Feature],
        /// Subnet mask (option 1).
        dhcp_subnet_mask: Option<IpAddr> [None, Feature],
        /// Routers (option 3).
        dhcp_routers: Option<Vec<IpAddr>> [None, Identity],
        /// Name servers (option 6; DHCPv6 option 23).
        dhcp_dns_servers: Option<Vec<IpAddr>> [None, Identity],
        /// Time servers (option 42; DHCPv6 options 31 and 56).
        dhcp_ntp_servers: Option<Vec<IpAddr>> [None, Identity],
        /// Domain name (option 15).
        dhcp_domain: Option<&'a str> [None, Identity],
        /// Domains in which names are looked for (option 119, RFC 3397; DHCPv6 option 24).
        dhcp_domain_search: Option<Vec<&'a str>> [None, Identity],
        /// Status code (DHCPv6 option 13, RFC 8415 section 21.13): that of the message itself, or else the first within its identity associations; 0 for success.
        dhcp_status: Option<u16> [None, Feature],
    }
}

impl<'a> DhcpColumns<'a> {
    /// The columns of a flow.
    pub fn of(findings: Option<&'a Findings>) -> Self {
        let dhcp = findings.and_then(|findings| findings.dhcp.as_deref());
        let first = First::of(dhcp);
        Self {
            dhcp_version: first.value(|message| Some(message.version)),
            dhcp_count: dhcp.map(|dhcp| dhcp.count),
            dhcp_message_types: dhcp.map(|_| {
                let names = first.0.iter().flat_map(Message::kind_names);
                names.map(Into::into).collect()
            }),
            dhcp_transaction_id: first.value(|message| message.xid.map(i64::from)),
            dhcp_client_mac: first.value(|message| message.hardware.as_deref()),
            dhcp_client_id: first.value(|message| message.client_id.as_deref()),
            dhcp_server_id: first.value(|message| message.server_id.as_deref()),
            dhcp_hostname: first.text(|message| message.hostname.as_ref()),
            dhcp_hostname_raw: first
                .value(|message| message.hostname.as_ref())
                .and_then(WireText::raw_hex),
            dhcp_fqdn: first.text(|message| message.fqdn.as_ref()),
            dhcp_vendor_class: first.text(|message| message.vendor_class.as_ref()),
            dhcp_user_class: first.text(|message| message.user_class.as_ref()),
            dhcp_parameters: first.list(|message| &message.parameters),
            dhcp_requested_address: first.value(|message| message.requested),
            dhcp_client_address: first.value(|message| message.client_address),
            dhcp_your_address: first
                .value(|message| message.your_address.or(message.addresses.first().copied())),
            dhcp_next_server: first.value(|message| message.next_server),
            dhcp_relay_address: first.value(|message| message.relay_address),
            dhcp_prefixes: first.texts(|message| &message.prefixes),
            dhcp_lease: first.value(|message| message.lease.map(i64::from)),
            dhcp_subnet_mask: first.value(|message| message.mask),
            dhcp_routers: first.list(|message| &message.routers),
            dhcp_dns_servers: first.list(|message| &message.dns_servers),
            dhcp_ntp_servers: first.list(|message| &message.ntp_servers),
            dhcp_domain: first.text(|message| message.domain.as_ref()),
            dhcp_domain_search: first.texts(|message| &message.domain_search),
            dhcp_status: first.value(|message| message.status),
        }
    }
}

/// The messages that columns are made of.
#[derive(Clone, Copy)]
struct First<'a>(&'a [Message]);

impl<'a> First<'a> {
    fn of(dhcp: Option<&'a Dhcp>) -> Self {
        let messages = dhcp.map(|dhcp| dhcp.messages.as_slice()).unwrap_or_default();
        Self(messages.get(..FIRST_MAX).unwrap_or(messages))
    }

    fn value<T>(self, of: impl Fn(&'a Message) -> Option<T>) -> Option<T> {
        self.0.iter().find_map(of)
    }

    fn text(self, of: impl Fn(&'a Message) -> Option<&'a WireText>) -> Option<&'a str> {
        self.value(of).map(WireText::as_str)
    }

    /// The first list that is not empty.
    fn list<T: Clone + 'a>(self, of: impl Fn(&'a Message) -> &'a Vec<T>) -> Option<Vec<T>> {
        self.0.iter().map(of).find(|list| !list.is_empty()).cloned()
    }

    fn texts(self, of: impl Fn(&'a Message) -> &'a Vec<String>) -> Option<Vec<&'a str>> {
        let list = self.0.iter().map(of).find(|list| !list.is_empty())?;
        Some(list.iter().map(String::as_str).collect())
    }
}
