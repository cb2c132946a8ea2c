"""An installed wheel at work, alone or with the extra that is named: `python wheel.py EXTRA`."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import flowloom as fl


def main(extra: str) -> None:
    assert importlib.util.find_spec("flowloom").origin.startswith(sys.prefix), "not the wheel's"
    samples = Path(__file__).resolve().parents[2] / "samples"
    flows = fl.read_flows(samples / "browsing.pcapng", features="core,sequences,tls")
    assert len(flows) == 36 and int(flows["packet_count"].sum()) == 355, flows
    match extra:
        case "pandas":
            assert flows.to_pandas().shape == (36, len(flows.columns))
        case "polars":
            assert flows.to_polars().height == 36
        case "pyarrow":
            assert flows.to_arrow().num_rows == 36
        case "scapy" | "plot":
            assert importlib.util.find_spec({"scapy": "scapy", "plot": "matplotlib"}[extra])
        case "none":
            for name in ("pandas", "polars", "pyarrow", "scapy", "matplotlib"):
                assert importlib.util.find_spec(name) is None, f"{name} is there"
    print(f"python {sys.version.split()[0]}, extra {extra}: {flows}")


main(sys.argv[1])
