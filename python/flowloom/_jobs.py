"""Runs that are waited for: their progress, what they came to, and what was lost on the way."""

from __future__ import annotations

import json
import logging
import sys
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Literal, Protocol, TypeAlias, TypeVar

from . import _native
from ._progress import Progressing, Ticker
from .errors import CaptureWarning, ConfigError, Interrupted

if TYPE_CHECKING:
    from typing_extensions import Self

LOG = logging.getLogger("flowloom")
"""Tells of each capture (INFO), and of what was lost (WARNING)."""
# Whoever has set up no logging hears of losses by warnings alone.
LOG.addHandler(logging.NullHandler())

OnError: TypeAlias = Literal["raise", "warn", "ignore"]
Accounts: TypeAlias = Sequence[Mapping[str, Any]]


class NativeReader(Protocol):
    """What all readers of the native module have."""

    def close(self) -> None: ...
    def summary(self) -> str | None: ...
    def failure(self) -> Exception | None: ...


Native = TypeVar("Native", bound=NativeReader)
Item = TypeVar("Item")
Waited = TypeVar("Waited")


class Reader(ABC, Generic[Native, Item]):
    """What a run finds, as it finds it: an iterator and a context manager."""

    def __init__(self, native: Native, on_error: OnError) -> None:
        check_on_error(on_error)
        self._native = native
        self._on_error: OnError = on_error
        self._is_told = False
        self._is_closed = False

    @abstractmethod
    def _next(self) -> Item | None:
        """The next one; ``None`` at the end."""

    def _complain(self, summary: dict[str, Any], on_error: OnError) -> None:
        complain(self._native.failure(), summary["captures"], on_error)

    def __iter__(self) -> Iterator[Item]:
        return self

    def __next__(self) -> Item:
        if self._is_closed:
            raise ValueError("this reader is closed: open the captures again")
        found = self._next()
        if found is not None:
            return found
        summary = self.summary
        if summary is not None and not self._is_told:
            self._is_told = True
            self._complain(summary, self._on_error)
        raise StopIteration

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop reading; the run's thread is gone afterwards."""
        self._is_closed = True
        self._native.close()

    @property
    def summary(self) -> dict[str, Any] | None:
        """What became of every frame; ``None`` before the end."""
        text = self._native.summary()
        return None if text is None else dict(json.loads(text))


def finish(
    job: _native.Job,
    accounts: Callable[[Any], Accounts],
    on_error: OnError,
    progress: Progressing,
) -> Any:
    """Wait for a run; `accounts` finds the captures' accounts in what it came to."""
    text, stopped = waited(job.wait, job.progress, progress)
    result = json.loads(text)
    raise_stopped(stopped, result)
    complain(job.failure(), accounts(result), on_error)
    return result


def waited(
    wait: Callable[[Ticker], Waited], now: Callable[[], tuple[int, int]], progress: Progressing
) -> Waited:
    """What `wait` returns, which calls what shows progress now and then."""
    ticker = Ticker(progress, now)
    try:
        return wait(ticker)
    finally:
        ticker.finish()


@contextmanager
def interrupted_as(returned: Callable[[Any], object]) -> Iterator[None]:
    """An interruption carries what the call would have returned for what an inner one did."""
    try:
        yield
    except Interrupted as stopped:
        stopped.result = returned(stopped.result)
        raise


def raise_stopped(stopped: BaseException | None, result: object) -> None:
    """Raise what stopped a run before it was through, if anything did."""
    if isinstance(stopped, KeyboardInterrupt):
        raise Interrupted(result) from stopped
    if stopped is not None:
        raise stopped


def complain(failure: Exception | None, captures: Accounts, on_error: OnError) -> None:
    """Say what was lost, as loudly as was asked for: where nothing could be read, that is raised."""
    for capture in captures:
        flows = sum(capture["flows"].values())
        LOG.info("%s: frames %d, flows %d", capture["capture"], capture["frames"], flows)
    if failure is None:
        return
    nothing = all(capture["error"] and not capture["frames"] for capture in captures)
    if on_error != "ignore" and (on_error == "raise" or nothing):
        raise failure
    for capture in captures:
        for text in (capture["damage"], capture["error"]):
            if text and on_error == "ignore":
                LOG.warning("%s", text)
            elif text:
                warn(text)


def warn(text: str) -> None:
    """Warn of what was lost, where the package was called."""
    LOG.warning("%s", text)
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and frame.f_globals["__name__"].startswith("flowloom."):
        level, frame = level + 1, frame.f_back
    warnings.warn(text, CaptureWarning, stacklevel=level)


def check_on_error(on_error: str) -> None:
    """Raise where `on_error` is none of its words."""
    if on_error not in ("raise", "warn", "ignore"):
        text = f"on_error is raise, warn or ignore, not {on_error!r}"
        if on_error == "null":
            text += "; hint: what becomes of features of one's own is on_feature_error"
        raise ConfigError(text)
