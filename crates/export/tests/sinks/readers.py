"""Reads a file that flowloom wrote with a library that is not flowloom's, and prints what it found.

    readers.py READER FILE TYPES

READER is pyarrow-parquet, pyarrow-arrow, duckdb-parquet, csv, json or jsonl; TYPES is a JSON array
of pairs, column name and type. Printed is a JSON object: `rows`, arrays of values in the order of TYPES,
times as nanoseconds, bytes and the bits of floats as hexadecimal digits; and `fields` and `metadata`
where the format has them. Ends with code 77 if the library is not installed.
"""

import csv
import json
import struct
import sys
from datetime import datetime, timezone

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def nanoseconds(text):
    assert len(text) == len("2024-05-01T12:00:00.000000001Z") and text[-1] == "Z", text
    whole = datetime.strptime(text[:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc)
    since = whole - EPOCH
    return (since.days * 86_400 + since.seconds) * 10**9 + int(text[20:29])


def fields_of(kind):
    """The fields of `struct<name: type, ...>`, where the types may have commas."""
    fields, depth, start = [], 0, 0
    inside = kind[len("struct<") : -1]
    for at, sign in enumerate(inside + ","):
        depth += (sign in "<(") - (sign in ">)")
        if sign == "," and depth == 0:
            fields.append(inside[start:at].strip().split(": ", 1))
            start = at + 1
    return dict(fields)


def canonical(value, kind):
    """A value as it is printed, from what a text format's parser gave."""
    if value is None:
        return None
    if kind.startswith("list<"):
        assert isinstance(value, list), value
        return [canonical(item, kind[5:-1]) for item in value]
    if kind.startswith("struct<"):
        fields = fields_of(kind)
        assert list(value) == list(fields), value
        return {name: canonical(value[name], fields[name]) for name in fields}
    if kind == "f64":
        return struct.pack(">d", value).hex()
    if kind == "binary":
        return value.hex() if isinstance(value, bytes) else bytes.fromhex(value).hex()
    if kind.startswith("timestamp"):
        return value if isinstance(value, int) else nanoseconds(value)
    expected = {"bool": bool, "text": str}.get(kind, int)
    assert type(value) is expected, (value, kind)
    return value


def from_cell(cell, kind):
    if cell == "":
        return None
    if kind == "text":
        assert cell[0] not in "=+-@\t\r\n＝＋－＠", cell
        return cell[1:] if cell[0] == "'" else cell
    if kind == "binary" or kind.startswith("timestamp"):
        return cell
    if kind.startswith(("list<", "struct<")):
        assert cell[0] in "[{", cell
        assert not any(ord(sign) < 0x20 or 0x7F <= ord(sign) < 0xA0 for sign in cell), cell
    return json.loads(cell)


def read_csv(path, types):
    with open(path, newline="", encoding="utf-8") as file:
        reader = csv.reader(file, strict=True)
        assert next(reader) == list(types)
        rows = [[from_cell(c, k) for c, k in zip(r, types.values(), strict=True)] for r in reader]
    return {"rows": rows}


def read_json(path, types, lines):
    with open(path, encoding="utf-8") as file:
        objects = [json.loads(line) for line in file] if lines else json.load(file)
    for one in objects:
        assert list(one) == list(types)
    return {"rows": [list(one.values()) for one in objects]}


def with_numbers(kind):
    """A type of Arrow with integers for times, which Python's have too few digits for."""
    import pyarrow

    if pyarrow.types.is_timestamp(kind):
        return pyarrow.int64()
    if pyarrow.types.is_list(kind):
        return pyarrow.list_(kind.value_field.with_type(with_numbers(kind.value_type)))
    if pyarrow.types.is_struct(kind):
        return pyarrow.struct([field.with_type(with_numbers(field.type)) for field in kind])
    return kind


def read_pyarrow(path, types, is_parquet):
    import pyarrow

    if is_parquet:
        import pyarrow.parquet

        table = pyarrow.parquet.read_table(path)
        of_file = pyarrow.parquet.read_metadata(path).metadata
        assert table.schema.metadata.items() < of_file.items()
    else:
        import pyarrow.ipc

        with pyarrow.memory_map(path) as file:
            table = pyarrow.ipc.open_file(file).read_all()
        of_file = table.schema.metadata
    table.validate(full=True)
    text = lambda metadata: {k.decode(): v.decode() for k, v in (metadata or {}).items()}
    fields = [
        {"name": f.name, "type": str(f.type), "nullable": f.nullable, "metadata": text(f.metadata)}
        for f in table.schema
    ]
    columns = []
    for column in table.columns:
        if "timestamp" in str(column.type):
            column = column.cast(with_numbers(column.type))
        columns.append(column.to_pylist())
    rows = [list(row) for row in zip(*columns)]
    return {"rows": rows, "fields": fields, "metadata": text(of_file)}


def read_duckdb(path, types):
    import duckdb

    # Times are left to pyarrow: DuckDB's with a zone have microseconds.
    names = [name for name, kind in types.items() if "timestamp" not in kind]
    query = ", ".join(f'"{name}"' for name in names)
    rows = duckdb.sql(f"SELECT {query} FROM read_parquet('{path}')").fetchall()
    metadata = duckdb.sql(f"SELECT key, value FROM parquet_kv_metadata('{path}')").fetchall()
    read = [dict(zip(names, row)) for row in rows]
    return {
        "rows": [[row.get(name) for name in types] for row in read],
        "metadata": {key.decode(): value.decode() for key, value in metadata},
    }


def main():
    reader, path, types = sys.argv[1], sys.argv[2], dict(json.loads(sys.argv[3]))
    try:
        read = {
            "pyarrow-parquet": lambda: read_pyarrow(path, types, True),
            "pyarrow-arrow": lambda: read_pyarrow(path, types, False),
            "duckdb-parquet": lambda: read_duckdb(path, types),
            "csv": lambda: read_csv(path, types),
            "json": lambda: read_json(path, types, False),
            "jsonl": lambda: read_json(path, types, True),
        }[reader]()
    except ModuleNotFoundError as error:
        print(error)
        sys.exit(77)
    kinds = list(types.values())
    rows = read["rows"]
    read["rows"] = [[canonical(v, k) for v, k in zip(row, kinds, strict=True)] for row in rows]
    print(json.dumps(read))


main()
