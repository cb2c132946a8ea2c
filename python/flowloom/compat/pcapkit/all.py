"""All names, for programs that begin with ``from pcapkit.all import *``."""

from __future__ import annotations

from . import *
