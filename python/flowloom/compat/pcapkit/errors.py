"""What PyPCAPKit's programs may catch."""

from __future__ import annotations

from ...errors import CaptureWarning, FlowloomError


class BaseError(FlowloomError):
    """The root of them."""


class UnsupportedCall(BaseError, AttributeError):
    """Something that was not asked for when the capture was extracted."""


class FileNotFound(BaseError, FileNotFoundError):
    """There is no such capture."""


class EngineWarning(CaptureWarning):
    """An engine that is not there: the default one takes its place."""
