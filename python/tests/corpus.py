"""The corpus of captures, and the lists of what was found to differ on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus"


def needed() -> None:
    """Skips a module that can do nothing without the corpus."""
    if not CORPUS.is_dir():
        pytest.skip(f"no corpus in {CORPUS}", allow_module_level=True)


def captures() -> Iterator[Path]:
    """The captures, but for very large ones."""
    for path in sorted(CORPUS.glob("**/*.*cap*")):
        if path.is_file() and "expected" not in path.parts and path.stat().st_size < 20_000_000:
            yield path


def reviewed(name: str) -> dict[str, list[str]]:
    """A list of ``reviewed``: in what captures differ."""
    path = Path(__file__).with_name("reviewed") / f"{name}.tsv"
    lines = path.read_text(encoding="utf-8").splitlines()
    fields = [line.split("\t") for line in lines if line and not line.startswith("#")]
    assert all(len(field) == 3 and field[2] for field in fields), "capture, differences, reason"
    assert len({field[0] for field in fields}) == len(fields)
    return {field[0]: sorted(field[1].split(",")) for field in fields}
