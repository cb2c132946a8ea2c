"""A table of flows: Arrow underneath, NumPy, pandas, polars and pyarrow on top."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, overload

import numpy as np
import numpy.typing as npt

from . import _native, arrays, files
from ._extras import extra
from ._options import Path_
from .columns import Column, absent, described
from .ragged import Keep, Ragged, Side

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

    from .flow import Flow

Rows: TypeAlias = "int | np.integer[Any] | slice | Sequence[int] | npt.NDArray[Any]"


class FlowTable:
    """Rows and columns, as :func:`flowloom.read_flows` gives them.

    It speaks the Arrow PyCapsule protocol: ``pa.table(t)``, ``pl.DataFrame(t)`` and
    ``duckdb.sql("from t")`` take it without a copy.
    """

    def __init__(self, native: _native.Table, summary: Mapping[str, Any] | None) -> None:
        self._native = native
        self._summary = summary

    # Where it comes from, beside captures.

    @classmethod
    def read(cls, path: Path_) -> FlowTable:
        """Read a table that was written: by :meth:`write`, or by the command line.

        Parameters
        ----------
        path : path
            A Parquet or Arrow file, such as ``flowloom flows -o flows.parquet`` writes.

        Returns
        -------
        FlowTable
            As it was: rows, columns and what is known of them, settings, and what became of every
            capture.

        Raises
        ------
        ConfigError
            It is no such file; :meth:`from_arrow` takes the tables of others.

        Examples
        --------
        >>> import tempfile, flowloom as fl
        >>> flows = fl.read_flows("samples/browsing.pcapng", features="core,sequences")
        >>> with tempfile.TemporaryDirectory() as directory:
        ...     flows.write(f"{directory}/flows.parquet")
        ...     again = fl.FlowTable.read(f"{directory}/flows.parquet")
        >>> again.to_padded("directions", 100).shape
        (36, 100)
        """
        return cls(*files.read(path))

    @classmethod
    def from_arrow(cls, data: Any) -> FlowTable:
        """Take a table of another library: rows that were chosen there, or several tables in one.

        Parameters
        ----------
        data : object with ``__arrow_c_stream__``
            A table of pyarrow, polars, pandas (2.2 or later), or a relation of DuckDB. Values are
            copied; those of types that tables of flows do not have become such as hold them: all
            floats are 64 bits, all times nanoseconds in UTC.

        Returns
        -------
        FlowTable
            What is known of columns stays (pyarrow), or is what the catalogue says of columns of
            that name. Nothing is known of captures.

        Raises
        ------
        ConfigError
            A column has values that a table of flows does not hold.
        ModuleNotFoundError
            pyarrow is not installed.

        Examples
        --------
        >>> import flowloom as fl, polars as pl
        >>> flows = fl.read_flows("samples/browsing.pcapng", features="core,sequences")
        >>> long = pl.DataFrame(flows).filter(pl.col("packet_count") > 10)
        >>> fl.FlowTable.from_arrow(long).to_padded("directions", 50).shape
        (8, 50)
        """
        from ._arrow import taken

        return cls(taken(data), None)

    # What it is.

    def __len__(self) -> int:
        return self._native.num_rows

    def __iter__(self) -> Iterator[Flow]:
        """The rows as objects: see :class:`flowloom.Flow`."""
        from .flow import flows_of

        return flows_of(self)

    def __contains__(self, name: object) -> bool:
        """Whether there is a column of that name."""
        return name in self._types

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return list(self._types)

    @property
    def schema(self) -> list[Column]:
        """What is known of each column."""
        return [described(field) for field in self._native.fields()]

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return len(self), len(self.columns)

    @property
    def nbytes(self) -> int:
        """Bytes in memory."""
        return self._native.nbytes

    @property
    def settings(self) -> dict[str, str]:
        """The settings that the values depend on."""
        return dict(self._native.metadata())

    @property
    def captures(self) -> list[dict[str, Any]]:
        """What became of each capture: a dictionary for each."""
        return deepcopy(self._summary["captures"]) if self._summary else []

    @property
    def account(self) -> dict[str, Any]:
        """What became of every frame, over all captures."""
        return deepcopy(self._summary["total"]) if self._summary else {}

    # Parts of it.

    @overload
    def __getitem__(self, key: str) -> Any: ...
    @overload
    def __getitem__(self, key: Rows | list[str]) -> FlowTable: ...
    def __getitem__(self, key: str | Rows | list[str]) -> Any:
        """A column by its name, or a table of some columns (a list of names) or rows (a slice, a
        mask, row numbers, or one of them).

        For type checkers, a column may be anything: :meth:`column` says what it is.
        """
        if isinstance(key, str):
            return self.column(key)
        if isinstance(key, slice):
            start, stop, step = key.indices(len(self))
            if step == 1:
                return self._with(self._native.slice(start, max(0, stop - start)))
            return self.take(np.arange(start, stop, step))
        if isinstance(key, list) and all(isinstance(name, str) for name in key):
            return self.select(key)
        return self.take(key)

    def select(self, names: str | Iterable[str]) -> FlowTable:
        """The same rows with some of the columns, or with one."""
        names = [names] if isinstance(names, str) else list(names)
        for at, name in enumerate(names):
            self.column_type(name)
            if name in names[:at]:
                raise ValueError(f"{name!r} is named twice: a table has each column once")
        return self._with(self._native.select(names))

    def head(self, rows: int = 5) -> FlowTable:
        """The first rows."""
        return self[:rows]

    def take(self, rows: npt.ArrayLike) -> FlowTable:
        """Some rows: by a mask, or by their numbers in any order."""
        chosen = np.asarray(rows)
        if chosen.dtype == np.bool_:
            if chosen.shape != (len(self),):
                raise ValueError(f"a mask of shape {chosen.shape} for {len(self)} rows")
            chosen = np.flatnonzero(chosen)
        if chosen.size and not np.issubdtype(chosen.dtype, np.integer):
            raise TypeError(f"rows are numbers or a mask, not {chosen.dtype}")
        chosen = np.where(chosen < 0, chosen + len(self), chosen).astype(np.int64)
        if chosen.size and (chosen.min() < 0 or chosen.max() >= len(self)):
            raise IndexError("a row beyond the end of the table")
        return self._with(self._native.take(chosen.tobytes()))

    def column(self, name: str) -> npt.NDArray[Any] | Ragged:
        """The values of a column.

        Numbers, and true and false, as an array of their type (of floats, with NaN for what is
        missing, where something is); times as ``datetime64[ns]``; texts, structs and lists of these as an array of objects;
        lists of numbers as :class:`Ragged`, what is missing being empty.
        """
        data_type = self.column_type(name)
        parts = self.parts(name)
        if data_type in _DTYPES:
            return _joined([_numbers(part) for part in parts], _DTYPES[data_type])
        if data_type.startswith("list<") and data_type[5:-1] in _DTYPES:
            return _ragged(parts, _DTYPES[data_type[5:-1]])
        values = np.empty(len(self), dtype=object)
        at = 0
        for part in parts:
            listed = part.to_pylist()
            for value in listed:
                values[at] = value
                at += 1
        return values

    def parts(self, name: str) -> list[_native.Array]:
        """A column as it lies in memory: an Arrow array for each batch of rows."""
        return [self._native.array(i, name) for i in range(len(self._native.chunk_rows))]

    def column_type(self, name: str) -> str:
        """The type of a column's values."""
        if name not in self._types:
            raise KeyError(absent(name, self.columns))
        return self._types[name]

    def rows(self) -> Iterator[dict[str, Any]]:
        """Each row as a dictionary; times in nanoseconds since 1970."""
        names = self.columns
        for chunk in range(len(self._native.chunk_rows)):
            columns = [self._native.array(chunk, name).to_pylist() for name in names]
            for values in zip(*columns):
                yield dict(zip(names, values))

    @cached_property
    def _types(self) -> dict[str, str]:
        return {name: data_type for name, data_type, *_ in self._native.fields()}

    def _with(self, native: _native.Table) -> FlowTable:
        return type(self)(native, self._summary)

    # Arrays.

    @overload
    def to_padded(
        self,
        columns: str | Sequence[str],
        length: int,
        *,
        width: int | None = None,
        pad: float = 0,
        side: Side = "right",
        keep: Keep = "first",
        dtype: npt.DTypeLike | None = None,
        layout: Literal["channels-last", "channels-first"] = "channels-last",
        return_lengths: Literal[False] = False,
        return_mask: Literal[False] = False,
        out: Path_ | None = None,
    ) -> npt.NDArray[Any]: ...
    @overload
    def to_padded(
        self,
        columns: str | Sequence[str],
        length: int,
        *,
        width: int | None = None,
        pad: float = 0,
        side: Side = "right",
        keep: Keep = "first",
        dtype: npt.DTypeLike | None = None,
        layout: arrays.Layout = "channels-last",
        return_lengths: bool = False,
        return_mask: bool = False,
        out: Path_ | None = None,
    ) -> Any: ...
    def to_padded(
        self,
        columns: str | Sequence[str],
        length: int,
        *,
        width: int | None = None,
        pad: float = 0,
        side: Side = "right",
        keep: Keep = "first",
        dtype: npt.DTypeLike | None = None,
        layout: arrays.Layout = "channels-last",
        return_lengths: bool = False,
        return_mask: bool = False,
        out: Path_ | None = None,
    ) -> Any:
        """Lists as an array in which each has the same length.

        Parameters
        ----------
        columns : str or list of str
            A column of lists of numbers, or several of them. Times are nanoseconds.
        length : int
            How many items each row of the array has.
        width : int, optional
            Of ``header_bytes`` and ``payload_bytes``, whose items are the bytes of packets: how many
            of each, the first of them, with `pad` behind those that are fewer.
        pad : number
            What stands where a list has no items (left), and for lists that are missing.
        side : {"right", "left"}
            Where it stands: after a list's items, or before them.
        keep : {"first", "last"}
            Which items of a longer list are kept.
        dtype : dtype, optional
            The type of the array [the smallest that holds the columns' types and `pad`].
        layout : {"channels-last", "channels-first", "dict"}
            The shape for several columns; or an array for each column, in a dictionary.
        return_lengths : bool
            Whether to give, for each row, how many items it holds: those of its longest list.
        return_mask : bool
            Whether to give which places of each row hold items.
        out : path, optional
            A ``.npy`` file to write; the array is that file, mapped into memory.

        Returns
        -------
        X : ndarray
            Of shape (n, length) for one column that is given by its name; for a list of `c`
            columns (n, length, c), or (n, c, length) with the channels first; for one column of
            bytes (n, length, width).
        lengths : ndarray of int64, shape (n,)
            With ``return_lengths``.
        mask : ndarray of bool, shape (n, length)
            With ``return_mask``.

        Raises
        ------
        KeyError
            There is no such column.
        TypeError
            A column has no lists of numbers, or none of bytes where there is a `width`.
        ValueError
            A value or `pad` is beyond what the type can hold.
        OutputError
            The file cannot be written.

        Examples
        --------
        >>> import flowloom as fl
        >>> flows = fl.read_flows("samples/browsing.pcapng", features="core,sequences")
        >>> X, n = flows.to_padded("directions", 6, dtype="int8", return_lengths=True)
        >>> X[:2], n[:2]
        (array([[1, 1, 1, 1, 1, 0],
               [1, 0, 0, 0, 0, 0]], dtype=int8), array([5, 1]))
        >>> flows.to_padded(["directions", "packet_lengths"], 100).shape
        (36, 100, 2)
        >>> flows = fl.read_flows("samples/browsing.pcapng", features="core,bytes")
        >>> flows.to_padded("payload_bytes", 5, width=128).shape
        (36, 5, 128)
        """
        padded, lengths = arrays.to_padded(
            self, columns, length, width, pad, side, keep, dtype, layout, out
        )
        mask = arrays.mask_of(lengths, length, side) if return_mask else None
        asked = [lengths] * return_lengths + ([] if mask is None else [mask])
        return (padded, *asked) if asked else padded

    def to_numpy(
        self,
        columns: str | Sequence[str] | None = None,
        *,
        roles: str | Iterable[str] = "feature",
        fill_null: float | Mapping[str, float] | None = None,
        dtype: npt.DTypeLike = np.float64,
    ) -> npt.NDArray[Any]:
        """Numbers as a matrix: a row for each flow, a column for each feature.

        Parameters
        ----------
        columns : str or list of str, optional
            The columns, or the only one [:meth:`numeric_columns` of these roles].
        roles : str or list of str
            What columns may be used for; without ``identity`` and ``time``, a model cannot learn
            who spoke, or when.
        fill_null : number or dict of numbers, optional
            What stands where a value is missing, for all columns or by their names.
        dtype : dtype
            The type of the matrix.

        Returns
        -------
        ndarray, shape (n, n_columns)

        Raises
        ------
        KeyError
            There is no such column.
        TypeError
            A column has no numbers, or `dtype` is none of numbers.
        ValueError
            Values are missing, and ``fill_null`` does not say what stands for them: it names the
            columns. Or a value, or ``fill_null``, is beyond what the type can hold.

        Examples
        --------
        >>> import flowloom as fl
        >>> flows = fl.read_flows("samples/browsing.pcapng", features="core,statistics")
        >>> flows.to_numpy(["packet_count", "duration"])[0].round(4)
        array([5.    , 0.8101])
        >>> flows.to_numpy(fill_null=0).shape == (36, len(flows.numeric_columns()))
        True
        """
        if columns is None:
            columns = self.numeric_columns(roles)
        elif isinstance(columns, str):
            columns = [columns]
        return arrays.to_numpy(self, columns, fill_null, dtype)

    def numeric_columns(self, roles: str | Iterable[str] = "feature") -> list[str]:
        """The columns of some roles that have a number in each row: those of :meth:`to_numpy`."""
        return arrays.numeric_columns(self, roles)

    # The same for others.

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._native.__arrow_c_stream__(requested_schema)

    def to_arrow(self) -> pyarrow.Table:
        """As a table of pyarrow, without a copy."""
        with extra("pyarrow"):
            import pyarrow

        return pyarrow.table(self)

    def to_pandas(self) -> pandas.DataFrame:
        """As a data frame of pandas; lists become arrays, times are of UTC.

        As pandas has it, whole numbers of which some are missing (ports of ICMP) are floats, with
        NaN there; ``to_arrow().to_pandas(types_mapper=pandas.ArrowDtype)`` keeps them whole.
        """
        with extra("pandas"):
            import pandas

        return pandas.DataFrame({name: _for_pandas(self.column(name)) for name in self.columns})

    def to_polars(self) -> polars.DataFrame:
        """As a data frame of polars, without a copy."""
        with extra("polars"):
            import polars

        return polars.DataFrame(self)

    def to_dict(self) -> dict[str, list[Any]]:
        """As a dictionary of lists."""
        chunks = range(len(self._native.chunk_rows))
        return {
            name: [value for i in chunks for value in self._native.array(i, name).to_pylist()]
            for name in self.columns
        }

    def write(self, path: Path_, *, format: files.Format | None = None) -> None:
        """Write a file, as ``flowloom flows -o`` does; one that is there is replaced.

        CSV and JSON are compressed where the name ends in ``.gz``, ``.zst`` or ``.lz4``.
        In CSV, texts that a spreadsheet would take for formulas get an apostrophe in front. Parquet
        and Arrow files carry what is known of columns, the settings, and what was lost.

        Parameters
        ----------
        path : path
            Where to. It has its name only when it is whole.
        format : {"parquet", "arrow", "csv", "json", "jsonl"}, optional
            How it is written [what the name's ending says].

        Raises
        ------
        ConfigError
            Neither says a format.
        OutputError
            The file cannot be written.
        """
        files.write(self._native, dict(self._summary or {}), path, format)

    def to_parquet(self, path: Path_) -> None:
        """Write an Apache Parquet file; see :meth:`write`."""
        self.write(path, format="parquet")

    def to_csv(self, path: Path_) -> None:
        """Write comma-separated values (RFC 4180); see :meth:`write`."""
        self.write(path, format="csv")

    def to_json(self, path: Path_, *, lines: bool = False) -> None:
        """Write an array of objects as JSON, or an object per line; see :meth:`write`."""
        self.write(path, format="jsonl" if lines else "json")

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (self._native.to_ipc(), self._summary)

    # For people.

    def __repr__(self) -> str:
        lost = ", " + _counted(len(self.losses), "losses") if self.losses else ""
        rows, columns = _counted(len(self), "rows"), _counted(len(self.columns), "columns")
        return f"FlowTable({rows}, {columns}{lost})"

    def _repr_html_(self) -> str:
        import html

        shown = [name for name in _SHOWN if name in self.columns] or self.columns[:10]
        head = "".join(f"<th>{html.escape(name)}</th>" for name in shown)
        times = {name for name in shown if self.column_type(name) == "time"}
        body = "".join(
            "<tr>"
            + "".join(f"<td>{html.escape(_cell(row[n], n in times))}</td>" for n in shown)
            + "</tr>"
            for row in self[:10].select(shown).rows()
        )
        said = f"{_counted(len(self), 'rows')}, {_counted(len(self.columns), 'columns')}"
        lost = "".join(f"<li>{html.escape(_printable(text))}</li>" for text in self.losses[:10])
        more = f"<li>and {len(self.losses) - 10} more</li>" if len(self.losses) > 10 else ""
        lost = f"<p>Lost on the way:</p><ul>{lost}{more}</ul>" if lost else ""
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        return f"<div>{table}<p>{said}</p>{lost}</div>"

    @property
    def losses(self) -> list[str]:
        """What was lost on the way, each as a sentence; empty if nothing was."""
        told = [text for c in self.captures for text in (c["damage"], c["error"]) if text]
        counted = {
            f"limit {name} reached": count
            for name, count in self.account.get("limits_reached", {}).items()
        }
        counted["frames malformed"] = sum(self.account.get("frames_malformed", {}).values())
        counted["frames of unknown links"] = sum(
            self.account.get("frames_unknown_link", {}).values()
        )
        counted["fragments without the rest"] = self.account.get("fragments_unresolved", 0)
        counted["bytes missing in streams"] = self.account.get("stream_bytes_lost", 0)
        return told + [f"{what}: {count:,}" for what, count in counted.items() if count]


def _restored(ipc: bytes, summary: Mapping[str, Any] | None) -> FlowTable:
    return FlowTable(_native.from_ipc(ipc), summary)


def _numbers(array: _native.Array) -> npt.NDArray[Any]:
    values = np.asarray(array.values())
    present = array.present()
    if array.data_type == "time":
        values = values.view("datetime64[ns]")
        if present is not None:
            values = np.where(np.asarray(present), values, np.datetime64("NaT"))
    elif present is not None:
        values = np.where(np.asarray(present), values.astype(np.float64), np.nan)
    return values


def _joined(parts: list[npt.NDArray[Any]], dtype: str) -> npt.NDArray[Any]:
    if not parts:
        return np.empty(0, dtype=dtype)
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _ragged(parts: list[_native.Array], dtype: str) -> Ragged:
    items, starts, at = [], [np.zeros(1, dtype=np.int64)], 0
    for part in parts:
        offsets = np.asarray(part.offsets()).astype(np.int64)
        items.append(_numbers(part.items())[offsets[0] : offsets[-1]])
        starts.append(offsets[1:] - offsets[0] + at)
        at = int(starts[-1][-1]) if len(starts[-1]) else at
    return Ragged(_joined(items, dtype), np.concatenate(starts))


def _for_pandas(values: npt.NDArray[Any] | Ragged) -> Any:
    if isinstance(values, Ragged):
        return list(values)
    if np.issubdtype(values.dtype, np.datetime64):
        import pandas

        return pandas.DatetimeIndex(values).tz_localize("UTC")
    return values


def _cell(value: object, is_time: bool) -> str:
    if isinstance(value, int) and is_time:
        return str(np.datetime64(value, "ns")).replace("T", " ")
    text = "" if value is None else _printable(str(value))
    return text if len(text) <= 40 else text[:39] + "…"


def _counted(number: int, plural: str) -> str:
    one = "loss" if plural == "losses" else plural.removesuffix("s")
    return f"1 {one}" if number == 1 else f"{number:,} {plural}"


def _printable(text: str) -> str:
    """Without what controls a terminal or turns the direction of writing."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


_DTYPES = {**arrays.NUMBERS, "time": "datetime64[ns]"}
"""Types of values that are numbers to NumPy."""

_SHOWN = (
    "flow_id",
    "start_time",
    "protocol",
    "src_ip",
    "src_port",
    "dst_ip",
    "dst_port",
    "application",
    "server_name",
    "packet_count",
    "byte_count",
    "duration",
)
"""The columns that a notebook shows."""
