"""Tables to files, as the command line writes them; files to the runs that made them."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from . import _native
from ._jobs import OnError, warn
from ._options import Path_, Sources, path_of, positive, sources
from ._progress import Progressing
from .errors import ConfigError

if TYPE_CHECKING:
    from .table import FlowTable

Format: TypeAlias = Literal["parquet", "arrow", "csv", "json", "jsonl"]


def write(
    native: _native.Table, summary: dict[str, Any], path: Path_, format: Format | None
) -> None:
    """The file of :meth:`FlowTable.write`."""
    import json

    name = os.fspath(path)
    plain, ending = os.path.splitext(name)
    if ending.lower() in _COMPRESSIONS:
        ending = os.path.splitext(plain)[1]
    chosen = format or _FORMATS.get(ending.lower())
    if chosen is None or chosen not in _FORMATS.values():
        what = f"{name} says no format" if format is None else f"{format!r} is no format"
        known = ", ".join(sorted(set(_FORMATS.values())))
        raise ConfigError(f"{what}: give one of {known} as format=")
    texts = []
    if own := _own_of(native):
        texts.append(("flowloom.own", json.dumps(own)))
    if summary:
        # The same frames give the same file, however they were compressed.
        captures = [
            {key: value for key, value in capture.items() if key != "compression"}
            for capture in summary["captures"]
        ]
        texts += [
            (f"flowloom.{key}", json.dumps(said, separators=(",", ":"), ensure_ascii=False))
            for key, said in (("account", summary["total"]), ("captures", captures))
        ]
    native.write(name, chosen, texts)


def read(path: Path_) -> tuple[_native.Table, dict[str, Any] | None]:
    """The table of :meth:`FlowTable.read`, and what became of its captures."""
    import json

    native, texts = _native.load(os.fspath(path))
    ending = dict(texts)
    if not {"flowloom.account", "flowloom.captures"} <= ending.keys():
        return native, None
    return native, {
        "total": json.loads(ending["flowloom.account"]),
        "captures": json.loads(ending["flowloom.captures"]),
    }


def rerun(
    file: Path_ | FlowTable,
    source: Sources | None = None,
    *,
    labels: Path_ | None = None,
    client: str | None = None,
    anonymize: Path_ | None = None,
    protocols: Path_ | None = None,
    threads: int | None = None,
    on_error: OnError = "warn",
    progress: Progressing = None,
) -> FlowTable:
    """Make a table again, with the settings that a file of it carries.

    Parquet and Arrow files have them, of the command line as of :meth:`FlowTable.write`. Columns of
    features of one's own are not made again, of which a warning tells.

    Parameters
    ----------
    file : path or FlowTable
        A table that was written, or one in memory.
    source : path, bytes, open file, or a list of these, optional
        The captures, where they are not where they were, or others [those that the file names].
    labels, client, anonymize, protocols : optional
        The manifest, the clients' network, the key and the protocols, where there were such: no file
        keeps them. See :func:`read_flows`.
    threads, on_error, progress
        See :func:`read_flows`.

    Returns
    -------
    FlowTable
        The same rows and columns, in the same order, if captures and version are the same. Rows that
        were left out of a table after it was read (``take``, ``split``) are there again.

    Raises
    ------
    ConfigError
        The file says nothing of settings, or something that it does not keep is missing.

    Examples
    --------
    >>> import tempfile, flowloom as fl
    >>> flows = fl.read_flows("samples/browsing.pcapng", filter="tcp", population="payload")
    >>> with tempfile.TemporaryDirectory() as directory:
    ...     flows.write(f"{directory}/flows.parquet")
    ...     again = fl.rerun(f"{directory}/flows.parquet")
    >>> again.to_dict() == flows.to_dict()
    True
    """
    from .read import read_one

    settings, captures, level, own = _recorded(file)
    if level != "flow":
        raise ConfigError(f"its rows are those of level {level!r}: only flows are made again")
    if own:
        warn(f"columns of features of one's own are not made again: {', '.join(own)}")
    if source is None and not captures:
        raise ConfigError("the table does not name its captures: give them as source")
    names = [name for name, _, _ in captures]
    missing = [name for name in names if name != "-" and not os.path.exists(name)]
    if source is None and missing:
        raise ConfigError(
            f"the table was made of {missing[0]} ({len(names)} in all), which is not there as seen from "
            "here: give the captures or their directory as source"
        )
    again = {
        "sources": sources(names if source is None else source),
        "labels": path_of("labels", labels),
        "anonymize": path_of("anonymize", anonymize),
        "protocols": path_of("protocols", protocols),
        "client": client,
        "threads": positive("threads", threads),
    }
    table = read_one(partial(_native.rerun, settings), again, on_error, progress)
    if source is None:
        read = {str(c["capture"]): (c["frames"], c["captured_bytes"]) for c in table.captures}
        for name, frames, size in captures:
            if read.get(name) != (frames, size):
                warn(
                    f"{name} is not what the table was made of: it had {frames} frames of {size} bytes"
                )
    return table


def _recorded(
    file: Path_ | FlowTable,
) -> tuple[str, list[tuple[str, int, int]], str, list[str]]:
    """Settings, captures with frames and bytes, what a row is, and the columns no settings make."""
    if isinstance(file, (str, os.PathLike)):
        return _native.recorded(os.fspath(file))
    settings = file.settings.get("flowloom.settings")
    if settings is None:
        raise ConfigError("the table does not say how it was made")
    captures = [(str(c["capture"]), c["frames"], c["captured_bytes"]) for c in file.captures]
    level = file.settings.get("flowloom.level", "flow")
    return settings, captures, level, _own_of(file._native)


def _own_of(native: _native.Table) -> list[str]:
    """The columns that are features of one's own."""
    return [name for name, _, _, said in native.fields() if dict(said).get("family") == "own"]


_FORMATS: dict[str, Format] = {
    ".parquet": "parquet",
    ".arrow": "arrow",
    ".feather": "arrow",
    ".ipc": "arrow",
    ".csv": "csv",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}
"""The formats that endings of names ask for."""

_COMPRESSIONS = {".gz", ".zst", ".lz4"}
"""The endings behind those of texts that are compressed."""
