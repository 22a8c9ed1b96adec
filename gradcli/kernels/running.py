"""Running totals along an axis: NumPy's `accumulate`, several rows at a time.

Each step of a running total waits for the one before, which takes a processor longer than all
the rest. Rows that lie side by side in a turned copy go through their steps together.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tensor.dtypes import Array

_MANY = 256  # rows from which on a step of all of them costs less than as many steps
_LONG = 4096  # elements of a row up to which a turned copy stays in the cache
_BLOCK = 1 << 18  # elements of a turned copy
_ACCUMULATED = {"f": np.float64, "F": np.complex128}  # what running totals are kept in


def running(ufunc: Any, x: Array, axis: int, reverse: bool = False) -> Array:
    """`ufunc.accumulate(x, axis)`, or that from the end, in the dtype of `x`.

    Totals of single precision are kept in double precision, as PyTorch keeps them. A sum begins
    with zero, which takes the sign of a negative zero.
    """
    wide = np.dtype(_ACCUMULATED.get(x.dtype.char, x.dtype))
    adds = ufunc is np.add and x.dtype.kind in "fc"
    length = x.shape[axis]
    rows = x.size // length if length else 0
    sides = (0, x.ndim - 1)  # axes along which rows have one stride
    if rows < _MANY or not 2 < length <= _LONG or axis not in sides or x.dtype.kind != "f":
        turned = np.flip(x, axis) if reverse else x
        total = ufunc.accumulate(turned, axis=axis, dtype=wide)
        if adds:
            total += 0.0
        return (np.flip(total, axis) if reverse else total).astype(x.dtype, order="C", copy=False)
    result = np.empty(x.shape, x.dtype)
    flat, places = _rows(x, axis), _rows(result, axis)
    step = max(_MANY, _BLOCK // length)
    first, before = (length - 1, 1) if reverse else (0, -1)
    order = range(length - 2, -1, -1) if reverse else range(1, length)
    for start in range(0, rows, step):
        columns = flat[start : start + step].T.astype(wide, order="C")
        if adds:
            columns[first] += 0.0
        for k in order:
            ufunc(columns[k + before], columns[k], out=columns[k])
        places[start : start + step] = columns.T
    return result


def _rows(x: Array, axis: int) -> Array:
    """What stands along the first or the last axis, as rows."""
    return x.reshape(-1, x.shape[axis]) if axis else x.reshape(len(x), -1).T
