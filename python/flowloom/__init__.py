"""flowloom weaves packets into flows, and flows into datasets.

>>> import flowloom as fl
>>> flows = fl.read_flows("samples/browsing.pcapng")
>>> len(flows)
36
"""

from __future__ import annotations

from ._native import __version__
from ._progress import Progress
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
from .ragged import Ragged
from .read import FlowOptions, FlowReader, open_flows, read_flows
from .table import Column, FlowTable

__all__ = [
    "CaptureError",
    "CaptureWarning",
    "Column",
    "ConfigError",
    "FilterError",
    "FlowOptions",
    "FlowReader",
    "FlowTable",
    "FlowloomError",
    "Interrupted",
    "OutputError",
    "Progress",
    "Ragged",
    "__version__",
    "open_flows",
    "read_flows",
    "split",
]
