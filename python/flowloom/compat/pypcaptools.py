"""pypcaptools' interface (2.6): sequences of a capture and of its TCP flows.

>>> from flowloom.compat.pypcaptools import PcapHandler
>>> handler = PcapHandler("samples/browsing.pcapng")
>>> handler.local_ip
'192.0.2.101'

What differs from pypcaptools, and why, is in ``docs/python/coming-from-pypcaptools.md``. Its
database part is not there yet.
"""

from __future__ import annotations

import datetime as dt
import os
import socket
import warnings
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, cast, overload

import numpy as np
import numpy.typing as npt

from ..errors import FlowloomError
from ..ragged import Ragged
from ..read import read_flows
from ..table import FlowTable

if TYPE_CHECKING:
    from .._options import Path_

__all__ = ["PcapHandler", "PcapToDatabaseHandler", "initialize_database_schema"]


class PcapHandler:
    """The packets of a capture, and their sequences.

    Parameters
    ----------
    input_pcap_file : path
        The capture: any that flowloom reads.
    protocols : sequence of str
        Which transport protocols count: ``"TCP"``, ``"UDP"``.
    ip_versions : sequence of int
        Which versions of IP count: 4, 6.

    Attributes
    ----------
    packets : sequence of dict
        A dictionary for each packet: ``ts``, ``ip``, ``transport``, ``frame``.
    local_ip : str
        The source of the first packet; empty if there is none.
    """

    def __init__(
        self,
        input_pcap_file: Path_,
        *,
        protocols: Sequence[str] = ("TCP",),
        ip_versions: Sequence[int] = (4,),
    ) -> None:
        self.input_pcap_file = input_pcap_file
        self._flows = _Flows.read(input_pcap_file, protocols, ip_versions)
        self._packets = _Packets(self._flows)
        self.local_ip: str = self._flows.first_source()

    @property
    def packets(self) -> Sequence[dict[str, Any]]:
        """The packets, in the order of the capture."""
        return self._packets

    def get_trace_sequence(self) -> dict[str, Any]:
        """The sequences of the whole capture.

        Returns
        -------
        dict
            ``timestamps_seq`` (seconds since the first packet), ``payload_seq`` (bytes of transport
            payload), ``direction_seq`` (1 from ``local_ip``, -1 to it, else 0),
            ``total_packet_count``, ``capture_time`` (a naive datetime in local time).
        """
        flows = self._flows
        if not len(flows.time):
            return {
                "timestamps_seq": [],
                "payload_seq": [],
                "direction_seq": [],
                "total_packet_count": 0,
                "capture_time": dt.datetime.fromtimestamp(0),
            }
        start = int(flows.time[0])
        sides = flows.ips == self.local_ip
        source, target = sides[flows.row, flows.side], sides[flows.row, 1 - flows.side]
        direction = np.where(source, 1, np.where(target, -1, 0))
        return {
            "timestamps_seq": ((flows.time - start) / 1e9).tolist(),
            "payload_seq": flows.payload.tolist(),
            "direction_seq": direction.tolist(),
            "total_packet_count": len(flows.time),
            "capture_time": dt.datetime.fromtimestamp(start / 1e9),
        }

    def get_flow_sequences(self) -> dict[str, dict[str, Any]]:
        """The sequences of each flow: all packets of a 5-tuple.

        Returns
        -------
        dict of dict
            By a key such as ``TCP_10.0.0.1:40000_10.0.0.2:443`` (the lesser endpoint, as text, is
            first): ``source_ip`` and so on (``local_ip`` is the source, where it is an end),
            ``transport_protocol``, ``flow_start_time_ms`` (since the capture's first packet),
            ``flow_duration_ms``, ``timestamps_seq`` (seconds since the flow's first packet),
            ``payload_seq``, ``direction_seq`` (1 from the source, else -1), and
            ``trace_packet_indices`` (from 1, among the packets of :meth:`get_trace_sequence`).
        """
        flows = self._flows
        found: dict[str, dict[str, Any]] = {}
        if not len(flows.time):
            return found
        keys = [self._ends(row) for row in range(len(flows.ips))]
        names, group = np.unique([key for key, _ in keys], return_inverse=True)
        of_packet = group[flows.row]
        order = np.argsort(of_packet, kind="stable")
        starts = np.searchsorted(of_packet[order], np.arange(len(names) + 1))
        first_time = int(flows.time[0])
        # As they begin in the capture.
        for number in np.argsort(order[starts[:-1]]):
            indices = order[starts[number] : starts[number + 1]]
            source = keys[int(flows.row[indices[0]])][1]
            found[str(names[number])] = self._sequences(indices, source, first_time)
        return found

    def _ends(self, row: int) -> tuple[str, tuple[str, int, str, int]]:
        """The key of a row's flow, and source and destination."""
        flows = self._flows
        a, b = ((str(flows.ips[row, side]), int(flows.ports[row, side])) for side in (0, 1))
        low, high = (a, b) if a < b else (b, a)
        key = f"{flows.protocols[row]}_{low[0]}:{low[1]}_{high[0]}:{high[1]}"
        if self.local_ip == high[0] and self.local_ip != low[0]:
            low, high = high, low
        return key, (*low, *high)

    def _sequences(
        self, indices: npt.NDArray[Any], ends: tuple[str, int, str, int], first_time: int
    ) -> dict[str, Any]:
        flows = self._flows
        source_ip, source_port, destination_ip, destination_port = ends
        times, rows = flows.time[indices], flows.row[indices]
        from_source = flows.ips[rows, flows.side[indices]] == source_ip
        return {
            "source_ip": source_ip,
            "destination_ip": destination_ip,
            "source_port": source_port,
            "destination_port": destination_port,
            "transport_protocol": str(flows.protocols[rows[0]]),
            "flow_start_time_ms": (int(times[0]) - first_time) / 1e6,
            "flow_duration_ms": (int(times[-1]) - int(times[0])) / 1e6,
            "timestamps_seq": ((times - times[0]) / 1e9).tolist(),
            "payload_seq": flows.payload[indices].tolist(),
            "direction_seq": np.where(from_source, 1, -1).tolist(),
            "trace_packet_indices": (indices + 1).tolist(),
        }


class PcapToDatabaseHandler:
    """Captures to MySQL: not there yet."""

    def __init__(self, *_: Any, **__: Any) -> None:
        _no_database()


def initialize_database_schema(*_: Any, **__: Any) -> bool:
    """The tables of a database: not there yet."""
    _no_database()


class DatabaseMissing(FlowloomError, NotImplementedError):
    """Something of pypcaptools that needs a database."""


def _no_database() -> NoReturn:
    raise DatabaseMissing(
        "flowloom writes no database yet; PcapHandler has the sequences, and "
        "flowloom.read_flows(...) the flows, for you to write"
    )


class Ip(NamedTuple):
    """What is known of a packet's IP header."""

    src: bytes
    """Source address."""
    dst: bytes
    """Destination address."""


class Transport(NamedTuple):
    """What is known of a packet's transport header."""

    sport: int
    """Source port."""
    dport: int
    """Destination port."""
    payload_length: int
    """Bytes of payload."""
    flags: int
    """Flags of TCP; 0 of other protocols."""


class _Packets(Sequence["dict[str, Any]"]):
    """Packets, made when they are touched."""

    def __init__(self, flows: _Flows) -> None:
        self._flows = flows

    def __len__(self) -> int:
        return len(self._flows.time)

    @overload
    def __getitem__(self, index: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, index: slice) -> list[dict[str, Any]]: ...
    def __getitem__(self, index: int | slice) -> dict[str, Any] | list[dict[str, Any]]:
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(len(self)))]
        flows = self._flows
        row, side = int(flows.row[index]), int(flows.side[index])
        ips, ports = flows.ips[row], flows.ports[row]
        transport = Transport(
            int(ports[side]),
            int(ports[1 - side]),
            int(flows.payload[index]),
            int(flows.flags[index]),
        )
        return {
            "ts": int(flows.time[index]) / 1e9,
            "ip": Ip(_packed(str(ips[side])), _packed(str(ips[1 - side]))),
            "transport": transport,
            "frame": int(flows.frame[index]),
        }

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return (self[at] for at in range(len(self)))


class _Flows(NamedTuple):
    """Flows, and their packets in the order of the capture."""

    ips: npt.NDArray[np.str_]
    """Of each flow, both addresses, shape (flows, 2)."""
    ports: npt.NDArray[np.int64]
    """Of each flow, both ports, shape (flows, 2)."""
    protocols: npt.NDArray[np.str_]
    """Of each flow, its protocol's name."""
    row: npt.NDArray[np.int64]
    """Of each packet, the number of its flow."""
    side: npt.NDArray[np.int64]
    """Of each packet, which of both ends sent it."""
    time: npt.NDArray[np.int64]
    """Of each packet, nanoseconds since 1970."""
    payload: npt.NDArray[np.int64]
    """Of each packet, bytes of payload."""
    flags: npt.NDArray[np.int64]
    """Of each packet, flags of TCP."""
    frame: npt.NDArray[np.int64]
    """Of each packet, the number of its frame."""

    @classmethod
    def read(cls, path: Path_, protocols: Sequence[str], versions: Sequence[int]) -> _Flows:
        wanted = [number for number, name in _NAMES.items() if name in protocols]
        if len(wanted) != len(set(protocols)):
            raise ValueError(f"protocols are of {', '.join(_NAMES.values())}, not {protocols}")
        if not os.path.exists(path) or not os.path.getsize(path):
            warnings.warn(f"there is no capture in {os.fspath(path)!r}", stacklevel=3)
            return cls.of(_no_flows(), wanted, versions)
        try:
            table = read_flows(path, features=_FEATURES, no_split=True, **_WITHOUT_LIMITS)
        except FlowloomError as error:
            warnings.warn(f"nothing can be read: {error}", stacklevel=3)
            table = _no_flows()
        return cls.of(table, wanted, versions)

    @classmethod
    def of(cls, table: FlowTable, protocols: Sequence[int], versions: Sequence[int]) -> _Flows:
        of_protocol = np.isin(cast("npt.NDArray[Any]", table["protocol"]), protocols)
        table = table.take(of_protocol & np.isin(table["ip_version"], versions))
        lists = {name: cast("Ragged", table[name]) for name in _LISTS}
        lengths = lists["directions"].lengths
        row = np.repeat(np.arange(len(table)), lengths)
        start = cast("npt.NDArray[Any]", table["start_time"]).astype(np.int64)
        flags = np.zeros(len(row), dtype=np.int64)
        # Other protocols have none.
        flags[np.repeat(lists["tcp_flags"].lengths > 0, lengths)] = lists["tcp_flags"].items
        frame = lists["packet_frames"].items
        order = np.argsort(frame, kind="stable")

        def of_packets(values: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
            return values.astype(np.int64)[order]

        def both(name: str, dtype: str) -> npt.NDArray[Any]:
            ends = [np.asarray(table[f"{end}_{name}"]) for end in ("src", "dst")]
            if name == "port":
                # A header that is cut or damaged has none.
                ends = [np.nan_to_num(end.astype(np.float64)) for end in ends]
            return np.stack([end.astype(dtype) for end in ends], axis=1)

        return cls(
            ips=both("ip", "U45"),
            ports=both("port", "int64"),
            protocols=np.array([_NAMES[int(p)] for p in table["protocol"]], dtype="U4"),
            row=of_packets(row),
            side=of_packets(lists["directions"].items < 0),
            time=of_packets(start[row] + lists["times"].items),
            payload=of_packets(lists["app_lengths"].items),
            flags=of_packets(flags),
            frame=of_packets(frame),
        )

    def first_source(self) -> str:
        return str(self.ips[self.row[0], self.side[0]]) if len(self.row) else ""


def _no_flows() -> FlowTable:
    return read_flows([], features=_FEATURES, on_error="ignore")


def _packed(ip: str) -> bytes:
    return socket.inet_pton(socket.AF_INET6 if ":" in ip else socket.AF_INET, ip)


_NAMES = {6: "TCP", 17: "UDP"}

_FEATURES = ("core", "sequences", "packet_frames")

_LISTS = ("directions", "times", "app_lengths", "tcp_flags", "packet_frames")

_WITHOUT_LIMITS: dict[str, Any] = {"max_packets": 1 << 40, "app_layer": "none"}
"""Sequences are of whole captures."""
