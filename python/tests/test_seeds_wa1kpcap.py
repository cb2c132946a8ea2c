"""The examples in the two READMEs of wa1kpcap run with their import line changed."""

from __future__ import annotations

import ast
import contextlib
import inspect
import io
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from flowloom.compat import wa1kpcap

SHARED = Path(__file__).resolve().parents[3] / "shared"
COUNTS = {"wa1kpcap-first.md": 14, "wa1kpcap-dual-engine.md": 1}
"""Python blocks of each file."""

if not (SHARED / "seeds").is_dir():
    pytest.skip(f"no reference documents in {SHARED}", allow_module_level=True)


def blocks(name: str) -> list[str]:
    text = (SHARED / "seeds" / name).read_text(encoding="utf-8")
    return re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)


@pytest.fixture
def traffic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with the capture that examples read."""
    shutil.copy(SHARED / "corpus" / "seeds" / "single.pcap", tmp_path / "traffic.pcap")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(code: str, **names: Any) -> str:
    """What a block prints."""
    code = re.sub(
        r"^from wa1kpcap import", "from flowloom.compat.wa1kpcap import", code, flags=re.MULTILINE
    )
    assert "from wa1kpcap" not in code
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, "example", "exec"), names)  # noqa: S102
    return printed.getvalue()


@pytest.mark.parametrize("name", COUNTS)
def test_no_block_is_overlooked(name: str) -> None:
    assert len(blocks(name)) == COUNTS[name]


def test_the_quick_start_of_the_later_readme(traffic: Path) -> None:
    (code,) = blocks("wa1kpcap-dual-engine.md")
    expected = "192.168.226.54:8907 -> 111.13.142.55:443 (TCP)  packets=27  duration=0.166s\n"
    assert run(code) == expected


def test_the_quick_start_of_the_first_readme(traffic: Path) -> None:
    assert run(blocks("wa1kpcap-first.md")[0]).splitlines() == [
        "Flow: 192.168.226.54:8907 -> 111.13.142.55:443 (TCP)",
        "  Packets: 27",
        "  Duration: 0.166s",
    ]


def test_sequences(traffic: Path) -> None:
    lengths, iats = run(blocks("wa1kpcap-first.md")[1]).splitlines()
    assert ast.literal_eval(lengths.split(": ")[1])[:6] == [66, -66, 54, 521, -54, -1434]
    gaps = ast.literal_eval(iats.split(": ")[1])
    assert len(gaps) == 26
    assert gaps[:2] == pytest.approx([0.028969, 0.00015], abs=1e-9)


def test_statistics(traffic: Path) -> None:
    assert run(blocks("wa1kpcap-first.md")[2]).splitlines() == [
        "Mean packet length: 247.8",
        "Std packet length: 367.0",
        "Up packet count: 13",
        "Down packet count: 14",
        "Up mean: 167.0",
        "Down mean: 322.8",
        "IAT mean: 0.006396",
        "IAT max: 0.037709",
        "Total packets: 27",
    ]


def test_tls(traffic: Path) -> None:
    # The version is the one that was negotiated, TLS 1.2, in the notation of the reference; the
    # certificate is the dictionary that its documentation promises.
    assert run(blocks("wa1kpcap-first.md")[3]).splitlines() == [
        "TLS version: 3.3",
        "  SNI: ['tracking.miui.com']",
        "  ALPN: ['h2', 'http/1.1']",
        "  Cert subject: {'CN': '*.miui.com'}",
        (
            "  Cert issuer: {'CN': 'Encryption Everywhere DV TLS CA - G1', "
            "'OU': 'www.digicert.com', 'O': 'DigiCert Inc', 'C': 'US'}"
        ),
    ]


def test_data_frame(traffic: Path) -> None:
    pytest.importorskip("pandas")
    head, row = run(blocks("wa1kpcap-first.md")[4]).splitlines()
    assert head.split() == ["src_ip", "dst_ip", "packet_count", "feature.packet_lengths.mean"]
    assert row.split() == ["0", "192.168.226.54", "111.13.142.55", "27", "247.777778"]


def test_files(traffic: Path) -> None:
    assert run(blocks("wa1kpcap-first.md")[5]) == ""
    (flow,) = json.loads((traffic / "output.json").read_text())
    assert flow["packet_count"] == 27
    assert flow["tls"]["cert_subject"] == {"CN": "*.miui.com"}
    assert flow["features"]["packet_lengths"][:4] == [66, -66, 54, 521]
    head = (traffic / "output.csv").read_text().splitlines()[0].split(",")
    assert len(head) == 199 + 24


def test_metrics(traffic: Path) -> None:
    assert run(blocks("wa1kpcap-first.md")[6]).splitlines() == [
        "Total packets: 27",
        "Up packets: 13",
        "Down packets: 14",
        "Up bytes: 2171",
        "Down bytes: 4519",
    ]


def test_the_signature_of_the_analyzer() -> None:
    stated = dict(
        re.findall(r"^    (\w+): \w+ = ([^,]+),", blocks("wa1kpcap-first.md")[7], re.MULTILINE)
    )
    assert len(stated) == 9
    known = inspect.signature(wa1kpcap.Analyzer.__init__).parameters
    for name, value in stated.items():
        assert known[name].default == ast.literal_eval(value), name


def test_attributes_of_flows(traffic: Path) -> None:
    (flow,) = wa1kpcap.Wa1kPcap().analyze_file("traffic.pcap")
    for number in (8, 9, 10, 11, 12):
        assert run(blocks("wa1kpcap-first.md")[number], flow=flow) == ""
    assert flow.http is None
    assert flow.dns is None
    assert flow.stats["packet_count"] == 27


def test_every_attribute_that_the_readme_names_is_there(traffic: Path) -> None:
    (flow,) = wa1kpcap.Wa1kPcap().analyze_file("traffic.pcap")
    text = (SHARED / "seeds" / "wa1kpcap-first.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`flow\.(\w+)`", text))
    assert len(named) == 62
    for name in named:
        value = getattr(flow, name)
        assert isinstance(value, (int, float)), name
        if name.endswith(("_skew", "_kurt", "_cv")):
            assert value != 0.0, name


def test_exporters(traffic: Path) -> None:
    pytest.importorskip("pandas")
    flows = wa1kpcap.Wa1kPcap().analyze_file("traffic.pcap")
    assert run(blocks("wa1kpcap-first.md")[13], flows=flows) == ""
    assert (traffic / "output.csv").is_file()


@pytest.mark.parametrize(
    ("expression", "flows"),
    [("tcp port 443", 35), ("net 10.0.0.0/8", 0), ("host 192.168.1.1 and tcp", 0), ("vlan", 77)],
)
def test_documented_filters(expression: str, flows: int) -> None:
    analyzer = wa1kpcap.Wa1kPcap(bpf_filter=expression)
    assert len(analyzer.analyze_file(SHARED / "corpus" / "seeds" / "multi.pcap")) == flows


def test_a_filter_for_dhcp_finds_it() -> None:
    found = 0
    paths = [
        path for path in (SHARED / "corpus").glob("**/*dhcp*.pcap*") if "expected" not in path.parts
    ]
    for path in paths:
        for expression in ("dhcp or dhcpv6", "not tcp"):
            flows = wa1kpcap.Wa1kPcap(bpf_filter=expression).analyze_file(path)
            is_dhcp = [{flow.sport, flow.dport} & {67, 68, 546, 547} != set() for flow in flows]
            assert all(is_dhcp) if expression.startswith("dhcp") else not any(is_dhcp)
            found += sum(is_dhcp)
    print(f"{found} flows of DHCP found")
    assert found > 0


def test_the_engine_of_older_scripts_is_taken(traffic: Path) -> None:
    assert len(wa1kpcap.Wa1kPcap(engine="dpkt").analyze_file("traffic.pcap")) == 1
    with pytest.raises(ValueError, match="engine"):
        wa1kpcap.Wa1kPcap(engine="other")
