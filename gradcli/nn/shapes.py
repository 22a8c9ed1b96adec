"""Settings that are one number or one a dimension."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import FunctionType
from typing import Any

from ..tensor.dtypes import type_name
from ..tensor.runtime import runtime
from ..tensor.tensor import Tensor, own_memory, shape_of
from .placing import placed, takes_device


def each(value: Any, count: int) -> tuple[Any, ...]:
    """One value for each of so many dimensions; values that came as several as they are."""
    if isinstance(value, Iterable):
        return tuple(runtime.listed(value))
    return (value,) * count


def sizes(value: Any, asked: str = "shape") -> tuple[int, ...]:
    """The shape. Raises AttributeError for what is no tensor, as the attribute `asked` does."""
    if type(value) is not Tensor:
        raise AttributeError(f"'{type_name(value)}' object has no attribute '{asked}'")
    return shape_of(value)


def rank(value: Any) -> int:
    """The number of dimensions. Raises AttributeError for what is no tensor, as `dim()` does."""
    return len(sizes(value, "dim"))


def shown(value: Any) -> str:
    """The text of a setting in a message: of a tensor without dimensions, that of its number."""
    if type(value) is Tensor and not shape_of(value):
        value = own_memory(value).item()
    return str(runtime.text(value))


def _ntuple(n: int, name: str = "parse") -> Callable[[Any], tuple[Any, ...]]:
    """`each` for so many dimensions, under a name."""

    def parse(x: Any) -> tuple[Any, ...]:
        runtime.reserve(8 * n)
        return each(x, n)

    parse.__name__ = parse.__qualname__ = name
    return parse


_single = _ntuple(1, "_single")
_pair = _ntuple(2, "_pair")
_triple = _ntuple(3, "_triple")
_quadruple = _ntuple(4, "_quadruple")


def _reverse_repeat_tuple(t: Any, n: int) -> tuple[Any, ...]:
    values = runtime.listed(reversed(t))
    runtime.reserve(8 * len(values) * n)
    return tuple(value for value in values for _ in range(n))


def reversed_twice(padding: tuple[Any, ...]) -> tuple[Any, ...]:
    """The padding of each dimension on both sides, last dimension first, as `F.pad` takes it."""
    return _reverse_repeat_tuple(padding, 2)


def word(value: Any) -> str:
    """A setting that names one of several. Raises TypeError for what is no string."""
    if not isinstance(value, str):
        raise TypeError(f"expected a string, not '{type(value).__name__}'")
    return value


def remainder(value: Any, by: Any) -> Any:
    """`value % by` of two settings: a text of a program is no template here."""
    if isinstance(value, str):
        raise TypeError("not all arguments converted during string formatting")
    return value % by


def renamed(function: Any, name: str, owner: str = "") -> Any:
    """The same function under another name, which Python's errors about arguments then have."""
    made = FunctionType(
        function.__code__,
        function.__globals__,
        name,
        function.__defaults__,
        function.__closure__,
    )
    made.__kwdefaults__ = function.__kwdefaults__
    made.__doc__ = function.__doc__
    made.__annotations__ = function.__annotations__
    made.__qualname__ = f"{owner}.{name}" if owner else name
    return made


def own_init(cls: Any) -> None:
    """Give a class a constructor of its own like the one it inherits, under its own name."""
    inherited = getattr(cls.__init__, "__wrapped__", cls.__init__)
    made = renamed(inherited, "__init__", cls.__qualname__)
    cls.__init__ = placed(made) if takes_device(made) else made
