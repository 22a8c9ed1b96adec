"""Norms of float32 vectors in PyTorch's order of additions.

Terms are added one after the other as they lie in memory. Squares that lie side by side are an
exception: they go through eight accumulators, which are added in order, and the squares left over
follow, whole groups of four rounded before they are added, the last three with their sum. Arrays
of more than `LARGE` elements, where that order costs many times as much, are none of its business.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..tensor.dtypes import Array
from .sums import in_order

_LANES = 8
_GROUP = 4
LARGE = 1 << 16

_add: Any = np.add
_single = np.float32


def vector_norm(x: Array, p: float, axes: tuple[int, ...], keepdims: bool) -> Any:
    """The p-norm over axes that are not negative, `p` neither zero nor infinite."""
    if len(axes) == x.ndim:
        shape: tuple[int, ...] = (1,) * x.ndim if keepdims else ()
    else:
        kept = [axis for axis in range(x.ndim) if axis not in axes]
        shape = tuple([x.shape[axis] for axis in kept])
        if x.flags.c_contiguous and kept[-1] < axes[0] and tuple(sorted(axes)) == axes:
            rows = x.reshape(math.prod(shape), -1)
        else:
            return _general(x, p, axes, kept, keepdims)
        if keepdims:
            shape += (1,) * len(axes)
        return _of_rows(rows, p).reshape(shape)
    if not x.flags.c_contiguous:
        return _general(x, p, axes, [], keepdims)
    norm = _of_rows(x.reshape(1, -1), p)
    return norm.reshape(shape) if shape else norm[0]


def _general(x: Array, p: float, axes: tuple[int, ...], kept: list[int], keepdims: bool) -> Any:
    """The norm along any axes of an array of any strides."""
    shape = tuple([1 if axis in axes else n for axis, n in enumerate(x.shape)])
    if not keepdims:
        shape = tuple([x.shape[axis] for axis in kept])
    summed = sorted(axes, key=lambda axis: -abs(x.strides[axis]))
    rows = x.transpose(*kept, *summed)
    side_by_side = True
    step = x.itemsize
    for axis in reversed(summed):
        if x.shape[axis] != 1:
            side_by_side = side_by_side and x.strides[axis] == step
            step *= x.shape[axis]
    rows = rows.reshape(math.prod([x.shape[axis] for axis in kept]), -1)
    return _of_rows(rows, p, side_by_side).reshape(shape)[()]


def _of_rows(rows: Array, p: float, side_by_side: bool = True) -> Array:
    """The norms of rows, which are those of the input or copies."""
    if rows.shape[1] == 1:
        return np.abs(rows[:, 0])
    if p == 2:
        return np.sqrt(_squares(rows) if side_by_side else _one_by_one(rows * rows))
    terms = np.abs(rows)
    if p == 1:
        return _one_by_one(terms)
    return _power(_one_by_one(_power(terms, p)), _single(1) / _single(p))


def _power(x: Array, p: Any) -> Array:
    """The power of numbers in float32, correctly rounded but for one in some 10^8."""
    return np.power(x, np.float64(p), dtype=np.float64).astype(_single)


def _one_by_one(terms: Array) -> Array:
    """The sums `(rows,)` of terms `(rows, count)`."""
    if len(terms) == 1:
        return _add.accumulate(terms, 1)[:, -1]
    return in_order(np.ascontiguousarray(terms.T))


def _squares(rows: Array) -> Array:
    """The sums `(rows,)` of the squares of rows `(rows, count)`."""
    number, count = rows.shape
    whole = count - count % _LANES
    grouped = count - count % _GROUP
    sums: Any = None
    if whole:
        lanes = rows[:, :whole]
        lanes = (lanes * lanes).reshape(number, -1, _LANES)
        if number == 1:
            sums = _add.accumulate(_add.reduce(lanes[0], 0))[-1:]
        else:
            sums = _add.accumulate(in_order(lanes), 1)[:, -1]
    if whole == count:
        return sums
    if number == 1:
        total = 0.0 if sums is None else float(sums[0])
        for place, term in enumerate(rows[0, whole:].tolist(), whole):
            square = term * term
            total = float(_single(total + (float(_single(square)) if place < grouped else square)))
        return np.array([total], _single)
    if sums is None:
        sums = np.zeros(number, _single)
    for place in range(whole, count):
        term = rows[:, place]
        if place < grouped:
            sums = sums + term * term
        else:
            sums = (np.multiply(term, term, dtype=np.float64) + sums).astype(_single)
    return sums
