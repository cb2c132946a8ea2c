"""Names of engines, formats, layers and protocols, as PyPCAPKit's programs have them."""

from __future__ import annotations

PCAPKit = "default"
"""flowloom's own frames."""
Scapy = "scapy"
"""Frames of Scapy's classes."""
DPKT = "dpkt"
"""Taken for `PCAPKit`, with a warning."""
PyShark = "pyshark"
"""Taken for `PCAPKit`, with a warning."""

TREE = "tree"
JSON = "json"
PLIST = "plist"
PCAP = "pcap"

RAW = "none"
LINK = "link"
INET = "internet"
TRANS = "transport"
APP = "application"

ARP = "ARP"
DNS = "DNS"
HTTP = "HTTP"
ICMP = "ICMP"
ICMPv6 = "ICMPv6"
IPv4 = "IPv4"
IPv6 = "IPv6"
Ethernet = "Ethernet"
Raw = "Raw"
TCP = "TCP"
TLS = "TLS"
UDP = "UDP"
VLAN = "VLAN"

CHAIN = {
    "eth": Ethernet,
    "ip": IPv4,
    "ipv6": IPv6,
    "icmpv6": ICMPv6,
    "data": Raw,
    "ipv6.hopopts": "HOPOPT",
    "ipv6.fraghdr": "IPv6_Frag",
    "ipv6.routing": "IPv6_Route",
    "ipv6.dstopts": "IPv6_Opts",
}
"""Layers whose names are not ours in capitals."""


def chained(layer: str) -> str:
    """What PyPCAPKit calls one of our layers."""
    return CHAIN.get(layer, layer.upper())


def layer_of(name: str) -> str:
    """What we call one of PyPCAPKit's protocols."""
    for layer, known in CHAIN.items():
        if known.lower() == name.lower():
            return layer
    return name.lower()
