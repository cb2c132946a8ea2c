"""flowloom weaves packets into flows, and flows into datasets.

>>> import flowloom as fl
>>> flows = fl.read_flows("samples/browsing.pcapng")
>>> len(flows)
36
"""

from __future__ import annotations

from ._native import __version__
from ._progress import Progress
from .analyzer import Analyzer
from .datasets import split
from .errors import (
    CaptureError,
    CaptureWarning,
    ConfigError,
    FilterError,
    FlowloomError,
    Interrupted,
    OutputError,
)
from .flow import Flow, FlowFeatures, FlowKey, FlowMetrics, TCPState
from .ragged import Ragged
from .read import FlowOptions, FlowReader, open_flows, read_flows
from .table import Column, FlowTable

__all__ = [
    "Analyzer",
    "CaptureError",
    "CaptureWarning",
    "Column",
    "ConfigError",
    "FilterError",
    "Flow",
    "FlowFeatures",
    "FlowKey",
    "FlowMetrics",
    "FlowOptions",
    "FlowReader",
    "FlowTable",
    "FlowloomError",
    "Interrupted",
    "OutputError",
    "Progress",
    "Ragged",
    "TCPState",
    "__version__",
    "open_flows",
    "read_flows",
    "split",
]
