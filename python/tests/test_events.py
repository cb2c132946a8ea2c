"""Tables of what flows have many of, against those that the command line writes and what flows say."""

import subprocess

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import flowloom as fl

EVENTS = ["dns", "http", "tls_records", "certificates", "dhcp"]


def test_they_are_those_of_the_command_line(samples, command_line, tmp_path):
    captures = sorted(samples.glob("*.pcap*"))
    tables = fl.read_events(captures, EVENTS, features="core", threads=1)
    assert list(tables) == ["flows", *EVENTS]
    options = ["--events", ",".join(EVENTS), "--features", "core", "--order", "start", "--quiet"]
    subprocess.run([command_line, "flows", *captures, *options, "-o", tmp_path / "all"], check=True)
    rows = {}
    for name, table in tables.items():
        written = pq.read_table(tmp_path / "all" / f"{name}.parquet")
        assert pa.table(table).equals(written.cast(pa.table(table).schema)), name
        rows[name] = len(table)
    assert min(rows.values()) > 0, rows
    # Threads change nothing.
    again = fl.read_events(captures, ",".join(EVENTS), features="core", threads=4)
    assert all(again[name].to_dict() == table.to_dict() for name, table in tables.items())


def test_each_names_its_flow_and_flows_count_them(samples):
    tables = fl.read_events(sorted(samples.glob("*.pcap*")), "dns,http", features="core,dns,http")
    flows = tables["flows"].to_pandas().set_index(["capture", "flow_id"])
    for name, counted in (
        ("dns", ["dns_query_count", "dns_response_count"]),
        ("http", ["http_request_count"]),
    ):
        found = tables[name].to_pandas().groupby(["capture", "flow_id"]).size()
        assert found.index.isin(flows.index).all() and len(found) > 3
        told = flows[counted].sum(axis=1)
        np.testing.assert_array_equal(found, told[found.index])
        assert found.sum() == told.sum()
    assert tables["dns"].account == tables["flows"].account


def test_a_filter_leaves_the_events_of_its_flows(samples):
    capture = samples / "browsing.pcapng"
    tables = fl.read_events(capture, "dns", features="core", filter='dns.query contains "www"')
    everything = fl.read_events(capture, "dns", features="core")
    kept = set(tables["flows"]["flow_id"].tolist())
    assert 0 < len(kept) < len(everything["flows"])
    of_kept = np.isin(everything["dns"]["flow_id"], list(kept))
    assert tables["dns"].to_dict() == everything["dns"].take(of_kept).to_dict()


def test_what_cannot_be_is_said(samples, tmp_path):
    capture = samples / "browsing.pcapng"
    for events, text in (
        ("dsn", "no event table `dsn`; did you mean `dns`"),
        ("dns,dns", "`dns` is named twice"),
        ([], "events names no table"),
    ):
        with pytest.raises(fl.ConfigError, match=text):
            fl.read_events(capture, events)
    with pytest.raises(fl.ConfigError, match="app-layer full"):
        fl.read_events(capture, "dns", app_layer="none")
    with pytest.raises(TypeError, match="there is no option 'own' here"):
        fl.read_events(capture, "dns", own=[])
    table = fl.read_events(capture, "dns")["dns"]
    table.write(tmp_path / "dns.parquet")
    for made in (table, tmp_path / "dns.parquet"):
        with pytest.raises(fl.ConfigError, match="level 'event': only flows"):
            fl.rerun(made)
    empty = fl.read_events([], "dns", on_error="ignore")
    assert {name: len(table) for name, table in empty.items()} == {"flows": 0, "dns": 0}
    assert empty["dns"].columns == table.columns
