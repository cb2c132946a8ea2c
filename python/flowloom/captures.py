"""What is in captures, and flows taken out of them: a capture for each."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterable
from typing import Any, cast, overload

from . import _native
from ._jobs import OnError, check_on_error, finish, interrupted_as
from ._options import (
    Features,
    Path_,
    Source,
    Sources,
    flow_ids,
    nanos,
    options,
    table_options,
    whole,
)
from ._progress import Progressing
from .errors import ConfigError


@overload
def info(
    source: Source,
    *,
    top: int = ...,
    threads: int | None = ...,
    on_error: OnError = ...,
    progress: Progressing = ...,
) -> dict[str, Any]: ...
@overload
def info(
    source: list[Source] | tuple[Source, ...],
    *,
    top: int = ...,
    threads: int | None = ...,
    on_error: OnError = ...,
    progress: Progressing = ...,
) -> list[dict[str, Any]]: ...
def info(
    source: Sources,
    *,
    top: int = 10,
    threads: int | None = None,
    on_error: OnError = "warn",
    progress: Progressing = None,
) -> dict[str, Any] | list[dict[str, Any]]:
    """What is in a capture: format, times, interfaces, protocols, flows, talkers, losses.

    Parameters
    ----------
    source : path, bytes, open file, or a list of these
        A capture; of a list (or a directory or glob in a list), what is in each.
    top : int
        Conversations and addresses to list at most.
    threads : int, optional
        Threads [the processors there are].
    on_error, progress
        See :func:`flowloom.read_flows`.

    Returns
    -------
    dict, or a list of them
        As ``flowloom info --json`` has it: times as text (RFC 3339), lengths in bytes,
        ``duration`` in seconds.

    Raises
    ------
    ConfigError
        Where `source` is no list and stands for several captures.
    CaptureError
        Where nothing could be read; see ``on_error``.

    Examples
    --------
    >>> import flowloom as fl
    >>> fl.info("samples/browsing.pcapng")["frames"]
    357
    """
    check_on_error(on_error)
    job = _native.inspect(options(source, threads=threads), whole("top", top, 0))
    is_list = isinstance(source, (list, tuple))
    with interrupted_as(lambda infos: infos if is_list or len(infos) != 1 else infos[0]):
        found = finish(job, lambda infos: cast("list[dict[str, Any]]", infos), on_error, progress)
    if is_list:
        return cast("list[dict[str, Any]]", found)
    if len(found) != 1:
        raise ConfigError(f"{source!r} stands for {len(found)} captures: name it in a list")
    return cast("dict[str, Any]", found[0])


def split(
    source: Sources,
    output: Path_,
    *,
    by: Features = "flow",
    window: float | dt.timedelta | None = None,
    name: str | None = None,
    filter: str | None = None,
    labels: Path_ | None = None,
    force: bool = False,
    on_error: OnError = "warn",
    progress: Progressing = None,
    **more: Any,
) -> dict[str, Any]:
    """One capture per flow, or per group of flows; their records are copied as they are.

    Parameters
    ----------
    source : path, bytes, open file, or a list of these
        Captures.
    output : path
        Directory of the files; it gets its name when all of them are whole.
    by : str or list of str
        What has a file of its own: ``"flow"`` (by its life cycle), ``"key"`` (all packets of a
        5-tuple), ``"pkt2flow"`` (as that program has it), ``"application"``, ``"sni"``,
        ``"label"``, or columns whose values are the same.
    window : float or timedelta, optional
        Instead: a file for the frames of each so many seconds since 1970.
    name : str, optional
        How files are named: text with names of columns in braces.
    filter : str, optional
        Only packets and flows for which an expression is true.
    labels : str or path, optional
        See :func:`flowloom.read_flows`.
    force : bool
        Write into a directory that has files, over those of the same names.
    on_error, progress
        See :func:`flowloom.read_flows`.
    **more
        How flows are cut: see :class:`flowloom.FlowOptions`.

    Returns
    -------
    dict
        ``files``, ``frames``, ``bytes``, ``frames_without_flow``, ``directory``, and the account
        of the ``run``.

    Raises
    ------
    ConfigError, FilterError, OutputError, CaptureError
        `Interrupted` on Ctrl-C: what was read until then is in a directory whose name ends in
        ``.partial``.

    Examples
    --------
    >>> import flowloom as fl, tempfile
    >>> with tempfile.TemporaryDirectory() as scratch:
    ...     fl.split("samples/browsing.pcapng", f"{scratch}/flows", filter="tcp port 443")["files"]
    4
    """
    check_on_error(on_error)
    settings = options(source, filter=filter, labels=labels, **more)
    files = {
        "directory": os.fspath(output),
        "by": by if isinstance(by, str) else ",".join(by),
        "window": nanos(window),
        "name": name,
        "force": force,
    }
    job = _native.split(settings, files)
    made = finish(job, lambda made: made["run"]["captures"], on_error, progress)
    return cast("dict[str, Any]", made)


def index(
    source: Sources,
    file: Path_,
    *,
    features: Features = ("core", "application"),
    filter: str | None = None,
    on_error: OnError = "warn",
    progress: Progressing = None,
    **more: Any,
) -> dict[str, Any]:
    """Write a table of flows (Parquet) with which :func:`extract` finds their frames again.

    Captures must be plain files. `features` are the sets that filters are to ask of the index.
    Returns the account of the run.
    """
    check_on_error(on_error)
    settings = table_options(source, features=features, filter=filter, **more)
    job = _native.index(settings, os.fspath(file))
    made = finish(job, lambda made: made["captures"], on_error, progress)
    return cast("dict[str, Any]", made)


def extract(
    index: Path_,
    output: Path_,
    *,
    flows: int | Iterable[int] | None = None,
    filter: str | None = None,
    name: str | None = None,
    force: bool = False,
    progress: Progressing = None,
) -> dict[str, Any]:
    """Take flows out of the captures of an index, without reading the rest.

    Parameters
    ----------
    index : path
        What :func:`index` wrote.
    output : path
        A directory for a file per flow; one file for all if it ends in ``.pcap`` or ``.pcapng``.
    flows : int or iterable of int, optional
        Their ``flow_id`` [all].
    filter : str, optional
        Only flows for which an expression is true.
    name : str, optional
        How files are named; see :func:`split`.
    force : bool
        Replace files that are there.

    Returns
    -------
    dict
        ``flows``, ``frames``, ``files``, ``path``, and the ``missing``: flows that were asked for
        and are not in the index.

    Raises
    ------
    ConfigError, FilterError, OutputError
        `ConfigError` as well where `flows` is empty.
    """
    job = _native.extract(
        os.fspath(index),
        os.fspath(output),
        flows=flow_ids(flows),
        filter=filter,
        name=name,
        force=force,
    )
    return cast("dict[str, Any]", finish(job, lambda _: [], "warn", progress))
