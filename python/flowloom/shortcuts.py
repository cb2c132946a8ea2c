"""Statistics of a flow as attributes: ``flow.pkt_mean`` is ``flow.stats["packet_lengths"]["mean"]``.

``pkt`` is for lengths of frames, ``ip`` and ``trans`` for what the IP and the transport header
count, ``app`` for payload, in bytes; ``iat`` for gaps between packets, in seconds. What the names of
the statistics mean is in :class:`flowloom._statistics.ListStatistics`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .flow import Flow


class Statistic:
    """A statistic of one of a flow's sequences, 0 where statistics were not asked for."""

    def __init__(self, series: str, name: str) -> None:
        self.series = series
        self.name = name
        self.__doc__ = _doc(series, name)

    def __get__(self, flow: Any, kind: object = None) -> float:
        return _of(flow, self.series, self.name)


def _of(flow: Flow, series: str, name: str) -> float:
    block = flow._block
    if not block.with_statistics:
        return 0.0
    return block.statistics(series).values(name)[flow._row]


class Count:
    """How many values of a sequence are above, or below, 0."""

    def __init__(self, series: str, name: str) -> None:
        self.series = series
        self.name = name
        self.__doc__ = _doc(series, name)

    def __get__(self, flow: Any, kind: object = None) -> int:
        return int(_of(flow, self.series, self.name))


def _doc(series: str, name: str) -> str:
    said = f"``{name}`` of ``{series}``."
    if name.startswith(("up_", "down_")):
        said += f" Zeros are left out, as by wa1kpcap; the column ``{series}_{name}`` has them in."
    return said


class Shortcuts:
    """The statistics as attributes."""

    __slots__ = ()

    pkt_mean = Statistic("packet_lengths", "mean")
    pkt_std = Statistic("packet_lengths", "std")
    pkt_var = Statistic("packet_lengths", "var")
    pkt_min = Statistic("packet_lengths", "min")
    pkt_max = Statistic("packet_lengths", "max")
    pkt_range = Statistic("packet_lengths", "range")
    pkt_median = Statistic("packet_lengths", "median")
    pkt_skew = Statistic("packet_lengths", "skew")
    pkt_kurt = Statistic("packet_lengths", "kurt")
    pkt_cv = Statistic("packet_lengths", "cv")
    pkt_up_mean = Statistic("packet_lengths", "up_mean")
    pkt_up_std = Statistic("packet_lengths", "up_std")
    pkt_up_min = Statistic("packet_lengths", "up_min")
    pkt_up_max = Statistic("packet_lengths", "up_max")
    pkt_up_sum = Statistic("packet_lengths", "up_sum")
    pkt_up_count = Count("packet_lengths", "up_count")
    pkt_down_mean = Statistic("packet_lengths", "down_mean")
    pkt_down_std = Statistic("packet_lengths", "down_std")
    pkt_down_min = Statistic("packet_lengths", "down_min")
    pkt_down_max = Statistic("packet_lengths", "down_max")
    pkt_down_sum = Statistic("packet_lengths", "down_sum")
    pkt_down_count = Count("packet_lengths", "down_count")

    ip_mean = Statistic("ip_lengths", "mean")
    ip_std = Statistic("ip_lengths", "std")
    ip_var = Statistic("ip_lengths", "var")
    ip_min = Statistic("ip_lengths", "min")
    ip_max = Statistic("ip_lengths", "max")
    ip_range = Statistic("ip_lengths", "range")
    ip_median = Statistic("ip_lengths", "median")
    ip_skew = Statistic("ip_lengths", "skew")
    ip_kurt = Statistic("ip_lengths", "kurt")
    ip_cv = Statistic("ip_lengths", "cv")
    ip_up_mean = Statistic("ip_lengths", "up_mean")
    ip_up_std = Statistic("ip_lengths", "up_std")
    ip_up_min = Statistic("ip_lengths", "up_min")
    ip_up_max = Statistic("ip_lengths", "up_max")
    ip_up_sum = Statistic("ip_lengths", "up_sum")
    ip_up_count = Count("ip_lengths", "up_count")
    ip_down_mean = Statistic("ip_lengths", "down_mean")
    ip_down_std = Statistic("ip_lengths", "down_std")
    ip_down_min = Statistic("ip_lengths", "down_min")
    ip_down_max = Statistic("ip_lengths", "down_max")
    ip_down_sum = Statistic("ip_lengths", "down_sum")
    ip_down_count = Count("ip_lengths", "down_count")

    trans_mean = Statistic("trans_lengths", "mean")
    trans_std = Statistic("trans_lengths", "std")
    trans_var = Statistic("trans_lengths", "var")
    trans_min = Statistic("trans_lengths", "min")
    trans_max = Statistic("trans_lengths", "max")
    trans_range = Statistic("trans_lengths", "range")
    trans_median = Statistic("trans_lengths", "median")
    trans_skew = Statistic("trans_lengths", "skew")
    trans_kurt = Statistic("trans_lengths", "kurt")
    trans_cv = Statistic("trans_lengths", "cv")
    trans_up_mean = Statistic("trans_lengths", "up_mean")
    trans_up_std = Statistic("trans_lengths", "up_std")
    trans_up_min = Statistic("trans_lengths", "up_min")
    trans_up_max = Statistic("trans_lengths", "up_max")
    trans_up_sum = Statistic("trans_lengths", "up_sum")
    trans_up_count = Count("trans_lengths", "up_count")
    trans_down_mean = Statistic("trans_lengths", "down_mean")
    trans_down_std = Statistic("trans_lengths", "down_std")
    trans_down_min = Statistic("trans_lengths", "down_min")
    trans_down_max = Statistic("trans_lengths", "down_max")
    trans_down_sum = Statistic("trans_lengths", "down_sum")
    trans_down_count = Count("trans_lengths", "down_count")

    app_mean = Statistic("app_lengths", "mean")
    app_std = Statistic("app_lengths", "std")
    app_var = Statistic("app_lengths", "var")
    app_min = Statistic("app_lengths", "min")
    app_max = Statistic("app_lengths", "max")
    app_range = Statistic("app_lengths", "range")
    app_median = Statistic("app_lengths", "median")
    app_skew = Statistic("app_lengths", "skew")
    app_kurt = Statistic("app_lengths", "kurt")
    app_cv = Statistic("app_lengths", "cv")
    app_up_mean = Statistic("app_lengths", "up_mean")
    app_up_std = Statistic("app_lengths", "up_std")
    app_up_min = Statistic("app_lengths", "up_min")
    app_up_max = Statistic("app_lengths", "up_max")
    app_up_sum = Statistic("app_lengths", "up_sum")
    app_up_count = Count("app_lengths", "up_count")
    app_down_mean = Statistic("app_lengths", "down_mean")
    app_down_std = Statistic("app_lengths", "down_std")
    app_down_min = Statistic("app_lengths", "down_min")
    app_down_max = Statistic("app_lengths", "down_max")
    app_down_sum = Statistic("app_lengths", "down_sum")
    app_down_count = Count("app_lengths", "down_count")

    iat_mean = Statistic("iats", "mean")
    iat_std = Statistic("iats", "std")
    iat_var = Statistic("iats", "var")
    iat_min = Statistic("iats", "min")
    iat_max = Statistic("iats", "max")
    iat_range = Statistic("iats", "range")
    iat_median = Statistic("iats", "median")
    iat_skew = Statistic("iats", "skew")
    iat_kurt = Statistic("iats", "kurt")
    iat_cv = Statistic("iats", "cv")
