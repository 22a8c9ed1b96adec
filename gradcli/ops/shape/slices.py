"""Parts of a tensor: select, slice, narrow, diagonal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...kernels.strides import strides_of
from ...table.dtype_rules import is_batched
from ...table.entry import LINEAR, op
from ...table.levels.batching import sized
from ...table.schema import Namespace
from ...table.shape_rules import shape_of_value, wrap_dim
from ...tensor import dtypes
from ...tensor.dtypes import Array
from ...tensor.memory import window
from ...tensor.tensor import Tensor, shape_of


def _among_zeros(g: Array, shape: Sequence[int], index: Any) -> Array:
    """Zeros of `shape` with `g` at `index`."""
    result = np.zeros(tuple(shape), g.dtype)
    result[index] = g
    return result


def at_index(dim: int, item: Any) -> tuple[Any, ...]:
    """The index that has `item` at `dim` and takes all of the other dimensions."""
    return (*(slice(None),) * dim, item, Ellipsis)


def select_index(shape: Sequence[int], dim: int, index: int) -> tuple[int, int]:
    """`dim` and `index` counted from the front. Raises IndexError."""
    if not shape:
        raise IndexError("select() cannot be applied to a 0-dim tensor.")
    dim = wrap_dim(dim, len(shape))
    length = shape[dim]
    if not -length <= index < length:
        raise IndexError(
            f"select(): index {index} out of range for tensor of size {list(shape)} at dimension "
            f"{dim}"
        )
    return dim, index + length if index < 0 else index


def _select(self: Array, dim: int, index: int) -> Array:
    dim, index = select_index(self.shape, dim, index)
    return self[at_index(dim, index)]


op(
    "select(Tensor self, Dim dim, int index)",
    kernel=_select,
    vjp={"self": lambda F, g, self_shape, dim, index: F.select_backward(g, self_shape, dim, index)},
    jvp=LINEAR,
    view=True,
    batching="shift",
    doc="The part at one index of a dimension, which is dropped.",
    samples=lambda S: [S(S.normal(2, 3), 1, 2), S(S.normal(3), -1, -1)],
)
op(
    "select_backward(Tensor grad_output, int[] input_sizes, Dim dim, int index)",
    kernel=lambda grad_output, input_sizes, dim, index: _among_zeros(
        grad_output, input_sizes, at_index(*select_index(input_sizes, dim, index))
    ),
    vjp={"grad_output": lambda F, g, dim, index: F.select(g, dim, index)},
    jvp=LINEAR,
    where=(),
    batching=sized,
    doc="The cotangent of select.",
    samples=lambda S: [S(S.normal(2), (2, 3), 1, 2)],
)


def slice_of(length: int, start: int | None, end: int | None, step: int) -> slice:
    """A slice within 0 … length, as PyTorch clamps it. Raises RuntimeError."""
    if step <= 0:
        raise RuntimeError("slice step must be positive")
    start = 0 if start is None else start
    end = length if end is None else end
    start = min(max(start + length if start < 0 else start, 0), length)
    end = min(max(end + length if end < 0 else end, start), length)
    return slice(start, end, step)


def slice_index(
    shape: Sequence[int], dim: int, start: int | None, end: int | None, step: int
) -> tuple[Any, ...]:
    """The index of `slice`. Raises RuntimeError for a tensor without dimensions."""
    if not shape:
        raise RuntimeError("slice() cannot be applied to a 0-dim tensor.")
    dim = wrap_dim(dim, len(shape))
    return at_index(dim, slice_of(shape[dim], start, end, step))


def sliced(self: Array, dim: int, start: int | None, end: int | None, step: int) -> Array:
    """Every `step`-th index of a dimension, as a view that lies where it was cut, even empty."""
    index = slice_index(self.shape, dim, start, end, step)
    part = self[index]
    if part.size or not isinstance(part, np.ndarray):
        return part
    # NumPy begins an empty slice at the front, with a step of one.
    dim = wrap_dim(dim, self.ndim)
    strides = [stride * self.itemsize for stride in strides_of(self)]
    first = index[dim].start * strides[dim]
    strides[dim] *= step
    return window(self, part.shape, strides, first)


op(
    "slice(Tensor self, Dim dim=0, int? start=None, int? end=None, int step=1)",
    kernel=sliced,
    vjp={
        "self": lambda F, g, self_shape, dim, start, end, step: F.slice_backward(
            g, self_shape, dim, start, end, step
        )
    },
    jvp=LINEAR,
    view=True,
    batching="shift",
    where=(),
    doc="Every `step`-th index of a dimension from `start` up to, not including, `end`.",
    samples=lambda S: [S(S.normal(4, 3), 0, 1, 3), S(S.normal(3, 5), -1, None, None, 2)],
)
op(
    "slice_backward(Tensor grad_output, int[] input_sizes, Dim dim, int? start, int? end, "
    "int step)",
    kernel=lambda grad_output, input_sizes, dim, start, end, step: _among_zeros(
        grad_output, input_sizes, slice_index(input_sizes, dim, start, end, step)
    ),
    vjp={"grad_output": lambda F, g, dim, start, end, step: F.slice(g, dim, start, end, step)},
    jvp=LINEAR,
    where=(),
    batching=sized,
    doc="The cotangent of a slice.",
    samples=lambda S: [S(S.normal(2, 3), (4, 3), 0, 1, 3, 1)],
)


def _narrow(F: Namespace, self: Any, dim: int, start: Any, length: int) -> Any:
    shape = shape_of_value(self)
    if type(start) is Tensor:
        if shape_of(start) or start.dtype.category != dtypes.INTEGER:
            raise RuntimeError("start must be an 0-dim integral Tensor.")
        if is_batched(start):
            raise RuntimeError(
                "Batching rule not implemented for aten::narrow.Tensor; the fallback path doesn't "
                "work on out= or view ops."
            )
        start = start.array.item()
    elif not isinstance(start, int):
        raise TypeError(f"narrow(): argument 'start' must be int, not {type(start).__name__}")
    if not shape:
        raise RuntimeError("narrow() cannot be applied to a 0-dim tensor.")
    if length < 0:
        raise RuntimeError("narrow(): length must be non-negative.")
    dim = wrap_dim(dim, len(shape))
    extent = shape[dim]
    if not -extent <= start <= extent:
        raise IndexError(
            f"start out of range (expected to be in range of [-{extent}, {extent}], but got "
            f"{start})"
        )
    if start < 0:
        start += extent
    if start + length > extent:
        raise RuntimeError(
            f"start ({start}) + length ({length}) exceeds dimension size ({extent})."
        )
    return F.slice(self, dim, start, start + length)


op(
    "narrow(Tensor self, Dim dim, any start, int length)",
    composite=_narrow,
    doc="`length` indices of a dimension from `start` on.",
    samples=lambda S: [S(S.normal(4, 3), 0, 1, 2), S(S.normal(4), 0, -3, 2)],
)


# --- diagonals -------------------------------------------------------------------------------


def diagonal_axes(shape: Sequence[int], dim1: int, dim2: int) -> tuple[int, int]:
    """Both dimensions counted from the front. Raises RuntimeError where they are one."""
    first = wrap_dim(dim1, len(shape))
    second = wrap_dim(dim2, len(shape))
    if first == second:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    return first, second


def diagonal_of(self: Array, offset: int, dim1: int, dim2: int) -> Array:
    """The diagonal in two dimensions as a view, its length last."""
    first, second = diagonal_axes(self.shape, dim1, dim2)
    strides = strides_of(self)
    shape = self.shape
    if offset >= 0:
        length = max(min(shape[first], shape[second] - offset), 0)
        place = _at_axis(second, offset)
    else:
        length = max(min(shape[first] + offset, shape[second]), 0)
        place = _at_axis(first, -offset)
    rest = [axis for axis in range(self.ndim) if axis not in (first, second)]
    start = self[place] if length else self
    return window(
        start,
        (*(shape[axis] for axis in rest), length),
        [
            stride * self.itemsize
            for stride in (*(strides[a] for a in rest), strides[first] + strides[second])
        ],
    )


def _at_axis(axis: int, start: int) -> tuple[Any, ...]:
    return (*(slice(None),) * axis, slice(start, None), Ellipsis)


def _diagonal_backward(
    grad_output: Array, input_sizes: Sequence[int], offset: int, dim1: int, dim2: int
) -> Array:
    result = np.zeros(tuple(input_sizes), grad_output.dtype)
    diagonal_of(result, offset, dim1, dim2)[...] = grad_output
    return result


op(
    "diagonal(Tensor self, int offset=0, Dim dim1=0, Dim dim2=1)",
    kernel=diagonal_of,
    vjp={
        "self": lambda F, g, self_shape, offset, dim1, dim2: F.diagonal_backward(
            g, self_shape, offset, dim1, dim2
        )
    },
    jvp=LINEAR,
    view=True,
    batching="shift",
    doc="The diagonal of two dimensions, which become the last one.",
    samples=lambda S: [
        S(S.normal(3, 3)),
        S(S.normal(2, 3), 1),
        S(S.normal(2, 3, 4), -1, 2, 0),
    ],
)
op(
    "diagonal_backward(Tensor grad_output, int[] input_sizes, int offset, Dim dim1, Dim dim2)",
    kernel=_diagonal_backward,
    vjp={"grad_output": lambda F, g, offset, dim1, dim2: F.diagonal(g, offset, dim1, dim2)},
    jvp=LINEAR,
    where=(),
    batching=sized,
    doc="The cotangent of diagonal.",
    samples=lambda S: [S(S.normal(2), (2, 3), 0, 0, 1)],
)
