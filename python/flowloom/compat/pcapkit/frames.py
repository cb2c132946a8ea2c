"""Frames: of flowloom's layers and fields, or as Scapy has them."""

from __future__ import annotations

import datetime as dt
import functools
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ...errors import ConfigError
from ...frames import Frame as Packet
from ._info import Info, Layer
from .names import chained, layer_of

if TYPE_CHECKING:
    import scapy.packet


class ProtoChain(Sequence[str]):
    """The names of a frame's layers, outermost first: ``Ethernet:IPv4:TCP``."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = tuple(names)

    def __getitem__(self, index: Any) -> Any:
        return self._names[index]

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, name: object) -> bool:
        return any(str(name).lower() == known.lower() for known in self._names)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, str):
            return str(self) == other
        return isinstance(other, ProtoChain) and self._names == other._names

    def __hash__(self) -> int:
        return hash(self._names)

    def __str__(self) -> str:
        return ":".join(self._names)

    def __repr__(self) -> str:
        return f"ProtoChain({self})"

    @property
    def chain(self) -> str:
        """The names, with colons between them."""
        return str(self)


class Frame:
    """A frame, its layers and fields.

    ``frame["TCP"]`` is a layer, ``"TCP" in frame`` says whether it is there, and ``frame.info`` has
    all of them, each in the one that carries it. Fields are called as in ``docs/fields.md``.
    """

    name = "Frame"

    def __init__(self, packet: Packet) -> None:
        self.packet = packet

    @property
    def number(self) -> int:
        """Its number in the capture, from 1."""
        return self.packet.number

    @property
    def data(self) -> bytes:
        """The bytes that were captured."""
        return self.packet.data

    @property
    def length(self) -> int:
        """How many those are."""
        return len(self.packet.data)

    @property
    def time(self) -> dt.datetime:
        """When it was captured, in UTC, in whole microseconds."""
        epoch = dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc)
        return epoch + dt.timedelta(microseconds=self.packet.time // 1_000)

    @property
    def protochain(self) -> ProtoChain:
        """Its layers."""
        return ProtoChain([chained(name) for name in self.packet.protocols])

    @property
    def protocol(self) -> str:
        """Its innermost layer."""
        return str(self.protochain[-1])

    @functools.cached_property
    def layers(self) -> list[tuple[str, dict[str, Any]]]:
        """Names and fields of the layers, outermost first."""
        packet, found = self.packet.layers, []
        seen: Counter[str] = Counter()
        for name in packet["protocols"].split(":"):
            fields = packet.get(name, {})
            if isinstance(fields, list):
                fields = fields[seen[name]] if seen[name] < len(fields) else {}
            seen[name] += 1
            found.append((name, fields))
        return found

    @functools.cached_property
    def info(self) -> Info:
        """All of it: each layer in the one that carries it, under its name in small letters."""
        inner: dict[str, Any] = {}
        for name, fields in reversed(self.layers):
            inner = {chained(name).lower(): Info({**fields, **inner})}
        packet = self.packet
        seconds, nanos = divmod(packet.time, 1_000_000_000)
        sizes = (len(packet.data), packet.wire_length)
        return Info(
            frame_info=Info(
                ts_sec=seconds, ts_usec=nanos // 1_000, incl_len=sizes[0], orig_len=sizes[1]
            ),
            time=self.time,
            number=packet.number,
            time_epoch=packet.time / 1e9,
            len=packet.wire_length,
            cap_len=len(packet.data),
            protocols=str(self.protochain),
            packet=packet.data,
            **inner,
        )

    def __contains__(self, name: object) -> bool:
        return any(layer_of(str(name)) == known for known, _ in self.layers)

    def __getitem__(self, name: str) -> Layer:
        for known, fields in self.layers:
            if known == layer_of(str(name)):
                return Layer(fields)
        raise KeyError(f"{name}: the frame is {self.protochain}")

    def __iter__(self) -> Iterator[str]:
        return iter(self.protochain)

    def __bytes__(self) -> bytes:
        return self.data

    def __len__(self) -> int:
        return self.length

    def __repr__(self) -> str:
        return f"<Frame {self.number} {self.protochain}>"


@functools.cache
def scapy_frames() -> Callable[[Packet], scapy.packet.Packet]:
    """What makes Scapy's packets of ours."""
    try:
        import scapy.layers.all
        from scapy.config import conf
        from scapy.packet import Raw
    except ImportError as error:
        text = "the engine `scapy` needs Scapy; hint: pip install 'flowloom[scapy]'"
        raise ConfigError(text) from error
    del scapy
    classes = conf.l2types

    def made(packet: Packet) -> scapy.packet.Packet:
        if packet.link_type in classes.num2layer:
            frame = classes[packet.link_type](packet.data)
        else:
            frame = Raw(packet.data)
        frame.time = packet.time / 1e9
        frame.wirelen = packet.wire_length
        return frame

    return made
