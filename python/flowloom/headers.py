"""Headers of a packet: what the engine dissects, under the short names that scripts know."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from . import _native


class Header:
    """A header: its fields as attributes, those of TCP's flags as ``syn``, ``ack`` and so on.

    Attributes
    ----------
    name : str
        Its name, such as ``tcp``.
    fields : dict
        All of its fields, also those without a short name; those that come again have lists.
    data : bytes
        Its bytes.
    """

    __slots__ = ("data", "fields", "name")

    def __init__(self, name: str, fields: Mapping[str, Any], data: bytes = b"") -> None:
        self.name = name
        self.fields = fields
        self.data = data

    def __getattr__(self, key: str) -> Any:
        if key.startswith("__"):
            raise AttributeError(key)
        fields, whose = self.fields, (self.name, key)
        if whose in _DERIVED:
            return _DERIVED[whose](self)
        known = _FIELDS.get(self.name, {})
        if key in known:
            # Of what the flow knows, fields have their short names.
            said = _listed(fields.get(known[key], fields.get(key)))
            if whose in _LISTS:
                return said
            return said[_AT.get(self.name, 0)] if said else _EMPTY.get(whose, 0)
        if key in fields:
            return fields[key]
        if self.name == "tcp" and key in FLAGS:
            return bool(self.flags & FLAGS[key])
        raise AttributeError(
            f"{self.name} has no field {key!r}; it has {', '.join([*known, *fields])}"
        )

    @property
    def is_fragment(self) -> bool:
        """Of IP: whether it is a part of a datagram."""
        return bool(self.fields.get("flags.mf") or self.fields.get("frag_offset"))

    is_fragmented = is_fragment

    @property
    def more_fragments(self) -> bool:
        """Of IP: whether other parts come behind it."""
        return bool(self.fields.get("flags.mf"))

    @property
    def options(self) -> bytes:
        """Of TCP: the bytes of its options."""
        return self.data[20:]

    def get(self, key: str, default: Any = None) -> Any:
        """A field, or a default where there is none."""
        try:
            return getattr(self, key)
        except AttributeError:
            return default

    def __repr__(self) -> str:
        said = {key: getattr(self, key) for key in _FIELDS.get(self.name, {})} or self.fields
        return f"{self.name}({', '.join(f'{key}={value!r}' for key, value in said.items())})"


def read(data: bytes, link_type: int, wirelen: int) -> dict[str, Header]:
    """The headers of a frame, outermost first; of those of a kind, the innermost; of QUIC packets in
    one datagram, the first. ``payload`` is what comes after the transport header."""
    found: dict[str, Header] = {}
    for layer, start, length, fields in _native.dissect(data, link_type, wirelen):
        name = "sll2" if layer == "sll" and link_type == _SLL2 else _LAYERS.get(layer, layer)
        if name == "frame" or (name == "quic" and name in found):
            continue
        if name in _INNER:
            # An inner packet has its own, whatever the outer one had.
            found.pop("payload", None)
        end = min(len(data), start + length)
        found[name] = Header(name, fields, data[start:end])
        if name in ("tcp", "udp"):
            found["payload"] = Header("payload", {}, _payload(found, name, data, end))
    return found


def _payload(found: Mapping[str, Header], name: str, data: bytes, start: int) -> bytes:
    """From a place on, without what pads the frame."""
    header = found[name]
    if name == "udp":
        return data[start : start + max(0, header.fields.get("length", 8) - 8)]
    ip = found.get("ip")
    if ip is not None:
        at = start - len(header.data) - len(ip.data)
        return data[start : at + ip.fields.get("len", len(data))]
    ip6 = found.get("ip6")
    if ip6 is not None and ip6.fields.get("nxt") == _TCP:
        return data[start : start - len(header.data) + ip6.fields.get("plen", len(data))]
    return data[start:]


def _listed(value: Any) -> list[Any]:
    """The values of a field."""
    return value if isinstance(value, list) else [] if value is None else [value]


def _ciphers(tls: Header, of_client: bool) -> list[int]:
    """The cipher suites that a ClientHello offers, or that a ServerHello takes."""
    offers = "handshake.cipher_suites_length" in tls.fields
    return _listed(tls.fields.get("handshake.ciphersuite")) if offers == of_client else []


_TCP, _SLL2 = 6, 276
_LAYERS = {"ipv6": "ip6", "icmpv6": "icmp6"}
_INNER = ("ip", "ip6")
FLAGS = {"fin": 1, "syn": 2, "rst": 4, "psh": 8, "ack": 16, "urg": 32, "ece": 64, "cwr": 128}
_FIELDS: dict[str, dict[str, str]] = {
    "eth": {"src": "src", "dst": "dst", "type": "type"},
    "vlan": {"vlan_id": "id", "priority": "priority", "dei": "dei", "ether_type": "etype"},
    "sll": {
        "packet_type": "pkttype",
        "arphrd_type": "hatype",
        "addr": "src.eth",
        "protocol": "etype",
    },
    "sll2": {
        "protocol_type": "etype",
        "interface_index": "ifindex",
        "arphrd_type": "hatype",
        "packet_type": "pkttype",
        "addr": "src.eth",
    },
    "ip": {
        "version": "version",
        "src": "src",
        "dst": "dst",
        "proto": "proto",
        "ttl": "ttl",
        "len": "len",
        "id": "id",
        "flags": "flags",
        "offset": "frag_offset",
    },
    "ip6": {
        "version": "version",
        "src": "src",
        "dst": "dst",
        "next_header": "nxt",
        "hop_limit": "hlim",
        "flow_label": "flow",
        "len": "plen",
    },
    "tcp": {
        "sport": "srcport",
        "dport": "dstport",
        "seq": "seq_raw",
        "ack_num": "ack_raw",
        "flags": "flags",
        "win": "window_size_value",
        "urgent": "urgent_pointer",
    },
    "udp": {"sport": "srcport", "dport": "dstport", "len": "length"},
    "icmp": {"type": "type", "code": "code"},
    "icmp6": {"type": "type", "code": "code", "checksum": "checksum"},
    "arp": {
        "hw_type": "hw.type",
        "proto_type": "proto.type",
        "opcode": "opcode",
        "sender_mac": "src.hw_mac",
        "sender_ip": "src.proto_ipv4",
        "target_mac": "dst.hw_mac",
        "target_ip": "dst.proto_ipv4",
    },
    "gre": {
        "flags": "flags_and_version",
        "protocol_type": "proto",
        "checksum": "checksum",
        "key": "key",
        "sequence": "sequence_number",
    },
    "vxlan": {"flags": "flags", "vni": "vni"},
    "mpls": {"label": "label", "tc": "exp", "ttl": "ttl", "bottom_of_stack": "bottom"},
    "dhcp": {
        "op": "type",
        "htype": "hw.type",
        "xid": "id",
        "ciaddr": "ip.client",
        "yiaddr": "ip.your",
        "siaddr": "ip.server",
        "giaddr": "ip.relay",
        "chaddr": "hw.mac_addr",
    },
    "dhcpv6": {"msg_type": "msgtype", "transaction_id": "xid"},
    "dns": {
        "flags": "flags",
        "question_count": "count.queries",
        "answer_count": "count.answers",
        "authority_count": "count.auth_rr",
        "additional_count": "count.add_rr",
        "response_code": "flags.rcode",
        "query": "qry.name",
        "queries": "qry.name",
    },
    "tls": {
        "content_type": "record.content_type",
        "record_version": "record.version",
        "record_length": "record.length",
        "handshake_type": "handshake.type",
        "sni": "handshake.extensions_server_name",
        "alpn": "handshake.extensions_alpn_str",
        "signature_algorithms": "handshake.sig_hash_alg",
        "supported_groups": "handshake.extensions_supported_group",
        "extensions": "handshake.extension.type",
        "certificates": "handshake.certificate",
    },
    "http": {
        "method": "request.method",
        "path": "request.uri",
        "host": "host",
        "user_agent": "user_agent",
        "status_code": "response.code",
        "status_reason": "response.phrase",
        "content_type": "content_type",
    },
    "quic": {
        "version": "version",
        "dcid": "dcid",
        "scid": "scid",
        "token": "token",
        "packet_type": "long.packet_type",
    },
}
"""Short names of fields, and what the engine calls them."""

_LISTS = {
    ("dns", "queries"),
    *(
        ("tls", name)
        for name in (
            "sni",
            "alpn",
            "signature_algorithms",
            "supported_groups",
            "extensions",
            "certificates",
        )
    ),
}
"""Fields that are lists, whatever their number; of all others, the first is told."""

_AT = {"mpls": -1}
"""Where it is another one: of MPLS, the innermost label is."""

_EMPTY: dict[tuple[str, str], Any] = {
    ("gre", "checksum"): None,
    ("gre", "key"): None,
    ("gre", "sequence"): None,
    ("tls", "handshake_type"): None,
    **{("http", name): None for name in _FIELDS["http"]},
    ("dns", "query"): None,
    **{("quic", name): b"" for name in ("dcid", "scid", "token")},
    **{(name, "addr"): "" for name in ("sll", "sll2")},
}
"""What a field is that a header has not, where that is not 0."""

_DERIVED: dict[tuple[str, str], Callable[[Header], Any]] = {
    ("tcp", "flags"): lambda tcp: tcp.fields.get("flags", 0) & 0xFF,
    ("tcp", "is_handshake"): lambda tcp: tcp.syn and not tcp.ack,
    ("tcp", "is_handshake_ack"): lambda tcp: tcp.syn and tcp.ack,
    ("tls", "version"): lambda tls: "{}.{}".format(*divmod(tls.record_version, 256)),
    ("tls", "cipher_suites"): lambda tls: _ciphers(tls, of_client=True),
    ("tls", "cipher_suite"): lambda tls: next(iter(_ciphers(tls, of_client=False)), None),
    ("tls", "certificate"): lambda tls: next(iter(tls.certificates), None),
    ("dns", "is_query"): lambda dns: not dns.flags & 0x8000,
    ("dns", "is_response"): lambda dns: bool(dns.flags & 0x8000),
    ("quic", "is_long_header"): lambda quic: bool(quic.fields.get("header_form")),
    ("mpls", "stack_depth"): lambda mpls: len(_listed(mpls.fields.get("label"))),
    ("dhcp", "options_raw"): lambda dhcp: dhcp.data[240:],
    ("dhcpv6", "options_raw"): lambda dhcpv6: dhcpv6.data[4:],
}
"""What is made of several fields, or of a header's bytes."""
