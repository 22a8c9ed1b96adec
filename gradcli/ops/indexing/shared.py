"""What indexing shares: types of indices, bounds, adding at positions that may repeat."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...kernels.refusals import blaming
from ...kernels.scatter_add import add_rows
from ...table.schema import Namespace
from ...tensor import dtypes
from ...tensor.dtypes import Array

INDEX_TYPES = (dtypes.int64, dtypes.int32)

MASKS = (dtypes.bool_, dtypes.uint8)


def zeros(F: Namespace, like: Any, shape: Sequence[int]) -> Any:
    """Zeros of `shape` in the dtype of `like`."""
    return F.zeros_like_shape(like, tuple(shape))


def bounded(index: Array, length: int, dim: int, error: type[Exception]) -> None:
    """Raise `error` for the first index outside 0 … length - 1."""
    if index.size:
        low, high = index.min(), index.max()
        if low < 0 or high >= length:
            flat = index.reshape(-1)
            bad = flat[np.argmax((flat < 0) | (flat >= length))]
            found = error(f"index {bad} is out of bounds for dimension {dim} with size {length}")
            raise blaming(found, lambda: (index < 0) | (index >= length))


def add_at(target: Array, places: tuple[Any, ...], values: Array) -> None:
    """Add at positions that may repeat; whole rows, where there is one index of a dimension."""
    axes = [axis for axis, place in enumerate(places) if not isinstance(place, slice)]
    axis, index = axes[0], places[axes[0]]
    shape = (*target.shape[:axis], index.size, *target.shape[axis + 1 :])
    if len(axes) == 1 and index.ndim == 1 and values.shape == shape:
        if index.size and np.minimum.reduce(index) < 0:
            index = np.where(index < 0, index + target.shape[axis], index)
        if axis:
            target, values = np.moveaxis(target, axis, 0), np.moveaxis(values, axis, 0)
        add_rows(target, index, values)
    else:
        np.add.at(target, places, values)
