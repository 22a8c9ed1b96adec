"""Adding and reading at positions that repeat: faster than NumPy's, in the same order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..tensor.dtypes import Array

_FEW = 64  # rows up to which NumPy's own `add.at` is as good
_BLOCK = 1 << 15  # elements whose temporaries stay in the second cache
_OFTEN = 32  # repetitions of a row from which on it is as good, too


def flat_places(shape: Sequence[int], dim: int, index: Array) -> Array:
    """Positions in a flattened array of `shape`: each element's own place, but `index` on `dim`."""
    steps = [1]
    for length in reversed(shape[1:]):
        steps.insert(0, steps[0] * length)
    total: Array = np.multiply(index, steps[dim], dtype=np.intp)
    for axis, length in enumerate(index.shape):
        if axis != dim:
            own = np.arange(length) * steps[axis]
            total += own.reshape((-1, *(1,) * (index.ndim - axis - 1)))
    return total


def add_rows(target: Array, index: Array, rows: Array) -> None:
    """`target[index[i]] += rows[i]` for each i in order, along the first axes.

    The first pass adds the first row for each position, the next one the second: within a pass no
    position repeats.
    """
    count = index.size
    if count <= _FEW or rows.ndim < 2:
        np.add.at(target, index, rows)
        return
    small = index.astype(np.uint16) if len(target) <= 1 << 16 else index  # sorted by radix
    order = np.argsort(small, kind="stable")
    places = index[order]
    starts = np.flatnonzero(np.concatenate(([True], places[1:] != places[:-1])))
    repeats = np.diff(starts, append=count)
    if repeats.max() > _OFTEN:
        np.add.at(target, index, rows)
        return
    step = max(1, _BLOCK * count // rows.size) if rows.size else count
    for turn in range(repeats.max()):
        now = starts[repeats > turn] + turn if turn else starts
        for start in range(0, now.size, step):
            part = now[start : start + step]
            place = places[part]
            total = _taken(target, place)
            total += _taken(rows, order[part])
            target[place] = total


def _taken(array: Array, places: Array) -> Array:
    """`array[places]`; `take` is the quicker one, but begins with a copy of what is scattered."""
    return array.take(places, 0) if array.flags.c_contiguous else array[places]
