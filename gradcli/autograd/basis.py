"""The unit vectors along which Jacobians are made, a row or a column for each."""

from __future__ import annotations

import numpy as np

from ..tensor.runtime import runtime
from ..tensor.tensor import Tensor, make, numel, shape_of


def basis_of(like: Tensor) -> Tensor:
    """One tensor for each element of `like`: one there, zero elsewhere; stacked in front.

    Raises LimitExceeded where they do not fit in memory.
    """
    shape = shape_of(like)
    count = numel(shape)
    runtime.reserve(count * count * like.dtype.itemsize)
    return make(np.eye(count, dtype=like.dtype.array).reshape((count, *shape)), like.dtype)
