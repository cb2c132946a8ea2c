"""PyPCAPKit's interface (1.4, and the older one) on flowloom's engine.

>>> from flowloom.compat.pcapkit import extract
>>> capture = extract(fin="samples/browsing.pcapng", nofile=True, tcp=True, reassembly=True)
>>> capture.length, len(capture.reassembly.tcp) > 0
(357, True)

``from flowloom.compat.pcapkit.all import *`` gives what ``from pcapkit.all import *`` gave a
program that calls :func:`extract`. What differs, and why, is in
``docs/python/coming-from-pcapkit.md``.
"""

from __future__ import annotations

from ._info import Info
from .errors import BaseError, EngineWarning, FileNotFound, UnsupportedCall
from .extraction import Extractor, extract
from .frames import Frame, ProtoChain
from .names import (
    APP,
    ARP,
    DNS,
    DPKT,
    HTTP,
    ICMP,
    INET,
    JSON,
    LINK,
    PCAP,
    PLIST,
    RAW,
    TCP,
    TLS,
    TRANS,
    TREE,
    UDP,
    VLAN,
    Ethernet,
    ICMPv6,
    IPv4,
    IPv6,
    PCAPKit,
    PyShark,
    Raw,
    Scapy,
)
from .reassembly import Datagram, DatagramID, ReassemblyData
from .trace import Index, TraceFlowData

__all__ = [
    "APP",
    "ARP",
    "DNS",
    "DPKT",
    "HTTP",
    "ICMP",
    "INET",
    "JSON",
    "LINK",
    "PCAP",
    "PLIST",
    "RAW",
    "TCP",
    "TLS",
    "TRANS",
    "TREE",
    "UDP",
    "VLAN",
    "BaseError",
    "Datagram",
    "DatagramID",
    "EngineWarning",
    "Ethernet",
    "Extractor",
    "FileNotFound",
    "Frame",
    "ICMPv6",
    "IPv4",
    "IPv6",
    "Index",
    "Info",
    "PCAPKit",
    "ProtoChain",
    "PyShark",
    "Raw",
    "ReassemblyData",
    "Scapy",
    "TraceFlowData",
    "UnsupportedCall",
    "extract",
]
