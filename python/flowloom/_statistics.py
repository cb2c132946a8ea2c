"""Statistics of many lists at once: one pass over the items of all flows, not one per flow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from .ragged import Ragged

NAMES = (
    "mean",
    "std",
    "var",
    "min",
    "max",
    "range",
    "median",
    "sum",
    "up_mean",
    "up_std",
    "up_min",
    "up_max",
    "up_sum",
    "up_count",
    "down_mean",
    "down_std",
    "down_min",
    "down_max",
    "down_sum",
    "down_count",
    "count",
    "skew",
    "kurt",
    "cv",
)
"""What :class:`ListStatistics` knows of each list."""


class ListStatistics:
    """Statistics of each list, over the values without their signs.

    ``up_*`` are over what is greater than 0, ``down_*`` over what is less; zeros are in neither.
    Variances are of the population. ``skew`` and ``kurt`` are Fisher's and Pearson's g1 and g2 (the
    latter in excess of the normal distribution's), ``cv`` is the deviation over the mean. What is
    not defined, as the mean of nothing, is 0.

    Parameters
    ----------
    lists : Ragged
        Numbers with the sign of their direction.
    """

    def __init__(self, lists: Ragged) -> None:
        self._items = lists.items.astype(np.float64)
        self._starts = lists.offsets
        self._known: dict[str, npt.NDArray[np.float64]] = {}
        self._listed: dict[str, list[float]] = {}

    def __getitem__(self, name: str) -> npt.NDArray[np.float64]:
        """A statistic of every list, shape (n_lists,)."""
        if name not in self._known:
            self._compute(name)
        return self._known[name]

    def values(self, name: str) -> list[float]:
        """The same as numbers of Python."""
        if name not in self._listed:
            self._listed[name] = self[name].tolist()
        return self._listed[name]

    def _compute(self, name: str) -> None:
        if name == "median":
            self._known[name] = _medians(np.abs(self._items), self._starts)
        elif name.startswith("up_"):
            self._directional("up_", self._items > 0)
        elif name.startswith("down_"):
            self._directional("down_", self._items < 0)
        else:
            self._known.update(_moments(np.abs(self._items), self._starts, with_shape=True))

    def _directional(self, prefix: str, chosen: npt.NDArray[np.bool_]) -> None:
        before = np.concatenate([[0], np.cumsum(chosen)])
        found = _moments(np.abs(self._items[chosen]), before[self._starts], with_shape=False)
        self._known.update({prefix + name: values for name, values in found.items()})


class StatisticsView(Mapping[str, Any]):
    """The statistics of one list, computed with those of all others when one is asked for."""

    __slots__ = ("_index", "_of")

    def __init__(self, of: ListStatistics, index: int) -> None:
        self._of = of
        self._index = index

    def __getitem__(self, name: str) -> Any:
        if name not in NAMES:
            raise KeyError(name)
        value = self._of.values(name)[self._index]
        return int(value) if name.endswith("count") else value

    def __iter__(self) -> Iterator[str]:
        return iter(NAMES)

    def __len__(self) -> int:
        return len(NAMES)

    def __repr__(self) -> str:
        return repr(dict(self))


def largest(values: npt.NDArray[Any], starts: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
    """The largest value of each list, 0 for one without items."""
    return _reduced(np.maximum, values, starts)


def sums(values: npt.NDArray[Any], starts: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
    """The sum of each list, 0 for one without items."""
    return _reduced(np.add, values, starts)


def _moments(
    values: npt.NDArray[np.float64], starts: npt.NDArray[np.int64], *, with_shape: bool
) -> dict[str, npt.NDArray[np.float64]]:
    counts = np.diff(starts)
    total = sums(values, starts)
    mean = _over(total, counts)
    apart = values - np.repeat(mean, counts)
    squares = apart * apart
    var = _over(sums(squares, starts), counts)
    std = np.sqrt(var)
    low = _reduced(np.minimum, values, starts)
    high = _reduced(np.maximum, values, starts)
    found = {
        "mean": mean,
        "std": std,
        "var": var,
        "min": low,
        "max": high,
        "range": high - low,
        "sum": total,
        "count": counts.astype(np.float64),
    }
    if with_shape:
        # Of equal values, rounding alone makes a deviation.
        spread = np.where(high > low, std, 0.0)
        found["skew"] = _over(_over(sums(squares * apart, starts), counts), spread**3)
        fourth = _over(_over(sums(squares * squares, starts), counts), spread**4)
        found["kurt"] = np.where(spread > 0, fourth - 3.0, 0.0)
        found["cv"] = _over(std, mean)
    return found


def _medians(
    values: npt.NDArray[np.float64], starts: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    counts = np.diff(starts)
    owner = np.repeat(np.arange(len(counts)), counts)
    ordered = values[np.lexsort((values, owner))]
    if not len(ordered):
        return np.zeros(len(counts))
    last = len(ordered) - 1
    lower = ordered[np.minimum(starts[:-1] + np.maximum(counts - 1, 0) // 2, last)]
    upper = ordered[np.minimum(starts[:-1] + counts // 2, last)]
    return np.where(counts > 0, (lower + upper) / 2.0, 0.0)


def _reduced(
    how: np.ufunc, values: npt.NDArray[Any], starts: npt.NDArray[np.int64]
) -> npt.NDArray[Any]:
    """A ufunc over each list; 0 for one without items, which ``reduceat`` cannot do."""
    filled = np.flatnonzero(np.diff(starts))
    reduced = np.zeros(len(starts) - 1, dtype=values.dtype)
    if len(filled):
        reduced[filled] = how.reduceat(values[: starts[-1]], starts[filled])
    return reduced


def _over(above: npt.NDArray[Any], below: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """A quotient; 0 where it is not defined."""
    quotient = np.zeros(len(above), dtype=np.float64)
    np.divide(above, below, out=quotient, where=below != 0)
    return quotient
