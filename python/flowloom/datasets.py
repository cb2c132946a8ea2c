"""Tables to parts for training and testing, which share no flow and no trace."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from .table import FlowTable


def split(
    table: FlowTable,
    *,
    by: str = "capture",
    sizes: Sequence[float] = (0.8, 0.1, 0.1),
    stratify: str | None = None,
    seed: int = 0,
) -> list[FlowTable]:
    """Cut a table into parts for training, validation and testing.

    Rows that belong together are in the same part: neither a flow nor, by ``"capture"``, a trace
    is ever in two of them. The same table and seed give the same parts, whatever the order of rows.

    Parameters
    ----------
    table : FlowTable
        Flows, traces or packets.
    by : str
        What belongs together: ``"capture"`` (a file), ``"client"`` (an initiator's address),
        ``"flow"``, ``"time"`` (what came earlier goes to the earlier part), or any column, such as
        ``"label_website"``.
    sizes : list of float
        How large the parts are: shares of the rows, 1 together. Groups are kept whole, so sizes are
        met as nearly as groups allow.
    stratify : str, optional
        A column, such as ``"label_website"``, whose values each part is to have in these shares. A
        group counts for the value that most of its rows have.
    seed : int
        Another number gives other parts. By ``"time"``, nothing is left to chance.

    Returns
    -------
    list of FlowTable
        The parts, with the rows of each in the order of the table.

    Raises
    ------
    ValueError
        There are fewer groups than parts, a part would be empty, or sizes are none.

    Examples
    --------
    >>> import flowloom as fl
    >>> flows = fl.read_flows("samples/browsing.pcapng")
    >>> train, test = fl.split(flows, by="flow", sizes=(0.75, 0.25))
    >>> len(train), len(test)
    (27, 9)
    """
    shares = _shares(sizes)
    if by == "time":
        if stratify is not None:
            raise ValueError("by time, there is nothing to choose: leave out stratify")
        parts = _by_time(table, shares)
    else:
        parts = _by_group(table, by, shares, stratify, seed)
    return [table.take(np.flatnonzero(parts == part)) for part in range(len(shares))]


def _shares(sizes: Sequence[float]) -> npt.NDArray[np.float64]:
    shares = np.asarray(sizes, dtype=np.float64)
    if shares.ndim != 1 or not len(shares) or not (shares > 0).all():
        raise ValueError(f"sizes are shares above 0, not {sizes!r}")
    if abs(shares.sum() - 1) > 1e-6:
        raise ValueError(f"sizes are {shares.sum():g} together, not 1")
    return shares


def _by_group(
    table: FlowTable,
    by: str,
    shares: npt.NDArray[np.float64],
    stratify: str | None,
    seed: int,
) -> npt.NDArray[np.int64]:
    strata = None if stratify is None else _numbered(table, stratify)[0]
    groups, keys = _groups(table, by)
    count = len(keys)
    if count < len(shares):
        raise ValueError(
            f"{count} groups by {by!r} are not enough for {len(shares)} parts: give more captures, "
            "or say with by= what else belongs together"
        )
    rows = np.bincount(groups, minlength=count)
    shuffled = np.argsort(_mix(keys + _mix(np.full(1, seed, np.uint64))), kind="stable")
    part_of = np.empty(count, dtype=np.int64)
    if strata is None:
        part_of[shuffled] = _cut(rows[shuffled], shares)
        return part_of[groups]
    stratum_of = _most_frequent(groups, strata, count)
    few = 0
    for stratum in np.unique(stratum_of):
        here = shuffled[stratum_of[shuffled] == stratum]
        few += len(here) < len(shares)
        part_of[here] = _cut(rows[here], shares)
    if few:
        warnings.warn(
            f"{few} values of {stratify} have fewer groups than there are parts: "
            "they are missing in some",
            # Behind flowloom.split and the function of this module.
            stacklevel=4,
        )
    empty = np.setdiff1d(np.arange(len(shares)), part_of)
    if len(empty):
        raise ValueError(
            f"nothing would be left for {len(empty)} of {len(shares)} parts: values of {stratify} "
            f"have too few groups by {by!r}; leave out stratify, or say with by= what else belongs "
            "together"
        )
    return part_of[groups]


def _cut(rows: npt.NDArray[np.int64], shares: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """The part of each group, in the order of groups; none is empty if there are enough."""
    middles = np.cumsum(rows) - rows / 2
    ends = np.searchsorted(middles, np.cumsum(shares)[:-1] * rows.sum())
    parts = len(shares)
    if len(rows) >= parts:
        for part in range(parts - 1):
            at_least = ends[part - 1] + 1 if part else 1
            ends[part] = min(max(ends[part], at_least), len(rows) - (parts - 1 - part))
    return np.searchsorted(ends, np.arange(len(rows)), side="right")


def _by_time(table: FlowTable, shares: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Flows by their first time; what began at the same time stays together."""
    name = next((name for name in _TIMES if name in table.columns), None)
    if name is None:
        raise ValueError(f"a split by time needs one of the columns {', '.join(_TIMES)}")
    times = np.asarray(table[name]).view(np.int64)
    flows, keys = _groups(table, "flow")
    began = np.full(len(keys), np.iinfo(np.int64).max)
    np.minimum.at(began, flows, times)
    moments, group = np.unique(began[flows], return_inverse=True)
    if len(moments) < len(shares):
        raise ValueError(f"all rows began at {len(moments)} times, too few for {len(shares)} parts")
    return _cut(np.bincount(group), shares)[group]


def _groups(table: FlowTable, by: str) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint64]]:
    """The number of each row's group, and what names each group."""
    columns = table.columns
    if by == "flow":
        captures, names = (
            _numbered(table, "capture")
            if "capture" in columns
            else (np.zeros(len(table), np.int64), np.zeros(1, np.uint64))
        )
        if "flow_id" not in columns:
            raise ValueError("a split by flow needs the column flow_id")
        ids = np.asarray(table["flow_id"]).astype(np.uint64)
        of_rows = _mix(names[captures] ^ _mix(ids))
        keys, groups = np.unique(of_rows, return_inverse=True)
        return groups, keys
    name = "src_ip" if by == "client" and "client" not in columns else by
    if name not in columns:
        raise ValueError(f"by={by!r} needs a column {name}, which the table does not have")
    return _numbered(table, name)


def _numbered(table: FlowTable, name: str) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint64]]:
    """The values of a column as numbers from 0, and a hash of each value."""
    from hashlib import blake2b

    numbers: dict[Any, int] = {}
    column = table[name]
    if not isinstance(column, np.ndarray):
        raise TypeError(f"{name} has lists, which name no groups")
    rows = [numbers.setdefault(value, len(numbers)) for value in column.tolist()]
    digests = [blake2b(repr(value).encode(), digest_size=8).digest() for value in numbers]
    keys = np.frombuffer(b"".join(digests), dtype="<u8").astype(np.uint64)
    return np.array(rows, dtype=np.int64), keys


def _most_frequent(
    groups: npt.NDArray[np.int64], values: npt.NDArray[np.int64], count: int
) -> npt.NDArray[np.int64]:
    """For each group the value that most of its rows have; of several, the first."""
    pairs, times = np.unique(np.stack([groups, values], 1), axis=0, return_counts=True)
    best = np.lexsort((-pairs[:, 1], times, pairs[:, 0]))
    found = np.zeros(count, dtype=np.int64)
    # The last of each group is written last.
    found[pairs[best, 0]] = pairs[best, 1]
    return found


def _mix(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Numbers that look like chance, and are the same everywhere (SplitMix64's finalizer)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


_TIMES = ("start_time", "time", "timestamp")
"""Columns that say when a row began, the best first."""
