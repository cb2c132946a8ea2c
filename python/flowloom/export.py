"""Flows as data frames, dictionaries, CSV, JSON and Parquet.

One row per flow: what :meth:`flowloom.Flow.to_dict` has; a column ``feature.SEQUENCE.STATISTIC`` for
each statistic, such as ``feature.packet_lengths.mean``; the sequences themselves as
``feature.packet_lengths``; skewness, kurtosis and coefficient of variation; own features as
``feature.NAME``.
"""

from __future__ import annotations

import json
import math
import os
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from ._extras import extra
from ._options import Path_
from ._scratch import publish, scratch
from ._statistics import NAMES
from .errors import ConfigError
from .flow import SEQUENCES, STATISTICS

if TYPE_CHECKING:
    import pandas

    from .flow import Flow

SHAPES = ("skew", "kurt", "cv")
"""Statistics whose columns are behind the sequences, so that those before them keep their places."""


def to_dataframe(flows: Iterable[Flow]) -> pandas.DataFrame:
    """Flows as a data frame of pandas, one row each; sequences are lists.

    Examples
    --------
    >>> import flowloom as fl
    >>> flows = fl.Analyzer().analyze_file("samples/browsing.pcapng")
    >>> df = fl.to_dataframe(flows)
    >>> bool(df["feature.packet_lengths.mean"].min() > 0)
    True
    """
    with extra("pandas"):
        import pandas

    return pandas.DataFrame(to_list_of_dicts(flows, flatten_features=True))


def to_dict(flows: Iterable[Flow], include_features: bool = True) -> list[dict[str, Any]]:
    """Flows as dictionaries; ``features`` has the sequences, their statistics, and ``own``."""
    return to_list_of_dicts(flows, flatten_features=False, include_features=include_features)


def to_list_of_dicts(
    flows: Iterable[Flow], flatten_features: bool = False, *, include_features: bool = True
) -> list[dict[str, Any]]:
    """Flows as dictionaries, with features as dictionaries in them or beside the rest."""
    rows = []
    for flow in flows:
        row = flow.to_dict()
        if include_features and flatten_features:
            row.update(_flat(flow))
        elif include_features:
            row["features"] = flow.features.to_dict()
            if flow.get_features():
                row["features"]["own"] = flow.get_features()
        rows.append(row)
    return rows


def to_json(
    flows: Iterable[Flow], path: Path_, include_features: bool = True, indent: int | None = 2
) -> None:
    """Writes flows to a file as a list of objects; bytes are in hexadecimal."""
    found = to_dict(flows, include_features)
    with _whole(path) as file:
        json.dump(_finite(found), file, indent=indent, default=_plain, allow_nan=False)


def to_csv(flows: Iterable[Flow], path: Path_, include_features: bool = True) -> None:
    """Writes flows to a file, one line each; lists and objects are JSON.

    Cells that a spreadsheet would take for a formula have a ``'`` before them.
    """
    import csv

    rows = to_list_of_dicts(flows, flatten_features=True, include_features=include_features)
    names = _columns(rows)
    with _whole(path, newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(names)
        writer.writerows([_cell(row.get(name)) for name in names] for row in rows)


def to_parquet(flows: Iterable[Flow], path: Path_, include_features: bool = True) -> None:
    """Writes flows to a file as Parquet; what they say is JSON. Needs pyarrow."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise ImportError("Parquet needs pyarrow: pip install 'flowloom[pyarrow]'") from error
    rows = to_list_of_dicts(flows, flatten_features=True, include_features=include_features)
    columns = {name: [_storable(row.get(name)) for row in rows] for name in _columns(rows)}
    arrays = {name: _arrow(pyarrow, values) for name, values in columns.items()}
    name = scratch(path)
    try:
        pyarrow.parquet.write_table(pyarrow.table(arrays), name)
        publish(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def as_json(value: Any) -> str:
    """A value as JSON; keys become text, bytes hexadecimal, and numbers that are none null."""
    try:
        return json.dumps(value, default=_plain, allow_nan=False)
    except (TypeError, ValueError):
        return json.dumps(_finite(value), default=_plain, allow_nan=False)


class FlowExporter:
    """Exports flows, always in the same way.

    Parameters
    ----------
    include_features : bool
        Whether sequences and statistics are exported.
    flatten_features : bool
        Whether :meth:`to_dict` has a key for each feature.
    """

    def __init__(self, include_features: bool = True, flatten_features: bool = False) -> None:
        self.include_features = include_features
        self.flatten_features = flatten_features

    def to_dataframe(self, flows: Iterable[Flow]) -> pandas.DataFrame:
        """See :func:`to_dataframe`."""
        with extra("pandas"):
            import pandas

        rows = to_list_of_dicts(
            flows, flatten_features=True, include_features=self.include_features
        )
        return pandas.DataFrame(rows)

    def to_dict(self, flows: Iterable[Flow]) -> list[dict[str, Any]]:
        """See :func:`to_dict`."""
        return to_list_of_dicts(
            flows, self.flatten_features, include_features=self.include_features
        )

    def to_json(self, flows: Iterable[Flow], path: Path_, indent: int | None = 2) -> None:
        """See :func:`to_json`."""
        with _whole(path) as file:
            found = _finite(self.to_dict(flows))
            json.dump(found, file, indent=indent, default=_plain, allow_nan=False)

    def to_csv(self, flows: Iterable[Flow], path: Path_) -> None:
        """See :func:`to_csv`."""
        to_csv(flows, path, self.include_features)

    def to_parquet(self, flows: Iterable[Flow], path: Path_) -> None:
        """See :func:`to_parquet`."""
        to_parquet(flows, path, self.include_features)

    def save(self, flows: Iterable[Flow], path: Path_) -> None:
        """Writes a file as its name ends: ``.json``, ``.csv`` or ``.parquet``."""
        ending = Path(path).suffix.lower()
        writers = {".json": self.to_json, ".csv": self.to_csv, ".parquet": self.to_parquet}
        if ending not in writers:
            raise ConfigError(f"{os.fspath(path)!r} ends with none of {', '.join(writers)}")
        writers[ending](flows, path)


@contextmanager
def _whole(path: Path_, newline: str | None = None) -> Iterator[TextIO]:
    """A text file that has its name only when it is whole."""
    name = scratch(path)
    try:
        with open(name, "w", encoding="utf-8", newline=newline) as file:
            yield file
        publish(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _flat(flow: Flow) -> dict[str, Any]:
    row: dict[str, Any] = {}
    stats = flow.stats
    for name, value in stats.items():
        if isinstance(value, Mapping):
            row.update(
                (f"feature.{name}.{statistic}", value[statistic])
                for statistic in NAMES
                if statistic not in SHAPES
            )
        else:
            row[f"feature.{name}"] = value
    features = flow.features
    for name in SEQUENCES:
        series = getattr(features, name)
        if flow._block.shows(name) and (len(series) or not name.startswith("tcp_")):
            row[f"feature.{name}"] = series.tolist()
    for name in STATISTICS:
        if name in stats:
            row.update((f"feature.{name}.{shape}", stats[name][shape]) for shape in SHAPES)
    row.update((f"feature.{name}", value) for name, value in flow.get_features().items())
    return row


def _columns(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The columns of all rows, in the order in which they come first."""
    return list(dict.fromkeys(name for row in rows for name in row))


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, str):
        # Taking off the first apostrophe of a cell always gives the text back.
        guarded = "'" + value if value.startswith(_FORMULA) else value
        return "".join(c if c.isprintable() or c in "\t\r\n" else _escaped(c) for c in guarded)
    if isinstance(value, (bool, int, float)):
        return value
    return as_json(value)


def _escaped(c: str) -> str:
    return f"\\u{ord(c):04x}" if unicodedata.category(c) == "Cc" else c


def _storable(value: Any) -> Any:
    """A value as a column of Parquet has it."""
    is_plain = value is None or isinstance(value, (*_SINGLE, list, dict))
    plain = value if is_plain else _plain(value)
    if plain is None or isinstance(plain, _SINGLE):
        return plain
    if isinstance(plain, list) and all(isinstance(item, (int, float, str)) for item in plain):
        return plain
    return as_json(plain)


def _arrow(pyarrow: Any, values: list[Any]) -> Any:
    """A column; of values that have no type in common, their JSON."""
    try:
        return pyarrow.array(values)
    except (pyarrow.ArrowInvalid, pyarrow.ArrowTypeError, OverflowError):
        return pyarrow.array([None if value is None else as_json(value) for value in values])


def _finite(value: Any) -> Any:
    """The same without what JSON has no word for: keys that are no text, numbers that are none."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _finite(one) for key, one in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_finite(one) for one in value]
    return _finite(value.tolist()) if hasattr(value, "tolist") else value


def _plain(value: Any) -> Any:
    """What JSON has for a value that it does not know."""
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).hex()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (set, frozenset, tuple)):
        return list(value)
    return str(value)


_SINGLE = (str, bool, int, float)
"""What a cell of a column holds as it is."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")
"""What spreadsheets begin formulas with."""
