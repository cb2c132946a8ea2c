"""What the functions of the package take, as the settings of the engine.

The options are those of ``flowloom flows`` on the command line, under the same names.
"""

from __future__ import annotations

import operator
import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, TypeAlias

import numpy as np

from .errors import ConfigError

if TYPE_CHECKING:
    import datetime as dt

Path_: TypeAlias = "str | os.PathLike[str]"
Source: TypeAlias = "Path_ | bytes | bytearray | memoryview | BinaryIO"
Sources: TypeAlias = "Source | Sequence[Source]"
Features: TypeAlias = "str | Sequence[str]"
Population: TypeAlias = Literal["all", "no-pure-ack", "payload", "payload-no-retransmission"]
AppLayer: TypeAlias = Literal["full", "port-only", "none"]
Initiator: TypeAlias = Literal["protocol", "first-packet"]
Overlap: TypeAlias = Literal["first", "last", "bsd"]
Duration: TypeAlias = "float | dt.timedelta | np.timedelta64"
Instant: TypeAlias = "float | dt.datetime | np.datetime64"


def options(
    source: Sources,
    *,
    filter: str | None = None,
    labels: Path_ | None = None,
    label_comments: bool | Features = False,
    rotated: bool = False,
    client: str | None = None,
    population: Population = "all",
    max_packets: int | None = None,
    max_time: Duration | None = None,
    max_bytes: int | None = None,
    bytes_packets: int | None = None,
    bytes_payload: int | None = None,
    signed: bool = False,
    anonymize: Path_ | None = None,
    initiator: Initiator = "protocol",
    key_ignore: Features = (),
    no_split: bool = False,
    tcp_idle: Duration | None = None,
    idle: Duration | None = None,
    active: Duration | None = None,
    linger: Duration | None = None,
    flows_max: int | None = None,
    app_layer: AppLayer = "full",
    tcp_overlap: Overlap = "first",
    protocols: Path_ | None = None,
    verify_checksums: bool = False,
    reassembly: bool = True,
    ip_headers_max: int | None = None,
    count: int | None = None,
    start: Instant | None = None,
    stop: Instant | None = None,
    dedup: Duration | None = None,
    threads: int | None = None,
    ignore_tcp_ends: bool = False,
    **unknown: object,
) -> dict[str, Any]:
    """The settings of a run, as the native module takes them."""
    if unknown:
        raise TypeError(_no_option(next(iter(unknown))))
    label_path, label_file = labels_of(labels)
    return {
        "sources": sources(source),
        "rotated": _switch("rotated", rotated),
        "features": None,
        "columns": [],
        "events": [],
        "without": [],
        "filter": _text("filter", filter),
        "label_path": label_path,
        "label_file": label_file,
        "label_comments": _comments(label_comments),
        "signed": _switch("signed", signed),
        "anonymize": path_of("anonymize", anonymize),
        "population": _text("population", population),
        "client": _text("client", client),
        "initiator": _text("initiator", initiator),
        "key_ignore": names(key_ignore, "key_ignore"),
        "no_split": _switch("no_split", no_split),
        "ignore_tcp_ends": _switch("ignore_tcp_ends", ignore_tcp_ends),
        "tcp_idle": nanos(tcp_idle),
        "idle": nanos(idle),
        "active": nanos(active),
        "linger": nanos(linger),
        "flows_max": positive("flows_max", flows_max),
        "max_packets": positive("max_packets", max_packets),
        "max_time": nanos(max_time),
        "max_bytes": positive("max_bytes", max_bytes),
        "bytes_packets": positive("bytes_packets", bytes_packets),
        "bytes_payload": positive("bytes_payload", bytes_payload, bits=32),
        "app_layer": _text("app_layer", app_layer),
        "tcp_overlap": _text("tcp_overlap", tcp_overlap),
        "protocols": path_of("protocols", protocols),
        "verify_checksums": _switch("verify_checksums", verify_checksums),
        "reassembly": _switch("reassembly", reassembly),
        "ip_headers_max": positive("ip_headers_max", ip_headers_max, bits=8),
        "count": positive("count", count),
        "start": instant(start),
        "stop": instant(stop),
        "dedup": nanos(dedup),
        "threads": positive("threads", threads),
        "sorted": True,
    }


def names(value: Features, what: str = "names") -> list[str]:
    """A list of names, given as one or as text with commas."""
    if isinstance(value, str):
        return [name.strip() for name in value.split(",") if name.strip()]
    if isinstance(value, (bytes, bytearray)) or not isinstance(value, Iterable):
        raise TypeError(f"{what}: a text or a list of texts, not {type(value).__name__}")
    return [str(name) for name in value]


def sources(source: Sources) -> list[str | tuple[str, bytes]]:
    """Captures as the engine takes them: names, or names with bytes. Those that have no name are
    called ``bytes``, or ``bytes-1``, ``bytes-2`` where they are several."""
    if isinstance(source, (str, os.PathLike, bytes, bytearray, memoryview)) or hasattr(
        source, "read"
    ):
        source = [source]  # type: ignore[list-item]
    if not isinstance(source, Iterable):
        raise TypeError(f"captures are paths, bytes or open files, not {type(source).__name__}")
    found = [_source(one) for one in source]
    nameless = sum(isinstance(one, bytes) for one in found)
    numbers = iter([""] if nameless == 1 else [f"-{n}" for n in range(1, nameless + 1)])
    return [(f"bytes{next(numbers)}", one) if isinstance(one, bytes) else one for one in found]


def _source(source: Any) -> str | tuple[str, bytes] | bytes:
    """A path; or bytes, with their file's name if it has one."""
    if isinstance(source, (str, os.PathLike)):
        return os.fsdecode(os.fspath(source))
    if isinstance(source, (bytes, bytearray, memoryview)):
        return bytes(source)
    if hasattr(source, "read"):
        content = source.read()
        if isinstance(content, str):
            raise TypeError("captures are bytes: open the file with mode 'rb'")
        name = getattr(source, "name", None)
        return (told(name), bytes(content)) if isinstance(name, (str, bytes)) else bytes(content)
    raise TypeError(f"a capture is a path, bytes or an open file, not {type(source).__name__}")


def told(name: str | bytes) -> str:
    """The name of a file as text; bytes that are none in UTF-8 as in ``\\xff``."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def labels_of(labels: Path_ | None) -> tuple[str | None, str | None]:
    """A pattern of paths, such as ``{website}/{run}.pcap``, or a manifest."""
    text = path_of("labels", labels)
    if text is None:
        return None, None
    if "{" in text:
        return text, None
    if not os.path.isfile(text):
        raise ConfigError(
            f"labels={text!r} is neither a manifest that is there nor a pattern such as "
            "'{website}/{run}.pcap'"
        )
    return None, text


def _comments(value: bool | Features) -> list[str] | None:
    if isinstance(value, bool):
        return [] if value else None
    return names(value, "label_comments")


def flow_ids(flows: int | Iterable[int] | None) -> list[int]:
    """The flows that were asked for; an empty list stands for all."""
    if flows is None:
        return []
    if isinstance(flows, (int, np.integer)):
        flows = [flows]
    if isinstance(flows, (str, bytes)) or not isinstance(flows, Iterable):
        raise TypeError(f"flows are values of flow_id, not {type(flows).__name__}")
    found = [whole("flow_id", flow, 1) for flow in flows]
    if not found:
        raise ConfigError("flows names no flow: leave it out for all of them")
    return found


def nanos(value: Duration | None) -> int | None:
    """A duration in nanoseconds."""
    import datetime as dt

    if value is None:
        return None
    if hasattr(value, "to_timedelta64"):
        # Those of pandas would lose their nanoseconds as Python's.
        value = value.to_timedelta64()
    if isinstance(value, np.timedelta64):
        found = _of_numpy(value)
    elif isinstance(value, dt.timedelta):
        found = _held((value // dt.timedelta(microseconds=1)) * 1_000, value)
    elif hasattr(value, "__float__"):
        found = _nanos(value)
    else:
        raise TypeError(f"durations are seconds or a timedelta, not {type(value).__name__}")
    if found < 0:
        raise ConfigError(f"a duration is not negative, as {value} is")
    return found


def _nanos(seconds: float) -> int:
    if not abs(seconds) < _SECONDS_MAX:
        raise ConfigError(f"{seconds} are no seconds between -292 and 292 years")
    from decimal import Decimal

    # By its shortest text, a time since 1970 is the microsecond that was meant. Multiplied as a
    # float it would be up to 128 ns off, on the wrong side of a frame.
    return round(Decimal(repr(float(seconds))) * 1_000_000_000)


def instant(value: Instant | None) -> int | None:
    """A time in nanoseconds since 1970."""
    if value is None:
        return None
    import datetime as dt

    if hasattr(value, "to_datetime64"):
        value = value.to_datetime64()
    if isinstance(value, np.datetime64):
        return _of_numpy(value)
    if not isinstance(value, dt.datetime):
        if not hasattr(value, "__float__"):
            kind = type(value).__name__
            raise TypeError(f"times are seconds since 1970 or a datetime, not {kind}")
        return _nanos(value)
    if value.tzinfo is None:
        value = value.replace(tzinfo=dt.timezone.utc)
    since = value - dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc)
    return _held((since // dt.timedelta(microseconds=1)) * 1_000, value)


def _of_numpy(value: np.datetime64 | np.timedelta64) -> int:
    """Nanoseconds of NumPy's times, which are turned round where they are too many."""
    kind = value.dtype.kind
    seconds = int(value.astype(f"{kind}8[s]").astype(np.int64))
    # NaT is the least of all numbers.
    _held(seconds * 1_000_000_000, value)
    return int(value.astype(f"{kind}8[ns]").astype(np.int64))


def _held(nanoseconds: int, value: object) -> int:
    """The same, where 64 bits hold them."""
    if not abs(nanoseconds) < 2**63:
        raise ConfigError(f"{value} is no time of 292 years at most, before or after 1970")
    return nanoseconds


def table_options(
    source: Sources,
    *,
    features: Features,
    columns: Features = (),
    without: Features = (),
    **more: Any,
) -> dict[str, Any]:
    """The settings of a run that makes a table of flows."""
    chosen = {
        "features": names(features, "features"),
        "columns": names(columns, "columns"),
        "without": names(without, "without"),
    }
    return {**options(source, **more), **chosen}


def _no_option(name: str) -> str:
    """What to say of a keyword that nothing is called: the nearest one, if it is a slip."""
    import inspect

    known = [key for key in inspect.signature(options).parameters if key not in _OUR_OWN]
    known += [
        "features",
        "columns",
        "events",
        "without",
        "own",
        "on_feature_error",
        "on_error",
        "progress",
    ]
    if name in known:
        return f"there is no option {name!r} here"
    return f"there is no option {name!r}{meant(name, known)}"


def meant(name: str, known: Iterable[str]) -> str:
    """How to go on about a name that nothing has: with the nearest one, if it is a slip."""
    import difflib

    names = {name.lower(): name for name in known}
    near = difflib.get_close_matches(name.lower(), names, 1)
    return f"; did you mean {names[near[0]]!r}?" if near else ""


def _switch(name: str, value: bool) -> bool:
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} is True or False, not {value!r}")
    return bool(value)


def _text(name: str, value: str | None) -> str | None:
    if value is not None and not isinstance(value, str):
        raise TypeError(f"{name} is a text, not {type(value).__name__}")
    return value


def path_of(name: str, value: Path_ | None) -> str | None:
    """A path as text, if there is one."""
    if value is None:
        return None
    if not isinstance(value, (str, os.PathLike)):
        raise TypeError(f"{name} is a path, not {type(value).__name__}")
    return os.fspath(value)


def positive(name: str, value: int | None, bits: int = 64) -> int | None:
    """A whole number from 1 on, if there is one."""
    return None if value is None else whole(name, value, 1, bits)


def whole(name: str, value: int, least: int, bits: int = 64) -> int:
    """A whole number that so many bits hold."""
    try:
        number = None if isinstance(value, bool) else operator.index(value)
    except TypeError:
        number = None
    if number is None:
        raise TypeError(f"{name} is a whole number, not {type(value).__name__}")
    if number < least:
        raise ConfigError(f"{name} is at least {least}, not {value}")
    if number >= 1 << bits:
        raise ConfigError(f"{name} is at most {(1 << bits) - 1}, not {value}")
    return number


_SECONDS_MAX = 2**63 / 1_000_000_000
"""Seconds that are more nanoseconds than 64 bits hold."""

_OUR_OWN = ("source", "unknown")
"""Parameters of :func:`options` that no caller gives by these names."""
