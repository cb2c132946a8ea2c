"""Flows as objects: views on the columns of a table, made when they are touched."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from . import layers
from ._block import Block
from ._statistics import StatisticsView
from .errors import ConfigError
from .key import PROTOCOLS, FlowKey
from .layers import DNSInfo, HTTPInfo, QUICInfo, TLSInfo
from .metrics import FlowMetrics
from .shortcuts import Shortcuts

if TYPE_CHECKING:
    from .own import BaseIncrementalFeature
    from .packets import Packet, PacketList
    from .table import FlowTable


class TCPState(enum.Enum):
    """What a TCP connection came to."""

    CLOSED = 0
    SYN_SENT = 1
    SYN_RECEIVED = 2
    ESTABLISHED = 3
    FIN_WAIT_1 = 4
    FIN_WAIT_2 = 5
    CLOSING = 6
    TIME_WAIT = 7
    CLOSE_WAIT = 8
    LAST_ACK = 9
    RESET = 10


class FlowFeatures:
    """The sequences of a flow: an entry for each packet, positive up and negative down."""

    __slots__ = ("_block", "_row")

    def __init__(self, block: Block, row: int) -> None:
        self._block = block
        self._row = row

    def _series(self, name: str) -> npt.NDArray[Any]:
        return self._block.sequence(name, self._row)

    @property
    def packet_lengths(self) -> npt.NDArray[np.int64]:
        """Bytes of the frame on the wire, signed by direction."""
        return self._series("packet_lengths")

    @property
    def ip_lengths(self) -> npt.NDArray[np.int64]:
        """Bytes by the IP header, signed by direction."""
        return self._series("ip_lengths")

    @property
    def trans_lengths(self) -> npt.NDArray[np.int64]:
        """Bytes of transport header and payload, signed by direction."""
        return self._series("trans_lengths")

    @property
    def app_lengths(self) -> npt.NDArray[np.int64]:
        """Bytes of payload, signed by direction."""
        return self._series("app_lengths")

    @property
    def timestamps(self) -> npt.NDArray[np.float64]:
        """Seconds since 1970."""
        return self._series("timestamps")

    @property
    def iats(self) -> npt.NDArray[np.float64]:
        """Seconds from one packet to the next: one entry less than there are packets."""
        return self._series("iats")

    @property
    def payload_bytes(self) -> npt.NDArray[np.int64]:
        """The same as ``app_lengths``."""
        return self._series("payload_bytes")

    @property
    def tcp_flags(self) -> npt.NDArray[np.uint8]:
        """TCP flags: FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32, ECE 64, CWR 128."""
        return self._series("tcp_flags")

    @property
    def tcp_window_sizes(self) -> npt.NDArray[np.uint16]:
        """TCP windows as sent, not scaled."""
        return self._series("tcp_window_sizes")

    @property
    def directions(self) -> npt.NDArray[np.int64]:
        """+1 for a packet from the initiator, -1 for one to it."""
        return self._series("directions")

    def compute_statistics(self) -> dict[str, Any]:
        """Statistics of each sequence that is not empty, and of the flow."""
        return stats_of(self._block, self._row)

    def to_dict(self) -> dict[str, Any]:
        """Sequences as lists, and ``statistics``."""
        flow: dict[str, Any] = {
            name: self._series(name).tolist()
            for name in SEQUENCES
            if self._block.shows(name)
            and not (name.startswith("tcp_") and not len(self._series(name)))
        }
        if self._block.with_statistics:
            flow["statistics"] = {
                name: dict(value) if isinstance(value, StatisticsView) else value
                for name, value in self.compute_statistics().items()
            }
        return flow

    def __repr__(self) -> str:
        return f"FlowFeatures({len(self.packet_lengths)} packets)"


class Flow(Shortcuts):
    """What two endpoints said to each other: a view on a row of a table.

    It stays valid when the table is gone. What it is asked for is computed for its neighbours in
    the table, too, so that a loop over flows costs little.
    """

    def __init__(self, block: Block, row: int) -> None:
        self._block = block
        self._row = row
        self._own: dict[str, Any] = {}

    # Who and when.

    @property
    def key(self) -> FlowKey:
        """Addresses, ports and protocol; the source is the initiator."""
        return self._block.keys()[self._row]

    @property
    def flow_id(self) -> int:
        """Number of the flow's first frame in its capture."""
        return int(self._block.values("flow_id")[self._row])

    @property
    def capture(self) -> str:
        """The capture that the flow was found in."""
        return str(self._block.value("capture", self._row))

    @property
    def src_ip(self) -> str:
        """Address of the initiator."""
        return self.key.src_ip

    @property
    def dst_ip(self) -> str:
        """Address of the other side."""
        return self.key.dst_ip

    @property
    def sport(self) -> int:
        """Port of the initiator."""
        return self.key.src_port

    @property
    def dport(self) -> int:
        """Port of the other side."""
        return self.key.dst_port

    @property
    def protocol(self) -> int:
        """IP protocol number."""
        return self.key.protocol

    @property
    def proto(self) -> str:
        """The protocol by its name: ``TCP``."""
        return self.key.protocol_name

    @property
    def start_time(self) -> float:
        """Time of the first packet, in seconds since 1970."""
        if self._block.leaves_out:
            return self._block.times("start")[self._row]
        return int(self._block.values("start_time")[self._row]) / 1e9

    @property
    def end_time(self) -> float:
        """The latest time of a packet, in seconds since 1970."""
        if "times" in self._block.names:
            return self._block.times("end")[self._row]
        return int(self._block.values("end_time")[self._row]) / 1e9

    @property
    def duration(self) -> float:
        """Seconds from ``start_time`` to ``end_time``."""
        if "times" in self._block.names:
            return self._block.times("duration")[self._row]
        return float(self._block.values("duration")[self._row])

    # How much.

    @property
    def metrics(self) -> FlowMetrics:
        """Counts of packets, bytes and flags."""
        return self._block.metrics()[self._row]

    @property
    def packet_count(self) -> int:
        """Packets of both directions."""
        if self._block.leaves_out:
            return self._block.count("packet_count")[self._row]
        return int(self._block.values("packet_count")[self._row])

    num_packets = packet_count

    @property
    def byte_count(self) -> int:
        """Bytes of both directions, as frames on the wire."""
        if self._block.leaves_out:
            return self._block.count("byte_count")[self._row]
        return int(self._block.values("byte_count")[self._row])

    @property
    def tcp_state(self) -> TCPState:
        """What the TCP connection came to; ``CLOSED`` for other protocols."""
        return _STATES.get(self._block.value("tcp_state", self._row), TCPState.CLOSED)

    tcp_state_reverse = tcp_state

    @property
    def is_closed(self) -> bool:
        """Whether it is over: closed or reset, or no TCP at all."""
        return self.tcp_state in (TCPState.CLOSED, TCPState.RESET)

    # Sequences and statistics.

    @property
    def features(self) -> FlowFeatures:
        """The flow's sequences."""
        return FlowFeatures(self._block, self._row)

    @property
    def stats(self) -> dict[str, Any]:
        """Statistics of each sequence that is not empty, and of the flow: see
        :class:`flowloom.FlowFeatures`. Empty where statistics were not asked for.

        They go by the signs of the entries: ``up_*`` are over what is above 0, ``down_*`` over what is
        below, without the sign. Zeros, as in ``app_lengths``, are in neither; ``tcp_flags`` and
        ``tcp_window``, which have no signs, are all ``up_*``. The columns of the feature set
        ``statistics`` go by the directions of packets."""
        return stats_of(self._block, self._row) if self._block.with_statistics else {}

    @property
    def packet_lengths(self) -> npt.NDArray[np.int64]:
        """See :attr:`FlowFeatures.packet_lengths`."""
        return self._block.sequence("packet_lengths", self._row)

    @property
    def ip_lengths(self) -> npt.NDArray[np.int64]:
        """See :attr:`FlowFeatures.ip_lengths`."""
        return self._block.sequence("ip_lengths", self._row)

    @property
    def trans_lengths(self) -> npt.NDArray[np.int64]:
        """See :attr:`FlowFeatures.trans_lengths`."""
        return self._block.sequence("trans_lengths", self._row)

    @property
    def app_lengths(self) -> npt.NDArray[np.int64]:
        """See :attr:`FlowFeatures.app_lengths`."""
        return self._block.sequence("app_lengths", self._row)

    @property
    def timestamps(self) -> npt.NDArray[np.float64]:
        """See :attr:`FlowFeatures.timestamps`."""
        return self._block.sequence("timestamps", self._row)

    @property
    def iats(self) -> npt.NDArray[np.float64]:
        """See :attr:`FlowFeatures.iats`."""
        return self._block.sequence("iats", self._row)

    @property
    def payload_bytes(self) -> npt.NDArray[np.int64]:
        """See :attr:`FlowFeatures.payload_bytes`."""
        return self._block.sequence("payload_bytes", self._row)

    @property
    def tcp_flags(self) -> npt.NDArray[np.uint8]:
        """See :attr:`FlowFeatures.tcp_flags`."""
        return self._block.sequence("tcp_flags", self._row)

    @property
    def tcp_window_sizes(self) -> npt.NDArray[np.uint16]:
        """See :attr:`FlowFeatures.tcp_window_sizes`."""
        return self._block.sequence("tcp_window_sizes", self._row)

    # Packets.

    @cached_property
    def packets(self) -> PacketList:
        """The packets of its sequences, as objects; ``flow.packets()`` is the same."""
        from .packets import PacketList

        return PacketList(self._block, self._row)

    def packets_forward(self) -> list[Packet]:
        """Those from the initiator."""
        return [packet for packet in self.packets if packet.is_client_to_server]

    def packets_reverse(self) -> list[Packet]:
        """Those to the initiator."""
        return [packet for packet in self.packets if not packet.is_client_to_server]

    # What it says.

    @cached_property
    def tls(self) -> TLSInfo | None:
        """The TLS handshake; ``None`` where there is none, or the set ``tls`` was not read. That of QUIC
        is in :attr:`quic`."""
        return layers.tls(self._block, self._row)

    @cached_property
    def http(self) -> HTTPInfo | None:
        """The first HTTP exchange; likewise."""
        return layers.http(self._block, self._row)

    @cached_property
    def dns(self) -> DNSInfo | None:
        """The first DNS question and its answer; likewise."""
        return layers.dns(self._block, self._row)

    @cached_property
    def quic(self) -> QUICInfo | None:
        """The QUIC handshake; likewise. Its ClientHello is in the columns of the set ``tls``, too."""
        return layers.quic(self._block, self._row)

    @property
    def layers(self) -> dict[str, Any]:
        """What it says, by protocol: ``tls_record``, ``http``, ``dns``, ``quic``, and those that are
        declared in YAML, where the set ``declared`` was read."""
        said = {"tls_record": self.tls, "http": self.http, "dns": self.dns, "quic": self.quic}
        found: dict[str, Any] = {name: info for name, info in said.items() if info is not None}
        return {**found, **layers.declared(self._block, self._row)}

    @property
    def ext_protocol(self) -> list[str]:
        """Protocols from the IP header upwards, as ``["IPv4", "TCP", "TLS", "HTTPS"]``."""
        return self.build_ext_protocol()

    def build_ext_protocol(self) -> list[str]:
        """See :attr:`ext_protocol`."""
        stack = ["IPv6" if self._block.value("ip_version", self._row) == 6 else "IPv4"]
        if self.protocol in PROTOCOLS:
            stack.append(PROTOCOLS[self.protocol])
        if self.tls is not None:
            stack.append("TLS")
            if any(name.startswith(("h2", "http")) for name in self.tls.alpn):
                stack.append("HTTPS")
        stack += [name.upper() for name in self.layers if name != "tls_record"]
        return stack

    # Own features.

    def get_features(self) -> dict[str, Any]:
        """Values of own features, by name."""
        return dict(self._own)

    @property
    def feature_values(self) -> dict[str, Any]:
        """See :meth:`get_features`."""
        return self.get_features()

    def register_incremental_feature(self, name: str, processor: BaseIncrementalFeature) -> None:
        """Tells an incremental feature of the flow's packets; its value is in ``feature_values``."""
        from ._own_columns import run_incremental

        run_incremental([self], {name: processor}, "raise")

    # All of it.

    def to_dict(self) -> dict[str, Any]:
        """The flow without its sequences and statistics, for JSON and tables."""
        key, metrics = self.key, self.metrics
        found: dict[str, Any] = {
            "key": str(key),
            "protocol": key.protocol_name,
            "src_ip": key.src_ip,
            "dst_ip": key.dst_ip,
            "src_port": key.src_port,
            "dst_port": key.dst_port,
            "start_time": self.start_time,
            "end_time": self.end_time,
            "duration": self.duration,
            **{name: getattr(metrics, name) for name in FlowMetrics._fields[:6]},
            "ext_protocol": self.ext_protocol,
        }
        if self.tcp_state is not TCPState.CLOSED:
            found["tcp_state"] = self.tcp_state.name
        found.update(_said(self))
        return found

    def __repr__(self) -> str:
        return f"Flow({self.key}, {self.packet_count} packets)"


def flows_of(table: FlowTable) -> Iterator[Flow]:
    """A view on each row of a table."""
    if "src_ip" not in table.columns:
        raise ConfigError(
            "rows are flow objects where flows were read with the set 'core'; rows() gives them as "
            "dictionaries"
        )
    at = 0
    for rows in table._native.chunk_rows:
        block = Block(table[at : at + rows])
        for row in range(rows):
            yield Flow(block, row)
        at += rows


def stats_of(block: Block, row: int) -> dict[str, Any]:
    """The statistics of a flow's sequences, and some of the flow."""
    found: dict[str, Any] = {}
    for name, series in STATISTICS.items():
        if block.shows(series) and len(block.sequence(series, row)):
            found[name] = StatisticsView(block.statistics(series), row)
    metrics = block.metrics()[row]
    up, down = metrics.up_packet_count, metrics.down_packet_count
    up_bytes, down_bytes = metrics.up_byte_count, metrics.down_byte_count
    found["packet_count"] = up + down
    found["total_bytes"] = up_bytes + down_bytes
    found["up_down_pkt_ratio"] = up / down if down else 0.0
    found["up_down_byte_ratio"] = up_bytes / down_bytes if down_bytes else 0.0
    found["duration"] = float(block.statistics("iats")["sum"][row])
    return found


def _said(flow: Flow) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if flow.tls is not None:
        found["tls"] = {"version": flow.tls.version}
        if flow.tls.sni:
            found["tls"]["sni"] = flow.tls.sni
        if flow.tls.certificate is not None:
            found["tls"]["cert_subject"] = flow.tls.certificate["subject"]
            found["tls"]["cert_issuer"] = flow.tls.certificate["issuer"]
    if flow.http is not None:
        found["http"] = {"host": flow.http.host, "user_agent": flow.http.user_agent}
    if flow.dns is not None:
        found["dns"] = {"queries": flow.dns.queries}
    return found


SEQUENCES = (
    "packet_lengths",
    "ip_lengths",
    "trans_lengths",
    "app_lengths",
    "timestamps",
    "iats",
    "payload_bytes",
    "tcp_flags",
    "tcp_window_sizes",
)
"""The sequences of :class:`FlowFeatures` that are exported."""

STATISTICS = {
    "packet_lengths": "packet_lengths",
    "ip_lengths": "ip_lengths",
    "trans_lengths": "trans_lengths",
    "app_lengths": "app_lengths",
    "iats": "iats",
    "payload_bytes": "payload_bytes",
    "tcp_flags": "tcp_flags",
    "tcp_window": "tcp_window_sizes",
}
"""Names of statistics, and the sequences they are of."""

_STATES = {
    "syn_sent": TCPState.SYN_SENT,
    "syn_received": TCPState.SYN_RECEIVED,
    "established": TCPState.ESTABLISHED,
    "fin_wait": TCPState.FIN_WAIT_1,
    "closing": TCPState.CLOSING,
    "closed": TCPState.CLOSED,
    "reset": TCPState.RESET,
}
