//! The facts that tshark found, in our words.

use std::collections::BTreeMap;

/// How often something was seen in a capture.
pub(crate) type Counts = BTreeMap<(Kind, String), u64>;

/// What kind of thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// The headers of a frame, outermost first, up to the first that is none of ours.
    Stack,
    /// An identifier: of a VLAN, a label, a tunnel.
    Tag,
    /// A fragment.
    Fragment,
    /// A verified checksum.
    Checksum,
    /// An ARP message.
    Arp,
    /// A type and code of ICMP, a type of IGMP.
    Message,
}

impl Kind {
    pub(crate) const ALL: [Self; 6] =
        [Self::Stack, Self::Tag, Self::Fragment, Self::Checksum, Self::Arp, Self::Message];

    /// The kind's name in the list of differences.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Stack => "stack",
            Self::Tag => "tag",
            Self::Fragment => "fragment",
            Self::Checksum => "checksum",
            Self::Arp => "arp",
            Self::Message => "message",
        }
    }
}

/// The number of frames.
pub(crate) fn frames(facts: &str) -> Option<u64> {
    let packets = facts.lines().find_map(|line| line.strip_prefix("file\tpackets\t"))?;
    packets.parse().ok()
}

/// Whether the facts have all stacks and not only the most frequent.
pub(crate) fn has_all_stacks(facts: &str) -> bool {
    facts.lines().filter(|line| line.starts_with("stack\t")).count() < STACKS_MAX
}

pub(crate) fn read(facts: &str) -> Counts {
    let mut counts = Counts::new();
    let mut add = |kind, what: String, count: &str| {
        *counts.entry((kind, what)).or_default() += count.parse::<u64>().unwrap();
    };
    for line in facts.lines() {
        match *line.split('\t').collect::<Vec<_>>() {
            ["stack", stack, count] => add(Kind::Stack, our_stack(stack), count),
            ["tag", tag, value, count] => {
                if let Some(tag) = our_tag(tag, value) {
                    add(Kind::Tag, tag, count);
                }
            }
            ["frag", version, "fragments" | "fragment_headers", count] => {
                add(Kind::Fragment, version.to_owned(), count);
            }
            ["frag", version, "atomic_fragments", count] => {
                add(Kind::Fragment, format!("{version} atomic"), count);
            }
            ["checksum", what, count] => add(Kind::Checksum, what.to_owned(), count),
            ["arp", operation, sender, target, mac, count] => {
                add(Kind::Arp, format!("{operation} {sender} {target} {mac}"), count);
            }
            ["icmp", protocol, message, code, count] => {
                add(Kind::Message, format!("{protocol} {message} {code}"), count);
            }
            ["igmp", message, count] => add(Kind::Message, format!("igmp {message}"), count),
            _ => {}
        }
    }
    counts
}

/// tshark's names of a frame's protocols, up to the first that we do not decode. What an ICMP error
/// quotes is left out.
fn our_stack(stack: &str) -> String {
    let mut ours = Vec::new();
    for name in stack.split(':') {
        match name {
            "ethertype" | "wlan_radio" | "pcap_pktdata" | "raw" => continue,
            // The integrity check value.
            "data" if ours.last() == Some(&"macsec") => continue,
            _ => {}
        }
        let Some(&(_, layer)) = NAMES.iter().find(|(theirs, _)| *theirs == name) else { break };
        // tshark does not name the customer's Ethernet header.
        if ours.last() == Some(&"pbb") {
            ours.push("ethernet");
        }
        ours.push(layer);
        if layer.starts_with("icmp") || layer == "igmp" {
            break;
        }
    }
    if is_control(stack) {
        ours.pop();
    }
    if ours.last() == Some(&"pbb") {
        ours.push("ethernet");
    }
    ours.join(" ")
}

/// Whether a frame has a control message of a tunnel: nothing is in it, and to us it is plain UDP.
fn is_control(stack: &str) -> bool {
    let ends = [":gtp", ":gtp:gtpv2", ":l2tp", ":ayiya"];
    ends.iter().any(|end| stack.ends_with(end)) && stack.contains(":udp:")
        || stack.ends_with(":tcp:gtp:gtpv2")
}

/// `None` for what we do not tell.
fn our_tag(tag: &str, value: &str) -> Option<String> {
    let number = match value.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16).ok()?,
        None => value.parse().ok()?,
    };
    match tag {
        "vlan.id" | "ieee8021ad.id" => Some(format!("vlan {number}")),
        "gtp.message" => None,
        _ => Some(format!("{} {number}", tag.split('.').next()?)),
    }
}

/// Stacks in the facts at most.
const STACKS_MAX: usize = 60;

/// tshark's name, our name.
const NAMES: &[(&str, &str)] = &[
    ("eth", "ethernet"),
    ("vlan", "vlan"),
    ("ieee8021ad", "vlan"),
    ("llc", "llc"),
    ("pppoed", "pppoed"),
    ("pppoes", "pppoe"),
    ("sll", "sll"),
    ("null", "null"),
    ("nflog", "nflog"),
    ("ppp", "ppp"),
    ("chdlc", "chdlc"),
    ("radiotap", "radiotap"),
    ("prism", "prism"),
    ("fddi", "fddi"),
    ("ipoib", "ipoib"),
    ("fr", "frame-relay"),
    ("pflog", "pflog"),
    ("enc", "enc"),
    ("pktap", "pktap"),
    ("ppi", "ppi"),
    ("wlan", "wlan"),
    ("mpls", "mpls"),
    ("ieee8021ah", "pbb"),
    ("cfp", "fabricpath"),
    ("vntag", "vntag"),
    ("nsh", "nsh"),
    ("macsec", "macsec"),
    ("hsr", "hsr"),
    ("etag", "etag"),
    ("ieee8021cb", "rtag"),
    ("batadv", "batman"),
    ("cmd", "cmd"),
    ("arp", "arp"),
    ("ip", "ip"),
    ("ipv6", "ip6"),
    ("ipv6.hopopts", "ip6-hopbyhop"),
    ("ipv6.routing", "ip6-routing"),
    ("ipv6.fraghdr", "ip6-fragment"),
    ("ipv6.dstopts", "ip6-destination"),
    ("mipv6", "ip6-mobility"),
    ("shim6", "shim6"),
    ("hip", "hip"),
    ("ah", "ah"),
    ("esp", "esp"),
    ("icmp", "icmp"),
    ("icmpv6", "icmp6"),
    ("igmp", "igmp"),
    ("tcp", "tcp"),
    ("udp", "udp"),
    ("udplite", "udplite"),
    ("sctp", "sctp"),
    ("dccp", "dccp"),
    ("gre", "gre"),
    ("erspan", "erspan"),
    ("vxlan", "vxlan"),
    ("geneve", "geneve"),
    ("gtp", "gtp"),
    ("teredo", "teredo"),
    ("ayiya", "ayiya"),
    ("lisp-data", "lisp"),
    ("etherip", "etherip"),
    ("capwap.data", "capwap"),
    ("l2tp", "l2tp"),
];
