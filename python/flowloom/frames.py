"""Packets: a long table with a row for each, or their layers and fields, one by one."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from typing import Any, Literal, NamedTuple, TypeAlias, cast

import numpy as np
import numpy.typing as npt

from . import _native
from ._block import PURE_ACK, RETRANSMISSION
from ._jobs import OnError, Reader, check_on_error, finish, interrupted_as, warn
from ._options import Path_, Population, Sources, options, positive
from ._progress import Progressing
from .errors import ConfigError
from .read import read_one
from .rewrite import Frames, frame_ranges
from .table import FlowTable

Layer: TypeAlias = Literal["none", "link", "internet", "transport", "application"]


def read_packets(
    source: Sources,
    *,
    filter: str | None = None,
    labels: Path_ | None = None,
    rotated: bool = False,
    client: str | None = None,
    population: Population = "all",
    max_packets: int | None = None,
    threads: int | None = None,
    on_error: OnError = "warn",
    progress: Progressing = None,
    **more: Any,
) -> FlowTable:
    """Read captures into a long table with one row per counted packet of each flow.

    Parameters are those of :func:`flowloom.read_flows`; `max_packets` of a flow [all there are].

    Returns
    -------
    FlowTable
        ``capture`` and ``flow_id``, which are the keys of flows in :func:`flowloom.read_flows`;
        labels; ``packet`` (its number among those of the flow, from 0), ``frame`` (the number of
        its frame; of a datagram in fragments, the last one), ``time``, ``direction`` (+1 from
        the initiator, -1 to it), ``packet_length``, ``ip_length``, ``transport_length``,
        ``payload_length`` (bytes), ``tcp_flags``, ``tcp_window`` (null for other protocols),
        ``marks`` (bits). Rows of a flow are in the order of its packets.

    Examples
    --------
    >>> import flowloom as fl
    >>> packets = fl.read_packets("samples/browsing.pcapng", filter="tcp port 443")
    >>> int(packets["direction"][0])
    1
    """
    if population not in _POPULATIONS:
        raise ConfigError(f"population is one of {', '.join(_POPULATIONS)}, not {population!r}")
    max_packets = positive("max_packets", max_packets)
    settings = options(
        source,
        filter=filter,
        labels=labels,
        rotated=rotated,
        client=client,
        max_packets=max_packets if max_packets and population == "all" else _ALL,
        threads=threads,
        **more,
    )
    settings["features"] = ["core", "sequences", "timestamps", "packet_frames"]
    cut = max_packets is not None or more.get("max_time") is not None

    def long(flows: FlowTable) -> FlowTable:
        if not cut and bool(np.any(flows["sequence_truncated"])):
            warn("there were too many packets for the memory of sequences: some are left out")
        return long_table(flows, population, max_packets)

    with interrupted_as(long):
        flows = read_one(_native.read, settings, on_error, progress)
    return long(flows)


def long_table(
    flows: FlowTable, population: Population = "all", max_packets: int | None = None
) -> FlowTable:
    """A row for each packet of flows that have the sets core, sequences, timestamps and
    packet_frames, all packets counted."""
    keys = [name for name in flows.columns if name in _KEYS or name.startswith("label_")]
    table = FlowTable(_native.long(flows._native, keys, list(_LISTS.items())), flows._summary)
    if population == "all":
        return table
    table = table.take(_POPULATIONS[population](table))
    return table if max_packets is None else table.take(_first(table, max_packets))


def _first(table: FlowTable, many: int) -> npt.NDArray[np.bool_]:
    """Which rows are the first so many of their flows."""
    # Rows of a flow are together, and `packet` rises in them and falls between.
    packet = cast("npt.NDArray[np.int64]", table["packet"])
    ids = cast("npt.NDArray[np.int64]", table["flow_id"])
    begins = np.ones(len(packet), dtype=bool)
    begins[1:] = (ids[1:] != ids[:-1]) | (packet[1:] <= packet[:-1])
    at = np.arange(len(packet))
    return at - np.maximum.accumulate(np.where(begins, at, 0)) < many


class Frame(NamedTuple):
    """A frame of a capture, with its layers and fields."""

    number: int
    """Its number in the capture, from 1."""
    time: int
    """When it was captured, in nanoseconds since 1970."""
    link_type: int
    """What its first header is, as captures number it (1 is Ethernet)."""
    interface: int
    """The number of the interface it was captured on, from 0."""
    wire_length: int
    """Bytes it had on the wire."""
    data: bytes
    """The bytes that were captured."""
    json: str
    """Its layers and fields, as ``flowloom packets --format jsonl`` has them."""

    @property
    def layers(self) -> dict[str, Any]:
        """Its layers, each a dictionary of fields; several of a kind as a list."""
        return cast("dict[str, Any]", json.loads(self.json))

    @property
    def protocols(self) -> list[str]:
        """Its layers' names, outermost first."""
        return list(self.layers["protocols"].split(":"))


class FrameReader(Reader[_native.Packets, Frame]):
    """Packets in the order of their captures: an iterator of :class:`Frame`, in memory that does
    not grow with them, and a context manager."""

    def __init__(self, native: _native.Packets, on_error: OnError) -> None:
        super().__init__(native, on_error)
        self._waiting: Iterator[Any] = iter(())

    def _next(self) -> Frame | None:
        for packet in self._waiting:
            return Frame._make(packet)
        batch = self._native.next()
        if batch is None:
            return None
        self._waiting = iter(batch)
        return self._next()

    def close(self) -> None:
        """Stop reading; the run's thread is gone afterwards."""
        self._waiting = iter(())
        super().close()


def open_packets(
    source: Sources,
    *,
    filter: str | None = None,
    frames: Frames | None = None,
    count: int | None = None,
    layer: Layer | None = None,
    until: str | None = None,
    ranges: bool = False,
    protocols: Path_ | None = None,
    rotated: bool = False,
    on_error: OnError = "warn",
) -> FrameReader:
    """Read packets one by one, with their bytes, layers and fields.

    Parameters
    ----------
    source : path, bytes, open file, or a list of these
        Captures.
    filter : str, optional
        Only packets for which an expression of tcpdump's language is true.
    frames : str, range, or iterable of int, optional
        Only these frames; see :func:`flowloom.cut`.
    count : int, optional
        Only the first frames of each capture.
    layer : {"none", "link", "internet", "transport", "application"}, optional
        How far down packets are dissected. ``"none"`` is fast, where bytes are all that is wanted.
    until : str, optional
        The last protocol that is dissected, where it is found, such as ``"ip"``.
    ranges : bool
        Say of each field what its value stands for and which bytes it is.
    protocols : path, optional
        Directory of YAML files that declare protocols, beside those that are known.
    rotated : bool
        Whether the captures are pieces of one.
    on_error
        See :func:`flowloom.read_flows`.

    Examples
    --------
    >>> import flowloom as fl
    >>> with fl.open_packets("samples/browsing.pcapng", filter="udp port 53") as packets:
    ...     next(packets).protocols
    ['eth', 'ip', 'udp', 'dns']
    """
    settings = options(source, filter=filter, count=count, protocols=protocols, rotated=rotated)
    dissecting = _dissecting(frames, layer, until, ranges)
    return FrameReader(_native.open_packets(settings, dissecting), on_error)


def save_packets(
    source: Sources,
    output: Path_,
    *,
    format: Literal["line", "tree", "jsonl", "json", "plist", "hex"] = "jsonl",
    filter: str | None = None,
    frames: Frames | None = None,
    count: int | None = None,
    layer: Layer | None = None,
    until: str | None = None,
    ranges: bool = False,
    protocols: Path_ | None = None,
    force: bool = False,
    on_error: OnError = "warn",
    progress: Progressing = None,
) -> dict[str, Any]:
    """Write packets with their layers and fields into a file, as ``flowloom packets`` does.

    Parameters are those of :func:`open_packets`; `force` replaces a file that is there. Returns
    the account of the run.
    """
    check_on_error(on_error)
    settings = options(source, filter=filter, count=count, protocols=protocols)
    dissecting = _dissecting(frames, layer, until, ranges, os.fspath(output), format, force)
    job = _native.save_packets(settings, dissecting)
    made = finish(job, lambda made: made["captures"], on_error, progress)
    return cast("dict[str, Any]", made)


def _dissecting(
    frames: Frames | None,
    layer: Layer | None,
    until: str | None,
    ranges: bool,
    output: str | None = None,
    format: str = "jsonl",
    force: bool = False,
) -> dict[str, Any]:
    return {
        "frames": frame_ranges(frames),
        "layer": layer,
        "until": until,
        "ranges": ranges,
        "output": output,
        "format": format,
        "force": force,
    }


def _payload(table: FlowTable) -> npt.NDArray[np.bool_]:
    return np.asarray(table["payload_length"]) > 0


def _has_no(table: FlowTable, mark: int) -> npt.NDArray[np.bool_]:
    return cast("npt.NDArray[np.bool_]", np.asarray(table["marks"]) & mark == 0)


_POPULATIONS: dict[str, Callable[[FlowTable], npt.NDArray[np.bool_]]] = {
    "all": lambda table: np.ones(len(table), dtype=bool),
    "no-pure-ack": lambda table: _has_no(table, PURE_ACK),
    "payload": _payload,
    "payload-no-retransmission": lambda table: _payload(table) & _has_no(table, RETRANSMISSION),
}

_KEYS = ("capture", "flow_id")

_LISTS = {
    "directions": "direction",
    "packet_frames": "frame",
    "timestamps": "time",
    "packet_lengths": "packet_length",
    "ip_lengths": "ip_length",
    "trans_lengths": "transport_length",
    "app_lengths": "payload_length",
    "tcp_flags": "tcp_flags",
    "tcp_window_sizes": "tcp_window",
    "packet_marks": "marks",
}
"""Columns with lists, and what their items are called."""

_ALL = 1 << 40
"""More than any number of packets."""
