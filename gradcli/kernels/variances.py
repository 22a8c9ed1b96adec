"""Sums of squared distances from the mean, in doubles, without temporaries of the input's size."""

from __future__ import annotations

import math

import numpy as np

from ..tensor.dtypes import Array

_BLOCK = 1 << 15  # elements whose doubles stay in a processor's cache


def squared_distances(x: Array, axes: tuple[int, ...]) -> Array | None:
    """The sums over `axes` of `(x - mean)**2`, the mean being that over the axes, in doubles.

    `x` is in row-major order. None where the axes are neither the first nor the last ones, and
    where an array is too small to be worth it.
    """
    if x.size < _BLOCK or not x.flags.c_contiguous:
        return None
    rest = x.ndim - len(axes)
    if axes == tuple(range(rest, x.ndim)):
        kept = x.shape[:rest]
        length = math.prod(x.shape[rest:])
        return _of_rows(x.reshape(-1, length)).reshape(kept) if length <= _BLOCK else None
    if axes == tuple(range(len(axes))):
        kept = x.shape[len(axes) :]
        width = math.prod(kept)
        return _of_columns(x.reshape(-1, width)).reshape(kept) if width <= _BLOCK >> 3 else None
    return None


def _of_rows(x: Array) -> Array:
    rows, length = x.shape
    ones = np.ones(length)
    sums = np.empty(rows)
    step = _BLOCK // length
    for start in range(0, rows, step):
        values = x[start : start + step].astype(np.float64)
        values -= ((values @ ones) / length)[:, None]
        np.vecdot(values, values, out=sums[start : start + step])
    return sums


def _of_columns(x: Array) -> Array:
    """Blocks of rows have a mean and a sum each, and are put together as Chan, Golub and LeVeque
    do (Updating formulae and a pairwise algorithm for computing sample variances, 1979)."""
    rows, width = x.shape
    mean = sums = np.zeros(width)
    step = _BLOCK // width
    for start in range(0, rows, step):
        values = x[start : start + step].astype(np.float64)
        count = len(values)
        ones = np.ones(count)
        part = (ones @ values) / count
        values -= part
        values *= values
        part -= mean
        mean = mean + part * (count / (start + count))
        part *= part
        sums = sums + ones @ values + part * (start * count / (start + count))
    return sums
