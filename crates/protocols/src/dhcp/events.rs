//! The event table `dhcp`: a row for each message of either version.

use std::net::IpAddr;

use flowloom_schema::{Record as _, Series, Timestamp, record};

use super::message::Message;
use crate::{EventTable, Findings, Want, Wants, WireText};

/// The table.
pub const TABLE: EventTable = EventTable {
    name: "dhcp",
    doc: "messages of DHCP, BOOTP and DHCPv6",
    wants: Wants::of(&[Want::DhcpMessages]),
    columns: DhcpEvent::columns,
    append,
};

fn append(flow_id: i64, findings: &Findings, series: &mut [Series]) -> usize {
    let Some(dhcp) = findings.dhcp.as_deref() else { return 0 };
    let rows: Vec<_> =
        dhcp.messages.iter().map(|message| DhcpEvent::of(flow_id, message)).collect();
    DhcpEvent::push_all(&rows, series);
    rows.len()
}

record! {
    /// A message.
    pub struct DhcpEvent<'a> in "dhcp" since "0.1" over "each message of DHCP, BOOTP and DHCPv6" {
        /// Number of the flow's first frame: identifies the flow.
        flow_id: i64 [FrameNumber, Identity],
        /// Number of the frame that completed the message.
        frame: i64 [FrameNumber, Identity],
        /// Its time.
        time: Timestamp [Instant, Time],
        /// 1 from the initiator of the flow, -1 to it.
        direction: i8 [None, Feature],
        /// 4 for DHCP and BOOTP, 6 for DHCPv6.
        version: u8 [None, Feature],
        /// Length of the message.
        length: i64 [Bytes, Feature],
        /// Whether it could be read to its end: not where the capture has cut it, nor where it is broken.
        is_whole: bool [None, Account],
        /// What it is for: DISCOVER, OFFER, SOLICIT and the like; of a relayed message that of the client or server. BOOTREQUEST and BOOTREPLY for BOOTP.
        message_type: Option<String> [None, Feature],
        /// The types of the relays' messages around it (DHCPv6), outermost first.
        relay_types: Vec<String> [None, Feature],
        /// The identifier that requests and replies share: 32 bits of DHCP, 24 of DHCPv6.
        transaction_id: Option<i64> [None, Identity],
        /// The client's hardware address (`chaddr`): with colons if of Ethernet, else in hexadecimal.
        client_mac: Option<&'a str> [None, Identity],
        /// Client identifier (option 61) or the client's DUID (DHCPv6 option 1), in hexadecimal.
        client_id: Option<&'a str> [None, Identity],
        /// The server's address (option 54), or its DUID in hexadecimal (DHCPv6 option 2).
        server_id: Option<&'a str> [None, Identity],
        /// Host name (option 12).
        hostname: Option<&'a str> [None, Identity],
        /// `hostname` in hexadecimal where it was not UTF-8.
        hostname_raw: Option<String> [None, Identity],
        /// The client's fully qualified name (option 81, RFC 4702; DHCPv6 option 39, RFC 4704).
        fqdn: Option<&'a str> [None, Identity],
        /// What kind of client it says it is (option 60; DHCPv6 option 16).
        vendor_class: Option<&'a str> [None, Feature],
        /// What kind of user it says it has (option 77; DHCPv6 option 15), several with commas between them.
        user_class: Option<&'a str> [None, Feature],
        /// Options the client asks for, in its order (option 55; DHCPv6 option 6).
        parameters: Vec<u16> [None, Feature],
        /// Codes of the options in the message, in order, the first 256.
        options: Vec<u16> [None, Feature],
        /// The address that the client would like (option 50).
        requested_address: Option<IpAddr> [None, Identity],
        /// The address that the client has (`ciaddr`); null for 0.0.0.0.
        client_address: Option<IpAddr> [None, Identity],
        /// The address that the client is given (`yiaddr`); null for 0.0.0.0.
        your_address: Option<IpAddr> [None, Identity],
        /// The server to boot from (`siaddr`); null for 0.0.0.0.
        next_server: Option<IpAddr> [None, Identity],
        /// The relay (`giaddr`, null for 0.0.0.0; over DHCPv6 the link address of the outermost one).
        relay_address: Option<IpAddr> [None, Identity],
        /// The client as the relay nearest to it sees it (DHCPv6, RFC 8415 section 9.1).
        peer_address: Option<IpAddr> [None, Identity],
        /// Addresses of identity associations (DHCPv6 option 5).
        addresses: Vec<IpAddr> [None, Identity],
        /// Delegated prefixes (DHCPv6 option 26).
        prefixes: Vec<&'a str> [None, Identity],
        /// For how long the address holds (option 51; over DHCPv6 the first valid lifetime).
        lease: Option<i64> [Seconds, Feature],
        /// Subnet mask (option 1).
        subnet_mask: Option<IpAddr> [None, Feature],
        /// Routers (option 3).
        routers: Vec<IpAddr> [None, Identity],
        /// Name servers (option 6; DHCPv6 option 23).
        dns_servers: Vec<IpAddr> [None, Identity],
        /// Time servers (option 42; DHCPv6 options 31 and 56).
        ntp_servers: Vec<IpAddr> [None, Identity],
        /// Domain name (option 15).
        domain: Option<&'a str> [None, Identity],
        /// Domains in which names are looked for (option 119, RFC 3397; DHCPv6 option 24).
        domain_search: Vec<&'a str> [None, Identity],
        /// Where the client hangs: circuit of the relay agent's information (option 82, RFC 3046) or interface identifier (DHCPv6 option 18), in hexadecimal.
        circuit_id: Option<&'a str> [None, Identity],
        /// Who the client is to the relay: remote identifier (option 82, RFC 3046; DHCPv6 option 37, RFC 4649), in hexadecimal.
        remote_id: Option<&'a str> [None, Identity],
        /// Status code (DHCPv6 option 13, RFC 8415 section 21.13): that of the message itself, or else the first within its identity associations; 0 for success.
        status: Option<u16> [None, Feature],
        /// What the other side is told in words (option 56; DHCPv6: the text of that status).
        message: Option<&'a str> [None, Feature],
        /// File to boot (option 67 or the field `file`; DHCPv6 option 59).
        boot_file: Option<&'a str> [None, Feature],
        /// For how long the client has been trying (`secs`; DHCPv6 option 8).
        elapsed: Option<f64> [Seconds, Feature],
    }
}

impl<'a> DhcpEvent<'a> {
    /// The row of a message.
    pub fn of(flow_id: i64, message: &'a Message) -> Self {
        let mut relay_types: Vec<String> =
            message.kind_names().into_iter().map(Into::into).collect();
        let message_type = relay_types.pop();
        Self {
            flow_id,
            frame: message.stamp.frame as i64,
            time: Timestamp(message.stamp.time),
            direction: message.direction.sign(),
            version: message.version,
            length: message.len as i64,
            is_whole: message.is_whole,
            message_type,
            relay_types,
            transaction_id: message.xid.map(i64::from),
            client_mac: message.hardware.as_deref(),
            client_id: message.client_id.as_deref(),
            server_id: message.server_id.as_deref(),
            hostname: text(message.hostname.as_ref()),
            hostname_raw: message.hostname.as_ref().and_then(WireText::raw_hex),
            fqdn: text(message.fqdn.as_ref()),
            vendor_class: text(message.vendor_class.as_ref()),
            user_class: text(message.user_class.as_ref()),
            parameters: message.parameters.clone(),
            options: message.options.clone(),
            requested_address: message.requested,
            client_address: message.client_address,
            your_address: message.your_address,
            next_server: message.next_server,
            relay_address: message.relay_address,
            peer_address: message.peer_address,
            addresses: message.addresses.clone(),
            prefixes: message.prefixes.iter().map(String::as_str).collect(),
            lease: message.lease.map(i64::from),
            subnet_mask: message.mask,
            routers: message.routers.clone(),
            dns_servers: message.dns_servers.clone(),
            ntp_servers: message.ntp_servers.clone(),
            domain: text(message.domain.as_ref()),
            domain_search: message.domain_search.iter().map(String::as_str).collect(),
            circuit_id: message.circuit_id.as_deref(),
            remote_id: message.remote_id.as_deref(),
            status: message.status,
            message: text(message.text.as_ref()),
            boot_file: text(message.boot_file.as_ref()),
            elapsed: message.elapsed.map(|hundredths| f64::from(hundredths) / 100.0),
        }
    }
}

fn text(text: Option<&WireText>) -> Option<&str> {
    text.map(WireText::as_str)
}
