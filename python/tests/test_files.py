"""Tables to files: the same as the command line writes, and read back by others."""

from __future__ import annotations

import csv
import gzip
import ipaddress
import json
import subprocess

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet
import pytest

import flowloom as fl
from flowloom import _native


def test_parquet_and_arrow_hold_the_same(several, tmp_path):
    several.write(tmp_path / "t.parquet")
    several.write(tmp_path / "t.feather")
    rows = several.to_dict()
    parquet = pa.parquet.read_table(tmp_path / "t.parquet")
    arrow = pa.ipc.open_file(tmp_path / "t.feather").read_all()
    expected = pa.table(several).to_pydict()
    assert parquet.to_pydict() == arrow.to_pydict() == expected
    assert list(rows) == list(expected) and len(rows["flow_id"]) == len(several) > 50
    metadata = pa.parquet.read_metadata(tmp_path / "t.parquet").metadata
    account = json.loads(metadata[b"flowloom.account"])
    assert account["frames"] == several.account["frames"] and b"flowloom.settings" in metadata
    assert parquet.schema.field("packet_count").metadata[b"role"] == b"feature"


def test_texts_are_compressed_as_their_names_say(browsing, tmp_path):
    pandas = pytest.importorskip("pandas")
    browsing.to_csv(tmp_path / "t.csv")
    plain = pandas.read_csv(tmp_path / "t.csv")
    for name in ("t.csv.gz", "T.CSV.GZ", "t.csv.zst"):
        browsing.write(tmp_path / name)
        assert (tmp_path / name).stat().st_size < (tmp_path / "t.csv").stat().st_size / 2
    for name in ("t.csv.gz", "T.CSV.GZ"):
        pandas.testing.assert_frame_equal(
            pandas.read_csv(tmp_path / name, compression="gzip"), plain
        )
    browsing.to_json(tmp_path / "t.jsonl.gz", lines=True)
    lines = gzip.decompress((tmp_path / "t.jsonl.gz").read_bytes()).splitlines()
    assert [json.loads(line)["flow_id"] for line in lines] == list(browsing["flow_id"])
    with pytest.raises(fl.OutputError, match="leave .gz out"):
        browsing.write(tmp_path / "t.parquet.gz")
    with pytest.raises(fl.ConfigError, match="no format"):
        browsing.write(tmp_path / "t.gz")


def test_packed_addresses_are_the_addresses(samples, tmp_path):
    key = tmp_path / "key.bin"
    key.write_bytes(bytes(range(32)))
    key.chmod(0o600)
    versions = set()
    for options in ({}, {"anonymize": key}):
        flows = fl.read_flows(samples, features=["core", "packed_addresses"], **options)
        flows.write(tmp_path / "t.parquet")
        rows = pa.parquet.read_table(tmp_path / "t.parquet").to_pylist()
        assert len(rows) == len(flows) > 50
        for row in rows:
            for name in ("src_ip", "dst_ip"):
                address = ipaddress.ip_address(row[name])
                assert row[f"{name}_packed"] == address.packed
                versions.add(address.version)
    assert versions == {4, 6}


def test_text_formats_hold_the_same(browsing, tmp_path):
    browsing.to_json(tmp_path / "t.json")
    browsing.to_json(tmp_path / "t.jsonl", lines=True)
    browsing.to_csv(tmp_path / "t.csv")
    objects = json.loads((tmp_path / "t.json").read_text())
    lines = [json.loads(line) for line in (tmp_path / "t.jsonl").read_text().splitlines()]
    assert objects == lines and len(objects) == 36
    values = 0
    for found, row in zip(objects, browsing.rows()):
        for column in browsing.schema:
            if column.data_type != "time":
                assert found[column.name] == row[column.name], column.name
                values += 1
    assert values > 10_000
    with open(tmp_path / "t.csv", newline="") as file:
        cells = list(csv.DictReader(file))
    assert [row["flow_id"] for row in cells] == [str(row["flow_id"]) for row in objects]
    assert json.loads(cells[0]["directions"]) == objects[0]["directions"]


def test_formulas_are_guarded_and_structs_are_json(tmp_path):
    texts = _native.Array.texts(["=1+1", "@x", None, "plain"])
    table = fl.FlowTable(
        _native.from_ipc(_one_column("a", pa.array([1, 2, 3, 4], pa.int64()))), None
    )
    table = fl.FlowTable(table._native.with_column("said", texts, []), None)
    table.write(tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_text().split() == [
        "a,said", "1,\"'=1+1\"", "2,\"'@x\"", "3,", "4,plain",
    ]  # fmt: skip
    made = pa.array(
        [{"x": 1, "y": ["a"]}, None], pa.struct({"x": pa.int64(), "y": pa.list_(pa.string())})
    )
    table = fl.FlowTable(_native.from_ipc(_one_column("made", made)), None)
    table.to_json(tmp_path / "t.json")
    assert json.loads((tmp_path / "t.json").read_text()) == [
        {"made": {"x": 1, "y": ["a"]}},
        {"made": None},
    ]


def _one_column(name: str, values: pa.Array) -> bytes:
    sink = pa.BufferOutputStream()
    batch = pa.record_batch([values], names=[name])
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return sink.getvalue().to_pybytes()


def test_formats_that_are_none_are_refused(browsing, tmp_path):
    with pytest.raises(fl.ConfigError, match="says no format.*parquet"):
        browsing.write(tmp_path / "t.xlsx")
    with pytest.raises(fl.ConfigError, match="'zeek' is no format"):
        browsing.write(tmp_path / "t", format="zeek")
    with pytest.raises(fl.OutputError, match="create its directory first"):
        browsing.write(tmp_path / "no" / "t.csv")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"features": "core,sequences,statistics,tls", "signed": True, "max_packets": 7},
        {"filter": "tcp and tls", "population": "payload", "client": "10.0.0.0/8"},
        {"filter": "udp", "without": ["duration"], "idle": 0.01, "initiator": "first-packet"},
        {"no_split": True, "key_ignore": ["vlan"], "app_layer": "port-only", "count": 100},
        {"dedup": 0.01, "verify_checksums": True, "tcp_overlap": "last", "ignore_tcp_ends": True},
        {
            "features": "core,bytes",
            "bytes_packets": 3,
            "bytes_payload": 20,
            "population": "payload",
        },
        {"features": ("core", "application"), "columns": "tls_sni,packet_lengths,capture"},
        {"active": 0.05, "linger": 0, "tcp_idle": 0.5, "max_time": 0.1, "max_bytes": 900},
    ],
)
def test_a_file_is_made_again_from_what_it_says(samples, tmp_path, settings):
    settings = {"features": "core,sequences", **settings}
    captures = [samples / "browsing.pcapng", samples / "vlan-qinq.pcap"]
    table = fl.read_flows(captures, **settings)
    for name in ("t.parquet", "t.arrow"):
        table.write(tmp_path / name)
        again = fl.rerun(tmp_path / name)
        assert again.to_dict() == table.to_dict() and again.settings == table.settings
    assert fl.rerun(table).to_dict() == table.to_dict()
    # Other captures by the same settings.
    assert len(fl.rerun(table, captures[0])) == (table["capture"] == str(captures[0])).sum() > 0


def test_each_setting_changes_what_is_recorded(samples):
    usual = fl.read_flows(samples / "dhcp.pcap").settings["flowloom.settings"]
    given = {
        "features": "core", "filter": "udp", "rotated": True, "client": "10.0.0.0/8",
        "population": "payload", "max_packets": 5, "max_time": 1, "max_bytes": 9, "without": "vni",
        "signed": True, "initiator": "first-packet", "key_ignore": "vni", "no_split": True,
        "tcp_idle": 1, "idle": 1, "active": 1, "linger": 1, "flows_max": 99, "app_layer": "none",
        "tcp_overlap": "bsd", "verify_checksums": True, "ip_headers_max": 3, "count": 7, "start": 1,
        "stop": 2, "dedup": 1, "ignore_tcp_ends": True, "labels": "{x}.pcap",
        "columns": "src_ip", "label_comments": True, "reassembly": False, "bytes_packets": 3, "bytes_payload": 9,
    }  # fmt: skip
    options = set(fl.FlowOptions.__annotations__) | {
        "features",
        "columns",
        "filter",
        "rotated",
        "client",
    }
    # These are recorded as being there, or change no result.
    assert options - set(given) <= {"anonymize", "protocols"}, options - set(given)
    for name, value in given.items():
        table = fl.read_flows(samples / "dhcp.pcap", **{name: value})
        assert table.settings["flowloom.settings"] != usual, name
    assert fl.read_flows(samples / "dhcp.pcap", threads=1).settings["flowloom.settings"] == usual


def test_what_no_file_keeps_is_asked_for(samples, tmp_path):
    manifest = tmp_path / "labels.csv"
    manifest.write_text("capture,site\ndhcp.pcap,a\n")
    table = fl.read_flows(samples / "dhcp.pcap", labels=manifest)
    with pytest.raises(fl.ConfigError, match="manifest.*`labels`"):
        fl.rerun(table)
    assert fl.rerun(table, labels=manifest).to_dict() == table.to_dict()
    table.write(tmp_path / "t.csv")
    with pytest.raises(fl.ConfigError, match="cannot read the table"):
        fl.rerun(tmp_path / "t.csv")
    pa.parquet.write_table(pa.table({"a": [1]}), tmp_path / "other.parquet")
    with pytest.raises(fl.ConfigError, match="does not say how it was made"):
        fl.rerun(tmp_path / "other.parquet")


def test_files_of_the_command_line_are_made_again(samples, tmp_path, command_line):
    for number, arguments in enumerate(
        (
            ["--features", "core,statistics", "--filter", "tcp"],
            ["--order", "start", "--population", "payload", "--idle", "1s"],
        )
    ):
        out = tmp_path / f"{number}.parquet"
        capture = str(samples / "browsing.pcapng")
        subprocess.run([command_line, "flows", capture, *arguments, "-o", out], check=True)
        again = fl.rerun(out)
        assert pa.table(again).to_pydict() == pa.parquet.read_table(out).to_pydict()
        # Written again, it carries what the first one did.
        again.write(tmp_path / "again.parquet")
        carried = [
            pa.parquet.read_metadata(path).metadata for path in (tmp_path / "again.parquet", out)
        ]
        assert carried[0] == carried[1] and b"flowloom.account" in carried[0]


def test_the_catalogue_is_that_of_tables(browsing):
    known = {column.name: column for column in fl.features()}
    compared = 0
    for column in browsing.schema:
        assert column == known[column.name]
        compared += 1
    assert compared == len(browsing.columns) > 300
    assert {c.family for c in fl.features(["core", "tls"])} == {"core", "tls"}
    with pytest.raises(fl.ConfigError, match="no feature set 'corr'; did you mean 'core'?"):
        fl.features("corr")
    with pytest.raises(fl.ConfigError, match="no feature set 'zzz'; there are core"):
        fl.features("zzz")


def test_tables_have_a_head_and_a_shape(browsing):
    assert browsing.shape == (len(browsing), len(browsing.columns))
    assert browsing.head().shape == (5, len(browsing.columns))
    assert browsing.head(2)["flow_id"].tolist() == browsing["flow_id"][:2].tolist()


def test_captures_that_are_gone_or_others_are_told(samples, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "a.pcap").write_bytes((samples / "loss.pcap").read_bytes())
    table = fl.read_flows("d")
    assert "src_ip" in table and "a.pcap" not in table
    with pytest.raises(fl.ConfigError, match=r"was made of a\.pcap .1 in all., which is not there"):
        fl.rerun(table)
    assert fl.rerun(table, "d").to_dict() == table.to_dict()
    (tmp_path / "a.pcap").write_bytes((samples / "tunnels.pcap").read_bytes())
    with pytest.warns(fl.CaptureWarning, match=r"a\.pcap is not what the table was made of"):
        fl.rerun(table)


def test_packets_are_not_made_again(samples, tmp_path):
    packets = fl.read_packets(samples / "loss.pcap")
    packets.write(tmp_path / "packets.parquet")
    for table in (packets, tmp_path / "packets.parquet"):
        with pytest.raises(fl.ConfigError, match="of level 'packet': only flows"):
            fl.rerun(table)
    for many in (0, -3):
        with pytest.raises(fl.ConfigError, match="max_packets is at least 1"):
            fl.read_packets(samples / "loss.pcap", max_packets=many)


def test_times_in_pandas_are_those_of_files(browsing, tmp_path):
    pandas = pytest.importorskip("pandas")
    browsing.write(tmp_path / "t.parquet")
    ours, read = browsing.to_pandas(), pandas.read_parquet(tmp_path / "t.parquet")
    assert str(ours["start_time"].dtype) == "datetime64[ns, UTC]"
    assert (ours["start_time"] == read["start_time"]).all()
    assert str(pandas.concat([ours, read])["start_time"].dtype) == "datetime64[ns, UTC]"
