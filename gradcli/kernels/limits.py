"""Limits and signs of elements, in passes without branches."""

from __future__ import annotations

from typing import Any

import numpy as np

_FEW = 1000  # elements up to which NumPy's maximum and minimum by a number are as good


def limited(x: Any, low: Any, high: Any) -> Any:
    """The elements of `x` kept between two limits, None for none; a NaN anywhere gives NaN.

    Of zeros of either sign the element's own stays. Where the limits contradict, the upper one is
    taken. By numbers, NumPy's `clip` is several times as quick as its `maximum`; in
    half precision it mixes the zeros up.
    """
    if type(x) is np.ndarray and x.size > _FEW and x.dtype.char in "fd":
        low = -np.inf if low is None else low
        high = np.inf if high is None else high
        if type(low) is not np.ndarray and type(high) is not np.ndarray:
            return np.clip(x, low, high)
    result = x if low is None else np.maximum(low, x)
    return result if high is None else np.minimum(high, result)


def sign(x: Any) -> Any:
    """-1, 0 or 1 by the sign of each element of a real array, 0 for NaN; in its dtype."""
    if x.dtype.kind == "b":
        return x
    if x.dtype.kind == "u":
        return np.sign(x)
    above, below = np.greater(x, 0), np.less(x, 0)
    if type(above) is not np.ndarray:
        return x.dtype.type(int(above) - int(below))
    steps = above.view(np.int8)
    steps -= below.view(np.int8)
    return steps.astype(x.dtype)
