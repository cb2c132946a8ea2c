"""Tables of other libraries as tables of flows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from . import _native
from ._extras import extra
from .columns import Column, features
from .errors import ConfigError

if TYPE_CHECKING:
    import pyarrow


def taken(data: Any) -> _native.Table:
    """The table of :meth:`flowloom.FlowTable.from_arrow`."""
    with extra("pyarrow"):
        import pyarrow as pa
    if not hasattr(data, "__arrow_c_stream__"):
        raise TypeError(
            f"tables are what has __arrow_c_stream__, as those of pyarrow, polars, pandas and DuckDB "
            f"have: not {type(data).__name__}"
        )
    try:
        given = pa.table(data)
    except pa.ArrowException as error:
        raise ConfigError(f"this is no table that can be taken: {error}") from None
    if len(set(given.column_names)) < given.num_columns:
        raise ConfigError("several columns have the same name: a table of flows has each once")
    # What pandas calls the numbers of rows that were chosen.
    given = given.select([n for n in given.column_names if not re.fullmatch(_INDEX, n)])
    known = {column.name: column for column in features()}
    fields = [_field(pa, field, known.get(field.name)) for field in given.schema]
    schema = pa.schema(fields, _ours(given.schema.metadata))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema) as writer:
        for batch in given.to_batches(max_chunksize=_ROWS):
            writer.write_batch(_cast(pa, batch, schema))
    return _native.from_ipc(sink.getvalue().to_pybytes())


def _cast(pa: Any, batch: pyarrow.RecordBatch, schema: pyarrow.Schema) -> pyarrow.RecordBatch:
    columns = []
    for array, field in zip(batch.columns, schema):
        try:
            if pa.types.is_dictionary(array.type):
                # Views in dictionaries are not cast otherwise.
                words = array.dictionary.cast(field.type)
                array = pa.DictionaryArray.from_arrays(array.indices, words)
            column = array if array.type == field.type else array.cast(field.type)
        except pa.ArrowException as error:
            raise ConfigError(f"the column {field.name!r}: {error}") from None
        if not field.nullable and column.null_count:
            raise ConfigError(f"the column {field.name!r} lacks values that it says it has")
        if _has_gaps(pa, column):
            raise ConfigError(
                f"the column {field.name!r} has lists with missing items, which no table of flows has: "
                "fill them"
            )
        columns.append(column)
    return pa.record_batch(columns, schema=schema)


def _has_gaps(pa: Any, column: pyarrow.Array) -> bool:
    """Whether items of lists are missing."""
    if pa.types.is_list(column.type):
        items = column.flatten()
        return bool(items.null_count) or _has_gaps(pa, items)
    return pa.types.is_struct(column.type) and any(_has_gaps(pa, f) for f in column.flatten())


def _field(pa: Any, field: pyarrow.Field, known: Column | None) -> pyarrow.Field:
    """The field as tables of flows have it: with what the catalogue knows of it, if nobody else
    has said anything."""
    kind = _type(pa, field.type)
    if kind is None:
        raise ConfigError(
            f"the column {field.name!r} has values of type {field.type}, which a table of flows does "
            "not hold: cast it, or leave it out"
        )
    said = _ours(field.metadata)
    if not said and known is not None:
        keys = ("doc", "unit", "role", "family", "population")
        said = {key: str(getattr(known, key)) for key in keys}
    elif not said and field.name.startswith("label_"):
        said = {"role": "label"}
    return pa.field(field.name, kind, field.nullable, said)


def _ours(metadata: dict[bytes, bytes] | None) -> dict[str, str]:
    """What is said of a column or a table, without what other libraries note for themselves."""
    pairs = (metadata or {}).items()
    said = {key.decode("utf-8", "replace"): value for key, value in pairs}
    return {
        key: value.decode("utf-8", "replace")
        for key, value in said.items()
        if key not in ("pandas", "ARROW:schema") and not key.startswith("ARROW:extension")
    }


def _type(pa: Any, kind: pyarrow.DataType) -> pyarrow.DataType | None:
    """The type of tables of flows that holds these values."""
    t = pa.types
    if t.is_dictionary(kind):
        return _type(pa, kind.value_type)
    if kind in (pa.bool_(), pa.int8(), pa.uint8(), pa.uint16(), pa.int32(), pa.int64()):
        return kind
    if t.is_integer(kind):
        return pa.int32() if kind.bit_width < 32 else pa.int64()
    if t.is_floating(kind):
        return pa.float64()
    if t.is_timestamp(kind):
        return pa.timestamp("ns", "UTC")
    if (
        t.is_string(kind)
        or t.is_large_string(kind)
        or t.is_null(kind)
        or str(kind) == "string_view"
    ):
        return pa.string()
    if t.is_binary(kind) or t.is_large_binary(kind) or str(kind) == "binary_view":
        return pa.binary()
    if t.is_list(kind) or t.is_large_list(kind) or t.is_fixed_size_list(kind):
        item = _type(pa, kind.value_type)
        return None if item is None else pa.list_(pa.field("item", item, kind.value_field.nullable))
    if t.is_struct(kind):
        fields = [(field, _type(pa, field.type)) for field in kind]
        if all(found is not None for _, found in fields):
            return pa.struct([field.with_type(found) for field, found in fields])
    return None


_INDEX = r"__index_level_\d+__"

_ROWS = 16_384
"""Rows of a batch: few enough for the offsets of their lists."""
