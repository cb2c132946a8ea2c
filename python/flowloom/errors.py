"""What can go wrong, as a small tree of exceptions."""

from __future__ import annotations

__all__ = [
    "CaptureError",
    "CaptureWarning",
    "ConfigError",
    "FeatureError",
    "FilterError",
    "FlowloomError",
    "Interrupted",
    "OutputError",
]


class FlowloomError(Exception):
    """The root of what flowloom raises."""


class ConfigError(FlowloomError, ValueError):
    """A setting that cannot be, or a source that is not there."""


class FilterError(ConfigError):
    """A filter expression that cannot be parsed.

    Attributes
    ----------
    expression : str
        The expression.
    position : int
        Where the word in question begins, in characters from 0.
    """

    def __init__(self, message: str, expression: str, position: int) -> None:
        super().__init__(message, expression, position)
        self.expression = expression
        self.position = position

    def __str__(self) -> str:
        return str(self.args[0])


class CaptureError(FlowloomError, OSError):
    """A capture that could not be read, or not to its end.

    Attributes
    ----------
    path : str
        The capture, as it was named.
    frame : int or None
        The frame that could not be read, or would have come next, counted from 1.
    offset : int or None
        The byte of the (uncompressed) capture at which its record begins.
    """

    def __init__(
        self, message: str, path: str, frame: int | None = None, offset: int | None = None
    ) -> None:
        super().__init__(message, path, frame, offset)
        self.message = message
        self.path = path
        self.frame = frame
        self.offset = offset

    def __str__(self) -> str:
        return self.message

    def __reduce__(self) -> tuple[type[CaptureError], tuple[str, str, int | None, int | None]]:
        return type(self), (self.message, self.path, self.frame, self.offset)


class OutputError(FlowloomError, OSError):
    """A file that cannot be written."""


class Interrupted(KeyboardInterrupt):
    """Ctrl-C during a run.

    Attributes
    ----------
    result : object
        What the call would have returned, for what was read until then: a table, flows, a dictionary.
    """

    def __init__(self, result: object) -> None:
        super().__init__("interrupted: what was read until then is in `result` of this exception")
        self.result = result

    @property
    def table(self) -> object:
        """``result``, where that is a table."""
        return self.result

    def __reduce__(self) -> tuple[type[Interrupted], tuple[object]]:
        return type(self), (self.table,)


class CaptureWarning(UserWarning):
    """Something of a capture was lost, or not understood."""


class FeatureError(FlowloomError):
    """Code of a feature of one's own that failed; the cause is in ``__cause__``.

    Attributes
    ----------
    feature : str
        The feature.
    flow : str
        The flow, or the flows, that it failed for; of a table without ``flow_id``, the rows.
    """

    def __init__(self, feature: str, flow: str, error: BaseException, what: str = "flow") -> None:
        super().__init__(feature, flow, error, what)
        self.feature = feature
        self.flow = flow
        self.error = error
        self.what = what

    def __str__(self) -> str:
        return (
            f"feature {self.feature!r} of {self.what} {self.flow}: "
            f"{type(self.error).__name__}: {self.error}"
        )
