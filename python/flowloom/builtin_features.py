"""Incremental features that come with the package: entropy, a sliding window, fields of headers.

They look at packets, so the analyzer has to keep what they look at: ``keep_packets="offsets"`` or
``"bytes"`` for the entropy of bytes, times to live, TLS, HTTP and DNS. Tables keep none of it: there,
the entropy is an error, and fields of headers are those of TCP, and lengths.
"""

from __future__ import annotations

import math
from collections import Counter, deque
from typing import TYPE_CHECKING, Any

import numpy as np

from .own import BaseIncrementalFeature, FeatureType

if TYPE_CHECKING:
    from .flow import Flow
    from .packets import Packet


class EntropyFeatureProcessor(BaseIncrementalFeature):
    """Shannon entropy of each packet's bytes, in bits per byte: of the whole frame
    (``raw_bytes_entropy``), of transport header and payload (``transport_payload_entropy``), of the
    payload (``app_payload_entropy``); arrays with a value for each packet, 0 for what is empty."""

    def __init__(self) -> None:
        super().__init__("entropy", FeatureType.CUSTOM)

    def initialize(self, flow: Flow) -> None:
        _state(self, flow).update(raw=[], transport=[], app=[])

    def update(self, flow: Flow, pkt: Packet) -> None:
        state = _state(self, flow)
        payload = pkt.payload
        header = pkt.get_layer("tcp") or pkt.get_layer("udp")
        state["raw"].append(_entropy(pkt.raw_data))
        state["transport"].append(_entropy((b"" if header is None else header.data) + payload))
        state["app"].append(_entropy(payload))

    def get_value(self, flow: Flow) -> dict[str, Any]:
        state = _state(self, flow)
        return {
            "raw_bytes_entropy": np.array(state["raw"]),
            "transport_payload_entropy": np.array(state["transport"]),
            "app_payload_entropy": np.array(state["app"]),
        }


class SlidingWindowStatsProcessor(BaseIncrementalFeature):
    """Mean, deviation, minimum and maximum of packet lengths up to each packet
    (``mean_sequence`` and so on), and over the last packets (``current_window_mean``,
    ``current_window_std``).

    Parameters
    ----------
    window_size : int
        How many the last packets are.
    """

    def __init__(self, window_size: int = 10) -> None:
        super().__init__("sliding_window_stats", FeatureType.CUSTOM)
        self.window_size = window_size

    def initialize(self, flow: Flow) -> None:
        _state(self, flow).update(lengths=[], window=deque(maxlen=self.window_size))

    def update(self, flow: Flow, pkt: Packet) -> None:
        state = _state(self, flow)
        state["lengths"].append(float(pkt.wirelen))
        state["window"].append(float(pkt.wirelen))

    def get_value(self, flow: Flow) -> dict[str, Any]:
        state = _state(self, flow)
        lengths, window = np.array(state["lengths"]), np.array(state["window"])
        counts = np.arange(1, len(lengths) + 1)
        means = np.cumsum(lengths) / counts
        squares = np.cumsum(lengths * lengths) / counts
        return {
            "mean_sequence": means,
            "std_sequence": np.sqrt(np.maximum(squares - means * means, 0.0)),
            "min_sequence": np.minimum.accumulate(lengths),
            "max_sequence": np.maximum.accumulate(lengths),
            "current_window_mean": float(window.mean()) if len(window) else 0.0,
            "current_window_std": float(window.std()) if len(window) else 0.0,
        }


class ProtocolFieldProcessor(BaseIncrementalFeature):
    """Fields of headers, packet by packet: TCP flags and windows, times to live, types of TLS
    records and handshakes, HTTP methods and user agents, names in DNS questions, lengths up and
    down. What did not come is not there."""

    def __init__(self) -> None:
        super().__init__("protocol_fields", FeatureType.CUSTOM)

    def initialize(self, flow: Flow) -> None:
        _state(self, flow).update(fields={})

    def update(self, flow: Flow, pkt: Packet) -> None:
        fields = _state(self, flow)["fields"]

        def note(name: str, value: Any) -> None:
            if value is not None:
                fields.setdefault(name, []).append(value)

        tcp, ip, ip6 = pkt.get_layer("tcp"), pkt.get_layer("ip"), pkt.get_layer("ip6")
        if tcp is not None:
            note("tcp_flags_sequence", tcp.flags)
            note("tcp_window_sequence", tcp.win)
        if ip is not None or ip6 is not None:
            note("ttl_sequence", ip.ttl if ip is not None else ip6.hop_limit if ip6 else None)
        tls, http, dns = (pkt.get_layer(name) for name in ("tls", "http", "dns"))
        if tls is not None:
            note("tls_content_types", tls.content_type)
            note("tls_handshake_types", tls.handshake_type)
        if http is not None:
            note("http_methods", http.method)
            note("http_user_agents", http.user_agent)
        if dns is not None:
            note("dns_query_names", dns.query)
        note("up_packet_lengths" if pkt.is_client_to_server else "down_packet_lengths", pkt.wirelen)

    def get_value(self, flow: Flow) -> dict[str, Any]:
        fields = _state(self, flow)["fields"]
        return {
            name: values if isinstance(values[0], str) else np.array(values)
            for name, values in fields.items()
        }


def _state(processor: BaseIncrementalFeature, flow: Flow) -> dict[str, Any]:
    """What a feature remembers of a flow."""
    states: dict[str, dict[str, Any]] = flow.__dict__.setdefault("_states", {})
    return states.setdefault(processor.name, {})


def _entropy(data: bytes) -> float:
    if not data:
        return 0.0
    total = len(data)
    return -sum(n / total * math.log2(n / total) for n in Counter(data).values()) + 0.0
