"""Captures to captures: merged, cut, converted, anonymised."""

from __future__ import annotations

import datetime as dt
import os
import re
from collections.abc import Iterable
from typing import Any, Literal, TypeAlias, cast

from . import _native
from ._jobs import OnError, check_on_error, finish, warn
from ._options import (
    Duration,
    Instant,
    Path_,
    Source,
    Sources,
    instant,
    labels_of,
    nanos,
    path_of,
    positive,
    sources,
    whole,
)
from ._progress import Progressing
from .errors import ConfigError

Frames: TypeAlias = "str | range | Iterable[int | range | tuple[int, int]]"
Pieces: TypeAlias = "int | str | dt.timedelta"
CaptureFormat: TypeAlias = Literal["pcap", "pcapng"]
Compression: TypeAlias = Literal["none", "gzip", "zstd", "lz4"]
Resolution: TypeAlias = Literal["us", "ns"]
Payload: TypeAlias = Literal["zero", "cut", "names", "keep"]


def merge(
    source: Sources,
    output: Path_,
    *,
    append: bool = False,
    snaplen: int | None = None,
    format: CaptureFormat | None = None,
    compression: Compression | None = None,
    resolution: Resolution | None = None,
    labels: Path_ | None = None,
    force: bool = False,
    on_error: OnError = "warn",
    progress: Progressing = None,
) -> dict[str, Any]:
    """Put captures together into one, by the times of their frames.

    Parameters
    ----------
    source : path, bytes, open file, or a list of these
        Captures.
    output : path
        File to write. Its ending tells format and compression: ``.pcap``, ``.pcapng``, and
        ``.gz``, ``.zst`` or ``.lz4`` behind.
    append : bool
        One capture after the other as they are named, instead of by time.
    snaplen : int, optional
        Bytes kept of a frame at most.
    format : {"pcap", "pcapng"}, optional
        [By the ending of the output, or as the input.]
    compression : {"none", "gzip", "zstd", "lz4"}, optional
        [By the ending of the output.]
    resolution : {"us", "ns"}, optional
        What a tick of timestamps is [as in the input].
    labels : str or path, optional
        Labels, written as comments on the frames, in the manner of pcapML.
    force : bool
        Replace a file that is there.
    on_error, progress
        See :func:`flowloom.read_flows`.

    Returns
    -------
    dict
        ``frames`` written, the account of the ``capture`` that was read, the files ``written``,
        and what could not be written (``unsaid``).

    Raises
    ------
    ConfigError, OutputError, CaptureError

    Examples
    --------
    >>> import flowloom as fl, tempfile
    >>> with tempfile.TemporaryDirectory() as scratch:
    ...     fl.merge(["samples/browsing.pcapng"], f"{scratch}/all.pcapng.zst")["frames"]
    357
    """
    return _rewrite(
        source,
        output,
        on_error,
        progress,
        append=append,
        snaplen=snaplen,
        format=format,
        compression=compression,
        resolution=resolution,
        labels=labels,
        force=force,
    )


def cut(
    source: Sources,
    output: Path_,
    *,
    frames: Frames | None = None,
    start: Instant | None = None,
    stop: Instant | None = None,
    filter: str | None = None,
    dedup: Duration | None = None,
    count: int | None = None,
    snaplen: int | None = None,
    pieces: Pieces | None = None,
    format: CaptureFormat | None = None,
    compression: Compression | None = None,
    resolution: Resolution | None = None,
    labels: Path_ | None = None,
    force: bool = False,
    on_error: OnError = "warn",
    progress: Progressing = None,
) -> dict[str, Any]:
    """Write some frames of a capture, or pieces of it.

    Parameters
    ----------
    source, output, snaplen, format, compression, resolution, labels, force, on_error, progress
        See :func:`merge`; several captures are merged.
    frames : str, range, or iterable of int, optional
        Only these frames, by their numbers from 1: ``"10-20,35,100-"``, ``range(10, 21)``,
        ``[35, (10, 20)]`` (both ends included in a pair and in text).
    start, stop : float or datetime, optional
        Only frames at or after the one, and before the other (seconds since 1970; UTC if naive).
    filter : str, optional
        Only frames for which an expression of tcpdump's language is true.
    dedup : seconds or timedelta, optional
        Drop frames that repeat one of the last seconds byte for byte.
    count : int, optional
        Only the first of the frames that are left then.
    pieces : int, str or timedelta, optional
        Cut into pieces: of so many frames (``1000``), so long (``"60s"``), or so large
        (``"100M"``); files are numbered.
    """
    return _rewrite(
        source,
        output,
        on_error,
        progress,
        part=True,
        frames=frame_ranges(frames),
        start=instant(start),
        stop=instant(stop),
        filter=filter,
        dedup=nanos(dedup),
        count=None if count is None else whole("count", count, 0),
        snaplen=snaplen,
        pieces=None if pieces is None else _pieces(pieces),
        format=format,
        compression=compression,
        resolution=resolution,
        labels=labels,
        force=force,
    )


def convert(
    source: Source,
    output: Path_,
    *,
    format: CaptureFormat | None = None,
    compression: Compression | None = None,
    resolution: Resolution | None = None,
    labels: Path_ | None = None,
    force: bool = False,
    on_error: OnError = "warn",
    progress: Progressing = None,
) -> dict[str, Any]:
    """Write a capture in another format, time resolution or compression; see :func:`merge`."""
    if isinstance(source, (list, tuple)) or _may_be_several(source):
        raise ConfigError("that may be more than one capture: merge() makes one of several")
    return _rewrite(
        source,
        output,
        on_error,
        progress,
        format=format,
        compression=compression,
        resolution=resolution,
        labels=labels,
        force=force,
    )


def anonymize(
    source: Sources,
    output: Path_,
    *,
    key: Path_ | None = None,
    new_key: bool = False,
    payload: Payload = "zero",
    keep_vendors: bool = False,
    force: bool = False,
    on_error: OnError = "warn",
    progress: Progressing = None,
) -> dict[str, Any]:
    """Write captures with other addresses in every layer, and without payload.

    Parameters
    ----------
    source : path, bytes, open file, or a list of these
        Captures.
    output : path
        File to write; a directory for several captures, which keep their names.
    key : path, optional
        File with a key (32 bytes, or 64 hexadecimal digits): the same key gives the same
        addresses. Without one, a random key is used and forgotten.
    new_key : bool
        Make the key if there is no such file.
    payload : {"zero", "cut", "names", "keep"}
        What becomes of payload: zeros; frames end before it; zeros, but for messages of DNS, hellos
        of TLS and heads of HTTP/1, with other names in them; it stays, but for the addresses that
        are found in it (captures are read twice, and must be files).
    keep_vendors : bool
        Keep the first three bytes of hardware addresses.
    force : bool
        Replace files that are there.
    on_error, progress
        See :func:`flowloom.read_flows`.

    Returns
    -------
    dict
        Of each of the ``captures``, ``path``, ``frames``, ``bytes_blank`` and more;
        ``addresses_missed``.
    """
    check_on_error(on_error)
    if new_key and key is None:
        raise ConfigError("new_key needs to know where: give key=")
    text = os.fspath(output)
    job, warning = _native.anonymize(
        {
            "sources": sources(source),
            "output": text,
            "to_directory": text.endswith(os.sep),
            "key": path_of("key", key),
            "new_key": new_key,
            "payload": payload,
            "keep_vendors": keep_vendors,
            "force": force,
        }
    )
    if warning is not None:
        warn(warning)
    accounts = finish(
        job, lambda done: [one["capture"] for one in done["captures"]], on_error, progress
    )
    return cast("dict[str, Any]", accounts)


def frame_ranges(frames: Frames | None) -> list[tuple[int, int]]:
    """Numbers of frames as ranges, both ends included."""
    if frames is None:
        return []
    if isinstance(frames, str):
        return [_range_of(text.strip()) for text in frames.split(",")]
    if not isinstance(frames, Iterable):
        raise TypeError(f"frames are text, a range or a list, not {type(frames).__name__}")
    ranges: list[tuple[int, int]] = []
    for part in [frames] if isinstance(frames, range) else frames:
        if isinstance(part, range):
            if part.step != 1:
                raise ConfigError("ranges of frames have no step")
            if not len(part):
                continue
            part = (part[0], part[-1])
        first, last = part if isinstance(part, tuple) else (part, part)
        ranges.append((whole("a frame", first, 1), whole("a frame", last, 1)))
    # Nothing was asked for, which is not the same as nothing being said.
    return ranges or [(0, 0)]


def _may_be_several(source: Source) -> bool:
    """Whether a source is a directory or a pattern."""
    if not isinstance(source, (str, os.PathLike)):
        return False
    name = os.fspath(source)
    return os.path.isdir(name) or (not os.path.exists(name) and any(c in name for c in "*?["))


def _range_of(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d*)(-?)(\d*)", text)
    if found is None or text in ("", "-"):
        raise ConfigError(f"{text!r} is no range of frames; such are 10-20, 35, 100-")
    first, dash, last = found.groups()
    if not dash:
        return int(first), int(first)
    return int(first or 1), int(last or _LAST)


def _pieces(pieces: Pieces) -> tuple[str, int]:
    if isinstance(pieces, dt.timedelta):
        what, many = "time", cast("int", nanos(pieces))
    elif isinstance(pieces, int):
        what, many = "frames", pieces
    else:
        found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([A-Za-z]*)", pieces.strip())
        number, unit = found.groups() if found else ("0", "")
        if unit in _SECONDS:
            what, many = "time", round(float(number) * _SECONDS[unit] * 1e9)
        elif unit.rstrip("Bbi") in _BYTES:
            what, many = "bytes", round(float(number) * _BYTES[unit.rstrip("Bbi")])
        else:
            what, many = "frames", int(number) if not unit and number.isdigit() else 0
    if many < 1:
        raise ConfigError(f"pieces are such as 1000, '60s' or '100M', not {pieces!r}")
    return what, many


def _rewrite(
    source: Sources, output: Path_, on_error: OnError, progress: Progressing, **asked: Any
) -> dict[str, Any]:
    check_on_error(on_error)
    label_path, label_file = labels_of(asked.pop("labels"))
    settings = {
        "sources": sources(source),
        "output": os.fspath(output),
        "append": False,
        "part": False,
        "frames": [],
        "start": None,
        "stop": None,
        "count": None,
        "filter": None,
        "dedup": None,
        "snaplen": None,
        "pieces": None,
        "label_path": label_path,
        "label_file": label_file,
        **asked,
    }
    positive("snaplen", settings["snaplen"], bits=32)
    job = _native.rewrite(settings)
    done = finish(job, lambda done: [done["capture"]], on_error, progress)
    return cast("dict[str, Any]", done)


_LAST = (1 << 64) - 1
"""More than any number of a frame."""

_SECONDS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400}

_BYTES = {"k": 1 << 10, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
