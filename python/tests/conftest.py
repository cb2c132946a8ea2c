"""What the tests share: the samples of the repository, and the corpus where it is there."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import flowloom as fl

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def samples() -> Path:
    """The directory of sample captures."""
    return ROOT / "samples"


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The directory of captures from elsewhere, beside the repository."""
    found = ROOT.parent / "shared" / "corpus"
    if not found.is_dir():
        pytest.skip(f"skipped, not tested: the corpus is not at {found}")
    return found


@pytest.fixture(scope="session")
def browsing(samples: Path) -> fl.FlowTable:
    """Flows of the largest sample, with most columns."""
    features = "core,sequences,statistics,application,tls"
    return fl.read_flows(samples / "browsing.pcapng", features=features)


@pytest.fixture(scope="session")
def several(samples: Path) -> fl.FlowTable:
    """Flows of several samples, in several batches."""
    captures = sorted(samples.glob("*.pcap*"))
    table = fl.read_flows(captures * 20, features="core,sequences")
    assert len(table._native.chunk_rows) > 1
    return table


@pytest.fixture(scope="session")
def command_line() -> Path:
    """The program, where it was built."""
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    for profile in ("debug", "release"):
        if (target / profile / "flowloom").is_file():
            return target / profile / "flowloom"
    pytest.skip(f"skipped, not tested: the command line is not built in {target}")


@pytest.fixture
def no_features_stay() -> Iterator[None]:
    """Forgets the features that the test has registered."""
    yield
    fl.get_feature_registry().clear()


@pytest.fixture
def no_thread_left() -> Iterator[None]:
    """Fails where the test leaves a thread behind, one of Python's or one of the engine's."""
    tasks = Path("/proc/self/task")
    if not tasks.is_dir():
        pytest.skip("skipped, not tested: threads are counted in /proc")

    def running() -> int:
        return len(list(tasks.iterdir()))

    before = running()
    yield
    # What has been joined may be listed for a moment yet, where the processors are busy.
    until = time.monotonic() + 5
    while running() > before and time.monotonic() < until:
        time.sleep(0.001)
    assert running() <= before
