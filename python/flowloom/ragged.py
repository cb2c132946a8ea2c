"""Lists of different lengths, and what makes arrays of one length of them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, Literal, TypeAlias, overload

import numpy as np
import numpy.typing as npt

from ._options import whole

Side: TypeAlias = Literal["right", "left"]
Keep: TypeAlias = Literal["first", "last"]


class Ragged(Sequence["npt.NDArray[Any]"]):
    """Lists of different lengths: the items of all of them, and where each begins.

    Parameters
    ----------
    items : ndarray, shape (n_items,)
        The items of all lists, one after the other.
    offsets : ndarray of int64, shape (n_lists + 1,)
        List ``i`` is ``items[offsets[i]:offsets[i + 1]]``.

    Examples
    --------
    >>> lists = Ragged.from_lists([[1, 2, 3], [], [4]])
    >>> lists[0], len(lists), lists.lengths
    (array([1, 2, 3]), 3, array([3, 0, 1]))
    >>> lists.to_padded(2)
    array([[1, 2],
           [0, 0],
           [4, 0]])
    """

    def __init__(self, items: npt.NDArray[Any], offsets: npt.NDArray[np.int64]) -> None:
        self.items = items
        self.offsets = offsets

    @classmethod
    def from_lists(
        cls, lists: Iterable[npt.ArrayLike], dtype: npt.DTypeLike | None = None
    ) -> Ragged:
        """Lists of Python, or arrays, put together."""
        arrays = [np.asarray(one, dtype=dtype) for one in lists]
        for one in arrays:
            if one.ndim != 1:
                raise ValueError(f"lists have one dimension, not {one.ndim}")
        filled = [one for one in arrays if one.size]
        items = np.concatenate(filled) if filled else np.empty(0, dtype=dtype)
        ends = np.cumsum([one.size for one in arrays], dtype=np.int64)
        return cls(items, np.concatenate([np.zeros(1, np.int64), ends]))

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @overload
    def __getitem__(self, index: int) -> npt.NDArray[Any]: ...
    @overload
    def __getitem__(self, index: slice | npt.NDArray[Any] | list[int]) -> Ragged: ...
    def __getitem__(
        self, index: int | slice | npt.NDArray[Any] | list[int]
    ) -> npt.NDArray[Any] | Ragged:
        """A list by its number, or some of them: by a slice, a mask, or their numbers."""
        if isinstance(index, slice):
            start, stop, step = index.indices(len(self))
            if step == 1:
                offsets = self.offsets[start : max(start, stop) + 1]
                return Ragged(self.items[offsets[0] : offsets[-1]], offsets - offsets[0])
            return self._taken(np.arange(start, stop, step))
        if not isinstance(index, (int, np.integer)):
            return self._taken(np.asarray(index))
        number = int(index) + len(self) if index < 0 else int(index)
        if not 0 <= number < len(self):
            raise IndexError(f"list {index} of {len(self)}")
        return self.items[self.offsets[number] : self.offsets[number + 1]]

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """How long each list is, shape (n_lists,)."""
        return np.diff(self.offsets)

    def tolist(self) -> list[list[Any]]:
        """As lists of Python."""
        return [one.tolist() for one in self]

    def to_padded(
        self,
        length: int,
        *,
        pad: float = 0,
        side: Side = "right",
        keep: Keep = "first",
        dtype: npt.DTypeLike | None = None,
    ) -> npt.NDArray[Any]:
        """As an array of shape (n_lists, length); times, of whatever unit, are nanoseconds. See
        :meth:`FlowTable.to_padded`."""
        check(length, side, keep)
        numbers = as_numbers(self.items)
        found = dtype_for([numbers.dtype], pad, dtype)
        padded = np.full((len(self), length), pad, dtype=found)
        fill(padded, numbers, self.offsets[:-1], self.lengths, side, keep, "these lists")
        return padded

    def _taken(self, rows: npt.NDArray[Any]) -> Ragged:
        if rows.dtype == np.bool_:
            if rows.shape != (len(self),):
                raise ValueError(f"a mask of shape {rows.shape} for {len(self)} lists")
            rows = np.flatnonzero(rows)
        if rows.size and rows.dtype.kind not in "iu":
            raise TypeError(f"lists are chosen by numbers or a mask, not {rows.dtype}")
        rows = rows.astype(np.int64)
        rows = np.where(rows < 0, rows + len(self), rows)
        if rows.size and (rows.min() < 0 or rows.max() >= len(self)):
            raise IndexError(f"a list beyond the last of {len(self)}")
        lengths = self.lengths[rows]
        ends = np.cumsum(lengths)
        within = np.arange(int(lengths.sum())) - np.repeat(ends - lengths, lengths)
        items = self.items[within + np.repeat(self.offsets[rows], lengths)]
        return Ragged(items, np.concatenate([np.zeros(1, np.int64), ends]))

    def __repr__(self) -> str:
        return f"Ragged({len(self):,} lists, {int(self.lengths.sum()):,} items, {self.items.dtype})"


def check(length: int, side: str, keep: str) -> None:
    """Refuses what cannot be meant."""
    whole("length", length, 1)
    if side not in ("right", "left"):
        raise ValueError(f"side is right or left, not {side!r}")
    if keep not in ("first", "last"):
        raise ValueError(f"keep is first or last, not {keep!r}")


def as_numbers(items: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The items; times, of whatever unit, as nanoseconds."""
    kind = items.dtype.kind
    return items.astype(f"{kind}8[ns]", copy=False).view(np.int64) if kind in "mM" else items


def dtype_for(
    dtypes: Sequence[np.dtype[Any]], pad: float, dtype: npt.DTypeLike | None = None
) -> np.dtype[Any]:
    """The type that was asked for, or the smallest that holds items of all these, and ``pad``."""
    found = of_numbers(np.result_type(*dtypes) if dtype is None else dtype)
    if holds(found, pad):
        return found
    if dtype is not None:
        raise ValueError(f"{found} cannot hold pad={pad}: choose another of the two")
    # NumPy names float16 for numbers that are 0 there, and no number at all beyond 64 bits.
    wider = (np.result_type(found, kind) for kind in (np.min_scalar_type(pad), "f4", "f8"))
    return next(kind for kind in wider if kind.kind in _KINDS and holds(kind, pad))


def of_numbers(dtype: npt.DTypeLike | None) -> np.dtype[Any]:
    """The type itself, which has to be one of numbers."""
    found = np.dtype(dtype)
    if found.kind not in _KINDS:
        raise TypeError(f"arrays are of numbers, not of {found}")
    return found


def holds(dtype: np.dtype[Any], value: float) -> bool:
    """Whether a value would stay what it is; floats round, but not to infinity or 0."""
    if dtype.kind == "f":
        with np.errstate(all="ignore"):
            held = float(dtype.type(float(value)))
        return math.isfinite(held) == math.isfinite(value) and (held == 0) == (value == 0)
    bounds = (0, 1) if dtype.kind == "b" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    return float(value).is_integer() and bounds[0] <= value <= bounds[1]


def fill(
    padded: npt.NDArray[Any],
    items: npt.NDArray[Any],
    starts: npt.NDArray[np.int64],
    lengths: npt.NDArray[np.int64],
    side: Side,
    keep: Keep,
    name: str,
) -> None:
    """Puts lists into the rows of an array that holds ``pad`` everywhere.

    Lists lie one after the other among the items; there may be others between them.
    """
    length = padded.shape[1]
    rows = max(1, _CELLS // length)
    for at in range(0, len(padded), rows):
        here = slice(at, at + rows)
        kept = np.minimum(lengths[here], length)
        chosen = _chosen(items, starts[here], lengths[here], kept, keep)
        refuse_misfits(chosen, padded.dtype, name)
        place = np.arange(length)
        cells = place >= length - kept[:, None] if side == "left" else place < kept[:, None]
        padded[here][cells] = chosen


def _chosen(
    items: npt.NDArray[Any],
    starts: npt.NDArray[np.int64],
    lengths: npt.NDArray[np.int64],
    kept: npt.NDArray[np.int64],
    keep: Keep,
) -> npt.NDArray[Any]:
    """The items that are kept of lists, one after the other."""
    first, end = int(starts[0]), int(starts[-1] + lengths[-1])
    # Before each list, what belongs to none.
    between = starts - np.concatenate([starts[:1], (starts + lengths)[:-1]])
    if end - first == int(kept.sum()):
        return items[first:end]
    cut = lengths - kept
    none = np.zeros_like(cut)
    runs = np.stack([between, *((cut, kept, none) if keep == "last" else (none, kept, cut))], 1)
    wanted = np.tile(np.array([False, False, True, False]), len(starts))
    kept_items: npt.NDArray[Any] = items[first:end][np.repeat(wanted, runs.ravel())]
    return kept_items


def refuse_misfits(items: npt.NDArray[Any], dtype: np.dtype[Any], name: str) -> None:
    """Raises where an item would become another value."""
    if np.can_cast(items.dtype, dtype) or not items.size:
        return
    if dtype.kind == "f":
        # Floats round, but not to infinity. What is infinite, or no number, stays so.
        largest = np.abs(items).max(initial=0, where=np.isfinite(items))
        if float(largest) > float(np.finfo(dtype).max):
            raise ValueError(f"{name}: {dtype} cannot hold {largest}: choose another dtype")
        return
    is_float = items.dtype.kind == "f"
    broken = items[items != np.floor(items)][:1] if is_float else items[:0]
    low, high = (0, 1) if dtype.kind == "b" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    extremes = np.array([items.min(), items.max()])
    # As a float, the largest integer of 64 bits is one more than it is.
    above = np.greater_equal if is_float and float(high) != high else np.greater
    values = [*broken, *extremes[(extremes < low) | above(extremes, high)]]
    if values or not np.isfinite(extremes).all():
        value = values[0] if values else np.nan
        raise ValueError(f"{name}: {dtype} cannot hold {value}: choose another dtype")


_KINDS = "buif"
"""Kinds of numbers: booleans, unsigned and signed integers, floats."""

_CELLS = 1 << 22
"""Cells of a padded array that are filled at once: its masks take as many bytes."""
