//! The names an expression may use for numbers: ports, protocols, header offsets and values.
//!
//! The tables are compiled in, so that an expression means the same on every machine; nothing is
//! looked up in `/etc/services`, `/etc/protocols` or a resolver.

/// Transports a port name is registered for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Registered {
    Tcp,
    Udp,
    Both,
}

/// The port of a service (IANA "Service Name and Transport Protocol Port Number Registry", and the
/// aliases in common use), and the transports it is registered for.
pub(crate) fn port(name: &str) -> Option<(u16, Registered)> {
    let found = PORTS.iter().find(|(names, _, _)| names.split(' ').any(|n| n == name))?;
    Some((found.1, found.2))
}

/// The number of an IP protocol (IANA "Protocol Numbers"); systems know it in capitals, too.
pub(crate) fn ip_protocol(name: &str) -> Option<u8> {
    lookup_any_case(IP_PROTOCOLS, name)
}

/// The number `ether proto` compares with: an ethertype, or below 1501 an LLC service access point.
pub(crate) fn ether_type(name: &str) -> Option<u16> {
    lookup(ETHER_TYPES, name)
}

/// A number that has a name wherever a number may stand: `tcpflags`, `icmp-echo`, `tcp-syn`.
pub(crate) fn number(name: &str) -> Option<u32> {
    lookup(NUMBERS, name)
}

/// The two type bits of an 802.11 frame, in place. Its names may be in capitals, as in tcpdump.
pub(crate) fn wlan_type(name: &str) -> Option<u8> {
    lookup_any_case(WLAN_TYPES, name)
}

/// Type and subtype bits of an 802.11 frame, in place; within `type` if it is given.
pub(crate) fn wlan_subtype(name: &str, of_type: Option<u8>) -> Option<u8> {
    let fits = |bits: u8| of_type.is_none_or(|t| t == bits & WLAN_TYPE_MASK);
    let meant = |(n, bits): &&(&str, u8)| n.eq_ignore_ascii_case(name) && fits(*bits);
    WLAN_SUBTYPES.iter().find(meant).map(|(_, bits)| *bits)
}

/// The name of the direction bits of an 802.11 frame.
pub(crate) fn wlan_direction(name: &str) -> Option<u8> {
    lookup_any_case(WLAN_DIRECTIONS, name)
}

/// The known name nearest to a misspelt one, if one is near; capitals are as near as small letters.
pub fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    if word.len() > NEAREST_LEN_MAX {
        return None;
    }
    let allowed = if word.len() < 5 { 1 } else { 2 };
    let word = word.to_ascii_lowercase();
    let distance = |known: &str| distance(&word, &known.to_ascii_lowercase());
    known.map(|k| (distance(k), k)).filter(|(d, _)| *d <= allowed).min().map(|(_, k)| k)
}

/// The names of numbers, for suggestions.
pub(crate) fn numbers() -> impl Iterator<Item = &'static str> {
    NUMBERS.iter().map(|(name, _)| *name)
}

/// Edits (insertions, deletions, substitutions) between two short words; letters in another order
/// are one.
fn distance(a: &str, b: &str) -> usize {
    let sorted = |word: &str| {
        let mut letters: Vec<char> = word.chars().collect();
        letters.sort_unstable();
        letters
    };
    if a != b && sorted(a) == sorted(b) {
        return 1;
    }
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(ca != *cb);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

fn lookup<T: Copy>(table: &[(&str, T)], name: &str) -> Option<T> {
    table.iter().find(|(n, _)| *n == name).map(|(_, value)| *value)
}

fn lookup_any_case<T: Copy>(table: &[(&str, T)], name: &str) -> Option<T> {
    table.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
}

/// Mask of the type bits in the first byte of an 802.11 frame.
pub(crate) const WLAN_TYPE_MASK: u8 = 0x0c;
/// Mask of the subtype bits there.
pub(crate) const WLAN_SUBTYPE_MASK: u8 = 0xf0;

/// Longest word a suggestion is sought for.
const NEAREST_LEN_MAX: usize = 32;

use Registered::{Both, Tcp, Udp};

/// Names separated by blanks, port, transports.
#[rustfmt::skip]
const PORTS: &[(&str, u16, Registered)] = &[
    ("tcpmux", 1, Tcp), ("echo", 7, Both), ("discard sink null", 9, Both), ("systat", 11, Tcp),
    ("daytime", 13, Both), ("netstat", 15, Tcp), ("qotd quote", 17, Tcp), ("chargen", 19, Both),
    ("ftp-data", 20, Tcp), ("ftp", 21, Tcp), ("ssh", 22, Tcp), ("telnet", 23, Tcp),
    ("smtp mail", 25, Tcp), ("time timserver", 37, Both), ("whois nicname", 43, Tcp),
    ("tacacs", 49, Both), ("domain", 53, Both), ("bootps", 67, Udp), ("bootpc", 68, Udp),
    ("tftp", 69, Udp), ("gopher", 70, Tcp), ("finger", 79, Tcp), ("http www", 80, Tcp),
    ("kerberos kerberos5 krb5 kerberos-sec", 88, Both), ("iso-tsap tsap", 102, Tcp),
    ("pop3 pop-3", 110, Tcp), ("sunrpc portmapper", 111, Both), ("auth ident tap authentication", 113, Tcp),
    ("nntp", 119, Tcp), ("ntp", 123, Udp), ("epmap loc-srv", 135, Tcp), ("netbios-ns", 137, Udp),
    ("netbios-dgm", 138, Udp), ("netbios-ssn", 139, Tcp), ("imap2 imap", 143, Tcp), ("snmp", 161, Both),
    ("snmp-trap snmptrap", 162, Both), ("xdmcp", 177, Udp), ("bgp", 179, Tcp), ("smux", 199, Tcp),
    ("ipx", 213, Udp), ("ptp-event", 319, Udp), ("ptp-general", 320, Udp), ("ldap", 389, Both),
    ("svrloc", 427, Both), ("https", 443, Both), ("microsoft-ds", 445, Tcp), ("kpasswd", 464, Both),
    ("submissions ssmtp smtps urd", 465, Tcp), ("isakmp", 500, Udp), ("exec", 512, Tcp),
    ("login", 513, Tcp), ("who whod", 513, Udp), ("shell cmd", 514, Tcp), ("syslog", 514, Both),
    ("printer spooler", 515, Tcp), ("talk", 517, Udp), ("ntalk", 518, Udp), ("route router routed", 520, Udp),
    ("dhcpv6-client", 546, Udp), ("dhcpv6-server", 547, Udp), ("rtsp", 554, Both), ("submission", 587, Tcp),
    ("asf-rmcp", 623, Udp), ("ipp", 631, Tcp), ("ldaps", 636, Both), ("ldp", 646, Both),
    ("kerberos-adm", 749, Tcp), ("domain-s", 853, Both), ("rsync", 873, Tcp), ("ftps-data", 989, Tcp),
    ("ftps", 990, Tcp), ("telnets", 992, Tcp), ("imaps", 993, Tcp), ("pop3s", 995, Tcp),
    ("socks", 1080, Tcp), ("rmiregistry", 1099, Tcp), ("openvpn", 1194, Both), ("ms-sql-s", 1433, Tcp),
    ("ms-sql-m", 1434, Udp), ("l2f l2tp", 1701, Udp), ("radius", 1812, Both),
    ("radius-acct radacct", 1813, Both), ("cisco-sccp", 2000, Tcp), ("nfs", 2049, Both), ("cvspserver", 2401, Tcp),
    ("dict", 2628, Tcp), ("gpsd", 2947, Tcp), ("iscsi-target", 3260, Tcp), ("mysql", 3306, Tcp),
    ("ms-wbt-server", 3389, Tcp), ("svn subversion", 3690, Tcp), ("sieve", 4190, Tcp), ("epmd", 4369, Tcp),
    ("ntske", 4460, Tcp), ("ipsec-nat-t", 4500, Udp), ("iax", 4569, Udp), ("sip", 5060, Both),
    ("sip-tls", 5061, Both), ("xmpp-client jabber-client", 5222, Tcp), ("xmpp-server jabber-server", 5269, Tcp),
    ("mdns", 5353, Udp), ("postgresql postgres", 5432, Tcp), ("amqps", 5671, Tcp), ("amqp", 5672, Tcp),
    ("x11 x11-0", 6000, Tcp), ("redis", 6379, Tcp), ("syslog-tls", 6514, Tcp), ("ircd", 6667, Tcp),
    ("ircs-u", 6697, Tcp), ("http-alt webcache", 8080, Tcp), ("git", 9418, Tcp),
    ("zabbix-agent", 10050, Tcp), ("zabbix-trapper", 10051, Tcp),
];

#[rustfmt::skip]
const IP_PROTOCOLS: &[(&str, u8)] = &[
    ("ip", 0), ("hopopt", 0), ("icmp", 1), ("igmp", 2), ("ggp", 3), ("ipencap", 4), ("st", 5), ("tcp", 6),
    ("egp", 8), ("igp", 9), ("pup", 12), ("udp", 17), ("hmp", 20), ("xns-idp", 22), ("rdp", 27),
    ("iso-tp4", 29), ("dccp", 33), ("xtp", 36), ("ddp", 37), ("idpr-cmtp", 38), ("ipv6", 41),
    ("ipv6-route", 43), ("ipv6-frag", 44), ("idrp", 45), ("rsvp", 46), ("gre", 47), ("esp", 50), ("ah", 51),
    ("skip", 57), ("ipv6-icmp", 58), ("icmp6", 58), ("ipv6-nonxt", 59), ("ipv6-opts", 60), ("rspf", 73),
    ("vmtp", 81), ("eigrp", 88), ("ospf", 89), ("ax.25", 93), ("ipip", 94), ("etherip", 97), ("encap", 98),
    ("pim", 103), ("ipcomp", 108), ("vrrp", 112), ("carp", 112), ("l2tp", 115), ("isis", 124), ("sctp", 132), ("fc", 133),
    ("mobility-header", 135), ("udplite", 136), ("mpls-in-ip", 137), ("manet", 138), ("hip", 139),
    ("shim6", 140), ("wesp", 141), ("rohc", 142), ("ethernet", 143),
];

#[rustfmt::skip]
const ETHER_TYPES: &[(&str, u16)] = &[
    ("ip", 0x0800), ("arp", 0x0806), ("moprc", 0x6002), ("mopdl", 0x6001), ("decnet", 0x6003), ("lat", 0x6004),
    ("sca", 0x6007), ("rarp", 0x8035), ("atalk", 0x809b), ("aarp", 0x80f3), ("ip6", 0x86dd),
    ("loopback", 0x9000), ("iso", 0xfe), ("stp", 0x42), ("ipx", 0xe0), ("netbeui", 0xf0),
];

#[rustfmt::skip]
const NUMBERS: &[(&str, u32)] = &[
    ("icmptype", 0), ("icmpcode", 1), ("icmp-echoreply", 0), ("icmp-unreach", 3), ("icmp-sourcequench", 4),
    ("icmp-redirect", 5), ("icmp-echo", 8), ("icmp-routeradvert", 9), ("icmp-routersolicit", 10),
    ("icmp-timxceed", 11), ("icmp-paramprob", 12), ("icmp-tstamp", 13), ("icmp-tstampreply", 14),
    ("icmp-ireq", 15), ("icmp-ireqreply", 16), ("icmp-maskreq", 17), ("icmp-maskreply", 18),
    ("icmp6type", 0), ("icmp6code", 1), ("icmp6-destinationunreach", 1), ("icmp6-packettoobig", 2),
    ("icmp6-timeexceeded", 3), ("icmp6-parameterproblem", 4), ("icmp6-echo", 128), ("icmp6-echoreply", 129),
    ("icmp6-multicastlistenerquery", 130), ("icmp6-multicastlistenerreportv1", 131),
    ("icmp6-multicastlistenerdone", 132), ("icmp6-routersolicit", 133), ("icmp6-routeradvert", 134),
    ("icmp6-neighborsolicit", 135), ("icmp6-neighboradvert", 136), ("icmp6-redirect", 137),
    ("icmp6-routerrenum", 138), ("icmp6-nodeinformationquery", 139), ("icmp6-nodeinformationresponse", 140),
    ("icmp6-ineighbordiscoverysolicit", 141), ("icmp6-ineighbordiscoveryadvert", 142),
    ("icmp6-multicastlistenerreportv2", 143), ("icmp6-homeagentdiscoveryrequest", 144),
    ("icmp6-homeagentdiscoveryreply", 145), ("icmp6-mobileprefixsolicit", 146),
    ("icmp6-mobileprefixadvert", 147), ("icmp6-certpathsolicit", 148), ("icmp6-certpathadvert", 149),
    ("icmp6-multicastrouteradvert", 151), ("icmp6-multicastroutersolicit", 152),
    ("icmp6-multicastrouterterm", 153),
    ("tcpflags", 13), ("tcp-fin", 0x01), ("tcp-syn", 0x02), ("tcp-rst", 0x04), ("tcp-push", 0x08),
    ("tcp-ack", 0x10), ("tcp-urg", 0x20), ("tcp-ece", 0x40), ("tcp-cwr", 0x80),
];

const WLAN_TYPES: &[(&str, u8)] =
    &[("mgt", 0x00), ("management", 0x00), ("ctl", 0x04), ("control", 0x04), ("data", 0x08)];

#[rustfmt::skip]
const WLAN_SUBTYPES: &[(&str, u8)] = &[
    ("assocreq", 0x00), ("assoc-req", 0x00), ("assocresp", 0x10), ("assoc-resp", 0x10), ("reassocreq", 0x20),
    ("reassoc-req", 0x20), ("reassocresp", 0x30), ("reassoc-resp", 0x30), ("probereq", 0x40),
    ("probe-req", 0x40), ("proberesp", 0x50), ("probe-resp", 0x50), ("beacon", 0x80), ("atim", 0x90),
    ("disassoc", 0xa0), ("disassociation", 0xa0), ("auth", 0xb0), ("authentication", 0xb0), ("deauth", 0xc0),
    ("deauthentication", 0xc0),
    ("ps-poll", 0xa4), ("rts", 0xb4), ("cts", 0xc4), ("ack", 0xd4), ("cf-end", 0xe4), ("cf-end-ack", 0xf4),
    ("data", 0x08), ("data-cf-ack", 0x18), ("data-cf-poll", 0x28), ("data-cf-ack-poll", 0x38), ("null", 0x48),
    ("cf-ack", 0x58), ("cf-poll", 0x68), ("cf-ack-poll", 0x78), ("qos-data", 0x88), ("qos-data-cf-ack", 0x98),
    ("qos-data-cf-poll", 0xa8), ("qos-data-cf-ack-poll", 0xb8), ("qos", 0xc8), ("qos-cf-poll", 0xe8),
    ("qos-cf-ack-poll", 0xf8),
];

const WLAN_DIRECTIONS: &[(&str, u8)] = &[("nods", 0), ("tods", 1), ("fromds", 2), ("dstods", 3)];

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines of a system table without comments, as words.
    fn table(path: &str) -> Option<Vec<Vec<String>>> {
        let text = std::fs::read_to_string(path).ok()?;
        let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default());
        let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        Some(lines.map(words).filter(|line| line.len() > 1).collect())
    }

    #[test]
    fn ports_are_those_of_the_system() {
        let Some(table) = table("/etc/services") else { return };
        let find = |name: &str, transport: &str| {
            let line = table.iter().find(|line| {
                line[1].ends_with(transport) && line.iter().any(|word| word == name)
            })?;
            line[1].split('/').next()?.parse::<u16>().ok()
        };
        let mut compared = 0;
        for (names, port, registered) in PORTS {
            for name in names.split(' ') {
                let of_system = match (find(name, "/tcp"), find(name, "/udp")) {
                    (Some(tcp), Some(udp)) if tcp == udp => (tcp, Both),
                    (Some(tcp), _) => (tcp, Tcp),
                    (None, Some(udp)) => (udp, Udp),
                    (None, None) => continue,
                };
                assert_eq!((*port, *registered), of_system, "{name}");
                compared += 1;
            }
        }
        assert!(compared > 50, "only {compared} names are in the system's table");
    }

    #[test]
    fn protocols_are_those_of_the_system() {
        let Some(table) = table("/etc/protocols") else { return };
        let mut compared = 0;
        for line in &table {
            let Some(ours) = ip_protocol(&line[0]) else { continue };
            assert_eq!(ours.to_string(), line[1], "{}", line[0]);
            compared += 1;
        }
        assert!(compared > 20, "only {compared} names are in the system's table");
    }

    #[test]
    fn the_nearest_word_is_suggested() {
        let words = || ["tcp", "udp", "host", "port", "portrange"].into_iter();
        for (word, near) in [
            ("tpc", Some("tcp")),
            ("hots", Some("host")),
            ("prot", Some("port")),
            ("portrnage", Some("portrange")),
            ("example.org", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, words()), near, "{word}");
        }
    }
}
