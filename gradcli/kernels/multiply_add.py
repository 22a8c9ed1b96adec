"""Products that are added in the same rounding, as PyTorch's kernels do it.

A processor's fused multiply-add rounds `x + a * b` once. In float32 that is computed here by way of
doubles, which hold the product exactly; float64 rounds twice, a last digit away.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .blocks import in_blocks


@in_blocks
def multiply_add(x: Any, a: Any, b: Any) -> Any:
    """`x + a * b` of arrays of one dtype that broadcast; `a` may be a Python number."""
    if x.dtype != np.float32:
        return x + a * b
    total = np.multiply(a if type(a) is np.ndarray else np.float32(a), b, dtype=np.float64)
    if total.shape == x.shape and type(total) is np.ndarray:
        total += x
    else:
        total = total + x
    return total.astype(np.float32)
