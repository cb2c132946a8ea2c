"""Features of one's own: in tables, in flow objects and in what is exported."""

from __future__ import annotations

import itertools
import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import flowloom as fl
from flowloom.builtin_features import EntropyFeatureProcessor, ProtocolFieldProcessor

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
BROWSING = SAMPLES / "browsing.pcapng"

pytestmark = pytest.mark.usefixtures("no_features_stay")


class Order(fl.BaseIncrementalFeature):
    """Notes which packets it is told of."""

    def __init__(self) -> None:
        super().__init__("order", fl.FeatureType.SEQUENCE, dtype="list<i8>")
        self.told: list[tuple[str, float]] = []

    def initialize(self, flow: fl.Flow) -> None:
        flow.seen = []  # type: ignore[attr-defined]

    def update(self, flow: fl.Flow, pkt: fl.Packet) -> None:
        flow.seen.append(pkt.wirelen * pkt.direction)  # type: ignore[attr-defined]
        self.told.append((flow.capture, pkt.timestamp))

    def get_value(self, flow: fl.Flow) -> Any:
        return flow.seen  # type: ignore[attr-defined]


class Fails(fl.BaseIncrementalFeature):
    """Fails for UDP."""

    def __init__(self) -> None:
        super().__init__("fails", fl.FeatureType.STATISTICAL)

    def initialize(self, flow: fl.Flow) -> None:
        flow.count = 0  # type: ignore[attr-defined]

    def update(self, flow: fl.Flow, pkt: fl.Packet) -> None:
        if flow.protocol == 17:
            raise RuntimeError("no UDP, please")
        flow.count += 1  # type: ignore[attr-defined]

    def get_value(self, flow: fl.Flow) -> Any:
        return flow.count  # type: ignore[attr-defined]


def test_incremental_features_are_told_of_each_packet_in_the_order_of_the_capture() -> None:
    order = Order()
    table = fl.read_flows(BROWSING, features="core,sequences", own=[order])
    assert table.column_type("order") == "list<i64>"
    signed = [
        (lengths.astype(int) * directions).tolist()
        for lengths, directions in zip(table["packet_lengths"], table["directions"], strict=True)
    ]
    assert [values.tolist() for values in table["order"]] == signed
    assert order.told == sorted(order.told)
    assert len(order.told) == sum(table["packet_count"])


@pytest.mark.parametrize("some", [{"max_packets": 5}, {"population": "payload"}])
def test_packets_of_lists_that_lack_some_come_in_the_order_of_the_capture(
    some: dict[str, Any],
) -> None:
    order = Order()
    table = fl.read_flows(BROWSING, features="core,sequences", own=[order], **some)
    assert order.told == sorted(order.told)
    assert len(order.told) == len(table["directions"].items) < sum(table["packet_count"])


def test_incremental_features_of_an_analyzer() -> None:
    analyzer = fl.Analyzer()
    analyzer.register_feature("order", Order())
    for flow in analyzer.analyze_file(BROWSING):
        assert flow.get_features()["order"] == flow.packet_lengths.tolist()
        assert flow.feature_values == flow.get_features()


def test_numbers_of_a_feature_that_declares_no_type_are_text() -> None:
    assert fl.read_flows(BROWSING, own=[Count("count")])["count"][0] == "5"


def test_a_feature_of_bytes_that_are_not_kept_is_told() -> None:
    def entropies(analyzer: fl.Analyzer) -> list[Any]:
        analyzer.register_feature("entropy", EntropyFeatureProcessor())
        return [flow.get_features()["entropy"] for flow in analyzer.analyze_file(BROWSING)]

    way_out = r"'entropy' of flow .* not kept.*fl.Analyzer\(keep_packets='offsets'\)"
    with pytest.raises(fl.FeatureError, match=way_out):
        fl.read_flows(BROWSING, own=[EntropyFeatureProcessor()])
    with pytest.raises(fl.FeatureError, match=way_out):
        entropies(fl.Analyzer())
    kept = entropies(fl.Analyzer(keep_packets="offsets"))
    assert all((value["raw_bytes_entropy"] > 0).all() for value in kept)
    # As wa1kpcap has it.
    left = entropies(fl.Analyzer(on_feature_error="null"))
    assert not any(value["raw_bytes_entropy"].any() for value in left)
    nothing = fl.read_flows(BROWSING, own=[EntropyFeatureProcessor()], on_feature_error="null")
    assert set(nothing.to_dict()["entropy"]) == {None}

    @fl.register_feature("link", fl.FeatureType.STATISTICAL)
    def link(flow: fl.Flow) -> float:
        return flow.packets[0].link_layer_type

    with pytest.raises(fl.FeatureError, match="'link' of flow .* not kept"):
        fl.read_flows(BROWSING, own=["link"])
    fields = fl.read_flows(BROWSING, own=[ProtocolFieldProcessor()])
    assert any("tcp_flags_sequence" in value for value in fields["protocol_fields"])
    (flow, *_) = fl.Analyzer().analyze_file(BROWSING)
    assert flow.packets[0].raw_data == b""


def test_functions_of_columns() -> None:
    @fl.feature(dtype="f8", needs=["app_lengths"])
    def payload_share(batch: fl.FlowTable) -> Any:
        """Packets with payload, of all."""
        return np.array([np.mean(lengths > 0) for lengths in batch["app_lengths"]])

    table = fl.read_flows(BROWSING, features="core", own=[payload_share])
    assert "app_lengths" not in table.columns
    assert table.columns[-1] == "payload_share"
    described = table.schema[-1]
    assert described[:2] == ("payload_share", "f64")
    assert (described.doc, described.family) == ("Packets with payload, of all.", "own")
    flows = fl.Analyzer(filter_retrans=False).analyze_file(BROWSING)
    expected = {flow.flow_id: np.mean(flow.app_lengths != 0) for flow in flows}
    rows = dict(zip(table["flow_id"].tolist(), table["payload_share"].tolist(), strict=True))
    assert sum(rows[flow_id] == share for flow_id, share in expected.items()) > 10


def datagrams(path: Path, ports: range) -> Path:
    """A capture with two datagrams from each port, the second ones in the opposite order."""
    content = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
    for at, port in enumerate([*ports, *reversed(ports)]):
        packet = bytes(12) + b"\x08\x00"
        packet += struct.pack(">BBHHHBBHII", 0x45, 0, 28, 0, 0, 64, 17, 0, 0x0A000001, 0x0A000002)
        packet += struct.pack(">HHHH", port, 53, 8, 0)
        content += struct.pack("<IIII", 1, at, len(packet), len(packet)) + packet
    path.write_bytes(content)
    return path


def test_batches_have_own_features_as_tables_have_them(tmp_path: Path) -> None:
    names = [tmp_path / f"{number}.pcap" for number in range(2)]
    paths = [datagrams(path, range(1000, 4_000)) for path in names]
    rate = fl.feature(dtype="f8", needs=["packet_count", "duration"], name="rate")(
        lambda batch: batch["packet_count"] / np.maximum(batch["duration"], 1e-6)
    )

    @fl.register_feature("ports", fl.FeatureType.CATEGORICAL)
    def ports(flow: fl.Flow) -> str:
        return f"{flow.key.src_port}-{flow.key.dst_port}"

    def rows(tables: Any) -> list[tuple[Any, ...]]:
        own = ["capture", "flow_id", "order", "rate", "ports"]
        return sorted(tuple(row.values()) for table in tables for row in table.select(own).rows())

    order = Order()
    asked: dict[str, Any] = {"features": "core", "own": [order, rate, "ports"]}
    whole = fl.read_flows(paths, **asked)
    order.told.clear()
    with fl.open_flows(paths, **asked) as batches:
        assert batches.columns == whole.columns
        found = list(batches)
    assert len(found) > 1
    # Within a batch, capture by capture.
    mixed, told = 0, iter(order.told)
    for batch in found:
        here = list(itertools.islice(told, int(batch["packet_count"].sum())))
        assert here == sorted(here)
        mixed += len({capture for capture, _ in here}) == len(paths)
    assert mixed == 1
    assert rows(found) == rows([whole])
    assert found[0].schema == whole.schema
    pyarrow = pytest.importorskip("pyarrow")
    with fl.open_flows(paths, **asked) as batches:
        arrow = pyarrow.RecordBatchReader.from_stream(batches).read_all()
    assert arrow.num_rows == len(whole)
    of_table = whole.to_arrow().schema.remove_metadata()
    assert arrow.schema.remove_metadata().equals(of_table, check_metadata=True)
    print(f"{len(whole)} flows in {len(found)} batches compared")


def test_own_features_that_fail_do_so_in_batches() -> None:
    with pytest.raises(fl.ConfigError, match="no feature 'unknown'"):
        fl.open_flows(BROWSING, own=["unknown"])
    with pytest.raises(fl.ConfigError, match="on_feature_error is raise or null"):
        fl.open_flows(BROWSING, own=[Fails()], on_feature_error="none")  # type: ignore[arg-type]
    with fl.open_flows(BROWSING, own=[Fails()]) as batches, pytest.raises(fl.FeatureError):
        list(batches)
    pyarrow = pytest.importorskip("pyarrow")
    with (
        fl.open_flows(BROWSING, own=[Fails()]) as batches,
        pytest.raises(Exception, match="no UDP"),
    ):
        pyarrow.RecordBatchReader.from_stream(batches).read_all()
    with fl.open_flows(BROWSING, own=[Fails()], on_feature_error="null") as batches:
        assert None in {value for batch in batches for value in batch.to_dict()["fails"]}


def test_a_column_is_not_replaced_by_a_feature() -> None:
    taken = fl.feature(dtype="i8", needs=["byte_count"], name="packet_count")(lambda batch: [])
    with pytest.raises(fl.ConfigError, match="there is a column of that name"):
        fl.read_flows(BROWSING, own=[taken])


def test_a_column_of_labels_is_not_replaced_by_a_feature(tmp_path: Path) -> None:
    taken = fl.feature(dtype="i8", needs=["byte_count"], name="label_site")(
        lambda batch: batch["byte_count"]
    )
    manifest = tmp_path / "labels.csv"
    manifest.write_text(f"path,site\n{BROWSING},here\n")
    for read in (fl.read_flows, fl.open_flows):
        for labels in ("{site}/{run}", manifest):
            with pytest.raises(fl.ConfigError, match="'label_site': there is a column of that"):
                read(BROWSING, labels=labels, own=[taken])
    # Without such labels, the name is as good as any.
    assert fl.read_flows(BROWSING, own=[taken]).column_type("label_site") == "i64"


def test_columns_to_leave_out_are_read_for_features() -> None:
    rate = fl.feature(dtype="f8", needs=["packet_count"], name="rate")(
        lambda batch: batch["packet_count"] / 2
    )
    whole = fl.read_flows(BROWSING, features="core,sequences", own=[rate, Order()])
    without = ["packet_count", "directions", "byte_count"]
    asked: dict[str, Any] = {"features": "core,sequences", "without": without}
    left = fl.read_flows(BROWSING, own=[rate, Order()], **asked)
    assert left.columns == [name for name in whole.columns if name not in without]
    assert left.to_dict() == whole.select(left.columns).to_dict()
    with fl.open_flows(BROWSING, own=[rate], **asked) as batches:
        assert not {*without}.intersection(batches.columns)
        assert sum(batch["rate"].sum() for batch in batches) == left["rate"].sum()
    with pytest.raises(fl.ConfigError, match="no column"):
        fl.read_flows(BROWSING, own=[rate], without="paket_count")


def test_what_is_not_made_again_is_told(tmp_path: Path) -> None:
    twice = fl.feature(dtype="i8", needs=["byte_count"], name="twice")(
        lambda b: b["byte_count"] * 2
    )
    flows = fl.read_flows(BROWSING, own=[twice])
    flows.write(tmp_path / "own.parquet")
    for what in (flows, tmp_path / "own.parquet"):
        with pytest.warns(fl.CaptureWarning, match="not made again: twice"):
            again = fl.rerun(what)
        assert set(flows.columns) - set(again.columns) == {"twice"}


def test_an_interruption_keeps_what_was_computed(several: fl.FlowTable) -> None:
    from flowloom._own_columns import OwnColumns

    rows = several._native.chunk_rows[0]

    def seen(batch: fl.FlowTable) -> Any:
        if len(batch) != rows:
            raise KeyboardInterrupt
        return batch["flow_id"]

    own = OwnColumns([fl.feature(dtype="i8", needs="flow_id")(seen)], ["core"], "raise")
    with pytest.raises(fl.Interrupted) as stopped:
        own.added(several)
    table = stopped.value.result
    assert isinstance(table, fl.FlowTable)
    known = table.to_dict()["seen"]
    assert known[:rows] == several["flow_id"][:rows].tolist()
    assert len(known) == len(several) and set(known[rows:]) == {None}


def test_nothing_more_is_computed_when_reading_was_interrupted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    flows = fl.read_flows(BROWSING, features="core")
    made = fl.feature(dtype="f8", needs=[], name="x")(lambda batch: [])

    def interrupted(*_: Any) -> fl.FlowTable:
        raise fl.Interrupted(flows)

    monkeypatch.setattr("flowloom.read.read_one", interrupted)
    with pytest.raises(fl.Interrupted) as stopped:
        fl.read_flows(BROWSING, features="core", count=4, own=[made])
    table = stopped.value.result
    assert isinstance(table, fl.FlowTable)
    assert table.columns == [*flows.columns, "x"]
    assert set(table.to_dict()["x"]) == {None}


@pytest.mark.parametrize("directory", [False, True])
def test_an_interrupted_analyzer_has_flows_without_own_features(
    directory: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.pcap").write_bytes((SAMPLES / "dhcp.pcap").read_bytes())

    def seen(batch: fl.FlowTable) -> Any:
        raise KeyboardInterrupt

    def interrupted() -> list[fl.Flow]:
        analyzer = fl.Analyzer(default_filter=None)
        analyzer.register_feature("seen", fl.feature(dtype="i8", needs=[])(seen))
        with pytest.raises(fl.Interrupted) as stopped:
            if directory:
                analyzer.analyze_directory(tmp_path)
            else:
                analyzer.analyze_file(tmp_path / "a.pcap")
        result: Any = stopped.value.result
        flows: list[fl.Flow] = result["a.pcap"] if directory else result
        assert analyzer.stats["flows_created"] == len(flows)
        return flows

    computing = interrupted()
    assert computing and not any(flow.get_features() for flow in computing)
    table = fl.read_flows(tmp_path / "a.pcap", features="core,sequences")

    def stop(*_: Any, **__: Any) -> fl.FlowTable:
        raise fl.Interrupted(table)

    monkeypatch.setattr("flowloom.analyzer.read_flows", stop)
    assert [flow.key for flow in interrupted()] == [flow.key for flow in computing]


@pytest.mark.parametrize(
    ("dtype", "stored"),
    [
        (np.float64, "f64"),
        (np.dtype(">i4"), "i32"),
        (float, "f64"),
        (bool, "bool"),
        (str, "text"),
        (None, None),
        (object, None),
        (np.complex128, None),
    ],
)
def test_types_of_numpy_and_python_are_types_of_columns(dtype: Any, stored: str | None) -> None:
    value = "a" if stored == "text" else True
    made = fl.feature(dtype=dtype, needs=[], name="x")(lambda batch: [value] * len(batch))
    if stored is None:
        with pytest.raises(fl.ConfigError, match="type"):
            fl.read_flows("not there", own=[made])
        return
    fl.register_feature("flow", fl.FeatureType.CUSTOM, dtype=dtype)(lambda flow: value)
    table = fl.read_flows(BROWSING, features="core", own=[made, "flow"])
    assert {table.column_type(name) for name in ("x", "flow")} == {stored}
    if stored not in ("bool", "text"):
        told = Count("count", dtype=dtype)
        assert fl.read_flows(BROWSING, own=[told]).column_type("count") == stored


def test_functions_of_a_flow_come_after_those_they_depend_on() -> None:
    @fl.register_feature("twice", fl.FeatureType.STATISTICAL, dependencies=["packets"])
    def twice(flow: fl.Flow) -> float:
        return 2.0 * flow.feature_values["packets"]

    @fl.register_feature("packets", fl.FeatureType.STATISTICAL, description="How many.")
    def packets(flow: fl.Flow) -> float:
        return float(flow.packet_count)

    table = fl.read_flows(BROWSING, features="core", own=["twice"])
    assert table["twice"].tolist() == [2.0 * count for count in table["packet_count"]]
    flow = fl.Analyzer().analyze_file(BROWSING)[0]
    found = fl.get_feature_registry().extract_all(flow)
    assert found == {"twice": 2.0 * flow.packet_count, "packets": float(flow.packet_count)}
    info = fl.get_feature_registry().get_info("packets")
    assert info is not None
    assert info["description"] == "How many."


def test_features_that_depend_on_one_another_are_told() -> None:
    fl.register_feature("a", fl.FeatureType.STATISTICAL, dependencies=["b"])(lambda flow: 1)
    fl.register_feature("b", fl.FeatureType.STATISTICAL, dependencies=["a"])(lambda flow: 1)
    with pytest.raises(fl.ConfigError, match="a -> b -> a"):
        fl.read_flows(BROWSING, own=["a"])


def test_an_exception_names_feature_and_flow() -> None:
    with pytest.raises(
        fl.FeatureError, match=r"'fails' of flow \d+ \(.*\(UDP\)\): RuntimeError"
    ) as e:
        fl.read_flows(BROWSING, own=[Fails()])
    assert e.value.feature == "fails"
    assert isinstance(e.value.__cause__, RuntimeError)
    broken = fl.feature(dtype="f8", needs=["flow_id"], name="broken")(lambda batch: 1 / 0)
    with pytest.raises(fl.FeatureError, match="'broken' of flow 1 to .*ZeroDivisionError"):
        fl.read_flows(BROWSING, own=[broken])


def test_an_exception_can_make_a_value_missing() -> None:
    table = fl.read_flows(BROWSING, own=[Fails()], on_feature_error="null", features="core")
    rows = table.to_dict()
    for protocol, count, value in zip(
        rows["protocol"], rows["packet_count"], rows["fails"], strict=True
    ):
        assert value == (None if protocol == 17 else count)
    analyzer = fl.Analyzer(on_feature_error="null")
    analyzer.register_feature("fails", Fails())
    values = {
        flow.protocol: flow.get_features()["fails"] for flow in analyzer.analyze_file(BROWSING)
    }
    assert values[17] is None
    assert values[6] > 0


def test_own_features_are_exported(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    analyzer = fl.Analyzer()
    analyzer.register_feature("order", Order())
    flows = analyzer.analyze_file(BROWSING)
    assert fl.to_dataframe(flows)["feature.order"][0] == flows[0].packet_lengths.tolist()
    for name in ("x.csv", "x.json", "x.parquet"):
        fl.FlowExporter().save(flows, tmp_path / name)
    assert json.loads((tmp_path / "x.json").read_text())[0]["features"]["own"]["order"]
    read = pandas.read_csv(tmp_path / "x.csv")
    assert json.loads(read["feature.order"][0]) == flows[0].packet_lengths.tolist()
    stored = pandas.read_parquet(tmp_path / "x.parquet")
    assert stored["feature.order"][0].tolist() == flows[0].packet_lengths.tolist()


def test_a_feature_registered_twice_is_told() -> None:
    fl.register_feature("a", fl.FeatureType.STATISTICAL)(lambda flow: 1)
    with pytest.raises(ValueError, match="already"):
        fl.register_feature("a", fl.FeatureType.STATISTICAL)(lambda flow: 1)
    assert fl.unregister_feature("a")
    assert not fl.unregister_feature("a")


class Count(fl.BaseIncrementalFeature):
    """Packets, one by one."""

    def initialize(self, flow: fl.Flow) -> None:
        flow.count = 0  # type: ignore[attr-defined]

    def update(self, flow: fl.Flow, pkt: fl.Packet) -> None:
        flow.count += 1  # type: ignore[attr-defined]

    def get_value(self, flow: fl.Flow) -> Any:
        return flow.count  # type: ignore[attr-defined]


@pytest.fixture
def _registered_count() -> None:
    fl.register_feature("count", fl.FeatureType.STATISTICAL, processor=Count("another name"))
    fl.register_feature("twice", fl.FeatureType.STATISTICAL, dependencies=["count"])(
        lambda flow: 2 * flow.feature_values["count"]
    )


@pytest.mark.usefixtures("_registered_count")
def test_incremental_features_are_computed_by_name() -> None:
    for own in (["twice"], ["count"], ["twice", "count"]):
        table = fl.read_flows(BROWSING, features="core", own=own)
        for name in own:
            times = {"count": 1, "twice": 2}[name]
            assert table[name].tolist() == [times * count for count in table["packet_count"]]
        assert table.columns[-len(own) :] == own
    assert table.schema[-1][:2] == ("count", "f64")
    assert table.schema[-1].doc == "Packets, one by one."


@pytest.mark.usefixtures("_registered_count")
def test_an_analyzer_computes_incremental_features_by_name() -> None:
    for name, times in (("count", 1), ("twice", 2)):
        analyzer = fl.Analyzer()
        analyzer.register_feature("mine", name)
        for flow in analyzer.analyze_file(BROWSING):
            assert flow.get_features()["mine"] == times * flow.packet_count
    analyzer = fl.Analyzer()
    analyzer.register_feature("mine", "none")
    with pytest.raises(fl.ConfigError, match="no feature 'none': register it first"):
        analyzer.analyze_file(BROWSING)


@pytest.mark.usefixtures("_registered_count")
def test_a_registry_tells_incremental_features_of_packets() -> None:
    registry = fl.get_feature_registry()
    flow, other, *_ = fl.Analyzer().analyze_file(BROWSING)
    assert registry.extract(flow, "twice") == 2 * flow.packet_count
    assert registry.extract(flow, "count") == flow.packet_count
    assert registry.extract(flow, "none") is None
    assert registry.extract_all(other) == {
        "count": other.packet_count,
        "twice": 2 * other.packet_count,
    }
    fl.register_feature("fails", fl.FeatureType.STATISTICAL, processor=Fails())
    (udp, *_) = fl.Analyzer(bpf_filter="udp").analyze_file(BROWSING)
    assert registry.extract_selected(udp, ["fails", "none"]) == {"fails": None}
    again = fl.Analyzer(bpf_filter="udp").analyze_file(BROWSING)[0]
    with pytest.raises(fl.FeatureError, match="no UDP"):
        registry.extract_selected(again, ["fails"], "raise")


def test_columns_that_are_named_are_all_there_is() -> None:
    asked = ["tls_sni", "packet_lengths", "src_ip"]
    all_sets = fl.read_flows(BROWSING, features="core,sequences,tls")
    named = fl.read_flows(BROWSING, columns=asked)
    assert named.columns == asked and named.to_dict() == all_sets.select(asked).to_dict()
    with fl.open_flows(BROWSING, columns="src_ip,tls_sni") as batches:
        assert {tuple(batch.columns) for batch in batches} == {("src_ip", "tls_sni")}
    # What own features look at is read for them alone.
    made = fl.feature(dtype="i8", needs="byte_count", name="twice")(lambda t: t["byte_count"] * 2)
    count = Count("count", fl.FeatureType.STATISTICAL, dtype="int64")
    more = fl.read_flows(BROWSING, columns="src_ip,packet_count", own=[made, count])
    assert more.columns == ["src_ip", "packet_count", "twice", "count"]
    assert (more["twice"] == all_sets["byte_count"] * 2).all()
    assert (more["count"] == more["packet_count"]).all()


def test_flows_that_are_too_long_for_features_are_told(tmp_path: Path) -> None:
    class Count(fl.BaseIncrementalFeature):
        def __init__(self) -> None:
            super().__init__("n", dtype="i8")

        def initialize(self, flow: fl.Flow) -> None:
            self.seen = 0

        def update(self, flow: fl.Flow, pkt: fl.Packet) -> None:
            self.seen += 1

        def get_value(self, flow: fl.Flow) -> int:
            return self.seen

    packet = bytes(12) + b"\x08\x00"
    packet += struct.pack(">BBHHHBBHII", 0x45, 0, 28, 0, 0, 64, 17, 0, 0x0A000001, 0x0A000002)
    packet += struct.pack(">HHHH", 4000, 53, 8, 0)
    record = struct.pack("<IIII", 1, 0, len(packet), len(packet)) + packet
    header = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
    (tmp_path / "long.pcap").write_bytes(header + record * 65_537)
    with pytest.warns(fl.CaptureWarning, match="1 flows have more packets than features are told"):
        table = fl.read_flows(tmp_path / "long.pcap", features="core", own=[Count()])
    assert (table["packet_count"].tolist(), table["n"].tolist()) == ([65_537], [65_536])
    table = fl.read_flows(
        tmp_path / "long.pcap", features="core", own=[Count()], max_packets=70_000
    )
    assert table["n"].tolist() == [65_537]


def test_names_of_sequences_are_taken() -> None:
    function = fl.feature(dtype="i8", needs="core")(len)
    with pytest.raises(fl.ConfigError, match="packet_lengths"):
        fl.Analyzer().register_feature("packet_lengths", function)


def test_whole_numbers_beside_floats_stay_whole() -> None:
    @fl.feature(dtype="i8", needs=["packet_count"], name="x")
    def mixed(flows: fl.FlowTable) -> list[float]:
        return [2**53 + 1, 2**63 - 1] + [1.0] * (len(flows) - 2)

    found = fl.read_flows(BROWSING, features="core", own=[mixed])["x"]
    assert found[:3].tolist() == [2**53 + 1, 2**63 - 1, 1]

    @fl.feature(dtype="i8", needs=["packet_count"], name="x")
    def broken(flows: fl.FlowTable) -> list[float]:
        return [1, 1.5] * (len(flows) // 2)

    with pytest.raises(fl.FlowloomError, match="x"):
        fl.read_flows(BROWSING, features="core", own=[broken])
