"""What flows say, from Python: as the command line has it, in memory that has a limit."""

from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

import flowloom as fl

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = sorted(path for path in (ROOT / "samples").iterdir() if ".pcap" in path.suffix)
BROWSING = ROOT / "samples" / "browsing.pcapng"

Said = list[tuple[dict[str, Any], list[tuple[int, bytes]]]]


def _written(capture: Path, directory: Path, **asked: Any) -> Said:
    """What the engine writes as JSON Lines, as the command line does."""
    fl.save_streams(capture, directory, format="jsonl", data="base64", on_error="ignore", **asked)
    found: Said = []
    for line in (directory / "index.jsonl").read_text().splitlines():
        for text in (directory / json.loads(line)["file"]).read_text().splitlines():
            found.append(_told(json.loads(text)))
    return found


def _told(info: dict[str, Any]) -> tuple[dict[str, Any], list[tuple[int, bytes]]]:
    """What a line says, and the bytes in it."""
    pieces = info.pop("pieces", None)
    if pieces is None:
        pieces = [{"offset": 0, "data": info.pop("data", "")}]
    told = [(one["offset"], base64.b64decode(one["data"])) for one in pieces]
    return info, [(offset, data) for offset, data in told if data]


def _handed(capture: Path, **asked: Any) -> Said:
    with fl.streams(capture, on_error="ignore", **asked) as all_said:
        return [(dict(said), said.pieces) for said in all_said]


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("view", ["messages", "raw", "conversation"])
def test_samples_say_what_the_command_line_says(view: Any, strict: bool, tmp_path: Path) -> None:
    units = size = 0
    for number, capture in enumerate(SAMPLES):
        written = _written(capture, tmp_path / str(number), view=view, strict=strict)
        handed = _handed(capture, view=view, strict=strict)
        assert handed == written, capture.name
        units += len(handed)
        size += sum(len(piece) for _, pieces in handed for _, piece in pieces)
    print(f"{units} units, {size} bytes compared")
    assert units > 50 and size > 100_000


@pytest.mark.parametrize("view", ["messages", "conversation"])
def test_the_binary_says_the_same(view: Any, command_line: Path) -> None:
    arguments = ["streams", BROWSING, "--as", view, "--format", "jsonl", "--strict", "--quiet"]
    run = subprocess.run([command_line, *arguments], capture_output=True, text=True, check=True)
    lines = [json.loads(line) for line in run.stdout.splitlines()]
    handed = _handed(BROWSING, view=view, strict=True)
    assert [_told(line) for line in lines] == [
        ({**info, "capture": str(BROWSING)}, pieces) for info, pieces in handed
    ]
    assert len(lines) > 20


def test_datagrams_are_those_of_the_command_line(tmp_path: Path) -> None:
    capture = ROOT / "samples" / "fragments.pcap"
    for number, strict in enumerate([False, True]):
        asked: dict[str, Any] = {"what": "datagrams", "strict": strict}
        handed = _handed(capture, **asked)
        assert handed == _written(capture, tmp_path / str(number), **asked)
        assert len(handed) > 3


def test_the_corpus_says_what_the_command_line_says(corpus: Path, tmp_path: Path) -> None:
    captures = units = size = 0
    for capture in sorted((corpus / "seeds").iterdir()) + sorted((corpus / "zeek").iterdir()):
        if ".pcap" not in capture.suffix or capture.stat().st_size > 200_000:
            continue
        captures += 1
        written = _written(capture, tmp_path / str(captures), strict=True)
        handed = _handed(capture, strict=True)
        assert handed == written, capture.name
        units += len(handed)
        size += sum(len(piece) for _, pieces in handed for _, piece in pieces)
    print(f"{captures} captures, {units} messages, {size} bytes compared")
    assert units > 300


def test_long_ones_come_in_parts() -> None:
    whole = [said.data for said in fl.streams(BROWSING, view="raw")]
    parts, joined = [b""], 0
    with fl.streams(BROWSING, view="raw", part_max=1000) as all_said:
        for said in all_said:
            assert len(said.data) <= 1000
            parts[-1] += said.data
            joined += said.goes_on
            if not said.goes_on:
                parts.append(b"")
    assert parts == [*whole, b""] and joined > 10


def test_flows_and_directions_are_chosen() -> None:
    all_ids = {said.flow_id for said in fl.streams(BROWSING)}
    chosen = sorted(all_ids)[:2]
    some = list(fl.streams(BROWSING, flows=chosen, direction="up"))
    assert {said.flow_id for said in some} <= set(chosen)
    assert {said.direction for said in some} == {"up"}
    assert all(said.frames and said["bytes"] == len(said.data) for said in some)
    assert bytes(some[0]) == some[0].data and "flow_id" in repr(some[0])


def test_bodies_are_saved(tmp_path: Path) -> None:
    made = fl.save_streams(BROWSING, tmp_path / "objects", what="objects", decode=True)
    assert made["taken"]["units"] > 0
    assert len(list((tmp_path / "objects").iterdir())) == made["taken"]["units"] + 1
    with pytest.raises(fl.ConfigError, match="what"):
        fl.streams(BROWSING, what="objects")  # type: ignore[arg-type]
    with pytest.raises(fl.ConfigError, match="not empty"):
        fl.save_streams(BROWSING, tmp_path / "objects")


@pytest.mark.parametrize(
    "asked",
    [{"view": "all"}, {"direction": "left"}, {"part_max": 0}, {"fill_max": -1}, {"flows": []}],
)
def test_what_cannot_be_is_refused(asked: Any) -> None:
    with pytest.raises(fl.ConfigError):
        fl.streams(BROWSING, **asked)


def test_losses_are_said(tmp_path: Path) -> None:
    cut = tmp_path / "cut.pcap"
    fl.convert(BROWSING, tmp_path / "whole.pcap")
    cut.write_bytes((tmp_path / "whole.pcap").read_bytes()[:-7])
    with pytest.warns(fl.CaptureWarning):
        assert list(fl.streams(cut))
    with pytest.raises(fl.CaptureError):
        list(fl.streams(tmp_path / "nowhere.pcap"))
    reader = fl.streams(cut, on_error="ignore")
    assert reader.summary is None
    taken = [said for said in reader if said["bytes"]]
    assert reader.summary is not None and reader.summary["taken"]["units"] >= len(taken)
