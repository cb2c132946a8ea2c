"""Protocols that are declared in YAML, as flow objects tell of them."""

from __future__ import annotations

import pickle
import struct
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import flowloom as fl
from flowloom.compat import wa1kpcap as compat

PUMP = """\
fields:
  - name: version
    type: fixed
    size: 1
    format: uint
  - name: serial
    type: fixed
    size: 2
    format: uint
  - name: title
    type: length_prefixed
    length_size: 1
    format: string
"""
REPORT, ANSWER = b"\x01\x00\x2a\x04Hall", b"\x02\x00\x07\x00"


@pytest.fixture
def pump(tmp_path: Path) -> Path:
    """A capture of a message and its answer at port 4000."""
    content = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
    ends = [(0x0A000001, 1234), (0x0A000002, 4000)]
    for at, message in enumerate([REPORT, ANSWER]):
        (src, sport), (dst, dport) = ends if at == 0 else ends[::-1]
        udp = struct.pack(">HHHH", sport, dport, 8 + len(message), 0) + message
        packet = bytes(12) + b"\x08\x00"
        packet += struct.pack(">BBHHHBBHII", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, src, dst)
        packet += udp
        content += struct.pack("<IIII", 1, at, len(packet), len(packet)) + packet
    path = tmp_path / "pump.pcap"
    path.write_bytes(content)
    return path


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[compat.ProtocolRegistry]:
    """The registry, as a program finds it."""
    monkeypatch.setattr(compat.ProtocolRegistry, "_instance", None)
    yield compat.ProtocolRegistry.get_instance()


def test_flows_tell_of_declared_protocols(pump: Path, tmp_path: Path) -> None:
    (tmp_path / "pump.yaml").write_text(f"name: pump\nrouting: {{udp: [4000]}}\n{PUMP}")
    (flow,) = fl.Analyzer(definitions=tmp_path).analyze_file(pump)
    told = flow.layers["pump"]
    assert (told.version, told.serial, told.get("title"), told.get("none", 0)) == (1, 42, "Hall", 0)
    assert told.fields() == {"version": 1, "serial": 42, "title": "Hall"}
    assert told.answer == {"version": 2, "serial": 7, "title": ""}
    assert flow.ext_protocol == ["IPv4", "UDP", "PUMP"]
    with pytest.raises(AttributeError, match="no field 'pressure'"):
        told.pressure  # noqa: B018
    assert pickle.loads(pickle.dumps(flow)).layers["pump"] == told
    (row,) = fl.read_flows(pump, features="core,declared", protocols=tmp_path)
    assert row.layers["pump"] == told
    assert "pump" not in fl.Analyzer().analyze_file(pump)[0].layers


def test_a_wrong_definition_is_told(pump: Path, tmp_path: Path) -> None:
    (tmp_path / "pump.yaml").write_text("name: pump\nfields: [{name: a, type: fixd}]\n")
    with pytest.raises(fl.ConfigError, match=r"pump.yaml, line 2"):
        fl.Analyzer(definitions=tmp_path).analyze_file(pump)


def test_registered_protocols_are_those_of_wa1kpcap(
    pump: Path, tmp_path: Path, registry: compat.ProtocolRegistry
) -> None:
    theirs = pytest.importorskip("wa1kpcap", reason="wa1kpcap is not installed")
    declared = tmp_path / "declared.yaml"
    declared.write_text(f"name: pump\n{PUMP}")

    def told(module: ModuleType) -> tuple[str, dict[str, object], list[str]]:
        class PumpInfo(module.ProtocolInfo):  # type: ignore[name-defined, misc]
            pass

        # wa1kpcap takes what is registered before the first analysis for its own, and keeps it from flows.
        module.Wa1kPcap().analyze_file(str(pump))
        module.ProtocolRegistry.get_instance().register(
            "pump", PumpInfo, yaml_path=str(declared), routing={"udp": {4000: "pump"}}
        )
        (flow,) = module.Wa1kPcap().analyze_file(str(pump))
        info = flow.layers["pump"]
        return type(info).__name__, info._fields, flow.ext_protocol

    assert told(compat) == told(theirs)
    assert registry.get_yaml_paths() == {"pump": str(declared)}
    assert registry.get_routing() == {"pump": {"udp": {4000: "pump"}}}


def test_a_class_of_a_protocol_merges_what_both_sides_said(
    pump: Path, tmp_path: Path, registry: compat.ProtocolRegistry
) -> None:
    class Serials(compat.ProtocolInfo):
        def merge(self, other: compat.ProtocolInfo) -> None:
            self._fields["serials"] = [self.get("serial"), other.get("serial")]

    declared = tmp_path / "declared.yaml"
    declared.write_text(PUMP)
    registry.register("pump", Serials, declared, {"udp": {4000: "pump", 53: "dns"}})
    assert registry.get("pump") is Serials
    (flow,) = compat.Wa1kPcap().analyze_file(pump)
    assert flow.layers["pump"].get("serials") == [42, 7]


def test_a_wrong_file_that_is_registered_is_told(
    pump: Path, tmp_path: Path, registry: compat.ProtocolRegistry
) -> None:
    declared = tmp_path / "declared.yaml"
    declared.write_text("# Of the hall\nfields: [{name: a, type: fixd}]\n")
    registry.register("pump", compat.ProtocolInfo, declared)
    with pytest.raises(fl.ConfigError) as error:
        compat.Wa1kPcap().analyze_file(pump)
    assert str(error.value).startswith(f"{declared}, line 2: ")
    declared.write_text(PUMP)
    registry.register("pump", compat.ProtocolInfo, declared)
    with pytest.raises(fl.FilterError):
        compat.Wa1kPcap(bpf_filter="prot 5").analyze_file(pump)
