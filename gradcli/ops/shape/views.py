"""Views: operations whose result shares the memory of its input.

Their cotangents go back through the inverse view, or through a `..._backward` entry that puts the
cotangent in its place among zeros.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...kernels.strides import infer_size, strided, strides_of, view_strides
from ...table.dtype_rules import is_batched
from ...table.entry import LINEAR, Op, op
from ...table.formulas import traced
from ...table.levels.batching import expanded, front, new_dim, permuted, sized, squeezed, transposed
from ...table.lookup import get_op
from ...table.schema import Namespace
from ...table.shape_rules import broadcast_shape, check_numel, shape_of_value, wrap_dim, wrap_dims
from ...tensor import dtypes
from ...tensor.device import contiguous_format
from ...tensor.dtypes import FROM_ARRAY, Array, DType
from ...tensor.memory import memory_of, reach, view_of, window
from ...tensor.notices import warn_once
from ...tensor.runtime import runtime
from ...tensor.tensor import Tensor, numel, shape_of

NOT_VIEWABLE = (
    "view size is not compatible with input tensor's size and stride (at least one dimension "
    "spans across two contiguous subspaces). Use .reshape(...) instead."
)


def is_contiguous(tensor: Tensor) -> bool:
    """Whether a tensor is laid out row by row; a batched tensor counts as such."""
    if tensor.level is not None and tensor.level.value is not None:
        return True
    return bool(tensor.array.flags.c_contiguous)


# --- view and reshape ------------------------------------------------------------------------


def _view(self: Array, size: Sequence[int]) -> Array:
    shape = infer_size(size, self.size)
    if self.flags.c_contiguous and 1 not in self.shape:  # whose strides may be any, and are kept
        return self.reshape(shape)
    strides = view_strides(self.shape, strides_of(self), shape)
    if strides is None:
        raise RuntimeError(NOT_VIEWABLE)
    return strided(self, shape, strides)


def _reshaped(self: Array, size: Sequence[int]) -> Array:
    """For formulas on arrays: whatever NumPy's reshape does."""
    return self.reshape(infer_size(size, self.size))


op(
    "view(Tensor self, int[]... size)",
    kernel=_view,
    vjp={"self": lambda F, g, self_shape: F.reshape(g, self_shape)},
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
    vjp={"self": lambda F, g, self_shape: F.reshape(g, self_shape)},
    jvp=LINEAR,
    node="UnsafeViewBackward0",
    where=(),
    batching=sized,
    doc="Another shape for a tensor that nothing else refers to.",
    samples=lambda S: [S(S.normal(2, 3), (6,))],
)
op(
    "_reshape_alias(Tensor self, int[] size, int[] stride)",
    kernel=lambda self, size, stride: strided(self, size, stride),
    vjp={"self": lambda F, g, self_shape: F.reshape(g, self_shape)},
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


# --- order of dimensions ---------------------------------------------------------------------


def _transpose(self: Array, dim0: int, dim1: int) -> Array:
    rank = self.ndim
    dim0 = wrap_dim(dim0, rank)
    dim1 = wrap_dim(dim1, rank)
    return np.asarray(self).swapaxes(dim0, dim1) if rank else np.asarray(self)[...]


op(
    "transpose(Tensor self, Dim dim0, Dim dim1)",
    kernel=_transpose,
    vjp={"self": lambda F, g, dim0, dim1: F.transpose(g, dim0, dim1)},
    jvp=LINEAR,
    view=True,
    batching="shift",
    aliases=("swapaxes", "swapdims"),
    doc="Swaps two dimensions.",
    samples=lambda S: [S(S.normal(2, 3), 0, 1), S(S.normal(2, 3, 4), -1, 0), S(S.normal(), 0, 0)],
)


def _t(self: Array) -> Array:
    if self.ndim > 2:
        raise RuntimeError(f"t() expects a tensor with <= 2 dimensions, but self is {self.ndim}D")
    return np.asarray(self).T


op(
    "t(Tensor self)",
    kernel=_t,
    vjp={"self": lambda F, g: F.t(g)},
    jvp=LINEAR,
    view=True,
    batching=transposed,
    doc="The transpose of a matrix; tensors of fewer dimensions stay as they are.",
    samples=lambda S: [S(S.normal(2, 3)), S(S.normal(3)), S(S.normal())],
)


def _permute(self: Array, dims: Sequence[int]) -> Array:
    if len(dims) != self.ndim:
        raise RuntimeError(
            "permute(sparse_coo): number of dimensions in the tensor input does not match the "
            f"length of the desired ordering of dimensions i.e. input.dim() = {self.ndim} is not "
            f"equal to len(dims) = {len(dims)}"
        )
    order = [wrap_dim(dim, self.ndim) for dim in dims]
    if len(set(order)) != len(order):
        raise RuntimeError("permute(): duplicate dims are not allowed.")
    return np.asarray(self).transpose(order)


def inverse(dims: Sequence[int]) -> tuple[int, ...]:
    """The permutation that undoes `dims`."""
    order = [dim % len(dims) for dim in dims]
    return tuple(sorted(range(len(order)), key=order.__getitem__))


op(
    "permute(Tensor self, Dim[]... dims)",
    kernel=_permute,
    vjp={"self": lambda F, g, dims: F.permute(g, inverse(dims))},
    jvp=LINEAR,
    view=True,
    batching=permuted,
    doc="Puts the dimensions in another order.",
    samples=lambda S: [S(S.normal(2, 3, 4), (2, 0, 1)), S(S.normal(2, 3), (-1, 0))],
)


def _movedim(F: Namespace, self: Any, source: Sequence[int], destination: Sequence[int]) -> Any:
    rank = len(shape_of_value(self))
    if len(source) != len(destination):
        raise RuntimeError(
            f"movedim: Invalid source or destination dims: source ({list(source)} dims) should "
            f"contain the same number of dims as destination ({list(destination)} dims)"
        )
    froms = [wrap_dim(dim, rank) for dim in source]
    tos = [wrap_dim(dim, rank) for dim in destination]
    for name, found, given in (("source", froms, source), ("destination", tos, destination)):
        if len(set(found)) != len(found):
            raise RuntimeError(f"movedim: repeated dim in `{name}` ({list(given)})")
    if not rank:
        return F.permute(self, ())
    order = [-1] * rank
    for start, end in zip(froms, tos, strict=True):
        order[end] = start
    rest = iter(dim for dim in range(rank) if dim not in froms)
    return F.permute(self, tuple(next(rest) if dim < 0 else dim for dim in order))


op(
    "movedim(Tensor self, Dim[] source, Dim[] destination)",
    composite=_movedim,
    aliases=("moveaxis",),
    doc="Moves dimensions to other places; the others keep their order.",
    samples=lambda S: [S(S.normal(2, 3, 4), 0, 2), S(S.normal(2, 3, 4), (0, 1), (-1, 0))],
)


def _numpy_t(F: Namespace, self: Any) -> Any:
    rank = len(shape_of_value(self))
    if rank == 0:
        warn_once(
            "Tensor.T is deprecated on 0-D tensors. This function is the identity in these cases.",
        )
    elif rank != 2:
        warn_once(
            "The use of `x.T` on tensors of dimension other than 2 to reverse their shape is "
            "deprecated and it will throw an error in a future release. Consider `x.mT` to "
            "transpose batches of matrices or `x.permute(*torch.arange(x.ndim - 1, -1, -1))` to "
            "reverse the dimensions of a tensor.",
        )
    return F.permute(self, tuple(range(rank - 1, -1, -1)))


def _matrix(name: str, self: Any) -> int:
    rank = len(shape_of_value(self))
    if rank == 1:
        raise RuntimeError(
            f"tensor.{name} is only supported on matrices or batches of matrices. Got 1-D tensor."
        )
    return rank


def _transposed(F: Namespace, self: Any) -> Any:
    if _matrix("mT", self) == 0:
        _warn_identity("mT", "This function is the identity in these cases.")
        return F.permute(self, ())
    return F.transpose(self, -2, -1)


def _warn_identity(name: str, advice: str) -> None:
    warn_once(f"Tensor.{name} is deprecated on 0-D tensors. {advice}")


def _conjugated(F: Namespace, value: Any) -> Any:
    return get_op("conj").composite(F, value)


def _adjoint(F: Namespace, self: Any, name: str = "adjoint()") -> Any:
    if _matrix(name, self) == 0:
        _warn_identity(name.rstrip("()"), "Consider using x.conj().")
        return _conjugated(F, self)
    return _conjugated(F, F.transpose(self, -2, -1))


def _hermitian(F: Namespace, self: Any) -> Any:
    rank = len(shape_of_value(self))
    if rank == 0:
        _warn_identity("H", "Consider using x.conj().")
        return _conjugated(F, self)
    if rank != 2:
        batch = ". For batches of matrices, consider using tensor.mH" if rank > 2 else ""
        raise RuntimeError(
            f"tensor.H is only supported on matrices (2-D tensors). Got {rank}-D tensor{batch}"
            + ("" if rank > 2 else ".")
        )
    return _conjugated(F, F.transpose(self, 0, 1))


op(
    "adjoint(Tensor self)",
    composite=lambda F, self: _adjoint(F, self),
    doc="The last two dimensions swapped, and conjugated.",
    samples=lambda S: [S(S.normal(2, 3)), S(S.normal(2, 3, 4))],
)
op(
    "numpy_T(Tensor self)",
    composite=_numpy_t,
    where=("Tensor",),
    doc="`x.T`: the dimensions in reverse order.",
    samples=lambda S: [S(S.normal(2, 3))],
)
op(
    "mT(Tensor self)",
    composite=_transposed,
    where=("Tensor",),
    doc="`x.mT`: the last two dimensions swapped.",
    samples=lambda S: [S(S.normal(2, 3)), S(S.normal(2, 3, 4))],
)
op(
    "H(Tensor self)",
    composite=_hermitian,
    where=("Tensor",),
    doc="`x.H`: the conjugate transpose of a matrix.",
    samples=lambda S: [S(S.normal(2, 3))],
)
op(
    "mH(Tensor self)",
    composite=lambda F, self: _adjoint(F, self, "mH"),
    where=("Tensor",),
    doc="`x.mH`: the conjugate transpose of a batch of matrices.",
    samples=lambda S: [S(S.normal(2, 2, 3))],
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
    if self.flags.c_contiguous and 1 not in self.shape:
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


def _expand(self: Array, size: Sequence[int]) -> Array:
    self = np.asarray(self)
    if len(size) < self.ndim:
        raise RuntimeError(
            f"expand({FROM_ARRAY[self.dtype].backend_name}{{{list(self.shape)}}}, "
            f"size={list(size)}): "
            f"the number of sizes provided ({len(size)}) must be greater or equal to the number "
            f"of dimensions in the tensor ({self.ndim})"
        )
    shape, strides = expanded_geometry(self.shape, strides_of(self), size)
    check_numel(shape)
    return strided(self, shape, strides)


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


# --- parts -----------------------------------------------------------------------------------


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


op(
    "slice(Tensor self, Dim dim=0, int? start=None, int? end=None, int step=1)",
    kernel=lambda self, dim, start, end, step: self[slice_index(self.shape, dim, start, end, step)],
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


# --- windows and raw strides -----------------------------------------------------------------


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
