"""What is known of columns before they have a value: the catalogue."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from . import _native
from ._options import meant, names
from .errors import ConfigError


class Column(NamedTuple):
    """What is known of a column."""

    name: str
    """Its name."""
    data_type: str
    """The type of its values, such as ``i64``, ``text`` or ``list<i32>``."""
    nullable: bool
    """Whether values can be missing."""
    doc: str
    """What a value is."""
    unit: str
    """What it counts or measures."""
    role: str
    """What it may be used for: identity, time, feature, label or account."""
    family: str
    """The feature set it belongs to."""
    population: str = ""
    """The packets that it is computed from."""


def features(sets: str | Sequence[str] | None = None) -> list[Column]:
    """The columns there are: the catalogue, which :func:`read_flows` takes `features` from.

    Parameters
    ----------
    sets : str or list of str, optional
        Feature sets [all].

    Raises
    ------
    ConfigError
        There is no such set.

    Examples
    --------
    >>> import flowloom as fl
    >>> [column.name for column in fl.features("sequences")][:3]
    ['sequence_total', 'sequence_truncated', 'directions']
    >>> {column.family for column in fl.features()} >= {"core", "statistics", "tls", "quic"}
    True
    """
    import json

    columns = [
        Column(
            **{key: said[key] for key in ("name", "nullable", "doc", "unit", "role", "population")},
            data_type=said["type"].replace("timestamp(ns, UTC)", "time"),
            family=said["set"],
        )
        for said in json.loads(_native.catalogue())
    ]
    if sets is None:
        return columns
    known = list(dict.fromkeys(column.family for column in columns))
    wanted = names(sets)
    for name in wanted:
        if name not in known:
            others = meant(name, known) or f"; there are {', '.join(known)}"
            raise ConfigError(f"no feature set {name!r}{others}")
    return [column for column in columns if column.family in wanted]


def absent(name: str, columns: Sequence[str]) -> str:
    """What to say of a column that a table does not have: which one is meant, or how to get it."""
    for column in features():
        if column.name == name:
            return f"no column {name!r} here: read_flows gives it with the set {column.family!r}"
    return f"no column {name!r}{meant(name, columns)}"


def described(field: tuple[str, str, bool, list[tuple[str, str]]]) -> Column:
    """A column of a table, by the metadata of its field."""
    name, data_type, nullable, pairs = field
    said = dict(pairs)
    doc, unit, role, family, population = (
        said.get(key, "") for key in ("doc", "unit", "role", "family", "population")
    )
    return Column(name, data_type, nullable, doc, unit, role, family, population)
