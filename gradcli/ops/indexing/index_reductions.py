"""Slices reduced into positions of a dimension: products, means, maxima and minima."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...table.dtype_rules import real_gradients
from ...table.entry import op
from ...table.schema import Namespace
from ...table.shape_rules import wrap_dim
from ...tensor import dtypes
from ...tensor.notices import warn_once
from ...tensor.tensor import Tensor, shape_of
from .gather_scatter import scatter_reduce, self_factor, src_factor


def _wide(index: Any, shape: Any, dim: int) -> Any:
    """The index of every element of a source of this shape."""
    place = wrap_dim(dim, len(shape))
    view = [1] * len(shape)
    if view:
        view[place] = -1
    return np.array(np.broadcast_to(np.asarray(index).reshape(view), shape))


op(
    "_wide_index(Tensor index, int[] shape, int dim)",
    kernel=_wide,
    where=(),
    doc="The index of every element of a source, from that of its slices.",
    samples=lambda S: [S(S.integers(0, 3, 2), (2, 3), 0)],
)


def _reduced(self: Any, dim: int, index: Any, source: Any, reduce: str, include_self: bool) -> Any:
    wide = _wide(index, source.shape, dim).astype(np.int64)
    return scatter_reduce(self, wrap_dim(dim, self.ndim), wide, source, reduce, include_self)


def _check(
    self: Tensor, dim: int, index: Tensor, source: Tensor, reduce: str, include_self: bool
) -> None:
    warn_once("index_reduce() is in beta and the API may change at any time.")
    if reduce not in ("prod", "mean", "amax", "amin"):
        raise RuntimeError(
            f"index_reduce(): Expected reduce to be one of prod, mean, amax or amin but got "
            f"{reduce}."
        )
    shape, other, places = shape_of(self), shape_of(source), shape_of(index)
    place = wrap_dim(dim, len(shape))
    if len(places) > 1:
        raise IndexError(
            f"index_reduce_(): Index is supposed to be a vector, but got dim: {len(places)} with "
            f"type: {index.dtype.scalar_name} and size: {list(places)}"
        )
    if index.dtype not in (dtypes.int32, dtypes.int64):
        raise RuntimeError(
            "index_reduce_(): Expected dtype int32/int64 for index but got: "
            f"{index.dtype.scalar_name}"
        )
    if self.dtype is not source.dtype:
        raise RuntimeError(
            f"index_reduce_(): self ({self.dtype.scalar_name}) and source "
            f"({source.dtype.scalar_name}) must have the same scalar type"
        )
    count = places[0] if places else 1
    extent = other[place] if other else 1
    if count != extent:
        raise RuntimeError(
            f"index_reduce_(): Number of indices ({count}) should be equal to source.size(dim): "
            f"({extent}), for dim: {dim}"
        )
    if shape[:place] + shape[place + 1 :] != other[:place] + other[place + 1 :]:
        raise RuntimeError(
            "source tensor shape must match self tensor shape, excluding the specified dimension. "
            f"Got self.shape = {list(shape)} source.shape = {list(other)}"
        )
    values = np.asarray(index.array)
    bound = shape[place] if shape else 1
    if values.size and (values.min() < 0 or values.max() >= bound):
        raise IndexError("index out of range in self")
    real_gradients("index_reduce")(self, source)


def _full(F: Namespace, index: Any, source: Any, dim: int) -> Any:
    return F._wide_index(index, tuple(source.shape), dim)


def _source_slope(
    F: Namespace,
    g: Any,
    self: Any,
    dim: int,
    index: Any,
    source: Any,
    reduce: str,
    include_self: bool,
    out: Any,
) -> Any:
    wide = _full(F, index, source, dim)
    factor = src_factor(F, self, dim, wide, source, reduce, include_self, out)
    return F.gather(g, dim, wide) * factor


def _source_tangent(
    F: Namespace,
    t: Any,
    self: Any,
    dim: int,
    index: Any,
    source: Any,
    reduce: str,
    include_self: bool,
    out: Any,
) -> Any:
    wide = _full(F, index, source, dim)
    factor = src_factor(F, self, dim, wide, source, reduce, include_self, out)
    nothing = F.zeros_like_shape(t, tuple(self.shape))
    return F.scatter_add(nothing, dim, wide, t * factor)


def _samples(S: Any) -> Any:
    if S.dtype.is_complex:
        return []
    found = [
        S(S.distinct(3, 4), 1, S.integers(0, 4, 2), S.normal(3, 2), reduce, include_self=flag)
        for reduce in ("mean", "prod", "amax", "amin")
        for flag in (True, False)
    ]
    return [
        *found,
        S(S.normal(3), 0, S.integers(0, 3, 2), S.normal(2), "sum"),
        S(S.normal(3), 0, S.integers(0, 3, 2), S.normal(3), "prod"),
        S(S.normal(3), 0, S.integers(5, 9, 2), S.normal(2), "prod"),
        S(S.normal(3, 2), 0, S.integers(0, 3, 2), S.normal(2, 3), "prod"),
    ]


op(
    "index_reduce(Tensor self, Dim dim, Tensor index, Tensor source, str reduce, *, "
    "bool include_self=True)",
    kernel=_reduced,
    vjp={
        "self": lambda F, g, self, dim, index, source, reduce, include_self, out: (
            g
            * self_factor(
                F, self, dim, _full(F, index, source, dim), source, reduce, include_self, out
            )
        ),
        "source": _source_slope,
    },
    jvp={
        "self": lambda F, t, self, dim, index, source, reduce, include_self, out: (
            t
            * self_factor(
                F, self, dim, _full(F, index, source, dim), source, reduce, include_self, out
            )
        ),
        "source": _source_tangent,
    },
    check=_check,
    inplace="Tensor",
    doc="Reduces slices into the positions of a dimension: prod, mean, amax or amin.",
    samples=_samples,
)
