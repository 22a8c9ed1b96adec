"""New arrangements of the same elements: repetition, reversal, triangles, diagonals, grids."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...kernels.strides import (
    contiguous_strides,
    preserved_strides,
    relayout,
    strided_copy,
    strides_of,
)
from ...table.call.dispatch import run
from ...table.dtype_rules import real_gradients
from ...table.entry import LINEAR, Op, op
from ...table.formulas import traced
from ...table.levels.batching import front, repeated
from ...table.out_rules import EXACT
from ...table.schema import Namespace
from ...table.shape_rules import shape_of_value, wrap_dim, wrap_dims, wrap_own_dim
from ...tensor import dtypes
from ...tensor.device import contiguous_format
from ...tensor.dtypes import FROM_ARRAY, Array, unsupported
from ...tensor.notices import warn_once
from ...tensor.runtime import runtime
from ...tensor.tensor import Tensor, from_array, numel
from .slices import at_index, diagonal_axes, diagonal_of, select_index, slice_index
from .strided import check_strided, storage_positions


def _preserved(result: Array, like: Array) -> Array:
    """`result` in the layout that `torch.preserve_format` gives for `like`, in its own memory."""
    if not np.ndim(result):
        return result
    if not isinstance(like, np.ndarray):
        return np.ascontiguousarray(result)
    if like.flags.c_contiguous:
        made = np.ascontiguousarray(result)
    else:
        made = relayout(result, preserved_strides(like.shape, strides_of(like)))
    return made.copy(order="K") if np.may_share_memory(made, like) else made


# --- repetition ------------------------------------------------------------------------------


def _repeated_shape(shape: Sequence[int], repeats: Sequence[int]) -> tuple[int, ...]:
    extra = len(repeats) - len(shape)
    if extra < 0:
        raise RuntimeError(
            "Number of dimensions of repeat dims can not be smaller than number of dimensions of "
            "tensor"
        )
    padded = (1,) * extra + tuple(shape)
    result = tuple(length * count for length, count in zip(padded, repeats, strict=True))
    for length in result:
        if length < 0:
            raise RuntimeError(
                f"Trying to create tensor with negative dimension {length}: {list(result)}"
            )
    return result


def _repeat(self: Array, repeats: Sequence[int]) -> Array:
    _repeated_shape(self.shape, repeats)
    return np.tile(self, tuple(repeats)) if repeats else np.array(self)


def _repeat_vjp(F: Namespace, g: Any, shape: Sequence[int], repeats: Sequence[int]) -> Any:
    """The cotangent summed over the copies: each dimension is split into copies and length."""
    if 0 in repeats:
        return F.zeros_like_shape(g, tuple(shape))
    extra = len(repeats) - len(shape)
    padded = (1,) * extra + tuple(shape)
    split: list[int] = []
    axes: list[int] = []
    for count, length in zip(repeats, padded, strict=True):
        if count != 1:
            axes.append(len(split))
            split.append(count)
        split.append(length)
    if not axes:
        return F.reshape(g, tuple(shape))
    total = F.sum_dim(F.reshape(g, tuple(split)), tuple(axes))
    return total if tuple(total.shape) == tuple(shape) else F.reshape(total, tuple(shape))


op(
    "repeat(Tensor self, int[]... repeats)",
    kernel=_repeat,
    vjp={"self": lambda F, g, self_shape, repeats: _repeat_vjp(F, g, self_shape, repeats)},
    jvp=LINEAR,
    size=lambda self, repeats: numel(_repeated_shape(shape_of_value(self), repeats)),
    where=("Tensor",),
    batching=repeated,
    doc="Copies of the tensor side by side along every dimension.",
    samples=lambda S: [
        S(S.normal(3), (2,)),
        S(S.normal(2, 3), (2, 1, 3)),
        S(S.normal(), (3,)),
        S(S.normal(2), (0, 1)),
    ],
)


def _tile(F: Namespace, self: Any, dims: Sequence[int]) -> Any:
    missing = len(shape_of_value(self)) - len(dims)
    return F.repeat(self, (1,) * max(missing, 0) + tuple(dims))


op(
    "tile(Tensor self, int[]... dims)",
    composite=_tile,
    doc="repeat, where counts for leading dimensions may be left out.",
    samples=lambda S: [S(S.normal(2, 3), (2,)), S(S.normal(2, 3), (2, 2, 1))],
)


def _repeat_interleave(
    F: Namespace, self: Any, repeats: int, dim: int | None, output_size: int | None
) -> Any:
    if repeats < 0:
        raise RuntimeError("Repeats must be non-negative")
    value = F.flatten(self, 0, -1) if dim is None else self
    shape = shape_of_value(value)
    axis = wrap_own_dim(0 if dim is None else dim, len(shape))
    wide = F.expand(F.unsqueeze(value, axis + 1), (*shape[: axis + 1], repeats, *shape[axis + 1 :]))
    copied = F.clone(wide, memory_format=contiguous_format)
    return F.reshape(copied, (*shape[:axis], shape[axis] * repeats, *shape[axis + 1 :]))


op(
    "repeat_interleave(Tensor self, int repeats, Dim? dim=None, *, int? output_size=None)",
    composite=_repeat_interleave,
    size=lambda self, repeats, dim, output_size: numel(shape_of_value(self)) * max(repeats, 0),
    doc="Every element, or slice of a dimension, a number of times in a row.",
    samples=lambda S: [S(S.normal(3), 2), S(S.normal(2, 3), 2), S(S.normal(2, 3), 2, 1)],
)


def _counted_places(repeats: Any) -> Array:
    counts = np.asarray(repeats.array if type(repeats) is Tensor else repeats)
    if counts.dtype not in (np.int64, np.int32):
        raise unsupported("repeat_interleave_cpu", FROM_ARRAY[counts.dtype])
    if counts.ndim > 1:
        raise RuntimeError("repeat_interleave only accept 1D vector as repeat")
    if counts.size and counts.min() < 0:
        raise RuntimeError("repeats can not be negative")
    runtime.reserve(counts.itemsize * int(counts.sum(dtype=np.float64)))
    return np.repeat(np.arange(counts.size, dtype=counts.dtype), counts)


def _repeat_interleave_tensor(
    F: Namespace, self: Any, repeats: Any, dim: int | None, output_size: int | None
) -> Any:
    value = F.flatten(self, 0, -1) if dim is None else self
    shape = shape_of_value(value)
    axis = wrap_own_dim(0 if dim is None else dim, len(shape))
    found = shape_of_value(repeats)
    if len(found) == 0 or found == (1,):
        repeats = F.expand(F.reshape(repeats, (1,)), (shape[axis],))
    elif len(found) > 1:
        raise RuntimeError("repeats must be 0-dim or 1-dim tensor")
    elif found[0] != shape[axis]:
        raise RuntimeError(
            "repeats must have the same size as input along dim, but got repeats.size(0) = "
            f"{found[0]} and input.size({axis}) = {shape[axis]}"
        )
    return F.index_select(value, axis, F.repeat_interleave_counts(repeats))


op(
    "repeat_interleave_tensor(Tensor self, Tensor repeats, Dim? dim=None, *, "
    "int? output_size=None)",
    name="repeat_interleave",
    composite=_repeat_interleave_tensor,
    doc="Every slice of a dimension as many times in a row as `repeats` says for it.",
    samples=lambda S: [
        S(S.normal(3), S.integers(0, 3, 3)),
        S(S.normal(2, 3), S.integers(1, 3, 2), 0),
    ],
)
op(
    "repeat_interleave_counts(Tensor repeats, *, int? output_size=None)",
    name="repeat_interleave",
    kernel=lambda repeats, output_size: _counted_places(repeats),
    where=("torch",),
    doc="Every index as many times as `repeats` says for it.",
    samples=lambda S: [S(S.integers(0, 3, 4))],
)


# --- reversal and rotation -------------------------------------------------------------------


def _flip(self: Array, dims: Sequence[int]) -> Array:
    places = wrap_dims(dims, self.ndim)
    return _preserved(np.flip(self, places), self) if self.ndim else self


def _flip_batched(op: Op, args: list[Any], axes: list[Any]) -> tuple[Any, int]:
    tensor = front(args[0], axes[0])
    dims = wrap_dims(args[1], len(shape_of_value(tensor)) - 1)
    return run(op, [tensor, tuple(dim + 1 for dim in dims)]), 0


op(
    "flip(Tensor self, Dim[]... dims)",
    kernel=_flip,
    vjp={"self": lambda F, g, dims: F.flip(g, dims)},
    jvp=LINEAR,
    batching=_flip_batched,
    keeps_layout=True,
    doc="Reverses dimensions.",
    samples=lambda S: [S(S.normal(3), (0,)), S(S.normal(2, 3), (0, -1)), S(S.normal(2), ())],
)


def _flip_one(name: str, least: int, dim: int) -> None:
    def flip(F: Namespace, self: Any) -> Any:
        if len(shape_of_value(self)) < least:
            raise RuntimeError(f"Input must be >= {least}-d.")
        return F.flip(self, (dim,))

    op(
        f"{name}(Tensor self)",
        composite=flip,
        doc=f"Reverses dimension {dim}.",
        samples=lambda S: [S(S.normal(2, 3))],
    )


_flip_one("fliplr", 2, 1)
_flip_one("flipud", 1, 0)


def _roll(self: Array, shifts: Sequence[int], dims: Sequence[int]) -> Array:
    if not shifts:
        raise RuntimeError("`shifts` required")
    if not dims and len(shifts) == 1:
        flat = np.roll(np.asarray(self).reshape(-1), shifts[0])
        return flat.reshape(self.shape)
    if len(shifts) != len(dims):
        raise RuntimeError(
            f"shifts and dimensions must align. shifts: {len(shifts)}, dims:{len(dims)}"
        )
    axes = tuple(wrap_own_dim(dim, self.ndim) for dim in dims)
    return np.roll(self, tuple(shifts), axes)


def _roll_batched(op: Op, args: list[Any], axes: list[Any]) -> tuple[Any, int]:
    tensor, shifts, dims = args
    tensor = front(tensor, axes[0])
    if not dims and len(shifts) == 1:
        shape = shape_of_value(tensor)
        flat = traced.reshape(tensor, (shape[0], -1))
        return traced.reshape(run(op, [flat, shifts, (1,)]), shape), 0
    rank = len(shape_of_value(tensor)) - 1
    return run(op, [tensor, shifts, tuple(wrap_dim(dim, rank) + 1 for dim in dims)]), 0


op(
    "roll(Tensor self, int[] shifts, Dim[] dims=[])",
    kernel=_roll,
    batching=_roll_batched,
    vjp={"self": lambda F, g, shifts, dims: F.roll(g, tuple(-s for s in shifts), dims)},
    jvp=LINEAR,
    doc="Moves elements along dimensions; what leaves at one end comes back at the other.",
    samples=lambda S: [
        S(S.normal(4), 1),
        S(S.normal(2, 3), (1, -1), (0, 1)),
        S(S.normal(2, 3), 2),
    ],
)


def _rot90(self: Array, k: int, dims: Sequence[int]) -> Array:
    if len(dims) != 2:
        raise RuntimeError(f"expected total rotation dims == 2, but got dims = {len(dims)}")
    if self.ndim < 2:
        raise RuntimeError(f"expected total dims >= 2, but got total dims = {self.ndim}")
    first, second = (wrap_dim(dim, self.ndim) for dim in dims)
    if first == second:
        raise RuntimeError(
            f"expected rotation dims to be different, but got dim0 = {dims[0]} and dim1 = {dims[1]}"
        )
    turns = k % 4
    if turns == 0:
        return _preserved(np.array(self), self)
    if turns == 2:
        return _preserved(np.flip(self, (first, second)), self)
    flipped = _preserved(np.flip(self, second if turns == 1 else first), self)
    return flipped.swapaxes(first, second)


op(
    "rot90(Tensor self, int k=1, Dim[] dims=[0, 1])",
    kernel=_rot90,
    vjp={"self": lambda F, g, k, dims: F.rot90(g, -k, dims)},
    jvp=LINEAR,
    batching="shift",
    keeps_layout=True,
    doc="Rotates the plane of two dimensions by quarter turns.",
    samples=lambda S: [
        S(S.normal(2, 3)),
        S(S.normal(2, 3), 2),
        S(S.normal(2, 3, 2), -1, (1, 2)),
    ],
)


# --- triangles and diagonals -----------------------------------------------------------------


def _triangle(name: str, keep: Any, doc: str) -> None:
    def kernel(self: Array, diagonal: int) -> Array:
        if np.ndim(self) < 2:
            raise RuntimeError(f"{name}: input tensor must have at least 2 dimensions")
        mask = keep(self.shape[-2], self.shape[-1], diagonal)
        return np.where(mask, self, self.dtype.type(0))

    op(
        f"{name}(Tensor self, int diagonal=0)",
        kernel=kernel,
        vjp={"self": lambda F, g, diagonal: (F.tril if name == "tril" else F.triu)(g, diagonal)},
        jvp=LINEAR,
        batching="shift",
        inplace="Tensor",
        doc=doc,
        samples=lambda S: [
            S(S.normal(3, 3)),
            S(S.normal(2, 3), -1),
            S(S.normal(2, 3, 4), 1),
        ],
    )


_triangle(
    "tril",
    lambda rows, columns, k: np.tri(rows, columns, k, dtype=bool),
    "The lower triangle of matrices, zeros above it.",
)
_triangle(
    "triu",
    lambda rows, columns, k: ~np.tri(rows, columns, k - 1, dtype=bool),
    "The upper triangle of matrices, zeros below it.",
)


def _diag_embed(self: Array, offset: int, dim1: int, dim2: int) -> Array:
    first, second = diagonal_axes((*self.shape, 0), dim1, dim2)
    length = self.shape[-1] + abs(offset)
    shape = list(self.shape[:-1])
    for axis in sorted((first, second)):
        shape.insert(axis, length)
    result = np.zeros(shape, self.dtype)
    diagonal_of(result, offset, first, second)[...] = self
    return result


def _diag_embed_batched(op: Op, args: list[Any], axes: list[Any]) -> tuple[Any, int]:
    tensor, offset, *dims = args
    tensor = front(tensor, axes[0])
    rank = len(shape_of_value(tensor))  # that of a result without the batch
    return run(op, [tensor, offset, *(wrap_dim(dim, rank) + 1 for dim in dims)]), 0


op(
    "diag_embed(Tensor self, int offset=0, Dim dim1=-2, Dim dim2=-1)",
    kernel=_diag_embed,
    batching=_diag_embed_batched,
    vjp={"self": lambda F, g, offset, dim1, dim2: F.diagonal(g, offset, dim1, dim2)},
    jvp=LINEAR,
    size=lambda self, offset, dim1, dim2: (
        numel(shape_of_value(self)) * ((shape_of_value(self) or (1,))[-1] + abs(offset))
    ),
    doc="Matrices with the last dimension on a diagonal, zeros elsewhere.",
    samples=lambda S: [S(S.normal(3)), S(S.normal(2, 2), 1), S(S.normal(2, 2), -1, 0, 2)],
)
op(
    "diagonal_copy(Tensor self, int offset=0, Dim dim1=0, Dim dim2=1)",
    kernel=lambda self, offset, dim1, dim2: np.array(diagonal_of(self, offset, dim1, dim2)),
    vjp={
        "self": lambda F, g, self_shape, offset, dim1, dim2: F.diagonal_backward(
            g, self_shape, offset, dim1, dim2
        )
    },
    jvp=LINEAR,
    node="DiagonalBackward0_copy",
    batching="shift",
    where=("torch",),
    out=EXACT,
    doc="A copy of the diagonal of two dimensions.",
    samples=lambda S: [S(S.normal(2, 3), 1)],
)


def _diag(F: Namespace, self: Any, diagonal: int) -> Any:
    rank = len(shape_of_value(self))
    if rank == 1:
        return F.diag_embed(self, diagonal)
    if rank == 2:
        return F.diagonal_copy(self, diagonal)
    raise RuntimeError(f"diag(): Supports 1D or 2D tensors. Got {rank}D")


op(
    "diag(Tensor self, int diagonal=0)",
    composite=_diag,
    out=EXACT,
    doc="The diagonal of a matrix, or the matrix with a vector on its diagonal.",
    samples=lambda S: [S(S.normal(3)), S(S.normal(2, 3), 1)],
)
op(
    "diagflat(Tensor self, int offset=0)",
    composite=lambda F, self, offset: F.diag_embed(F.view(F.contiguous(self), (-1,)), offset),
    doc="The matrix with the flattened tensor on a diagonal.",
    samples=lambda S: [S(S.normal(3)), S(S.normal(2, 2), 1)],
)


# --- parts replaced --------------------------------------------------------------------------


def _replaced(self: Array, src: Array, part: Any) -> Array:
    """A copy of `self` in which the view `part(copy)` holds `src`."""
    result = strided_copy(self)
    view = part(result)
    if view.shape != np.shape(src):
        raise RuntimeError(
            "expected src to have a size equal to the slice of self. src size = "
            f"{list(np.shape(src))}, slice size = {list(view.shape)}"
        )
    view[...] = src
    return result


op(
    "select_scatter(Tensor self, Tensor src, Dim dim, int index)",
    kernel=lambda self, src, dim, index: _replaced(
        self, src, lambda array: array[at_index(*select_index(array.shape, dim, index))]
    ),
    check=real_gradients("select_scatter"),
    vjp={
        "self": lambda F, g, src_shape, dim, index: F.select_scatter(
            g, F.zeros_like_shape(g, src_shape), dim, index
        ),
        "src": lambda F, g, dim, index: F.select(g, dim, index),
    },
    jvp=LINEAR,
    keeps_layout=True,
    shows={"src_shape": ""},
    doc="A copy in which the part at one index is `src`.",
    samples=lambda S: [S(S.normal(2, 3), S.normal(3), 0, 1)],
)
op(
    "slice_scatter(Tensor self, Tensor src, Dim dim=0, int? start=None, int? end=None, int step=1)",
    kernel=lambda self, src, dim, start, end, step: _replaced(
        self, src, lambda array: array[slice_index(array.shape, dim, start, end, step)]
    ),
    check=real_gradients("slice_scatter"),
    vjp={
        "self": lambda F, g, src_shape, dim, start, end, step: F.slice_scatter(
            g, F.zeros_like_shape(g, src_shape), dim, start, end, step
        ),
        "src": lambda F, g, dim, start, end, step: F.slice(g, dim, start, end, step),
    },
    jvp=LINEAR,
    keeps_layout=True,
    shows={"src_shape": ""},
    out=EXACT,
    doc="A copy in which a slice is `src`.",
    samples=lambda S: [S(S.normal(4, 3), S.normal(2, 3), 0, 1, 3)],
)
op(
    "diagonal_scatter(Tensor self, Tensor src, int offset=0, Dim dim1=0, Dim dim2=1)",
    kernel=lambda self, src, offset, dim1, dim2: _replaced(
        self, src, lambda array: diagonal_of(array, offset, dim1, dim2)
    ),
    vjp={
        "self": lambda F, g, src_shape, offset, dim1, dim2: F.diagonal_scatter(
            g, F.zeros_like_shape(g, src_shape), offset, dim1, dim2
        ),
        "src": lambda F, g, offset, dim1, dim2: F.diagonal(g, offset, dim1, dim2),
    },
    jvp=LINEAR,
    keeps_layout=True,
    shows={"src_shape": ""},
    doc="A copy in which a diagonal is `src`.",
    samples=lambda S: [S(S.normal(2, 3), S.normal(2))],
)


def _as_strided_scatter(
    self: Array,
    src: Array,
    size: Sequence[int],
    stride: Sequence[int],
    storage_offset: int,
    from_stride: Sequence[int],
) -> Array:
    own = storage_positions(np.shape(self), from_stride, 0)
    memory_size = int(own.max(initial=-1)) + 1
    check_strided(memory_size * self.itemsize, size, stride, storage_offset, self.itemsize)
    if np.shape(src) != tuple(size):
        raise RuntimeError(
            "expected src to have a size equal to the slice of self. src size = "
            f"{list(np.shape(src))}, slice size = {list(size)}"
        )
    targets = storage_positions(size, stride, storage_offset)
    extent = int(max(own.max(initial=-1), targets.max(initial=-1))) + 1
    memory = np.zeros(extent, self.dtype)
    memory[own] = self
    memory[targets] = src
    result = strided_copy(self)
    result[...] = memory[own]
    return result


def _as_strided_scatter_call(
    F: Namespace,
    self: Any,
    src: Any,
    size: Sequence[int],
    stride: Sequence[int],
    storage_offset: int | None,
) -> Any:
    shape = shape_of_value(self)
    hidden = type(self) is Tensor and self.level is not None and self.level.value is not None
    if not F.is_traced or hidden:
        strides = contiguous_strides(shape)
    else:
        strides = strides_of(np.asarray(self.array))
    return F._as_strided_scatter(self, src, size, stride, storage_offset or 0, strides)


op(
    "as_strided_scatter(Tensor self, Tensor src, Shape size, Shape stride, "
    "int? storage_offset=None)",
    composite=_as_strided_scatter_call,
    doc="A copy in which the elements that as_strided would see are `src`.",
    samples=lambda S: [S(S.integers(0, 9, 2, 3), S.integers(0, 9, 2), (2,), (2,))],
)
op(
    "_as_strided_scatter(Tensor self, Tensor src, int[] size, int[] stride, int storage_offset, "
    "int[] from_stride)",
    kernel=_as_strided_scatter,
    vjp={
        "self": lambda F, g, size, stride, storage_offset, from_stride: F._as_strided_scatter(
            g, F.zeros_like_shape(g, size), size, stride, storage_offset, from_stride
        ),
        "src": lambda F, g, size, stride, storage_offset, from_stride: F.strided_elements(
            g, size, stride, storage_offset, from_stride, 0
        ),
    },
    jvp=LINEAR,
    node="AsStridedScatterBackward0",
    keeps_layout=True,
    where=(),
    doc="as_strided_scatter with the strides of the input, which its derivative needs.",
    samples=lambda S: [S(S.normal(2, 3), S.normal(2), (2,), (2,), 0, (3, 1))],
)


# --- combinations ----------------------------------------------------------------------------


def _meshgrid(F: Namespace, tensors: Sequence[Any], indexing: str | None) -> tuple[Any, ...]:
    if indexing is None:
        warn_once(
            "torch.meshgrid: in an upcoming release, it will be required to pass the indexing "
            "argument."
        )
    elif indexing not in ("ij", "xy"):
        raise RuntimeError(
            f'torch.meshgrid: indexing must be one of "xy" or "ij", but received: {indexing}'
        )
    if not tensors:
        raise RuntimeError("meshgrid expects a non-empty TensorList")
    values = list(tensors)
    swapped = indexing == "xy" and len(values) >= 2
    for value in values:
        if len(shape_of_value(value)) > 1:
            raise RuntimeError(
                "torch.meshgrid: Expected 0D or 1D tensor in the tensor list but got: "
                f"{_cpp_text(value)}"
            )
        if value.dtype is not values[0].dtype:
            raise RuntimeError("torch.meshgrid expects all tensors to have the same dtype")
    if swapped:
        values[0], values[1] = values[1], values[0]
    lengths = tuple(numel(shape_of_value(value)) for value in values)
    grids = []
    for place, value in enumerate(values):
        shape = [1] * len(values)
        shape[place] = lengths[place]
        grids.append(F.expand(F.view(value, tuple(shape)), lengths))
    if swapped:
        grids[0], grids[1] = grids[1], grids[0]
    return tuple(grids)


def _cpp_text(value: Any) -> str:
    """A matrix as C++ prints it, of real numbers, in the one message that does."""
    rows = np.asarray(value.array).real
    shape = ",".join(map(str, shape_of_value(value)))
    name = f"[ {value.dtype.backend_name}{{{shape}}} ]"
    if rows.ndim != 2:
        return name
    lines = [" " + "  ".join(f"{number:g}" for number in row) for row in rows.tolist()]
    return "\n".join(lines) + f"\n{name}"


op(
    "meshgrid(Tensor[]... tensors=[], *, str? indexing=None)",
    composite=_meshgrid,
    outputs=0,
    where=("torch",),
    doc="Coordinates of a grid whose axes are the given vectors.",
    samples=lambda S: [
        S([S.normal(3), S.normal(2)], indexing="ij"),
        S([S.normal(3), S.normal(2)], indexing="xy"),
    ],
)


def _cartesian_prod(F: Namespace, tensors: Sequence[Any]) -> Any:
    for value in tensors:
        if len(shape_of_value(value)) != 1:
            raise RuntimeError(f"Expect a 1D vector, but got shape {list(shape_of_value(value))}")
    if len(tensors) == 1:
        return tensors[0]
    grids = F.meshgrid(list(tensors), indexing="ij")
    return F.stack([F.flatten(grid, 0, -1) for grid in grids], 1)


op(
    "cartesian_prod(Tensor[]... tensors=[])",
    composite=_cartesian_prod,
    where=("torch",),
    doc="Every combination of one element from each vector, as rows.",
    samples=lambda S: [S(S.normal(3), S.normal(2)), S(S.normal(2))],
)


def _combined(self: Any, r: int, with_replacement: bool) -> int:
    """The places of all choices in the grid of all. Raises RuntimeError where no integer tells."""
    length = (shape_of_value(self) or (1,))[0]
    count: int = length ** min(max(r, 0), 64)  # a longer power overflows, or is 0 or 1 like this
    if count >= 1 << 63:
        raise RuntimeError("numel: integer multiplication overflow")
    return count * max(r, 1)


def _combinations(F: Namespace, self: Any, r: int, with_replacement: bool) -> Any:
    shape = shape_of_value(self)
    if len(shape) != 1:
        raise RuntimeError(f"Expect a 1D vector, but got shape {list(shape)}")
    if r < 0:
        raise RuntimeError(f"Expect a non-negative number, but got {r}")
    if r == 0:
        return F.zeros_like_shape(self, (0,))
    if not with_replacement and r > shape[0]:
        return F.zeros_like_shape(self, (0, r))
    choose = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    mask = np.zeros((shape[0],) * r, np.bool_)
    chosen = list(choose(range(shape[0]), r))
    if chosen:
        mask[tuple(np.array(chosen).T)] = True
    grids = F.meshgrid([self] * r, indexing="ij")
    places = from_array(mask) if F.is_traced else mask
    return F.stack([F.masked_select(grid, places) for grid in grids], 1)


op(
    "combinations(Tensor self, int r=2, bool with_replacement=False)",
    composite=_combinations,
    where=("torch",),
    size=_combined,
    doc="Every choice of `r` elements of a vector, as rows.",
    samples=lambda S: [S(S.normal(3)), S(S.normal(3), 3), S(S.normal(3), 2, True)],
)


def _block_diag(tensors: Sequence[Array]) -> Array:
    blocks = [np.atleast_2d(array) for array in tensors]
    for index, array in enumerate(tensors):
        if np.ndim(array) > 2:
            raise RuntimeError(
                "torch.block_diag: Input tensors must have 2 or fewer dimensions. Input "
                f"{index} has {np.ndim(array)} dimensions"
            )
    if not blocks:
        return np.zeros((1, 0), dtypes.default.dtype.array)
    rows, columns = (sum(block.shape[axis] for block in blocks) for axis in (0, 1))
    result = np.zeros((rows, columns), blocks[0].dtype)
    row = column = 0
    for block in blocks:
        result[row : row + block.shape[0], column : column + block.shape[1]] = block
        row += block.shape[0]
        column += block.shape[1]
    return result


def _block_diag_vjp(F: Namespace, g: Any, shapes: Sequence[tuple[int, ...]]) -> list[Any]:
    row = column = 0
    parts = []
    for shape in shapes:
        rows, columns = (1, 1) if not shape else (1, shape[0]) if len(shape) == 1 else shape
        block = F.slice(F.slice(g, 0, row, row + rows), 1, column, column + columns)
        parts.append(F.reshape(block, shape))
        row += rows
        column += columns
    return parts


op(
    "block_diag(Tensor[]... tensors)",
    kernel=_block_diag,
    vjp={"tensors": lambda F, g, tensors_shape: _block_diag_vjp(F, g, tensors_shape)},
    jvp=LINEAR,
    promote="number",
    where=("torch",),
    shows={"tensors_shape": ""},
    doc="A matrix with the given matrices along its diagonal.",
    samples=lambda S: [S(S.normal(2, 3), S.normal(3)), S(S.normal(), S.normal(2, 1))],
)
