"""Packets of a flow as objects: their lengths from the flow's sequences, their headers from the
capture, which is read again when they are asked for."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias, overload

import numpy as np

from . import _native, headers
from ._options import told
from .errors import CaptureError, ConfigError
from .headers import Header

if TYPE_CHECKING:
    from ._block import Block

KeepPackets: TypeAlias = Literal["offsets", "bytes"] | None


class Stored(NamedTuple):
    """A frame as it is in the capture."""

    data: bytes
    link_type: int
    time_ns: int
    wirelen: int


class PacketSource:
    """Where the bytes of packets come from: captures that are read again, or memory.

    Parameters
    ----------
    keep : {"offsets", "bytes"}
        Whether frames are read again when they are touched, or all of them now.
    paths : list of str
        The captures.
    """

    def __init__(self, keep: Literal["offsets", "bytes"], paths: Sequence[str]) -> None:
        self._keep = keep
        # Where they are stays true when the working directory is another one.
        self._where = {told(path): os.path.abspath(path) for path in paths}
        self._stamps = {name: _stamp(path) for name, path in self._where.items()}
        self._files: dict[str, _native.Frames | None] = {}
        self._bytes: dict[str, dict[int, Stored]] = {}

    def __getstate__(self) -> dict[str, Any]:
        """What it is made of, without open files: they are opened again where they are touched."""
        return {**self.__dict__, "_files": {}}

    def keep(self, capture: str, numbers: Sequence[int]) -> None:
        """Reads the frames of these numbers, if bytes are to be kept."""
        if self._keep == "bytes":
            wanted = sorted(set(numbers))
            read = _native.read_frames(self._where[capture], wanted)
            self._bytes[capture] = {n: Stored(*one) for n, one in zip(wanted, read, strict=False)}

    def frames(
        self, capture: str, numbers: Sequence[int], offsets: Sequence[int] | None
    ) -> list[Stored]:
        """The frames of these numbers, whose records begin at these offsets.

        Raises
        ------
        CaptureError
            Where the capture is not what it was when its flows were read.
        """
        if capture in self._bytes:
            kept = self._bytes[capture]
            return [kept[number] for number in numbers]
        path = self._where.get(capture)
        if path is None:
            raise CaptureError("its packets cannot be read again: it is no file", capture)
        stamp = _stamp(path)
        if stamp != self._stamps[capture]:
            changed = "has changed since its flows were read; read it again"
            what = "is no longer there" if stamp is None else changed
            raise CaptureError(f"{path}: the file {what}", path)
        file = self._open(path)
        if file is not None and offsets is not None:
            return [Stored(*one) for one in file.read(list(offsets))]
        return [Stored(*one) for one in _native.read_frames(path, list(numbers))]

    def _open(self, path: str) -> _native.Frames | None:
        """The capture for reading at offsets; none for one that is compressed."""
        if path not in self._files:
            try:
                self._files[path] = _native.Frames(path)
            except CaptureError:
                self._files[path] = None
        return self._files[path]


class _HeaderOf:
    """The innermost header of a name, or nothing."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, packet: Any, kind: object = None) -> Header | None:
        found: Header | None = packet._layers().get(self._name)
        return found


class _KnownOf(_HeaderOf):
    """Likewise, of what the flow knows as long as that is enough."""

    def __get__(self, packet: Any, kind: object = None) -> Header | None:
        if packet._of.is_plain:
            known = packet._of.known(packet.packet_index).get(self._name)
            return None if known is None else Known(known, packet)
        return super().__get__(packet, kind)


class Known(Header):
    """A header of what the flow knows of it; for all else, the packet is read."""

    __slots__ = ("_known", "_packet")

    def __init__(self, known: Header, packet: Packet) -> None:
        self.name, self._known, self._packet = known.name, known, packet

    def __getattr__(self, key: str) -> Any:
        if key.startswith("_"):
            raise AttributeError(key)
        if key in ("fields", "data"):
            return getattr(self._packet._layers().get(self.name, self._known), key)
        is_known = key in _KNOWN or (self.name == "tcp" and key in headers.FLAGS)
        return getattr(self._known, key) if is_known else super().__getattr__(key)


class Packet:
    """A packet of a flow.

    Lengths are known without the capture; headers, payload and ``raw_data`` need what
    ``keep_packets`` keeps. Where it keeps nothing, ``tcp`` and ``udp`` tell what the flow knows:
    ports, flags and window; bytes are empty, and to features of one's own an error, unless errors
    of these are ignored.
    """

    __slots__ = (
        "_headers",
        "_of",
        "app_len",
        "ip_len",
        "is_client_to_server",
        "packet_index",
        "timestamp",
        "trans_len",
        "wirelen",
    )

    def __init__(
        self,
        of: PacketList,
        packet_index: int,
        timestamp: float,
        wirelen: int,
        ip_len: int,
        trans_len: int,
        app_len: int,
        is_client_to_server: bool,
    ) -> None:
        self._of = of
        self._headers: dict[str, Header] | None = None
        self.packet_index = packet_index
        """Its place in the flow, from 0."""
        self.timestamp = timestamp
        """Seconds since 1970."""
        self.wirelen = wirelen
        """Bytes of the frame on the wire."""
        self.ip_len = ip_len
        """Bytes by the IP header."""
        self.trans_len = trans_len
        """Bytes of transport header and payload."""
        self.app_len = app_len
        """Bytes of payload."""
        self.is_client_to_server = is_client_to_server
        """Whether the flow's initiator sent it."""

    eth = _HeaderOf("eth")
    vlan = _HeaderOf("vlan")
    sll = _HeaderOf("sll")
    sll2 = _HeaderOf("sll2")
    arp = _HeaderOf("arp")
    ip = _HeaderOf("ip")
    ip6 = _HeaderOf("ip6")
    icmp = _HeaderOf("icmp")
    icmp6 = _HeaderOf("icmp6")
    gre = _HeaderOf("gre")
    vxlan = _HeaderOf("vxlan")
    mpls = _HeaderOf("mpls")
    tcp = _KnownOf("tcp")
    udp = _KnownOf("udp")
    tls = _HeaderOf("tls")
    http = _HeaderOf("http")
    dns = _HeaderOf("dns")
    dhcp = _HeaderOf("dhcp")
    dhcpv6 = _HeaderOf("dhcpv6")
    quic = _HeaderOf("quic")

    @property
    def direction(self) -> int:
        """+1 from the initiator, -1 to it."""
        return 1 if self.is_client_to_server else -1

    @property
    def flow_index(self) -> int:
        """Number of the flow's first frame."""
        return self._of.flow_id

    @property
    def raw_data(self) -> bytes:
        """The captured bytes; empty where they are not kept: see :class:`Packet`."""
        self._of.check_bytes()
        frame = self._of.frame(self.packet_index)
        return b"" if frame is None else frame.data

    @property
    def link_layer_type(self) -> int:
        """What the frame begins with: 1 is Ethernet."""
        self._of.check_bytes()
        frame = self._of.frame(self.packet_index)
        return 0 if frame is None else frame.link_type

    @property
    def caplen(self) -> int:
        """Bytes that were captured."""
        return len(self.raw_data)

    @property
    def frame_number(self) -> int | None:
        """Number of the frame in the capture, where that is kept."""
        return self._of.frame_number(self.packet_index)

    @property
    def payload(self) -> bytes:
        """What comes after the transport header, as far as it was captured."""
        self._of.check_bytes()
        return self._layers().get("payload", _NOTHING).data

    @property
    def has_payload(self) -> bool:
        """Whether anything comes after the transport header."""
        return self.app_len > 0

    @property
    def layers(self) -> dict[str, Header]:
        """The headers by their names, outermost first."""
        return {name: header for name, header in self._layers().items() if name != "payload"}

    @property
    def protocol_stack(self) -> list[str]:
        """The names of its headers, outermost first."""
        return list(self.layers)

    def get_layer(self, name: str) -> Header | None:
        """A header by its name: ``eth``, ``ip``, ``ip6``, ``tcp``, ``tls`` ...; also by those that
        wa1kpcap has for it, as ``ethernet`` or ``ipv4``."""
        return self._layers().get(_OTHER_NAMES.get(name, name))

    def to_dict(self) -> dict[str, Any]:
        """Lengths and headers as a dictionary."""
        found: dict[str, Any] = {
            name: getattr(self, name)
            for name in ("timestamp", "wirelen", "ip_len", "trans_len", "app_len")
        }
        found["is_client_to_server"] = self.is_client_to_server
        found.update((name, dict(header.fields)) for name, header in self.layers.items())
        return found

    def _layers(self) -> dict[str, Header]:
        if self._headers is None:
            frame = self._of.frame(self.packet_index)
            self._headers = (
                self._of.known(self.packet_index)
                if frame is None
                else headers.read(frame.data, frame.link_type, frame.wirelen)
            )
        return self._headers

    def __repr__(self) -> str:
        arrow = "->" if self.is_client_to_server else "<-"
        return f"Packet({self.packet_index} {arrow} {self.wirelen} bytes)"


class PacketList(Sequence[Packet]):
    """The packets of a flow that are in its sequences, made when they are touched."""

    def __init__(self, block: Block, row: int) -> None:
        self._block = block
        self._row = row
        self._count = len(block.sequence("packet_lengths", row))
        self._made: list[Packet] | None = None
        self._frames: list[Stored | None] | None = None

    def __call__(self) -> PacketList:
        """Itself: both ``flow.packets`` and ``flow.packets()`` are the packets."""
        return self

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> Packet: ...
    @overload
    def __getitem__(self, index: slice) -> list[Packet]: ...
    def __getitem__(self, index: int | slice) -> Packet | list[Packet]:
        return self._packets()[index]

    def __iter__(self) -> Iterator[Packet]:
        return iter(self._packets())

    @property
    def flow_id(self) -> int:
        """Number of the flow's first frame."""
        return int(self._block.values("flow_id")[self._row])

    @functools.cached_property
    def is_plain(self) -> bool:
        """Whether all that its packets have of TCP and UDP is what the flow knows: no tunnel, no
        fragments."""
        block, row = self._block, self._row
        if block.packets is None or block.values("protocol")[row] not in (_TCP, _UDP):
            return False
        numbers = block.raw("frame_numbers")[row]
        return len(numbers) == len(block.raw("packet_frames")[row]) and (
            block.values("tunnel")[row] is None and bool(block.values("src_port")[row])
        )

    def frame(self, index: int) -> Stored | None:
        """The frame of a packet, where that is kept."""
        if self._frames is None:
            self._frames = self._read()
        return self._frames[index]

    def check_bytes(self) -> None:
        """Whether bytes are kept, where they are needed."""
        if self._block.needs_bytes and self._block.packets is None:
            raise ConfigError(
                "the bytes of packets are not kept: flows of "
                "fl.Analyzer(keep_packets='offsets') have them, tables do not"
            )

    def frame_number(self, index: int) -> int | None:
        """The number of a packet's frame, where that is kept."""
        if "frame_numbers" not in self._block.names:
            return None
        numbers = self._block.frames(self._row)
        return None if numbers is None else numbers[0][index]

    def known(self, index: int) -> dict[str, Header]:
        """What the flow knows of a packet's headers."""
        block, row = self._block, self._row
        is_up = bool(block.sequence("directions", row)[index] > 0)
        ports = [block.values("src_port")[row] or 0, block.values("dst_port")[row] or 0]
        if bool(block.kept().is_flipped[row]) == is_up:
            ports.reverse()
        protocol = block.values("protocol")[row]
        if protocol == _TCP:
            flags = block.sequence("tcp_flags", row)
            if not len(flags):
                # Fragments without the first have no header.
                return {}
            window = int(block.sequence("tcp_window_sizes", row)[index])
            fields = {"sport": ports[0], "dport": ports[1], "flags": int(flags[index])}
            return {"tcp": Header("tcp", {**fields, "win": window})}
        if protocol == _UDP:
            length = int(abs(block.sequence("trans_lengths", row)[index]))
            return {"udp": Header("udp", {"sport": ports[0], "dport": ports[1], "len": length})}
        return {}

    def _packets(self) -> list[Packet]:
        if self._made is None:
            sequence, row = self._block.sequence, self._row
            lengths = (
                np.abs(sequence(name, row)).tolist()
                for name in ("packet_lengths", "ip_lengths", "trans_lengths", "app_lengths")
            )
            times = sequence("timestamps", row).tolist()
            is_up = (sequence("directions", row) > 0).tolist()
            self._made = [
                Packet(self, *values)
                for values in zip(range(self._count), times, *lengths, is_up, strict=True)
            ]
        return self._made

    def _read(self) -> list[Stored | None]:
        source = self._block.packets
        if source is None:
            return [None] * self._count
        path = str(self._block.value("capture", self._row))
        came = self._block.frames(self._row)
        assert came is not None
        return list(source.frames(path, *came))

    def __repr__(self) -> str:
        return f"PacketList({self._count} packets)"


def checked(keep: str | None) -> KeepPackets:
    """What ``keep_packets`` may be."""
    if keep not in (None, "offsets", "bytes"):
        raise ConfigError(f"keep_packets is None, 'offsets' or 'bytes', not {keep!r}")
    return keep  # type: ignore[return-value]


def _stamp(path: str) -> tuple[int, int] | None:
    """What tells that a file is another one: its size, and when it was written."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return (found.st_size, found.st_mtime_ns)


_OTHER_NAMES = {
    "ethernet": "eth",
    "ipv4": "ip",
    "ipv6": "ip6",
    "icmpv6": "icmp6",
    "tls_record": "tls",
    "linux_sll": "sll",
    "linux_sll2": "sll2",
}
_NOTHING = Header("payload", {})
_TCP, _UDP = 6, 17
_KNOWN = ("sport", "dport", "flags", "win")
"""What is known without the packet."""
