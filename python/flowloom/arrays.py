"""Tables to arrays: lists padded to one length, and numbers as a matrix."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from . import _native
from ._options import Path_, whole
from ._scratch import publish, scratch
from .ragged import (
    Keep,
    Side,
    as_numbers,
    check,
    dtype_for,
    fill,
    holds,
    of_numbers,
    refuse_misfits,
)

if TYPE_CHECKING:
    from .table import FlowTable

Layout: TypeAlias = Literal["channels-last", "channels-first", "dict"]
Array: TypeAlias = "npt.NDArray[Any]"


def to_padded(
    table: FlowTable,
    columns: str | Sequence[str],
    length: int,
    width: int | None,
    pad: float,
    side: Side,
    keep: Keep,
    dtype: npt.DTypeLike | None,
    layout: Layout,
    out: Path_ | None,
) -> tuple[Array | dict[str, Array], npt.NDArray[np.int64]]:
    """The array or arrays of :meth:`FlowTable.to_padded`, and the lengths."""
    check(length, side, keep)
    if layout not in ("channels-last", "channels-first", "dict"):
        raise ValueError(f"layout is channels-last, channels-first or dict, not {layout!r}")
    if layout == "dict" and out is not None:
        raise ValueError("out= is one array in one file: choose another layout than dict")
    if isinstance(columns, str) and table.column_type(columns) == "list<binary>":
        if width is None:
            raise TypeError(f"{columns} has the bytes of packets: say how many of each as width=")
        whole("width", width, 1)
        cube = (len(table), length, width)
        of_bytes, packets = _padded_bytes(table, columns, cube, pad, side, keep, dtype, out)
        return {columns: of_bytes} if layout == "dict" else of_bytes, packets
    if width is not None:
        raise TypeError("width is of one column of bytes, such as payload_bytes")
    names = [columns] if isinstance(columns, str) else list(columns)
    if not names:
        raise ValueError("no column to pad")
    kinds = [_item_dtype(table, name) for name in names]
    lengths = np.zeros(len(table), dtype=np.int64)
    if layout == "dict":
        arrays = {}
        for name, kind in zip(names, kinds):
            arrays[name] = np.full((len(table), length), pad, dtype_for([kind], pad, dtype))
            _fill(table, name, arrays[name], lengths, side, keep)
        return arrays, np.minimum(lengths, length)
    shape: tuple[int, ...] = (len(table), length)
    if not isinstance(columns, str):
        channels = len(names)
        shape = (*shape, channels) if layout == "channels-last" else (len(table), channels, length)
    with _Target(out, shape, dtype_for(kinds, pad, dtype), pad) as padded:
        for channel, name in enumerate(names):
            of_one = padded
            if len(shape) == 3:
                at_last = layout == "channels-last"
                of_one = padded[:, :, channel] if at_last else padded[:, channel]
            _fill(table, name, of_one, lengths, side, keep)
    return padded, np.minimum(lengths, length)


def _padded_bytes(
    table: FlowTable,
    name: str,
    shape: tuple[int, int, int],
    pad: float,
    side: Side,
    keep: Keep,
    dtype: npt.DTypeLike | None,
    out: Path_ | None,
) -> tuple[Array, npt.NDArray[np.int64]]:
    """The bytes of packets: an array of shape (n, length, width), and how many packets there are."""
    _, length, _ = shape
    lengths = np.zeros(len(table), dtype=np.int64)
    found = dtype_for([np.dtype(np.uint8)], pad, dtype)
    with _Target(out, shape, found, pad) as padded:
        at = 0
        for part in table.parts(name):
            here = slice(at, at + len(part))
            starts, of_lists = _lists(part)
            packets = part.items()
            places = np.arange(len(packets), dtype=np.int64)
            # Which packet is where; one beyond the last where there is none.
            which = np.full((len(part), length), len(packets), dtype=np.int64)
            fill(which, places, starts, of_lists, side, keep, name)
            offsets = np.asarray(packets.offsets()).astype(np.int64)
            _put_bytes(padded[here], which, np.asarray(packets.values()), offsets, name)
            lengths[here] = of_lists
            at += len(part)
    return padded, np.minimum(lengths, length)


def _put_bytes(
    padded: Array, which: Array, values: Array, offsets: npt.NDArray[np.int64], name: str
) -> None:
    """The bytes of packets into their places."""
    for column in range(which.shape[1]):
        there = np.flatnonzero(which[:, column] < len(offsets) - 1)
        packets = which[there, column]
        rows = padded[there, column]
        starts, ends = offsets[packets], offsets[packets + 1]
        fill(rows, values, starts, ends - starts, "right", "first", name)
        padded[there, column] = rows


def mask_of(lengths: npt.NDArray[np.int64], length: int, side: Side) -> npt.NDArray[np.bool_]:
    """Which places of padded rows hold items."""
    place = np.arange(length)
    return place >= length - lengths[:, None] if side == "left" else place < lengths[:, None]


def numeric_columns(table: FlowTable, roles: str | Iterable[str]) -> list[str]:
    """The columns of some roles that have one number in each row."""
    wanted = {roles} if isinstance(roles, str) else set(roles)
    unknown = wanted - {"identity", "time", "feature", "label", "account"}
    if unknown:
        known = "identity, time, feature, label, account"
        raise ValueError(f"{min(unknown)!r} is no role; there are {known}")
    return [c.name for c in table.schema if c.role in wanted and c.data_type in NUMBERS]


def to_numpy(
    table: FlowTable,
    columns: Sequence[str],
    fill_null: float | Mapping[str, float] | None,
    dtype: npt.DTypeLike | None,
) -> Array:
    """The matrix of :meth:`FlowTable.to_numpy`."""
    fills = fill_null if isinstance(fill_null, Mapping) else dict.fromkeys(columns, fill_null)
    for name in fills:
        table.column_type(name)
    matrix = np.empty((len(table), len(columns)), dtype=of_numbers(dtype))
    missing = []
    for place, name in enumerate(columns):
        if table.column_type(name) not in NUMBERS:
            raise TypeError(f"{name} has no numbers but {table.column_type(name)}: leave it out")
        at = 0
        for part in table.parts(name):
            here = matrix[at : at + len(part), place]
            if part.present() is not None and fills.get(name) is None:
                missing.append(name)
                break
            _put(part, here, fills.get(name), name)
            at += len(part)
    if missing:
        few = ", ".join(missing[:10]) + (f" and {len(missing) - 10} more" if missing[10:] else "")
        raise ValueError(
            f"values are missing in {len(missing)} of {len(columns)} columns ({few}): give a number "
            "for them as fill_null, such as fill_null=0 or fill_null=float('nan'), or leave them out"
        )
    return matrix


def _put(part: _native.Array, here: Array, fill_with: float | None, name: str) -> None:
    """Values into their place in a matrix; where they are missing, what stands for them."""
    values, present = np.asarray(part.values()), part.present()
    if present is None:
        refuse_misfits(values, here.dtype, name)
        here[:] = values
        return
    known = np.asarray(present)
    refuse_misfits(values[known], here.dtype, name)
    here[known] = values[known]
    if fill_with is None or known.all():
        return
    if not holds(here.dtype, fill_with):
        raise ValueError(
            f"{name}: {here.dtype} cannot hold fill_null={fill_with}: choose another of the two"
        )
    here[~known] = fill_with


def _item_dtype(table: FlowTable, name: str) -> np.dtype[Any]:
    data_type = table.column_type(name)
    item = data_type[5:-1] if data_type.startswith("list<") else ""
    if item == "time":
        return np.dtype(np.int64)
    if item not in NUMBERS:
        raise TypeError(f"{name} has no lists of numbers but {data_type}")
    return np.dtype(NUMBERS[item])


def _fill(
    table: FlowTable,
    name: str,
    padded: Array,
    lengths: npt.NDArray[np.int64],
    side: Side,
    keep: Keep,
) -> None:
    at = 0
    for part in table.parts(name):
        here = slice(at, at + len(part))
        starts, of_lists = _lists(part)
        items = as_numbers(np.asarray(part.items().values()))
        fill(padded[here], items, starts, of_lists, side, keep, name)
        lengths[here] = np.maximum(lengths[here], of_lists)
        at += len(part)


def _lists(part: _native.Array) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Where lists begin, and how long they are; those that are missing are empty."""
    offsets = np.asarray(part.offsets()).astype(np.int64)
    lengths = np.diff(offsets)
    present = part.present()
    if present is not None:
        lengths = np.where(np.asarray(present), lengths, 0)
    return offsets[:-1], lengths


class _Target:
    """A new array in memory, or in a file that has its name only when it is whole."""

    def __init__(
        self, out: Path_ | None, shape: tuple[int, ...], dtype: np.dtype[Any], pad: float
    ) -> None:
        self._path = None if out is None else os.fspath(out)
        self._hidden: str | None = None
        if self._path is None:
            self._array: Array = np.full(shape, pad, dtype=dtype)
            return
        self._hidden = scratch(self._path)
        try:
            mapped = np.lib.format.open_memmap(self._hidden, "w+", dtype=dtype, shape=shape)
            if pad != 0:
                mapped[...] = pad
        except BaseException:
            os.unlink(self._hidden)
            raise
        self._array = mapped

    def __enter__(self) -> Array:
        return self._array

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._path is None or self._hidden is None:
            return
        try:
            if kind is None:
                self._publish(self._hidden, self._path)
        finally:
            # It is still there if anything failed.
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self._hidden)

    def _publish(self, hidden: str, path: str) -> None:
        if isinstance(self._array, np.memmap):
            self._array.flush()
        publish(hidden, path)


NUMBERS = {
    "bool": "bool",
    "i8": "int8",
    "u8": "uint8",
    "u16": "uint16",
    "i32": "int32",
    "i64": "int64",
    "f64": "float64",
}
"""Types of values that are numbers to NumPy, and no times."""
