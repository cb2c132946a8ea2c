//! Which protocols are found in the captures of the corpus, against what tshark found.
//!
//! tshark's facts say how many frames of a capture are of a protocol, so captures are compared, not
//! flows.
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::common::{corpus, facts, flows};
use crate::review::Review;
use flowloom_protocols::{FoundBy, Want, Wants};

#[test]
fn protocols_are_those_that_tshark_finds() {
    let mut review = Review::of(&[KIND]);
    for (name, capture, expected) in corpus() {
        let frames = facts(&expected, "frames.proto");
        let is_told = |theirs: &str| frames.iter().any(|row| row[0] == theirs);
        let told = NAMES.iter().filter(|(theirs, _)| is_told(theirs)).map(|(_, ours)| *ours);
        let told = told.collect::<BTreeSet<_>>();
        let found = applications(&capture);
        for ours in &told {
            review.note(KIND, &name, found.contains_key(*ours), || (*ours).to_owned());
        }
        let is_compared = |ours: &str| NAMES.iter().any(|(_, name)| *name == ours);
        for (ours, by) in found {
            if by == FoundBy::Content && is_compared(&ours) && !told.contains(ours.as_str()) {
                review.beyond(KIND, &name, ours);
            }
        }
    }
    review.judge();
}

/// The protocols that were found in a capture, and whether one of the flows showed it.
fn applications(capture: &Path) -> BTreeMap<String, FoundBy> {
    let wants = Wants::of(&[Want::Application, Want::Declared, Want::Tls]);
    let mut found = BTreeMap::new();
    for flow in flows(capture, wants).unwrap_or_default() {
        let findings = flow.findings();
        for application in &findings.applications {
            let by = found.entry(application.protocol.name().to_owned()).or_insert(application.by);
            if application.by == FoundBy::Content {
                *by = FoundBy::Content;
            }
        }
        // For us the handshakes in QUIC and OpenVPN are theirs.
        if findings.tls.is_some() {
            found.entry("tls".to_owned()).or_insert(FoundBy::Port);
        }
    }
    found
}

/// What tshark and we call the same protocols. Its `nbss` is below every SMB over TCP.
const NAMES: &[(&str, &str)] = &[
    ("amqp", "amqp"),
    ("bgp", "bgp"),
    ("dcerpc", "dcerpc"),
    ("dhcp", "dhcp"),
    ("dhcpv6", "dhcpv6"),
    ("diameter", "diameter"),
    ("dnp3", "dnp3"),
    ("dns", "dns"),
    ("dtls", "dtls"),
    ("enip", "enip"),
    ("ftp", "ftp"),
    ("http", "http"),
    ("http2", "http2"),
    ("imap", "imap"),
    ("irc", "irc"),
    ("kafka", "kafka"),
    ("kerberos", "kerberos"),
    ("ldap", "ldap"),
    ("llmnr", "llmnr"),
    ("mdns", "mdns"),
    ("mysql", "mysql"),
    ("nbns", "nbns"),
    ("nntp", "nntp"),
    ("pgsql", "postgresql"),
    ("pop", "pop3"),
    ("pptp", "pptp"),
    ("quic", "quic"),
    ("gquic", "quic"),
    ("rdp", "rdp"),
    ("resp", "redis"),
    ("rpc", "sunrpc"),
    ("rtmpt", "rtmp"),
    ("rtsp", "rtsp"),
    ("s7comm", "s7comm"),
    ("smb", "smb"),
    ("smb2", "smb"),
    ("smtp", "smtp"),
    ("socks", "socks"),
    ("ssdp", "ssdp"),
    ("ssh", "ssh"),
    ("tds", "tds"),
    ("telnet", "telnet"),
    ("tls", "tls"),
    ("tns", "tns"),
    ("vnc", "vnc"),
    ("websocket", "websocket"),
    ("x11", "x11"),
    ("xmpp", "xmpp"),
    ("bfd", "bfd"),
    ("bittorrent", "bittorrent"),
    ("bt-dht", "bt_dht"),
    ("lsd", "bt_lsd"),
    ("bt-utp", "bt_utp"),
    ("cflow", "netflow"),
    ("coap", "coap"),
    ("isakmp", "ike"),
    ("l2tp", "l2tp"),
    ("mbtcp", "modbus"),
    ("mqtt", "mqtt"),
    ("ntp", "ntp"),
    ("openvpn", "openvpn"),
    ("radius", "radius"),
    ("rtcp", "rtcp"),
    ("rtp", "rtp"),
    ("sip", "sip"),
    ("snmp", "snmp"),
    ("stun", "stun"),
    ("classicstun", "stun"),
    ("syslog", "syslog"),
    ("tftp", "tftp"),
    ("wg", "wireguard"),
];

const KIND: &str = "application";
