"""Evenly spaced numbers in PyTorch's own arithmetic, so that every digit of them is PyTorch's.

A processor's fused multiply-add rounds `a * b + c` once. PyTorch's kernels use it, and without it
the middle of `linspace(-1, 1, 7)` would be zero.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tensor import dtypes
from ..tensor.dtypes import Array, DType

_VECTOR = 32  # bytes
_SPLIT = 2.0**27 + 1  # cuts the 53 bits of a double into halves


def _halves(x: Array) -> tuple[Any, Any]:
    """`x` as a sum of two doubles of 26 bits, whose products are exact (Veltkamp)."""
    scaled = _SPLIT * x
    high = scaled - (scaled - x)
    return high, x - high


def fused(a: Array, b: Array, c: Array) -> Array:
    """`a * b + c` of doubles, rounded once.

    The errors of the product (Dekker) and of the sum (Knuth) are found exactly and added last.
    """
    with np.errstate(all="ignore"):
        product = a * b
        a_high, a_low = _halves(a)
        b_high, b_low = _halves(b)
        product_error = (
            a_high * b_high - product + a_high * b_low + a_low * b_high
        ) + a_low * b_low
        total = product + c
        rest = total - product
        error = product - (total - rest) + (c - rest) + product_error
        return np.where(np.isfinite(error), total + error, total)


def stepped(step: float, places: Any, start: Any) -> Any:
    """`step * places + start` of whole places below 2**29, rounded once.

    A step of no more than 24 bits has exact products, so that only the sum is rounded.
    """
    if float(np.float32(step)) == step:
        return step * places + start
    return fused(np.float64(step), places, start)


def counted(start: float, step: float, count: int, dtype: DType) -> Any:
    """`count` floating-point numbers from `start`, as `arange` makes them.

    Whole pairs of vectors of 32 bytes count from their own first number, as it is rounded.
    """
    narrow = not dtype.raw
    if narrow:
        start, step = float(np.float32(start)), float(np.float32(step))
    values = stepped(step, np.arange(count, dtype=np.float64), np.float64(start))
    result = dtype.cast(values.astype(np.float32) if narrow else values)
    lanes = _VECTOR // dtype.itemsize
    whole = count - count % (2 * lanes)
    if whole:
        firsts = result[:whole:lanes, None].astype(np.float64)
        within = np.arange(lanes, dtype=np.float64)
        if narrow:
            steps = (np.float32(step) * within.astype(np.float32)).astype(np.float32)
            values = firsts.astype(np.float32) + steps
        else:
            values = stepped(step, within, firsts)
        result[:whole] = dtype.cast(values).reshape(-1)
    return result


def spaced(start: Any, end: Any, steps: int, dtype: DType) -> Array:
    """`steps` numbers from `start` to `end`; the second half is counted from the end."""
    if steps < 2:
        return dtype.cast(np.full(steps, start, np.result_type(type(start), np.int64)))
    if dtype.category == dtypes.INTEGER:
        start, end = int(start), int(end)
    up = np.arange(steps // 2)
    down = steps - 1 - np.arange(steps // 2, steps)
    if dtype.raw and not dtype.is_complex:
        work = np.dtype(np.float64) if dtype.category == dtypes.INTEGER else dtype.array
        first, last = work.type(start), work.type(end)
        step = np.float64((last - first) / work.type(steps - 1))
        low = stepped(step, up.astype(work).astype(np.float64), np.float64(first))
        high = stepped(-step, down.astype(work).astype(np.float64), np.float64(last))
        return dtype.cast(np.concatenate([low, high]))
    number = dtype.compute.type

    def rounded(values: Array) -> Array:
        return dtype.cast(np.asarray(values, dtype.compute)).astype(dtype.compute)

    first, last = rounded(number(start)), rounded(number(end))
    step = rounded(rounded(last - first) / rounded(number(steps - 1)))
    low = first + rounded(step * rounded(up))
    high = last - rounded(step * rounded(down))
    return dtype.cast(np.concatenate([low, high]))


def exponents(start: Any, end: Any, steps: int, dtype: DType) -> Array:
    """The real exponents of `logspace`: of doubles from ends and a distance of `dtype`, no step of
    which is fused."""
    if steps < 2:
        return np.full(steps, float(start))

    def rounded(value: Any) -> Array:
        return np.float64(dtype.cast(np.asarray(value, dtype.compute)))

    first, last = rounded(start), rounded(end)
    step = rounded(last - first) / (steps - 1)
    up = np.arange(steps // 2)
    down = steps - 1 - np.arange(steps // 2, steps)
    return np.concatenate([first + step * up, last - step * down])
