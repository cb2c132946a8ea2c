"""Tables back from files, and from the tables of other libraries."""

import subprocess
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import flowloom as fl

SETS = list(dict.fromkeys(column.family for column in fl.features()))


@pytest.fixture(scope="module")
def scenes(samples, tmp_path_factory) -> Path:
    """A manifest of the samples."""
    manifest = tmp_path_factory.mktemp("labels") / "scenes.csv"
    captures = sorted(samples.glob("*.pcap*"))
    lines = [f"{capture},{capture.stem}" for capture in captures]
    manifest.write_text("\n".join(["capture,scene", *lines]))
    return manifest


@pytest.fixture(scope="module")
def wide(samples, scenes) -> fl.FlowTable:
    """Every column, and labels."""
    captures = sorted(samples.glob("*.pcap*"))
    return fl.read_flows(captures, features=SETS, labels=scenes)


@pytest.mark.parametrize("name", ["t.parquet", "t.arrow"])
def test_a_file_is_the_table_again(wide, scenes, tmp_path, name):
    wide.write(tmp_path / name)
    again = fl.FlowTable.read(tmp_path / name)
    assert len(again) > 30 and again.to_dict() == wide.to_dict()
    assert again.schema == wide.schema and again.settings == wide.settings
    assert again.account == wide.account and again.losses == wide.losses
    assert again.captures == wide.captures
    assert fl.rerun(again, labels=scenes).to_dict() == wide.to_dict()
    again.write(tmp_path / f"again.{name}")
    assert (tmp_path / f"again.{name}").read_bytes() == (tmp_path / name).read_bytes()


def test_what_the_command_line_wrote_is_what_is_read(samples, command_line, tmp_path):
    capture = samples / "browsing.pcapng"
    to = tmp_path / "flows.parquet"
    options = ["--features", "core,sequences", "--order", "start", "--quiet", "-o", to]
    subprocess.run([command_line, "flows", capture, *options], check=True)
    flows = fl.read_flows(capture, features="core,sequences")
    written = fl.FlowTable.read(to)
    assert written.to_dict() == flows.to_dict() and written.schema == flows.schema
    assert written.account == flows.account
    np.testing.assert_array_equal(
        written.to_padded("directions", 50), flows.to_padded("directions", 50)
    )
    subprocess.run([command_line, "traces", capture, "-o", tmp_path / "t.arrow"], check=True)
    traces = fl.FlowTable.read(tmp_path / "t.arrow")
    assert traces.to_dict() == fl.read_traces(capture).to_dict()


def test_tables_of_others_are_tables_of_flows(wide):
    roles = {column.name: column.role for column in wide.schema}
    for theirs in (pa.table(wide), pl.DataFrame(wide), duckdb.sql("select * from wide")):
        ours = fl.FlowTable.from_arrow(theirs)
        assert ours.to_dict() == wide.to_dict(), type(theirs)
        assert {column.name: column.role for column in ours.schema} == roles, type(theirs)
        assert ours.captures == [] and ours.losses == []
    np.testing.assert_array_equal(ours.to_numpy(fill_null=0), wide.to_numpy(fill_null=0))
    assert [flow.key for flow in ours] == [flow.key for flow in wide]
    frame = fl.FlowTable.from_arrow(wide.select(["flow_id", "src_ip", "duration"]).to_pandas())
    assert frame.to_dict() == wide.select(["flow_id", "src_ip", "duration"]).to_dict()


def test_rows_of_several_tables_are_one(wide):
    parts = [wide[30:], wide[:30]]
    both = fl.FlowTable.from_arrow(pa.concat_tables([pa.table(part) for part in parts]))
    first, second = (part.to_dict() for part in parts)
    assert both.to_dict() == {name: first[name] + second[name] for name in first}
    chosen = fl.FlowTable.from_arrow(pl.DataFrame(both).filter(pl.col("packet_count") > 10))
    assert 0 < len(chosen) == (both["packet_count"] > 10).sum() < len(both)


def test_words_of_polars_and_odd_metadata_are_taken(tmp_path):
    words = pl.DataFrame({"a": ["x", None, "x"], "b": ["u", "v", "u"]})
    words = words.with_columns(
        a=pl.col("a").cast(pl.Categorical), b=pl.col("b").cast(pl.Enum(["u", "v"]))
    )
    ours = fl.FlowTable.from_arrow(words)
    assert ours.to_dict() == {"a": ["x", None, "x"], "b": ["u", "v", "u"]}
    odd = pa.table({"a": [1]}).replace_schema_metadata({b"\xff": b"\x80", "flowloom.own": "7"})
    odd = fl.FlowTable.from_arrow(odd)
    odd.write(tmp_path / "odd.arrow")
    assert fl.FlowTable.read(tmp_path / "odd.arrow").to_dict() == {"a": [1]}


def test_values_of_other_types_become_ours(tmp_path):
    theirs = pa.table(
        {
            "label_kind": pa.array(["a", None]).dictionary_encode(),
            "src_port": pa.array([80, 443], pa.uint32()),
            "small": pa.array([1, None], pa.int16()),
            "ratio": pa.array([0.5, 1.5], pa.float32()),
            "start_time": pa.array([1, 2], pa.timestamp("ms")),
            "names": pa.array([["x"], []], pa.large_list(pa.large_string())),
            "pair": pa.array([[1, 2], [3, 4]], pa.list_(pa.int64(), 2)),
            "raw": pa.array([b"\0", b""], pa.large_binary()),
            "nothing": pa.nulls(2),
            "said": pa.array([{"n": 1}, {"n": 2}], pa.struct({"n": pa.uint64()})),
        }
    )
    ours = fl.FlowTable.from_arrow(theirs)
    assert ours.to_dict() == {
        **theirs.to_pydict(),
        "start_time": [1_000_000, 2_000_000],
    }
    kinds = {column.name: (column.data_type, column.role) for column in ours.schema}
    assert kinds == {
        "label_kind": ("text", "label"), "src_port": ("i64", "identity"), "small": ("i32", ""),
        "ratio": ("f64", ""), "start_time": ("time", "time"), "names": ("list<text>", ""),
        "pair": ("list<i64>", ""), "raw": ("binary", ""), "nothing": ("text", ""),
        "said": ("struct<n: i64>", ""),
    }  # fmt: skip
    ours.write(tmp_path / "t.parquet")
    assert fl.FlowTable.read(tmp_path / "t.parquet").to_dict() == ours.to_dict()


def test_what_is_no_table_is_told(samples, tmp_path):
    for path, text in (
        (tmp_path / "none", "No such file"),
        (samples / "browsing.pcapng", "neither a Parquet nor an Arrow file"),
    ):
        with pytest.raises(fl.ConfigError, match=text):
            fl.FlowTable.read(path)
    pq.write_table(pa.table({"x": pa.array([1], pa.uint32())}), tmp_path / "x.parquet")
    with pytest.raises(
        fl.ConfigError,
        match="it is not one of flowloom: .*column x is of type UInt32; hint: FlowTable.from_arrow",
    ):
        fl.FlowTable.read(tmp_path / "x.parquet")
    (tmp_path / "cut.parquet").write_bytes((tmp_path / "x.parquet").read_bytes()[:-20])
    with pytest.raises(fl.ConfigError, match="cannot read the table"):
        fl.FlowTable.read(tmp_path / "cut.parquet")
    with pytest.raises(TypeError, match="tables are what has __arrow_c_stream__.*not dict"):
        fl.FlowTable.from_arrow({"a": [1]})
    with pytest.raises(fl.ConfigError, match="'d' has values of type duration"):
        fl.FlowTable.from_arrow(pa.table({"d": pa.array([1], pa.duration("s"))}))
    for theirs, text in (
        (pa.table({"a": pa.array([[1, None]])}), "'a' has lists with missing items"),
        (
            pa.table([pa.array([1]), pa.array([2])], ["a", "a"]),
            "several columns have the same name",
        ),
        (pa.chunked_array([[1]]), "no table that can be taken"),
    ):
        with pytest.raises(fl.ConfigError, match=text):
            fl.FlowTable.from_arrow(theirs)
    with pytest.raises(fl.ConfigError, match="'n': .*not in range"):
        fl.FlowTable.from_arrow(pa.table({"n": pa.array([2**63], pa.uint64())}))
