"""What was sent, put together: TCP by direction and acknowledgement, IP from its fragments."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from typing import Any, NamedTuple, TypeAlias

from ..._options import Source
from ...frames import Frame as Packet
from ...frames import open_packets
from ...stream import Stream, streams
from ._info import Info

Ends: TypeAlias = "tuple[str, int, str, int]"
Payload: TypeAlias = "bytes | tuple[bytes, ...]"


class Datagram(Info):
    """Something that was put together.

    Attributes
    ----------
    completed : bool
        Whether all of it came.
    id : DatagramID
        Whose it is.
    index : tuple of int
        The frames it came in; of TCP, those that acknowledge the same, with payload or not.
    header : bytes
        Of IP, the header of the first fragment; of TCP, that of the SYN. Empty if that is not there.
    payload : bytes or tuple of bytes
        What came. Strictly, of what is not complete, the pieces between the holes; else there are
        zeros in the place of what is missing.
    missing : int
        Bytes that never came.
    """

    completed: bool
    id: DatagramID
    index: tuple[int, ...]
    header: bytes
    payload: Payload
    missing: int

    @property
    def NotImplemented(self) -> bool:
        """The opposite of `completed`, as versions before 1.0 have it."""
        return not self.completed

    def __getitem__(self, key: str) -> Any:
        return self.NotImplemented if key == "NotImplemented" else super().__getitem__(key)


class DatagramID(Info):
    """Whose a datagram is: `src`, `dst` (addresses; with TCP, with ports), `id` and `proto`, or
    `ack`."""


class ReassemblyData(NamedTuple):
    """What was put together; ``None`` where it was not asked for."""

    ipv4: tuple[Datagram, ...] | None
    ipv6: tuple[Datagram, ...] | None
    tcp: tuple[Datagram, ...] | None


def reassemble(
    source: Source, *, strict: bool, ipv4: bool, ipv6: bool, tcp: bool
) -> ReassemblyData:
    """Put together what is asked for."""
    headers = Headers(source)
    datagrams = _datagrams(source, headers, strict) if ipv4 or ipv6 else []
    return ReassemblyData(
        tuple(one for one in datagrams if ":" not in one.id.src) if ipv4 else None,
        tuple(one for one in datagrams if ":" in one.id.src) if ipv6 else None,
        tuple(_messages(source, headers, strict)) if tcp else None,
    )


class Headers:
    """What is known of the headers of all frames."""

    def __init__(self, source: Source) -> None:
        self.acks: dict[int, tuple[Ends, int]] = {}
        """Of each frame with TCP: whose it is, and what it acknowledges."""
        self.frames: dict[tuple[Ends, int], list[int]] = defaultdict(list)
        """The frames of both."""
        self.syns: dict[Ends, list[tuple[int, bytes]]] = defaultdict(list)
        """The TCP headers with SYN, and their frames."""
        self.firsts: dict[int, bytes] = {}
        """The IP headers of first fragments, by their frames."""
        self.whole: list[Datagram] = []
        """IPv4 datagrams that could have been fragments, but came whole."""
        with open_packets(source, layer="transport", ranges=True, on_error="ignore") as packets:
            for packet in packets:
                self._note(packet)

    def _note(self, packet: Packet) -> None:
        layers = packet.layers
        ip = _one(layers.get("ip") or layers.get("ipv6"), 0)
        if ip is None:
            return
        header = _bytes(packet, ip)
        if "ip" in layers:
            self._note_ipv4(packet, ip, header)
        elif "ipv6.fraghdr" in layers:
            self.firsts[packet.number] = header
        tcp = _one(layers.get("tcp"), -1)
        inner = _one(layers.get("ipv6") if "ip" not in layers else layers["ip"], -1)
        if tcp is None or inner is None or "ack_raw" not in tcp:
            return
        ends = (_value(inner, "src"), _value(tcp, "srcport")) + (
            _value(inner, "dst"),
            _value(tcp, "dstport"),
        )
        ack = _value(tcp, "ack_raw")
        self.acks[packet.number] = ends, ack
        self.frames[ends, ack].append(packet.number)
        if _value(tcp, "flags.syn"):
            self.syns[ends].append((packet.number, _bytes(packet, tcp)))

    def _note_ipv4(self, packet: Packet, ip: dict[str, Any], header: bytes) -> None:
        if "frag_offset" not in ip:
            return
        offset, goes_on = _value(ip, "frag_offset"), _value(ip, "flags.mf")
        if offset == 0:
            self.firsts[packet.number] = header
        if offset == 0 and not goes_on and not _value(ip, "flags.df"):
            at = ip["range"][0]
            end = at + max(_value(ip, "len"), len(header))
            whose = DatagramID(
                src=_value(ip, "src"),
                dst=_value(ip, "dst"),
                id=_value(ip, "id"),
                proto=_value(ip, "proto"),
            )
            missing = max(0, end - len(packet.data))
            payload = packet.data[at + len(header) : end]
            self.whole.append(_datagram(whose, (packet.number,), header, payload, missing))

    def syn(self, ends: Ends, frame: int) -> bytes:
        """The header of the SYN that a frame comes after."""
        known = self.syns.get(ends, [])
        at = bisect_right(known, frame, key=lambda syn: syn[0])
        return known[at - 1][1] if at else b""


def _messages(source: Source, headers: Headers, strict: bool) -> list[Datagram]:
    """What each side sent between two things that it heard."""
    flows: dict[Ends, list[int]] = defaultdict(list)
    # Messages with the same acknowledgement are one; those without a frame that has one, in
    # fragments, are not.
    found: dict[tuple[Ends, int, int, int], list[Stream]] = defaultdict(list)
    with streams(source, strict=strict, on_error="ignore", filter="protocol = 6") as all_said:
        for said in all_said:
            ends = _ends(said)
            known = [headers.acks[number][1] for number in said.frames if number in headers.acks]
            if not flows[ends] or flows[ends][-1] != said.flow_id:
                flows[ends].append(said.flow_id)
            alone = 0 if known else said["message"]
            found[ends, said.flow_id, known[0] if known else 0, alone].append(said)
    datagrams = []
    for (ends, flow, ack, alone), parts in found.items():
        begins = sorted(flows[ends])
        later = [other for other in begins if other > flow] or [1 << 63]
        index = {n for n in headers.frames[ends, ack] if flow <= n < later[0] and not alone}
        index.update(number for part in parts for number in part.frames)
        numbers = tuple(sorted(index))
        src, dst = ends[:2], ends[2:]
        whose = DatagramID(src=src, dst=dst, ack=ack)
        header = headers.syn(ends, numbers[-1]) if numbers else b""
        missing = sum(part.missing for part in parts)
        payload = _payload([piece for part in parts for _, piece in part.pieces], strict, missing)
        datagrams.append(_datagram(whose, numbers, header, payload, missing))
    return sorted(datagrams, key=lambda one: one.index)


def _datagrams(source: Source, headers: Headers, strict: bool) -> list[Datagram]:
    """What came in fragments, and what could have."""
    datagrams = list(headers.whole)
    with streams(source, what="datagrams", strict=strict, on_error="ignore") as all_joined:
        for joined in all_joined:
            frames = tuple(joined["frames"])
            whose = DatagramID(
                src=joined["src_ip"],
                dst=joined["dst_ip"],
                id=joined["id"],
                proto=joined["protocol"],
            )
            header = next((headers.firsts[one] for one in frames if one in headers.firsts), b"")
            pieces = [piece for _, piece in joined.pieces]
            payload = _payload(pieces, strict, joined.missing)
            datagram = _datagram(whose, frames, header, payload, joined.missing)
            datagram.__dict__["completed"] = joined["is_complete"]
            datagrams.append(datagram)
    return sorted(datagrams, key=lambda one: one.index[-1:])


def _datagram(
    whose: DatagramID, index: tuple[int, ...], header: bytes, payload: Payload, missing: int
) -> Datagram:
    return Datagram(
        completed=missing == 0,
        id=whose,
        index=index,
        header=header,
        payload=payload,
        packet=None,
        packets=None,
        missing=missing,
    )


def _payload(pieces: list[bytes], strict: bool, missing: int) -> Payload:
    return tuple(pieces) if strict and missing else b"".join(pieces)


def _ends(said: Stream) -> Ends:
    a, b = (said["src_ip"], said["src_port"]), (said["dst_ip"], said["dst_port"])
    return (*a, *b) if said.direction == "up" else (*b, *a)


def _one(layer: Any, which: int) -> dict[str, Any] | None:
    """One of the layers of a name."""
    found: dict[str, Any] | None = layer[which] if isinstance(layer, list) else layer
    return found


def _value(layer: dict[str, Any], field: str) -> Any:
    found = layer.get(field)
    return found["value"] if isinstance(found, dict) else found


def _bytes(packet: Packet, layer: dict[str, Any]) -> bytes:
    at, length = layer["range"]
    return packet.data[at : at + length]
