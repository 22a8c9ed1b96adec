"""Whole slices along a dimension: index_select, index_add, index_copy, index_fill."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...kernels.strides import preserved_copy
from ...table.call.python_data import element, real_number
from ...table.entry import LINEAR, op
from ...table.levels.batching import (
    decomposed,
    plain_index,
)
from ...table.out_rules import EXACT, Rule
from ...table.schema import Namespace
from ...table.shape_rules import wrap_dim
from ...tensor import dtypes
from ...tensor.dtypes import FROM_ARRAY, Array, DType, fixed_width_name
from ...tensor.runtime import runtime
from ...tensor.tensor import Tensor, numel, shape_of
from .shared import INDEX_TYPES, add_at, bounded, zeros


def _check_vector(self: Tensor, index: Tensor) -> None:
    shape = shape_of(index)
    if len(shape) > 1:
        raise IndexError("index_select(): Index is supposed to be a vector")
    if not shape_of(self) and numel(shape) != 1:
        raise RuntimeError(
            f"index_select(): Index to scalar can have only 1 value, got {numel(shape)} value(s)"
        )
    if index.dtype not in INDEX_TYPES:
        raise RuntimeError("index_select(): Expected dtype int32 or int64 for index")


def _check_added(index: Tensor, dtype: DType, alpha: Any) -> None:
    shape = shape_of(index)
    found = index.dtype.scalar_name
    if len(shape) > 1:
        raise IndexError(
            "index_add_(): Index is supposed to be a vector, but got dim: "
            f"{len(shape)} with type: {found} and size: {list(shape)}"
        )
    if index.dtype not in INDEX_TYPES:
        raise RuntimeError(f"index_add_(): Expected dtype int32/int64 for index but got: {found}")
    if not dtype.is_complex:
        real_number(alpha, fixed_width_name(dtype))


def _check_copied(index: Tensor) -> None:
    rank = len(shape_of(index))
    if rank > 1:
        raise IndexError(f"index_copy_(): Index should have dimension 1 or 0 (got {rank})")
    if index.dtype is not dtypes.int64:
        found = index.dtype.scalar_name
        raise RuntimeError(f"index_copy_(): Expected a long tensor for index, but got {found}")


def _check_filled(index: Tensor) -> None:
    if index.dtype is not dtypes.int64:
        raise IndexError("index_fill_(): Expected dtype int64 for index.")
    if len(shape_of(index)) > 1:
        raise RuntimeError("Index has to be a vector/scalar")


def _index_select(self: Array, dim: int, index: Array) -> Array:
    dim = wrap_dim(dim, self.ndim)
    places = np.atleast_1d(index)
    source = np.atleast_1d(self)
    length = source.shape[dim]
    if places.size and not length:
        raise RuntimeError("index_select(): self indexing axis dim should be positive")
    if places.size and (places.min() < 0 or places.max() >= length):
        if dim != 1:
            raise IndexError("index out of range in self")
        bad = places[np.argmax((places < 0) | (places >= length))]
        raise RuntimeError(f"INDICES element is out of DATA bounds, id={bad} axis_dim={length}")
    if length:
        runtime.reserve(source.nbytes // length * places.size)
    result = source.take(places, dim)
    return result if self.ndim else result.reshape(())


op(
    "index_select(Tensor self, Dim dim, Tensor index)",
    kernel=_index_select,
    check=lambda self, dim, index: _check_vector(self, index),
    vjp={
        "self": lambda F, g, self_shape, dim, index: F.index_add(
            zeros(F, g, self_shape), dim, index, g
        )
    },
    jvp={"self": lambda F, t, dim, index: F.index_select(t, dim, index)},
    batching=plain_index,
    out=Rule("index_select(): self and result must have the same scalar type"),
    doc="The slices of a dimension at the positions in `index`.",
    samples=lambda S: [
        S(S.normal(3, 4), 1, S.integers(0, 4, 3)),
        S(S.normal(4), 0, S.integers(0, 4, 2)),
    ],
)


def _slices(name: str, self: Array, dim: int, index: Array) -> tuple[Array, tuple[Any, ...]]:
    """A copy of `self` with one dimension at least, and the index of the slices in it."""
    dim = wrap_dim(dim, self.ndim)
    result = np.atleast_1d(preserved_copy(self))
    places = np.atleast_1d(index)
    bounded(places, result.shape[dim], dim, RuntimeError if name == "index_add_" else IndexError)
    return result, (*(slice(None),) * dim, places)


def _around(array: Array, axis: int) -> tuple[int, ...] | None:
    """The lengths of the other dimensions; None where there is no dimension at all."""
    return array.shape[:axis] + array.shape[axis + 1 :] if array.ndim else None


def _index_add(self: Array, dim: int, index: Array, source: Array, alpha: Any) -> Array:
    axis = wrap_dim(dim, self.ndim)
    count = np.atleast_1d(index).size
    if source.dtype != self.dtype:
        raise RuntimeError(
            f"index_add_(): self ({FROM_ARRAY[self.dtype].scalar_name}) and source "
            f"({FROM_ARRAY[source.dtype].scalar_name}) must have the same scalar type"
        )
    if axis >= max(source.ndim, 1):
        raise RuntimeError(
            f"index_add_(): Indexing dim {axis} is out of bounds of the source tensor with dim "
            f"{source.ndim}"
        )
    length = np.atleast_1d(source).shape[axis]
    if count != length:
        raise RuntimeError(
            f"index_add_(): Number of indices ({count}) should be equal to source.size(dim): "
            f"({length}), for dim: {axis}"
        )
    if _around(self, axis) != _around(source, axis):
        raise RuntimeError(
            "source tensor shape must match self tensor shape, excluding the specified dimension. "
            f"Got self.shape = {list(self.shape)} source.shape = {list(source.shape)}"
        )
    result, places = _slices("index_add_", self, dim, index)
    values = source if alpha == 1 else source * result.dtype.type(alpha)
    add_at(result, places, np.atleast_1d(values))
    return result.reshape(np.shape(self))


op(
    "index_add(Tensor self, Dim dim, Tensor index, Tensor source, *, Scalar alpha=1)",
    kernel=_index_add,
    check=lambda self, dim, index, source, alpha: _check_added(index, self.dtype, alpha),
    vjp={
        "self": lambda F, g: g,
        "source": lambda F, g, dim, index, source_shape, alpha: _scaled(
            F.reshape(F.index_select(g, dim, index), source_shape), alpha
        ),
    },
    jvp={
        "self": lambda F, t: t,
        "source": lambda F, t, self_shape, dim, index, alpha: F.index_add(
            zeros(F, t, self_shape), dim, index, t, alpha=alpha
        ),
    },
    inplace="Tensor",
    batching=plain_index,
    keeps={"source": ("source",)},
    writes="places",
    batched_write="ruled",
    out=EXACT,
    doc="Adds `alpha` times `source` to the slices of a dimension at the positions in `index`.",
    samples=lambda S: [
        S(S.normal(3, 4), 1, S.integers(0, 4, 2), S.normal(3, 2)),
        S(S.normal(3), 0, S.integers(0, 3, 4), S.normal(4), alpha=2.0),
    ],
)


def _copy_slices(whole: Any, part: Any, index: Any) -> Any:
    result = np.array(whole, order="C")
    result.reshape(-1)[index] = part.reshape(-1)
    return result


def _copy_slices_batched(F: Namespace, whole: Any, part: Any, index: Any) -> Any:
    rest = F.index_fill(F.reshape(whole, (-1,)), 0, index, 0)
    result = F.index_add(rest, 0, index, F.reshape(part, (-1,)))
    return F.reshape(result, tuple(whole.shape))


op(
    "_copy_slices(Tensor whole, Tensor part, Tensor index)",
    kernel=_copy_slices,
    vjp={
        "whole": lambda F, g, whole_shape, index: F.reshape(
            F.index_fill(F.reshape(g, (-1,)), 0, index, 0), whole_shape
        ),
        "part": lambda F, g, part_shape, index: F.reshape(
            F.index_select(F.reshape(g, (-1,)), 0, index), part_shape
        ),
    },
    jvp=LINEAR,
    batching=decomposed(_copy_slices_batched),
    node="CopySlices",
    where=(),
    doc="A tensor with other values at places of its flattened form, each given once.",
    samples=lambda S: [S(S.normal(3, 4), S.normal(1, 1), S.integers(0, 12, 1))],
)


def _scaled(value: Any, alpha: Any) -> Any:
    if alpha == 1:
        return value
    return value * (alpha.conjugate() if isinstance(alpha, complex) else alpha)


def _index_copy(self: Array, dim: int, index: Array, source: Array) -> Array:
    if self.ndim and source.ndim and self.ndim != source.ndim:
        raise IndexError(
            "index_copy_(): When source and destination are not scalars, their dimensionality "
            f"must match. Source dimensionality ({source.ndim}), destination dimensionality "
            f"({self.ndim})"
        )
    if source.dtype != self.dtype:
        raise RuntimeError(
            "index_copy_(): self and source expected to have the same dtype, but got (self) "
            f"{FROM_ARRAY[self.dtype].scalar_name} and (source) "
            f"{FROM_ARRAY[source.dtype].scalar_name}"
        )
    axis = wrap_dim(dim, self.ndim)
    count = np.atleast_1d(index).size
    if source.ndim and source.shape[axis] != count:
        raise IndexError(
            f"index_copy_(): Number of indices ({count}) should be equal to source.size(dim) "
            f"({source.shape[axis]})"
        )
    result, places = _slices("index_copy_", self, dim, index)
    result[places] = source
    return result.reshape(np.shape(self))


op(
    "index_copy(Tensor self, Dim dim, Tensor index, Tensor source)",
    kernel=_index_copy,
    check=lambda self, dim, index, source: _check_copied(index),
    vjp={
        "self": lambda F, g, dim, index: F.index_fill(g, dim, index, 0),
        "source": lambda F, g, dim, index, source_shape: F.reshape(
            F.index_select(g, dim, index), source_shape
        ),
    },
    jvp={
        "self": lambda F, t, dim, index: F.index_fill(t, dim, index, 0),
        "source": lambda F, t, self_shape, dim, index: F.index_copy(
            zeros(F, t, self_shape), dim, index, t
        ),
    },
    inplace="Tensor",
    keeps={"source": ("source",)},
    writes="places",
    out=EXACT,
    doc="Writes `source` to the slices of a dimension at the positions in `index`.",
    samples=lambda S: [S(S.normal(3, 4), 0, S.integers(1, 2, 1), S.normal(1, 4))],
)


def _index_fill(self: Array, dim: int, index: Array, value: Any) -> Array:
    result, places = _slices("index_fill_", self, dim, index)
    if not isinstance(value, np.ndarray | np.generic):
        if isinstance(value, complex) and result.dtype.kind != "c":
            raise RuntimeError(
                "index_fill_(): Converting complex Scalar to non-complex type is not supported"
            )
        value = element(value, FROM_ARRAY[result.dtype])
    elif value.ndim:
        raise RuntimeError(
            "index_fill_ only supports a 0-dimensional value tensor, but got tensor with "
            f"{value.ndim} dimension(s)."
        )
    result[places] = value
    return result.reshape(np.shape(self))


op(
    "index_fill(Tensor self, Dim dim, Tensor index, Number value)",
    kernel=_index_fill,
    check=lambda self, dim, index, value: _check_filled(index),
    keeps_layout=True,
    vjp={"self": lambda F, g, dim, index: F.index_fill(g, dim, index, 0)},
    jvp={"self": lambda F, t, dim, index: F.index_fill(t, dim, index, 0)},
    inplace="Tensor",
    batching=plain_index,
    batched_write="ruled",
    doc="Writes one number to the slices of a dimension at the positions in `index`.",
    samples=lambda S: [S(S.normal(3, 4), 1, S.integers(0, 4, 2), 2.0)],
)
op(
    "index_fill_tensor(Tensor self, Dim dim, Tensor index, Tensor value)",
    name="index_fill",
    kernel=_index_fill,
    check=lambda self, dim, index, value: _check_filled(index),
    keeps_layout=True,
    vjp={
        "self": lambda F, g, dim, index: F.index_fill(g, dim, index, 0),
        "value": lambda F, g, dim, index: F.sum(g - F.index_fill(g, dim, index, 0)),
    },
    jvp={
        "self": lambda F, t, dim, index: F.index_fill(t, dim, index, 0),
        "value": lambda F, t, self_shape, dim, index: F.index_fill_tensor(
            zeros(F, t, self_shape), dim, index, t
        ),
    },
    node="IndexFillBackward1",
    inplace="Tensor",
    batched_write="ruled",
    doc="Writes the element of a tensor to the slices at the positions in `index`.",
    samples=lambda S: [S(S.normal(3, 4), 1, S.integers(0, 4, 2), S.normal())],
)
