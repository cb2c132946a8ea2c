"""What flows say: TCP streams put together, UDP conversations, fragmented datagrams, as bytes."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, TypeAlias, cast

from . import _native
from ._jobs import OnError, Reader, check_on_error, finish
from ._options import Path_, Sources, flow_ids, options
from ._progress import Progressing
from .errors import ConfigError

View: TypeAlias = Literal["messages", "raw", "conversation"]
What: TypeAlias = Literal["said", "datagrams"]
Direction: TypeAlias = Literal["up", "down"]


class Stream(Mapping[str, Any]):
    """Something that was said: a message, a direction, a piece of a conversation, a datagram.

    As a mapping, it holds what ``flowloom streams --format jsonl`` says of it, but for the bytes:
    ``capture``, ``flow_id``, ``protocol``, ``src_ip``, ``src_port``, ``dst_ip``, ``dst_port``,
    ``direction``, ``message``, ``frames``, ``first_time``, ``bytes``, ``missing``, ``holes`` ...

    Attributes
    ----------
    pieces : list of (int, bytes)
        What came, and where in it: one run of bytes between two holes each.
    goes_on : bool
        Whether it is longer than ``part_max``, and the next one has more of the same.
    """

    __slots__ = ("_info", "goes_on", "pieces")

    def __init__(self, info: str, pieces: list[tuple[int, bytes]], goes_on: bool) -> None:
        self._info: dict[str, Any] = json.loads(info)
        self.pieces = pieces
        self.goes_on = goes_on

    @property
    def data(self) -> bytes:
        """The bytes, without those that are missing."""
        if len(self.pieces) == 1:
            return self.pieces[0][1]
        return b"".join(piece for _, piece in self.pieces)

    @property
    def flow_id(self) -> int:
        """Number of the flow's first frame."""
        return int(self._info["flow_id"])

    @property
    def direction(self) -> str:
        """``up`` from the initiator, ``down`` to it."""
        return str(self._info["direction"])

    @property
    def frames(self) -> list[int]:
        """The frames that brought the bytes; of a whole direction, they are not listed."""
        if "frame" in self._info:
            return [self._info["frame"]]
        return list(self._info.get("frames", ()))

    @property
    def missing(self) -> int:
        """Bytes that never came."""
        return int(self._info.get("missing", 0))

    def __getitem__(self, key: str) -> Any:
        return self._info[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._info)

    def __len__(self) -> int:
        return len(self._info)

    def __bytes__(self) -> bytes:
        return self.data

    def __repr__(self) -> str:
        what = {
            key: self._info[key]
            for key in ("flow_id", "direction", "message", "id", "missing")
            if key in self._info
        }
        said = ", ".join(f"{key}={value}" for key, value in what.items())
        return f"Stream({said}, {sum(len(piece) for _, piece in self.pieces)} bytes)"


class StreamReader(Reader[_native.Parts, Stream]):
    """What is said, as flows end: an iterator of :class:`Stream`, and a context manager.

    Memory is that of the longest one; what flows say waits in a temporary file where it is much.
    Its ``summary`` says, too, what was ``taken``.
    """

    def _next(self) -> Stream | None:
        part = self._native.next()
        return None if part is None else Stream(*part)

    def _complain(self, summary: dict[str, Any], on_error: OnError) -> None:
        super()._complain(summary["summary"], on_error)


def streams(
    source: Sources,
    *,
    view: View = "messages",
    what: What = "said",
    flows: int | Iterable[int] | None = None,
    direction: Direction | None = None,
    strict: bool = False,
    fill_max: int | None = None,
    part_max: int | None = None,
    filter: str | None = None,
    on_error: OnError = "warn",
    **more: Any,
) -> StreamReader:
    """Take out what flows say: TCP put together by sequence numbers, UDP as it came.

    Parameters
    ----------
    source : path, bytes, open file, or a list of these
        Captures.
    view : {"messages", "raw", "conversation"}
        What belongs together: the messages of each side (of TCP, what it sent without having heard
        anything new from the other one; of UDP, datagrams), each direction as a whole, or both
        directions as they came, piece by piece.
    what : {"said", "datagrams"}
        What flows say, or IP datagrams that came in fragments, put together.
    flows : int or iterable of int, optional
        Only these flows, by ``flow_id`` [all].
    direction : {"up", "down"}, optional
        Only what the initiator said, or the other side.
    strict : bool
        Leave holes as they are. Otherwise there are zeros in their place.
    fill_max : int, optional
        The longest hole that is filled, in bytes [16 MiB].
    part_max : int, optional
        Bytes that come together: what is longer comes in parts [1 GiB].
    filter : str, optional
        Only packets and flows for which an expression is true.
    on_error
        See :func:`flowloom.read_flows`.
    **more
        How flows are cut: see :class:`flowloom.FlowOptions`.

    Returns
    -------
    StreamReader
        An iterator of :class:`Stream`.

    Examples
    --------
    >>> import flowloom as fl
    >>> with fl.streams("samples/browsing.pcapng", filter="tcp port 80") as said:
    ...     first = next(said)
    >>> first.direction, first.data[:4]
    ('up', b'GET ')
    """
    if what not in ("said", "datagrams"):
        raise ConfigError(f"what is said or datagrams, not {what!r}; save_streams() has more")
    settings = options(source, filter=filter, **more)
    taking = _taking(
        view=view,
        what=what,
        flows=flows,
        direction=direction,
        strict=strict,
        fill_max=fill_max,
        part_max=part_max,
    )
    return StreamReader(_native.open_streams(settings, taking), on_error)


def save_streams(
    source: Sources,
    output: Path_,
    *,
    view: View = "messages",
    what: Literal["said", "datagrams", "objects"] = "said",
    format: Literal["bytes", "jsonl", "text"] = "bytes",
    data: Literal["auto", "ascii", "hex", "base64"] = "auto",
    flows: int | Iterable[int] | None = None,
    direction: Direction | None = None,
    strict: bool = False,
    decode: bool = False,
    fill_max: int | None = None,
    decode_max: int | None = None,
    filter: str | None = None,
    force: bool = False,
    on_error: OnError = "warn",
    progress: Progressing = None,
    **more: Any,
) -> dict[str, Any]:
    """Write what flows say into a directory: a file for each unit, and ``index.jsonl``.

    Parameters are those of :func:`streams`, and ``what="objects"``: the bodies of HTTP messages,
    with `decode` their content encodings undone (`decode_max` bytes at most). `force` writes into
    a directory that is not empty. Returns what was ``taken``, and the account of the run.
    """
    check_on_error(on_error)
    settings = options(source, filter=filter, **more)
    taking = _taking(
        view=view,
        what=what,
        flows=flows,
        direction=direction,
        strict=strict,
        fill_max=fill_max,
        decoded_max=decode_max,
        decode=decode,
        output=os.fspath(output),
        format=format,
        data=data,
        force=force,
    )
    job = _native.save_streams(settings, taking)
    made = finish(job, lambda made: made["summary"]["captures"], on_error, progress)
    return cast("dict[str, Any]", made)


def _taking(**asked: Any) -> dict[str, Any]:
    asked["flows"] = flow_ids(asked["flows"])
    for name in ("fill_max", "part_max", "decoded_max"):
        if asked.get(name) is not None and asked[name] < (name == "part_max"):
            raise ConfigError(f"{name} is a number of bytes, not {asked[name]}")
    nothing = {"fill_max": None, "decoded_max": None, "part_max": None, "output": None}
    usual = {"decode": False, "format": "bytes", "data": "auto", "force": False}
    return {**nothing, **usual, **asked}
