"""``flowloom.split``: parts of a table, or a capture to captures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, overload

from . import datasets
from .table import FlowTable

if TYPE_CHECKING:
    from ._options import Path_, Sources


@overload
def split(
    source: FlowTable,
    *,
    by: str = ...,
    sizes: Sequence[float] = ...,
    stratify: str | None = ...,
    seed: int = ...,
) -> list[FlowTable]: ...
@overload
def split(source: Sources, output: Path_, **options: Any) -> dict[str, Any]: ...
def split(
    source: FlowTable | Sources, output: Path_ | None = None, **options: Any
) -> list[FlowTable] | dict[str, Any]:
    """Split a table into parts, or captures into one capture per flow or group of flows.

    Of a table: see :func:`flowloom.datasets.split`. Of captures, with a directory as `output`: see
    :func:`flowloom.captures.split`.
    """
    if isinstance(source, FlowTable):
        if output is not None:
            raise TypeError("the parts of a table are returned: there is no output")
        return datasets.split(source, **options)
    if output is None:
        raise TypeError(
            "split takes a FlowTable, or captures and a directory as the second argument, not "
            f"{type(source).__name__} alone"
        )
    from . import captures

    return captures.split(source, output, **options)
