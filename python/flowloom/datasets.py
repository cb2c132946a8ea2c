"""Tables to parts for training and testing, which share no flow and no trace."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ._options import meant, whole

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
        What belongs together: ``"capture"`` (a file), ``"client"`` (an initiator's address; of
        traces, clients that share one are the same), ``"flow"``, ``"label"`` (all that have the
        same labels), ``"time"`` (what began earlier goes to the earlier part), or any column, such
        as ``"label_website"``: rows that have no value belong together, too.
    sizes : list of float
        How large the parts are: shares of the rows, 1 together. Groups are kept whole, and the
        largest are placed first, each into a part that still has room for it: so sizes are met
        nearly, if there are small groups to fill up with.
    stratify : str, optional
        A column, such as ``"label_website"``, or ``"label"`` for all labels together, whose values
        each part is to have in these shares. A group counts for the value that most of its rows
        have. Each part gets a group of each value that has enough of them.
    seed : int
        A number from 0 on; another one gives other parts. By ``"time"``, nothing is left to chance.

    Returns
    -------
    list of FlowTable
        The parts, with the rows of each in the order of the table.

    Raises
    ------
    ValueError
        There are fewer groups than parts, a part would be empty, or sizes or the seed are none.

    Examples
    --------
    >>> import flowloom as fl
    >>> flows = fl.read_flows("samples/browsing.pcapng")
    >>> train, test = fl.split(flows, by="flow", sizes=(0.75, 0.25))
    >>> len(train), len(test)
    (27, 9)
    """
    for what, column in (("by", by), ("stratify", stratify or "")):
        if not isinstance(column, str):
            raise TypeError(f"{what} is the name of one column, not {column!r}")
    shares = _shares(sizes)
    seed = whole("seed", seed, 0)
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
        raise ValueError(f"sizes are a list of shares above 0, such as (0.8, 0.2), not {sizes!r}")
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
    strata = None if stratify is None else _numbered(_values(table, stratify))[0]
    groups, keys = _groups(table, by)
    count = len(keys)
    if count < len(shares):
        raise ValueError(
            f"{count} groups by {by!r} are not enough for {len(shares)} parts: give more captures, "
            "or say with by= what else belongs together"
        )
    rows = np.bincount(groups, minlength=count)
    drawn = _mix(keys + _mix(np.full(1, seed, np.uint64)))
    if strata is None:
        return _placed(rows, drawn, shares)[groups]
    part_of = np.empty(count, dtype=np.int64)
    stratum_of = _most_frequent(groups, strata, count)
    few = 0
    for stratum in np.unique(stratum_of):
        here = np.flatnonzero(stratum_of == stratum)
        few += len(here) < len(shares)
        part_of[here] = _placed(rows[here], drawn[here], shares)
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


def _placed(
    rows: npt.NDArray[np.int64], drawn: npt.NDArray[np.uint64], shares: npt.NDArray[np.float64]
) -> npt.NDArray[np.int64]:
    """The part of each group, by what was drawn for it; none is empty if there are enough.

    The largest groups come first, while there is room for them. A group is the more likely to be
    in a part the more rows this still lacks, so that no part is one of large groups alone.
    """
    parts = len(shares)
    order = np.lexsort((drawn, -rows))
    chances = _mix(drawn) / 2.0**64
    part_of = np.full(len(rows), -1)
    lacks = shares * rows.sum()
    empty = np.full(parts, len(rows) >= parts)
    waiting = len(rows)
    for alike in np.split(order, np.flatnonzero(np.diff(rows[order])) + 1):
        size = rows[alike[0]]
        # Of many that are alike each part gets what it lacks, but for a few that are drawn for.
        wanted = np.maximum(lacks, 0) / np.maximum(lacks, 0).sum()
        counts = (wanted * max(0, len(alike) - parts)).astype(np.int64)
        at_once, rest = np.split(alike, [counts.sum()])
        part_of[at_once] = np.repeat(np.arange(parts), counts)
        lacks -= counts * size
        empty &= counts == 0
        waiting -= len(at_once)
        for group in rest:
            eligible = np.flatnonzero(empty | (waiting > empty.sum()))
            part = eligible[_drawn_part(size, chances[group], lacks[eligible])]
            part_of[group] = part
            lacks[part] -= size
            empty[part] = False
            waiting -= 1
    return part_of


def _drawn_part(size: int, chance: float, lacks: npt.NDArray[np.float64]) -> int:
    """A part that has room for a group, or that which lacks most; ``chance`` is from 0 to 1."""
    # Shares of whole numbers may be a hair less than whole.
    room = np.flatnonzero(size <= lacks + 1e-6)
    if not len(room):
        return int(np.argmax(lacks))
    ends = np.cumsum(lacks[room])
    return int(room[min(np.searchsorted(ends, chance * ends[-1], "right"), len(room) - 1)])


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
    """Flows by their first time; what began at the same time stays together.

    What has no time, such as a trace of no packet, comes first.
    """
    name = next((name for name in _TIMES if name in table.columns), None)
    if name is None:
        raise ValueError(f"a split by time needs one of the columns {', '.join(_TIMES)}")
    times = np.asarray(table[name]).view(np.int64)
    if name != "start_time" or "flow_id" in table.columns:
        flows, keys = _groups(table, "flow")
        began = np.full(len(keys), np.iinfo(np.int64).max)
        np.minimum.at(began, flows, times)
        times = began[flows]
    moments, group = np.unique(times, return_inverse=True)
    if len(moments) < len(shares):
        raise ValueError(f"all rows began at {len(moments)} times, too few for {len(shares)} parts")
    return _cut(np.bincount(group), shares)[group]


def _groups(table: FlowTable, by: str) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint64]]:
    """The number of each row's group, and what names each group."""
    columns = table.columns
    if by == "flow":
        captures, names = (
            _numbered(_values(table, "capture"))
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
    if name not in columns and not _label_columns(table, name):
        slip = "" if by in _WAYS else meant(by, [*_WAYS, *columns])
        raise ValueError(f"by={by!r} needs a column {name}, which the table does not have{slip}")
    if by == "client" and table.column_type(name) == "list<text>":
        return _numbered(_first_addresses(np.asarray(table[name])))
    return _numbered(_values(table, name))


def _values(table: FlowTable, name: str) -> list[Any]:
    """The values of a column, or of all labels, with None for each that is missing."""
    if labels := _label_columns(table, name):
        return list(zip(*(_values(table, label) for label in labels)))
    if table.column_type(name).startswith(("list", "struct")):
        raise TypeError(f"{name} has lists, which name no groups")
    column = np.asarray(table[name])
    if column.dtype.kind == "f":
        # Each NaN is another value to Python.
        column = np.where(np.isnan(column), np.array(None), column)
    values: list[Any] = column.tolist()
    return values


def _label_columns(table: FlowTable, name: str) -> list[str]:
    """The columns that are meant by ``"label"``; none if it names one column."""
    if name != "label" or name in table.columns:
        return []
    return [column for column in table.columns if column.startswith("label_")]


def _first_addresses(clients: Iterable[Sequence[str]]) -> list[str | None]:
    """For the addresses of each row the first, in order, of all that are linked to them.

    Addresses are linked that are in the same row: a client has one of IPv4 and some of IPv6, and
    not all of them in each of its traces.
    """
    before: dict[str, str] = {}

    def first(address: str) -> str:
        while (other := before.setdefault(address, address)) != address:
            # Half of the way is saved for those who come after.
            before[address] = before[other]
            address = other
        return address

    for addresses in clients:
        for address in addresses:
            one, other = sorted((first(addresses[0]), first(address)))
            before[other] = one
    return [first(addresses[0]) if len(addresses) else None for addresses in clients]


def _numbered(values: list[Any]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint64]]:
    """Values as numbers from 0, and a hash of each value, in the order of hashes."""
    from hashlib import blake2b

    hashes = {value: blake2b(repr(value).encode(), digest_size=8).digest() for value in set(values)}
    of_rows = np.frombuffer(b"".join(map(hashes.__getitem__, values)), dtype="<u8")
    keys, numbers = np.unique(of_rows.astype(np.uint64), return_inverse=True)
    return numbers, keys


def _most_frequent(
    groups: npt.NDArray[np.int64], values: npt.NDArray[np.int64], count: int
) -> npt.NDArray[np.int64]:
    """For each group the value that most of its rows have; of several, the lowest number."""
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


_WAYS = ("capture", "client", "flow", "label", "time")
"""What may belong together, besides rows with the same value of a column."""
_TIMES = ("start_time", "time", "timestamp")
"""Columns that say when a row began, the best first."""
