"""Packages that flowloom works with and does not need: how to get one that is not there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def extra(package: str) -> Iterator[None]:
    """Imports of a package within: if it is not installed, the error says how to get it."""
    try:
        yield
    except ModuleNotFoundError as error:
        # What such a package lacks itself is another matter.
        if (error.name or "").partition(".")[0] != package:
            raise
        raise ModuleNotFoundError(
            f"this needs {package}, which is not installed: pip install {package}",
            name=error.name,
        ) from None
