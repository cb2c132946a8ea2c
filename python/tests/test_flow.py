"""Flow objects: what they say of captures, and that they are views."""

from __future__ import annotations

import copy
import gc
import pickle
import pydoc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import flowloom as fl

SAMPLES = Path(__file__).resolve().parents[2] / "samples"


@pytest.fixture(scope="module")
def flows() -> list[fl.Flow]:
    return fl.Analyzer().analyze_file(SAMPLES / "browsing.pcapng")


def test_statistics_are_those_of_numpy(flows: list[fl.Flow]) -> None:
    compared = 0
    for flow in flows:
        for name, series in (("packet_lengths", flow.packet_lengths), ("iats", flow.iats)):
            if not len(series):
                assert name not in flow.stats
                continue
            stats, plain = flow.stats[name], np.abs(series).astype(float)
            up, down = series[series > 0], -series[series < 0]
            expected = {
                "mean": plain.mean(),
                "std": plain.std(),
                "var": plain.var(),
                "min": plain.min(),
                "max": plain.max(),
                "range": np.ptp(plain),
                "median": np.median(plain),
                "sum": plain.sum(),
                "cv": plain.std() / plain.mean() if plain.mean() else 0.0,
                "up_count": len(up),
                "down_count": len(down),
                "up_mean": up.mean() if len(up) else 0.0,
                "down_std": down.std() if len(down) else 0.0,
                "count": len(series),
            }
            if np.ptp(plain) > 0:
                apart = (plain - plain.mean()) / plain.std()
                expected["skew"], expected["kurt"] = (apart**3).mean(), (apart**4).mean() - 3
            for statistic, value in expected.items():
                assert stats[statistic] == pytest.approx(value, rel=1e-9, abs=1e-9), (
                    name,
                    statistic,
                )
                compared += 1
    print(f"{compared} statistics of {len(flows)} flows compared")
    assert compared > 500


def test_shortcuts_are_the_statistics(flows: list[fl.Flow]) -> None:
    flow = max(flows, key=lambda flow: flow.packet_count)
    for prefix, name in (("pkt", "packet_lengths"), ("app", "app_lengths"), ("iat", "iats")):
        for statistic in ("mean", "std", "median", "skew", "kurt", "cv"):
            assert getattr(flow, f"{prefix}_{statistic}") == flow.stats[name][statistic]
    assert flow.pkt_up_count + flow.pkt_down_count == flow.packet_count
    assert isinstance(flow.pkt_up_count, int)


def test_protocols_have_numbers_and_names(flows: list[fl.Flow]) -> None:
    found = {(flow.protocol, flow.proto) for flow in flows}
    assert found == {(6, "TCP"), (17, "UDP")}


def test_views_outlive_their_table() -> None:
    table = fl.read_flows(SAMPLES / "browsing.pcapng", features="core,sequences")
    flows, counts = list(table), table["packet_count"].tolist()
    del table
    gc.collect()
    assert [flow.packet_count for flow in flows] == counts
    assert [len(flow.packet_lengths) for flow in flows] == counts


def test_what_flows_say_can_be_kept_without_them(flows: list[fl.Flow]) -> None:
    again = fl.Analyzer().analyze_file(SAMPLES / "browsing.pcapng")
    kinds = set()
    for flow, same in zip(flows, again, strict=True):
        assert flow.layers == same.layers
        for name, info in flow.layers.items():
            kept = pickle.dumps(info)
            copy = pickle.loads(kept)
            assert copy == info and repr(copy) == repr(info), name
            # Of this flow alone: all rows of its table would be larger by far.
            assert len(kept) < 4096, name
            kinds.add(name)
    assert kinds >= {"tls_record", "http", "dns"}
    (tls, *_) = [flow.tls for flow in flows if flow.tls and flow.tls.alpn]
    assert tls.get("ja4") == tls.ja4 and tls.get("nothing", 1) == 1
    assert "ja4='" in repr(tls) and tls != tls.ja4
    tls.alpn.append("changed")
    assert all("changed" not in flow.tls.alpn for flow in again if flow.tls)


def test_flows_pickle_whatever_was_asked_of_them() -> None:
    for flows in (
        fl.Analyzer().analyze_file(SAMPLES / "browsing.pcapng"),
        list(fl.read_flows(SAMPLES / "browsing.pcapng", features="core,sequences,tls,http,dns")),
    ):
        asked = [name for name in dir(fl.Flow) if not name.startswith("_")]
        asked.remove("register_incremental_feature")
        for flow in flows:
            for name in asked:
                getattr(flow, name)
        for again in (pickle.loads(pickle.dumps(flows)), copy.deepcopy(flows)):
            assert [repr(flow) for flow in again] == [repr(flow) for flow in flows]
            assert [flow.to_dict() for flow in again] == [flow.to_dict() for flow in flows]
            assert [flow.stats for flow in again] == [flow.stats for flow in flows]
            kept = pickle.loads(pickle.dumps(again[0].features))
            assert np.array_equal(kept.iats, flows[0].iats)


def test_flows_pickle_after_their_packets_were_read_again() -> None:
    flows = fl.Analyzer(keep_packets="offsets").analyze_file(SAMPLES / "loss.pcap")
    data = [packet.raw_data for flow in flows for packet in flow.packets]
    assert all(data)
    for again in (pickle.loads(pickle.dumps(flows)), copy.deepcopy(flows)):
        assert [packet.raw_data for flow in again for packet in flow.packets] == data
        for flow in again:
            del flow.__dict__["packets"]
        assert [packet.raw_data for flow in again for packet in flow.packets] == data


def test_a_column_that_was_not_read_is_told() -> None:
    flow = next(iter(fl.read_flows(SAMPLES / "browsing.pcapng", features="core")))
    with pytest.raises(fl.ConfigError, match="sequences"):
        _ = flow.packet_lengths


def test_lengths_are_signed_whether_those_of_the_table_are_or_not() -> None:
    for captures in (SAMPLES / "browsing.pcapng", SAMPLES / "loss.pcap"):
        plain, signed = (
            fl.read_flows(captures, features="core,sequences", signed=signed)
            for signed in (False, True)
        )
        assert min(signed["app_lengths"].items) < 0
        for one, other in zip(plain, signed, strict=True):
            assert one.packet_lengths.tolist() == other.packet_lengths.tolist()
            assert dict(one.stats["app_lengths"]) == dict(other.stats["app_lengths"])


@pytest.mark.parametrize("some", [{"max_packets": 3}, {"population": "payload"}])
def test_flows_are_counted_whole_where_their_lists_are_not(some: dict[str, Any]) -> None:
    every, few = (
        fl.read_flows(SAMPLES / "loss.pcap", features="core,sequences", **more)
        for more in ({}, some)
    )
    assert len(few["times"].items) < len(every["times"].items)
    for one, other in zip(every, few, strict=True):
        assert other.to_dict() == one.to_dict()
        assert (other.start_time, other.end_time) == (one.start_time, one.end_time)
        assert other.metrics[:-3] == one.metrics[:-3]
        assert one.metrics.packet_count == one.packet_count == len(one.packet_lengths)


def test_filters_leave_packets_out() -> None:
    path = SAMPLES / "browsing.pcapng"
    every = fl.Analyzer(filter_retrans=False).analyze_file(path)
    fewer = fl.Analyzer(filter_ack=True, filter_rst=True).analyze_file(path)
    assert sum(flow.packet_count for flow in fewer) < sum(flow.packet_count for flow in every)
    for flow in fewer:
        assert not np.any(flow.tcp_flags & 4)
        assert flow.packet_count == len(flow.packet_lengths) > 0
        assert flow.packet_lengths[0] > 0


def test_min_packets_leaves_flows_out() -> None:
    flows = fl.Analyzer(min_packets=10).analyze_file(SAMPLES / "browsing.pcapng")
    assert flows and all(flow.packet_count >= 10 for flow in flows)


def test_help_tells_statistics_of_flows_from_columns() -> None:
    said = pydoc.plain(pydoc.render_doc(fl.Flow))
    assert "``mean`` of ``app_lengths``.\n" in said
    for name in ("up_mean", "down_count"):
        assert f"Zeros are left out, as by wa1kpcap; the column ``app_lengths_{name}`` has" in said
