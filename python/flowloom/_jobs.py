"""Runs that are waited for: their progress, what they came to, and what was lost on the way."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeAlias

from . import _native
from ._progress import Progressing, Ticker
from .errors import CaptureWarning, ConfigError, Interrupted

OnError: TypeAlias = Literal["raise", "warn", "ignore"]


def finish(
    job: _native.Job,
    accounts: Callable[[Any], Sequence[dict[str, Any]]],
    on_error: OnError,
    progress: Progressing,
) -> Any:
    """Wait for a run; `accounts` finds the captures' accounts in what it came to."""
    ticker = Ticker(progress, job.progress)
    try:
        text, stopped = job.wait(ticker)
    finally:
        ticker.finish()
    result = json.loads(text)
    if isinstance(stopped, KeyboardInterrupt):
        raise Interrupted(result) from stopped
    if stopped is not None:
        raise stopped
    complain(job.failure(), accounts(result), on_error, stacklevel=4)
    return result


def complain(
    failure: Exception | None,
    captures: Sequence[dict[str, Any]],
    on_error: OnError,
    *,
    stacklevel: int,
) -> None:
    """Say what was lost, as loudly as was asked for: where nothing could be read, that is raised."""
    if failure is None or on_error == "ignore":
        return
    nothing = all(capture["error"] and not capture["frames"] for capture in captures)
    if on_error == "raise" or nothing:
        raise failure
    for capture in captures:
        for text in (capture["damage"], capture["error"]):
            if text:
                warnings.warn(text, CaptureWarning, stacklevel=stacklevel)


def check_on_error(on_error: OnError) -> None:
    """Raise where `on_error` is none of its words."""
    if on_error not in ("raise", "warn", "ignore"):
        raise ConfigError(f"on_error is raise, warn or ignore, not {on_error!r}")
