"""Progress of long runs: a bar on a terminal or in a notebook, or a callback of the user's."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import NamedTuple, TypeAlias


class Progress(NamedTuple):
    """How far a run is: what a callback gets."""

    bytes: int
    """Bytes read so far, as they are stored."""
    frames: int
    """Frames read so far."""
    seconds: float
    """Seconds since the run began."""


Progressing: TypeAlias = "bool | Callable[[Progress], object] | None"


class Ticker:
    """Called now and then by a run; shows progress at most ten times a second.

    ``None`` shows a bar where somebody would see it, after half a second; ``True`` always does.
    """

    def __init__(self, progress: Progressing, now: Callable[[], tuple[int, int]]) -> None:
        self._now = now
        self._began = self._last = time.monotonic()
        self._shown = False
        if not (progress is None or isinstance(progress, bool) or callable(progress)):
            raise TypeError(f"progress is True, False, None or a function, not {progress!r}")
        self._patience = 0.0 if progress is True else 0.5
        if callable(progress):
            self._show: Callable[[Progress], object] | None = progress
            self._patience = 0.0
        elif progress or (progress is None and _is_watched()):
            self._show = self._bar
        else:
            self._show = None

    def __call__(self) -> None:
        at = time.monotonic()
        if self._show is None or at - self._began < self._patience or at - self._last < 0.1:
            return
        self._last = at
        self._show(Progress(*self._now(), at - self._began))

    def finish(self) -> None:
        """Takes the bar away; a callback hears of the end."""
        if self._shown:
            sys.stderr.write("\r\x1b[K" if sys.stderr.isatty() else "\r" + " " * 60 + "\r")
            sys.stderr.flush()
        elif self._show is not None and self._show != self._bar:
            self._show(Progress(*self._now(), time.monotonic() - self._began))

    def _bar(self, progress: Progress) -> None:
        self._shown = True
        rate = progress.bytes / progress.seconds if progress.seconds else 0.0
        sys.stderr.write(
            f"\r{progress.bytes / 1e6:,.0f} MB  {progress.frames:,} frames  {rate / 1e6:,.0f} MB/s "
        )
        sys.stderr.flush()


def _is_watched() -> bool:
    return sys.stderr.isatty() or "ipykernel" in sys.modules
