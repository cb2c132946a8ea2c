"""Captures to tables of flows."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING, Any, TypedDict

from . import _native
from ._jobs import (
    OnError,
    Reader,
    check_on_error,
    complain,
    interrupted_as,
    raise_stopped,
    waited,
    warn,
)
from ._options import (
    AppLayer,
    Duration,
    Features,
    Initiator,
    Instant,
    Overlap,
    Path_,
    Population,
    Sources,
    names,
    options,
    table_options,
)
from ._progress import Progress, Progressing
from .errors import ConfigError
from .table import FlowTable

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._own_columns import Own, OwnColumns
    from .own import OnFeatureError


class FlowOptions(TypedDict, total=False):
    """Options beside the usual ones; see ``flowloom flows --help`` for more on each.

    Attributes
    ----------
    label_comments : bool, str or list of str
        Label flows by pcapML's comments on their first frames; names are those of the labels. Each
        sample is a trace then.
    max_time : seconds or timedelta, optional
        Seconds covered by a sequence at most.
    max_bytes : int, optional
        Bytes on the wire covered by a sequence at most.
    bytes_packets : int, optional
        Packets of a flow whose bytes the feature set ``bytes`` has [10].
    bytes_payload : int, optional
        Bytes of payload that it has of each of them at most [256].
    without : str or list of str
        Columns to leave out.
    signed : bool
        Give lengths in sequences the sign of their direction: + up, - down.
    anonymize : path, optional
        A file with a key: addresses are replaced by others with it (Crypto-PAn).
    initiator : {"protocol", "first-packet"}
        Who is the initiator: by the protocol's handshake, or the first packet's sender.
    key_ignore : str or list of str
        Leave ``vlan``, ``priority`` (VLAN tags with identifier 0) or ``vni`` out of the flow key.
    no_split : bool
        One row per key: flows are never split by time or by what TCP says.
    ignore_tcp_ends : bool
        What TCP says (FIN, RST, SYN) ends no flow: time alone does.
    tcp_idle : seconds or timedelta, optional
        Seconds of silence that end a TCP flow [300].
    idle : seconds or timedelta, optional
        Seconds of silence that end any other flow [60].
    active : seconds or timedelta, optional
        Seconds after which a flow ends however busy it is [1,800].
    linger : seconds or timedelta, optional
        Seconds for which a closed TCP flow takes late packets [5].
    flows_max : int, optional
        Flows in memory at most [1,048,576]; beyond it, the one nearest to its timeout is ended.
    app_layer : {"full", "port-only", "none"}
        How far what flows say is looked into.
    tcp_overlap : {"first", "last", "bsd"}
        Which bytes count where TCP segments overlap.
    protocols : path, optional
        Directory of YAML files that declare protocols.
    verify_checksums : bool
        Verify checksums, and mark packets whose checksums are wrong.
    reassembly : bool
        Put together what comes in several packets: IP fragments, TCP segments [True].
    ip_headers_max : int, optional
        IP headers inside one another that are followed at most [8].
    count : int, optional
        Only the first frames of each capture.
    start : seconds or datetime, optional
        Only frames at or after this time (seconds since 1970, or a datetime; UTC if naive).
    stop : seconds or datetime, optional
        Only frames before this time.
    dedup : seconds or timedelta, optional
        Drop frames that repeat one of the last seconds byte for byte.
    """

    label_comments: bool | Features
    max_time: Duration | None
    max_bytes: int | None
    bytes_packets: int | None
    bytes_payload: int | None
    without: Features
    signed: bool
    anonymize: Path_ | None
    initiator: Initiator
    key_ignore: Features
    no_split: bool
    ignore_tcp_ends: bool
    tcp_idle: Duration | None
    idle: Duration | None
    active: Duration | None
    linger: Duration | None
    flows_max: int | None
    app_layer: AppLayer
    tcp_overlap: Overlap
    protocols: Path_ | None
    verify_checksums: bool
    reassembly: bool
    ip_headers_max: int | None
    count: int | None
    start: Instant | None
    stop: Instant | None
    dedup: Duration | None


def read_flows(
    source: Sources,
    *,
    features: Features = ("core", "application"),
    columns: Features = (),
    filter: str | None = None,
    labels: Path_ | None = None,
    rotated: bool = False,
    client: str | None = None,
    population: Population = "all",
    max_packets: int | None = None,
    threads: int | None = None,
    on_error: OnError = "warn",
    progress: Progressing = None,
    own: Sequence[Own] = (),
    on_feature_error: OnFeatureError = "raise",
    **more: Unpack[FlowOptions],
) -> FlowTable:
    """Read captures into a table with one row per flow.

    Parameters
    ----------
    source : path, bytes, open file, or a list of these
        Captures: files (pcap, pcapng, snoop; plain, gzip, zstd, lz4), directories, globs, ``"-"``.
    features : str or list of str
        Feature sets, such as ``"core,statistics"``; :func:`flowloom.features` lists them.
    columns : str or list of str
        The columns that are wanted, of whatever feature sets, in this order, in the place of
        `features` [all of these]; labels come behind them.
    filter : str, optional
        Only packets and flows for which an expression is true: tcpdump's language, and words for
        what flows say, such as ``tls.sni endswith "example.com"``.
    labels : str or path, optional
        A pattern of paths such as ``"{website}/{run}.pcap"``, or a manifest (CSV, JSON Lines);
        gives columns ``label_*``.
    rotated : bool
        Whether the captures are pieces of one.
    client : str, optional
        Make the endpoint inside this network the initiator: ``"10.0.0.0/8"``.
    population : {"all", "no-pure-ack", "payload", "payload-no-retransmission"}
        Packets that sequences and statistics count.
    max_packets : int, optional
        Packets in a sequence at most [65,536].
    threads : int, optional
        Threads [the processors there are].
    on_error : {"warn", "raise", "ignore"}
        What to do where a capture is damaged or cannot be read: its flows until then are there in
        any case but with ``"raise"``. Where no capture could be read, that is raised, unless
        ignored.
    progress : bool or callable, optional
        Whether to show a bar [where somebody would see it], or what to call with a
        :class:`flowloom.Progress` now and then.
    own : list of features, optional
        Features of one's own, each a column: made with :func:`flowloom.feature`, instances of
        :class:`flowloom.BaseIncrementalFeature`, or names of features that
        :func:`flowloom.register_feature` has registered. Columns that they look at are read for
        them, and are in the table where they are asked for.
    on_feature_error : {"raise", "null"}
        Whether an exception in one of these is raised as :class:`flowloom.FeatureError`, which
        names feature and flow, and a value that is not of its type as a :class:`ConfigError`, or
        the value is missing: of that flow, or of all flows that a function of columns was given.
    **more
        See :class:`flowloom.FlowOptions`.

    Returns
    -------
    FlowTable
        The flows of each capture in the order in which they began.

    Raises
    ------
    ConfigError, FilterError
        Where something cannot be as it was asked for.
    CaptureError
        See ``on_error``.
    Interrupted
        On Ctrl-C; what was read until then is in its ``result``. Values of features of one's own
        that were not computed until then are missing there.

    Examples
    --------
    >>> import flowloom as fl
    >>> flows = fl.read_flows("samples/browsing.pcapng", filter="tcp port 443")
    >>> len(flows)
    4
    """
    asked, added = _with_own(own, features, columns, on_feature_error, more)
    settings = table_options(
        source,
        filter=filter,
        labels=labels,
        rotated=rotated,
        client=client,
        population=population,
        max_packets=max_packets,
        threads=threads,
        **asked,
    )
    begin = partial(_begun, own=added)
    if added is None:
        return read_one(begin, settings, on_error, progress)
    with interrupted_as(added.uncomputed):
        flows = read_one(begin, settings, on_error, progress)
    return added.added(flows)


def read_traces(
    source: Sources,
    *,
    columns: Features = (),
    filter: str | None = None,
    labels: Path_ | None = None,
    rotated: bool = False,
    client: str = "auto",
    population: Population = "all",
    max_packets: int | None = None,
    threads: int | None = None,
    on_error: OnError = "warn",
    progress: Progressing = None,
    **more: Unpack[FlowOptions],
) -> FlowTable:
    """Read captures into a table with one row per capture: all its packets, in their order.

    With ``label_comments``, a capture has a row for each of its samples.

    Parameters
    ----------
    source : path, bytes, open file, or a list of these
        Captures: each is the trace of one visit.
    columns : str or list of str
        The columns that are wanted [all]; ``flowloom features --traces`` lists them.
    client : str
        Whose packets go up: ``"auto"`` is the host that opened the most flows; or an address, a
        network (``"10.0.0.0/8"``), or a hardware address.
    population : {"all", "no-pure-ack", "payload", "payload-no-retransmission"}
        Packets that are counted.
    max_packets : int, optional
        Packets of a trace at most [65,536].
    filter, labels, rotated, threads, on_error, progress, **more
        See :func:`read_flows`; what is about feature sets and initiators has no effect.

    Returns
    -------
    FlowTable
        A row for each capture or sample, in their order, with lists of equal length: ``directions``
        (+1 from the client, -1 to it), ``times`` and ``iats`` in nanoseconds, lengths in bytes, and
        ``flows``, the `flow_id` of each packet's flow.

    Raises
    ------
    ConfigError, FilterError, CaptureError, Interrupted
        See :func:`read_flows`.

    Examples
    --------
    >>> import flowloom as fl
    >>> traces = fl.read_traces("samples/browsing.pcapng")
    >>> X, n = traces.to_padded("directions", length=500, dtype="int8", return_lengths=True)
    >>> X.shape, n.tolist()
    ((1, 500), [355])
    """
    if "features" in more:
        raise TypeError("traces have columns of their own: choose them as columns=")
    if not isinstance(client, str):
        raise TypeError(f"client is a text, not {type(client).__name__}")
    settings = options(
        source,
        filter=filter,
        labels=labels,
        rotated=rotated,
        population=population,
        max_packets=max_packets,
        threads=threads,
        **more,
    )

    def begin(settings: dict[str, Any]) -> _native.Reader:
        return _native.read_traces(settings, client, names(columns, "columns"))

    return read_one(begin, settings, on_error, progress)


def read_events(
    source: Sources,
    events: Features,
    *,
    features: Features = ("core", "application"),
    columns: Features = (),
    filter: str | None = None,
    labels: Path_ | None = None,
    rotated: bool = False,
    client: str | None = None,
    population: Population = "all",
    max_packets: int | None = None,
    threads: int | None = None,
    on_error: OnError = "warn",
    progress: Progressing = None,
    **more: Unpack[FlowOptions],
) -> dict[str, FlowTable]:
    """Read captures into tables of what flows have many of, such as DNS messages or TLS records.

    Parameters
    ----------
    source : path, bytes, open file, or a list of these
        Captures: see :func:`read_flows`.
    events : str or list of str
        Tables, such as ``"dns,http"``; ``flowloom features --events`` lists them with their
        columns, and so does the catalogue of columns.
    features, columns, filter, labels, rotated, client, population, max_packets, **more
        Of the flows: see :func:`read_flows`. Events are those of the flows that a filter leaves.
    threads, on_error, progress
        See :func:`read_flows`.

    Returns
    -------
    dict of str to FlowTable
        The flows as ``"flows"``, and a table for each name in `events`: a row for each event, with
        ``flow_id`` and ``capture``, which together name its flow. The rows of a capture are in the
        order of their flows, those of a flow in the order of its packets.

    Raises
    ------
    ConfigError, FilterError, CaptureError, Interrupted
        See :func:`read_flows`; the result of an interruption is a dictionary as well.

    Examples
    --------
    >>> import flowloom as fl
    >>> tables = fl.read_events("samples/browsing.pcapng", "dns,http", features="core")
    >>> {name: len(table) for name, table in tables.items()}
    {'flows': 36, 'dns': 30, 'http': 5}
    """
    asked = names(events, "events")
    if not asked:
        raise ConfigError("events names no table, such as 'dns': for flows alone, read_flows")
    settings = table_options(
        source,
        features=features,
        columns=columns,
        filter=filter,
        labels=labels,
        rotated=rotated,
        client=client,
        population=population,
        max_packets=max_packets,
        threads=threads,
        **more,
    )

    def named(tables: list[FlowTable]) -> dict[str, FlowTable]:
        return dict(zip(["flows", *asked], tables, strict=True))

    with interrupted_as(named):
        settings["events"] = asked
        return named(_read_all(_native.read, settings, on_error, progress))


def _with_own(
    own: Sequence[Own],
    features: Features,
    columns: Features,
    on_feature_error: OnFeatureError,
    more: FlowOptions,
) -> tuple[dict[str, Any], OwnColumns | None]:
    """The options with what features of one's own look at, and what adds these, if there are such."""
    from .own import checked

    checked(on_feature_error)
    if not own:
        return {**more, "features": features, "columns": columns}, None
    from ._own_columns import OwnColumns

    sets, without = names(features), names(more.get("without", ()))
    added = OwnColumns(own, sets, on_feature_error, without, names(columns))
    asked = {
        "features": [*sets, *added.sets],
        "columns": added.columns,
        "without": added.without,
    }
    return {**more, **asked}, added


def _begun(settings: dict[str, Any], own: OwnColumns | None) -> _native.Reader:
    """A run that has begun, unless labels have the names of features of one's own."""
    reader = _native.read(settings)
    if own is not None:
        try:
            own.check_labels(FlowTable(reader.empty()[0], None).schema)
        except ConfigError:
            reader.close()
            raise
    return reader


def read_one(
    begin: Callable[[dict[str, Any]], _native.Reader],
    settings: dict[str, Any],
    on_error: OnError,
    progress: Progressing,
) -> FlowTable:
    """The table of a whole run that has one."""
    with interrupted_as(itemgetter(0)):
        return _read_all(begin, settings, on_error, progress)[0]


def _read_all(
    begin: Callable[[dict[str, Any]], _native.Reader],
    settings: dict[str, Any],
    on_error: OnError,
    progress: Progressing,
) -> list[FlowTable]:
    """The tables of a whole run; of no captures, where that is ignored, columns without rows."""
    check_on_error(on_error)
    if not settings["sources"] and on_error == "ignore":
        empty = begin({**settings, "sources": [("none", b"")]}).empty()
        return [FlowTable(table, None) for table in empty]
    reader = begin(settings)
    try:
        rows, stopped = waited(reader.rest, reader.progress, progress)
    finally:
        reader.close()
    summary = json.loads(reader.summary() or "null")
    tables = [FlowTable(table, summary) for table in rows]
    raise_stopped(stopped, tables)
    _complain(reader, summary, on_error)
    return tables


def _complain(reader: _native.Reader, summary: dict[str, Any], on_error: OnError) -> None:
    """Says what was lost, and what of the labels matched nothing, as loudly as was asked for."""
    if on_error != "ignore":
        for text in _unlabelled(summary["labels"] or {}):
            warn(text)
        if many := summary["total"]["packets_without_client"]:
            warn(
                f"{many:,} packets are of captures without the client that was named: directions are 0"
            )
    complain(reader.failure(), summary["captures"], on_error)


def _unlabelled(report: dict[str, list[str]]) -> Iterator[str]:
    """What labels matched nothing, as sentences."""
    told = {
        "captures_not_as_pattern": "captures have no labels: their paths are not as the pattern says",
        "captures_not_in_manifest": "captures have no labels: the manifest does not name them",
        "manifest_without_capture": "lines of the manifest name captures that are not there",
    }
    for key, text in told.items():
        if names := report.get(key):
            yield f"{len(names):,} {text}; the first is {names[0]}"


class FlowReader(Reader[_native.Reader, FlowTable]):
    """Record batches of flows, as they end: memory does not grow with the captures.

    It is an iterator of :class:`FlowTable`, a context manager, and an Arrow stream
    (``pa.RecordBatchReader.from_stream(reader)``). A reader belongs to the process that opened it.
    """

    def __init__(
        self, native: _native.Reader, on_error: OnError, own: OwnColumns | None = None
    ) -> None:
        super().__init__(native, on_error)
        self._own = own
        self._empty = self._made(native.empty()[0])
        self._began = time.monotonic()

    def _next(self) -> FlowTable | None:
        rows = self._native.next()
        return None if rows is None else self._made(rows)

    def _made(self, rows: _native.Table) -> FlowTable:
        table = FlowTable(rows, None)
        return table if self._own is None else self._own.added(table)

    def _complain(self, summary: dict[str, Any], on_error: OnError) -> None:
        _complain(self._native, summary, on_error)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        def rows() -> _native.Table | None:
            # As whoever iterates, whoever takes the stream hears of what was lost.
            table = next(self, None)
            return None if table is None else table._native

        return _native.stream(self._empty._native, rows)

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return self._empty.columns

    @property
    def progress(self) -> Progress:
        """How far the run has read, which is some blocks before the rows that were handed out."""
        return Progress(*self._native.progress(), time.monotonic() - self._began)


def open_flows(
    source: Sources,
    *,
    features: Features = ("core", "application"),
    columns: Features = (),
    filter: str | None = None,
    labels: Path_ | None = None,
    rotated: bool = False,
    client: str | None = None,
    population: Population = "all",
    max_packets: int | None = None,
    threads: int | None = None,
    on_error: OnError = "warn",
    own: Sequence[Own] = (),
    on_feature_error: OnFeatureError = "raise",
    **more: Unpack[FlowOptions],
) -> FlowReader:
    """Read captures batch by batch, in memory that does not grow with them.

    Parameters are those of :func:`read_flows`. Rows come in the order in which flows end.

    Features of one's own (`own`) are computed batch by batch: an incremental feature is told of the
    packets of the flows of a batch in the order of the capture, then of those of the next batch.

    Examples
    --------
    >>> import flowloom as fl
    >>> with fl.open_flows("samples/browsing.pcapng", features="core") as batches:
    ...     sum(len(batch) for batch in batches)
    36
    """
    asked, added = _with_own(own, features, columns, on_feature_error, more)
    settings = table_options(
        source,
        filter=filter,
        labels=labels,
        rotated=rotated,
        client=client,
        population=population,
        max_packets=max_packets,
        threads=threads,
        **asked,
    )
    settings["sorted"] = False
    return FlowReader(_begun(settings, added), on_error, added)
