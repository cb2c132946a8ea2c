"""Every block of Python in the documentation runs and prints what it says; so do docstrings."""

from __future__ import annotations

import contextlib
import doctest
import importlib
import io
import os
import pkgutil
import re
import subprocess
from pathlib import Path

import pytest

import flowloom as fl

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    *(ROOT / name for name in ("README.md", "README_CN.md", "python/README.md")),
    *sorted((ROOT / "docs" / "python").glob("*.md")),
]
BLOCK = re.compile(r"(<!-- not run: .*? -->\n)?^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_blocks_run_and_print_what_they_say(page, tmp_path, monkeypatch, request):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "Agg")
    (tmp_path / "samples").symlink_to(ROOT / "samples")
    names: dict[str, object] = {"__name__": "page"}
    run = left_out = compared = 0
    printed = ""
    for number, (aside, language, text) in enumerate(BLOCK.findall(page.read_text()), 1):
        if aside:
            left_out += 1
        elif language == "python":
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                exec(compile(text, f"{page.name}, block {number}", "exec"), names)  # noqa: S102
            run, printed = run + 1, out.getvalue()
        elif language == "text":
            assert printed == text, f"{page.name}, block {number}"
            compared += 1
        elif language == "sh" and "flowloom " in text:
            program = request.getfixturevalue("command_line")
            path = f"{program.parent}:{os.environ['PATH']}"
            subprocess.run(["sh", "-ec", text], env={"PATH": path}, check=True, capture_output=True)
    print(f"{page.name}: {run} blocks run, {compared} outputs compared, {left_out} not ours")
    assert run or page.stem == "reference"


def test_examples_in_docstrings(monkeypatch):
    monkeypatch.chdir(ROOT)
    modules = [fl]
    for module in pkgutil.walk_packages(fl.__path__, "flowloom."):
        if not module.name.endswith("_native"):
            modules.append(importlib.import_module(module.name))
    results = [doctest.testmod(module) for module in modules]
    tried = sum(result.attempted for result in results)
    print(f"{tried} lines of examples in {len(modules)} modules")
    assert sum(result.failed for result in results) == 0 and tried > 40
