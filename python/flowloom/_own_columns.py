"""Own features as columns of tables."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import reprlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias, cast

import numpy as np
import numpy.typing as npt

from . import _native
from ._block import Block
from ._jobs import warn
from ._options import instant
from .columns import Column, absent
from .columns import features as catalogue
from .errors import ConfigError, FeatureError, Interrupted
from .export import as_json
from .flow import Flow
from .own import (
    BaseIncrementalFeature,
    Feature,
    OnFeatureError,
    called,
    get_feature_registry,
    named,
)
from .packets import PacketList
from .ragged import Ragged
from .table import FlowTable

Own: TypeAlias = "Feature | BaseIncrementalFeature | str"


class OwnColumns:
    """Own features that tables get as columns.

    Attributes
    ----------
    sets : list of str
        The feature sets that they need besides those that are read anyway.
    without : list of str
        The columns to leave out but for those that they look at.
    columns : list of str
        The columns that are wanted and those that they look at, where columns are named.
    """

    def __init__(
        self,
        own: Sequence[Own],
        features: Sequence[str],
        on_error: OnFeatureError,
        without: Sequence[str] = (),
        columns: Sequence[str] = (),
    ) -> None:
        if isinstance(own, (str, Feature, BaseIncrementalFeature)):
            own = [own]
        for one in own:
            _check(one)
        taken = set(columns) or {column.name for column in catalogue([*features])}
        for name in map(_name, own):
            if name in taken:
                raise _taken(name)
            taken.add(name)
        self._own = {_name(one): one for one in own}
        self._on_error: OnFeatureError = on_error
        looked_at = _columns_for(self._own)
        self.sets = [] if columns else sets_for(self._own, features)
        self.without = [name for name in without if name not in looked_at]
        self._hidden = looked_at.intersection(without)
        self.columns = list(columns)
        if columns:
            self._hidden = looked_at.difference(columns)
            self.columns += sorted(self._hidden)

    def check_labels(self, columns: Sequence[Column]) -> None:
        """Whether a column of labels has the name of one: those are known when a run begins."""
        for column in columns:
            if column.role == "label" and column.name in self._own:
                raise _taken(column.name)

    def added(self, table: FlowTable) -> FlowTable:
        """A table with their columns, and without those that were read for them alone.

        Of an interruption, the result has them as far as they were computed.
        """
        values: dict[str, list[Any]] = {name: [] for name in self._own}
        self._tell_of_long_flows(table)
        try:
            at = 0
            for rows in table._native.chunk_rows:
                chunk = table[at : at + rows]
                at += rows
                for name, found in _of_chunk(chunk, self._own, self._on_error).items():
                    values[name] += found
            return self._with(table, values, self._on_error)
        except KeyboardInterrupt as stopped:
            raise Interrupted(self._with(table, values, "null")) from stopped

    def _tell_of_long_flows(self, table: FlowTable) -> None:
        """Features that are told of packets are told of those in the sequences."""
        if incremental(self._own):
            lengths = cast("Ragged", table["directions"]).lengths
            is_cut = np.asarray(table["sequence_truncated"])
            if many := int((is_cut & (lengths == _PACKETS_MAX)).sum()):
                warn(
                    f"{many:,} flows have more packets than features are told of: the first "
                    f"{_PACKETS_MAX:,}, unless max_packets says otherwise"
                )

    def uncomputed(self, table: FlowTable) -> FlowTable:
        """The same with nothing computed: their values are missing."""
        return self._with(table, {name: [] for name in self._own}, self._on_error)

    def _with(
        self, table: FlowTable, values: Mapping[str, list[Any]], on_error: OnFeatureError
    ) -> FlowTable:
        """A table with values of the first rows as columns."""
        kept = [
            column.name
            for column in table.schema
            if column.family not in self.sets and column.name not in self._hidden
        ]
        native = table.select(kept)._native if len(kept) < len(table.columns) else table._native
        for name, one in self._own.items():
            described = [("doc", _doc(one)), ("role", "feature"), ("family", "own")]
            missing = [None] * (len(table) - len(values[name]))
            made = array(name, values[name] + missing, _dtype(one), table, on_error)
            native = native.with_column(name, made, described)
        return FlowTable(native, table._summary)


def _check(one: object) -> None:
    """Before anything is read: whether it is a feature, and of a type that columns have."""
    if not isinstance(one, (str, Feature, BaseIncrementalFeature)):
        what = f"the class {one.__name__}" if isinstance(one, type) else f"a {type(one).__name__}"
        raise TypeError(
            "a feature is made with fl.feature(...), or is an instance of a subclass of "
            f"fl.BaseIncrementalFeature, or a name that is registered; not {what}"
        )
    array(_name(one), [], _dtype(one), None, "raise")


def _taken(name: str) -> ConfigError:
    return ConfigError(
        f"feature {name!r}: there is a column of that name: call the feature something else"
    )


def sets_for(own: Mapping[str, Own], features: Sequence[str]) -> list[str]:
    """The feature sets that own features need besides those that are read anyway."""
    needed: list[str] = []
    for one in own.values():
        if isinstance(one, Feature):
            needed += [_set_of(column) for column in one.needs]
        else:
            needed += ["core", "sequences"]
    if incremental(own):
        needed.append("frames")
    return [name for name in dict.fromkeys(needed) if name not in features]


def _columns_for(own: Mapping[str, Own]) -> set[str]:
    """The columns that own features look at."""
    named = {column for one in own.values() if isinstance(one, Feature) for column in one.needs}
    if all(isinstance(one, Feature) for one in own.values()):
        return named
    # A function of a flow may ask it for anything.
    return named.union(column.name for column in catalogue(["core", "sequences", "frames"]))


def incremental(own: Mapping[str, Own]) -> dict[str, BaseIncrementalFeature]:
    """The incremental features among own features and those that registered ones depend on."""
    registered = [one for one in own.values() if isinstance(one, str)]
    given = {name: one for name, one in own.items() if isinstance(one, BaseIncrementalFeature)}
    return {**get_feature_registry().incremental_of(registered), **given}


def array(
    name: str,
    values: Sequence[Any],
    dtype: str,
    flows: FlowTable | None,
    on_error: OnFeatureError,
) -> _native.Array:
    """Values of a declared type as an Arrow array; ``None`` is missing. Of which flows they are is
    for errors."""
    try:
        return _array(values, dtype)
    except _NOT_OF_TYPE as error:
        if on_error == "null":
            return _array([value if _is_of_type(value, dtype) else None for value in values], dtype)
        if flows is not None:
            what, ids = _ids(flows)
            for flow, value in zip(ids, values, strict=True):
                _check_value(name, f"{what} {flow}", value, dtype)
        raise ConfigError(
            f"feature {name!r}: its values are not of type {dtype}: {error}"
        ) from error


def run_incremental(
    flows: Sequence[Flow],
    processors: Mapping[str, BaseIncrementalFeature],
    on_error: OnFeatureError,
) -> None:
    """Tells incremental features of the packets of some flows, in the order of the capture; their
    values are in the flows then."""
    packets = [PacketList(flow._block, flow._row) for flow in flows]
    for flow, own in zip(flows, packets, strict=True):
        flow.__dict__["packets"] = own
    order = _in_order(flows)
    for name, processor in processors.items():
        failed = _told(name, processor, flows, packets, order, on_error)
        for number, flow in enumerate(flows):
            if number in failed:
                flow._own[name] = None
            else:
                flow._own[name] = called(name, processor.get_value, flow, on_error=on_error)


def vectorised(chunk: FlowTable, one: Feature, on_error: OnFeatureError) -> list[Any]:
    """The values of a function of columns, a value for each row."""
    try:
        values = _listed(one.function(chunk), _dtype(one))
        if len(values) != len(chunk):
            raise ValueError(f"it gave {len(values)} values for {len(chunk)} flows")
    except Exception as error:
        if on_error == "null":
            return [None] * len(chunk)
        what, ids = _ids(chunk)
        what = "rows" if what == "row" else what
        raise FeatureError(one.name, f"{ids[0]} to {ids[-1]}", error, what) from error
    return values


def _listed(values: Any, dtype: str) -> list[Any]:
    """What a function of columns gave, as a list."""
    if hasattr(values, "to_pylist"):
        # Items of pyarrow's arrays are no values of Python.
        return cast("list[Any]", values.to_pylist())
    if not isinstance(values, np.ndarray):
        return list(values)
    if values.ndim > 1 and not dtype.startswith(("list<", "json")):
        raise ValueError(f"it gave an array of shape {values.shape}: not one {dtype} for each")
    # NumPy makes numbers or datetimes of instants, depending on their unit.
    return list(values) if values.dtype.kind in "mM" else cast("list[Any]", values.tolist())


def _ids(table: FlowTable) -> tuple[str, Sequence[int]]:
    """How errors name the flows of a table: as flows by their numbers, or as rows by theirs."""
    if "flow_id" not in table:
        return "row", range(len(table))
    return "flow", cast("list[int]", cast("Any", table["flow_id"]).tolist())


def _told(
    name: str,
    processor: BaseIncrementalFeature,
    flows: Sequence[Flow],
    packets: Sequence[PacketList],
    order: Sequence[tuple[int, int]],
    on_error: OnFeatureError,
) -> set[int]:
    """Tells a feature of all packets; the numbers of the flows for which it fails."""
    failed = _begun(name, processor, flows, on_error)
    if not failed:
        update = processor.update
        try:
            for number, index in order:
                update(flows[number], packets[number][index])
            return failed
        except Exception as error:
            if on_error == "raise":
                raise FeatureError(name, named(flows[number]), error) from error
        # From the beginning, without the flows for which it fails.
        failed = _begun(name, processor, flows, on_error)
    for number, index in order:
        if number in failed:
            continue
        if _fails(name, processor.update, on_error, flows[number], packets[number][index]):
            failed.add(number)
    return failed


def _begun(
    name: str, processor: BaseIncrementalFeature, flows: Sequence[Flow], on_error: OnFeatureError
) -> set[int]:
    initialize = processor.initialize
    numbers = range(len(flows))
    return {number for number in numbers if _fails(name, initialize, on_error, flows[number])}


def _fails(name: str, function: Any, on_error: OnFeatureError, *values: Any) -> bool:
    try:
        function(*values)
    except Exception as error:
        if on_error == "raise":
            raise FeatureError(name, named(values[0]), error) from error
        return True
    return False


def _in_order(flows: Sequence[Flow]) -> list[tuple[int, int]]:
    """Flow and place of each packet, capture by capture, in the order of their frames."""
    if not flows:
        return []
    numbers: dict[str, int] = {}
    captures = [numbers.setdefault(flow.capture, len(numbers)) for flow in flows]
    lengths, frames, times, all_known = [], [], [], True
    for flow in flows:
        block, row = flow._block, flow._row
        came = block.sequence("times_ns", row)
        found = block.frames(row) if "frame_numbers" in block.names else None
        all_known = all_known and found is not None
        lengths.append(len(came))
        frames.append(np.full(len(came), flow.flow_id) if found is None else np.array(found[0]))
        # The packets of a flow stay in their order, whatever its times do.
        times.append(np.maximum.accumulate(came))
    owners = np.repeat(np.arange(len(flows)), lengths)
    indexes = np.arange(len(owners)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    keys = [np.concatenate(frames), np.repeat(captures, lengths)]
    if not all_known:
        # Which frames packets of cut lists came in is not known, nor those of joined fragments.
        keys.insert(1, np.concatenate(times))
    order = np.lexsort(keys)
    return list(zip(owners[order].tolist(), indexes[order].tolist(), strict=True))


def _of_chunk(
    chunk: FlowTable, own: Mapping[str, Own], on_error: OnFeatureError
) -> dict[str, Iterable[Any]]:
    found: dict[str, Iterable[Any]] = {}
    flows: list[Flow] | None = None
    for name, one in own.items():
        if isinstance(one, Feature):
            found[name] = vectorised(chunk, one, on_error)
            continue
        if flows is None:
            block = Block(chunk)
            # Tables never have them: that they are empty says nothing of a flow.
            block.needs_bytes = True
            flows = [Flow(block, row) for row in range(len(chunk))]
            run_incremental(flows, incremental(own), on_error)
        if isinstance(one, BaseIncrementalFeature):
            found[name] = [flow._own[name] for flow in flows]
        else:
            registry = get_feature_registry()
            selected = [registry.extract_selected(flow, [name], on_error) for flow in flows]
            found[name] = [values[name] for values in selected]
    return found


def _array(values: Sequence[Any], dtype: str) -> _native.Array:
    values = _with_none(values)
    if dtype == "json":
        return _native.Array.texts([None if value is None else as_json(value) for value in values])
    if dtype in ("text", "str"):
        return _native.Array.texts([_text(value) for value in values])
    if dtype.startswith("list<"):
        return _lists(values, dtype[5:-1])
    return _numbers(values, _numpy_type(dtype))


def _with_none(values: Sequence[Any]) -> Sequence[Any]:
    """The values, with ``None`` for what NumPy and pandas have in its place."""
    if {kind.__name__ for kind in set(map(type, values))}.isdisjoint(_NOTHING):
        return values
    return [None if _is_nothing(value) else value for value in values]


def _is_nothing(value: Any) -> bool:
    if isinstance(value, np.datetime64):
        return bool(np.isnat(value))
    return type(value).__name__ in _NOTHING


def _is_of_type(value: Any, dtype: str) -> bool:
    try:
        _array([value], dtype)
    except _NOT_OF_TYPE:
        return False
    return True


def _check_value(name: str, where: str, value: Any, dtype: str) -> None:
    """Whether a value alone is of a type."""
    try:
        _array([value], dtype)
    except _NOT_OF_TYPE as error:
        raise ConfigError(
            f"feature {name!r} of {where}: {reprlib.repr(value)} is not of type {dtype}: {error}"
        ) from error


def _text(value: Any) -> str | None:
    # What pandas has where a text is missing is a float.
    if value is None or (isinstance(value, (float, np.floating)) and np.isnan(value)):
        return None
    if not isinstance(value, str):
        kind = type(value).__name__
        raise TypeError(f"texts are str, not {kind}: make one of it, or declare another dtype")
    return str(value)


def _numbers(values: Sequence[Any], declared: np.dtype[Any]) -> _native.Array:
    name, stored = _column(declared)
    if declared.kind == "M":
        values = [None if value is None else _nanoseconds(value, declared) for value in values]
        declared = stored
    present = np.array([value is not None for value in values], dtype=np.bool_)
    given = [value for value in values if value is not None]
    known = np.array(given)
    if known.dtype.kind == "f" and declared.kind in "iu":
        # Whole numbers beside floats stay as they are.
        known = np.array(given, dtype=object)
    if known.shape != (present.sum(),):
        raise ValueError("some are no single values")
    if known.dtype.kind not in "biufO" or not _holds(declared, known):
        raise ValueError(f"these are {_VALUES[declared.kind]}")
    filled = np.zeros(len(values), stored)
    filled[present] = known.astype(stored)
    missing = None if present.all() else present.tobytes()
    return _native.Array.numbers(name, filled.tobytes(), missing)


def _holds(declared: np.dtype[Any], values: npt.NDArray[Any]) -> bool:
    """Whether a type has these values; floats may round, but not to infinity."""
    with np.errstate(all="ignore"):
        try:
            made = values.astype(declared)
        except (OverflowError, ValueError):
            return False
    if declared.kind != "f":
        return np.array_equal(made, values)
    return not bool((np.isinf(made) & np.isfinite(values.astype(np.float64))).any())


def _nanoseconds(value: Any, declared: np.dtype[Any]) -> int:
    """An instant; a whole number counts units of its type since 1970."""
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool):
        # To NumPy, a type without a unit is none that instants can have.
        is_plain = np.datetime_data(declared)[0] == "generic"
        value = np.int64(value).astype("datetime64[ns]" if is_plain else declared)
    elif isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        value = np.datetime64(value)
    elif not isinstance(value, (dt.datetime, np.datetime64)):
        raise TypeError(f"these are datetimes or whole numbers, not {type(value).__name__}")
    return cast("int", instant(value))


def _lists(values: Sequence[Any], dtype: str) -> _native.Array:
    if any(isinstance(value, str) for value in values):
        raise TypeError("these are lists, not str")
    lists = [[] if value is None else list(value) for value in values]
    offsets = [0, *np.cumsum([len(one) for one in lists]).tolist()] if lists else [0]
    joined = [item for one in lists for item in one]
    items = _array(joined, dtype)
    present = np.array([value is not None for value in values], dtype=np.bool_)
    return _native.Array.lists(items, offsets, None if present.all() else present.tobytes())


def _column(declared: np.dtype[Any]) -> tuple[str, np.dtype[Any]]:
    """The type of a column, and NumPy's of what lies in it."""
    code = "M8" if declared.kind == "M" else declared.str[1:]
    if code not in _COLUMNS:
        raise ConfigError(f"no column has type {declared}; take {', '.join(_COLUMNS)}")
    name, stored = _COLUMNS[code]
    return name, np.dtype(stored)


def _numpy_type(dtype: npt.DTypeLike | None) -> np.dtype[Any]:
    # To NumPy, None is a float.
    if dtype is not None:
        with contextlib.suppress(TypeError, ValueError):
            return np.dtype(dtype)
    raise ConfigError(
        f"{dtype!r} is no type of a column: it is f8, i8, i4, i1, u1, u2, bool, text, json, "
        "datetime64[ns], or a list of these as list<f8>"
    )


def _set_of(column: str) -> str:
    sets = {known["name"]: str(known["set"]) for known in json.loads(_native.catalogue())}
    if column not in sets:
        raise ConfigError(absent(column, list(sets)))
    return sets[column]


def _name(one: Own) -> str:
    return one if isinstance(one, str) else one.name


def _dtype(one: Own) -> str:
    """The type of a column as it is written: types of NumPy and Python have names, too."""
    declared: npt.DTypeLike | None
    if isinstance(one, str):
        declared = get_feature_registry().described(one)[0]
    elif isinstance(one, BaseIncrementalFeature) and one.dtype is None:
        declared = one.feature_type.dtype
    else:
        declared = one.dtype
    if isinstance(declared, str):
        return declared
    found = _numpy_type(declared)
    return "text" if found.kind == "U" else found.name


def _doc(one: Own) -> str:
    if isinstance(one, str):
        said = get_feature_registry().described(one)[1]
    else:
        said = one.__doc__ or ""
    return said.strip().split("\n")[0]


_NOT_OF_TYPE = (TypeError, ValueError, OverflowError, RecursionError)
"""What is raised by values that are not of a type."""
_NOTHING = ("NAType", "NaTType", "MaskedConstant", "datetime64")
"""Types of what is, or may be, in the place of a value."""
_COLUMNS = {
    "f8": ("f64", "f8"),
    "f4": ("f64", "f8"),
    "i8": ("i64", "i8"),
    "i4": ("i32", "i4"),
    "i2": ("i32", "i4"),
    "i1": ("i8", "i1"),
    "u1": ("u8", "u1"),
    "u2": ("u16", "u2"),
    "u4": ("i64", "i8"),
    "b1": ("bool", "?"),
    "M8": ("time", "i8"),
}
"""By NumPy's codes of types, the columns that hold them, and what lies in these."""
_VALUES = {
    "b": "True, False, 0 or 1",
    "f": "real numbers of that size",
    "i": "whole numbers of that size",
    "u": "whole numbers of that size",
}
"""What values are, by the kind of their type."""

_PACKETS_MAX = 65_536
"""Packets in a sequence, where nobody has said how many."""
