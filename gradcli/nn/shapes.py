"""Settings that are one number or one a dimension."""

from __future__ import annotations

from collections.abc import Iterable
from types import FunctionType
from typing import Any

from ..tensor.runtime import runtime


def each(value: Any, count: int) -> tuple[Any, ...]:
    """One value for each of so many dimensions; values that came as several as they are."""
    if isinstance(value, Iterable):
        return tuple(runtime.listed(value))
    return (value,) * count


def reversed_twice(padding: tuple[Any, ...]) -> tuple[Any, ...]:
    """The padding of each dimension on both sides, last dimension first, as `F.pad` takes it."""
    return tuple(amount for amount in reversed(padding) for _ in range(2))


def own_init(cls: Any) -> None:
    """Give a class a constructor of its own like the one it inherits.

    Python's errors about arguments then name the class.
    """
    inherited = cls.__init__
    made = FunctionType(
        inherited.__code__,
        inherited.__globals__,
        "__init__",
        inherited.__defaults__,
        inherited.__closure__,
    )
    made.__kwdefaults__ = inherited.__kwdefaults__
    made.__qualname__ = f"{cls.__qualname__}.__init__"
    cls.__init__ = made
