"""Lists padded to arrays, and numbers as a matrix, against the same done row by row."""

from __future__ import annotations

import itertools
import subprocess
from pathlib import Path

import numpy as np
import pytest

import flowloom as fl


def padded_slowly(lists, length, pad, side, keep):
    rows = []
    for items in lists:
        kept = list(items or [])
        kept = kept[:length] if keep == "first" else kept[max(0, len(kept) - length) :]
        fill = [pad] * (length - len(kept))
        rows.append(kept + fill if side == "right" else fill + kept)
    return rows


@pytest.mark.parametrize("name", ["directions", "times", "packet_lengths", "tcp_flags"])
def test_padding_is_what_a_loop_gives(several, name):
    lists = several.to_dict()[name]
    values = 0
    for length, pad, side, keep in itertools.product(
        (1, 3, 50, 3_000), (0, 7), ("right", "left"), ("first", "last")
    ):
        found = several.to_padded(name, length, pad=pad, side=side, keep=keep)
        assert found.tolist() == padded_slowly(lists, length, pad, side, keep)
        values += found.size
    assert values > 1_000_000


def test_what_is_filled_in_pieces_is_the_same(several, monkeypatch):
    whole = several.to_padded("iats", 40, keep="last")
    monkeypatch.setattr("flowloom.ragged._CELLS", 100)
    assert (several.to_padded("iats", 40, keep="last") == whole).all()


def test_layouts_hold_the_same(browsing):
    names = ["directions", "packet_lengths", "iats"]
    last = browsing.to_padded(names, 20)
    first = browsing.to_padded(names, 20, layout="channels-first")
    parts = browsing.to_padded(names, 20, layout="dict")
    assert last.shape == (36, 20, 3) and first.shape == (36, 3, 20) and last.dtype == np.int64
    assert (last.transpose(0, 2, 1) == first).all()
    assert [part.dtype for part in parts.values()] == [np.int8, np.int32, np.int64]
    assert all((last[:, :, i] == parts[name]).all() for i, name in enumerate(names))
    assert browsing.to_padded(["directions"], 20).shape == (36, 20, 1)


def test_lengths_and_mask_say_what_is_real(browsing):
    counts = browsing["packet_count"]
    for side in ("right", "left"):
        x, n, mask = browsing.to_padded(
            "directions", 12, side=side, return_lengths=True, return_mask=True
        )
        assert (n == np.minimum(counts, 12)).all() and (mask.sum(1) == n).all()
        assert (x[mask] != 0).all() and (x[~mask] == 0).all()


def test_types_are_wide_enough_or_refused(browsing):
    assert browsing.to_padded("tcp_flags", 5).dtype == np.uint8
    assert browsing.to_padded("tcp_flags", 5, pad=-1).dtype == np.int16
    assert browsing.to_padded("directions", 5, pad=float("nan")).dtype.kind == "f"
    assert browsing.to_padded("packet_lengths", 5, dtype="float32").dtype == np.float32
    with pytest.raises(ValueError, match="packet_lengths: int8 cannot hold"):
        browsing.to_padded("packet_lengths", 5, dtype="int8")
    with pytest.raises(ValueError, match="uint8 cannot hold pad=-1"):
        browsing.to_padded("tcp_flags", 5, dtype="uint8", pad=-1)
    for pad, dtype in ((1e-9, "float16"), (1e300, "float32")):
        with pytest.raises(ValueError, match=f"{dtype} cannot hold pad="):
            browsing.to_padded("directions", 5, dtype=dtype, pad=pad)
    for pad, dtype in ((0.5, "float16"), (1e-9, "float32"), (1e300, "float64"), (2**70, "f4")):
        padded = browsing.to_padded("directions", 6, pad=pad)
        assert padded.dtype == dtype and np.isclose(padded[0, -1], pad, rtol=1e-6, atol=0)
    with pytest.raises(ValueError, match="cannot hold pad=nan"):
        browsing.to_padded("directions", 5, dtype="int8", pad=float("nan"))
    broken = fl.Ragged.from_lists([[1.0, 2.5], [float("nan")], [1e30]])
    for number, text in enumerate(("2.5", "nan", "1e\\+30")):
        with pytest.raises(ValueError, match=f"int64 cannot hold {text}"):
            broken[[number]].to_padded(2, dtype="int64")
    assert fl.Ragged.from_lists([[1.0, 2.0]]).to_padded(2, dtype="int8").tolist() == [[1, 2]]
    with pytest.raises(ValueError, match="bool cannot hold 2"):
        fl.Ragged.from_lists([[1, 2]]).to_padded(2, dtype="bool")
    with pytest.raises(ValueError, match="times: float16 cannot hold"):
        browsing.to_padded("times", 50, dtype="float16")
    # Negative values never become large ones.
    with pytest.raises(ValueError, match="directions: uint8 cannot hold -1"):
        browsing.to_padded("directions", 5, dtype="uint8")


@pytest.mark.parametrize(
    ("columns", "more", "error", "text"),
    [
        ("no_such", {}, KeyError, "no_such"),
        ("src_ip", {}, TypeError, "src_ip has no lists of numbers but text"),
        ("duration", {}, TypeError, "no lists"),
        ([], {}, ValueError, "no column"),
        ("times", {"length": 0}, ValueError, "at least 1"),
        ("times", {"length": 2.5}, TypeError, "length is a whole number, not float"),
        ("times", {"length": None}, TypeError, "length is a whole number, not NoneType"),
        ("times", {"out": "nowhere/x.npy"}, fl.OutputError, "^nowhere/x.npy: No such file"),
        ("times", {"side": "up"}, ValueError, "right or left"),
        ("times", {"keep": "all"}, ValueError, "first or last"),
        ("times", {"layout": "x"}, ValueError, "channels-last"),
        ("times", {"layout": "dict", "out": "x.npy"}, ValueError, "one array in one file"),
    ],
)
def test_what_cannot_be_meant_is_refused(browsing, columns, more, error, text):
    with pytest.raises(error, match=text):
        browsing.to_padded(columns, **{"length": 5, **more})


def test_a_file_holds_the_same_and_is_whole_or_not_there(browsing, tmp_path):
    path = tmp_path / "x.npy"
    mapped = browsing.to_padded("directions", 30, pad=9, out=path)
    assert isinstance(mapped, np.memmap)
    assert (np.load(path) == browsing.to_padded("directions", 30, pad=9)).all()
    assert (mapped == np.load(path)).all()
    with pytest.raises(ValueError, match="cannot hold"):
        browsing.to_padded("packet_lengths", 30, dtype="int8", out=tmp_path / "y.npy")
    (tmp_path / "z.npy").mkdir()
    with pytest.raises(fl.OutputError, match="Is a directory"):
        browsing.to_padded("directions", 30, out=tmp_path / "z.npy")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["x.npy", "z.npy"]


def test_no_rows_are_an_empty_array(browsing, tmp_path):
    none = browsing[:0]
    assert none.to_padded("times", 4).shape == (0, 4)
    assert none.to_padded(["times"], 4, out=tmp_path / "x.npy").shape == (0, 4, 1)
    assert none.to_numpy(["duration"]).shape == (0, 1)


def test_a_matrix_has_the_numbers_of_a_role(browsing):
    names = browsing.numeric_columns()
    assert "packet_count" in names and "app_lengths_up_mean" in names
    assert not {"src_port", "start_time", "src_ip", "tls_ja4", "directions"} & set(names)
    matrix = browsing.to_numpy(fill_null=-1)
    assert matrix.shape == (36, len(names)) and not np.isnan(matrix).any()
    columns = browsing.to_dict()
    for place, name in enumerate(names):
        expected = [-1.0 if value is None else float(value) for value in columns[name]]
        assert matrix[:, place].tolist() == expected
    ports = browsing.to_numpy(roles=["identity"], fill_null=0)
    assert ports.shape[1] == len(browsing.numeric_columns("identity"))


def test_missing_values_are_named(browsing):
    with pytest.raises(ValueError, match=r"iats_mean.*fill_null=0"):
        browsing.to_numpy(["packet_count", "iats_mean", "iats_skew"])
    filled = browsing.to_numpy(
        ["iats_mean", "iats_skew"], fill_null={"iats_mean": 1, "iats_skew": 2}
    )
    assert filled[1].tolist() == [1.0, 2.0]
    with pytest.raises(ValueError, match="iats_skew"):
        browsing.to_numpy(["iats_mean", "iats_skew"], fill_null={"iats_mean": 1})
    with pytest.raises(KeyError, match="did you mean 'iats_skew'"):
        browsing.to_numpy(["iats_mean"], fill_null={"iats_mean": 1, "iats_skw": 2})
    with pytest.raises(TypeError, match="src_ip has no numbers"):
        browsing.to_numpy(["src_ip"])
    with pytest.raises(ValueError, match="no role"):
        browsing.to_numpy(roles="features")


def test_a_matrix_never_holds_other_numbers(browsing):
    counts = browsing["byte_count"]
    assert (browsing.to_numpy(["byte_count"], dtype="int32").ravel() == counts).all()
    for column, dtype, value in [
        ("byte_count", "int8", counts.max()),
        ("byte_count", "bool", counts.min()),
        ("duration", "int64", "0.81"),
    ]:
        with pytest.raises(ValueError, match=f"{column}: {dtype} cannot hold {value}.*: choose"):
            browsing.to_numpy([column], dtype=dtype)
    assert set(browsing.to_numpy(["down_ttl"], fill_null=7, dtype="u1").ravel()) == {7, 64}
    for fill_null, dtype in ((float("nan"), "int64"), (-1, "uint8"), (0.5, "int64")):
        with pytest.raises(ValueError, match=f"down_ttl: {dtype} cannot hold fill_null="):
            browsing.to_numpy(["down_ttl"], fill_null=fill_null, dtype=dtype)
    with pytest.raises(TypeError, match="arrays are of numbers, not of object"):
        browsing.to_numpy(["byte_count"], dtype=object)


def test_what_is_infinite_hides_nothing_that_is_too_large():
    lists = fl.Ragged.from_lists([[1e300, float("nan"), float("inf")]])
    with pytest.raises(ValueError, match=r"float32 cannot hold 1e\+300"):
        lists.to_padded(3, dtype="float32")


@pytest.mark.parametrize("unit", ["s", "us", "ns"])
def test_padded_times_are_nanoseconds_whatever_their_unit(unit):
    times = np.array([5, 7], "M8[s]").astype(f"M8[{unit}]")
    for one in (times, times - np.datetime64(0, "s")):
        padded = fl.Ragged.from_lists([one]).to_padded(3)
        assert padded.tolist() == [[5_000_000_000, 7_000_000_000, 0]]


def test_ragged_lists():
    lists = fl.Ragged.from_lists([[1, 2, 3], [], [4], [5, 6]])
    assert lists.tolist() == [[1, 2, 3], [], [4], [5, 6]]
    assert lists[1:3].tolist() == [[], [4]] and lists[::-2].tolist() == [[5, 6], []]
    for some in (lists[2:], lists[[2, 3]], lists[1:][1:]):
        assert some.items.tolist() == [4, 5, 6] and some.offsets[0] == 0
    assert not len(lists[3:1]) and not len(lists[4:].items)
    assert lists[np.array([True, False, False, True])].tolist() == [[1, 2, 3], [5, 6]]
    assert lists[[-1, 0, 0]].tolist() == [[5, 6], [1, 2, 3], [1, 2, 3]]
    assert lists[1:].to_padded(1, keep="last").tolist() == [[0], [4], [6]]
    assert lists[-1].tolist() == [5, 6]
    for wrong in (4, -5, [4], [-5]):
        with pytest.raises(IndexError):
            lists[wrong]
    with pytest.raises(TypeError, match="float64"):
        lists[np.array([0.7, 2.9])]
    assert repr(lists[:1]) == "Ragged(1 lists, 3 items, int64)"
    assert fl.Ragged.from_lists([]).to_padded(3).shape == (0, 3)


def test_columns_of_lists_are_those_of_rows(several):
    lists = several.to_dict()["packet_lengths"]
    assert several["packet_lengths"].tolist() == lists
    chosen = np.arange(len(several))[::-3]
    assert several["packet_lengths"][chosen].tolist() == [lists[i] for i in chosen]
    assert several[chosen]["packet_lengths"].tolist() == [lists[i] for i in chosen]


def test_padding_agrees_for_every_capture_of_the_corpus(corpus: Path):
    compared = 0
    for path in sorted(corpus.rglob("*.pcap"))[:150]:
        table = fl.read_flows(path, features="core,sequences", on_error="ignore")
        found = table.to_padded("packet_lengths", 20, side="left", keep="last")
        lists = table.to_dict()["packet_lengths"]
        assert found.tolist() == padded_slowly(lists, 20, 0, "left", "last")
        compared += found.size
    print(f"{compared} values compared")
    assert compared > 10_000


def test_the_command_line_pads_likewise(samples, tmp_path, command_line):
    out, capture = tmp_path / "t.npz", samples / "loss.pcap"
    settings = ["--features", "core,sequences", "--order", "start", "--length", "20"]
    run = subprocess.run(
        [command_line, "flows", capture, "-o", out, *settings, "--side", "left", "--keep", "last"],
        capture_output=True,
        check=False,
    )
    if b"unexpected argument" in run.stderr:
        pytest.skip("skipped, not tested: this command line writes no npz")
    assert run.returncode == 0, run.stderr
    table, compared = fl.read_flows(capture, features="core,sequences"), 0
    with np.load(out) as arrays:
        for name in ("directions", "times", "packet_lengths", "tcp_flags", "packet_marks"):
            found, n = table.to_padded(name, 20, side="left", keep="last", return_lengths=True)
            assert found.dtype == arrays[name].dtype and (found == arrays[name]).all(), name
            compared += found.size
        assert (n == arrays["lengths"]).all()
    print(f"{compared} values compared")


@pytest.mark.parametrize("many", [0, 3, 40_000])
def test_rows_that_are_taken_are_those_of_pyarrow(several, many):
    arrow = several.to_arrow()
    rows = np.random.default_rng(many).integers(0, len(several), many)
    taken = several.take(rows)
    assert len(taken) == many
    assert taken.columns == several.columns
    assert taken.to_arrow().equals(arrow.take(rows), check_metadata=True)
    assert several.take(rows - len(several)).to_arrow().equals(taken.to_arrow())
    assert max(taken._native.chunk_rows, default=0) <= 16_384


def as_scapy_has_it(frame):
    """The bytes of a frame's innermost headers, and those of its payload."""
    from scapy.all import IP, TCP, UDP, Ether, IPv6

    ether = Ether(frame)
    ip = ether[IPv6] if IPv6 in ether else ether[IP]
    above = ip[TCP] if TCP in ip else ip[UDP]
    payload = bytes(above.payload)
    whole = bytes(ip.original)[: ip.len if IP in ether else 40 + ip.plen]
    return whole[: len(whole) - len(payload)], payload


def test_bytes_are_those_of_the_frames(samples):
    scapy = pytest.importorskip("scapy.all", reason="skipped, not tested: Scapy is not installed")
    packets = 0
    for name in ("browsing.pcapng", "loss.pcap"):
        path = samples / name
        frames = [bytes(packet.original) for packet in scapy.rdpcap(str(path))]
        sets = ["core", "bytes", "packet_frames"]
        flows = fl.read_flows(
            path, features=sets, filter="tcp or udp", bytes_packets=7, bytes_payload=300
        )
        for row in flows.to_arrow().to_pylist():
            numbers = row["packet_frames"][:7]
            expected = [as_scapy_has_it(frames[number - 1]) for number in numbers]
            assert row["header_bytes"] == [headers for headers, _ in expected]
            assert row["payload_bytes"] == [payload[:300] for _, payload in expected]
            packets += len(numbers)
    assert packets > 100


def test_bytes_become_arrays_of_packets(samples, tmp_path, monkeypatch):
    flows = fl.read_flows(samples / "browsing.pcapng", features=["bytes"])
    monkeypatch.setattr("flowloom.ragged._CELLS", 100)
    for name, side, keep in itertools.product(
        ("header_bytes", "payload_bytes"), ("right", "left"), ("first", "last")
    ):
        expected = []
        for packets in flows.to_dict()[name]:
            rows = [[*packet[:60], *[9] * (60 - len(packet))] for packet in packets]
            kept = rows[:4] if keep == "first" else rows[-4:]
            fill = [[9] * 60] * (4 - len(kept))
            expected.append(kept + fill if side == "right" else fill + kept)
        found = flows.to_padded(name, 4, width=60, pad=9, side=side, keep=keep)
        assert (found.shape, found.dtype) == ((36, 4, 60), np.uint8)
        assert found.tolist() == expected
    assert flows[5:5].to_padded("payload_bytes", 2, width=3).shape == (0, 2, 3)
    named = flows.to_padded("payload_bytes", 2, width=3, layout="dict")
    assert list(named) == ["payload_bytes"]
    assert np.array_equal(named["payload_bytes"], flows.to_padded("payload_bytes", 2, width=3))
    floats = flows.to_padded("payload_bytes", 2, width=3, dtype="f4", out=tmp_path / "x.npy")
    assert floats.tolist() == flows.to_padded("payload_bytes", 2, width=3).tolist()
    _, lengths, mask = flows.to_padded(
        "payload_bytes", 4, width=1, return_lengths=True, return_mask=True
    )
    assert lengths.tolist() == mask.sum(1).tolist()
    assert lengths.tolist() == [min(4, len(one)) for one in flows.to_dict()["payload_bytes"]]


def test_bytes_of_packets_have_a_width(samples):
    flows = fl.read_flows(samples / "browsing.pcapng", features=["sequences", "bytes"])
    for arguments, width, error, words in [
        ("payload_bytes", None, TypeError, "say how many of each as width="),
        ("payload_bytes", 0, ValueError, "width is at least 1"),
        ("directions", 5, TypeError, "width is of one column of bytes"),
        (["payload_bytes"], 5, TypeError, "width is of one column of bytes"),
    ]:
        with pytest.raises(error, match=words):
            flows.to_padded(arguments, 4, width=width)
    with pytest.raises(ValueError, match="layout is channels-last"):
        flows.to_padded("payload_bytes", 4, width=5, layout="rows")


def test_bytes_are_read_again_by_their_settings(samples, tmp_path):
    flows = fl.read_flows(
        samples / "browsing.pcapng", features=["core", "bytes"], bytes_packets=2, bytes_payload=5
    )
    flows.write(tmp_path / "flows.parquet")
    again = fl.rerun(tmp_path / "flows.parquet")
    assert again.to_arrow().equals(flows.to_arrow())
    assert max(map(len, flows.to_dict()["payload_bytes"])) == 2
    key = tmp_path / "key"
    key.write_text("0" * 64)
    with pytest.raises(fl.ConfigError, match="shows addresses"):
        fl.read_flows(samples / "browsing.pcapng", features=["bytes"], anonymize=key)
