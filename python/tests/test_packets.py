"""Packets of flows: their headers and bytes are those of the capture."""

from __future__ import annotations

import gzip
import os
import pickle
import shutil
import struct
import warnings
from pathlib import Path
from typing import Literal

import pytest

import flowloom as fl
import flowloom.compat.wa1kpcap as compat

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
SHARED = Path(__file__).resolve().parents[3] / "shared" / "corpus"


@pytest.mark.parametrize("keep", ["offsets", "bytes"])
def test_packets_agree_with_their_flow(keep: Literal["offsets", "bytes"]) -> None:
    analyzer = fl.Analyzer(keep_packets=keep, filter_retrans=False)
    compared = 0
    for flow in analyzer.analyze_file(SAMPLES / "browsing.pcapng"):
        assert len(flow.packets) == len(flow.packets()) == flow.packet_count
        assert len(flow.packets_forward()) + len(flow.packets_reverse()) == flow.packet_count
        for packet in flow.packets:
            assert packet.caplen == packet.wirelen == abs(flow.packet_lengths[packet.packet_index])
            header = packet.tcp or packet.udp
            if header is not None:
                sender = flow.sport if packet.is_client_to_server else flow.dport
                assert header.sport == sender
                assert len(packet.payload) == packet.app_len
                compared += 1
            if packet.tcp is not None:
                assert packet.tcp.flags == flow.tcp_flags[packet.packet_index]
                assert packet.tcp.syn == bool(packet.tcp.flags & 2)
    print(f"{compared} packets compared")
    assert compared > 100


@pytest.mark.skipif(not SHARED.is_dir(), reason="no corpus beside the repository")
def test_packets_of_all_captures_have_their_bytes() -> None:
    captures = packets = 0
    for path in sorted(SHARED.glob("**/*.*cap*")):
        if "expected" in path.parts or not path.is_file() or path.stat().st_size > 2_000_000:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", fl.CaptureWarning)
            flows = fl.Analyzer(keep_packets="offsets", default_filter=None).analyze_file(path)
            kept = fl.Analyzer(keep_packets="bytes", default_filter=None).analyze_file(path)
        captures += 1
        for flow, same in zip(flows, kept, strict=True):
            for packet, other in zip(flow.packets, same.packets, strict=True):
                assert packet.raw_data == other.raw_data, (path, packet)
                assert packet.protocol_stack == other.protocol_stack
                packets += 1
    print(f"{packets} packets of {captures} captures compared")
    assert captures > 200
    assert packets > 20_000


def test_a_changed_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "some.pcapng"
    shutil.copy(SAMPLES / "browsing.pcapng", path)
    flow = fl.Analyzer(keep_packets="offsets").analyze_file(path)[0]
    os.utime(path, (1, 1))
    with pytest.raises(fl.CaptureError, match="changed"):
        _ = flow.packets[0].raw_data
    # Lengths need no file.
    assert flow.packets[0].wirelen > 0


def test_compressed_captures_are_read_again(tmp_path: Path) -> None:
    path = tmp_path / "some.pcapng.gz"
    path.write_bytes(gzip.compress((SAMPLES / "browsing.pcapng").read_bytes()))
    flow = fl.Analyzer(keep_packets="offsets").analyze_file(path)[0]
    assert all(packet.caplen == packet.wirelen for packet in flow.packets)


def test_without_bytes_packets_know_what_the_flow_knows() -> None:
    flows = fl.Analyzer().analyze_file(SAMPLES / "browsing.pcapng")
    flow = next(flow for flow in flows if flow.protocol == 6)
    packet = flow.packets[0]
    assert packet.raw_data == b""
    assert packet.eth is None
    assert packet.tcp is not None
    assert packet.tcp.sport == flow.sport
    assert packet.tcp.win == flow.tcp_window_sizes[0]
    with pytest.raises(AttributeError, match="no field"):
        _ = packet.tcp.nothing


def test_fields_that_come_again_are_all_there() -> None:
    flows = fl.Analyzer(keep_packets="offsets").analyze_file(SAMPLES / "browsing.pcapng")
    hellos = servers = 0
    for flow in flows:
        for packet in flow.packets if flow.protocol == 6 else ():
            header = packet.tls
            if header is None or header.handshake_type not in (1, 2):
                continue
            assert flow.tls is not None
            assert header is packet.get_layer("tls_record")
            if header.handshake_type == 1:
                hellos += 1
                assert header.version == "3.1"
                assert header.sni == flow.tls.sni
                assert header.alpn == flow.tls.alpn
                assert header.cipher_suites == flow.tls.cipher_suites
                assert header.signature_algorithms == flow.tls.signature_algorithms
                assert header.extensions == flow.tls.extensions
                assert header.fields["handshake.ciphersuite"] == header.cipher_suites
                assert (header.cipher_suite, header.certificate) == (None, None)
            else:
                servers += 1
                assert header.cipher_suite == flow.tls.cipher_suite
                assert header.cipher_suites == header.sni == []
    assert hellos > 3
    assert servers > 3


def test_what_a_header_has_not_is_of_its_type() -> None:
    analyzer = fl.Analyzer(keep_packets="offsets", default_filter=None)
    flows = analyzer.analyze_file(SAMPLES / "browsing.pcapng")
    packets = [packet for flow in flows for packet in flow.packets]
    queries = [packet.dns for packet in packets if packet.dns is not None]
    assert queries[0].queries == [queries[0].query]
    assert (queries[0].is_query, queries[0].is_response) == (True, False)
    syn = next(packet.tcp for packet in packets if packet.tcp is not None and packet.tcp.syn)
    assert (syn.is_handshake, syn.is_handshake_ack) == (True, False)


@pytest.mark.skipif(not SHARED.is_dir(), reason="no corpus beside the repository")
def test_of_quic_packets_in_a_datagram_the_first_is_told() -> None:
    analyzer = fl.Analyzer(keep_packets="offsets")
    (hello, *_), retried = (
        [packet.quic for flow in analyzer.analyze_file(SHARED / name) for packet in flow.packets]
        for name in ("seeds/quic.pcap", "retina/quic_retry.pcapng")
    )
    assert hello is not None
    assert (hello.is_long_header, hello.packet_type, hello.version) == (True, 0, 1)
    assert (len(hello.dcid), hello.scid, hello.token) == (8, b"", b"")
    # Two of those have others behind them.
    headers = [header for header in retried if header is not None]
    assert [header.packet_type for header in headers] == [0, 0, 2, 0, 2, 0, 3, 0, 0, 2, 0, 2]
    assert [header.token[:6] for header in headers if header.token] == [b"quiche"] * 2


def test_linux_cooked_headers_have_their_version() -> None:
    analyzer = fl.Analyzer(keep_packets="offsets", default_filter=None)
    for flow in analyzer.analyze_file(SAMPLES / "any-sll2.pcap"):
        for packet in flow.packets:
            assert packet.sll is None
            assert packet.sll2 is not None
            assert packet.sll2.interface_index > 0
            assert isinstance(packet.sll2.addr, str)


@pytest.mark.parametrize("more", [{}, {"max_packets": 3}])
@pytest.mark.parametrize("keep", ["offsets", "bytes"])
def test_fragments_of_the_same_time_are_told_apart(
    tmp_path: Path, keep: Literal["offsets", "bytes"], more: dict[str, int]
) -> None:
    data = bytearray((SAMPLES / "fragments.pcap").read_bytes())
    at = 24
    while at < len(data):
        data[at : at + 8] = struct.pack("<II", 1_000_000_000, 0)
        at += 16 + struct.unpack_from("<I", data, at + 8)[0]
    path = tmp_path / "at-once.pcap"
    path.write_bytes(data)
    with fl.open_packets(path, layer="none") as frames:
        data_of = {frame.number: frame.data for frame in frames}
    known = fl.read_flows(path, features="core,packet_frames", no_split=True)
    came = dict(zip(known["flow_id"].tolist(), known["packet_frames"], strict=True))
    flows = fl.Analyzer(
        keep_packets=keep, default_filter=None, filter_retrans=False, **more
    ).analyze_file(path)
    for flow in flows:
        numbers = [packet.frame_number for packet in flow.packets]
        assert numbers == came[flow.flow_id].tolist()[: len(numbers)]
        assert [packet.raw_data for packet in flow.packets] == [data_of[one] for one in numbers]
    assert len(flows) == len(known) > 1


@pytest.mark.parametrize("name", ["browsing.pcapng", "tunnels.pcap", "vlan-qinq.pcap"])
def test_headers_that_the_flow_knows_are_those_of_the_packet(name: str) -> None:
    analyzer = fl.Analyzer(keep_packets="offsets", default_filter=None)
    compared = 0
    for flow in analyzer.analyze_file(SAMPLES / name):
        for packet in flow.packets:
            known = {"tcp": packet.tcp, "udp": packet.udp}
            for of, fields in (
                ("tcp", ("sport", "dport", "flags", "win", "syn", "seq", "data", "fields")),
                ("udp", ("sport", "dport", "len", "data", "fields")),
            ):
                header, whole = known[of], packet.get_layer(of)
                assert (header is None) == (whole is None)
                for field in fields if header is not None else ():
                    assert getattr(header, field) == getattr(whole, field), (packet, of, field)
                    compared += 1
            assert repr(pickle.loads(pickle.dumps(known))) == repr(known)
    assert compared > 50


def test_fragments_without_the_first_have_no_header_of_transport(tmp_path: Path) -> None:
    addresses = bytes([10, 0, 0, 1, 10, 0, 0, 2])
    packet = struct.pack("!BBHHHBBH", 0x45, 0, 28, 7, 1, 64, 6, 0) + addresses + bytes(8)
    header = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101)
    path = tmp_path / "later.pcap"
    path.write_bytes(header + struct.pack("<IIII", 1, 0, len(packet), len(packet)) + packet)
    (flow,) = fl.Analyzer().analyze_file(path)
    assert (flow.proto, flow.packets[0].tcp) == ("TCP", None)


def test_packets_of_wa1kpcaps_flows_are_there_whatever_is_asked_for() -> None:
    class TimesToLive(compat.BaseIncrementalFeature):
        def initialize(self, flow: fl.Flow) -> None:
            flow.__dict__["ttls"] = []

        def update(self, flow: fl.Flow, pkt: fl.Packet) -> None:
            assert pkt.ip is not None
            flow.__dict__["ttls"].append((pkt.ip.ttl, len(pkt.payload)))

        def get_value(self, flow: fl.Flow) -> object:
            return flow.__dict__["ttls"]

    analyzer = compat.Wa1kPcap(bpf_filter="ip and tcp")
    analyzer.register_feature("ttls", TimesToLive("ttls", compat.FeatureType.SEQUENCE))
    analyzer.register_feature("entropy", compat.EntropyFeatureProcessor())
    flows = analyzer.analyze_file(SAMPLES / "browsing.pcapng")
    for flow in flows:
        found = flow.get_features()
        assert all(ttl > 0 for ttl, _ in found["ttls"])
        lengths = abs(flow.app_lengths)
        assert [length for _, length in found["ttls"]] == lengths.tolist()
        entropy = found["entropy"]["app_payload_entropy"]
        assert ((entropy > 0) == (lengths > 1)).all()
    assert len(flows) > 5


def test_keep_packets_is_checked() -> None:
    with pytest.raises(fl.ConfigError, match="offsets"):
        fl.Analyzer(keep_packets="all")  # type: ignore[arg-type]


def test_the_working_directory_may_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(SAMPLES / "dhcp.pcap", tmp_path)
    monkeypatch.chdir(tmp_path)
    analyzer = fl.Analyzer(default_filter=None, keep_packets="offsets")
    flow, other, *_ = analyzer.analyze_file("dhcp.pcap")
    monkeypatch.chdir("/")
    assert len(flow.packets[0].raw_data) == flow.packets[0].caplen
    (tmp_path / "dhcp.pcap").unlink()
    with pytest.raises(fl.CaptureError, match="is no longer there"):
        other.packets[0].raw_data  # noqa: B018


@pytest.mark.parametrize("keep", ["offsets", "bytes"])
def test_names_that_are_no_utf8_are_those_of_the_directory(
    tmp_path: Path, keep: Literal["offsets", "bytes"]
) -> None:
    name = os.fsdecode(b"caf\xe9.pcap")
    shutil.copy(SAMPLES / "dhcp.pcap", tmp_path / name)
    analyzer = fl.Analyzer(default_filter=None, keep_packets=keep)
    found = analyzer.analyze_directory(tmp_path)
    assert list(found) == [name]
    assert found[name][0].packets[0].raw_data
    assert analyzer.analyze_file(tmp_path / name)[0].packets[0].raw_data
