"""Counts of a flow."""

from __future__ import annotations

from typing import NamedTuple


class FlowMetrics(NamedTuple):
    """Counts of a flow; ``up`` is from its initiator. Where packets are left out, they are not
    counted; where sequences are cut, windows are those of their packets."""

    packet_count: int
    byte_count: int
    up_packet_count: int
    up_byte_count: int
    down_packet_count: int
    down_byte_count: int
    syn_count: int
    fin_count: int
    rst_count: int
    ack_count: int
    psh_count: int
    urg_count: int
    retrans_count: int
    """TCP segments wholly seen before, whether they are left out or not."""
    out_of_order_count: int
    """TCP segments that fill a hole, likewise."""
    min_window: int
    """The smallest TCP window above 0, as sent."""
    max_window: int
    sum_window: int
