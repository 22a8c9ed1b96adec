"""What a program gives to be drawn, as numbers.

What comes here is plain: numbers, texts, tensors, arrays, and lists and tuples of these.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..tensor.runtime import runtime
from ..tensor.tensor import Tensor

Array = np.ndarray[Any, np.dtype[np.float64]]

# How a tensor becomes an array; the language puts `Tensor.numpy` there, which refuses some.
array_of_tensor: list[Callable[[Tensor], Any]] = [lambda tensor: tensor.array]
_NUMBERS = frozenset((int, float, bool))


class Wrong(Exception):
    """What matplotlib refuses, too; `error` is what the program sees."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


def array(values: Any) -> Array:
    """Numbers of any shape: a tensor, an array, a number, or these in lists. None is no number.

    Raises Wrong for a tensor that requires grad and for lists of unequal length, TypeError or
    ValueError for what is no number.
    """
    if type(values) is Tensor:
        try:
            values = array_of_tensor[-1](values)
        except (RuntimeError, TypeError) as error:
            raise Wrong(error) from None
    elif isinstance(values, list | tuple | range):
        runtime.reserve(8 * len(values))
        runtime.spend(len(values) >> 3)
        if isinstance(values, range) or _NUMBERS.issuperset(map(type, values)):
            return np.array(values, dtype=np.float64)
        items = [array(item) for item in values]
        if any(item.shape != items[0].shape for item in items):
            raise Wrong(ValueError("setting an array element with a sequence."))
        runtime.reserve(8 * sum(item.size for item in items))
        return np.stack(items) if items else np.zeros(0)
    elif values is None:
        return np.asarray(np.nan)
    elif isinstance(values, str):
        return np.asarray(float(values))
    runtime.reserve(8 * np.size(values) if isinstance(values, np.ndarray) else 8)
    found = np.asarray(values)
    if found.dtype.kind == "c":
        found = found.real
    return np.array(found, dtype=np.float64)


def vector(values: Any) -> Array:
    """Numbers in a row, whatever their shape was."""
    return array(values).reshape(-1)


def categories(values: Any) -> list[str] | None:
    """The texts of a list of texts; None for anything else."""
    if isinstance(values, list | tuple) and values and all(isinstance(v, str) for v in values):
        runtime.spend(len(values))
        return [str(value) for value in values]
    return None


def scalar(value: Any) -> float:
    """One number. Raises TypeError for more."""
    found = array(value)
    if found.size != 1:
        raise TypeError("only length-1 arrays can be converted to Python scalars")
    return float(found.reshape(())[()])


def number(value: Any, default: float) -> float:
    """One number, `default` for None, for NaN and for what is no number."""
    try:
        found = scalar(value)
    except (TypeError, ValueError, OverflowError):
        return default
    return default if found != found else found
