"""Filters of :class:`flowloom.Analyzer`: words of wa1kpcap's language as tcpdump has them, and
primitives that look behind VLAN tags by themselves."""

from __future__ import annotations

import re

DEFAULT_FILTER = "not arp and not icmp and not icmpv6 and not dhcp and not dhcpv6"


def merged(default: str | None, wanted: str | None) -> str | None:
    """Both filters; what the second one names, the usual default does not leave out."""
    default, wanted = default or "", wanted or ""
    if default == DEFAULT_FILTER:
        named = set(re.findall(r"[a-z0-9]+", wanted.lower()))
        rules = [rule for rule in default.split(" and ") if rule.split()[1] not in named]
        default = " and ".join(rules)
    default, wanted = translated(default), translated(wanted)
    if default and wanted and is_plain(wanted) and is_plain(default):
        return behind_tags(f"({wanted}) and ({default})")
    if default and not _MOVES.isdisjoint(re.findall(r"\w+", wanted)):
        return f"({default}) and ({wanted})"
    parts = [behind_tags(part) if is_plain(part) else part for part in (wanted, default) if part]
    # What is to the right of `vlan` looks behind the tag, so the user's own comes first.
    return " and ".join(f"({part})" for part in parts) or None


def translated(expression: str) -> str:
    """An expression with words of wa1kpcap's language as tcpdump has them."""
    words = re.findall(r'"[^"]*"|[()]|[^\s()"]+', expression)
    found: list[str] = []
    for word in words:
        lower = word.lower()
        if lower in _WORDS:
            word = lower = _WORDS[lower]
        elif _ADDRESS.fullmatch(word) and (not found or found[-1] in _BEFORE_HOSTS):
            found.append("host")
        found.append(lower if lower in _PLAIN else word)
    return " ".join(found)


def is_plain(expression: str) -> bool:
    """Whether it asks for nothing but protocols, addresses and ports."""
    words = re.findall(r"[^\s()]+", expression)
    return all(word in _PLAIN or _VALUE.fullmatch(word) for word in words)


def behind_tags(expression: str) -> str:
    """The same, true also where it is behind up to two VLAN tags."""
    untagged = " and ".join(f"not ether proto {number}" for number in _TAGS)
    once = f"(({expression}) and {untagged}) or (vlan and ({expression}))"
    return f"(({expression}) and {untagged}) or (vlan and ({once}))"


_WORDS = {
    "icmpv6": "icmp6",
    "ipv6": "ip6",
    "dhcp": "(udp port 67 or udp port 68)",
    "dhcpv6": "(udp port 546 or udp port 547)",
}
_PLAIN = frozenset(
    [
        "and",
        "or",
        "not",
        "&&",
        "||",
        "!",
        "tcp",
        "udp",
        "icmp",
        "icmp6",
        "arp",
        "ip",
        "ip6",
        "host",
        "net",
        "src",
        "dst",
        "port",
        "portrange",
        "dhcp",
        "dhcpv6",
        "sctp",
        "igmp",
    ]
)
_MOVES = frozenset(("vlan", "mpls", "pppoes", "geneve"))
"""Words that make what is to their right look further in."""
_BEFORE_HOSTS = {"and", "or", "not", "(", "&&", "||", "!"}
_ADDRESS = re.compile(r"\d+(\.\d+){3}|[0-9a-fA-F]*:[0-9a-fA-F:]*:[0-9a-fA-F:.]*")
_VALUE = re.compile(r"[0-9a-fA-F:.]*[0-9:][0-9a-fA-F:./-]*")
_TAGS = ("0x8100", "0x88a8", "0x9100")
"""Types of VLAN tags."""
