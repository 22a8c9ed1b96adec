"""Views: operations whose result shares the memory of its input.

Their cotangents go back through the inverse view, or through a `..._backward` entry that puts the
cotangent in its place among zeros.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from ...kernels.strides import (
    has_channels_last,
    infer_size,
    reshaped,
    strided,
    strides_of,
    view_strides,
)
from ...table.entry import LINEAR, op
from ...table.levels.batching import expanded, new_dim, sized, squeezed
from ...table.schema import Namespace
from ...table.shape_rules import broadcast_shape, check_numel, shape_of_value, wrap_dim, wrap_dims
from ...tensor import dtypes
from ...tensor.device import CHANNELS_LAST, contiguous_format
from ...tensor.dtypes import FROM_ARRAY, Array, DType
from ...tensor.memory import memory_of, window
from ...tensor.tensor import Tensor, numel, shape_of

NOT_VIEWABLE = (
    "view size is not compatible with input tensor's size and stride (at least one dimension "
    "spans across two contiguous subspaces). Use .reshape(...) instead."
)


def is_contiguous(tensor: Any, memory_format: Any = contiguous_format) -> bool:
    """Whether a tensor or an array is laid out in a memory format, row by row if none is given.

    A batched tensor counts as laid out row by row.
    """
    array = tensor.array if type(tensor) is Tensor else tensor
    if memory_format in CHANNELS_LAST:
        return has_channels_last(array.shape, strides_of(array), memory_format)
    if type(tensor) is Tensor and tensor.level is not None and tensor.level.value is not None:
        return True
    return bool(array.flags.c_contiguous)


# --- view and reshape ------------------------------------------------------------------------


def _view(self: Array, size: Sequence[int]) -> Array:
    shape = infer_size(size, self.size)
    if 1 not in self.shape:  # whose strides may be any, and are kept
        if self.flags.c_contiguous:
            return self.reshape(shape)
        if 1 not in shape and self.size:
            result = self.reshape(shape)  # strides are as they must be, unless it is a copy
            if result.base is self or (result.base is self.base and self.base is not None):
                return result
    strides = view_strides(self.shape, strides_of(self), shape)
    if strides is None:
        raise RuntimeError(NOT_VIEWABLE)
    return reshaped(self, shape, strides)


def _reshaped(self: Array, size: Sequence[int]) -> Array:
    """For formulas on arrays: whatever NumPy's reshape does."""
    return self.reshape(infer_size(size, self.size))


def _shaped_back(F: Namespace, g: Any, self_shape: Any) -> Any:
    return F.reshape(g, self_shape) if F.is_traced else g.reshape(self_shape)


op(
    "view(Tensor self, int[]... size)",
    kernel=_view,
    vjp={"self": _shaped_back},
    jvp=LINEAR,
    view=True,
    where=("Tensor",),
    batching=sized,
    doc="The same memory in another shape; -1 stands for the length that is left.",
    samples=lambda S: [
        S(S.normal(2, 3), (6,)),
        S(S.normal(2, 3), (3, -1)),
        S(S.normal(), (1, 1)),
        S(S.normal(0, 3), (3, 0)),
    ],
)


def _view_dtype(self: Array, dtype: DType) -> Array:
    old = self.dtype.itemsize
    new = dtype.array.itemsize
    if old == new:
        return self.view(dtype.array)
    names = f"{FROM_ARRAY[self.dtype].scalar_name} as {dtype.scalar_name} (different element sizes)"
    if not self.ndim:
        raise RuntimeError(f"self.dim() cannot be 0 to view {names}")
    strides = strides_of(self)
    last = (
        ""
        if self.shape[-1] == 1 or strides[-1] == 1
        else (f"self.stride(-1) must be 1 to view {names}, but got {strides[-1]}")
    )
    if new < old:
        if last:
            raise RuntimeError(last)
        ratio = old // new
        shape = (*self.shape[:-1], self.shape[-1] * ratio)
        steps = (*(step * ratio for step in strides[:-1]), 1)
        return strided_as(self, shape, steps, dtype)
    ratio = new // old
    if self.shape[-1] % ratio:
        raise RuntimeError(
            f"self.size(-1) must be divisible by {ratio} to view {names}, but got {self.shape[-1]}"
        )
    start = memory_of(self)[1] // old
    if start % ratio:
        raise RuntimeError(
            f"self.storage_offset() must be divisible by {ratio} to view {names}, but got {start}"
        )
    if last:
        raise RuntimeError(last)
    for axis, step in enumerate(strides[:-1]):
        if step % ratio:
            raise RuntimeError(
                f"self.stride({axis}) must be divisible by {ratio} to view {names}, but got {step}"
            )
    shape = (*self.shape[:-1], self.shape[-1] // ratio)
    return strided_as(self, shape, (*(step // ratio for step in strides[:-1]), 1), dtype)


def strided_as(array: Array, shape: Sequence[int], strides: Sequence[int], dtype: DType) -> Array:
    """The memory of `array` from its first byte on, read as `dtype`; strides in such elements."""
    size = dtype.array.itemsize
    return window(array, shape, [step * size for step in strides], 0, dtype.array)


op(
    "view_dtype(Tensor self, DType dtype)",
    name="view",
    kernel=_view_dtype,
    result=lambda self, dtype: dtype,
    view=True,
    where=("Tensor",),
    doc="The same memory read as elements of another type.",
    samples=lambda S: [S(S.normal(2, 2), dtypes.int64)],
)
op(
    "_unsafe_view(Tensor self, int[] size)",
    kernel=_reshaped,
    vjp={"self": _shaped_back},
    jvp=LINEAR,
    node="UnsafeViewBackward0",
    where=(),
    batching=sized,
    doc="Another shape for a tensor that nothing else refers to.",
    samples=lambda S: [S(S.normal(2, 3), (6,))],
)
op(
    "_reshape_alias(Tensor self, int[] size, int[] stride)",
    kernel=lambda self, size, stride: reshaped(self, tuple(size), stride),
    vjp={"self": _shaped_back},
    jvp={"self": lambda F, t, size: F.reshape(t, size)},  # strides of its own
    node="ReshapeAliasBackward0",
    view=True,
    where=(),
    batching=sized,
    doc="The same memory in a shape whose strides are known to fit.",
    samples=lambda S: [S(S.normal(2, 3), (6,), (1,))],
)


def _reshape(F: Namespace, self: Any, shape: Sequence[int]) -> Any:
    if not F.is_traced:
        return _reshaped(self, shape)
    size = infer_size(shape, numel(shape_of(self)))
    if is_contiguous(self):
        return F.view(self, size)
    strides = view_strides(self.array.shape, strides_of(self.array), size)
    if strides is not None:
        return F._reshape_alias(self, size, strides)
    return F._unsafe_view(F.contiguous(self), size)


op(
    "reshape(Tensor self, int[]... shape)",
    composite=_reshape,
    doc="Another shape: a view where the strides allow it, else a copy.",
    samples=lambda S: [
        S(S.normal(2, 3), (6,)),
        S(S.normal(2, 3), (3, -1)),
        S(S.normal(), (-1,)),
    ],
)
op(
    "view_as(Tensor self, Tensor other)",
    composite=lambda F, self, other: F.view(self, shape_of_value(other)),
    where=("Tensor",),
    doc="The same memory in the shape of `other`.",
    samples=lambda S: [S(S.normal(2, 3), S.normal(3, 2))],
)
op(
    "reshape_as(Tensor self, Tensor other)",
    composite=lambda F, self, other: F.reshape(self, shape_of_value(other)),
    where=("Tensor",),
    doc="Another shape, that of `other`.",
    samples=lambda S: [S(S.normal(2, 3), S.normal(3, 2))],
)


def _flatten(F: Namespace, self: Any, start_dim: int, end_dim: int) -> Any:
    shape = shape_of_value(self)
    start = wrap_dim(start_dim, len(shape))
    end = wrap_dim(end_dim, len(shape))
    if start > end:
        raise RuntimeError("flatten() has invalid args: start_dim cannot come after end_dim")
    if not shape:
        return F.reshape(self, (1,))
    if start == end:
        return self
    return F.reshape(self, (*shape[:start], math.prod(shape[start : end + 1]), *shape[end + 1 :]))


op(
    "flatten(Tensor self, Dim start_dim=0, Dim end_dim=-1)",
    composite=_flatten,
    doc="Joins the dimensions from `start_dim` to `end_dim` into one.",
    samples=lambda S: [
        S(S.normal(2, 3, 2)),
        S(S.normal(2, 3, 2), 1),
        S(S.normal(2, 3, 2), start_dim=0, end_dim=1),
        S(S.normal()),
    ],
)


def _unflatten(F: Namespace, self: Any, dim: int, sizes: Sequence[int]) -> Any:
    shape = shape_of_value(self)
    dim = wrap_dim(dim, len(shape))
    if not sizes:
        raise RuntimeError("unflatten: sizes must be non-empty")
    try:
        inner = infer_size(sizes, shape[dim])
    except RuntimeError as error:
        if "invalid for input" in str(error):
            raise RuntimeError(
                f"unflatten: Provided sizes {list(sizes)} don't multiply up to the size of dim "
                f"{dim} ({shape[dim]}) in the input tensor"
            ) from None
        raise
    return F.view(self, (*shape[:dim], *inner, *shape[dim + 1 :]))


op(
    "unflatten(Tensor self, Dim dim, int[] sizes)",
    composite=_unflatten,
    written="Tensor",
    doc="Splits a dimension into several; one of `sizes` may be -1.",
    samples=lambda S: [S(S.normal(2, 6), 1, (2, 3)), S(S.normal(4), 0, (-1, 2))],
)
op(
    "ravel(Tensor self)",
    composite=lambda F, self: F.view(F.contiguous(self), (-1,)),
    doc="One dimension: a view of a contiguous tensor, else a copy.",
    samples=lambda S: [S(S.normal(2, 3)), S(S.normal())],
)


# --- dimensions of length one ----------------------------------------------------------------


def _squeeze(self: Array) -> Array:
    return np.squeeze(self)


def _squeeze_dim(self: Array, dim: int) -> Array:
    place = wrap_dim(dim, self.ndim)
    return np.squeeze(self, place) if self.ndim and self.shape[place] == 1 else self[...]


def _squeeze_dims(self: Array, dim: Sequence[int]) -> Array:
    places = wrap_dims(dim, self.ndim)
    return np.squeeze(self, tuple(p for p in places if self.ndim and self.shape[p] == 1))


def _restored(F: Namespace, g: Any, shape: Sequence[int], dims: Sequence[int]) -> Any:
    """The cotangent with the dimensions of length one among `dims`, which were dropped."""
    if not F.is_traced:
        return F.reshape(g, shape)
    if shape:
        for dim in sorted(wrap_dims(tuple(dims), len(shape))):
            if shape[dim] == 1:
                g = F.unsqueeze(g, dim)
    return g


op(
    "squeeze(Tensor self)",
    kernel=_squeeze,
    vjp={"self": lambda F, g, self_shape: _restored(F, g, self_shape, range(len(self_shape)))},
    jvp=LINEAR,
    view=True,
    batching=squeezed,
    doc="Drops every dimension of length one.",
    samples=lambda S: [S(S.normal(1, 3, 1)), S(S.normal(2)), S(S.normal())],
)
op(
    "squeeze_dim(Tensor self, Dim dim)",
    name="squeeze",
    kernel=_squeeze_dim,
    vjp={"self": lambda F, g, self_shape, dim: _restored(F, g, self_shape, (dim,))},
    jvp=LINEAR,
    node="SqueezeBackward1",
    view=True,
    batching="shift",
    keeps={"self": ("dim",)},
    doc="Drops a dimension if its length is one.",
    samples=lambda S: [S(S.normal(1, 3), 0), S(S.normal(1, 3), -1), S(S.normal(), 0)],
)
op(
    "squeeze_dims(Tensor self, Dim[] dim)",
    name="squeeze",
    kernel=_squeeze_dims,
    vjp={"self": lambda F, g, self_shape, dim: _restored(F, g, self_shape, dim)},
    jvp=LINEAR,
    node="SqueezeBackward2",
    view=True,
    batching="shift",
    keeps={"self": ("dim",)},
    doc="Drops those of the given dimensions whose length is one.",
    samples=lambda S: [S(S.normal(1, 3, 1), (0, 1)), S(S.normal(1, 1), (0, -1))],
)


def _unsqueeze(self: Array, dim: int) -> Array:
    place = wrap_dim(dim, self.ndim + 1)
    shape = (*self.shape[:place], 1, *self.shape[place:])
    if self.flags.c_contiguous and self.size and 1 not in self.shape:
        return self.reshape(shape)
    strides = strides_of(self)
    new = self.shape[place] * strides[place] if place < self.ndim else 1
    return strided(self, shape, (*strides[:place], new, *strides[place:]))


op(
    "unsqueeze(Tensor self, Dim dim)",
    kernel=_unsqueeze,
    vjp={"self": lambda F, g, dim: F.squeeze_dim(g, dim)},
    jvp=LINEAR,
    view=True,
    batching=new_dim,
    doc="Inserts a dimension of length one.",
    samples=lambda S: [S(S.normal(2, 3), 1), S(S.normal(2), -1), S(S.normal(), 0)],
)


# --- expanding -------------------------------------------------------------------------------


def expanded_geometry(
    shape: Sequence[int], strides: Sequence[int], size: Sequence[int]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The shape and strides of an expanded view. Raises RuntimeError as PyTorch does."""
    extra = len(size) - len(shape)
    lengths: list[int] = []
    steps: list[int] = []
    for place in range(len(size) - 1, -1, -1):
        wanted = size[place]
        axis = place - extra
        if axis >= 0:
            length, step = shape[axis], strides[axis]
        else:
            length = 1
            step = lengths[0] * steps[0] if lengths else 1
        if wanted == -1:
            if not shape:  # taken as it is
                raise RuntimeError("numel: integer multiplication overflow")
            if axis < 0:
                raise RuntimeError(
                    "The expanded size of the tensor (-1) isn't allowed in a leading, "
                    f"non-existing dimension {place}"
                )
            wanted = length
        if wanted != length:
            if length != 1:
                raise RuntimeError(
                    f"The expanded size of the tensor ({wanted}) must match the existing size "
                    f"({length}) at non-singleton dimension {place}.  Target sizes: {list(size)}.  "
                    f"Tensor sizes: {list(shape)}"
                )
            length, step = wanted, 0
        lengths.insert(0, length)
        steps.insert(0, step)
    return tuple(lengths), tuple(steps)


@lru_cache(maxsize=4096)
def _expansion(
    shape: tuple[int, ...], strides: tuple[int, ...], size: tuple[int, ...]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    found = expanded_geometry(shape, strides, size)
    check_numel(found[0])
    return found


def _expand(self: Array, size: Sequence[int]) -> Array:
    self = np.asarray(self)
    if len(size) < self.ndim:
        raise RuntimeError(
            f"expand({FROM_ARRAY[self.dtype].backend_name}{{{list(self.shape)}}}, "
            f"size={list(size)}): "
            f"the number of sizes provided ({len(size)}) must be greater or equal to the number "
            f"of dimensions in the tensor ({self.ndim})"
        )
    shape, strides = _expansion(self.shape, strides_of(self), tuple(size))
    return self[...] if shape == self.shape and self.size else strided(self, shape, strides)


op(
    "expand(Tensor self, int[]... size, *, bool implicit=False)",
    kernel=lambda self, size, implicit: _expand(self, size),
    vjp={"self": lambda F, g: g},
    keeps={"self": ("self_shape",)},
    jvp=LINEAR,
    view=True,
    where=("Tensor",),
    batching=expanded,
    doc="Repeats dimensions of length one without copying; -1 keeps a length.",
    samples=lambda S: [
        S(S.normal(3), (2, 3)),
        S(S.normal(2, 1), (-1, 3)),
        S(S.normal(), (2,)),
    ],
)
op(
    "expand_as(Tensor self, Tensor other)",
    composite=lambda F, self, other: F.expand(self, shape_of_value(other)),
    where=("Tensor",),
    doc="Expands to the shape of `other`.",
    samples=lambda S: [S(S.normal(3), S.normal(2, 3))],
)
op(
    "broadcast_to(Tensor self, int[] size)",
    composite=lambda F, self, size: F.expand(self, size),
    doc="Expands to `size` by the rules of broadcasting.",
    samples=lambda S: [S(S.normal(3), (2, 3))],
)


def _broadcast_tensors(F: Namespace, tensors: Sequence[Any]) -> tuple[Any, ...]:
    shape = broadcast_shape([shape_of_value(value) for value in tensors])
    return tuple(
        value if shape_of_value(value) == shape else F.expand(value, shape) for value in tensors
    )


op(
    "broadcast_tensors(Tensor[]... tensors=[])",
    composite=_broadcast_tensors,
    outputs=0,
    where=("torch",),
    doc="Expands tensors to their common shape.",
    samples=lambda S: [S(S.normal(3), S.normal(2, 1))],
)


# --- more dimensions -------------------------------------------------------------------------


def _atleast(rank: int) -> Any:
    def one(F: Namespace, self: Any) -> Any:
        found = len(shape_of_value(self))
        if found >= rank:
            return self
        if found == 0:
            return F.reshape(self, (1,) * rank)
        if rank == 2:
            return F.unsqueeze(self, 0)
        return F.unsqueeze(F.unsqueeze(self, 0) if found == 1 else self, -1)

    def several(F: Namespace, tensors: Sequence[Any]) -> Any:
        return tuple(one(F, value) for value in tensors)

    op(
        f"atleast_{rank}d(Tensor self)",
        composite=one,
        where=("torch",),
        doc=f"The tensor with dimensions of length one added until there are {rank}.",
        samples=lambda S: [S(S.normal()), S(S.normal(3)), S(S.normal(2, 3))],
    )
    op(
        f"atleast_{rank}d_tensors(Tensor[]... tensors=[])",
        name=f"atleast_{rank}d",
        composite=several,
        outputs=0,
        where=("torch",),
        doc=f"Tensors with dimensions of length one added until there are {rank}.",
        samples=lambda S: [S(S.normal(), S.normal(3)), S([S.normal(), S.normal(3)])],
    )
    return one


atleast_1d = _atleast(1)
atleast_2d = _atleast(2)
atleast_3d = _atleast(3)

__all__ = ["atleast_1d", "atleast_2d", "atleast_3d"]
