//! What numbers that many layers share are called.

/// The name of an `EtherType`.
pub(crate) fn ether_type(number: u64) -> Option<&'static str> {
    Some(match number {
        0x0800 => "IPv4",
        0x0806 => "ARP",
        0x0842 => "Wake on LAN",
        0x22eb => "ERSPAN type III",
        0x6558 => "bridged Ethernet",
        0x6559 => "Frame Relay",
        0x8035 => "RARP",
        0x809b => "AppleTalk",
        0x80f3 => "AARP",
        0x8100 => "802.1Q VLAN",
        0x8137 => "IPX",
        0x86dd => "IPv6",
        0x8809 => "slow protocols",
        0x880b => "PPP",
        0x8847 => "MPLS",
        0x8848 => "MPLS, upstream label",
        0x8863 => "PPPoE discovery",
        0x8864 => "PPPoE session",
        0x888e => "802.1X",
        0x88a8 => "802.1ad service VLAN",
        0x88be => "ERSPAN",
        0x88cc => "LLDP",
        0x88e5 => "MACsec",
        0x88e7 => "provider backbone bridge",
        0x88f7 => "PTP",
        0x8903 => "FabricPath",
        0x8909 => "Cisco metadata",
        0x8926 => "VN-tag",
        0x892f => "HSR",
        0x893f => "802.1BR tag",
        0x894f => "network service header",
        0x9000 => "loopback test",
        0x9100 => "QinQ, old",
        0x4305 => "batman-adv",
        0xf1c1 => "802.1CB R-tag",
        _ => return None,
    })
}

/// The name of an IP protocol number.
pub(crate) fn ip_protocol(number: u64) -> Option<&'static str> {
    Some(match number {
        0 => "hop-by-hop options",
        1 => "ICMP",
        2 => "IGMP",
        4 => "IPv4",
        6 => "TCP",
        8 => "EGP",
        17 => "UDP",
        33 => "DCCP",
        41 => "IPv6",
        43 => "routing header",
        44 => "fragment header",
        46 => "RSVP",
        47 => "GRE",
        50 => "ESP",
        51 => "AH",
        58 => "ICMPv6",
        59 => "no next header",
        60 => "destination options",
        88 => "EIGRP",
        89 => "OSPF",
        97 => "EtherIP",
        103 => "PIM",
        108 => "IPComp",
        112 => "VRRP",
        115 => "L2TP",
        132 => "SCTP",
        135 => "mobility header",
        136 => "UDP-Lite",
        137 => "MPLS",
        139 => "HIP",
        140 => "Shim6",
        143 => "Ethernet",
        _ => return None,
    })
}

/// The name of a differentiated services code point.
pub(crate) fn dscp(number: u64) -> Option<&'static str> {
    Some(match number {
        0 => "CS0",
        1 => "LE",
        8 => "CS1",
        10 => "AF11",
        12 => "AF12",
        14 => "AF13",
        16 => "CS2",
        18 => "AF21",
        20 => "AF22",
        22 => "AF23",
        24 => "CS3",
        26 => "AF31",
        28 => "AF32",
        30 => "AF33",
        32 => "CS4",
        34 => "AF41",
        36 => "AF42",
        38 => "AF43",
        40 => "CS5",
        44 => "voice admit",
        46 => "EF",
        48 => "CS6",
        56 => "CS7",
        _ => return None,
    })
}

/// The name of an explicit congestion notification.
pub(crate) fn ecn(number: u64) -> Option<&'static str> {
    ["not ECN-capable", "ECT(1)", "ECT(0)", "congestion experienced"].get(number as usize).copied()
}
