"""Views by strides: unfold, as_strided."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...kernels.strides import strided, strides_of
from ...table.entry import LINEAR, Op, op
from ...table.formulas import traced
from ...table.levels.batching import front
from ...table.schema import Namespace
from ...table.shape_rules import check_numel, shape_of_value, wrap_dim
from ...tensor.device import contiguous_format
from ...tensor.dtypes import Array
from ...tensor.memory import memory_of, reach, view_of
from ...tensor.runtime import runtime
from ...tensor.tensor import numel

_WIDEST = 1 << 58  # elements from one window to the next; then there is one window


def _unfold(self: Array, dimension: int, size: int, step: int) -> Array:
    shape = self.shape or (1,)
    dim = wrap_dim(dimension, self.ndim)
    strides = strides_of(self) if self.ndim else (1,)
    if size < 0:
        raise RuntimeError(f"size is {size} but must be >= 0")
    if size > shape[dim]:
        raise RuntimeError(
            f"maximum size for tensor at dimension {dim} is {shape[dim]} but size is {size}"
        )
    if step <= 0:
        raise RuntimeError(f"step is {step} but must be > 0")
    count = (shape[dim] - size) // step + 1
    if not self.ndim:
        return np.asarray(self).reshape(1)[:size]
    apart = min(strides[dim] * step, _WIDEST)
    return strided(
        self,
        (*shape[:dim], count, *shape[dim + 1 :], size),
        (*strides[:dim], apart, *strides[dim + 1 :], strides[dim]),
    )


def _unfold_backward(
    grad_in: Array, input_sizes: Sequence[int], dim: int, size: int, step: int
) -> Array:
    result = np.zeros(tuple(input_sizes), grad_in.dtype)
    if not input_sizes:
        return grad_in.reshape(())
    dim = wrap_dim(dim, len(input_sizes))
    windows = _unfold(result, dim, size, step)
    for place in range(size):
        windows[..., place] += grad_in[..., place]
    return result


op(
    "unfold(Tensor self, Dim dimension, int size, int step)",
    kernel=_unfold,
    vjp={
        "self": lambda F, g, self_shape, dimension, size, step: F.unfold_backward(
            g, self_shape, dimension, size, step
        )
    },
    jvp=LINEAR,
    view=True,
    batching="shift",
    where=("Tensor",),
    doc="Windows of `size` indices, `step` apart, as a new last dimension.",
    samples=lambda S: [
        S(S.normal(5), 0, 2, 1),
        S(S.normal(2, 6), 1, 3, 2),
        S(S.normal(4, 2), 0, 2, 2),
    ],
)
op(
    "unfold_backward(Tensor grad_in, int[] input_sizes, Dim dim, int size, int step)",
    kernel=_unfold_backward,
    vjp={"grad_in": lambda F, g, dim, size, step: F.unfold(g, dim, size, step)},
    jvp=LINEAR,
    where=(),
    doc="The cotangent of unfold: windows are added where they overlap.",
    samples=lambda S: [S(S.normal(4, 2), (5,), 0, 2, 1)],
)


def element_of(array: Array) -> int:
    """The place of the first element in memory, counted in elements: PyTorch's storage offset."""
    return memory_of(array)[1] // int(array.itemsize)


def check_strides(size: Sequence[int], stride: Sequence[int]) -> None:
    """Raise RuntimeError for strides that as_strided takes for no memory."""
    if len(size) != len(stride):
        raise RuntimeError("mismatch in length of strides and shape")
    if any(step < 0 for step in stride):
        raise RuntimeError(
            "as_strided: Negative strides are not supported at the moment, got strides: "
            f"{list(stride)}"
        )


def check_offset(offset: int) -> None:
    """Raise RuntimeError for a place before the start of the memory."""
    if offset < 0:
        raise RuntimeError(f"Tensor: invalid storage offset {offset}")


def check_strided(
    memory: int, size: Sequence[int], stride: Sequence[int], offset: int, itemsize: int
) -> None:
    """Raise RuntimeError unless the geometry, in elements, stays within `memory` bytes."""
    check_strides(size, stride)
    check_offset(offset)
    _, end = reach(size, stride, 1)
    needed = (offset + end) * itemsize
    negative = any(length < 0 and step for length, step in zip(size, stride, strict=True))
    if negative or needed >= 1 << 63:
        raise RuntimeError(
            f"Storage size calculation overflowed with sizes={list(size)} and "
            f"strides={list(stride)}"
        )
    check_numel(size)
    if end and needed > memory:
        raise RuntimeError(
            f"setStorage: sizes {list(size)}, strides {list(stride)}, storage offset {offset}, and "
            f"itemsize {itemsize} requiring a storage size of {needed} are out of bounds "
            f"for storage of size {memory}"
        )


def _as_strided(
    self: Array, size: Sequence[int], stride: Sequence[int], storage_offset: int | None
) -> Array:
    memory, start = memory_of(self)
    itemsize = self.itemsize
    offset = start // itemsize if storage_offset is None else storage_offset
    check_strided(memory.nbytes, size, stride, offset, itemsize)
    first = offset * itemsize + start % itemsize
    return view_of(memory, size, [step * itemsize for step in stride], first, self.dtype)


def storage_positions(size: Sequence[int], stride: Sequence[int], offset: int) -> Array:
    """The position in memory of every element of a strided geometry."""
    runtime.reserve(8 * numel(size))
    result = np.full(tuple(size), offset, np.int64)
    if 0 in size:  # while another dimension may be long
        return result
    for axis, (length, step) in enumerate(zip(size, stride, strict=True)):
        places = np.arange(length, dtype=np.int64) * step
        result += places.reshape((-1, *(1,) * (len(size) - axis - 1)))
    return result


def _as_strided_vjp(
    grad: Array,
    input_sizes: Sequence[int],
    input_strides: Sequence[int],
    input_offset: int,
    size: Sequence[int],
    stride: Sequence[int],
    offset: int,
) -> Array:
    """Adds the cotangent into memory where the result lies, and reads it where the input lies.

    Where several elements of the input lie at one place in memory they share what arrived there.
    """
    out_places = storage_positions(size, stride, offset)
    in_places = storage_positions(input_sizes, input_strides, input_offset)
    extent = int(max(out_places.max(initial=-1), in_places.max(initial=-1))) + 1
    memory = np.zeros(extent, grad.dtype)
    np.add.at(memory, out_places.reshape(-1), np.asarray(grad).reshape(-1))
    counts = np.bincount(in_places.reshape(-1), minlength=extent)
    if counts.max(initial=1) > 1:
        memory /= np.maximum(counts, 1)
    return memory[in_places]


def _as_strided_call(
    F: Namespace, self: Any, size: Sequence[int], stride: Sequence[int], storage_offset: int | None
) -> Any:
    if not F.is_traced or (self.level is not None and self.level.value is not None):
        return F._as_strided(self, size, stride, storage_offset, (), 0)
    from ...tensor.tensor import own_memory

    array = own_memory(self)
    start = element_of(array)
    offset = start if storage_offset is None else storage_offset
    return F._as_strided(self, size, stride, offset, strides_of(array), start)


def _as_strided_batched(op: Op, args: list[Any], axes: list[Any]) -> tuple[Any, int]:
    """Every example has a memory of its own, laid out row by row."""
    tensor = traced.clone(front(args[0], axes[0]), memory_format=contiguous_format)
    shape = shape_of_value(tensor)
    step = numel(shape[1:])
    size, stride, offset = list(args[1]), list(args[2]), args[3] or 0
    if len(size) != len(stride):
        raise RuntimeError(
            "Tensor.as_strided(size, stride, ...): size and stride must have the same length! "
            f"Got size {size} and stride {stride}"
        )
    check_strides((shape[0], *size), (step, *stride))
    end = offset + reach(size, stride, 1)[1]
    if offset < 0 or end > step:
        raise RuntimeError(
            f"result = tensor.as_strided({size}, {stride}, {offset}) can access memory outside of "
            f"`tensor`. `result` can access some memory in range [{offset}, {end}], but `tensor` "
            f"can only access some memory in range [0, {step}]. This is not supported inside of "
            "vmap, please try to rewrite the `as_strided` call as a sequence of PyTorch view "
            "operations"
        )
    return traced.as_strided(tensor, (shape[0], *size), (step, *stride), offset), 0


op(
    "as_strided(Tensor self, Shape size, Shape stride, int? storage_offset=None)",
    composite=_as_strided_call,
    doc="The memory of the tensor seen with any shape and strides.",
    samples=lambda S: [S(S.normal(6), (2, 2), (2, 1)), S(S.normal(2, 3), (3, 2), (1, 1), 1)],
)
op(
    "_as_strided(Tensor self, int[] size, int[] stride, int? storage_offset, int[] from_stride, "
    "int from_offset)",
    kernel=lambda self, size, stride, storage_offset, from_stride, from_offset: _as_strided(
        self, size, stride, storage_offset
    ),
    vjp={
        "self": lambda F, g, self_shape, size, stride, storage_offset, from_stride, from_offset: (
            F.as_strided_backward(
                g, self_shape, from_stride, from_offset, size, stride, storage_offset
            )
        )
    },
    shows={"self_shape": "", "from_stride": "", "from_offset": ""},
    jvp={
        "self": lambda F, t, size, stride, storage_offset, from_stride, from_offset: (
            F.strided_elements(t, size, stride, storage_offset, from_stride, from_offset)
        )
    },
    batching=_as_strided_batched,
    node="AsStridedBackward0",
    view=True,
    where=(),
    doc="as_strided with the geometry of the input, which its derivative needs.",
    samples=lambda S: [S(S.normal(6), (2, 2), (2, 1), 0, (1,), 0)],
)
op(
    "as_strided_backward(Tensor grad, int[] input_sizes, int[] input_strides, int input_offset, "
    "int[] size, int[] stride, int storage_offset)",
    kernel=_as_strided_vjp,
    vjp={
        "grad": lambda F, g, input_strides, input_offset, size, stride, storage_offset: (
            F.strided_elements(g, size, stride, storage_offset, input_strides, input_offset)
        )
    },
    jvp=LINEAR,
    where=(),
    doc="The cotangent of as_strided.",
    samples=lambda S: [S(S.normal(2, 2), (6,), (1,), 0, (2, 2), (2, 1), 0)],
)


def _strided_elements(
    self: Array,
    size: Sequence[int],
    stride: Sequence[int],
    storage_offset: int,
    from_stride: Sequence[int],
    from_offset: int,
) -> Array:
    self = np.asarray(self)
    out_places = storage_positions(size, stride, storage_offset)
    in_places = storage_positions(self.shape, from_stride, from_offset)
    extent = int(max(out_places.max(initial=-1), in_places.max(initial=-1))) + 1
    memory = np.zeros(extent, self.dtype)
    memory[in_places] = self
    return memory[out_places]


op(
    "strided_elements(Tensor self, int[] size, int[] stride, int storage_offset, "
    "int[] from_stride, int from_offset)",
    kernel=_strided_elements,
    vjp={
        "self": lambda F, g, self_shape, size, stride, storage_offset, from_stride, from_offset: (
            F.as_strided_backward(
                g, self_shape, from_stride, from_offset, size, stride, storage_offset
            )
        )
    },
    jvp=LINEAR,
    where=(),
    doc="The elements that as_strided would see if `self` lay in memory with `from_stride`.",
    samples=lambda S: [S(S.normal(6), (2, 2), (2, 1), 0, (1,), 0)],
)
