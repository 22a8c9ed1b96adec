"""What a program gives to be drawn, as numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.leaf import NUMPY_NEEDS_DETACH, requires_grad
from ..tensor.runtime import runtime
from ..tensor.tensor import Tensor

Array = np.ndarray[Any, np.dtype[np.float64]]


def array(values: Any) -> Array:
    """Numbers of any shape: a tensor, an array, a number, or these in lists.

    Raises RuntimeError for a tensor that requires grad, TypeError or ValueError for what is no
    number, or for lists of unequal length.
    """
    if type(values) is Tensor:
        if runtime.grad_enabled and requires_grad(values):
            raise RuntimeError(NUMPY_NEEDS_DETACH)
        values = values.array
    elif isinstance(values, list | tuple | range) or hasattr(type(values), "__next__"):
        items = []
        for item in values:
            runtime.spend(1)
            items.append(array(item))
        if any(item.shape != items[0].shape for item in items):
            raise ValueError("setting an array element with a sequence")
        runtime.reserve(8 * sum(item.size for item in items))
        return np.stack(items) if items else np.zeros(0)
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
