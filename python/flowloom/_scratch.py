"""Files that have their names only when they are whole."""

from __future__ import annotations

import os
from pathlib import Path

from ._options import Path_
from .errors import OutputError


def scratch(path: Path_) -> str:
    """A file beside a path, to be published there."""
    # Importing the package is to take no longer for it.
    import tempfile

    target = Path(path)
    try:
        number, name = tempfile.mkstemp(
            prefix=f".{target.name}.", suffix=".partial", dir=target.parent
        )
    except OSError as error:
        raise OutputError(f"{target}: {error.strerror}") from error
    os.close(number)
    return name


def publish(name: str, path: Path_) -> None:
    """Gives a scratch file that is whole its name, and the permissions that new files have."""
    umask = os.umask(0)
    os.umask(umask)
    try:
        os.chmod(name, 0o666 & ~umask)
        os.replace(name, path)
    except OSError as error:
        raise OutputError(f"{os.fspath(path)}: {error.strerror}") from error
