"""Flows of wa1kpcap 0.2.0 and ours, over the TCP and UDP of every capture of the corpus.

What is otherwise is in ``reviewed/wa1kpcap.tsv``, with its reason. A line that no longer holds
fails, as does a difference without a line.
"""

from __future__ import annotations

import hashlib
import warnings
from pathlib import Path
from typing import Any

import pytest
from corpus import CORPUS, captures, needed, reviewed

import flowloom as fl

wa1kpcap = pytest.importorskip("wa1kpcap", reason="wa1kpcap is not installed")

SEQUENCES = (
    "packet_lengths",
    "ip_lengths",
    "trans_lengths",
    "app_lengths",
    "tcp_flags",
    "tcp_window_sizes",
)

needed()


def test_flows_and_sequences_are_those_of_wa1kpcap() -> None:
    counts = {"captures": 0, "flows": 0, "values": 0}
    found: dict[str, set[str]] = {}
    for path in captures():
        differences = compared(path, counts)
        if differences:
            found[str(path.relative_to(CORPUS))] = differences
    print("{captures} captures, {flows} flows, {values} values compared".format(**counts))
    assert counts["flows"] > 1500
    assert {name: sorted(kinds) for name, kinds in found.items()} == reviewed("wa1kpcap")


def compared(path: Path, counts: dict[str, int]) -> set[str]:
    """In what the flows of a capture differ."""
    settings: dict[str, Any] = {"filter_retrans": False, "default_filter": None}
    try:
        theirs = by_key(wa1kpcap.Wa1kPcap(**settings).analyze_file(str(path)))
    except (RuntimeError, UnicodeDecodeError):
        return {"reference_fails"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", fl.CaptureWarning)
        ours = by_key(fl.Analyzer(**settings).analyze_file(path))
    differences = set()
    if theirs.keys() - ours.keys():
        differences.add("only_reference")
    if ours.keys() - theirs.keys():
        differences.add("only_here")
    counts["captures"] += 1
    for key in theirs.keys() & ours.keys():
        their, our = theirs[key], ours[key]
        counts["flows"] += 1
        if abs(their.start_time - our.start_time) > 1e-6:
            differences.add("start_time")
        if (their.key.src_ip, their.key.src_port) != (our.key.src_ip, our.key.src_port):
            differences.add("direction")
        for name in SEQUENCES:
            values = getattr(our, name).tolist()
            counts["values"] += len(values)
            if getattr(their, name).tolist() != values:
                differences.add(name)
    return differences


def by_key(flows: list[Any]) -> dict[tuple[Any, ...], Any]:
    """Flows of TCP and UDP by who speaks with whom; of those that are alike, the first."""
    found: dict[tuple[Any, ...], Any] = {}
    for flow in flows:
        key = flow.key
        if key.protocol in (6, 17):
            ends = sorted([(key.src_ip, key.src_port), (key.dst_ip, key.dst_port)])
            found.setdefault((*ends, key.protocol, key.vlan_id), flow)
    return found


def test_names_and_certificates_are_those_of_wa1kpcap() -> None:
    counts = {"names": 0, "certificates": 0}
    differences: dict[str, int] = {}
    settings: dict[str, Any] = {"filter_retrans": False, "default_filter": None}
    for path in captures():
        try:
            theirs = by_key(wa1kpcap.Wa1kPcap(**settings).analyze_file(str(path)))
        except (RuntimeError, UnicodeDecodeError):
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", fl.CaptureWarning)
            ours = by_key(fl.Analyzer(**settings).analyze_file(path))
        for key in theirs.keys() & ours.keys():
            their, our = theirs[key], ours[key]
            if their.dns is not None and our.dns is not None:
                # Dots within labels have a backslash here.
                names = {name.replace("\\", "").lower() for name in our.dns.queries}
                assert names == {name.lower() for name in their.dns.queries}, (path, key)
                counts["names"] += len(names)
            if their.tls is not None and our.tls is not None and their.tls.certificates:
                hashes = [hashlib.sha256(der).hexdigest() for der in their.tls.certificates]
                if hashes == [one["sha256"] for one in our.tls.certificates]:
                    counts["certificates"] += len(hashes)
                else:
                    name = str(path.relative_to(CORPUS))
                    differences[name] = differences.get(name, 0) + 1
    print("{names} names, {certificates} certificates compared".format(**counts))
    assert counts["names"] > 500
    assert counts["certificates"] > 150
    assert differences == OTHER_CERTIFICATES


OTHER_CERTIFICATES = {
    # Most segments are missing: what comes behind them is no part of a certificate.
    "pcapplusplus/ExamplesTest__pcap_examples__tls2.pcap": 25,
    # The first certificate a second time, its end put together from other segments.
    "seeds/multi.pcap": 2,
}
"""Flows of captures in which the reference has certificates that were not sent."""


def test_statistics_and_metrics_are_those_of_wa1kpcap() -> None:
    values = 0
    for name in ("single", "multi", "quic", "quic2", "dup", "fin-rst"):
        path = CORPUS / "seeds" / f"{name}.pcap"
        theirs = by_key(wa1kpcap.Wa1kPcap(filter_retrans=False).analyze_file(str(path)))
        ours = by_key(fl.Analyzer(filter_retrans=False).analyze_file(path))
        assert theirs.keys() == ours.keys()
        for key, their in theirs.items():
            values += same_numbers(their, ours[key])
    print(f"{values} statistics and counts compared")
    assert values > 20_000


def same_numbers(their: Any, our: fl.Flow) -> int:
    compared = 0
    for name, stated in their.stats.items():
        if name == "payload_bytes" and our.protocol == 17:
            continue  # The reference knows none of UDP.
        if not isinstance(stated, dict):
            assert our.stats[name] == pytest.approx(stated, rel=1e-6, abs=1e-6), name
            compared += 1
            continue
        for statistic, value in stated.items():
            # The reference subtracts large numbers from one another for a variance; its times are
            # exact to some 0.2 µs.
            told = our.stats[name][statistic]
            assert told == pytest.approx(value, rel=1e-6, abs=2e-5), (str(our.key), name, statistic)
            compared += 1
    for name in fl.FlowMetrics._fields:
        # In the reference, the smallest window after one of 0 depends on their order.
        has_shut = name == "min_window" and 0 in our.tcp_window_sizes
        if name not in ("retrans_count", "out_of_order_count") and not has_shut:
            assert getattr(our.metrics, name) == getattr(their.metrics, name), name
            compared += 1
    return compared
