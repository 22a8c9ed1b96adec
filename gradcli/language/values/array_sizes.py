"""How large the arrays are that NumPy makes of values: refused before they are made."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np

from gradcli.language.machine.sizes import check_walk
from gradcli.tensor.runtime import runtime
from gradcli.tensor.tensor import Tensor, shape_of

_listed = (list, tuple, range, deque)
_MOST_DIMENSIONS = 64  # of NumPy's arrays


# Called with an array before it is written by a program.
before_array_write: list[Callable[[Any], None]] = []


def see_array(value: Any) -> None:
    """Say that an array, or the one that `array.flat` goes through, is about to be written."""
    for see in before_array_write:
        array = getattr(value, "base", None) if isinstance(value, np.flatiter) else value
        if isinstance(array, np.ndarray):
            see(array)


def is_array(value: Any) -> bool:
    """Whether a value is an array or a number of NumPy."""
    return type(value).__module__ == "numpy"


def sizes_of(value: Any) -> tuple[int, ...]:
    """The shape of an array, or of the array that NumPy makes of nested lists."""
    if not isinstance(value, _listed):
        if type(value) is Tensor:
            return tuple(shape_of(value))
        found: tuple[int, ...] = getattr(value, "shape", ()) if is_array(value) else ()
        return found
    check_walk(value)
    sizes: list[int] = []
    while isinstance(value, _listed):
        if len(sizes) > _MOST_DIMENSIONS:  # perhaps endlessly many: a list may be in itself
            raise ValueError(f"an array has at most {_MOST_DIMENSIONS} dimensions")
        sizes.append(len(value))
        if not value:
            break
        value = value[0]
    return (*sizes, *sizes_of(value)) if is_array(value) else tuple(sizes)


def check_array(value: Any) -> None:
    """Refuse the array that NumPy would make of a value if it were too large."""
    check_broadcast(value, ())


def check_broadcast(left: Any, right: Any) -> None:
    """Refuse the broadcast of two arrays that would be too large."""
    a, b = sizes_of(left), sizes_of(right)
    size = 16
    for at in range(1, max(len(a), len(b)) + 1):
        size *= max(a[-at] if at <= len(a) else 1, b[-at] if at <= len(b) else 1)
    runtime.reserve(size)


def check_matmul(left: Any, right: Any) -> None:
    """Refuse a product of arrays that would be too large."""
    a, b = sizes_of(left), sizes_of(right)
    size = 16
    for at in range(3, max(len(a), len(b)) + 1):
        size *= max(a[-at] if at <= len(a) else 1, b[-at] if at <= len(b) else 1)
    size *= (a[-2] if len(a) > 1 else 1) * (b[-1] if len(b) > 1 else 1)
    runtime.reserve(size)


def check_dot(left: Any, right: Any) -> None:
    """Refuse a `dot` of arrays that would be too large: every row with every column."""
    a, b = sizes_of(left), sizes_of(right)
    size = 16
    for length in (*a[:-1], *b[:-2], *b[-1:]) if a and b else (*a, *b):
        size *= max(length, 1)
    runtime.reserve(size)
