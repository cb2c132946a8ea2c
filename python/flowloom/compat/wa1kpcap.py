"""The interface of wa1kpcap: ``from flowloom.compat.wa1kpcap import Wa1kPcap``.

Values are those of wa1kpcap 0.2.0 where its definitions are sound; where they are not, what is
otherwise is in the guide "coming from wa1kpcap".
"""

from __future__ import annotations

from ..analyzer import Analyzer as Wa1kPcap
from ..flow import Flow, FlowFeatures, FlowKey, TCPState

__all__ = [
    "Flow",
    "FlowFeatures",
    "FlowKey",
    "TCPState",
    "Wa1kPcap",
]
