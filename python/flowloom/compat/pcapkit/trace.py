"""TCP flows, each in a capture of its own, or in a file of another format."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np

from ... import captures, rewrite
from ..._options import Source
from ...frames import save_packets
from ...ragged import Ragged
from ...read import read_flows

ENDINGS = {
    "pcap": ".pcap",
    "cap": ".pcap",
    "json": ".json",
    "plist": ".plist",
    "xml": ".plist",
    "tree": ".txt",
    "txt": ".txt",
    "text": ".txt",
}
"""What the files of formats end in."""

FORMATS = {"cap": "pcap", "xml": "plist", "txt": "tree", "text": "tree"}
"""Other names of formats."""


class Index(NamedTuple):
    """A flow that was traced."""

    fpout: str | None
    """Its file."""
    index: tuple[int, ...]  # type: ignore[assignment]
    """Its frames."""
    label: str
    """``src_port-dst_port-time``, with the time of its first packet in seconds since 1970."""


class TraceFlowData(NamedTuple):
    """What was traced; ``None`` where it was not asked for."""

    tcp: tuple[Index, ...] | None


def trace(source: Source, directory: str, format: str, *, nanosecond: bool) -> TraceFlowData:
    """Write the TCP flows of a capture into files of a directory."""
    flows = read_flows(source, features="core,frames", filter=_TCP, on_error="ignore")
    rows = list(flows.select(["flow_id", "src_ip", "src_port", "dst_ip", "dst_port"]).rows())
    starts = cast("Any", flows["start_time"]).astype(np.int64).tolist()
    frames = cast("Ragged", flows["frame_numbers"])
    os.makedirs(directory, exist_ok=True)
    found, taken = [], set()
    with tempfile.TemporaryDirectory(dir=directory) as scratch:
        parts = Path(scratch, "flows")
        captures.split(source, parts, name="{flow_id}", filter=_TCP, on_error="ignore")
        files = {path.name.split(".")[0]: path for path in parts.iterdir()}
        for row, start, numbers in zip(rows, starts, frames):
            label = _label(row, start)
            while label in taken:
                label += "_"
            taken.add(label)
            target = os.path.join(directory, label + ENDINGS[format])
            _write(files[str(row["flow_id"])], target, FORMATS.get(format, format), nanosecond)
            found.append(Index(target, tuple(numbers.tolist()), label))
    return TraceFlowData(tuple(found))


def _label(row: dict[str, Any], start: int) -> str:
    ends = f"{row['src_ip']}_{row['src_port']}-{row['dst_ip']}_{row['dst_port']}"
    return f"{ends}-{start // 1_000_000_000}.{start // 1_000 % 1_000_000:06}".replace(":", ".")


def _write(part: Path, target: str, format: str, nanosecond: bool) -> None:
    if format == "pcap":
        resolution: Any = "ns" if nanosecond else "us"
        rewrite.convert(part, target, format="pcap", resolution=resolution, force=True)
    else:
        save_packets(part, target, format=cast("Any", format), force=True)


_TCP = "protocol = 6"
"""A filter of flows: that of packets, `tcp`, is true of none with a VLAN tag."""
