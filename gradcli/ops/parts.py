"""Elementwise work on large arrays, in parts that stay in the processor's cache."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

PART = 1 << 15  # elements whose temporaries stay in the second cache


def parted(function: Callable[..., Any], leading: int = 0) -> Callable[..., Any]:
    """The same elementwise function of arrays, in parts where they are large and of one shape.

    For functions of several passes, whose temporaries then stay in the cache. `leading` arguments
    come before the first array; numbers and the like are handed on as they are.
    """

    @wraps(function)
    def call(*args: Any) -> Any:
        first = args[leading]
        if type(first) is not np.ndarray or first.size <= 2 * PART:
            return function(*args)
        flat = list(args)
        for place, value in enumerate(args):
            if type(value) is np.ndarray:
                if value.shape != first.shape:
                    return function(*args)
                if value.flags.c_contiguous:
                    flat[place] = value.reshape(-1)
                elif not any(value.strides):  # one number spread out, as the cotangent of a sum
                    flat[place] = np.broadcast_to(value[(0,) * value.ndim], first.size)
                else:
                    return function(*args)
        result: Any = None
        for start in range(0, first.size, PART):
            part = slice(start, start + PART)
            value = function(*[v[part] if type(v) is np.ndarray else v for v in flat])
            if result is None:
                result = np.empty(first.size, value.dtype)
            result[part] = value
        return result.reshape(first.shape)

    return call
