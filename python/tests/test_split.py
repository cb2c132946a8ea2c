"""Parts for training and testing: nothing is in two of them, and the same comes out every time."""

from __future__ import annotations

import shutil
from collections import Counter

import numpy as np
import pytest

import flowloom as fl
from flowloom.datasets import _first_addresses as first_addresses


@pytest.fixture(scope="module")
def captures(samples, tmp_path_factory) -> fl.FlowTable:
    """Flows of 60 captures of three sites."""
    root = tmp_path_factory.mktemp("captures")
    for site, sample in {"a": "loss.pcap", "b": "dhcp.pcap", "c": "vlan-qinq.pcap"}.items():
        (root / site).mkdir()
        for run in range(20):
            shutil.copy(samples / sample, root / site / f"{run}.pcap")
    return fl.read_flows(root, features="core", labels="{site}/{run}.pcap")


def keys(table: fl.FlowTable, name: str) -> set:
    return set(table[name].tolist())


def ids(parts: list[fl.FlowTable]) -> list[list[tuple]]:
    return [list(zip(part["capture"].tolist(), part["flow_id"].tolist())) for part in parts]


def with_texts(table: fl.FlowTable, name: str, values) -> fl.FlowTable:
    texts = fl._native.Array.texts(list(values))
    return fl.FlowTable(table._native.with_column(name, texts, []), None)


def test_captures_are_kept_whole(captures):
    parts = fl.split(captures)
    assert len(parts) == 3 and sum(map(len, parts)) == len(captures)
    names = [keys(part, "capture") for part in parts]
    assert not names[0] & names[1] and not names[0] & names[2] and not names[1] & names[2]
    shares = [len(part) / len(captures) for part in parts]
    assert np.allclose(shares, (0.8, 0.1, 0.1), atol=0.06)


def test_the_same_comes_out_whatever_the_order_of_rows(captures):
    parts = fl.split(captures, seed=3)
    turned = fl.split(captures[::-1], seed=3)
    assert [sorted(part) for part in ids(parts)] == [sorted(part) for part in ids(turned)]
    assert ids(parts) == ids(fl.split(captures, seed=3)) != ids(fl.split(captures, seed=4))


def test_each_part_has_its_share_of_each_label(captures):
    for part, share in zip(fl.split(captures, stratify="label_site"), (0.8, 0.1, 0.1)):
        of_sites = Counter(
            site for site, _ in sorted(set(zip(part["label_site"], part["capture"])))
        )
        assert of_sites == {site: round(20 * share) for site in "abc"}


def test_labels_are_taken_together(captures):
    site_and_run = list(zip(captures["label_site"], captures["label_run"]))
    parts = fl.split(captures, by="label", sizes=(0.5, 0.5))
    labels = [set(zip(part["label_site"], part["label_run"])) for part in parts]
    assert not labels[0] & labels[1] and labels[0] | labels[1] == set(site_and_run)
    of_sites = captures.select([name for name in captures.columns if name != "label_run"])
    by_name = fl.split(of_sites, stratify="label_site")
    assert ids(fl.split(of_sites, stratify="label")) == ids(by_name)
    with pytest.raises(ValueError, match="by='label' needs a column label, "):
        fl.split(captures.select(["flow_id", "capture"]), by="label")


def test_few_groups_leave_no_part_empty(captures):
    sites = fl.split(captures, by="label_site")
    assert sorted(len(keys(part, "label_site")) for part in sites) == [1, 1, 1]
    with pytest.raises(ValueError, match="3 groups by 'label_site' are not enough for 4 parts"):
        fl.split(captures, by="label_site", sizes=(0.4, 0.2, 0.2, 0.2))
    first = sorted(keys(captures, "capture"))[:3]
    few = captures[np.isin(captures["capture"].astype(str), first)]
    assert all(len(part) for part in fl.split(few, sizes=(0.98, 0.01, 0.01)))


def test_sizes_are_met_where_groups_are_of_all_sizes(several):
    # 71 groups, of which the largest has an eighth of the rows.
    sizes = np.concatenate([[len(several) // 8], np.arange(1, 71)])
    groups = np.repeat(np.arange(len(sizes)), sizes)
    table = with_texts(several[: len(groups)], "label_group", groups.astype(str))
    found = set()
    for seed in range(10):
        for stratify in (None, "label_half"):
            halves = with_texts(table, "label_half", (groups % 2).astype(str))
            parts = fl.split(halves, by="label_group", stratify=stratify, seed=seed)
            shares = [len(part) / len(table) for part in parts]
            assert np.allclose(shares, (0.8, 0.1, 0.1), atol=0.002)
        names = [keys(part, "label_group") for part in parts]
        assert not names[0] & names[1] and not names[0] & names[2] and not names[1] & names[2]
        found.add(frozenset(names[1]))
    assert len(found) == 10


def test_many_groups_that_are_alike_are_mixed(several):
    groups = np.arange(len(several)) // 2
    table = with_texts(several, "label_group", groups.astype(str))
    train, _, test = fl.split(table, by="label_group")
    assert np.allclose([len(train) / len(table), len(test) / len(table)], (0.8, 0.1), atol=0.003)
    numbers = test["label_group"].astype(int)
    assert np.abs(np.quantile(numbers / groups.max(), (0.25, 0.75)) - (0.25, 0.75)).max() < 0.1


def test_ties_of_strata_are_the_same_whatever_the_order_of_rows(captures):
    # Of every other group, neither of two values is more frequent.
    groups, values = np.repeat(np.arange(40), 2), np.tile(["y", "x", "x", "x"], 20)
    table = with_texts(captures[:80], "label_group", groups.astype(str))
    table = with_texts(table, "label_value", values)
    for seed in range(5):
        settings = {"by": "label_group", "stratify": "label_value", "seed": seed}
        parts, turned = fl.split(table, **settings), fl.split(table[::-1], **settings)
        for part, other in zip(parts, turned):
            assert keys(part, "label_group") == keys(other, "label_group")


def test_rows_without_a_number_belong_together(samples):
    flows = fl.read_flows([samples / "vlan-qinq.pcap", samples / "loss.pcap"])
    missing = np.isnan(flows["vlan_id"]).sum()
    assert 1 < missing < len(flows)
    for seed in range(10):
        parts = fl.split(flows, by="vlan_id", sizes=(0.4, 0.6), seed=seed)
        assert sorted(int(np.isnan(part["vlan_id"]).sum()) for part in parts) == [0, missing]


def test_traces_are_split_by_client_and_by_time(corpus):
    traces = fl.read_traces(corpus / "seeds", on_error="ignore")
    halves = fl.split(traces, by="client", sizes=(0.5, 0.5))
    clients = [set().union(*part["client"]) for part in halves]
    assert all(clients) and not clients[0] & clients[1]
    early, late = fl.split(traces, by="time", sizes=(0.5, 0.5))
    assert len(early) + len(late) == len(traces) and len(early) and len(late)
    assert np.nanmax(early["start_time"]) < late["start_time"].min()
    with pytest.raises(TypeError, match="directions has lists, which name no groups"):
        fl.split(traces, by="directions")
    with pytest.raises(TypeError, match="client has lists, which name no groups"):
        fl.split(traces, by="capture", stratify="client")


def test_clients_that_share_an_address_are_one():
    rows = [["c", "b"], ["d"], [], ["b", "a"], ["e", "d"], ["a"], []]
    found = ["a", "d", None, "a", "d", "a", None]
    assert first_addresses(rows) == found and first_addresses(rows[::-1]) == found[::-1]


def test_a_label_with_few_groups_is_told(captures):
    one = np.flatnonzero(captures["label_site"] == "a")[:1]
    some = captures[np.concatenate([one, np.flatnonzero(captures["label_site"] == "b")])]
    with pytest.warns(UserWarning, match="1 values of label_site have fewer groups"):
        fl.split(some, stratify="label_site")


def test_by_time_the_past_comes_first(browsing):
    parts = fl.split(browsing, by="time", sizes=(0.5, 0.3, 0.2))
    times = [part["start_time"] for part in parts]
    assert times[0].max() < times[1].min() and times[1].max() < times[2].min()
    assert np.allclose([len(part) / 36 for part in parts], (0.5, 0.3, 0.2), atol=0.05)


def test_clients_and_flows(browsing):
    parts = fl.split(browsing, by="client", sizes=(0.5, 0.5))
    assert not keys(parts[0], "src_ip") & keys(parts[1], "src_ip")
    flows = fl.split(browsing, by="flow")
    assert [len(part) for part in flows] == [29, 4, 3]
    assert sorted(one for part in ids(flows) for one in part) == sorted(ids([browsing])[0])


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"sizes": (0.5, 0.4)}, "0.9 together"),
        ({"sizes": (1.5, -0.5)}, "shares above 0"),
        ({"sizes": ()}, "shares above 0"),
        ({"by": "label_site"}, "needs a column label_site"),
        ({"by": "captur"}, "does not have; did you mean 'capture'"),
        ({"by": "dst_i"}, "does not have; did you mean 'dst_ip'"),
        ({"seed": -1}, "seed is at least 0, not -1"),
        ({"by": "time", "stratify": "protocol"}, "leave out stratify"),
        ({}, "1 groups by 'capture' are not enough"),
    ],
)
def test_what_cannot_be_is_refused(browsing, settings, text):
    with pytest.raises(ValueError, match=text):
        fl.split(browsing, **settings)


def test_what_is_no_table_and_no_seed_is_told(browsing):
    for seed in (None, 1.5):
        with pytest.raises(TypeError, match=f"seed is a whole number, not {type(seed).__name__}"):
            fl.split(browsing, seed=seed)
    with pytest.raises(TypeError, match="takes a FlowTable, or captures .* not dict alone"):
        fl.split(browsing.to_dict())
