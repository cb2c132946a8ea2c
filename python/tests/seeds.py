"""The documents of the reference systems: their blocks of Python, and what prints in them."""

from __future__ import annotations

import codeop
import contextlib
import io
import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SEEDS = ROOT.parent / "shared" / "seeds"


def python_blocks(name: str) -> list[str]:
    """The blocks of Python of a document."""
    if not SEEDS.is_dir():
        pytest.skip(f"skipped, not tested: the documents are not at {SEEDS}")
    text = (SEEDS / name).read_text(encoding="utf-8")
    return re.findall(r"^```python\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)


def session(block: str, names: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Runs a block of an interactive session: statements, what they print here, and there."""
    done: list[tuple[str, str, str]] = []
    lines = [
        re.sub(r"^(>>>|\.\.\.) ?", lambda prompt: prompt[1] + "\0", line)
        for line in block.splitlines()
    ]
    at = 0
    while at < len(lines):
        assert lines[at].startswith(">>>\0"), f"no statement: {lines[at]!r}"
        statement = lines[at][4:]
        at += 1
        # A call goes on as long as it is open, with prompts before its lines or without.
        while codeop.compile_command(statement, symbol="single") is None:
            statement += "\n" + lines[at].removeprefix("...\0").strip("\t ")
            at += 1
        there = []
        while at < len(lines) and not lines[at].startswith(">>>\0"):
            there.append(lines[at])
            at += 1
        with contextlib.redirect_stdout(io.StringIO()) as here:
            exec(compile(statement, "seed", "single"), names)  # noqa: S102
        done.append((statement, here.getvalue().rstrip("\n"), "\n".join(there).rstrip("\n")))
    return done
