"""Jobs of the bench of the package, each in a process of its own: ``python bench.py JOB WHO CAPTURE``.

``cargo xtask bench python`` runs them in turn and compares. WHO is ``flowloom``, ``wa1kpcap`` or
``nfstream``; what a job prints is there to see that it was done.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

FEATURES = ["core", "sequences", "statistics", "tls", "dns", "quic", "http"]


def columns(who: str, capture: str) -> None:
    """Flows with their sequences, statistics and what they say, in hand."""
    if who == "flowloom":
        import flowloom

        print(len(flowloom.read_flows(capture, features=FEATURES, max_packets=255)))
    elif who == "wa1kpcap":
        print(len(analyzer(who).analyze_file(capture)))
    else:
        from nfstream import NFStreamer

        flows = NFStreamer(capture, statistical_analysis=True, splt_analysis=255)
        print(sum(1 for _ in flows))


def objects(who: str, capture: str) -> None:
    """A loop over all flows that reads ten attributes of each."""
    print(sum(1 for flow in analyzer(who).analyze_file(capture) if read(flow)))


def incremental(who: str, capture: str) -> None:
    """The same with a feature that is told of every packet."""
    print(sum(1 for flow in with_feature(who).analyze_file(capture) if read(flow)))


def batches(who: str, capture: str) -> None:
    """All flows, some thousand at a time."""
    import flowloom

    with flowloom.open_flows(capture, features=FEATURES, max_packets=255) as reader:
        print(sum(map(len, reader)))


def many(who: str, folder: str) -> None:
    """The captures of a directory in one table."""
    import flowloom

    print(len(flowloom.read_flows(folder, features="core")))


def analyzer(who: str) -> Any:
    if who == "flowloom":
        from flowloom import Analyzer

        return Analyzer()
    from wa1kpcap import Wa1kPcap

    return Wa1kPcap()


def read(flow: Any) -> tuple[object, ...]:
    key = flow.key
    return (
        key.src_ip,
        key.dst_ip,
        key.dst_port,
        flow.start_time,
        flow.duration,
        flow.packet_count,
        flow.metrics.up_byte_count,
        flow.packet_lengths,
        flow.iats,
        flow.tls.sni if flow.tls else None,
    )


def with_feature(who: str) -> Any:
    """An analyzer with a feature in Python: the largest packet."""
    if who == "flowloom":
        from flowloom import BaseIncrementalFeature, FeatureType
    else:
        from wa1kpcap.features.registry import BaseIncrementalFeature, FeatureType

    class Largest(BaseIncrementalFeature):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__("largest", FeatureType.STATISTICAL)

        def initialize(self, flow: Any) -> None:
            flow.largest = 0

        def update(self, flow: Any, pkt: Any) -> None:
            flow.largest = max(flow.largest, pkt.wirelen)

        def get_value(self, flow: Any) -> int:
            return flow.largest

    made = analyzer(who)
    made.register_feature("largest", Largest())
    return made


JOBS = {job.__name__: job for job in (columns, objects, incremental, batches, many)}


def main(arguments: Iterable[str]) -> None:
    job, who, capture = arguments
    JOBS[job](who, capture)


if __name__ == "__main__":
    main(sys.argv[1:])
