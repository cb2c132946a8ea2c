"""What the package says to slips: what is wrong, and what was probably meant."""

from __future__ import annotations

import datetime as dt
import struct
import sys

import numpy as np
import pytest

import flowloom as fl


@pytest.mark.parametrize(
    ("slip", "error", "text"),
    [
        ({"feature": "core"}, TypeError, "no option 'feature'; did you mean 'features'"),
        ({"fillter": "tcp"}, TypeError, "did you mean 'filter'"),
        ({"on_eror": "raise"}, TypeError, "did you mean 'on_error'"),
        ({"zzz": 1}, TypeError, "no option 'zzz'$"),
        ({"features": 3}, TypeError, "features: a text or a list of texts, not int"),
        ({"filter": 5}, TypeError, "filter is a text, not int"),
        ({"client": 5}, TypeError, "client is a text, not int"),
        ({"threads": "2"}, TypeError, "threads is a whole number, not str"),
        ({"max_packets": 2.5}, TypeError, "max_packets is a whole number, not float"),
        ({"idle": "5s"}, TypeError, "seconds or a timedelta, not str"),
        ({"idle": -1}, fl.ConfigError, "a duration is not negative, as -1 is"),
        ({"idle": float("nan")}, fl.ConfigError, "nan are no seconds"),
        ({"idle": 1e30}, fl.ConfigError, "no seconds between -292 and 292 years"),
        ({"start": 1e30}, fl.ConfigError, "no seconds between"),
        ({"count": -1}, fl.ConfigError, "count is at least 1, not -1"),
        ({"max_bytes": 0}, fl.ConfigError, "max_bytes is at least 1, not 0"),
        ({"columns": "tls_sny"}, fl.ConfigError, "did you mean `tls_sni`?"),
        ({"columns": "SRC_IP"}, fl.ConfigError, "did you mean `src_ip`?"),
        ({"On_Error": "raise"}, TypeError, "did you mean 'on_error'"),
        ({"columns": "vni", "without": "vni"}, fl.ConfigError, "all there will be"),
        ({"on_feature_error": "x"}, fl.ConfigError, "raise or null, not 'x'"),
        *(
            ({name: value}, TypeError, f"{name} is True or False, not {value!r}")
            for name, value in {
                "signed": 1,
                "reassembly": None,
                "rotated": 1,
                "no_split": 1,
                "ignore_tcp_ends": "no",
                "verify_checksums": "x",
            }.items()
        ),
        *(
            ({name: 5}, TypeError, f"{name} is a text, not int")
            for name in ("population", "initiator", "app_layer", "tcp_overlap")
        ),
        *(
            ({name: {}}, TypeError, f"{name} is a path, not dict")
            for name in ("labels", "anonymize", "protocols")
        ),
        *(
            ({name: 2**70}, fl.ConfigError, f"{name} is at most 18446744073709551615, not 11805")
            for name in (
                "max_packets",
                "flows_max",
                "count",
                "max_bytes",
                "bytes_packets",
                "threads",
            )
        ),
        (
            {"bytes_payload": 10**12},
            fl.ConfigError,
            "bytes_payload is at most 4294967295, not 1000",
        ),
        ({"ip_headers_max": 300}, fl.ConfigError, "ip_headers_max is at most 255, not 300"),
        ({"features": b"core"}, TypeError, "features: a text or a list of texts, not bytes"),
        ({"label_comments": 5}, TypeError, "label_comments: a text or a list of texts, not int"),
        ({"sorted": False}, TypeError, "no option 'sorted'"),
        ({"start": "2024-05-01"}, TypeError, "seconds since 1970 or a datetime, not str"),
    ],
)
def test_slips_in_options_are_named(samples, slip, error, text):
    with pytest.raises(error, match=text):
        fl.read_flows(samples / "browsing.pcapng", **slip)


def test_options_of_others_and_times_of_numpy(samples):
    browsing = samples / "browsing.pcapng"
    with pytest.raises(TypeError, match="no option 'own' here"):
        fl.read_traces(browsing, own=[])
    with pytest.raises(TypeError, match="no option 'sorted'"):
        fl.open_flows(browsing, sorted=True)
    for name in ("own", "on_feature_error", "features", "columns", "without"):
        with pytest.raises(TypeError, match=f"no option '{name}' here"):
            fl.read_packets(browsing, **{name: "core"})
    with pytest.raises(TypeError, match="no option 'columns' here"):
        fl.split(browsing, "nowhere", columns="src_ip")
    with pytest.raises(TypeError, match="choose them as columns="):
        fl.read_traces(browsing, features="core")
    flows = fl.read_flows(browsing)
    since = flows["start_time"][20]
    later = fl.read_flows(browsing, start=since)
    seconds = np.int64(since.astype("datetime64[s]").astype(np.int64) + 1)
    assert later["start_time"].min() == since and 0 < len(later) < len(flows)
    assert 0 < len(fl.read_flows(browsing, start=seconds)) <= len(later)


def test_durations_of_numpy_are_taken(samples):
    tunnels = samples / "tunnels.pcap"
    expected = fl.read_flows(tunnels, idle=0.5).to_dict()
    assert expected != fl.read_flows(tunnels).to_dict()
    assert fl.read_flows(tunnels, idle=np.timedelta64(500, "ms")).to_dict() == expected


@pytest.mark.parametrize(
    "wrong",
    [
        {"start": np.datetime64("NaT")},
        {"stop": np.datetime64("3000")},
        {"stop": dt.datetime.max},
        {"idle": np.timedelta64("NaT")},
        {"idle": dt.timedelta.max},
    ],
)
def test_times_that_are_none_are_refused(samples, wrong):
    with pytest.raises(fl.ConfigError, match="is no time of 292 years"):
        fl.read_flows(samples / "dhcp.pcap", **wrong)


def test_times_of_pandas_keep_their_nanoseconds(samples):
    pandas = pytest.importorskip("pandas")
    flows = fl.read_flows(samples / "browsing.pcapng")
    last = flows.to_pandas()["start_time"].max()
    assert last.nanosecond
    before = last + pandas.Timedelta(1, "ns")
    found = fl.read_flows(samples / "browsing.pcapng", start=last, stop=before)
    assert found["start_time"].tolist() == [last.value]


@pytest.mark.parametrize("micros", [534, 535, 999_999])
def test_seconds_since_1970_are_the_microseconds_that_were_meant(tmp_path, micros):
    path = tmp_path / "one.pcap"
    arp = bytes(12) + b"\x08\x06" + bytes(28)
    header = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
    record = struct.pack("<IIII", 1_097_505_754, micros, len(arp), len(arp))
    path.write_bytes(header + record + arp)
    at = float(f"1097505754.{micros:06}")

    def frames(**window):
        return fl.read_flows(path, **window).account["frames_not_ip"]

    assert frames(start=at) == frames(stop=at + 1e-6) == {"arp": 1}
    assert frames(stop=at) == frames(start=at + 1e-6) == {}


def test_a_column_that_is_absent_is_told_apart_from_a_slip(samples):
    flows = fl.read_flows(samples / "browsing.pcapng")
    for take in (flows.column, flows.__getitem__, lambda name: flows.select([name])):
        with pytest.raises(KeyError, match="did you mean 'packet_count'"):
            take("paket_count")
        with pytest.raises(KeyError, match="read_flows gives it with the set 'sequences'"):
            take("directions")
    with pytest.raises(KeyError, match="with the set 'sequences'"):
        flows.to_padded("directions", 5)


def test_one_name_is_as_good_as_a_list_of_one(samples):
    flows = fl.read_flows(samples / "browsing.pcapng")
    assert flows.select("packet_count").columns == ["packet_count"]
    assert (flows.to_numpy("packet_count") == flows.to_numpy(["packet_count"])).all()


def test_a_column_named_twice_is_told(samples):
    flows = fl.read_flows(samples / "dhcp.pcap")
    for take in (flows.select, flows.__getitem__):
        with pytest.raises(ValueError, match="'src_ip' is named twice"):
            take(["src_ip", "dst_ip", "src_ip"])


def test_rows_that_are_no_flows_are_told(samples):
    traces = fl.read_traces(samples / "browsing.pcapng")
    with pytest.raises(fl.ConfigError, match=r"rows\(\) gives them as dictionaries"):
        list(traces)
    assert len(list(traces.rows())) == 1


def test_a_client_that_is_nobody_is_told(samples):
    with pytest.warns(fl.CaptureWarning, match="355 packets are of captures without the client"):
        traces = fl.read_traces(samples / "browsing.pcapng", client="10.9.9.9")
    assert traces.account["packets_without_client"] == traces["packet_count"][0] == 355
    right = fl.read_traces(samples / "browsing.pcapng", client="192.0.2.0/24")
    assert right.account["packets_without_client"] == 0
    with pytest.raises(TypeError, match="client is a text, not int"):
        fl.read_traces(samples / "browsing.pcapng", client=5)


def test_strata_that_are_absent_are_named_before_groups_are_counted(samples):
    flows = fl.read_flows(samples / "browsing.pcapng")
    with pytest.raises(KeyError, match="label_site"):
        fl.split(flows, stratify="label_site")


def test_parts_are_not_left_empty(samples):
    flows = fl.read_flows(samples, labels="{scene}", on_error="ignore")
    with (
        pytest.warns(UserWarning, match="7 values of label_scene") as warned,
        pytest.raises(ValueError, match="nothing would be left for 2 of 3 parts"),
    ):
        fl.split(flows, stratify="label_scene")
    assert warned[0].filename == __file__


def test_features_of_ones_own_are_looked_at_before_captures(samples):
    class Turns(fl.BaseIncrementalFeature):
        def initialize(self, flow): ...
        def update(self, flow, pkt): ...
        def get_value(self, flow): ...

    feature = fl.feature(dtype="f8", needs=["packet_count"])(lambda batch: batch["packet_count"])
    slip = fl.feature(dtype="f8", needs=["duratoin"])(lambda batch: batch["duration"])
    odd = fl.feature(dtype="flaot", needs=[])(lambda batch: batch["duration"])
    for own, error, text in [
        ([len], TypeError, "not a builtin_function_or_method"),
        ([Turns], TypeError, "not the class Turns"),
        (["nope"], fl.ConfigError, "no feature 'nope': register it first"),
        ([slip], fl.ConfigError, "did you mean 'duration'"),
        ([odd], fl.ConfigError, "'flaot' is no type of a column"),
    ]:
        with pytest.raises(error, match=text):
            fl.read_flows("not there", own=own)
    alone = fl.read_flows(samples / "dhcp.pcap", own=feature)
    assert (alone["<lambda>"] == alone["packet_count"]).all()


def test_notebooks_show_times_as_times(samples):
    shown = fl.read_flows(samples / "browsing.pcapng")._repr_html_()
    assert "<td>2026-11-21 00:58:55.547821165</td>" in shown
    assert "1795222735547821165" not in shown


def test_one_is_no_plural(samples):
    flows = fl.read_flows(samples / "browsing.pcapng")
    assert repr(flows[:1].select(["src_ip"])) == "FlowTable(1 row, 1 column)"
    assert repr(flows[:0].select(["src_ip"])) == "FlowTable(0 rows, 1 column)"


def test_help_says_what_each_option_is():
    for name in fl.FlowOptions.__annotations__:
        assert f"\n    {name} : " in fl.FlowOptions.__doc__


@pytest.mark.parametrize(
    ("slip", "text"),
    [
        ({"split_tcp": "no"}, "split_tcp is True or False, not 'no'"),
        ({"filter_ack": None}, "filter_ack is True or False, not None"),
        ({"on_feature_error": "x"}, "on_feature_error is raise or null, not 'x'"),
    ],
)
def test_slips_in_options_of_analyzers_are_named(slip, text):
    with pytest.raises(fl.ConfigError, match=text):
        fl.Analyzer(**slip)


def test_features_to_enable_that_are_none_are_warned_of(samples):
    for options in ({"enabled_features": ["statistcs"]}, {"protocols": ["tsl"]}):
        with pytest.warns(UserWarning, match="there is no '(statistcs|tsl)'; there are tls, quic"):
            fl.Analyzer(**options).analyze_file(samples / "browsing.pcapng")


@pytest.mark.parametrize(
    ("package", "use"),
    [
        ("pandas", lambda flows: flows.to_pandas()),
        ("polars", lambda flows: flows.to_polars()),
        ("pyarrow", lambda flows: flows.to_arrow()),
        ("pandas", lambda flows: fl.to_dataframe(list(flows))),
        ("matplotlib", lambda flows: fl.plot.packets(flows)),
    ],
)
def test_what_is_not_installed_is_named_with_the_way_to_get_it(samples, monkeypatch, package, use):
    flows = fl.read_flows(samples / "browsing.pcapng", features="core,sequences")
    monkeypatch.setitem(sys.modules, package, None)
    if package == "matplotlib":
        monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ModuleNotFoundError, match=f"pip install {package}"):
        use(flows)
