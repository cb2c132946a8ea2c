"""PyPCAPKit's interface: its document's example, its results, its values against it."""

from __future__ import annotations

import contextlib
import gc
import hashlib
import logging
import re
import shutil
import warnings
from pathlib import Path
from typing import Any

import pytest
import seeds

import flowloom as fl
from flowloom.compat import pcapkit

ROOT = Path(__file__).resolve().parents[2]
BROWSING = ROOT / "samples" / "browsing.pcapng"


def _like_scapy_now(text: str) -> str:
    """What Scapy 2.4 printed, as 2.6 does."""
    for then, now in [
        ("type=0x86dd", "type=IPv6"),
        ("type=0x800", "type=IPv4"),
        (" options=[]", ""),
        ("dport=commplex_link", "dport=5001"),
        ("load='", "load=b'"),
    ]:
        text = text.replace(then, now)
    return text


def test_the_example_of_the_document_runs(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("scapy", reason="skipped, not tested: Scapy is not installed")
    blocks = seeds.python_blocks("pypcapkit.md")
    assert len(blocks) == 1
    block = blocks[0].replace("from pcakit.all import", "from flowloom.compat.pcapkit.all import")
    assert block != blocks[0]
    shutil.copy(corpus / "seeds" / "pypcapkit-in.pcap", tmp_path / "in.cap")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    done = seeds.session(block, names)
    assert [statement.split("(")[0] for statement, _, _ in done] == [
        "import pprint",
        "from flowloom.compat.pcapkit.all import *",
        "pcap = extract",
        "pcap",
        "type",
        "pprint.pprint",
    ]
    _, here, there = done[3]
    pattern = r"<(\w+\.)*pcapkit\.(\w+\.)*extraction\.Extractor object at 0x[0-9a-f]+>"
    assert re.fullmatch(pattern, here) and re.fullmatch(pattern, there)
    assert done[4][1] == done[4][2] == "<class 'scapy.layers.l2.Ether'>"
    assert done[5][1] == _like_scapy_now(done[5][2])
    assert names["pcap"].reassembly.tcp == ()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.cap"]
    print(f"{len(done)} statements, {len(names['pcap'].frame)} frames compared")


def _sizes(datagrams: Any) -> list[tuple[tuple[int, ...], int]]:
    return [(one.index, len(one.payload)) for one in datagrams]


def test_single_is_put_together_as_recorded(corpus: Path) -> None:
    capture = pcapkit.extract(
        corpus / "seeds" / "single.pcap", nofile=True, tcp=True, reassembly=True
    )
    assert capture.length == 27
    assert _sizes(capture.reassembly.tcp) == [
        ((3, 4), 467),
        ((5, 6, 7, 8), 3145),
        ((10,), 93),
        ((11, 12, 13), 343),
        ((14, 15, 16, 17, 18), 897),
        ((19, 20), 38),
        ((21, 22, 23), 225),
    ]
    first = capture.reassembly.tcp[0]
    assert (first.completed, first["NotImplemented"], first.id.ack) == (True, False, 1563212977)
    assert first.id.src == ("192.168.226.54", 8907)
    # The header with SYN, which has twelve bytes of options.
    assert len(first.header) == 32 and first.header[13] == 2


@pytest.fixture
def made() -> Any:
    """What makes a capture of segments."""
    scapy = pytest.importorskip("scapy.all", reason="skipped, not tested: Scapy is not installed")

    def segments(*rows: tuple[bool, int, int, str, bytes]) -> bytes:
        packets = []
        for at, (up, seq, ack, flags, payload) in enumerate(rows):
            ends = [("10.0.0.1", 4000), ("10.0.0.2", 80)]
            (src, sport), (dst, dport) = ends if up else ends[::-1]
            packet = (
                scapy.Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")
                / scapy.IP(src=src, dst=dst, id=at, flags="DF")
                / scapy.TCP(sport=sport, dport=dport, seq=seq, ack=ack, flags=flags)
                / payload
            )
            packet.time = 1_700_000_000 + at / 100
            packets.append(packet)
        return _capture(packets)

    return segments


def _capture(packets: list[Any]) -> bytes:
    import io

    from scapy.utils import PcapWriter

    file = io.BytesIO()
    writer = PcapWriter(file)
    for packet in packets:
        writer.write(packet)
    writer.flush()
    return file.getvalue()


def _extract(capture: bytes, **asked: Any) -> pcapkit.Extractor:
    import io

    return pcapkit.extract(io.BytesIO(capture), nofile=True, reassembly=True, **asked)


def test_segments_out_of_order_are_put_in_order(made: Any) -> None:
    parts = [b"0123456789", b"abcdefghij", b"ABCDEFGHIJKLMNOPQRSTUVWXY"]
    capture = made(
        (True, 0, 0, "S", b""),
        (False, 500, 1, "SA", b""),
        (True, 1, 501, "A", b""),
        (True, 1, 501, "PA", parts[0]),
        (True, 21, 501, "PA", parts[2]),
        (True, 11, 501, "PA", parts[1]),
        (False, 501, 46, "A", b""),
        (True, 46, 501, "FA", b""),
    )
    (only,) = _extract(capture, tcp=True).reassembly.tcp
    assert only.payload == b"".join(parts) and len(only.payload) == 45
    assert only.completed and only.index == (3, 4, 5, 6, 8)


def test_holes_stay_when_strict_and_are_filled_else(made: Any) -> None:
    capture = made(
        (True, 0, 0, "S", b""),
        (False, 500, 1, "SA", b""),
        (True, 1, 501, "PA", b"before"),
        (True, 17, 501, "PA", b"behind"),
        (False, 501, 23, "PA", b"answer"),
        (True, 23, 507, "FA", b""),
    )
    strict = _extract(capture, tcp=True, strict=True).reassembly.tcp
    assert [one.payload for one in strict] == [(b"before", b"behind"), b"answer"]
    assert [one.completed for one in strict] == [False, True]
    assert strict[0].missing == 10 and strict[0]["NotImplemented"]
    filled = _extract(capture, tcp=True, reasm_strict=False).reassembly.tcp
    assert filled[0].payload == b"before" + bytes(10) + b"behind"


def test_ports_that_are_used_again_are_two_connections(made: Any) -> None:
    def talk(isn: int) -> list[tuple[bool, int, int, str, bytes]]:
        get, answer = b"GET / HTTP/1.1\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n"
        end = isn + 1 + len(get)
        return [
            (True, isn, 0, "S", b""),
            (False, isn + 5000, isn + 1, "SA", b""),
            (True, isn + 1, isn + 5001, "PA", get),
            (False, isn + 5001, end, "PA", answer),
            (True, end, isn + 5001 + len(answer), "FA", b""),
            (False, isn + 5001 + len(answer), end + 1, "FA", b""),
            (True, end + 1, isn + 5002 + len(answer), "A", b""),
        ]

    found = _extract(made(*talk(1000), *talk(90_000)), tcp=True).reassembly.tcp
    assert [len(one.payload) for one in found] == [18, 19, 18, 19]
    assert [one.index[0] for one in found] == [3, 4, 10, 11]


@pytest.mark.parametrize("engine", ["default", "scapy"])
def test_fragments_are_put_together_with_either_engine(engine: str) -> None:
    scapy = pytest.importorskip("scapy.all", reason="skipped, not tested: Scapy is not installed")
    whole = (
        scapy.Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")
        / scapy.IP(src="10.0.0.1", dst="10.0.0.2", id=7)
        / scapy.UDP(sport=4000, dport=4001)
        / bytes(i % 251 for i in range(3000))
    )
    parts = scapy.fragment(whole, fragsize=1000)
    for at, part in enumerate(parts):
        part.time = 1_700_000_000 + at
    capture = _extract(_capture(parts), ip=True, engine=engine)
    (only,) = capture.reassembly.ipv4
    assert len(only.payload) == 3008 and only.completed
    assert only.payload == bytes(whole[scapy.UDP])
    assert only.index == tuple(range(1, len(parts) + 1))
    assert only.id.to_dict() == {"src": "10.0.0.1", "dst": "10.0.0.2", "id": 7, "proto": 17}
    assert only.header == bytes(parts[0])[14:34]
    assert capture.reassembly.ipv6 == ()


def test_flows_are_traced(tmp_path: Path, corpus: Path) -> None:
    single = corpus / "seeds" / "single.pcap"
    capture = pcapkit.extract(single, nofile=True, trace=True, trace_fout=str(tmp_path / "flows"))
    (only,) = capture.trace.tcp
    assert only.label == "192.168.226.54_8907-111.13.142.55_443-1755141753.294776"
    assert only.index == tuple(range(1, 28))
    assert only.fpout == str(tmp_path / "flows" / f"{only.label}.pcap")
    # The same records under another header.
    assert Path(only.fpout).read_bytes()[24:] == single.read_bytes()[24:]


@pytest.mark.parametrize("format", ["json", "plist", "tree", "pcap"])
def test_traces_and_files_have_all_formats(format: str, tmp_path: Path) -> None:
    capture = pcapkit.extract(
        BROWSING,
        str(tmp_path / "out"),
        format,
        trace=True,
        trace_fout=str(tmp_path / "flows"),
        trace_format=format,
    )
    ending = {"json": "json", "plist": "plist", "tree": "txt", "pcap": "pcap"}[format]
    assert capture.output == str(tmp_path / f"out.{ending}") and capture.format == format
    assert Path(capture.output).stat().st_size > 10_000
    flows = list((tmp_path / "flows").iterdir())
    assert len(flows) == len(capture.trace.tcp) > 5
    assert {path.suffix for path in flows} == {f".{ending}"}
    assert sum(len(one.index) for one in capture.trace.tcp) < capture.length == 357


def test_frames_have_files_of_their_own(tmp_path: Path) -> None:
    fl.cut(BROWSING, tmp_path / "five.pcapng", frames="1-5")
    capture = pcapkit.extract(
        tmp_path / "five.pcapng", str(tmp_path / "frames"), "json", files=True
    )
    names = sorted(path.name for path in Path(capture.output).iterdir())
    assert names == [f"Frame {number}.json" for number in range(1, 6)]


def test_frames_have_layers(corpus: Path) -> None:
    capture = pcapkit.extract(corpus / "seeds" / "single.pcap", nofile=True)
    frame = capture.frame[3]
    assert str(frame.protochain) == "Ethernet:IPv4:TCP:TLS"
    assert frame.protochain == "Ethernet:IPv4:TCP:TLS" and "tcp" in frame.protochain
    assert pcapkit.TCP in frame and pcapkit.UDP not in frame
    assert frame["TCP"].srcport == frame.info.ethernet.ipv4.tcp.srcport == 8907
    assert frame[pcapkit.TCP].info.to_dict()["srcport"] == 8907
    assert frame.info.frame_info.to_dict() == {
        "ts_sec": 1755141753,
        "ts_usec": 325922,
        "incl_len": 521,
        "orig_len": 521,
    }
    assert len(bytes(frame)) == frame.length == 521
    with pytest.raises(KeyError, match="UDP"):
        frame["UDP"]
    with pytest.raises(AttributeError, match="there are"):
        _ = frame.info.nothing


def test_extraction_goes_as_far_as_asked() -> None:
    for asked, chain in [
        ({"layer": "link"}, "Ethernet:Raw"),
        ({"layer": "transport"}, "Ethernet:IPv4:UDP:Raw"),
        ({"protocol": "IPv4"}, "Ethernet:IPv4:Raw"),
        ({"layer": pcapkit.RAW}, "Ethernet:IPv4:UDP:DNS"),
        ({"layer": "None"}, "Ethernet:IPv4:UDP:DNS"),
        ({}, "Ethernet:IPv4:UDP:DNS"),
    ]:
        capture = pcapkit.extract(BROWSING, nofile=True, **asked)  # type: ignore[arg-type]
        assert any(frame.protochain == chain for frame in capture.frame), chain


@pytest.mark.parametrize("files", [False, True])
def test_frames_read_one_by_one_are_written_and_traced_at_the_end(
    tmp_path: Path, files: bool
) -> None:
    def extracted(name: str, auto: bool) -> Any:
        out, traces = str(tmp_path / name), str(tmp_path / f"{name}-traces")
        return pcapkit.extract(
            BROWSING.with_name("dhcp.pcap") if files else BROWSING,
            fout=out,
            files=files,
            format="json",
            trace=True,
            trace_fout=traces,
            auto=auto,
        )

    def written(name: str) -> dict[str, bytes]:
        found = [path for path in tmp_path.rglob("*") if path.is_file()]
        paths = {str(path.relative_to(tmp_path)): path for path in found}
        return {of: path.read_bytes() for of, path in paths.items() if of.startswith(name)}

    whole, slow = extracted("a", auto=True), extracted("b", auto=False)
    with pytest.raises(pcapkit.UnsupportedCall, match="to its end"):
        _ = slow.trace
    assert len(list(slow)) == whole.length
    assert [one.label for one in slow.trace.tcp] == [one.label for one in whole.trace.tcp]
    assert {"b" + name[1:]: data for name, data in written("a").items()} == written("b")
    assert written("b")
    assert list(slow) == []


def test_frames_come_one_by_one(capsys: pytest.CaptureFixture[str]) -> None:
    with pcapkit.extract(BROWSING, nofile=True, auto=False, store=False, verbose=True) as capture:
        assert capture().number == 1
        assert next(capture).number == 2
        assert capture.length == 2
        assert len(list(capture)) == 355
        with pytest.raises(EOFError):
            capture()
    assert capsys.readouterr().out.count("\n") == 357
    seen: list[int] = []
    pcapkit.extract(BROWSING, nofile=True, verbose=lambda _, frame: seen.append(frame.number))
    assert seen == list(range(1, 358))


def test_what_was_not_asked_for_is_not_there(tmp_path: Path) -> None:
    capture = pcapkit.extract(BROWSING, nofile=True, store=False)
    for name in ("frame", "reassembly", "trace", "output", "format"):
        with pytest.raises(pcapkit.UnsupportedCall, match=name):
            getattr(capture, name)
    with pytest.raises(FileNotFoundError):
        pcapkit.extract(tmp_path / "nowhere.pcap")
    with pytest.raises(TypeError, match="no option"):
        pcapkit.extract(BROWSING, nofile=True, nothing=True)
    with pytest.raises(fl.ConfigError, match="no engine"):
        pcapkit.extract(BROWSING, nofile=True, engine="nothing")
    with pytest.warns(pcapkit.EngineWarning, match="dpkt"):
        assert pcapkit.extract(BROWSING, nofile=True, engine=pcapkit.DPKT).engine == "default"


def test_scapy_frames_have_their_times_and_classes() -> None:
    pytest.importorskip("scapy", reason="skipped, not tested: Scapy is not installed")
    from scapy.layers.l2 import CookedLinuxV2, Ether

    capture = pcapkit.extract(BROWSING, nofile=True, engine=pcapkit.Scapy)
    assert {type(frame) for frame in capture.frame} == {Ether}
    with fl.open_packets(BROWSING, layer="none") as packets:
        for frame, packet in zip(capture.frame, packets, strict=True):
            assert frame.original == packet.data
            assert abs(float(frame.time) - packet.time / 1e9) < 1e-6
    cooked = pcapkit.extract(ROOT / "samples" / "any-sll2.pcap", nofile=True, engine="scapy")
    assert {type(frame) for frame in cooked.frame} == {CookedLinuxV2}


def test_datagrams_are_those_of_pypcapkit(corpus: Path) -> None:
    reference = pytest.importorskip(
        "pcapkit", reason="skipped, not tested: pypcapkit is not installed"
    )
    reviewed, found = _reviewed(), set()
    compared = captures = unread = 0
    for path in sorted(corpus.rglob("*")):
        if path.suffix not in CAPTURES or path.stat().st_size > BYTES_MAX:
            continue
        name = path.relative_to(corpus).as_posix()
        theirs = _theirs(reference, path)
        if theirs is None:
            unread += 1
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", fl.CaptureWarning)
            ours = pcapkit.extract(path, nofile=True, store=False, tcp=True, ip=True)
        captures += 1
        for kind in ("tcp", "ipv4", "ipv6"):
            mine, other = _digests(getattr(ours.reassembly, kind)), theirs[kind]
            compared += len(other)
            if mine != other:
                found.add((name, kind))
                assert (name, kind) in reviewed, (
                    f"{name} {kind}: ours alone {sorted(mine - other)[:3]}, "
                    f"theirs alone {sorted(other - mine)[:3]}"
                )
    assert not reviewed - found, "these do not differ any more"
    print(
        f"{captures} captures, {compared} datagrams of pypcapkit compared; {len(found)} differ as reviewed, {unread} captures it cannot read"
    )
    assert compared > 500


def _reviewed() -> set[tuple[str, str]]:
    lines = (Path(__file__).parent / "reviewed" / "pcapkit.tsv").read_text().splitlines()
    rows = [line.split("\t") for line in lines if not line.startswith("#")]
    return {(name, kind) for name, kind, _ in rows}


def _digests(datagrams: Any) -> set[tuple[Any, ...]]:
    found = set()
    for one in datagrams:
        payload = one.payload if isinstance(one.payload, bytes) else b"".join(one.payload)
        ends = [
            str(end[0]) if isinstance(end, tuple) else str(end) for end in (one.id.src, one.id.dst)
        ]
        number = one.id.ack if "ack" in one.id else one.id.id
        digest = hashlib.sha1(payload).hexdigest()
        found.add((*ends, number, tuple(one.index), len(payload), digest))
    return found


def _theirs(reference: Any, capture: Path) -> dict[str, set[tuple[Any, ...]]] | None:
    """Its datagrams; none where it fails."""
    logging.disable(logging.CRITICAL)
    digests: dict[str, set[tuple[Any, ...]]] | None = None
    with warnings.catch_warnings():
        # It leaves files open where it fails.
        warnings.simplefilter("ignore")
        with contextlib.suppress(Exception):
            found = reference.extract(
                fin=str(capture),
                nofile=True,
                tcp=True,
                ip=True,
                store=False,
                reassembly=True,
                extension=False,
            ).reassembly
            digests = {kind: _digests(getattr(found, kind)) for kind in ("tcp", "ipv4", "ipv6")}
        gc.collect()
    logging.disable(logging.NOTSET)
    return digests


CAPTURES = (".pcap", ".pcapng", ".cap")
BYTES_MAX = 25_000
"""It takes a few milliseconds for a packet."""
