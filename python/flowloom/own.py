"""Features of one's own: functions of columns, functions of a flow, and features that are told of
each packet.

The fast way is a function of columns: it is called once for some thousand flows.

>>> import flowloom as fl
>>> import numpy as np
>>> @fl.feature(dtype="f8", needs=["packet_count", "duration"])
... def packet_rate(batch):
...     return batch["packet_count"] / np.maximum(batch["duration"], 1e-6)
>>> table = fl.read_flows("samples/browsing.pcapng", features="core", own=[packet_rate])
>>> table["packet_rate"].shape
(36,)
"""

from __future__ import annotations

import enum
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from ._options import Features, names
from .errors import ConfigError, FeatureError

if TYPE_CHECKING:
    import numpy.typing as npt

    from .flow import Flow
    from .packets import Packet
    from .table import FlowTable

OnFeatureError: TypeAlias = Literal["raise", "null"]


def checked(on_error: OnFeatureError) -> OnFeatureError:
    """What ``on_feature_error`` may be."""
    if on_error not in ("raise", "null"):
        raise ConfigError(f"on_feature_error is raise or null, not {on_error!r}")
    return on_error


class FeatureType(enum.Enum):
    """What the values of a feature are."""

    SEQUENCE = "sequence"
    STATISTICAL = "statistical"
    CATEGORICAL = "categorical"
    BINARY = "binary"
    CUSTOM = "custom"
    INCREMENTAL = "incremental"

    @property
    def dtype(self) -> str:
        """The type of a column of them, where no other is declared."""
        return _DTYPES.get(self, "json")


class BaseIncrementalFeature(ABC):
    """A feature that is told of each packet.

    Of a flow, it is told of the packets in their order: of those that the sequences have, which
    ``population`` and ``max_packets`` [65,536] bound. Flows come some thousand at a time: of
    those, packets are told in the order of the capture; from the last packet of some thousand to
    the first one of the next, time may go back.

    Parameters
    ----------
    name : str
        Its name.
    feature_type : FeatureType
        What its values are.
    dtype : str or dtype, optional
        The type of its column, as :func:`feature` takes it: ``"f8"``, ``"i8"``, ``"bool"`` ... [as
        ``feature_type`` has it: ``"list<f8>"`` of ``SEQUENCE``, ``"f8"`` of ``STATISTICAL``,
        ``"text"`` of ``CATEGORICAL``, ``"bool"`` of ``BINARY``, ``"json"`` of all others, which is
        text: numbers of a feature that says neither are text in tables].
    """

    dtype: npt.DTypeLike | None = None

    def __init__(
        self,
        name: str,
        feature_type: FeatureType = FeatureType.INCREMENTAL,
        dtype: npt.DTypeLike | None = None,
    ) -> None:
        self.name = name
        self.feature_type = feature_type
        self.dtype = dtype

    @abstractmethod
    def initialize(self, flow: Flow) -> None:
        """Called for a flow before its first packet."""

    @abstractmethod
    def update(self, flow: Flow, pkt: Packet) -> None:
        """Called for each packet of a flow that the sequences have."""

    @abstractmethod
    def get_value(self, flow: Flow) -> Any:
        """The value, after the last packet."""


class Feature:
    """A feature that :func:`feature` makes of a function of columns."""

    def __init__(
        self,
        function: Callable[[FlowTable], Any],
        name: str,
        dtype: npt.DTypeLike,
        needs: Features,
    ) -> None:
        self.function = function
        self.name = name
        self.dtype = dtype
        self.needs = tuple(names(needs))
        self.__doc__ = function.__doc__

    def __call__(self, batch: FlowTable) -> Any:
        return self.function(batch)

    def __repr__(self) -> str:
        return f"Feature({self.name!r}, dtype={self.dtype!r}, needs={list(self.needs)})"


def feature(
    *, dtype: npt.DTypeLike, needs: Features, name: str | None = None
) -> Callable[[Callable[[FlowTable], Any]], Feature]:
    """Makes a feature of a function of columns, which is called for some thousand flows at a time.

    Parameters
    ----------
    dtype : str or dtype
        The type of its values: ``"f8"``, ``"i8"``, ``"i4"``, ``"bool"``, ``"text"``, ``"json"``, or
        a list as ``"list<f8>"``; NumPy's and Python's types are taken, too. Values of ``"bool"``
        are True, False, 0 and 1; what JSON has no number for, as NaN, is null in ``"json"``. Of
        ``"datetime64[s]"`` values are datetimes (UTC if naive) or whole seconds since 1970, and so
        for other units; its column is of nanoseconds in any case.
    needs : str or list of str
        The columns that it looks at; those that are not read otherwise are read for it.
    name : str, optional
        The name of its column [the function's].

    The function is given a :class:`flowloom.FlowTable` and returns an array, or a list, with a
    value for each row; ``None``, NaT, pandas' NA and what a masked array masks are missing, and NaN
    in ``"text"``. In tables, other values that are not of the type are refused: see
    ``on_feature_error`` of :func:`flowloom.read_flows`. Flow objects have values as they are.
    """

    def made(function: Callable[[FlowTable], Any]) -> Feature:
        return Feature(function, name or function.__name__, dtype, needs)

    return made


class FlowFunction:
    """A feature that is a function of a flow, and what is known of it."""

    def __init__(
        self,
        name: str,
        function: Callable[[Flow], Any],
        feature_type: FeatureType,
        dependencies: Sequence[str],
        description: str,
        dtype: npt.DTypeLike | None,
    ) -> None:
        self.name = name
        self.function = function
        self.feature_type = feature_type
        self.dependencies = tuple(dependencies)
        self.description = description
        self.dtype: npt.DTypeLike = feature_type.dtype if dtype is None else dtype


class FeatureRegistry:
    """Features by name: functions of a flow, and incremental ones."""

    def __init__(self) -> None:
        self._functions: dict[str, FlowFunction] = {}
        self._incremental: dict[str, BaseIncrementalFeature] = {}
        self._descriptions: dict[str, str] = {}
        self._types: dict[str, tuple[npt.DTypeLike | None, FeatureType]] = {}

    def register(
        self,
        name: str,
        feature_type: FeatureType,
        dependencies: Sequence[str] | None = None,
        description: str = "",
        dtype: npt.DTypeLike | None = None,
    ) -> Callable[[Callable[[Flow], Any]], Callable[[Flow], Any]]:
        """Registers the function that this decorates."""

        def registered(function: Callable[[Flow], Any]) -> Callable[[Flow], Any]:
            if name in self._functions:
                raise ValueError(f"there is a feature {name!r} already; unregister it first")
            self._functions[name] = FlowFunction(
                name, function, feature_type, dependencies or (), description, dtype
            )
            return function

        return registered

    def register_incremental(
        self,
        name: str,
        processor: BaseIncrementalFeature,
        feature_type: FeatureType = FeatureType.INCREMENTAL,
        description: str = "",
        dtype: npt.DTypeLike | None = None,
    ) -> BaseIncrementalFeature:
        """Registers an incremental feature."""
        if name in self._incremental:
            raise ValueError(f"there is a feature {name!r} already; unregister it first")
        self._incremental[name] = processor
        self._descriptions[name] = description
        self._types[name] = (dtype, feature_type)
        return processor

    def get(self, name: str) -> Callable[[Flow], Any] | None:
        """The function of a name."""
        found = self._functions.get(name)
        return None if found is None else found.function

    def get_incremental_processor(self, name: str) -> BaseIncrementalFeature | None:
        """The incremental feature of a name."""
        return self._incremental.get(name)

    def incremental_of(self, names: Sequence[str]) -> dict[str, BaseIncrementalFeature]:
        """The incremental features among some features and those that they depend on."""
        wanted = set(names)
        for one in self.ordered(names):
            wanted.update(one.dependencies)
        return {name: one for name, one in self._incremental.items() if name in wanted}

    def described(self, name: str) -> tuple[npt.DTypeLike, str]:
        """The type of a feature's column, and what it is.

        Raises
        ------
        ConfigError
            There is no such feature, or none of a name that it depends on.
        """
        self.ordered([name])
        if name in self._incremental:
            processor = self._incremental[name]
            dtype, feature_type = self._types[name]
            declared = (dtype, processor.dtype, _DTYPES.get(feature_type))
            found = next((one for one in declared if one is not None), processor.feature_type.dtype)
            return found, self._descriptions[name] or processor.__doc__ or ""
        return self._functions[name].dtype, self._functions[name].description

    def get_by_type(self, feature_type: FeatureType) -> list[Callable[[Flow], Any]]:
        """The functions whose values are of a type."""
        known = self._functions.values()
        return [one.function for one in known if one.feature_type is feature_type]

    def extract(self, flow: Flow, name: str) -> Any:
        """The value of a feature, those that it depends on before it."""
        if name not in self.list_features():
            return None
        self._tell(flow, [name], "raise")
        if name in self._incremental:
            return flow._own[name]
        values: dict[str, Any] = {}
        for one in self.ordered([name]):
            values[one.name] = flow._own[one.name] = one.function(flow)
        return values[name]

    def extract_all(self, flow: Flow, on_error: OnFeatureError = "null") -> dict[str, Any]:
        """The values of all features, each after those that it depends on."""
        return self.extract_selected(flow, self.list_features(), on_error)

    def extract_selected(
        self, flow: Flow, names: Sequence[str], on_error: OnFeatureError = "null"
    ) -> dict[str, Any]:
        """The values of some features; what they depend on is computed for them."""
        known = self.list_features()
        names = [name for name in names if name in known]
        self._tell(flow, names, on_error)
        values = {name: flow._own[name] for name in names if name in self._incremental}
        for one in self.ordered(names):
            value = called(one.name, one.function, flow, on_error=on_error)
            flow._own[one.name] = value
            if one.name in names:
                values[one.name] = value
        return values

    def ordered(self, names: Sequence[str]) -> list[FlowFunction]:
        """Functions and those that they depend on, which come first."""
        done: dict[str, FlowFunction] = {}

        def visit(name: str, above: tuple[str, ...]) -> None:
            if name in above:
                raise ConfigError(f"features depend on one another: {' -> '.join([*above, name])}")
            if name in done or name in self._incremental:
                return
            if name not in self._functions:
                wanted = f", which {above[-1]!r} depends on" if above else ""
                raise ConfigError(f"there is no feature {name!r}{wanted}: register it first")
            for other in self._functions[name].dependencies:
                visit(other, (*above, name))
            done[name] = self._functions[name]

        for name in names:
            visit(name, ())
        return list(done.values())

    def _tell(self, flow: Flow, names: Sequence[str], on_error: OnFeatureError) -> None:
        """Tells incremental features of a flow's packets, where they were not told before."""
        for name, processor in self.incremental_of(names).items():
            if name in flow._own:
                continue
            try:
                flow.register_incremental_feature(name, processor)
            except FeatureError:
                if on_error == "raise":
                    raise
                flow._own[name] = None

    def list_features(self) -> list[str]:
        """The names of all features."""
        return [*self._incremental, *self._functions]

    def get_info(self, name: str) -> dict[str, Any] | None:
        """What is known of a feature."""
        if name in self._incremental:
            kind = self._incremental[name].feature_type
            return {"type": kind, "description": self._descriptions[name], "incremental": True}
        found = self._functions.get(name)
        if found is None:
            return None
        return {
            "type": found.feature_type,
            "dependencies": list(found.dependencies),
            "description": found.description,
            "incremental": False,
        }

    def unregister(self, name: str) -> bool:
        """Forgets a feature; whether there was one."""
        known: tuple[dict[str, Any], ...] = (self._incremental, self._functions)
        return sum(one.pop(name, None) is not None for one in known) > 0

    def clear(self) -> None:
        """Forgets all features."""
        self._incremental.clear()
        self._functions.clear()

    @property
    def incremental_processors(self) -> dict[str, BaseIncrementalFeature]:
        """The incremental features by name."""
        return dict(self._incremental)


def called(name: str, function: Callable[..., Any], *values: Any, on_error: OnFeatureError) -> Any:
    """What a user's function of a flow returns; an exception says which feature, which flow."""
    try:
        return function(*values)
    except Exception as error:
        if on_error == "null":
            return None
        raise FeatureError(name, named(values[0]), error) from error


def named(flow: Any) -> str:
    """How an error names a flow."""
    flow_id, key = getattr(flow, "flow_id", "?"), getattr(flow, "key", "?")
    return f"{flow_id} ({key})"


def get_feature_registry() -> FeatureRegistry:
    """The registry that :func:`register_feature` fills."""
    return _REGISTRY


def register_feature(
    name: str,
    feature_type: FeatureType,
    dependencies: Sequence[str] | None = None,
    description: str = "",
    registry: FeatureRegistry | None = None,
    processor: BaseIncrementalFeature | None = None,
    dtype: npt.DTypeLike | None = None,
) -> Any:
    """Registers a feature: as a decorator, a function of a flow; with ``processor``, an incremental
    one.

    Parameters
    ----------
    name : str
        Its name.
    feature_type : FeatureType
        What its values are.
    dependencies : list of str, optional
        Features that are computed before it; their values are in ``flow.feature_values``.
    description : str
        What it is.
    registry : FeatureRegistry, optional
        Where to register it [for all].
    processor : BaseIncrementalFeature, optional
        An incremental feature.
    dtype : str or dtype, optional
        The type of its column: ``"f8"``, ``"text"``, ``"list<f8>"`` ... [as ``feature_type`` has
        it; of an incremental one, as itself says, if it does].
    """
    registry = _REGISTRY if registry is None else registry
    if processor is not None:
        return registry.register_incremental(name, processor, feature_type, description, dtype)
    return registry.register(name, feature_type, dependencies, description, dtype)


def unregister_feature(name: str, registry: FeatureRegistry | None = None) -> bool:
    """Forgets a feature; whether there was one."""
    return (_REGISTRY if registry is None else registry).unregister(name)


def get_feature_extractors(
    feature_type: FeatureType | None = None, registry: FeatureRegistry | None = None
) -> Mapping[str, Callable[[Flow], Any]]:
    """The registered functions by name, all or those of a type."""
    known = (_REGISTRY if registry is None else registry)._functions
    return {
        name: one.function
        for name, one in known.items()
        if feature_type is None or one.feature_type is feature_type
    }


_REGISTRY = FeatureRegistry()
_DTYPES = {
    FeatureType.SEQUENCE: "list<f8>",
    FeatureType.STATISTICAL: "f8",
    FeatureType.CATEGORICAL: "text",
    FeatureType.BINARY: "bool",
}
