"""The interface of wa1kpcap: ``from flowloom.compat.wa1kpcap import Wa1kPcap``.

Values are those of wa1kpcap 0.2.0 where its definitions are sound. Where they are not, they are
what its documentation promises: skewness, kurtosis and coefficient of variation are computed; a
certificate is a dictionary; ``tls.version`` is the version that was negotiated; segments out of
order are no retransmissions; IP fragments are put together; filters mean what they say.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from .._options import Path_
from ..analyzer import Analyzer
from ..builtin_features import (
    EntropyFeatureProcessor,
    ProtocolFieldProcessor,
    SlidingWindowStatsProcessor,
)
from ..export import (
    FlowExporter,
    to_csv,
    to_dataframe,
    to_dict,
    to_json,
    to_list_of_dicts,
)
from ..flow import Flow, FlowFeatures, TCPState
from ..key import FlowKey
from ..own import (
    BaseIncrementalFeature,
    FeatureRegistry,
    FeatureType,
    get_feature_extractors,
    get_feature_registry,
    register_feature,
    unregister_feature,
)
from ..packets import Packet as ParsedPacket

__all__ = [
    "BaseIncrementalFeature",
    "EntropyFeatureProcessor",
    "FeatureExtractor",
    "FeatureRegistry",
    "FeatureType",
    "Flow",
    "FlowExporter",
    "FlowFeatures",
    "FlowKey",
    "Layer",
    "ParsedPacket",
    "PcapReader",
    "ProtocolFieldProcessor",
    "SlidingWindowStatsProcessor",
    "TCPState",
    "Wa1kPcap",
    "get_feature_extractors",
    "get_feature_registry",
    "register_feature",
    "to_csv",
    "to_dataframe",
    "to_dict",
    "to_json",
    "to_list_of_dicts",
    "unregister_feature",
]


class Wa1kPcap(Analyzer):
    """:class:`flowloom.Analyzer` under the name that scripts know.

    An exception in a feature of one's own makes its value ``None``. ``engine`` is taken and says
    nothing: there is one engine.
    """

    def __init__(self, *arguments: Any, engine: str = "native", **more: Any) -> None:
        if engine not in ("native", "dpkt"):
            raise ValueError(f"engine is native or dpkt, not {engine!r}")
        more.setdefault("on_feature_error", "null")
        super().__init__(*arguments, **more)


class Layer(enum.Enum):
    """Layers of the OSI model."""

    PHYSICAL = 1
    DATA_LINK = 2
    NETWORK = 3
    TRANSPORT = 4
    SESSION = 5
    PRESENTATION = 6
    APPLICATION = 7


class FeatureExtractor:
    """The sequences and statistics of flows."""

    def __init__(self, compute_statistics: bool = True) -> None:
        self.compute_statistics = compute_statistics

    def extract(self, flow: Flow) -> FlowFeatures:
        """The sequences of a flow."""
        return flow.features

    def extract_batch(self, flows: Iterable[Flow]) -> list[FlowFeatures]:
        """The sequences of flows."""
        return [self.extract(flow) for flow in flows]

    def extract_to_dict(self, flow: Flow) -> dict[str, Any]:
        """The sequences of a flow as lists, and its statistics."""
        found = flow.features.to_dict()
        if not self.compute_statistics:
            found.pop("statistics", None)
        return found


class PcapReader:
    """Tells captures from other files."""

    def __init__(self, pcap_path: Path_) -> None:
        self.pcap_path = Path(pcap_path)

    @staticmethod
    def is_pcap_file(path: Path_) -> bool:
        """Whether a file begins like a capture."""
        try:
            with open(path, "rb") as file:
                return file.read(4) in _MAGIC
        except OSError:
            return False


_MAGIC = (
    b"\xd4\xc3\xb2\xa1",
    b"\xa1\xb2\xc3\xd4",
    b"\x4d\x3c\xb2\xa1",
    b"\xa1\xb2\x3c\x4d",
    b"\x0a\x0d\x0d\x0a",
)
"""What pcap and pcapng files begin with."""
