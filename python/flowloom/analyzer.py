"""Captures to lists of flow objects."""

from __future__ import annotations

import fnmatch
import os
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np

from ._block import Block, Choice, DeclaredAs
from ._filters import DEFAULT_FILTER, merged
from ._jobs import interrupted_as, warn
from ._options import Path_, told
from ._own_columns import incremental, run_incremental, sets_for, vectorised
from .errors import CaptureError, ConfigError, Interrupted
from .flow import SEQUENCES, STATISTICS, Flow
from .own import BaseIncrementalFeature, Feature, OnFeatureError, get_feature_registry
from .own import checked as check_on_feature_error
from .packets import KeepPackets, PacketSource, checked
from .read import read_flows
from .table import FlowTable

Made = TypeVar("Made")


class Analyzer:
    """Reads captures into flow objects.

    A flow is what goes on between two endpoints, whatever TCP says and however long it is silent,
    unless ``udp_timeout`` or ``split_tcp`` asks otherwise. Its initiator is who sent its first
    packet.

    Parameters
    ----------
    udp_timeout : float
        Seconds of silence that end a flow of UDP, and of what is neither UDP nor TCP; 0 for never.
    tcp_cleanup_timeout : float
        With ``split_tcp``, seconds of silence that end a flow of TCP.
    filter_ack : bool
        Leave out TCP segments that acknowledge and do nothing else.
    filter_rst : bool
        Leave out packets with RST.
    filter_retrans : bool
        Leave out TCP segments that were wholly seen before. Segments out of order stay.
    bpf_filter : str, optional
        Only packets and flows for which an expression is true: tcpdump's language, and words for
        what flows say, such as ``tls`` or ``tls.sni endswith "example.com"``.
    default_filter : str, optional
        An expression that has to be true as well. The usual one leaves out ARP, ICMP and DHCP;
        those that ``bpf_filter`` names stay.
    min_packets : int
        Leave out flows with fewer packets.
    verbose_mode : bool
        Keep where the packets of flows are: the same as ``keep_packets="offsets"``.
    enabled_features : list of str, optional
        Which protocols and statistics to look for: names of sequences, ``"statistics"``, ``"tls"``,
        ``"http"``, ``"dns"``, ``"quic"`` [all].
    save_raw_bytes : bool
        Keep the bytes of packets: the same as ``keep_packets="bytes"``.
    compute_statistics : bool
        Whether flows have statistics.
    enable_reassembly : bool
        Whether what flows say is put together from several packets.
    protocols : list of str, optional
        Protocols to look for: ``"tls"``, ``"http"``, ``"dns"``, ``"quic"`` [all].
    app_layer_parsing : {"full", "port_only", "none"}
        How far what flows say is looked into.
    keep_packets : {"offsets", "bytes"}, optional
        What is kept of packets, for ``flow.packets``: where they are in the capture, which is read
        again when they are touched; their bytes, in memory; or nothing but their lengths.
    on_feature_error : {"raise", "null"}
        What an exception in a feature of one's own does: it is raised as
        :class:`flowloom.FeatureError`, or the feature is ``None`` for that flow.
    split_tcp : bool
        Whether FIN, RST, a new SYN and silence end a flow of TCP.
    threads : int, optional
        Threads [the processors there are].
    max_packets : int
        Packets in the sequences of a flow at most.
    definitions : path, optional
        Directory of YAML files that declare protocols; what flows say in these, and in those that
        come with flowloom, is in ``flow.layers``.

    Examples
    --------
    >>> import flowloom as fl
    >>> flows = fl.Analyzer().analyze_file("samples/browsing.pcapng")
    >>> print(flows[0].key, flows[0].packet_count)
    192.0.2.101:35860 -> 192.0.2.1:53 (UDP) 2
    """

    def __init__(
        self,
        udp_timeout: float = 0,
        tcp_cleanup_timeout: float = 300.0,
        filter_ack: bool = False,
        filter_rst: bool = False,
        filter_retrans: bool = True,
        bpf_filter: str | None = None,
        default_filter: str | None = DEFAULT_FILTER,
        min_packets: int = 1,
        verbose_mode: bool = False,
        enabled_features: Sequence[str] | None = None,
        save_raw_bytes: bool = False,
        compute_statistics: bool = True,
        enable_reassembly: bool = True,
        protocols: Sequence[str] | None = None,
        app_layer_parsing: Literal["full", "port_only", "none"] = "full",
        *,
        keep_packets: KeepPackets = None,
        on_feature_error: OnFeatureError = "raise",
        split_tcp: bool = False,
        threads: int | None = None,
        max_packets: int = 1 << 30,
        definitions: Path_ | None = None,
    ) -> None:
        if app_layer_parsing not in ("full", "port_only", "none"):
            raise ConfigError(
                f"app_layer_parsing is full, port_only or none, not {app_layer_parsing!r}"
            )
        self.udp_timeout = udp_timeout
        self.tcp_cleanup_timeout = tcp_cleanup_timeout
        self.filter_ack = filter_ack
        self.filter_rst = filter_rst
        self.filter_retrans = filter_retrans
        self.bpf_filter = bpf_filter
        self.default_filter = default_filter
        self.min_packets = min_packets
        self.verbose_mode = verbose_mode
        self.enabled_features = enabled_features
        self.save_raw_bytes = save_raw_bytes
        self.compute_statistics = compute_statistics
        self.enable_reassembly = enable_reassembly
        self.protocols = protocols
        self.app_layer_parsing = app_layer_parsing
        self.keep_packets: KeepPackets = checked(
            keep_packets or ("bytes" if save_raw_bytes else "offsets" if verbose_mode else None)
        )
        self.on_feature_error = check_on_feature_error(on_feature_error)
        self.split_tcp = split_tcp
        self.threads = threads
        self.max_packets = max_packets
        self.definitions = definitions
        self._declared_as: DeclaredAs | None = None
        for name in _SWITCHES:
            if getattr(self, name) not in (True, False):
                raise ConfigError(f"{name} is True or False, not {getattr(self, name)!r}")
        self._own: dict[str, BaseIncrementalFeature | Feature | str] = {}
        self.reset_stats()

    def analyze_file(self, pcap_path: Path_) -> list[Flow]:
        """The flows of a capture in the order in which they began.

        Raises
        ------
        FileNotFoundError
            Where there is no such file.
        CaptureError
            Where it is no capture.
        Interrupted
            On Ctrl-C; its ``result`` has the flows that were read until then, without features of
            one's own.
        """
        path = os.fspath(pcap_path)
        if not os.path.exists(path):
            raise FileNotFoundError(f"no such capture: {path}")
        source = self._packet_source([path])

        def flows(table: FlowTable, with_own: bool) -> list[Flow]:
            return self._flows(table, source, with_own)

        try:
            with interrupted_as(lambda table: flows(table, with_own=False)):
                table = self._read([path])
        except CaptureError as error:
            self._errors.append(str(error))
            raise
        return _with_own(flows, table)

    def analyze_directory(self, directory: Path_, pattern: str = "*.pcap") -> dict[str, list[Flow]]:
        """The flows of each capture in a directory, by file name; captures are read side by side.

        One that cannot be read is missing, told by a warning, and counted in ``stats["errors"]``.
        """
        folder = Path(directory)
        if not folder.is_dir():
            raise FileNotFoundError(f"no such directory: {folder}")
        names = sorted(name for name in os.listdir(folder) if fnmatch.fnmatch(name, pattern))
        paths = [str(folder / name) for name in names if (folder / name).is_file()]
        if not paths:
            return {}
        source = self._packet_source(paths)
        name_of = {told(path): os.path.basename(path) for path in paths}

        def of_captures(table: FlowTable, with_own: bool) -> dict[str, list[Flow]]:
            flows: dict[str, list[Flow]] = {
                name_of[capture["capture"]]: []
                for capture in table.captures
                if not capture["error"]
            }
            for flow in self._flows(table, source, with_own):
                flows[name_of[flow.capture]].append(flow)
            return flows

        with interrupted_as(lambda table: of_captures(table, with_own=False)):
            try:
                table = self._read(paths)
            except CaptureError as error:
                # None of them can be read; the error tells of the first.
                self._errors += [str(error)] * len(paths)
                warn(str(error))
                return {}
        return _with_own(of_captures, table)

    def register_feature(
        self, name: str, processor: BaseIncrementalFeature | Feature | str
    ) -> None:
        """Adds a feature of one's own to the flows that are read from now on: see
        :class:`flowloom.BaseIncrementalFeature`, :func:`flowloom.feature`, or the name of one that
        :func:`flowloom.register_feature` has registered.

        A function of columns sees all packets; a feature that is told of packets, those that
        ``filter_ack`` and ``filter_retrans`` leave."""
        if name in SEQUENCES or name in STATISTICS:
            raise ConfigError(
                f"feature {name!r}: flows have something of that name: call it something else"
            )
        self._own[name] = processor

    @property
    def stats(self) -> dict[str, int]:
        """What became of the captures so far: ``files_processed``, ``packets_processed``,
        ``packets_filtered``, ``flows_created``, ``errors``."""
        return {**self._stats, "errors": len(self._errors)}

    def reset_stats(self) -> None:
        """Sets the counts back to 0."""
        names = ("files_processed", "packets_processed", "packets_filtered", "flows_created")
        self._stats = dict.fromkeys(names, 0)
        self._errors: list[str] = []

    def _read(self, paths: list[str]) -> FlowTable:
        self._complain_of_names()
        timeouts: dict[str, Any] = {"no_split": True}
        if self.udp_timeout > 0 or self.split_tcp:
            timeouts = {
                "ignore_tcp_ends": not self.split_tcp,
                "idle": self.udp_timeout if self.udp_timeout > 0 else _NEVER,
                "tcp_idle": self.tcp_cleanup_timeout if self.split_tcp else _NEVER,
                "active": _NEVER,
            }
        table = read_flows(
            paths,
            features=self._features(),
            filter=merged(self.default_filter, self.bpf_filter),
            initiator="first-packet",
            key_ignore="priority",
            app_layer=_APP_LAYERS[self.app_layer_parsing],
            max_packets=self.max_packets,
            protocols=self.definitions,
            reassembly=self.enable_reassembly,
            threads=self.threads,
            progress=False,
            **timeouts,
        )
        self._count(table)
        return table

    def _features(self) -> list[str]:
        wanted = ["core", "sequences"]
        if self.keep_packets is not None:
            wanted += ["frames", "packet_frames"]
        protocols = self._wanted_protocols()
        if protocols:
            wanted.append("application")
        if self.definitions is not None:
            wanted.append("declared")
        wanted += [name for name in _PROTOCOLS if name in protocols]
        wanted += [name for of, name in _MORE_OF.items() if of in protocols]
        return wanted + sets_for(self._own, wanted)

    def _complain_of_names(self) -> None:
        """A name that is none enables nothing: a slip would leave features out in silence."""
        for option in ("enabled_features", "protocols"):
            known = list(_PROTOCOLS)
            if option == "enabled_features":
                known += [*SEQUENCES, "statistics", *self._own]
            for name in getattr(self, option) or ():
                if name.lower() not in {one.lower() for one in known}:
                    warnings.warn(
                        f"{option}: there is no {name!r}; there are {', '.join(known)}",
                        stacklevel=4,
                    )

    def _wants(self, name: str) -> bool:
        enabled = self.enabled_features
        return enabled is None or name in {one.lower() for one in enabled}

    def _wanted_sequences(self) -> tuple[str, ...]:
        return tuple(name for name in SEQUENCES if self._wants(name))

    def _wanted_protocols(self) -> set[str]:
        wanted = set(_PROTOCOLS)
        for chosen in (self.protocols, self.enabled_features):
            if chosen is not None:
                wanted &= {name.lower() for name in chosen}
        # The names in a QUIC handshake are those of TLS.
        return wanted | ({"tls"} if "quic" in wanted else set())

    def _packet_source(self, paths: list[str]) -> PacketSource | None:
        return None if self.keep_packets is None else PacketSource(self.keep_packets, paths)

    def _flows(self, table: FlowTable, source: PacketSource | None, with_own: bool) -> list[Flow]:
        choice = Choice(self.filter_ack, self.filter_rst, self.filter_retrans)
        flows: list[Flow] = []
        at = 0
        for rows in table._native.chunk_rows:
            block = Block(
                table[at : at + rows],
                choice,
                with_statistics=self._wants("statistics") and self.compute_statistics,
                sequences=self._wanted_sequences(),
                by_port=self.app_layer_parsing == "port_only",
                packets=source,
                declared_as=self._declared_as,
            )
            counts = block.packet_counts()
            chosen = np.flatnonzero(counts >= max(1, self.min_packets))
            made = [Flow(block, row) for row in chosen.tolist()]
            # Where errors are no more than missing values, scripts may do without bytes.
            block.needs_bytes = self.on_feature_error == "raise"
            if with_own:
                self._add_own(block, made)
            block.needs_bytes = False
            flows += made
            at += rows
        if source is not None:
            _keep(source, flows)
        self._stats["flows_created"] += len(flows)
        return flows

    def _add_own(self, block: Block, flows: list[Flow]) -> None:
        own, on_error = self._own, self.on_feature_error
        if features := incremental(own):
            run_incremental(flows, features, on_error)
        for name, one in own.items():
            if isinstance(one, Feature):
                values = vectorised(block.table, one, on_error)
                for flow in flows:
                    flow._own[name] = values[flow._row]
            elif isinstance(one, str):
                for flow in flows:
                    found = get_feature_registry().extract_selected(flow, [one], on_error)
                    flow._own[name] = found[one]

    def _count(self, table: FlowTable) -> None:
        failed = [capture["error"] for capture in table.captures if capture["error"]]
        self._errors += failed
        self._stats["files_processed"] += len(table.captures) - len(failed)
        self._stats["packets_processed"] += table.account.get("frames", 0)
        self._stats["packets_filtered"] += table.account.get("frames_filtered", 0)


def _with_own(made: Callable[[FlowTable, bool], Made], table: FlowTable) -> Made:
    """What is made of a table with features of one's own; an interruption has it without them."""
    try:
        return made(table, True)
    except KeyboardInterrupt as stopped:
        raise Interrupted(made(table, False)) from stopped


def _keep(source: PacketSource, flows: list[Flow]) -> None:
    """Hands the frames of flows to those that keep them."""
    numbers: dict[str, list[int]] = {}
    for flow in flows:
        numbers.setdefault(flow.capture, []).extend(flow._block.all_frames(flow._row)[0])
    for path, found in numbers.items():
        source.keep(path, found)


_PROTOCOLS = ("tls", "quic", "http", "dns")
_SWITCHES = (
    "filter_ack",
    "filter_rst",
    "filter_retrans",
    "verbose_mode",
    "save_raw_bytes",
    "compute_statistics",
    "enable_reassembly",
    "split_tcp",
)
_MORE_OF = {"tls": "certificate_chain", "dns": "dns_questions"}
"""Sets with more of what a protocol says."""
_APP_LAYERS: dict[str, Any] = {"full": "full", "port_only": "full", "none": "none"}
_NEVER = 100 * 366 * 86400.0
"""Seconds that no capture is long."""
