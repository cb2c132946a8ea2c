"""Pictures of flows and traces, with matplotlib (``pip install 'flowloom[plot]'``).

Up, from the initiator or client, is blue and above; down is orange and below: colours that most
people can tell apart, and places for those who cannot. What went neither way (direction 0) is grey,
half of it above and half below.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from ._extras import extra
from .ragged import Ragged

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from .flow import Flow
    from .table import FlowTable

__all__ = ["bursts", "compare", "packets", "rate"]


def packets(
    table: FlowTable | Flow,
    row: int = 0,
    *,
    lengths: str = "packet_lengths",
    ax: Axes | None = None,
) -> Axes:
    """Draw each packet of a flow or trace: when it came, how long it is, which way it went.

    Parameters
    ----------
    table : FlowTable or Flow
        Flows or traces with the columns ``directions`` and ``times``; or one flow.
    row : int
        Which of them.
    lengths : str
        The column that says how long packets are.
    ax : Axes, optional
        Where to draw [a new figure].

    Returns
    -------
    Axes

    Examples
    --------
    >>> import flowloom as fl
    >>> flows = fl.read_flows("samples/loss.pcap", features="core,sequences")
    >>> fl.plot.packets(flows, 1).get_ylabel()
    'bytes (up above, down below)'
    """
    one = _one(table, row)
    ((directions, seconds, sizes),) = _all_sequences(one, lengths)
    ax = ax or _axes()
    for way in _ways_of(directions):
        here = directions == way.direction
        when, base, top = seconds[here], way.base * sizes[here], way.top * sizes[here]
        ax.vlines(when, base, top, color=way.colour, linewidth=1, label=way.name)
        for ends in (base, top) if way.base else (top,):
            ax.plot(when, ends, ".", color=way.colour, markersize=3)
    return _finished(ax, one, "bytes (up above, down below)")


def bursts(
    table: FlowTable | Flow,
    row: int = 0,
    *,
    lengths: str = "packet_lengths",
    ax: Axes | None = None,
) -> Axes:
    """Draw the bursts of a flow or trace: packets one after the other in the same direction.

    A bar is as wide as the burst lasted, and as high as its bytes. Parameters are those of
    :func:`packets`.
    """
    one = _one(table, row)
    ((directions, seconds, sizes),) = _all_sequences(one, lengths)
    ax = ax or _axes()
    begin = np.flatnonzero(np.diff(directions, prepend=_NO_DIRECTION))
    totals = np.add.reduceat(sizes, begin) if len(begin) else np.zeros(0)
    last = np.append(begin, len(sizes))[1:] - 1
    width = np.maximum(seconds[last] - seconds[begin], _span(seconds) / 400)
    for way in _ways_of(directions):
        here = directions[begin] == way.direction
        places, heights, widths = seconds[begin][here], totals[here], width[here]
        if not len(places):
            # Of no bars, the legend would have another colour.
            places, heights, widths = np.zeros(1), np.zeros(1), np.zeros(1)
        tall, base = (way.top - way.base) * heights, way.base * heights
        ax.bar(places, tall, widths, base, align="edge", color=way.colour, label=way.name)
    if len(seconds) and not np.ptp(seconds):
        # All at once: a bar as wide as nothing is, in the middle.
        ax.set_xlim(seconds[0] - 0.5, seconds[0] + 0.5)
    return _finished(ax, one, "bytes of a burst")


def rate(
    table: FlowTable | Flow,
    row: int = 0,
    *,
    window: float | None = None,
    lengths: str = "packet_lengths",
    ax: Axes | None = None,
) -> Axes:
    """Draw bytes per second of a flow or trace, each way.

    Parameters
    ----------
    window : float, optional
        Seconds that are counted together [a fiftieth of the whole].
    table, row, lengths, ax
        See :func:`packets`.
    """
    one = _one(table, row)
    ((directions, seconds, sizes),) = _all_sequences(one, lengths)
    ax = ax or _axes()
    window = _span(seconds) / 50 if window is None else window
    if not 0 < window < math.inf:
        raise ValueError(f"window is above 0 seconds, not {window}")
    # Where clocks were set back, packets have times before that of the first.
    first, last = float(seconds.min(initial=0.0)), float(seconds.max(initial=0.0))
    edges = np.arange(first, last + 2 * window, window)
    for way in _ways_of(directions):
        here = directions == way.direction
        rates = np.histogram(seconds[here], edges, weights=sizes[here])[0] / window
        top, base = way.top * rates, way.base * rates if way.base else 0
        ax.stairs(top, edges, baseline=base, fill=True, alpha=0.35, color=way.colour)
        ax.stairs(top, edges, baseline=base, color=way.colour, label=way.name)
    return _finished(ax, one, f"bytes/s, over {window:.3g} s")


def compare(
    table: FlowTable,
    labels: Sequence[str],
    *,
    by: str,
    lengths: str = "packet_lengths",
    figure: Figure | None = None,
) -> Figure:
    """Draw what tells the flows or traces of two labels apart.

    On the left, how their bytes came over time: the median of all rows of a label, and between which
    bounds the middle half of them is. On the right, how often packets of each length are, up above
    and down below. Both labels are drawn with the same scales.

    Parameters
    ----------
    table : FlowTable
        Flows or traces with the columns ``directions`` and ``times``.
    labels : list of str
        Two values, or more: up to sixteen have lines that are all different.
    by : str
        The column that they are values of.
    lengths : str
        The column that says how long packets are.
    figure : Figure, optional
        Where to draw [a new one].

    Returns
    -------
    Figure
        With two axes.
    """
    column = np.asarray(table[by])
    if isinstance(labels, str) or not len(labels):
        raise ValueError(f"labels are a list of values of {by}, such as ['a', 'b']: not {labels!r}")
    if figure is None:
        with extra("matplotlib"):
            import matplotlib.pyplot as plt

        figure = plt.figure(figsize=(9, 3.6), layout="constrained")
    over_time, by_length = figure.subplots(1, 2)
    rows = {label: np.flatnonzero(column == label) for label in labels}
    for label, found in rows.items():
        if not len(found):
            raise ValueError(f"no row has {by} {label!r}")
    parts = {label: _all_sequences(table.take(found), lengths) for label, found in rows.items()}
    end = max(max(seconds.max(initial=0.0) for _, seconds, _ in part) for part in parts.values())
    largest = max(max(sizes.max(initial=0.0) for *_, sizes in part) for part in parts.values())
    times = np.linspace(0, end or 1.0, 200)
    edges = np.linspace(0, max(largest, 1.0), 40)
    for number, (label, part) in enumerate(parts.items()):
        # After four labels, colours come again, with other lines.
        colour, line = _LABEL_COLOURS[number % 4], _LINES[(number + number // 4) % 4]
        curves = np.array([_arrived(seconds, sizes, times) for _, seconds, sizes in part])
        low, middle, high = np.quantile(curves, (0.25, 0.5, 0.75), axis=0)
        over_time.fill_between(times, low, high, color=colour, alpha=0.2, linewidth=0)
        over_time.plot(times, middle, line, color=colour, label=f"{label} ({len(part)})")
        directions = np.concatenate([directions for directions, *_ in part])
        sizes = np.concatenate([sizes for *_, sizes in part])
        for sign in (1, -1):
            weights = (directions == sign) + (directions == 0) / 2
            shares = np.histogram(sizes, edges, weights=weights)[0] / max(1, len(sizes))
            named = label if sign > 0 else None
            by_length.stairs(sign * shares, edges, color=colour, linestyle=line, label=named)
    over_time.set(xlabel="seconds", ylabel="bytes so far (median, middle half)")
    by_length.set(xlabel="bytes of a packet", ylabel="share of packets (up above, down below)")
    by_length.yaxis.set_major_formatter(lambda value, _: f"{abs(value):.2f}")
    over_time.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    by_length.axhline(0, color="0.6", linewidth=0.8)
    for ax in (over_time, by_length):
        ax.legend(frameon=False)
        ax.spines[["top", "right"]].set_visible(False)
    return figure


def _axes() -> Axes:
    with extra("matplotlib"):
        import matplotlib.pyplot as plt

    _, ax = plt.subplots(figsize=(7, 3), layout="constrained")
    return ax


def _finished(ax: Axes, one: FlowTable, values: str) -> Axes:
    ax.axhline(0, color="0.6", linewidth=0.8)
    ax.set(xlabel="seconds since the first packet", ylabel=values)
    ax.set_title(_title(one), loc="left")
    ax.yaxis.set_major_formatter(lambda value, _: f"{abs(value):,.0f}")
    ax.legend(frameon=False, ncols=3, loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0)
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def _title(one: FlowTable) -> str:
    """Which flow it is, as text that no formula hides in."""
    named = [name for name in ("flow_id", "server_name", "application") if name in one.columns]
    (values,) = one.select(named).rows() if named else [{}]
    words = [str(values[name]) for name in named if values[name] is not None]
    text = "flow " + ", ".join(words) if "flow_id" in named else ", ".join(words)
    return text.replace("$", r"\$")


def _one(table: FlowTable | Flow, row: int) -> FlowTable:
    """A row of a table, or the one of a flow, as a table."""
    from .flow import Flow

    if isinstance(table, Flow):
        row, table = table._row, table._block.table
    at = row + len(table) if row < 0 else row
    if not 0 <= at < len(table):
        raise IndexError(f"row {row} of {len(table)}")
    return table[at : at + 1]


def _all_sequences(
    table: FlowTable, lengths: str
) -> list[tuple[npt.NDArray[np.int8], npt.NDArray[np.float64], npt.NDArray[np.float64]]]:
    """Of each row: which way packets went, when they came, and how long they are."""
    lists = []
    for name in ("directions", "times", lengths):
        if name not in table.columns:
            raise ValueError(f"the table has no {name}: read it with features='core,sequences'")
        column = table[name]
        if not isinstance(column, Ragged):
            raise TypeError(f"{name} has no lists of numbers")
        lists.append(column)
        if not np.array_equal(column.lengths, lists[0].lengths):
            raise ValueError(f"{name} has not a number for each packet")
    return [
        (directions, times.astype(np.float64) / 1e9, np.abs(sizes).astype(np.float64))
        for directions, times, sizes in zip(*lists)
    ]


def _arrived(
    seconds: npt.NDArray[np.float64], sizes: npt.NDArray[np.float64], times: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Bytes until each of these times."""
    order = np.argsort(seconds, kind="stable")
    so_far = np.concatenate([[0.0], np.cumsum(sizes[order])])
    return so_far[np.searchsorted(seconds[order], times, side="right")]


def _span(seconds: npt.NDArray[np.float64]) -> float:
    return float(np.ptp(seconds)) if len(seconds) > 1 and np.ptp(seconds) > 0 else 1.0


class _Way(NamedTuple):
    """How packets of a direction are drawn: from where to where, as parts of their bytes."""

    direction: int
    name: str
    colour: str
    base: float
    top: float


def _ways_of(directions: npt.NDArray[np.int8]) -> list[_Way]:
    """Up and down always; neither only if there is something."""
    return [way for way in _WAYS if way.direction or (directions == 0).any()]


_WAYS = (
    _Way(1, "up", "#0072b2", 0, 1),
    _Way(-1, "down", "#e69f00", 0, -1),
    _Way(0, "neither", "#7f7f7f", -0.5, 0.5),
)
_NO_DIRECTION = 2
"""What differs from the direction of any packet."""

_LABEL_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7")
_LINES = ("-", "--", "-.", ":")
