"""Pictures, against pictures that were looked at: `UPDATE_IMAGES=1` draws these anew."""

from __future__ import annotations

import os
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.testing.compare import compare_images

import flowloom as fl

IMAGES = Path(__file__).parent / "images"
TOLERANCE = 15
"""Root mean square of differences of pixels (0-255): other versions draw letters otherwise."""


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def download(samples) -> fl.FlowTable:
    return fl.read_flows(samples / "loss.pcap", features="core,sequences,application")


@pytest.mark.parametrize("kind", ["packets", "bursts", "rate"])
def test_views_of_a_flow_look_as_they_did(download, tmp_path, kind):
    ax = getattr(fl.plot, kind)(download, 0)
    as_before(ax.figure, tmp_path, kind)


@pytest.mark.parametrize("kind", ["packets", "bursts", "rate"])
def test_flow_objects_are_drawn_as_their_rows(download, samples, kind):
    draw = getattr(fl.plot, kind)
    for row, flow in enumerate(download):
        assert draw(flow).get_title("left") == draw(download, row).get_title("left")
        assert draw(flow).dataLim.extents.tolist() == draw(download, row).dataLim.extents.tolist()
        plt.close("all")
    (flow, *_) = fl.Analyzer().analyze_file(samples / "browsing.pcapng")
    draw(flow)


def test_two_labels_look_as_they_did(browsing, tmp_path):
    figure = fl.plot.compare(browsing, ["tls", "http"], by="application")
    as_before(figure, tmp_path, "compare")


def as_before(figure, tmp_path: Path, name: str) -> None:
    reference = IMAGES / f"{name}.png"
    if os.environ.get("UPDATE_IMAGES"):
        IMAGES.mkdir(exist_ok=True)
        figure.savefig(reference, dpi=60)
    found = tmp_path / f"{name}.png"
    figure.savefig(found, dpi=60)
    assert compare_images(str(reference), str(found), TOLERANCE) is None
    # An empty figure would not pass.
    pixels = plt.imread(found)
    assert np.ptp(pixels[..., :3], axis=2).max() > 0.5


def test_bars_and_steps_add_up_to_the_bytes(download):
    up, down = int(download["up_byte_count"][0]), int(download["down_byte_count"][0])
    bars = [bar.get_height() for bar in fl.plot.bursts(download, 0).patches]
    assert sum(h for h in bars if h > 0) == up and sum(h for h in bars if h < 0) == -down
    ways = download["directions"][0]
    assert len(bars) == 1 + np.count_nonzero(np.diff(ways))
    ax = fl.plot.rate(download, 0, window=0.01)
    filled = [step.get_data() for step in ax.patches[::2]]
    sums = [float((data.values * np.diff(data.edges)).sum()) for data in filled]
    assert np.allclose(sums, [up, -down])


def test_packets_that_went_neither_way_are_not_drawn_as_down(samples):
    # Nobody is this client, so directions are 0.
    trace = fl.read_traces(samples / "loss.pcap", client="10.9.9.9", on_error="ignore")
    total = int(trace["byte_count"][0])
    lines = {one.get_label(): one.get_segments() for one in fl.plot.packets(trace).collections}
    assert [len(lines[name]) for name in ("up", "down", "neither")] == [0, 0, 238]
    assert all(below == -above for (_, below), (_, above) in lines["neither"])
    bars = [bar for bar in fl.plot.bursts(trace).patches if bar.get_height()]
    assert [(bar.get_y(), bar.get_height()) for bar in bars] == [(-total / 2, total)]
    rates = fl.plot.rate(trace).patches[::2]
    sums = [float(((d.values - d.baseline) * np.diff(d.edges)).sum()) for d in data_of(rates)]
    assert np.allclose(sums, [0, 0, total])
    by_length = fl.plot.compare(trace, [str(trace["capture"][0])], by="capture").axes[1]
    assert np.allclose([d.values.sum() for d in data_of(by_length.patches)], [0.5, -0.5])


def data_of(steps):
    return [step.get_data() for step in steps]


def test_packets_before_the_first_are_counted_in_rates(download):
    # As if the clock had been set back by a second in the middle.
    one = download[:1]
    times = one["times"][0] - np.repeat([0, 1_000_000_000], one["packet_count"][0] // 2)
    items = fl._native.Array.numbers("i64", times.astype(np.int64).tobytes())
    others = one.select([name for name in one.columns if name != "times"])
    lists = fl._native.Array.lists(items, [0, len(times)])
    table = fl.FlowTable(others._native.with_column("times", lists, []), None)
    filled = data_of(fl.plot.rate(table).patches[::2])
    sums = [float((data.values * np.diff(data.edges)).sum()) for data in filled]
    assert np.allclose(sums, [one["up_byte_count"][0], -one["down_byte_count"][0].astype(int)])


@pytest.mark.parametrize("kind", ["packets", "bursts", "rate"])
def test_a_trace_of_no_packet_is_drawn_empty(samples, tmp_path, kind):
    (tmp_path / "empty.pcap").write_bytes((samples / "loss.pcap").read_bytes()[:24])
    ax = getattr(fl.plot, kind)(fl.read_traces(tmp_path / "empty.pcap"))
    ax.figure.canvas.draw()
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["up", "down"]
    assert "seconds" in ax.get_xlabel() and "bytes" in ax.get_ylabel()


def test_sixteen_labels_have_different_lines(download):
    labels = [str(number) for number in range(16)]
    table = download.take([0] * 16)
    texts = fl._native.Array.texts(labels)
    table = fl.FlowTable(table._native.with_column("label_x", texts, []), None)
    over_time, by_length = fl.plot.compare(table, labels, by="label_x").axes
    lines = {(line.get_color(), line.get_linestyle()) for line in over_time.lines}
    steps = {(step.get_edgecolor(), step.get_linestyle()) for step in by_length.patches}
    assert len(lines) == len(steps) == 16


def test_axes_of_the_caller_are_drawn_on(download):
    _, axes = plt.subplots(2)
    assert fl.plot.packets(download, -1, ax=axes[1]) is axes[1] and not axes[0].lines
    assert len(plt.get_fignums()) == 1
    own = plt.figure()
    assert fl.plot.compare(download, ["http"], by="application", figure=own) is own


def test_hostile_names_are_drawn_as_text(download):
    texts = fl._native.Array.texts([r"$\frac{1}{0$ $"] + [None] * (len(download) - 1))
    table = fl.FlowTable(download._native.with_column("server_name", texts, []), None)
    fl.plot.packets(table, 0).figure.canvas.draw()


def test_what_cannot_be_drawn_is_said(download, browsing):
    with pytest.raises(IndexError, match="row 99 of 5"):
        fl.plot.packets(download, 99)
    with pytest.raises(ValueError, match="has no directions: read it with"):
        fl.plot.rate(download.select(["flow_id"]), 0)
    with pytest.raises(ValueError, match="no row has application 'ftp'"):
        fl.plot.compare(browsing, ["tls", "ftp"], by="application")
    with pytest.raises(ValueError, match="tcp_flags has not a number for each packet"):
        fl.plot.compare(browsing, ["tls", "dns"], by="application", lengths="tcp_flags")
    for labels in ([], "tls"):
        with pytest.raises(ValueError, match="labels are a list of values of application"):
            fl.plot.compare(browsing, labels, by="application")
    for window in (-1, 0):
        with pytest.raises(ValueError, match="window is above 0"):
            fl.plot.rate(download, 0, window=window)
