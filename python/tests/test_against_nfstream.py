"""Flows of NFStream 6.6 and ours, over the TCP and UDP of every capture of the corpus.

What is otherwise is in ``reviewed/nfstream.tsv``, with its reason. A line that no longer holds
fails, as does a difference without a line.
"""

from __future__ import annotations

import os
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from corpus import CORPUS, captures, needed, reviewed

import flowloom as fl

nfstream = pytest.importorskip("nfstream", reason="nfstream is not installed")

NEVER = 10**10
"""Seconds of silence that end a flow: none does."""
PACKETS = 50
"""Packets whose lengths and gaps are compared."""

needed()


def test_flows_and_statistics_are_those_of_nfstream() -> None:
    counts = {"captures": 0, "flows": 0, "values": 0}
    paths = list(captures())
    # Each of its runs is a process of its own.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = dict(zip(paths, pool.map(theirs, paths), strict=True))
    differences = {
        str(path.relative_to(CORPUS)): sorted(compared(path, flows, counts))
        for path, flows in found.items()
    }
    print("{captures} captures, {flows} flows, {values} values compared".format(**counts))
    assert counts["flows"] > 1500
    assert {name: kinds for name, kinds in differences.items() if kinds} == reviewed("nfstream")


Key = tuple[Any, ...]


def theirs(path: Path) -> dict[Key, Any] | None:
    """Their flows; none where it does not read the capture."""
    try:
        flows = list(
            nfstream.NFStreamer(
                source=str(path),
                decode_tunnels=False,
                statistical_analysis=True,
                splt_analysis=PACKETS,
                n_dissections=0,
                idle_timeout=NEVER,
                active_timeout=NEVER,
                n_meters=1,
            )
        )
    except (ValueError, OSError):
        return None
    found: dict[Key, Any] = {}
    for flow in flows:
        if flow.protocol in (6, 17):
            ends = sorted([(flow.src_ip, flow.src_port), (flow.dst_ip, flow.dst_port)])
            found.setdefault((*ends, flow.protocol, flow.vlan_id), flow)
    return found


def compared(path: Path, found: dict[Key, Any] | None, counts: dict[str, int]) -> set[str]:
    """In what the flows of a capture differ."""
    if found is None:
        return {"reference_fails"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", fl.CaptureWarning)
        table = fl.read_flows(
            path,
            features="core,sequences,statistics",
            initiator="first-packet",
            ip_headers_max=1,
            key_ignore="priority",
            max_packets=PACKETS,
            no_split=True,
        )
    ours: dict[Key, dict[str, Any]] = {}
    for row in table.rows():
        if row["protocol"] in (6, 17):
            ends = sorted(
                [(row["src_ip"], row["src_port"] or 0), (row["dst_ip"], row["dst_port"] or 0)]
            )
            ours.setdefault((*ends, row["protocol"], row["vlan_id"] or 0), row)
    differences = set()
    if found.keys() - ours.keys():
        differences.add("only_reference")
    if ours.keys() - found.keys():
        differences.add("only_here")
    counts["captures"] += 1
    for key in found.keys() & ours.keys():
        counts["flows"] += 1
        told, values = same(found[key], ours[key])
        differences |= told
        counts["values"] += values
    return differences


def same(their: Any, our: dict[str, Any]) -> tuple[set[str], int]:
    """What differs of a flow, and how many values were compared."""
    if (their.src_ip, their.src_port) != (our["src_ip"], our["src_port"] or 0):
        return {"direction"}, 1
    differences, values = set(), 0

    def check(kind: str, stated: Any, told: Any) -> None:
        nonlocal values
        stated, told = np.ravel(stated).astype(float), np.ravel(told).astype(float)
        values += len(stated)
        if stated.shape != told.shape or not np.allclose(stated, told, rtol=1e-6, atol=1e-6):
            differences.add(kind)

    for way, prefix in (("bidirectional", ""), ("src2dst", "up_"), ("dst2src", "down_")):
        packets = our[f"{prefix}packet_count"]
        check("packets", getattr(their, f"{way}_packets"), packets)
        check("bytes", getattr(their, f"{way}_bytes"), our[f"{prefix}byte_count"])
        if packets:
            for statistic in ("min", "mean", "max", "stddev"):
                name = f"packet_lengths_{prefix}{'std' if statistic == 'stddev' else statistic}"
                scale = sample(packets) if statistic == "stddev" else 1.0
                check("lengths", getattr(their, f"{way}_{statistic}_ps"), our[name] * scale)
    check("start", their.bidirectional_first_seen_ms, our["start_time"] // 1_000_000)
    check("end", their.bidirectional_last_seen_ms, our["end_time"] // 1_000_000)
    if our["protocol"] == 6:
        for flag in ("syn", "cwr", "ece", "urg", "ack", "psh", "rst", "fin"):
            check("flags", getattr(their, f"bidirectional_{flag}_packets"), our[f"{flag}_count"])
    shown = len(our["directions"])
    check("splt", their.splt_direction[:shown], [sign < 0 for sign in our["directions"]])
    check("splt", their.splt_ps[:shown], np.abs(our["packet_lengths"]))
    return differences, values


def sample(count: int) -> float:
    """From a standard deviation of all values to that of a sample, as NFStream has it."""
    return float(np.sqrt(count / (count - 1))) if count > 1 else 0.0
