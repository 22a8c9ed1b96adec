"""Histograms of points: how many lie in each cell of a grid."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...table.dtype_rules import supports
from ...table.public.plain_functions import function
from ...tensor.tensor import Tensor, make, shape_of
from ..creation.tensors import check_size

indices = range  # `range` is a parameter below


def _edges(column: Any, bins: Any, range: Any) -> Any:
    if type(bins) is Tensor:
        return np.asarray(bins.array)
    if bins < 0:
        raise RuntimeError("number of steps must be non-negative")
    low, high = range or ((column.min(), column.max()) if column.size else (0.0, 0.0))
    if low == high:
        low, high = low - 0.5, high + 0.5
    return np.linspace(low, high, bins + 1, dtype=np.float64).astype(column.dtype)


def histogramdd(self: Tensor, bins: Any, range: Any, weight: Any, density: bool) -> Any:
    """Counts in boxes of as many dimensions as a row has numbers, and the edges of each.

    Raises RuntimeError with PyTorch's sentences for bins, ranges and weights that do not fit.
    """
    supports(complex="histogramdd", integer="histogramdd", boolean="histogramdd")(self)
    shape = shape_of(self)
    if len(shape) < 2:
        raise RuntimeError("torch.histogramdd: input tensor should have at least 2 dimensions")
    rows = np.asarray(self.array).reshape(-1, shape[-1])
    each = [bins] * shape[-1] if isinstance(bins, int) else list(bins)
    if len(each) != shape[-1]:
        raise RuntimeError(
            "histogramdd: The size of bins must be equal to the innermost dimension of the input."
        )
    for axis, count in enumerate(each):
        if type(count) is not Tensor and count == 0:
            raise RuntimeError(
                f"torch.histogram(): bins must be > 0, but got 0 for dimension {axis}"
            )
    limits = None if range is None else list(zip(range[::2], range[1::2], strict=True))
    edges = [
        _edges(rows[:, axis], each[axis], limits[axis] if limits else None)
        for axis in indices(shape[-1])
    ]
    check_size(tuple(len(e) - 1 for e in edges), self.dtype)
    weights = None if weight is None else np.asarray(weight.array).reshape(-1)
    counts = np.histogramdd(rows, edges, weights=weights)[0].astype(rows.dtype)
    if density:
        counts = counts / counts.sum()
        for axis, edge in enumerate(edges):
            shape_along = [-1 if other == axis else 1 for other in indices(len(edges))]
            counts = counts / np.diff(edge).reshape(shape_along)
        counts = counts.astype(rows.dtype)
    from ...table.public.callables import result_type

    return result_type("histogramdd", ("hist", "bin_edges"))(
        make(counts, self.dtype), tuple(make(edge, self.dtype) for edge in edges)
    )


for _id, _bins in (("", "int"), ("_each", "int[]"), ("_edges", "Tensor[]")):
    function(
        f"histogramdd{_id}(Tensor self, {_bins} bins, float[]? range=None, Tensor? weight=None, "
        "bool density=False)",
        name="histogramdd",
        where=("torch",),
        prelude="",
        doc="How many rows fall into each cell of a grid, and the edges of its cells.",
    )(histogramdd)
