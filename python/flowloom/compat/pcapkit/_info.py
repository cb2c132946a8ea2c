"""Dictionaries whose items are attributes, too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


class Info(Mapping[str, Any]):
    """A dictionary whose items are attributes, too."""

    def __init__(self, items: Mapping[str, Any] | None = None, **more: Any) -> None:
        self.__dict__.update(items or {}, **more)

    def __getitem__(self, key: str) -> Any:
        return self.__dict__[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.__dict__)

    def __len__(self) -> int:
        return len(self.__dict__)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"there is no {name!r}; there are {', '.join(self.__dict__)}")

    def to_dict(self) -> dict[str, Any]:
        """As plain dictionaries."""

        def plain(value: Any) -> Any:
            if isinstance(value, Info):
                return value.to_dict()
            return [plain(one) for one in value] if isinstance(value, list) else value

        return {key: plain(value) for key, value in self.__dict__.items()}

    def __repr__(self) -> str:
        said = ", ".join(f"{key}={value!r}" for key, value in self.__dict__.items())
        return f"{type(self).__name__}({said})"


class Layer(Info):
    """The fields of a layer; as there, also under ``info``."""

    @property
    def info(self) -> Layer:
        """The fields."""
        return self
