"""Functions with a product that must be 0 where a naive one is NaN, and the complex log1p."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .evaluate import Array


def _finish(result: Any) -> Array:
    return result[()]


def sinc(x: Array) -> Array:
    """sin(πx) / (πx), which is 1 at 0; in the type of `x`, complex ones included."""
    with np.errstate(all="ignore"):
        scaled = np.asarray(x) * x.dtype.type(math.pi)
        zero = scaled == 0
        return _finish(np.where(np.asarray(x) == 0, 1, np.sin(scaled) / np.where(zero, 1, scaled)))


def xlogy(x: Array, y: Array) -> Array:
    """x log(y), which is 0 for x = 0 unless y is NaN."""
    with np.errstate(all="ignore"):
        x, y = np.asarray(x), np.asarray(y)
        return _finish(np.where(np.isnan(y), y, np.where(x == 0, 0, x * np.log(y))))


def xlog1py(x: Array, y: Array) -> Array:
    """x log(1 + y), which is 0 for x = 0 unless y is NaN."""
    with np.errstate(all="ignore"):
        x, y = np.asarray(x), np.asarray(y)
        return _finish(np.where(np.isnan(y), y, np.where(x == 0, 0, x * np.log1p(y))))


def entr(x: Array) -> Array:
    """-x log(x): 0 at 0, -inf below."""
    with np.errstate(all="ignore"):
        x = np.asarray(x)
        inside = np.where(x == 0, 0, -x * np.log(x)).astype(x.dtype)
        return _finish(np.where(x < 0, x.dtype.type(-np.inf), inside))
