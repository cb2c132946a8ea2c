"""flowloom weaves packets into flows, and flows into datasets.

>>> import flowloom as fl
>>> flows = fl.read_flows("samples/browsing.pcapng")
>>> len(flows)
36
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from . import plot
from ._native import __version__
from ._progress import Progress
from ._split import split
from .columns import Column, features
from .errors import (
    CaptureError,
    CaptureWarning,
    ConfigError,
    FeatureError,
    FilterError,
    FlowloomError,
    Interrupted,
    OutputError,
)
from .files import rerun
from .ragged import Ragged
from .read import (
    FlowOptions,
    FlowReader,
    open_flows,
    read_events,
    read_flows,
    read_traces,
)
from .table import FlowTable

if TYPE_CHECKING:
    from .analyzer import Analyzer
    from .captures import extract, index, info
    from .export import FlowExporter, to_csv, to_dataframe, to_dict, to_json, to_parquet
    from .flow import Flow, FlowFeatures, TCPState
    from .frames import Frame, FrameReader, open_packets, read_packets, save_packets
    from .key import FlowKey
    from .metrics import FlowMetrics
    from .own import (
        BaseIncrementalFeature,
        FeatureRegistry,
        FeatureType,
        feature,
        get_feature_registry,
        register_feature,
        unregister_feature,
    )
    from .packets import Packet
    from .rewrite import anonymize, convert, cut, merge
    from .stream import Stream, StreamReader, save_streams, streams

__all__ = [
    "Analyzer",
    "BaseIncrementalFeature",
    "CaptureError",
    "CaptureWarning",
    "Column",
    "ConfigError",
    "FeatureError",
    "FeatureRegistry",
    "FeatureType",
    "FilterError",
    "Flow",
    "FlowExporter",
    "FlowFeatures",
    "FlowKey",
    "FlowMetrics",
    "FlowOptions",
    "FlowReader",
    "FlowTable",
    "FlowloomError",
    "Frame",
    "FrameReader",
    "Interrupted",
    "OutputError",
    "Packet",
    "Progress",
    "Ragged",
    "Stream",
    "StreamReader",
    "TCPState",
    "__version__",
    "anonymize",
    "convert",
    "cut",
    "extract",
    "feature",
    "features",
    "get_feature_registry",
    "index",
    "info",
    "merge",
    "open_flows",
    "open_packets",
    "plot",
    "read_events",
    "read_flows",
    "read_packets",
    "read_traces",
    "register_feature",
    "rerun",
    "save_packets",
    "save_streams",
    "split",
    "streams",
    "to_csv",
    "to_dataframe",
    "to_dict",
    "to_json",
    "to_parquet",
    "unregister_feature",
]


def __getattr__(name: str) -> Any:
    """What scripts do not always use is imported when it is touched: imports are to be quick."""
    if name in _LATER or name in _MODULES:
        return import_module(f".{name}", __name__)
    for module, names in _LATER.items():
        if name in names:
            value = getattr(import_module(f".{module}", __name__), name)
            globals()[name] = value
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__


_LATER = {
    "analyzer": ("Analyzer",),
    "captures": ("extract", "index", "info"),
    "export": (
        "FlowExporter",
        "to_csv",
        "to_dataframe",
        "to_dict",
        "to_json",
        "to_parquet",
    ),
    "flow": (
        "Flow",
        "FlowFeatures",
        "TCPState",
    ),
    "frames": ("Frame", "FrameReader", "open_packets", "read_packets", "save_packets"),
    "key": ("FlowKey",),
    "metrics": ("FlowMetrics",),
    "own": (
        "BaseIncrementalFeature",
        "FeatureRegistry",
        "FeatureType",
        "feature",
        "get_feature_registry",
        "register_feature",
        "unregister_feature",
    ),
    "packets": ("Packet",),
    "rewrite": ("anonymize", "convert", "cut", "merge"),
    "stream": ("Stream", "StreamReader", "save_streams", "streams"),
}
_MODULES = ("layers",)
"""Modules that the reference tells of, beside those."""
