"""Flows side by side: the columns that flow objects are views on, and what is derived from them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from ._statistics import ListStatistics, largest, sums
from .errors import ConfigError
from .key import FlowKey
from .metrics import FlowMetrics
from .ragged import Ragged
from .table import FlowTable

if TYPE_CHECKING:
    from . import _native
    from .packets import PacketSource

DeclaredAs: TypeAlias = "Callable[[str, dict[str, Any], dict[str, Any]], Any]"
"""What makes an object of a declared protocol's name, the initiator's fields and the answer's."""

LENGTHS = ("packet_lengths", "ip_lengths", "trans_lengths", "app_lengths")


class Choice(NamedTuple):
    """Which packets of the flows are left out."""

    pure_acks: bool = False
    """Leave out TCP segments that acknowledge and do nothing else."""
    resets: bool = False
    """Leave out packets with RST."""
    retransmissions: bool = False
    """Leave out TCP segments that were wholly seen before."""


ALL_PACKETS = Choice()


class Block:
    """Some thousand flows at most: views keep it alive, not the table it came from.

    Sequences are signed by their direction and hold the packets that a choice leaves; the first of
    them is of direction +1 if the choice asks for anything.
    """

    def __init__(
        self,
        table: FlowTable,
        choice: Choice = ALL_PACKETS,
        *,
        with_statistics: bool = True,
        packets: PacketSource | None = None,
        sequences: Collection[str] | None = None,
        by_port: bool = False,
        declared_as: DeclaredAs | None = None,
    ) -> None:
        self.table = table
        self.choice = choice
        self.leaves_out = any(choice)
        self.with_statistics = with_statistics
        self.packets = packets
        self.by_port = by_port
        self.declared_as = declared_as
        self.needs_bytes = False
        """Whether it is an error to ask for bytes of packets that are not kept."""
        self.sequences = None if sequences is None else frozenset(sequences)
        self.names = frozenset(table.columns)
        self._arrays: dict[str, _native.Array] = {}
        self._lists: dict[str, list[Any]] = {}
        self._raw: dict[str, Ragged] = {}
        self._series: dict[str, Ragged] = {}
        self._bounds: dict[str, tuple[npt.NDArray[Any], list[int]]] = {}
        self._statistics: dict[str, ListStatistics] = {}
        self._keys: list[FlowKey] | None = None
        self._counts: dict[str, list[int]] = {}
        self._times: dict[str, list[float]] = {}
        self._metrics: list[FlowMetrics] | None = None
        self._asked: dict[str, int] = {}
        self._told: dict[str, list[bool]] = {}
        self._kept: _Kept | None = None

    def __len__(self) -> int:
        return len(self.table)

    def __reduce__(self) -> tuple[partial[Block], tuple[FlowTable, Choice]]:
        """What it is made of: what was derived is derived again."""
        made = partial(
            Block,
            with_statistics=self.with_statistics,
            packets=self.packets,
            sequences=self.sequences,
            by_port=self.by_port,
            declared_as=self.declared_as,
        )
        return made, (self.table, self.choice)

    def shows(self, series: str) -> bool:
        """Whether a sequence is among those that are exported."""
        return self.sequences is None or series in self.sequences

    # Values as they are in the table.

    def value(self, name: str, row: int) -> Any:
        """One value, as Python has it; ``None`` where it is missing or there is no such column."""
        values = self._lists.get(name)
        if values is not None:
            return values[row]
        if name not in self.names:
            return None
        array = self._array(name)
        asked = self._asked[name] = self._asked.get(name, 0) + 1
        # Lists stay with the flow they are handed to: who changes one must not change another's.
        if asked == OFTEN and not array.data_type.startswith(("list", "struct")):
            return self.values(name)[row]
        return array.item(row)

    def values(self, name: str) -> list[Any]:
        """All values of a column that is often asked for, as Python has them."""
        if name not in self._lists:
            if name not in self.names:
                raise missing(name, self.names)
            self._lists[name] = self._array(name).to_pylist()
        return self._lists[name]

    def is_filled(self, name: str) -> list[bool]:
        """Of which flows a list has items."""
        if name not in self.names:
            return [False] * len(self)
        offsets = np.asarray(self._array(name).offsets())
        filled: list[bool] = (np.diff(offsets) > 0).tolist()
        return filled

    def told(self, name: str, tell: Callable[[Block], list[bool]]) -> list[bool]:
        """Of which flows something is true that ``tell`` finds out for all of them."""
        if name not in self._told:
            self._told[name] = tell(self)
        return self._told[name]

    def keys(self) -> list[FlowKey]:
        """The key of every flow; the sender of the first packet is the source."""
        if self._keys is None:
            names = ("src_ip", "dst_ip", "src_port", "dst_port", "protocol", "vlan_id")
            columns = [self.values(name) for name in names]
            for at in (2, 3, 5):
                columns[at] = [value or 0 for value in columns[at]]
            self._keys = list(map(FlowKey._make, zip(*columns, strict=True)))
            if self.leaves_out:
                for row in np.flatnonzero(self.kept().is_flipped).tolist():
                    self._keys[row] = self._keys[row].reverse()
        return self._keys

    # Sequences.

    def series(self, name: str) -> Ragged:
        """A sequence of every flow."""
        if name not in self._series:
            self._series[name] = self._derived(name)
        return self._series[name]

    def sequence(self, name: str, row: int) -> npt.NDArray[Any]:
        """A sequence of one flow."""
        bounds = self._bounds.get(name)
        if bounds is None:
            series = self.series(name)
            bounds = self._bounds[name] = (series.items, series.offsets.tolist())
        items, offsets = bounds
        return items[offsets[row] : offsets[row + 1]]

    def statistics(self, name: str) -> ListStatistics:
        """The statistics of a sequence of every flow."""
        if name not in self._statistics:
            self._statistics[name] = ListStatistics(self.series(name))
        return self._statistics[name]

    def kept(self) -> _Kept:
        """Which packets are in the sequences."""
        if self._kept is None:
            self._kept = _chosen(self)
        return self._kept

    def packet_counts(self) -> npt.NDArray[np.int64]:
        """Packets of every flow that are in its sequences."""
        return np.diff(self.kept().offsets)

    def times(self, name: str) -> list[float]:
        """``start``, ``end`` and ``duration`` of every flow, in seconds, of the packets that a choice
        leaves."""
        if not self._times:
            times = self.series("times_ns")
            filled = times.lengths > 0
            last = largest(times.items, times.offsets)
            if self.leaves_out:
                first = np.zeros(len(filled), dtype=np.int64)
                first[filled] = times.items[times.offsets[:-1][filled]]
            else:
                # Lists need not have all packets: they may be cut, or of some of them alone.
                first, end = (_nanos(self.table[name]) for name in ("start_time", "end_time"))
                last = np.where(filled, np.maximum(last, end), end)
            self._times = {
                "start": (first / 1e9).tolist(),
                "end": (last / 1e9).tolist(),
                "duration": ((last - first) / 1e9).tolist(),
            }
        return self._times[name]

    def count(self, name: str) -> list[int]:
        """``packet_count`` or ``byte_count`` of every flow, of those packets."""
        if name not in self._counts:
            counted = (
                self.packet_counts()
                if name == "packet_count"
                else sums(np.abs(self.series("packet_lengths").items), self.kept().offsets)
            )
            self._counts[name] = counted.tolist()
        return self._counts[name]

    def metrics(self) -> list[FlowMetrics]:
        """Counts of every flow, of the packets that a choice leaves; windows, of its sequences."""
        if self._metrics is None:
            counted = _counted(self)
            columns = [counted[name] for name in FlowMetrics._fields]
            self._metrics = list(map(FlowMetrics._make, zip(*columns, strict=True)))
        return self._metrics

    def raw(self, name: str) -> Ragged:
        """A sequence of the table, whatever the choice."""
        if name not in self._raw:
            if name not in self.names:
                raise missing(name, self.names)
            column = self.table.column(name)
            assert isinstance(column, Ragged)
            self._raw[name] = column
        return self._raw[name]

    # Frames.

    def all_frames(self, row: int) -> tuple[list[int], list[int] | None]:
        """Numbers of a flow's frames, and where their records begin, if that is known."""
        numbers = self.raw("frame_numbers")[row].tolist()
        offsets = self.raw("frame_offsets")[row].tolist()
        return numbers, offsets if len(offsets) == len(numbers) else None

    def frames(self, row: int) -> tuple[list[int], list[int] | None] | None:
        """Likewise, one frame for each packet of the flow's sequences: of a datagram that came in
        several, the last. Tables know none where there are such."""
        numbers, offsets = self.all_frames(row)
        kept = self.kept()
        start, end = kept.all_offsets[row], kept.all_offsets[row + 1]
        if self.packets is not None:
            # An analyzer's sequences have the first packets, if not all.
            came = self.raw("packet_frames")[row][: end - start].tolist()
            if offsets is not None and came != numbers:
                begin = dict(zip(numbers, offsets, strict=True))
                offsets = [begin[number] for number in came]
            numbers = came
        elif end - start != len(numbers):
            return None
        if kept.mask is None:
            return numbers, offsets
        places = np.flatnonzero(kept.mask[start:end]).tolist()
        chosen = None if offsets is None else [offsets[place] for place in places]
        return [numbers[place] for place in places], chosen

    def _array(self, name: str) -> _native.Array:
        if name not in self._arrays:
            self._arrays[name] = self.table._native.array(0, name)
        return self._arrays[name]

    def _derived(self, name: str) -> Ragged:
        kept = self.kept()
        if name in LENGTHS:
            # A table may have them signed already.
            lengths = np.abs(self.raw(name).items.astype(np.int64))
            return kept.of(lengths * kept.all_directions)
        if name == "payload_bytes":
            return self.series("app_lengths")
        if name == "directions":
            return Ragged(kept.directions, kept.offsets)
        if name == "times_ns":
            base = np.repeat(_nanos(self.table.column("start_time")), np.diff(kept.all_offsets))
            return kept.of(self.raw("times").items + base)
        if name == "timestamps":
            return Ragged(self.series("times_ns").items / 1e9, kept.offsets)
        if name == "iats":
            return _gaps(self.series("times_ns"))
        if name in ("tcp_flags", "tcp_window_sizes"):
            return kept.of_tcp(self.raw(name))
        raise KeyError(name)


class _Kept:
    """The packets that a choice leaves, and the direction of each."""

    def __init__(self, offsets: npt.NDArray[np.int64], directions: npt.NDArray[np.int8]) -> None:
        self.all_offsets = self.offsets = offsets
        self.all_directions = self.directions = directions.astype(np.int64)
        self.mask: npt.NDArray[np.bool_] | None = None
        self.is_flipped = np.zeros(len(offsets) - 1, dtype=np.bool_)

    def leave(self, mask: npt.NDArray[np.bool_]) -> None:
        """Leaves out what is false; who sent the first of the rest is the initiator."""
        self.mask = mask
        self.offsets = _compressed(self.all_offsets, mask)
        left = self.all_directions[mask]
        filled = np.flatnonzero(np.diff(self.offsets))
        self.is_flipped[filled] = left[self.offsets[filled]] < 0
        signs = np.where(self.is_flipped, -1, 1)
        self.all_directions = self.all_directions * np.repeat(signs, np.diff(self.all_offsets))
        self.directions = self.all_directions[mask]

    def of(self, items: npt.NDArray[Any]) -> Ragged:
        """The items of those packets."""
        return Ragged(items if self.mask is None else items[self.mask], self.offsets)

    def of_tcp(self, lists: Ragged) -> Ragged:
        """Likewise, where only some of the flows have items."""
        if self.mask is None:
            return lists
        has = np.repeat(lists.lengths > 0, np.diff(self.all_offsets))
        mask = self.mask[has]
        return Ragged(lists.items[mask], _compressed(lists.offsets, mask))


def missing(name: str, names: frozenset[str]) -> ConfigError:
    """A column that was not read."""
    family = _FAMILIES.get(name, "sequences" if name in _SEQUENCES else "core")
    return ConfigError(
        f"the table has no column {name!r}: read the captures with features that have it, "
        f"such as {family!r}"
    )


def _chosen(block: Block) -> _Kept:
    directions = block.raw("directions")
    kept = _Kept(directions.offsets, directions.items)
    choice = block.choice
    if not block.leaves_out:
        return kept
    marks = block.raw("packet_marks").items
    unwanted = (PURE_ACK if choice.pure_acks else 0) | (
        RETRANSMISSION if choice.retransmissions else 0
    )
    mask = (marks & unwanted) == 0
    if choice.resets:
        flags = block.raw("tcp_flags")
        has = np.repeat(flags.lengths > 0, directions.lengths)
        mask[has] &= (flags.items & _RST) == 0
    if not mask.all():
        kept.leave(mask)
    return kept


def _counted(block: Block) -> dict[str, list[int]]:
    kept = block.kept()
    lengths, starts = np.abs(block.series("packet_lengths").items), kept.offsets
    is_up = kept.directions > 0
    found = {
        "packet_count": np.diff(starts),
        "byte_count": sums(lengths, starts),
        "up_packet_count": sums(is_up.astype(np.int64), starts),
        "up_byte_count": sums(np.where(is_up, lengths, 0), starts),
    }
    found["down_packet_count"] = found["packet_count"] - found["up_packet_count"]
    found["down_byte_count"] = found["byte_count"] - found["up_byte_count"]
    flags = block.series("tcp_flags")
    for name, bit in _FLAGS.items():
        found[name] = sums(((flags.items & bit) != 0).astype(np.int64), flags.offsets)
    marks = block.raw("packet_marks")
    for name, bit in (("retrans_count", RETRANSMISSION), ("out_of_order_count", OUT_OF_ORDER)):
        found[name] = sums(((marks.items & bit) != 0).astype(np.int64), marks.offsets)
    if not block.leaves_out:
        # Lists need not have all packets: see Block.times.
        for name, columns in _COLUMNS.items():
            if block.names.issuperset(columns):
                found[name] = np.sum([block.table[column] for column in columns], 0)
    windows = block.series("tcp_window_sizes")
    sizes = windows.items.astype(np.int64)
    found["sum_window"] = sums(sizes, windows.offsets)
    is_open = sizes > 0
    opened = ListStatistics(Ragged(sizes[is_open], _compressed(windows.offsets, is_open)))
    found["min_window"] = opened["min"].astype(np.int64)
    found["max_window"] = opened["max"].astype(np.int64)
    return {name: values.tolist() for name, values in found.items()}


def _gaps(times: Ragged) -> Ragged:
    """From one packet to the next, in seconds: one less than there are packets."""
    if len(times.items) < 2:
        return Ragged(np.zeros(0), np.zeros_like(times.offsets))
    gaps = np.diff(times.items) / 1e9
    within = np.ones(len(gaps), dtype=np.bool_)
    borders = times.offsets[1:-1]
    within[borders[(borders > 0) & (borders <= len(gaps))] - 1] = False
    offsets = np.concatenate([[0], np.cumsum(np.maximum(times.lengths - 1, 0))])
    return Ragged(gaps[within], offsets)


def _compressed(
    offsets: npt.NDArray[np.int64], mask: npt.NDArray[np.bool_]
) -> npt.NDArray[np.int64]:
    before = np.concatenate([[0], np.cumsum(mask)])
    return before[offsets]


def _nanos(times: Any) -> npt.NDArray[np.int64]:
    return np.asarray(times).astype("datetime64[ns]").view(np.int64)


OFTEN = 64
"""Values of a column that are asked for one by one, before all of them are fetched."""

PURE_ACK, RETRANSMISSION, OUT_OF_ORDER = 1, 4, 16
"""Bits of the column ``packet_marks``."""

_RST = 4
_FLAGS = {
    "fin_count": 1,
    "syn_count": 2,
    "rst_count": _RST,
    "psh_count": 8,
    "ack_count": 16,
    "urg_count": 32,
}
_COLUMNS = {name: (name,) for name in FlowMetrics._fields[:12]} | {
    "retrans_count": ("up_retransmission_count", "down_retransmission_count"),
    "out_of_order_count": ("up_out_of_order_count", "down_out_of_order_count"),
}
"""The columns of a table that have the counts of a flow: one, or two to be added."""
_SEQUENCES = frozenset(
    (*LENGTHS, "directions", "times", "tcp_flags", "tcp_window_sizes", "packet_marks")
)
_FAMILIES = {
    "frame_numbers": "frames",
    "frame_offsets": "frames",
    "packet_frames": "packet_frames",
}
