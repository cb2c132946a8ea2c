"""Captures to captures, and what is in them, from Python."""

from __future__ import annotations

import datetime as dt
import io
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import flowloom as fl

ROOT = Path(__file__).parents[2]
SAMPLES = sorted(path for path in (ROOT / "samples").iterdir() if ".pcap" in path.suffix)
BROWSING = ROOT / "samples" / "browsing.pcapng"


def test_info_is_what_the_capture_says() -> None:
    info = fl.info(BROWSING)
    assert (info["format"], info["frames"]) == ("pcapng", 357)
    assert info["protocols"] and info["conversations"]
    several = fl.info([ROOT / "samples"])
    assert [one["frames"] for one in several].count(357) == 1
    assert len(several) == len(SAMPLES)


def test_captures_without_names_are_told_apart() -> None:
    bytes_ = (ROOT / "samples" / "dhcp.pcap").read_bytes()
    with BROWSING.open("rb") as file:
        several = fl.read_flows([bytes_, file, io.BytesIO(bytes_)], features="core")
    assert [one["capture"] for one in several.captures] == ["bytes-1", str(BROWSING), "bytes-2"]
    assert [one["capture"] for one in fl.read_flows(bytes_).captures] == ["bytes"]


def test_a_reader_tells_how_far_it_is() -> None:
    with fl.open_flows(BROWSING, features="core") as batches:
        rows = sum(len(batch) for batch in batches)
        assert rows > 0
        assert batches.progress[:2] == (BROWSING.stat().st_size, 357)
        assert batches.progress.seconds > 0


def test_info_of_bytes_and_open_files_is_that_of_the_file() -> None:
    def said(info: dict[str, object]) -> dict[str, object]:
        return {key: info[key] for key in ("frames", "duration", "protocols", "conversations")}

    with BROWSING.open("rb") as file:
        assert (
            said(fl.info(file)) == said(fl.info(BROWSING)) == said(fl.info(BROWSING.read_bytes()))
        )


def test_info_of_several_wants_a_list() -> None:
    with pytest.raises(fl.ConfigError, match="name it in a list"):
        fl.info(ROOT / "samples")


@pytest.mark.parametrize("capture", SAMPLES, ids=lambda path: path.name)
def test_split_and_merge_give_the_frames_back(capture: Path, tmp_path: Path) -> None:
    parts = fl.split(capture, tmp_path / "flows")
    before = fl.info(capture)
    assert parts["frames"] == before["frames"]
    assert len(list((tmp_path / "flows").iterdir())) == parts["files"]
    merged = fl.merge([tmp_path / "flows"], tmp_path / "merged.pcapng")
    assert merged["frames"] == before["frames"]

    def frames(path: Path) -> list[tuple[int, int, bytes]]:
        with fl.open_packets(path, layer="none") as packets:
            return [(packet.time, packet.wire_length, packet.data) for packet in packets]

    # Frames of the same time may change places.
    assert sorted(frames(tmp_path / "merged.pcapng")) == sorted(frames(capture))


def test_split_by_columns_and_windows(tmp_path: Path) -> None:
    by_sni = fl.split(BROWSING, tmp_path / "sni", by="sni", filter="tcp port 443")
    assert by_sni["files"] == len(os.listdir(tmp_path / "sni"))
    minutes = fl.split(BROWSING, tmp_path / "minutes", window=dt.timedelta(minutes=1))
    assert minutes["frames"] == 357
    with pytest.raises(fl.OutputError, match="not empty"):
        fl.split(BROWSING, tmp_path / "sni")


def test_an_index_gives_flows_back(tmp_path: Path) -> None:
    rows = fl.index(BROWSING, tmp_path / "index.parquet")["rows"]
    assert rows == len(fl.read_flows(BROWSING))
    taken = fl.extract(tmp_path / "index.parquet", tmp_path / "two.pcapng", flows=[1, 99_999])
    assert (taken["flows"], taken["missing"]) == (1, [99_999])
    taken = fl.extract(tmp_path / "index.parquet", tmp_path / "all", filter="tcp port 443")
    assert taken["files"] == len(os.listdir(tmp_path / "all")) == 4
    one = fl.extract(tmp_path / "index.parquet", tmp_path / "one.pcapng", flows=1)
    assert (one["flows"], one["missing"]) == (1, [])


@pytest.mark.parametrize(
    ("flows", "error", "text"),
    [
        ([], fl.ConfigError, "names no flow: leave it out for all"),
        (np.array([], dtype=np.int64), fl.ConfigError, "names no flow"),
        ([0], fl.ConfigError, "flow_id is at least 1, not 0"),
        ("12", TypeError, "values of flow_id, not str"),
        (1.0, TypeError, "values of flow_id, not float"),
        ([1.5], TypeError, "flow_id is a whole number, not float64|float"),
        (np.array([True, False]), TypeError, "flow_id is a whole number, not bool"),
    ],
)
def test_flows_that_are_none_are_not_all_flows(
    tmp_path: Path, flows: Any, error: type[Exception], text: str
) -> None:
    fl.index(BROWSING, tmp_path / "index.parquet")
    with pytest.raises(error, match=text):
        fl.extract(tmp_path / "index.parquet", tmp_path / "taken", flows=flows)
    assert not (tmp_path / "taken").exists()


@pytest.mark.parametrize("frames", [[-1], [0], [(1, -5)], [2**64], range(3)])
def test_frames_that_no_capture_has_are_refused(frames: Any) -> None:
    with pytest.raises(fl.ConfigError, match="a frame is at (least 1|most 18446744073709551615)"):
        fl.open_packets(BROWSING, frames=frames)


@pytest.mark.parametrize(
    ("asked", "error", "text"),
    [
        ({"frames": 5}, TypeError, "frames are text, a range or a list, not int"),
        ({"count": "5"}, TypeError, "count is a whole number, not str"),
        ({"count": 2**70}, fl.ConfigError, "count is at most 18446744073709551615"),
        ({"snaplen": 0}, fl.ConfigError, "snaplen is at least 1, not 0"),
        ({"snaplen": 2**32}, fl.ConfigError, "snaplen is at most 4294967295"),
    ],
)
def test_slips_in_options_of_cut_are_named(
    tmp_path: Path, asked: dict[str, Any], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        fl.cut(BROWSING, tmp_path / "cut.pcap", **asked)


def test_cut_takes_frames(tmp_path: Path) -> None:
    def numbers(**asked: object) -> int:
        target = tmp_path / "cut.pcapng"
        return int(fl.cut(BROWSING, target, force=True, **asked)["frames"])  # type: ignore[arg-type]

    assert numbers(frames="1-10,20,350-") == 10 + 1 + 8
    assert numbers(frames=range(1, 11)) == 10
    assert numbers(frames=[5, (10, 12), range(20, 22)]) == 6
    assert numbers(frames=[]) == 0
    assert numbers(filter="udp port 53", count=3) == 3
    twice = fl.cut([BROWSING, BROWSING], tmp_path / "once.pcapng", dedup=0.0)
    assert (twice["frames"], twice["capture"]["frames_duplicate"]) == (357, 357)
    first = fl.info(BROWSING)["first_time"]
    start = dt.datetime.fromisoformat(first[:26]).replace(tzinfo=dt.timezone.utc)
    assert numbers(start=start - dt.timedelta(seconds=1)) == 357
    assert numbers(stop=start - dt.timedelta(seconds=1)) == 0
    pieces = fl.cut(BROWSING, tmp_path / "piece.pcapng", pieces=100)
    assert [piece["frames"] for piece in pieces["written"]] == [100, 100, 100, 57]


@pytest.mark.parametrize("pieces", ["0", "-1", "5 weeks", "x", 0])
def test_pieces_that_are_none_are_refused(pieces: object, tmp_path: Path) -> None:
    with pytest.raises(fl.ConfigError, match="pieces"):
        fl.cut(BROWSING, tmp_path / "x.pcap", pieces=pieces)  # type: ignore[arg-type]


def test_convert_and_back_changes_nothing(tmp_path: Path) -> None:
    fl.convert(BROWSING, tmp_path / "a.pcap.zst", resolution="ns")
    fl.convert(tmp_path / "a.pcap.zst", tmp_path / "b.pcapng")
    keep = ["src_ip", "dst_ip", "start_time", "packet_count", "byte_count"]
    one, other = (
        fl.read_flows(path, features="core")[keep].to_dict()
        for path in (BROWSING, tmp_path / "b.pcapng")
    )
    assert one == other


@pytest.mark.parametrize("source", [[BROWSING], ROOT / "samples", str(ROOT / "samples" / "*.pcap")])
def test_several_captures_are_not_converted_into_one(source: object, tmp_path: Path) -> None:
    with pytest.raises(fl.ConfigError, match="merge"):
        fl.convert(source, tmp_path / "a.pcap")  # type: ignore[arg-type]


def test_nothing_is_overwritten_unasked(tmp_path: Path) -> None:
    fl.convert(BROWSING, tmp_path / "a.pcap")
    with pytest.raises(fl.OutputError):
        fl.convert(BROWSING, tmp_path / "a.pcap")
    fl.convert(BROWSING, tmp_path / "a.pcap", force=True)


def test_anonymized_addresses_are_others(tmp_path: Path) -> None:
    done = fl.anonymize(BROWSING, tmp_path / "a.pcapng", key=tmp_path / "key", new_key=True)
    assert done["captures"][0]["frames"] == 357
    again = fl.anonymize(BROWSING, tmp_path / "b.pcapng", key=tmp_path / "key", payload="cut")
    assert again["captures"][0]["bytes_blank"] > 0
    real, shown = (set(fl.read_flows(path)["src_ip"]) for path in (BROWSING, tmp_path / "a.pcapng"))
    assert not {ip for ip in real if not ip.startswith(("ff", "224", "0.", "::"))} & shown
    with pytest.raises(fl.ConfigError, match="key"):
        fl.anonymize(BROWSING, tmp_path / "c.pcapng", new_key=True)


def test_damage_is_said_and_raised_on_request(tmp_path: Path) -> None:
    cut = tmp_path / "cut.pcap"
    fl.convert(BROWSING, tmp_path / "whole.pcap")
    cut.write_bytes((tmp_path / "whole.pcap").read_bytes()[:-7])
    with pytest.warns(fl.CaptureWarning):
        assert fl.info(cut)["frames"] == 356
    with pytest.raises(fl.CaptureError) as caught:
        fl.merge(cut, tmp_path / "x.pcap", on_error="raise")
    assert caught.value.frame == 357
    with pytest.raises(fl.CaptureError):
        fl.info(tmp_path / "nowhere.pcap")
    with pytest.raises(fl.FilterError) as wrong:
        fl.cut(cut, tmp_path / "y.pcap", filter="tcp porrt")
    assert wrong.value.position == 4


def test_split_of_a_table_and_of_a_capture_are_told_apart(tmp_path: Path) -> None:
    table = fl.read_flows(BROWSING)
    train, test = fl.split(table, by="flow", sizes=(0.5, 0.5))
    assert len(train) + len(test) == len(table)
    with pytest.raises(TypeError, match="directory"):
        fl.split(BROWSING)  # type: ignore[call-overload]
    with pytest.raises(TypeError, match="returned"):
        fl.split(table, tmp_path)  # type: ignore[call-overload]


def test_progress_is_told(tmp_path: Path) -> None:
    told: list[fl.Progress] = []
    fl.convert(BROWSING, tmp_path / "a.pcap", progress=told.append)
    assert told[-1].frames == 357


def test_packets_are_rows() -> None:
    flows = fl.read_flows(BROWSING, features="core,sequences,packet_frames")
    packets = fl.read_packets(BROWSING)
    assert len(packets) == int(flows["packet_count"].sum())
    by_flow = np.add.reduceat(packets["packet_length"], np.flatnonzero(packets["packet"] == 0))
    assert by_flow.tolist() == flows["byte_count"].tolist()
    assert len(set(packets["frame"].tolist())) == len(packets)
    first = packets.take(packets["packet"] == 0)
    assert first["frame"].tolist() == first["flow_id"].tolist() == flows["flow_id"].tolist()
    assert (first["time"] == flows["start_time"]).all()
    udp = packets.take(np.isin(packets["flow_id"], flows.take(flows["protocol"] == 17)["flow_id"]))
    assert len(udp) and np.isnan(udp["tcp_flags"]).all()


def test_packets_of_the_first_moments_of_flows() -> None:
    """That others are left out is what was asked for, and no warning."""
    flows = fl.read_flows(BROWSING, features="core,sequences", max_time=0.001)
    packets = fl.read_packets(BROWSING, max_time=0.001)
    assert 0 < len(packets) == len(flows["directions"].items) < int(flows["packet_count"].sum())


@pytest.mark.parametrize("population", ["no-pure-ack", "payload", "payload-no-retransmission"])
@pytest.mark.parametrize("capture", SAMPLES, ids=lambda path: path.name)
def test_populations_are_those_of_flows(capture: Path, population: str) -> None:
    asked = {"population": population, "max_packets": 7}
    flows = fl.read_flows(capture, features="core,sequences,timestamps", **asked)  # type: ignore[arg-type]
    packets = fl.read_packets(capture, **asked)  # type: ignore[arg-type]
    for name, column in [("timestamps", "time"), ("app_lengths", "payload_length")]:
        items = [np.asarray(one) for one in flows[name]]
        assert np.concatenate(items).tolist() == packets[column].tolist()


@pytest.mark.parametrize("place", ["samples", "corpus"])
def test_each_packet_has_a_frame_among_those_of_its_flow(
    place: str, request: pytest.FixtureRequest
) -> None:
    directory = request.getfixturevalue(place)
    captures = packets = 0
    for capture in sorted(path for path in directory.rglob("*.pcap*") if path.is_file()):
        flows = fl.read_flows(capture, features="core,frames,packet_frames", on_error="ignore")
        assert flows["packet_frames"].lengths.tolist() == flows["packet_count"].tolist(), capture
        for of_packets, all_frames in zip(
            flows["packet_frames"], flows["frame_numbers"], strict=True
        ):
            assert set(of_packets.tolist()) <= set(all_frames.tolist()), capture
        captures += len(flows) > 0
        packets += int(flows["packet_count"].sum())
    print(f"{captures} captures, {packets} packets compared")
    assert packets > 1000


def test_packets_have_layers_and_bytes() -> None:
    with fl.open_packets(BROWSING, filter="udp port 53", ranges=False) as packets:
        found = list(packets)
    assert found and all(packet.protocols[-1] == "dns" for packet in found)
    assert all(len(packet.data) <= packet.wire_length for packet in found)
    assert packets.summary is not None and packets.summary["rows"] == len(found)


def test_packets_are_those_of_the_command_line(tmp_path: Path) -> None:
    fl.save_packets(BROWSING, tmp_path / "packets.jsonl")
    lines = (tmp_path / "packets.jsonl").read_text().splitlines()
    with fl.open_packets(BROWSING) as packets:
        assert [packet.json for packet in packets] == lines
    assert len(lines) == 357


@pytest.mark.usefixtures("no_thread_left")
def test_a_reader_that_is_left_leaves_no_thread() -> None:
    for _ in range(5):
        packets = fl.open_packets(BROWSING)
        next(packets)
        packets.close()
        said = fl.streams(BROWSING)
        next(said)
        said.close()


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="asks Linux for its threads")
def test_ctrl_c_ends_work_within_200_ms(tmp_path: Path) -> None:
    program = """
import os, sys, threading, time, flowloom as fl
pipe, out = sys.argv[1:]
before = len(os.listdir("/proc/self/task"))
def strike():
    global at
    time.sleep(0.5)
    at = time.monotonic()
    os.kill(os.getpid(), 2)
striker = threading.Thread(target=strike)
striker.start()
try:
    fl.merge(pipe, out)
except KeyboardInterrupt as stopped:
    took = time.monotonic() - at
    striker.join()
    time.sleep(0.2)
    threads = len(os.listdir("/proc/self/task")) - before
    print(type(stopped).__name__, took, threads, stopped.result["interrupted"])
"""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    # Somebody holds it open and says nothing.
    run = subprocess.Popen(
        [sys.executable, "-c", program, str(pipe), str(tmp_path / "out.pcap")],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "python")},
    )
    with pipe.open("wb") as file:
        file.write((ROOT / "samples" / "vlan-qinq.pcap").read_bytes()[:4096])
        file.flush()
        said, _ = run.communicate(timeout=30)
    name, took, threads, interrupted = said.split()
    assert (name, interrupted) == ("Interrupted", "True")
    # The one that waits for the pipe goes with it.
    assert int(threads) <= 1
    assert float(took) < 0.2


def test_samples_in_comments_are_traces(samples: Path, tmp_path: Path) -> None:
    for site, name in [("mail", "loss.pcap"), ("web", "browsing.pcapng")]:
        (tmp_path / "visits" / site).mkdir(parents=True)
        shutil.copy(samples / name, tmp_path / "visits" / site / name)
    merged = tmp_path / "all.pcapng"
    fl.merge([tmp_path / "visits"], merged, labels="{website}/{run}")
    traces = fl.read_traces(merged, label_comments=["website"], filter="tcp")
    assert traces["label_website"].tolist() == ["web", "mail"]
    assert (
        fl.read_traces(merged, label_comments="website", filter="tcp").to_dict() == traces.to_dict()
    )
    apart = [
        fl.read_traces(samples / name, filter="tcp") for name in ("browsing.pcapng", "loss.pcap")
    ]
    assert [len(row) for row in traces["directions"]] == [
        len(one["directions"][0]) for one in apart
    ]
