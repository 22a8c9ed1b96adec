"""Fewer points for a picture, where more of them would fall on each other."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from ..tensor.runtime import runtime
from .artists import Bars
from .numbers import Array

Indices = np.ndarray[Any, np.dtype[np.intp]]
MOST_ON_A_LINE = 4000
MOST_POINTS = 50_000


def line_points(x: Array, y: Array) -> tuple[Array, Array]:
    """A line with the lowest and the highest of neighbouring points in place of all of them.

    Where x goes back and forth every n-th point is kept.
    """
    runtime.spend(x.size >> 3)
    runtime.reserve(40 * x.size)
    if x.size <= MOST_ON_A_LINE:
        return x, y
    steps = np.diff(x)
    if not ((steps >= 0).all() or (steps <= 0).all()):
        step = -(-x.size // MOST_POINTS)
        return x[::step], y[::step]
    chosen = extremes(y, MOST_ON_A_LINE // 4)
    return x[chosen], y[chosen]


def extremes(values: Array, count: int) -> Indices:
    """Where the lowest and the highest of `count` equal parts are, in order."""
    size = -(-values.size // count)
    padded = np.full(size * count, np.nan)
    padded[: values.size] = values
    parts = padded.reshape(count, size)
    starts = np.arange(0, size * count, size)
    empty = np.isnan(parts).all(axis=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        parts = np.where(empty[:, None], 0.0, parts)
        low, high = np.nanargmin(parts, axis=1), np.nanargmax(parts, axis=1)
    found = np.concatenate([starts + low, starts + high, starts + size - 1])
    return np.unique(np.minimum(found, values.size - 1))


def distinct_places(x: Array, y: Array) -> Indices:
    """The indices of points, the last one of those that round to the same place."""
    runtime.spend(x.size >> 3)
    runtime.reserve(60 * x.size)
    good = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    if good.size <= 1000:
        return good
    places = np.rint(x[good]) * 100_003 + np.rint(y[good])
    _, last = np.unique(places[::-1], return_index=True)
    return np.sort(good[good.size - 1 - last])


def bars_to_draw(bars: Bars, good: np.ndarray[Any, np.dtype[np.bool_]]) -> Indices:
    """The indices of bars; of too many the lowest and the highest of neighbours."""
    chosen = np.flatnonzero(good)
    if chosen.size <= MOST_ON_A_LINE:
        return chosen
    return chosen[extremes(bars.height[chosen], MOST_ON_A_LINE // 4)]
