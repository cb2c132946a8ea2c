"""pypcaptools' interface: its document's example, recorded values, its values against it."""

from __future__ import annotations

import datetime as dt
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import seeds

import flowloom as fl
from flowloom.compat import pypcaptools

ROOT = Path(__file__).resolve().parents[2]


def test_the_example_of_the_document_waits_for_the_database() -> None:
    blocks = seeds.python_blocks("pypcaptools.md")
    assert len(blocks) == 1
    block = blocks[0].replace("from pypcaptools import", "from flowloom.compat.pypcaptools import")
    assert block != blocks[0]
    # It needs MySQL: until the database part is there, it says so at its first step.
    with pytest.raises(NotImplementedError, match="no database yet") as said:
        exec(compile(block, "pypcaptools.md", "exec"), {})  # noqa: S102
    assert isinstance(said.value, fl.FlowloomError)
    with pytest.raises(NotImplementedError):
        pypcaptools.PcapToDatabaseHandler(db_config={}, base_table_name="x", input_pcap_file="y")


def test_single_has_the_recorded_values(corpus: Path) -> None:
    handler = pypcaptools.PcapHandler(corpus / "seeds" / "single.pcap")
    trace = handler.get_trace_sequence()
    assert handler.local_ip == "192.168.226.54"
    assert trace["total_packet_count"] == len(handler.packets) == 27
    assert trace["payload_seq"][:8] == [0, 0, 0, 467, 0, 1380, 1380, 385]
    assert trace["direction_seq"][:6] == [1, -1, 1, 1, -1, -1]
    assert trace["timestamps_seq"][0] == 0.0
    assert trace["capture_time"] == dt.datetime.fromtimestamp(1755141753.294776)
    ((key, flow),) = handler.get_flow_sequences().items()
    assert key == "TCP_111.13.142.55:443_192.168.226.54:8907"
    assert round(flow["flow_duration_ms"], 2) == 166.29
    assert (flow["source_ip"], flow["source_port"]) == ("192.168.226.54", 8907)
    assert flow["trace_packet_indices"] == list(range(1, 28))
    assert flow["direction_seq"] == trace["direction_seq"]


def test_multi_has_the_recorded_counts(corpus: Path) -> None:
    handler = pypcaptools.PcapHandler(corpus / "seeds" / "multi.pcap")
    assert len(handler.packets) == 1425
    assert len(handler.get_flow_sequences()) == 61
    for name in ("quic", "ip_seg"):
        assert not len(pypcaptools.PcapHandler(corpus / "seeds" / f"{name}.pcap").packets)


def test_udp_and_ipv6_count_on_request() -> None:
    browsing = ROOT / "samples" / "browsing.pcapng"
    tcp = pypcaptools.PcapHandler(browsing)
    both = pypcaptools.PcapHandler(browsing, protocols=("TCP", "UDP"), ip_versions=(4, 6))
    flows = both.get_flow_sequences()
    assert len(both.packets) > len(tcp.packets) > 0
    assert {flow["transport_protocol"] for flow in flows.values()} == {"TCP", "UDP"}
    indices = sorted(i for flow in flows.values() for i in flow["trace_packet_indices"])
    assert indices == list(range(1, len(both.packets) + 1))
    with pytest.raises(ValueError, match="protocols"):
        pypcaptools.PcapHandler(browsing, protocols=("SCTP",))


def test_packets_are_made_when_touched() -> None:
    handler = pypcaptools.PcapHandler(ROOT / "samples" / "browsing.pcapng")
    first = handler.packets[0]
    assert first["ip"].src == bytes(map(int, handler.local_ip.split(".")))
    assert first["transport"].flags == 2
    assert len(handler.packets[:5]) == 5 and len(list(handler.packets)) == len(handler.packets)
    assert handler.packets[-1]["ts"] >= first["ts"]


@pytest.mark.parametrize("content", [b"", b"no capture at all", None])
def test_what_is_no_capture_warns_and_is_empty(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "x.pcap"
    if content is not None:
        path.write_bytes(content)
    with pytest.warns(UserWarning) as warned:
        handler = pypcaptools.PcapHandler(path)
    assert len(warned) == 1
    assert handler.local_ip == "" and handler.get_flow_sequences() == {}
    assert handler.get_trace_sequence()["total_packet_count"] == 0


def test_values_are_those_of_pypcaptools(corpus: Path) -> None:
    reference = pytest.importorskip(
        "pypcaptools", reason="skipped, not tested: pypcaptools is not installed"
    )
    lines = (Path(__file__).parent / "reviewed" / "pypcaptools.tsv").read_text().splitlines()
    rows = [line.split("\t") for line in lines if not line.startswith("#")]
    reviewed = {name: what for name, what, _ in rows}
    captures = packets = flows = 0
    found = {}
    for path in sorted(corpus.rglob("*")):
        if path.suffix not in (".pcap", ".cap") or path.stat().st_size >= 3_000_000:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs = reference.PcapHandler(str(path))
            if not theirs.packets:
                continue
            ours = pypcaptools.PcapHandler(path)
        name = path.relative_to(corpus).as_posix()
        different = _different(theirs, ours)
        captures, packets = captures + 1, packets + len(theirs.packets)
        flows += len(theirs.get_flow_sequences())
        if different:
            found[name] = different
    assert found == reviewed
    print(f"{captures} captures, {flows} flows, {packets} packets compared; {len(found)} reviewed")
    assert captures > 50 and packets > 10_000


def _different(theirs: Any, ours: Any) -> str | None:
    """What differs first: counts, or a sequence."""
    a, b = theirs.get_trace_sequence(), ours.get_trace_sequence()
    if theirs.local_ip != ours.local_ip:
        return "local_ip"
    if _frames_differ(a, b):
        return "packets"
    if a["payload_seq"] != b["payload_seq"]:
        return "payload_seq"
    assert a["capture_time"] == b["capture_time"]
    one, other = theirs.get_flow_sequences(), ours.get_flow_sequences()
    assert list(one) == list(other)
    for key, flow in one.items():
        for name, value in flow.items():
            if isinstance(value, float) or name == "timestamps_seq":
                # Theirs are differences of large floats, to the microsecond.
                assert np.allclose(value, other[key][name], rtol=0, atol=2e-3)
            else:
                assert value == other[key][name], (key, name)
    return None


def _frames_differ(a: dict[str, Any], b: dict[str, Any]) -> bool:
    if a["total_packet_count"] != b["total_packet_count"]:
        return True
    if a["direction_seq"] != b["direction_seq"]:
        return True
    return not np.allclose(a["timestamps_seq"], b["timestamps_seq"], rtol=0, atol=2e-6)
