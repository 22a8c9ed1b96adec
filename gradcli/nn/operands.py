"""Settings as operands: a number, or what stands for something else.

What a program put in the place of a number may be anything, and arithmetic of the host on texts,
lists and long integers has no limit, nor has what a program's own operators do. Python is to say
nevertheless which operator was the first that could not go on: a stand-in has the name of the
setting's kind and none of its operators.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tensor.dtypes import type_name
from ..tensor.tensor import Tensor, own_memory

LARGE = 1 << 64  # whole numbers from here on are computed as floats, as they are in PyTorch


def number(value: Any) -> Any:
    """A setting as a number: that of a tensor of one element, in its own precision.

    Raises TypeError for what is no number.
    """
    found = _number(value)
    if found is None:
        raise TypeError(f"must be real number, not {type(value).__name__}")
    return found


def operand(value: Any) -> Any:
    """A setting to compute with: a number, a tensor as it is, or a stand-in for anything else.

    A stand-in never leaves a computation: every operator with one raises what Python says about
    the kind. Raises TypeError for objects with operators of their own, which are not called.
    """
    if type(value) is Tensor:
        return value
    found = _number(value)
    if found is not None:
        return found
    kind = type(value)
    if kind not in _PLAIN and any(_own(kind, name) for name in _OPERATORS):
        raise TypeError(f"must be real number, not {kind.__name__}")
    base = _Sequence if kind in (str, bytes, list, tuple) else _StandIn
    return type(kind.__name__, (base,), {"__slots__": ()})()


def _number(value: Any) -> Any:
    """The number that a setting is, or None."""
    kind = type(value)
    if kind is float:
        return value
    if kind is Tensor:
        return own_memory(value).flat[0]
    if isinstance(value, int):
        return value if -LARGE < value < LARGE else float(value)
    if isinstance(value, float | np.number | np.bool_):
        return value
    return float(value) if hasattr(kind, "__float__") else None


_PLAIN = frozenset((str, bytes, list, tuple, dict, set, frozenset, type(None)))
_BINARY = ["add", "sub", "mul", "truediv", "floordiv", "mod", "pow"]
_OTHER = ["lt", "le", "gt", "ge", "neg", "abs", "index"]
_OPERATORS = tuple(f"__{name}__" for name in (*_BINARY, *(f"r{n}" for n in _BINARY), *_OTHER))


def _own(kind: Any, name: str) -> bool:
    return getattr(kind, name, None) is not getattr(object, name, None)


class _StandIn:
    """Has no operator, so that Python raises TypeError with the names of both kinds."""

    __slots__ = ()


class _Sequence(_StandIn):
    """Of a sequence, whose operators say something of their own."""

    __slots__ = ()

    def __mul__(self, other: Any) -> Any:
        if isinstance(other, int):
            raise TypeError(f"must be real number, not {type(self).__name__}")
        raise TypeError(f"can't multiply sequence by non-int of type '{type_name(other)}'")

    def __rmul__(self, other: Any) -> Any:
        if isinstance(other, list | tuple | str | bytes):
            raise TypeError(f"can't multiply sequence by non-int of type '{type(self).__name__}'")
        return self * other

    def __add__(self, other: Any) -> Any:
        kind = type(self).__name__
        if kind == "bytes":
            raise TypeError(f"can't concat {type_name(other)} to bytes")
        raise TypeError(f'can only concatenate {kind} (not "{type_name(other)}") to {kind}')
