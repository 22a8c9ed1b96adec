"""Elementary functions of single precision, rounded once.

NumPy's own loops for float32 are off by one in the last place for a third of all arguments.
PyTorch's are rounded correctly for 99 of 100, and so is what double precision gives.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .evaluate import Array


def rounded_once(function: np.ufunc) -> Any:
    """The same elementwise function, float32 computed in float64 and rounded."""
    single, double = np.float32, np.float64
    kind = np.dtype(single)

    def compute(x: Array) -> Any:
        if type(x) is single:
            return single(function(float(x)))
        if x.dtype is kind:
            return function(x.astype(double)).astype(single)
        return function(x)

    return compute
