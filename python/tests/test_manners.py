"""How the package behaves among others: signals, threads, processes, memory, copies."""

from __future__ import annotations

import io
import pickle
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pytest

import flowloom as fl

PACKAGE = str(Path(fl.__file__).parents[1])


@pytest.fixture(scope="session")
def large(samples, tmp_path_factory) -> Path:
    """A capture of 400 MB: the frames of a sample, again and again."""
    return repeated(samples, tmp_path_factory.mktemp("large") / "large.pcap", 2_200)


def repeated(samples: Path, path: Path, times: int) -> Path:
    """The sample again and again, each time 400 seconds later: its flows end in between."""
    sample = (samples / "loss.pcap").read_bytes()
    assert sample[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1")
    seconds, at = [], 24
    while at < len(sample):
        seconds.append(at)
        at += 16 + int.from_bytes(sample[at + 8 : at + 12], "little")
    content = bytearray(sample)
    with open(path, "wb") as file:
        file.write(content[:24])
        for _ in range(times):
            file.write(content[24:])
            for at in seconds:
                later = int.from_bytes(content[at : at + 4], "little") + 400
                content[at : at + 4] = later.to_bytes(4, "little")
    return path


def python(code: str, *arguments: object, **more) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        env={"PYTHONPATH": PACKAGE, "PATH": "/usr/bin:/bin"},
        stdout=subprocess.PIPE,
        text=True,
        **more,
    )


INTERRUPTED = """
import os, sys, time
import flowloom as fl
threads = lambda: len(os.listdir("/proc/self/task"))
before = threads()
print("ready", flush=True)
try:
    fl.read_flows([sys.argv[1]] * 10, features="core,sequences", threads=2)
except fl.Interrupted as error:
    at = time.monotonic()
    table = error.table
    # What has been joined may be listed for a moment yet, where the processors are busy.
    while threads() > before and time.monotonic() < at + 1:
        time.sleep(0.001)
    print(at, threads() - before, len(table), int(table["packet_count"].sum()), flush=True)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="threads are counted in /proc")
def test_ctrl_c_stops_at_once_and_gives_what_was_read(large):
    delays = []
    while len(delays) < 6 and min(delays, default=1) > 0.2:
        run = python(INTERRUPTED, large)
        assert run.stdout.readline() == "ready\n"
        time.sleep(0.4)
        sent = time.monotonic()
        run.send_signal(signal.SIGINT)
        said = run.communicate(timeout=30)[0].split()
        assert run.returncode == 0 and len(said) == 4, said
        at, threads, rows, packets = float(said[0]), *map(int, said[1:])
        assert threads == 0 and 0 < rows <= packets
        delays.append(at - sent)
    print("seconds from the signal to the exception:", [f"{delay:.3f}" for delay in delays])
    # Other programs may have the processors meanwhile: once is enough to show that it can.
    assert min(delays) < 0.2


@pytest.mark.usefixtures("no_thread_left")
def test_a_reader_that_is_left_early_leaves_no_thread(large):
    with fl.open_flows(large) as batches:
        assert len(next(batches)) > 0


PEAK = """
import resource, sys
import flowloom as fl
own = fl.feature(name="own", dtype="i8", needs=["packet_lengths"])(
    lambda batch: [len(lengths) for lengths in batch["packet_lengths"]]
)
asked = {"features": "core,sequences,statistics", "own": [own], "threads": 2}
with fl.open_flows(sys.argv[1], **asked) as batches:
    rows = sum(len(batch) for batch in batches)
print(rows, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_memory_does_not_grow_with_the_capture(samples, tmp_path, large):
    small = repeated(samples, tmp_path / "small.pcap", 220)
    (few, low), (many, high) = (
        map(int, python(PEAK, path).communicate(timeout=120)[0].split()) for path in (small, large)
    )
    print(f"{few} rows in {low // 1024} MB, {many} rows in {high // 1024} MB")
    assert many > 5 * few and high < low + 32 * 1024


def test_others_run_meanwhile(large):
    ticks, done = [], threading.Event()

    def tick():
        while not done.wait(0.001):
            ticks.append(time.monotonic())

    other = threading.Thread(target=tick)
    other.start()
    began = time.monotonic()
    try:
        fl.read_flows(large, features="core")
    finally:
        done.set()
        other.join()
    seconds = time.monotonic() - began
    pauses = np.diff(ticks)
    print(f"{len(ticks)} ticks in {seconds:.2f} s, the longest pause {pauses.max():.3f} s")
    assert len(ticks) > 50 * seconds and np.median(pauses) < 0.05


def test_threads_give_what_one_gives(samples):
    paths = sorted(samples.glob("*.pcap*")) * 3
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda path: fl.read_flows(path).to_dict(), paths))
    assert found == [fl.read_flows(path).to_dict() for path in paths] and len(found) >= 21


LOADER = """
import multiprocessing, sys, warnings
import numpy as np
import flowloom as fl

class Captures:
    # As a data set of PyTorch's is: made in one process, pickled, read in others.
    def __init__(self, paths):
        self.paths, self.table = paths, fl.read_flows(paths, features="core,sequences")
    def __len__(self):
        return len(self.paths)
    def __getitem__(self, i):
        here = self.table[self.table["capture"].astype(str) == self.paths[i]]
        again = fl.read_flows(self.paths[i], features="core,sequences", threads=1)
        x = again.to_padded("packet_lengths", 50)
        assert (x == here.to_padded("packet_lengths", 50)).all()
        return int(x.sum())

def worker(dataset, numbers, results):
    for number in numbers:
        results.put((number, dataset[number]))

if __name__ == "__main__":
    method, paths = sys.argv[1], sys.argv[2:]
    warnings.simplefilter("ignore", DeprecationWarning)
    context = multiprocessing.get_context(method)
    dataset = Captures(paths)
    results = context.Queue()
    workers = [
        context.Process(target=worker, args=(dataset, range(i, len(paths), 2), results))
        for i in range(2)
    ]
    for one in workers: one.start()
    found = dict(results.get(timeout=60) for _ in paths)
    for one in workers: one.join(30)
    assert [one.exitcode for one in workers] == [0, 0]
    assert found == {i: dataset[i] for i in range(len(paths))}
    print(len(found), sum(found.values()))
"""


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_workers_of_a_data_loader_read_captures(samples, tmp_path, method):
    script = tmp_path / "loader.py"
    script.write_text(LOADER)
    paths = sorted(map(str, samples.glob("*.pcap*")))
    found = subprocess.run(
        [sys.executable, script, method, *paths],
        env={"PYTHONPATH": PACKAGE, "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert found.returncode == 0, found.stderr
    assert found.stdout.split()[0] == str(len(paths)) and int(found.stdout.split()[1]) > 100_000


def test_a_reader_does_not_survive_a_fork(samples):
    code = """
import os, sys, warnings
import flowloom as fl
warnings.simplefilter("ignore")
reader = fl.open_flows(sys.argv[1])
if (child := os.fork()) == 0:
    try:
        next(reader)
    except RuntimeError as error:
        print(error, flush=True)
        reader.close()
        os._exit(0)
    os._exit(1)
assert os.waitpid(child, 0)[1] == 0
print(sum(len(batch) for batch in reader))
"""
    said = python(code, samples / "browsing.pcapng").communicate(timeout=30)[0].splitlines()
    assert said == ["this reader was opened in another process: open the captures here", "36"]


def test_tables_and_errors_pickle(several, samples):
    again = pickle.loads(pickle.dumps(several))
    assert again.to_dict() == several.to_dict() and again.schema == several.schema
    assert (again.settings, again.account) == (several.settings, several.account)
    errors = [
        fl.CaptureError("cut", "a.pcap", 7, 99),
        fl.ConfigError("no"),
        fl.FilterError("no", "tpc", 1),
        fl.Interrupted(several[:2]),
    ]
    for error in errors:
        same = pickle.loads(pickle.dumps(error))
        assert type(same) is type(error) and str(same) == str(error)
    assert len(same.table) == 2


def address(array: np.ndarray) -> int:
    return array.__array_interface__["data"][0]


def test_nothing_is_copied_for_others(browsing):
    ours = {
        name: address(np.asarray(browsing.parts(name)[0].values()))
        for name in ("flow_id", "byte_count", "duration", "protocol")
    }
    items = browsing.parts("packet_lengths")[0]
    arrow, frame = pa.table(browsing), pl.DataFrame(browsing)
    for name, at in ours.items():
        assert arrow[name].chunk(0).buffers()[1].address == at, name
        assert address(frame[name].to_numpy(allow_copy=False)) == at, name
        assert address(browsing[name]) == at, name
    chunk = arrow["packet_lengths"].chunk(0)
    assert chunk.buffers()[1].address == address(np.asarray(items.offsets()))
    assert chunk.values.buffers()[1].address == address(np.asarray(items.items().values()))
    # What a slice has is where it was.
    sliced = address(np.asarray(browsing[10:].parts("flow_id")[0].values()))
    assert sliced == ours["flow_id"] + 80


def test_others_see_the_same(browsing, samples):
    expected = browsing.to_dict()
    flows = browsing
    counted = duckdb.sql("select sum(packet_count), count(distinct src_ip) from flows").fetchall()
    assert counted[0] == (sum(expected["packet_count"]), len(set(expected["src_ip"])))
    assert flows.to_polars()["packet_lengths"].to_list() == expected["packet_lengths"]
    frame = flows.to_pandas()
    assert frame["byte_count"].tolist() == expected["byte_count"] and len(frame) == 36
    with fl.open_flows(samples / "browsing.pcapng") as reader:
        assert pa.RecordBatchReader.from_stream(reader).read_all().num_rows == 36
    assert pa.array(flows.parts("src_ip")[0]).to_pylist() == expected["src_ip"]


def test_captures_come_in_many_forms(samples):
    path = samples / "dhcp.pcap"
    content = path.read_bytes()
    expected = fl.read_flows(path)["flow_id"].tolist()
    with open(path, "rb") as file:
        forms = [str(path), path, content, bytearray(content), memoryview(content), [path], file]
        forms += [io.BytesIO(content), str(samples / "dhc*.pcap"), (path,)]
        for form in forms:
            assert fl.read_flows(form)["flow_id"].tolist() == expected, type(form)
    both = fl.read_flows([content, samples / "loss.pcap"])
    assert sorted(set(both["capture"])) == [str(samples / "loss.pcap"), "bytes"]
    with pytest.raises(TypeError, match="a capture is a path, bytes or an open file, not int"):
        fl.read_flows([7])
    with pytest.raises(fl.CaptureError, match="No such file"):
        fl.read_flows(samples / "no such file")


@pytest.mark.parametrize(
    "read",
    [
        fl.read_flows,
        fl.read_traces,
        fl.read_packets,
        fl.open_flows,
        fl.open_packets,
        fl.streams,
        fl.info,
    ],
)
def test_no_captures_are_no_source(read):
    with pytest.raises(fl.ConfigError, match="no capture was found"):
        read([])


@pytest.mark.parametrize("read", [fl.read_flows, fl.read_traces, fl.read_packets])
def test_no_captures_are_no_rows_where_that_is_ignored(samples, read):
    nothing = read([], on_error="ignore")
    assert len(nothing) == 0 and nothing.columns == read(samples / "dhcp.pcap").columns


TYPED = """
import numpy as np
import flowloom as fl

def parts(flows: fl.FlowTable) -> list[fl.FlowTable]:
    mask = flows["packet_count"] > flows["packet_count"].mean()
    few = [flows[0], flows[[1, 2]], flows[range(3)], flows[np.argmax(flows["duration"])]]
    return [*few, flows[mask], flows[[True] * len(flows)], flows[:3], flows[["src_ip"]]]
"""


def test_parts_of_tables_have_types(samples, tmp_path):
    names: dict[str, object] = {}
    exec(TYPED, names)  # noqa: S102
    parts = names["parts"](fl.read_flows(samples / "browsing.pcapng"))
    assert [len(part) for part in parts] == [1, 2, 3, 1, 10, 36, 3, 36]
    pytest.importorskip("mypy")
    (tmp_path / "typed.py").write_text(TYPED)
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", tmp_path / "typed.py"],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize("open_", [fl.open_flows, fl.open_packets, fl.streams])
def test_a_closed_reader_does_not_look_like_one_at_its_end(samples, open_):
    with open_(samples / "dhcp.pcap") as reader:
        assert list(reader) and not list(reader)
    with open_(samples / "dhcp.pcap") as reader:
        pass
    with pytest.raises(ValueError, match="this reader is closed"):
        next(reader)


IMPORTED = """
import sys, time
import numpy, numpy.typing
before = set(sys.modules)
began = time.perf_counter()
import flowloom
print(time.perf_counter() - began)
known = {name.partition(".")[0] for name in set(sys.modules) - before}
print(*sorted(known - set(sys.stdlib_module_names) - {"flowloom", "numpy"}))
"""


def test_importing_is_quick_and_needs_numpy_alone():
    runs = [python(IMPORTED).communicate(timeout=60)[0].split("\n") for _ in range(5)]
    assert all(run[1] == "" for run in runs), runs
    seconds = [float(run[0]) for run in runs]
    print("import beyond NumPy:", [f"{value:.3f} s" for value in seconds])
    assert min(seconds) < 0.1


def test_modules_of_the_reference_are_there():
    code = "import flowloom as fl; print(fl.export.to_csv, fl.layers.TLSInfo, fl.captures.info)"
    said = python(code).communicate(timeout=60)[0]
    assert "function to_csv" in said and "flowloom.layers.TLSInfo" in said


def test_text_of_the_wire_is_harmless_in_notebooks(browsing, samples):
    hostile = ["<script>alert(1)</script>", "\x1b[31m\u202ered", "a" * 500, "'\"&"] + [None] * 32
    texts = fl._native.Array.texts(hostile)
    native = browsing._native.with_column("server_name", texts, [])
    lost = {**browsing._summary, "captures": [{**browsing.captures[0], "damage": "<b>\x1b[1mcut"}]}
    shown = fl.FlowTable(native, lost)._repr_html_()
    assert "<script" not in shown and "&lt;script&gt;" in shown and "a" * 41 not in shown
    assert "\x1b" not in shown and "\u202e" not in shown and "<b>" not in shown
    assert "&lt;b&gt;" in shown and "Lost on the way" in shown
    assert "Lost on the way" not in browsing._repr_html_()


def test_a_table_says_what_was_lost(samples, tmp_path):
    cut = tmp_path / "cut.pcap"
    cut.write_bytes((samples / "loss.pcap").read_bytes()[:-100])
    with pytest.warns(fl.CaptureWarning, match="cut"):
        table = fl.read_flows([cut, samples / "fragments.pcap"])
    assert "2 losses" in repr(table) and "cut.pcap" in table.losses[0]
    assert table.losses[1] == "fragments without the rest: 7"
    assert all(text in table._repr_html_() for text in ("cut.pcap", "fragments without"))


ON_ERROR = {
    "read_flows": fl.read_flows,
    "read_traces": fl.read_traces,
    "read_packets": fl.read_packets,
    "open_flows": lambda path, **more: list(fl.open_flows(path, **more)),
    "open_packets": lambda path, **more: list(fl.open_packets(path, **more)),
    "streams": lambda path, **more: list(fl.streams(path, **more)),
    "info": fl.info,
}


@pytest.mark.parametrize("name", ON_ERROR)
def test_what_is_damaged_is_told_as_was_asked_for(samples, tmp_path, name):
    cut = tmp_path / "cut.pcap"
    cut.write_bytes((samples / "loss.pcap").read_bytes()[:-100])
    read = ON_ERROR[name]
    with pytest.warns(fl.CaptureWarning, match="cut") as told:
        read(cut)
    # Once, and where the package was called.
    assert [warning.filename for warning in told] == [__file__]
    read(cut, on_error="ignore")
    with pytest.raises(fl.CaptureError, match="cut"):
        read(cut, on_error="raise")
    with pytest.raises(fl.ConfigError, match="on_error is raise, warn or ignore, not 'wran'"):
        read(cut, on_error="wran")
    with pytest.raises(fl.ConfigError, match="on_feature_error"):
        read(cut, on_error="null")


def test_captures_and_losses_are_logged(samples, tmp_path, caplog):
    cut = tmp_path / "cut.pcap"
    cut.write_bytes((samples / "loss.pcap").read_bytes()[:1000])
    caplog.set_level("INFO", logger="flowloom")
    fl.read_flows(cut, on_error="ignore")
    with fl.open_flows(cut) as batches:
        with pytest.warns(fl.CaptureWarning):
            assert sum(map(len, batches)) == 1
        assert not list(batches)
    told = [("INFO", f"{cut}: frames 7, flows 1"), ("WARNING", "the input is cut")]
    assert len(caplog.records) == 4
    for record, (level, text) in zip(caplog.records, 2 * told):
        assert record.name == "flowloom" and record.levelname == level
        assert text in record.getMessage()


def test_an_arrow_stream_tells_what_is_damaged(samples, tmp_path):
    cut = tmp_path / "cut.pcap"
    cut.write_bytes((samples / "loss.pcap").read_bytes()[:-100])
    with pytest.warns(fl.CaptureWarning, match="cut") as told:
        rows = pa.table(fl.open_flows(cut)).num_rows
    assert rows == len(fl.read_flows(cut, on_error="ignore")) and len(told) == 1
    for path in (cut, tmp_path / "none.pcap"):
        with pytest.raises(pa.ArrowException, match=f"CaptureError: .*{path.name}"):
            pa.table(fl.open_flows(path, on_error="raise"))


SHARED = """
import sys, threading
import flowloom as fl
for _ in range(20):
    found = []
    reader = fl.open_flows([sys.argv[1]] * 3, features="core")
    def eat():
        try:
            found.extend(len(rows) for rows in reader)
        except Exception as error:
            found.append(repr(error))
    threads = [threading.Thread(target=eat) for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    print(sum(found))
"""


def test_a_reader_may_be_shared_by_threads(samples):
    run = python(SHARED, samples / "browsing.pcapng")
    assert run.communicate(timeout=120)[0].split() == ["108"] * 20


STOPPED = """
import sys, threading, signal
import flowloom as fl
mine = fl.feature(name="mine", dtype="f8", needs=["packet_count"])(lambda b: b["packet_count"])
large = sys.argv[1]
def tables():
    yield lambda: "packet" in fl.read_packets([large] * 4, threads=1)
    yield lambda: "mine" in fl.read_flows([large] * 4, own=[mine], threads=1)
    yield lambda: list(fl.read_events([large] * 4, "dns", threads=1))
    yield lambda: type(fl.info(large)).__name__
    yield lambda: type(fl.Analyzer().analyze_file(large)).__name__
def seen(result):
    if isinstance(result, fl.FlowTable):
        return ("packet" in result, "mine" in result)
    if isinstance(result, dict) and "dns" in result:
        return list(result)
    return type(result).__name__
for read in tables():
    timer = threading.Timer(0.1, lambda: signal.raise_signal(signal.SIGINT))
    timer.start()
    try:
        print(read())
    except fl.Interrupted as error:
        print(seen(error.result))
"""


def test_what_was_stopped_gives_what_it_would_have_returned(large):
    told = python(STOPPED, large).communicate(timeout=120)[0].splitlines()
    # A run that was over before the signal says so in the same way.
    wanted = [
        ("True", "(True, False)"), ("True", "(False, True)"), ("['flows', 'dns']",), ("dict",), ("list",)
    ]  # fmt: skip
    assert len(told) == len(wanted) and all(line in lines for line, lines in zip(told, wanted)), (
        told
    )
