"""The interface of wa1kpcap: ``from flowloom.compat.wa1kpcap import Wa1kPcap``.

Values are those of wa1kpcap 0.2.0 where its definitions are sound. Where they are not, they are
what its documentation promises: skewness, kurtosis and coefficient of variation are computed; a
certificate is a dictionary; ``tls.version`` is the version that was negotiated; segments out of
order are no retransmissions; IP fragments are put together; filters mean what they say.
"""

from __future__ import annotations

import copy
import enum
import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .._options import Path_
from ..analyzer import Analyzer
from ..builtin_features import (
    EntropyFeatureProcessor,
    ProtocolFieldProcessor,
    SlidingWindowStatsProcessor,
)
from ..errors import CaptureError, ConfigError
from ..export import (
    FlowExporter,
    to_csv,
    to_dataframe,
    to_dict,
    to_json,
    to_list_of_dicts,
)
from ..flow import Flow, FlowFeatures, TCPState
from ..key import FlowKey
from ..own import (
    BaseIncrementalFeature,
    FeatureRegistry,
    FeatureType,
    get_feature_extractors,
    get_feature_registry,
    register_feature,
    unregister_feature,
)
from ..packets import Packet as ParsedPacket
from ..table import FlowTable

__all__ = [
    "BaseIncrementalFeature",
    "EntropyFeatureProcessor",
    "FeatureExtractor",
    "FeatureRegistry",
    "FeatureType",
    "Flow",
    "FlowExporter",
    "FlowFeatures",
    "FlowKey",
    "Layer",
    "ParsedPacket",
    "PcapReader",
    "ProtocolFieldProcessor",
    "ProtocolInfo",
    "ProtocolRegistry",
    "SlidingWindowStatsProcessor",
    "TCPState",
    "Wa1kPcap",
    "get_feature_extractors",
    "get_feature_registry",
    "register_feature",
    "to_csv",
    "to_dataframe",
    "to_dict",
    "to_json",
    "to_list_of_dicts",
    "unregister_feature",
]


class ProtocolInfo:
    """The fields of a protocol of one's own; what :class:`ProtocolRegistry` is told a class of."""

    def __init__(self, fields: dict[str, Any] | None = None, **more: Any) -> None:
        self._fields = {**(fields or {}), **more}

    def get(self, key: str, default: Any = None) -> Any:
        """A field, or a default where there is no such field."""
        return self._fields.get(key, default)

    def copy(self) -> ProtocolInfo:
        """The same with fields of its own."""
        return type(self)(fields=copy.deepcopy(self._fields))

    def merge(self, other: ProtocolInfo) -> None:
        """Takes what another has and this one does not."""
        missing = (name for name in other._fields if self._fields.get(name) is None)
        self._fields.update({name: other._fields[name] for name in missing})

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._fields!r})"


class ProtocolRegistry:
    """Protocols of one's own, which every :class:`Wa1kPcap` looks for from then on.

    What a flow says is in ``flow.layers`` by the name: the first messages of both sides, merged.
    """

    _instance: ProtocolRegistry | None = None

    def __init__(self) -> None:
        self._classes: dict[str, type[ProtocolInfo]] = {}
        self._yaml_paths: dict[str, str] = {}
        self._routing: dict[str, dict[str, dict[int, str]]] = {}
        self._declared: dict[str, str] = {}

    @classmethod
    def get_instance(cls) -> ProtocolRegistry:
        """The one that :class:`Wa1kPcap` asks."""
        if cls._instance is None:
            cls._instance = cls()
        return cls._instance

    def register(
        self,
        name: str,
        info_class: type[ProtocolInfo],
        yaml_path: Path_ | None = None,
        routing: dict[str, dict[int, str]] | None = None,
    ) -> None:
        """Adds a protocol.

        Parameters
        ----------
        name : str
            Its name.
        info_class : type
            What is made of its fields, with the keyword ``fields``.
        yaml_path : path, optional
            The file that declares them: see :doc:`protocols <../../protocols>`.
        routing : dict, optional
            The ports it has: ``{"udp": {514: "syslog"}}``.

        Raises
        ------
        OSError
            Where there is no such file.
        """
        self._classes[name] = info_class
        if routing is not None:
            self._routing[name] = routing
        if yaml_path is None:
            return
        self._yaml_paths[name] = str(yaml_path)
        declared = Path(yaml_path).read_text(encoding="utf-8")
        if not re.search(r"^name\s*:", declared, re.MULTILINE):
            # Behind the rest, so that errors name the lines of the file.
            declared += f"\nname: {name}\n"
        ports = {
            transport: [port for port, whose in by_port.items() if whose == name]
            for transport, by_port in (routing or {}).items()
        }
        if any(ports.values()):
            declared += f"\nrouting: {ports}\n"
        self._declared[name] = declared

    @contextmanager
    def written(self) -> Iterator[str | None]:
        """A directory of what was declared, as the engine reads it; ``None`` where nothing was."""
        if not self._declared:
            yield None
            return
        with tempfile.TemporaryDirectory(prefix="flowloom-protocols-") as directory:
            for name, declared in self._declared.items():
                (Path(directory) / f"{name}.yaml").write_text(declared, encoding="utf-8")
            try:
                yield directory
            except ConfigError as error:
                text = str(error)
                for name, path in self._yaml_paths.items():
                    text = text.replace(str(Path(directory) / f"{name}.yaml"), path)
                if text == str(error):
                    raise
                raise ConfigError(text) from None

    def get(self, name: str) -> type[ProtocolInfo] | None:
        """The class of a protocol."""
        return self._classes.get(name)

    def get_yaml_paths(self) -> dict[str, str]:
        """The files that declare protocols, by name."""
        return dict(self._yaml_paths)

    def get_routing(self) -> dict[str, dict[str, dict[int, str]]]:
        """The ports of protocols, by name."""
        return dict(self._routing)

    def create(self, name: str, fields: dict[str, Any]) -> ProtocolInfo:
        """An object of a protocol's fields."""
        return self._classes.get(name, ProtocolInfo)(fields=fields)


def _as_registered(name: str, fields: dict[str, Any], answer: dict[str, Any]) -> ProtocolInfo:
    """What both sides said, as an object of the class that was registered."""
    registry = ProtocolRegistry.get_instance()
    info = registry.create(name, fields)
    info.merge(registry.create(name, answer))
    return info


class Wa1kPcap(Analyzer):
    """:class:`flowloom.Analyzer` under the name that scripts know.

    Where packets are is always kept (``keep_packets="offsets"``), as wa1kpcap keeps all of them. An
    exception in a feature of one's own makes its value ``None``. ``stats["errors"]`` has a text
    for each error. ``engine`` is taken and says nothing: there is one engine.
    """

    def __init__(self, *arguments: Any, engine: str = "native", **more: Any) -> None:
        if engine not in ("native", "dpkt"):
            raise ValueError(f"engine is native or dpkt, not {engine!r}")
        more.setdefault("on_feature_error", "null")
        super().__init__(*arguments, **more)
        if self.keep_packets is None:
            self.keep_packets = "offsets"
        self._declared_as = _as_registered

    @property
    def stats(self) -> dict[str, Any]:
        """See :attr:`flowloom.Analyzer.stats`."""
        return {**super().stats, "errors": list(self._errors)}

    def _read(self, paths: list[str]) -> FlowTable:
        with ProtocolRegistry.get_instance().written() as definitions:
            self.definitions = definitions
            try:
                return super()._read(paths)
            except CaptureError as error:
                said = (error.message, error.path, error.frame, error.offset)
                raise UnreadableCapture(*said) from error


class UnreadableCapture(CaptureError, RuntimeError):
    """A capture that cannot be read: what wa1kpcap raises there is a RuntimeError."""


class Layer(enum.Enum):
    """Layers of the OSI model."""

    PHYSICAL = 1
    DATA_LINK = 2
    NETWORK = 3
    TRANSPORT = 4
    SESSION = 5
    PRESENTATION = 6
    APPLICATION = 7


class FeatureExtractor:
    """The sequences and statistics of flows."""

    def __init__(self, compute_statistics: bool = True) -> None:
        self.compute_statistics = compute_statistics

    def extract(self, flow: Flow) -> FlowFeatures:
        """The sequences of a flow."""
        return flow.features

    def extract_batch(self, flows: Iterable[Flow]) -> list[FlowFeatures]:
        """The sequences of flows."""
        return [self.extract(flow) for flow in flows]

    def extract_to_dict(self, flow: Flow) -> dict[str, Any]:
        """The sequences of a flow as lists, and its statistics."""
        found = flow.features.to_dict()
        if not self.compute_statistics:
            found.pop("statistics", None)
        return found


class PcapReader:
    """Tells captures from other files."""

    def __init__(self, pcap_path: Path_) -> None:
        self.pcap_path = Path(pcap_path)

    @staticmethod
    def is_pcap_file(path: Path_) -> bool:
        """Whether a file begins like a capture."""
        try:
            with open(path, "rb") as file:
                return file.read(4) in _MAGIC
        except OSError:
            return False


_MAGIC = (
    b"\xd4\xc3\xb2\xa1",
    b"\xa1\xb2\xc3\xd4",
    b"\x4d\x3c\xb2\xa1",
    b"\xa1\xb2\x3c\x4d",
    b"\x0a\x0d\x0d\x0a",
)
"""What pcap and pcapng files begin with."""
