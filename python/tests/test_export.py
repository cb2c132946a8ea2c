"""Exports of flow objects: names, hostile texts, whole files."""

from __future__ import annotations

import csv
import json
import warnings
from collections import Counter
from math import isnan
from pathlib import Path

import numpy as np
import pytest

import flowloom as fl

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus"


@pytest.fixture(scope="module")
def flows() -> list[fl.Flow]:
    return fl.Analyzer().analyze_file(SAMPLES / "browsing.pcapng")


def test_columns_are_those_of_wa1kpcap() -> None:
    pytest.importorskip("pandas")
    wa1kpcap = pytest.importorskip("wa1kpcap", reason="wa1kpcap is not installed")
    if not CORPUS.is_dir():
        pytest.skip(f"no corpus in {CORPUS}")
    path = CORPUS / "seeds" / "multi.pcap"
    theirs = wa1kpcap.Wa1kPcap().analyze_file(str(path))
    # Of a certificate, the reference's exporters make an exception.
    (their,) = [one for one in theirs if one.tls and not one.tls.certificate and one.tls.sni][:1]
    expected = list(wa1kpcap.to_dataframe([their]).columns)
    assert len(expected) == 199
    (our,) = [one for one in fl.Analyzer().analyze_file(path) if str(one.key) == str(their.key)]
    columns = list(fl.to_dataframe([our]).columns)
    assert [name for name in columns if name != "tcp_state"][:199] == expected
    rest = {name.rpartition(".")[2] for name in columns if name not in expected}
    assert rest <= {"skew", "kurt", "cv", "tcp_state"}


def test_dictionaries_have_what_data_frames_have(flows: list[fl.Flow]) -> None:
    found = fl.to_dict(flows)
    assert len(found) == len(flows)
    for row, flow in zip(found, flows, strict=True):
        assert row["key"] == str(flow.key)
        assert row["features"]["packet_lengths"] == flow.packet_lengths.tolist()
        assert row["features"]["statistics"]["packet_count"] == flow.packet_count
    assert "features" not in fl.to_dict(flows, include_features=False)[0]


def test_files_are_whole_or_not_there(flows: list[fl.Flow], tmp_path: Path) -> None:
    bad = [*flows, object()]
    for name in ("x.json", "x.csv", "x.parquet"):
        with pytest.raises(AttributeError):
            fl.FlowExporter().save(bad, tmp_path / name)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(fl.OutputError):
        fl.to_csv(flows, tmp_path / "no" / "such" / "x.csv")
    with pytest.raises(fl.ConfigError, match="parquet"):
        fl.FlowExporter().save(flows, tmp_path / "x.txt")


def test_hostile_texts_do_no_harm(flows: list[fl.Flow], tmp_path: Path) -> None:
    flow = flows[0]
    before = flow._own
    flow._own = {"a": "=cmd()", "b": "\x1b[31m", "c": "'x", "d": float("nan"), "e": b"\xff\x00"}
    try:
        fl.to_csv([flow], tmp_path / "x.csv")
        fl.to_json([flow], tmp_path / "x.json")
    finally:
        flow._own = before
    with open(tmp_path / "x.csv", newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["feature.a"] == "'=cmd()"
    assert row["feature.b"] == "\\u001b[31m"
    assert row["feature.c"] == "''x"
    own = json.loads((tmp_path / "x.json").read_text())[0]["features"]["own"]
    assert own == {"a": "=cmd()", "b": "\x1b[31m", "c": "'x", "d": None, "e": "ff00"}


def test_values_of_numpy_stay_numbers(flows: list[fl.Flow], tmp_path: Path) -> None:
    pyarrow_parquet = pytest.importorskip("pyarrow.parquet")
    flow = flows[0]
    before = flow._own
    flow._own = {"a": np.int64(5), "b": np.float32(0.5), "c": np.bool_(True), "d": np.ma.masked}
    try:
        fl.FlowExporter().save([flow], tmp_path / "x.parquet")
    finally:
        flow._own = before
    (row,) = pyarrow_parquet.read_table(tmp_path / "x.parquet").to_pylist()
    assert [row[f"feature.{name}"] for name in "abcd"] == [5, 0.5, True, None]


def test_objects_and_lists_are_json_that_others_read(flows: list[fl.Flow], tmp_path: Path) -> None:
    pyarrow_parquet = pytest.importorskip("pyarrow.parquet")
    flow = flows[0]
    before = flow._own
    flow._own = {"a": Counter(np.array([5, 5, 7])), "b": {(1, 2): 3}, "c": [[float("nan"), 1]]}
    try:
        fl.to_csv([flow], tmp_path / "x.csv")
        fl.FlowExporter().save([flow], tmp_path / "x.parquet")
    finally:
        flow._own = before
    with open(tmp_path / "x.csv", newline="") as file:
        (of_csv,) = csv.DictReader(file)
    (of_parquet,) = pyarrow_parquet.read_table(tmp_path / "x.parquet").to_pylist()
    for row in (of_csv, of_parquet):
        assert row["feature.a"] == '{"5": 2, "7": 1}'
        assert row["feature.b"] == '{"(1, 2)": 3}'
        assert row["feature.c"] == "[[null, 1]]"


@pytest.mark.skipif(not CORPUS.is_dir(), reason="no corpus beside the repository")
def test_all_captures_are_exported(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    csv.field_size_limit(1 << 30)
    exported = certificates = 0
    for path in sorted(CORPUS.glob("**/*.*cap*")):
        if "expected" in path.parts or not path.is_file() or path.stat().st_size > 300_000:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", fl.CaptureWarning)
            flows = fl.Analyzer(default_filter=None).analyze_file(path)
        for name in ("x.json", "x.csv", "x.parquet"):
            fl.FlowExporter().save(flows, tmp_path / name)
        read = json.loads((tmp_path / "x.json").read_text())
        with open(tmp_path / "x.csv", newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        assert [row["key"] for row in rows] == [row["key"] for row in read]
        assert [row["key"] for row in read] == [str(flow.key) for flow in flows]
        exported += len(flows)
        certificates += sum("cert_subject" in row.get("tls", {}) for row in read)
    print(f"{exported} flows exported, {certificates} with a certificate")
    assert exported > 1_000
    assert certificates > 10


def test_what_is_missing_is_null_in_parquet(tmp_path: Path) -> None:
    pq = pytest.importorskip("pyarrow.parquet")
    # UDP has no flags and no state, and a flow of one packet no gaps.
    flows = fl.Analyzer(default_filter=None).analyze_file(SAMPLES / "browsing.pcapng")
    fl.to_parquet(flows, tmp_path / "flows.parquet")
    table = pq.read_table(tmp_path / "flows.parquet")
    frame = fl.to_dataframe(flows)
    assert table.column_names == list(frame.columns)
    missing = 0
    for name in table.column_names:
        found = table[name].to_pylist()
        of_frame = frame[name].tolist()
        absent = [
            value is None or (isinstance(value, float) and isnan(value)) for value in of_frame
        ]
        assert [value is None for value in found] == absent, name
        assert not {"None", '"None"'} & {v for v in found if isinstance(v, str)}, name
        missing += sum(absent)
    assert missing > 100
    assert str(table.schema.field("feature.iats.mean").type) == "double"


def test_a_directory_is_no_file_to_write(flows: list[fl.Flow], tmp_path: Path) -> None:
    table = fl.read_flows(SAMPLES / "browsing.pcapng", features="sequences")
    for write in (
        lambda: fl.to_csv(flows, tmp_path),
        lambda: fl.to_json(flows, tmp_path),
        lambda: fl.to_parquet(flows, tmp_path),
        lambda: table.to_padded("iats", 3, out=tmp_path),
    ):
        with pytest.raises(fl.OutputError, match=tmp_path.name):
            write()
    assert list(tmp_path.iterdir()) == []
