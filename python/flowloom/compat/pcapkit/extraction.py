"""``extract``: a capture to frames, datagrams, flows and files."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO, NoReturn, cast

from ...captures import info
from ...errors import ConfigError
from ...frames import Frame as Packet
from ...frames import FrameReader, open_packets, save_packets
from ...rewrite import convert
from ._info import Info
from .errors import EngineWarning, FileNotFound, UnsupportedCall
from .frames import Frame, scapy_frames
from .names import DPKT, RAW, PCAPKit, PyShark, Scapy, layer_of
from .reassembly import ReassemblyData, reassemble
from .trace import ENDINGS, FORMATS, TraceFlowData
from .trace import trace as trace_flows

if TYPE_CHECKING:
    from typing_extensions import Self

Verbose = Callable[["Extractor", Any], object]


class Extractor:
    """A capture, and what :func:`extract` was asked to make of it; see there."""

    def __init__(
        self,
        fin: str | os.PathLike[str] | BinaryIO | None = None,
        fout: str | None = None,
        format: str | None = None,
        auto: bool = True,
        extension: bool = True,
        store: bool = True,
        files: bool = False,
        nofile: bool = False,
        verbose: bool | Verbose = False,
        engine: str | None = None,
        layer: str | None = None,
        protocol: str | None = None,
        reassembly: bool | None = None,
        reasm_strict: bool = True,
        reasm_store: bool = True,
        trace: bool = False,
        trace_fout: str | None = None,
        trace_format: str | None = None,
        trace_byteorder: str = sys.byteorder,
        trace_nanosecond: bool = False,
        ip: bool = False,
        ipv4: bool = False,
        ipv6: bool = False,
        tcp: bool = False,
        strict: bool | None = None,
        **buffering: Any,
    ) -> None:
        _check_rest(buffering, trace_byteorder)
        self._name, self._source = _source(fin, extension)
        self._engine = _engine(engine)
        self._make: Callable[[Packet], Any] = Frame
        if self._engine == Scapy:
            self._make = scapy_frames()
        # Their word for no limit is ours for no layer at all.
        self._layer = None if layer is None or layer.lower() == RAW else layer.lower()
        self._until = None if protocol is None else layer_of(protocol)
        self._stores, self._verbose = store, verbose
        self._format = _format("format", format or "tree")
        self._output = None if nofile else _output(fout or "out", self._format, extension, files)
        self._files = files
        wants = {"ipv4": ip or ipv4, "ipv6": ip or ipv6, "tcp": tcp}
        if reassembly is None:
            # The old way: naming the protocols is asking for it.
            reassembly = any(wants.values())
        self._wants = wants if reassembly and reasm_store else None
        self._strict = reasm_strict if strict is None else strict
        self._trace = (
            (trace_fout or "tmp", _format("trace_format", trace_format or "pcap"), trace_nanosecond)
            if trace
            else None
        )
        self._reassembled: ReassemblyData | None = None
        self._traced: TraceFlowData | None = None
        self._is_written = False
        self._frames: list[Any] = []
        self._packets: FrameReader | None = None
        self.length = 0
        if auto:
            self.run()

    # Reading.

    def run(self) -> None:
        """Read the capture to its end, and write what is to be written."""
        for _ in self:
            pass
        if self._wants is not None:
            _ = self.reassembly

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        if self._packets is None:
            scapy = self._engine == Scapy
            self._packets = open_packets(
                self._source,
                layer=cast("Any", "none" if scapy else self._layer),
                until=None if scapy else self._until,
            )
        packet = next(self._packets, None)
        if packet is None:
            self._end()
            raise StopIteration
        frame = self._make(packet)
        self.length += 1
        if self._stores:
            self._frames.append(frame)
        if callable(self._verbose):
            self._verbose(self, frame)
        elif self._verbose:
            print(f" - Frame {self.length:>3d}: {_said(frame)}")
        return frame

    def __call__(self) -> Any:
        """The next frame; ``EOFError`` at the end."""
        try:
            return next(self)
        except StopIteration:
            raise EOFError("the capture is at its end") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._packets is not None:
            self._packets.close()

    def _end(self) -> None:
        """Once all frames were read, write what is to be written."""
        if self._is_written:
            return
        self._is_written = True
        if self._output is not None:
            self._write(self._output)
        if self._trace is not None:
            directory, format, nanosecond = self._trace
            self._traced = trace_flows(self._source, directory, format, nanosecond=nanosecond)

    def _write(self, output: str) -> None:
        depth: dict[str, Any] = {"layer": self._layer, "until": self._until}
        if not self._files:
            _save(self._source, output, self._format, depth)
            return
        os.makedirs(output, exist_ok=True)
        for number in range(1, self.length + 1):
            name = os.path.join(output, f"Frame {number}{ENDINGS[self._format]}")
            _save(self._source, name, self._format, {**depth, "frames": str(number)})

    # What came of it.

    @property
    def frame(self) -> tuple[Any, ...]:
        """The frames: :class:`Frame`, or Scapy's packets."""
        if not self._stores:
            _unsupported("frame", "store=False")
        return tuple(self._frames)

    @property
    def reassembly(self) -> ReassemblyData:
        """What was put together: ``ipv4``, ``ipv6``, ``tcp``."""
        if self._wants is None:
            _unsupported("reassembly", "reassembly=False")
        if self._reassembled is None:
            self._reassembled = reassemble(self._source, strict=self._strict, **self._wants)
        return self._reassembled

    @property
    def trace(self) -> TraceFlowData:
        """The flows that were traced: ``tcp``."""
        if self._trace is None:
            _unsupported("trace", "trace=False")
        if self._traced is None:
            _unsupported("trace", "auto=False, and not read to its end yet")
        return self._traced

    @property
    def input(self) -> str:
        """The capture's name."""
        return self._name

    @property
    def output(self) -> str:
        """The name of the file, or of the directory of files, that was written."""
        if self._output is None:
            _unsupported("output", "nofile=True")
        return self._output

    @property
    def format(self) -> str:
        """Its format."""
        if self._output is None:
            _unsupported("format", "nofile=True")
        return self._format

    @property
    def engine(self) -> str:
        """The engine's name."""
        return self._engine

    @property
    def magic_number(self) -> bytes:
        """The first four bytes of the capture, as it is stored."""
        if isinstance(self._source, bytes):
            return self._source[:4]
        with open(self._source, "rb") as file:
            return file.read(4)

    @property
    def info(self) -> Info:
        """What is in the capture; see :func:`flowloom.info`."""
        return Info(info(self._source))


def extract(
    fin: str | os.PathLike[str] | BinaryIO | None = None,
    fout: str | None = None,
    format: str | None = None,
    **options: Any,
) -> Extractor:
    """Extract a capture.

    Parameters
    ----------
    fin : path or open file
        The capture ["in.pcap"]: any that flowloom reads.
    fout : path
        File to write ["out"]; with `files`, a directory.
    format : str
        Its format: ``"tree"`` (the default), ``"json"``, ``"plist"``, ``"pcap"``.
    auto : bool
        Read it all now [yes]; else frames come by iteration.
    extension : bool
        Add the usual endings to names that have none [yes].
    store : bool
        Keep the frames, for ``.frame`` [yes].
    files : bool
        A file for each frame.
    nofile : bool
        No file at all.
    verbose : bool or callable
        Print a line for each frame, or call it with the extractor and the frame.
    engine : {"default", "scapy"}
        Whose frames: :class:`Frame`, or Scapy's packets by the capture's link type.
    layer : {"none", "link", "internet", "transport", "application"}
        How far down frames are looked into; ``"none"`` is to the end.
    protocol : str
        The last protocol that is looked into.
    reassembly : bool
        Put together what is asked for by `ip` (both versions), `ipv4`, `ipv6` and `tcp`. Naming one
        of them is enough, as in the versions before 1.0.
    reasm_strict, strict : bool
        Leave holes as they are [yes]; else there are zeros in their place.
    reasm_store : bool
        Keep what was put together [yes].
    trace : bool
        Write each TCP flow into a file of its own, in the directory `trace_fout` ["tmp"], of the
        format `trace_format` ["pcap"]; `trace_nanosecond` gives captures of that resolution.

    Returns
    -------
    Extractor
        With ``frame``, ``length``, ``reassembly``, ``trace`` and more.

    Raises
    ------
    FileNotFound, ConfigError, CaptureError, OutputError

    Examples
    --------
    >>> from flowloom.compat.pcapkit import extract
    >>> capture = extract("samples/browsing.pcapng", nofile=True)
    >>> str(capture.frame[0].protochain)
    'Ethernet:IPv6:HOPOPT:ICMPv6'
    """
    return Extractor(fin, fout, format, **options)


def _source(fin: Any, extension: bool) -> tuple[str, Any]:
    if fin is not None and hasattr(fin, "read"):
        name = getattr(fin, "name", "file")
        return str(name), bytes(fin.read())
    name = os.fspath(fin if fin is not None else "in.pcap")
    if extension and not os.path.exists(name) and os.path.exists(f"{name}.pcap"):
        name = f"{name}.pcap"
    if not os.path.exists(name):
        raise FileNotFound(2, "there is no such capture", name)
    return name, name


def _engine(engine: str | None) -> str:
    name = (engine or PCAPKit).lower()
    if name in (PCAPKit, "pcapkit", "pcap", "pcapng"):
        return PCAPKit
    if name in (DPKT, PyShark):
        text = f"there is no engine {name} here: the default one takes its place"
        warnings.warn(text, EngineWarning, stacklevel=4)
        return PCAPKit
    if name != Scapy:
        raise ConfigError(f"`{engine}` is no engine; there are default and scapy")
    return Scapy


def _format(setting: str, format: str) -> str:
    if format.lower() not in ENDINGS:
        raise ConfigError(f"`{format}` is no {setting}; there are {', '.join(ENDINGS)}")
    return format.lower()


def _output(fout: str, format: str, extension: bool, files: bool) -> str:
    if files or not extension or os.path.splitext(fout)[1]:
        return fout
    return fout + ENDINGS[format]


def _save(source: Any, output: str, format: str, asked: dict[str, Any]) -> None:
    format = FORMATS.get(format, format)
    if format != "pcap":
        save_packets(source, output, format=cast("Any", format), force=True, **asked)
    elif "frames" in asked:
        from ...rewrite import cut

        cut(source, output, frames=asked["frames"], format="pcap", force=True)
    else:
        convert(source, output, format="pcap", force=True)


def _check_rest(buffering: dict[str, Any], byteorder: str) -> None:
    known = {"buffer_size", "buffer_save", "buffer_path", "no_eof"}
    for name in buffering.keys() - known:
        raise TypeError(f"extract() has no option {name!r}")
    if buffering.get("buffer_save") or byteorder != sys.byteorder:
        text = "captures are not buffered in files, and are written in this machine's byte order"
        warnings.warn(text, EngineWarning, stacklevel=4)


def _said(frame: Any) -> str:
    if isinstance(frame, Frame):
        return str(frame.protochain)
    return ":".join(layer.__name__ for layer in frame.layers())


def _unsupported(name: str, because: str) -> NoReturn:
    raise UnsupportedCall(f"there is no {name!r}: the capture was extracted with {because}")
