"""Products that are added in the same rounding, as PyTorch's kernels do it.

A processor's fused multiply-add rounds `x + a * b` once. In float32 that is computed here by way of
doubles, which hold the product exactly; float64 rounds twice, a last digit away.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .blocks import in_blocks

_scalar = np.float32
_single, _double = np.dtype(np.float32), np.dtype(np.float64)


@in_blocks
def multiply_add(x: Any, a: Any, b: Any, *, into: Any = None) -> Any:
    """`x + a * b` of arrays of one dtype that broadcast; `a` may be a Python number."""
    if x.dtype != _single:
        return x + a * b
    if type(a) is not np.ndarray:
        a = float(_scalar(a))
    if type(x) is type(b) is _scalar and type(a) is float:
        return _scalar(float(x) + a * float(b))
    if type(a) is float and into is None and type(x) is type(b) and x.shape == b.shape:
        total = b.astype(_double)
        total *= a
        total += x.astype(_double)
        return total.astype(_single)
    # Each step works in one dtype: a ufunc that casts its operands takes twice as long.
    total = _into(np.multiply, b.astype(_double), a)
    total = _into(np.add, total, x)
    if into is None:
        return total.astype(_single)
    np.copyto(into, total, casting="same_kind")
    return into


def _into(ufunc: Any, total: Any, other: Any) -> Any:
    """`ufunc(total, other)` in double precision, in the memory of `total` where it fits."""
    if type(other) is not float:
        other = other.astype(_double)
    if type(total) is np.ndarray and (type(other) is float or other.shape == total.shape):
        return ufunc(total, other, total)
    return ufunc(total, other)
