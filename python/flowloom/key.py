"""Who speaks with whom."""

from __future__ import annotations

from typing import NamedTuple


class FlowKey(NamedTuple):
    """Who speaks with whom; the source is the flow's initiator."""

    src_ip: str
    dst_ip: str
    src_port: int
    """0 for protocols without ports."""
    dst_port: int
    protocol: int
    vlan_id: int = 0
    """0 without a VLAN tag."""

    @property
    def protocol_name(self) -> str:
        """The protocol by its name, as ``TCP``, or ``PROTO(47)``."""
        return PROTOCOLS.get(self.protocol, f"PROTO({self.protocol})")

    def direction(self, ip: str, port: int) -> int:
        """1 for a packet that this endpoint sends if it is the source, else -1."""
        return 1 if (ip, port) == (self.src_ip, self.src_port) else -1

    def reverse(self) -> FlowKey:
        """The key as the other side sees it."""
        return FlowKey(
            self.dst_ip, self.src_ip, self.dst_port, self.src_port, self.protocol, self.vlan_id
        )

    def __str__(self) -> str:
        source, target = (
            _endpoint(self.src_ip, self.src_port),
            _endpoint(self.dst_ip, self.dst_port),
        )
        return f"{source} -> {target} ({self.protocol_name})"


def _endpoint(ip: str, port: int) -> str:
    return f"{ip}:{port}"


PROTOCOLS = {1: "ICMP", 6: "TCP", 17: "UDP", 58: "ICMPv6"}
"""IP protocols by their numbers."""
